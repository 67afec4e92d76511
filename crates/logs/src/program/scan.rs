//! Where each field of a line lies.

use memchr::{memchr, memchr2};

use super::{Absent, BareQuotes, Class, Place, Program, Span};
use crate::Unread;
use crate::escape::Escapes;

/// A field, and the text that ends it.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) class: Class,
    /// Empty where the next field follows at once, and at the end of the line.
    pub(super) after: Box<[u8]>,
    /// Whether the line ends with this field.
    pub(super) is_last: bool,
    /// How the next field is told, where it follows at once and that is known.
    pub(super) until: Option<Until>,
    /// How many steps, from this one on, a single `-` may stand for; 0 for none.
    pub(super) dash: usize,
}

/// How a field is told that follows another at once: it begins with a certain byte, or is a lone
/// `-` before another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Until {
    pub(super) first: u8,
    pub(super) close: u8,
}

/// How quotes are understood.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    /// A quoted field ends at its first quote that is not escaped.
    Escaped,
    /// A server wrote quotes as they came: a quoted field may hold any, but a first one with a blank
    /// after it, which looks too much like the field's end.
    Bare,
    /// As escaped, by a server that escapes quotes in some other way as well.
    Certain,
}

/// Why a line is not read, as far as it went.
#[derive(Clone, Copy)]
struct Fault {
    at: usize,
    step: usize,
    expected: Expected,
}

#[derive(Clone, Copy)]
enum Expected {
    Field,
    TextAfter,
    EndOfLine,
}

impl Program {
    /// Finds where each field lies.
    pub(super) fn scan(&self, line: &[u8], spans: &mut Vec<Span>) -> Result<(), Unread> {
        if !line.starts_with(&self.lead) {
            let same = common(line, &self.lead);
            let lead = shown(&self.lead);
            return Err(Unread::new(same, format!("the line to begin with `{lead}`")));
        }
        let Err(fault) = self.attempt(line, spans, self.quotes()) else { return Ok(()) };
        let is_tolerant = self.bare_quotes == BareQuotes::Tolerated && self.escapes.quotes();
        if is_tolerant && self.attempt(line, spans, Quotes::Bare).is_ok() {
            return Ok(());
        }
        Err(self.explain(line, fault))
    }

    /// How quotes are understood at first.
    fn quotes(&self) -> Quotes {
        match self.bare_quotes {
            BareQuotes::Refused => Quotes::Certain,
            BareQuotes::Tolerated => Quotes::Escaped,
        }
    }

    /// Whether a field ends at the first quote that is not escaped, as quotes are understood at
    /// first.
    pub(super) fn ends_certainly(&self, step: &Step) -> bool {
        step.ends_certainly(self.escapes, self.quotes())
    }

    /// Whether the line has the fields of this format; what is wrong with it is not asked.
    pub(crate) fn fits(&self, line: &[u8], spans: &mut Vec<Span>) -> bool {
        line.starts_with(&self.lead) && self.attempt(line, spans, self.quotes()).is_ok()
    }

    fn attempt(&self, line: &[u8], spans: &mut Vec<Span>, quotes: Quotes) -> Result<(), Fault> {
        spans.clear();
        let mut at = self.lead.len();
        // Every look back, and every way that leads nowhere, pays for the bytes it looked at.
        let mut purse = line.len().saturating_mul(8) + 65_536;
        let mut furthest: Option<Fault> = None;
        loop {
            let Err(fault) = self.advance(line, at, spans, quotes) else { return Ok(()) };
            if furthest.is_none_or(|known| fault.at > known.at) {
                furthest = Some(fault);
            }
            let next = match purse.checked_sub(fault.at.saturating_sub(at)) {
                Some(left) => {
                    purse = left;
                    self.go_back(line, spans, quotes, &mut purse)
                }
                None => None,
            };
            match next {
                Some(next) => at = next,
                None => return Err(furthest.unwrap_or(fault)),
            }
        }
    }

    /// Finds all fields from the first that has no span yet; it begins at `at`.
    fn advance(
        &self,
        line: &[u8],
        mut at: usize,
        spans: &mut Vec<Span>,
        quotes: Quotes,
    ) -> Result<(), Fault> {
        while let Some(step) = self.steps.get(spans.len()) {
            if at >= line.len() && spans.len() >= self.required {
                return Ok(());
            }
            if step.dash > 0
                && let Some(next) = self.after_dash(line, at, spans.len() + step.dash)
            {
                let span = Span { start: at, end: at + 1, place: Place::Dash };
                spans.extend(std::iter::repeat_n(span, step.dash));
                at = next;
                continue;
            }
            let fault = |(at, expected)| Fault { at, step: spans.len(), expected };
            let scanner = self.scanner(line, spans.len(), quotes);
            let (span, next) = scanner.first(step, at).map_err(fault)?;
            spans.push(span);
            at = next;
        }
        if at < line.len() && !self.has_tail() {
            let step = self.steps.len().saturating_sub(1);
            return Err(Fault { at, step, expected: Expected::EndOfLine });
        }
        Ok(())
    }

    /// Gives up spans from the last on until one can be longer; where to go on from there.
    fn go_back(
        &self,
        line: &[u8],
        spans: &mut Vec<Span>,
        quotes: Quotes,
        purse: &mut usize,
    ) -> Option<usize> {
        loop {
            let span = spans.pop()?;
            let step = &self.steps[spans.len()];
            *purse = purse.checked_sub(32 + (span.end - span.start))?;
            if span.place == Place::Dash {
                continue;
            }
            let scanner = self.scanner(line, spans.len(), quotes);
            if let Some((span, next)) = scanner.next(step, span) {
                *purse = purse.checked_sub(span.end - span.start)?;
                spans.push(span);
                return Some(next);
            }
            // This field may be anything, and all its ends were tried: a later beginning would
            // only try the same ends again.
            if scanner.is_free(step) {
                return None;
            }
        }
    }

    /// Where the line goes on if a `-` stands at `at` for the steps up to `end`.
    fn after_dash(&self, line: &[u8], at: usize, end: usize) -> Option<usize> {
        let rest = line.get(at..)?.strip_prefix(b"-")?;
        let after = &self.steps.get(end - 1)?.after;
        let is_sign = after.is_empty() && rest.first().is_some_and(u8::is_ascii_digit);
        (rest.starts_with(after) && !is_sign).then_some(at + 1 + after.len())
    }

    fn scanner<'l>(&self, line: &'l [u8], number: usize, quotes: Quotes) -> Scanner<'l> {
        Scanner {
            line,
            escapes: self.escapes,
            absent: self.absent,
            quotes,
            may_end: self.has_tail() && number + 1 >= self.required,
        }
    }

    pub(super) fn has_tail(&self) -> bool {
        self.required < self.steps.len()
    }

    fn explain(&self, line: &[u8], fault: Fault) -> Unread {
        let (Some(step), Some(field)) = (self.steps.get(fault.step), self.fields.get(fault.step))
        else {
            return Unread::new(fault.at, "the end of the line");
        };
        let name = &field.name;
        match fault.expected {
            Expected::EndOfLine => Unread::new(fault.at, "the end of the line"),
            Expected::Field if name.is_empty() => Unread::new(fault.at, step.class.to_string()),
            Expected::Field => Unread::new(fault.at, format!("{} for {name}", step.class)),
            Expected::TextAfter if step.after.is_empty() => {
                let next = step.until.map_or("more text", |_| "a path");
                Unread::new(fault.at, format!("{next} after {name}"))
            }
            Expected::TextAfter => {
                let at = fault.at + common(&line[fault.at..], &step.after);
                Unread::new(at, format!("`{}` after {name}", shown(&step.after)))
            }
        }
    }
}

/// Finds the ends of one field.
struct Scanner<'l> {
    line: &'l [u8],
    escapes: Escapes,
    absent: Absent,
    quotes: Quotes,
    /// Whether the line may end with this field.
    may_end: bool,
}

/// A span, and where the next field begins.
type Found = (Span, usize);

impl Scanner<'_> {
    /// The field that begins at `start`, as short as it can be (numbers: as long).
    #[inline]
    fn first(&self, step: &Step, start: usize) -> Result<Found, (usize, Expected)> {
        let rest = &self.line[start..];
        if !step.class.is_open() {
            let field = |offset| (start + offset, Expected::Field);
            let length = step.class.length(rest, self.absent).map_err(field)?;
            return self.ended(step, start, start + length, Place::Line);
        }
        // The commonest value of all.
        if let [b'-', after @ ..] = rest
            && !step.after.is_empty()
            && after.starts_with(&step.after)
        {
            let span = Span { start, end: start + 1, place: Place::Line };
            return Ok((span, start + 1 + step.after.len()));
        }
        self.open(step, start, start)
    }

    /// The same field with the next end that it can have.
    fn next(&self, step: &Step, span: Span) -> Option<Found> {
        if let Some(shortest) = step.class.shortest() {
            // Digits that the next field, which follows at once, could need.
            let can_be_shorter = step.after.is_empty() && !step.is_last;
            let end = span.end.checked_sub(1).filter(|end| *end >= span.start + shortest)?;
            return can_be_shorter.then_some((Span { end, ..span }, end));
        }
        if !step.class.is_open() || step.is_last || span.end >= self.line.len() {
            return None;
        }
        self.open(step, span.start, span.end + 1).ok()
    }

    /// An open field from `start` on that ends at `from` or later.
    fn open(&self, step: &Step, start: usize, mut from: usize) -> Result<Found, (usize, Expected)> {
        loop {
            let (end, escaped) = match self.end(step, start, from) {
                Ok(found) => found,
                Err(at) => return self.unended(step, start).ok_or((at, Expected::TextAfter)),
            };
            match step.class.admits(&self.line[start..end], self.absent) {
                Ok(()) => {
                    let place = if escaped { Place::Escaped } else { Place::Line };
                    return Ok((Span { start, end, place }, end + step.after.len()));
                }
                // What may not be empty may be longer.
                Err(_) if end == start && !step.is_last => from = end + 1,
                Err(offset) => return Err((start + offset, Expected::Field)),
            }
        }
    }

    /// Where an open field from `start` on ends, at `from` or later, and whether it has a backslash.
    /// The error is where its end should have been.
    fn end(&self, step: &Step, start: usize, from: usize) -> Result<(usize, bool), usize> {
        if !step.after.is_empty() {
            return self.find(step, start, from);
        }
        let length = self.line.len();
        let rest = self.line.get(from..).ok_or(length)?;
        let end = match (step.is_last, step.until) {
            // What follows the last field of a format that grew.
            (true, _) if self.may_end && step.class == Class::Token => {
                memchr(b' ', rest).map_or(length, |blank| from + blank)
            }
            (true, _) => length,
            (false, Some(until)) => {
                let at = memchr2(until.first, until.close, rest).unwrap_or(rest.len());
                match rest.get(at) {
                    Some(b) if *b == until.first => from + at,
                    _ if rest[..at].ends_with(b"-") => from + at - 1,
                    _ => return Err(from + at),
                }
            }
            (false, None) => from,
        };
        Ok((end, self.has_escape(step, start, end)))
    }

    /// Where the text after the field stands, at `from` or later, and whether the field has a
    /// backslash. The error is where it should have stood.
    fn find(&self, step: &Step, start: usize, from: usize) -> Result<(usize, bool), usize> {
        if !step.ends_certainly(self.escapes, self.quotes) && !self.is_closed_at_once(step, start) {
            let end = self.find_text(step, from)?;
            return Ok((end, self.has_escape(step, start, end)));
        }
        let line = self.line;
        let missing = line.len();
        let mut escaped = false;
        let mut at = from;
        loop {
            let rest = line.get(at..).ok_or(missing)?;
            at += memchr2(b'"', self.escapes.mark(), rest).ok_or(missing)?;
            if line[at] != b'"' {
                escaped = true;
                at += if self.escapes.quotes() { 2 } else { 1 };
            } else if from == start && line[at..].starts_with(&step.after) {
                return Ok((at, escaped));
            } else {
                // The first quote that is not escaped is the only end there can be.
                return Err(at);
            }
        }
    }

    /// Where the text after the field stands, at `from` or later: for a token, not beyond the first
    /// blank. The error is where it should have stood.
    fn find_text(&self, step: &Step, mut from: usize) -> Result<usize, usize> {
        let missing = self.line.len();
        let first = *step.after.first().ok_or(missing)?;
        loop {
            let rest = self.line.get(from..).ok_or(missing)?;
            let found = match step.class {
                Class::Token if first != b' ' => memchr2(first, b' ', rest),
                _ => memchr(first, rest),
            };
            let at = from + found.ok_or(missing)?;
            if self.line[at..].starts_with(&step.after) {
                if step.class != Class::List || !goes_on(&self.line[..at], &self.line[at..]) {
                    return Ok(at);
                }
            } else if step.class == Class::Token && self.line[at] == b' ' {
                return Err(at);
            }
            from = at + 1;
        }
    }

    /// A closed field that ends at `end`, if the text after it stands there.
    fn ended(
        &self,
        step: &Step,
        start: usize,
        end: usize,
        place: Place,
    ) -> Result<Found, (usize, Expected)> {
        let rest = &self.line[end..];
        if rest.starts_with(&step.after) {
            return Ok((Span { start, end, place }, end + step.after.len()));
        }
        if self.may_end && rest.is_empty() {
            return Ok((Span { start, end, place }, end));
        }
        // A number of no digits is a number that is not there, but this is something else.
        let is_nothing = start == end && step.class.shortest().is_some();
        Err((end, if is_nothing { Expected::Field } else { Expected::TextAfter }))
    }

    /// An open field without the text that should end it: it ends with the line, if it may.
    fn unended(&self, step: &Step, start: usize) -> Option<Found> {
        if !self.may_end {
            return None;
        }
        // A quote must be closed even at the line's end; a separator may be missing.
        let close = step.after.iter().position(|&b| b == b' ').unwrap_or(step.after.len());
        let text = self.line[start..].strip_suffix(&step.after[..close])?;
        let end = start + text.len();
        step.class.admits(text, self.absent).ok()?;
        let place = if self.has_escape(step, start, end) { Place::Escaped } else { Place::Line };
        Some((Span { start, end, place }, self.line.len()))
    }

    fn has_escape(&self, step: &Step, start: usize, end: usize) -> bool {
        step.undoes(self.escapes) && memchr(self.escapes.mark(), &self.line[start..end]).is_some()
    }

    /// Whether the field may hold any byte, so that only its end matters.
    fn is_free(&self, step: &Step) -> bool {
        match step.class {
            Class::Raw => true,
            Class::Text => !step.ends_certainly(self.escapes, self.quotes),
            _ => false,
        }
    }

    /// Whether the first quote in a field of bare quotes looks like its end.
    fn is_closed_at_once(&self, step: &Step, start: usize) -> bool {
        let rest = &self.line[start..];
        self.quotes == Quotes::Bare
            && step.after.first() == Some(&b'"')
            && step.class != Class::Raw
            && memchr(b'"', rest).is_some_and(|at| matches!(rest.get(at + 1), None | Some(b' ')))
    }
}

impl Step {
    /// Whether the field ends at the first quote that is not escaped.
    fn ends_certainly(&self, escapes: Escapes, quotes: Quotes) -> bool {
        let is_certain = match quotes {
            Quotes::Bare => false,
            Quotes::Escaped => escapes.quotes(),
            Quotes::Certain => true,
        };
        is_certain && self.after.first() == Some(&b'"') && self.undoes(escapes)
    }

    /// Whether the field's escapes are to be undone.
    pub(super) fn undoes(&self, escapes: Escapes) -> bool {
        escapes != Escapes::None && self.class != Class::Raw
    }
}

/// Whether the blank between these two stands within one list.
pub(super) fn goes_on(before: &[u8], after: &[u8]) -> bool {
    after.starts_with(b" ")
        && (before.ends_with(b",") || before.ends_with(b" :") || after.starts_with(b" : "))
}

/// A format's text for people to read.
fn shown(text: &[u8]) -> String {
    text.escape_ascii().to_string().replace("\\\"", "\"")
}

/// How many bytes both begin with.
fn common(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

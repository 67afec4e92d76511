use rustc_hash::FxHashMap;

use super::fit::Fit;
use super::instant::{Lately, local_at};
use super::short::Literal;
use super::{Hole, MAX_DIGITS, Part, Template, TextField, Unit, Values, plain_number};

/// The templates of a block, found as its lines come.
#[derive(Debug, Default)]
pub(crate) struct Learned {
    templates: Vec<(Template, Fit)>,
    by_text: FxHashMap<String, u32>,
    /// The last ones that fitted, the latest first.
    recent: Vec<u32>,
    lately: Lately,
}

/// How many templates a line is held against before a new one is learned. Lines of one source
/// differ by which fields are missing: a handful of ways.
const TRIED: usize = 8;

/// A template longer than this is a line that shares nothing with others.
const LONGEST: usize = 4_096;

impl Learned {
    /// The number of the template that gives this line back; what it needs beyond the values is
    /// appended to `numbers`. `None`: none does.
    pub(crate) fn fit(
        &mut self,
        line: &[u8],
        values: &Values<'_>,
        numbers: &mut Vec<i64>,
    ) -> Option<u32> {
        let before = numbers.len();
        for at in 0..self.recent.len() {
            let number = self.recent[at];
            let (_, fit) = &self.templates[number as usize];
            if fit.fits(line, values, numbers, &mut self.lately) {
                if at > 0 {
                    self.recent[..=at].rotate_right(1);
                }
                return Some(number);
            }
            numbers.truncate(before);
        }
        let template = learn(line, values)?;
        let fit = Fit::new(&template);
        if !fit.fits(line, values, numbers, &mut self.lately) {
            numbers.truncate(before);
            return None;
        }
        let number = self.number(template, fit)?;
        if self.recent.len() == TRIED {
            self.recent.pop();
        }
        self.recent.insert(0, number);
        Some(number)
    }

    /// The text of every template, by number.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.templates.iter().map(|(template, _)| template.to_string()).collect()
    }

    fn number(&mut self, template: Template, fit: Fit) -> Option<u32> {
        let text = template.to_string();
        if text.len() > LONGEST {
            return None;
        }
        if let Some(&number) = self.by_text.get(&text) {
            return Some(number);
        }
        let number = u32::try_from(self.templates.len()).ok()?;
        self.templates.push((template, fit));
        self.by_text.insert(text, number);
        Some(number)
    }
}

/// Cuts out of the line what borrows from it, and what the rest says about time and numbers.
fn learn(line: &[u8], values: &Values<'_>) -> Option<Template> {
    let mut spans: Vec<(usize, usize, Hole)> = TextField::ALL
        .into_iter()
        .map(|field| (values.text(field), Hole::Text(field)))
        .chain([(values.id, Hole::Id)])
        .filter_map(|(text, hole)| Some((place(line, text)?, text.len(), hole)))
        .collect();
    // Of two fields in one place (a path that is also the target) the longer one is cut.
    spans.sort_by_key(|&(at, len, _)| (at, std::cmp::Reverse(len)));
    let mut writer =
        Gaps { values: *values, parts: Vec::new(), literal: Vec::new(), used: Used::default() };
    let mut done = 0;
    for (at, len, hole) in spans {
        if at < done {
            continue;
        }
        writer.gap(line, done, at);
        writer.hole(hole)?;
        done = at + len;
    }
    writer.gap(line, done, line.len());
    writer.flush()?;
    Some(Template { parts: writer.parts })
}

/// Where a field stands in its line: fields borrow from it, so their address says it. A field that
/// had to be unescaped lies elsewhere, and its text stays with the template.
fn place(line: &[u8], text: &[u8]) -> Option<usize> {
    let at = (text.as_ptr() as usize).checked_sub(line.as_ptr() as usize)?;
    let there = line.get(at..at.checked_add(text.len())?)?;
    (!text.is_empty() && there == text).then_some(at)
}

/// Which numbers have a hole already: a status does not stand in a line twice.
#[derive(Default)]
struct Used {
    status: bool,
    bytes: bool,
    duration: bool,
    time: bool,
}

/// Reads what lies between the fields.
struct Gaps<'v> {
    values: Values<'v>,
    parts: Vec<Part>,
    literal: Vec<u8>,
    used: Used,
}

impl Gaps<'_> {
    fn flush(&mut self) -> Option<()> {
        if !self.literal.is_empty() {
            let text = String::from_utf8(std::mem::take(&mut self.literal)).ok()?;
            self.parts.push(Part::Text(Literal::new(text)));
        }
        Some(())
    }

    fn hole(&mut self, hole: Hole) -> Option<()> {
        self.flush()?;
        self.parts.push(Part::Hole(hole));
        Some(())
    }

    fn gap(&mut self, line: &[u8], from: usize, to: usize) {
        let mut at = from;
        while at < to {
            let starts_word = at == 0 || !line[at - 1].is_ascii_alphanumeric();
            let taken = if line[at].is_ascii_digit() && starts_word {
                self.instant(&line[at..to]).or_else(|| self.number(line, at, to)).unwrap_or(0)
            } else {
                0
            };
            if taken == 0 {
                let word = line[at..to].iter().take_while(|byte| byte.is_ascii_digit()).count();
                let len = word.max(1);
                self.literal.extend_from_slice(&line[at..at + len]);
                at += len;
            } else {
                at += taken;
            }
        }
    }

    /// A date and a clock that say the row's time, with its fraction and zone.
    fn instant(&mut self, text: &[u8]) -> Option<usize> {
        let (form, len, local) = local_at(text)?;
        let micros = self.values.time?;
        let apart = local - micros.div_euclid(1_000_000);
        // The zone is the distance from UTC, whatever the line says about it.
        let offset = i16::try_from(apart / 60).ok()?;
        if apart % 60 != 0 || offset.abs() > 26 * 60 {
            return None;
        }
        self.hole(Hole::Date(form, offset))?;
        self.literal.push(text[len]);
        self.hole(Hole::Clock(offset))?;
        let mut at = len + 9;
        if let Some(point @ (b'.' | b',')) = text.get(at) {
            let digits = text[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            if (1..=6).contains(&digits) {
                self.literal.push(*point);
                self.hole(Hole::Fraction(digits as u8))?;
                at += 1 + digits;
            }
        }
        let zone = zone_len(&text[at..]);
        self.literal.extend_from_slice(&text[at..at + zone]);
        Some(at + zone)
    }

    /// A number: the status, the bytes, the duration, the time, or one of no column.
    fn number(&mut self, line: &[u8], at: usize, to: usize) -> Option<usize> {
        let text = &line[at..to];
        let len = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let ends = |len: usize| !text.get(len).is_some_and(u8::is_ascii_alphanumeric);
        if !ends(len) {
            return None;
        }
        let values = self.values;
        let wide = |len: usize| {
            // `0.123`: whole and fraction are one number.
            let more = text.get(len) == Some(&b'.');
            let digits = text.get(len + 1..)?.iter().take_while(|b| b.is_ascii_digit()).count();
            (more && digits > 0 && ends(len + 1 + digits)).then_some(len + 1 + digits)
        };
        for len in wide(len).into_iter().chain([len]) {
            let is = |hole: Hole| {
                let only = Template { parts: vec![Part::Hole(hole)] };
                let fit = Fit::new(&only);
                fit.fits(&text[..len], &values, &mut Vec::new(), &mut Lately::default())
            };
            let units = || Unit::ALL.into_iter().map(|(unit, _)| unit);
            let found = if !self.used.status && is(Hole::Status) {
                self.used.status = true;
                Hole::Status
            } else if !self.used.bytes && is(Hole::Bytes) {
                self.used.bytes = true;
                Hole::Bytes
            } else if let Some(unit) =
                units().find(|&unit| !self.used.duration && is(Hole::Duration(unit)))
            {
                self.used.duration = true;
                Hole::Duration(unit)
            } else if let Some(unit) =
                units().find(|&unit| !self.used.time && is(Hole::Epoch(unit)))
            {
                self.used.time = true;
                Hole::Epoch(unit)
            } else {
                continue;
            };
            self.hole(found)?;
            return Some(len);
        }
        // Fractions and numbers with leading zeros have a fixed width.
        let is_fraction = at > 1 && line[at - 1] == b'.' && line[at - 2].is_ascii_digit();
        if len > usize::from(MAX_DIGITS) {
            return None;
        }
        let hole = match plain_number(text) {
            Some(_) if !is_fraction => Hole::Number,
            _ => Hole::Padded(len as u8),
        };
        self.hole(hole)?;
        Some(len)
    }
}

/// The length of ` +0200`, `+02:00` or `Z` at the start of `text`.
fn zone_len(text: &[u8]) -> usize {
    let space = usize::from(text.first() == Some(&b' '));
    let zone = &text[space..];
    let digits = |range: std::ops::Range<usize>| {
        zone.get(range).is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
    };
    match zone.first() {
        Some(b'Z') => space + 1,
        Some(b'+' | b'-') if digits(1..5) => space + 5,
        Some(b'+' | b'-') if digits(1..3) && zone.get(3) == Some(&b':') && digits(4..6) => {
            space + 6
        }
        _ => 0,
    }
}

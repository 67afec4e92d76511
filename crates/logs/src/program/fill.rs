//! From spans to a call.

use dolmen_model::{Call, Time};

use super::assign::assign;
use super::{Edge, Field, Place, Program, Slot, Span, TimeForm, Whose};
use crate::Unread;
use crate::reader::Scratch;
use crate::time::{self, Clock, Part, Parts};

/// One thing to write into a call.
#[derive(Clone, Debug)]
pub(super) enum Fill {
    /// A field, where its slot says.
    Field(usize, Slot),
    /// A time in pieces that add up to one: the fields, and what each is.
    Moment(Box<[(usize, Part)]>),
    /// A target whose path and query are apart: the two fields.
    Target(usize, usize),
}

/// What to write, the preferred first.
pub(super) fn fills(fields: &[Field]) -> Box<[Fill]> {
    let mut fills: Vec<(u8, Fill)> = Vec::new();
    let mut moments: Vec<(Whose, Vec<(usize, Part)>)> = Vec::new();
    let find = |wanted: &Slot| fields.iter().position(|field| field.slot == *wanted);
    for (number, field) in fields.iter().enumerate() {
        match (&field.slot, find(&Slot::Query)) {
            (Slot::Ignored | Slot::Query, _) => {}
            (Slot::Part(whose, part), _) => match moments.iter_mut().find(|(w, _)| w == whose) {
                Some((_, parts)) => parts.push((number, *part)),
                None => moments.push((*whose, vec![(number, *part)])),
            },
            (Slot::Path, Some(query)) => fills.push((field.rank, Fill::Target(number, query))),
            _ => fills.push((field.rank, Fill::Field(number, field.slot.clone()))),
        }
    }
    moments.retain(|(_, parts)| Parts::are_whole(parts.iter().map(|(_, part)| *part)));
    for (whose, parts) in moments {
        // A call's time is when it was received.
        let rank = u8::from(whose.edge == Edge::End);
        fills.push((rank, Fill::Moment(parts.into())));
    }
    fills.sort_by_key(|(rank, _)| *rank);
    fills.into_iter().map(|(_, fill)| fill).collect()
}

impl Fill {
    /// The field that is all of it, and its slot.
    pub(super) fn alone(&self) -> Option<(usize, Slot)> {
        match self {
            Self::Field(number, slot) => Some((*number, slot.clone())),
            Self::Moment(parts) => match **parts {
                [(number, Part::Timestamp)] => Some((number, Slot::Time(TimeForm::Clf))),
                _ => None,
            },
            Self::Target(..) => None,
        }
    }

    /// The fields that it is made of.
    pub(super) fn fields(&self) -> Vec<usize> {
        match self {
            Self::Field(number, _) => vec![*number],
            Self::Moment(parts) => parts.iter().map(|(number, _)| *number).collect(),
            Self::Target(path, query) => vec![*path, *query],
        }
    }

    /// Which fields of a call it writes, a bit each.
    pub(super) fn writes(&self) -> u32 {
        match self {
            Self::Field(_, slot) => slot.writes(),
            Self::Moment(_) => Slot::Time(TimeForm::Clf).writes(),
            Self::Target(..) => Slot::Target.writes(),
        }
    }
}

impl Program {
    /// Finds captured headers, and undoes the escapes of the fields that have any.
    pub(super) fn undo(&self, line: &[u8], scratch: &mut Scratch) {
        let Scratch { bytes, spans, .. } = scratch;
        for capture in &self.captures {
            let Some(span) = spans.get(capture.step) else { break };
            let mut span = captured(line, *span, capture.number);
            if memchr::memchr(self.escapes.mark(), &line[span.start..span.end]).is_some() {
                span.place = Place::Escaped;
            }
            spans.push(span);
        }
        for span in spans.iter_mut().filter(|span| span.place == Place::Escaped) {
            self.undo_span(line, span, bytes);
        }
    }

    /// Undoes the escapes of one field.
    pub(super) fn undo_span(&self, line: &[u8], span: &mut Span, bytes: &mut Vec<u8>) {
        let start = bytes.len();
        self.escapes.undo(&line[span.start..span.end], bytes);
        *span = Span { start, end: bytes.len(), place: Place::Scratch };
    }

    /// Writes `fills` into `call`.
    pub(super) fn write<'a>(
        &self,
        fills: &'a [Fill],
        found: &Found<'a, '_>,
        clock: &mut Clock,
        call: &mut Call<'a>,
    ) -> Result<(), Unread> {
        for fill in fills {
            match fill {
                Fill::Field(number, Slot::Time(form)) => {
                    let text = found.text(*number);
                    if call.time.is_none() && !text.is_empty() {
                        let time = whole_time(text, *form, clock);
                        call.time = Some(time.ok_or_else(|| self.no_time(found, *number))?);
                    }
                }
                Fill::Field(number, slot) => {
                    if *number < found.spans.len() {
                        assign(slot, found.text(*number), call);
                    }
                }
                Fill::Moment(parts) => {
                    if call.time.is_none() {
                        call.time = self.moment(found, parts, clock)?;
                    }
                }
                Fill::Target(path, _) => assign(&Slot::Path, found.text(*path), call),
            }
        }
        Ok(())
    }

    /// The time that `parts` add up to; `None` when too few are there.
    fn moment(
        &self,
        found: &Found<'_, '_>,
        parts: &[(usize, Part)],
        clock: &mut Clock,
    ) -> Result<Option<Time>, Unread> {
        if let [(number, Part::Timestamp)] = parts {
            let text = found.text(*number);
            if text.is_empty() {
                return Ok(None);
            }
            let moment = clock.clf(text).ok_or_else(|| self.no_time(found, *number))?;
            return Ok(Some(moment.time));
        }
        let mut sum = Parts::default();
        let mut is_complete = true;
        for &(number, part) in parts {
            match found.raw(number) {
                Some(text) => {
                    sum.take(part, text, clock).ok_or_else(|| self.no_time(found, number))?;
                }
                None => is_complete = false,
            }
        }
        match (sum.moment(), parts.first()) {
            (None, Some((first, _))) if is_complete => Err(self.no_time(found, *first)),
            (moment, _) => Ok(moment.map(|moment| moment.time)),
        }
    }

    fn no_time(&self, found: &Found<'_, '_>, number: usize) -> Unread {
        let at = found.spans.get(number).map_or(0, |span| span.start);
        Unread::new(at, format!("a valid time for {}", self.fields[number].name))
    }
}

/// The fields of a line.
pub(super) struct Found<'a, 's> {
    pub(super) line: &'a [u8],
    pub(super) bytes: &'a [u8],
    pub(super) spans: &'s [Span],
}

impl<'a> Found<'a, '_> {
    /// A field; empty when it is `-` or not there.
    #[inline]
    pub(super) fn text(&self, number: usize) -> &'a [u8] {
        match self.raw(number) {
            None | Some([b'-']) => b"",
            Some(text) => text,
        }
    }

    /// A field as it is; `None` when the line has no place for it.
    #[inline]
    pub(super) fn raw(&self, number: usize) -> Option<&'a [u8]> {
        let span = self.spans.get(number)?;
        match span.place {
            Place::Line | Place::Escaped => Some(&self.line[span.start..span.end]),
            Place::Scratch => Some(&self.bytes[span.start..span.end]),
            Place::Dash => None,
        }
    }
}

impl Scratch {
    /// Makes one target of a path and a query, in the place of the path.
    pub(super) fn join_target(&mut self, line: &[u8], fill: &Fill) {
        let &Fill::Target(path, query) = fill else { return };
        let (Some(&path_span), Some(&query_span)) = (self.spans.get(path), self.spans.get(query))
        else {
            return;
        };
        let start = self.bytes.len();
        self.append(line, path_span);
        let mark = self.bytes.len();
        self.bytes.push(b'?');
        self.append(line, query_span);
        match &self.bytes[mark + 1..] {
            b"" | b"-" => self.bytes.truncate(mark),
            // Apache logs the query with its question mark.
            [b'?', ..] => drop(self.bytes.remove(mark)),
            _ => {}
        }
        self.spans[path] = Span { start, end: self.bytes.len(), place: Place::Scratch };
    }

    /// Appends a field's text to the scratch's bytes.
    fn append(&mut self, line: &[u8], span: Span) {
        match span.place {
            Place::Scratch => self.bytes.extend_from_within(span.start..span.end),
            Place::Line | Place::Escaped => {
                self.bytes.extend_from_slice(&line[span.start..span.end]);
            }
            Place::Dash => {}
        }
    }
}

#[inline]
pub(super) fn whole_time(text: &[u8], form: TimeForm, clock: &mut Clock) -> Option<Time> {
    match form {
        TimeForm::Clf => clock.clf(text).map(|moment| moment.time),
        TimeForm::Iso => clock.iso(text).map(|moment| moment.time),
        TimeForm::Epoch(unit) => time::epoch(text, unit),
        TimeForm::Any => clock.any(text).map(|moment| moment.time),
    }
}

/// One of the texts between braces; empty where there are fewer.
fn captured(line: &[u8], span: Span, number: usize) -> Span {
    let nothing = Span { start: span.start, end: span.start, place: Place::Line };
    let text = line[span.start..span.end].trim_ascii_end();
    let Some(inside) = text.strip_prefix(b"{").and_then(|text| text.strip_suffix(b"}")) else {
        return nothing;
    };
    let mut start = span.start + 1;
    for (at, text) in inside.split(|&b| b == b'|').enumerate() {
        if at == number {
            return Span { start, end: start + text.len(), place: Place::Line };
        }
        start += text.len() + 1;
    }
    nothing
}

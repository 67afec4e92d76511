//! From spans to a call.

use dolmen_model::{Call, Header, RequestId, Time};

use super::request::{integer, request_line, split_origin, status, without_port};
use super::{Edge, Field, Place, Program, Slot, Span, TimeForm, Whose};
use crate::Unread;
use crate::reader::Scratch;
use crate::time::{self, Clock, Part, Parts, Unit};

/// One thing to write into a call.
#[derive(Debug)]
pub(super) enum Fill {
    /// A field, where its slot says.
    Field(usize),
    /// A time in pieces: the fields, and what each is.
    Moment { parts: Box<[(usize, Part)]>, is_whole: bool },
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
            _ => fills.push((field.rank, Fill::Field(number))),
        }
    }
    for (whose, parts) in moments {
        let is_whole = Parts::are_whole(parts.iter().map(|(_, part)| *part));
        // A call's time is when it was received.
        let rank = u8::from(whose.edge == Edge::End);
        fills.push((rank, Fill::Moment { parts: parts.into(), is_whole }));
    }
    fills.sort_by_key(|(rank, _)| *rank);
    fills.into_iter().map(|(_, fill)| fill).collect()
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
            let start = bytes.len();
            self.escapes.undo(&line[span.start..span.end], bytes);
            *span = Span { start, end: bytes.len(), place: Place::Scratch };
        }
    }

    /// Writes the fields into `call`.
    pub(super) fn fill<'a>(
        &'a self,
        line: &'a [u8],
        scratch: &'a mut Scratch,
        call: &mut Call<'a>,
    ) -> Result<(), Unread> {
        for fill in &self.fills {
            if let Fill::Target(path, query) = fill {
                scratch.join_target(line, *path, *query);
            }
        }
        let Scratch { bytes, spans, clock, .. } = scratch;
        let found = Found { line, bytes, spans };
        for fill in &self.fills {
            match fill {
                Fill::Field(number) => {
                    let Some(text) = found.text(*number) else { continue };
                    let field = &self.fields[*number];
                    if let Slot::Time(form) = &field.slot {
                        if call.time.is_none() && !text.is_empty() {
                            let time = whole_time(text, *form, clock);
                            call.time = Some(time.ok_or_else(|| self.no_time(&found, *number))?);
                        }
                    } else {
                        assign(&field.slot, text, call);
                    }
                }
                Fill::Moment { parts, is_whole } if call.time.is_none() => {
                    call.time = self.moment(&found, parts, *is_whole, clock)?;
                }
                Fill::Moment { .. } => {}
                Fill::Target(path, _) if call.target.is_empty() => {
                    call.target = found.text(*path).unwrap_or_default();
                }
                Fill::Target(..) => {}
            }
        }
        Ok(())
    }

    /// The time that `parts` add up to; `None` when they never do, or are not there.
    fn moment(
        &self,
        found: &Found<'_, '_>,
        parts: &[(usize, Part)],
        is_whole: bool,
        clock: &mut Clock,
    ) -> Result<Option<Time>, Unread> {
        if !is_whole {
            return Ok(None);
        }
        if let [(number, Part::Timestamp)] = parts {
            let Some(text) = found.text(*number).filter(|text| !text.is_empty()) else {
                return Ok(None);
            };
            let moment = clock.clf(text).ok_or_else(|| self.no_time(found, *number))?;
            return Ok(Some(moment.time));
        }
        let mut sum = Parts::default();
        for &(number, part) in parts {
            let Some(text) = found.text(number) else { return Ok(None) };
            sum.take(part, text, clock).ok_or_else(|| self.no_time(found, number))?;
        }
        match (sum.moment(), parts.first()) {
            (None, Some((first, _))) => Err(self.no_time(found, *first)),
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
    /// A field; empty when it is `-`, `None` when the line has no place for it.
    fn text(&self, number: usize) -> Option<&'a [u8]> {
        let text = self.raw(number)?;
        Some(if text == b"-" { b"" } else { text })
    }

    /// A field as it is; `None` when the line has no place for it.
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
    fn join_target(&mut self, line: &[u8], path: usize, query: usize) {
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

fn whole_time(text: &[u8], form: TimeForm, clock: &mut Clock) -> Option<Time> {
    match form {
        TimeForm::Clf => clock.clf(text).map(|moment| moment.time),
        TimeForm::Iso => clock.iso(text).map(|moment| moment.time),
        TimeForm::Epoch(unit) => time::epoch(text, unit),
        TimeForm::Any => clock.any(text).map(|moment| moment.time),
    }
}

/// Writes a field that is no time where its slot says, unless a preferred one was there.
pub(crate) fn assign<'a>(slot: &'a Slot, text: &'a [u8], call: &mut Call<'a>) {
    let place = match slot {
        Slot::Address => &mut call.address,
        Slot::ForwardedFor => &mut call.forwarded_for,
        Slot::Method => &mut call.method,
        Slot::Target | Slot::Path => &mut call.target,
        Slot::Protocol => &mut call.protocol,
        Slot::Host => &mut call.host,
        Slot::Referer => &mut call.referer,
        Slot::UserAgent => &mut call.user_agent,
        Slot::Upstream => &mut call.upstream,
        _ => return assign_parsed(slot, text, call),
    };
    if place.is_empty() {
        *place = text;
    }
}

fn assign_parsed<'a>(slot: &'a Slot, text: &'a [u8], call: &mut Call<'a>) {
    match slot {
        // Apache's way to write a user whose name is empty.
        Slot::User if call.user.is_empty() && text != b"\"\"" => call.user = text,
        Slot::AddressPort if call.address.is_empty() => call.address = without_port(text),
        Slot::RequestLine if call.target.is_empty() => request_line(text, call),
        Slot::RequestUrl if call.target.is_empty() => {
            request_line(text, call);
            (call.host, call.target) = split_origin(call.target);
        }
        Slot::Status => call.status = call.status.or_else(|| status(text)),
        Slot::Bytes => call.bytes = call.bytes.or_else(|| integer(without_plus(text))),
        Slot::Duration(unit) => {
            call.duration = call.duration.or_else(|| time::micros(without_plus(text), *unit));
        }
        Slot::Durations(unit) => call.duration = call.duration.or_else(|| sum(text, *unit)),
        Slot::DurationPart(unit) => {
            if let Some(part) = time::micros(text, *unit) {
                call.duration = Some(call.duration.unwrap_or(0).saturating_add(part));
            }
        }
        Slot::RequestId(kind) if !matches!(call.request_id, RequestId::Is(_)) => {
            call.request_id = kind.extract(text);
        }
        Slot::Header(name) => call.headers.push(Header { name, value: text }),
        _ => {}
    }
}

/// The sum of nginx's `0.003, 0.120 : 0.001`; attempts that never began are `-`.
fn sum(text: &[u8], unit: Unit) -> Option<u64> {
    let attempts = text.split(|b| matches!(b, b',' | b':' | b' ')).filter(|text| !text.is_empty());
    attempts.filter_map(|text| time::micros(text, unit)).reduce(u64::saturating_add)
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

/// HAProxy's `logasap` writes `+` before what was still growing.
fn without_plus(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"+").unwrap_or(text)
}

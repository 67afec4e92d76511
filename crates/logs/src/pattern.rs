//! Lines found by a regular expression with named groups: slower than a compiled format, for what
//! no compiled format reads.

use dolmen_model::{Call, Mark, RequestId};
use regex::bytes::Regex;

use crate::format::Fields;
use crate::program::{Slot, assign};
use crate::reader::Scratch;
use crate::request_id::RequestIdKind;
use crate::time::Unit;
use crate::values::{FieldName, Value};
use crate::{FormatError, Line, Unread};

/// A compiled regular expression, and what its groups mean.
#[derive(Debug)]
pub(crate) struct Pattern {
    regex: Regex,
    groups: Vec<(usize, Meaning)>,
    holds: Holds,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Calls,
    Marks,
}

/// What a group means.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Meaning {
    Time,
    RequestId(RequestIdKind),
    Operation,
    Service,
    /// What only a call has.
    Slot(Slot),
}

impl Pattern {
    /// Lines that match are calls; a line that does not match is unread.
    pub(crate) fn calls(text: &str, fields: &Fields) -> Result<Self, FormatError> {
        Self::new(text, fields, Holds::Calls)
    }

    /// Lines that match are marks; an application writes many other lines, which are nothing.
    pub(crate) fn marks(text: &str, fields: &Fields) -> Result<Self, FormatError> {
        let pattern = Self::new(text, fields, Holds::Marks)?;
        let has = |wanted: fn(&Meaning) -> bool| pattern.groups.iter().any(|(_, m)| wanted(m));
        for (is_there, name) in [
            (has(|m| *m == Meaning::Operation), "operation"),
            (has(|m| matches!(m, Meaning::RequestId(_))), "request_id"),
        ] {
            if !is_there {
                let message = format!("a mark needs a group `(?<{name}>…)`, and there is none");
                return Err(FormatError::whole(text, message));
            }
        }
        Ok(pattern)
    }

    fn new(text: &str, fields: &Fields, holds: Holds) -> Result<Self, FormatError> {
        check_syntax(text)?;
        let regex = Regex::new(text).map_err(|e| FormatError::whole(text, e.to_string()))?;
        for (field, group) in fields {
            check_field(field, group, &regex, holds)?;
        }
        let mut groups = Vec::new();
        for (number, group) in regex.capture_names().enumerate() {
            let Some(group) = group else { continue };
            let mut mapped = fields.iter().filter(|(_, g)| *g == group).map(|(f, _)| f.as_str());
            let field = mapped.next().unwrap_or(group);
            let meaning = meaning(field, group, holds).ok_or_else(|| unknown_group(text, group))?;
            groups.push((number, meaning));
        }
        Ok(Self { regex, groups, holds })
    }

    /// Reads one line.
    pub(crate) fn read<'a>(
        &'a self,
        line: &'a [u8],
        scratch: &'a mut Scratch,
    ) -> Result<Line<'a>, Unread> {
        let locations = scratch.captures.get_or_insert_with(|| self.regex.capture_locations());
        if self.regex.captures_read(locations, line).is_none() {
            return match self.holds {
                Holds::Marks => Ok(Line::Nothing),
                Holds::Calls => Err(Unread::new(0, "a line that the regular expression matches")),
            };
        }
        let mut call = Call::default();
        let mut mark = Mark::default();
        for (number, meaning) in &self.groups {
            let (start, end) = locations.get(*number).unwrap_or_default();
            let text = match &line[start..end] {
                b"-" => b"",
                text => text,
            };
            match meaning {
                Meaning::Time if text.is_empty() => {}
                Meaning::Time => {
                    let time = scratch.clock.any(text);
                    let moment = time.ok_or_else(|| Unread::new(start, "a time"))?;
                    call.time = call.time.or(Some(moment.time));
                }
                Meaning::RequestId(kind) if !matches!(call.request_id, RequestId::Is(_)) => {
                    call.request_id = kind.extract(text);
                }
                Meaning::RequestId(_) => {}
                Meaning::Operation => mark.operation = text,
                Meaning::Service => mark.service = text,
                Meaning::Slot(slot) => assign(slot, text, &mut call),
            }
        }
        if self.holds == Holds::Calls {
            return Ok(Line::Call(call));
        }
        if mark.operation.is_empty() {
            return Ok(Line::Nothing);
        }
        Ok(Line::Mark(Mark { time: call.time, request_id: call.request_id, ..mark }))
    }

    /// Every named group of a line; none when it does not match.
    pub(crate) fn values(&self, line: &[u8]) -> Result<Vec<(FieldName, Value)>, Unread> {
        let Some(captures) = self.regex.captures(line) else {
            return Err(Unread::new(0, "a line that the regular expression matches"));
        };
        let names = self.regex.capture_names().flatten();
        Ok(names
            .map(|name| {
                let value = captures
                    .name(name)
                    .map_or(Value::Missing, |found| Value::Text(found.as_bytes().to_vec()));
                (FieldName::Written(name.to_owned()), value)
            })
            .collect())
    }
}

/// A syntax error with its place, which `regex` itself draws but does not tell.
fn check_syntax(text: &str) -> Result<(), FormatError> {
    let parser = &mut regex_syntax::ParserBuilder::new().utf8(false).build();
    let (message, span) = match parser.parse(text) {
        Ok(_) => return Ok(()),
        Err(regex_syntax::Error::Parse(e)) => (e.kind().to_string(), *e.span()),
        Err(regex_syntax::Error::Translate(e)) => (e.kind().to_string(), *e.span()),
        Err(e) => return Err(FormatError::whole(text, e.to_string())),
    };
    Err(FormatError {
        text: text.to_owned(),
        at: span.start.offset..span.end.offset,
        message: format!("this is no regular expression: {message}"),
    })
}

/// Holds an entry of `fields` against what there is.
fn check_field(field: &str, group: &str, regex: &Regex, holds: Holds) -> Result<(), FormatError> {
    let text = format!("{field} = \"{group}\"");
    if meaning(field, group, holds).is_none() {
        let at = 0..field.len();
        return Err(FormatError { at, message: unknown_field(field), text });
    }
    if !regex.capture_names().flatten().any(|name| name == group) {
        let names: Vec<_> = regex.capture_names().flatten().collect();
        let message = format!(
            "the regular expression has no group of this name; it has: {}",
            names.join(", ")
        );
        let start = field.len() + 4;
        return Err(FormatError { at: start..start + group.len(), message, text });
    }
    Ok(())
}

fn unknown_group(text: &str, group: &str) -> FormatError {
    let written = format!("<{group}>");
    let start = text.find(&written).map_or(0, |at| at + 1);
    let message = format!("{}; a group without a meaning is written `(?:…)`", unknown_field(group));
    FormatError { text: text.to_owned(), at: start..start + group.len(), message }
}

fn unknown_field(name: &str) -> String {
    let near = NAMES.iter().min_by_key(|known| strsim::damerau_levenshtein(known, name));
    match near.filter(|near| strsim::damerau_levenshtein(near, name) <= 3) {
        Some(near) => format!("there is no field `{name}`; did you mean `{near}`?"),
        None => format!("there is no field `{name}`; there are: {}", NAMES.join(", ")),
    }
}

/// The fields that a group can be; `header.NAME` is any request header.
const NAMES: [&str; 24] = [
    "time",
    "request_id",
    "operation",
    "service",
    "address",
    "forwarded_for",
    "user",
    "request",
    "method",
    "target",
    "path",
    "query",
    "protocol",
    "host",
    "status",
    "bytes",
    "duration",
    "duration_s",
    "duration_ms",
    "duration_us",
    "duration_ns",
    "referer",
    "user_agent",
    "upstream",
];

/// What the group `group` means as the field `field`; `None` when it is no field of such lines.
fn meaning(field: &str, group: &str, holds: Holds) -> Option<Meaning> {
    match field {
        "time" => return Some(Meaning::Time),
        "request_id" => {
            let kind = RequestIdKind::of_header(group).unwrap_or_default();
            return Some(Meaning::RequestId(kind));
        }
        "operation" if holds == Holds::Marks => return Some(Meaning::Operation),
        "service" if holds == Holds::Marks => return Some(Meaning::Service),
        _ if holds == Holds::Marks => return None,
        _ => {}
    }
    slot(field).map(Meaning::Slot)
}

/// What the field `field` of a configuration means for a call; `None` when a call has none such.
pub(crate) fn slot(field: &str) -> Option<Slot> {
    Some(match field {
        "address" => Slot::AddressPort,
        "forwarded_for" => Slot::ForwardedFor,
        "user" => Slot::User,
        "request" => Slot::RequestLine,
        "method" => Slot::Method,
        "target" | "path" => Slot::Target,
        "protocol" => Slot::Protocol,
        "host" => Slot::Host,
        "status" => Slot::Status,
        "bytes" => Slot::Bytes,
        "duration" | "duration_s" => Slot::Duration(Unit::Seconds),
        "duration_ms" => Slot::Duration(Unit::Millis),
        "duration_us" => Slot::Duration(Unit::Micros),
        "duration_ns" => Slot::Duration(Unit::Nanos),
        "referer" => Slot::Referer,
        "user_agent" => Slot::UserAgent,
        "upstream" => Slot::Upstream,
        _ => Slot::Header(field.strip_prefix("header.")?.to_ascii_lowercase().into()),
    })
}

//! One JSON object a line: access logs, application logs, Caddy and Traefik.
//!
//! The fields that a format wants become a tree of keys ([`keys`]); the scanner ([`scan`]) walks
//! it beside the line and notes where the values lie; then they are read as times, numbers and
//! texts ([`fill`]). Nothing is copied unless it has an escape in it.

mod delivery;
mod duration;
mod envelope;
mod field;
mod fill;
mod keys;
mod nesting;
mod route;
mod scan;
mod text;

#[cfg(test)]
mod tests;

use field::{Dialect, Field};
use keys::{BadPath, Keys, Leaf};

pub use envelope::Envelope;
pub(crate) use envelope::{Within, WithinState};
pub(crate) use route::Route;
pub(crate) use scan::Pick;

use crate::request_id::RequestIdKind;
use crate::time::Unit;
use crate::{Fields, FormatError};

/// A compiled format of JSON lines.
#[derive(Debug)]
pub(crate) struct Json {
    keys: Keys,
    /// How many slots the scanner fills: the fields, then the headers.
    slots: usize,
    reads: Reads,
    /// By spelling of the request id: how it is carried there.
    ids: Vec<RequestIdKind>,
    /// By spelling of the duration: what it counts.
    units: Vec<Option<Unit>>,
    /// The headers' names, in lower case, in the order of their slots.
    headers: Vec<Box<str>>,
    /// What a line without any request id says about it.
    without_id: WithoutId,
}

/// What lines become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reads {
    Calls,
    /// Calls of a server that writes its own messages into the same file.
    CallsAndMessages,
    /// Records of a bus's journal.
    Deliveries,
    Marks,
}

/// What it means that a line has none of the request id's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WithoutId {
    /// Perhaps the log never has one: nothing can be said.
    NotLogged,
    /// The key was named, or other lines have it: this request had no id.
    Missing,
}

impl Json {
    /// Access log lines; `fields` names keys, and for the rest the common spellings are tried.
    pub(crate) fn calls(fields: &Fields) -> Result<Self, FormatError> {
        Self::new(&field::CALLS, Reads::Calls, fields)
    }

    /// Application log lines; as [`calls`](Self::calls).
    pub(crate) fn marks(fields: &Fields) -> Result<Self, FormatError> {
        Self::new(&field::MARKS, Reads::Marks, fields)
    }

    /// Caddy's access log. `fields` adds headers, or keys of its `log_append`.
    pub(crate) fn caddy(fields: &Fields) -> Result<Self, FormatError> {
        Self::new(&field::CADDY, Reads::CallsAndMessages, fields)
    }

    /// Traefik's access log with `format: json`.
    pub(crate) fn traefik(fields: &Fields) -> Result<Self, FormatError> {
        Self::new(&field::TRAEFIK, Reads::CallsAndMessages, fields)
    }

    /// Records of a bus's journal.
    pub(crate) fn deliveries() -> Result<Self, FormatError> {
        Self::new(&delivery::BUS, Reads::Deliveries, &Fields::new())
    }

    /// What a line without a request id is taken for: what was seen in other lines may say.
    pub(crate) fn with(mut self, without_id: WithoutId) -> Self {
        self.without_id = without_id;
        self
    }

    fn new(dialect: &Dialect, reads: Reads, fields: &Fields) -> Result<Self, FormatError> {
        let mut json = Self {
            keys: Keys::new(),
            slots: if reads == Reads::Marks { field::OF_A_MARK } else { field::OF_A_CALL },
            reads,
            ids: Vec::new(),
            units: Vec::new(),
            headers: Vec::new(),
            without_id: WithoutId::NotLogged,
        };
        let mut named = Vec::new();
        for (name, path) in fields {
            named.extend(json.want_named(name, path, &named)?);
        }
        for (field, paths) in dialect.places {
            if !named.contains(field) && (*field as usize) < json.slots {
                for (rank, path) in paths.iter().enumerate() {
                    let unit = unit_of(path).or(dialect.unit);
                    json.want(*field, path, rank, unit).map_err(|bad| in_path(path, path, bad))?;
                }
            }
        }
        json.keys = json.keys.finish();
        Ok(json)
    }

    /// Wants what a configuration names; the field, unless it is a header.
    fn want_named(
        &mut self,
        name: &str,
        path: &str,
        named: &[Field],
    ) -> Result<Option<Field>, FormatError> {
        if let Some(header) = name.strip_prefix("header.").filter(|_| self.reads != Reads::Marks) {
            self.headers.push(header.to_ascii_lowercase().replace('_', "-").into());
            self.slots += 1;
            let wanted = self.want_slot(self.slots - 1, path, 0);
            return wanted.map(|()| None).map_err(|bad| in_path(name, path, bad));
        }
        let found = self.names().find(|(known, _)| *known == name);
        let (_, field) = found.ok_or_else(|| self.unknown_field(name, path))?;
        let unit = match name.strip_prefix("duration_") {
            Some("s") => Some(Unit::Seconds),
            Some("ms") => Some(Unit::Millis),
            Some("us") => Some(Unit::Micros),
            Some("ns") => Some(Unit::Nanos),
            _ => unit_of(path),
        };
        if field == Field::RequestId {
            self.without_id = WithoutId::Missing;
        }
        let rank = named.iter().filter(|&&known| known == field).count();
        self.want(field, path, rank, unit).map_err(|bad| in_path(name, path, bad))?;
        Ok(Some(field))
    }

    fn want(
        &mut self,
        field: Field,
        path: &str,
        rank: usize,
        unit: Option<Unit>,
    ) -> Result<(), BadPath> {
        match field {
            Field::RequestId => self.ids.push(id_kind(path)),
            Field::Duration => self.units.push(unit),
            _ => {}
        }
        self.want_slot(field as usize, path, rank)
    }

    fn want_slot(&mut self, slot: usize, path: &str, rank: usize) -> Result<(), BadPath> {
        let (Ok(slot), Ok(rank @ ..0x80)) = (u8::try_from(slot), u8::try_from(rank)) else {
            return Err(BadPath { at: 0..path.len(), message: "at most 200 fields can be named" });
        };
        self.keys.want(path, Leaf { slot, rank })
    }

    /// The fields that such lines have, by the names of a configuration.
    fn names(&self) -> impl Iterator<Item = (&'static str, Field)> {
        let last = if self.reads == Reads::Marks { Field::Service } else { Field::Upstream };
        field::NAMES.iter().copied().filter(move |(_, field)| *field as usize <= last as usize)
    }

    fn unknown_field(&self, name: &str, path: &str) -> FormatError {
        let near = self.names().map(|(known, _)| known);
        let near = near.min_by_key(|known| strsim::damerau_levenshtein(known, name));
        let message = match near.filter(|near| strsim::damerau_levenshtein(near, name) <= 3) {
            Some(near) => format!("there is no field `{name}`; did you mean `{near}`?"),
            None => {
                let known: Vec<&str> = self.names().map(|(known, _)| known).collect();
                format!("there is no field `{name}`; there are: {}", known.join(", "))
            }
        };
        FormatError { text: format!("{name} = \"{path}\""), at: 0..name.len(), message }
    }
}

/// The error that a path of `fields` is wrong.
fn in_path(name: &str, path: &str, bad: BadPath) -> FormatError {
    let before = name.len() + " = \"".len();
    FormatError {
        text: format!("{name} = \"{path}\""),
        at: before + bad.at.start..before + bad.at.end,
        message: bad.message.to_owned(),
    }
}

/// A path's last key, without indices and without what servers put before a header's name.
fn header_of(path: &str) -> &str {
    let key = path.rsplit('.').next().unwrap_or(path);
    let key = key.split('[').next().unwrap_or(key);
    ["http_", "request_", "downstream_", "origin_", "sent_http_"]
        .iter()
        .filter_map(|before| key.strip_prefix(before))
        .find(|header| RequestIdKind::of_header(header).is_some())
        .unwrap_or(key)
}

fn id_kind(path: &str) -> RequestIdKind {
    RequestIdKind::of_header(header_of(path)).unwrap_or_default()
}

/// What a duration counts, where its key says so.
fn unit_of(path: &str) -> Option<Unit> {
    const ENDINGS: &[(&str, Unit)] = &[
        ("_seconds", Unit::Seconds),
        ("_secs", Unit::Seconds),
        ("_sec", Unit::Seconds),
        ("_s", Unit::Seconds),
        ("_ms", Unit::Millis),
        ("Ms", Unit::Millis),
        ("_millis", Unit::Millis),
        ("Millis", Unit::Millis),
        ("_us", Unit::Micros),
        ("_micros", Unit::Micros),
        ("Micros", Unit::Micros),
        ("_ns", Unit::Nanos),
        ("_nanos", Unit::Nanos),
        ("Nanos", Unit::Nanos),
        // The Elastic Common Schema, and pino-http.
        ("event.duration", Unit::Nanos),
        ("responseTime", Unit::Millis),
    ];
    if path == "Duration" {
        // Traefik's, which is Go's.
        return Some(Unit::Nanos);
    }
    ENDINGS.iter().find(|(ending, _)| path.ends_with(ending)).map(|&(_, unit)| unit)
}

use dolmen_model::query::{Field, Query, Value};
use dolmen_model::{Joined, NameId, Names, SetId, Time};
use serde::Serialize;

use crate::facts::{Role, Settled};
use crate::segment::{Columns, Kind, Rebuild};
use crate::unreadable::Unreadable;

/// A call as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredCall {
    /// When; `None` where the log has no time.
    pub time: Option<Time>,
    /// The source that its line came from.
    pub source: String,
    /// The service that answered.
    pub service: Option<String>,
    /// Who called.
    pub actor: Option<String>,
    /// Method and path template.
    pub endpoint: Option<String>,
    /// The operation that the rules claim.
    pub claimed: Option<String>,
    /// The operations it entered, late marks included.
    pub operations: Vec<String>,
    /// What became of it in the join, late marks included.
    pub joined: Joined,
    /// Whether it counts.
    pub role: Role,
    /// How many marks it has.
    pub marks: u32,
    /// A source behind another logged it, and the one in front did not.
    pub bypassed: bool,
    /// Another call carries its request id, outside a chain.
    pub repeated: bool,
    /// What its own line says of the service, where `service` is what marks or hops say.
    #[serde(skip)]
    pub own_service: Option<String>,
    /// The caller's address: as trusted proxies forwarded it, or the peer's.
    pub address: Option<String>,
    /// The authenticated user.
    pub user: Option<String>,
    /// The method.
    pub method: Option<String>,
    /// Path and query as received.
    pub target: Option<String>,
    /// The virtual host.
    pub host: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// Bytes of the response.
    pub bytes: Option<u64>,
    /// Microseconds.
    pub duration: Option<u64>,
    /// The `Referer` header.
    pub referer: Option<String>,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// The request id.
    pub request_id: Option<String>,
    /// The line as it was logged, byte for byte, without its line end.
    #[serde(serialize_with = "as_text")]
    pub line: Vec<u8>,
}

/// A mark as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredMark {
    /// When; `None` where the log has no time.
    pub time: Option<Time>,
    /// The source that its line came from.
    pub source: String,
    /// The operation it says was entered.
    pub operation: Option<String>,
    /// The service that wrote it.
    pub service: Option<String>,
    /// The request id.
    pub request_id: Option<String>,
    /// The line as it was logged, byte for byte, without its line end.
    #[serde(serialize_with = "as_text")]
    pub line: Vec<u8>,
}

/// Everything known of one request id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Request {
    /// Its calls and their hops, by time.
    pub calls: Vec<StoredCall>,
    /// Its marks, by time.
    pub marks: Vec<StoredMark>,
    /// Segments that cannot be read, and may hold more of it.
    pub unreadable: Vec<Unreadable>,
}

/// Marks without a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoneFound {
    /// The latest first.
    pub marks: Vec<StoredMark>,
    /// Segments that cannot be read, and may hold more of them.
    pub unreadable: Vec<Unreadable>,
}

/// A line that no format reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnreadRow {
    /// When it was read.
    pub seen: Time,
    /// The source that it came from.
    pub source: String,
    /// The file's path, `-` for standard input.
    pub file: String,
    /// The line's number in it, from 1.
    pub number: u64,
    /// The first byte that did not fit, from 1.
    pub column: u64,
    /// What was expected there.
    pub expected: String,
    /// The line, byte for byte.
    #[serde(serialize_with = "as_text")]
    pub line: Vec<u8>,
}

/// The first lines that no format reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstUnread {
    /// In the order of files and lines.
    pub lines: Vec<UnreadRow>,
    /// Segments that cannot be read, and may hold earlier ones.
    pub unreadable: Vec<Unreadable>,
}

/// Marks of one operation on one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkCount {
    /// The service that wrote them.
    pub service: NameId,
    /// The operation.
    pub operation: NameId,
    /// How many, in the buckets that cover the range.
    pub marks: u64,
    /// How many of the range have no call; of lines already removed, all for the whole of time.
    pub mark_only: u64,
    /// The first of these; `None` where none has a time, or the lines were removed.
    pub first_only: Option<Time>,
    /// The last of these.
    pub last_only: Option<Time>,
}

/// Calls of one caller on one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerRow {
    /// The address; `None` where the log has none.
    pub address: Option<String>,
    /// The user agent.
    pub user_agent: Option<String>,
    /// The authenticated user; `(other)`, with no address and no user agent, for callers beyond
    /// the bound.
    pub user: Option<String>,
    /// Who the rules say it is.
    pub actor: NameId,
    /// The service that answered.
    pub service: NameId,
    /// The operations entered.
    pub operations: SetId,
    /// The start of the first bucket with a call.
    pub first: Time,
    /// The start of the last one.
    pub last: Time,
    /// How many calls.
    pub calls: u64,
}

/// Calls of a caller whom no rule names, and who was not seen before an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newcomer {
    /// The address; `None` where the log has none.
    pub address: Option<String>,
    /// The user agent.
    pub user_agent: Option<String>,
    /// The service that answered.
    pub service: NameId,
    /// The operations entered: at least one.
    pub operations: SetId,
    /// The start of the first hour with a call.
    pub first: Time,
    /// The start of the last one.
    pub last: Time,
    /// How many calls.
    pub calls: u64,
    /// `false`: it called first in the hour that holds the instant, and the lines that would say
    /// whether before or after it were removed.
    pub is_certain: bool,
}

/// Bytes that are not UTF-8 are shown as U+FFFD.
fn as_text<S: serde::Serializer>(line: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(line))
}

/// Columns that a question about these fields reads, beside the time.
pub(crate) fn columns_of(query: &Query) -> Vec<&'static str> {
    let mut columns = vec!["time", "role"];
    columns.extend(query.atoms().iter().flat_map(|atom| columns_of_field(atom.field())));
    columns
}

/// Columns that hold a field.
pub(crate) const fn columns_of_field(field: Field) -> &'static [&'static str] {
    match field {
        Field::Service => &["service"],
        Field::Actor => &["actor"],
        Field::Operation => &["operations"],
        Field::Endpoint => &["endpoint"],
        Field::Method => &["method"],
        Field::Path | Field::Query => &["target"],
        Field::Status => &["status"],
        Field::Address => &["address", "forwarded_address"],
        Field::UserAgent => &["user_agent"],
        Field::User => &["user"],
        Field::Host => &["host"],
        Field::Referer => &["referer"],
        Field::RequestId => &["id_form", "id_text", "id_high", "id_low"],
        Field::Joined => &["joined"],
        Field::Duration => &["duration"],
        Field::Bytes => &["bytes"],
        Field::Source => &["source"],
        Field::Claimed => &["claimed"],
    }
}

/// A row of a segment of calls: what the file says, and what was amended since.
#[derive(Clone, Copy)]
pub(crate) struct CallRow<'a> {
    pub(crate) columns: &'a Columns,
    /// In its row group.
    pub(crate) row: usize,
    /// What it was amended to.
    pub(crate) amended: Option<Settled>,
    pub(crate) names: &'a Names,
}

impl CallRow<'_> {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.columns.text(name, self.row)
    }

    pub(crate) fn time(&self) -> Option<Time> {
        self.columns.time("time", self.row).map(Time::from_micros)
    }

    pub(crate) fn role(&self) -> Role {
        match self.amended {
            Some(settled) => settled.role,
            None => Role::of(self.text("role").unwrap_or_default()),
        }
    }

    pub(crate) fn is_hop(&self) -> bool {
        self.role() == Role::Hop
    }

    pub(crate) fn service(&self) -> Option<String> {
        match self.amended {
            Some(settled) => self.names.services.name(settled.service),
            None => self.text("service").map(str::to_owned),
        }
    }

    pub(crate) fn operations(&self) -> Vec<String> {
        match self.amended {
            Some(settled) => spelled(self.names, settled.operations),
            None => self.columns.texts("operations", self.row),
        }
    }

    pub(crate) fn marks(&self) -> u32 {
        match self.amended {
            Some(settled) => settled.marks,
            None => self.columns.count("marks", self.row),
        }
    }

    pub(crate) fn flag(&self, name: &str, amended: impl FnOnce(Settled) -> bool) -> bool {
        self.amended.map_or_else(|| self.columns.flag(name, self.row), amended)
    }

    pub(crate) fn joined(&self) -> Joined {
        if let Some(settled) = self.amended {
            return settled.joined;
        }
        match self.text("joined") {
            Some("joined") => Joined::Joined,
            Some("no_id") => Joined::NoId,
            _ => Joined::CallOnly,
        }
    }

    /// Whether it fulfils a query; its columns must have been read ([`columns_of`]).
    pub(crate) fn fulfils(&self, query: &Query) -> bool {
        query.holds(|at| {
            let atom = &query.atoms()[at];
            let text = |name| Value::Text(self.text(name).unwrap_or_default().as_bytes());
            let number = |name| {
                let number = self.columns.number(name, self.row);
                number.map_or(Value::Unknown, |number| Value::Number(number as u64))
            };
            let target = || self.text("target").unwrap_or_default();
            match atom.field() {
                Field::Operation => {
                    let operations = self.operations();
                    atom.matches_any(operations.iter().map(|name| Value::Text(name.as_bytes())))
                }
                Field::RequestId => {
                    let id = self.columns.id(self.row).unwrap_or_default();
                    atom.matches(Value::Text(&id))
                }
                Field::Path => {
                    let path = target().split_once('?').map_or(target(), |(path, _)| path);
                    atom.matches(Value::Text(path.as_bytes()))
                }
                Field::Query => {
                    let query = target().split_once('?').map_or("", |(_, query)| query);
                    atom.matches(Value::Text(query.as_bytes()))
                }
                Field::Status => {
                    let status = self.columns.status(self.row);
                    atom.matches(status.map(u64::from).into())
                }
                Field::Address => {
                    let address = self.text("forwarded_address").or(self.text("address"));
                    atom.matches(Value::Text(address.unwrap_or_default().as_bytes()))
                }
                Field::Joined => atom.matches(Value::Joined(self.joined())),
                Field::Duration => atom.matches(number("duration")),
                Field::Bytes => atom.matches(number("bytes")),
                Field::Service => {
                    let service = self.service().unwrap_or_default();
                    atom.matches(Value::Text(service.as_bytes()))
                }
                field => atom.matches(text(field.name())),
            }
        })
    }

    /// The whole call; `None` when its line cannot be rebuilt.
    pub(crate) fn call(&self, rebuild: &mut Rebuild) -> Option<StoredCall> {
        let owned = |name| self.text(name).map(str::to_owned);
        let number = |name| self.columns.number(name, self.row).map(|number| number as u64);
        Some(StoredCall {
            time: self.time(),
            source: owned("source").unwrap_or_default(),
            service: self.service(),
            own_service: owned("own_service"),
            actor: owned("actor"),
            endpoint: owned("endpoint"),
            claimed: owned("claimed"),
            operations: self.operations(),
            joined: self.joined(),
            role: self.role(),
            marks: self.marks(),
            bypassed: self.flag("bypassed", |settled| settled.bypassed),
            repeated: self.flag("repeated", |settled| settled.repeated),
            address: owned("forwarded_address").or_else(|| owned("address")),
            user: owned("user"),
            method: owned("method"),
            target: owned("target"),
            host: owned("host"),
            status: self.columns.status(self.row),
            bytes: number("bytes"),
            duration: number("duration"),
            referer: owned("referer"),
            user_agent: owned("user_agent"),
            request_id: id(self.columns, self.row),
            line: rebuild.line(Kind::Calls, self.columns, self.row)?,
        })
    }
}

/// The mark of a row; `None` when its line cannot be rebuilt.
pub(crate) fn mark(columns: &Columns, row: usize, rebuild: &mut Rebuild) -> Option<StoredMark> {
    let owned = |name| columns.text(name, row).map(str::to_owned);
    Some(StoredMark {
        time: columns.time("time", row).map(Time::from_micros),
        source: owned("source").unwrap_or_default(),
        operation: owned("operation"),
        service: owned("service"),
        request_id: id(columns, row),
        line: rebuild.line(Kind::Marks, columns, row)?,
    })
}

fn id(columns: &Columns, row: usize) -> Option<String> {
    columns.id(row).map(|id| String::from_utf8_lossy(&id).into_owned())
}

/// The names of a set, in the order of their numbers.
pub(crate) fn spelled(names: &Names, set: SetId) -> Vec<String> {
    let operations = names.sets.operations(set);
    operations.into_iter().filter_map(|id: NameId| names.operations.name(id)).collect()
}

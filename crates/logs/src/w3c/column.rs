//! What each identifier of `#Fields:` means.

use crate::program::Slot;
use crate::request_id::RequestIdKind;

/// A column of a log.
#[derive(Debug)]
pub(super) struct Column {
    /// As the directive writes it.
    pub(super) name: Box<str>,
    pub(super) kind: Kind,
    /// Among columns of the same kind; the lowest is preferred.
    pub(super) rank: u8,
    /// Whether it is a text that servers encode for the log, rather than a URL.
    pub(super) is_header: bool,
}

/// The highest rank there is.
pub(super) const LAST_RANK: u8 = 2;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Ignored,
    Date,
    Time,
    TimeTaken,
    Slot(Slot),
}

/// The columns that a directive names.
pub(super) fn columns(names: &[u8]) -> Vec<Column> {
    names
        .split(u8::is_ascii_whitespace)
        .filter(|name| !name.is_empty())
        .map(|name| column(&String::from_utf8_lossy(name)))
        .collect()
}

fn column(name: &str) -> Column {
    let lower = name.to_ascii_lowercase();
    let (kind, rank) = kind(&lower);
    let is_header = match &kind {
        Kind::Slot(slot) => matches!(
            slot,
            Slot::UserAgent | Slot::Referer | Slot::User | Slot::ForwardedFor | Slot::Header(_)
        ),
        _ => false,
    };
    Column { name: name.into(), kind, rank, is_header }
}

fn kind(name: &str) -> (Kind, u8) {
    let slot = |slot| (Kind::Slot(slot), 0);
    match name {
        "date" => (Kind::Date, 0),
        "time" => (Kind::Time, 0),
        "time-taken" => (Kind::TimeTaken, 0),
        "c-ip" => slot(Slot::AddressPort),
        "cs-username" => slot(Slot::User),
        "cs-method" => slot(Slot::Method),
        "cs-uri-stem" => slot(Slot::Path),
        "cs-uri-query" => slot(Slot::Query),
        "cs-uri" => (Kind::Slot(Slot::Target), 1),
        "cs-version" | "cs-protocol-version" => slot(Slot::Protocol),
        "sc-status" => slot(Slot::Status),
        "sc-bytes" => slot(Slot::Bytes),
        // What the client asked for; `cs(Host)` is CloudFront's own name there.
        "x-host-header" => slot(Slot::Host),
        "cs-host" => (Kind::Slot(Slot::Host), 1),
        "cs(host)" => (Kind::Slot(Slot::Host), 2),
        "x-edge-request-id" => (Kind::Slot(Slot::RequestId(RequestIdKind::Plain)), 2),
        _ => other(name),
    }
}

/// `cs(Header)`, `sc(Header)`, or a field that somebody added to IIS and named after a header.
fn other(name: &str) -> (Kind, u8) {
    let inside = |prefix| name.strip_prefix(prefix).and_then(|rest: &str| rest.strip_suffix(')'));
    if let Some(header) = inside("cs(") {
        return (Kind::Slot(Slot::of_header(header)), 0);
    }
    let header = inside("sc(").unwrap_or(name);
    match RequestIdKind::of_header(header) {
        Some(kind) => (Kind::Slot(Slot::RequestId(kind)), 1),
        None if name == "x-forwarded-for" => (Kind::Slot(Slot::ForwardedFor), 0),
        None => (Kind::Ignored, 0),
    }
}

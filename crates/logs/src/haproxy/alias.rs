//! What each of HAProxy's log variables holds, as of 3.2; older names included.

use crate::program::{Class, Slot, TimeForm};
use crate::request_id::RequestIdKind;
use crate::time::Unit;

/// `06/Feb/2009:12:14:14.655`, in the server's own time zone.
const LOCAL: Class = Class::Shape("99/???/9999:99:99:99.999");

/// Class, meaning and rank of `%name`; `None` when there is no such variable.
pub(super) fn alias(name: &str) -> Option<(Class, Slot, u8)> {
    use Class::{Clf, Decimal, Integer, Text, Token};
    Some(match name {
        "ci" => (Token, Slot::AddressPort, 0),
        "cp" | "bp" | "fp" | "sp" | "lc" | "pid" | "ms" => (Integer, Slot::Ignored, 0),
        "bi" | "fi" | "si" | "H" => (Token, Slot::Ignored, 0),
        // The start of the request, then the start of the session.
        "tr" => (LOCAL, Slot::Time(TimeForm::Clf), 1),
        "trg" | "trl" => (Clf, Slot::Time(TimeForm::Clf), 0),
        "t" => (LOCAL, Slot::Time(TimeForm::Clf), 3),
        "T" | "Tl" => (Clf, Slot::Time(TimeForm::Clf), 2),
        "Ts" => (Integer, Slot::Time(TimeForm::Epoch(Unit::Seconds)), 4),
        "f" | "ft" => (Token, Slot::Ignored, 0),
        "b" => (Token, Slot::Upstream, 1),
        "s" => (Token, Slot::Upstream, 2),
        // What the request took; then the session, idle time left out or not.
        "Ta" => (Decimal, Slot::Duration(Unit::Millis), 0),
        "Tu" => (Decimal, Slot::Duration(Unit::Millis), 1),
        "Tt" => (Decimal, Slot::Duration(Unit::Millis), 2),
        "Tc" | "Td" | "Th" | "Ti" | "Tq" | "TR" | "Tr" | "Tw" => (Decimal, Slot::Ignored, 0),
        "ST" => (Integer, Slot::Status, 0),
        "B" => (Decimal, Slot::Bytes, 0),
        "U" | "ac" | "fc" | "bc" | "sc" | "rc" | "sq" | "bq" => (Decimal, Slot::Ignored, 0),
        "CC" | "CS" | "rt" | "ts" | "tsc" | "sslc" | "sslv" | "OG" => (Token, Slot::Ignored, 0),
        "hrl" | "hsl" => (Text, Slot::Ignored, 0),
        "r" => (Text, Slot::RequestLine, 0),
        "HM" => (Token, Slot::Method, 1),
        "HU" => (Text, Slot::Target, 1),
        "HP" | "HPO" => (Text, Slot::Path, 2),
        "HQ" => (Text, Slot::Query, 0),
        "HV" => (Token, Slot::Protocol, 1),
        "ID" => (Token, Slot::RequestId(RequestIdKind::Plain), 0),
        _ => return None,
    })
}

/// Class and meaning of `%[expression]`, as far as its fetch tells.
pub(super) fn expression(expression: &str) -> (Class, Slot) {
    let fetch = expression.split(',').next().unwrap_or_default().trim();
    let (name, argument) = match fetch.split_once('(') {
        Some((name, rest)) => (name, rest.trim_end_matches(')').trim()),
        None => (fetch, ""),
    };
    let header = argument.split(',').next().unwrap_or_default();
    match name {
        "src" => (Class::Token, Slot::AddressPort),
        "req.hdr" | "req.fhdr" | "hdr" | "fhdr" if !header.is_empty() => {
            (Class::Text, Slot::of_header(header))
        }
        "res.hdr" | "res.fhdr" => match RequestIdKind::of_header(header) {
            Some(kind) => (Class::Text, Slot::RequestId(kind)),
            None => (Class::Text, Slot::Ignored),
        },
        "unique-id" => (Class::Token, Slot::RequestId(RequestIdKind::Plain)),
        "method" => (Class::Token, Slot::Method),
        "url" | "pathq" => (Class::Text, Slot::Target),
        "path" => (Class::Text, Slot::Path),
        "query" => (Class::Text, Slot::Query),
        "status" => (Class::Integer, Slot::Status),
        _ => (Class::Text, Slot::Ignored),
    }
}

//! What each variable logs. Any name is a variable: modules and `map` make new ones.

use crate::program::{Class, Field, Slot, TimeForm};
use crate::request_id::RequestIdKind;
use crate::time::Unit;

/// The field that `$name` logs.
pub(super) fn field(name: &str) -> Field {
    use Class::{Clf, Decimal, Integer, List, Text, Token};
    let name = name.to_ascii_lowercase();
    let (class, slot, rank) = match name.as_str() {
        "remote_addr" => (Token, Slot::Address, 0),
        "realip_remote_addr" => (Token, Slot::Address, 1),
        "remote_user" => (Text, Slot::User, 0),
        "msec" => (Decimal, Slot::Time(TimeForm::Epoch(Unit::Seconds)), 0),
        "time_iso8601" => (Token, Slot::Time(TimeForm::Iso), 1),
        "time_local" => (Clf, Slot::Time(TimeForm::Clf), 2),
        "request" => (Text, Slot::RequestLine, 0),
        "request_method" => (Token, Slot::Method, 1),
        "request_uri" => (Text, Slot::Target, 1),
        // Decoded, and rewritten by `rewrite` and `index`.
        "uri" | "document_uri" => (Text, Slot::Path, 2),
        "args" | "query_string" => (Text, Slot::Query, 0),
        "is_args" => (Text, Slot::Ignored, 0),
        "server_protocol" => (Text, Slot::Protocol, 1),
        "status" => (Integer, Slot::Status, 0),
        "body_bytes_sent" => (Integer, Slot::Bytes, 0),
        "bytes_sent" => (Integer, Slot::Bytes, 1),
        "request_time" => (Decimal, Slot::Duration(Unit::Seconds), 0),
        "upstream_response_time" => (List, Slot::Durations(Unit::Seconds), 1),
        "upstream_addr" => (List, Slot::Upstream, 0),
        "proxy_host" => (Text, Slot::Upstream, 1),
        "http_host" => (Text, Slot::Host, 0),
        "host" => (Token, Slot::Host, 1),
        "server_name" => (Token, Slot::Host, 2),
        "http_x_forwarded_for" => (List, Slot::ForwardedFor, 0),
        // The same with the peer's address at its right end.
        "proxy_add_x_forwarded_for" => (List, Slot::ForwardedFor, 1),
        "request_id" => (Text, Slot::RequestId(RequestIdKind::Plain), 0),
        "otel_trace_id" | "opentelemetry_trace_id" => {
            (Text, Slot::RequestId(RequestIdKind::Plain), 1)
        }
        "connection"
        | "connection_requests"
        | "request_length"
        | "remote_port"
        | "server_port"
        | "pid"
        | "content_length" => (Integer, Slot::Ignored, 0),
        _ => other(&name),
    };
    Field::new(format!("${name}"), class, slot).rank(rank)
}

fn other(name: &str) -> (Class, Slot, u8) {
    let header = name.strip_prefix("http_");
    let anywhere =
        ["sent_http_", "upstream_http_", "sent_trailer_", "upstream_trailer_", "cookie_"]
            .iter()
            .find_map(|prefix| name.strip_prefix(prefix));
    if let Some(kind) = RequestIdKind::of_header(header.or(anywhere).unwrap_or(name)) {
        let slot = Slot::RequestId(kind);
        let rank = slot.rank_of_id();
        return (Class::Text, slot, rank);
    }
    match header {
        Some(header) => (Class::Text, Slot::of_header(&header.replace('_', "-")), 0),
        None if name.starts_with("upstream_http_") => (Class::Text, Slot::Ignored, 0),
        None if name.starts_with("upstream_") => (Class::List, Slot::Ignored, 0),
        None => (Class::Text, Slot::Ignored, 0),
    }
}

//! What a field's text means for a call.

use dolmen_model::{Call, Header, RequestId};

use super::Slot;
use super::request::{integer, request_line, split_origin, status, without_port};
use crate::time::{self, Unit};

/// Writes a field where its slot says, unless a preferred one was there. `-` and nothing are the
/// same; times are put together elsewhere.
#[inline]
pub(crate) fn assign<'a>(slot: &'a Slot, text: &'a [u8], call: &mut Call<'a>) {
    let first = |place: &mut &'a [u8]| {
        if place.is_empty() {
            *place = text;
        }
    };
    match slot {
        Slot::Ignored | Slot::Time(_) | Slot::Part(..) | Slot::Query => {}
        Slot::Address => first(&mut call.address),
        Slot::ForwardedFor => first(&mut call.forwarded_for),
        Slot::Method => first(&mut call.method),
        Slot::Target | Slot::Path => first(&mut call.target),
        Slot::Protocol => first(&mut call.protocol),
        Slot::Host => first(&mut call.host),
        Slot::Referer => first(&mut call.referer),
        Slot::UserAgent => first(&mut call.user_agent),
        Slot::Upstream => first(&mut call.upstream),
        // Apache's way to write a user whose name is empty.
        Slot::User if text == b"\"\"" => {}
        Slot::User => first(&mut call.user),
        Slot::AddressPort => first_of(&mut call.address, || without_port(text)),
        Slot::RequestLine if call.target.is_empty() => request_line(text, call),
        Slot::RequestUrl if call.target.is_empty() => {
            request_line(text, call);
            (call.host, call.target) = split_origin(call.target);
        }
        Slot::RequestLine | Slot::RequestUrl => {}
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
        Slot::RequestId(kind) => {
            if !matches!(call.request_id, RequestId::Is(_)) {
                call.request_id = kind.extract(text);
            }
        }
        Slot::Header(name) => call.headers.push(Header { name, value: text }),
    }
}

fn first_of<'a>(place: &mut &'a [u8], text: impl FnOnce() -> &'a [u8]) {
    if place.is_empty() {
        *place = text();
    }
}

/// The sum of nginx's `0.003, 0.120 : 0.001`; attempts that never began are `-`.
fn sum(text: &[u8], unit: Unit) -> Option<u64> {
    let attempts = text.split(|b| matches!(b, b',' | b':' | b' ')).filter(|text| !text.is_empty());
    attempts.filter_map(|text| time::micros(text, unit)).reduce(u64::saturating_add)
}

/// HAProxy's `logasap` writes `+` before what was still growing.
fn without_plus(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"+").unwrap_or(text)
}

//! What a field's text means for a call.

use dolmen_model::{Call, Header, RequestId};

use super::Slot;
use super::request::{integer, path_and_args, request_line, split_origin, status, without_port};
use crate::time::{self, Unit};

/// How a field stands to another that means the same and was written before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rival {
    /// That one is preferred, or there is none.
    Stronger,
    /// That one is preferred less.
    Weaker,
}

/// Writes a field where its slot says, unless something was there. What is `-` in the line is empty
/// here; times are put together elsewhere.
pub(crate) fn assign<'a>(slot: &'a Slot, text: &'a [u8], call: &mut Call<'a>) {
    assign_beside(Rival::Stronger, slot, text, call);
}

/// The same, where something worse may have been there. Inlined, because it is called for every
/// field of every line, and a call costs as much as what it does.
#[inline(always)]
pub(super) fn assign_beside<'a>(rival: Rival, slot: &'a Slot, text: &'a [u8], call: &mut Call<'a>) {
    let is_better = rival == Rival::Weaker;
    let first = |place: &mut &'a [u8]| {
        if place.is_empty() || (is_better && !text.is_empty()) {
            *place = text;
        }
    };
    match slot {
        Slot::Ignored | Slot::Time(_) | Slot::Part(..) | Slot::Query => {}
        Slot::Address => first(&mut call.address),
        Slot::ForwardedFor => first(&mut call.forwarded_for),
        Slot::Method => first(&mut call.method),
        Slot::Target | Slot::Path => first(&mut call.target),
        Slot::PathAndArgs if call.target.is_empty() || is_better => {
            call.target = match path_and_args(text) {
                (b"-", _) => b"",
                (path, None) => path,
                (_, Some(_)) => text,
            };
        }
        Slot::PathAndArgs => {}
        Slot::Protocol => first(&mut call.protocol),
        Slot::Host => first(&mut call.host),
        Slot::Referer => first(&mut call.referer),
        Slot::UserAgent => first(&mut call.user_agent),
        Slot::Upstream => first(&mut call.upstream),
        // Apache's way to write a user whose name is empty.
        Slot::User if text == b"\"\"" => {}
        Slot::User => first(&mut call.user),
        Slot::AddressPort if call.address.is_empty() || (is_better && !text.is_empty()) => {
            call.address = without_port(text);
        }
        Slot::AddressPort => {}
        Slot::RequestLine if call.target.is_empty() => request_line(text, call),
        Slot::RequestUrl if call.target.is_empty() => {
            request_line(text, call);
            (call.host, call.target) = split_origin(call.target);
        }
        Slot::RequestLine | Slot::RequestUrl => {}
        Slot::Status => choose(&mut call.status, rival, || status(text)),
        Slot::Bytes => choose(&mut call.bytes, rival, || integer(without_plus(text))),
        Slot::Duration(unit) => {
            choose(&mut call.duration, rival, || time::micros(without_plus(text), *unit));
        }
        Slot::Durations(unit) => choose(&mut call.duration, rival, || sum(text, *unit)),
        Slot::DurationPart(unit) => {
            if let Some(part) = time::micros(text, *unit) {
                call.duration = Some(call.duration.unwrap_or(0).saturating_add(part));
            }
        }
        Slot::RequestId(kind) => match (kind.extract(text), call.request_id) {
            (RequestId::Is(id), RequestId::Is(_)) if is_better => {
                call.request_id = RequestId::Is(id);
            }
            (_, RequestId::Is(_)) => {}
            (id, _) => call.request_id = id,
        },
        Slot::Header(name) => call.headers.push(Header { name, value: text }),
    }
}

/// Writes a number that is known as such.
#[inline(always)]
pub(super) fn assign_number(
    rival: Rival,
    slot: &Slot,
    number: u64,
    digits: usize,
    call: &mut Call<'_>,
) {
    match slot {
        Slot::Status => choose(&mut call.status, rival, || {
            u16::try_from(number).ok().filter(|n| digits == 3 && *n >= 100)
        }),
        Slot::Bytes => choose(&mut call.bytes, rival, || Some(number)),
        Slot::Duration(unit) => choose(&mut call.duration, rival, || unit.micros(number)),
        _ => {}
    }
}

/// Writes a value where there is none yet, or a worse one.
#[inline]
pub(super) fn choose<T>(place: &mut Option<T>, rival: Rival, value: impl FnOnce() -> Option<T>) {
    if place.is_none() || rival == Rival::Weaker {
        *place = value().or(place.take());
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

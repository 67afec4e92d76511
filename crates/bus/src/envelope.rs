//! What travels with a message besides what its producer wrote: where it stands in the retries of
//! one service, and every error so far.
//!
//! It lives in headers, never in the body: with fan-out, copies of a body would come to disagree,
//! and a signed or non-JSON body would break. Every header starts with `dolmen-`.

use dolmen_model::Time;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::parse_time;
use crate::failure::{FailedAttempt, shorten_front};
use crate::message::{Headers, header_bytes};

/// The names of our headers.
pub mod header {
    /// Which delivery to the service this is, from 1.
    pub const ATTEMPT: &str = "dolmen-attempt";
    /// The service that the message is on its way to, or failed in.
    pub const SERVICE: &str = "dolmen-service";
    /// The routing key it was published with.
    pub const ROUTING_KEY: &str = "dolmen-routing-key";
    /// The exchange it was published to.
    pub const EXCHANGE: &str = "dolmen-exchange";
    /// When it first failed, RFC 3339.
    pub const FIRST_FAILED_AT: &str = "dolmen-first-failed-at";
    /// When it may be delivered again, RFC 3339.
    pub const DUE_AT: &str = "dolmen-due-at";
    /// Every error so far, a JSON array, oldest first.
    pub const ERRORS: &str = "dolmen-errors";
    /// The services it was forwarded from, a JSON array, first to last.
    pub const FORWARDED_BY: &str = "dolmen-forwarded-by";
    /// Why it is a failed message.
    pub const REASON: &str = "dolmen-reason";
    /// The failed message that this one is a retry of.
    pub const REPLAY_OF: &str = "dolmen-replay-of";
    /// Who asked for the retry.
    pub const REPLAYED_BY: &str = "dolmen-replayed-by";
    /// The message that somebody edited into this one.
    pub const EDITED_FROM: &str = "dolmen-edited-from";
}

/// The most bytes that the errors of one message take. With the producer's headers
/// ([`crate::MOST_HEADER_BYTES`]) and the properties they fit one AMQP frame of 128 KiB.
pub const MOST_ERROR_BYTES: usize = 64 * 1024;

/// All headers of a message, in a frame.
const MOST_FRAME_BYTES: usize = 120 * 1024;

/// Where a message stands in the service it is on its way to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Which delivery to the service this is, from 1.
    pub attempt: u32,
    /// The service it is on its way to, or failed in; `None` until it first failed.
    pub service: Option<String>,
    /// The exchange it was published to, where there are exchanges.
    pub exchange: Option<String>,
    /// When it first failed.
    pub first_failed_at: Option<Time>,
    /// When it may be delivered again.
    pub due_at: Option<Time>,
    /// Every failed delivery so far, oldest first.
    pub errors: Vec<FailedAttempt>,
    /// The services it was forwarded from.
    pub forwarded_by: Vec<String>,
    /// Why it is a failed message.
    pub reason: Option<String>,
    /// Where it comes from, when an operator sent it.
    pub origin: Origin,
}

/// What an operator did that led to a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The failed message that this one is a retry of.
    pub replay_of: Option<String>,
    /// Who asked for the retry.
    pub replayed_by: Option<String>,
    /// The message that somebody edited into this one.
    pub edited_from: Option<String>,
}

impl Default for Envelope {
    fn default() -> Self {
        Self {
            attempt: 1,
            service: None,
            exchange: None,
            first_failed_at: None,
            due_at: None,
            errors: Vec::new(),
            forwarded_by: Vec::new(),
            reason: None,
            origin: Origin::default(),
        }
    }
}

impl Envelope {
    /// Adds a failed delivery.
    pub fn record(&mut self, failed: FailedAttempt) {
        self.first_failed_at.get_or_insert(failed.time);
        self.service = Some(failed.service.clone());
        self.errors.push(failed);
    }

    /// Reads the envelope out of a message's headers. Headers that others wrote under our names
    /// cost what they would have said, never the message.
    pub fn read(headers: &Headers) -> Self {
        let text = |name: &str| headers.get(name)?.as_str().map(str::to_owned);
        let time = |name: &str| headers.get(name)?.as_str().and_then(parse_time);
        let attempt = headers.get(header::ATTEMPT).and_then(Value::as_u64);
        Self {
            attempt: attempt.and_then(|n| u32::try_from(n).ok()).filter(|&n| n > 0).unwrap_or(1),
            service: text(header::SERVICE),
            exchange: text(header::EXCHANGE),
            first_failed_at: time(header::FIRST_FAILED_AT),
            due_at: time(header::DUE_AT),
            errors: list(headers, header::ERRORS),
            forwarded_by: list(headers, header::FORWARDED_BY),
            reason: text(header::REASON),
            origin: Origin {
                replay_of: text(header::REPLAY_OF),
                replayed_by: text(header::REPLAYED_BY),
                edited_from: text(header::EDITED_FROM),
            },
        }
    }

    /// The producer's headers and ours, together fit for one frame. `routing_key` is the one the
    /// message was published with: on its way back it travels under another.
    pub fn write(&self, producers: &Headers, routing_key: &str) -> Headers {
        let mut headers: Headers = producers
            .iter()
            .filter(|(name, _)| !crate::message::is_reserved(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let mut text = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                headers.insert(name.to_owned(), Value::String(value));
            }
        };
        text(header::ROUTING_KEY, Some(routing_key.to_owned()));
        text(header::SERVICE, self.service.clone());
        text(header::EXCHANGE, self.exchange.clone());
        text(header::FIRST_FAILED_AT, self.first_failed_at.map(|time| time.to_string()));
        text(header::DUE_AT, self.due_at.map(|time| time.to_string()));
        text(header::REASON, self.reason.clone());
        text(header::REPLAY_OF, self.origin.replay_of.clone());
        text(header::REPLAYED_BY, self.origin.replayed_by.clone());
        text(header::EDITED_FROM, self.origin.edited_from.clone());
        if !self.forwarded_by.is_empty() {
            text(header::FORWARDED_BY, serde_json::to_string(&self.forwarded_by).ok());
        }
        headers.insert(header::ATTEMPT.to_owned(), Value::from(self.attempt));
        let room = MOST_FRAME_BYTES.saturating_sub(header_bytes(&headers)).min(MOST_ERROR_BYTES);
        if let Some(errors) = bounded(&self.errors, room) {
            headers.insert(header::ERRORS.to_owned(), Value::String(errors));
        }
        headers
    }
}

fn list<T: for<'de> Deserialize<'de>>(headers: &Headers, name: &str) -> Vec<T> {
    let text = headers.get(name).and_then(Value::as_str).unwrap_or("[]");
    serde_json::from_str(text).unwrap_or_default()
}

/// The errors as JSON in at most `room` bytes. The oldest texts go first, then the oldest hosts and
/// codes, then the oldest errors themselves (`attempt` still says how many there were); the newest
/// is touched last of all. `None` when there is nothing to say or no room to say it.
fn bounded(errors: &[FailedAttempt], room: usize) -> Option<String> {
    let (newest, older) = errors.split_last()?;
    let mut newest = newest.clone();
    for shrink in [keep, shorten_text, drop_text, drop_details] {
        shrink(&mut newest);
        if let Some(room) = room.checked_sub(json_bytes(&newest) + 2) {
            let mut errors = shrunk(older, room);
            errors.push(newest);
            return serde_json::to_string(&errors).ok();
        }
    }
    None
}

/// As much of `errors` as fits `room`, the oldest shrunk or gone first.
fn shrunk(errors: &[FailedAttempt], room: usize) -> Vec<FailedAttempt> {
    let mut errors = errors.to_vec();
    let mut sizes: Vec<usize> = errors.iter().map(json_bytes).collect();
    let mut total: usize = sizes.iter().sum();
    for shrink in [shorten_text, drop_text, drop_details] {
        for (error, size) in errors.iter_mut().zip(&mut sizes) {
            if total <= room {
                return errors;
            }
            shrink(error);
            total -= *size;
            *size = json_bytes(error);
            total += *size;
        }
    }
    let mut gone = 0;
    while total > room && gone < errors.len() {
        total -= sizes[gone];
        gone += 1;
    }
    errors.drain(..gone);
    errors
}

/// How many bytes one error and its comma take.
fn json_bytes(error: &FailedAttempt) -> usize {
    serde_json::to_string(error).map_or(0, |text| text.len() + 1)
}

fn keep(_: &mut FailedAttempt) {}

fn shorten_text(error: &mut FailedAttempt) {
    error.failure.text = shorten_front(std::mem::take(&mut error.failure.text), 120);
}

fn drop_text(error: &mut FailedAttempt) {
    error.failure.text.clear();
}

fn drop_details(error: &mut FailedAttempt) {
    error.failure.code = None;
    error.host.clear();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::Failure;

    fn failed(attempt: u32, text: &str) -> FailedAttempt {
        FailedAttempt {
            failure: Failure::availability(text).code("google-down"),
            service: "googleapps".into(),
            host: "host-1".into(),
            time: Time::from_micros(1_700_000_000_000_000 + i64::from(attempt)),
            attempt,
        }
    }

    #[test]
    fn comes_back_as_it_was() {
        let mut envelope = Envelope { attempt: 3, ..Envelope::default() };
        envelope.record(failed(1, "down"));
        envelope.record(failed(2, "still down"));
        envelope.due_at = Some(Time::from_micros(1_700_001_800_000_000));
        envelope.forwarded_by = vec!["mail-a".into()];
        envelope.origin.replay_of = Some("id".into());
        let producers = Headers::from([("softfail-count".into(), json!(4))]);
        let headers = envelope.write(&producers, "notify.a");
        assert_eq!(headers["softfail-count"], json!(4));
        assert_eq!(headers[header::ROUTING_KEY], json!("notify.a"));
        assert_eq!(Envelope::read(&headers), envelope);
    }

    #[test]
    fn what_others_wrote_under_our_names_costs_nothing_else() {
        let headers = Headers::from([
            (header::ATTEMPT.into(), json!("three")),
            (header::ERRORS.into(), json!("not json")),
            (header::DUE_AT.into(), json!("tomorrow")),
        ]);
        assert_eq!(Envelope::read(&headers), Envelope::default());
    }

    #[test]
    fn the_brokers_headers_do_not_travel_on() {
        let producers = Headers::from([("x-death".into(), json!([])), ("mine".into(), json!(1))]);
        let headers = Envelope::default().write(&producers, "a");
        assert!(headers.contains_key("mine") && !headers.contains_key("x-death"));
    }

    #[test]
    fn the_oldest_details_shrink_first() {
        let mut envelope = Envelope::default();
        for attempt in 1..=10 {
            envelope.record(failed(attempt, &"x".repeat(8000)));
        }
        let read = Envelope::read(&envelope.write(&Headers::new(), "a"));
        assert_eq!(read.errors.len(), 10);
        assert!(read.errors[0].failure.text.len() <= 120);
        assert_eq!(read.errors[9].failure.text.len(), 8000);
        assert_eq!(read.errors[0].failure.code.as_deref(), Some("google-down"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn always_fits_one_frame(
            lengths in proptest::collection::vec(0usize..9000, 0..300),
            many in prop_oneof![Just(1u32), Just(10)],
            header in 0usize..48_000,
        ) {
            let mut envelope = Envelope::default();
            for (attempt, length) in (1..).zip(lengths.repeat(many as usize)) {
                // A control character takes six bytes in JSON, so this is the worst text.
                envelope.record(failed(attempt, &"\u{1}".repeat(length)));
            }
            let producers = Headers::from([("h".into(), json!("x".repeat(header)))]);
            let headers = envelope.write(&producers, &"k".repeat(255));
            prop_assert!(header_bytes(&headers) < 128 * 1024);
            let read = Envelope::read(&headers).errors;
            prop_assert!(read.last() == envelope.errors.last(), "the newest is whole");
        }
    }
}

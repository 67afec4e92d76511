//! A record of the journal as one line of JSON: how the bus speaks to a store of calls.
//!
//! There a record is a call like any other. The operation is the routing key, the actor the
//! producer, the service the one that was given the message (the bus itself, for a message that was
//! published), and the status what the same service would have answered over HTTP.

use dolmen_model::Time;
use serde::Serialize;

use crate::failure::Nature;
use crate::journal::{Event, What};
use crate::message::Message;

#[derive(Serialize)]
struct Line<'a> {
    position: u64,
    #[serde(skip_serializing_if = "is_first")]
    part: u32,
    at: Time,
    what: &'static str,
    routing_key: &'a str,
    service: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    producer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    took_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nature: Option<Nature>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    message_id: &'a str,
    request_id: &'a str,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_first(part: &u32) -> bool {
    *part == 0
}

impl Event {
    /// The record as one line, without a line end; `bus` is the name of the bus. A text of JSON has
    /// no line end in it.
    pub fn line(&self, bus: &str) -> serde_json::Result<String> {
        let error = self.error().map(|failed| &failed.failure);
        serde_json::to_string(&Line {
            position: self.position.number,
            part: self.position.part,
            at: self.at,
            what: self.what.as_str(),
            routing_key: &self.message.routing_key,
            service: self.service.as_deref().unwrap_or(bus),
            producer: self.message.producer.as_deref(),
            attempt: (self.what != What::Published).then_some(self.attempt),
            status: self.status(),
            took_us: self.took.map(|took| u64::try_from(took.as_micros()).unwrap_or(u64::MAX)),
            bytes: (self.what == What::Published).then_some(self.message.body.len()),
            nature: error.map(|failure| failure.nature),
            error: error.map(|failure| failure.text.as_str()),
            due_at: self.due_at,
            to: self.to.as_deref(),
            reason: self.reason.as_deref(),
            message_id: &self.message.id,
            request_id: self.message.request_id(),
        })
    }

    /// What a service would have answered over HTTP: the way back of what a handler's status means.
    const fn status(&self) -> Option<u16> {
        Some(match self.what {
            What::Published => 202,
            What::Done => 200,
            What::Forwarded => 307,
            What::Softfail => 503,
            What::Hardfail => match self.errors.as_slice() {
                [.., last] if matches!(last.failure.nature, Nature::Business) => 422,
                _ => 500,
            },
            What::Paused | What::Resumed => return None,
            What::Retried | What::Discarded | What::Restored => return None,
        })
    }
}

impl Message {
    /// What joins a message to the calls and marks that belong to it: the trace it is part of, else
    /// what its producer says it belongs to, else itself. All messages that follow from one have
    /// the same.
    pub fn request_id(&self) -> &str {
        let trace = self.traceparent.as_deref().and_then(crate::message::trace_id);
        trace.or(self.correlation_id.as_deref()).unwrap_or(&self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FailedAttempt, Failure, Position};

    const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_trace_joins_before_a_correlation_id_and_that_before_the_message_itself() {
        let mut message = Message::new("a", "");
        assert_eq!(message.request_id(), message.id);
        assert_eq!(message.following("b", "").request_id(), message.id);
        message.correlation_id = Some("order-7".into());
        assert_eq!(message.request_id(), "order-7");
        assert_eq!(message.following("b", "").request_id(), "order-7");
        message.traceparent = Some(TRACE.into());
        assert_eq!(message.request_id(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(message.following("b", "").request_id(), "0af7651916cd43dd8448eb211c80319c");
        message.traceparent = Some("nonsense".into());
        assert_eq!(message.request_id(), "order-7");
    }

    #[test]
    fn a_record_is_one_line_whatever_is_in_it() {
        let mut message = Message::new("notify.gram.user.created", "body");
        message.producer = Some("gram \"producer\"\n".into());
        message.id = "7".into();
        let mut event = Event::new(What::Softfail, Time::from_micros(1_000_000), message);
        event.position = Position::of(12);
        event.service = Some("googleapps".into());
        event.attempt = 3;
        event.errors.push(FailedAttempt {
            failure: Failure::availability("down\nagain"),
            service: "googleapps".into(),
            host: String::new(),
            time: Time::from_micros(1_000_000),
            attempt: 3,
        });
        assert_eq!(
            event.line("agoram").unwrap(),
            r#"{"position":12,"at":"1970-01-01T00:00:01Z","what":"softfail","routing_key":"notify.gram.user.created","service":"googleapps","producer":"gram \"producer\"\n","attempt":3,"status":503,"nature":"availability","error":"down\nagain","message_id":"7","request_id":"7"}"#
        );
        event.what = What::Published;
        event.service = None;
        event.position.part = 3;
        let line = event.line("agoram").unwrap();
        assert!(line.starts_with(r#"{"position":12,"part":3,"at""#), "{line}");
        assert!(line.contains(r#""service":"agoram""#) && line.contains(r#""bytes":4"#), "{line}");
        assert!(!line.contains("attempt"), "{line}");
    }

    #[test]
    fn the_status_says_what_http_would() {
        let mut event = Event::new(What::Hardfail, Time::from_micros(0), Message::new("a", ""));
        assert_eq!(event.status(), Some(500));
        event.errors.push(FailedAttempt {
            failure: Failure::business("taken"),
            service: "a".into(),
            host: String::new(),
            time: Time::from_micros(0),
            attempt: 1,
        });
        assert_eq!(event.status(), Some(422));
        event.what = What::Paused;
        assert_eq!(event.status(), None);
    }
}

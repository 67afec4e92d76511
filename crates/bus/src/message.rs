use std::collections::BTreeMap;

use bytes::Bytes;
use dolmen_model::Time;
use serde_json::Value;
use thiserror::Error;
use uuid::Uuid;

use crate::key::{self, KeyError};

/// A message's headers: names to JSON values, so that an integer stays one on every transport.
pub type Headers = BTreeMap<String, Value>;

/// The most bytes of headers that a producer may send; what is left of one AMQP frame (128 KiB)
/// is for the errors that travel with the message.
pub const MOST_HEADER_BYTES: usize = 48 * 1024;

/// The most bytes of a `traceparent` and of a `tracestate`; beside headers and errors they fit one
/// AMQP frame. W3C Trace Context (section 3.3.1.5) wants 512 to be passed on.
const MOST_TRACE_BYTES: usize = 4 * 1024;

/// One message, as its producer sent it. Nothing in dolmen ever changes a body.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The same on every attempt and in every service: what a duplicate is recognised by.
    pub id: String,
    /// What services listen to.
    pub routing_key: String,
    /// The content.
    pub body: Bytes,
    /// The producer's own headers, CloudEvents attributes included.
    pub headers: Headers,
    /// Who sent it (AMQP `app_id`).
    pub producer: Option<String>,
    /// What kind of message it is (AMQP `type`).
    pub kind: Option<String>,
    /// What it belongs to: the first message's id, or the caller's.
    pub correlation_id: Option<String>,
    /// The media type of the body.
    pub content_type: Option<String>,
    /// The routing key (or queue) that an answer should go to.
    pub reply_to: Option<String>,
    /// When it was made, as the producer says. RabbitMQ keeps whole seconds.
    pub time: Option<Time>,
    /// W3C trace context: the trace and the span that sent it.
    pub traceparent: Option<String>,
    /// W3C trace context: what vendors add.
    pub tracestate: Option<String>,
}

/// Why a message cannot be published; nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MessageError {
    /// Its routing key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Its id is empty or longer than a short string.
    #[error("a message id has 1 to 255 bytes, not {0}")]
    Id(usize),
    /// A text property is longer than AMQP can carry.
    #[error("{0} has {1} bytes, more than 255")]
    Property(&'static str, usize),
    /// A trace context that no header, environment or frame could carry.
    #[error("{name} has {bytes} bytes, more than {MOST_TRACE_BYTES}")]
    Trace {
        /// `traceparent` or `tracestate`.
        name: &'static str,
        /// How long it is.
        bytes: usize,
    },
    /// A header that belongs to the bus or to the broker.
    #[error("header {0:?} is not yours to set: `dolmen-` is the bus's and `x-` the broker's")]
    Reserved(String),
    /// More headers than fit.
    #[error("{0} bytes of headers, more than {MOST_HEADER_BYTES}: put them into the body")]
    Headers(usize),
}

impl Message {
    /// A message with a new id (UUID version 7) and nothing else set.
    pub fn new(routing_key: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self {
            id: Uuid::now_v7().to_string(),
            routing_key: routing_key.into(),
            body: body.into(),
            headers: Headers::new(),
            producer: None,
            kind: None,
            correlation_id: None,
            content_type: None,
            reply_to: None,
            time: None,
            traceparent: None,
            tracestate: None,
        }
    }

    /// A message that this one led to: it shares the correlation id and the trace.
    pub fn following(&self, routing_key: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self {
            correlation_id: Some(self.correlation_id.clone().unwrap_or_else(|| self.id.clone())),
            traceparent: self.traceparent.clone(),
            tracestate: self.tracestate.clone(),
            ..Self::new(routing_key, body)
        }
    }

    /// A CloudEvents 1.0 attribute, under either of the AMQP binding's prefixes.
    pub fn cloud_event(&self, attribute: &str) -> Option<&Value> {
        ["cloudEvents:", "cloudEvents_"]
            .iter()
            .find_map(|prefix| self.headers.get(&format!("{prefix}{attribute}")))
    }

    /// Whether every transport can carry it.
    pub fn check(&self) -> Result<(), MessageError> {
        key::check(&self.routing_key)?;
        if self.id.is_empty() || self.id.len() > key::LONGEST {
            return Err(MessageError::Id(self.id.len()));
        }
        let short = [
            ("producer", &self.producer),
            ("type", &self.kind),
            ("correlation id", &self.correlation_id),
            ("content type", &self.content_type),
            ("reply-to", &self.reply_to),
        ];
        for (name, value) in short {
            let length = value.as_ref().map_or(0, String::len);
            if length > key::LONGEST {
                return Err(MessageError::Property(name, length));
            }
        }
        for (name, value) in [("traceparent", &self.traceparent), ("tracestate", &self.tracestate)]
        {
            let bytes = value.as_ref().map_or(0, String::len);
            if bytes > MOST_TRACE_BYTES {
                return Err(MessageError::Trace { name, bytes });
            }
        }
        if let Some(name) = self.headers.keys().find(|name| is_reserved(name)) {
            return Err(MessageError::Reserved(name.clone()));
        }
        if let Some(name) = self.headers.keys().find(|name| name.len() > key::LONGEST) {
            return Err(MessageError::Property("a header's name", name.len()));
        }
        let bytes = header_bytes(&self.headers);
        if bytes > MOST_HEADER_BYTES {
            return Err(MessageError::Headers(bytes));
        }
        Ok(())
    }
}

/// Whether a header is the bus's (`dolmen-`) or the broker's (`x-`).
pub fn is_reserved(name: &str) -> bool {
    name.starts_with("dolmen-") || name.starts_with("x-")
}

/// About how many bytes headers take on the wire.
pub(crate) fn header_bytes(headers: &Headers) -> usize {
    headers.iter().map(|(name, value)| name.len() + value_bytes(value) + 8).sum()
}

fn value_bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(|value| value_bytes(value) + 8).sum(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| name.len() + value_bytes(value) + 8).sum()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
    }
}

/// The same trace with a new span: what a handler is given, so that what it sends and logs hangs
/// under this delivery. `None` when `traceparent` is not one (W3C Trace Context, section 3.2).
pub(crate) fn continue_trace(traceparent: &str) -> Option<String> {
    let (trace, flags) = trace_parts(traceparent)?;
    // The low half of a version 7 UUID is random but for its two variant bits.
    let (_, random) = Uuid::now_v7().as_u64_pair();
    Some(format!("00-{trace}-{random:016x}-{flags}"))
}

/// The trace id of a `traceparent`; `None` when it is not one.
pub(crate) fn trace_id(traceparent: &str) -> Option<&str> {
    trace_parts(traceparent).map(|(trace, _)| trace)
}

/// The trace id and the flags.
fn trace_parts(traceparent: &str) -> Option<(&str, &str)> {
    let mut parts = traceparent.split('-');
    let (version, trace, span, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let zero = |text: &str| text.bytes().all(|b| b == b'0');
    let valid = hex(version, 2) && hex(trace, 32) && hex(span, 16) && hex(flags, 2);
    if !valid || version == "ff" || zero(trace) || zero(span) {
        return None;
    }
    Some((trace, flags))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_new_message_can_be_published() {
        assert_eq!(Message::new("notify.gram.user.created", "{}").check(), Ok(()));
    }

    #[test]
    fn headers_of_the_bus_and_of_the_broker_are_refused() {
        for name in ["dolmen-attempt", "x-death"] {
            let mut message = Message::new("a", "");
            message.headers.insert(name.into(), json!(1));
            assert_eq!(message.check(), Err(MessageError::Reserved(name.into())));
        }
    }

    #[test]
    fn a_trace_context_that_nothing_could_carry_is_refused() {
        let mut message = Message::new("a", "");
        message.tracestate = Some("x".repeat(MOST_TRACE_BYTES));
        assert_eq!(message.check(), Ok(()));
        message.traceparent = Some("x".repeat(140_000));
        let error = message.check().unwrap_err();
        assert_eq!(error.to_string(), "traceparent has 140000 bytes, more than 4096");
    }

    #[test]
    fn headers_that_leave_no_room_for_errors_are_refused() {
        let mut message = Message::new("a", "");
        message.headers.insert("big".into(), json!("x".repeat(MOST_HEADER_BYTES)));
        assert!(matches!(message.check(), Err(MessageError::Headers(_))));
    }

    #[test]
    fn what_follows_shares_the_correlation_id_and_the_trace() {
        let mut first = Message::new("a", "");
        first.traceparent = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into());
        let second = first.following("b", "");
        let third = second.following("c", "");
        assert_eq!(second.correlation_id.as_ref(), Some(&first.id));
        assert_eq!(third.correlation_id.as_ref(), Some(&first.id));
        assert_eq!(third.traceparent, first.traceparent);
        assert_ne!(second.id, first.id);
    }

    #[test]
    fn a_trace_is_continued_under_a_new_span() {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let next = continue_trace(parent).unwrap();
        assert_eq!(next[..36], parent[..36]);
        assert_ne!(next[36..52], parent[36..52]);
        assert!(next.ends_with("-01"));
        assert_eq!(continue_trace("00-00000000000000000000000000000000-b7ad6b7169203331-01"), None);
        assert_eq!(continue_trace("nonsense"), None);
    }

    #[test]
    fn cloud_events_are_found_under_both_prefixes() {
        let mut message = Message::new("a", "");
        message.headers.insert("cloudEvents:source".into(), json!("/gram"));
        message.headers.insert("cloudEvents_type".into(), json!("user.created"));
        assert_eq!(message.cloud_event("source"), Some(&json!("/gram")));
        assert_eq!(message.cloud_event("type"), Some(&json!("user.created")));
    }
}

//! Records that are written together: one message of the stream, a line of JSON for each.
//!
//! Its header `dolmen-what` is `several`, which a dolmen that does not know it passes over. A line
//! has `what`, `at_us` (microseconds since 1970), `id`, `routing_key`, `service` and `attempt`; what
//! else a record says is there where it says it. Fields that are not known are passed over, and so
//! is a line that cannot be read.

use std::borrow::Cow;
use std::time::Duration;

use dolmen_bus::{Event, FailedAttempt, Headers, Message, Position, What};
use dolmen_model::Time;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use serde::{Deserialize, Serialize};

use super::name;
use crate::convert::PERSISTENT;

/// The word of a message that holds several records.
const SEVERAL: &str = "several";

/// The media type of its body: lines of JSON.
const LINES: &str = "application/x-ndjson";

#[derive(Serialize, Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    what: Cow<'a, str>,
    at_us: i64,
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    routing_key: Cow<'a, str>,
    attempt: u32,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    service: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    took_us: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_at_us: Option<i64>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    to: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    reason: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "no_errors")]
    errors: Cow<'a, [FailedAttempt]>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    producer: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    correlation_id: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    content_type: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    reply_to: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time_us: Option<i64>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    tracestate: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "no_headers")]
    headers: Cow<'a, Headers>,
}

fn no_errors(errors: &[FailedAttempt]) -> bool {
    errors.is_empty()
}

fn no_headers(headers: &Headers) -> bool {
    headers.is_empty()
}

/// The properties of a message that holds several records.
pub(crate) fn properties(id: &str) -> BasicProperties {
    let mut table = FieldTable::default();
    table.insert(name::WHAT.into(), AMQPValue::LongString(SEVERAL.into()));
    BasicProperties::default()
        .with_message_id(id.into())
        .with_content_type(LINES.into())
        .with_delivery_mode(PERSISTENT)
        .with_headers(table)
}

/// Whether a message of the stream holds several records.
pub(crate) fn is_several(properties: &BasicProperties) -> bool {
    let headers = properties.headers().as_ref();
    matches!(
        headers.and_then(|headers| headers.inner().get(name::WHAT)),
        Some(AMQPValue::LongString(what)) if what.as_bytes() == SEVERAL.as_bytes()
    )
}

/// Adds a record to the lines; not its message's body.
pub(crate) fn write(event: &Event, lines: &mut Vec<u8>) -> serde_json::Result<()> {
    let Event { message, .. } = event;
    serde_json::to_writer(
        &mut *lines,
        &Line {
            what: event.what.as_str().into(),
            at_us: event.at.micros(),
            id: message.id.as_str().into(),
            routing_key: message.routing_key.as_str().into(),
            attempt: event.attempt,
            service: text(&event.service),
            took_us: event.took.map(|took| u64::try_from(took.as_micros()).unwrap_or(u64::MAX)),
            due_at_us: event.due_at.map(Time::micros),
            to: text(&event.to),
            reason: text(&event.reason),
            errors: event.errors.as_slice().into(),
            producer: text(&message.producer),
            kind: text(&message.kind),
            correlation_id: text(&message.correlation_id),
            content_type: text(&message.content_type),
            reply_to: text(&message.reply_to),
            time_us: message.time.map(Time::micros),
            traceparent: text(&message.traceparent),
            tracestate: text(&message.tracestate),
            headers: Cow::Borrowed(&message.headers),
        },
    )?;
    lines.push(b'\n');
    Ok(())
}

fn text(text: &Option<String>) -> Option<Cow<'_, str>> {
    text.as_deref().map(Cow::Borrowed)
}

/// The records of a message that stands at `number`.
pub(crate) fn read(lines: &[u8], number: u64) -> Vec<Event> {
    let lines = lines.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    (0..).zip(lines).filter_map(|(part, line)| one(line, Position { number, part })).collect()
}

fn one(line: &[u8], position: Position) -> Option<Event> {
    let line: Line<'_> = serde_json::from_slice(line).ok()?;
    let text = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
    let message = Message {
        id: line.id.into_owned(),
        producer: text(line.producer),
        kind: text(line.kind),
        correlation_id: text(line.correlation_id),
        content_type: text(line.content_type),
        reply_to: text(line.reply_to),
        time: line.time_us.map(Time::from_micros),
        traceparent: text(line.traceparent),
        tracestate: text(line.tracestate),
        headers: line.headers.into_owned(),
        ..Message::new(line.routing_key, "")
    };
    let mut event = Event::new(What::parse(&line.what)?, Time::from_micros(line.at_us), message);
    event.position = position;
    event.attempt = line.attempt;
    event.service = text(line.service);
    event.took = line.took_us.map(Duration::from_micros);
    event.due_at = line.due_at_us.map(Time::from_micros);
    event.to = text(line.to);
    event.reason = text(line.reason);
    event.errors = line.errors.into_owned();
    Some(event)
}

#[cfg(test)]
mod tests {
    use dolmen_bus::Failure;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn whole(routing_key: &str, text: &str) -> Event {
        let some = || Some(text.to_owned());
        let message = Message {
            headers: Headers::from([("h".into(), json!([1, text, {"deep": null}]))]),
            producer: some(),
            kind: some(),
            correlation_id: some(),
            content_type: some(),
            reply_to: some(),
            time: Some(Time::from_micros(3)),
            traceparent: some(),
            tracestate: some(),
            ..Message::new(routing_key, "")
        };
        let mut event = Event::new(What::Softfail, Time::from_micros(-1), message);
        event.service = some();
        event.attempt = 4;
        event.took = Some(Duration::from_micros(5));
        event.due_at = Some(Time::from_micros(6));
        (event.to, event.reason) = (some(), some());
        let failure = Failure::availability(text).code("down");
        let (service, host) = (text.to_owned(), text.to_owned());
        let time = Time::from_micros(7);
        event.errors = vec![FailedAttempt { failure, service, host, time, attempt: 4 }];
        event
    }

    #[test]
    fn what_cannot_be_read_costs_only_itself() {
        let mut lines = Vec::new();
        write(&whole("a", "x"), &mut lines).unwrap();
        lines.extend(b"not json\n{\"what\":\"done\"}\n");
        let newer = br#"{"what":"vanished","at_us":1,"id":"i","routing_key":"k","attempt":1}"#;
        lines.extend([&newer[..], b"\n"].concat());
        let known = br#"{"what":"done","at_us":1,"id":"i","routing_key":"k","attempt":1,"new":{}}"#;
        lines.extend(known);
        let read = read(&lines, 7);
        let positions: Vec<_> = read.iter().map(|event| event.position).collect();
        assert_eq!(positions, [0, 4].map(|part| Position { number: 7, part }));
        assert_eq!((read[1].what, &*read[1].message.id), (What::Done, "i"));
    }

    proptest! {
        #[test]
        fn records_come_back_as_they_were(texts in proptest::collection::vec(".*", 1..5)) {
            let mut events = Vec::new();
            let mut lines = Vec::new();
            for (part, text) in (0..).zip(&texts) {
                let mut event = whole("a.b", text);
                event.position = Position { number: 9, part };
                write(&event, &mut lines).unwrap();
                events.push(event);
            }
            prop_assert_eq!(read(&lines, 9), events);
        }
    }
}

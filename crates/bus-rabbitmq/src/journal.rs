//! Records of the journal as AMQP messages, and the stream they are read back from.

use std::time::Duration;

use dolmen_bus::{Bytes, Envelope, Event, Headers, TransportError, What};
use dolmen_model::Time;
use futures_util::StreamExt;
use lapin::BasicProperties;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::{AMQPValue, FieldTable};
use serde_json::Value;
use uuid::Uuid;

use crate::convert::{message, properties};
use crate::link::{Link, answer, unreachable};
use crate::topology::close;

/// What a record says besides the message and its envelope.
mod name {
    pub(super) const WHAT: &str = "dolmen-what";
    pub(super) const AT: &str = "dolmen-at";
    pub(super) const TO: &str = "dolmen-to";
    pub(super) const TOOK: &str = "dolmen-took-us";
}

/// A stream is at its end when nothing came for so long.
const QUIET: Duration = Duration::from_millis(300);

/// How many records are on their way at a time.
const PREFETCH: u16 = 1000;

/// A record's properties and body.
pub(crate) fn write(event: &Event) -> (BasicProperties, Bytes) {
    let envelope = Envelope {
        attempt: event.attempt,
        service: event.service.clone(),
        due_at: event.due_at,
        errors: event.errors.clone(),
        reason: event.reason.clone(),
        ..Envelope::default()
    };
    let mut headers = envelope.write(&event.message.headers, &event.message.routing_key);
    let mut note = |name: &str, value: Value| headers.insert(name.to_owned(), value);
    note(name::WHAT, event.what.as_str().into());
    note(name::AT, event.at.to_string().into());
    if let Some(to) = &event.to {
        note(name::TO, to.as_str().into());
    }
    if let Some(took) = event.took {
        note(name::TOOK, u64::try_from(took.as_micros()).unwrap_or(u64::MAX).into());
    }
    // Only of a failed message the body is worth keeping twice.
    let body = match event.what {
        What::Hardfail => event.message.body.clone(),
        _ => Bytes::new(),
    };
    (properties(&event.message, &headers), body)
}

/// A record from the stream; `None` for a word of a newer dolmen. Nobody says when a message was
/// published whose producer does not: its id may, and else it was not before `earlier`.
fn read(delivery: lapin::message::Delivery, earlier: Time) -> Option<Event> {
    let key = delivery.routing_key.as_str().to_owned();
    let (message, headers) = message(&key, &delivery.properties, delivery.data);
    let position = headers.get("x-stream-offset")?.as_u64()?;
    let envelope = Envelope::read(&headers);
    let text = |name: &str| headers.get(name).and_then(Value::as_str).map(str::to_owned);
    let what = match text(name::WHAT) {
        Some(word) => What::parse(&word)?,
        None => What::Published,
    };
    let said = text(name::AT).and_then(|text| parse(&text)).or(message.time);
    let at = said.or_else(|| made_at(&message.id)).unwrap_or(earlier);
    let took = headers.get(name::TOOK).and_then(Value::as_u64).map(Duration::from_micros);
    let mut event = Event::new(what, at, message);
    event.position = position;
    event.attempt = envelope.attempt;
    if what != What::Published {
        event.service = envelope.service;
        event.errors = envelope.errors;
        event.due_at = envelope.due_at;
        event.reason = envelope.reason;
    }
    event.to = text(name::TO);
    event.took = took;
    Some(event)
}

fn parse(text: &str) -> Option<Time> {
    let headers = Headers::from([(dolmen_bus::header::DUE_AT.to_owned(), text.into())]);
    Envelope::read(&headers).due_at
}

/// When an id was made, if it says so (UUID version 7).
fn made_at(id: &str) -> Option<Time> {
    let made = Uuid::try_parse(id).ok().filter(|id| id.get_version_num() == 7)?.get_timestamp()?;
    let (seconds, nanos) = made.to_unix();
    let micros = i64::try_from(seconds).ok()?.checked_mul(1_000_000)?;
    Some(Time::from_micros(micros.checked_add(i64::from(nanos / 1000))?))
}

/// Where to start reading.
#[derive(Clone, Copy, Debug)]
pub(crate) enum From {
    First,
    After(u64),
    /// Roughly: the broker starts at the block that holds this time.
    Time(Time),
}

/// Reads at most `most` records.
pub(crate) async fn page(
    link: &Link,
    stream: &str,
    from: From,
    most: usize,
    now: Time,
) -> Result<Vec<Event>, TransportError> {
    let channel = link.channel().await?;
    let offset = match from {
        From::First => AMQPValue::LongString("first".into()),
        From::After(position) => {
            let next = position.saturating_add(1);
            AMQPValue::LongLongInt(i64::try_from(next).unwrap_or(i64::MAX))
        }
        From::Time(time) => AMQPValue::Timestamp(u64::try_from(time.seconds()).unwrap_or(0)),
    };
    let mut arguments = FieldTable::default();
    arguments.insert("x-stream-offset".into(), offset);
    let consuming = async {
        channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
        let options = BasicConsumeOptions::default();
        channel.basic_consume(stream.into(), "".into(), options, arguments).await
    };
    let mut consumer = answer(&channel, consuming).await.map_err(|error| unreachable(&error))?;
    let mut events = Vec::new();
    let mut earlier = now;
    while events.len() < most {
        let Ok(next) = tokio::time::timeout(QUIET, consumer.next()).await else { break };
        let Some(delivery) = next else { break };
        let delivery = delivery.map_err(|error| unreachable(&error))?;
        let ack = answer(&channel, delivery.acker.ack(BasicAckOptions::default())).await;
        ack.map_err(|error| unreachable(&error))?;
        let Some(event) = read(delivery, earlier) else { continue };
        earlier = event.at;
        // A block may begin before what was asked for.
        if !matches!(from, From::After(position) if event.position <= position) {
            events.push(event);
        }
    }
    drop(consumer);
    close(channel).await;
    Ok(events)
}

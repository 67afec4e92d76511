//! Records of the journal as AMQP messages, and the stream they are read back from.
//!
//! A record by itself is a message with properties and headers; those that are written together are
//! the lines of one message ([`several`]).

pub(crate) mod several;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use dolmen_bus::{Bytes, Envelope, Event, Headers, Position, TransportError, What, after};
use dolmen_model::Time;
use lapin::BasicProperties;
use lapin::types::AMQPValue;
use serde_json::Value;
use uuid::Uuid;

use crate::convert::{message, properties};
use crate::link::Link;
use crate::stream::{QUIET, Reader, offset, position};

/// What a record says besides the message and its envelope.
mod name {
    pub(super) const WHAT: &str = "dolmen-what";
    pub(super) const AT: &str = "dolmen-at";
    pub(super) const TO: &str = "dolmen-to";
    pub(super) const TOOK: &str = "dolmen-took-us";
}

/// The last block of a stream was read when nothing came for a while, or so long in all.
const LAST_BLOCK: Duration = Duration::from_secs(2);

/// How long a record may take to come that is known to be there.
const PATIENCE: Duration = Duration::from_secs(10);

/// How far the clock of whoever wrote a record may be behind the broker's.
const BEHIND: Duration = Duration::from_secs(3600);

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

/// What stands at one number of the stream; nothing for a word of a newer dolmen. Nobody says when a
/// message was published whose producer does not: its id may, and else it was not before `earlier`.
fn read(delivery: lapin::message::Delivery, earlier: Time) -> Vec<Event> {
    let Some(number) = position(&delivery) else { return Vec::new() };
    match several::is_several(&delivery.properties) {
        true => several::read(&delivery.data, number),
        false => one(delivery, number, earlier).into_iter().collect(),
    }
}

fn one(delivery: lapin::message::Delivery, number: u64, earlier: Time) -> Option<Event> {
    let key = delivery.routing_key.as_str().to_owned();
    let id = delivery.properties.message_id().as_ref().map(|id| id.as_str().to_owned());
    let (mut message, headers) = message(&key, &delivery.properties, delivery.data);
    if id.is_none() {
        // The same whenever it is read.
        message.id = format!("without-id-{number}");
    }
    let envelope = Envelope::read(&headers);
    let text = |name: &str| headers.get(name).and_then(Value::as_str).map(str::to_owned);
    let what = match text(name::WHAT) {
        Some(word) => What::parse(&word)?,
        None => What::Published,
    };
    let said = text(name::AT).and_then(|text| parse(&text)).or(message.time);
    let at = said.or_else(|| made_at(id.as_deref()?)).unwrap_or(earlier);
    let took = headers.get(name::TOOK).and_then(Value::as_u64).map(Duration::from_micros);
    let mut event = Event::new(what, at, message);
    event.position = Position::of(number);
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
pub(crate) fn made_at(id: &str) -> Option<Time> {
    let made = Uuid::try_parse(id).ok().filter(|id| id.get_version_num() == 7)?.get_timestamp()?;
    let (seconds, nanos) = made.to_unix();
    let micros = i64::try_from(seconds).ok()?.checked_mul(1_000_000)?;
    Some(Time::from_micros(micros.checked_add(i64::from(nanos / 1000))?))
}

/// Where to start reading.
#[derive(Clone, Copy, Debug)]
pub(crate) enum From {
    First,
    After(Position),
    /// Roughly: the broker starts at the block that holds this time.
    Time(Time),
}

/// At most `most` records.
pub(crate) async fn page(
    link: &Link,
    stream: &str,
    from: From,
    most: usize,
    now: Time,
) -> Result<Vec<Event>, TransportError> {
    let mut events = Vec::new();
    scan(link, stream, from, now, |event| {
        if events.len() < most {
            events.push(event);
        }
        match events.len() < most {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    })
    .await?;
    Ok(events)
}

/// Every record about one message, oldest first.
pub(crate) async fn trace(
    link: &Link,
    stream: &str,
    id: &str,
    now: Time,
) -> Result<Vec<Event>, TransportError> {
    let mut events = Vec::new();
    // Whoever made its id may have had a clock that was fast.
    for from in [begin(id, now), From::First] {
        if events.is_empty() {
            scan(link, stream, from, now, |event| {
                if event.message.id == id {
                    events.push(event);
                }
                ControlFlow::Continue(())
            })
            .await?;
        }
        if matches!(from, From::First) {
            break;
        }
    }
    Ok(events)
}

/// Where the records of a message begin: when its id says that it was made, where it does.
fn begin(id: &str, now: Time) -> From {
    match made_at(id).filter(|&at| at <= now) {
        Some(at) => {
            let behind = i64::try_from(BEHIND.as_micros()).unwrap_or(i64::MAX);
            From::Time(Time::from_micros(at.micros().saturating_sub(behind)))
        }
        None => From::First,
    }
}

/// Shows `see` one record after the other, until it has seen enough or all that were there when
/// this began. That is known before it reads: a broker that is busy may be silent at any time.
pub(crate) async fn scan(
    link: &Link,
    stream: &str,
    from: From,
    now: Time,
    see: impl FnMut(Event) -> ControlFlow<()>,
) -> Result<(), TransportError> {
    let Some(last) = last(link, stream, now).await? else { return Ok(()) };
    let nothing_after = match from {
        From::First => false,
        From::After(position) => last.position <= position,
        From::Time(time) => last.at.is_some_and(|at| after(at, BEHIND) < time),
    };
    if nothing_after {
        return Ok(());
    }
    read_until(link, stream, from, last.position.number, now, see).await
}

/// The same as far as the number `until`, which is there.
pub(crate) async fn read_until(
    link: &Link,
    stream: &str,
    from: From,
    until: u64,
    now: Time,
    mut see: impl FnMut(Event) -> ControlFlow<()>,
) -> Result<(), TransportError> {
    let (offset, ahead) = match from {
        From::First => (AMQPValue::LongString("first".into()), until.saturating_add(1)),
        From::After(Position { number, part: u32::MAX }) => {
            (offset(number.saturating_add(1)), until.saturating_sub(number))
        }
        // More may stand under the same number.
        From::After(Position { number, .. }) => {
            (offset(number), until.saturating_sub(number).saturating_add(1))
        }
        From::Time(time) => {
            (AMQPValue::Timestamp(u64::try_from(time.seconds()).unwrap_or(0)), u64::MAX)
        }
    };
    let mut reader = Reader::open(link, stream, offset, ahead).await?;
    let reading = async {
        let mut earlier = now;
        let mut seen = None;
        while seen < Some(until) {
            let Some(delivery) = reader.next(PATIENCE).await? else {
                // Of a time nobody knows whether a record follows it.
                if seen.is_none() && matches!(from, From::Time(_)) {
                    break;
                }
                return Err(TransportError::Unreachable(format!(
                    "the stream {stream} gives no record after {seen:?}, and its last is {until}"
                )));
            };
            seen = position(&delivery).or(seen);
            for event in read(delivery, earlier) {
                earlier = event.at;
                // What is read may begin before what was asked for.
                let is_before = matches!(from, From::After(after) if event.position <= after);
                if !is_before && see(event).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    };
    let result = reading.await;
    reader.close().await;
    result
}

/// The last record of a stream.
pub(crate) struct Last {
    pub(crate) position: Position,
    /// When, if a newer dolmen did not write it.
    at: Option<Time>,
}

/// The last record; `None` when there is none yet.
pub(crate) async fn last(
    link: &Link,
    stream: &str,
    now: Time,
) -> Result<Option<Last>, TransportError> {
    let offset = AMQPValue::LongString("last".into());
    let mut reader = Reader::open(link, stream, offset, u64::MAX).await?;
    // What the broker counts may be some seconds old: a stream that it calls empty may not be.
    let first = if reader.records() > 0 { PATIENCE } else { QUIET };
    let reading = async {
        let mut last = None;
        let began = Instant::now();
        while let Some(delivery) = reader.next(if last.is_none() { first } else { QUIET }).await? {
            last = Some(delivery);
            if began.elapsed() > LAST_BLOCK {
                break;
            }
        }
        Ok(last.and_then(|delivery| {
            let number = position(&delivery)?;
            Some(match read(delivery, now).last() {
                Some(event) => Last { position: event.position, at: Some(event.at) },
                None => Last { position: Position::of(number), at: None },
            })
        }))
    };
    let result = reading.await;
    reader.close().await;
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_story_is_looked_for_from_when_its_id_was_made() {
        let now = Time::from_micros(1_790_000_000_000_000);
        let made = |millis: u64| {
            let time = uuid::Timestamp::from_unix(uuid::NoContext, millis / 1000, 0);
            Uuid::new_v7(time).to_string()
        };
        let hour = 3_600_000_000;
        match begin(&made(1_789_000_000_000), now) {
            From::Time(time) => assert_eq!(time.micros(), 1_789_000_000_000_000 - hour),
            other => panic!("{other:?}"),
        }
        for id in ["gram-7", "", &made(1_800_000_000_000), "0af76519-16cd-43dd-8448-eb211c80319c"] {
            assert!(matches!(begin(id, now), From::First), "{id}");
        }
    }
}

//! Messages, envelopes and errors as rows.

use dolmen_bus::{Bytes, Envelope, FailedAttempt, Headers, Message};
use dolmen_model::Time;
use rusqlite::{Connection, Row, named_params};

/// The columns that [`message`] reads, from the table `message`.
pub(crate) const MESSAGE: &str = "message.id, message.routing_key, message.body, message.headers, \
    message.producer, message.type, message.correlation_id, message.content_type, \
    message.reply_to, message.time, message.traceparent, message.tracestate";

/// Writes a message; its number.
pub(crate) fn insert_message(
    connection: &Connection,
    message: &Message,
    published_at: Time,
) -> rusqlite::Result<i64> {
    connection
        .prepare_cached(
            "INSERT INTO message (id, routing_key, body, headers, producer, type, correlation_id,
                 content_type, reply_to, time, traceparent, tracestate, published_at)
             VALUES (:id, :routing_key, :body, :headers, :producer, :type, :correlation_id,
                 :content_type, :reply_to, :time, :traceparent, :tracestate, :published_at)",
        )?
        .insert(named_params! {
            ":id": message.id,
            ":routing_key": message.routing_key,
            ":body": &message.body[..],
            ":headers": json_unless(&message.headers, message.headers.is_empty()),
            ":producer": message.producer,
            ":type": message.kind,
            ":correlation_id": message.correlation_id,
            ":content_type": message.content_type,
            ":reply_to": message.reply_to,
            ":time": message.time.map(Time::micros),
            ":traceparent": message.traceparent,
            ":tracestate": message.tracestate,
            ":published_at": published_at.micros(),
        })
}

/// Reads the columns of [`MESSAGE`], the first of which stands at `at`.
pub(crate) fn message(row: &Row<'_>, at: usize) -> rusqlite::Result<Message> {
    let headers: Option<String> = row.get(at + 3)?;
    let body: Vec<u8> = row.get(at + 2)?;
    Ok(Message {
        id: row.get(at)?,
        routing_key: row.get(at + 1)?,
        body: Bytes::from(body),
        headers: read_json(headers),
        producer: row.get(at + 4)?,
        kind: row.get(at + 5)?,
        correlation_id: row.get(at + 6)?,
        content_type: row.get(at + 7)?,
        reply_to: row.get(at + 8)?,
        time: row.get::<_, Option<i64>>(at + 9)?.map(Time::from_micros),
        traceparent: row.get(at + 10)?,
        tracestate: row.get(at + 11)?,
    })
}

/// An envelope as text; `None` for one that says nothing.
pub(crate) fn write_envelope(envelope: &Envelope, routing_key: &str) -> Option<String> {
    json_unless(&envelope.write(&Headers::new(), routing_key), *envelope == Envelope::default())
}

/// The envelope read back.
pub(crate) fn read_envelope(text: Option<String>) -> Envelope {
    Envelope::read(&read_json(text))
}

/// Errors as text; `None` when there are none.
pub(crate) fn write_errors(errors: &[FailedAttempt]) -> Option<String> {
    json_unless(errors, errors.is_empty())
}

/// What was written as JSON read back; nothing for what is absent.
pub(crate) fn read_json<T: Default + for<'de> serde::Deserialize<'de>>(text: Option<String>) -> T {
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

fn json_unless<T: serde::Serialize + ?Sized>(value: &T, nothing: bool) -> Option<String> {
    if nothing { None } else { serde_json::to_string(value).ok() }
}

//! Messages as AMQP properties and headers, and back.

use dolmen_bus::{Bytes, Headers, Message, header, is_reserved};
use dolmen_model::Time;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldArray, FieldTable, LongString, ShortString};
use serde_json::{Map, Number, Value};
use uuid::Uuid;

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";
/// Kept on disk (AMQP `delivery_mode`).
pub(crate) const PERSISTENT: u8 = 2;

/// The properties of a message with these headers (the producer's, and ours where it has any).
pub(crate) fn properties(message: &Message, headers: &Headers) -> BasicProperties {
    let mut table = table(headers);
    let trace = [(TRACEPARENT, &message.traceparent), (TRACESTATE, &message.tracestate)];
    for (name, value) in trace {
        if let Some(value) = value {
            table.insert(name.into(), AMQPValue::LongString(value.as_str().into()));
        }
    }
    let mut properties = BasicProperties::default()
        .with_message_id(message.id.as_str().into())
        .with_delivery_mode(PERSISTENT)
        .with_headers(table);
    if let Some(value) = &message.producer {
        properties = properties.with_app_id(value.as_str().into());
    }
    if let Some(value) = &message.kind {
        properties = properties.with_type(value.as_str().into());
    }
    if let Some(value) = &message.correlation_id {
        properties = properties.with_correlation_id(value.as_str().into());
    }
    if let Some(value) = &message.content_type {
        properties = properties.with_content_type(value.as_str().into());
    }
    if let Some(value) = &message.reply_to {
        properties = properties.with_reply_to(value.as_str().into());
    }
    if let Some(seconds) = message.time.and_then(|time| u64::try_from(time.seconds()).ok()) {
        properties = properties.with_timestamp(seconds);
    }
    properties
}

/// A message and all its headers, ours and the broker's included, from what was delivered.
pub(crate) fn message(
    routing_key: &str,
    properties: &BasicProperties,
    body: Vec<u8>,
) -> (Message, Headers) {
    let text = |value: &Option<ShortString>| value.as_ref().map(|text| text.as_str().to_owned());
    let id = text(properties.message_id()).filter(|id| !id.is_empty());
    let mut headers = match properties.headers() {
        Some(table) => read_table(table),
        None => Headers::new(),
    };
    let mut take = |name: &str| match headers.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let (traceparent, tracestate) = (take(TRACEPARENT), take(TRACESTATE));
    let original = headers.get(header::ROUTING_KEY).and_then(Value::as_str);
    let seconds = properties.timestamp().and_then(|seconds| i64::try_from(seconds).ok());
    let message = Message {
        // A message without an id gets one here, and keeps it on every later attempt.
        id: id.unwrap_or_else(|| Uuid::now_v7().to_string()),
        routing_key: original.unwrap_or(routing_key).to_owned(),
        body: Bytes::from(body),
        headers: headers
            .iter()
            .filter(|(name, _)| !is_reserved(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        producer: text(properties.app_id()),
        kind: text(properties.kind()),
        correlation_id: text(properties.correlation_id()),
        content_type: text(properties.content_type()),
        reply_to: text(properties.reply_to()),
        time: seconds.and_then(Time::from_seconds),
        traceparent,
        tracestate,
    };
    (message, headers)
}

fn table(headers: &Headers) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in headers {
        table.insert(name.as_str().into(), amqp(value));
    }
    table
}

fn amqp(value: &Value) -> AMQPValue {
    match value {
        Value::Null => AMQPValue::Void,
        Value::Bool(flag) => AMQPValue::Boolean(*flag),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => AMQPValue::LongLongInt(integer),
            (None, Some(double)) => AMQPValue::Double(double),
            (None, None) => AMQPValue::LongString(number.to_string().into()),
        },
        Value::String(text) => AMQPValue::LongString(text.as_str().into()),
        Value::Array(values) => {
            let mut array = FieldArray::default();
            for value in values {
                array.push(amqp(value));
            }
            AMQPValue::FieldArray(array)
        }
        Value::Object(fields) => {
            let mut table = FieldTable::default();
            for (name, value) in fields {
                // AMQP cannot carry a longer name, in depth as little as above.
                if let Ok(name) = ShortString::try_new(name.as_str()) {
                    table.insert(name, amqp(value));
                }
            }
            AMQPValue::FieldTable(table)
        }
    }
}

fn read_table(table: &FieldTable) -> Headers {
    let read = |(name, value): (&ShortString, &AMQPValue)| (name.as_str().to_owned(), json(value));
    table.inner().iter().map(read).collect()
}

pub(crate) fn json(value: &AMQPValue) -> Value {
    match value {
        AMQPValue::Boolean(flag) => Value::Bool(*flag),
        AMQPValue::ShortShortInt(n) => Value::from(*n),
        AMQPValue::ShortShortUInt(n) => Value::from(*n),
        AMQPValue::ShortInt(n) => Value::from(*n),
        AMQPValue::ShortUInt(n) => Value::from(*n),
        AMQPValue::LongInt(n) => Value::from(*n),
        AMQPValue::LongUInt(n) => Value::from(*n),
        AMQPValue::LongLongInt(n) => Value::from(*n),
        AMQPValue::Timestamp(n) => Value::from(*n),
        AMQPValue::Float(n) => double(f64::from(*n)),
        AMQPValue::Double(n) => double(*n),
        AMQPValue::DecimalValue(n) => double(f64::from(n.value) / 10f64.powi(i32::from(n.scale))),
        AMQPValue::ShortString(text) => Value::String(text.as_str().to_owned()),
        AMQPValue::LongString(text) => Value::String(long(text)),
        AMQPValue::ByteArray(bytes) => {
            Value::String(String::from_utf8_lossy(bytes.as_slice()).into_owned())
        }
        AMQPValue::FieldArray(values) => Value::Array(values.as_slice().iter().map(json).collect()),
        AMQPValue::FieldTable(table) => {
            Value::Object(read_table(table).into_iter().collect::<Map<_, _>>())
        }
        AMQPValue::Void => Value::Null,
    }
}

fn long(text: &LongString) -> String {
    String::from_utf8_lossy(text.as_bytes()).into_owned()
}

fn double(n: f64) -> Value {
    Number::from_f64(n).map_or(Value::Null, Value::Number)
}

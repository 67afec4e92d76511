//! Messages from standard input, as fast as they come.

use std::io::{self, BufRead};

use anyhow::Context as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dolmen_bus::{Headers, Message};
use dolmen_model::Time;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::{Properties, Publisher};
use crate::exit::UsageError;

/// The most messages that are confirmed together.
const BATCH: usize = 1000;

/// A message as a line says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'l> {
    routing_key: String,
    #[serde(borrow)]
    data: Option<&'l RawValue>,
    body: Option<String>,
    body_base64: Option<String>,
    message_id: Option<String>,
    #[serde(default)]
    headers: Headers,
    producer: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    correlation_id: Option<String>,
    content_type: Option<String>,
    reply_to: Option<String>,
    time: Option<String>,
    traceparent: Option<String>,
    tracestate: Option<String>,
}

/// Publishes what standard input holds. What was read is published before more is waited for.
pub(super) async fn publish(
    key: Option<&str>,
    properties: &Properties,
    publisher: &mut Publisher<'_>,
) -> anyhow::Result<()> {
    let (sender, mut lines) = mpsc::channel(2 * BATCH);
    let reading = tokio::task::spawn_blocking(move || read(&sender));
    let mut batch = Vec::with_capacity(BATCH);
    let mut number = 0;
    while lines.recv_many(&mut batch, BATCH).await > 0 {
        let mut messages = Vec::with_capacity(batch.len());
        let mut fault = None;
        for line in batch.drain(..) {
            number += 1;
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let message = message(key, &line, properties)
                .and_then(|message| publisher.check(&message).map(|()| message));
            match message {
                Ok(message) => messages.push(message),
                Err(error) => {
                    fault = Some((number, error));
                    break;
                }
            }
        }
        publisher.publish(messages).await?;
        if let Some((number, error)) = fault {
            let before = publisher.published;
            return Err(error.context(format!(
                "standard input, line {number} ({before} before it were published)"
            )));
        }
    }
    reading.await.context("reading broke off")?.context("cannot read standard input")
}

fn read(lines: &mpsc::Sender<Vec<u8>>) -> io::Result<()> {
    let mut input = io::stdin().lock();
    loop {
        let mut line = Vec::new();
        if input.read_until(b'\n', &mut line)? == 0 || lines.blocking_send(line).is_err() {
            return Ok(());
        }
    }
}

fn message(key: Option<&str>, line: &[u8], properties: &Properties) -> anyhow::Result<Message> {
    let line = line.trim_ascii();
    let wrong = |error: serde_json::Error| {
        // serde says "at line 1 column 7"; the line is said already.
        let text = error.to_string();
        let text = text.split(" at line ").next().unwrap_or(&text).to_owned();
        UsageError(format!("column {}: {text}", error.column()))
    };
    let Some(key) = key else {
        let line: Line<'_> = serde_json::from_slice(line).map_err(wrong)?;
        return whole(line, properties);
    };
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(line) {
        return Err(UsageError(format!(
            "{}; each line is to be JSON: --data TEXT publishes a text as it is, and `-` all of \
             standard input as one",
            wrong(error)
        ))
        .into());
    }
    let mut message = Message::new(key, line.to_vec());
    properties.fill(&mut message);
    message.content_type.get_or_insert_with(|| "application/json".to_owned());
    Ok(message)
}

fn whole(line: Line<'_>, properties: &Properties) -> anyhow::Result<Message> {
    let (body, content_type) = match (line.data, line.body, line.body_base64) {
        (Some(data), None, None) => {
            (data.get().as_bytes().to_vec(), Some("application/json".to_owned()))
        }
        (None, Some(text), None) => (text.into_bytes(), None),
        (None, None, Some(text)) => {
            let body = STANDARD.decode(&text);
            (body.map_err(|error| UsageError(format!("body_base64: {error}")))?, None)
        }
        (None, None, None) => (Vec::new(), None),
        _ => {
            let why = "a message has one of `data`, `body` and `body_base64`";
            return Err(UsageError(why.to_owned()).into());
        }
    };
    let time = match &line.time {
        Some(text) => {
            let time: jiff::Timestamp =
                text.parse().map_err(|error| UsageError(format!("time: {error}")))?;
            Some(Time::from_micros(time.as_microsecond()))
        }
        None => None,
    };
    let mut message = Message::new(line.routing_key, body);
    message.id = line.message_id.unwrap_or(message.id);
    message.headers = line.headers;
    message.producer = line.producer;
    message.kind = line.kind;
    message.correlation_id = line.correlation_id;
    message.content_type = line.content_type;
    message.reply_to = line.reply_to;
    message.time = time;
    message.traceparent = line.traceparent;
    message.tracestate = line.tracestate;
    properties.fill(&mut message);
    message.content_type = message.content_type.or(content_type);
    Ok(message)
}

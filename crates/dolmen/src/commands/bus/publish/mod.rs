mod lines;

use std::fs;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use dolmen_bus::{Clock, Contracts, Message, PublishError, SystemClock, TransportError};
use serde::Serialize;
use serde_json::Value;

use super::open::{Bus, BusArgs, Missing, explain, open};
use super::{note, print_json};
use crate::commands::Context;
use crate::exit::{Exit, UsageError};
use crate::render::text::clean;
use crate::terminal;

/// Publish messages, and end when all of them are confirmed
///
/// With --data or FILEs each is the body of one message. Without them standard input is read, one
/// JSON document a line: after a KEY each line is a body, without a KEY each line is a whole
/// message: {"routing_key": "…", "data": …}, or "body" (text) or "body_base64" instead of "data",
/// and what else a message may have: "message_id", "headers", "producer", "type",
/// "correlation_id", "content_type", "reply_to", "time", "traceparent", "tracestate".
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PublishArgs {
    #[command(flatten)]
    bus: BusArgs,
    /// The routing key: what services listen to
    key: Option<String>,
    /// Files, each the body of one message; `-` is all of standard input
    #[arg(value_name = "FILE", conflicts_with = "data")]
    files: Vec<PathBuf>,
    /// The body of a message (repeatable)
    #[arg(long, short, value_name = "TEXT", requires = "key")]
    data: Vec<String>,
    #[command(flatten)]
    properties: Properties,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What every message of this run has.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Properties of the messages")]
struct Properties {
    /// The id, by which a duplicate is recognised; a new one otherwise
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Who sends it
    #[arg(long, value_name = "NAME")]
    producer: Option<String>,
    /// What kind of message it is
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// What it belongs to
    #[arg(long, value_name = "ID")]
    correlation_id: Option<String>,
    /// Where an answer should go to
    #[arg(long, value_name = "KEY")]
    reply_to: Option<String>,
    /// The media type of the body; application/json where it is JSON
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// A header; the value is JSON, or else a text (repeatable)
    #[arg(long = "header", value_name = "NAME=VALUE", value_parser = header)]
    headers: Vec<(String, Value)>,
    /// The trace it belongs to (W3C Trace Context)
    #[arg(long, value_name = "TRACEPARENT", env = "TRACEPARENT", hide_env = true)]
    traceparent: Option<String>,
}

const EXAMPLES: &str = "Examples:
  dolmen bus publish notify.gram.user.created --data '{\"id\": 7}'
  dolmen bus publish report.monthly report.pdf --content-type application/pdf
  jq -c '.users[]' users.json | dolmen bus publish notify.gram.user.created
  dolmen bus publish < messages.ndjson

A message that breaks its contract is refused, with the place in it. Exit code 0 means that every
message is confirmed; a producer may then forget it.";

fn header(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    Ok((name.to_owned(), value))
}

/// The answer of `bus publish --json`.
#[derive(Serialize)]
struct Published {
    published: usize,
    /// Of those that arguments and files made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    message_ids: Vec<String>,
}

/// Publishes, and counts what is confirmed.
struct Publisher<'a> {
    bus: &'a Bus,
    contracts: Contracts,
    published: usize,
    /// Keys of which it was looked whether somebody listens.
    looked: std::collections::BTreeSet<String>,
}

pub(super) async fn run(args: PublishArgs, context: &Context) -> anyhow::Result<Exit> {
    let bodies = args.data.len() + args.files.len();
    if args.properties.id.is_some() && bodies != 1 {
        let why = "--id is for one message: give one --data or one FILE";
        return Err(UsageError(why.to_owned()).into());
    }
    let bus = open(&args.bus, context, Missing::Refuse, &[]).await?;
    let contracts = bus.contracts()?;
    let mut publisher =
        Publisher { bus: &bus, contracts, published: 0, looked: std::collections::BTreeSet::new() };
    let mut message_ids = Vec::new();
    match &args.key {
        Some(key) if bodies > 0 => {
            let mut messages = Vec::with_capacity(bodies);
            for (n, text) in args.data.iter().enumerate() {
                let message = args.properties.message(key, text.clone().into_bytes());
                let place = || match args.data.len() {
                    1 => "--data".to_owned(),
                    _ => format!("--data number {}", n + 1),
                };
                publisher.check(&message).with_context(place)?;
                messages.push(message);
            }
            for path in &args.files {
                let place = || path.display().to_string();
                let message = args.properties.message(key, read(path).with_context(place)?);
                publisher.check(&message).with_context(place)?;
                messages.push(message);
            }
            message_ids = messages.iter().map(|message| message.id.clone()).collect();
            publisher.publish(messages).await?;
        }
        key => {
            if io::stdin().is_terminal() {
                note("reading standard input, one JSON document a line; Ctrl-D ends it");
            }
            lines::publish(key.as_deref(), &args.properties, &mut publisher).await?;
        }
    }
    let published = publisher.published;
    bus.close().await?;
    if args.json {
        print_json(&Published { published, message_ids })?;
        return Ok(Exit::Done);
    }
    let mut out = terminal::stdout();
    match message_ids.as_slice() {
        [id] => writeln!(out, "published {}", clean(id))?,
        _ => writeln!(
            out,
            "published {}",
            crate::render::number::counted(published as u64, "message", "messages")
        )?,
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    if path == Path::new("-") {
        let mut body = Vec::new();
        io::stdin().lock().read_to_end(&mut body).context("cannot read standard input")?;
        return Ok(body);
    }
    fs::read(path).map_err(|error| UsageError(error.to_string()).into())
}

impl Properties {
    fn message(&self, key: &str, body: Vec<u8>) -> Message {
        let json = || serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_ok();
        let content_type = match &self.content_type {
            Some(content_type) => Some(content_type.clone()),
            None => json().then(|| "application/json".to_owned()),
        };
        let mut message = Message::new(key, body);
        if let Some(id) = &self.id {
            message.id.clone_from(id);
        }
        message.content_type = content_type;
        self.fill(&mut message);
        message
    }

    /// What the message does not say itself.
    fn fill(&self, message: &mut Message) {
        let fill = |value: &mut Option<String>, default: &Option<String>| {
            if value.is_none() {
                value.clone_from(default);
            }
        };
        fill(&mut message.producer, &self.producer);
        fill(&mut message.kind, &self.kind);
        fill(&mut message.correlation_id, &self.correlation_id);
        fill(&mut message.reply_to, &self.reply_to);
        fill(&mut message.content_type, &self.content_type);
        fill(&mut message.traceparent, &self.traceparent);
        for (name, value) in &self.headers {
            message.headers.entry(name.clone()).or_insert_with(|| value.clone());
        }
        message.time.get_or_insert_with(|| SystemClock.now());
    }
}

impl Publisher<'_> {
    /// Whether a message may be published at all.
    fn check(&self, message: &Message) -> anyhow::Result<()> {
        message.check().map_err(|error| UsageError(error.to_string()))?;
        self.contracts.check(message).map_err(|violation| {
            UsageError(format!("breaks the contract of {}: {violation}", message.routing_key))
        })?;
        Ok(())
    }

    /// Publishes messages that were checked.
    async fn publish(&mut self, messages: Vec<Message>) -> anyhow::Result<()> {
        for message in &messages {
            if self.looked.insert(message.routing_key.clone()) {
                self.look(&message.routing_key);
            }
        }
        let count = messages.len();
        let error = match self.bus.transport.publish(messages).await {
            Ok(()) => {
                self.published += count;
                return Ok(());
            }
            Err(error) => error,
        };
        match error {
            PublishError::Unconfirmed { cause: error @ TransportError::NotSetUp(_), .. } => {
                Err(explain(error))
            }
            PublishError::Unconfirmed { unconfirmed, cause } => {
                self.published += count - unconfirmed.len();
                Err(anyhow::Error::new(cause).context(format!(
                    "{} confirmed, {} not: publish those again",
                    self.published,
                    unconfirmed.len()
                )))
            }
            error @ PublishError::Message { .. } => Err(error.into()),
        }
    }

    /// Says when no service of the configuration listens to a key.
    fn look(&self, key: &str) {
        let services = &self.bus.settings.services;
        let mut patterns = services.iter().flat_map(|service| &service.listen);
        if !services.is_empty() && !patterns.any(|pattern| pattern.matches(key)) {
            note(&format!(
                "note: no service of the configuration listens to {key}; what nobody hears is \
                 listed by `dolmen bus unrouted`"
            ));
        }
    }
}

use std::cmp::Reverse;

use dolmen_bus::{Aside, FOREIGN, FailedMessage};
use dolmen_model::Time;
use serde::Serialize;

use super::aside::{Lying, look};
use super::decide::Selection;
use super::open::{BusArgs, Missing, open};
use super::print_json;
use super::row::MessageRow;
use crate::commands::Context;
use crate::exit::Exit;
use crate::render::bus;

/// List the failed messages that nobody decided about, newest first
///
/// They stay where they are, so that everybody who looks sees them, until somebody retries, forwards
/// or discards them.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct FailedArgs {
    #[command(flatten)]
    bus: BusArgs,
    #[command(flatten)]
    selection: Selection,
    /// With their bodies
    #[arg(long)]
    bodies: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  dolmen bus failed --service googleapps
  dolmen bus failed --nature technical --bodies --json";

/// How many bytes of a message are shown that nobody here knows.
const BEGIN: usize = 60;

/// The answer of `bus failed --json`.
#[derive(Serialize)]
struct Answer {
    messages: Vec<FailedRow>,
}

/// A message that another program, or the broker, put among the failed ones.
#[derive(Debug, Serialize)]
pub(crate) struct Foreign {
    /// How long its body is.
    pub(crate) bytes: usize,
    /// How it begins, as text.
    pub(crate) begins: String,
}

/// One failed message.
#[derive(Debug, Serialize)]
pub(crate) struct FailedRow {
    #[serde(flatten)]
    pub(crate) message: MessageRow,
    pub(crate) failed_at: Time,
    /// Why it is not tried again by itself.
    pub(crate) reason: Option<String>,
    /// What it looks like, of a message that no worker put here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) foreign: Option<Foreign>,
    /// As text; what is no UTF-8 is replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<String>,
}

pub(super) async fn run(args: FailedArgs, context: &Context) -> anyhow::Result<Exit> {
    let bus = open(&args.bus, context, Missing::Refuse, &[]).await?;
    let bodies = if args.bodies { Bodies::Shown } else { Bodies::Left };
    let selected =
        |Lying { failed, .. }| args.selection.holds(&failed).then(|| row(failed, bodies));
    let mut messages = look(&bus, &bus.kept()?, Aside::Failed, usize::MAX, selected).await?;
    bus.close().await?;
    messages.sort_by_key(|row| Reverse(row.failed_at));
    match args.json {
        true => print_json(&Answer { messages })?,
        false => bus::failed(&messages, context.terminal)?,
    }
    Ok(Exit::Done)
}

/// Whether bodies are part of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bodies {
    Shown,
    Left,
}

fn row(failed: FailedMessage, bodies: Bodies) -> FailedRow {
    let FailedMessage { message, envelope, service, failed_at } = failed;
    let last = envelope.errors.last().map(|error| &error.failure);
    let is_foreign = last.is_some_and(|failure| failure.code.as_deref() == Some(FOREIGN));
    let text = |body: &[u8]| String::from_utf8_lossy(body).into_owned();
    FailedRow {
        foreign: is_foreign.then(|| Foreign {
            bytes: message.body.len(),
            begins: text(&message.body[..message.body.len().min(BEGIN)]),
        }),
        message: MessageRow::of(&message, &envelope, service),
        failed_at,
        reason: envelope.reason,
        body: match bodies {
            Bodies::Shown => Some(text(&message.body)),
            Bodies::Left => None,
        },
    }
}

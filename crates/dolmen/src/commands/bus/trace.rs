use dolmen_bus::{Event, Nature, What};
use dolmen_model::Time;
use serde::Serialize;

use super::open::{BusArgs, Missing, explain, open};
use super::print_json;
use crate::commands::Context;
use crate::exit::Exit;
use crate::render::bus;

/// Show what happened to one message, in all services, from the journal
#[derive(Debug, clap::Args)]
pub(crate) struct TraceArgs {
    #[command(flatten)]
    bus: BusArgs,
    /// The message
    #[arg(value_name = "MESSAGE_ID")]
    id: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The answer of `bus trace --json`.
#[derive(Serialize)]
struct Answer {
    events: Vec<TraceRow>,
}

/// One thing that happened.
#[derive(Debug, Serialize)]
pub(crate) struct TraceRow {
    pub(crate) at: Time,
    pub(crate) service: Option<String>,
    pub(crate) what: &'static str,
    pub(crate) attempt: u32,
    pub(crate) nature: Option<Nature>,
    pub(crate) error: Option<String>,
    /// Until when it waits (softfail).
    pub(crate) due_at: Option<Time>,
    /// The service it went to (forwarded).
    pub(crate) to: Option<String>,
    /// Why it is not tried again (hardfail) or the service paused, or who did it (retried,
    /// discarded, restored).
    pub(crate) reason: Option<String>,
    /// How long the handler took.
    pub(crate) took_us: Option<u64>,
    pub(crate) routing_key: String,
}

pub(super) async fn run(args: TraceArgs, context: &Context) -> anyhow::Result<Exit> {
    let bus = open(&args.bus, context, Missing::Refuse, &[]).await?;
    let events = bus.transport.trace(&args.id).await.map_err(explain)?;
    bus.close().await?;
    if events.is_empty() {
        anyhow::bail!("the journal of {} knows no message {}", bus.place, args.id);
    }
    let events: Vec<TraceRow> = events.iter().map(row).collect();
    match args.json {
        true => print_json(&Answer { events })?,
        false => bus::trace(&events, context.terminal)?,
    }
    Ok(Exit::Done)
}

pub(crate) fn row(event: &Event) -> TraceRow {
    // The errors of a hardfail are those of all attempts; the last one is its own.
    let failed = matches!(event.what, What::Softfail | What::Hardfail | What::Forwarded);
    let failure = event.error().filter(|_| failed).map(|error| &error.failure);
    TraceRow {
        at: event.at,
        service: event.service.clone(),
        what: event.what.as_str(),
        attempt: event.attempt,
        nature: failure.map(|failure| failure.nature),
        error: failure.map(|failure| failure.text.clone()),
        due_at: event.due_at,
        to: event.to.clone(),
        reason: event.reason.clone(),
        took_us: event.took.map(|took| u64::try_from(took.as_micros()).unwrap_or(u64::MAX)),
        routing_key: event.message.routing_key.clone(),
    }
}

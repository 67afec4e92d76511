use dolmen_bus::Waiting;
use dolmen_model::Time;
use serde::Serialize;

use super::open::{BusArgs, Missing, explain, open};
use super::print_json;
use super::row::MessageRow;
use crate::commands::Context;
use crate::exit::Exit;
use crate::render::bus;

/// List the messages that wait to be tried again, the first due first
#[derive(Debug, clap::Args)]
pub(crate) struct WaitingArgs {
    #[command(flatten)]
    bus: BusArgs,
    /// Only those of a service
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The answer of `bus waiting --json`.
#[derive(Serialize)]
struct Answer {
    messages: Vec<WaitingRow>,
}

/// One message that waits.
#[derive(Debug, Serialize)]
pub(crate) struct WaitingRow {
    #[serde(flatten)]
    pub(crate) message: MessageRow,
    pub(crate) due_at: Time,
}

pub(super) async fn run(args: WaitingArgs, context: &Context) -> anyhow::Result<Exit> {
    let bus = open(&args.bus, context, Missing::Refuse, &[]).await?;
    let waiting = bus.transport.waiting().await.map_err(explain)?;
    bus.close().await?;
    let of_service = |row: &Waiting| args.service.as_ref().is_none_or(|name| *name == row.service);
    let messages: Vec<WaitingRow> = waiting.into_iter().filter(of_service).map(row).collect();
    match args.json {
        true => print_json(&Answer { messages })?,
        false => bus::waiting(&messages, context.terminal)?,
    }
    Ok(Exit::Done)
}

fn row(waiting: Waiting) -> WaitingRow {
    let Waiting { message, envelope, service, due_at } = waiting;
    WaitingRow { message: MessageRow::of(&message, &envelope, service), due_at }
}

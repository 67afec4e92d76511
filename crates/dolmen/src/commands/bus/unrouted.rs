use dolmen_bus::{Aside, FailedMessage, Pattern};
use dolmen_model::Time;
use serde::Serialize;

use super::aside::{Lying, look};
use super::open::{BusArgs, Missing, explain, open};
use super::{note, print_json};
use crate::commands::Context;
use crate::exit::Exit;
use crate::render::{bus, number};

/// List the messages that nobody listened to, or whose service is gone, oldest first
///
/// They stay where they are until somebody sends them on or gives them up: `dolmen bus retry
/// --unrouted` publishes them again, `forward --unrouted --to` and `discard --unrouted` do what they do
/// with failed messages.
#[derive(Debug, clap::Args)]
pub(crate) struct UnroutedArgs {
    #[command(flatten)]
    bus: BusArgs,
    /// Those with a routing key, or that match a pattern
    #[arg(long, value_name = "KEY", value_parser = |text: &str| Pattern::new(text))]
    key: Option<Pattern>,
    /// Only so many of them
    #[arg(long, value_name = "N", default_value_t = 1000)]
    first: usize,
    /// With their bodies
    #[arg(long)]
    bodies: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The answer of `bus unrouted --json`.
#[derive(Serialize)]
struct Answer {
    messages: Vec<UnroutedRow>,
    /// How many there are, listed or not.
    total: u64,
}

/// One message that nobody got.
#[derive(Debug, Serialize)]
pub(crate) struct UnroutedRow {
    pub(crate) message_id: String,
    /// The service that it was on its way to, and that is gone.
    pub(crate) service: Option<String>,
    pub(crate) routing_key: String,
    pub(crate) producer: Option<String>,
    /// When it came, as far as it says.
    pub(crate) at: Time,
    /// Why it is here.
    pub(crate) reason: Option<String>,
    /// As text; what is no UTF-8 is replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<String>,
}

pub(super) async fn run(args: UnroutedArgs, context: &Context) -> anyhow::Result<Exit> {
    let bus = open(&args.bus, context, Missing::Refuse, &[]).await?;
    let is_meant = |key: &str| args.key.as_ref().is_none_or(|pattern| pattern.matches(key));
    let selected = |Lying { failed, .. }: Lying| {
        is_meant(&failed.message.routing_key).then(|| row(failed, args.bodies))
    };
    let most = args.first.max(1);
    let messages = look(&bus, &bus.kept()?, Aside::Unrouted, most, selected).await?;
    let total = bus.transport.count_unrouted().await.map_err(explain)?;
    bus.close().await?;
    if args.json {
        print_json(&Answer { messages, total })?;
        return Ok(Exit::Done);
    }
    bus::unrouted(&messages, context.terminal)?;
    if messages.len() == most && total > most as u64 {
        note(&format!("of {}; --first shows more", number::counted(total, "message", "messages")));
    }
    Ok(Exit::Done)
}

fn row(failed: FailedMessage, bodies: bool) -> UnroutedRow {
    let FailedMessage { message, envelope, service, failed_at } = failed;
    UnroutedRow {
        message_id: message.id,
        service: Some(service).filter(|service| !service.is_empty()),
        routing_key: message.routing_key,
        producer: message.producer,
        at: failed_at,
        reason: envelope.reason,
        body: bodies.then(|| String::from_utf8_lossy(&message.body).into_owned()),
    }
}

use dolmen_bus::{Depth, Rates};
use dolmen_model::Time;
use serde::Serialize;

use super::open::{BusArgs, Missing, explain, open};
use super::print_json;
use crate::commands::Context;
use crate::exit::Exit;
use crate::render::bus;
use crate::settings::BusPlace;

/// Show how many messages are where, service by service
#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    bus: BusArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The answer of `bus status --json`.
#[derive(Debug, Serialize)]
pub(crate) struct Status {
    pub(crate) services: Vec<ServiceStatus>,
    /// Messages that nobody listened to, or whose service is gone.
    pub(crate) unrouted: u64,
    /// A broker that is not asked for rates and ages.
    #[serde(skip)]
    pub(crate) is_blind: bool,
}

/// One service.
#[derive(Debug, Serialize)]
pub(crate) struct ServiceStatus {
    pub(crate) service: String,
    /// Ready to be delivered, or being handled.
    pub(crate) ready: u64,
    /// Waiting until they are due.
    pub(crate) waiting: u64,
    /// Hardfailed, and nobody decided yet.
    pub(crate) failed: u64,
    /// When the oldest that is ready was published.
    pub(crate) oldest_at: Option<Time>,
    /// Whether it stopped consuming, for it cannot reach what it needs.
    pub(crate) paused: bool,
    /// Since when.
    pub(crate) paused_at: Option<Time>,
    /// Messages in and out a second, where the bus can tell.
    pub(crate) rates: Option<Rates>,
    /// What it is for, as the configuration says.
    pub(crate) about: Option<String>,
    /// Whom to ask.
    pub(crate) owner: Option<String>,
}

pub(super) async fn run(args: StatusArgs, context: &Context) -> anyhow::Result<Exit> {
    let bus = open(&args.bus, context, Missing::Refuse, &[]).await?;
    let depths = bus.transport.depths().await.map_err(explain)?;
    let unrouted = bus.transport.count_unrouted().await.map_err(explain)?;
    let mut kept = bus.kept()?.count_open().await?;
    bus.close().await?;
    let services = depths.into_iter().map(|depth| {
        let Depth { service, ready, waiting, failed, oldest_at, paused_at, rates } = depth;
        let failed = failed + kept.remove(&service).unwrap_or_default();
        let paused = paused_at.is_some();
        let configured = bus.settings.services.iter().find(|known| known.name == service);
        let about = configured.and_then(|known| known.about.clone());
        let owner = configured.and_then(|known| known.owner.clone());
        ServiceStatus {
            service,
            ready,
            waiting,
            failed,
            oldest_at,
            paused,
            paused_at,
            rates,
            about,
            owner,
        }
    });
    let mut services: Vec<ServiceStatus> = services.collect();
    // Services that are gone may have left failed messages behind.
    services.extend(kept.into_iter().map(|(service, failed)| ServiceStatus {
        service,
        failed,
        ready: 0,
        waiting: 0,
        oldest_at: None,
        paused: false,
        paused_at: None,
        rates: None,
        about: None,
        owner: None,
    }));
    let is_blind =
        matches!(bus.settings.place, BusPlace::Broker(_)) && bus.settings.admin_url.is_none();
    let status = Status { services, unrouted, is_blind };
    match args.json {
        true => print_json(&status)?,
        false => bus::status(&status, &bus.place, context.terminal)?,
    }
    Ok(Exit::Done)
}

use dolmen_bus::{Change, ChangeAction, Mode};
use serde::Serialize;

use super::open::{BusArgs, Missing, explain, open};
use super::{note, print_json};
use crate::commands::Context;
use crate::exit::{Exit, UsageError};
use crate::render::bus;
use crate::settings::ServiceSettings;

/// Make everything that the services of the configuration need
///
/// Doing it twice changes nothing. What services no longer listen to is removed where that can be
/// found out: in a file, and on a broker with `admin_url`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SetupArgs {
    #[command(flatten)]
    bus: BusArgs,
    /// Only say what would change
    #[arg(long)]
    dry_run: bool,
    /// Remove a service that no longer exists; refused while it is configured, messages are
    /// ready for it or workers may hold some
    #[arg(long, value_name = "SERVICE", conflicts_with = "dry_run")]
    remove: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  dolmen bus setup --dry-run
  dolmen bus setup
  dolmen bus setup --remove welcome-mail";

/// The answer of `bus setup --json`.
#[derive(Serialize)]
struct Answer<'a> {
    changes: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    action: ChangeAction,
    object: &'a str,
    note: Option<&'a str>,
}

pub(super) async fn run(args: SetupArgs, context: &Context) -> anyhow::Result<Exit> {
    let missing = if args.dry_run { Missing::Pretend } else { Missing::Make };
    let bus = open(&args.bus, context, missing, &[]).await?;
    let mut changes = Vec::new();
    for service in &args.remove {
        // It would be made anew at once, without the messages that wait for it.
        if bus.settings.services.iter().any(|configured| configured.name == *service) {
            return Err(UsageError(format!(
                "--remove {service}: the configuration still has this service; take its \
                 [[bus.service]] out first"
            ))
            .into());
        }
        bus.transport.remove(service).await.map_err(explain)?;
        let (action, object) = (ChangeAction::Remove, format!("service {service}"));
        changes.push(Change { action, object, note: None });
    }
    let mode = if args.dry_run { Mode::Show } else { Mode::Apply };
    changes.extend(bus.transport.setup(&bus.topology(), mode).await.map_err(explain)?);
    changes.extend(unheard(&bus.settings.services));
    bus.close().await?;
    if args.json {
        let rows = changes.iter().map(|Change { action, object, note }| Row {
            action: *action,
            object,
            note: note.as_deref(),
        });
        print_json(&Answer { changes: rows.collect() })?;
        return Ok(Exit::Done);
    }
    if bus.settings.services.is_empty() {
        note(
            "note: the configuration has no [[bus.service]]; `dolmen bus work --listen` sets up \
              its own service",
        );
    }
    bus::changes(&changes, mode, &bus.place, context.terminal)?;
    Ok(Exit::Done)
}

/// What a service sends and no service listens to.
fn unheard(services: &[ServiceSettings]) -> Vec<Change> {
    let hears = |key: &str| {
        services.iter().flat_map(|service| &service.listen).any(|pattern| pattern.matches(key))
    };
    let mut warnings = Vec::new();
    for service in services {
        for key in service.sends.iter().filter(|key| !hears(key)) {
            warnings.push(Change {
                action: ChangeAction::Warn,
                object: format!("service {}", service.name),
                note: Some(format!("no service listens to {key}, which it sends")),
            });
        }
    }
    warnings
}

use std::io::Write;

use clap::Subcommand;
use dolmen_console::AlertRow;
use dolmen_model::{Language, Time};
use jiff::Timestamp;

use super::store::{self, StoreArg};
use super::{Context, language, serve};
use crate::exit::Exit;
use crate::settings::{Asked, Settings};
use crate::terminal;

/// What somebody is told of
#[derive(Debug, Subcommand)]
pub(crate) enum WatchCommand {
    Try(TryArgs),
}

/// Say what somebody would have been told, had the watch begun some days ago
///
/// Before a kind of alert is armed (`armed` in the configuration): calls to what is retired, new
/// unknown callers, what went past the proxy, silent sources, by the configuration as it is and the
/// store as it is, also of kinds that are not
/// armed. Nothing is told or kept.
#[derive(Debug, clap::Args)]
pub(crate) struct TryArgs {
    /// How many days back
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    days: u32,
    #[command(flatten)]
    store: StoreArg,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Say it in this language, `en` or `fr`; keys stay as they are
    #[arg(long, value_name = "LANGUAGE", value_parser = language)]
    lang: Option<Language>,
}

pub(crate) fn run(command: WatchCommand, context: &Context) -> anyhow::Result<Exit> {
    match command {
        WatchCommand::Try(args) => try_on_history(args, context),
    }
}

fn try_on_history(args: TryArgs, context: &Context) -> anyhow::Result<Exit> {
    let settings = Settings::load(&Asked::new(context.config.clone(), args.store.store))?;
    let store = store::open_read(&settings)?;
    let language = args.lang.unwrap_or_default();
    let now = Time::from_micros(Timestamp::now().as_microsecond());
    let span = i64::from(args.days).saturating_mul(86_400_000_000);
    let since = Time::from_micros(now.micros().saturating_sub(span));
    let alerts = dolmen_watch::would_tell(&store, &serve::plan(&settings), since, now)?;
    let mut out = terminal::stdout();
    if args.json {
        let alerts: Vec<AlertRow> =
            alerts.into_iter().map(|alert| AlertRow::of(alert, language)).collect();
        serde_json::to_writer_pretty(&mut out, &serde_json::json!({ "alerts": alerts }))?;
        writeln!(out)?;
    } else if alerts.is_empty() {
        writeln!(out, "nothing would have been told since {since}")?;
    } else {
        for alert in &alerts {
            let is_armed = settings.armed.iter().any(|kind| kind.name() == alert.kind);
            let unarmed = match (is_armed, language) {
                (true, _) => "",
                (false, Language::English) => " (not armed)",
                (false, Language::French) => " (pas armée)",
            };
            writeln!(out, "{}{unarmed}", dolmen_watch::sentence(alert, language))?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

//! `dolmen verdict`: may it be switched off?

mod words;

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Context as _;
use clap::Subcommand;
use dolmen_console::verdicts::{self, NoVerdict};
use dolmen_model::Language;

use super::report::window::Instant;
use super::serve::facts;
use super::store::{self, StoreArg};
use super::{Context, language};
use crate::exit::{Exit, UsageError};
use crate::render::verdict as render;
use crate::settings::{Asked, Settings};
use crate::terminal;

/// Say which operations may be switched off, from which day, and why
///
/// Judges every operation of the monolith (of every service where none is declared as one), or the
/// one that is named. Silence counts only while logs were there, and a quiet week is no proof
/// against a monthly script: so each verdict says who called, in which rhythm, when he is due, and
/// how likely it is that somebody still calls. Exit codes: 0 all that was asked for may be switched
/// off, 3 not yet.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
#[command(subcommand_negates_reqs = true)]
pub(crate) struct VerdictArgs {
    #[command(subcommand)]
    command: Option<WordCommand>,
    /// Judge this operation alone
    operation: Option<String>,
    /// Judge this service alone
    #[arg(long, value_name = "SERVICE")]
    service: Option<String>,
    /// Judge as of this instant: calls from it on are not looked at (the last call or mark
    /// otherwise); without an offset it is in the verdict's time zone
    #[arg(long, value_name = "TIME", value_parser = Instant::from_str)]
    at: Option<Instant>,
    /// The time zone that callers live in, such as Europe/Paris, or local for this machine's
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// How likely it may be that somebody still calls what is called safe (0.05 otherwise)
    #[arg(long, value_name = "CHANCE")]
    alpha: Option<f64>,
    #[command(flatten)]
    store: StoreArg,
    /// Print JSON
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print a table for spreadsheets
    #[arg(long)]
    csv: bool,
    /// Write one page for a change board here: it needs nothing else, and can be printed
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Say it in this language, `en` or `fr`; keys and names of columns stay as they are
    #[arg(long, value_name = "LANGUAGE", value_parser = language)]
    lang: Option<Language>,
}

/// What owners say.
#[derive(Debug, Subcommand)]
enum WordCommand {
    Say(words::SayArgs),
    Words(words::WordsArgs),
    TakeBack(words::TakeBackArgs),
}

const EXAMPLES: &str = "Examples:
  dolmen verdict
  dolmen verdict 'external transfer' && echo switch it off
  dolmen verdict --at 2023-05-09 --json
  dolmen verdict --html board.html --lang fr
  dolmen verdict say 'card block' --address 10.20.31.19 --who 'Anna, branches' --why 'PC scrapped'";

pub(crate) fn run(args: VerdictArgs, context: &Context) -> anyhow::Result<Exit> {
    match args.command {
        Some(WordCommand::Say(args)) => return words::say(args, context),
        Some(WordCommand::Words(args)) => return words::list(args, context),
        Some(WordCommand::TakeBack(args)) => return words::take_back(args, context),
        None => {}
    }
    let language = args.lang.unwrap_or_default();
    let settings = Settings::load(&Asked::new(context.config.clone(), args.store.store))?;
    let zone = args.zone.as_deref().unwrap_or(&settings.judging.zone);
    let zone = verdicts::zone_of(zone).map_err(refused)?;
    let asked = verdicts::Asked {
        at: args.at.map(|at| at.time_in(&zone)),
        now: Some(words::now()),
        operation: args.operation,
        service: args.service,
        zone: args.zone,
        alpha: args.alpha,
        language,
    };
    let store = store::open_read(&settings)?;
    let facts = facts::of(&settings, store.path());
    let verdicts = verdicts::verdicts(&store, &facts, &asked).map_err(refused)?;
    if let Some(path) = &args.html {
        let page = verdicts::html(&verdicts, language);
        fs::write(path, page).with_context(|| format!("failed to write {}", path.display()))?;
    }
    let mut out = terminal::stdout();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &verdicts)?;
        writeln!(out)?;
    } else if args.csv {
        out.write_all(&verdicts::csv(&verdicts))?;
    } else {
        render::verdicts(&verdicts, language, context.terminal, &mut out)?;
    }
    out.flush()?;
    // Hours and days stand in for what lacks: it is said, and no failure.
    store::say_lacking(&verdicts.lacking)?;
    Ok(if verdicts.is_safe { Exit::Done } else { Exit::No })
}

fn refused(why: NoVerdict) -> anyhow::Error {
    match why {
        NoVerdict::Wrong(what) | NoVerdict::Unknown(what) => UsageError(what).into(),
        NoVerdict::Store(error) => error.into(),
    }
}

use std::io::Write;

use clap::Subcommand;
use dolmen_collect::{Rederived, rederive};
use dolmen_model::{NameId, Time};
use dolmen_store::{CubeQuestion, Dimension, Store};
use jiff::Timestamp;
use serde::Serialize;

use super::Context;
use super::import::compile;
use super::report::inputs;
use super::store::{self, StoreArg};
use crate::exit::Exit;
use crate::render::number;
use crate::settings::{Asked, Settings};
use crate::terminal;

/// Check the rules of the configuration, and derive the history by them again
#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    Check(CheckArgs),
    Apply(ApplyArgs),
}

/// Say which rules are shadowed, contradict each other, or match nothing that was imported
///
/// Exit codes: 0 all rules are of use, 2 one cannot be read, 3 one is suspicious.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    store: StoreArg,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Derive actors, services, endpoints and operations of all stored calls by the rules as they are
///
/// Readers see the old until all is done, then the new at once. Interrupted, it goes on when it is
/// run again. What has no lines any more stays as older rules had it.
#[derive(Debug, clap::Args)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    store: StoreArg,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(command: RulesCommand, context: &Context) -> anyhow::Result<Exit> {
    match command {
        RulesCommand::Check(args) => check(args, context),
        RulesCommand::Apply(args) => apply(args, context),
    }
}

/// What `rules check` says.
#[derive(Serialize)]
struct Checked {
    rules: Vec<Counted>,
    warnings: Vec<String>,
}

/// A rule's name and how many calls it has in the store.
#[derive(Serialize)]
struct Counted {
    kind: &'static str,
    name: String,
    calls: Option<u64>,
}

fn check(args: CheckArgs, context: &Context) -> anyhow::Result<Exit> {
    let settings = Settings::load(&Asked::new(context.config.clone(), args.store.store))?;
    let history = match store::is_there(&settings) {
        true => Some(store::open_read(&settings)?),
        false => None,
    };
    let counted = |kind, name: &str| -> anyhow::Result<Counted> {
        let calls = history.as_ref().map(|store| calls_of(store, kind, name)).transpose()?;
        Ok(Counted { kind, name: name.to_owned(), calls })
    };
    let mut rules: Vec<Counted> = Vec::new();
    let set = &settings.rule_set;
    let names = set.actors.iter().map(|rule| ("actor", rule.name.as_str()));
    let names = names.chain(set.operations.iter().map(|rule| ("operation", rule.name.as_str())));
    let names = names.chain(set.services.iter().map(|rule| ("service", rule.name.as_str())));
    for (kind, name) in names {
        if rules.iter().all(|known| (known.kind, known.name.as_str()) != (kind, name)) {
            rules.push(counted(kind, name)?);
        }
    }
    let mut warnings: Vec<String> = settings.warnings.iter().map(ToString::to_string).collect();
    let unused = rules.iter().filter(|rule| rule.calls == Some(0));
    warnings.extend(
        unused.map(|rule| format!("no call in the store has the {} `{}`", rule.kind, rule.name)),
    );
    let is_fine = warnings.is_empty();
    let checked = Checked { rules, warnings };
    let mut out = terminal::stdout();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &checked)?;
        writeln!(out)?;
    } else {
        for Counted { kind, name, calls } in &checked.rules {
            match calls {
                Some(calls) => {
                    writeln!(out, "{kind} {name}: {}", number::counted(*calls, "call", "calls"))?;
                }
                None => writeln!(out, "{kind} {name}")?,
            }
        }
        for warning in &checked.warnings {
            writeln!(out, "warning: {warning}")?;
        }
    }
    out.flush()?;
    Ok(if is_fine { Exit::Done } else { Exit::No })
}

fn calls_of(store: &dyn Store, kind: &str, name: &str) -> anyhow::Result<u64> {
    let names = store.names();
    let (dimension, id) = match kind {
        "actor" => (Dimension::Actor, names.actors.find(name.as_bytes())),
        "service" => (Dimension::Service, names.services.find(name.as_bytes())),
        _ => (Dimension::Operations, names.operations.find(name.as_bytes())),
    };
    let Some(id) = id else { return Ok(0) };
    let by = vec![dimension];
    let counts = store.count(&CubeQuestion { from: Time::MIN, to: Time::MAX, by, every: None })?;
    let has = |key: &dolmen_cubes::Key| match dimension {
        Dimension::Actor => key.actor == id,
        Dimension::Service => key.service == id,
        _ => names.sets.operations(key.operations).contains(&id),
    };
    debug_assert_ne!(id, NameId::UNKNOWN);
    Ok(counts.cube.cells().filter(|(key, _)| has(key)).map(|(_, cell)| cell.calls).sum())
}

fn apply(args: ApplyArgs, context: &Context) -> anyhow::Result<Exit> {
    let settings = Settings::load(&Asked::new(context.config.clone(), args.store.store))?;
    let store = store::open_existing(&settings)?;
    let rules = compile(&settings, &store)?;
    let sources = inputs::configured_sources(&settings, store.names())?;
    let now = Time::from_micros(Timestamp::now().as_microsecond());
    // What a service, an actor, a path… is depends on the rules and on the services of sources.
    let of_source = |source: &dolmen_collect::Source| {
        format!(
            "{}={}",
            source.name,
            store.names().services.name(source.service).unwrap_or_default()
        )
    };
    let services: Vec<String> = sources.iter().map(of_source).collect();
    let version = format!("{:?} {services:?}", settings.rule_set);
    let done: Rederived = rederive(&store, &sources, &rules, &version, now, |_| {})?;
    let mut out = terminal::stdout();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &done)?;
        writeln!(out)?;
    } else {
        writeln!(out, "{} derived again", number::counted(done.calls, "call", "calls"))?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

mod suggest;
mod templates;

use std::io::Write;
use std::ops::ControlFlow;

use clap::Subcommand;
use dolmen_attribution::Rules;
use dolmen_collect::{Learned, Progress, Rederived, RulesVersion, Source, learn, rederive, reread};
use dolmen_model::{NameId, Time};
use dolmen_store::{CubeQuestion, Dimension, Durations, LocalStore, Store, StoreError};
use jiff::Timestamp;
use serde::Serialize;

use super::Context;
use super::import::{compile, compile_declared};
use super::report::inputs;
use super::store::{self, StoreArg, Writer};
use crate::exit::Exit;
use crate::handover::Work;
use crate::render::number;
use crate::settings::{Asked, Origin, Settings};
use crate::terminal;

/// Check the rules, see what is learned and unknown, and derive the history by them again
#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    Check(CheckArgs),
    Suggest(suggest::SuggestArgs),
    Templates(templates::TemplatesArgs),
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
/// First lines that no format read when they came are read again, by the formats of the sources as they
/// are now. Then the templates of endpoints that no rule declares are learned from all stored paths (see
/// `dolmen rules templates`); calls that come later are named by them too.
///
/// Readers see the old until all is done, then the new at once. Interrupted, it goes on when it is
/// run again. What has no lines any more stays as older rules had it, and so does a segment that cannot
/// be read, which is named: restore it from a backup, and run this again.
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
        RulesCommand::Suggest(args) => suggest::run(args, context),
        RulesCommand::Templates(args) => templates::run(args, context),
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
    /// Where the first rule of this name stands.
    origin: Option<Origin>,
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
        let origin = settings.origin(&format!("[[{kind}]]"), "name", name);
        Ok(Counted { kind, name: name.to_owned(), origin: origin.cloned(), calls })
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
        for Counted { kind, name, origin, calls } in &checked.rules {
            write!(out, "{kind} {name}")?;
            if let Some(calls) = calls {
                write!(out, ": {}", number::counted(*calls, "call", "calls"))?;
            }
            match origin {
                Some(origin) => writeln!(out, "  # {origin}")?,
                None => writeln!(out)?,
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
    let (by, durations) = (vec![dimension], Durations::Left);
    let (from, to) = (Time::MIN, Time::MAX);
    let counts = store.count(&CubeQuestion { from, to, by, every: None, durations })?;
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
    let done = match store::writer_of_existing(&settings)? {
        Writer::Here(store) => derive_all(&settings, &store)?,
        Writer::There(mut serving) => {
            serving.run(&settings, Work::ApplyRules, &Progress::default())?
        }
    };
    let mut out = terminal::stdout();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &done)?;
        writeln!(out)?;
    } else {
        writeln!(out, "{} derived again", number::counted(done.calls, "call", "calls"))?;
        if done.read_again > 0 {
            let lines = number::counted(done.read_again, "line", "lines");
            writeln!(out, "{lines} that no format read before")?;
        }
    }
    out.flush()?;
    Ok(store::say_unreadable(&done.unreadable)?)
}

/// Reads again what no format read, learns templates from all that is stored, and derives the history
/// by them and by the rules of these settings.
pub(super) fn derive_all(settings: &Settings, store: &LocalStore) -> anyhow::Result<Rederived> {
    let sources = inputs::configured_sources(settings, store.names())?;
    let now = Time::from_micros(Timestamp::now().as_microsecond());
    let again = reread(store, &sources, &compile(settings, store)?, now)?;
    let Learned { templates, .. } = learn(store, &compile_declared(settings, store)?)?;
    let needed = templates.iter().filter(|template| template.special);
    let kept: Vec<String> = needed.map(serde_json::to_string).collect::<Result<_, _>>()?;
    store.keep_templates(&kept)?;
    let rules = compile(settings, store)?;
    let derivation = Derivation::new(settings, store)?;
    let done = derivation.run(store, &rules, |_| ControlFlow::Continue(()))?;
    let mut done = done.unwrap_or_default();
    done.read_again = again.lines;
    done.unreadable.extend(again.unreadable);
    Ok(done)
}

/// The history is to be derived by the rules of these settings.
pub(super) struct Derivation {
    sources: Vec<Source>,
    pub(super) version: RulesVersion,
}

impl Derivation {
    pub(super) fn new(settings: &Settings, store: &LocalStore) -> anyhow::Result<Self> {
        let sources = inputs::configured_sources(settings, store.names())?;
        let learned = store.templates()?;
        let version = RulesVersion::of(&settings.rule_set, &sources, &learned, store.names());
        Ok(Self { sources, version })
    }

    /// Derives; `None` where `progress` stopped it.
    pub(super) fn run(
        &self,
        store: &LocalStore,
        rules: &Rules,
        progress: impl FnMut(&Rederived) -> ControlFlow<()>,
    ) -> Result<Option<Rederived>, StoreError> {
        let now = Time::from_micros(Timestamp::now().as_microsecond());
        rederive(store, &self.sources, rules, &self.version, now, progress)
    }
}

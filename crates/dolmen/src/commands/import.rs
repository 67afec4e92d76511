use std::io::Write;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use dolmen_attribution::{LearnedTemplate, Rules};
use dolmen_collect::{FileStatus, ImportRequest, Imported, LastLine, Origin, Progress};
use dolmen_model::Time;
use dolmen_store::{LocalStore, NamedBy, Store};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Context;
use super::bus::block_on;
use super::journal::Journal;
use super::report::inputs::{self, Inputs, Typed};
use super::report::{explain, progress};
use super::store::{self, StoreArg, Writer};
use crate::exit::Exit;
use crate::handover::{ImportWork, Serving, Work};
use crate::render;
use crate::settings::{Asked, Settings};
use crate::terminal;

/// Read log files into the store
///
/// Each line counts once: a file is known by its content, so a file that was imported before adds
/// nothing, one that has grown adds what is new, and an import that was interrupted goes on where
/// it stopped when it is run again. The order of files does not matter. Files compressed by gzip or
/// zstd are read as they are; `-` is standard input. Without FILE, the files of the configuration's
/// sources are read, and what is new in the journal of the bus where a source names it.
///
/// While `dolmen serve` holds the store it does the work, and the answer is the same.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ImportArgs {
    /// Access logs; `-` is standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// An application log that says which request entered which operation (repeatable)
    #[arg(long, value_name = "FILE")]
    marks: Vec<PathBuf>,
    /// How the access logs are written; as `dolmen report` has it
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// How the application logs are written: `json`, or a regular expression with named groups
    #[arg(long, value_name = "FORMAT")]
    marks_format: Option<String>,
    /// The files are complete: read a last line without a line end too
    ///
    /// Without it such a line stays for the next import, because it may still be written.
    #[arg(long = "final")]
    complete: bool,
    #[command(flatten)]
    store: StoreArg,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  dolmen import /var/log/apache2/access.log* --marks app.jsonl
  dolmen import                            (the sources of the configuration)
  zcat old.gz | dolmen import - --final --format combined
  dolmen import access.log --store /var/lib/dolmen --json

Afterwards `dolmen report` and `dolmen calls` answer from the store.";

pub(crate) fn run(args: ImportArgs, context: &Context) -> anyhow::Result<Exit> {
    let settings = Settings::load(&Asked::new(context.config.clone(), args.store.store))?;
    let work = ImportWork {
        calls: args.files,
        marks: args.marks,
        calls_format: args.format,
        marks_format: args.marks_format,
        complete: args.complete,
        stdin: None,
    };
    let Outcome { imported, notes } =
        progress::show(context.terminal.progress, |progress| match store::writer(&settings)? {
            Writer::Here(store) => {
                let journal = match work.is_nothing() {
                    true => Journal::open(&settings, &store.path().join("spool"))?,
                    false => None,
                };
                import(&settings, &store, work, journal, progress)
            }
            Writer::There(serving) => there(&settings, serving, work, progress),
        })?;
    for note in notes {
        writeln!(std::io::stderr().lock(), "dolmen: note: {note}")?;
    }
    let mut out = terminal::stdout();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &imported)?;
        writeln!(out)?;
    } else {
        render::import::write(&imported, context.terminal, &mut out)?;
    }
    out.flush()?;
    for lost in &imported.unreadable {
        writeln!(
            std::io::stderr().lock(),
            "dolmen: note: {lost}. Marks of its calls wait until then"
        )?;
    }
    said_in_part(&imported)
}

/// What an import did, and what it left out.
#[derive(Serialize, Deserialize)]
pub(super) struct Outcome {
    pub(super) imported: Imported,
    notes: Vec<String>,
}

/// Imports into a store that this process writes; and what is new in `journal`.
pub(super) fn import(
    settings: &Settings,
    store: &LocalStore,
    work: ImportWork,
    journal: Option<Journal>,
    progress: &Progress,
) -> anyhow::Result<Outcome> {
    let ImportWork { calls, marks, calls_format, marks_format, complete, stdin } = work;
    let typed = Typed { calls, marks, calls_format, marks_format };
    let mut arrived = Vec::new();
    if let Some(journal) = &journal {
        block_on(journal.catch_up(settings))?;
        arrived = journal.inputs()?;
    }
    let Inputs { sources, mut inputs, notes, .. } =
        inputs::find(typed, settings, store.names(), arrived)?;
    for input in inputs.iter_mut().filter(|input| matches!(input.origin, Origin::Stdin)) {
        if let Some(copy) = &stdin {
            input.origin = Origin::CopyOfStdin(copy.clone());
        }
    }
    let named_by: Vec<NamedBy> = (0..sources.len())
        .map(|n| if n < settings.sources.len() { NamedBy::Configuration } else { NamedBy::Path })
        .collect();
    let request = ImportRequest {
        sources: &sources,
        named_by: &named_by,
        inputs,
        rules: &compile(settings, store)?,
        last_line: if complete { LastLine::Read } else { LastLine::Left },
        workers: std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN),
        now: Time::from_micros(Timestamp::now().as_microsecond()),
    };
    let imported = dolmen_collect::import(store, request, progress).map_err(explain)?;
    if let Some(journal) = journal {
        let is_bad = |path: &Path| {
            let mut files = imported.files.iter();
            files.any(|file| file.error.is_some() && Path::new(&file.path) == path)
        };
        journal.spool.release(|path| !is_bad(path)).context("cannot clear the spool")?;
    }
    Ok(Outcome { imported, notes })
}

/// Has `dolmen serve` import.
fn there(
    settings: &Settings,
    mut serving: Serving,
    mut work: ImportWork,
    progress: &Progress,
) -> anyhow::Result<Outcome> {
    let is_stdin = |path: &PathBuf| path.as_os_str() == "-";
    let copy = match work.calls.iter().chain(&work.marks).any(is_stdin) {
        true => Some(serving.copy_of_stdin()?),
        false => None,
    };
    work.stdin = copy.as_ref().map(std::path::absolute).transpose()?;
    // Paths mean something else where the other process is; they are shown as they were typed.
    let mut shown = Vec::new();
    for path in work.calls.iter_mut().chain(&mut work.marks) {
        if !is_stdin(path) {
            let absolute = std::path::absolute(&path)?;
            shown.push((absolute.clone(), std::mem::replace(path, absolute)));
        }
    }
    let mut outcome: Outcome = serving.run(settings, Work::Import(work), progress)?;
    let is_relative = settings.file.as_ref().is_some_and(|file| file.is_relative());
    let here = std::env::current_dir().ok().filter(|_| is_relative);
    for file in &mut outcome.imported.files {
        let path = PathBuf::from(&file.path);
        let typed = shown.iter().find(|(absolute, _)| *absolute == path).map(|(_, typed)| typed);
        let below = || path.strip_prefix(here.as_ref()?).ok();
        if let Some(path) = typed.map(PathBuf::as_path).or_else(below) {
            file.path = path.display().to_string();
        }
    }
    Ok(outcome)
}

/// The rules, with the numbers that names have in the store, and the templates that were learned
/// from its lines.
pub(super) fn compile(settings: &Settings, store: &dyn Store) -> anyhow::Result<Rules> {
    let kept = store.templates()?;
    let read = |text: &String| serde_json::from_str(text).context("read a learned template");
    let learned: Vec<LearnedTemplate> = kept.iter().map(read).collect::<anyhow::Result<_>>()?;
    Ok(compile_declared(settings, store)?.with_learned(&learned))
}

/// The rules alone, with the numbers that names have in the store.
pub(super) fn compile_declared(settings: &Settings, store: &dyn Store) -> anyhow::Result<Rules> {
    Rules::compile(&settings.rule_set, store.names()).map_err(|errors| {
        // They were compiled once already, when the configuration was checked.
        let faults: Vec<String> = errors.iter().map(ToString::to_string).collect();
        anyhow!("the rules cannot be used: {}", faults.join("; "))
    })
}

/// Files that were read in part, or not at all, are a failure.
fn said_in_part(imported: &Imported) -> anyhow::Result<Exit> {
    let mut exit = Exit::Done;
    for file in &imported.files {
        let Some(error) = &file.error else { continue };
        let what = match file.status {
            FileStatus::Changed => "was left alone",
            _ => "was read only in part",
        };
        writeln!(std::io::stderr().lock(), "dolmen: {} {what}: {error}", file.path)?;
        exit = Exit::Failed;
    }
    Ok(exit)
}

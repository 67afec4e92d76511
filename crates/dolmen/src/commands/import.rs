use std::io::Write;
use std::num::NonZero;
use std::path::PathBuf;

use anyhow::anyhow;
use dolmen_attribution::Rules;
use dolmen_collect::{FileStatus, ImportRequest, Imported, LastLine};
use dolmen_model::Time;
use dolmen_store::{NamedBy, Store};
use jiff::Timestamp;

use super::Context;
use super::report::inputs::{self, Inputs, Typed};
use super::report::{explain, progress};
use super::store::{self, StoreArg};
use crate::exit::Exit;
use crate::render;
use crate::settings::{Asked, Settings};
use crate::terminal;

/// Read log files into the store
///
/// Each line counts once: a file is known by its content, so a file that was imported before adds
/// nothing, one that has grown adds what is new, and an import that was interrupted goes on where
/// it stopped when it is run again. The order of files does not matter. Files compressed by gzip or
/// zstd are read as they are; `-` is standard input. Without FILE, the files of the configuration's
/// sources are read.
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
    let store = store::open(&settings)?;
    let typed = Typed {
        calls: args.files,
        marks: args.marks,
        calls_format: args.format,
        marks_format: args.marks_format,
    };
    let Inputs { sources, inputs, notes } = inputs::find(typed, &settings, store.names())?;
    for note in notes {
        writeln!(std::io::stderr().lock(), "dolmen: note: {note}")?;
    }
    let named_by: Vec<NamedBy> = (0..sources.len())
        .map(|n| if n < settings.sources.len() { NamedBy::Configuration } else { NamedBy::Path })
        .collect();
    let request = ImportRequest {
        sources: &sources,
        named_by: &named_by,
        inputs,
        rules: &compile(&settings, &store)?,
        last_line: if args.complete { LastLine::Read } else { LastLine::Left },
        workers: std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN),
        now: Time::from_micros(Timestamp::now().as_microsecond()),
    };
    let imported = progress::show(context.terminal.progress, |progress| {
        dolmen_collect::import(&store, request, progress)
    })
    .map_err(explain)?;
    let mut out = terminal::stdout();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &imported)?;
        writeln!(out)?;
    } else {
        render::import::write(&imported, context.terminal, &mut out)?;
    }
    out.flush()?;
    said_in_part(&imported)
}

/// The rules, with the numbers that names have in the store.
pub(super) fn compile(settings: &Settings, store: &dyn Store) -> anyhow::Result<Rules> {
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

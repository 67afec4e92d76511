//! `dolmen store`: what is kept, and its upkeep.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Context as _;
use clap::Subcommand;
use dolmen_collect::{Progress, Window};
use dolmen_model::Time;
use dolmen_model::query::Query;
use dolmen_store::{CallQuestion, ExportFormat, LocalStore, Store, Unreadable, export};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::Context;
use super::super::report::window::{self, Instant};
use super::{StoreArg, Writer, open_read, say_unreadable, writer_of_existing};
use crate::exit::Exit;
use crate::handover::Work;
use crate::render::{number, store as render};
use crate::settings::{Asked, Settings};
use crate::terminal;

/// Look after the store
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    Status(StatusArgs),
    Verify(VerifyArgs),
    Compact(CompactArgs),
    Backup(BackupArgs),
    Export(ExportArgs),
}

/// Say what the store holds: sizes, and when each source spoke and was silent
#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    store: StoreArg,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Read everything in the store, and say what is damaged
///
/// Exit codes: 0 nothing is, 3 something is.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    store: StoreArg,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Remove lines past their time, join small segments, remove what was replaced
///
/// A segment that cannot be read stays as it is, and is named; all others are joined.
#[derive(Debug, clap::Args)]
pub(crate) struct CompactArgs {
    #[command(flatten)]
    store: StoreArg,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Copy the store, while it serves, to a folder that is a store itself
///
/// What is copied is held against its checksums. A damaged segment is named, and copied as it is: an older
/// copy may have it whole.
#[derive(Debug, clap::Args)]
pub(crate) struct BackupArgs {
    /// A folder that does not exist
    #[arg(value_name = "DIR")]
    to: PathBuf,
    #[command(flatten)]
    store: StoreArg,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Write calls for other programs
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// parquet, csv or ndjson
    #[arg(long, value_name = "FORMAT")]
    #[arg(value_parser = ["parquet", "csv", "ndjson"])]
    format: String,
    /// Only calls that match a query
    #[arg(long = "where", value_name = "QUERY")]
    query: Option<String>,
    /// Only calls from this instant on
    #[arg(long, value_name = "TIME", value_parser = Instant::from_str)]
    from: Option<Instant>,
    /// Only calls before this instant
    #[arg(long, value_name = "TIME", value_parser = Instant::from_str)]
    to: Option<Instant>,
    /// Write here, not to standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    store: StoreArg,
}

pub(crate) fn run(command: StoreCommand, context: &Context) -> anyhow::Result<Exit> {
    match command {
        StoreCommand::Status(args) => status(args, context),
        StoreCommand::Verify(args) => verify(args, context),
        StoreCommand::Compact(args) => compact(args, context),
        StoreCommand::Backup(args) => backup(args, context),
        StoreCommand::Export(args) => exported(args, context),
    }
}

fn settings(store: StoreArg, context: &Context) -> anyhow::Result<Settings> {
    Settings::load(&Asked::new(context.config.clone(), store.store))
}

fn now() -> Time {
    Time::from_micros(Timestamp::now().as_microsecond())
}

/// Prints an answer as JSON, or as a person reads it.
fn answer<T: Serialize>(
    json: bool,
    answer: &T,
    text: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> anyhow::Result<()> {
    let mut out = terminal::stdout();
    if json {
        serde_json::to_writer_pretty(&mut out, answer)?;
        writeln!(out)?;
    } else {
        text(&mut out)?;
    }
    out.flush()?;
    Ok(())
}

fn status(args: StatusArgs, context: &Context) -> anyhow::Result<Exit> {
    let store = open_read(&settings(args.store, context)?)?;
    let status = store.status()?;
    answer(args.json, &status, |out| render::status(&status, context.terminal, out))?;
    Ok(Exit::Done)
}

fn verify(args: VerifyArgs, context: &Context) -> anyhow::Result<Exit> {
    let store = open_read(&settings(args.store, context)?)?;
    let verified = store.verify(|_, _| {})?;
    answer(args.json, &verified, |out| {
        let segments = number::counted(verified.segments, "segment", "segments");
        let lines = number::counted(verified.lines, "line", "lines");
        if verified.problems.is_empty() {
            return writeln!(out, "{segments}, {lines}: whole");
        }
        let problems = verified.problems.len() as u64;
        writeln!(out, "{segments}, {lines}, {}", number::counted(problems, "problem", "problems"))?;
        verified.problems.iter().try_for_each(|problem| writeln!(out, "  {problem}"))
    })?;
    Ok(if verified.problems.is_empty() { Exit::Done } else { Exit::No })
}

/// What `store compact` did.
#[derive(Serialize, Deserialize)]
pub(crate) struct Compacted {
    lines_removed: u64,
    segments_joined: u64,
    segments_made: u64,
    amendments_folded: u64,
    files_removed: u64,
    unreadable: Vec<Unreadable>,
}

fn compact(args: CompactArgs, context: &Context) -> anyhow::Result<Exit> {
    let settings = settings(args.store, context)?;
    let done = match writer_of_existing(&settings)? {
        Writer::Here(store) => compact_here(&settings, &store)?,
        Writer::There(mut serving) => {
            serving.run(&settings, Work::Compact, &Progress::default())?
        }
    };
    answer(args.json, &done, |out| {
        writeln!(
            out,
            "{} past their time removed, {} joined into {}, {} removed",
            number::counted(done.lines_removed, "line", "lines"),
            number::counted(done.segments_joined, "segment", "segments"),
            number::count(done.segments_made),
            number::counted(done.files_removed, "replaced file", "replaced files"),
        )
    })?;
    Ok(say_unreadable(&done.unreadable)?)
}

/// Compacts a store that this process writes.
pub(crate) fn compact_here(settings: &Settings, store: &LocalStore) -> anyhow::Result<Compacted> {
    let now = now();
    let removed = match settings.keep_since(now) {
        Some(since) => store.keep_from(since, now)?.rows,
        None => 0,
    };
    let compacted = store.compact(now)?;
    Ok(Compacted {
        lines_removed: removed,
        segments_joined: compacted.from,
        segments_made: compacted.to,
        amendments_folded: compacted.amendments,
        files_removed: store.remove_replaced(now)?,
        unreadable: compacted.unreadable,
    })
}

fn backup(args: BackupArgs, context: &Context) -> anyhow::Result<Exit> {
    let store = open_read(&settings(args.store, context)?)?;
    let copied = store.backup(&args.to)?;
    answer(args.json, &copied, |out| {
        let segments = number::counted(copied.segments, "segment", "segments");
        let bytes = number::count(copied.bytes);
        writeln!(out, "{segments} and the catalog, {bytes} bytes, copied to {}", args.to.display())
    })?;
    Ok(say_unreadable(&copied.unreadable)?)
}

fn exported(args: ExportArgs, context: &Context) -> anyhow::Result<Exit> {
    let Window { from, to } = window::between(args.from, args.to)?;
    let query = match &args.query {
        Some(query) => Query::parse(query).context("--where")?,
        None => Query::default(),
    };
    let store = open_read(&settings(args.store, context)?)?;
    let format = match args.format.as_str() {
        "parquet" => ExportFormat::Parquet,
        "csv" => ExportFormat::Csv,
        _ => ExportFormat::Ndjson,
    };
    let question = CallQuestion { from, to, query };
    let exported = match &args.output {
        Some(path) => {
            let file =
                File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
            let mut out = BufWriter::new(file);
            let exported = export(&store, &question, format, &mut out)?;
            out.flush().with_context(|| format!("cannot write {}", path.display()))?;
            let mut err = std::io::stderr().lock();
            let calls = number::counted(exported.calls, "call", "calls");
            writeln!(err, "dolmen: {calls} written to {}", path.display())?;
            exported
        }
        None => {
            let mut out = BufWriter::new(std::io::stdout());
            let exported = export(&store, &question, format, &mut out)?;
            out.flush()?;
            exported
        }
    };
    Ok(say_unreadable(&exported.unreadable)?)
}

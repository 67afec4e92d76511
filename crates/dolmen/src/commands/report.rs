pub(super) mod inputs;
pub(super) mod progress;
mod questions;
pub(super) mod window;

use std::io::Write;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::Context as _;
use dolmen_collect::{CollectError, ReportRequest, Window, report_stored};
use dolmen_cubes::{Report, UnreadableRow};
use dolmen_model::query::Query;
use dolmen_store::{CallQuestion, Unreadable};

use super::Context;
use super::store::{self, StoreArg};
use crate::exit::{Exit, UsageError};
use crate::render::csv::{self, CsvTable};
use crate::render::report::{self, Look};
use crate::settings::{Asked, Settings};
use crate::terminal;

use inputs::{Inputs, Typed};
use questions::Question;
use window::Instant;

/// Say who calls what, from log files
///
/// Reads access logs, and application logs (marks) where there are any; joins them by request id;
/// counts operations, actors, services, endpoints; and lists the callers that no rule names. Files
/// compressed by gzip or zstd are read as they are. `-` is standard input. Without FILE, the report
/// is on what the store holds; where there is no store, on the sources of the configuration.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReportArgs {
    /// Access logs; `-` is standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    store: StoreArg,
    /// An application log that says which request entered which operation (repeatable)
    #[arg(long, value_name = "FILE")]
    marks: Vec<PathBuf>,
    /// How the access logs are written
    ///
    /// A name (common, combined, haproxy, caddy, …), Apache's LogFormat, nginx's log_format,
    /// `json`, or a regular expression with named groups. Without it: what the configuration says
    /// of the file, else found from its first lines.
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// How the application logs are written: `json`, or a regular expression with named groups
    #[arg(long, value_name = "FORMAT")]
    marks_format: Option<String>,
    /// Only calls and marks from this instant on
    ///
    /// 2026-03-01, 2026-03-01T08:30, or with an offset 2026-03-01T08:30:00+01:00. Without an
    /// offset it is UTC.
    #[arg(long, value_name = "TIME", value_parser = Instant::from_str)]
    from: Option<Instant>,
    /// Only calls and marks before this instant
    #[arg(long, value_name = "TIME", value_parser = Instant::from_str)]
    to: Option<Instant>,
    /// Only calls that match a query, such as 'service:monolith and status>=500'
    #[arg(long = "where", value_name = "QUERY")]
    query: Option<String>,
    /// Say instead which operation should leave the monolith first, and why
    #[arg(long, conflicts_with_all = ["query", "csv", "from", "to"])]
    move_first: bool,
    /// Say instead what the move of an operation changed, actor by actor
    ///
    /// Its rule has `retired` and `moved_to`. As many days are compared before and after the move as
    /// the log has on both sides, 28 at most.
    #[arg(long, value_name = "OPERATION")]
    #[arg(conflicts_with_all = ["query", "csv", "from", "to", "move_first"])]
    moved: Option<String>,
    /// Hold a hand-made map of actors, services and operations against what was seen
    ///
    /// docs/map.md has the file's form. Exit code 3 says that they differ.
    #[arg(long, value_name = "MAP")]
    #[arg(conflicts_with_all = ["query", "csv", "move_first", "moved"])]
    against: Option<PathBuf>,
    /// Print what was seen as a map, to begin one with
    ///
    /// `dolmen report --against` holds it against later traffic; so does the console.
    #[arg(long)]
    #[arg(conflicts_with_all = ["query", "csv", "move_first", "moved", "against", "json"])]
    as_map: bool,
    /// Print JSON
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print one table as CSV
    #[arg(long, value_name = "TABLE")]
    csv: Option<CsvTable>,
    /// Rows of each table: a number, or `all` (JSON and CSV have all)
    #[arg(long, value_name = "N", default_value = "20", value_parser = Top::from_str)]
    #[arg(conflicts_with_all = ["json", "csv"])]
    top: Top,
}

const EXAMPLES: &str = "Examples:
  dolmen report /var/log/apache2/access.log
  dolmen report access.log* --marks app.jsonl --from 2026-03-01 --to 2026-04-01
  zcat old.gz | dolmen report - --format combined
  dolmen report access.log --where 'actor:unknown and not status:404'
  dolmen report access.log --csv unknown-callers > callers.csv
  dolmen report --json                    (what was imported into the store)
  dolmen report --move-first              (the store: what should leave the monolith next)
  dolmen report --as-map > map.toml       (the store: who calls what, to be edited)
  dolmen report --against map.toml        (the store, and what somebody believes)

What the query language knows is in docs/query.md, what JSON has in docs/json.md.
Lines that no format reads are counted and shown; they are no error.";

/// Rows of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Top {
    Rows(usize),
    All,
}

impl FromStr for Top {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            _ if text == "all" => Ok(Self::All),
            Ok(rows) if rows > 0 => Ok(Self::Rows(rows)),
            _ => Err("write a number from 1 on, or `all`".to_owned()),
        }
    }
}

/// How the report is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Output {
    Text(Option<usize>),
    Json,
    Csv(CsvTable),
}

pub(crate) fn run(args: ReportArgs, context: &Context) -> anyhow::Result<Exit> {
    let output = match (args.json, args.csv, args.top) {
        (true, ..) => Output::Json,
        (false, Some(table), _) => Output::Csv(table),
        (false, None, Top::Rows(rows)) => Output::Text(Some(rows)),
        (false, None, Top::All) => Output::Text(None),
    };
    let asked_for_store = args.store.store.is_some();
    let settings = Settings::load(&Asked::new(context.config.clone(), args.store.store))?;
    let window = window::between(args.from, args.to)?;
    let query = match &args.query {
        Some(query) => Query::parse(query).context("--where")?,
        None => Query::default(),
    };
    let typed = Typed {
        calls: args.files,
        marks: args.marks,
        calls_format: args.format,
        marks_format: args.marks_format,
    };
    if let Some(question) = Question::of(args.move_first, args.moved, args.against, args.as_map) {
        return question.answer(typed, &settings, window, output, context);
    }
    let report = if typed.is_nothing() && (asked_for_store || store::is_there(&settings)) {
        let store = store::open_read(&settings)?;
        let Window { from, to } = window;
        report_stored(&store, &settings.rules, &CallQuestion { from, to, query })?
    } else {
        ask(typed, &settings, window, &query, context)?
    };
    print(&report, output, context)?;
    let broken = report.files.iter().filter_map(|file| Some((&file.path, file.error.as_ref()?)));
    let mut exit = Exit::Done;
    for (path, error) in broken {
        // The report says so too, but a script may have asked for one table of it.
        writeln!(std::io::stderr().lock(), "dolmen: {path} was read only in part: {error}")?;
        exit = Exit::Failed;
    }
    let lacking: Vec<Unreadable> = report.unreadable.iter().map(unreadable).collect();
    match store::say_unreadable(&lacking)? {
        Exit::Done => Ok(exit),
        failed => Ok(failed),
    }
}

fn unreadable(row: &UnreadableRow) -> Unreadable {
    let UnreadableRow { segment, reason, rows, from, to } = row.clone();
    Unreadable { segment, reason, rows, from, to }
}

/// The report on the sources of one configuration.
pub(crate) fn configured(
    configuration: &Path,
    window: Window,
    query: &Query,
    context: &Context,
) -> anyhow::Result<Report> {
    let settings = Settings::load(&Asked::new(Some(configuration.to_owned()), None))?;
    ask(Typed::default(), &settings, window, query, context)
}

fn ask(
    typed: Typed,
    settings: &Settings,
    window: Window,
    query: &Query,
    context: &Context,
) -> anyhow::Result<Report> {
    let Inputs { sources, inputs, notes, .. } =
        inputs::find(typed, settings, &settings.names, Vec::new())?;
    for note in notes {
        writeln!(std::io::stderr().lock(), "dolmen: note: {note}")?;
    }
    let request = ReportRequest {
        sources: &sources,
        inputs,
        rules: &settings.rules,
        names: &settings.names,
        window,
        query,
        workers: std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN),
        temporary: std::env::temp_dir(),
    };
    progress::show(context.terminal.progress, |progress| dolmen_collect::report(request, progress))
        .map_err(explain)
}

/// What the person who typed can mend is a fault of usage.
pub(super) fn explain(error: CollectError) -> anyhow::Error {
    match error {
        CollectError::Undetected { .. } => UsageError(format!(
            "{error}\nTo read it, name its format: --format, or --marks-format for marks"
        ))
        .into(),
        CollectError::Holds { .. } => UsageError(format!(
            "{error}\nGive access logs as FILE and application logs with --marks"
        ))
        .into(),
        error => error.into(),
    }
}

fn print(report: &Report, output: Output, context: &Context) -> anyhow::Result<()> {
    let mut out = terminal::stdout();
    match output {
        Output::Text(top) => {
            let look =
                Look { width: context.terminal.width, painter: context.terminal.painter, top };
            report::write(report, look, &mut out)?;
        }
        Output::Json => {
            serde_json::to_writer_pretty(&mut out, report)?;
            writeln!(out)?;
        }
        Output::Csv(table) => csv::write(report, table, &mut out)?,
    }
    out.flush()?;
    Ok(())
}

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::Context;
use crate::exit::{Exit, UsageError};
use crate::settings::{Asked, ConfigError, DEFAULT, Entry, Origin, Problem, Settings};
use crate::terminal;

/// Check the configuration, or show what is in effect
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    Check(CheckArgs),
    Show(ShowArgs),
}

/// Say whether a configuration can be used, and all that is wrong with it
#[derive(Debug, Args)]
#[command(after_help = CHECK_EXAMPLES)]
pub(crate) struct CheckArgs {
    /// The configuration, instead of the one that would be found
    file: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const CHECK_EXAMPLES: &str = "Examples:
  dolmen config check
  dolmen config check /etc/dolmen/dolmen.toml --json

Rules that can never match are warnings. Exit codes: 0 it can be used, 2 it cannot.";

/// Show every setting in effect, and where it comes from
#[derive(Debug, Args)]
#[command(after_help = SHOW_EXAMPLES)]
pub(crate) struct ShowArgs {
    /// Show the defaults, with an explanation of every setting
    #[arg(long, conflicts_with = "json")]
    default: bool,
    /// The folder of the store, as other commands would be given it
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const SHOW_EXAMPLES: &str = "Examples:
  dolmen config show
  dolmen config show --default > dolmen.toml

What is printed is a configuration itself.";

pub(crate) fn run(command: ConfigCommand, context: &Context) -> anyhow::Result<Exit> {
    match command {
        ConfigCommand::Check(args) => check(args, context),
        ConfigCommand::Show(args) => show(&args, context),
    }
}

/// The answer of `config check --json`.
#[derive(Serialize)]
struct Checked<'c> {
    ok: bool,
    file: Option<PathBuf>,
    errors: &'c [Problem],
    warnings: &'c [Problem],
}

fn check(args: CheckArgs, context: &Context) -> anyhow::Result<Exit> {
    let mut asked = Asked::new(context.config.clone(), None);
    asked.argument = args.file;
    let loaded = Settings::load(&asked);
    let mut out = terminal::stdout();
    match loaded {
        Ok(settings) => {
            let Some(file) = &settings.file else {
                return Err(UsageError(
                    "there is no configuration to check: name one, or write ./dolmen.toml \
                     (`dolmen config show --default` prints one to begin with)"
                        .to_owned(),
                )
                .into());
            };
            if args.json {
                let (file, warnings) = (Some(file.clone()), settings.warnings.as_slice());
                print_json(&mut out, &Checked { ok: true, file, errors: &[], warnings })?;
            } else {
                for warning in &settings.warnings {
                    writeln!(std::io::stderr().lock(), "dolmen: warning: {warning}")?;
                }
                writeln!(out, "{}: ok, {}", file.display(), summary(&settings))?;
            }
            out.flush()?;
            Ok(Exit::Done)
        }
        Err(error) => match error.downcast_ref::<ConfigError>() {
            Some(ConfigError { problems }) if args.json => {
                let file = problems.first().map(|problem| problem.file.clone());
                print_json(
                    &mut out,
                    &Checked { ok: false, file, errors: problems, warnings: &[] },
                )?;
                out.flush()?;
                Ok(Exit::Wrong)
            }
            _ => Err(error),
        },
    }
}

fn summary(settings: &Settings) -> String {
    let rules = &settings.rule_set;
    let counts = [
        (settings.sources.len(), "source", "sources"),
        (rules.services.len(), "service", "services"),
        (rules.actors.len(), "actor", "actors"),
        (rules.operations.len(), "operation", "operations"),
        (rules.endpoints.len(), "endpoint", "endpoints"),
        (settings.bus.services.len(), "service of the bus", "services of the bus"),
    ];
    let counts = counts.iter().filter(|(n, ..)| *n > 0);
    let parts: Vec<String> =
        counts.map(|(n, one, many)| format!("{n} {}", if *n == 1 { one } else { many })).collect();
    if parts.is_empty() { "nothing is configured".to_owned() } else { parts.join(", ") }
}

fn print_json(out: &mut impl Write, value: &impl Serialize) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)?;
    Ok(())
}

/// One value of `config show --json`.
#[derive(Serialize)]
struct Shown<'e> {
    key: String,
    value: &'e toml::Value,
    origin: &'e Origin,
}

fn show(args: &ShowArgs, context: &Context) -> anyhow::Result<Exit> {
    let mut out = terminal::stdout();
    if args.default {
        out.write_all(DEFAULT.as_bytes())?;
        out.flush()?;
        return Ok(Exit::Done);
    }
    let settings = Settings::load(&Asked::new(context.config.clone(), args.store.clone()))?;
    if args.json {
        let shown: Vec<Shown<'_>> = settings.entries.iter().map(shown).collect();
        print_json(&mut out, &shown)?;
    } else {
        for line in lines(&settings.entries) {
            writeln!(out, "{line}")?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn shown(entry: &Entry) -> Shown<'_> {
    Shown { key: entry.path(), value: &entry.value, origin: &entry.origin }
}

/// A configuration with a comment behind each value.
fn lines(entries: &[Entry]) -> Vec<String> {
    /// Comments stand below one another, unless a value is long.
    const COMMENT_AT: usize = 40;

    let mut lines = Vec::new();
    let mut last = None;
    for Entry { header, index, key, value, origin } in entries {
        if last != Some((header, index)) {
            if last.is_some() {
                lines.push(String::new());
            }
            lines.push(header.clone());
            last = Some((header, index));
        }
        let setting = format!("{key} = {value}");
        lines.push(format!("{setting:<COMMENT_AT$}  # {origin}"));
    }
    lines
}

//! `dolmen rules suggest`

use std::io::Write;
use std::path::PathBuf;
use std::str::FromStr;

use dolmen_advice::candidates;
use dolmen_collect::Window;
use dolmen_console::verdicts::zone_of;
use dolmen_model::Language;

use super::super::report::window::{self, Instant};
use super::super::store::{self, Scratch, StoreArg};
use super::super::{Context, language};
use crate::exit::Exit;
use crate::render::candidates as render;
use crate::settings::{Asked, Settings};
use crate::terminal;

/// Propose rules for the callers that no rule names
///
/// Callers that do the same in the same way are one candidate, with what it seems to be (a script of
/// one's own, an application, a browser, a monitoring probe, a crawler, a scanner), why, and a rule
/// to paste into dolmen.toml. Without FILE, from the store.
#[derive(Debug, clap::Args)]
pub(crate) struct SuggestArgs {
    /// Access logs; `-` is standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// An application log that says which request entered which operation (repeatable)
    #[arg(long, value_name = "FILE")]
    marks: Vec<PathBuf>,
    #[command(flatten)]
    store: StoreArg,
    /// Only calls from this instant on; as `dolmen report` has it
    #[arg(long, value_name = "TIME", value_parser = Instant::from_str)]
    from: Option<Instant>,
    /// Only calls before this instant
    #[arg(long, value_name = "TIME", value_parser = Instant::from_str)]
    to: Option<Instant>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Say it in this language, `en` or `fr`; keys stay as they are
    #[arg(long, value_name = "LANGUAGE", value_parser = language)]
    lang: Option<Language>,
}

pub(super) fn run(args: SuggestArgs, context: &Context) -> anyhow::Result<Exit> {
    let settings = Settings::load(&Asked::new(context.config.clone(), args.store.store))?;
    let language = args.lang.unwrap_or_default();
    let Window { from, to } = window::between(args.from, args.to)?;
    let (times, zone) = ((from, to), zone_of(&settings.judging.zone)?);
    let found = if args.files.is_empty() && args.marks.is_empty() {
        candidates(&store::open_read(&settings)?, times, zone, language)?
    } else {
        let scratch = Scratch::of(args.files, args.marks, &settings, context)?;
        candidates(&scratch.store, times, zone, language)?
    };
    let mut out = terminal::stdout();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &found)?;
        writeln!(out)?;
    } else {
        render::candidates(&found, language, &mut out)?;
    }
    out.flush()?;
    Ok(store::say_lacking(&found.lacking)?)
}

//! `dolmen rules templates`

use std::io::Write;
use std::path::PathBuf;

use dolmen_attribution::{DeclaredTemplate, LearnedTemplate};
use dolmen_collect::{Learned, learn};
use dolmen_store::Store;
use serde::Serialize;

use super::super::Context;
use super::super::import::compile_declared;
use super::super::store::{self, Scratch, StoreArg};
use crate::exit::Exit;
use crate::render::templates;
use crate::settings::{Asked, Settings};
use crate::terminal;

/// Show the templates of endpoints: declared ones, and those learned from paths, with what they were
/// learned from
///
/// A segment is a parameter by its shape (an integer, a UUID, a date…), because there are many
/// values below which the same lies, or because marks say that all its values enter one operation.
/// Without FILE, templates are learned from the store; `dolmen rules apply` makes them the names of
/// endpoints there.
#[derive(Debug, clap::Args)]
pub(crate) struct TemplatesArgs {
    /// Access logs; `-` is standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// An application log that says which request entered which operation (repeatable)
    #[arg(long, value_name = "FILE")]
    marks: Vec<PathBuf>,
    #[command(flatten)]
    store: StoreArg,
    /// Show templates without parameters too
    #[arg(long)]
    all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What `rules templates` says.
#[derive(Serialize)]
struct Shown {
    declared: Vec<DeclaredTemplate>,
    learned: Vec<LearnedTemplate>,
    left_out: u64,
}

pub(super) fn run(args: TemplatesArgs, context: &Context) -> anyhow::Result<Exit> {
    let settings = Settings::load(&Asked::new(context.config.clone(), args.store.store))?;
    let learned = if args.files.is_empty() && args.marks.is_empty() {
        of(&store::open_read(&settings)?, &settings)?
    } else {
        let scratch = Scratch::of(args.files, args.marks, &settings, context)?;
        of(&scratch.store, &settings)?
    };
    let Learned { mut templates, left_out, unreadable } = learned;
    if !args.all {
        templates.retain(|template| !template.parameters.is_empty() || template.special);
    }
    let shown = Shown { declared: settings.rules.declared(), learned: templates, left_out };
    let mut out = terminal::stdout();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &shown)?;
        writeln!(out)?;
    } else {
        templates::write(&shown.declared, &shown.learned, shown.left_out, &mut out)?;
    }
    out.flush()?;
    Ok(store::say_unreadable(&unreadable)?)
}

fn of(store: &dyn Store, settings: &Settings) -> anyhow::Result<Learned> {
    Ok(learn(store, &compile_declared(settings, store)?)?)
}

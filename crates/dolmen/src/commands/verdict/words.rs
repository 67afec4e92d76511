//! What owners say: it changes reasons and stands in for what silence cannot prove.

use std::io::Write;

use anyhow::Context as _;
use dolmen_collect::Progress;
use dolmen_console::verdicts::WordRow;
use dolmen_model::{Language, Time};
use dolmen_store::{NewWord, Store, WordKind};
use jiff::Timestamp;

use super::super::store::{self, StoreArg, Writer};
use super::super::{Context, language};
use crate::exit::{Exit, UsageError};
use crate::handover::Work;
use crate::render::verdict as render;
use crate::settings::{Asked, Settings};
use crate::terminal;

/// Keep what an owner says: that a caller is gone, or that no year's end need be watched
///
/// No number changes. The word is told among the reasons; it stands in for a caller that was seen
/// once, of whom no silence proves anything, and for the end of a year.
#[derive(Debug, clap::Args)]
pub(crate) struct SayArgs {
    /// Of this operation alone
    operation: Option<String>,
    /// On this service alone
    #[arg(long, value_name = "SERVICE")]
    service: Option<String>,
    /// Callers of this name alone
    #[arg(long, value_name = "ACTOR")]
    actor: Option<String>,
    /// Callers from this address alone
    #[arg(long, value_name = "ADDRESS")]
    address: Option<String>,
    /// Callers with this user agent alone
    #[arg(long, value_name = "USER_AGENT")]
    user_agent: Option<String>,
    /// Nothing happens at the end of a year that does not happen at other times
    #[arg(long, conflicts_with_all = ["actor", "address", "user_agent"])]
    year_end: bool,
    /// Who says so
    #[arg(long, value_name = "NAME")]
    who: String,
    /// Why it may be believed
    #[arg(long, value_name = "TEXT")]
    why: String,
    #[command(flatten)]
    store: StoreArg,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Show what owners said and did not take back
#[derive(Debug, clap::Args)]
pub(crate) struct WordsArgs {
    #[command(flatten)]
    store: StoreArg,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Name the columns in this language, `en` or `fr`; words stay as they were said
    #[arg(long, value_name = "LANGUAGE", value_parser = language)]
    lang: Option<Language>,
}

/// Take back what an owner said; that it was said stays in the store
#[derive(Debug, clap::Args)]
pub(crate) struct TakeBackArgs {
    /// The number of the word, as `dolmen verdict words` shows it
    id: i64,
    #[command(flatten)]
    store: StoreArg,
}

fn settings(store: StoreArg, context: &Context) -> anyhow::Result<Settings> {
    Settings::load(&Asked::new(context.config.clone(), store.store))
}

pub(super) fn now() -> Time {
    Time::from_micros(Timestamp::now().as_microsecond())
}

pub(super) fn say(args: SayArgs, context: &Context) -> anyhow::Result<Exit> {
    let settings = settings(args.store, context)?;
    let word = NewWord {
        kind: if args.year_end { WordKind::YearEnd } else { WordKind::Gone },
        operation: args.operation,
        service: args.service,
        actor: args.actor,
        address: args.address,
        user_agent: args.user_agent,
        who: args.who.trim().to_owned(),
        why: args.why.trim().to_owned(),
    };
    if let Some(problem) = word.problem() {
        return Err(UsageError(problem.to_owned()).into());
    }
    let id = match store::writer_of_existing(&settings)? {
        Writer::Here(store) => store.say(&word, now())?.id,
        Writer::There(mut serving) => {
            serving.run(&settings, Work::Say(word), &Progress::default())?
        }
    };
    let mut words = store::open_read(&settings)?.words()?.into_iter();
    let kept = words.find(|word| word.id == id).context("the word was taken back already")?;
    let mut out = terminal::stdout();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &WordRow::from(kept))?;
        writeln!(out)?;
    } else {
        writeln!(out, "word {} is kept; `dolmen verdict take-back {0}` takes it back", kept.id)?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

pub(super) fn list(args: WordsArgs, context: &Context) -> anyhow::Result<Exit> {
    let settings = settings(args.store, context)?;
    let words = store::open_read(&settings)?.words()?;
    let words: Vec<WordRow> = words.into_iter().map(WordRow::from).collect();
    let mut out = terminal::stdout();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &serde_json::json!({ "words": words }))?;
        writeln!(out)?;
    } else {
        render::words(&words, args.lang.unwrap_or_default(), context.terminal, &mut out)?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

pub(super) fn take_back(args: TakeBackArgs, context: &Context) -> anyhow::Result<Exit> {
    let settings = settings(args.store, context)?;
    let was_there = match store::writer_of_existing(&settings)? {
        Writer::Here(store) => store.take_back(args.id, now())?,
        Writer::There(mut serving) => {
            serving.run(&settings, Work::TakeBack(args.id), &Progress::default())?
        }
    };
    if !was_there {
        let message =
            format!("there is no word {}: `dolmen verdict words` shows all of them", args.id);
        return Err(UsageError(message).into());
    }
    let mut out = terminal::stdout();
    writeln!(out, "word {} is taken back", args.id)?;
    out.flush()?;
    Ok(Exit::Done)
}

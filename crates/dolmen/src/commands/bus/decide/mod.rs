//! What a person decides about failed messages: retry, forward, discard, restore.
//!
//! Which messages an action touches is settled before it begins, and said; what arrives later is
//! not touched. Those of them that are on the bus are taken over into the file of this machine, and no
//! others: what nobody decides about stays for everybody. A message is first where it goes next, confirmed; then it gets its fate, and the
//! journal a record with who did it. A crash in between repeats a message and loses none.

mod act;
mod select;

use std::io::{self, IsTerminal, Write};

use dolmen_bus::{Aside, Bytes, FailedMessage, Message};
use dolmen_bus_sqlite::Kept;
use serde::Serialize;

use super::aside::{Lying, look, take_over};
use super::open::{Bus, BusArgs, Missing, open};
use super::{note, print_json};
use crate::commands::Context;
use crate::exit::{Exit, UsageError};
use crate::render::number;
use crate::render::text::clean;
use crate::terminal;
pub(super) use select::Selection;

/// Send failed messages to their service again, from the first attempt
///
/// A message that still waits is made due now, where the bus can do that (in a file). With --unrouted,
/// what nobody listened to is published again, to everybody who listens now.
#[derive(Debug, clap::Args)]
#[command(after_help = RETRY_EXAMPLES)]
pub(crate) struct RetryArgs {
    #[command(flatten)]
    common: Common,
}

/// Send failed messages to another service, with their history
#[derive(Debug, clap::Args)]
pub(crate) struct ForwardArgs {
    #[command(flatten)]
    common: Common,
    /// The service
    #[arg(long, value_name = "SERVICE")]
    to: String,
}

/// Give failed messages up; --restore brings them back
///
/// A message that still waits is taken away first, where the bus can do that (in a file).
#[derive(Debug, clap::Args)]
pub(crate) struct DiscardArgs {
    #[command(flatten)]
    common: Common,
    /// Bring back what was discarded
    #[arg(long, conflicts_with = "unrouted")]
    restore: bool,
}

const RETRY_EXAMPLES: &str = "Examples:
  dolmen bus retry 0190d2c4-8a3e-7b51-9c0f-3f1d2a4b5c6d
  dolmen bus retry --service googleapps --error 'API is down' --first 10
  dolmen bus retry --all --yes
  dolmen bus retry --unrouted --key 'notify.gram.#'";

/// What all of them ask for.
#[derive(Debug, clap::Args)]
struct Common {
    #[command(flatten)]
    bus: BusArgs,
    /// The messages
    #[arg(value_name = "MESSAGE_ID")]
    ids: Vec<String>,
    #[command(flatten)]
    selection: Selection,
    /// All of them
    #[arg(long, conflicts_with = "ids")]
    all: bool,
    /// Of the messages that nobody listened to, or whose service is gone, instead of failed ones
    #[arg(long)]
    unrouted: bool,
    /// Only so many of them, the oldest first
    #[arg(long, value_name = "N")]
    first: Option<usize>,
    /// Only say which messages would be touched
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The answer with --json.
#[derive(Serialize)]
struct Answer {
    dry_run: bool,
    messages: Vec<Touched>,
}

/// A message that was touched, or would be.
#[derive(Serialize)]
struct Touched {
    message_id: String,
    service: String,
}

impl Touched {
    fn of(message: &Message, service: Option<&str>) -> Self {
        let service = service.unwrap_or_default().to_owned();
        Self { message_id: message.id.clone(), service }
    }
}

/// What is done, in words.
struct Words {
    ask: &'static str,
    done: &'static str,
}

pub(super) async fn retry(args: RetryArgs, context: &Context) -> anyhow::Result<Exit> {
    let bus = open(&args.common.bus, context, Missing::Refuse, &[]).await?;
    let words = Words { ask: "retry", done: "retried" };
    decide(&args.common, &bus, words, act::Action::Retry).await
}

pub(super) async fn forward(args: ForwardArgs, context: &Context) -> anyhow::Result<Exit> {
    let bus = open(&args.common.bus, context, Missing::Refuse, &[&args.to]).await?;
    act::check_target(&bus, &args.to).await?;
    let words = Words { ask: "forward", done: "forwarded" };
    decide(&args.common, &bus, words, act::Action::Forward(args.to)).await
}

pub(super) async fn discard(args: DiscardArgs, context: &Context) -> anyhow::Result<Exit> {
    let bus = open(&args.common.bus, context, Missing::Refuse, &[]).await?;
    if args.restore {
        let words = Words { ask: "restore", done: "restored" };
        return decide(&args.common, &bus, words, act::Action::Restore).await;
    }
    let words = Words { ask: "discard", done: "discarded" };
    decide(&args.common, &bus, words, act::Action::Discard).await
}

async fn decide(
    common: &Common,
    bus: &Bus,
    words: Words,
    action: act::Action,
) -> anyhow::Result<Exit> {
    if common.ids.is_empty() && !common.all && common.selection.is_empty() {
        return Err(UsageError(format!(
            "which messages? Name them by id, or by --service, --key, --nature or --error, or say \
             --all (`dolmen bus {}` lists them){}",
            if common.unrouted { "unrouted" } else { "failed" },
            if action == act::Action::Restore {
                "; with --restore, those that were discarded"
            } else {
                ""
            }
        ))
        .into());
    }
    let aside = if common.unrouted { Aside::Unrouted } else { Aside::Failed };
    let file = bus.kept()?;
    let is_meant = |failed: &FailedMessage| {
        (common.ids.is_empty() || common.ids.contains(&failed.message.id))
            && common.selection.holds(failed)
    };
    let mut chosen: Vec<Lying> = match action {
        act::Action::Restore => {
            let discarded = file.discarded_messages().await?;
            discarded.into_iter().filter(|kept| is_meant(&kept.failed)).map(Lying::from).collect()
        }
        _ => {
            look(bus, &file, aside, usize::MAX, |mut lying| {
                // It is read once more when something is done with it.
                lying.failed.message.body = Bytes::new();
                is_meant(&lying.failed).then_some(lying)
            })
            .await?
        }
    };
    chosen.sort_by_key(|lying| lying.failed.failed_at);
    chosen.truncate(common.first.unwrap_or(chosen.len()));
    let mut waiting = match aside {
        Aside::Failed => act::waiting(bus, common, &chosen, &action).await?,
        Aside::Unrouted => Vec::new(),
    };
    waiting.truncate(common.first.map_or(waiting.len(), |first| first - chosen.len()));
    let failed = chosen.iter().map(|it| Touched::of(&it.failed.message, Some(&it.failed.service)));
    let meant: Vec<Touched> = failed
        .chain(waiting.iter().map(|it| Touched::of(&it.message, Some(&it.service))))
        .collect();
    missing(common, &meant, &action)?;
    match &action {
        act::Action::Retry => act::check_services(bus, &chosen).await?,
        act::Action::Forward(to) => act::check_circles(to, &chosen)?,
        act::Action::Discard | act::Action::Restore => {}
    }
    let counted =
        |touched: &[Touched]| number::counted(touched.len() as u64, "message", "messages");
    let count = counted(&meant);
    if common.dry_run {
        bus.close().await?;
        return tell(common, meant, format!("would {} {count}", words.ask));
    }
    if !meant.is_empty() && common.ids.is_empty() && !common.yes && !agreed(&words, &count)? {
        bus.close().await?;
        note("nothing was done");
        return Ok(Exit::No);
    }
    let chosen = match action {
        act::Action::Restore => {
            let kept = |it: Lying| Some(Kept { id: it.kept?, failed: it.failed });
            chosen.into_iter().filter_map(kept).collect()
        }
        _ => take_over(bus, &file, aside, chosen).await?,
    };
    let touched = act::act(bus, &file, chosen, waiting, &action).await?;
    bus.close().await?;
    if touched.len() < meant.len() {
        note("the others are under way, or somebody else decided about them");
    }
    let text = format!("{} {}", words.done, counted(&touched));
    tell(common, touched, text)
}

/// A message that was named and is not there is a fault; a filter may find nothing.
fn missing(common: &Common, touched: &[Touched], action: &act::Action) -> anyhow::Result<()> {
    let is_there = |id: &&String| touched.iter().any(|touched| touched.message_id == **id);
    let missing: Vec<&str> =
        common.ids.iter().filter(|id| !is_there(id)).map(String::as_str).collect();
    if missing.is_empty() || common.first.is_some() {
        return Ok(());
    }
    let what = match action {
        act::Action::Restore => "discarded",
        _ if common.unrouted => "unrouted",
        _ => "failed",
    };
    Err(UsageError(format!(
        "no {what} message is called {}; `dolmen bus trace` says what became of it; nothing was \
         done",
        missing.join(", ")
    ))
    .into())
}

/// Asks before many messages are touched.
fn agreed(words: &Words, count: &str) -> anyhow::Result<bool> {
    let question = format!("{} {count}?", words.ask);
    if !io::stdin().is_terminal() {
        return Err(UsageError(format!("{question} Nobody is there to ask: say --yes")).into());
    }
    write!(io::stderr().lock(), "{question} [y/N] ")?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn tell(common: &Common, messages: Vec<Touched>, text: String) -> anyhow::Result<Exit> {
    if common.json {
        print_json(&Answer { dry_run: common.dry_run, messages })?;
        return Ok(Exit::Done);
    }
    let mut out = terminal::stdout();
    writeln!(out, "{text}")?;
    for Touched { message_id, service } in &messages {
        writeln!(out, "  {}  {}", clean(message_id), clean(service))?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// Who sits here: what the journal says of who did it.
fn operator() -> Option<String> {
    let name = std::env::var("SUDO_USER").or_else(|_| std::env::var("USER")).ok()?;
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Some(format!("{name}@{host}"))
}

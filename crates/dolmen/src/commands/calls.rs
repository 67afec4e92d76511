use std::io::Write;
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context as _;
use dolmen_collect::Window;
use dolmen_model::Time;
use dolmen_model::query::Query;
use dolmen_store::{CallQuestion, Store, StoredCall};

use super::Context;
use super::report::window::{self, Instant};
use super::store::{self, StoreArg};
use crate::exit::Exit;
use crate::render::calls;
use crate::settings::{Asked, Settings};
use crate::terminal;

/// Show calls of the store, newest first
///
/// Each call is the line as it was logged. With --json, one object a line: what is derived from it
/// too (actor, operations, service, endpoint, what became of it in the join).
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CallsArgs {
    /// Only calls that match a query, such as 'actor:unknown and operation:"card block"'
    #[arg(long = "where", value_name = "QUERY")]
    query: Option<String>,
    /// Only calls from this instant on
    #[arg(long, value_name = "TIME", value_parser = Instant::from_str)]
    from: Option<Instant>,
    /// Only calls before this instant
    #[arg(long, value_name = "TIME", value_parser = Instant::from_str)]
    to: Option<Instant>,
    /// At most so many
    #[arg(short, value_name = "N", conflicts_with = "id")]
    n: Option<usize>,
    /// Wait for calls that are imported from now on, and show them, oldest first, until Ctrl+C
    #[arg(short, long, conflicts_with_all = ["id", "to"])]
    follow: bool,
    /// Everything known of one request: its call, the hops behind it, its marks
    #[arg(long, value_name = "REQUEST_ID", conflicts_with_all = ["query", "from", "to"])]
    id: Option<String>,
    #[command(flatten)]
    store: StoreArg,
    /// Print JSON, one object a line; with --id one document
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  dolmen calls -n 20
  dolmen calls --where 'actor:unknown and not status:404' --from 2026-03-01
  dolmen calls --where 'operation:\"card block\"' -f
  dolmen calls --id 0af7651916cd43dd8448eb211c80319c
  dolmen calls --where 'joined:no_id' --json | jq .line

What the query language knows is in docs/query.md.";

/// How often a reader who follows looks for new calls.
const LOOK: Duration = Duration::from_millis(500);

pub(crate) fn run(args: CallsArgs, context: &Context) -> anyhow::Result<Exit> {
    let settings = Settings::load(&Asked::new(context.config.clone(), args.store.store))?;
    let Window { from, to } = window::between(args.from, args.to)?;
    let query = match &args.query {
        Some(query) => Query::parse(query).context("--where")?,
        None => Query::default(),
    };
    let store = store::open_read(&settings)?;
    if let Some(id) = &args.id {
        return request(&store, id, args.json, context);
    }
    let mut show = Show { json: args.json, context };
    let question = CallQuestion { from, to, query };
    if args.follow {
        return follow(&store, question, args.n.unwrap_or(0), &mut show);
    }
    let mut out = terminal::stdout();
    let mut exit = Exit::Done;
    let mut left = args.n.unwrap_or(usize::MAX);
    for call in store.calls(&question)? {
        if left == 0 {
            break;
        }
        match call {
            Ok(call) => {
                show.call(&call, &mut out)?;
                left -= 1;
            }
            Err(error) => {
                // The calls of all other segments still come.
                writeln!(std::io::stderr().lock(), "dolmen: {error}")?;
                exit = Exit::Failed;
            }
        }
    }
    out.flush()?;
    Ok(exit)
}

/// How calls are shown.
struct Show<'c> {
    json: bool,
    context: &'c Context,
}

impl Show<'_> {
    fn call(&mut self, call: &StoredCall, out: &mut dyn Write) -> anyhow::Result<()> {
        if self.json {
            serde_json::to_writer(&mut *out, call)?;
            writeln!(out)?;
        } else {
            calls::line(call, self.context.terminal.painter, out)?;
        }
        Ok(())
    }
}

fn request(from: &dyn Store, id: &str, json: bool, context: &Context) -> anyhow::Result<Exit> {
    let request = from.request(id.as_bytes())?;
    let mut out = terminal::stdout();
    if json {
        serde_json::to_writer_pretty(&mut out, &request)?;
        writeln!(out)?;
    } else {
        calls::request(id, &request, context.terminal, &mut out)?;
    }
    out.flush()?;
    let exit = store::say_unreadable(&request.unreadable)?;
    if exit != Exit::Done {
        return Ok(exit);
    }
    let is_known = !request.calls.is_empty() || !request.marks.is_empty();
    Ok(if is_known { Exit::Done } else { Exit::No })
}

/// Shows the last `before` calls, then every call that comes, until the reader goes away.
fn follow(
    store: &dyn Store,
    mut question: CallQuestion,
    before: usize,
    show: &mut Show<'_>,
) -> anyhow::Result<Exit> {
    let seen = |question: &CallQuestion, most: usize| -> anyhow::Result<Vec<StoredCall>> {
        let mut calls = store.calls(question)?.take(most).collect::<Result<Vec<_>, _>>()?;
        calls.reverse();
        Ok(calls)
    };
    // Of the last instant that was shown more calls may come: the new ones are behind the old.
    let mut shown = seen(&question, before.max(1))?;
    let mut last = shown.last().and_then(|call| call.time);
    let of_instant = |calls: &[StoredCall], time: Option<Time>| {
        calls.iter().filter(|call| call.time == time && time.is_some()).count()
    };
    let mut known = match last {
        Some(time) => {
            let to = Time::from_micros(time.micros().saturating_add(1));
            seen(&CallQuestion { from: time, to, query: question.query.clone() }, usize::MAX)?.len()
        }
        None => 0,
    };
    if before == 0 {
        shown.clear();
    }
    loop {
        {
            let mut out = terminal::stdout();
            for call in &shown {
                show.call(call, &mut out)?;
            }
            out.flush()?;
        }
        std::thread::sleep(LOOK);
        question.from = last.unwrap_or(question.from);
        shown = seen(&question, usize::MAX)?;
        let newest = shown.last().and_then(|call| call.time);
        let before = if last.is_some() { known.min(shown.len()) } else { 0 };
        if newest.is_some() {
            known = of_instant(&shown, newest);
            last = newest;
        }
        shown.drain(..before);
    }
}

//! `dolmen serve`: lines into the store while they are written, a watch that tells somebody, and
//! the console over both.
//!
//! What changes while it runs, the configuration, is in `live`; `reload` notices it, and `derive` has
//! the history follow.
//!
//! It starts in the order of the way of the data, turned round: the console first, so that somebody
//! can see what is going on, then the watch, then whoever brings lines. It stops the other way.

pub(super) mod arrive;
mod derive;
pub(super) mod facts;
mod follow;
mod held;
mod jobs;
mod live;
mod naming;
mod notify;
mod reload;
mod troubles;
mod upkeep;
mod watch;

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use dolmen_console::{Console, OneMore, app};
use dolmen_store::{LocalStore, Store};
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use super::Context;
use super::store::{self, StoreArg};
use crate::exit::{Exit, UsageError};
use crate::settings::{Asked, Settings};

use arrive::Arrivals;
use follow::Follower;
use live::{Current, Live};
use naming::Naming;
use watch::Watcher;
pub(super) use watch::plan;

/// Read logs while they are written, and show the console: http://127.0.0.1:7117
///
/// Follows the files of the configuration's sources into the store, through rotation and
/// restarts; watches for what somebody must be told of; and answers in the browser: who calls what,
/// from where, and the lines behind every figure. Ends on Ctrl+C or SIGTERM.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ServeArgs {
    /// Where the console listens
    ///
    /// An address of this machine alone (loopback): there is no log-in yet. From elsewhere use a
    /// tunnel, such as `ssh -L 7117:127.0.0.1:7117 HOST`.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7117")]
    listen: SocketAddr,
    #[command(flatten)]
    store: StoreArg,
}

const EXAMPLES: &str = "Examples:
  dolmen serve
  dolmen serve --store /var/lib/dolmen --listen 127.0.0.1:8080";

pub(crate) fn run(args: ServeArgs, context: &Context) -> anyhow::Result<Exit> {
    if !args.listen.ip().is_loopback() {
        return Err(UsageError(format!(
            "the console has no log-in yet, so it listens on this machine alone, not on {}: use \
             127.0.0.1 or [::1], and reach it from elsewhere through a tunnel (ssh -L)",
            args.listen
        ))
        .into());
    }
    let settings = Settings::load(&Asked::new(context.config.clone(), args.store.store))?;
    let store = Arc::new(store::open(&settings)?);
    serve(args.listen, settings, store, None)?;
    Ok(Exit::Done)
}

/// How long is waited for what is under way when it shall end. What is cut off then goes on at the
/// next start: a commit is whole or not there.
const AT_LAST: Duration = Duration::from_secs(5);

/// Serves until somebody asks to end. With `one_more` it is a demonstration.
pub(super) fn serve(
    address: SocketAddr,
    settings: Settings,
    store: Arc<LocalStore>,
    one_more: Option<OneMore>,
) -> anyhow::Result<()> {
    let facts = facts::of(&settings, store.path());
    let console = Console::new(Arc::clone(&store) as _, facts);
    let console = match one_more {
        Some(one_more) => console.demonstrating(one_more),
        None => console,
    };
    open_as_many_as_may_be();
    let runtime = Runtime::new().context("cannot start threads")?;
    let listener = runtime
        .block_on(TcpListener::bind(address))
        .with_context(|| format!("cannot listen on {address}"))?;
    // Whoever calls from now on is seen, however long it takes until the watch first looks.
    store.watched_since(live::now()).context("cannot begin to watch")?;
    say(&format!("the console is at http://{}/", listener.local_addr()?));

    let current = Current::new(settings, &store)?;
    let folder = store.path().join("spool");
    let arrivals = Arrivals::start(&current.settings, &folder, runtime.handle())?;
    let live = Arc::new(Live::new(current, store, console.clone(), arrivals));
    // The rules may have changed while nobody was there.
    live.deriver.look();
    let deriver = start(&live, derive::run);
    let (reload, asked) = mpsc::channel();
    let reloader = start(&live, move |live| reload::run(live, &asked));
    let (committed, to_watch) = mpsc::channel();
    live.tell(Some(committed));
    let (told, to_send) = mpsc::channel();
    let handle = runtime.handle().clone();
    let notifier = start(&live, move |live| notify::run(live, &handle, &to_send));
    let watcher = Watcher { live: Arc::clone(&live), told };
    let watcher = thread::spawn(move || watcher.run(&to_watch));
    let (stop_upkeep, upkeep_stopped) = mpsc::channel();
    let upkeep = start(&live, move |live| upkeep::run(live, &upkeep_stopped));
    let (stop, stopped) = mpsc::channel();
    let follower = Follower::new(Arc::clone(&live));
    let follower = thread::spawn(move || follower.run(&stopped));

    jobs::listen(&live, runtime.handle())?;
    let naming = Naming::new(Arc::clone(&live));
    let (traffic, heard, readings) = (Arc::clone(&live), Arc::clone(&live), Arc::clone(&live));
    let watched = Arc::clone(&live);
    let console = console
        .with_namer(Arc::new(naming))
        .with_traffic(move || traffic.arrivals().traffic())
        .with_heard(move || heard.heard().clone())
        .with_readings(move || readings.readings())
        .with_answered(move || watched.watch());
    let served = runtime.block_on(answer(listener, console, reload));
    // With `answer` ended who asks for a reload.
    let leaving = live.arrivals().stop();
    leaving.wait();
    live.deriver.end();
    live.tell(None);
    drop((stop, stop_upkeep));
    let until = Instant::now() + AT_LAST;
    // With the follower ends the watcher: nothing is committed any more.
    for (thread, what) in [
        (reloader, "reading the configuration"),
        (deriver, "deriving the history"),
        (follower, "reading logs"),
        (watcher, "the watch"),
        (upkeep, "keeping the store small"),
        (notifier, "sending alerts"),
    ] {
        while !thread.is_finished() && Instant::now() < until {
            thread::sleep(Duration::from_millis(10));
        }
        if !thread.is_finished() {
            say(&format!("{what} was cut off, and goes on at the next start"));
        }
    }
    // Streams of events would keep it for ever.
    runtime.shutdown_background();
    served
}

/// Raises how many files and connections may be open to what the system allows: what a shell gives,
/// often 1,024, is less than the senders of one source.
fn open_as_many_as_may_be() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        say(&format!("how many files may be open cannot be raised: {error}"));
    }
}

/// Runs a part of the whole beside the others.
fn start(live: &Arc<Live>, part: impl FnOnce(&Live) + Send + 'static) -> JoinHandle<()> {
    let live = Arc::clone(live);
    thread::spawn(move || part(&live))
}

/// Answers until somebody asks to end. Of SIGHUP `reload` is told.
async fn answer(listener: TcpListener, console: Console, reload: Sender<()>) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let served = axum::serve(listener, app(console)).into_future();
    tokio::pin!(served);
    loop {
        tokio::select! {
            served = &mut served => return Ok(served?),
            _ = tokio::signal::ctrl_c() => return Ok(()),
            _ = terminate.recv() => return Ok(()),
            // Nobody is there to read it again: then everything is about to end.
            _ = hangup.recv() => {
                _ = reload.send(());
            }
        }
    }
}

pub(super) fn say(what: &str) {
    // Nobody is left to tell if this fails.
    _ = writeln!(std::io::stderr().lock(), "dolmen: {what}");
}

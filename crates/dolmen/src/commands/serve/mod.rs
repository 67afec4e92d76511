//! `dolmen serve`: lines into the store while they are written, a watch that tells somebody, and
//! the console over both.
//!
//! It starts in the order of the way of the data, turned round: the console first, so that somebody
//! can see what is going on, then the watch, then whoever brings lines. It stops the other way.

mod arrive;
mod facts;
mod follow;
mod watch;

use std::collections::HashMap;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use dolmen_console::{Console, app};
use dolmen_store::LocalStore;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use super::store::{self, StoreArg};
use super::{Context, import};
use crate::exit::{Exit, UsageError};
use crate::settings::{Asked, Settings};

use arrive::Arrivals;
use follow::Follower;
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
    serve(args.listen, Arc::new(settings), store)?;
    Ok(Exit::Done)
}

/// How long is waited for what is under way when it shall end. What is cut off then goes on at the
/// next start: a commit is whole or not there.
const AT_LAST: Duration = Duration::from_secs(5);

pub(super) fn serve(
    address: SocketAddr,
    settings: Arc<Settings>,
    store: Arc<LocalStore>,
) -> anyhow::Result<()> {
    let rules = import::compile(&settings, &*store)?;
    let facts = facts::of(&settings, store.path());
    let console = Console::new(Arc::clone(&store) as _, facts);
    let runtime = Runtime::new().context("cannot start threads")?;
    let listener = runtime
        .block_on(TcpListener::bind(address))
        .with_context(|| format!("cannot listen on {address}"))?;
    say(&format!("the console is at http://{}/", listener.local_addr()?));

    let (committed, to_watch) = mpsc::channel();
    let plan = plan(&settings);
    let watcher = Watcher { store: Arc::clone(&store), console: console.clone(), plan };
    let watcher = thread::spawn(move || watcher.run(&to_watch));
    let arrivals = Arrivals::start(&settings, &store.path().join("spool"), &runtime)?;
    let (stop, stopped) = mpsc::channel();
    let follower = Follower {
        spools: arrivals.spools(),
        settings,
        store,
        rules,
        console: console.clone(),
        committed,
        seen: HashMap::new(),
        said: HashMap::new(),
    };
    let follower = thread::spawn(move || follower.run(&stopped));

    let served = runtime.block_on(answer(listener, console));
    arrivals.stop(&runtime);
    drop(stop);
    let until = Instant::now() + AT_LAST;
    // With the follower ends the watcher: nothing is committed any more.
    for (thread, what) in [(follower, "reading logs"), (watcher, "the watch")] {
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

/// Answers until somebody asks to end.
async fn answer(listener: TcpListener, console: Console) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        served = axum::serve(listener, app(console)).into_future() => Ok(served?),
        _ = tokio::signal::ctrl_c() => Ok(()),
        _ = terminate.recv() => Ok(()),
    }
}

pub(super) fn say(what: &str) {
    // Nobody is left to tell if this fails.
    _ = writeln!(std::io::stderr().lock(), "dolmen: {what}");
}

//! `dolmen serve`: the console over the store, and whatever keeps the store up to date.

mod facts;

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use dolmen_console::{Console, app};
use dolmen_store::{LocalStore, Options, Store};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use super::Context;
use crate::exit::{Exit, UsageError};
use crate::settings::{Asked, Settings};

/// Show the console: http://127.0.0.1:7117
///
/// Reads what the store holds and answers in the browser: who calls what, from where, and the lines
/// behind every figure. Ends on Ctrl+C or SIGTERM.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ServeArgs {
    /// Where the console listens
    ///
    /// An address of this machine alone (loopback): there is no log-in yet. From elsewhere use a
    /// tunnel, such as `ssh -L 7117:127.0.0.1:7117 HOST`.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7117")]
    listen: SocketAddr,
    /// The folder of the store
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
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
    let settings = Settings::load(&Asked::new(context.config.clone(), args.store))?;
    let folder = settings.store_path().ok_or_else(|| {
        UsageError("where is the store? name its folder with --store DIR".to_owned())
    })?;
    let store: Arc<dyn Store> = Arc::new(
        LocalStore::open(&folder, Options::default())
            .with_context(|| format!("cannot open the store {}", folder.display()))?,
    );
    let console = Console::new(store, facts::of(&settings, &folder));
    let runtime = Runtime::new().context("cannot start threads")?;
    runtime.block_on(serve(args.listen, console))?;
    Ok(Exit::Done)
}

async fn serve(address: SocketAddr, console: Console) -> anyhow::Result<()> {
    let listener =
        TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    let address = listener.local_addr()?;
    writeln!(std::io::stderr().lock(), "dolmen: the console is at http://{address}/")?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stopped = async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
    };
    // Streams of events never end by themselves, so the server is not waited for: answers are
    // short, and nothing is written here.
    tokio::select! {
        served = axum::serve(listener, app(console)).into_future() => served?,
        () = stopped => {}
    }
    Ok(())
}

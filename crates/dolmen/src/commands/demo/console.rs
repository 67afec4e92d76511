//! The bank's last years in a store, in the console, and one call more while somebody looks.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use dolmen_collect::{ImportRequest, LastLine};
use dolmen_model::Time;
use dolmen_store::{LocalStore, NamedBy, Store};
use jiff::Timestamp;

use crate::commands::report::{explain, inputs, progress};
use crate::commands::{Context, import, serve, store};
use crate::settings::{Asked, Settings};
use crate::stories::monobanque::{self, Story};

/// Time enough to open the page and to look around.
const LATE: Duration = Duration::from_secs(20);

/// The bank's years in a store, and how they are configured.
pub(super) struct Years {
    pub(super) settings: Settings,
    pub(super) store: LocalStore,
}

impl Years {
    /// Imports the years into a store under `dir`.
    pub(super) fn import(story: &Story, dir: &Path, context: &Context) -> anyhow::Result<Self> {
        let configuration = story.configurations.months.clone();
        let settings = Settings::load(&Asked::new(Some(configuration), Some(dir.join("store"))))?;
        let store = store::open(&settings)?;
        read(&settings, &store, context)?;
        Ok(Self { settings, store })
    }
}

/// Serves the years until somebody ends it.
pub(super) fn open(
    Years { settings, store }: Years,
    story: &Story,
    address: SocketAddr,
) -> anyhow::Result<()> {
    answer_old_alerts(&settings, &store)?;
    let log = story.months.proxy.clone();
    let more = log.clone();
    thread::spawn(move || {
        thread::sleep(LATE);
        match one_more(&log) {
            Ok(()) => serve::say("an old computer has just called the monolith: see the alerts"),
            Err(error) => serve::say(&format!("the late call did not come: {error:#}")),
        }
    });
    let seconds = LATE.as_secs();
    serve::say(&format!(
        "the bank's three years are in the console; in {seconds} seconds an old computer calls the \
         monolith once more. Ctrl+C ends"
    ));
    let one_more = Arc::new(move || one_more(&more).map_err(|error| format!("{error:#}")));
    serve::serve(address, settings, Arc::new(store), Some(one_more))
}

fn read(settings: &Settings, store: &LocalStore, context: &Context) -> anyhow::Result<()> {
    let inputs::Inputs { sources, inputs, .. } = inputs::configured(settings, store.names())?;
    let request = ImportRequest {
        named_by: &vec![NamedBy::Configuration; sources.len()],
        sources: &sources,
        inputs,
        rules: &import::compile(settings, store)?,
        last_line: LastLine::Left,
        workers: thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN),
        now: now(),
    };
    progress::show(context.terminal.progress, |progress| {
        dolmen_collect::import(store, request, progress)
    })
    .map_err(explain)?;
    Ok(())
}

/// What happened in these years the bank has known for long: only what comes now is news.
fn answer_old_alerts(settings: &Settings, store: &LocalStore) -> anyhow::Result<()> {
    let known = dolmen_watch::look(store, &serve::plan(settings), now())?;
    let known: Vec<_> = known.iter().map(|alert| dolmen_watch::acknowledge(alert, now())).collect();
    Ok(store.keep_alerts(&known)?)
}

fn one_more(log: &PathBuf) -> anyhow::Result<()> {
    let line = monobanque::late_call(now())?;
    let mut log = OpenOptions::new()
        .append(true)
        .open(log)
        .with_context(|| format!("cannot open {}", log.display()))?;
    Ok(writeln!(log, "{line}")?)
}

fn now() -> Time {
    Time::from_micros(Timestamp::now().as_microsecond())
}

//! The bank's last years in a store, in the console, and one call more whenever the guided tour asks for
//! it, so that whoever takes the tour sees it come.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use anyhow::Context as _;
use dolmen_collect::{ImportRequest, LastLine};
use dolmen_model::Time;
use dolmen_store::{Alert, LocalStore, NamedBy, Store};
use jiff::Timestamp;

use crate::commands::report::{explain, inputs, progress};
use crate::commands::{Context, import, serve, store};
use crate::settings::{Asked, Settings};
use crate::stories::monobanque::{self, Story};

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
    dolmen_watch::look(&store, &serve::plan(&settings), now())?;
    answer(&store, |_| true)?;
    serve::say(
        "the bank's three years are in the console, with a guided tour; at its end an old computer \
         calls the monolith once more. Ctrl+C ends",
    );
    let store = Arc::new(store);
    let (log, of_calls) = (story.months.proxy.clone(), Arc::clone(&store));
    let one_more = move || one_more(&log, &of_calls).map_err(|error| format!("{error:#}"));
    serve::serve(address, settings, store, Some(Arc::new(one_more)))
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

/// What happened until now the bank has known for long: only what comes is news.
fn answer(store: &LocalStore, is_known: impl Fn(&Alert) -> bool) -> anyhow::Result<()> {
    let now = now();
    let acknowledge = |alert: &Alert| {
        let is_known = is_known(alert) && dolmen_watch::is_open(alert, now);
        is_known.then(|| dolmen_watch::acknowledge(alert, now))
    };
    Ok(store.change_alerts(&mut |alerts| alerts.iter().filter_map(acknowledge).collect())?)
}

/// The old computer calls. Somebody is told each time, also who has not answered the last time.
fn one_more(log: &Path, store: &LocalStore) -> anyhow::Result<()> {
    answer(store, |alert| alert.operation.as_deref() == Some(monobanque::LATE_OPERATION))?;
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

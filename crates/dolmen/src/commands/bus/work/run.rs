//! Workers at work, until they are told to stop.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use dolmen_bus::{Contracts, Exec, Handler, Http, Pipe, Summary, Worker, WorkerError};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::commands::bus::open::{Bus, explain};
use crate::exit::UsageError;
use crate::settings::{HandlerSettings, Program, ServiceSettings};

/// Signals that come so soon after the first say the same: `timeout`, and who stops a group of
/// processes, sends two.
const ONE_SIGNAL: Duration = Duration::from_millis(500);

/// One service to be worked for.
pub(super) struct Job {
    pub(super) service: ServiceSettings,
    /// What was typed; it is set up with these.
    pub(super) listen: Vec<String>,
    /// Where its command runs; here otherwise.
    pub(super) folder: Option<PathBuf>,
}

/// When to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// At a signal.
    Told,
    /// When no message is ready, or at a signal.
    Idle,
}

/// The answer of `bus work --json`.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    pub(super) services: Vec<Worked>,
}

/// What one worker did.
#[derive(Debug, Serialize)]
pub(crate) struct Worked {
    pub(crate) service: String,
    pub(crate) done: u64,
    pub(crate) softfailed: u64,
    pub(crate) hardfailed: u64,
    pub(crate) forwarded: u64,
    pub(crate) handed_back: u64,
    pub(crate) lost: u64,
}

impl Job {
    /// What a person who started it reads first.
    pub(super) fn greeting(&self) -> String {
        let typed = self.listen.join(", ");
        let configured = || {
            let listen: Vec<&str> = self.service.listen.iter().map(|key| key.as_str()).collect();
            listen.join(", ")
        };
        let listen = if typed.is_empty() { configured() } else { typed };
        let listen =
            if listen.is_empty() { String::new() } else { format!(", listening to {listen}") };
        format!("working for {}{listen}", self.service.name)
    }

    fn worker(
        self,
        bus: &Bus,
        contracts: Arc<Contracts>,
    ) -> anyhow::Result<Worker<Box<dyn Handler>>> {
        let Self { service, listen, folder } = self;
        let mut worker = Worker::new(Arc::clone(&bus.transport), service.name)
            .policy(service.policy)
            .contracts(contracts);
        for pattern in listen {
            worker = worker.listen(pattern);
        }
        if let Some(concurrency) = service.concurrency {
            worker = worker.concurrency(usize::from(concurrency));
        }
        if let Some(prefetch) = service.prefetch {
            worker = worker.prefetch(prefetch);
        }
        if let Some(time_limit) = service.time_limit {
            worker = worker.time_limit(time_limit);
        }
        if let Some(grace) = service.grace {
            worker = worker.grace(grace);
        }
        let handler = service.handler.context("a service without a handler")?;
        Ok(worker.handle(build(handler, folder)?))
    }
}

fn build(handler: HandlerSettings, folder: Option<PathBuf>) -> anyhow::Result<Box<dyn Handler>> {
    Ok(match (handler.program, folder) {
        (Program::Exec(command), None) => {
            Box::new(Exec::new(command).exit_codes(handler.exit_codes))
        }
        (Program::Exec(command), Some(folder)) => {
            Box::new(Exec::new(command).exit_codes(handler.exit_codes).folder(folder))
        }
        (Program::Pipe(command), None) => Box::new(Pipe::new(command)),
        (Program::Pipe(command), Some(folder)) => Box::new(Pipe::new(command).folder(folder)),
        (Program::Http(url), _) => Box::new(Http::new(&url)?),
    })
}

/// Has everything told that happens, on standard error.
pub(super) fn log(levels: &mut String) -> anyhow::Result<()> {
    if levels.is_empty() {
        levels.push_str(
            "dolmen=info,dolmen_bus=info,dolmen_bus_sqlite=info,dolmen_bus_rabbitmq=info",
        );
    }
    let targets =
        Targets::from_str(levels).map_err(|error| UsageError(format!("$DOLMEN_LOG: {error}")))?;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(false);
    tracing_subscriber::registry().with(targets).with(lines).try_init()?;
    Ok(())
}

/// Works until the end, then drains.
pub(super) async fn run(bus: &Bus, jobs: Vec<Job>, end: End) -> anyhow::Result<Answer> {
    let contracts = Arc::new(bus.contracts()?);
    let (stop, stopped) = watch::channel(());
    let mut workers = JoinSet::new();
    for job in jobs {
        let name = job.service.name.clone();
        let worker = job.worker(bus, Arc::clone(&contracts))?;
        let mut stopped = stopped.clone();
        workers.spawn(async move {
            let told = async move {
                // The sender is gone only when all of this is.
                let _ = stopped.changed().await;
            };
            let summary = match end {
                End::Told => worker.run_until(told).await,
                End::Idle => worker.run_until_idle_or(told).await,
            };
            (name, summary)
        });
    }
    drop(stopped);
    let mut signals = Signals::new()?;
    let mut services = Vec::new();
    let mut failed = None;
    let mut told_at: Option<Instant> = None;
    loop {
        tokio::select! {
            ended = workers.join_next() => match ended {
                Some(Ok((service, Ok(summary)))) => services.push(worked(service, summary)),
                Some(Ok((service, Err(error)))) => {
                    failed.get_or_insert(anyhow::Error::context(fault(error), service));
                    stop.send_replace(());
                }
                Some(Err(error)) => {
                    failed.get_or_insert(error.into());
                    stop.send_replace(());
                }
                None => break,
            },
            () = signals.next() => match told_at {
                None => {
                    told_at = Some(Instant::now());
                    stop.send_replace(());
                }
                Some(at) if at.elapsed() < ONE_SIGNAL => {}
                Some(_) => {
                    anyhow::bail!("stopped at once; what was not answered is delivered again")
                }
            },
        }
    }
    services.sort_by(|a, b| a.service.cmp(&b.service));
    match failed {
        Some(error) => Err(error),
        None => Ok(Answer { services }),
    }
}

fn worked(service: String, summary: Summary) -> Worked {
    let Summary { done, softfailed, hardfailed, forwarded, handed_back, lost } = summary;
    Worked { service, done, softfailed, hardfailed, forwarded, handed_back, lost }
}

fn fault(error: WorkerError) -> anyhow::Error {
    match error {
        WorkerError::Transport(error) => explain(error),
        wrong => UsageError(wrong.to_string()).into(),
    }
}

/// What tells a process to end.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("failed to listen to signals");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

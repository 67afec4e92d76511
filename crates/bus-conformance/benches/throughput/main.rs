//! How many messages a second: a worker beside the raw client, on the same broker in the same run.
//!
//! `cargo xtask bench bus` runs it. What it prints is one line a round, with the load of the machine
//! then, and one line a measurement: name, messages a second, and what that is beside the raw client.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench: a panic is the report, and the lines are the result"
)]

mod raw;
mod timed;

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dolmen_bus::{
    Failure, Message, Mode, Pattern, Policy, PolicySettings, ServiceSpec, Topology, Transport,
    Worker,
};
use dolmen_bus_conformance::broker::{self, Broker};
use dolmen_bus_rabbitmq::{Journal, Options, RabbitBus};
use dolmen_bus_sqlite::SqliteBus;

use raw::Step;
use timed::{Ends, Timed};

/// Messages on their way at a time, for everybody.
pub(crate) const PREFETCH: u16 = 500;

/// Messages that are published at a time.
const BATCH: usize = 1000;

/// What is done with each message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    /// It is done.
    Consume,
    /// It waits for an hour.
    Softfail,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut messages = 100_000;
    let mut rounds = 3;
    let mut peers: Option<PathBuf> = None;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match &*arg {
            "--messages" => messages = args.next().unwrap().parse().unwrap(),
            "--rounds" => rounds = args.next().unwrap().parse().unwrap(),
            // The Python that has them.
            "--peers" => peers = Some(args.next().unwrap().into()),
            // What cargo adds.
            "--bench" => {}
            other => panic!("unknown: {other}"),
        }
    }
    let Some(broker) = broker::shared() else { return };
    println!("{messages} messages, {rounds} rounds, best of each; 100 bytes, {PREFETCH} at a time");
    for (act, name) in [(Act::Consume, "consume + acknowledge"), (Act::Softfail, "softfail")] {
        let mut best = [0.0_f64; 4];
        let (steps, with_record): (&[Step], &[Step]) = match act {
            Act::Consume => (&[], &[Step::Record]),
            Act::Softfail => (&[Step::HandOn], &[Step::HandOn, Step::Record]),
        };
        for round in 0..rounds {
            let kind = if act == Act::Consume { "consume" } else { "softfail" };
            let bus = |what: &str| format!("bench-{kind}-{what}-{round}");
            let rates = [
                on_a_worker(raw::consume(broker, bus("raw"), messages, steps)).await,
                worked(broker, &bus("off"), Journal::Off, act, messages).await,
                on_a_worker(raw::consume(broker, bus("raw-on"), messages, with_record)).await,
                worked(broker, &bus("on"), Journal::On, act, messages).await,
            ];
            let [of_raw, off, of_raw_on, on] = rates.map(|rate| format!("{rate:.0}/s"));
            println!(
                "    round {round}, load {}: raw {of_raw}, off {off}, raw with records {of_raw_on}, \
                 on {on}",
                load()
            );
            for (best, rate) in best.iter_mut().zip(rates) {
                *best = best.max(rate);
            }
        }
        let [of_raw, off, of_raw_on, on] = best;
        row(&format!("{name}: the raw client"), of_raw, of_raw);
        row(&format!("{name}: a worker, journal off"), off, of_raw);
        row(&format!("{name}: the raw client, a record each"), of_raw_on, of_raw_on);
        row(&format!("{name}: a worker, journal on"), on, of_raw_on);
        let share = 100.0 * on / of_raw;
        println!("    that is {share:.0} % of the raw client that has nothing to record");
        for peer in ["celery", "dramatiq"] {
            let Some(python) = &peers else { continue };
            let word = if act == Act::Consume { "consume" } else { "softfail" };
            match peer_rate(python, peer, broker, word, messages.min(5000)) {
                Ok(rate) => {
                    println!("{rate:>12.0}/s  {name}: {peer}");
                    println!("    a worker with its journal is {:.1} times as fast", on / rate);
                }
                Err(error) => println!("{name}: {peer} failed: {error}"),
            }
        }
    }
    let mut best = [0.0_f64; 2];
    for _ in 0..rounds {
        let (published, handled) = in_a_file(messages).await;
        best = [best[0].max(published), best[1].max(handled)];
    }
    println!("{:>12.0}/s  one file: published in batches of {BATCH}", best[0]);
    println!("{:>12.0}/s  one file: handled, journal on", best[1]);
}

/// On one of the threads that tasks have, not on the one that waits for them.
async fn on_a_worker(measured: impl Future<Output = f64> + Send + 'static) -> f64 {
    tokio::spawn(measured).await.unwrap()
}

fn row(name: &str, rate: f64, of_raw: f64) {
    println!("{rate:>12.0}/s  {name} ({:.0} % of the raw client)", 100.0 * rate / of_raw);
}

/// How many processes wanted to run during the last minute, as the system says.
fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

fn service(name: &str) -> Topology {
    let settings = PolicySettings { delays: Some(vec!["1h".into()]), ..PolicySettings::default() };
    let policy = Policy::build(&settings, name).unwrap();
    let listen = vec![Pattern::new("k").unwrap()];
    Topology { services: vec![ServiceSpec { name: name.to_owned(), listen, policy }] }
}

fn bodies(count: usize) -> Vec<Message> {
    (0..count).map(|_| Message::new("k", vec![b'x'; 100])).collect()
}

/// Messages a second of a worker on the broker, from its start to its last acknowledgement.
async fn worked(broker: &Broker, name: &str, journal: Journal, act: Act, messages: usize) -> f64 {
    let mut options = Options::new(name, broker.url());
    options.rungs = [3600].into();
    options.journal = journal;
    let bus = RabbitBus::open(options).await.unwrap();
    let topology = service("a");
    bus.setup(&topology, Mode::Apply).await.unwrap();
    for _ in 0..messages / BATCH {
        bus.publish(bodies(BATCH)).await.unwrap();
    }
    let policy = topology.services[0].policy.clone();
    let worked = handle(Arc::new(bus.clone()), policy, act, messages / BATCH * BATCH);
    let rate = on_a_worker(worked).await;
    bus.close().await;
    rate
}

/// From the start of a worker to the end of its last delivery.
async fn handle(bus: Arc<dyn Transport>, policy: Policy, act: Act, messages: usize) -> f64 {
    let ends = Ends::of(messages);
    let timed = Timed { bus, ends: Arc::clone(&ends) };
    let worker = Worker::new(Arc::new(timed), "a")
        .policy(policy)
        .concurrency(usize::from(PREFETCH))
        .prefetch(PREFETCH)
        .time_limit(Duration::from_secs(60));
    let worker = worker.handle(move |_| async move {
        match act {
            Act::Consume => Ok(()),
            Act::Softfail => Err(Failure::technical("later").softfail()),
        }
    });
    let started = Instant::now();
    let stop = {
        let ends = Arc::clone(&ends);
        async move {
            ends.last().await;
        }
    };
    let summary = worker.run_until(stop).await.unwrap();
    let took = ends.last().await - started;
    let ended = summary.done + summary.softfailed;
    let again = usize::try_from(ended).unwrap().checked_sub(messages);
    // At least once is what is promised; more than that is worth a word.
    match again.unwrap_or_else(|| panic!("not all were handled: {summary:?}")) {
        0 => {}
        again => println!("    {again} of {messages} were delivered twice"),
    }
    messages as f64 / took.as_secs_f64()
}

/// Messages a second through one file: published, and handled.
async fn in_a_file(messages: usize) -> (f64, f64) {
    let folder = tempfile::tempdir().unwrap();
    let options = dolmen_bus_sqlite::Options::default();
    let bus = SqliteBus::open(&folder.path().join("bus.db"), options).unwrap();
    let topology = service("a");
    bus.setup(&topology, Mode::Apply).await.unwrap();
    let started = Instant::now();
    for _ in 0..messages / BATCH {
        bus.publish(bodies(BATCH)).await.unwrap();
    }
    let count = messages / BATCH * BATCH;
    let published = count as f64 / started.elapsed().as_secs_f64();
    let policy = topology.services[0].policy.clone();
    (published, handle(Arc::new(bus), policy, Act::Consume, count).await)
}

/// What a peer's script measures of itself.
fn peer_rate(
    python: &std::path::Path,
    peer: &str,
    broker: &Broker,
    act: &str,
    messages: usize,
) -> Result<f64, String> {
    let scripts = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../bench/peers");
    let output = Command::new(python)
        .arg(scripts.join(format!("{peer}_bus.py")))
        .args([broker.url(), act.to_owned(), messages.to_string()])
        .output()
        .map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.trim()
        .lines()
        .last()
        .and_then(|line| line.parse().ok())
        .ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

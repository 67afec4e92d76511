//! What all proofs need: their size, a bus of their own, who handled what, and the row.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use dolmen_bus::{
    FailedMessage, KeepError, KeepFailed, Message, Mode, Pattern, Policy, PolicySettings,
    PublishError, ServiceSpec, Topology, Transport,
};
use dolmen_bus_conformance::broker::Broker;
use dolmen_bus_rabbitmq::{Options, RabbitBus};
use tokio::sync::watch;
use tokio::time::timeout;

/// `short`, or `long` where the environment says so.
pub(crate) fn size<T>(short: T, long: T) -> T {
    match std::env::var_os("DOLMEN_PROOF").is_some_and(|size| size == "long") {
        true => long,
        false => short,
    }
}

/// How long nothing at all may happen in a proof: longer than a broker may take to start again.
const STANDSTILL: Duration = Duration::from_secs(20 * 60);

/// Something happened. A process in which nothing does any more is ended, so that no proof hangs,
/// whatever it waits for.
pub(crate) fn alive() {
    static LAST: Mutex<Option<Instant>> = Mutex::new(None);
    if LAST.lock().unwrap().replace(Instant::now()).is_some() {
        return;
    }
    std::thread::spawn(|| {
        loop {
            std::thread::sleep(Duration::from_secs(1));
            if LAST.lock().unwrap().is_some_and(|last| last.elapsed() > STANDSTILL) {
                println!("a proof stands still: nothing happened for {STANDSTILL:?}");
                std::process::exit(101);
            }
        }
    });
}

/// A bus of its own on this broker.
pub(crate) fn options(broker: &Broker, rungs: &[u64]) -> Options {
    alive();
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let bus = format!("proof{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let mut options = Options::new(bus, broker.url());
    options.rungs = rungs.iter().copied().collect();
    options.admin_url = Some(broker.admin_url());
    options
}

pub(crate) fn policy(delay: &str) -> Policy {
    let delays = Some(vec![delay.to_owned()]);
    Policy::build(&PolicySettings { delays, ..PolicySettings::default() }, "").unwrap()
}

/// Sets services up; each listens to the key of its own name, and to `all`.
pub(crate) async fn set_up(bus: &RabbitBus, services: &[&str]) {
    let services = services.iter().map(|name| ServiceSpec {
        name: (*name).to_owned(),
        listen: ["all", name].iter().map(|key| Pattern::new(key).unwrap()).collect(),
        policy: policy("1s"),
    });
    let topology = Topology { services: services.collect() };
    bus.setup(&topology, Mode::Apply).await.unwrap();
}

/// Publishes until it is confirmed, as a producer would.
pub(crate) async fn publish(bus: &RabbitBus, mut messages: Vec<Message>) {
    while let Err(error) = bus.publish(messages.clone()).await {
        let PublishError::Unconfirmed { unconfirmed, .. } = error else { panic!("{error}") };
        let left = unconfirmed.into_iter().map(|index| messages[index].clone()).collect();
        messages = left;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// How often each message was handled.
#[derive(Clone, Default)]
pub(crate) struct Handled {
    times: Arc<Mutex<HashMap<String, u32>>>,
    noted: watch::Sender<()>,
}

impl Handled {
    pub(crate) fn note(&self, id: &str) {
        alive();
        *self.times.lock().unwrap().entry(id.to_owned()).or_default() += 1;
        self.noted.send_replace(());
    }

    pub(crate) fn count(&self) -> usize {
        self.times.lock().unwrap().values().map(|&times| times as usize).sum()
    }

    pub(crate) fn duplicates(&self) -> usize {
        let times = self.times.lock().unwrap();
        times.values().map(|&times| times as usize - 1).sum()
    }

    pub(crate) fn lost(&self, sent: &HashSet<String>) -> usize {
        let times = self.times.lock().unwrap();
        sent.iter().filter(|id| !times.contains_key(*id)).count()
    }

    /// Waits until all are handled, or until nothing was for so long.
    pub(crate) async fn settle(&self, sent: &HashSet<String>, patience: Duration) {
        let mut noted = self.noted.subscribe();
        let mut left: Vec<&String> = sent.iter().collect();
        loop {
            left.retain(|id| !self.times.lock().unwrap().contains_key(*id));
            if left.is_empty() || timeout(patience, noted.changed()).await.is_err() {
                return;
            }
        }
    }

    /// Waits until so many deliveries were handled, or until nothing was for so long.
    pub(crate) async fn reach(&self, count: usize, patience: Duration) {
        let mut noted = self.noted.subscribe();
        while self.count() < count && timeout(patience, noted.changed()).await.is_ok() {}
    }
}

/// Keeps failed messages in memory.
#[derive(Default)]
pub(crate) struct Kept(pub(crate) Mutex<Vec<FailedMessage>>);

#[async_trait::async_trait]
impl KeepFailed for Kept {
    async fn keep(&self, batch: Vec<FailedMessage>) -> Result<(), KeepError> {
        self.0.lock().unwrap().extend(batch);
        Ok(())
    }
}

/// One line of the table.
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) sent: usize,
    pub(crate) handled: usize,
    pub(crate) duplicates: usize,
    pub(crate) lost: usize,
    /// How late waits were.
    pub(crate) lateness: Vec<Duration>,
}

impl Row {
    /// What became of these messages.
    pub(crate) fn of(what: String, sent: &HashSet<String>, handled: &Handled) -> Self {
        Self {
            what,
            sent: sent.len(),
            handled: handled.count(),
            duplicates: handled.duplicates(),
            lost: handled.lost(sent),
            lateness: Vec::new(),
        }
    }

    /// Says it in one write, for tests print at the same time.
    pub(crate) fn print(&self) {
        let Self { what, sent, handled, duplicates, lost, lateness } = self;
        let lateness = match lateness.is_empty() {
            true => String::new(),
            false => {
                let ms = |part: f64| percentile(lateness, part).as_millis();
                format!(", late by {} ms at p50, {} at p99, {} at most", ms(0.5), ms(0.99), ms(1.0))
            }
        };
        println!(
            "proof: {what}: {sent} sent, {handled} handled, {duplicates} duplicates, {lost} \
             lost{lateness}"
        );
    }
}

/// The value that so large a part of all does not exceed.
pub(crate) fn percentile(values: &[Duration], part: f64) -> Duration {
    let mut values = values.to_vec();
    values.sort_unstable();
    let at = ((values.len() as f64 * part).ceil() as usize).clamp(1, values.len()) - 1;
    values[at]
}

/// Splitmix64, so that every run draws the same.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

//! Connections that end, or go silent, while messages are under way.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests: a panic is the report")]

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use dolmen_bus::{
    Incoming, Message, Mode, Pattern, Policy, PublishError, ServiceSpec, SettleError, Settlement,
    Subscription, Topology, Transport, Worker,
};
use dolmen_bus_conformance::broker::{self, Broker};
use dolmen_bus_conformance::{Cable, within};
use dolmen_bus_rabbitmq::{Options, RabbitBus};
use tokio::sync::watch;

fn options(broker: &Broker) -> Options {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let bus = format!("torn{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let mut options = Options::new(bus, broker.url());
    options.rungs = [1].into();
    options
}

fn topology(listen: &[&str]) -> Topology {
    let listen = listen.iter().map(|pattern| Pattern::new(pattern).unwrap()).collect();
    Topology { services: vec![ServiceSpec { name: "a".into(), listen, policy: Policy::default() }] }
}

/// The same bus, seen through a cable; `more` is put behind its address.
async fn through(cable: &Cable, options: &Options, more: &str) -> RabbitBus {
    let url = format!("amqp://guest:guest@127.0.0.1:{}/%2f{more}", cable.port);
    RabbitBus::open(Options { url, ..options.clone() }).await.unwrap()
}

/// Publishes until it is confirmed, as a producer would.
async fn publish(bus: &RabbitBus, message: &Message) {
    while let Err(error) = bus.publish(vec![message.clone()]).await {
        assert!(matches!(error, PublishError::Unconfirmed { .. }), "{error}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// How often each message was handled.
#[derive(Clone, Default)]
struct Handled(watch::Sender<HashMap<String, u32>>);

impl Handled {
    fn note(&self, incoming: &Incoming) {
        self.0.send_modify(|times| *times.entry(incoming.id.clone()).or_default() += 1);
    }

    async fn reach(&self, ids: &HashSet<String>) {
        let all = |times: &HashMap<String, u32>| ids.iter().all(|id| times.contains_key(id));
        self.0.subscribe().wait_for(all).await.unwrap();
    }

    /// Works with this until `end` completes.
    async fn work<T>(&self, bus: &RabbitBus, end: impl Future<Output = T>) -> T {
        let handled = self.clone();
        let worker =
            Worker::new(Arc::new(bus.clone()), "a").concurrency(4).handle(move |incoming| {
                handled.note(&incoming);
                async { Ok(()) }
            });
        let mut result = None;
        worker.run_until(async { result = Some(end.await) }).await.unwrap();
        result.unwrap()
    }
}

/// A cut that nobody is told of: both sides of each connection stay open and hear nothing. Only
/// the heartbeats that do not come say so; then both publishing and consuming go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_cut_is_noticed_by_the_heartbeats_that_do_not_come() {
    let Some(broker) = broker::shared() else { return };
    let cable = Cable::lay(broker.amqp).await;
    let bus = through(&cable, &options(broker), "?heartbeat=1").await;
    bus.setup(&topology(&["k"]), Mode::Apply).await.unwrap();
    let handled = Handled::default();
    let cutting = async {
        let mut ids = HashSet::new();
        // The second and the third are published into a cut, and the worker stops in one.
        for n in 0..3 {
            let message = Message::new("k", n.to_string());
            ids.insert(message.id.clone());
            within("a confirmation", publish(&bus, &message)).await;
            within("all confirmed messages", handled.reach(&ids)).await;
            cable.freeze();
        }
    };
    handled.work(&bus, cutting).await;
}

/// What was fetched before a connection broke is delivered again, so nobody handles it before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_fetched_before_a_cut_is_not_handled_for_nothing() {
    let Some(broker) = broker::shared() else { return };
    let cable = Cable::lay(broker.amqp).await;
    let options = options(broker);
    let (near, far) =
        (through(&cable, &options, "").await, RabbitBus::open(options).await.unwrap());
    far.setup(&topology(&["k"]), Mode::Apply).await.unwrap();
    far.publish((0..10).map(|n| Message::new("k", n.to_string())).collect()).await.unwrap();
    let want = Subscription { service: "a".into(), prefetch: 10 };
    let mut consumer = near.subscribe(&want).await.unwrap();
    let mut first = within("a delivery", consumer.next()).await.unwrap();
    let mut second = within("a delivery", consumer.next()).await.unwrap();
    let ready = |ready| {
        let far = far.clone();
        within("the queue", async move { while far.ready("a").await.unwrap() != ready {} })
    };
    // All are fetched, and two of them handed out.
    ready(0).await;
    cable.cut();
    ready(10).await;
    // Nobody can be sent this, which is said as long as the delivery is ours.
    let (service, envelope) = ("x".repeat(300), first.envelope.clone());
    let nowhere = Settlement::Forward { service, envelope, took: Duration::ZERO };
    let noticed = async {
        while !matches!(first.receipt.settle(&nowhere).await, Err(SettleError::Lost(_))) {}
    };
    within("the cut is noticed", noticed).await;
    let done = Settlement::Done { took: Duration::ZERO };
    assert!(matches!(second.receipt.settle(&done).await, Err(SettleError::Lost(_))));
    for n in 0..10 {
        let mut delivery = within("a delivery", consumer.next()).await.unwrap();
        assert!(delivery.redeliveries > 0, "{n}: it was fetched before the cut");
        delivery.receipt.settle(&done).await.unwrap();
    }
    within("all are done", async { while far.ready("a").await.unwrap() > 0 {} }).await;
}

/// Setting up, with the management API and without, while workers are cut off and come back: it
/// succeeds, and no worker stays away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bus_is_set_up_while_its_workers_reconnect() {
    let Some(broker) = broker::shared() else { return };
    let cable = Cable::lay(broker.amqp).await;
    let mut options = options(broker);
    let blind = RabbitBus::open(options.clone()).await.unwrap();
    options.admin_url = Some(broker.admin_url());
    let seeing = RabbitBus::open(options.clone()).await.unwrap();
    let near = through(&cable, &options, "").await;
    seeing.setup(&topology(&["k0"]), Mode::Apply).await.unwrap();
    let handled = Handled::default();
    let cutting = async {
        let mut ids = HashSet::new();
        for n in 1..=10 {
            let bus = if n % 2 == 0 { &seeing } else { &blind };
            cable.cut();
            let (old, new) = (format!("k{}", n - 1), format!("k{n}"));
            bus.setup(&topology(&[&old, &new]), Mode::Apply).await.unwrap();
            for key in [old, new] {
                let message = Message::new(key, n.to_string());
                ids.insert(message.id.clone());
                publish(&blind, &message).await;
            }
            within("all confirmed messages", handled.reach(&ids)).await;
        }
    };
    handled.work(&near, cutting).await;
    assert_eq!(blind.count_unrouted().await.unwrap(), 0);
}

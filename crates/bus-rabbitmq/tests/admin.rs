//! What the management API adds.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests: a panic is the report, and a figure is for people"
)]

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use dolmen_bus::{
    ChangeAction, Clock, Envelope, Message, Mode, Pattern, Policy, Return, ServiceSpec, Settlement,
    Subscription, SystemClock, Topology, Transport, TransportError,
};
use dolmen_bus_conformance::broker::{self, Broker};
use dolmen_bus_conformance::{Cable, within};
use dolmen_bus_rabbitmq::{Options, RabbitBus};

fn options(broker: &Broker) -> Options {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let bus = format!("admin{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let mut options = Options::new(bus, broker.url());
    options.rungs = [1, 2].into();
    options.admin_url = Some(broker.admin_url());
    options
}

fn topology(listen: &[&str]) -> Topology {
    let listen = listen.iter().map(|pattern| Pattern::new(pattern).unwrap()).collect();
    let service = ServiceSpec { name: "a".into(), listen, policy: Policy::default() };
    Topology { services: vec![service] }
}

async fn actions(bus: &RabbitBus, topology: &Topology, mode: Mode) -> Vec<(ChangeAction, String)> {
    let changes = bus.setup(topology, mode).await.unwrap();
    changes.into_iter().map(|change| (change.action, change.object)).collect()
}

/// A dry run says what setup then does, and afterwards nothing is left to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn setup_shows_and_changes_only_what_differs() {
    let Some(broker) = broker::shared() else { return };
    let bus = RabbitBus::open(options(broker)).await.unwrap();
    let before = topology(&["x.#", "y"]);
    let shown = actions(&bus, &before, Mode::Show).await;
    assert!(shown.len() > 20 && shown.iter().all(|(action, _)| *action == ChangeAction::Create));
    assert_eq!(actions(&bus, &before, Mode::Show).await, shown, "showing changed something");
    assert_eq!(actions(&bus, &before, Mode::Apply).await, shown);
    assert_eq!(actions(&bus, &before, Mode::Show).await, []);
    assert_eq!(actions(&bus, &before, Mode::Apply).await, []);

    let now = topology(&["x.#", "z"]);
    let shown = actions(&bus, &now, Mode::Show).await;
    let words: Vec<_> = shown.iter().map(|(action, _)| *action).collect();
    assert_eq!(words, [ChangeAction::Create, ChangeAction::Remove], "{shown:?}");
    assert!(shown[0].1.contains("\"z\"") && shown[1].1.contains("\"y\""), "{shown:?}");
    assert_eq!(actions(&bus, &now, Mode::Apply).await, shown);
    assert_eq!(actions(&bus, &now, Mode::Show).await, []);
    let heard: Vec<Message> = ["y", "z"].map(|key| Message::new(key, "")).into();
    let wanted = heard[1].id.clone();
    bus.publish(heard).await.unwrap();
    let want = Subscription { service: "a".into(), prefetch: 1 };
    let mut consumer = bus.subscribe(&want).await.unwrap();
    assert_eq!(within("a delivery", consumer.next()).await.unwrap().message.id, wanted);
    assert_eq!(bus.count_unrouted().await.unwrap(), 1);
}

/// What exists otherwise is told argument by argument, before anything is changed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conflict_is_told_argument_by_argument() {
    let Some(broker) = broker::shared() else { return };
    let options = options(broker);
    let bus = RabbitBus::open(options.clone()).await.unwrap();
    bus.setup(&topology(&["x"]), Mode::Apply).await.unwrap();
    let other = RabbitBus::open(Options { redelivery_limit: 5, ..options }).await.unwrap();
    let wanted = topology(&["x", "new"]);
    let shown = other.setup(&wanted, Mode::Show).await.unwrap();
    let conflict = shown.iter().find(|change| change.action == ChangeAction::Conflict).unwrap();
    assert_eq!(conflict.note.as_deref(), Some("x-delivery-limit is 1000, and should be 5"));
    let error = other.setup(&wanted, Mode::Apply).await.unwrap_err();
    assert!(matches!(error, TransportError::Refused(_)), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("service.a: x-delivery-limit is 1000, and should be 5"), "{text}");
    assert_eq!(other.setup(&wanted, Mode::Show).await.unwrap(), shown, "something was changed");
}

/// Rates are measured by the broker, and the age of the oldest message told from the journal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn depths_have_rates_and_ages() {
    let Some(broker) = broker::shared() else { return };
    let options = options(broker);
    let blind = RabbitBus::open(Options { admin_url: None, ..options.clone() }).await.unwrap();
    let bus = RabbitBus::open(options).await.unwrap();
    bus.setup(&topology(&["x"]), Mode::Apply).await.unwrap();
    blind.setup(&topology(&["x"]), Mode::Apply).await.unwrap();
    let before = SystemClock.now();
    bus.publish(vec![Message::new("x", "first")]).await.unwrap();
    let between = SystemClock.now();
    let measured = async {
        loop {
            bus.publish(vec![Message::new("x", "more")]).await.unwrap();
            let depth = bus.depths().await.unwrap().remove(0);
            if depth.rates.unwrap().incoming > 0.0 {
                return depth;
            }
        }
    };
    let depth = within("a rate", measured).await;
    let oldest = depth.oldest_at.unwrap();
    // Its time is that of its id, which has milliseconds.
    let earliest = before.micros() - 1000;
    assert!(earliest <= oldest.micros() && oldest <= between, "{before} {oldest} {between}");
    let depth = blind.depths().await.unwrap().remove(0);
    assert_eq!((depth.rates, depth.oldest_at), (None, None));
}

/// A wrong password and a place where nobody answers are told apart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_management_api_that_refuses_is_explained() {
    let Some(broker) = broker::shared() else { return };
    let mut options = options(broker);
    options.admin_url = Some(format!("http://guest:wrong@127.0.0.1:{}", broker.management));
    let bus = RabbitBus::open(options.clone()).await.unwrap();
    let error = bus.setup(&topology(&["x"]), Mode::Show).await.unwrap_err().to_string();
    assert!(error.contains("401") && error.contains("the password in `admin_url`"), "{error}");
    assert!(!error.contains("wrong@"), "{error}");
    options.admin_url = Some(format!("http://guest:guest@127.0.0.1:{}", broker.amqp));
    let bus = RabbitBus::open(options).await.unwrap();
    let error = bus.setup(&topology(&["x"]), Mode::Show).await.unwrap_err();
    assert!(matches!(error, TransportError::Unreachable(_)), "{error:?}");
}

/// A broker on which streams are not enabled is refused, and the feature is named.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_without_streams_is_refused() {
    let Some(broker) = Broker::without_streams() else { return };
    let options = options(&broker);
    for admin_url in [None, Some(broker.admin_url())] {
        let bus = RabbitBus::open(Options { admin_url, ..options.clone() }).await.unwrap();
        let error = bus.setup(&topology(&["x"]), Mode::Apply).await.unwrap_err().to_string();
        assert!(error.contains("enable_feature_flag stream_queue"), "{error}");
    }
}

/// Many workers may reconnect at once, and two people set up: what one has put on the waits and
/// taken away again is not there for the other, and that is no error.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_set_up_at_once() {
    let Some(broker) = broker::shared() else { return };
    let bus = RabbitBus::open(options(broker)).await.unwrap();
    bus.setup(&topology(&["x"]), Mode::Apply).await.unwrap();
    let mut setting_up = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let bus = bus.clone();
        setting_up.spawn(async move { bus.setup(&topology(&["x"]), Mode::Apply).await });
    }
    while let Some(changes) = setting_up.join_next().await {
        assert_eq!(changes.unwrap().unwrap(), []);
    }
}

/// However much is in the journal, what is counted are outcomes, and for the age of a queue the end
/// of the journal: a day of bodies is not read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_journal_is_not_read_to_count() {
    const MANY: usize = 3_000;
    const LONG: usize = 10_000;
    let Some(broker) = broker::shared() else { return };
    let cable = Cable::lay(broker.amqp).await;
    let mut options = options(broker);
    options.rungs.insert(3600);
    let bus = RabbitBus::open(options.clone()).await.unwrap();
    bus.setup(&topology(&["x"]), Mode::Apply).await.unwrap();
    for _ in 0..MANY / 100 {
        let batch = (0..100).map(|_| Message::new("x", vec![b'x'; LONG]));
        bus.publish(batch.collect()).await.unwrap();
    }
    let want = Subscription { service: "a".into(), prefetch: 30 };
    let mut consumer = bus.subscribe(&want).await.unwrap();
    for n in 0..30 {
        let mut delivery = within("a delivery", consumer.next()).await.unwrap();
        let (envelope, took) = (delivery.envelope.clone(), Duration::ZERO);
        let settlement = match n % 3 {
            0 => Settlement::Done { took },
            1 => {
                let (delay, back) = (Duration::from_secs(3600), Return::Service);
                Settlement::Wait { delay, latest: None, back, envelope, took }
            }
            _ => Settlement::Fail {
                envelope: Envelope { service: Some("a".into()), ..envelope },
                took,
            },
        };
        delivery.receipt.settle(&settlement).await.unwrap();
    }
    consumer.close().await.unwrap();
    let url = options.url.replace(&broker.amqp.to_string(), &cable.port.to_string());
    let other = RabbitBus::open(Options { url, ..options }).await.unwrap();
    let ready = MANY as u64 - 30;
    within("the broker's counters", async {
        while other.ready("a").await.unwrap() != ready {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    let (before, started) = (cable.carried(), Instant::now());
    let depth = other.depths().await.unwrap().remove(0);
    let (carried, took) = (cable.carried() - before, started.elapsed());
    println!("{MANY} messages of {LONG} bytes counted in {took:?}, {carried} bytes read");
    assert_eq!((depth.ready, depth.waiting, depth.failed), (ready, 10, 10));
    // More are ready than the end of the journal has: they are at least as old as that.
    assert!(depth.oldest_at.is_some());
    assert!(carried < 5 << 20, "{carried} bytes of {} were read", MANY * LONG);
}

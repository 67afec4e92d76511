//! What happens to one service is no other's affair.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use dolmen_bus::{
    Clock, Failure, Incoming, Message, Return, Settlement, Subscription, SystemClock, Transport,
    Worker, until,
};
use dolmen_bus_conformance::{broker, within};
use dolmen_bus_rabbitmq::RabbitBus;

use crate::rig::{Handled, Row, options, percentile, policy, publish, set_up, size};

const PATIENCE: Duration = Duration::from_secs(60);

/// Ten services listen; one fails ten times; each of the others gets each message once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_subscribers_of_which_one_fails_ten_times() {
    let Some(broker) = broker::shared() else { return };
    let bus = RabbitBus::open(options(broker, &[1])).await.unwrap();
    let names: Vec<String> = (0..10).map(|n| format!("s{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    set_up(&bus, &names).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut workers = Vec::new();
    let handled: Vec<Handled> = names.iter().map(|_| Handled::default()).collect();
    for (name, handled) in names.iter().zip(&handled) {
        let worker = Worker::new(Arc::new(bus.clone()), *name).policy(policy("1s")).concurrency(50);
        let (handled, fails) = (handled.clone(), *name == "s0");
        let worker = worker.handle(move |incoming: Incoming| {
            handled.note(&incoming.id);
            async move {
                match fails {
                    true => Err(Failure::technical("always").softfail()),
                    false => Ok(()),
                }
            }
        });
        let mut stopped = stopped.clone();
        workers.push(tokio::spawn(worker.run_until(async move {
            let _ = stopped.wait_for(|stopped| *stopped).await;
        })));
    }
    let messages: Vec<Message> =
        (0..size(3, 100)).map(|n| Message::new("all", n.to_string())).collect();
    let sent: HashSet<String> = messages.iter().map(|message| message.id.clone()).collect();
    publish(&bus, messages).await;
    for handled in &handled {
        handled.settle(&sent, PATIENCE).await;
    }
    handled[0].reach(10 * sent.len(), PATIENCE).await;
    stop.send(true).unwrap();
    for worker in workers {
        worker.await.unwrap().unwrap();
    }
    // The last wait is over, and what came to nobody yet would be ready.
    for depth in bus.depths().await.unwrap() {
        assert_eq!((depth.ready, depth.waiting), (0, 0), "something comes again: {depth:?}");
    }
    let others = &handled[1..];
    let row = Row {
        what: format!(
            "nine services beside one that fails ten times ({} of its deliveries)",
            handled[0].count()
        ),
        sent: sent.len() * others.len(),
        handled: others.iter().map(Handled::count).sum(),
        duplicates: others.iter().map(Handled::duplicates).sum(),
        lost: others.iter().map(|handled| handled.lost(&sent)).sum(),
        lateness: Vec::new(),
    };
    row.print();
    assert_eq!((row.handled, row.duplicates, row.lost), (row.sent, 0, 0));
    assert_eq!(handled[0].count(), 10 * sent.len());
}

/// Messages that wait for a service which is removed are visible, and delay nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_for_a_deleted_service_are_visible_and_delay_nobody() {
    let Some(broker) = broker::shared() else { return };
    let many = size(100, 1000);
    // None may be back before the last is sent away: who has ready messages is not removed.
    let long = 30;
    let bus = RabbitBus::open(options(broker, &[1, 5, long])).await.unwrap();
    set_up(&bus, &["gone", "b"]).await;
    let wait = async |service: &str, messages: usize, delay: u64| {
        let want = Subscription { service: service.to_owned(), prefetch: 200 };
        let mut consumer = bus.subscribe(&want).await.unwrap();
        for _ in 0..messages {
            let mut delivery = within("a delivery", consumer.next()).await.unwrap();
            let mut envelope = delivery.envelope.clone();
            envelope.attempt += 1;
            let delay = Duration::from_secs(delay);
            let (back, took) = (Return::Service, Duration::ZERO);
            let settlement = Settlement::Wait { delay, latest: None, back, envelope, took };
            delivery.receipt.settle(&settlement).await.unwrap();
        }
        consumer.close().await.unwrap();
    };
    publish(&bus, (0..many).map(|_| Message::new("gone", "")).collect()).await;
    wait("gone", many, long).await;
    within("no message is ready", async { while bus.remove("gone").await.is_err() {} }).await;
    let messages: Vec<Message> = (0..20).map(|_| Message::new("b", "")).collect();
    let sent: HashSet<String> = messages.iter().map(|message| message.id.clone()).collect();
    publish(&bus, messages).await;
    wait("b", 20, 5).await;
    let want = Subscription { service: "b".into(), prefetch: 20 };
    let mut consumer = bus.subscribe(&want).await.unwrap();
    let (handled, mut lateness) = (Handled::default(), Vec::new());
    while handled.lost(&sent) > 0 {
        let mut delivery = within("a delivery", consumer.next()).await.unwrap();
        let due_at = delivery.envelope.due_at.unwrap();
        lateness.push(until(due_at, SystemClock.now()).unwrap_or_default());
        handled.note(&delivery.message.id);
        delivery.receipt.settle(&Settlement::Done { took: Duration::ZERO }).await.unwrap();
    }
    let visible = || async { bus.count_unrouted().await.unwrap() };
    within("all are visible", async { while visible().await < many as u64 {} }).await;
    assert_eq!(visible().await, many as u64);
    let worst = percentile(&lateness, 1.0);
    let what = format!("another service beside {many} messages for one that is gone, all visible");
    let row = Row { lateness, ..Row::of(what, &sent, &handled) };
    row.print();
    assert_eq!(row.lost, 0);
    assert!(worst < size(Duration::from_secs(10), Duration::from_secs(1)), "{worst:?}");
}

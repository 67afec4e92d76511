//! Waits are never early, and hardly late, whichever are under way beside them.

use std::collections::HashSet;
use std::time::Duration;

use dolmen_bus::{Clock, Message, Return, Settlement, Subscription, SystemClock, Transport, until};
use dolmen_bus_conformance::broker;
use dolmen_bus_rabbitmq::RabbitBus;
use tokio::task::JoinSet;

use crate::rig::{Handled, Random, Row, options, percentile, publish, set_up, size};

/// Nobody waits longer than a minute; a broker under load may be as late again.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_is_never_early_and_hardly_late() {
    let Some(broker) = broker::shared() else { return };
    let rungs: &[u64] = size(&[1, 2], &[1, 2, 5, 10, 15, 30, 60]);
    let waits = size(300, 10_000);
    let bus = RabbitBus::open(options(broker, rungs)).await.unwrap();
    set_up(&bus, &["a"]).await;
    let mut random = Random(7);
    let mut delays: Vec<u64> =
        (0..waits).map(|_| rungs[random.below(rungs.len() as u64) as usize]).collect();
    delays.sort_unstable_by(|a, b| b.cmp(a));
    let messages: Vec<Message> =
        delays.iter().map(|delay| Message::new("a", delay.to_string())).collect();
    let sent: HashSet<String> = messages.iter().map(|message| message.id.clone()).collect();
    publish(&bus, messages).await;
    let want = Subscription { service: "a".into(), prefetch: 1000 };
    let mut consumer = bus.subscribe(&want).await.unwrap();
    let (handled, mut lateness) = (Handled::default(), Vec::new());
    let (mut settling, mut early) = (JoinSet::new(), 0);
    // Looking at all of them each time would itself make the later ones late.
    let mut left = sent.clone();
    while !left.is_empty() {
        let next = tokio::time::timeout(PATIENCE, consumer.next()).await;
        let Ok(delivery) = next else { break };
        let now = SystemClock.now();
        let mut delivery = delivery.unwrap();
        let settlement = match delivery.envelope.due_at {
            None => {
                let mut envelope = delivery.envelope.clone();
                envelope.attempt += 1;
                let seconds = std::str::from_utf8(&delivery.message.body).unwrap();
                let delay = Duration::from_secs(seconds.parse().unwrap());
                let back = Return::Service;
                Settlement::Wait { delay, latest: None, back, envelope, took: Duration::ZERO }
            }
            Some(due_at) => {
                early += usize::from(until(now, due_at).is_some());
                lateness.push(until(due_at, now).unwrap_or_default());
                handled.note(&delivery.message.id);
                left.remove(&delivery.message.id);
                Settlement::Done { took: Duration::ZERO }
            }
        };
        settling.spawn(async move { delivery.receipt.settle(&settlement).await.unwrap() });
        while settling.try_join_next().is_some_and(|settled| settled.is_ok()) {}
    }
    while let Some(settled) = settling.join_next().await {
        settled.unwrap();
    }
    let p99 = percentile(&lateness, 0.99);
    let row = Row {
        lateness,
        ..Row::of(
            format!("waits of 1 to {} s, {early} early", rungs[rungs.len() - 1]),
            &sent,
            &handled,
        )
    };
    row.print();
    assert_eq!((row.lost, early), (0, 0));
    // Every day the machine may be busy with other tests.
    let most = size(Duration::from_secs(10), Duration::from_millis(500));
    assert!(p99 < most, "99 of 100 within {p99:?}");
}

//! The broker is killed under load, again and again.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dolmen_bus::{Failure, Incoming, Message, Worker};
use dolmen_bus_conformance::broker::Broker;
use dolmen_bus_rabbitmq::RabbitBus;

use crate::rig::{Handled, Row, alive, options, policy, publish, set_up, size};

/// Messages a batch, and the time between two.
const BATCH: usize = 50;
const EVERY: Duration = Duration::from_millis(50);
/// How long the broker lives between two kills.
const LIFE: Duration = Duration::from_secs(3);
/// A broker that was killed may take this long until all it has is there again.
const PATIENCE: Duration = Duration::from_secs(200);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_broker_loses_nothing_that_was_confirmed() {
    let Some(broker) = Broker::own() else { return };
    let kills = size(1, 20);
    let bus = RabbitBus::open(options(&broker, &[1, 2])).await.unwrap();
    set_up(&bus, &["a"]).await;
    let handled = Handled::default();
    let worker = Worker::new(Arc::new(bus.clone()), "a").policy(policy("1s")).concurrency(50);
    let worker = worker.handle({
        let handled = handled.clone();
        move |incoming: Incoming| {
            let handled = handled.clone();
            async move {
                // Every tenth waits once.
                if incoming.attempt == 1 && incoming.body.ends_with(b"0") {
                    return Err(Failure::technical("once").softfail());
                }
                handled.note(&incoming.id);
                Ok(())
            }
        }
    });
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let working = tokio::spawn(worker.run_until(async move {
        let _ = stopped.await;
    }));
    let is_over = Arc::new(AtomicBool::new(false));
    let sent: Arc<Mutex<HashSet<String>>> = Arc::default();
    let publishing = tokio::spawn({
        let (bus, is_over, sent) = (bus.clone(), Arc::clone(&is_over), Arc::clone(&sent));
        async move {
            let mut n = 0;
            while !is_over.load(Ordering::Relaxed) {
                let batch: Vec<Message> =
                    (n..n + BATCH).map(|n| Message::new("a", n.to_string())).collect();
                n += BATCH;
                publish(&bus, batch.clone()).await;
                sent.lock().unwrap().extend(batch.into_iter().map(|message| message.id));
                tokio::time::sleep(EVERY).await;
            }
        }
    });
    let broker = Arc::new(broker);
    for _ in 0..kills {
        tokio::time::sleep(LIFE).await;
        let broker = Arc::clone(&broker);
        tokio::task::spawn_blocking(move || {
            broker.kill();
            broker.restart();
        })
        .await
        .unwrap();
        alive();
    }
    tokio::time::sleep(LIFE).await;
    is_over.store(true, Ordering::Relaxed);
    publishing.await.unwrap();
    let sent = sent.lock().unwrap().clone();
    handled.settle(&sent, PATIENCE).await;
    stop.send(()).unwrap();
    working.await.unwrap().unwrap();
    let row = Row::of(format!("broker killed {kills} times under load"), &sent, &handled);
    row.print();
    assert!(row.sent > 100 * kills, "there was no load");
    assert_eq!(row.lost, 0);
}

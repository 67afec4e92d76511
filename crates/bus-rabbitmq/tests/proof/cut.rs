//! Connections are cut, under load and at every instant; both sides really go on.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use dolmen_bus::{Incoming, Message, Worker};
use dolmen_bus_conformance::{Cable, broker};
use dolmen_bus_rabbitmq::RabbitBus;

use crate::rig::{Handled, Random, Row, options, policy, publish, set_up, size};

/// How long what was sent after a cut may take; the broker itself tries again after at most 10 s.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_connection_loses_nothing_and_both_sides_go_on() {
    let Some(broker) = broker::shared() else { return };
    let cuts = size(5, 100);
    let cable = Cable::lay(broker.amqp).await;
    let mut options = options(broker, &[1]);
    options.url = through(&cable);
    let bus = RabbitBus::open(options).await.unwrap();
    set_up(&bus, &["a"]).await;
    let handled = Handled::default();
    let mut random = Random(1);
    let cutting = async {
        let mut sent = HashSet::new();
        for n in 0..cuts {
            let batch = batch(100, &mut sent);
            let pause = Duration::from_micros(random.below(30_000));
            let cutting = async {
                tokio::time::sleep(pause).await;
                cable.cut();
            };
            tokio::join!(publish(&bus, batch), cutting);
            is_consumed(&bus, &handled, &mut sent, &format!("after cut {n}")).await;
        }
        handled.settle(&sent, PATIENCE).await;
        sent
    };
    let sent = work(&bus, &handled, cutting).await;
    row(format!("connections cut {cuts} times under load"), &sent, &handled);
}

/// Whatever a worker is at when its connections break, it goes on: before it subscribed, when it
/// had its first message, when it asked for more, when the first were acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_goes_on_whenever_its_connections_are_cut() {
    let Some(broker) = broker::shared() else { return };
    let cuts = size(25_u32, 100);
    let options = options(broker, &[1]);
    let bus = RabbitBus::open(options.clone()).await.unwrap();
    set_up(&bus, &["a"]).await;
    let (handled, mut sent) = (Handled::default(), HashSet::new());
    for n in 0..cuts {
        let instant = Duration::from_millis(100) * n / cuts;
        publish(&bus, batch(100, &mut sent)).await;
        let cable = Cable::lay(broker.amqp).await;
        let mut options = options.clone();
        options.url = through(&cable);
        let own = RabbitBus::open(options).await.unwrap();
        let cutting = async {
            tokio::time::sleep(instant).await;
            cable.cut();
            is_consumed(&bus, &handled, &mut sent, &format!("cut after {instant:?}")).await;
        };
        work(&own, &handled, cutting).await;
        own.close().await;
    }
    work(&bus, &handled, handled.settle(&sent, PATIENCE)).await;
    row(format!("workers cut off {cuts} times within 100 ms of their start"), &sent, &handled);
}

/// The broker's address at the near end of a cable.
fn through(cable: &Cable) -> String {
    format!("amqp://guest:guest@127.0.0.1:{}/%2f", cable.port)
}

fn batch(messages: usize, sent: &mut HashSet<String>) -> Vec<Message> {
    let batch: Vec<Message> = (0..messages).map(|_| Message::new("a", "")).collect();
    sent.extend(batch.iter().map(|message| message.id.clone()));
    batch
}

/// A worker until `end` completes; one that ends before has failed.
async fn work<T>(bus: &RabbitBus, handled: &Handled, end: impl Future<Output = T>) -> T {
    let worker = Worker::new(Arc::new(bus.clone()), "a").policy(policy("1s")).concurrency(20);
    let worker = worker.handle({
        let handled = handled.clone();
        move |incoming: Incoming| {
            handled.note(&incoming.id);
            async { Ok(()) }
        }
    });
    let mut result = None;
    worker.run_until(async { result = Some(end.await) }).await.unwrap();
    result.unwrap()
}

/// Sends one more message: only a consumer that works again gets it.
async fn is_consumed(bus: &RabbitBus, handled: &Handled, sent: &mut HashSet<String>, when: &str) {
    let mut alone = HashSet::new();
    publish(bus, batch(1, &mut alone)).await;
    handled.settle(&alone, PATIENCE).await;
    assert_eq!(handled.lost(&alone), 0, "{when} nobody consumes");
    sent.extend(alone);
}

fn row(what: String, sent: &HashSet<String>, handled: &Handled) {
    let row = Row::of(what, sent, handled);
    row.print();
    assert_eq!(row.lost, 0);
}

//! While nothing breaks, nothing comes twice.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use dolmen_bus::{Failure, Incoming, Message, Worker};
use dolmen_bus_conformance::broker;
use dolmen_bus_rabbitmq::RabbitBus;

use crate::rig::{Handled, Row, options, policy, publish, set_up, size};

/// How long a busy broker may take for the next message.
const PATIENCE: Duration = Duration::from_secs(60);
const TOGETHER: u16 = 500;

/// As many softfails as there are messages: a wait that is confirmed late is not sent twice, and an
/// acknowledgement that was given is not forgotten.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn softfails_come_once_while_nothing_breaks() {
    let Some(broker) = broker::shared() else { return };
    let bus = RabbitBus::open(options(broker, &[3600])).await.unwrap();
    set_up(&bus, &["a"]).await;
    let messages: Vec<Message> =
        (0..size(1000, 10_000)).map(|n| Message::new("a", n.to_string())).collect();
    let sent: HashSet<String> = messages.iter().map(|message| message.id.clone()).collect();
    publish(&bus, messages).await;
    let handled = Handled::default();
    let worker = Worker::new(Arc::new(bus.clone()), "a")
        .policy(policy("1h"))
        .concurrency(usize::from(TOGETHER))
        .prefetch(TOGETHER)
        .time_limit(Duration::from_secs(60))
        .handle({
            let handled = handled.clone();
            move |incoming: Incoming| {
                handled.note(&incoming.id);
                async { Err(Failure::technical("later").softfail()) }
            }
        });
    let summary = worker.run_until(handled.settle(&sent, PATIENCE)).await.unwrap();
    let what = format!("softfails, {TOGETHER} at a time");
    let row = Row::of(what, &sent, &handled);
    row.print();
    assert_eq!((row.lost, row.duplicates, summary.lost), (0, 0, 0), "{summary:?}");
    assert_eq!(summary.softfailed, sent.len() as u64);
}

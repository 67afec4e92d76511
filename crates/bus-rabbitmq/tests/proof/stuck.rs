//! The broker is killed while messages wait: they come back, although their wait may be there before
//! the exchange it hands them to, or before the queue behind that.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use dolmen_bus::{Event, Failure, Incoming, Message, Transport, What, Worker};
use dolmen_bus_conformance::broker::Broker;
use dolmen_bus_conformance::within;
use dolmen_bus_rabbitmq::{Options, RabbitBus};

use crate::rig::{Handled, Row, options, policy, publish, set_up, size};

/// Messages that wait.
const WAITING: usize = 20;

/// With the setting that docs/bus.md advises nothing has to be done for it. Without it a worker makes
/// the waits look again for their exchange; what the queue behind it refused meanwhile comes when
/// RabbitMQ tries again, after three minutes, and it counts them from its last look, so that it may
/// be six: that is in the long form alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waits_are_not_stuck_after_a_crash_of_the_broker() {
    let Some(broker) = Broker::own() else { return };
    crash_while_messages_wait(broker, "as advised", false, Duration::from_secs(200)).await;
    if size(false, true) {
        let Some(broker) = Broker::unadvised() else { return };
        crash_while_messages_wait(broker, "with its defaults", true, Duration::from_secs(400))
            .await;
    }
}

/// Kills the broker while messages wait: all must come within `patience` of its return, and the worker
/// lives through it.
async fn crash_while_messages_wait(broker: Broker, set: &str, touched: bool, patience: Duration) {
    let broker = Arc::new(broker);
    let mut options = options(&broker, &[1, 2]);
    if !touched {
        options.admin_url = None;
    }
    let bus = open(&broker, options).await;
    let sent: Vec<Message> = (0..WAITING).map(|n| Message::new("a", n.to_string())).collect();
    let ids: HashSet<String> = sent.iter().map(|message| message.id.clone()).collect();
    publish(&bus, sent).await;
    let handled = Handled::default();
    let worker = Worker::new(Arc::new(bus.clone()), "a").policy(policy("2s")).concurrency(WAITING);
    let worker = worker.handle({
        let handled = handled.clone();
        move |incoming: Incoming| {
            let handled = handled.clone();
            async move {
                if incoming.attempt == 1 {
                    return Err(Failure::technical("once").softfail());
                }
                handled.note(&incoming.id);
                Ok(())
            }
        }
    });
    let crashing = async {
        within("all wait", async {
            let softfails = |events: &[Event]| events.iter().filter(is_softfail).count();
            while softfails(&bus.journal(None, 1000).await.unwrap()) < WAITING {}
        })
        .await;
        blocking(&broker, |broker| {
            broker.kill();
            broker.restart();
        })
        .await;
        handled.settle(&ids, patience).await;
    };
    worker.run_until(crashing).await.unwrap();
    let what = format!("a broker {set}, killed while messages wait");
    let row = Row::of(what, &ids, &handled);
    row.print();
    assert_eq!(row.lost, 0, "not within {patience:?}\n{}", broker.control(&LEADERS));
}

/// What tells a queue that never comes back from one that is late.
const LEADERS: [&str; 5] = ["list_queues", "name", "state", "leader", "messages"];

/// What the bus needs is there, and will be after a crash.
async fn open(broker: &Arc<Broker>, options: Options) -> RabbitBus {
    let bus = RabbitBus::open(options).await.unwrap();
    set_up(&bus, &["a"]).await;
    blocking(broker, Broker::sync).await;
    bus
}

/// What a broker is told to do while others go on.
async fn blocking(broker: &Arc<Broker>, act: impl FnOnce(&Broker) + Send + 'static) {
    let broker = Arc::clone(broker);
    tokio::task::spawn_blocking(move || act(&broker)).await.unwrap();
}

fn is_softfail(event: &&Event) -> bool {
    event.what == What::Softfail
}

//! What goes wrong on a broker and must not lose or hold up a message.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests: a panic is the report")]

mod broker;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use dolmen_bus::{
    KeepError, KeepFailed, Message, Mode, Pattern, Policy, PolicySettings, ServiceSpec,
    SettleError, Settlement, Subscription, Topology, Transport,
};
use dolmen_bus_conformance::within;
use dolmen_bus_rabbitmq::{Options, RabbitBus};

fn options(broker: &broker::Broker) -> Options {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let bus = format!("trap{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let mut options = Options::new(bus, broker.url());
    options.rungs = [1, 2, 60].into();
    options
}

async fn set_up(bus: &RabbitBus, services: &[&str]) {
    let policy = PolicySettings { delays: Some(vec!["1s".into()]), ..PolicySettings::default() };
    let services = services
        .iter()
        .map(|name| ServiceSpec {
            name: (*name).to_owned(),
            listen: vec![Pattern::new("k").unwrap()],
            policy: Policy::build(&policy, name).unwrap(),
        })
        .collect();
    bus.setup(&Topology { services }, Mode::Apply).await.unwrap();
}

/// A message that the broker returns counts as not sent, although it is confirmed as well, and
/// its delivery is not acknowledged; those published beside it are not taken for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_returned_is_not_taken_for_confirmed() {
    let Some(broker) = broker::shared() else { return };
    let options = options(broker);
    let failed = format!("{}.failed", options.bus);
    let bus = RabbitBus::open(options).await.unwrap();
    set_up(&bus, &["a"]).await;
    let sent: Vec<Message> = (0..40).map(|n| Message::new("k", n.to_string())).collect();
    bus.publish(sent).await.unwrap();
    let connection =
        lapin::Connection::connect(&broker.url(), lapin::ConnectionProperties::default())
            .await
            .unwrap();
    let channel = connection.create_channel().await.unwrap();
    let gone = lapin::options::QueueDeleteOptions::default();
    channel.queue_delete(failed.as_str().into(), gone).await.unwrap();
    let want = Subscription { service: "a".into(), prefetch: 40 };
    let mut consumer = bus.subscribe(&want).await.unwrap();
    let mut settling = tokio::task::JoinSet::new();
    for n in 0..40 {
        let mut delivery = within("a delivery", consumer.next()).await.unwrap();
        settling.spawn(async move {
            let (envelope, took) = (delivery.envelope.clone(), Duration::ZERO);
            // Every other one goes to the queue that is gone.
            let settlement = match n % 2 {
                0 => Settlement::Fail { envelope, took },
                _ => Settlement::Wait {
                    delay: Duration::from_secs(60),
                    back: dolmen_bus::Return::Service,
                    envelope,
                    took,
                },
            };
            let result = delivery.receipt.settle(&settlement).await;
            (n, result, delivery)
        });
    }
    let mut open = Vec::new();
    while let Some(settled) = settling.join_next().await {
        let (n, result, delivery) = settled.unwrap();
        match n % 2 {
            0 => assert!(matches!(result, Err(SettleError::NotYet(_))), "{n}: {result:?}"),
            _ => assert!(result.is_ok(), "{n}: {result:?}"),
        }
        open.push((n, delivery));
    }
    // Once the queue is back the same deliveries can be ended.
    set_up(&bus, &["a"]).await;
    for (_, mut delivery) in open.into_iter().filter(|(n, _)| n % 2 == 0) {
        let (envelope, took) = (delivery.envelope.clone(), Duration::ZERO);
        delivery.receipt.settle(&Settlement::Fail { envelope, took }).await.unwrap();
    }
    let kept = Kept::default();
    assert_eq!(bus.drain_failed(&kept).await.unwrap(), 20);
}

#[derive(Default)]
struct Kept(Mutex<Vec<String>>);

#[async_trait::async_trait]
impl KeepFailed for Kept {
    async fn keep(&self, batch: Vec<dolmen_bus::FailedMessage>) -> Result<(), KeepError> {
        self.0.lock().unwrap().extend(batch.into_iter().map(|failed| failed.message.id));
        Ok(())
    }
}

/// A wait that was not set up is replaced by the next longer one, not retried for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_that_does_not_exist_is_rounded_up() {
    let Some(broker) = broker::shared() else { return };
    let options = options(broker);
    let bus = RabbitBus::open(options.clone()).await.unwrap();
    set_up(&bus, &["a"]).await;
    // Another process believes in more waits than there are.
    let other = Options { rungs: [1, 30, 60].into(), ..options };
    let other = RabbitBus::open(other).await.unwrap();
    bus.publish(vec![Message::new("k", "")]).await.unwrap();
    let want = Subscription { service: "a".into(), prefetch: 1 };
    let mut consumer = other.subscribe(&want).await.unwrap();
    let mut delivery = within("a delivery", consumer.next()).await.unwrap();
    let settlement = Settlement::Wait {
        delay: Duration::from_secs(20),
        back: dolmen_bus::Return::Service,
        envelope: delivery.envelope.clone(),
        took: Duration::ZERO,
    };
    let settle = async {
        loop {
            match delivery.receipt.settle(&settlement).await {
                Err(SettleError::NotYet(_)) => {}
                result => return result,
            }
        }
    };
    let settled = within("the wait", settle).await.unwrap();
    let dolmen_bus::Settled::Until(due) = settled else { panic!("{settled:?}") };
    let left = dolmen_bus::until(dolmen_bus::Clock::now(&dolmen_bus::SystemClock), due).unwrap();
    assert!(left > Duration::from_secs(50), "{left:?}");
}

/// A service whose queue exists with other arguments is refused with an explanation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changed_arguments_are_explained() {
    let Some(broker) = broker::shared() else { return };
    let options = options(broker);
    let bus = RabbitBus::open(options.clone()).await.unwrap();
    set_up(&bus, &["a"]).await;
    let other = RabbitBus::open(Options { redelivery_limit: 5, ..options }).await.unwrap();
    let service = ServiceSpec { name: "a".into(), listen: Vec::new(), policy: Policy::default() };
    let error = other.setup(&Topology { services: vec![service] }, Mode::Apply).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("exists with other arguments") && text.contains("service.a"), "{text}");
}

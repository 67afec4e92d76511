//! What goes wrong on a broker and must not lose or hold up a message.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests: a panic is the report")]

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dolmen_bus::{
    Incoming, KeepError, KeepFailed, Message, Mode, Pattern, Policy, PolicySettings, ServiceSpec,
    SettleError, Settlement, Subscription, Topology, Transport, Worker,
};
use dolmen_bus_conformance::{broker, within};
use dolmen_bus_rabbitmq::{Options, RabbitBus};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

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

/// A way to the broker that can be cut.
struct Cable {
    port: u16,
    cut: watch::Sender<u32>,
}

impl Cable {
    async fn lay(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let cut = watch::Sender::new(0);
        let cuts = cut.subscribe();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut cuts = cuts.clone();
                cuts.mark_unchanged();
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(("127.0.0.1", to)).await else { return };
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        _ = cuts.changed() => {}
                    }
                });
            }
        });
        Self { port, cut }
    }

    fn cut(&self) {
        self.cut.send_modify(|cuts| *cuts += 1);
    }
}

/// What a service handled: how often each message.
#[derive(Clone, Default)]
struct Handled(Arc<Mutex<HashMap<String, u32>>>);

impl Handled {
    fn note(&self, incoming: &Incoming) {
        *self.0.lock().unwrap().entry(incoming.id.clone()).or_default() += 1;
    }

    fn all(&self, ids: &HashSet<String>) -> bool {
        let handled = self.0.lock().unwrap();
        ids.iter().all(|id| handled.contains_key(id))
    }

    async fn reach(&self, ids: &HashSet<String>) {
        while !self.all(ids) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Publishes until it is confirmed, as a producer would.
async fn publish(bus: &RabbitBus, message: Message) {
    while let Err(error) = bus.publish(vec![message.clone()]).await {
        assert!(matches!(error, dolmen_bus::PublishError::Unconfirmed { .. }), "{error}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// After a cut both producers and consumers go on, and every confirmed message is handled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_connection_is_made_again_and_consuming_resumes() {
    let Some(broker) = broker::shared() else { return };
    let cable = Cable::lay(broker.amqp).await;
    let mut options = options(broker);
    options.url = format!("amqp://guest:guest@127.0.0.1:{}/%2f", cable.port);
    let bus = RabbitBus::open(options).await.unwrap();
    set_up(&bus, &["a"]).await;
    let handled = Handled::default();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let worker = Worker::new(Arc::new(bus.clone()), "a").handle({
        let handled = handled.clone();
        move |incoming| {
            handled.note(&incoming);
            async { Ok(()) }
        }
    });
    let working = tokio::spawn(worker.run_until(async move {
        let _ = stopped.await;
    }));
    let mut ids = HashSet::new();
    for n in 0..60 {
        if n % 20 == 10 {
            cable.cut();
        }
        let message = Message::new("k", n.to_string());
        ids.insert(message.id.clone());
        publish(&bus, message).await;
    }
    within("all confirmed messages", handled.reach(&ids)).await;
    stop.send(()).unwrap();
    within("the end", working).await.unwrap().unwrap();
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

/// A broker whose certificate was signed by an authority of one's own is believed when that
/// authority is named, and not otherwise.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_is_believed_for_its_certificate() {
    let Some(broker) = broker::shared() else { return };
    let mut options = options(broker);
    options.url = broker.tls_url();
    let Err(error) = RabbitBus::open(options.clone()).await else { panic!("it was believed") };
    assert!(error.to_string().contains("certificate"), "{error}");
    options.ca = Some(std::fs::read_to_string(broker.authority()).unwrap());
    let bus = RabbitBus::open(options).await.unwrap();
    set_up(&bus, &["a"]).await;
    let sent = Message::new("k", "through TLS");
    bus.publish(vec![sent.clone()]).await.unwrap();
    let want = Subscription { service: "a".into(), prefetch: 1 };
    let mut consumer = bus.subscribe(&want).await.unwrap();
    let delivery = within("a delivery", consumer.next()).await.unwrap();
    assert_eq!((delivery.message.id, delivery.message.body), (sent.id, sent.body));
}

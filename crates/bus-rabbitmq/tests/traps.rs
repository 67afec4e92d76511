//! What goes wrong on a broker and must not lose or hold up a message.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests: a panic is the report")]

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dolmen_bus::{
    Clock, Event, Incoming, KeepError, KeepFailed, Message, Mode, Pattern, Policy, PolicySettings,
    ServiceSpec, SettleError, Settlement, Subscription, SystemClock, Topology, Transport, What,
    Worker, WorkerError,
};
use dolmen_bus_conformance::{Cable, broker, within};
use dolmen_bus_rabbitmq::{Options, RabbitBus};

fn options(broker: &broker::Broker) -> Options {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let bus = format!("trap{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let mut options = Options::new(bus, broker.url());
    options.rungs = [1, 2, 600].into();
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

/// What a service handled: how often each message.
#[derive(Clone, Default)]
struct Handled(Arc<Mutex<HashMap<String, u32>>>);

impl Handled {
    fn note(&self, incoming: &Incoming) {
        *self.0.lock().unwrap().entry(incoming.id.clone()).or_default() += 1;
    }

    fn times(&self, id: &str) -> u32 {
        self.0.lock().unwrap().get(id).copied().unwrap_or_default()
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

/// A worker that is told to stop while the broker is away does not wait for it to come back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_stops_while_the_broker_is_away() {
    let Some(broker) = broker::shared() else { return };
    let cable = Cable::lay(broker.amqp).await;
    let mut options = options(broker);
    options.url = format!("amqp://guest:guest@127.0.0.1:{}/%2f", cable.port);
    let bus = RabbitBus::open(options).await.unwrap();
    set_up(&bus, &["a"]).await;
    let sent = Message::new("k", "");
    let ids = HashSet::from([sent.id.clone()]);
    publish(&bus, sent).await;
    let handled = Handled::default();
    let worker = Worker::new(Arc::new(bus), "a").grace(Duration::from_millis(50)).handle({
        let handled = handled.clone();
        move |incoming| {
            handled.note(&incoming);
            async { Ok(()) }
        }
    });
    let stop = async move {
        handled.reach(&ids).await;
        cable.unplug();
        cable.refused().await;
    };
    within("the end", worker.run_until(stop)).await.unwrap();
}

/// A producer that is none of ours may name neither an id nor a time: its record is as old as the
/// one before it, and the same whenever it is read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_without_an_id_is_the_same_record_whenever_it_is_read() {
    let Some(broker) = broker::shared() else { return };
    let options = options(broker);
    let events = format!("{}.events", options.bus);
    let bus = RabbitBus::open(options).await.unwrap();
    set_up(&bus, &["a"]).await;
    bus.publish(vec![Message::new("k", "1")]).await.unwrap();
    let properties = lapin::ConnectionProperties::default();
    let connection = lapin::Connection::connect(&broker.url(), properties).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let (options, properties) = (Default::default(), lapin::BasicProperties::default());
    let sent = channel.basic_publish(events.as_str().into(), "k".into(), options, b"2", properties);
    sent.await.unwrap();
    let journal = async || {
        loop {
            let journal = bus.journal(None, 10).await.unwrap();
            if journal.len() == 2 {
                return journal;
            }
        }
    };
    let first = within("two records", journal()).await;
    assert_eq!(first[1].at, first[0].at);
    assert_eq!(first, within("two records", journal()).await);
}

/// Outcomes of the same time are one message of the stream, as long as nobody wants them apart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outcomes_of_the_same_time_are_written_together() {
    const COUNT: u16 = 200;
    let Some(broker) = broker::shared() else { return };
    let bus = RabbitBus::open(options(broker)).await.unwrap();
    set_up(&bus, &["a"]).await;
    bus.publish((0..COUNT).map(|n| Message::new("k", n.to_string())).collect()).await.unwrap();
    let want = Subscription { service: "a".into(), prefetch: COUNT };
    let mut consumer = bus.subscribe(&want).await.unwrap();
    let mut deliveries = Vec::new();
    for _ in 0..COUNT {
        deliveries.push(within("a delivery", consumer.next()).await.unwrap());
    }
    let mut settling = tokio::task::JoinSet::new();
    for (n, mut delivery) in deliveries.into_iter().enumerate() {
        settling.spawn(async move {
            let (envelope, took) = (delivery.envelope.clone(), Duration::ZERO);
            let settlement = match n % 10 {
                0 => Settlement::Fail { envelope, took },
                _ => Settlement::Done { took },
            };
            delivery.receipt.settle(&settlement).await.unwrap();
        });
    }
    settling.join_all().await;
    let journal = async {
        loop {
            let journal = bus.journal(None, 1000).await.unwrap();
            if journal.len() == 2 * usize::from(COUNT) {
                return journal;
            }
        }
    };
    let journal = within("all records", journal).await;
    let of = |what| journal.iter().filter(move |event| event.what == what);
    let numbers: HashSet<u64> = of(What::Done).map(|event| event.position.number).collect();
    assert!(numbers.len() < 90, "180 outcomes are {} messages", numbers.len());
    // Failed messages are records that others listen for.
    assert_eq!(of(What::Hardfail).filter(|event| event.position.part == 0).count(), 20);
    assert!(of(What::Hardfail).all(|event| !numbers.contains(&event.position.number)));
}

/// Deletes a queue behind the bus's back.
async fn delete_queue(broker: &broker::Broker, queue: &str) {
    let properties = lapin::ConnectionProperties::default();
    let connection = lapin::Connection::connect(&broker.url(), properties).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let gone = lapin::options::QueueDeleteOptions::default();
    channel.queue_delete(queue.into(), gone).await.unwrap();
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
    delete_queue(broker, &failed).await;
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
                    latest: None,
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

/// A worker whose journal is gone (a broker that is killed may forget a queue it just made) ends
/// no delivery, and loses none: once the journal is there again it goes on by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_goes_on_when_the_journal_is_there_again() {
    let Some(broker) = broker::shared() else { return };
    let options = options(broker);
    let journal = format!("{}.journal", options.bus);
    let bus = RabbitBus::open(options).await.unwrap();
    set_up(&bus, &["a"]).await;
    delete_queue(broker, &journal).await;
    let sent = Message::new("k", "");
    bus.publish(vec![sent.clone()]).await.unwrap();
    let event = Event::new(What::Retried, SystemClock.now(), sent.clone());
    let error = bus.record(event).await.unwrap_err().to_string();
    assert!(error.contains(&journal) && error.contains("run `dolmen bus setup`"), "{error}");
    let handled = Handled::default();
    let worker = || {
        let handled = handled.clone();
        Worker::new(Arc::new(bus.clone()), "a").grace(Duration::ZERO).handle(move |incoming| {
            handled.note(&incoming);
            async { Ok(()) }
        })
    };
    let times = async |least: u32| {
        while handled.times(&sent.id) < least {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    // A worker that stops meanwhile has not ended the delivery.
    let summary = within("handled", worker().run_until(times(1))).await.unwrap();
    assert_eq!((summary.done, summary.lost), (0, 1));
    let setting_up = async {
        times(2).await;
        set_up(&bus, &["a"]).await;
        // The record is written before the delivery ends.
        let is_done = |event: &Event| event.what == What::Done && event.message.id == sent.id;
        while !bus.journal(None, 10).await.unwrap().iter().any(is_done) {}
    };
    let summary = within("the journal", worker().run_until(setting_up)).await.unwrap();
    assert_eq!((summary.done, summary.lost, handled.times(&sent.id)), (1, 0, 2));
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
    let other = Options { rungs: [1, 30, 600].into(), ..options };
    let other = RabbitBus::open(other).await.unwrap();
    bus.publish(vec![Message::new("k", "")]).await.unwrap();
    let want = Subscription { service: "a".into(), prefetch: 1 };
    let mut consumer = other.subscribe(&want).await.unwrap();
    let mut delivery = within("a delivery", consumer.next()).await.unwrap();
    let settlement = Settlement::Wait {
        delay: Duration::from_secs(20),
        latest: None,
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
    assert!(left > Duration::from_secs(60), "{left:?}");
}

/// What is sent to a wait that does not exist ends its channel, and with it whatever else is on its way
/// there: outcomes, records, other waits. All of it is sent again; no handler is run for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_that_does_not_exist_takes_nothing_along() {
    const COUNT: usize = 200;
    let Some(broker) = broker::shared() else { return };
    let options = options(broker);
    let bus = RabbitBus::open(options.clone()).await.unwrap();
    set_up(&bus, &["a"]).await;
    // This process believes in a wait that there is not.
    let other = Options { rungs: [30, 600].into(), ..options };
    let other = RabbitBus::open(other).await.unwrap();
    let sent: Vec<Message> = (0..COUNT).map(|n| Message::new("k", n.to_string())).collect();
    bus.publish(sent.clone()).await.unwrap();
    let delays = Some(vec!["20s".to_owned()]);
    let policy = PolicySettings { delays, ..PolicySettings::default() };
    let handled = Handled::default();
    let worker = Worker::new(Arc::new(other), "a")
        .policy(Policy::build(&policy, "a").unwrap())
        .concurrency(COUNT)
        .time_limit(Duration::from_secs(60));
    let worker =
        worker.handle({
            let handled = handled.clone();
            move |incoming: Incoming| {
                handled.note(&incoming);
                // Every other one waits.
                let waits = incoming.body.last().unwrap() % 2 == 1;
                async move {
                    if waits { Err(dolmen_bus::Failure::availability("down")) } else { Ok(()) }
                }
            }
        });
    let all = async {
        loop {
            let journal = bus.journal(None, 10_000).await.unwrap();
            let ended = journal.iter().filter(|event| event.what != What::Published);
            if ended.map(|event| &event.message.id).collect::<HashSet<_>>().len() == COUNT {
                return;
            }
        }
    };
    let summary = within("all outcomes", worker.run_until(all)).await.unwrap();
    assert_eq!((summary.done, summary.softfailed, summary.lost), (100, 100, 0));
    assert!(sent.iter().all(|message| handled.times(&message.id) == 1));
    let waiting = bus.waiting().await.unwrap();
    assert_eq!(waiting.len(), 100);
    // In the next longer wait, not in the one that does not exist.
    let soon = dolmen_bus::after(SystemClock.now(), Duration::from_secs(30));
    assert!(waiting.iter().all(|waiting| waiting.due_at > soon));
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

/// A handler that may take longer than the broker waits is refused before it starts: the broker
/// would take its messages back, and others would handle them a second time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_may_outlast_the_broker_is_refused() {
    let Some(broker) = broker::shared() else { return };
    let bus = RabbitBus::open(options(broker)).await.unwrap();
    set_up(&bus, &["a"]).await;
    let worker = |minutes: u64, prefetch: u16| {
        let limit = Duration::from_secs(60 * minutes);
        let worker = Worker::new(Arc::new(bus.clone()), "a").time_limit(limit).prefetch(prefetch);
        worker.handle(|_| async { Ok(()) }).run_until_idle()
    };
    for (minutes, prefetch) in [(30, 1), (10, 3)] {
        let error = worker(minutes, prefetch).await.unwrap_err();
        assert!(matches!(error, WorkerError::TooLong { .. }), "{error}");
        assert!(error.to_string().contains("lower the time limit or the prefetch"), "{error}");
    }
    within("the end", worker(10, 2)).await.unwrap();
}

/// What the broker takes back because nobody answered in time comes again, and the consumer goes
/// on; the late answer is told that it is too late.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_broker_takes_back_comes_again() {
    let Some(broker) = broker::Broker::impatient(3) else { return };
    let mut options = options(&broker);
    options.consumer_timeout = Duration::from_secs(3);
    let bus = RabbitBus::open(options).await.unwrap();
    set_up(&bus, &["a"]).await;
    let sent = Message::new("k", "slow");
    bus.publish(vec![sent.clone()]).await.unwrap();
    let want = Subscription { service: "a".into(), prefetch: 2 };
    let mut consumer = bus.subscribe(&want).await.unwrap();
    let mut late = within("a delivery", consumer.next()).await.unwrap();
    let mut again = within("the same again", consumer.next()).await.unwrap();
    assert_eq!((&again.message.id, again.redeliveries), (&sent.id, 1));
    let done = Settlement::Done { took: Duration::ZERO };
    let lost = late.receipt.settle(&done).await;
    assert!(matches!(lost, Err(SettleError::Lost(_))), "{lost:?}");
    again.receipt.settle(&done).await.unwrap();
}

//! Messages of programs that know nothing of dolmen: handled, and kept when they die.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests: a panic is the report")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dolmen_bus::{
    FOREIGN, FailedMessage, Failure, Incoming, KeepError, KeepFailed, Message, Mode, Pattern,
    Policy, PolicySettings, ServiceSpec, Topology, Transport, What, Worker,
};
use dolmen_bus_conformance::broker::{self, Broker};
use dolmen_bus_conformance::{publish_foreign, within};
use dolmen_bus_rabbitmq::{Options, RabbitBus};
use lapin::BasicProperties;
use lapin::options::{BasicGetOptions, BasicPublishOptions, BasicRejectOptions};

/// A bus with services that listen to keys of their own names.
async fn bus(broker: &Broker, services: &[&str]) -> (String, RabbitBus) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("foreign{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let mut options = Options::new(name.clone(), broker.url());
    options.rungs = [1].into();
    let bus = RabbitBus::open(options).await.unwrap();
    let services = services.iter().map(|name| ServiceSpec {
        name: (*name).to_owned(),
        listen: vec![Pattern::new(name).unwrap()],
        policy: policy(),
    });
    bus.setup(&Topology { services: services.collect() }, Mode::Apply).await.unwrap();
    (name, bus)
}

fn policy() -> Policy {
    let delays = Some(vec!["1s".to_owned()]);
    Policy::build(&PolicySettings { delays, ..PolicySettings::default() }, "a").unwrap()
}

#[derive(Default)]
struct Kept(Mutex<Vec<FailedMessage>>);

#[async_trait::async_trait]
impl KeepFailed for Kept {
    async fn keep(&self, batch: Vec<FailedMessage>) -> Result<(), KeepError> {
        self.0.lock().unwrap().extend(batch);
        Ok(())
    }
}

/// So many failed messages, once they are there, in the order of their bodies.
async fn failed(bus: &RabbitBus, count: usize) -> Vec<FailedMessage> {
    let kept = Kept::default();
    within("failed messages", async {
        while kept.0.lock().unwrap().len() < count {
            bus.drain_failed(&kept).await.unwrap();
        }
    })
    .await;
    let mut failed = kept.0.into_inner().unwrap();
    failed.sort_by_key(|failed| failed.message.body.clone());
    failed
}

/// Texts that are not UTF-8 break nothing: the message is delivered, retried and done like any
/// other, beside others, and its story can be read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_that_is_not_utf_8_is_a_message_like_any_other() {
    let Some(broker) = broker::shared() else { return };
    let (name, bus) = bus(broker, &["a"]).await;
    let events = format!("{name}.events");
    publish_foreign(broker.amqp, &events, "a", b"caf\xe9", b"foreign").await;
    let ours = Message::new("a", "ours");
    bus.publish(vec![ours.clone()]).await.unwrap();
    // Nobody listens to this one.
    publish_foreign(broker.amqp, &events, "x", b"\xff", b"{}").await;
    let (note, mut handled) = tokio::sync::mpsc::unbounded_channel();
    let worker = Worker::new(Arc::new(bus.clone()), "a").policy(policy()).concurrency(5).handle(
        move |incoming: Incoming| {
            let first = incoming.attempt == 1;
            note.send((incoming.attempt, incoming.message)).unwrap();
            async move {
                match first {
                    true => Err(Failure::availability("down")),
                    false => Ok(()),
                }
            }
        },
    );
    let mut came = Vec::new();
    let four = async {
        while came.len() < 4 {
            came.push(handled.recv().await.unwrap());
        }
    };
    let summary = within("four deliveries", worker.run_until(four)).await.unwrap();
    assert_eq!((summary.softfailed, summary.done, summary.lost), (2, 2, 0));
    let foreign: Vec<_> =
        came.iter().filter(|(_, message)| message.body == b"foreign"[..]).collect();
    assert_eq!(foreign.len(), 2);
    assert_eq!(foreign[0].1.id, foreign[1].1.id);
    assert!(foreign.iter().all(|(_, message)| message.producer.as_deref() == Some("caf?")));
    let journal = within("three messages, two of them twice", async {
        loop {
            let journal = bus.journal(None, 100).await.unwrap();
            if journal.len() == 7 {
                return journal;
            }
        }
    });
    let of = |producer: &str, journal: &[dolmen_bus::Event]| {
        let mine = journal.iter().filter(|it| it.message.producer.as_deref() == Some(producer));
        mine.map(|event| event.what).collect::<Vec<_>>()
    };
    let journal = journal.await;
    assert_eq!(of("caf?", &journal), [What::Published, What::Softfail, What::Done]);
    assert_eq!(of("?", &journal), [What::Published]);
    assert_eq!(bus.unrouted(10).await.unwrap()[0].producer.as_deref(), Some("?"));
}

/// What dies without a word of a worker is kept with what the broker says of its death; each once,
/// under an id, with its body, and in the journal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_let_die_is_a_failed_message() {
    let Some(broker) = broker::shared() else { return };
    let (name, bus) = bus(broker, &["a"]).await;
    let (events, queue) = (format!("{name}.events"), format!("{name}.service.a"));
    let failed_queue = format!("{name}.failed");
    let connection = lapin::Connection::connect(&broker.url(), Default::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let publish = async |properties: BasicProperties, body: &[u8]| {
        let options = BasicPublishOptions::default();
        let to = events.as_str().into();
        channel.basic_publish(to, "a".into(), options, body, properties).await.unwrap();
    };
    // Another program takes a message and refuses it.
    publish(BasicProperties::default().with_message_id("r".into()), b"1 rejected").await;
    let got = within("a message to reject", async {
        loop {
            let got = channel.basic_get(queue.as_str().into(), BasicGetOptions::default());
            if let Some(got) = got.await.unwrap() {
                return got;
            }
        }
    });
    got.await.delivery.acker.reject(BasicRejectOptions { requeue: false }).await.unwrap();
    // Two that are alike, without ids, and not wanted any more after a moment.
    for _ in 0..2 {
        publish(BasicProperties::default().with_expiration("1".into()), b"2 expired").await;
    }
    // And one that somebody put there, whose texts are not UTF-8.
    publish_foreign(broker.amqp, "", &failed_queue, b"\xe9", b"3 put").await;
    let failed = failed(&bus, 4).await;
    let said = |n: usize| {
        let FailedMessage { message, envelope, service, .. } = &failed[n];
        let error = &envelope.errors.last().unwrap().failure;
        assert_eq!(error.code.as_deref(), Some(FOREIGN));
        assert_eq!(envelope.reason.as_ref(), Some(&error.text));
        assert!(!message.id.is_empty());
        (service.as_str(), error.text.clone())
    };
    assert_eq!(said(0), ("a", format!("rejected by a program that took it from {queue}")));
    assert_eq!(failed[0].message.id, "r");
    for n in [1, 2] {
        assert_eq!(said(n), ("a", format!("expired in {queue} before anybody took it")));
        assert_eq!(failed[n].message.routing_key, "a");
    }
    assert_ne!(failed[1].message.id, failed[2].message.id);
    let put = format!("put into {failed_queue} by a program that is none of dolmen's");
    assert_eq!(said(3), ("", put));
    assert_eq!(failed[3].message.producer.as_deref(), Some("?"));
    // They can be sent on, whatever came with them.
    for failed in &failed {
        let parcel = dolmen_bus::Parcel {
            message: failed.message.clone(),
            envelope: dolmen_bus::Envelope::default(),
        };
        bus.send("a", vec![parcel]).await.unwrap();
    }
    within("all are ready", async { while bus.ready("a").await.unwrap() < 4 {} }).await;
    let hardfails = within("their records", async {
        loop {
            let journal = bus.journal(None, 100).await.unwrap();
            let hardfails = journal.into_iter().filter(|event| event.what == What::Hardfail);
            let hardfails: Vec<_> = hardfails.collect();
            if hardfails.len() == 4 {
                return hardfails;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(hardfails.await.iter().all(|event| !event.message.body.is_empty()));
}

//! What many tests need: a scene with services, and waiting for what must come.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dolmen_bus::{
    Clock, Consumer, Delivery, Event, FailedAttempt, FailedMessage, Failure, Incoming, KeepError,
    KeepFailed, Message, Mode, Pattern, Policy, PolicySettings, Return, ServiceSpec, Settlement,
    Subscription, Topology, Transport, What, Worker,
};

use crate::{Process, Rig};

/// How long anything may take before the test has failed: waits of half a minute are among what is
/// awaited, and fifty other tests ask the same broker meanwhile.
const PATIENCE: Duration = Duration::from_secs(180);

/// How long nothing must come to believe that nothing comes.
pub(crate) const QUIET: Duration = Duration::from_millis(400);

/// What must come, within three minutes.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("not within {PATIENCE:?}: {what}"),
    }
}

/// One bus, one process that looks at it.
pub struct Scene<R> {
    /// The rig.
    pub rig: R,
    /// The way to the bus.
    pub bus: Arc<dyn Transport>,
}

impl<R: Rig> Scene<R> {
    /// A bus with these services, each with the patterns it listens to.
    pub async fn new(rig: R, services: &[(&str, &[&str])]) -> Self {
        let Process { transport: bus, .. } = rig.open().await;
        let scene = Self { rig, bus };
        scene.set_up(services, Mode::Apply).await;
        scene
    }

    /// Sets these services up; what was changed.
    pub(crate) async fn set_up(
        &self,
        services: &[(&str, &[&str])],
        mode: Mode,
    ) -> Vec<dolmen_bus::Change> {
        let services = services
            .iter()
            .map(|(name, patterns)| ServiceSpec {
                name: (*name).to_owned(),
                listen: patterns.iter().map(|text| Pattern::new(text).unwrap()).collect(),
                policy: policy(&["1s"], 10),
            })
            .collect();
        self.bus.setup(&Topology { services }, mode).await.unwrap()
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        self.rig.clock()
    }

    pub(crate) async fn publish(&self, key: &str, body: &str) -> Message {
        let message = Message::new(key, body.to_owned());
        self.bus.publish(vec![message.clone()]).await.unwrap();
        message
    }

    pub(crate) async fn consume(&self, service: &str) -> Box<dyn Consumer> {
        consume(&self.bus, service, 10).await
    }

    /// The messages that are ready for a service, each settled as done. Nobody else may hold one: in
    /// a file it is ready until it is settled.
    pub(crate) async fn take_all(&self, service: &str) -> Vec<Message> {
        within("the end of what is ready", async {
            let mut messages = Vec::new();
            loop {
                let mut consumer = self.consume(service).await;
                while let Some(mut delivery) = next_soon(consumer.as_mut()).await {
                    delivery.receipt.settle(&done()).await.unwrap();
                    messages.push(delivery.message);
                }
                // On a busy machine the next may be late. What was fetched meanwhile is ready again
                // then.
                consumer.close().await.unwrap();
                if self.bus.ready(service).await.unwrap() == 0 {
                    return messages;
                }
            }
        })
        .await
    }

    /// The whole journal, once it holds what `enough` wants.
    pub(crate) async fn journal(&self, enough: impl Fn(&[Event]) -> bool) -> Vec<Event> {
        within("the journal", async {
            loop {
                let events = self.bus.journal(None, 10_000).await.unwrap();
                if enough(&events) {
                    return events;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await
    }

    /// The journal of one message, once it ends with `last`.
    pub(crate) async fn story(&self, message: &Message, last: What) -> Vec<Event> {
        let mine = |event: &&Event| event.message.id == message.id;
        let events = self
            .journal(|events| events.iter().rfind(mine).is_some_and(|event| event.what == last));
        events.await.into_iter().filter(|event| event.message.id == message.id).collect()
    }

    pub(crate) fn worker(&self, service: &str) -> Worker {
        // Short enough for any prefetch on a broker that takes back what is not answered.
        let limit = Duration::from_secs(60);
        Worker::new(Arc::clone(&self.bus), service).clock(self.clock()).time_limit(limit)
    }

    /// Every failed message, taken over.
    pub(crate) async fn drain(&self) -> Vec<FailedMessage> {
        let kept = Kept::default();
        self.bus.drain_failed(&kept).await.unwrap();
        kept.0.into_inner().unwrap()
    }

    /// Failed messages, once there are so many.
    pub(crate) async fn failed(&self, count: usize) -> Vec<FailedMessage> {
        let mut failed = Vec::new();
        within("failed messages", async {
            while failed.len() < count {
                failed.extend(self.drain().await);
            }
        })
        .await;
        assert_eq!(failed.len(), count);
        failed
    }
}

/// Keeps failed messages in memory.
#[derive(Default)]
pub(crate) struct Kept(pub(crate) Mutex<Vec<FailedMessage>>);

#[async_trait::async_trait]
impl KeepFailed for Kept {
    async fn keep(&self, batch: Vec<FailedMessage>) -> Result<(), KeepError> {
        self.0.lock().unwrap().extend(batch);
        Ok(())
    }
}

pub(crate) async fn consume(
    bus: &Arc<dyn Transport>,
    service: &str,
    prefetch: u16,
) -> Box<dyn Consumer> {
    let want = Subscription { service: service.to_owned(), prefetch };
    bus.subscribe(&want).await.unwrap()
}

/// The next delivery, which must come.
pub(crate) async fn next(consumer: &mut dyn Consumer) -> Delivery {
    within("the next delivery", consumer.next()).await.unwrap()
}

/// The next delivery, if one comes soon.
pub(crate) async fn next_soon(consumer: &mut dyn Consumer) -> Option<Delivery> {
    tokio::time::timeout(QUIET, consumer.next()).await.ok().map(Result::unwrap)
}

pub(crate) fn done() -> Settlement {
    Settlement::Done { took: Duration::from_millis(3) }
}

/// The settlement after a softfail, as a worker would make it.
pub(crate) fn softfail(delivery: &Delivery, service: &str, delay: Duration) -> Settlement {
    let mut envelope = delivery.envelope.clone();
    envelope.record(failed(service, envelope.attempt));
    envelope.attempt += 1;
    let (back, took) = (Return::Service, Duration::from_millis(3));
    Settlement::Wait { delay, latest: None, back, envelope, took }
}

/// The settlement after a hardfail, as a worker would make it.
pub(crate) fn hardfail(delivery: &Delivery, service: &str) -> Settlement {
    let mut envelope = delivery.envelope.clone();
    envelope.record(failed(service, envelope.attempt));
    envelope.reason = Some("hardfail".to_owned());
    Settlement::Fail { envelope, took: Duration::from_millis(3) }
}

pub(crate) fn failed(service: &str, attempt: u32) -> FailedAttempt {
    FailedAttempt {
        failure: Failure::availability("down").code("google-down"),
        service: service.to_owned(),
        host: "host-1".to_owned(),
        time: dolmen_model::Time::from_micros(1_790_000_000_000_000 + i64::from(attempt)),
        attempt,
    }
}

pub(crate) fn policy(delays: &[&str], attempts: u32) -> Policy {
    settings(delays, attempts, |_| {})
}

pub(crate) fn settings(
    delays: &[&str],
    attempts: u32,
    more: impl FnOnce(&mut PolicySettings),
) -> Policy {
    let mut settings = PolicySettings {
        delays: Some(delays.iter().map(|&delay| delay.to_owned()).collect()),
        attempts: Some(attempts),
        ..PolicySettings::default()
    };
    more(&mut settings);
    Policy::build(&settings, "").unwrap()
}

/// What a handler saw, and a way to wait for it.
#[derive(Clone, Default)]
pub(crate) struct Seen {
    messages: Arc<Mutex<Vec<(String, u32)>>>,
    more: Arc<tokio::sync::Notify>,
}

impl Seen {
    pub(crate) fn note(&self, incoming: &Incoming) {
        self.messages.lock().unwrap().push((incoming.id.clone(), incoming.attempt));
        self.more.notify_waiters();
    }

    pub(crate) fn count(&self) -> usize {
        self.messages.lock().unwrap().len()
    }

    pub(crate) fn attempts(&self) -> Vec<u32> {
        self.messages.lock().unwrap().iter().map(|(_, attempt)| *attempt).collect()
    }

    /// Waits until so many were seen.
    pub(crate) async fn reach(&self, count: usize) {
        within(&format!("{count} deliveries"), async {
            loop {
                let more = self.more.notified();
                tokio::pin!(more);
                more.as_mut().enable();
                if self.count() >= count {
                    return;
                }
                more.await;
            }
        })
        .await;
    }
}

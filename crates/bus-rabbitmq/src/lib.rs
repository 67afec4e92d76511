//! The bus on RabbitMQ, alone or a cluster; tested on 3.10.8.
//!
//! What is where on the broker is written down in docs and in `topology`; the rules that keep
//! messages from being lost are written where they are kept: `publisher` (confirmed *and* not
//! returned), `receipt` (sent on, recorded, then acknowledged), `consumer` (reconnections, and
//! messages that kill their worker).

mod acks;
mod admin;
mod age;
mod aside;
mod consumer;
mod convert;
mod journal;
mod link;
mod mended;
mod names;
mod project;
mod publisher;
mod queues;
mod receipt;
mod recorder;
mod rungs;
mod stream;
mod topology;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use dolmen_bus::{
    Aside, Capabilities, Change, Clock, Consumer, Depth, DrainError, Envelope, Event, Headers,
    KeepFailed, Message, MessageError, Mode, Parcel, Position, PublishError, Return, See,
    Subscription, SystemClock, Topology, Transport, TransportError, Waiting, Wanted, What,
    check_batch, check_name, check_target,
};
use dolmen_model::Time;
use lapin::uri::AMQPUri;
use thiserror::Error;

use crate::admin::Admin;
use crate::consumer::RabbitConsumer;
use crate::convert::properties;
use crate::journal::From as JournalFrom;
use crate::link::Link;
pub use crate::names::seconds;
use crate::names::{Names, RUNGS};
use crate::publisher::{Letter, Publisher, Unsent};
use crate::recorder::Recorder;
use crate::rungs::Rungs;

/// Seconds before each touch of the waits after a reconnection. One is not enough: the broker takes
/// connections before its management API is up, and a queue that has no leader yet hears of no
/// policy.
const TOUCHES: [u64; 7] = [0, 1, 2, 4, 8, 16, 32];

/// What may be chosen about a bus on RabbitMQ.
#[derive(Clone, Debug)]
pub struct Options {
    /// The bus's name, the prefix of everything on the broker.
    pub bus: String,
    /// `amqp://user:password@host:port/vhost`, or `amqps://` for TLS.
    pub url: String,
    /// The broker's management API, `http://user:password@host:15672`: with it setup shows and
    /// explains differences, and depths have rates and ages.
    pub admin_url: Option<String>,
    /// Certificates that are trusted besides the system's, in PEM.
    pub ca: Option<String>,
    /// The waits that are believed to exist, and that setup makes besides those that policies name,
    /// in seconds. One that does not exist is done without.
    pub rungs: BTreeSet<u64>,
    /// The services that are known without asking: AMQP cannot list them.
    pub services: BTreeSet<String>,
    /// How many redeliveries without an answer make a failed message.
    pub redelivery_limit: u32,
    /// The broker's `consumer_timeout`, after which it takes back what is not answered.
    pub consumer_timeout: Duration,
    /// Whether outcomes are recorded.
    pub journal: Journal,
}

/// Whether outcomes are recorded in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Journal {
    /// Every outcome, confirmed before the delivery ends.
    On,
    /// None; faster, and nobody can tell what happened.
    Off,
}

impl Options {
    /// What is usual, for the bus `bus` at `url`.
    pub fn new(bus: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            bus: bus.into(),
            url: url.into(),
            admin_url: None,
            ca: None,
            rungs: BTreeSet::from(RUNGS),
            services: BTreeSet::new(),
            redelivery_limit: topology::DEFAULT_LIMIT,
            consumer_timeout: Duration::from_secs(30 * 60),
            journal: Journal::On,
        }
    }
}

/// Why a bus cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The address.
    #[error("not an address of RabbitMQ: {0}")]
    Url(String),
    /// The address of the management API.
    #[error("not an address of the management API: {0}")]
    AdminUrl(String),
    /// The bus's name.
    #[error(transparent)]
    Name(#[from] dolmen_bus::NameError),
    /// The broker.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

/// A bus on a broker.
#[derive(Clone)]
pub struct RabbitBus {
    shared: Arc<Shared>,
}

/// What all parts of one process's view of the bus share.
struct Shared {
    names: Names,
    publisher: Arc<Publisher>,
    recorder: Recorder,
    publishing: Arc<Link>,
    consuming: Arc<Link>,
    /// For whatever is looked at: what cannot be read there takes back no delivery.
    reading: Arc<Link>,
    admin: Option<Admin>,
    options: Options,
    rungs: Mutex<Rungs>,
    services: Mutex<BTreeSet<String>>,
}

impl RabbitBus {
    /// Connects to the broker.
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        check_name(&options.bus)?;
        let uri: AMQPUri = options.url.parse().map_err(OpenError::Url)?;
        let admin = match &options.admin_url {
            Some(url) => Some(Admin::new(url, &uri.vhost, options.ca.as_deref())?),
            None => None,
        };
        let link = |purpose| {
            let name = format!("dolmen {} {purpose}", options.bus);
            Arc::new(Link::new(uri.clone(), options.ca.clone(), name))
        };
        let (publishing, consuming) = (link("publish"), link("consume"));
        // Both, so that what is wrong is said now.
        for link in [&publishing, &consuming] {
            topology::close(link.channel().await?).await;
        }
        let rungs = Rungs::new(&options.rungs);
        let names = Names::new(&options.bus);
        let publisher = Arc::new(Publisher::start(&publishing));
        let shared = Shared {
            recorder: Recorder::start(names.clone(), Arc::clone(&publisher)),
            names,
            publisher,
            reading: link("read"),
            publishing,
            consuming,
            admin,
            rungs: Mutex::new(rungs),
            services: Mutex::new(options.services.clone()),
            options,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Breaks the connections off: what is unanswered is delivered to others.
    pub async fn close(&self) {
        let Shared { consuming, publishing, reading, .. } = &*self.shared;
        tokio::join!(consuming.close(), publishing.close(), reading.close());
    }
}

impl Shared {
    fn now(&self) -> Time {
        SystemClock.now()
    }

    /// Sends a message with what travels along to an exchange, under a key.
    async fn send(
        &self,
        (exchange, routing_key): (String, String),
        message: &Message,
        envelope: &Envelope,
    ) -> Result<(), Unsent> {
        let headers = envelope.write(&message.headers, &message.routing_key);
        self.publisher.send_one(letter(exchange, routing_key, message, &headers)).await
    }

    /// Writes a record, if records are wanted.
    async fn record(&self, event: &Event) -> Result<(), Unsent> {
        if self.options.journal == Journal::Off {
            return Ok(());
        }
        let letter = recorder::one(&self.names, event);
        if event.what == What::Hardfail {
            return self.publisher.send_one(letter).await;
        }
        recorder::send(&self.names, &self.publisher, vec![letter]).await.pop().unwrap_or(Ok(()))
    }

    /// Writes how a delivery ends.
    async fn record_outcome(&self, event: Event) -> Result<(), Unsent> {
        match event.what {
            // Whoever listens for failed messages finds each under a key of its own, body and all.
            What::Hardfail => self.record(&event).await,
            _ => self.recorder.record(event).await,
        }
    }

    /// The wait to take for at least and at most so many seconds; see [`Rungs::choose`].
    fn rung(&self, least: u64, most: Option<u64>, back: Return) -> Option<u64> {
        let mut rungs = self.rungs.lock().unwrap_or_else(PoisonError::into_inner);
        rungs.choose(least, most, back, Instant::now())
    }

    /// Whether a wait turned out not to exist and there is a longer one to try.
    fn forget_rung(&self, rung: u64, back: Return, unsent: &Unsent) -> bool {
        let missing = match unsent {
            Unsent::Returned { .. } | Unsent::Missing(_) => true,
            Unsent::Unreachable(_) | Unsent::Refused | Unsent::TooLong(..) => false,
        };
        let mut rungs = self.rungs.lock().unwrap_or_else(PoisonError::into_inner);
        if !missing || !rungs.do_without(rung, back, Instant::now()) {
            return false;
        }
        let exchange = self.names.wait(rung, back);
        tracing::warn!(
            exchange,
            "this wait does not exist (`dolmen bus setup` makes it); a longer one is taken meanwhile"
        );
        true
    }

    /// Sets up with the management API at hand: only what differs is a change.
    async fn set_up(
        &self,
        admin: &Admin,
        topology: &Topology,
        objects: &[topology::Object],
        mode: Mode,
    ) -> Result<Vec<Change>, TransportError> {
        let existing = admin.existing().await?;
        let changes = admin::compare(&self.names, topology, objects, &existing);
        if mode == Mode::Show {
            return Ok(changes);
        }
        if let Some(conflicts) = admin::conflicts(&changes) {
            return Err(TransportError::Refused(conflicts));
        }
        topology::declare(&self.publishing, objects).await?;
        let stale = admin::stale(&self.names, topology, objects, &existing);
        let stale =
            stale.map(|binding| (&*binding.destination, &*binding.source, &*binding.routing_key));
        topology::unbind(&self.publishing, stale).await?;
        admin.release_waits(&self.names).await?;
        Ok(changes)
    }

    /// After a reconnection: the broker may have crashed, and its waits may be stuck.
    fn release_waits(self: &Arc<Self>) {
        if self.admin.is_none() {
            return;
        }
        let shared = Arc::clone(self);
        tokio::spawn(async move {
            let Some(admin) = &shared.admin else { return };
            let mut released = Ok(());
            for pause in TOUCHES {
                tokio::time::sleep(Duration::from_secs(pause)).await;
                released = admin.release_waits(&shared.names).await;
                if let Err(TransportError::Refused(_)) = released {
                    break;
                }
            }
            if let Err(error) = released {
                tracing::warn!(%error, "waits may be late after a crash of the broker");
            }
        });
    }

    fn know(&self, service: &str) {
        let mut services = self.services.lock().unwrap_or_else(PoisonError::into_inner);
        services.insert(service.to_owned());
    }

    fn known(&self) -> BTreeSet<String> {
        self.services.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn letter(exchange: String, routing_key: String, message: &Message, headers: &Headers) -> Letter {
    Letter {
        exchange,
        routing_key,
        message_id: message.id.clone(),
        properties: properties(message, headers),
        body: message.body.clone(),
    }
}

/// What was not confirmed of a batch.
fn confirmed(results: Vec<Result<(), Unsent>>) -> Result<(), PublishError> {
    let mut unconfirmed = Vec::new();
    let mut cause = None;
    for (index, result) in results.into_iter().enumerate() {
        if let Err(unsent) = result {
            unconfirmed.push(index);
            cause.get_or_insert(unsent);
        }
    }
    match cause {
        None => Ok(()),
        Some(cause) => Err(PublishError::Unconfirmed { unconfirmed, cause: cause.into() }),
    }
}

#[async_trait]
impl Transport for RabbitBus {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            reach_waiting: false,
            show_changes: self.shared.admin.is_some(),
            longest_handling: Some(self.shared.options.consumer_timeout),
        }
    }

    async fn setup(&self, topology: &Topology, mode: Mode) -> Result<Vec<Change>, TransportError> {
        for service in &topology.services {
            check_name(&service.name)?;
        }
        let shared = &self.shared;
        let Options { rungs, redelivery_limit, .. } = &shared.options;
        let objects = topology::objects(&shared.names, topology, rungs, *redelivery_limit);
        let mut changes = match (&shared.admin, mode) {
            (Some(admin), mode) => shared.set_up(admin, topology, &objects, mode).await?,
            (None, Mode::Apply) => topology::declare(&shared.publishing, &objects).await?,
            (None, Mode::Show) => {
                return Err(TransportError::Unsupported {
                    what: "showing what setup would change",
                    why: "AMQP cannot list what exists; give `admin_url`, the management API",
                });
            }
        };
        if mode == Mode::Show {
            changes.extend(topology.repeated_to_others());
            return Ok(changes);
        }
        changes.extend(topology.repeated_to_others());
        for service in &topology.services {
            shared.know(&service.name);
            let named = service.policy.named_delays().into_iter().map(names::seconds);
            let mut rungs = shared.rungs.lock().unwrap_or_else(PoisonError::into_inner);
            rungs.set_up(named);
        }
        Ok(changes)
    }

    async fn remove(&self, service: &str) -> Result<(), TransportError> {
        queues::remove(&self.shared, service).await
    }

    async fn publish(&self, messages: Vec<Message>) -> Result<(), PublishError> {
        check_batch(&messages)?;
        let events = self.shared.names.events();
        let letters = messages.iter().map(|message| {
            letter(events.clone(), message.routing_key.clone(), message, &message.headers)
        });
        confirmed(self.shared.publisher.send(letters.collect()).await)
    }

    async fn send(&self, service: &str, parcels: Vec<Parcel>) -> Result<(), PublishError> {
        check_target(service, parcels.len())?;
        let mut letters = Vec::with_capacity(parcels.len());
        for (index, Parcel { message, envelope }) in parcels.iter().enumerate() {
            match message.check() {
                // What came in by another way may carry a key or headers that nobody may publish
                // with; here the key leads nowhere.
                Ok(())
                | Err(
                    MessageError::Key(_)
                    | MessageError::Reserved(_)
                    | MessageError::Headers(_)
                    | MessageError::Trace { .. },
                ) => {}
                Err(cause) => return Err(PublishError::Message { index, cause }),
            }
            let headers = envelope.write(&message.headers, &message.routing_key);
            let (exchange, key) = (self.shared.names.deliver(), service.to_owned());
            letters.push(letter(exchange, key, message, &headers));
        }
        confirmed(self.shared.publisher.send(letters).await)
    }

    async fn subscribe(&self, want: &Subscription) -> Result<Box<dyn Consumer>, TransportError> {
        let consumer = RabbitConsumer::subscribe(Arc::clone(&self.shared), want).await?;
        self.shared.know(&want.service);
        Ok(Box::new(consumer))
    }

    async fn depths(&self) -> Result<Vec<Depth>, TransportError> {
        project::depths(&self.shared).await
    }

    async fn has_service(&self, service: &str) -> Result<bool, TransportError> {
        let queue = self.shared.names.service(service);
        Ok(queues::ready(&self.shared, &queue).await?.is_some())
    }

    async fn ready(&self, service: &str) -> Result<u64, TransportError> {
        let queue = self.shared.names.service(service);
        let ready = queues::ready(&self.shared, &queue).await?;
        ready.ok_or_else(|| TransportError::NotSetUp(format!("service {service}")))
    }

    async fn paused_at(&self, service: &str) -> Result<Option<Time>, TransportError> {
        project::paused_at(&self.shared, service).await
    }

    async fn look(&self, aside: Aside, see: &mut See<'_>) -> Result<(), TransportError> {
        aside::look(&self.shared, aside, see).await
    }

    async fn take(
        &self,
        aside: Aside,
        wanted: &mut Wanted<'_>,
        keeper: &dyn KeepFailed,
    ) -> Result<usize, DrainError> {
        aside::take(&self.shared, aside, wanted, keeper).await
    }

    async fn count_unrouted(&self) -> Result<u64, TransportError> {
        let queue = self.shared.names.unrouted();
        let ready = queues::ready(&self.shared, &queue).await?;
        ready.ok_or_else(|| TransportError::NotSetUp(format!("queue {queue}")))
    }

    async fn waiting(&self) -> Result<Vec<Waiting>, TransportError> {
        project::waiting(&self.shared).await
    }

    async fn release(&self, _: &str, _: &str) -> Result<bool, TransportError> {
        Err(out_of_reach("making a waiting message due now"))
    }

    async fn cancel(&self, _: &str, _: &str) -> Result<bool, TransportError> {
        Err(out_of_reach("taking a waiting message away"))
    }

    async fn journal(
        &self,
        position: Option<Position>,
        most: usize,
    ) -> Result<Vec<Event>, TransportError> {
        let from = position.map_or(JournalFrom::First, JournalFrom::After);
        let (link, stream) = (&self.shared.reading, self.shared.names.journal());
        journal::page(link, &stream, from, most, self.shared.now()).await
    }

    async fn trace(&self, message_id: &str) -> Result<Vec<Event>, TransportError> {
        let (link, stream) = (&self.shared.reading, self.shared.names.journal());
        journal::trace(link, &stream, message_id, self.shared.now()).await
    }

    async fn record(&self, event: Event) -> Result<(), TransportError> {
        self.shared.record(&event).await.map_err(TransportError::from)
    }
}

fn out_of_reach(what: &'static str) -> TransportError {
    let why = "a queue gives out its first message only; wait, or cancel it when it fails";
    TransportError::Unsupported { what, why }
}

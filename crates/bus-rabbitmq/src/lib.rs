//! The bus on RabbitMQ, alone or a cluster; tested on 3.10.8.
//!
//! What is where on the broker is written down in docs and in `topology`; the rules that keep
//! messages from being lost are written where they are kept: `publisher` (confirmed *and* not
//! returned), `receipt` (sent on, recorded, then acknowledged), `consumer` (reconnections, and
//! messages that kill their worker).

mod consumer;
mod convert;
mod journal;
mod link;
mod names;
mod project;
mod publisher;
mod receipt;
mod take;
mod topology;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use dolmen_bus::{
    Capabilities, Change, Clock, Consumer, Depth, DrainError, Envelope, Event, Headers, KeepFailed,
    Message, MessageError, Mode, Parcel, PublishError, Return, Subscription, SystemClock, Topology,
    Transport, TransportError, Waiting, check_batch, check_name,
};
use dolmen_model::Time;
use lapin::uri::AMQPUri;
use thiserror::Error;

use crate::consumer::RabbitConsumer;
use crate::convert::properties;
use crate::journal::From as JournalFrom;
use crate::link::Link;
use crate::names::{Names, RUNGS};
use crate::publisher::{Letter, Publisher, Unsent};

/// What may be chosen about a bus on RabbitMQ.
#[derive(Clone, Debug)]
pub struct Options {
    /// The bus's name, the prefix of everything on the broker.
    pub bus: String,
    /// `amqp://user:password@host:port/vhost`, or `amqps://` for TLS.
    pub url: String,
    /// Certificates that are trusted besides the system's, in PEM.
    pub ca: Option<String>,
    /// The waits that setup makes besides those that policies name, in seconds.
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
    publisher: Publisher,
    publishing: Arc<Link>,
    consuming: Arc<Link>,
    options: Options,
    rungs: Mutex<Rungs>,
    services: Mutex<BTreeSet<String>>,
}

/// The waits that are believed to exist.
struct Rungs {
    service: BTreeSet<u64>,
    exchange: BTreeSet<u64>,
}

impl Rungs {
    fn of(&mut self, back: Return) -> &mut BTreeSet<u64> {
        match back {
            Return::Service => &mut self.service,
            Return::Exchange => &mut self.exchange,
        }
    }
}

impl RabbitBus {
    /// Connects to the broker.
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        check_name(&options.bus)?;
        let uri: AMQPUri = options.url.parse().map_err(OpenError::Url)?;
        let link = |purpose| {
            let name = format!("dolmen {} {purpose}", options.bus);
            Arc::new(Link::new(uri.clone(), options.ca.clone(), name))
        };
        let (publishing, consuming) = (link("publish"), link("consume"));
        // Both, so that what is wrong is said now.
        for link in [&publishing, &consuming] {
            topology::close(link.channel().await?).await;
        }
        let rungs = Rungs { service: options.rungs.clone(), exchange: options.rungs.clone() };
        let shared = Shared {
            names: Names::new(&options.bus),
            publisher: Publisher::start(&publishing),
            publishing,
            consuming,
            rungs: Mutex::new(rungs),
            services: Mutex::new(options.services.clone()),
            options,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Breaks both connections off: what is unanswered is delivered to others.
    pub async fn close(&self) {
        self.shared.consuming.close().await;
        self.shared.publishing.close().await;
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
        let (properties, body) = journal::write(event);
        let letter = Letter {
            exchange: self.names.journal(),
            routing_key: self.names.record(event.what),
            message_id: event.message.id.clone(),
            properties,
            body,
        };
        self.publisher.send_one(letter).await
    }

    /// The shortest wait of at least so many seconds; the longest there is for more.
    fn rung(&self, least: u64, back: Return) -> u64 {
        let mut rungs = self.rungs.lock().unwrap_or_else(PoisonError::into_inner);
        let rungs = rungs.of(back);
        rungs.range(least..).next().or(rungs.last()).copied().unwrap_or(least)
    }

    /// Whether a wait turned out not to exist and there is a longer one to try.
    fn forget_rung(&self, rung: u64, back: Return, unsent: &Unsent) -> bool {
        let missing = match unsent {
            Unsent::Returned { .. } | Unsent::Missing(_) => true,
            Unsent::Unreachable(_) | Unsent::Refused => false,
        };
        let mut rungs = self.rungs.lock().unwrap_or_else(PoisonError::into_inner);
        let rungs = rungs.of(back);
        if missing && rungs.last() > Some(&rung) {
            rungs.remove(&rung);
            return true;
        }
        false
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
            show_changes: false,
            longest_handling: Some(self.shared.options.consumer_timeout),
        }
    }

    async fn setup(&self, topology: &Topology, mode: Mode) -> Result<Vec<Change>, TransportError> {
        for service in &topology.services {
            check_name(&service.name)?;
        }
        if mode == Mode::Show {
            return Err(TransportError::Unsupported {
                what: "showing what setup would change",
                why: "AMQP cannot list what exists; give `admin_url`, the management API",
            });
        }
        let shared = &self.shared;
        let Options { rungs, redelivery_limit, .. } = &shared.options;
        let objects = topology::objects(&shared.names, topology, rungs, *redelivery_limit);
        let mut changes = topology::declare(&shared.publishing, &objects).await?;
        changes.extend(topology.repeated_to_others());
        for service in &topology.services {
            shared.know(&service.name);
            let named = service.policy.named_delays().into_iter().map(names::seconds);
            let mut rungs = shared.rungs.lock().unwrap_or_else(PoisonError::into_inner);
            rungs.service.extend(named.clone());
            rungs.exchange.extend(named);
        }
        Ok(changes)
    }

    async fn remove(&self, service: &str) -> Result<(), TransportError> {
        take::remove(&self.shared, service).await
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
        let mut letters = Vec::with_capacity(parcels.len());
        for (index, Parcel { message, envelope }) in parcels.iter().enumerate() {
            match message.check() {
                // What came in by another way may carry headers that nobody may publish with.
                Ok(()) | Err(MessageError::Reserved(_) | MessageError::Headers(_)) => {}
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

    async fn unrouted(&self, most: usize) -> Result<Vec<Message>, TransportError> {
        take::unrouted(&self.shared, most).await
    }

    async fn count_unrouted(&self) -> Result<u64, TransportError> {
        let queue = self.shared.names.unrouted();
        let ready = take::ready(&self.shared, &queue).await?;
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

    async fn drain_failed(&self, keeper: &dyn KeepFailed) -> Result<usize, DrainError> {
        take::drain_failed(&self.shared, keeper).await
    }

    async fn journal(
        &self,
        position: Option<u64>,
        most: usize,
    ) -> Result<Vec<Event>, TransportError> {
        let from = position.map_or(JournalFrom::First, JournalFrom::After);
        let (link, stream) = (&self.shared.consuming, self.shared.names.journal());
        journal::page(link, &stream, from, most, self.shared.now()).await
    }

    async fn record(&self, event: Event) -> Result<(), TransportError> {
        self.shared.record(&event).await.map_err(TransportError::from)
    }
}

fn out_of_reach(what: &'static str) -> TransportError {
    let why = "a queue gives out its first message only; wait, or cancel it when it fails";
    TransportError::Unsupported { what, why }
}

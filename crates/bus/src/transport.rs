//! What a transport does for the bus, and what it must say when it cannot.

use std::ops::ControlFlow;
use std::time::Duration;

use async_trait::async_trait;
use dolmen_model::Time;
use thiserror::Error;

use crate::failed::{Aside, FailedMessage, KeepError, KeepFailed, See, Wanted};
use crate::journal::{Event, Position};
use crate::key::KeyError;
use crate::recoverability::Return;
use crate::topology::{Change, Mode, NameError, Topology, check_name};
use crate::{Envelope, Message, MessageError};

/// A bus's messages, wherever they are.
///
/// The promises, each shown by a test of `dolmen-bus-conformance`:
/// - what was confirmed is durable and reaches every service that listened then;
/// - a delivery ends only after the transport confirmed where its message went next; a crash
///   before that repeats the delivery, under the same message id;
/// - a message that waits is delivered not before it is due, and to its own service alone;
/// - what nobody listens to, and what waited for a service that is gone, is visible;
/// - looking at what failed, or nobody heard, takes none of it away;
/// - a message that kills its worker takes no neighbour along.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Brings the bus to what `topology` says, or says what it would do. Doing it twice changes
    /// nothing. Services that `topology` does not name are left alone.
    async fn setup(&self, topology: &Topology, mode: Mode) -> Result<Vec<Change>, TransportError>;

    /// Removes a service that no longer exists. Refused while messages are ready for it, which
    /// would be lost; those that wait become visible as unrouted when they are due.
    async fn remove(&self, service: &str) -> Result<(), TransportError>;

    /// Publishes messages, all of them confirmed when this returns `Ok`.
    async fn publish(&self, messages: Vec<Message>) -> Result<(), PublishError>;

    /// Sends messages to one service and to no other, all of them confirmed when this returns
    /// `Ok`: what forwarding and retrying are made of.
    async fn send(&self, service: &str, parcels: Vec<Parcel>) -> Result<(), PublishError>;

    /// Starts to receive the messages of one service. A connection that breaks is made again; the
    /// consumer only ends with the transport.
    async fn subscribe(&self, want: &Subscription) -> Result<Box<dyn Consumer>, TransportError>;

    /// How many messages are where, service by service, in the order of their names.
    async fn depths(&self) -> Result<Vec<Depth>, TransportError>;

    /// Whether a service was set up, so that what is sent to it is kept for it.
    async fn has_service(&self, service: &str) -> Result<bool, TransportError> {
        Ok(self.depths().await?.iter().any(|depth| depth.service == service))
    }

    /// How many messages are ready for a service.
    async fn ready(&self, service: &str) -> Result<u64, TransportError> {
        let depths = self.depths().await?;
        let mine = depths.iter().find(|depth| depth.service == service);
        let ready = mine.map(|depth| depth.ready);
        ready.ok_or_else(|| TransportError::NotSetUp(format!("service {service}")))
    }

    /// Since when a service is paused, as the journal says.
    async fn paused_at(&self, service: &str) -> Result<Option<Time>, TransportError> {
        let depths = self.depths().await?;
        let mine = depths.into_iter().find(|depth| depth.service == service);
        Ok(mine.and_then(|depth| depth.paused_at))
    }

    /// Shows `see` the messages that lie aside, oldest first, until it breaks off. They stay there.
    async fn look(&self, aside: Aside, see: &mut See<'_>) -> Result<(), TransportError>;

    /// Hands those that are `wanted` of the messages that lie aside to `keeper`, and forgets them once
    /// they are kept. How many. The others stay.
    async fn take(
        &self,
        aside: Aside,
        wanted: &mut Wanted<'_>,
        keeper: &dyn KeepFailed,
    ) -> Result<usize, DrainError>;

    /// The messages nobody listened to, or whose service is gone, oldest first, at most `most`.
    async fn unrouted(&self, most: usize) -> Result<Vec<Message>, TransportError> {
        let mut messages = Vec::new();
        let mut see = |failed: FailedMessage| {
            if messages.len() < most {
                messages.push(failed.message);
            }
            match messages.len() < most {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        };
        self.look(Aside::Unrouted, &mut see).await?;
        Ok(messages)
    }

    /// How many messages nobody listened to, or whose service is gone.
    async fn count_unrouted(&self) -> Result<u64, TransportError>;

    /// The messages that wait, the first due first.
    async fn waiting(&self) -> Result<Vec<Waiting>, TransportError>;

    /// Makes a waiting message due now. Whether it still waited.
    async fn release(&self, message_id: &str, service: &str) -> Result<bool, TransportError>;

    /// Takes a waiting message away and keeps it as a failed message. Whether it still waited.
    async fn cancel(&self, message_id: &str, service: &str) -> Result<bool, TransportError>;

    /// Hands every failed message to `keeper` and forgets it once it is kept. How many.
    async fn drain_failed(&self, keeper: &dyn KeepFailed) -> Result<usize, DrainError> {
        self.take(Aside::Failed, &mut |_| true, keeper).await
    }

    /// At most `most` records of the journal that stand after `position`, oldest first; none when
    /// there are none yet.
    async fn journal(
        &self,
        position: Option<Position>,
        most: usize,
    ) -> Result<Vec<Event>, TransportError>;

    /// Everything that the journal has about one message, oldest first.
    async fn trace(&self, message_id: &str) -> Result<Vec<Event>, TransportError> {
        let mut found = Vec::new();
        let mut position = None;
        loop {
            let page = self.journal(position, JOURNAL_PAGE).await?;
            let Some(last) = page.last() else { return Ok(found) };
            position = Some(last.position);
            found.extend(page.into_iter().filter(|event| event.message.id == message_id));
        }
    }

    /// Writes a record about a service or about what an operator did.
    async fn record(&self, event: Event) -> Result<(), TransportError>;
}

/// The messages of one service, handed out one by one.
///
/// From the third redelivery on ([`ALONE_FROM`]) a message is handed out only while no other of
/// this consumer is unsettled, and none is until it is settled: a message that kills its worker
/// takes no neighbour along.
#[async_trait]
pub trait Consumer: Send {
    /// The next message, whenever there is one. Dropping the future loses nothing.
    async fn next(&mut self) -> Result<Delivery, TransportError>;

    /// Stops receiving and hands back what was fetched but not handed out. Deliveries that were
    /// handed out can still be settled.
    async fn close(self: Box<Self>) -> Result<(), TransportError>;
}

/// How many records of the journal are read at a time when one message is looked for.
const JOURNAL_PAGE: usize = 10_000;

/// How many redeliveries without an answer make a message suspect of killing its worker.
pub const ALONE_FROM: u32 = 3;

/// How many redeliveries without an answer make it a failed message.
pub const REDELIVERY_LIMIT: u32 = 1000;

/// One message handed to one service.
pub struct Delivery {
    /// The message.
    pub message: Message,
    /// Where it stands.
    pub envelope: Envelope,
    /// How often it was handed out before without an answer.
    pub redeliveries: u32,
    /// The way to answer.
    pub receipt: Box<dyn Receipt>,
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivery")
            .field("message", &self.message)
            .field("envelope", &self.envelope)
            .field("redeliveries", &self.redeliveries)
            .finish_non_exhaustive()
    }
}

/// The way to end one delivery. Dropped without an answer, the message is delivered again.
#[async_trait]
pub trait Receipt: Send {
    /// Ends the delivery: first where the message goes next, confirmed, then the acknowledgement.
    /// After [`SettleError::NotYet`] and [`SettleError::NoWay`] the delivery is as it was, and may be
    /// settled again.
    async fn settle(&mut self, settlement: &Settlement) -> Result<Settled, SettleError>;
}

/// How a delivery ends.
#[derive(Clone, Debug, PartialEq)]
pub enum Settlement {
    /// It is done.
    Done {
        /// How long the handler took.
        took: Duration,
    },
    /// It waits, and comes back.
    Wait {
        /// How long; longer where the transport has no such wait.
        delay: Duration,
        /// Not until later than this, if said: rather a shorter wait, and where there is none,
        /// [`SettleError::NoWay`].
        latest: Option<Time>,
        /// To whom.
        back: Return,
        /// What travels with it, the attempt being the next delivery's.
        envelope: Envelope,
        /// How long the handler took.
        took: Duration,
    },
    /// It is kept as a failed message.
    Fail {
        /// What travels with it.
        envelope: Envelope,
        /// How long the handler took.
        took: Duration,
    },
    /// Another service gets it; [`SettleError::NoWay`] when the bus has no such service.
    Forward {
        /// Which.
        service: String,
        /// What travels with it.
        envelope: Envelope,
        /// How long the handler took.
        took: Duration,
    },
    /// It is handed back untouched: nobody tried to handle it.
    HandBack,
    /// It is handed back untouched, behind all that are ready: the handler could not be run for it,
    /// and may be for another.
    PutBack,
}

/// What a settlement came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// As asked.
    Done,
    /// It waits until then: what was asked, or something else where the transport has no such wait.
    Until(Time),
}

/// Why a delivery could not be ended.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SettleError {
    /// Nobody confirmed where the message would go next; the delivery is as it was.
    #[error("not confirmed: {0}")]
    NotYet(String),
    /// What was asked can never be, and something else must be; the delivery is as it was.
    #[error("no way: {0}")]
    NoWay(String),
    /// The delivery is no longer ours: the message is or will be delivered again.
    #[error("the delivery was taken back: {0}")]
    Lost(String),
}

/// A message with what travels with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Parcel {
    /// The message.
    pub message: Message,
    /// Where it stands.
    pub envelope: Envelope,
}

/// Whose messages are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The service.
    pub service: String,
    /// How many may be handed out or fetched ahead without an answer; at least 1.
    pub prefetch: u16,
}

/// What a transport can do. What it cannot, it says; nothing is silently weaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// A waiting message can be made due now ([`Transport::release`]) or taken away
    /// ([`Transport::cancel`]).
    pub reach_waiting: bool,
    /// [`Mode::Show`] can tell what [`Transport::setup`] would change.
    pub show_changes: bool,
    /// How long a delivery may stay unanswered before the transport takes it back.
    pub longest_handling: Option<Duration>,
}

/// How many messages of one service are where.
#[derive(Clone, Debug, PartialEq)]
pub struct Depth {
    /// The service.
    pub service: String,
    /// Ready to be delivered, or being handled.
    pub ready: u64,
    /// Waiting until they are due.
    pub waiting: u64,
    /// Failed, and not yet taken into the store.
    pub failed: u64,
    /// When the oldest that is ready was published, where the transport can tell.
    pub oldest_at: Option<Time>,
    /// Since when the service is paused.
    pub paused_at: Option<Time>,
    /// How busy it is, where the transport can tell.
    pub rates: Option<Rates>,
}

/// Messages of one service a second, lately.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Rates {
    /// That came to it.
    pub incoming: f64,
    /// That it ended, whichever way.
    pub ended: f64,
}

/// One message that waits.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// The message; without its body where the transport keeps that elsewhere.
    pub message: Message,
    /// Where it stands, the attempt being the next delivery's.
    pub envelope: Envelope,
    /// The service it waits for.
    pub service: String,
    /// When it is due.
    pub due_at: Time,
}

/// Why a transport could not do something.
#[derive(Debug, Error)]
pub enum TransportError {
    /// It is not there; trying again later may help.
    #[error("cannot reach the bus: {0}")]
    Unreachable(String),
    /// Something that setup makes is missing.
    #[error("{0} does not exist: run `dolmen bus setup`")]
    NotSetUp(String),
    /// The bus says no, and will say no again.
    #[error("{0}")]
    Refused(String),
    /// This transport cannot do this at all.
    #[error("{what} is not possible here: {why}")]
    Unsupported {
        /// What was asked.
        what: &'static str,
        /// Why not, and what can be done instead.
        why: &'static str,
    },
    /// A name that cannot be used.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A routing key or pattern that cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Why messages were not published.
#[derive(Debug, Error)]
pub enum PublishError {
    /// One message cannot be published; none was sent.
    #[error("message {index} of the batch: {cause}")]
    Message {
        /// Which, from 0.
        index: usize,
        /// Why.
        cause: MessageError,
    },
    /// Some were not confirmed: they may or may not have been sent, and must be sent again.
    #[error("{} of the messages were not confirmed: {cause}", unconfirmed.len())]
    Unconfirmed {
        /// Which, from 0, ascending.
        unconfirmed: Vec<usize>,
        /// Why.
        cause: TransportError,
    },
}

/// Why failed messages could not be taken over.
#[derive(Debug, Error)]
pub enum DrainError {
    /// The transport.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The keeper.
    #[error(transparent)]
    Keep(#[from] KeepError),
}

/// Checks to whom so many messages are sent before anything is.
pub fn check_target(service: &str, messages: usize) -> Result<(), PublishError> {
    check_name(service).map_err(|error| PublishError::Unconfirmed {
        unconfirmed: (0..messages).collect(),
        cause: error.into(),
    })
}

/// Checks a batch before anything is sent.
pub fn check_batch(messages: &[Message]) -> Result<(), PublishError> {
    for (index, message) in messages.iter().enumerate() {
        message.check().map_err(|cause| PublishError::Message { index, cause })?;
    }
    Ok(())
}

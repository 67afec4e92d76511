//! What a transport does for the bus, and what it must say when it cannot.

use std::time::Duration;

use async_trait::async_trait;
use dolmen_model::Time;
use thiserror::Error;

use crate::failed::{KeepError, KeepFailed};
use crate::failure::shorten;
use crate::journal::{Event, Position};
use crate::key::{KeyError, Pattern};
use crate::recoverability::{Policy, Return};
use crate::{Envelope, Message, MessageError};

/// A bus's messages, wherever they are.
///
/// The promises, each shown by a test of `dolmen-bus-conformance`:
/// - what was confirmed is durable and reaches every service that listened then;
/// - a delivery ends only after the transport confirmed where its message went next; a crash
///   before that repeats the delivery, under the same message id;
/// - a message that waits is delivered not before it is due, and to its own service alone;
/// - what nobody listens to, and what waited for a service that is gone, is visible;
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

    /// The messages nobody listened to, or whose service is gone, oldest first, at most `most`.
    async fn unrouted(&self, most: usize) -> Result<Vec<Message>, TransportError>;

    /// How many messages nobody listened to, or whose service is gone.
    async fn count_unrouted(&self) -> Result<u64, TransportError>;

    /// The messages that wait, the first due first.
    async fn waiting(&self) -> Result<Vec<Waiting>, TransportError>;

    /// Makes a waiting message due now. Whether it still waited.
    async fn release(&self, message_id: &str, service: &str) -> Result<bool, TransportError>;

    /// Takes a waiting message away and keeps it as a failed message. Whether it still waited.
    async fn cancel(&self, message_id: &str, service: &str) -> Result<bool, TransportError>;

    /// Hands every failed message to `keeper` and forgets it once it is kept. How many.
    async fn drain_failed(&self, keeper: &dyn KeepFailed) -> Result<usize, DrainError>;

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

/// Whether something is to be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Change it.
    Apply,
    /// Only say what would change.
    Show,
}

/// One thing that setup did or would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What is done.
    pub action: ChangeAction,
    /// With what: `queue agoram.service.googleapps`.
    pub object: String,
    /// What else is to be known: the arguments that differ, several subscribers of one key.
    pub note: Option<String>,
}

/// What setup does with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeAction {
    /// It is not there and is created.
    Create,
    /// It is no longer wanted and is removed.
    Remove,
    /// It may exist already: the transport cannot tell, and declares it.
    Declare,
    /// It exists otherwise than asked, and cannot be changed: somebody must remove it first.
    Conflict,
    /// Nothing is done, but somebody should know.
    Warn,
}

impl ChangeAction {
    /// Its word on screens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Remove => "remove",
            Self::Declare => "declare",
            Self::Conflict => "conflict",
            Self::Warn => "warning",
        }
    }
}

/// The services of a bus.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Topology {
    /// The services.
    pub services: Vec<ServiceSpec>,
}

/// One service.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceSpec {
    /// Its name.
    pub name: String,
    /// What it listens to; patterns it no longer names are removed where the transport can.
    pub listen: Vec<Pattern>,
    /// When it tries again.
    pub policy: Policy,
}

impl Topology {
    /// Keys or patterns that several services listen to although one of them has its retries
    /// published to all again: each retry of one would reach the others.
    pub fn repeated_to_others(&self) -> Vec<Change> {
        let mut warnings = Vec::new();
        for service in self.services.iter().filter(|s| s.policy.back() == Return::Exchange) {
            for pattern in &service.listen {
                let hears = |other: &&ServiceSpec| {
                    other.name != service.name
                        && other.listen.iter().any(|theirs| {
                            theirs.matches(pattern.as_str()) || pattern.matches(theirs.as_str())
                        })
                };
                let others: Vec<&str> =
                    self.services.iter().filter(hears).map(|s| s.name.as_str()).collect();
                if !others.is_empty() {
                    warnings.push(Change {
                        action: ChangeAction::Warn,
                        object: format!("service {}", service.name),
                        note: Some(format!(
                            "return = \"exchange\": every retry of {pattern} also reaches {}",
                            others.join(", ")
                        )),
                    });
                }
            }
        }
        warnings
    }
}

/// Checks the name of a bus or a service: it becomes part of queue names and routing keys.
/// Lower-case letters, digits, `-`, `_` and `.`, at most 100.
pub fn check_name(name: &str) -> Result<(), NameError> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    match name.chars().find(|&c| !allowed(c)) {
        Some(c) => Err(NameError::Character(shorten(name.to_owned(), 120), c)),
        None if name.is_empty() || name.len() > 100 => {
            Err(NameError::Length(shorten(name.to_owned(), 120)))
        }
        None => Ok(()),
    }
}

/// Why something cannot have a name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// A character that names cannot have.
    #[error("name {0:?} holds {1:?}: names are lower-case letters, digits, `-`, `_` and `.`")]
    Character(String, char),
    /// Empty or too long.
    #[error("name {0:?} must have 1 to 100 characters")]
    Length(String),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PolicySettings;

    #[test]
    fn a_retry_that_others_would_hear_is_warned_of() {
        let service = |name: &str, listen: &str, back| {
            let settings = PolicySettings { back: Some(back), ..PolicySettings::default() };
            let policy = Policy::build(&settings, name).unwrap();
            let listen = vec![Pattern::new(listen).unwrap()];
            ServiceSpec { name: name.to_owned(), listen, policy }
        };
        let warnings = |back| {
            let services = vec![
                service("googleapps", "user.created", back),
                service("welcome-mail", "user.*", Return::Service),
                service("cards", "card.blocked", Return::Service),
            ];
            Topology { services }.repeated_to_others()
        };
        let warned = warnings(Return::Exchange);
        assert_eq!(warned.len(), 1);
        assert_eq!(warned[0].object, "service googleapps");
        let note = warned[0].note.as_deref().unwrap();
        assert!(note.ends_with("every retry of user.created also reaches welcome-mail"), "{note}");
        assert_eq!(warnings(Return::Service), []);
    }
}

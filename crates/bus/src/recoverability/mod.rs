//! What becomes of a message that a service could not handle: a pure function.
//!
//! [`decide`] knows the failure, the message's history in this service and the service's
//! [`Policy`]; it has no I/O, no clock and no randomness, so the rule of ten (ten deliveries, nine
//! waits, 4 h 30) is tested in microseconds. Impossible policies are refused when they are built,
//! so that `decide` needs no error. That a whole service is unavailable is not seen in one
//! message: [`Outage`] watches the row of them.

mod delays;
mod outage;
mod policy;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use dolmen_model::Time;

pub use delays::{Delays, Growth, LONGEST_DELAY, SHORTEST_DELAY};
pub use outage::{Change, Observed, Outage};
pub use policy::{Policy, PolicyError, PolicySettings, Return};

use crate::clock::after;
use crate::topology::{NameError, check_name};
use crate::{Envelope, Failure, Remedy};

/// What is to be done with a message that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Deliver it again to this service after this long.
    Wait(Duration),
    /// Keep it for somebody to look at.
    Fail(Reason),
    /// Give it to another service.
    Forward(String),
    /// Hand it back untouched and pause the service.
    Pause,
}

/// Why a message is never tried again by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The handler said so.
    Hardfail,
    /// The last delivery that the policy allows was a softfail.
    Exhausted {
        /// How many deliveries there were.
        deliveries: u32,
    },
    /// The next attempt would come later than the policy allows after the first.
    TooLate {
        /// The policy's limit.
        within: Duration,
    },
    /// It was to be forwarded to a service that it already passed.
    Loop {
        /// That service.
        service: String,
    },
    /// It was to be forwarded to what can be no service.
    Nowhere(NameError),
    /// It was to be forwarded to a service that the bus does not have.
    Nobody {
        /// That service.
        service: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hardfail => f.write_str("hardfail"),
            Self::Exhausted { deliveries } => write!(f, "softfail number {deliveries}, the last"),
            Self::TooLate { within } => {
                write!(f, "the next attempt would come more than {within:?} after the first")
            }
            Self::Loop { service } => {
                write!(f, "forwarded to {service}, which had forwarded it already")
            }
            Self::Nowhere(why) => write!(f, "forwarded to what is no service: {why}"),
            Self::Nobody { service } => {
                write!(f, "forwarded to {service}, and the bus has no such service")
            }
        }
    }
}

/// Where a message stands in one service before this failure.
#[derive(Clone, Copy, Debug)]
pub struct History<'a> {
    /// The service that failed.
    pub service: &'a str,
    /// Which delivery to it this was, from 1.
    pub attempt: u32,
    /// When the message first failed here; `None` when this is the first time.
    pub first_failed_at: Option<Time>,
    /// The services it was forwarded from.
    pub forwarded_by: &'a [String],
}

impl<'a> History<'a> {
    /// The history that an envelope carries.
    pub fn of(envelope: &'a Envelope, service: &'a str) -> Self {
        Self {
            service,
            attempt: envelope.attempt,
            first_failed_at: envelope.first_failed_at,
            forwarded_by: &envelope.forwarded_by,
        }
    }

    fn passed(&self, service: &str) -> bool {
        self.service == service || self.forwarded_by.iter().any(|passed| passed == service)
    }
}

/// Decides what becomes of a message.
pub fn decide(failure: &Failure, history: History<'_>, policy: &Policy, now: Time) -> Action {
    match &failure.remedy {
        Remedy::Pause => Action::Pause,
        Remedy::Hardfail => Action::Fail(Reason::Hardfail),
        Remedy::Forward(service) => match check_name(service) {
            Err(why) => Action::Fail(Reason::Nowhere(why)),
            Ok(()) if history.passed(service) => {
                Action::Fail(Reason::Loop { service: service.clone() })
            }
            Ok(()) => Action::Forward(service.clone()),
        },
        Remedy::Softfail => softfail(failure, history, policy, now),
    }
}

fn softfail(failure: &Failure, history: History<'_>, policy: &Policy, now: Time) -> Action {
    if history.attempt >= policy.attempts() {
        return give_up(Reason::Exhausted { deliveries: history.attempt }, history, policy);
    }
    let first_failed_at = history.first_failed_at.unwrap_or(now);
    let delay = match failure.retry_after {
        Some(asked) => asked.clamp(SHORTEST_DELAY, LONGEST_DELAY),
        // Messages fail at different microseconds, and each keeps its own: jitter without chance.
        None => policy.delays().before(history.attempt + 1, first_failed_at.micros()),
    };
    if let Some(within) = policy.within()
        && after(now, delay) > after(first_failed_at, within)
    {
        return give_up(Reason::TooLate { within }, history, policy);
    }
    Action::Wait(delay)
}

/// What becomes of a message for whose action the transport found no way: nobody is there to get
/// it, or no wait ends early enough.
pub fn instead(action: &Action, history: History<'_>, policy: &Policy) -> Action {
    match (action, policy.within()) {
        (Action::Forward(service), _) => Action::Fail(Reason::Nobody { service: service.clone() }),
        (Action::Wait(_), Some(within)) => give_up(Reason::TooLate { within }, history, policy),
        // Of these every transport knows a way.
        (Action::Wait(_) | Action::Fail(_) | Action::Pause, _) => action.clone(),
    }
}

/// The end of a row of softfails: the fallback's turn, if there is one that did not have it yet.
fn give_up(reason: Reason, history: History<'_>, policy: &Policy) -> Action {
    match policy.fallback() {
        Some(service) if !history.passed(service) => Action::Forward(service.to_owned()),
        _ => Action::Fail(reason),
    }
}

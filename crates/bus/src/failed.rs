//! Where failed messages are kept: the seam between a transport, whose queue is no list, and the
//! store.

use std::ops::ControlFlow;

use async_trait::async_trait;
use dolmen_model::Time;
use thiserror::Error;

use crate::{Envelope, Message};

/// The code ([`crate::Failure::code`]) of a message that is among the failed ones without a word of
/// a worker: another program, or the broker, put it there.
pub const FOREIGN: &str = "foreign";

/// Where messages lie that no service is given any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aside {
    /// Failed messages.
    Failed,
    /// Messages that nobody listened to, or whose service is gone.
    Unrouted,
}

/// Is shown messages that lie aside, until it breaks off.
pub type See<'a> = dyn FnMut(FailedMessage) -> ControlFlow<()> + Send + 'a;

/// Says which of them are meant.
pub type Wanted<'a> = dyn FnMut(&FailedMessage) -> bool + Send + 'a;

/// A hardfailed message, kept until somebody retries, edits or discards it.
#[derive(Clone, Debug, PartialEq)]
pub struct FailedMessage {
    /// The message as its producer sent it.
    pub message: Message,
    /// Its history; `reason` says why it is here.
    pub envelope: Envelope,
    /// The service that failed; empty for what another program put there, or nobody listened to.
    pub service: String,
    /// When it hardfailed; of what nobody listened to, when it came, as far as it says.
    pub failed_at: Time,
}

impl FailedMessage {
    /// One that nobody listened to or, where the envelope names a service, whose service is gone.
    pub fn unrouted(message: Message, mut envelope: Envelope, at: Time) -> Self {
        let service = envelope.service.clone().unwrap_or_default();
        envelope.reason = Some(match service.as_str() {
            "" => format!("nobody listened to {}", message.routing_key),
            gone => format!("the bus has no service {gone}"),
        });
        Self { message, envelope, service, failed_at: at }
    }
}

/// A place that keeps failed messages.
#[async_trait]
pub trait KeepFailed: Send + Sync {
    /// Keeps these durably: when this returns, the transport forgets them. The same message of
    /// the same service may come again after a crash, and is then kept once.
    async fn keep(&self, batch: Vec<FailedMessage>) -> Result<(), KeepError>;
}

/// Failed messages could not be kept; they stay where they are.
#[derive(Debug, Error)]
#[error("cannot keep failed messages: {0}")]
pub struct KeepError(#[from] pub Box<dyn std::error::Error + Send + Sync>);

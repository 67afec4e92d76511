//! Where failed messages are kept: the seam between a transport, whose queue is no list, and the
//! store.

use async_trait::async_trait;
use dolmen_model::Time;
use thiserror::Error;

use crate::{Envelope, Message};

/// The code ([`crate::Failure::code`]) of a message that is among the failed ones without a word of
/// a worker: another program, or the broker, put it there.
pub const FOREIGN: &str = "foreign";

/// A hardfailed message, kept until somebody retries, edits or discards it.
#[derive(Clone, Debug, PartialEq)]
pub struct FailedMessage {
    /// The message as its producer sent it.
    pub message: Message,
    /// Its history; `reason` says why it is here.
    pub envelope: Envelope,
    /// The service that failed.
    pub service: String,
    /// When it hardfailed.
    pub failed_at: Time,
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

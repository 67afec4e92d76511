//! What handles a message: Rust, a program for each message, one program for all of them, or an
//! HTTP service.

mod exec;
mod group;
mod http;
mod pipe;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{FailedAttempt, Failure, Message};

pub use exec::{Exec, ExitCodes, ExitCodesError};
pub use http::{Http, HttpError};
pub use pipe::Pipe;

/// One message as a handler sees it. It is a [`Message`] and what only this delivery knows.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The message.
    pub message: Arc<Message>,
    /// The service that handles it.
    pub service: Arc<str>,
    /// Which delivery to this service it is, from 1.
    pub attempt: u32,
    /// Every failed delivery so far, oldest first.
    pub errors: Arc<[FailedAttempt]>,
    /// The message's trace, continued under a new span; `None` when it has none.
    pub traceparent: Option<String>,
}

impl Deref for Incoming {
    type Target = Message;

    fn deref(&self) -> &Message {
        &self.message
    }
}

/// Handles messages, several at a time. Dropping the future must stop what it does: that is how
/// the time limit and the end of the grace time reach it.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Handles one message.
    async fn handle(&self, incoming: Incoming) -> Result<(), Failure>;
}

#[async_trait]
impl<F, R> Handler for F
where
    F: Fn(Incoming) -> R + Send + Sync + 'static,
    R: Future<Output = Result<(), Failure>> + Send,
{
    async fn handle(&self, incoming: Incoming) -> Result<(), Failure> {
        self(incoming).await
    }
}

#[async_trait]
impl Handler for Box<dyn Handler> {
    async fn handle(&self, incoming: Incoming) -> Result<(), Failure> {
        self.as_ref().handle(incoming).await
    }
}

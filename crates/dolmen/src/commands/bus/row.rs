use dolmen_bus::{Envelope, Message, Nature};
use serde::Serialize;

/// What is said of every message that is listed.
#[derive(Debug, Serialize)]
pub(crate) struct MessageRow {
    pub(crate) message_id: String,
    pub(crate) service: String,
    pub(crate) routing_key: String,
    /// Of one that waits which delivery is next, of one that failed how many there were.
    pub(crate) attempt: u32,
    pub(crate) nature: Option<Nature>,
    pub(crate) error: Option<String>,
}

impl MessageRow {
    pub(super) fn of(message: &Message, envelope: &Envelope, service: String) -> Self {
        let last = envelope.errors.last().map(|error| &error.failure);
        Self {
            message_id: message.id.clone(),
            service,
            routing_key: message.routing_key.clone(),
            attempt: envelope.attempt,
            nature: last.map(|failure| failure.nature),
            error: last.map(|failure| failure.text.clone()),
        }
    }
}

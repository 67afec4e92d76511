//! One connection to the broker, made again when it broke.

use std::time::Duration;

use dolmen_bus::TransportError;
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties};
use tokio::sync::Mutex;

/// How long connecting may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// The first and the longest pause between two tries.
pub(crate) const BACKOFF: (Duration, Duration) =
    (Duration::from_millis(100), Duration::from_secs(10));

/// A connection by purpose: a broker that is short of memory blocks connections that publish,
/// and acknowledgements must still get through.
#[derive(Debug)]
pub(crate) struct Link {
    uri: AMQPUri,
    name: String,
    connection: Mutex<Option<Connection>>,
}

impl Link {
    pub(crate) fn new(uri: AMQPUri, name: String) -> Self {
        Self { uri, name, connection: Mutex::new(None) }
    }

    /// A new channel, on a new connection if need be. One try.
    pub(crate) async fn channel(&self) -> Result<Channel, TransportError> {
        let mut slot = self.connection.lock().await;
        if let Some(connection) = &*slot
            && connection.status().connected()
        {
            match connection.create_channel().await {
                Ok(channel) => return Ok(channel),
                Err(error) => tracing::debug!(%error, "the connection broke; a new one is made"),
            }
        }
        let properties =
            ConnectionProperties::default().with_connection_name(self.name.as_str().into());
        let connecting = Connection::connect_uri(self.uri.clone(), properties);
        let connection = tokio::time::timeout(PATIENCE, connecting)
            .await
            .map_err(|_| TransportError::Unreachable(format!("no answer within {PATIENCE:?}")))?
            .map_err(|error| unreachable(&error))?;
        let channel = connection.create_channel().await.map_err(|error| unreachable(&error))?;
        *slot = Some(connection);
        Ok(channel)
    }

    /// Breaks the connection off: what is unanswered is delivered to others.
    pub(crate) async fn close(&self) {
        if let Some(connection) = self.connection.lock().await.take()
            && let Err(error) = connection.close(200, "done".into()).await
        {
            tracing::debug!(%error, "the connection was gone already");
        }
    }
}

pub(crate) fn unreachable(error: &lapin::Error) -> TransportError {
    TransportError::Unreachable(error.to_string())
}

/// The AMQP reply code of an error, if it is one of the broker's.
pub(crate) fn reply_code(error: &lapin::Error) -> Option<u16> {
    match error.kind() {
        lapin::ErrorKind::ProtocolError(error) => Some(error.get_id()),
        _ => None,
    }
}

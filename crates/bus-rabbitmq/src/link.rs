//! One connection to the broker, made again when it broke.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use dolmen_bus::TransportError;
use lapin::options::BasicNackOptions;
use lapin::tcp::OwnedTLSConfig;
use lapin::uri::AMQPUri;
use lapin::{Acker, Channel, ChannelState, Connection, ConnectionProperties, ErrorKind};
use tokio::sync::Mutex;

use crate::mended;

/// How long connecting may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long a broker may take to confirm that a connection ends.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Seconds between two heartbeats unless the address says otherwise (`?heartbeat=`). Who hears
/// nothing for twice as long takes the other side for gone; the broker's own 60 would be two minutes.
const HEARTBEAT: u16 = 15;

/// How often somebody who waits for an answer looks whether one can still come.
pub(crate) const LOOK: Duration = Duration::from_millis(250);

/// The first and the longest pause between two tries.
pub(crate) const BACKOFF: (Duration, Duration) =
    (Duration::from_millis(100), Duration::from_secs(10));

/// A connection by purpose: a broker that is short of memory blocks connections that publish,
/// and acknowledgements must still get through.
#[derive(Debug)]
pub(crate) struct Link {
    uri: AMQPUri,
    tls: OwnedTLSConfig,
    name: String,
    connection: Mutex<Option<Connection>>,
}

impl Link {
    /// `ca` holds the certificates that are trusted besides the system's, in PEM.
    pub(crate) fn new(mut uri: AMQPUri, ca: Option<String>, name: String) -> Self {
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        let tls = OwnedTLSConfig { identity: None, cert_chain: ca };
        Self { uri, tls, name, connection: Mutex::new(None) }
    }

    /// A new channel, on a new connection if need be. One try.
    pub(crate) async fn channel(&self) -> Result<Channel, TransportError> {
        let mut slot = self.connection.lock().await;
        if let Some(connection) = &*slot
            && connection.status().connected()
        {
            let creating =
                answer_of(|| connection.status().connected(), connection.create_channel());
            match tokio::time::timeout(PATIENCE, creating).await {
                Ok(Ok(channel)) => return Ok(channel),
                Ok(Err(error)) => tracing::debug!(%error, "the connection broke"),
                Err(_) => tracing::debug!("no answer within {PATIENCE:?}"),
            }
        }
        let properties =
            ConnectionProperties::default().with_connection_name(self.name.as_str().into());
        let connecting = async {
            let (uri, tls) = (self.uri.clone(), self.tls.clone());
            let connection = mended::connect(uri, tls, properties).await?;
            let channel = connection.create_channel().await?;
            Ok((connection, channel))
        };
        let (connection, channel) = tokio::time::timeout(PATIENCE, connecting)
            .await
            .map_err(|_| TransportError::Unreachable(format!("no answer within {PATIENCE:?}")))?
            .map_err(|error| unreachable(&error))?;
        *slot = Some(connection);
        Ok(channel)
    }

    /// Breaks the connection off: what is unanswered is delivered to others.
    pub(crate) async fn close(&self) {
        let Some(connection) = self.connection.lock().await.take() else { return };
        let closing = connection.close(200, "done".into());
        if !matches!(tokio::time::timeout(LAST_WORDS, closing).await, Ok(Ok(()))) {
            tracing::debug!("the connection was gone already");
        }
    }
}

/// What the broker answers on a channel, or that nobody answers any more.
pub(crate) async fn answer<T>(
    channel: &Channel,
    request: impl Future<Output = lapin::Result<T>>,
) -> lapin::Result<T> {
    answer_of(|| channel.status().connected(), request).await
}

/// What is answered while the connection is there, or that it is not.
///
/// The client library forgets what is on its way to a connection in the moment in which that one
/// ends (an acknowledgement, a new channel): its future never completes. So nobody waits longer
/// than what would answer lives.
async fn answer_of<T>(
    is_there: impl Fn() -> bool,
    request: impl Future<Output = lapin::Result<T>>,
) -> lapin::Result<T> {
    let mut request = pin!(request);
    let mut is_gone = false;
    loop {
        match tokio::time::timeout(LOOK, request.as_mut()).await {
            Ok(answer) => return answer,
            Err(_) if is_gone => {
                let state = ChannelState::Closed;
                return Err(ErrorKind::InvalidChannelState(state, "the connection ended").into());
            }
            // Once more: the library may be about to say itself what ended it.
            Err(_) => is_gone = !is_there(),
        }
    }
}

/// Hands a delivery back to its queue.
pub(crate) async fn hand_back(channel: &Channel, acker: &Acker) -> lapin::Result<()> {
    let options = BasicNackOptions { requeue: true, ..Default::default() };
    answer(channel, acker.nack(options)).await.map(drop)
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

/// The pause before a connection is made anew that broke so often in a row.
pub(crate) fn pause_after(breaks: u32) -> Duration {
    let (first, longest) = BACKOFF;
    match breaks.checked_sub(2) {
        // Once is no habit.
        None => Duration::ZERO,
        Some(more) => first.saturating_mul(2u32.saturating_pow(more)).min(longest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_breaks_again_and_again_is_tried_ever_more_rarely() {
        let pauses = [1, 2, 3, 4, 9, 1000].map(|breaks| pause_after(breaks).as_millis());
        assert_eq!(pauses, [0, 100, 200, 400, 10_000, 10_000]);
    }
}

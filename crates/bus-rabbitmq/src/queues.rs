//! What is known of a queue, and services that are removed.

use std::time::{Duration, Instant};

use dolmen_bus::TransportError;
use lapin::Queue;
use lapin::options::{QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::FieldTable;

use crate::Shared;
use crate::link::{answer, reply_code, unreachable};
use crate::topology::close;

/// How old the broker's numbers of messages that are handed out may be: it measures a queue every
/// five seconds, and sums up every five.
const NUMBERS_AGE: Duration = Duration::from_secs(12);

/// How often they are looked at meanwhile.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// How many messages are ready in a queue; `None` when there is no such queue.
pub(crate) async fn ready(shared: &Shared, queue: &str) -> Result<Option<u64>, TransportError> {
    Ok(look(shared, queue).await?.map(|queue| u64::from(queue.message_count())))
}

/// What the broker says of a queue; `None` when there is no such queue.
async fn look(shared: &Shared, queue: &str) -> Result<Option<Queue>, TransportError> {
    const NOT_FOUND: u16 = 404;
    let channel = shared.reading.channel().await?;
    let passive = QueueDeclareOptions { passive: true, ..Default::default() };
    let declared = channel.queue_declare(queue.into(), passive, FieldTable::default());
    match answer(&channel, declared).await {
        Ok(queue) => {
            close(channel).await;
            Ok(Some(queue))
        }
        Err(error) if reply_code(&error) == Some(NOT_FOUND) => Ok(None),
        Err(error) => Err(unreachable(&error)),
    }
}

/// How many messages of a queue are handed out without an answer, as far as the management API can
/// tell. Its numbers are some seconds old: what was answered just now gets the time to be seen.
async fn held(shared: &Shared, queue: &str) -> Result<u64, TransportError> {
    let Some(admin) = &shared.admin else { return Ok(0) };
    let start = Instant::now();
    loop {
        let held = admin.unacknowledged(queue).await?;
        if held == 0 || start.elapsed() > NUMBERS_AGE {
            return Ok(held);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Removes a service's queue unless messages are ready in it or somebody may hold some: both would
/// be lost. A worker that is stopping consumes no longer and may still hold what its handlers work
/// at; only the management API tells of that.
pub(crate) async fn remove(shared: &Shared, service: &str) -> Result<(), TransportError> {
    let queue = shared.names.service(service);
    let Some(state) = look(shared, &queue).await? else {
        return Err(TransportError::NotSetUp(format!("service {service}")));
    };
    let (ready, consumers) = (state.message_count(), state.consumer_count());
    if ready > 0 {
        return Err(TransportError::Refused(format!(
            "{ready} messages are ready for {service}: they would be lost; let it work them off \
             first"
        )));
    }
    if consumers > 0 {
        return Err(TransportError::Refused(format!(
            "{consumers} workers take messages of {service}: what they hold would be lost; stop \
             them first"
        )));
    }
    let held = held(shared, &queue).await?;
    if held > 0 {
        return Err(TransportError::Refused(format!(
            "{held} messages of {service} are being handled: they would be lost; try again when \
             its workers have ended"
        )));
    }
    let channel = shared.reading.channel().await?;
    // Quorum queues know neither `if-unused` nor `if-empty`.
    let deleting = channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default());
    let deleted = answer(&channel, deleting).await;
    let deleted = deleted.map_err(|error| unreachable(&error))?;
    close(channel).await;
    if deleted > 0 {
        return Err(TransportError::Refused(format!(
            "{service} is removed, and with it {deleted} messages that came at the last moment; \
             they are in the journal"
        )));
    }
    let mut services = shared.services.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    services.remove(service);
    Ok(())
}

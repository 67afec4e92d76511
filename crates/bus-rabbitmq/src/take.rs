//! Messages taken out of queues that are no service's: failed ones and unrouted ones.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use dolmen_bus::{
    DrainError, Envelope, Event, FOREIGN, FailedAttempt, FailedMessage, Failure, KeepFailed,
    Message, REDELIVERY_LIMIT, TransportError, What, header,
};
use dolmen_model::Time;
use lapin::Acker;
use lapin::options::{BasicAckOptions, BasicGetOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Queue};

use crate::Shared;
use crate::convert::message;
use crate::link::{answer, reply_code, unreachable};
use crate::publisher::Unsent;
use crate::topology::close;

/// How many failed messages are handed over at a time.
const HANDFUL: usize = 200;

/// How old the broker's numbers of messages that are handed out may be: it measures a queue every
/// five seconds, and sums up every five.
const NUMBERS_AGE: Duration = Duration::from_secs(12);

/// How often they are looked at meanwhile.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Takes failed messages: kept first, acknowledged then.
pub(crate) async fn drain_failed(
    shared: &Shared,
    keeper: &dyn KeepFailed,
) -> Result<usize, DrainError> {
    let channel = shared.reading.channel().await?;
    let mut drained = 0;
    let result = loop {
        let Handful { messages, unspoken, ackers } = match handful(shared, &channel).await {
            Ok(handful) => handful,
            Err(error) => break Err(error.into()),
        };
        if messages.is_empty() {
            break Ok(drained);
        }
        drained += messages.len();
        if let Err(error) = keeper.keep(messages).await {
            break Err(error.into());
        }
        if let Err(unsent) = record(shared, unspoken).await {
            break Err(DrainError::Transport(unsent.into()));
        }
        for acker in ackers {
            let acked = answer(&channel, acker.ack(BasicAckOptions::default())).await;
            acked.map_err(|error| DrainError::Transport(unreachable(&error)))?;
        }
    };
    // What is not acknowledged goes back with the channel.
    close(channel).await;
    result
}

/// Failed messages that are taken together.
#[derive(Default)]
struct Handful {
    messages: Vec<FailedMessage>,
    /// The records of those that no worker has written any of.
    unspoken: Vec<Event>,
    ackers: Vec<Acker>,
}

async fn record(shared: &Shared, unspoken: Vec<Event>) -> Result<(), Unsent> {
    for event in unspoken {
        shared.record(&event).await?;
    }
    Ok(())
}

/// How many failed messages each service has in the queue of all. They go back with the channel, in
/// their order.
pub(crate) async fn count_failed(shared: &Shared) -> Result<BTreeMap<String, u64>, TransportError> {
    let mut counts = BTreeMap::new();
    let queue = shared.names.failed();
    let ready = ready(shared, &queue).await?.unwrap_or_default();
    if ready == 0 {
        return Ok(counts);
    }
    let channel = shared.reading.channel().await?;
    for _ in 0..ready {
        let Some(got) = get(&channel, &queue).await? else { break };
        let properties = &got.delivery.properties;
        let service = match death(properties) {
            Some(death) => shared.names.service_of(&death.queue).map(str::to_owned),
            None => text(properties, header::SERVICE),
        };
        *counts.entry(service.unwrap_or_default()).or_default() += 1;
    }
    close(channel).await;
    Ok(counts)
}

/// A text among the headers.
fn text(properties: &BasicProperties, name: &str) -> Option<String> {
    match properties.headers().as_ref()?.inner().get(name)? {
        AMQPValue::LongString(text) => Some(text.to_string()),
        _ => None,
    }
}

async fn handful(shared: &Shared, channel: &Channel) -> Result<Handful, TransportError> {
    let queue = shared.names.failed();
    let mut handful = Handful::default();
    while handful.messages.len() < HANDFUL {
        let Some(got) = get(channel, &queue).await? else { break };
        let death = death(&got.delivery.properties);
        // Who dies is sent here under another key.
        let came_under = death.as_ref().and_then(|death| death.key.as_deref());
        let key = came_under.unwrap_or(got.routing_key.as_str()).to_owned();
        let (message, headers) = message(&key, &got.delivery.properties, got.delivery.data);
        let mut envelope = Envelope::read(&headers);
        let failed_at = match envelope.errors.last() {
            Some(error) if death.is_none() => error.time,
            _ => death.as_ref().and_then(|death| death.at).unwrap_or_else(|| shared.now()),
        };
        // A worker sends what hardfails with its history, and without a death.
        if death.is_some() || !headers.contains_key(header::ATTEMPT) {
            envelope.reason = Some(unspoken(shared, death.as_ref(), &mut envelope, failed_at));
            let mut event = Event::new(What::Hardfail, shared.now(), message.clone());
            event.service.clone_from(&envelope.service);
            event.attempt = envelope.attempt;
            event.errors.clone_from(&envelope.errors);
            event.reason.clone_from(&envelope.reason);
            handful.unspoken.push(event);
        }
        let service = envelope.service.clone().unwrap_or_default();
        handful.messages.push(FailedMessage { message, envelope, service, failed_at });
        handful.ackers.push(got.delivery.acker);
    }
    Ok(handful)
}

async fn get(
    channel: &Channel,
    queue: &str,
) -> Result<Option<lapin::message::BasicGetMessage>, TransportError> {
    const NOT_FOUND: u16 = 404;
    let getting = channel.basic_get(queue.into(), BasicGetOptions::default());
    answer(channel, getting).await.map_err(|error| match reply_code(&error) {
        Some(NOT_FOUND) => TransportError::NotSetUp(format!("queue {queue}")),
        _ => unreachable(&error),
    })
}

/// Why a message is among the failed ones of which no worker said so. What is known of it goes into
/// its envelope.
fn unspoken(shared: &Shared, death: Option<&Death>, envelope: &mut Envelope, at: Time) -> String {
    let failed = shared.names.failed();
    let text = match death {
        None => format!("put into {failed} by a program that is none of dolmen's"),
        Some(Death { queue, reason, .. }) => {
            let service = shared.names.service_of(queue).map(str::to_owned);
            envelope.service.clone_from(&service);
            if service.is_some() && reason == "delivery_limit" {
                let limit = shared.options.redelivery_limit.min(REDELIVERY_LIMIT);
                return format!("delivered {limit} times without an answer");
            }
            match reason.as_str() {
                "rejected" => format!("rejected by a program that took it from {queue}"),
                "expired" => format!("expired in {queue} before anybody took it"),
                other => format!("put into {failed} by the broker, from {queue}: {other}"),
            }
        }
    };
    let failure = Failure::technical(text.clone()).code(FOREIGN);
    let service = envelope.service.clone().unwrap_or_default();
    let attempt = envelope.attempt;
    envelope.errors.push(FailedAttempt {
        failure,
        service,
        host: String::new(),
        time: at,
        attempt,
    });
    envelope.first_failed_at.get_or_insert(at);
    text
}

/// How the broker put a message aside.
#[derive(Debug)]
struct Death {
    queue: String,
    reason: String,
    /// The key that it came there under.
    key: Option<String>,
    at: Option<Time>,
}

/// The last death of a message, from the broker's `x-death`, where it comes first. A wait is a death
/// too, but what waited was published anew since.
fn death(properties: &BasicProperties) -> Option<Death> {
    let AMQPValue::FieldArray(deaths) = properties.headers().as_ref()?.inner().get("x-death")?
    else {
        return None;
    };
    let AMQPValue::FieldTable(last) = deaths.as_slice().first()? else { return None };
    let text = |name: &str| match last.inner().get(name) {
        Some(AMQPValue::LongString(text)) => Some(text.to_string()),
        _ => None,
    };
    let seconds = match last.inner().get("time") {
        Some(AMQPValue::Timestamp(seconds)) => i64::try_from(*seconds).ok(),
        _ => None,
    };
    let at = seconds.and_then(Time::from_seconds);
    let key = match last.inner().get("routing-keys") {
        Some(AMQPValue::FieldArray(keys)) => match keys.as_slice() {
            [AMQPValue::LongString(key), ..] => Some(key.to_string()),
            _ => None,
        },
        _ => None,
    };
    Some(Death { queue: text("queue")?, reason: text("reason")?, key, at })
}

/// Looks at the first messages that nobody heard. They go back with the channel, in their order;
/// their queue has no delivery limit that looking could use up.
pub(crate) async fn unrouted(shared: &Shared, most: usize) -> Result<Vec<Message>, TransportError> {
    let channel = shared.reading.channel().await?;
    let queue = shared.names.unrouted();
    let mut messages = Vec::new();
    while messages.len() < most {
        let Some(got) = get(&channel, &queue).await? else { break };
        let key = got.routing_key.as_str().to_owned();
        messages.push(message(&key, &got.delivery.properties, got.delivery.data).0);
    }
    close(channel).await;
    Ok(messages)
}

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

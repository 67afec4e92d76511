//! Messages taken out of queues that are no service's: failed ones and unrouted ones.

use dolmen_bus::{
    DrainError, Envelope, Event, FailedMessage, KeepFailed, Message, REDELIVERY_LIMIT,
    TransportError, What,
};
use lapin::Acker;
use lapin::Channel;
use lapin::options::{BasicAckOptions, BasicGetOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::{AMQPValue, FieldTable};

use crate::Shared;
use crate::convert::message;
use crate::link::{answer, explained, reply_code, unreachable};
use crate::publisher::Unsent;
use crate::topology::close;

/// How many failed messages are handed over at a time.
const HANDFUL: usize = 200;

/// Takes failed messages: kept first, acknowledged then.
pub(crate) async fn drain_failed(
    shared: &Shared,
    keeper: &dyn KeepFailed,
) -> Result<usize, DrainError> {
    let channel = shared.reading.channel().await?;
    let mut drained = 0;
    let result = loop {
        let Handful { messages, killed, ackers } = match handful(shared, &channel).await {
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
        if let Err(unsent) = record(shared, killed).await {
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
    /// The records of those that the broker gave up on: no worker has written any.
    killed: Vec<Event>,
    ackers: Vec<Acker>,
}

async fn record(shared: &Shared, killed: Vec<Event>) -> Result<(), Unsent> {
    for event in killed {
        shared.record(&event).await?;
    }
    Ok(())
}

async fn handful(shared: &Shared, channel: &Channel) -> Result<Handful, TransportError> {
    let queue = shared.names.failed();
    let mut handful = Handful::default();
    while handful.messages.len() < HANDFUL {
        let Some(got) = get(channel, &queue).await? else { break };
        let killer = dead_lettered_by(&got.delivery)
            .and_then(|queue| Some(shared.names.service_of(&queue)?.to_owned()));
        let key = got.routing_key.as_str().to_owned();
        let (message, headers) = message(&key, &got.delivery.properties, got.delivery.data);
        let mut envelope = Envelope::read(&headers);
        if let Some(killer) = killer {
            // The broker gave up on it, after the limit, without a word of ours.
            let limit = shared.options.redelivery_limit.min(REDELIVERY_LIMIT);
            envelope.service = Some(killer);
            envelope.reason = Some(format!("delivered {limit} times without an answer"));
            let mut event = Event::new(What::Hardfail, shared.now(), message.clone());
            event.service.clone_from(&envelope.service);
            event.attempt = envelope.attempt;
            event.errors.clone_from(&envelope.errors);
            event.reason.clone_from(&envelope.reason);
            handful.killed.push(event);
        }
        let service = envelope.service.clone().unwrap_or_default();
        let last = envelope.errors.last().map(|error| error.time);
        let failed_at = last.unwrap_or_else(|| shared.now());
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
        _ => TransportError::Unreachable(explained(&error.to_string(), queue)),
    })
}

/// The queue that a message died in, from the broker's `x-first-death-queue`. A wait is a death
/// too, but what waited was published anew since.
fn dead_lettered_by(delivery: &lapin::message::Delivery) -> Option<String> {
    let headers = delivery.properties.headers().as_ref()?;
    let deaths = match headers.inner().get("x-death")? {
        AMQPValue::FieldArray(deaths) => deaths,
        _ => return None,
    };
    deaths.as_slice().iter().find_map(|death| {
        let AMQPValue::FieldTable(death) = death else { return None };
        let text = |name: &str| match death.inner().get(name) {
            Some(AMQPValue::LongString(text)) => Some(text.to_string()),
            _ => None,
        };
        (text("reason")? == "delivery_limit").then(|| text("queue"))?
    })
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
    const NOT_FOUND: u16 = 404;
    let channel = shared.reading.channel().await?;
    let passive = QueueDeclareOptions { passive: true, ..Default::default() };
    let declared = channel.queue_declare(queue.into(), passive, FieldTable::default());
    match answer(&channel, declared).await {
        Ok(queue) => {
            close(channel).await;
            Ok(Some(u64::from(queue.message_count())))
        }
        Err(error) if reply_code(&error) == Some(NOT_FOUND) => Ok(None),
        Err(error) => Err(unreachable(&error)),
    }
}

/// Removes a service's queue unless messages are ready in it.
pub(crate) async fn remove(shared: &Shared, service: &str) -> Result<(), TransportError> {
    let queue = shared.names.service(service);
    match ready(shared, &queue).await? {
        None => return Err(TransportError::NotSetUp(format!("service {service}"))),
        Some(0) => {}
        Some(ready) => {
            return Err(TransportError::Refused(format!(
                "{ready} messages are ready for {service}: they would be lost; let it work them \
                 off first"
            )));
        }
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

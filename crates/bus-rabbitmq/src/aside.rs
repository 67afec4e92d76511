//! Messages that lie aside: failed ones and unrouted ones.
//!
//! A queue is no list. To look at one, its messages are got one by one without an answer, and handed
//! back when all were seen, in their order; to take some, those are kept, acknowledged, and the
//! others handed back. What one holds another does not see, so that whoever does either holds a queue
//! of its own connection meanwhile, and others wait for their turn. Neither queue has a delivery
//! limit that looking could use up.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use dolmen_bus::{
    Aside, DrainError, Envelope, Event, FOREIGN, FailedAttempt, FailedMessage, Failure, KeepFailed,
    REDELIVERY_LIMIT, See, TransportError, Wanted, What, header,
};
use dolmen_model::Time;
use lapin::message::BasicGetMessage;
use lapin::options::{
    BasicAckOptions, BasicGetOptions, BasicNackOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Acker, BasicProperties, Channel};
use uuid::Uuid;

use crate::Shared;
use crate::convert::message;
use crate::journal::made_at;
use crate::link::{answer, reply_code, unreachable};
use crate::topology::close;

/// How many messages are handed over at a time.
const HANDFUL: usize = 200;

/// How long it may take until it is one's turn, and how often to look.
const TURN: (Duration, Duration) = (Duration::from_secs(60), Duration::from_millis(50));

/// Shows `see` what lies aside, oldest first; it stays there.
pub(crate) async fn look(
    shared: &Shared,
    aside: Aside,
    see: &mut See<'_>,
) -> Result<(), TransportError> {
    let mut turn = Turn::get(shared, aside).await?;
    let result = async {
        while let Some(got) = turn.next().await? {
            if see(read(shared, aside, got).failed).is_break() {
                break;
            }
        }
        Ok::<_, TransportError>(())
    };
    let result = result.await;
    turn.end().await;
    result
}

/// How many failed messages each service has.
pub(crate) async fn count_failed(shared: &Shared) -> Result<BTreeMap<String, u64>, TransportError> {
    let mut counts = BTreeMap::new();
    let mut count = |failed: FailedMessage| {
        *counts.entry(failed.service).or_default() += 1;
        ControlFlow::Continue(())
    };
    look(shared, Aside::Failed, &mut count).await?;
    Ok(counts)
}

/// Takes those that are wanted: kept first, acknowledged then. How many.
pub(crate) async fn take(
    shared: &Shared,
    aside: Aside,
    wanted: &mut Wanted<'_>,
    keeper: &dyn KeepFailed,
) -> Result<usize, DrainError> {
    let mut turn = Turn::get(shared, aside).await?;
    let result = async {
        let (mut taken, mut handful) = (0, Handful::default());
        while let Some(got) = turn.next().await? {
            let acker = got.delivery.acker.clone();
            let mut read = read(shared, aside, got);
            if !wanted(&read.failed) {
                continue;
            }
            if aside == Aside::Unrouted {
                // It may come here again, and is then kept again.
                read.failed.failed_at = shared.now();
            }
            taken += 1;
            handful.add(read, acker, shared.now());
            if handful.messages.len() == HANDFUL {
                std::mem::take(&mut handful).keep(shared, &turn.channel, keeper).await?;
            }
        }
        handful.keep(shared, &turn.channel, keeper).await?;
        Ok::<_, DrainError>(taken)
    };
    let result = result.await;
    turn.end().await;
    result
}

/// Messages that are taken together.
#[derive(Default)]
struct Handful {
    messages: Vec<FailedMessage>,
    /// The records of those that no worker has written any of.
    unspoken: Vec<Event>,
    ackers: Vec<Acker>,
    nameless: BTreeSet<String>,
}

impl Handful {
    fn add(&mut self, read: Read, acker: Acker, now: Time) {
        let Read { mut failed, has_id, unspoken } = read;
        // Those that are alike in all that is known are two all the same.
        if !has_id && !self.nameless.insert(failed.message.id.clone()) {
            failed.message.id = Uuid::now_v7().to_string();
        }
        if unspoken {
            let FailedMessage { message, envelope, .. } = &failed;
            let mut event = Event::new(What::Hardfail, now, message.clone());
            event.service.clone_from(&envelope.service);
            event.attempt = envelope.attempt;
            event.errors.clone_from(&envelope.errors);
            event.reason.clone_from(&envelope.reason);
            self.unspoken.push(event);
        }
        self.messages.push(failed);
        self.ackers.push(acker);
    }

    async fn keep(
        self,
        shared: &Shared,
        channel: &Channel,
        keeper: &dyn KeepFailed,
    ) -> Result<(), DrainError> {
        if self.messages.is_empty() {
            return Ok(());
        }
        keeper.keep(self.messages).await?;
        for event in self.unspoken {
            let recorded = shared.record(&event).await;
            recorded.map_err(|unsent| DrainError::Transport(unsent.into()))?;
        }
        for acker in self.ackers {
            let acked = answer(channel, acker.ack(BasicAckOptions::default())).await;
            acked.map_err(|error| DrainError::Transport(unreachable(&error)))?;
        }
        Ok(())
    }
}

/// Somebody's turn at one of the queues.
struct Turn {
    channel: Channel,
    queue: String,
    /// What nobody else has meanwhile; `None` for who may make no queue.
    token: Option<String>,
    /// How many are to be seen, once the first was: later ones are for the next.
    left: Option<u64>,
    last: Option<u64>,
}

impl Turn {
    /// Waits for it.
    async fn get(shared: &Shared, aside: Aside) -> Result<Self, TransportError> {
        const LOCKED: u16 = 405;
        const REFUSED: u16 = 403;
        let queue = match aside {
            Aside::Failed => shared.names.failed(),
            Aside::Unrouted => shared.names.unrouted(),
        };
        let (patience, again) = TURN;
        let began = Instant::now();
        let token = shared.names.turn(&queue);
        let (channel, token) = loop {
            let channel = shared.reading.channel().await?;
            let options = QueueDeclareOptions { exclusive: true, ..Default::default() };
            let name = token.as_str().into();
            let declaring = channel.queue_declare(name, options, FieldTable::default());
            match answer(&channel, declaring).await {
                Ok(_) => break (channel, Some(token)),
                Err(error) => match reply_code(&error) {
                    Some(LOCKED) if began.elapsed() < patience => tokio::time::sleep(again).await,
                    Some(LOCKED) => {
                        return Err(TransportError::Unreachable(format!(
                            "others have looked at {queue} for {patience:?}"
                        )));
                    }
                    Some(REFUSED) => break (shared.reading.channel().await?, None),
                    _ => return Err(unreachable(&error)),
                },
            }
        };
        Ok(Self { channel, queue, token, left: None, last: None })
    }

    /// The next message, which is held until the end.
    async fn next(&mut self) -> Result<Option<BasicGetMessage>, TransportError> {
        const NOT_FOUND: u16 = 404;
        if self.left == Some(0) {
            return Ok(None);
        }
        let getting =
            self.channel.basic_get(self.queue.as_str().into(), BasicGetOptions::default());
        let got =
            answer(&self.channel, getting).await.map_err(|error| match reply_code(&error) {
                Some(NOT_FOUND) => TransportError::NotSetUp(format!("queue {}", self.queue)),
                _ => unreachable(&error),
            })?;
        let behind = got.as_ref().map_or(0, |got| u64::from(got.message_count));
        self.left = Some(self.left.map_or(behind, |left| left - 1));
        self.last = got.as_ref().map(|got| got.delivery.delivery_tag).or(self.last);
        Ok(got)
    }

    /// Hands back what was not taken, and then the turn. Where that fails both go with the channel
    /// and the connection.
    async fn end(self) {
        if let Some(last) = self.last {
            let options = BasicNackOptions { multiple: true, requeue: true };
            if let Err(error) = answer(&self.channel, self.channel.basic_nack(last, options)).await
            {
                tracing::debug!(%error, "the broker takes back what was looked at");
            }
        }
        if let Some(token) = &self.token {
            let deleting =
                self.channel.queue_delete(token.as_str().into(), QueueDeleteOptions::default());
            if let Err(error) = answer(&self.channel, deleting).await {
                tracing::debug!(%error, "the turn ends with the connection");
            }
        }
        close(self.channel).await;
    }
}

/// What was got.
struct Read {
    failed: FailedMessage,
    has_id: bool,
    /// No worker has written a record of it.
    unspoken: bool,
}

fn read(shared: &Shared, aside: Aside, got: BasicGetMessage) -> Read {
    let death = death(&got.delivery.properties);
    // Who dies is sent here under another key.
    let came_under = death.as_ref().and_then(|death| death.key.as_deref());
    let key = came_under.unwrap_or(got.routing_key.as_str()).to_owned();
    let exchange = got.exchange.as_str().to_owned();
    let has_id =
        got.delivery.properties.message_id().as_ref().is_some_and(|id| !id.as_str().is_empty());
    let nameless = (!has_id).then(|| without_id(&key, &got.delivery.data));
    let (mut message, headers) = message(&key, &got.delivery.properties, got.delivery.data);
    // The same whenever it is looked at.
    message.id = nameless.unwrap_or(message.id);
    let mut envelope = Envelope::read(&headers);
    if aside == Aside::Unrouted {
        // On its way to one service, its key is that one's name.
        envelope.service = (exchange == shared.names.deliver()).then_some(key);
        let said = message.time.or_else(|| made_at(&message.id));
        let at = said.unwrap_or_else(|| shared.now());
        return Read {
            failed: FailedMessage::unrouted(message, envelope, at),
            has_id,
            unspoken: false,
        };
    }
    let failed_at = match envelope.errors.last() {
        Some(error) if death.is_none() => error.time,
        _ => death.as_ref().and_then(|death| death.at).unwrap_or_else(|| shared.now()),
    };
    // A worker sends what hardfails with its history, and without a death.
    let unspoken = death.is_some() || !headers.contains_key(header::ATTEMPT);
    if unspoken {
        envelope.reason = Some(self::unspoken(shared, death.as_ref(), &mut envelope, failed_at));
    }
    let service = envelope.service.clone().unwrap_or_default();
    Read { failed: FailedMessage { message, envelope, service, failed_at }, has_id, unspoken }
}

/// What a message without an id is called (by FNV-1a, of 64 bits).
fn without_id(key: &str, body: &[u8]) -> String {
    let bytes = key.bytes().chain([0]).chain(body.iter().copied());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("without-id-{hash:016x}")
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

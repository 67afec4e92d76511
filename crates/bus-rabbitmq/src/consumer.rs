//! One service's messages, through reconnections, with suspects kept apart.
//!
//! A consumer starts narrow (prefetch 1): after a crash the message that caused it stands at the
//! head of the queue, and it should come alone. The first message that is no suspect widens it to
//! the prefetch that was asked for. When a suspect comes to a wide consumer, everything fetched is
//! handed back, what is handled gets its end, and the consumer is narrow again.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use dolmen_bus::{ALONE_FROM, Consumer, Delivery, Envelope, Subscription, TransportError};
use futures_util::StreamExt;
use futures_util::future::try_join_all;
use lapin::options::{
    BasicCancelOptions, BasicConsumeOptions, BasicQosOptions, QueueDeclareOptions,
};
use lapin::types::FieldTable;
use tokio::sync::Notify;

use crate::Shared;
use crate::acks::Acks;
use crate::convert::{json, message};
use crate::link::{self, BACKOFF, Link, answer, pause_after, reply_code, unreachable};
use crate::names::Names;
use crate::receipt::RabbitReceipt;

/// How many deliveries of a consumer are unsettled, and a bell for when it is one less.
#[derive(Debug, Default)]
pub(crate) struct Unsettled {
    count: AtomicUsize,
    fewer: Notify,
}

impl Unsettled {
    pub(crate) fn one_less(&self) {
        self.count.fetch_sub(1, Ordering::SeqCst);
        self.fewer.notify_waiters();
    }

    async fn fewer_than(&self, most: usize) {
        loop {
            let fewer = self.fewer.notified();
            tokio::pin!(fewer);
            fewer.as_mut().enable();
            if self.count.load(Ordering::SeqCst) < most {
                return;
            }
            fewer.await;
        }
    }
}

/// How long a consumer that is closed finishes what it was about. What it then drops was handed
/// back already, or its connection is gone.
const FINISH: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    Narrow,
    Wide,
}

/// A consumer on the broker.
struct Open {
    acks: Arc<Acks>,
    consumer: lapin::Consumer,
    width: Width,
}

/// What `next` may be dropped in the middle of.
type Working = Pin<Box<dyn Future<Output = Result<Open, TransportError>> + Send>>;

enum Stage {
    Closed,
    Working(Working),
    Open(Box<Open>),
}

pub(crate) struct RabbitConsumer {
    shared: Arc<Shared>,
    want: Subscription,
    stage: Stage,
    /// Received, but not handed out.
    ready: VecDeque<(Arc<Acks>, lapin::message::Delivery)>,
    unsettled: Arc<Unsettled>,
    /// How often the connection broke soon after it was made, and when it did last.
    breaks: u32,
    broke_at: Option<Instant>,
}

impl RabbitConsumer {
    /// Subscribes; one try, so that what is wrong is said at once.
    pub(crate) async fn subscribe(
        shared: Arc<Shared>,
        want: &Subscription,
    ) -> Result<Self, TransportError> {
        let open = open(&shared.consuming, &shared.names, &want.service).await?;
        Ok(Self {
            shared,
            want: want.clone(),
            stage: Stage::Open(Box::new(open)),
            ready: VecDeque::new(),
            unsettled: Arc::default(),
            breaks: 0,
            broke_at: None,
        })
    }

    /// Takes note that the connection broke, and says why.
    fn broke(&mut self, why: &str) {
        let (_, longest) = BACKOFF;
        let soon = self.broke_at.is_some_and(|at| at.elapsed() < longest * 2);
        self.breaks = if soon { self.breaks.saturating_add(1) } else { 1 };
        self.broke_at = Some(Instant::now());
        let again_in = pause_after(self.breaks);
        let service = self.want.service.as_str();
        tracing::warn!(service, ?again_in, why, "the connection broke");
    }

    fn hand_out(&self, acks: Arc<Acks>, delivery: lapin::message::Delivery) -> Delivery {
        self.unsettled.count.fetch_add(1, Ordering::SeqCst);
        let tag = delivery.delivery_tag;
        acks.handed_out(tag);
        let redeliveries = redeliveries(&delivery);
        let key = delivery.routing_key.as_str().to_owned();
        let (message, headers) = message(&key, &delivery.properties, delivery.data);
        let mut envelope = Envelope::read(&headers);
        if envelope.exchange.is_none() {
            envelope.exchange = Some(delivery.exchange.as_str().to_owned());
        }
        let receipt = RabbitReceipt::new(
            Arc::clone(&self.shared),
            self.want.service.clone(),
            (acks, tag, delivery.acker),
            (message.clone(), envelope.clone()),
            redeliveries,
            Arc::clone(&self.unsettled),
        );
        Delivery { message, envelope, redeliveries, receipt: Box::new(receipt) }
    }

    /// What to do with a delivery just received; the stage when it changes.
    fn receive(&mut self, open: Open, delivery: lapin::message::Delivery) -> Stage {
        let suspect = redeliveries(&delivery) >= ALONE_FROM;
        let service = self.shared.names.service(&self.want.service);
        match (open.width, suspect) {
            (Width::Narrow, false) if self.want.prefetch > 1 => {
                self.ready.push_back((Arc::clone(&open.acks), delivery));
                let prefetch = self.want.prefetch;
                Stage::Working(Box::pin(reopen(open, service, prefetch, Width::Wide)))
            }
            (Width::Wide, true) => {
                let unsettled = Arc::clone(&self.unsettled);
                Stage::Working(Box::pin(async move {
                    let handed_back = link::hand_back(open.acks.channel(), &delivery.acker).await;
                    handed_back.map_err(|error| unreachable(&error))?;
                    let acks = cancel(open).await?;
                    unsettled.fewer_than(1).await;
                    consume(acks, service, 1, Width::Narrow).await
                }))
            }
            _ => {
                self.ready.push_back((Arc::clone(&open.acks), delivery));
                Stage::Open(Box::new(open))
            }
        }
    }
}

/// How often the broker says that it delivered this before (quorum queues count).
fn redeliveries(delivery: &lapin::message::Delivery) -> u32 {
    let headers = delivery.properties.headers().as_ref();
    let count = headers.and_then(|table| table.inner().get("x-delivery-count"));
    let count = count.and_then(|count| json(count).as_u64());
    count.and_then(|count| u32::try_from(count).ok()).unwrap_or_default()
}

async fn open(link: &Arc<Link>, names: &Names, service: &str) -> Result<Open, TransportError> {
    const NOT_FOUND: u16 = 404;
    let channel = link.channel().await?;
    let queue = names.service(service);
    let passive = QueueDeclareOptions { passive: true, ..Default::default() };
    let declared = channel.queue_declare(queue.as_str().into(), passive, FieldTable::default());
    answer(&channel, declared).await.map_err(|error| match reply_code(&error) {
        Some(NOT_FOUND) => TransportError::NotSetUp(format!("service {service}")),
        _ => unreachable(&error),
    })?;
    consume(Acks::on(channel, link), queue, 1, Width::Narrow).await
}

async fn consume(
    acks: Arc<Acks>,
    queue: String,
    prefetch: u16,
    width: Width,
) -> Result<Open, TransportError> {
    let channel = acks.channel();
    let consuming = async {
        channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
        let (tag, options) = ("".into(), BasicConsumeOptions::default());
        channel.basic_consume(queue.as_str().into(), tag, options, FieldTable::default()).await
    };
    let consumer = answer(channel, consuming).await.map_err(|error| unreachable(&error))?;
    Ok(Open { acks, consumer, width })
}

/// Stops receiving and hands back what is here; the channel goes on, for what was handed out.
async fn cancel(open: Open) -> Result<Arc<Acks>, TransportError> {
    let Open { acks, mut consumer, .. } = open;
    let channel = acks.channel();
    let cancelling = async {
        channel.basic_cancel(consumer.tag(), BasicCancelOptions::default()).await?;
        let mut handing_back = Vec::new();
        while let Some(delivery) = consumer.next().await {
            let acker = delivery?.acker;
            handing_back.push(async move { link::hand_back(channel, &acker).await });
        }
        try_join_all(handing_back).await.map(drop)
    };
    answer(channel, cancelling).await.map_err(|error| unreachable(&error))?;
    Ok(acks)
}

async fn reopen(
    open: Open,
    queue: String,
    prefetch: u16,
    width: Width,
) -> Result<Open, TransportError> {
    let acks = cancel(open).await?;
    consume(acks, queue, prefetch, width).await
}

/// Connects again, however long it takes; an error only when the service is gone.
async fn open_again(
    shared: Arc<Shared>,
    service: String,
    first: Duration,
) -> Result<Open, TransportError> {
    tokio::time::sleep(first).await;
    let (mut pause, longest) = BACKOFF;
    loop {
        match open(&shared.consuming, &shared.names, &service).await {
            Err(TransportError::Unreachable(why)) => {
                tracing::warn!(service, why, "cannot consume; trying again in {pause:?}");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(longest);
            }
            Ok(open) => {
                shared.release_waits();
                return Ok(open);
            }
            result => return result,
        }
    }
}

#[async_trait]
impl Consumer for RabbitConsumer {
    async fn next(&mut self) -> Result<Delivery, TransportError> {
        loop {
            // The one that a narrow consumer got counts too, when a wide one follows it.
            self.unsettled.fewer_than(usize::from(self.want.prefetch.max(1))).await;
            if let Some((acks, delivery)) = self.ready.pop_front() {
                // What was fetched before its connection broke is delivered again: whoever handled
                // this one would do so for nothing.
                if !delivery.acker.usable() {
                    continue;
                }
                return Ok(self.hand_out(acks, delivery));
            }
            match &mut self.stage {
                Stage::Closed => {
                    let (shared, service) = (Arc::clone(&self.shared), self.want.service.clone());
                    let again = open_again(shared, service, pause_after(self.breaks));
                    self.stage = Stage::Working(Box::pin(again));
                }
                Stage::Working(working) => match working.await {
                    Ok(open) => self.stage = Stage::Open(Box::new(open)),
                    Err(TransportError::Unreachable(why)) => {
                        self.broke(&why);
                        self.stage = Stage::Closed;
                    }
                    Err(error) => {
                        self.stage = Stage::Closed;
                        return Err(error);
                    }
                },
                Stage::Open(open) => {
                    let Open { acks, consumer, .. } = &mut **open;
                    let received =
                        answer(acks.channel(), async { consumer.next().await.transpose() });
                    let received = received.await;
                    let Stage::Open(open) = std::mem::replace(&mut self.stage, Stage::Closed)
                    else {
                        continue;
                    };
                    match received {
                        Ok(Some(delivery)) => {
                            // What breaks before anything came is a habit; this is not.
                            self.breaks = 0;
                            self.stage = self.receive(*open, delivery);
                        }
                        Err(error) => self.broke(&error.to_string()),
                        Ok(None) => tracing::warn!(service = self.want.service, "cancelled"),
                    }
                }
            }
        }
    }

    async fn close(mut self: Box<Self>) -> Result<(), TransportError> {
        let stage = std::mem::replace(&mut self.stage, Stage::Closed);
        hand_back(stage, std::mem::take(&mut self.ready)).await
    }
}

async fn hand_back(
    stage: Stage,
    ready: VecDeque<(Arc<Acks>, lapin::message::Delivery)>,
) -> Result<(), TransportError> {
    let open = match stage {
        Stage::Open(open) => Some(*open),
        // It may wait for a broker that is away, or for the last handler to end.
        Stage::Working(working) => match tokio::time::timeout(FINISH, working).await {
            Ok(open) => open.ok(),
            Err(_) => None,
        },
        Stage::Closed => None,
    };
    for (acks, delivery) in ready {
        let handed_back = link::hand_back(acks.channel(), &delivery.acker).await;
        handed_back.map_err(|error| unreachable(&error))?;
    }
    match open {
        Some(open) => cancel(open).await.map(drop),
        None => Ok(()),
    }
}

impl Drop for RabbitConsumer {
    fn drop(&mut self) {
        let stage = std::mem::replace(&mut self.stage, Stage::Closed);
        let ready = std::mem::take(&mut self.ready);
        // Without a runtime the process ends, and the broker takes everything back.
        if !matches!(stage, Stage::Closed)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move {
                if let Err(error) = hand_back(stage, ready).await {
                    tracing::debug!(%error, "the broker takes back what was fetched");
                }
            });
        }
    }
}

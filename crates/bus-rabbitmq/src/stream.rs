//! Reading a stream: in blocks, and past records that cannot be read.

use std::time::Duration;

use dolmen_bus::TransportError;
use futures_util::StreamExt;
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicQosOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Consumer};

use crate::convert::json;
use crate::link::{Link, answer, is_unreadable, unreachable};
use crate::topology::close;

/// A stream of which nothing comes for so long has nothing more.
pub(crate) const QUIET: Duration = Duration::from_millis(300);

/// How long the first record may take to come from a place where nobody knows whether there is one.
const PROBE: Duration = Duration::from_secs(2);

/// How many records are on their way at a time.
const PREFETCH: u16 = 1000;

/// How many are acknowledged together: each by itself takes longer than reading it.
const TOGETHER: u16 = PREFETCH / 4;

/// Where a record stands in its stream.
pub(crate) fn position(delivery: &Delivery) -> Option<u64> {
    let headers = delivery.properties.headers().as_ref()?;
    json(headers.inner().get("x-stream-offset")?).as_u64()
}

/// A reader of a stream. Records with texts that are not UTF-8, which break the connection, are left
/// out, and that is said.
pub(crate) struct Reader<'l> {
    link: &'l Link,
    stream: &'l str,
    open: Open,
    /// Where the next record stands at the earliest.
    next: u64,
    left_out: u64,
}

/// A consumer of a stream.
struct Open {
    channel: Channel,
    consumer: Consumer,
    /// How many came since the last acknowledgement.
    unanswered: u16,
    /// How many records there are, as far as the broker knows.
    records: u32,
    is_closed: bool,
}

impl<'l> Reader<'l> {
    /// From an offset, which is no earlier than the position `start`.
    pub(crate) async fn open(
        link: &'l Link,
        stream: &'l str,
        offset: AMQPValue,
        start: u64,
    ) -> Result<Self, TransportError> {
        let open = Open::at(link, stream, offset).await?;
        Ok(Self { link, stream, open, next: start, left_out: 0 })
    }

    /// How many records there are, as far as the broker knows.
    pub(crate) fn records(&self) -> u32 {
        self.open.records
    }

    /// Whether there was something that could not be read.
    pub(crate) fn has_left_out(&self) -> bool {
        self.left_out > 0
    }

    /// The next record; `None` when none comes in time.
    pub(crate) async fn next(
        &mut self,
        patience: Duration,
    ) -> Result<Option<Delivery>, TransportError> {
        loop {
            match self.open.next(patience).await {
                Err(TransportError::Unreachable(why)) if is_unreadable(&why) => {
                    self.leave_out().await?;
                }
                Ok(Some(delivery)) => {
                    if let Some(position) = position(&delivery) {
                        self.next = position.saturating_add(1);
                    }
                    return Ok(Some(delivery));
                }
                other => return other,
            }
        }
    }

    /// Goes on behind the record that broke the connection. Reading fails from wherever it is not
    /// behind it; so where it stands is found by trying, mostly at once: it is the next one.
    async fn leave_out(&mut self) -> Result<(), TransportError> {
        let mut fails = self.next;
        let mut step = 1;
        let mut works = loop {
            let at = self.next.saturating_add(step);
            if self.can_read(at).await? {
                break at;
            }
            (fails, step) = (at, step.saturating_mul(2));
        };
        while works - fails > 1 {
            let middle = fails + (works - fails) / 2;
            match self.can_read(middle).await? {
                true => works = middle,
                false => fails = middle,
            }
        }
        self.left_out += 1;
        tracing::warn!(
            stream = self.stream,
            position = fails,
            "a record is left out: its message_id, app_id, type or another short text is not UTF-8"
        );
        self.next = works;
        self.open = Open::at(self.link, self.stream, offset(works)).await?;
        Ok(())
    }

    async fn can_read(&self, from: u64) -> Result<bool, TransportError> {
        let mut open = Open::at(self.link, self.stream, offset(from)).await?;
        let read = open.next(PROBE).await;
        open.close().await;
        match read {
            Err(TransportError::Unreachable(why)) if is_unreadable(&why) => Ok(false),
            read => read.map(|_| true),
        }
    }

    pub(crate) async fn close(mut self) {
        self.open.close().await;
    }
}

pub(crate) fn offset(position: u64) -> AMQPValue {
    AMQPValue::LongLongInt(i64::try_from(position).unwrap_or(i64::MAX))
}

impl Open {
    async fn at(link: &Link, stream: &str, offset: AMQPValue) -> Result<Self, TransportError> {
        let channel = link.channel().await?;
        let mut arguments = FieldTable::default();
        arguments.insert("x-stream-offset".into(), offset);
        let consuming = async {
            let passive = QueueDeclareOptions { passive: true, ..Default::default() };
            let none = FieldTable::default();
            let queue = channel.queue_declare(stream.into(), passive, none).await?;
            channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
            let options = BasicConsumeOptions::default();
            let consumer = channel.basic_consume(stream.into(), "".into(), options, arguments);
            Ok((queue.message_count(), consumer.await?))
        };
        let (records, consumer) =
            answer(&channel, consuming).await.map_err(|error| unreachable(&error))?;
        Ok(Self { channel, consumer, unanswered: 0, records, is_closed: false })
    }

    async fn next(&mut self, patience: Duration) -> Result<Option<Delivery>, TransportError> {
        let Ok(next) = tokio::time::timeout(patience, self.consumer.next()).await else {
            return Ok(None);
        };
        let ended = || TransportError::Unreachable("the broker ended the stream".to_owned());
        let delivery = next.ok_or_else(ended)?.map_err(|error| unreachable(&error))?;
        self.unanswered += 1;
        if self.unanswered == TOGETHER {
            self.unanswered = 0;
            let ack = delivery.acker.ack(BasicAckOptions { multiple: true });
            answer(&self.channel, ack).await.map_err(|error| unreachable(&error))?;
        }
        Ok(Some(delivery))
    }

    async fn close(&mut self) {
        self.is_closed = true;
        end(self.channel.clone(), self.consumer.clone()).await;
    }
}

/// A consumer is never just dropped: the client library then cancels it beside the closing of its
/// channel, and a broker that hears of them in the wrong order ends the connection.
impl Drop for Open {
    fn drop(&mut self) {
        if !self.is_closed
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(end(self.channel.clone(), self.consumer.clone()));
        }
    }
}

async fn end(channel: Channel, consumer: Consumer) {
    let cancelling = channel.basic_cancel(consumer.tag(), BasicCancelOptions::default());
    if let Err(error) = answer(&channel, cancelling).await {
        tracing::debug!(%error, "the reader was gone already");
    }
    close(channel).await;
}

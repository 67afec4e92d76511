//! Reading a stream, in blocks.

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
use crate::link::{Link, answer, reply_code, unreachable};
use crate::topology::close;

/// A stream of which nothing comes for so long has nothing more.
pub(crate) const QUIET: Duration = Duration::from_millis(300);

/// How many records are on their way at a time.
const PREFETCH: u16 = 1000;

const NOT_FOUND: u16 = 404;

/// Where a record stands in its stream.
pub(crate) fn position(delivery: &Delivery) -> Option<u64> {
    let headers = delivery.properties.headers().as_ref()?;
    json(headers.inner().get("x-stream-offset")?).as_u64()
}

/// A reader of a stream.
pub(crate) struct Reader {
    channel: Channel,
    consumer: Consumer,
    /// How many came since the last acknowledgement.
    unanswered: u16,
    /// How many are acknowledged together: each by itself takes longer than reading it.
    together: u16,
    /// How many records there are, as far as the broker knows.
    records: u32,
    is_closed: bool,
}

pub(crate) fn offset(position: u64) -> AMQPValue {
    AMQPValue::LongLongInt(i64::try_from(position).unwrap_or(i64::MAX))
}

impl Reader {
    /// Reads from `offset` on, and no more than `ahead` before somebody asks.
    pub(crate) async fn open(
        link: &Link,
        stream: &str,
        offset: AMQPValue,
        ahead: u64,
    ) -> Result<Self, TransportError> {
        let prefetch = u16::try_from(ahead).unwrap_or(u16::MAX).clamp(1, PREFETCH);
        let channel = link.channel().await?;
        let mut arguments = FieldTable::default();
        arguments.insert("x-stream-offset".into(), offset);
        let consuming = async {
            let passive = QueueDeclareOptions { passive: true, ..Default::default() };
            let none = FieldTable::default();
            let queue = channel.queue_declare(stream.into(), passive, none).await?;
            channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
            let options = BasicConsumeOptions::default();
            let consumer = channel.basic_consume(stream.into(), "".into(), options, arguments);
            Ok((queue.message_count(), consumer.await?))
        };
        let (records, consumer) =
            answer(&channel, consuming).await.map_err(|error| match reply_code(&error) {
                Some(NOT_FOUND) => TransportError::NotSetUp(format!("stream {stream}")),
                _ => unreachable(&error),
            })?;
        let together = (prefetch / 4).max(1);
        Ok(Self { channel, consumer, unanswered: 0, together, records, is_closed: false })
    }

    /// How many records there are, as far as the broker knows.
    pub(crate) fn records(&self) -> u32 {
        self.records
    }

    /// The next record; `None` when none comes in time.
    pub(crate) async fn next(
        &mut self,
        patience: Duration,
    ) -> Result<Option<Delivery>, TransportError> {
        let Ok(next) = tokio::time::timeout(patience, self.consumer.next()).await else {
            return Ok(None);
        };
        let ended = || TransportError::Unreachable("the broker ended the stream".to_owned());
        let delivery = next.ok_or_else(ended)?.map_err(|error| unreachable(&error))?;
        self.unanswered += 1;
        if self.unanswered == self.together {
            self.unanswered = 0;
            let ack = delivery.acker.ack(BasicAckOptions { multiple: true });
            answer(&self.channel, ack).await.map_err(|error| unreachable(&error))?;
        }
        Ok(Some(delivery))
    }

    pub(crate) async fn close(mut self) {
        self.is_closed = true;
        end(self.channel.clone(), self.consumer.clone()).await;
    }
}

/// A consumer is never just dropped: the client library then cancels it beside the closing of its
/// channel, and a broker that hears of them in the wrong order ends the connection.
impl Drop for Reader {
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

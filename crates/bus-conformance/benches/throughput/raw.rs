//! The raw client, doing by hand the least that a worker must: what is measured against.

use std::sync::Arc;
use std::time::Instant;

use dolmen_bus_conformance::broker::Broker;
use futures_util::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
    ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, Consumer};

use tokio::task::JoinSet;

use crate::PREFETCH;

async fn channel(broker: &Broker) -> (Connection, Channel) {
    let connection =
        Connection::connect(&broker.url(), ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    (connection, channel)
}

/// A quorum queue with so many messages in it.
async fn filled(channel: &Channel, queue: &str, messages: usize) {
    declare(channel, queue, "quorum").await;
    channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    let mut confirms = Vec::new();
    for _ in 0..messages {
        confirms.push(publish(channel, queue).await);
    }
    for confirm in confirms {
        confirm.await.unwrap();
    }
}

async fn declare(channel: &Channel, queue: &str, kind: &str) {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString(kind.into()));
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(queue.into(), options, arguments).await.unwrap();
}

/// Publishes a message; what comes back completes when it is confirmed.
async fn publish(
    channel: &Channel,
    queue: &str,
) -> impl Future<Output = lapin::Result<Confirmation>> + use<> {
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let properties = BasicProperties::default().with_delivery_mode(2);
    channel.basic_publish("".into(), queue.into(), options, &[b'x'; 100], properties).await.unwrap()
}

async fn consumer(channel: &Channel, queue: &str) -> Consumer {
    channel.basic_qos(PREFETCH, BasicQosOptions::default()).await.unwrap();
    let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
    channel.basic_consume(queue.into(), "".into(), options, none).await.unwrap()
}

/// What happens to a message before it is acknowledged; each is confirmed before the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It is published to another queue, as a softfail is at least.
    HandOn,
    /// A record is published to a stream, as a journal is at least.
    Record,
}

/// Messages a second, each acknowledged by itself after its steps, as many side by side as may be
/// on their way.
pub(crate) async fn consume(
    broker: &Broker,
    queue: String,
    messages: usize,
    steps: &'static [Step],
) -> f64 {
    let queue = queue.as_str();
    let (connection, channel) = channel(broker).await;
    filled(&channel, queue, messages).await;
    let (second, publishing) = self::channel(broker).await;
    publishing.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    let target = |step: Step| format!("{queue}-{step:?}");
    for &step in steps {
        let kind = if step == Step::Record { "stream" } else { "quorum" };
        declare(&publishing, &target(step), kind).await;
    }
    let targets: Arc<[String]> = steps.iter().map(|&step| target(step)).collect();
    let started = Instant::now();
    let mut consumer = consumer(&channel, queue).await;
    // A task each, as a worker has; the prefetch bounds them.
    let mut acks = JoinSet::new();
    for _ in 0..messages {
        let delivery = consumer.next().await.unwrap().unwrap();
        let (publishing, targets) = (publishing.clone(), Arc::clone(&targets));
        acks.spawn(async move {
            for target in &*targets {
                publish(&publishing, target).await.await.unwrap();
            }
            delivery.ack(BasicAckOptions::default()).await.unwrap()
        });
    }
    acks.join_all().await;
    let rate = messages as f64 / started.elapsed().as_secs_f64();
    second.close(200, "done".into()).await.unwrap();
    connection.close(200, "done".into()).await.unwrap();
    rate
}

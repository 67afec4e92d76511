//! Exchanges, queues and bindings, declared.

use std::collections::BTreeSet;

use dolmen_bus::{
    Change, ChangeAction, REDELIVERY_LIMIT, Return, ServiceSpec, Topology, TransportError,
};
use lapin::options::{
    ExchangeBindOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind};

use crate::link::{Link, answer, reply_code, unreachable};
use crate::names::{Names, seconds};

/// How long and how much the journal keeps.
const JOURNAL: (&str, i64) = ("30D", 20_000_000_000);

/// The same of the outcomes alone. They are read back as far as the longest wait.
const OUTCOMES: (&str, i64) = ("3D", 20_000_000_000);

/// One thing to declare.
#[derive(Clone, Debug)]
pub(crate) enum Object {
    Exchange { name: String, kind: ExchangeKind, arguments: Arguments },
    Queue { name: String, arguments: Arguments },
    BindQueue { queue: String, exchange: String, key: String },
    BindExchange { to: String, from: String, key: String },
}

pub(crate) type Arguments = Vec<(&'static str, Argument)>;

#[derive(Clone, Debug)]
pub(crate) enum Argument {
    Text(String),
    Number(i64),
}

impl Object {
    /// What a person calls it.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Exchange { name, .. } => format!("exchange {name}"),
            Self::Queue { name, .. } => format!("queue {name}"),
            Self::BindQueue { queue, exchange, key } => {
                format!("binding {exchange} -> queue {queue}, key {key:?}")
            }
            Self::BindExchange { to, from, key } => {
                format!("binding {from} -> exchange {to}, key {key:?}")
            }
        }
    }
}

/// Everything of a bus with these services, in the order in which it can be declared.
pub(crate) fn objects(
    names: &Names,
    topology: &Topology,
    rungs: &BTreeSet<u64>,
    redelivery_limit: u32,
) -> Vec<Object> {
    let mut objects = backbone(names);
    let mut rungs = rungs.clone();
    for service in &topology.services {
        rungs.extend(service.policy.named_delays().into_iter().map(seconds));
    }
    let again = topology.services.iter().any(|s| s.policy.back() == Return::Exchange);
    for &rung in &rungs {
        wait(names, rung, Return::Service, &mut objects);
        if again {
            wait(names, rung, Return::Exchange, &mut objects);
        }
    }
    for spec in &topology.services {
        service(names, spec, redelivery_limit, &mut objects);
    }
    objects
}

fn exchange(name: String, kind: ExchangeKind, arguments: Arguments) -> Object {
    Object::Exchange { name, kind, arguments }
}

fn text(name: &'static str, value: impl Into<String>) -> (&'static str, Argument) {
    (name, Argument::Text(value.into()))
}

fn backbone(names: &Names) -> Vec<Object> {
    let elsewhere = || vec![text("alternate-exchange", names.unrouted())];
    let all = || "#".to_owned();
    let quorum = || vec![text("x-queue-type", "quorum")];
    let stream = |(age, bytes)| {
        vec![
            text("x-queue-type", "stream"),
            text("x-max-age", age),
            ("x-max-length-bytes", Argument::Number(bytes)),
        ]
    };
    vec![
        exchange(names.unrouted(), ExchangeKind::Fanout, Vec::new()),
        Object::Queue { name: names.unrouted(), arguments: quorum() },
        Object::BindQueue { queue: names.unrouted(), exchange: names.unrouted(), key: all() },
        exchange(names.journal(), ExchangeKind::Topic, Vec::new()),
        Object::Queue { name: names.journal(), arguments: stream(JOURNAL) },
        Object::BindQueue { queue: names.journal(), exchange: names.journal(), key: all() },
        Object::Queue { name: names.outcomes(), arguments: stream(OUTCOMES) },
        exchange(names.route(), ExchangeKind::Topic, elsewhere()),
        exchange(names.deliver(), ExchangeKind::Direct, elsewhere()),
        exchange(names.events(), ExchangeKind::Topic, Vec::new()),
        Object::BindExchange { to: names.journal(), from: names.events(), key: all() },
        Object::BindExchange { to: names.route(), from: names.events(), key: all() },
        Object::Queue { name: names.failed(), arguments: quorum() },
    ]
}

/// Queues that give a message to another one lose it only with `at-least-once`, which in turn
/// asks for `reject-publish`.
fn handing_on(exchange: String) -> Arguments {
    vec![
        text("x-queue-type", "quorum"),
        text("x-dead-letter-exchange", exchange),
        text("x-dead-letter-strategy", "at-least-once"),
        text("x-overflow", "reject-publish"),
    ]
}

fn wait(names: &Names, rung: u64, back: Return, objects: &mut Vec<Object>) {
    let name = names.wait(rung, back);
    let target = match back {
        Return::Service => names.deliver(),
        Return::Exchange => names.events(),
    };
    let mut arguments = handing_on(target);
    let millis = i64::try_from(rung.saturating_mul(1000)).unwrap_or(i64::MAX);
    arguments.push(("x-message-ttl", Argument::Number(millis)));
    objects.extend([
        exchange(name.clone(), ExchangeKind::Fanout, Vec::new()),
        Object::Queue { name: name.clone(), arguments },
        Object::BindQueue { queue: name.clone(), exchange: name, key: String::new() },
    ]);
}

fn service(names: &Names, spec: &ServiceSpec, limit: u32, objects: &mut Vec<Object>) {
    let queue = names.service(&spec.name);
    let mut arguments = handing_on(String::new());
    arguments.push(text("x-dead-letter-routing-key", names.failed()));
    // `REDELIVERY_LIMIT` deliveries, the first included, are one redelivery less.
    arguments.push(("x-delivery-limit", Argument::Number(i64::from(limit))));
    objects.push(Object::Queue { name: queue.clone(), arguments });
    let to = |exchange: String, key: &str| Object::BindQueue {
        queue: queue.clone(),
        exchange,
        key: key.to_owned(),
    };
    objects.push(to(names.deliver(), &spec.name));
    objects.extend(spec.listen.iter().map(|pattern| to(names.route(), pattern.as_str())));
}

/// The limit when nobody says another.
pub(crate) const DEFAULT_LIMIT: u32 = REDELIVERY_LIMIT;

/// Declares everything. What exists as asked is left as it is.
pub(crate) async fn declare(
    link: &Link,
    objects: &[Object],
) -> Result<Vec<Change>, TransportError> {
    let channel = link.channel().await?;
    let mut changes = Vec::with_capacity(objects.len());
    for object in objects {
        answer(&channel, declare_one(&channel, object))
            .await
            .map_err(|error| explain(object, &error))?;
        let (action, note) = (ChangeAction::Declare, None);
        changes.push(Change { action, object: object.describe(), note });
    }
    close(channel).await;
    Ok(changes)
}

/// Takes bindings of queues away.
pub(crate) async fn unbind(
    link: &Link,
    bindings: impl Iterator<Item = (&str, &str, &str)>,
) -> Result<(), TransportError> {
    let channel = link.channel().await?;
    for (queue, exchange, key) in bindings {
        let (queue, exchange, key) = (queue.into(), exchange.into(), key.into());
        let unbinding = channel.queue_unbind(queue, exchange, key, FieldTable::default());
        answer(&channel, unbinding).await.map_err(|error| unreachable(&error))?;
    }
    close(channel).await;
    Ok(())
}

pub(crate) async fn close(channel: Channel) {
    if let Err(error) = answer(&channel, channel.close(200, "done".into())).await {
        tracing::debug!(%error, "the channel was gone already");
    }
}

async fn declare_one(channel: &Channel, object: &Object) -> lapin::Result<()> {
    match object {
        Object::Exchange { name, kind, arguments } => {
            let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
            channel
                .exchange_declare(name.as_str().into(), kind.clone(), options, table(arguments))
                .await
        }
        Object::Queue { name, arguments } => {
            let options = QueueDeclareOptions { durable: true, ..Default::default() };
            let declared =
                channel.queue_declare(name.as_str().into(), options, table(arguments)).await;
            declared.map(|_| ())
        }
        Object::BindQueue { queue, exchange, key } => {
            let (queue, exchange) = (queue.as_str().into(), exchange.as_str().into());
            let options = QueueBindOptions::default();
            channel
                .queue_bind(queue, exchange, key.as_str().into(), options, FieldTable::default())
                .await
        }
        Object::BindExchange { to, from, key } => {
            let (to, from) = (to.as_str().into(), from.as_str().into());
            let options = ExchangeBindOptions::default();
            channel
                .exchange_bind(to, from, key.as_str().into(), options, FieldTable::default())
                .await
        }
    }
}

fn table(arguments: &Arguments) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in arguments {
        let value = match value {
            Argument::Text(text) => AMQPValue::LongString(text.as_str().into()),
            Argument::Number(number) => AMQPValue::LongLongInt(*number),
        };
        table.insert((*name).into(), value);
    }
    table
}

/// The broker's refusal with what can be done about it.
fn explain(object: &Object, error: &lapin::Error) -> TransportError {
    const PRECONDITION_FAILED: u16 = 406;
    const ACCESS_REFUSED: u16 = 403;
    let object = object.describe();
    let text = error.to_string();
    if text.contains("feature flag") || text.contains("stream_queue") {
        return TransportError::Refused(format!(
            "{object}: this broker has no streams, where the journal is kept: run `rabbitmqctl \
             enable_feature_flag stream_queue` ({text})"
        ));
    }
    match reply_code(error) {
        Some(PRECONDITION_FAILED) => TransportError::Refused(format!(
            "{object} exists with other arguments, and the broker cannot change them: remove it \
             when it is empty, then run `dolmen bus setup` again ({text})"
        )),
        Some(ACCESS_REFUSED) => TransportError::Refused(format!(
            "{object}: this user may not configure it; setup needs a user who may ({text})"
        )),
        _ => unreachable(error),
    }
}

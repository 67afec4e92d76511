//! Publishing, confirmed.
//!
//! A message counts as sent when the broker confirmed it *and* did not return it. The client
//! library attaches a returned message to whichever confirm completes next, so a confirm by
//! itself says nothing about its own message. But the broker sends a return before the confirm of
//! the same message; so once every confirm of a batch is there, every return of it is attached to
//! one of them. Each lane is one channel with one batch in flight, and what was returned is
//! found by exchange, routing key and message id.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dolmen_bus::{Bytes, TransportError};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Channel, Confirmation};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

use crate::link::{Link, answer, reply_code};

/// How many channels publish side by side.
const LANES: usize = 4;
/// The most messages in flight on one.
const BATCH: usize = 512;
/// How many may queue up for one before publishers wait.
const QUEUE: usize = 2048;

/// A message on its way to the broker.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) exchange: String,
    pub(crate) routing_key: String,
    pub(crate) message_id: String,
    pub(crate) properties: BasicProperties,
    pub(crate) body: Bytes,
}

/// Why a message does not count as sent.
#[derive(Clone, Debug, Error)]
pub(crate) enum Unsent {
    #[error("no queue behind exchange {exchange:?} for key {routing_key:?}: {text}")]
    Returned { exchange: String, routing_key: String, text: String },
    #[error("exchange {0:?} does not exist")]
    Missing(String),
    #[error("the broker refused it (a queue is full)")]
    Refused,
    #[error("{0}")]
    Unreachable(String),
}

impl From<Unsent> for TransportError {
    fn from(unsent: Unsent) -> Self {
        match unsent {
            Unsent::Returned { exchange, .. } | Unsent::Missing(exchange) => {
                Self::NotSetUp(format!("exchange {exchange}"))
            }
            other => Self::Unreachable(other.to_string()),
        }
    }
}

struct Order {
    letter: Letter,
    answer: oneshot::Sender<Result<(), Unsent>>,
}

/// The lanes.
#[derive(Debug)]
pub(crate) struct Publisher {
    lanes: Vec<mpsc::Sender<Order>>,
    next: AtomicUsize,
}

impl Publisher {
    /// Starts the lanes; they end with the publisher.
    pub(crate) fn start(link: &Arc<Link>) -> Self {
        let lanes = (0..LANES).map(|_| {
            let (orders, inbox) = mpsc::channel(QUEUE);
            tokio::spawn(work(Arc::clone(link), inbox));
            orders
        });
        Self { lanes: lanes.collect(), next: AtomicUsize::new(0) }
    }

    /// Sends letters in their order; what became of each.
    pub(crate) async fn send(&self, letters: Vec<Letter>) -> Vec<Result<(), Unsent>> {
        let lane = &self.lanes[self.next.fetch_add(1, Ordering::Relaxed) % LANES];
        let mut answers = Vec::with_capacity(letters.len());
        for letter in letters {
            let (answer, receiver) = oneshot::channel();
            answers.push(receiver);
            // When the lane is gone the answer is dropped, and the receiver says so.
            let _ = lane.send(Order { letter, answer }).await;
        }
        let mut results = Vec::with_capacity(answers.len());
        for answer in answers {
            let gone = || Err(Unsent::Unreachable("the bus is closed".to_owned()));
            results.push(answer.await.unwrap_or_else(|_| gone()));
        }
        results
    }

    /// Sends one letter.
    pub(crate) async fn send_one(&self, letter: Letter) -> Result<(), Unsent> {
        self.send(vec![letter]).await.pop().unwrap_or(Ok(()))
    }
}

async fn work(link: Arc<Link>, mut inbox: mpsc::Receiver<Order>) {
    let mut channel: Option<Channel> = None;
    let mut batch = Vec::with_capacity(BATCH);
    while inbox.recv_many(&mut batch, BATCH).await > 0 {
        let orders = std::mem::take(&mut batch);
        let open = match channel.take().filter(|channel| channel.status().connected()) {
            Some(channel) => Ok(channel),
            None => open(&link).await,
        };
        match open {
            Ok(open) => {
                publish(&open, orders).await;
                channel = Some(open);
            }
            Err(error) => answer_all(orders, &Unsent::Unreachable(error.to_string())),
        }
    }
}

async fn open(link: &Link) -> Result<Channel, TransportError> {
    let channel = link.channel().await?;
    let confirm = channel.confirm_select(ConfirmSelectOptions::default());
    answer(&channel, confirm).await.map_err(|error| crate::link::unreachable(&error))?;
    Ok(channel)
}

fn answer_all(orders: Vec<Order>, unsent: &Unsent) {
    for order in orders {
        // Nobody may be waiting any more.
        let _ = order.answer.send(Err(unsent.clone()));
    }
}

/// Publishes a batch and waits for every confirm before anything of it counts.
async fn publish(channel: &Channel, orders: Vec<Order>) {
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let mut confirms = Vec::with_capacity(orders.len());
    for Order { letter, .. } in &orders {
        let (exchange, key) = (letter.exchange.as_str().into(), letter.routing_key.as_str().into());
        let properties = letter.properties.clone();
        let sent = channel.basic_publish(exchange, key, options, &letter.body, properties);
        confirms.push(answer(channel, sent).await);
    }
    let mut returned = HashSet::new();
    let mut results = Vec::with_capacity(orders.len());
    for (confirm, Order { letter, .. }) in confirms.into_iter().zip(&orders) {
        let confirmation = match confirm {
            Ok(confirm) => answer(channel, confirm).await,
            Err(error) => Err(error),
        };
        results.push(match confirmation {
            Ok(Confirmation::Ack(message)) => {
                returned.extend(message.map(Returned::read));
                Ok(())
            }
            Ok(Confirmation::Nack(message)) => {
                returned.extend(message.map(Returned::read));
                Err(Unsent::Refused)
            }
            Ok(Confirmation::NotRequested) => {
                Err(Unsent::Unreachable("the channel does not confirm".to_owned()))
            }
            Err(error) => Err(unsent(letter, &error)),
        });
    }
    for (Order { letter, answer }, result) in orders.into_iter().zip(results) {
        let back = returned.contains(&Returned::of(&letter));
        let result = if back {
            let Letter { exchange, routing_key, .. } = letter;
            let text = "returned by the broker".to_owned();
            Err(Unsent::Returned { exchange, routing_key, text })
        } else {
            result
        };
        // Nobody may be waiting any more.
        let _ = answer.send(result);
    }
}

/// Why a letter was not sent. An exchange that is missing ends the channel, and with it whatever
/// else was on its way; only the letters to that exchange are to blame.
fn unsent(letter: &Letter, error: &lapin::Error) -> Unsent {
    const NOT_FOUND: u16 = 404;
    let text = error.to_string();
    let is_named = text.contains(&format!("'{}'", letter.exchange));
    match reply_code(error) {
        Some(NOT_FOUND) if is_named => Unsent::Missing(letter.exchange.clone()),
        _ => Unsent::Unreachable(text),
    }
}

/// What a returned message is recognised by. Two of one batch may be alike (two services that
/// failed the same message); then both count as returned, which repeats one and loses none.
#[derive(PartialEq, Eq, Hash)]
struct Returned {
    exchange: String,
    routing_key: String,
    message_id: String,
}

impl Returned {
    fn of(letter: &Letter) -> Self {
        Self {
            exchange: letter.exchange.clone(),
            routing_key: letter.routing_key.clone(),
            message_id: letter.message_id.clone(),
        }
    }

    fn read(message: lapin::message::BasicReturnMessage) -> Self {
        let id = message.properties.message_id().as_ref();
        Self {
            exchange: message.exchange.as_str().to_owned(),
            routing_key: message.routing_key.as_str().to_owned(),
            message_id: id.map(|id| id.as_str().to_owned()).unwrap_or_default(),
        }
    }
}

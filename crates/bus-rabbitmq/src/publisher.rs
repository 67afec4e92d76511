//! Publishing, confirmed.
//!
//! A message counts as sent when the broker confirmed it *and* did not return it. Each lane is one
//! channel; what is under way on it, and how a return finds its message, is in [`window`].

mod window;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dolmen_bus::{Bytes, TransportError};
use lapin::options::ConfirmSelectOptions;
use lapin::{BasicProperties, Channel};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;

use crate::link::{LOOK, Link, answer};
use window::Window;

/// How many channels publish side by side.
const LANES: usize = 4;
/// How many may queue up for one before publishers wait.
const QUEUE: usize = 2048;

/// AMQP's short strings end here.
const MOST_NAME_BYTES: usize = 255;

/// A message on its way to the broker.
#[derive(Clone, Debug)]
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
    #[error(
        "returned by the broker: no queue behind exchange {exchange:?} for key {routing_key:?} \
         (`dolmen bus setup` makes it)"
    )]
    Returned { exchange: String, routing_key: String },
    #[error("exchange {0:?} does not exist (`dolmen bus setup` makes it)")]
    Missing(String),
    #[error("{0:?} has {1} bytes, and a name or a key on the broker at most 255")]
    TooLong(String, usize),
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
            unsent @ Unsent::TooLong(..) => Self::Refused(unsent.to_string()),
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
    let mut window: Option<Window> = None;
    let mut orders = Vec::with_capacity(window::MOST);
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let under_way = window.as_ref().map_or(0, Window::under_way);
        let room = match &window {
            // They get their answers before another channel is opened.
            Some(window) if under_way > 0 && !window.is_open() => 0,
            _ => window::MOST - under_way,
        };
        tokio::select! {
            biased;
            () = land(window.as_mut()), if under_way > 0 => {}
            taken = inbox.recv_many(&mut orders, room), if room > 0 => {
                if taken == 0 {
                    return;
                }
                send(&link, &mut window, sendable(&mut orders)).await;
            }
            _ = look.tick(), if under_way > 0 => window.iter_mut().for_each(Window::look_after),
        }
    }
}

async fn land(window: Option<&mut Window>) {
    match window {
        Some(window) => window.land().await,
        None => std::future::pending().await,
    }
}

/// Sends orders, on another channel if the one there is broke.
async fn send(link: &Link, window: &mut Option<Window>, orders: Vec<Order>) {
    if orders.is_empty() {
        return;
    }
    let is_usable = |window: &Window| window.under_way() > 0 || window.is_open();
    let window = match window {
        Some(open) if is_usable(open) => open,
        _ => match open(link).await {
            Ok(channel) => window.insert(Window::on(channel)),
            Err(error) => return answer_all(orders, &Unsent::Unreachable(error.to_string())),
        },
    };
    for order in orders {
        window.send(order).await;
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

/// Those that can be said in AMQP at all; the others have their answer.
fn sendable(orders: &mut Vec<Order>) -> Vec<Order> {
    let longest = |letter: &Letter| {
        let names = [&letter.exchange, &letter.routing_key];
        names.into_iter().find(|name| name.len() > MOST_NAME_BYTES).cloned()
    };
    let mut sendable = Vec::with_capacity(orders.len());
    for order in orders.drain(..) {
        match longest(&order.letter) {
            None => sendable.push(order),
            Some(name) => {
                let length = name.len();
                answer_all(vec![order], &Unsent::TooLong(name, length));
            }
        }
    }
    sendable
}

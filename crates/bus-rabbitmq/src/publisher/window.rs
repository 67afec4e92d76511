//! The letters that are under way on one channel, each with its confirm.
//!
//! The client library attaches a returned message to whichever confirm completes next, so a confirm
//! by itself says nothing about its own letter. What is certain:
//! - the broker returns a letter before it confirms it, and returns letters in their order;
//! - whenever a confirm completes, the library attaches to it the oldest return that is left.
//!
//! So there are never more returns left than letters that were returned and are not confirmed yet;
//! and once a letter *and all before it* are confirmed, none is left that is not of a letter behind
//! it. Its own is attached to a confirm that has completed by then, if only to that of a letter
//! behind it. Therefore letters get their answers in their order, and only after all confirms that
//! completed were looked at.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use lapin::message::BasicReturnMessage;
use lapin::options::BasicPublishOptions;
use lapin::{Channel, Confirmation};
use tokio::sync::oneshot;

use super::{Letter, Order, Unsent};
use crate::link::reply_code;

/// The most letters under way on one channel.
pub(super) const MOST: usize = 512;

/// A broker that confirms nothing for so long is talked about.
const SLOW: Duration = Duration::from_secs(5);

const MANDATORY: BasicPublishOptions = BasicPublishOptions { mandatory: true, immediate: false };

/// Completes with what the broker says of one letter.
type Confirming = Pin<Box<dyn Future<Output = lapin::Result<Confirmation>> + Send>>;

/// A letter without an answer.
struct Flight {
    exchange: String,
    routing_key: String,
    message_id: String,
    state: State,
    is_returned: bool,
    answer: oneshot::Sender<Result<(), Unsent>>,
}

enum State {
    UnderWay(Confirming),
    Over(Result<(), Unsent>),
}

/// What is under way on one channel.
pub(super) struct Window {
    channel: Arc<Channel>,
    flights: VecDeque<Flight>,
    /// When the last letter got its answer, or the first was sent.
    moved_at: Instant,
    is_stuck: bool,
    is_gone: bool,
}

impl Window {
    /// On a channel that confirms.
    pub(super) fn on(channel: Channel) -> Self {
        Self {
            channel: Arc::new(channel),
            flights: VecDeque::with_capacity(MOST),
            moved_at: Instant::now(),
            is_stuck: false,
            is_gone: false,
        }
    }

    /// Whether it can take letters.
    pub(super) fn is_open(&self) -> bool {
        self.channel.status().connected()
    }

    pub(super) fn under_way(&self) -> usize {
        self.flights.len()
    }

    /// Sends a letter behind those that are under way, and does not wait until it is written.
    pub(super) async fn send(&mut self, Order { letter, answer }: Order) {
        let Letter { exchange, routing_key, message_id, properties, body } = letter;
        let channel = Arc::clone(&self.channel);
        let (to, key) = (exchange.as_str().into(), routing_key.as_str().into());
        let confirming: Confirming = Box::pin(async move {
            channel.basic_publish(to, key, MANDATORY, &body, properties).await?.await
        });
        if self.flights.is_empty() {
            self.moved_at = Instant::now();
        }
        let state = State::UnderWay(confirming);
        let is_returned = false;
        let mut flight = Flight { exchange, routing_key, message_id, state, is_returned, answer };
        // The first poll hands the letter to the library, so letters go out in their order.
        let returned = poll_fn(|context| Poll::Ready(flight.look(context))).await;
        self.flights.push_back(flight);
        self.come_back(returned);
    }

    /// Waits until letters, all before them included, have their answers.
    pub(super) async fn land(&mut self) {
        poll_fn(|context| self.poll_land(context)).await;
    }

    fn poll_land(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut returned = Vec::new();
        let mut landed = 0;
        for flight in &mut self.flights {
            returned.extend(flight.look(context));
            if matches!(flight.state, State::UnderWay(_)) {
                break;
            }
            landed += 1;
        }
        if landed > 0 {
            // What is confirmed behind them may carry the return of one of them.
            returned
                .extend(self.flights.range_mut(landed..).filter_map(|flight| flight.look(context)));
        }
        self.come_back(returned);
        if landed == 0 {
            return Poll::Pending;
        }
        self.flights.drain(..landed).for_each(Flight::end);
        (self.moved_at, self.is_stuck) = (Instant::now(), false);
        Poll::Ready(())
    }

    /// Takes note of returned letters. Two that are under way may be alike (two services that
    /// failed the same message); then both count as returned, which repeats one and loses none.
    fn come_back(&mut self, returned: impl IntoIterator<Item = BasicReturnMessage>) {
        for message in returned {
            for flight in self.flights.iter_mut().filter(|flight| flight.is(&message)) {
                flight.is_returned = true;
            }
        }
    }

    /// Looks after letters that have been under way for a while.
    pub(super) fn look_after(&mut self) {
        if !self.is_open() {
            // Once more: the library may be about to say itself what ended it. It forgets what is
            // on its way to a connection in the moment in which that one ends.
            if std::mem::replace(&mut self.is_gone, true) {
                for flight in &mut self.flights {
                    flight.give_up();
                }
            }
        } else if self.moved_at.elapsed() > SLOW && !std::mem::replace(&mut self.is_stuck, true) {
            tracing::warn!(
                "the broker accepts nothing just now; waiting for it (is it short of memory or \
                 disk? `rabbitmqctl status` lists alarms)"
            );
        }
    }
}

impl Flight {
    /// Asks for the confirm; what is attached to it.
    fn look(&mut self, context: &mut Context<'_>) -> Option<BasicReturnMessage> {
        let State::UnderWay(confirming) = &mut self.state else { return None };
        let Poll::Ready(confirmed) = confirming.as_mut().poll(context) else { return None };
        let (result, returned) = match confirmed {
            Ok(Confirmation::Ack(returned)) => (Ok(()), returned),
            Ok(Confirmation::Nack(returned)) => (Err(Unsent::Refused), returned),
            Ok(Confirmation::NotRequested) => {
                (Err(Unsent::Unreachable("the channel does not confirm".to_owned())), None)
            }
            Err(error) => (Err(self.unsent(&error)), None),
        };
        self.state = State::Over(result);
        returned
    }

    fn is(&self, returned: &BasicReturnMessage) -> bool {
        let id = returned.properties.message_id().as_ref().map_or("", |id| id.as_str());
        self.exchange == returned.exchange.as_str()
            && self.routing_key == returned.routing_key.as_str()
            && self.message_id == id
    }

    fn give_up(&mut self) {
        if matches!(self.state, State::UnderWay(_)) {
            let why = "the connection ended".to_owned();
            self.state = State::Over(Err(Unsent::Unreachable(why)));
        }
    }

    fn end(self) {
        let Self { exchange, routing_key, state, is_returned, answer, .. } = self;
        let result = match state {
            _ if is_returned => Err(Unsent::Returned { exchange, routing_key }),
            State::Over(result) => result,
            // It has not landed, so it is not asked to end.
            State::UnderWay(_) => return,
        };
        // Nobody may be waiting any more.
        let _ = answer.send(result);
    }

    /// Why it was not sent. An exchange that is missing ends the channel, and with it whatever else
    /// was on its way; only the letters to that exchange are to blame.
    fn unsent(&self, error: &lapin::Error) -> Unsent {
        const NOT_FOUND: u16 = 404;
        let text = error.to_string();
        let is_named = text.contains(&format!("'{}'", self.exchange));
        match reply_code(error) {
            Some(NOT_FOUND) if is_named => Unsent::Missing(self.exchange.clone()),
            _ => Unsent::Unreachable(text),
        }
    }
}

//! The acknowledgements of one channel: those that are there at the same time go together.
//!
//! The broker numbers what it delivers on a channel, and one acknowledgement may stand for a number
//! and all before it. That one is only for numbers before which nothing is unanswered; those behind
//! a message that is still handled are acknowledged each by itself, so nobody waits for it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use lapin::options::BasicAckOptions;
use lapin::{Acker, Channel};
use tokio::sync::{mpsc, oneshot};

use crate::consumer::Unsettled;
use crate::link::{Link, answer};

/// The most that are looked at together.
const TOGETHER: usize = 512;

/// The numbers that were handed out and are neither acknowledged nor handed back.
type Unanswered = Arc<Mutex<BTreeSet<u64>>>;

/// A delivery to acknowledge.
struct Order {
    tag: u64,
    acker: Acker,
    unsettled: Arc<Unsettled>,
    answer: oneshot::Sender<lapin::Result<bool>>,
}

/// A channel that messages come on, and what of it is unanswered.
#[derive(Debug)]
pub(crate) struct Acks {
    channel: Channel,
    /// Its connection, which ends with this.
    _link: Arc<Link>,
    unanswered: Unanswered,
    orders: mpsc::UnboundedSender<Order>,
}

impl Acks {
    /// Acknowledges on a channel until it is dropped.
    pub(crate) fn on(channel: Channel, link: &Arc<Link>) -> Arc<Self> {
        let unanswered = Unanswered::default();
        let (orders, inbox) = mpsc::unbounded_channel();
        tokio::spawn(work(channel.clone(), Arc::clone(&unanswered), inbox));
        Arc::new(Self { channel, _link: Arc::clone(link), unanswered, orders })
    }

    pub(crate) fn channel(&self) -> &Channel {
        &self.channel
    }

    /// A delivery is handed out. Everything before it was, or went back to its queue already.
    pub(crate) fn handed_out(&self, tag: u64) {
        self.unanswered.lock().unwrap_or_else(PoisonError::into_inner).insert(tag);
    }

    /// The broker was sent the delivery back: not earlier, or it would be acknowledged.
    pub(crate) fn handed_back(&self, tag: u64) {
        self.unanswered.lock().unwrap_or_else(PoisonError::into_inner).remove(&tag);
    }

    /// Acknowledges a delivery, also when nobody waits for the answer; `false` when the channel
    /// closed.
    pub(crate) async fn ack(
        &self,
        tag: u64,
        acker: Acker,
        unsettled: Arc<Unsettled>,
    ) -> lapin::Result<bool> {
        let (answer, answered) = oneshot::channel();
        if let Err(unsent) = self.orders.send(Order { tag, acker, unsettled, answer }) {
            unsent.0.unsettled.one_less();
        }
        answered.await.unwrap_or(Ok(false))
    }
}

async fn work(channel: Channel, unanswered: Unanswered, mut inbox: mpsc::UnboundedReceiver<Order>) {
    let mut orders = Vec::with_capacity(TOGETHER);
    while inbox.recv_many(&mut orders, TOGETHER).await > 0 {
        let run = {
            let mut unanswered = unanswered.lock().unwrap_or_else(PoisonError::into_inner);
            take(&mut unanswered, orders.iter().map(|order| order.tag))
        };
        let (last, single): (Vec<_>, Vec<_>) =
            orders.drain(..).partition(|order| run.is_some_and(|last| order.tag <= last));
        let single = single.into_iter().map(|order| async {
            let result = answer(&channel, order.acker.ack(BasicAckOptions::default())).await;
            end(order, result);
        });
        tokio::join!(together(&channel, last), join_all(single));
    }
}

/// Takes tags out of what is unanswered; the last of them before which nothing is.
fn take(unanswered: &mut BTreeSet<u64>, tags: impl Iterator<Item = u64> + Clone) -> Option<u64> {
    for tag in tags.clone() {
        unanswered.remove(&tag);
    }
    let first = unanswered.first().copied();
    tags.filter(|&tag| first.is_none_or(|first| tag < first)).max()
}

/// Acknowledges a run of deliveries by its last.
async fn together(channel: &Channel, run: Vec<Order>) {
    let Some(last) = run.iter().max_by_key(|order| order.tag) else { return };
    let acker = last.acker.clone();
    let result = answer(channel, acker.ack(BasicAckOptions { multiple: true })).await;
    for order in run {
        end(order, result.clone());
    }
}

fn end(order: Order, result: lapin::Result<bool>) {
    order.unsettled.one_less();
    // Nobody may be waiting any more.
    let _ = order.answer.send(result);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_ends_before_what_is_unanswered() {
        let mut unanswered: BTreeSet<u64> = (1..=6).collect();
        // 3 is still handled: 5 goes by itself, and 1 and 2 go together.
        assert_eq!(take(&mut unanswered, [5, 1, 2].into_iter()), Some(2));
        assert_eq!(take(&mut unanswered, [6].into_iter()), None);
        assert_eq!(take(&mut unanswered, [3].into_iter()), Some(3));
        assert_eq!(unanswered, BTreeSet::from([4]));
        // What was handed back is in nobody's way.
        unanswered.remove(&4);
        unanswered.insert(7);
        assert_eq!(take(&mut unanswered, [7].into_iter()), Some(7));
    }
}

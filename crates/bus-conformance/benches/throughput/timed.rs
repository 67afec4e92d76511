//! A bus of which one worker is measured: when its last delivery ended.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use async_trait::async_trait;
use dolmen_bus::{
    Aside, Capabilities, Change, Consumer, Delivery, Depth, DrainError, Event, KeepFailed, Message,
    Mode, Parcel, Position, PublishError, Receipt, See, SettleError, Settled, Settlement,
    Subscription, Topology, Transport, TransportError, Waiting, Wanted,
};
use dolmen_model::Time;
use tokio::sync::Notify;

/// How many deliveries ended, and when the last of those that are measured did.
pub(crate) struct Ends {
    measured: usize,
    count: AtomicUsize,
    last: OnceLock<Instant>,
    bell: Notify,
}

impl Ends {
    pub(crate) fn of(measured: usize) -> Arc<Self> {
        let (count, last, bell) = (AtomicUsize::new(0), OnceLock::new(), Notify::new());
        Arc::new(Self { measured, count, last, bell })
    }

    /// When the last delivery ended; waits for it.
    pub(crate) async fn last(&self) -> Instant {
        loop {
            if let Some(last) = self.last.get() {
                return *last;
            }
            self.bell.notified().await;
        }
    }

    fn one_more(&self) {
        if self.count.fetch_add(1, Ordering::Relaxed) + 1 == self.measured {
            let _ = self.last.set(Instant::now());
            self.bell.notify_one();
        }
    }
}

/// What a worker needs of a bus, without the one look at the journal that it takes in its life,
/// which is no part of what a message costs.
pub(crate) struct Timed {
    pub(crate) bus: Arc<dyn Transport>,
    pub(crate) ends: Arc<Ends>,
}

struct TimedConsumer {
    consumer: Box<dyn Consumer>,
    ends: Arc<Ends>,
}

struct TimedReceipt {
    receipt: Box<dyn Receipt>,
    ends: Arc<Ends>,
}

#[async_trait]
impl Receipt for TimedReceipt {
    async fn settle(&mut self, settlement: &Settlement) -> Result<Settled, SettleError> {
        let settled = self.receipt.settle(settlement).await?;
        self.ends.one_more();
        Ok(settled)
    }
}

#[async_trait]
impl Consumer for TimedConsumer {
    async fn next(&mut self) -> Result<Delivery, TransportError> {
        let delivery = self.consumer.next().await?;
        let receipt = TimedReceipt { receipt: delivery.receipt, ends: Arc::clone(&self.ends) };
        Ok(Delivery { receipt: Box::new(receipt), ..delivery })
    }

    async fn close(self: Box<Self>) -> Result<(), TransportError> {
        self.consumer.close().await
    }
}

#[async_trait]
impl Transport for Timed {
    fn capabilities(&self) -> Capabilities {
        self.bus.capabilities()
    }

    async fn subscribe(&self, want: &Subscription) -> Result<Box<dyn Consumer>, TransportError> {
        let consumer = self.bus.subscribe(want).await?;
        Ok(Box::new(TimedConsumer { consumer, ends: Arc::clone(&self.ends) }))
    }

    async fn paused_at(&self, _: &str) -> Result<Option<Time>, TransportError> {
        Ok(None)
    }

    async fn record(&self, event: Event) -> Result<(), TransportError> {
        self.bus.record(event).await
    }

    async fn setup(&self, _: &Topology, _: Mode) -> Result<Vec<Change>, TransportError> {
        unreachable!("it is set up")
    }

    async fn remove(&self, _: &str) -> Result<(), TransportError> {
        unreachable!("nothing is removed")
    }

    async fn publish(&self, _: Vec<Message>) -> Result<(), PublishError> {
        unreachable!("everything is published")
    }

    async fn send(&self, _: &str, _: Vec<Parcel>) -> Result<(), PublishError> {
        unreachable!("everything is published")
    }

    async fn depths(&self) -> Result<Vec<Depth>, TransportError> {
        unreachable!("the worker is told when to stop")
    }

    async fn look(&self, _: Aside, _: &mut See<'_>) -> Result<(), TransportError> {
        unreachable!("a worker does not look")
    }

    async fn take(
        &self,
        _: Aside,
        _: &mut Wanted<'_>,
        _: &dyn KeepFailed,
    ) -> Result<usize, DrainError> {
        unreachable!("no worker's work")
    }

    async fn count_unrouted(&self) -> Result<u64, TransportError> {
        unreachable!("a worker does not look")
    }

    async fn waiting(&self) -> Result<Vec<Waiting>, TransportError> {
        unreachable!("a worker does not look")
    }

    async fn release(&self, _: &str, _: &str) -> Result<bool, TransportError> {
        unreachable!("no worker's work")
    }

    async fn cancel(&self, _: &str, _: &str) -> Result<bool, TransportError> {
        unreachable!("no worker's work")
    }

    async fn journal(&self, _: Option<Position>, _: usize) -> Result<Vec<Event>, TransportError> {
        unreachable!("a worker does not look")
    }
}

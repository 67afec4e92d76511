//! A transport whose receipts are not confirmed the first few times.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use dolmen_bus::{
    Aside, Capabilities, Change, Consumer, Delivery, Depth, DrainError, Event, KeepFailed, Message,
    Mode, Parcel, Position, PublishError, Receipt, See, SettleError, Settled, Settlement,
    Subscription, Topology, Transport, TransportError, Waiting, Wanted,
};

struct Refusing {
    bus: Arc<dyn Transport>,
    times: usize,
    refusals: Arc<AtomicUsize>,
}

/// `bus`, except that settling says so many times that nobody confirmed.
pub(crate) fn refuse(
    bus: Arc<dyn Transport>,
    times: usize,
    refusals: Arc<AtomicUsize>,
) -> Arc<dyn Transport> {
    Arc::new(Refusing { bus, times, refusals })
}

struct RefusingConsumer {
    consumer: Box<dyn Consumer>,
    times: usize,
    refusals: Arc<AtomicUsize>,
}

struct RefusingReceipt {
    receipt: Box<dyn Receipt>,
    times: usize,
    refusals: Arc<AtomicUsize>,
}

#[async_trait]
impl Receipt for RefusingReceipt {
    async fn settle(&mut self, settlement: &Settlement) -> Result<Settled, SettleError> {
        if self.times > 0 {
            self.times -= 1;
            self.refusals.fetch_add(1, Ordering::SeqCst);
            return Err(SettleError::NotYet("as asked".to_owned()));
        }
        self.receipt.settle(settlement).await
    }
}

#[async_trait]
impl Consumer for RefusingConsumer {
    async fn next(&mut self) -> Result<Delivery, TransportError> {
        let Delivery { message, envelope, redeliveries, receipt } = self.consumer.next().await?;
        let refusals = Arc::clone(&self.refusals);
        let receipt = Box::new(RefusingReceipt { receipt, times: self.times, refusals });
        Ok(Delivery { message, envelope, redeliveries, receipt })
    }

    async fn close(self: Box<Self>) -> Result<(), TransportError> {
        self.consumer.close().await
    }
}

#[async_trait]
impl Transport for Refusing {
    fn capabilities(&self) -> Capabilities {
        self.bus.capabilities()
    }

    async fn setup(&self, topology: &Topology, mode: Mode) -> Result<Vec<Change>, TransportError> {
        self.bus.setup(topology, mode).await
    }

    async fn remove(&self, service: &str) -> Result<(), TransportError> {
        self.bus.remove(service).await
    }

    async fn publish(&self, messages: Vec<Message>) -> Result<(), PublishError> {
        self.bus.publish(messages).await
    }

    async fn send(&self, service: &str, parcels: Vec<Parcel>) -> Result<(), PublishError> {
        self.bus.send(service, parcels).await
    }

    async fn subscribe(&self, want: &Subscription) -> Result<Box<dyn Consumer>, TransportError> {
        let consumer = self.bus.subscribe(want).await?;
        let refusals = Arc::clone(&self.refusals);
        Ok(Box::new(RefusingConsumer { consumer, times: self.times, refusals }))
    }

    async fn depths(&self) -> Result<Vec<Depth>, TransportError> {
        self.bus.depths().await
    }

    async fn look(&self, aside: Aside, see: &mut See<'_>) -> Result<(), TransportError> {
        self.bus.look(aside, see).await
    }

    async fn take(
        &self,
        aside: Aside,
        wanted: &mut Wanted<'_>,
        keeper: &dyn KeepFailed,
    ) -> Result<usize, DrainError> {
        self.bus.take(aside, wanted, keeper).await
    }

    async fn count_unrouted(&self) -> Result<u64, TransportError> {
        self.bus.count_unrouted().await
    }

    async fn waiting(&self) -> Result<Vec<Waiting>, TransportError> {
        self.bus.waiting().await
    }

    async fn release(&self, message_id: &str, service: &str) -> Result<bool, TransportError> {
        self.bus.release(message_id, service).await
    }

    async fn cancel(&self, message_id: &str, service: &str) -> Result<bool, TransportError> {
        self.bus.cancel(message_id, service).await
    }

    async fn journal(
        &self,
        position: Option<Position>,
        most: usize,
    ) -> Result<Vec<Event>, TransportError> {
        self.bus.journal(position, most).await
    }

    async fn record(&self, event: Event) -> Result<(), TransportError> {
        self.bus.record(event).await
    }
}

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use dolmen_bus::{
    ALONE_FROM, Consumer, Delivery, Receipt, SettleError, Settled, Settlement, Subscription,
    TransportError,
};
use dolmen_model::Time;
use tokio::sync::{Notify, oneshot, watch};

use crate::Shared;
use crate::claim::{Claimed, Found, Held, Untouched, Want, claim, give_back};
use crate::settle::{Ended, Ending, settle};
use crate::writer::{WriteError, answer};

/// How often to look for what another process wrote; what this one writes is known at once.
const LOOK: Duration = Duration::from_millis(50);

type Looking = oneshot::Receiver<Result<Option<Found>, WriteError>>;

/// One service's messages, taken in handfuls.
pub(crate) struct SqliteConsumer {
    shared: Arc<Shared>,
    service: String,
    prefetch: usize,
    /// Taken, but not handed out.
    fetched: VecDeque<Claimed>,
    /// A look that is under way: `next` may be dropped meanwhile.
    looking: Option<Looking>,
    /// Handed out and not settled.
    unsettled: Arc<Unsettled>,
    /// What this process wrote since the last look.
    written: watch::Receiver<()>,
    next_due: Option<Time>,
}

/// How many deliveries of a consumer are unsettled, and a bell for when it is one less.
#[derive(Debug, Default)]
struct Unsettled {
    count: AtomicUsize,
    /// One of them is suspect of killing its worker, and therefore the only one.
    suspect: AtomicBool,
    fewer: Notify,
}

impl SqliteConsumer {
    pub(crate) fn new(shared: Arc<Shared>, want: &Subscription) -> Self {
        Self {
            written: shared.written.subscribe(),
            shared,
            service: want.service.clone(),
            prefetch: usize::from(want.prefetch.max(1)),
            fetched: VecDeque::new(),
            looking: None,
            unsettled: Arc::default(),
            next_due: None,
        }
    }

    fn hand_out(&self, claimed: Claimed) -> Delivery {
        self.unsettled.count.fetch_add(1, Ordering::SeqCst);
        let suspect = claimed.redeliveries >= ALONE_FROM;
        self.unsettled.suspect.store(suspect, Ordering::SeqCst);
        let receipt = SqliteReceipt {
            shared: Arc::clone(&self.shared),
            held: claimed.held,
            message: claimed.message.clone(),
            attempt: claimed.envelope.attempt,
            unsettled: Arc::clone(&self.unsettled),
            open: true,
        };
        Delivery {
            message: claimed.message,
            envelope: claimed.envelope,
            redeliveries: claimed.redeliveries,
            receipt: Box::new(receipt),
        }
    }

    /// Orders a look for as many as there is room for; `None` when there is none.
    fn look(&self) -> Option<Looking> {
        let unsettled = self.unsettled.count.load(Ordering::SeqCst);
        let most = self.prefetch.saturating_sub(unsettled);
        let suspect = unsettled > 0 && self.unsettled.suspect.load(Ordering::SeqCst);
        if most == 0 || suspect {
            return None;
        }
        let service = self.service.clone();
        let holder = self.shared.holder;
        let redelivery_limit = self.shared.redelivery_limit;
        let want = Want { service, holder, most, alone: unsettled == 0, redelivery_limit };
        let now = self.shared.clock.now();
        Some(self.shared.writer.write(move |connection| claim(connection, &want, now)))
    }

    /// Waits until a look may find something.
    async fn wait(&mut self) -> Result<(), TransportError> {
        let due = async {
            match self.next_due {
                Some(due) => self.shared.clock.sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        let elsewhere = async {
            loop {
                tokio::time::sleep(LOOK).await;
                match self.shared.anything_due(&self.service).await {
                    Ok(false) => {}
                    Ok(true) => return Ok(()),
                    Err(error) => return Err(error),
                }
            }
        };
        tokio::select! {
            () = self.unsettled.fewer.notified() => Ok(()),
            // The sender is in `shared`.
            _ = self.written.changed() => Ok(()),
            () = due => Ok(()),
            result = elsewhere => result,
        }
    }
}

#[async_trait]
impl Consumer for SqliteConsumer {
    async fn next(&mut self) -> Result<Delivery, TransportError> {
        loop {
            if let Some(claimed) = self.fetched.pop_front() {
                return Ok(self.hand_out(claimed));
            }
            if self.looking.is_none() {
                self.written.mark_unchanged();
                self.looking = self.look();
            }
            let Some(looking) = &mut self.looking else {
                // Whatever is due: there is room once a delivery has ended, not before.
                self.unsettled.fewer.notified().await;
                continue;
            };
            let found = looking.await.unwrap_or(Err(WriteError::Closed));
            self.looking = None;
            let found = found.map_err(crate::unreachable)?;
            let Some(found) = found else {
                return Err(TransportError::NotSetUp(format!("service {}", self.service)));
            };
            self.next_due = found.next_due;
            self.fetched.extend(found.claimed);
            if self.fetched.is_empty() {
                self.wait().await?;
            }
        }
    }

    async fn close(mut self: Box<Self>) -> Result<(), TransportError> {
        if let Some(looking) = self.looking.take()
            && let Ok(Some(found)) = answer(looking).await
        {
            self.fetched.extend(found.claimed);
        }
        let held: Vec<Held> = self.fetched.drain(..).map(|claimed| claimed.held).collect();
        self.shared.give_back(held, Untouched::Yes).await.map_err(crate::unreachable)
    }
}

impl Drop for SqliteConsumer {
    fn drop(&mut self) {
        if let Some(looking) = self.looking.take() {
            let shared = Arc::clone(&self.shared);
            // Without a runtime the process ends, and its lease with it.
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(async move {
                    if let Ok(Some(found)) = answer(looking).await {
                        let held = found.claimed.iter().map(|claimed| claimed.held).collect();
                        let _ = shared.give_back(held, Untouched::Yes).await;
                    }
                });
            }
        }
        let held: Vec<Held> = self.fetched.drain(..).map(|claimed| claimed.held).collect();
        drop(self.shared.order_give_back(held, Untouched::Yes));
    }
}

struct SqliteReceipt {
    shared: Arc<Shared>,
    held: Held,
    message: dolmen_bus::Message,
    attempt: u32,
    unsettled: Arc<Unsettled>,
    open: bool,
}

impl SqliteReceipt {
    fn closed(&mut self) {
        self.open = false;
        self.unsettled.count.fetch_sub(1, Ordering::SeqCst);
        // Kept for the consumer when it is not waiting just now.
        self.unsettled.fewer.notify_one();
    }
}

#[async_trait]
impl Receipt for SqliteReceipt {
    async fn settle(&mut self, settlement: &Settlement) -> Result<Settled, SettleError> {
        if !self.open {
            return Err(SettleError::Lost("it was settled before".to_owned()));
        }
        let ending = Ending {
            held: self.held,
            message: self.message.clone(),
            attempt: self.attempt,
            settlement: settlement.clone(),
        };
        let now = self.shared.clock.now();
        let settled = self.shared.writer.write(move |connection| settle(connection, ending, now));
        let settled = answer(settled).await;
        match settled {
            Ok(Ended::As(settled)) => {
                self.closed();
                if !matches!(settlement, Settlement::Done { .. } | Settlement::Fail { .. }) {
                    self.shared.written.send_replace(());
                }
                Ok(settled)
            }
            Ok(Ended::NotOurs) => {
                self.closed();
                Err(SettleError::Lost("this process was taken for dead".to_owned()))
            }
            Ok(Ended::NoWay(why)) => Err(SettleError::NoWay(why)),
            Err(error) => Err(SettleError::NotYet(error.to_string())),
        }
    }
}

impl Drop for SqliteReceipt {
    fn drop(&mut self) {
        if self.open {
            drop(self.shared.order_give_back(vec![self.held], Untouched::NobodyKnows));
            self.closed();
        }
    }
}

impl Shared {
    /// Gives deliveries back and waits until it is on disk.
    async fn give_back(&self, held: Vec<Held>, untouched: Untouched) -> Result<(), WriteError> {
        match self.order_give_back(held, untouched) {
            Some(order) => answer(order).await,
            None => Ok(()),
        }
    }

    fn order_give_back(
        &self,
        held: Vec<Held>,
        untouched: Untouched,
    ) -> Option<oneshot::Receiver<Result<(), WriteError>>> {
        if held.is_empty() {
            return None;
        }
        let order = self.writer.write(move |connection| {
            for held in held {
                give_back(connection, held, untouched)?;
            }
            Ok(())
        });
        self.written.send_replace(());
        Some(order)
    }
}

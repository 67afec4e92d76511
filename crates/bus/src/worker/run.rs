use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::delivery::{Ended, How, Shared};
use super::{Summary, Worker, WorkerError};
use crate::handler::Handler;
use crate::journal::{Event, What};
use crate::recoverability::{Change, Observed, Outage};
use crate::transport::{Consumer, Delivery, Subscription};
use crate::{Bytes, Message, Transport, TransportError};

/// After the grace time, how long handing back may take.
const HAND_BACK: Duration = Duration::from_secs(5);

/// How long after the bus could not be reached it is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// When a run ends.
pub(super) enum End<S> {
    /// When this completes.
    Told(S),
    /// When no message is ready, or the service pauses.
    Idle,
}

/// A worker at work.
pub(super) struct Run<H> {
    transport: Arc<dyn Transport>,
    shared: Arc<Shared<H>>,
    tasks: JoinSet<Ended>,
    consumer: Option<Box<dyn Consumer>>,
    outage: Outage,
    concurrency: usize,
    prefetch: u16,
    grace: Duration,
    idle_after: Duration,
    summary: Summary,
}

/// What happened next.
enum Next {
    Stop,
    Ended(Result<Ended, JoinError>),
    Delivery(Box<Delivery>),
    Failed(TransportError),
    Consume,
    Quiet,
}

impl<H: Handler> Run<H> {
    pub(super) fn new(worker: Worker<H>, prefetch: u16) -> Self {
        let outage = Outage::new(&worker.policy);
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let shared = Shared {
            handler: worker.handler,
            service: worker.service.into(),
            host,
            policy: worker.policy,
            time_limit: worker.time_limit,
            contracts: worker.contracts,
            clock: worker.clock,
            cut: CancellationToken::new(),
        };
        Self {
            transport: worker.transport,
            shared: Arc::new(shared),
            tasks: JoinSet::new(),
            consumer: None,
            outage,
            concurrency: worker.concurrency,
            prefetch,
            grace: worker.grace,
            idle_after: worker.idle_after,
            summary: Summary::default(),
        }
    }

    pub(super) async fn until<S>(mut self, end: End<S>) -> Result<Summary, WorkerError>
    where
        S: Future<Output = ()>,
    {
        let idle = matches!(end, End::Idle);
        let mut stop = pin!(async {
            match end {
                End::Told(stop) => stop.await,
                End::Idle => std::future::pending().await,
            }
        });
        self.subscribe().await?;
        let result = loop {
            match self.next(stop.as_mut(), idle).await {
                Next::Stop => break Ok(()),
                Next::Ended(ended) => self.ended(ended).await,
                Next::Delivery(delivery) => {
                    self.tasks.spawn(Arc::clone(&self.shared).process(*delivery));
                }
                Next::Failed(error) => break Err(error.into()),
                Next::Consume => match self.subscribe().await {
                    Ok(()) => {}
                    Err(TransportError::Unreachable(why)) => {
                        tracing::warn!(service = %self.shared.service, why, "cannot consume yet");
                        tokio::time::sleep(RETRY).await;
                    }
                    Err(error) => break Err(error.into()),
                },
                Next::Quiet if self.outage.probe_at().is_some() => break Ok(()),
                Next::Quiet => match self.is_done().await {
                    Ok(true) => break Ok(()),
                    Ok(false) => {}
                    Err(error) => break Err(error.into()),
                },
            }
        };
        self.drain().await;
        result.map(|()| self.summary)
    }

    /// Waits for what comes first.
    async fn next(&mut self, stop: impl Future<Output = ()>, idle: bool) -> Next {
        let probe_at = self.outage.probe_at();
        // While paused there is one message at a time: the probe.
        let room = if probe_at.is_some() { 1 } else { self.concurrency };
        let busy = self.tasks.len();
        let clock = &self.shared.clock;
        let consumer = self.consumer.as_mut();
        let consuming = consumer.is_some();
        // A probe comes when it is due and nothing else is under way; else there is no waiting.
        let consume = !consuming && (probe_at.is_none() || (busy == 0 && !idle));
        tokio::select! {
            biased;
            () = stop => Next::Stop,
            Some(ended) = self.tasks.join_next() => Next::Ended(ended),
            next = receive(consumer), if consuming && busy < room => match next {
                Ok(delivery) => Next::Delivery(Box::new(delivery)),
                Err(error) => Next::Failed(error),
            },
            () = due(clock.as_ref(), probe_at), if consume => Next::Consume,
            () = tokio::time::sleep(self.idle_after), if idle && busy == 0 => Next::Quiet,
        }
    }

    /// Starts to consume: everything, or while the service is paused one message as a probe.
    async fn subscribe(&mut self) -> Result<(), TransportError> {
        let prefetch = if self.outage.probe_at().is_some() { 1 } else { self.prefetch };
        let want = Subscription { service: self.shared.service.to_string(), prefetch };
        self.consumer = Some(self.transport.subscribe(&want).await?);
        Ok(())
    }

    /// Stops consuming and hands back what nobody started on.
    async fn unsubscribe(&mut self) {
        if let Some(consumer) = self.consumer.take()
            && let Err(error) = consumer.close().await
        {
            tracing::warn!(service = %self.shared.service, %error, "cannot stop consuming cleanly");
        }
    }

    /// Takes note of a delivery's end, and pauses or resumes the service.
    async fn ended(&mut self, ended: Result<Ended, JoinError>) {
        let ended = match ended {
            Ok(ended) => ended,
            Err(error) => {
                // Panics of handlers are caught, so this one is ours; the receipt was dropped
                // with it, and the message comes again.
                tracing::error!(service = %self.shared.service, %error, "a delivery broke off");
                self.summary.lost += 1;
                return;
            }
        };
        self.count(ended.how);
        let probing = self.outage.probe_at().is_some();
        // A probe that says nothing about the service did not get through either.
        let observed = ended.observed.or(probing.then_some(Observed::Unavailable));
        let Some(observed) = observed else { return };
        let now = self.shared.clock.now();
        let change = self.outage.observe(&ended.message.id, observed, now);
        let Some(change) = change else { return };
        let service = &self.shared.service;
        let what = match change {
            Change::Paused(probe_at) => {
                tracing::warn!(%service, %probe_at, "paused: it cannot reach what it needs");
                Some(What::Paused)
            }
            Change::StillPaused(probe_at) => {
                tracing::info!(%service, %probe_at, "still paused");
                None
            }
            Change::Resumed => {
                tracing::info!(%service, "works again");
                Some(What::Resumed)
            }
        };
        // Paused: nothing until the probe. Resumed: the probe's own subscription is too narrow.
        self.unsubscribe().await;
        if let Some(what) = what {
            self.record(what, &ended.message).await;
        }
    }

    // `&mut self` here and below: a consumer may move between threads, not be shared by them.
    async fn record(&mut self, what: What, message: &Message) {
        let message = Message { body: Bytes::new(), ..message.clone() };
        let mut event = Event::new(what, self.shared.clock.now(), message);
        event.service = Some(self.shared.service.to_string());
        if let Err(error) = self.transport.record(event).await {
            tracing::warn!(%error, "cannot write to the journal");
        }
    }

    fn count(&mut self, how: How) {
        let counter = match how {
            How::Done => &mut self.summary.done,
            How::Softfailed => &mut self.summary.softfailed,
            How::Hardfailed => &mut self.summary.hardfailed,
            How::Forwarded => &mut self.summary.forwarded,
            How::HandedBack => &mut self.summary.handed_back,
            How::Lost => &mut self.summary.lost,
        };
        *counter += 1;
    }

    /// Whether no message is ready for this service.
    async fn is_done(&mut self) -> Result<bool, TransportError> {
        let depths = self.transport.depths().await?;
        let mine = depths.iter().find(|depth| *depth.service == *self.shared.service);
        Ok(mine.is_none_or(|depth| depth.ready == 0))
    }

    /// Takes nothing new, lets handlers finish, then stops them.
    async fn drain(&mut self) {
        self.unsubscribe().await;
        let grace = tokio::time::sleep(self.grace);
        let mut grace = pin!(grace);
        let mut last = None;
        loop {
            tokio::select! {
                ended = self.tasks.join_next() => match ended {
                    Some(Ok(ended)) => self.count(ended.how),
                    Some(Err(_)) => self.summary.lost += 1,
                    None => return,
                },
                () = &mut grace, if last.is_none() => {
                    let still = self.tasks.len();
                    tracing::warn!(service = %self.shared.service, still, "the grace time is over");
                    self.shared.cut.cancel();
                    last = Some(tokio::time::Instant::now() + HAND_BACK);
                }
                () = sleep_until(last), if last.is_some() => {
                    self.tasks.abort_all();
                    last = Some(tokio::time::Instant::now() + HAND_BACK);
                }
            }
        }
    }
}

async fn receive(consumer: Option<&mut Box<dyn Consumer>>) -> Result<Delivery, TransportError> {
    match consumer {
        Some(consumer) => consumer.next().await,
        None => std::future::pending().await,
    }
}

/// Returns when it is `time`; at once without one.
async fn due(clock: &dyn crate::Clock, time: Option<dolmen_model::Time>) {
    if let Some(time) = time {
        clock.sleep_until(time).await;
    }
}

async fn sleep_until(instant: Option<tokio::time::Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

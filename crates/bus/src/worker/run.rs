use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::delivery::{Ended, How, Shared};
use super::{Summary, Worker, WorkerError};
use crate::handler::Handler;
use crate::journal::{Event, What};
use crate::key::Pattern;
use crate::recoverability::{self, Observed, Outage};
use crate::topology::{Change, ChangeAction, Mode, ServiceSpec, Topology};
use crate::transport::{Consumer, Delivery, Subscription};
use crate::{Bytes, Message, Transport, TransportError};

/// After the grace time, how long handing back may take.
const HAND_BACK: Duration = Duration::from_secs(5);

/// How long after the bus could not be reached it is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Whether a run ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Only when it is told to.
    Told,
    /// Also when no message is ready, or the service pauses.
    Idle,
}

/// A worker at work.
pub(super) struct Run<H> {
    transport: Arc<dyn Transport>,
    shared: Arc<Shared<H>>,
    tasks: JoinSet<Ended>,
    /// What is to be set up before the first subscription, if anything.
    topology: Option<Topology>,
    consumer: Option<Box<dyn Consumer>>,
    /// When to subscribe again after the bus could not be reached.
    again_at: Option<Instant>,
    outage: Outage,
    concurrency: usize,
    prefetch: u16,
    grace: Duration,
    idle_after: Duration,
    summary: Summary,
    /// Whether the journal was, or is being, told that the service works.
    known_to_work: bool,
    /// Telling it, beside the work: a journal may be long, and a broker may take nothing just now.
    telling: Option<JoinHandle<()>>,
    /// Nobody needs to know any more how the journal says that the service stands.
    enough: CancellationToken,
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
    pub(super) fn new(worker: Worker<H>, listen: Vec<Pattern>, prefetch: u16) -> Self {
        let (name, policy) = (worker.service.clone(), worker.policy.clone());
        let services = vec![ServiceSpec { name, listen, policy }];
        let topology = (!services[0].listen.is_empty()).then_some(Topology { services });
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
            suspects: Mutex::default(),
        };
        Self {
            transport: worker.transport,
            shared: Arc::new(shared),
            tasks: JoinSet::new(),
            topology,
            consumer: None,
            again_at: None,
            outage,
            concurrency: worker.concurrency,
            prefetch,
            grace: worker.grace,
            idle_after: worker.idle_after,
            summary: Summary::default(),
            known_to_work: false,
            telling: None,
            enough: CancellationToken::new(),
        }
    }

    /// Works until `stop` completes, or earlier as `end` says.
    pub(super) async fn until(
        self,
        stop: impl Future<Output = ()>,
        end: End,
    ) -> Result<Summary, WorkerError> {
        let told = CancellationToken::new();
        let mut working = pin!(self.work(told.clone(), end));
        // Side by side: what it waits for may need the bus, and hold what the worker needs.
        tokio::select! {
            biased;
            result = &mut working => return result,
            () = stop => told.cancel(),
        }
        working.await
    }

    async fn work(mut self, told: CancellationToken, end: End) -> Result<Summary, WorkerError> {
        let idle = end == End::Idle;
        let result = loop {
            match self.next(&told, idle).await {
                Next::Stop => break Ok(()),
                Next::Ended(ended) => self.ended(ended).await,
                Next::Delivery(delivery) => {
                    self.tasks.spawn(Arc::clone(&self.shared).process(*delivery));
                }
                Next::Failed(error) => {
                    if let Err(error) = self.try_later(error) {
                        break Err(error.into());
                    }
                }
                Next::Consume => match told.run_until_cancelled(self.subscribe()).await {
                    None => break Ok(()),
                    Some(Ok(())) => {}
                    Some(Err(error)) => {
                        if let Err(error) = self.try_later(error) {
                            break Err(error.into());
                        }
                    }
                },
                Next::Quiet if self.outage.probe_at().is_some() => break Ok(()),
                Next::Quiet => match told.run_until_cancelled(self.is_done()).await {
                    None | Some(Ok(true)) => break Ok(()),
                    Some(Ok(false)) => {}
                    Some(Err(error)) => {
                        if let Err(error) = self.try_later(error) {
                            break Err(error.into());
                        }
                    }
                },
            }
        };
        self.drain().await;
        self.told(&told).await;
        result.map(|()| self.summary)
    }

    /// Waits for what comes first.
    async fn next(&mut self, told: &CancellationToken, idle: bool) -> Next {
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
            () = told.cancelled() => Next::Stop,
            Some(ended) = self.tasks.join_next() => Next::Ended(ended),
            next = receive(consumer), if consuming && busy < room => match next {
                Ok(delivery) => Next::Delivery(Box::new(delivery)),
                Err(error) => Next::Failed(error),
            },
            () = due(clock.as_ref(), probe_at, self.again_at), if consume => Next::Consume,
            // Quiet is who listens, or is paused; not who has yet to subscribe.
            () = tokio::time::sleep(self.idle_after), if idle && busy == 0 && !consume => {
                Next::Quiet
            }
        }
    }

    /// Starts to consume: everything, or while the service is paused one message as a probe.
    async fn subscribe(&mut self) -> Result<(), TransportError> {
        if let Some(topology) = &self.topology {
            set_up(&*self.transport, topology).await?;
            self.topology = None;
        }
        let prefetch = if self.outage.probe_at().is_some() { 1 } else { self.prefetch };
        let want = Subscription { service: self.shared.service.to_string(), prefetch };
        self.consumer = Some(self.transport.subscribe(&want).await?);
        self.again_at = None;
        Ok(())
    }

    /// After an error of the bus: subscribes again in a while when it only was not reached.
    fn try_later(&mut self, error: TransportError) -> Result<(), TransportError> {
        let TransportError::Unreachable(why) = error else { return Err(error) };
        tracing::warn!(service = %self.shared.service, why, "cannot consume; trying again");
        // What it fetched goes back.
        self.consumer = None;
        self.again_at = Some(Instant::now() + RETRY);
        Ok(())
    }

    /// Stops consuming and hands back what nobody started on; a bus that does not answer takes it
    /// back by itself.
    async fn unsubscribe(&mut self) {
        let Some(consumer) = self.consumer.take() else { return };
        let service = &self.shared.service;
        match tokio::time::timeout(HAND_BACK, consumer.close()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%service, %error, "cannot stop consuming cleanly"),
            Err(_) => tracing::warn!(%service, "the bus does not answer, so it is not waited for"),
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
        if observed == Observed::Reached {
            self.works(&ended.message);
        }
        let now = self.shared.clock.now();
        let change = self.outage.observe(&ended.message.id, observed, now);
        let Some(change) = change else { return };
        let service = &self.shared.service;
        let why = match ended.cannot_run {
            Some(why) => format!("the handler cannot be run: {why}"),
            None => "it cannot reach what it needs".to_owned(),
        };
        let outcome = match change {
            recoverability::Change::Paused(probe_at) => {
                tracing::warn!(%service, %probe_at, "paused: {why}");
                Some((What::Paused, Some(why)))
            }
            recoverability::Change::StillPaused(probe_at) => {
                tracing::info!(%service, %probe_at, "still paused: {why}");
                None
            }
            recoverability::Change::Resumed => {
                tracing::info!(%service, "works again");
                Some((What::Resumed, None))
            }
        };
        // Paused: nothing until the probe. Resumed: the probe's own subscription is too narrow.
        self.unsubscribe().await;
        if let Some((what, reason)) = outcome {
            // From here on this process has said itself how the service stands.
            self.known_to_work = true;
            self.enough.cancel();
            self.tell(self.event(what, reason, &ended.message));
        }
    }

    /// Writes into the journal, after what is being written.
    fn tell(&mut self, event: Event) {
        let transport = Arc::clone(&self.transport);
        let before = self.telling.take();
        self.telling = Some(tokio::spawn(async move {
            if let Some(before) = before
                && let Err(error) = before.await
            {
                tracing::warn!(%error, "telling the journal broke off");
            }
            record(&*transport, event).await;
        }));
    }

    fn event(&self, what: What, reason: Option<String>, message: &Message) -> Event {
        let message = Message { body: Bytes::new(), ..message.clone() };
        let mut event = Event::new(what, self.shared.clock.now(), message);
        event.service = Some(self.shared.service.to_string());
        event.reason = reason;
        event
    }

    /// A message got through. A process that paused the service and ended cannot tell the journal
    /// that it works again, so the next one does; beside its work, for a journal may be long.
    fn works(&mut self, message: &Message) {
        if std::mem::replace(&mut self.known_to_work, true) {
            return;
        }
        let transport = Arc::clone(&self.transport);
        let service = Arc::clone(&self.shared.service);
        let event = self.event(What::Resumed, None, message);
        let enough = self.enough.clone();
        self.telling = Some(tokio::spawn(async move {
            match enough.run_until_cancelled(transport.paused_at(&service)).await {
                Some(Ok(Some(since))) => {
                    tracing::info!(%service, %since, "works again");
                    record(&*transport, event).await;
                }
                // Who has said so itself, or is told to stop, leaves it to the next.
                Some(Ok(None)) | None => {}
                Some(Err(error)) => {
                    tracing::warn!(%service, %error, "cannot tell whether it is paused");
                }
            }
        }));
    }

    /// Waits until the journal is told. Who is told to stop does not wait until a long journal is
    /// read; what is being written gets its time.
    async fn told(&mut self, stop: &CancellationToken) {
        let Some(telling) = self.telling.take() else { return };
        let enough = &self.enough;
        let looking_no_longer = async {
            stop.cancelled().await;
            enough.cancel();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            biased;
            told = tokio::time::timeout(HAND_BACK, telling) => if told.is_err() {
                let service = &self.shared.service;
                tracing::warn!(%service, "the journal is not told in time how it stands");
            },
            () = looking_no_longer => {}
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
    // `&mut self`: a consumer may move between threads, not be shared by them.
    async fn is_done(&mut self) -> Result<bool, TransportError> {
        Ok(self.transport.ready(&self.shared.service).await? == 0)
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
                    last = Some(Instant::now() + HAND_BACK);
                }
                () = sleep_until(last), if last.is_some() => {
                    self.tasks.abort_all();
                    last = Some(Instant::now() + HAND_BACK);
                }
            }
        }
    }
}

async fn set_up(transport: &dyn Transport, topology: &Topology) -> Result<(), TransportError> {
    for change in transport.setup(topology, Mode::Apply).await? {
        let Change { action, object, note } = change;
        match action {
            ChangeAction::Declare | ChangeAction::Conflict => {}
            ChangeAction::Warn => tracing::warn!("{object}: {}", note.unwrap_or_default()),
            _ => tracing::info!("{} {object}", action.as_str()),
        }
    }
    Ok(())
}

async fn record(transport: &dyn Transport, event: Event) {
    if let Err(error) = transport.record(event).await {
        tracing::warn!(%error, "cannot write to the journal");
    }
}

async fn receive(consumer: Option<&mut Box<dyn Consumer>>) -> Result<Delivery, TransportError> {
    match consumer {
        Some(consumer) => consumer.next().await,
        None => std::future::pending().await,
    }
}

/// Returns when it is `time`, and not before `again_at`; at once without them.
async fn due(
    clock: &dyn crate::Clock,
    time: Option<dolmen_model::Time>,
    again_at: Option<Instant>,
) {
    if let Some(again_at) = again_at {
        tokio::time::sleep_until(again_at).await;
    }
    if let Some(time) = time {
        clock.sleep_until(time).await;
    }
}

async fn sleep_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

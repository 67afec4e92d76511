//! The end of a delivery: where its message goes next, confirmed; the record in the journal,
//! confirmed; then the acknowledgement.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use dolmen_bus::{
    ALONE_FROM, Envelope, Event, Message, Receipt, Return, SettleError, Settled, Settlement, What,
    after, until,
};
use dolmen_model::Time;
use lapin::Acker;

use crate::acks::Acks;
use crate::consumer::Unsettled;
use crate::link::hand_back;
use crate::names::seconds;
use crate::publisher::Unsent;
use crate::{Journal, Shared};

pub(crate) struct RabbitReceipt {
    shared: Arc<Shared>,
    service: String,
    /// Its channel, kept open for the acknowledgement.
    acks: Arc<Acks>,
    tag: u64,
    acker: Option<Acker>,
    message: Message,
    /// As it came.
    envelope: Envelope,
    redeliveries: u32,
    unsettled: Arc<Unsettled>,
    done: Done,
}

/// How far a settlement got: what is confirmed is not sent again.
#[derive(Clone, Debug, Default)]
struct Done {
    sent: Option<Settled>,
    recorded: bool,
}

impl RabbitReceipt {
    pub(crate) fn new(
        shared: Arc<Shared>,
        service: String,
        (acks, tag, acker): (Arc<Acks>, u64, Acker),
        (message, envelope): (Message, Envelope),
        redeliveries: u32,
        unsettled: Arc<Unsettled>,
    ) -> Self {
        Self {
            shared,
            service,
            acks,
            tag,
            acker: Some(acker),
            message,
            envelope,
            redeliveries,
            unsettled,
            done: Done::default(),
        }
    }

    /// Sends the message where it goes next.
    async fn send_on(&self, settlement: &Settlement) -> Result<Settled, SettleError> {
        let shared = &self.shared;
        let (to, envelope) = match settlement {
            Settlement::Done { .. } => return Ok(Settled::Done),
            Settlement::Wait { delay, latest, back, envelope, .. } => {
                let wait = (*delay, *latest, *back);
                return shared.wait(&self.service, &self.message, wait, envelope).await;
            }
            Settlement::Fail { envelope, .. } => ((String::new(), shared.names.failed()), envelope),
            // Straight into its queue: behind `deliver` nobody would hear that it is not there.
            Settlement::Forward { service, envelope, .. } => {
                ((String::new(), shared.names.service(service)), envelope)
            }
            // A copy of its own starts counting anew; see `settle`.
            Settlement::HandBack | Settlement::PutBack => {
                ((shared.names.deliver(), self.service.clone()), &self.envelope)
            }
        };
        match (shared.send(to, &self.message, envelope).await, settlement) {
            (Ok(()), _) => Ok(Settled::Done),
            (Err(Unsent::Returned { .. }), Settlement::Forward { service, .. }) => {
                Err(SettleError::NoWay(format!("the bus has no service {service}")))
            }
            (Err(unsent), _) => Err(not_yet(unsent)),
        }
    }

    /// The record of a settlement; `None` for what nobody tried.
    fn event(&self, settlement: &Settlement, settled: Settled) -> Option<Event> {
        let (what, took, envelope) = match settlement {
            Settlement::Done { took } => (What::Done, took, None),
            Settlement::Wait { took, envelope, .. } => (What::Softfail, took, Some(envelope)),
            Settlement::Fail { took, envelope } => (What::Hardfail, took, Some(envelope)),
            Settlement::Forward { took, envelope, .. } => (What::Forwarded, took, Some(envelope)),
            Settlement::HandBack | Settlement::PutBack => return None,
        };
        let mut event = Event::new(what, self.shared.now(), self.message.clone());
        event.service = Some(self.service.clone());
        event.attempt = self.envelope.attempt;
        event.took = Some(*took);
        let errors = envelope.map_or(&[][..], |envelope| &envelope.errors);
        event.errors = match what {
            What::Hardfail => errors.to_vec(),
            _ => errors.last().cloned().into_iter().collect(),
        };
        event.reason = envelope.and_then(|envelope| envelope.reason.clone());
        if let Settled::Until(due_at) = settled {
            event.due_at = Some(due_at);
        }
        if let Settlement::Forward { service, .. } = settlement {
            event.to = Some(service.clone());
        }
        Some(event)
    }

    fn closed(&mut self) {
        if self.acker.take().is_some() {
            self.unsettled.one_less();
        }
    }
}

#[async_trait]
impl Receipt for RabbitReceipt {
    async fn settle(&mut self, settlement: &Settlement) -> Result<Settled, SettleError> {
        let Some(acker) = self.acker.clone() else {
            return Err(SettleError::Lost("it was settled before".to_owned()));
        };
        if !acker.usable() {
            self.closed();
            return Err(SettleError::Lost("its channel is closed".to_owned()));
        }
        // Handing back counts as a redelivery on the broker. So that a service that pauses again
        // and again runs into no limit, what was handed back a few times is sent anew instead.
        if *settlement == Settlement::HandBack && self.redeliveries < ALONE_FROM {
            let result = hand_back(self.acks.channel(), &acker).await;
            self.closed();
            return match result {
                Ok(()) => {
                    self.acks.handed_back(self.tag);
                    Ok(Settled::Done)
                }
                Err(error) => Err(SettleError::Lost(error.to_string())),
            };
        }
        let settled = match self.done.sent {
            Some(settled) => settled,
            None => self.send_on(settlement).await?,
        };
        self.done.sent = Some(settled);
        if !self.done.recorded
            && self.shared.options.journal == Journal::On
            && let Some(event) = self.event(settlement, settled)
        {
            self.shared.record_outcome(event).await.map_err(not_yet)?;
        }
        self.done.recorded = true;
        // From here on it is acknowledged, whoever still waits for that: it has its end.
        self.acker = None;
        match self.acks.ack(self.tag, acker, Arc::clone(&self.unsettled)).await {
            Ok(true) => Ok(settled),
            Ok(false) => Err(SettleError::Lost("its channel closed meanwhile".to_owned())),
            Err(error) => Err(SettleError::Lost(error.to_string())),
        }
    }
}

impl Drop for RabbitReceipt {
    fn drop(&mut self) {
        if let Some(acker) = self.acker.take() {
            self.unsettled.one_less();
            // Without a runtime the process ends, and the broker takes everything back.
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                let (acks, tag) = (Arc::clone(&self.acks), self.tag);
                runtime.spawn(async move {
                    match hand_back(acks.channel(), &acker).await {
                        Ok(()) => acks.handed_back(tag),
                        Err(error) => tracing::debug!(%error, "the broker takes the delivery back"),
                    }
                });
            }
        }
    }
}

impl Shared {
    /// Sends a message into the wait that is long enough and ends early enough; until when it waits.
    async fn wait(
        &self,
        service: &str,
        message: &Message,
        (delay, latest, back): (Duration, Option<Time>, Return),
        envelope: &Envelope,
    ) -> Result<Settled, SettleError> {
        let mut least = seconds(delay);
        loop {
            let now = self.now();
            // Whole seconds, as there are no other waits; what was decided some milliseconds ago
            // still holds.
            let most = latest.map(|latest| until(now, latest).map_or(0, seconds));
            let Some(rung) = self.rung(least, most, back) else {
                let most = most.unwrap_or_default();
                return Err(SettleError::NoWay(format!("no wait is as short as {most} s")));
            };
            let due_at = after(now, Duration::from_secs(rung));
            let envelope = Envelope { due_at: Some(due_at), ..envelope.clone() };
            let exchange = self.names.wait(rung, back);
            // On its way back to everybody it keeps its own key; to one service, that one's name.
            let key = match back {
                Return::Service => service.to_owned(),
                Return::Exchange => message.routing_key.clone(),
            };
            match self.send((exchange, key), message, &envelope).await {
                Ok(()) => return Ok(Settled::Until(due_at)),
                Err(unsent) if self.forget_rung(rung, back, &unsent) => {
                    least = least.max(rung + 1);
                }
                Err(unsent) => return Err(not_yet(unsent)),
            }
        }
    }
}

fn not_yet(unsent: Unsent) -> SettleError {
    SettleError::NotYet(unsent.to_string())
}

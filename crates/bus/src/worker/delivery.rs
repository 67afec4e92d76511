//! One delivery from its message to its end.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use super::suspects::Suspects;
use crate::failure::FailedAttempt;
use crate::handler::{Handler, Incoming};
use crate::message::continue_trace;
use crate::recoverability::{Action, History, Observed, Policy, decide, instead};
use crate::transport::{Delivery, Receipt, SettleError, Settlement};
use crate::{Clock, Contracts, Envelope, Failure, Message, Nature, Remedy, after};

/// The longest pause between two tries to end a delivery.
const LONGEST_BACKOFF: Duration = Duration::from_secs(10);

/// What all deliveries of a worker share.
pub(super) struct Shared<H> {
    pub(super) handler: H,
    pub(super) service: Arc<str>,
    pub(super) host: String,
    pub(super) policy: Policy,
    pub(super) time_limit: Duration,
    pub(super) contracts: Arc<Contracts>,
    pub(super) clock: Arc<dyn Clock>,
    /// The grace time is over.
    pub(super) cut: CancellationToken,
    pub(super) suspects: Mutex<Suspects>,
}

/// How a delivery ended.
pub(super) struct Ended {
    pub(super) message: Arc<Message>,
    pub(super) how: How,
    /// What it says about the service; `None` when it says nothing.
    pub(super) observed: Option<Observed>,
    /// Why the handler cannot be run at all, if so.
    pub(super) cannot_run: Option<String>,
}

/// What became of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Done,
    Softfailed,
    Hardfailed,
    Forwarded,
    HandedBack,
    Lost,
}

impl<H: Handler> Shared<H> {
    /// Handles one message and ends its delivery.
    pub(super) async fn process(self: Arc<Self>, delivery: Delivery) -> Ended {
        let Delivery { message, envelope, redeliveries, mut receipt } = delivery;
        let message = Arc::new(message);
        let started = Instant::now();
        let result = match self.contracts.check(&message) {
            Ok(()) => self.call(&message, &envelope).await,
            Err(violation) => {
                let text = format!("breaks its contract: {violation}");
                Some(Err(Failure::technical(text).code("contract")))
            }
        };
        let took = started.elapsed();
        let result = result.map(|result| self.blame(result, &message.id));
        let observed = result.as_ref().and_then(observe);
        let cannot_run = match &result {
            Some(Err(Failure { remedy: Remedy::Pause, text, .. })) => Some(text.clone()),
            _ => None,
        };
        let (receipt, id) = (receipt.as_mut(), message.id.as_str());
        let ended = match result {
            None => self.settle(receipt, &Settlement::HandBack, id).await.map(|()| How::HandedBack),
            Some(Ok(())) => {
                self.settle(receipt, &Settlement::Done { took }, id).await.map(|()| How::Done)
            }
            Some(Err(failure)) => self.end_failed(receipt, failure, envelope, took, id).await,
        };
        let how = ended.unwrap_or(How::Lost);
        tracing::debug!(service = %self.service, message_id = id, redeliveries, ?how);
        Ended { message, how, observed, cannot_run }
    }

    /// Runs the handler; `None` when the grace time ended first.
    async fn call(
        &self,
        message: &Arc<Message>,
        envelope: &Envelope,
    ) -> Option<Result<(), Failure>> {
        let incoming = Incoming {
            message: Arc::clone(message),
            service: Arc::clone(&self.service),
            attempt: envelope.attempt,
            errors: envelope.errors.clone().into(),
            traceparent: message.traceparent.as_deref().and_then(continue_trace),
        };
        let handled = AssertUnwindSafe(self.handler.handle(incoming)).catch_unwind();
        tokio::select! {
            result = tokio::time::timeout(self.time_limit, handled) => Some(match result {
                Ok(Ok(result)) => result,
                Ok(Err(panic)) => {
                    let text = panic_text(panic.as_ref());
                    Err(Failure::technical(text).code("panic").softfail())
                }
                Err(_) => {
                    let text = format!("not done after {:?}", self.time_limit);
                    Err(Failure::technical(text).code("time-limit").softfail())
                }
            }),
            () = self.cut.cancelled() => None,
        }
    }

    /// Who could not be run for this message again and again, and was run for others meanwhile, can
    /// be run: then the message follows the rule of ten.
    fn blame(&self, result: Result<(), Failure>, message_id: &str) -> Result<(), Failure> {
        let mut suspects = self.suspects.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Err(failure) if failure.remedy == Remedy::Pause => {
                Err(if suspects.blames(message_id) { failure.softfail() } else { failure })
            }
            result => {
                if observe(&result) == Some(Observed::Reached) {
                    suspects.ran(message_id);
                }
                result
            }
        }
    }

    /// Ends the delivery of a message that failed: as [`decide`] decides, and where the transport
    /// has no way for that, as [`instead`] does.
    async fn end_failed(
        &self,
        receipt: &mut dyn Receipt,
        failure: Failure,
        mut envelope: Envelope,
        took: Duration,
        message_id: &str,
    ) -> Result<How, Unsettled> {
        let now = self.clock.now();
        let history = History::of(&envelope, &self.service);
        let mut action = decide(&failure, history, &self.policy, now);
        let (service, host, attempt) =
            (self.service.to_string(), self.host.clone(), envelope.attempt);
        envelope.record(FailedAttempt { failure, service, host, time: now, attempt });
        loop {
            let (settlement, how) = self.settlement(&action, envelope.clone(), took);
            let unsettled = match self.settle(receipt, &settlement, message_id).await {
                Ok(()) => return Ok(how),
                Err(unsettled) => unsettled,
            };
            let history = History::of(&envelope, &self.service);
            let other = instead(&action, history, &self.policy);
            if unsettled == Unsettled::Lost || other == action {
                return Err(unsettled);
            }
            action = other;
        }
    }

    /// An action as a settlement.
    fn settlement(
        &self,
        action: &Action,
        mut envelope: Envelope,
        took: Duration,
    ) -> (Settlement, How) {
        match action {
            Action::Wait(delay) => {
                envelope.attempt = envelope.attempt.saturating_add(1);
                let (delay, back) = (*delay, self.policy.back());
                let within = self.policy.within().zip(envelope.first_failed_at);
                let latest = within.map(|(within, first)| after(first, within));
                (Settlement::Wait { delay, latest, back, envelope, took }, How::Softfailed)
            }
            Action::Fail(reason) => {
                envelope.reason = Some(reason.to_string());
                (Settlement::Fail { envelope, took }, How::Hardfailed)
            }
            Action::Forward(service) => {
                envelope.forwarded_by.push(self.service.to_string());
                // The other service's history is its own: its first attempt, its own limit.
                envelope.attempt = 1;
                envelope.first_failed_at = None;
                envelope.service = Some(service.clone());
                let service = service.clone();
                (Settlement::Forward { service, envelope, took }, How::Forwarded)
            }
            Action::Pause => (Settlement::PutBack, How::HandedBack),
        }
    }

    /// Ends the delivery, however long nobody confirms: the handler is never run again for it.
    async fn settle(
        &self,
        receipt: &mut dyn Receipt,
        settlement: &Settlement,
        message_id: &str,
    ) -> Result<(), Unsettled> {
        let mut backoff = Duration::from_millis(100);
        loop {
            match receipt.settle(settlement).await {
                Ok(_) => return Ok(()),
                Err(SettleError::Lost(why)) => {
                    tracing::warn!(service = %self.service, message_id, why, "delivered again");
                    return Err(Unsettled::Lost);
                }
                Err(SettleError::NoWay(why)) => {
                    tracing::warn!(service = %self.service, message_id, why, "ended otherwise");
                    return Err(Unsettled::NoWay);
                }
                Err(SettleError::NotYet(why)) => {
                    tracing::warn!(service = %self.service, message_id, why, "cannot end a delivery yet");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(backoff) => backoff = (backoff * 2).min(LONGEST_BACKOFF),
                () = self.cut.cancelled() => return Err(Unsettled::Lost),
            }
        }
    }
}

/// Why a delivery was not ended as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unsettled {
    /// It is no longer ours, or the grace time is over.
    Lost,
    /// It must be ended otherwise.
    NoWay,
}

/// What one result says about the service. A signal, a time limit, a panic say nothing.
fn observe(result: &Result<(), Failure>) -> Option<Observed> {
    let Err(failure) = result else { return Some(Observed::Reached) };
    match (&failure.remedy, failure.nature) {
        (Remedy::Pause, _) => Some(Observed::CannotRun),
        (_, Nature::Availability) => Some(Observed::Unavailable),
        // The handler never saw it.
        _ if failure.code.as_deref() == Some("contract") => None,
        (Remedy::Softfail, Nature::Technical) => None,
        _ => Some(Observed::Reached),
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    format!("the handler panicked: {text}")
}

//! Where a delivery's message goes next, in the same transaction as the delivery's end.

use std::time::Duration;

use dolmen_bus::{Envelope, Event, Message, Return, Settled, Settlement, What, after};
use dolmen_model::Time;
use rusqlite::Connection;

use crate::claim::{Held, Untouched, end, give_back, put_back};
use crate::route::{deliver, record};
use crate::rows::write_envelope;

/// One delivery to be ended.
pub(crate) struct Ending {
    pub(crate) held: Held,
    pub(crate) message: Message,
    pub(crate) attempt: u32,
    pub(crate) settlement: Settlement,
}

/// Ends a delivery; `None` when it was no longer ours, and then nothing changes.
pub(crate) fn settle(
    connection: &Connection,
    ending: Ending,
    now: Time,
) -> rusqlite::Result<Option<Settled>> {
    let Ending { held, message, attempt, settlement } = ending;
    if settlement == Settlement::HandBack {
        let ours = give_back(connection, held, Untouched::Yes)?;
        return Ok(ours.then_some(Settled::Done));
    }
    if settlement == Settlement::PutBack {
        let ours = put_back(connection, held, now)?;
        return Ok(ours.then_some(Settled::Done));
    }
    let Some(service) = end(connection, held)? else { return Ok(None) };
    let seq = held.message;
    let key = message.routing_key.clone();
    let event = |what, took: Duration| {
        let mut event = Event::new(what, now, message);
        event.service = Some(service.clone());
        event.attempt = attempt;
        event.took = Some(took);
        event
    };
    let last = |envelope: &Envelope| envelope.errors.last().cloned().into_iter().collect();
    match settlement {
        Settlement::HandBack | Settlement::PutBack => Ok(None),
        Settlement::Done { took } => {
            record(connection, seq, &event(What::Done, took))?;
            Ok(Some(Settled::Done))
        }
        Settlement::Wait { delay, back, mut envelope, took } => {
            let due = after(now, delay);
            envelope.due_at = Some(due);
            let state = match back {
                Return::Service => "ready",
                Return::Exchange => "again",
            };
            let text = write_envelope(&envelope, &key);
            deliver(connection, seq, &service, state, due, text.as_deref())?;
            let mut event = event(What::Softfail, took);
            event.errors = last(&envelope);
            event.due_at = Some(due);
            record(connection, seq, &event)?;
            Ok(Some(Settled::Until(due)))
        }
        Settlement::Fail { envelope, took } => {
            let text = write_envelope(&envelope, &key);
            deliver(connection, seq, &service, "failed", now, text.as_deref())?;
            let mut event = event(What::Hardfail, took);
            event.errors = envelope.errors;
            event.reason = envelope.reason;
            record(connection, seq, &event)?;
            Ok(Some(Settled::Done))
        }
        Settlement::Forward { service: to, envelope, took } => {
            let text = write_envelope(&envelope, &key);
            deliver(connection, seq, &to, "ready", now, text.as_deref())?;
            let mut event = event(What::Forwarded, took);
            event.errors = last(&envelope);
            event.to = Some(to);
            record(connection, seq, &event)?;
            Ok(Some(Settled::Done))
        }
    }
}

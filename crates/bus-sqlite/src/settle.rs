//! Where a delivery's message goes next, in the same transaction as the delivery's end.

use std::time::Duration;

use dolmen_bus::{Envelope, Event, Message, Return, Settled, Settlement, What, after};
use dolmen_model::Time;
use rusqlite::Connection;

use crate::claim::{Held, Untouched, end, give_back, put_back};
use crate::read::has_service;
use crate::route::{deliver, record};
use crate::rows::write_envelope;

/// One delivery to be ended.
pub(crate) struct Ending {
    pub(crate) held: Held,
    pub(crate) message: Message,
    pub(crate) attempt: u32,
    pub(crate) settlement: Settlement,
}

/// What came of it.
pub(crate) enum Ended {
    As(Settled),
    /// It was no longer ours, and nothing changed.
    NotOurs,
    /// It cannot end like that, and nothing changed.
    NoWay(String),
}

/// Ends a delivery.
pub(crate) fn settle(
    connection: &Connection,
    ending: Ending,
    now: Time,
) -> rusqlite::Result<Ended> {
    let Ending { held, message, attempt, settlement } = ending;
    let given_back = |is_ours| if is_ours { Ended::As(Settled::Done) } else { Ended::NotOurs };
    match &settlement {
        Settlement::HandBack => {
            return give_back(connection, held, Untouched::Yes).map(given_back);
        }
        Settlement::PutBack => return put_back(connection, held, now).map(given_back),
        Settlement::Forward { service, .. } if !has_service(connection, service)? => {
            return Ok(Ended::NoWay(format!("the bus has no service {service}")));
        }
        Settlement::Wait { latest: Some(latest), .. } if *latest < now => {
            return Ok(Ended::NoWay(format!("it was not to wait until later than {latest}")));
        }
        _ => {}
    }
    let Some(service) = end(connection, held)? else { return Ok(Ended::NotOurs) };
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
        Settlement::HandBack | Settlement::PutBack => Ok(Ended::NotOurs),
        Settlement::Done { took } => {
            record(connection, seq, &event(What::Done, took))?;
            Ok(Ended::As(Settled::Done))
        }
        Settlement::Wait { delay, latest, back, mut envelope, took } => {
            let due = after(now, delay);
            let due = latest.map_or(due, |latest| due.min(latest));
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
            Ok(Ended::As(Settled::Until(due)))
        }
        Settlement::Fail { envelope, took } => {
            let text = write_envelope(&envelope, &key);
            deliver(connection, seq, &service, "failed", now, text.as_deref())?;
            let mut event = event(What::Hardfail, took);
            event.errors = envelope.errors;
            event.reason = envelope.reason;
            record(connection, seq, &event)?;
            Ok(Ended::As(Settled::Done))
        }
        Settlement::Forward { service: to, envelope, took } => {
            let text = write_envelope(&envelope, &key);
            deliver(connection, seq, &to, "ready", now, text.as_deref())?;
            let mut event = event(What::Forwarded, took);
            event.errors = last(&envelope);
            event.to = Some(to);
            record(connection, seq, &event)?;
            Ok(Ended::As(Settled::Done))
        }
    }
}

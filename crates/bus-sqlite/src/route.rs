//! A message's way to the services that listen to it, and its record in the journal.

use dolmen_bus::{Envelope, Event, Message, Pattern, What};
use dolmen_model::Time;
use rusqlite::{Connection, named_params, params};

use crate::rows::{insert_message, write_envelope, write_errors};

/// What every service listens to, as it is in this transaction.
pub(crate) struct Bindings(Vec<(String, Pattern)>);

impl Bindings {
    pub(crate) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut statement =
            connection.prepare_cached("SELECT service, pattern FROM binding ORDER BY service")?;
        let rows = statement
            .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        let mut bindings = Vec::new();
        for row in rows {
            let (service, pattern) = row?;
            // Only patterns were written; another program's nonsense hears nothing.
            if let Ok(pattern) = Pattern::new(&pattern) {
                bindings.push((service, pattern));
            }
        }
        Ok(Self(bindings))
    }

    /// Every service that hears `key`, once.
    fn hearing(&self, key: &str) -> Vec<&str> {
        let mut services: Vec<&str> = self
            .0
            .iter()
            .filter(|(_, pattern)| pattern.matches(key))
            .map(|(service, _)| service.as_str())
            .collect();
        services.dedup();
        services
    }
}

/// Publishes one message to everybody who listens.
pub(crate) fn publish(
    connection: &Connection,
    bindings: &Bindings,
    message: &Message,
    now: Time,
) -> rusqlite::Result<()> {
    let seq = insert_message(connection, message, now)?;
    fan_out(connection, bindings, seq, message, &Envelope::default(), now)
}

/// Hands a message that is written to everybody who listens, or to nobody, visibly.
pub(crate) fn fan_out(
    connection: &Connection,
    bindings: &Bindings,
    seq: i64,
    message: &Message,
    envelope: &Envelope,
    now: Time,
) -> rusqlite::Result<()> {
    let text = write_envelope(envelope, &message.routing_key);
    let services = bindings.hearing(&message.routing_key);
    for service in &services {
        deliver(connection, seq, service, "ready", now, text.as_deref())?;
    }
    if services.is_empty() {
        deliver(connection, seq, "", "unrouted", now, text.as_deref())?;
    }
    let mut event = Event::new(What::Published, now, message.clone());
    event.attempt = envelope.attempt;
    record(connection, seq, &event)
}

/// One delivery of a message that is written.
pub(crate) fn deliver(
    connection: &Connection,
    seq: i64,
    service: &str,
    state: &str,
    due: Time,
    envelope: Option<&str>,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO delivery (message, service, state, due, envelope)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![seq, service, state, due.micros(), envelope])?;
    Ok(())
}

/// One record of the journal about a message that is written.
pub(crate) fn record(connection: &Connection, seq: i64, event: &Event) -> rusqlite::Result<()> {
    let took = event.took.map(|took| i64::try_from(took.as_micros()).unwrap_or(i64::MAX));
    connection
        .prepare_cached(
            "INSERT INTO journal (at, what, message, service, attempt, errors, due_at, target,
                 took, reason)
             VALUES (:at, :what, :message, :service, :attempt, :errors, :due_at, :target,
                 :took, :reason)",
        )?
        .execute(named_params! {
            ":at": event.at.micros(),
            ":what": event.what.as_str(),
            ":message": seq,
            ":service": event.service,
            ":attempt": event.attempt,
            ":errors": write_errors(&event.errors),
            ":due_at": event.due_at.map(Time::micros),
            ":target": event.to,
            ":took": took,
            ":reason": event.reason,
        })?;
    Ok(())
}

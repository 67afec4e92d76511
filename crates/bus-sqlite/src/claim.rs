//! Deliveries taken by a process, given back, and taken away from one that died.

use dolmen_bus::{ALONE_FROM, Envelope, Event, Message, What};
use dolmen_model::Time;
use rusqlite::{Connection, OptionalExtension, params};

use crate::read::has_service;
use crate::route::{Bindings, fan_out, record};
use crate::rows::{MESSAGE, message, read_envelope, write_envelope};

/// A delivery that this process holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) id: i64,
    pub(crate) message: i64,
    pub(crate) holder: i64,
    /// How often it was taken: who held it before holds it no longer.
    pub(crate) claim: i64,
}

/// A delivery just taken.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(crate) held: Held,
    pub(crate) message: Message,
    pub(crate) envelope: Envelope,
    pub(crate) redeliveries: u32,
}

/// What one look for deliveries found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) claimed: Vec<Claimed>,
    /// When the next is due; `None` when none waits.
    pub(crate) next_due: Option<Time>,
}

/// What is looked for.
#[derive(Debug)]
pub(crate) struct Want {
    pub(crate) service: String,
    pub(crate) holder: i64,
    /// How many at most.
    pub(crate) most: usize,
    /// Whether the consumer has nothing unsettled: only then may a suspect be taken, alone.
    pub(crate) alone: bool,
    /// How many redeliveries make a message hopeless.
    pub(crate) redelivery_limit: u32,
}

/// Takes deliveries that are due. `None` when the service does not exist.
pub(crate) fn claim(
    connection: &Connection,
    want: &Want,
    now: Time,
) -> rusqlite::Result<Option<Found>> {
    if !has_service(connection, &want.service)? {
        return Ok(None);
    }
    publish_again(connection, now)?;
    let sql = format!(
        "SELECT delivery.id, delivery.message, delivery.claim + 1, delivery.redeliveries,
             delivery.envelope, {MESSAGE}
         FROM delivery JOIN message ON message.seq = delivery.message
         WHERE service = ?1 AND state = 'ready' AND holder IS NULL AND due <= ?2
             AND redeliveries < ?4
         ORDER BY due, delivery.id LIMIT ?3"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let most = i64::try_from(want.most).unwrap_or(i64::MAX);
    let mut rows =
        statement.query(params![want.service, now.micros(), most, want.redelivery_limit])?;
    let mut claimed: Vec<Claimed> = Vec::new();
    while let Some(row) = rows.next()? {
        let redeliveries: u32 = row.get(3)?;
        let suspect = redeliveries >= ALONE_FROM;
        if suspect && !(want.alone && claimed.is_empty()) {
            break;
        }
        let held =
            Held { id: row.get(0)?, message: row.get(1)?, holder: want.holder, claim: row.get(2)? };
        let envelope = read_envelope(row.get(4)?);
        claimed.push(Claimed { held, message: message(row, 5)?, envelope, redeliveries });
        if suspect {
            break;
        }
    }
    let mut take =
        connection.prepare_cached("UPDATE delivery SET holder = ?1, claim = ?2 WHERE id = ?3")?;
    for Claimed { held, .. } in &claimed {
        take.execute([held.holder, held.claim, held.id])?;
    }
    let next_due = connection
        .prepare_cached(
            "SELECT min(due) FROM (
                 SELECT min(due) AS due FROM delivery
                 WHERE service = ?1 AND state = 'ready' AND holder IS NULL AND due > ?2
                 UNION ALL
                 SELECT min(due) FROM delivery WHERE state = 'again'
             )",
        )?
        .query_row(params![want.service, now.micros()], |row| row.get::<_, Option<i64>>(0))?
        .map(Time::from_micros);
    Ok(Some(Found { claimed, next_due }))
}

/// Whether something may be had now, without taking the write lock.
pub(crate) fn anything_due(
    connection: &Connection,
    service: &str,
    now: Time,
) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT NOT EXISTS (SELECT 1 FROM service WHERE name = ?1)
                 OR EXISTS (SELECT 1 FROM delivery WHERE service = ?1 AND state = 'ready'
                     AND holder IS NULL AND due <= ?2)
                 OR EXISTS (SELECT 1 FROM delivery WHERE state = 'again' AND due <= ?2)",
        )?
        .query_row(params![service, now.micros()], |row| row.get(0))
}

/// Publishes what waited to go to everybody again (`return = "exchange"`).
fn publish_again(connection: &Connection, now: Time) -> rusqlite::Result<()> {
    let sql = format!(
        "SELECT delivery.id, delivery.message, delivery.envelope, {MESSAGE}
         FROM delivery JOIN message ON message.seq = delivery.message
         WHERE state = 'again' AND due <= ?1 ORDER BY due, delivery.id LIMIT 1000"
    );
    let due: Vec<(i64, i64, Envelope, Message)> = connection
        .prepare_cached(&sql)?
        .query_map([now.micros()], |row| {
            Ok((row.get(0)?, row.get(1)?, read_envelope(row.get(2)?), message(row, 3)?))
        })?
        .collect::<Result<_, _>>()?;
    if due.is_empty() {
        return Ok(());
    }
    let bindings = Bindings::read(connection)?;
    for (id, seq, envelope, message) in due {
        connection.prepare_cached("DELETE FROM delivery WHERE id = ?1")?.execute([id])?;
        fan_out(connection, &bindings, seq, &message, &envelope, now)?;
    }
    Ok(())
}

/// Registers this process; its number.
pub(crate) fn register(connection: &Connection, alive_until: Time) -> rusqlite::Result<i64> {
    connection.execute(
        "INSERT INTO holder (process, alive_until) VALUES (?1, ?2)",
        params![std::process::id(), alive_until.micros()],
    )?;
    Ok(connection.last_insert_rowid())
}

/// Says that this process is alive, and gives back what dead ones held.
pub(crate) fn look_after(
    connection: &Connection,
    holder: i64,
    alive_until: Time,
    system_now: Time,
) -> rusqlite::Result<()> {
    let alive = connection
        .prepare_cached("UPDATE holder SET alive_until = ?2 WHERE id = ?1")?
        .execute(params![holder, alive_until.micros()])?;
    if alive == 0 {
        // We slept for too long and were taken for dead; what we held is somebody else's.
        connection.execute(
            "INSERT INTO holder (id, process, alive_until) VALUES (?1, ?2, ?3)",
            params![holder, std::process::id(), alive_until.micros()],
        )?;
    }
    let dead: Vec<i64> = connection
        .prepare_cached("SELECT id FROM holder WHERE alive_until < ?1 AND id <> ?2")?
        .query_map(params![system_now.micros(), holder], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for id in dead {
        tracing::info!(holder = id, "a process of the bus died; its messages are delivered again");
        bury(connection, id)?;
    }
    Ok(())
}

/// Gives back everything that one process held, as redeliveries, and forgets the process.
pub(crate) fn bury(connection: &Connection, holder: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE delivery SET holder = NULL, redeliveries = redeliveries + 1 WHERE holder = ?1",
        )?
        .execute([holder])?;
    connection.prepare_cached("DELETE FROM holder WHERE id = ?1")?.execute([holder])?;
    Ok(())
}

/// Keeps as failed messages what was redelivered too often without an answer.
pub(crate) fn fail_hopeless(
    connection: &Connection,
    limit: u32,
    now: Time,
) -> rusqlite::Result<()> {
    let sql = format!(
        "SELECT delivery.id, delivery.message, delivery.service, delivery.envelope, {MESSAGE}
         FROM delivery JOIN message ON message.seq = delivery.message
         WHERE state = 'ready' AND holder IS NULL AND redeliveries >= ?1"
    );
    let hopeless: Vec<(i64, i64, String, Envelope, Message)> = connection
        .prepare_cached(&sql)?
        .query_map([limit], |row| {
            let envelope = read_envelope(row.get(3)?);
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, envelope, message(row, 4)?))
        })?
        .collect::<Result<_, _>>()?;
    for (id, seq, service, mut envelope, message) in hopeless {
        let reason = format!("delivered {limit} times without an answer");
        envelope.reason = Some(reason.clone());
        envelope.service = Some(service.clone());
        let text = write_envelope(&envelope, &message.routing_key);
        let failed = connection
            .prepare_cached(
                "UPDATE delivery SET state = 'failed', due = ?2, envelope = ?3
                 WHERE id = ?1 AND state = 'ready' AND holder IS NULL",
            )?
            .execute(params![id, now.micros(), text])?;
        if failed == 0 {
            // Another process was first, and has written the record.
            continue;
        }
        let mut event = Event::new(What::Hardfail, now, message);
        event.service = Some(service);
        event.attempt = envelope.attempt;
        event.errors = envelope.errors;
        event.reason = Some(reason);
        record(connection, seq, &event)?;
    }
    Ok(())
}

/// Gives back one delivery. Whether it was still ours.
pub(crate) fn give_back(
    connection: &Connection,
    held: Held,
    untouched: Untouched,
) -> rusqlite::Result<bool> {
    let redelivered = i64::from(untouched == Untouched::NobodyKnows);
    let changed = connection
        .prepare_cached(
            "UPDATE delivery SET holder = NULL, redeliveries = redeliveries + ?4
             WHERE id = ?1 AND holder = ?2 AND claim = ?3",
        )?
        .execute([held.id, held.holder, held.claim, redelivered])?;
    Ok(changed == 1)
}

/// Gives back one delivery untouched, behind all that are due. Whether it was still ours.
pub(crate) fn put_back(connection: &Connection, held: Held, now: Time) -> rusqlite::Result<bool> {
    let changed = connection
        .prepare_cached(
            "UPDATE delivery SET holder = NULL, due = max(due, ?4)
             WHERE id = ?1 AND holder = ?2 AND claim = ?3",
        )?
        .execute([held.id, held.holder, held.claim, now.micros()])?;
    Ok(changed == 1)
}

/// Whether a delivery that is given back may have been handled in part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Untouched {
    Yes,
    NobodyKnows,
}

/// The service of a delivery that is still ours, which is thereby ended.
pub(crate) fn end(connection: &Connection, held: Held) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached(
            "DELETE FROM delivery WHERE id = ?1 AND holder = ?2 AND claim = ?3 RETURNING service",
        )?
        .query_row([held.id, held.holder, held.claim], |row| row.get(0))
        .optional()
}

//! Services set up and removed, and what operators do with messages.

use dolmen_bus::{Change, ChangeAction, Event, Mode, ServiceSpec, Topology, What};
use dolmen_model::Time;
use rusqlite::{Connection, OptionalExtension, params};

use crate::read::has_service;
use crate::route::{deliver, record};
use crate::rows::insert_message;

/// Brings the services to what `topology` says; what was changed, or would be.
pub(crate) fn setup(
    connection: &Connection,
    topology: &Topology,
    mode: Mode,
) -> rusqlite::Result<Vec<Change>> {
    let mut changes = Vec::new();
    for service in &topology.services {
        set_up_service(connection, service, mode, &mut changes)?;
    }
    changes.extend(topology.repeated_to_others());
    Ok(changes)
}

fn set_up_service(
    connection: &Connection,
    service: &ServiceSpec,
    mode: Mode,
    changes: &mut Vec<Change>,
) -> rusqlite::Result<()> {
    let mut note = |action, object| changes.push(Change { action, object, note: None });
    if !has_service(connection, &service.name)? {
        note(ChangeAction::Create, format!("service {}", service.name));
        if mode == Mode::Apply {
            connection.execute("INSERT INTO service (name) VALUES (?1)", [&service.name])?;
        }
    }
    let bound: Vec<String> = connection
        .prepare_cached("SELECT pattern FROM binding WHERE service = ?1 ORDER BY pattern")?
        .query_map([&service.name], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for pattern in &service.listen {
        if bound.iter().all(|bound| bound != pattern.as_str()) {
            note(ChangeAction::Create, format!("binding {pattern} -> {}", service.name));
            if mode == Mode::Apply {
                connection
                    .prepare_cached(
                        "INSERT OR IGNORE INTO binding (service, pattern) VALUES (?1, ?2)",
                    )?
                    .execute(params![service.name, pattern.as_str()])?;
            }
        }
    }
    for stale in bound.iter().filter(|bound| service.listen.iter().all(|p| p.as_str() != **bound)) {
        note(ChangeAction::Remove, format!("binding {stale} -> {}", service.name));
        if mode == Mode::Apply {
            connection
                .prepare_cached("DELETE FROM binding WHERE service = ?1 AND pattern = ?2")?
                .execute(params![service.name, stale])?;
        }
    }
    Ok(())
}

/// What came of removing a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removed {
    Yes,
    NotThere,
    /// So many messages are ready for it, which would be lost.
    Refused(i64),
}

/// Removes a service unless messages are ready for it.
pub(crate) fn remove(
    connection: &Connection,
    service: &str,
    now: Time,
) -> rusqlite::Result<Removed> {
    let ready: i64 = connection
        .prepare_cached(
            "SELECT count(*) FROM delivery
             WHERE service = ?1 AND state = 'ready' AND (due <= ?2 OR holder IS NOT NULL)",
        )?
        .query_row(params![service, now.micros()], |row| row.get(0))?;
    if ready > 0 {
        return Ok(Removed::Refused(ready));
    }
    let removed = connection.execute("DELETE FROM service WHERE name = ?1", [service])?;
    Ok(if removed == 1 { Removed::Yes } else { Removed::NotThere })
}

/// Makes a waiting message due now.
pub(crate) fn release(
    connection: &Connection,
    message_id: &str,
    service: &str,
    now: Time,
) -> rusqlite::Result<bool> {
    let changed = connection
        .prepare_cached(
            "UPDATE delivery SET due = ?3
             WHERE service = ?2 AND state IN ('ready', 'again') AND holder IS NULL AND due > ?3
                 AND message IN (SELECT seq FROM message WHERE id = ?1)",
        )?
        .execute(params![message_id, service, now.micros()])?;
    Ok(changed > 0)
}

/// Turns a waiting message into a failed one.
pub(crate) fn cancel(
    connection: &Connection,
    message_id: &str,
    service: &str,
    now: Time,
) -> rusqlite::Result<bool> {
    let changed = connection
        .prepare_cached(
            "UPDATE delivery SET state = 'failed', due = ?3
             WHERE service = ?2 AND state IN ('ready', 'again') AND holder IS NULL AND due > ?3
                 AND message IN (SELECT seq FROM message WHERE id = ?1)",
        )?
        .execute(params![message_id, service, now.micros()])?;
    Ok(changed > 0)
}

/// Forgets messages that lie aside and that somebody else keeps now.
pub(crate) fn forget(connection: &Connection, ids: &[i64]) -> rusqlite::Result<()> {
    // A service that was set up again meanwhile may hold what was unrouted; it is handled, too.
    let mut forget =
        connection.prepare_cached("DELETE FROM delivery WHERE id = ?1 AND holder IS NULL")?;
    for id in ids {
        forget.execute([id])?;
    }
    Ok(())
}

/// Writes a record about a service or about what an operator did.
pub(crate) fn note(connection: &Connection, event: &Event) -> rusqlite::Result<()> {
    let known: Option<i64> = connection
        .prepare_cached("SELECT max(seq) FROM message WHERE id = ?1")?
        .query_row([&event.message.id], |row| row.get(0))
        .optional()?
        .flatten();
    let seq = match known {
        Some(seq) => seq,
        None => insert_message(connection, &event.message, event.at)?,
    };
    let paused_at = match event.what {
        What::Paused => Some(Some(event.at.micros())),
        What::Resumed => Some(None),
        _ => None,
    };
    if let (Some(paused_at), Some(service)) = (paused_at, &event.service) {
        connection
            .prepare_cached("UPDATE service SET paused_at = ?2 WHERE name = ?1")?
            .execute(params![service, paused_at])?;
    }
    record(connection, seq, event)
}

/// Sends a message to one service.
pub(crate) fn send(
    connection: &Connection,
    service: &str,
    message: &dolmen_bus::Message,
    envelope: Option<&str>,
    now: Time,
) -> rusqlite::Result<()> {
    let seq = insert_message(connection, message, now)?;
    deliver(connection, seq, service, "ready", now, envelope)
}

/// Deletes what is older than `before` and belongs to no delivery: journal and messages.
pub(crate) fn prune(connection: &Connection, before: Time) -> rusqlite::Result<()> {
    // In steps: readers and other processes get their turn in between.
    connection.execute(
        "DELETE FROM journal WHERE position IN (
             SELECT position FROM journal WHERE at < ?1 ORDER BY at LIMIT 1000)",
        [before.micros()],
    )?;
    connection.execute(
        "DELETE FROM message WHERE seq IN (
             SELECT seq FROM message AS old
             WHERE published_at < ?1
                 AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.message = old.seq)
                 AND NOT EXISTS (SELECT 1 FROM journal WHERE journal.message = old.seq)
             ORDER BY seq LIMIT 1000)",
        [before.micros()],
    )?;
    Ok(())
}

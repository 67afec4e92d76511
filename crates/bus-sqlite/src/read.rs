//! What a reader of the bus sees.

use std::time::Duration;

use dolmen_bus::{Bytes, Depth, Event, FailedMessage, Message, Position, Waiting, What};
use dolmen_model::Time;
use rusqlite::{Connection, Params, Row, params};

use crate::rows::{MESSAGE, message, read_envelope, read_json};

/// Whether a service was set up.
pub(crate) fn has_service(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT 1 FROM service WHERE name = ?1")?.exists([name])
}

/// How many messages of each service are where.
pub(crate) fn depths(connection: &Connection, now: Time) -> rusqlite::Result<Vec<Depth>> {
    connection
        .prepare_cached(
            // Of one message alone the time is looked up: it stands behind the body.
            "SELECT name, paused_at, ready, waiting, failed,
                 (SELECT published_at FROM message WHERE seq = oldest)
             FROM (
                 SELECT service.name, service.paused_at,
                     count(*) FILTER (WHERE state = 'ready' AND due <= ?1) AS ready,
                     count(*) FILTER (WHERE state = 'again' OR state = 'ready' AND due > ?1)
                         AS waiting,
                     count(*) FILTER (WHERE state = 'failed') AS failed,
                     min(delivery.message) FILTER (WHERE state = 'ready' AND due <= ?1) AS oldest
                 FROM service LEFT JOIN delivery ON delivery.service = service.name
                 GROUP BY service.name
             )
             ORDER BY name",
        )?
        .query_map([now.micros()], |row| {
            Ok(Depth {
                service: row.get(0)?,
                paused_at: time(row.get(1)?),
                ready: row.get::<_, i64>(2)?.cast_unsigned(),
                waiting: row.get::<_, i64>(3)?.cast_unsigned(),
                failed: row.get::<_, i64>(4)?.cast_unsigned(),
                oldest_at: time(row.get(5)?),
                rates: None,
            })
        })?
        .collect()
}

/// The messages nobody listened to, and those due for a service that is gone.
pub(crate) fn unrouted(
    connection: &Connection,
    now: Time,
    most: usize,
) -> rusqlite::Result<Vec<Message>> {
    let sql = format!(
        "SELECT {MESSAGE} FROM delivery JOIN message ON message.seq = delivery.message
         WHERE state = 'unrouted' OR state = 'ready' AND due <= ?1
             AND service NOT IN (SELECT name FROM service)
         ORDER BY delivery.due, delivery.id LIMIT ?2"
    );
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    connection
        .prepare_cached(&sql)?
        .query_map([now.micros(), most], |row| message(row, 0))?
        .collect()
}

/// How many messages [`unrouted`] would find.
pub(crate) fn count_unrouted(connection: &Connection, now: Time) -> rusqlite::Result<u64> {
    connection
        .prepare_cached(
            "SELECT count(*) FROM delivery
             WHERE state = 'unrouted' OR state = 'ready' AND due <= ?1
                 AND service NOT IN (SELECT name FROM service)",
        )?
        .query_row([now.micros()], |row| Ok(row.get::<_, i64>(0)?.cast_unsigned()))
}

/// The messages that wait.
pub(crate) fn waiting(connection: &Connection, now: Time) -> rusqlite::Result<Vec<Waiting>> {
    let sql = format!(
        "SELECT delivery.service, delivery.due, delivery.envelope, {MESSAGE}
         FROM delivery JOIN message ON message.seq = delivery.message
         WHERE (state = 'ready' AND due > ?1) OR state = 'again'
         ORDER BY delivery.due, delivery.id"
    );
    connection
        .prepare_cached(&sql)?
        .query_map([now.micros()], |row| {
            Ok(Waiting {
                service: row.get(0)?,
                due_at: Time::from_micros(row.get(1)?),
                envelope: read_envelope(row.get(2)?),
                message: message(row, 3)?,
            })
        })?
        .collect()
}

/// Failed messages with the numbers of their deliveries.
pub(crate) fn failed(
    connection: &Connection,
    most: usize,
) -> rusqlite::Result<Vec<(i64, FailedMessage)>> {
    let sql = format!(
        "SELECT delivery.id, delivery.service, delivery.due, delivery.envelope, {MESSAGE}
         FROM delivery JOIN message ON message.seq = delivery.message
         WHERE state = 'failed' ORDER BY delivery.due, delivery.id LIMIT ?1"
    );
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    connection
        .prepare_cached(&sql)?
        .query_map([most], |row| {
            let failed = FailedMessage {
                service: row.get(1)?,
                failed_at: Time::from_micros(row.get(2)?),
                envelope: read_envelope(row.get(3)?),
                message: message(row, 4)?,
            };
            Ok((row.get(0)?, failed))
        })?
        .collect()
}

/// Records of the journal after `position`.
pub(crate) fn journal(
    connection: &Connection,
    position: Option<Position>,
    most: usize,
) -> rusqlite::Result<Vec<Event>> {
    let after = position.map_or(0, |after| i64::try_from(after.number).unwrap_or(i64::MAX));
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    events(connection, "position > ?1 ORDER BY position LIMIT ?2", params![after, most])
}

/// Records of the journal about one message.
pub(crate) fn trace(connection: &Connection, message_id: &str) -> rusqlite::Result<Vec<Event>> {
    let condition = "journal.message IN (SELECT seq FROM message WHERE id = ?1) ORDER BY position";
    events(connection, condition, params![message_id])
}

fn events(
    connection: &Connection,
    condition: &str,
    parameters: impl Params,
) -> rusqlite::Result<Vec<Event>> {
    let sql = format!(
        "SELECT position, at, what, service, attempt, errors, due_at, target, took, reason,
             {MESSAGE}
         FROM journal JOIN message ON message.seq = journal.message WHERE {condition}"
    );
    connection
        .prepare_cached(&sql)?
        .query_map(parameters, event)?
        // A word of a newer dolmen is passed over.
        .filter_map(Result::transpose)
        .collect()
}

fn event(row: &Row<'_>) -> rusqlite::Result<Option<Event>> {
    let what: String = row.get(2)?;
    let Some(what) = What::parse(&what) else { return Ok(None) };
    let mut message = message(row, 10)?;
    if !matches!(what, What::Published | What::Hardfail) {
        message.body = Bytes::new();
    }
    let took: Option<i64> = row.get(8)?;
    Ok(Some(Event {
        position: Position::of(row.get::<_, i64>(0)?.cast_unsigned()),
        at: Time::from_micros(row.get(1)?),
        what,
        message,
        service: row.get(3)?,
        attempt: row.get(4)?,
        errors: read_json(row.get(5)?),
        due_at: time(row.get(6)?),
        to: row.get(7)?,
        took: took.map(|took| Duration::from_micros(u64::try_from(took).unwrap_or_default())),
        reason: row.get(9)?,
    }))
}

fn time(micros: Option<i64>) -> Option<Time> {
    micros.map(Time::from_micros)
}

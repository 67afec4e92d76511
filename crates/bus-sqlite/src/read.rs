//! What a reader of the bus sees.

use std::time::Duration;

use dolmen_bus::{Aside, Bytes, Depth, Envelope, Event, FailedMessage, Position, Waiting, What};
use dolmen_model::Time;
use rusqlite::{Connection, Params, Row, params};

use crate::rows::{MESSAGE, message, read_envelope, read_json};

/// Whether a service was set up.
pub(crate) fn has_service(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT 1 FROM service WHERE name = ?1")?.exists([name])
}

/// How many messages of each service are where; of one that is gone, those that failed.
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
                 UNION ALL
                 SELECT service, NULL, 0, 0, count(*), NULL FROM delivery
                 WHERE state = 'failed' AND service NOT IN (SELECT name FROM service)
                 GROUP BY service
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

/// What nobody listened to, and what is due for a service that is gone, at the time ?1.
const UNROUTED: &str = "state = 'unrouted' OR state = 'ready' AND due <= ?1
    AND service NOT IN (SELECT name FROM service)";

/// How many messages nobody listened to, or are due for a service that is gone.
pub(crate) fn count_unrouted(connection: &Connection, now: Time) -> rusqlite::Result<u64> {
    connection
        .prepare_cached(&format!("SELECT count(*) FROM delivery WHERE {UNROUTED}"))?
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

/// Where a reader of messages that lie aside stands: after this time and delivery.
pub(crate) type Place = (i64, i64);

/// At most `most` messages that lie aside, after `place`, with the numbers of their deliveries and
/// where the reader stands then.
pub(crate) fn aside(
    connection: &Connection,
    aside: Aside,
    now: Time,
    (due, id): Place,
    most: usize,
) -> rusqlite::Result<Vec<(Place, FailedMessage)>> {
    let which = match aside {
        Aside::Failed => "state = 'failed'",
        Aside::Unrouted => UNROUTED,
    };
    let sql = format!(
        "SELECT delivery.id, delivery.service, delivery.due, delivery.envelope, {MESSAGE}
         FROM delivery JOIN message ON message.seq = delivery.message
         WHERE ({which}) AND (delivery.due, delivery.id) > (?2, ?3) AND delivery.due <= ?1
         ORDER BY delivery.due, delivery.id LIMIT ?4"
    );
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    connection
        .prepare_cached(&sql)?
        .query_map(params![now.micros(), due, id, most], |row| {
            let (service, due): (String, i64) = (row.get(1)?, row.get(2)?);
            let (message, envelope) = (message(row, 4)?, read_envelope(row.get(3)?));
            let failed_at = Time::from_micros(due);
            let failed = match aside {
                Aside::Failed => FailedMessage { message, envelope, service, failed_at },
                Aside::Unrouted => {
                    let service = Some(service).filter(|service| !service.is_empty());
                    FailedMessage::unrouted(message, Envelope { service, ..envelope }, failed_at)
                }
            };
            Ok(((due, row.get(0)?), failed))
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

//! What is still to be sent to somebody.

use dolmen_model::Time;
use rusqlite::{Connection, Row, params};

use crate::outbox::{NewNotice, Notice};

/// Puts it in, unless the same is there.
pub(crate) fn add(db: &Connection, notice: &NewNotice, now: Time) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT OR IGNORE INTO outbox (target, key, body, attempts, due) VALUES (?1, ?2, ?3, 0, ?4)",
    )?
    .execute(params![notice.target, notice.key, notice.body, now.micros()])
    .map(drop)
}

/// Everything, the one that is due first in front.
pub(crate) fn all(db: &Connection) -> rusqlite::Result<Vec<Notice>> {
    db.prepare_cached("SELECT id, target, key, body, attempts, due FROM outbox ORDER BY due, id")?
        .query_map([], notice)?
        .collect()
}

fn notice(row: &Row<'_>) -> rusqlite::Result<Notice> {
    Ok(Notice {
        id: row.get(0)?,
        target: row.get(1)?,
        key: row.get(2)?,
        body: row.get(3)?,
        attempts: row.get(4)?,
        due: Time::from_micros(row.get(5)?),
    })
}

/// It failed once more, and is due again.
pub(crate) fn postpone(db: &Connection, id: i64, due: Time) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE outbox SET attempts = attempts + 1, due = ?2 WHERE id = ?1")?
        .execute(params![id, due.micros()])
        .map(drop)
}

pub(crate) fn remove(db: &Connection, id: i64) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM outbox WHERE id = ?1")?.execute([id]).map(drop)
}

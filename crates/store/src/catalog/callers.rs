//! Who called, by hour or by day.

use rusqlite::{Connection, OptionalExtension, params};

use crate::commit::{CallerCount, CallerWidth};
use crate::range::{Width, minute_of};

/// How many callers are told apart; the rest is counted as `(other)`.
pub(crate) const BOUND: i64 = 500_000;

/// The row of all callers beyond [`BOUND`].
const OTHER: i64 = 1;

pub(crate) fn add(
    db: &Connection,
    generation: i64,
    counts: &[CallerCount],
) -> rusqlite::Result<()> {
    let mut upsert = db.prepare_cached(
        "INSERT INTO caller_counts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT DO UPDATE SET calls = calls + excluded.calls",
    )?;
    for count in counts {
        let width = match count.width {
            CallerWidth::Hour => Width::Hour,
            CallerWidth::Day => Width::Day,
        };
        upsert.execute(params![
            generation,
            width as i64,
            width.floor(minute_of(count.time)),
            caller(db, count)?,
            count.actor.0,
            count.service.0,
            count.operations.0,
            count.calls as i64
        ])?;
    }
    Ok(())
}

fn caller(db: &Connection, count: &CallerCount) -> rusqlite::Result<i64> {
    let identity = params![count.address, count.user_agent, count.user];
    let known = db
        .prepare_cached(
            "SELECT id FROM callers WHERE address = ?1 AND user_agent = ?2 AND user = ?3",
        )?
        .query_row(identity, |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        return Ok(id);
    }
    let last: i64 =
        db.prepare_cached("SELECT max(id) FROM callers")?.query_row([], |row| row.get(0))?;
    if last > BOUND {
        return Ok(OTHER);
    }
    db.prepare_cached("INSERT INTO callers (address, user_agent, user) VALUES (?1, ?2, ?3)")?
        .insert(identity)
}

//! Days of marks that waited until the lines of their time were removed.

use dolmen_model::{NameId, Time};
use rusqlite::{Connection, params};

use super::removed_range;

const DAY: i64 = 86_400_000_000;

/// Marks from before an instant whose lines are gone: no segment has lines of that time.
const GONE: &str = "time < ?1 AND NOT EXISTS
    (SELECT 1 FROM visible WHERE kind = 'marks' AND from_time <= time AND to_time >= time)";

/// Lets marks before an instant wait no longer where their lines are gone, and counts them; returns how
/// many.
pub(crate) fn remove(db: &Connection, before: Time) -> rusqlite::Result<u64> {
    let before = before.micros();
    let range = format!("SELECT min(time), max(time) FROM waiting WHERE {GONE}");
    let (from, to) = db.query_row(&range, [before], |row| Ok((row.get(0)?, row.get(1)?)))?;
    removed_range::extend(db, from, to)?;
    db.execute(
        &format!(
            "INSERT INTO mark_only (service, operation, marks)
             SELECT service, operation, count(*) FROM waiting WHERE {GONE}
             GROUP BY service, operation
             ON CONFLICT DO UPDATE SET marks = marks + excluded.marks"
        ),
        [before],
    )?;
    // SQLite divides towards zero, also before 1970.
    db.execute(
        &format!(
            "INSERT INTO mark_only_days (service, operation, day, marks)
             SELECT service, operation, (time - (time % ?2 + ?2) % ?2) / ?2 AS day, count(*)
             FROM waiting WHERE {GONE} GROUP BY service, operation, day
             ON CONFLICT DO UPDATE SET marks = marks + excluded.marks"
        ),
        params![before, DAY],
    )?;
    db.execute(&format!("DELETE FROM waiting WHERE {GONE}"), [before]).map(|marks| marks as u64)
}

/// Days that begin before `to`: service, operation, the day's start in microseconds, marks.
pub(crate) fn days(
    db: &Connection,
    to: Time,
    mut each: impl FnMut(NameId, NameId, i64, u64),
) -> rusqlite::Result<()> {
    let mut statement =
        db.prepare_cached("SELECT service, operation, day, marks FROM mark_only_days")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let start = row.get::<_, i64>(2)?.saturating_mul(DAY);
        if start < to.micros() {
            each(NameId(row.get(0)?), NameId(row.get(1)?), start, row.get::<_, i64>(3)? as u64);
        }
    }
    Ok(())
}

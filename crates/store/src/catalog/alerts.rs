//! What somebody was told.

use dolmen_model::Time;
use rusqlite::{Connection, Row, params};

use crate::alert::Alert;

pub(crate) fn read(db: &Connection) -> rusqlite::Result<Vec<Alert>> {
    let mut statement = db.prepare_cached(
        "SELECT id, kind, cause, service, operation, opened, first, last, count, told,
            acknowledged, muted_until FROM alerts ORDER BY opened DESC, id DESC",
    )?;
    let rows = statement.query_map([], alert)?;
    rows.collect()
}

fn alert(row: &Row<'_>) -> rusqlite::Result<Alert> {
    let time = |at| row.get::<_, Option<i64>>(at).map(|micros| micros.map(Time::from_micros));
    let number = |at| row.get::<_, i64>(at).map(|number| number.max(0).unsigned_abs());
    Ok(Alert {
        id: row.get(0)?,
        kind: row.get(1)?,
        cause: row.get(2)?,
        service: row.get(3)?,
        operation: row.get(4)?,
        opened: Time::from_micros(row.get(5)?),
        first: time(6)?,
        last: time(7)?,
        count: number(8)?,
        told: number(9)?,
        acknowledged: time(10)?,
        muted_until: time(11)?,
    })
}

/// Writes an alert over the one of its kind and cause.
pub(crate) fn keep(db: &Connection, alert: &Alert) -> rusqlite::Result<()> {
    let micros = |time: Option<Time>| time.map(Time::micros);
    db.prepare_cached(
        "INSERT INTO alerts (kind, cause, service, operation, opened, first, last, count, told,
            acknowledged, muted_until)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (kind, cause) DO UPDATE SET opened = excluded.opened, first = excluded.first,
            last = excluded.last, count = excluded.count, told = excluded.told,
            acknowledged = excluded.acknowledged, muted_until = excluded.muted_until",
    )?
    .execute(params![
        alert.kind,
        alert.cause,
        alert.service,
        alert.operation,
        alert.opened.micros(),
        micros(alert.first),
        micros(alert.last),
        alert.count.cast_signed(),
        alert.told.cast_signed(),
        micros(alert.acknowledged),
        micros(alert.muted_until),
    ])?;
    Ok(())
}

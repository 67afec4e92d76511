//! From when to when there were calls, and marks without one, whose lines were removed.

use rusqlite::{Connection, OptionalExtension};

/// The first and the last of them, in microseconds; `None`: nothing was removed.
pub(crate) fn read(db: &Connection) -> rusqlite::Result<(Option<i64>, Option<i64>)> {
    Ok((get(db, "removed_from")?, get(db, "removed_to")?))
}

/// Lines from `from` to `to` are removed.
pub(crate) fn extend(db: &Connection, from: Option<i64>, to: Option<i64>) -> rusqlite::Result<()> {
    let (known_from, known_to) = read(db)?;
    if let Some(from) = [known_from, from].into_iter().flatten().min() {
        super::set(db, "removed_from", from)?;
    }
    if let Some(to) = known_to.max(to) {
        super::set(db, "removed_to", to)?;
    }
    Ok(())
}

fn get(db: &Connection, key: &str) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT value FROM meta WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()
}

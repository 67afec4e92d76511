//! Catalogs of older formats become one of this format, when they are opened for writing.

use rusqlite::Connection;

use super::{FORMAT, set};

/// The oldest format that can be read as it is, and be brought up to this one.
pub(super) const OLDEST: u32 = 2;

/// Brings a catalog up to this format, in the present transaction.
pub(super) fn upgrade(db: &Connection, from: u32) -> rusqlite::Result<()> {
    if from < 3 {
        db.execute_batch(
            "CREATE TABLE unmet (segment INTEGER PRIMARY KEY) WITHOUT ROWID;
             CREATE TABLE overused (key BLOB PRIMARY KEY) WITHOUT ROWID;
             CREATE TABLE id_filters (segment INTEGER PRIMARY KEY, filters TEXT NOT NULL);",
        )?;
    }
    set(db, "format", i64::from(FORMAT))
}

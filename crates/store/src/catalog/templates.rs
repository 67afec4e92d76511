//! Templates that were learned.

use rusqlite::{Connection, params};

pub(crate) fn all(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = db.prepare_cached("SELECT learned FROM templates ORDER BY id")?;
    statement.query_map([], |row| row.get(0))?.collect()
}

pub(crate) fn replace(db: &Connection, learned: &[String]) -> rusqlite::Result<()> {
    db.execute("DELETE FROM templates", [])?;
    let mut insert = db.prepare_cached("INSERT INTO templates (learned) VALUES (?1)")?;
    for one in learned {
        insert.execute(params![one])?;
    }
    Ok(())
}

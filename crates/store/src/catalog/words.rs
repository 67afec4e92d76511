//! What owners said.

use dolmen_model::Time;
use rusqlite::{Connection, Row, params};

use crate::word::{NewWord, Word, WordKind};

/// What was said and not taken back.
pub(crate) fn read(db: &Connection) -> rusqlite::Result<Vec<Word>> {
    let mut statement = db.prepare_cached(
        "SELECT id, said, kind, operation, service, actor, address, user_agent, who, why
         FROM words WHERE taken_back IS NULL ORDER BY id",
    )?;
    // What a later dolmen calls a word says nothing to this one.
    let words: Vec<Option<Word>> = statement.query_map([], word)?.collect::<Result<_, _>>()?;
    Ok(words.into_iter().flatten().collect())
}

fn word(row: &Row<'_>) -> rusqlite::Result<Option<Word>> {
    let kind: String = row.get(2)?;
    let Some(kind) = WordKind::from_name(&kind) else { return Ok(None) };
    Ok(Some(Word {
        id: row.get(0)?,
        said: Time::from_micros(row.get(1)?),
        word: NewWord {
            kind,
            operation: row.get(3)?,
            service: row.get(4)?,
            actor: row.get(5)?,
            address: row.get(6)?,
            user_agent: row.get(7)?,
            who: row.get(8)?,
            why: row.get(9)?,
        },
    }))
}

/// Writes a word and gives its number.
pub(crate) fn add(db: &Connection, word: &NewWord, now: Time) -> rusqlite::Result<i64> {
    db.prepare_cached(
        "INSERT INTO words (said, kind, operation, service, actor, address, user_agent, who, why)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .insert(params![
        now.micros(),
        word.kind.name(),
        word.operation,
        word.service,
        word.actor,
        word.address,
        word.user_agent,
        word.who,
        word.why
    ])
}

/// Takes a word back; whether there was one.
pub(crate) fn take_back(db: &Connection, id: i64, now: Time) -> rusqlite::Result<bool> {
    let changed = db
        .prepare_cached("UPDATE words SET taken_back = ?2 WHERE id = ?1 AND taken_back IS NULL")?
        .execute(params![id, now.micros()])?;
    Ok(changed > 0)
}

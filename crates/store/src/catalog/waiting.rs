//! Marks whose call has not come, and calls that a late mark changed.

use dolmen_model::{NameId, SetId};
use rusqlite::{Connection, OptionalExtension, params};
use rustc_hash::FxHashSet;

use super::segments::SegmentId;
use crate::rows::IdKey;

/// A mark that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) time: Option<i64>,
    pub(crate) source: i64,
    pub(crate) service: NameId,
    pub(crate) operation: NameId,
}

/// The keys that wait, shortened to 64 bits: a cache that says "no" for nearly every call.
pub(crate) fn keys(db: &Connection) -> rusqlite::Result<FxHashSet<u64>> {
    let mut statement = db.prepare("SELECT DISTINCT key FROM waiting WHERE length(key) = 16")?;
    statement
        .query_map([], |row| row.get(0).map(|key| short(IdKey(u128::from_be_bytes(key)))))?
        .collect()
}

pub(crate) const fn short(key: IdKey) -> u64 {
    key.0 as u64
}

/// Lets a mark wait; `None` for one that has no id and so waits for ever.
pub(crate) fn add(db: &Connection, key: Option<IdKey>, mark: Waiting) -> rusqlite::Result<()> {
    let key = blob(key);
    let seq: i64 = db
        .prepare_cached("SELECT ifnull(max(seq), 0) + 1 FROM waiting WHERE key = ?1")?
        .query_row([&key], |row| row.get(0))?;
    db.prepare_cached("INSERT INTO waiting VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![key, seq, mark.time, mark.source, mark.service.0, mark.operation.0])
        .map(drop)
}

/// The marks that wait for this id, in the order they came; they wait no longer.
pub(crate) fn take(db: &Connection, key: IdKey) -> rusqlite::Result<Vec<Waiting>> {
    let key = blob(Some(key));
    let marks = {
        let mut statement = db.prepare_cached(
            "SELECT time, source, service, operation FROM waiting WHERE key = ?1 ORDER BY seq",
        )?;
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Waiting {
                time: row.get(0)?,
                source: row.get(1)?,
                service: NameId(row.get(2)?),
                operation: NameId(row.get(3)?),
            })
        };
        statement.query_map([&key], read)?.collect::<rusqlite::Result<Vec<_>>>()?
    };
    if !marks.is_empty() {
        db.prepare_cached("DELETE FROM waiting WHERE key = ?1")?.execute([&key])?;
    }
    Ok(marks)
}

fn blob(key: Option<IdKey>) -> Vec<u8> {
    key.map_or_else(Vec::new, |key| key.0.to_be_bytes().to_vec())
}

/// The set that a stored call was amended to, if it was.
pub(crate) fn amended(
    db: &Connection,
    segment: SegmentId,
    row: u32,
) -> rusqlite::Result<Option<SetId>> {
    db.prepare_cached("SELECT operations FROM amendments WHERE segment = ?1 AND row = ?2")?
        .query_row(params![segment.0, row], |row| row.get(0).map(SetId))
        .optional()
}

/// Amends a stored call, in the present commit.
pub(crate) fn amend(
    db: &Connection,
    segment: SegmentId,
    row: u32,
    operations: SetId,
) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO amendments
         VALUES (?1, ?2, ?3, (SELECT value FROM meta WHERE key = 'commit'))
         ON CONFLICT DO UPDATE SET operations = excluded.operations,
            commit_id = excluded.commit_id",
    )?
    .execute(params![segment.0, row, operations.0])
    .map(drop)
}

/// A segment's amendments: row to set, by row.
pub(crate) fn amendments(
    db: &Connection,
    segment: SegmentId,
) -> rusqlite::Result<Vec<(u32, SetId)>> {
    let mut statement = db
        .prepare_cached("SELECT row, operations FROM amendments WHERE segment = ?1 ORDER BY row")?;
    statement.query_map([segment.0], |row| Ok((row.get(0)?, SetId(row.get(1)?))))?.collect()
}

/// Segments that have amendments.
pub(crate) fn amended_segments(db: &Connection) -> rusqlite::Result<FxHashSet<SegmentId>> {
    let mut statement = db.prepare_cached("SELECT DISTINCT segment FROM amendments")?;
    statement.query_map([], |row| row.get(0).map(SegmentId))?.collect()
}

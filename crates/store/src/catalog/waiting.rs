//! Marks whose call has not come, and calls that a late mark changed.

use dolmen_model::{NameId, SetId, Time};
use rusqlite::{Connection, params};
use rustc_hash::{FxHashMap, FxHashSet};

use super::cube;
use super::segments::SegmentId;
use crate::facts::{Role, Settled};
use crate::question::LoneMarks;
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

/// Lets a mark wait, and numbers it among those of its id; `None` for one that has no id and so waits
/// for ever.
pub(crate) fn add(db: &Connection, key: Option<IdKey>, mark: Waiting) -> rusqlite::Result<u64> {
    let key = blob(key);
    let seq: i64 = db
        .prepare_cached("SELECT ifnull(max(seq), 0) + 1 FROM waiting WHERE key = ?1")?
        .query_row([&key], |row| row.get(0))?;
    db.prepare_cached("INSERT INTO waiting VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
        key,
        seq,
        mark.time,
        mark.source,
        mark.service.0,
        mark.operation.0
    ])?;
    Ok(seq as u64)
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

/// The latest marks that a question asks for, by what they wait for and their times.
pub(crate) fn latest(
    db: &Connection,
    question: &LoneMarks,
) -> rusqlite::Result<FxHashSet<(Vec<u8>, i64)>> {
    let LoneMarks { service, operation, from, to, most } = question;
    db.prepare_cached(
        "SELECT key, time FROM waiting
         WHERE service = ?1 AND operation = ?2 AND time >= ?3 AND time < ?4
         ORDER BY time DESC LIMIT ?5",
    )?
    .query_map(params![service.0, operation.0, from.micros(), to.micros(), *most as i64], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?
    .collect()
}

pub(crate) fn blob(key: Option<IdKey>) -> Vec<u8> {
    key.map_or_else(Vec::new, |key| key.0.to_be_bytes().to_vec())
}

/// Amends a stored call, in the present commit.
pub(crate) fn amend(
    db: &Connection,
    segment: SegmentId,
    row: u32,
    settled: &Settled,
) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO amendments VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,
            (SELECT value FROM meta WHERE key = 'commit'))
         ON CONFLICT DO UPDATE SET role = excluded.role, service = excluded.service,
            operations = excluded.operations, joined = excluded.joined, marks = excluded.marks,
            bypassed = excluded.bypassed, repeated = excluded.repeated,
            commit_id = excluded.commit_id",
    )?
    .execute(params![
        segment.0,
        row,
        settled.role as i64,
        settled.service.0,
        settled.operations.0,
        settled.joined as i64,
        settled.marks,
        settled.bypassed,
        settled.repeated
    ])
    .map(drop)
}

/// A segment's amendments by row.
pub(crate) fn amendments(
    db: &Connection,
    segment: SegmentId,
) -> rusqlite::Result<FxHashMap<u32, Settled>> {
    let mut statement = db.prepare_cached(
        "SELECT row, role, service, operations, joined, marks, bypassed, repeated
         FROM amendments WHERE segment = ?1",
    )?;
    let read = |row: &rusqlite::Row<'_>| {
        let settled = Settled {
            role: Role::ALL.get(usize::from(row.get::<_, u16>(1)?)).copied().unwrap_or_default(),
            service: NameId(row.get(2)?),
            operations: SetId(row.get(3)?),
            joined: cube::joined(row.get(4)?),
            marks: row.get(5)?,
            bypassed: row.get(6)?,
            repeated: row.get(7)?,
        };
        Ok((row.get(0)?, settled))
    };
    statement.query_map([segment.0], read)?.collect()
}

/// Segments that have amendments.
pub(crate) fn amended_segments(db: &Connection) -> rusqlite::Result<FxHashSet<SegmentId>> {
    let mut statement = db.prepare_cached("SELECT DISTINCT segment FROM amendments")?;
    statement.query_map([], |row| row.get(0).map(SegmentId))?.collect()
}

/// Marks that wait and have a time before `to`, each with its service and operation.
pub(crate) fn times(
    db: &Connection,
    to: Time,
    mut each: impl FnMut(NameId, NameId, i64),
) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached(
        "SELECT service, operation, time FROM waiting WHERE time < ?1 ORDER BY time",
    )?;
    let mut rows = statement.query([to.micros()])?;
    while let Some(row) = rows.next()? {
        each(NameId(row.get(0)?), NameId(row.get(1)?), row.get(2)?);
    }
    Ok(())
}

//! Which segments there are.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use dolmen_model::Time;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::segment::{EncodedSegment, IdFilters, Kind};

/// A segment's number; its file's name follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SegmentId(pub(crate) i64);

/// What the catalog knows of a segment.
#[derive(Clone, Debug)]
pub(crate) struct SegmentRow {
    pub(crate) id: SegmentId,
    pub(crate) kind: Kind,
    pub(crate) generation: i64,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) raw_bytes: u64,
    pub(crate) from: Option<i64>,
    pub(crate) to: Option<i64>,
    pub(crate) hash: u128,
    pub(crate) listed: Listed,
}

/// Of columns with few values all of them. Read when it is asked for: a page of calls looks at few
/// segments of thousands.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    text: Box<str>,
    read: OnceLock<BTreeMap<String, Vec<Option<String>>>>,
}

impl Listed {
    /// The values of a column, sorted; `None` where there are many.
    pub(crate) fn get(&self, column: &str) -> Option<&Vec<Option<String>>> {
        // Nothing listed is nothing skipped.
        let read = || serde_json::from_str(&self.text).unwrap_or_default();
        self.read.get_or_init(read).get(column)
    }
}

impl SegmentRow {
    /// Its file in `segments/`.
    pub(crate) fn file(&self) -> String {
        file_name(self.id, self.kind)
    }
}

pub(crate) fn file_name(id: SegmentId, kind: Kind) -> String {
    format!("{:010}-{kind}.parquet", id.0)
}

const COLUMNS: &str =
    "id, kind, generation, rows, bytes, raw_bytes, from_time, to_time, hash, listed";

fn segment(row: &Row<'_>) -> rusqlite::Result<SegmentRow> {
    let kind: String = row.get(1)?;
    let listed = Listed { text: row.get::<_, String>(9)?.into(), read: OnceLock::new() };
    Ok(SegmentRow {
        id: SegmentId(row.get(0)?),
        // A kind of a later format cannot be here: the catalog's version is checked first.
        kind: Kind::from_name(&kind).unwrap_or(Kind::Unread),
        generation: row.get(2)?,
        rows: row.get::<_, i64>(3)? as u64,
        bytes: row.get::<_, i64>(4)? as u64,
        raw_bytes: row.get::<_, i64>(5)? as u64,
        from: row.get(6)?,
        to: row.get(7)?,
        hash: u128::from_be_bytes(row.get(8)?),
        listed,
    })
}

/// Names a segment whose file is durable already.
pub(crate) fn insert(
    db: &Connection,
    id: SegmentId,
    encoded: &EncodedSegment,
    hash: u128,
    generation: i64,
    commit: i64,
) -> rusqlite::Result<()> {
    let listed = serde_json::to_string(&encoded.values).unwrap_or_else(|_| "{}".to_owned());
    db.prepare_cached(
        "INSERT INTO segments (id, kind, generation, rows, bytes, raw_bytes, from_time, to_time,
            hash, listed, commit_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(params![
        id.0,
        encoded.kind.name(),
        generation,
        encoded.rows as i64,
        encoded.bytes.len() as i64,
        encoded.raw_bytes as i64,
        encoded.from,
        encoded.to,
        hash.to_be_bytes(),
        listed,
        commit
    ])
    .map(drop)
}

/// Segments of one kind that may hold rows of [from, to), the latest first; all of them for the
/// whole of time. Rows without a time are before every other.
pub(crate) fn between(
    db: &Connection,
    kind: Kind,
    from: Time,
    to: Time,
) -> rusqlite::Result<Vec<SegmentRow>> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM visible WHERE kind = ?1
         AND ifnull(to_time, {first}) >= ?2 AND ifnull(from_time, {first}) < ?3
         ORDER BY to_time DESC, id DESC",
        first = i64::MIN
    ))?;
    statement.query_map(params![kind.name(), from.micros(), to.micros()], segment)?.collect()
}

/// Where a segment lies in time, and how many rows it has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) id: SegmentId,
    pub(crate) from: Option<i64>,
    pub(crate) to: Option<i64>,
    pub(crate) rows: u64,
}

/// Every segment of one kind that readers look at, oldest number first.
pub(crate) fn spans(db: &Connection, kind: Kind) -> rusqlite::Result<Vec<Span>> {
    let mut statement = db.prepare_cached(
        "SELECT id, from_time, to_time, rows FROM visible WHERE kind = ?1 ORDER BY id",
    )?;
    let read = |row: &Row<'_>| {
        Ok(Span {
            id: SegmentId(row.get(0)?),
            from: row.get(1)?,
            to: row.get(2)?,
            rows: row.get::<_, i64>(3)? as u64,
        })
    };
    statement.query_map([kind.name()], read)?.collect()
}

/// Every segment that readers look at, oldest number first.
pub(crate) fn all(db: &Connection) -> rusqlite::Result<Vec<SegmentRow>> {
    let mut statement = db.prepare_cached(&format!("SELECT {COLUMNS} FROM visible ORDER BY id"))?;
    statement.query_map([], segment)?.collect()
}

/// Every segment that is not replaced, those of a generation under way among them.
pub(crate) fn named(db: &Connection) -> rusqlite::Result<Vec<SegmentRow>> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM segments WHERE replaced_at IS NULL ORDER BY id"
    ))?;
    statement.query_map([], segment)?.collect()
}

/// Segments that were replaced by this time; `None`: ever.
pub(crate) fn replaced(
    db: &Connection,
    by: Option<Time>,
) -> rusqlite::Result<Vec<(SegmentId, Kind)>> {
    let mut statement =
        db.prepare_cached("SELECT id, kind FROM segments WHERE replaced_at <= ?1")?;
    let read = |row: &Row<'_>| {
        let kind: String = row.get(1)?;
        Ok((SegmentId(row.get(0)?), Kind::from_name(&kind).unwrap_or(Kind::Unread)))
    };
    statement.query_map([by.unwrap_or(Time::MAX).micros()], read)?.collect()
}

/// One segment, replaced or not.
pub(crate) fn one(db: &Connection, id: SegmentId) -> rusqlite::Result<SegmentRow> {
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM segments WHERE id = ?1"))?
        .query_row([id.0], segment)
}

/// The files that may lie in `segments/`, replaced ones in their grace period included.
pub(crate) fn files(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = db.prepare_cached(&format!("SELECT {COLUMNS} FROM segments"))?;
    statement.query_map([], |row| segment(row).map(|segment| segment.file()))?.collect()
}

/// The number after the last one that was named.
pub(crate) fn next(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row(
        "SELECT max((SELECT ifnull(max(id), 0) FROM segments), value) + 1 FROM meta
         WHERE key = 'segments'",
        [],
        |row| row.get(0),
    )
}

/// Forgets segments whose files go, and not their numbers: a reader may have one open still.
pub(crate) fn forget(
    db: &Connection,
    ids: impl Iterator<Item = SegmentId>,
) -> rusqlite::Result<()> {
    super::set(db, "segments", next(db)? - 1)?;
    for id in ids {
        db.prepare_cached("DELETE FROM amendments WHERE segment = ?1")?.execute([id.0])?;
        db.prepare_cached("DELETE FROM id_filters WHERE segment = ?1")?.execute([id.0])?;
        db.prepare_cached("DELETE FROM segments WHERE id = ?1")?.execute([id.0])?;
    }
    Ok(())
}

/// What a segment says about its request ids; `None` while nobody asked.
pub(crate) fn id_filters(db: &Connection, id: SegmentId) -> rusqlite::Result<Option<IdFilters>> {
    let text: Option<String> = db
        .prepare_cached("SELECT filters FROM id_filters WHERE segment = ?1")?
        .query_row([id.0], |row| row.get(0))
        .optional()?;
    // What cannot be read is made anew.
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Keeps what a segment says about its request ids.
pub(crate) fn keep_id_filters(
    db: &Connection,
    id: SegmentId,
    filters: &IdFilters,
) -> rusqlite::Result<()> {
    let Ok(text) = serde_json::to_string(filters) else { return Ok(()) };
    db.prepare_cached("INSERT OR REPLACE INTO id_filters VALUES (?1, ?2)")?
        .execute(params![id.0, text])
        .map(drop)
}

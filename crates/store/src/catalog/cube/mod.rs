//! Cells in the catalog.
//!
//! A call is counted once per width and projection, so that a question reads few rows whatever its
//! range: by month for years, by minute for the last hours, and without the dimensions it does not
//! ask for.

mod histograms;
mod packed;
mod sums;

use std::collections::BTreeMap;

use dolmen_cubes::{Cell, Cube, Key};
use dolmen_model::{Joined, NameId};
use rusqlite::{Connection, OptionalExtension, Row, Rows, params};
use rustc_hash::FxHashMap;

use super::damaged;
use super::sorted::merged;
use crate::range::{Kept, Piece, Width, minute_of, time_of};
use packed::{Cells, Dimensions, Packed};
pub use sums::Durations;
pub(crate) use sums::Sums;

/// Which dimensions a row keeps; the others hold -1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Projection {
    /// All six.
    Full,
    /// Service, operations, actor, joined: the bars and pies of the control panel.
    Panel,
    /// Service and endpoint.
    Endpoints,
}

/// A dimension of the cube.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// The service that answered.
    Service,
    /// The set of operations that the call entered.
    Operations,
    /// Who called.
    Actor,
    /// Method and path template.
    Endpoint,
    /// The HTTP status.
    Status,
    /// What became of it in the join.
    Joined,
}

impl Projection {
    const ALL: [Self; 3] = [Self::Full, Self::Panel, Self::Endpoints];

    const fn keeps(self, dimension: Dimension) -> bool {
        use Dimension::{Actor, Endpoint, Joined, Operations, Service};
        match self {
            Self::Full => true,
            Self::Panel => matches!(dimension, Service | Operations | Actor | Joined),
            Self::Endpoints => matches!(dimension, Service | Endpoint),
        }
    }

    /// The one with the fewest rows that can answer.
    pub(crate) fn for_dimensions(asked: &[Dimension], width: Width) -> Self {
        let answers = |projection: &Self| {
            (*projection == Self::Full || width != Width::Minute)
                && asked.iter().all(|&dimension| projection.keeps(dimension))
        };
        [Self::Panel, Self::Endpoints].into_iter().find(answers).unwrap_or(Self::Full)
    }
}

const fn level(projection: Projection, width: Width) -> i64 {
    projection as i64 * 4 + width as i64
}

/// A row's key, as the table has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct RowKey {
    level: i64,
    bucket: i64,
    part: i64,
}

fn row_key(key: &Key, projection: Projection, width: Width) -> (RowKey, Dimensions) {
    use Dimension::{Actor, Endpoint, Joined, Operations, Service, Status};
    let of = |dimension, value: u32| {
        if projection.keeps(dimension) { value.saturating_add(1) } else { 0 }
    };
    let dimensions = [
        of(Service, key.service.0),
        of(Operations, key.operations.0),
        of(Actor, key.actor.0),
        of(Endpoint, key.endpoint.0),
        of(Status, u32::from(key.outcome.status)),
        of(Joined, key.outcome.joined as u32),
    ];
    let bucket = width.floor(minute_of(key.bucket));
    (
        RowKey {
            level: level(projection, width),
            bucket,
            part: part(dimensions, projection, width),
        },
        dimensions,
    )
}

/// Which cells share a row: those of the same operations, and of the same of what there may be many
/// of beside them, so few that a row is some kilobytes. A narrow bucket has few cells of each.
const fn part(
    [_, operations, actor, endpoint, ..]: Dimensions,
    projection: Projection,
    width: Width,
) -> i64 {
    let (many, few) = match projection {
        Projection::Full => (endpoint, operations),
        Projection::Panel => (actor, operations),
        Projection::Endpoints => (endpoint, 0),
    };
    let (few_bits, many_bits) = match width {
        Width::Minute => (6, 10),
        Width::Hour => (4, 8),
        Width::Day | Width::Month => (2, 6),
    };
    ((few as i64 >> few_bits) << 32) | (many as i64 >> many_bits)
}

/// A cube's cells by row, in the order of the primary key: neighbours share pages.
fn rows(cube: &Cube, kept: Kept) -> BTreeMap<RowKey, Cells> {
    // Each width is summed up from the one below it, which has fewer rows than there are cells.
    let mut widths: [FxHashMap<Key, Cell>; Width::ALL.len()] = Default::default();
    for (key, cell) in cube.cells() {
        let minute = minute_of(key.bucket);
        let narrowest = Width::ALL.into_iter().find(|&width| kept.has(width, minute));
        let width = narrowest.unwrap_or(Width::Day);
        let bucket = time_of(width.floor(minute));
        widths[width as usize].entry(Key { bucket, ..*key }).or_default().merge(cell);
    }
    for width in Width::ALL.into_iter().skip(1) {
        let (below, above) = widths.split_at_mut(width as usize);
        for (key, cell) in below.last().into_iter().flatten() {
            let bucket = time_of(width.floor(minute_of(key.bucket)));
            above[0].entry(Key { bucket, ..*key }).or_default().merge(cell);
        }
    }
    let mut sums: FxHashMap<(RowKey, Dimensions), Cell> = FxHashMap::default();
    for (width, cells) in Width::ALL.into_iter().zip(&widths) {
        for projection in Projection::ALL {
            if projection == Projection::Full || width != Width::Minute {
                for (key, cell) in cells {
                    sums.entry(row_key(key, projection, width)).or_default().merge(cell);
                }
            }
        }
    }
    let mut rows: BTreeMap<RowKey, Cells> = BTreeMap::new();
    for ((row, dimensions), cell) in sums {
        rows.entry(row).or_default().push((dimensions, cell));
    }
    let by_dimensions = |cells: &mut Cells| cells.sort_unstable_by_key(|(key, _)| *key);
    rows.values_mut().for_each(by_dimensions);
    rows
}

fn known(db: &Connection, generation: i64, row: RowKey) -> rusqlite::Result<Option<Cells>> {
    db.prepare_cached(
        "SELECT cells, sums FROM cube JOIN cube_sums USING (generation, level, bucket, part)
         WHERE generation = ?1 AND level = ?2 AND bucket = ?3 AND part = ?4",
    )?
    .query_row(params![generation, row.level, row.bucket, row.part], |row| {
        packed::unpacked(row.get_ref(0)?.as_blob()?, row.get_ref(1)?.as_blob()?)
            .ok_or_else(|| damaged(HALVES))
    })
    .optional()
}

const HALVES: &str = "a row of cube and its row of cube_sums do not fit";

fn write(db: &Connection, generation: i64, row: RowKey, cells: &Cells) -> rusqlite::Result<()> {
    let RowKey { level, bucket, part } = row;
    if cells.is_empty() {
        // The order in which things came leaves no trace.
        let key = params![generation, level, bucket, part];
        let of_row = "WHERE generation = ?1 AND level = ?2 AND bucket = ?3 AND part = ?4";
        db.prepare_cached(&format!("DELETE FROM cube {of_row}"))?.execute(key)?;
        return db
            .prepare_cached(&format!("DELETE FROM cube_sums {of_row}"))?
            .execute(key)
            .map(drop);
    }
    let Packed { cells, sums } = Packed::of(cells);
    db.prepare_cached("INSERT OR REPLACE INTO cube VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![generation, level, bucket, part, cells])?;
    db.prepare_cached("INSERT OR REPLACE INTO cube_sums VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![generation, level, bucket, part, sums])
        .map(drop)
}

/// Adds a cube's cells to every width and projection.
pub(crate) fn add(
    db: &Connection,
    generation: i64,
    cube: &Cube,
    kept: Kept,
) -> rusqlite::Result<()> {
    for (row, added) in rows(cube, kept) {
        let sum = match known(db, generation, row)? {
            Some(known) => merged(known, added, |all, cell| all.merge(&cell)),
            None => added,
        };
        write(db, generation, row, &sum)?;
    }
    Ok(())
}

/// Takes calls out again, where late marks move them to other cells.
pub(crate) fn take(
    db: &Connection,
    generation: i64,
    cube: &Cube,
    kept: Kept,
) -> rusqlite::Result<()> {
    for (row, taken) in rows(cube, kept) {
        if let Some(known) = known(db, generation, row)? {
            write(db, generation, row, &packed::take(known, &taken))?;
        }
    }
    Ok(())
}

/// Adds the cells of one piece of time to `sums`, bucket after bucket, under the minute that
/// `start_of` gives for a bucket's. Returns how many cells there were.
pub(crate) fn read(
    db: &Connection,
    generation: i64,
    projection: Projection,
    piece: Piece,
    sums: &mut Sums,
    start_of: impl Fn(i64) -> i64,
) -> rusqlite::Result<u64> {
    let asked = params![generation, level(projection, piece.width), piece.from, piece.to];
    let of_piece = "WHERE generation = ?1 AND level = ?2 AND bucket >= ?3 AND bucket < ?4
         ORDER BY bucket, part";
    let mut cells =
        db.prepare_cached(&format!("SELECT bucket, part, cells FROM cube {of_piece}"))?;
    let mut cells = cells.query(asked)?;
    // Both are in the order of their keys: they go side by side, without a look for each row.
    let mut second =
        db.prepare_cached(&format!("SELECT bucket, part, sums FROM cube_sums {of_piece}"))?;
    let mut second = match sums.durations {
        Durations::Asked => Some(second.query(asked)?),
        Durations::Left => None,
    };
    let mut read = 0;
    while let Some(row) = cells.next()? {
        let bucket: i64 = row.get(0)?;
        let half = second.as_mut().map(|second| half_of(row, second)).transpose()?;
        let half = half.map(|row| row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from));
        let half = half.transpose()?.unwrap_or_default();
        let cells = row.get_ref(2)?.as_blob()?;
        read += sums.add(start_of(bucket), cells, half).ok_or_else(|| damaged(HALVES))?;
    }
    Ok(read)
}

/// The next row, which is of the same cells.
fn half_of<'r>(row: &Row<'_>, second: &'r mut Rows<'_>) -> rusqlite::Result<&'r Row<'r>> {
    let key = |row: &Row<'_>| -> rusqlite::Result<(i64, i64)> { Ok((row.get(0)?, row.get(1)?)) };
    let half = second.next()?.ok_or_else(|| damaged(HALVES))?;
    if key(half)? == key(row)? { Ok(half) } else { Err(damaged(HALVES)) }
}

pub(crate) const fn joined(number: i64) -> Joined {
    match number {
        1 => Joined::CallOnly,
        2 => Joined::NoId,
        _ => Joined::Joined,
    }
}

/// Removes what is narrower than what is kept.
pub(crate) fn forget(db: &Connection, kept: Kept) -> rusqlite::Result<()> {
    for (width, since) in [(Width::Minute, kept.minutes_since), (Width::Hour, kept.hours_since)] {
        for projection in Projection::ALL {
            for table in ["cube", "cube_sums"] {
                db.prepare_cached(&format!(
                    "DELETE FROM {table} WHERE generation IN (SELECT id FROM generations)
                     AND level = ?1 AND bucket < ?2"
                ))?
                .execute(params![level(projection, width), since])?;
            }
        }
        db.prepare_cached("DELETE FROM mark_cube WHERE width = ?1 AND bucket < ?2")?
            .execute(params![width as i64, since])?;
    }
    Ok(())
}

/// Counts marks, by width, service and operation.
pub(crate) fn add_marks(
    db: &Connection,
    marks: impl Iterator<Item = ((i64, NameId, NameId), u64)>,
    kept: Kept,
) -> rusqlite::Result<()> {
    let mut sums: FxHashMap<(i64, i64, u32, u32), u64> = FxHashMap::default();
    for ((minute, service, operation), count) in marks {
        for width in Width::ALL {
            // A mark without a time is counted in no width but the widest, before all others.
            let bucket = match minute {
                i64::MIN if width == Width::Month => i64::MIN,
                i64::MIN => continue,
                minute if kept.has(width, minute) => width.floor(minute),
                _ => continue,
            };
            *sums.entry((width as i64, bucket, service.0, operation.0)).or_default() += count;
        }
    }
    let mut upsert = db.prepare_cached(
        "INSERT INTO mark_cube VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET marks = marks + excluded.marks",
    )?;
    for ((width, bucket, service, operation), count) in sums {
        upsert.execute(params![width, bucket, service, operation, count as i64])?;
    }
    Ok(())
}

//! Cells in the catalog.
//!
//! A call is counted once per width and projection, so that a question reads few rows whatever its
//! range: by month for years, by minute for the last hours, and without the dimensions it does not
//! ask for.

use dolmen_cubes::{Cell, Cube, Histogram, Key};
use dolmen_model::{Joined, NameId, Outcome, SetId};
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OptionalExtension, Row, params};
use rustc_hash::FxHashMap;

use crate::range::{Kept, Piece, Width, minute_of, time_of};
use crate::varint;

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
    dimensions: [i64; 6],
}

fn row_key(key: &Key, projection: Projection, width: Width) -> RowKey {
    use Dimension::{Actor, Endpoint, Joined, Operations, Service, Status};
    let of = |dimension, value: i64| if projection.keeps(dimension) { value } else { -1 };
    RowKey {
        level: level(projection, width),
        bucket: width.floor(minute_of(key.bucket)),
        dimensions: [
            of(Service, i64::from(key.service.0)),
            of(Operations, i64::from(key.operations.0)),
            of(Actor, i64::from(key.actor.0)),
            of(Endpoint, i64::from(key.endpoint.0)),
            of(Status, i64::from(key.outcome.status)),
            of(Joined, key.outcome.joined as i64),
        ],
    }
}

/// Every row that counts this key, given which widths are kept.
fn rows_of(key: &Key, kept: Kept) -> impl Iterator<Item = RowKey> + '_ {
    let minute = minute_of(key.bucket);
    Projection::ALL.into_iter().flat_map(move |projection| {
        Width::ALL.into_iter().filter_map(move |width| {
            let exists = kept.has(width, minute)
                && (projection == Projection::Full || width != Width::Minute);
            exists.then(|| row_key(key, projection, width))
        })
    })
}

/// A cube's cells by row, in the order of the primary key: neighbours share pages.
fn sums(cube: &Cube, kept: Kept) -> Vec<(RowKey, Cell)> {
    let mut sums: FxHashMap<RowKey, Cell> = FxHashMap::default();
    for (key, cell) in cube.cells() {
        for row in rows_of(key, kept) {
            sums.entry(row).or_default().merge(cell);
        }
    }
    let mut sums: Vec<(RowKey, Cell)> = sums.into_iter().collect();
    sums.sort_unstable_by_key(|(key, _)| *key);
    sums
}

/// Makes `add_histograms(a, b)` known to SQLite.
pub(crate) fn functions(db: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    db.create_scalar_function("add_histograms", 2, flags, |context| {
        let mut sum = histogram(context.get_raw(0).as_blob()?);
        sum.merge(&histogram(context.get_raw(1).as_blob()?));
        Ok(histogram_blob(&sum))
    })
}

/// Pairs of (distance to the bucket before, count), each as LEB128.
fn histogram_blob(histogram: &Histogram) -> Vec<u8> {
    let mut blob = Vec::with_capacity(histogram.buckets().len() * 2);
    let mut before = 0;
    for (bucket, count) in histogram.buckets() {
        varint::write(u64::from(bucket - before), &mut blob);
        varint::write(count, &mut blob);
        before = bucket;
    }
    blob
}

fn histogram(mut blob: &[u8]) -> Histogram {
    let mut buckets = Vec::new();
    let mut bucket = 0_u16;
    while let (Some(step), Some(count)) = (varint::read(&mut blob), varint::read(&mut blob)) {
        bucket = bucket.saturating_add(step.min(u64::from(u16::MAX)) as u16);
        buckets.push((bucket, count));
    }
    Histogram::from_buckets(buckets)
}

/// Adds a cube's cells to every width and projection.
pub(crate) fn add(
    db: &Connection,
    generation: i64,
    cube: &Cube,
    kept: Kept,
) -> rusqlite::Result<()> {
    let mut upsert = db.prepare_cached(
        "INSERT INTO cube VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
         ON CONFLICT DO UPDATE SET calls = calls + excluded.calls,
            bytes = bytes + excluded.bytes, duration = duration + excluded.duration,
            histogram = add_histograms(histogram, excluded.histogram)",
    )?;
    for (key, cell) in sums(cube, kept) {
        let [service, operations, actor, endpoint, status, joined] = key.dimensions;
        upsert.execute(params![
            generation,
            key.level,
            key.bucket,
            service,
            operations,
            actor,
            endpoint,
            status,
            joined,
            cell.calls as i64,
            cell.bytes as i64,
            cell.duration as i64,
            histogram_blob(&cell.durations)
        ])?;
    }
    Ok(())
}

const THIS_ROW: &str = "generation = ?1 AND level = ?2 AND bucket = ?3 AND service = ?4
    AND operations = ?5 AND actor = ?6 AND endpoint = ?7 AND status = ?8 AND joined = ?9";

/// Takes calls out again, where late marks move them to other cells. A row that counts nothing any
/// more goes, so that the order in which things came leaves no trace.
pub(crate) fn take(
    db: &Connection,
    generation: i64,
    cube: &Cube,
    kept: Kept,
) -> rusqlite::Result<()> {
    let mut find = db.prepare_cached(&format!(
        "SELECT calls, bytes, duration, histogram FROM cube WHERE {THIS_ROW}"
    ))?;
    let mut update = db.prepare_cached(&format!(
        "UPDATE cube SET calls = ?10, bytes = ?11, duration = ?12, histogram = ?13 WHERE {THIS_ROW}"
    ))?;
    let mut delete = db.prepare_cached(&format!("DELETE FROM cube WHERE {THIS_ROW}"))?;
    for (row, taken) in sums(cube, kept) {
        let [service, operations, actor, endpoint, status, joined] = row.dimensions;
        let this = params![
            generation, row.level, row.bucket, service, operations, actor, endpoint, status, joined
        ];
        let Some(mut cell) = find.query_row(this, |row| cell(row, 0)).optional()? else { continue };
        cell.calls = cell.calls.saturating_sub(taken.calls);
        if cell.calls == 0 {
            delete.execute(this)?;
            continue;
        }
        cell.bytes = cell.bytes.saturating_sub(taken.bytes);
        cell.duration = cell.duration.saturating_sub(taken.duration);
        let without: Vec<(u16, u64)> = cell
            .durations
            .buckets()
            .map(|(bucket, count)| {
                let less = taken.durations.buckets().find(|(b, _)| *b == bucket);
                (bucket, count.saturating_sub(less.map_or(0, |(_, count)| count)))
            })
            .filter(|(_, count)| *count > 0)
            .collect();
        update.execute(params![
            generation,
            row.level,
            row.bucket,
            service,
            operations,
            actor,
            endpoint,
            status,
            joined,
            cell.calls as i64,
            cell.bytes as i64,
            cell.duration as i64,
            histogram_blob(&Histogram::from_buckets(without))
        ])?;
    }
    Ok(())
}

fn cell(row: &Row<'_>, at: usize) -> rusqlite::Result<Cell> {
    Ok(Cell {
        calls: row.get::<_, i64>(at)? as u64,
        bytes: row.get::<_, i64>(at + 1)? as u64,
        duration: row.get::<_, i64>(at + 2)? as u64,
        durations: histogram(row.get_ref(at + 3)?.as_blob().unwrap_or_default()),
    })
}

/// Reads the cells of one piece of time, in the order of their keys. Dimensions that the projection
/// leaves out are 0; the bucket is the start of the row's.
pub(crate) fn read(
    db: &Connection,
    generation: i64,
    projection: Projection,
    piece: Piece,
    mut each: impl FnMut(Key, Cell),
) -> rusqlite::Result<u64> {
    let mut statement = db.prepare_cached(
        "SELECT bucket, service, operations, actor, endpoint, status, joined,
            calls, bytes, duration, histogram FROM cube
         WHERE generation = ?1 AND level = ?2 AND bucket >= ?3 AND bucket < ?4",
    )?;
    let level = level(projection, piece.width);
    let mut rows = statement.query(params![generation, level, piece.from, piece.to])?;
    let mut read = 0;
    while let Some(row) = rows.next()? {
        let name = |at| row.get::<_, i64>(at).map(|id| NameId(id.max(0) as u32));
        let key = Key {
            bucket: time_of(row.get(0)?),
            service: name(1)?,
            operations: SetId(name(2)?.0),
            actor: name(3)?,
            endpoint: name(4)?,
            outcome: Outcome { status: name(5)?.0 as u16, joined: joined(row.get(6)?) },
        };
        each(key, cell(row, 7)?);
        read += 1;
    }
    Ok(read)
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
            db.prepare_cached(
                "DELETE FROM cube WHERE generation IN (SELECT id FROM generations)
                 AND level = ?1 AND bucket < ?2",
            )?
            .execute(params![level(projection, width), since])?;
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

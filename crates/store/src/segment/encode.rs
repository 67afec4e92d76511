use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;
use std::sync::Arc;

use arrow_array::RecordBatch;
use dolmen_model::{NameId, Names};
use rustc_hash::FxHashMap;

use super::columns::{self, Built, LISTED, Values};
use super::ticks::Tick;
use super::write::{write, write_batch};
use super::{Columns, Kind};
use crate::catalog::findings::Finding;
use crate::catalog::segments::SegmentRow;
use crate::error::StoreError;
use crate::facts::MarkState;
use crate::local::Keys;
use crate::rows::{IdKey, Lines, Rows, UnreadLines};
use crate::sparse::Sparse;

/// The rows of one block in the store's own form, ready to be committed.
///
/// Opaque: what is inside is this store's business, and another store's is its own.
#[derive(Debug, Default)]
pub struct Encoded {
    pub(crate) segments: Vec<EncodedSegment>,
    /// Marks by operation and service.
    pub(crate) mark_counts: BTreeMap<(i64, NameId, NameId), u64>,
    /// Calls by hour and by what a report counts beside the cube.
    pub(crate) findings: BTreeMap<(i64, Finding), u64>,
    /// Ids that several of its calls carry, outside a chain.
    pub(crate) repeats: BTreeSet<IdKey>,
    /// Lines by source, kind and hour of the log's own time.
    pub(crate) coverage: BTreeMap<(String, Kind, i64), u64>,
}

impl Encoded {
    /// Bytes on disk.
    pub fn bytes(&self) -> usize {
        self.segments.iter().map(|segment| segment.bytes.len()).sum()
    }

    /// Bytes of the lines it holds, line ends included.
    pub fn raw_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.raw_bytes).sum()
    }
}

/// One segment, not yet written.
#[derive(Debug)]
pub(crate) struct EncodedSegment {
    pub(crate) kind: Kind,
    pub(crate) bytes: Vec<u8>,
    pub(crate) rows: u64,
    /// Microseconds; `None` when no row has a time.
    pub(crate) from: Option<i64>,
    pub(crate) to: Option<i64>,
    pub(crate) raw_bytes: u64,
    /// Of columns with few values, all of them.
    pub(crate) values: Values,
    /// Of calls and hops, their ids: lines of other commits may be theirs.
    pub(crate) keys: Arc<Keys>,
    /// Of marks, those whose call is not known.
    pub(crate) waiting: Vec<LooseMark>,
}

/// A mark whose call is not in its block.
#[derive(Clone, Debug)]
pub(crate) struct LooseMark {
    /// `None`: it has none, and no call can have it.
    pub(crate) id: Option<Vec<u8>>,
    pub(crate) time: Option<i64>,
    pub(crate) source: Box<str>,
    pub(crate) service: NameId,
    pub(crate) operation: NameId,
}

const HOUR: i64 = 3_600_000_000;
const MINUTE: i64 = 60_000_000;

/// Encodes a block. Pure: any thread, no lock but that of a name never met before.
pub(crate) fn encode(rows: &Rows, names: &Names) -> Result<Encoded, StoreError> {
    let mut encoded = Encoded::default();
    for (kind, lines) in [(Kind::Calls, &rows.calls), (Kind::Marks, &rows.marks)] {
        if lines.len() > 0 {
            encoded.segments.push(encode_lines(kind, lines, names)?);
            encoded.count(kind, lines, names);
        }
    }
    if rows.unread.len() > 0 {
        encoded.segments.push(encode_unread(&rows.unread)?);
        let unread = &rows.unread;
        for row in 0..unread.len() {
            let source = String::from_utf8_lossy(unread.source.get(row)).into_owned();
            let hour = unread.seen[row].div_euclid(HOUR);
            *encoded.coverage.entry((source, Kind::Unread, hour)).or_default() += 1;
        }
    }
    Ok(encoded)
}

impl Encoded {
    fn count(&mut self, kind: Kind, lines: &Lines, names: &Names) {
        let mut hours: Tally<(u16, i64)> = Tally::default();
        let mut minutes: Tally<(i64, NameId, NameId)> = Tally::default();
        let mut hour_of = Buckets::of(HOUR);
        let mut minute_of = Buckets::of(MINUTE);
        for (facts, time) in lines.facts.iter().zip(lines.time.iter()) {
            let hour = time.map_or(i64::MIN, |time| hour_of.bucket(time));
            hours.add((facts.source, hour), usize::from(facts.source));
            if kind == Kind::Calls {
                for finding in Finding::of(&facts.settled, facts.operation, names) {
                    *self.findings.entry((hour, finding)).or_default() += 1;
                }
            }
            if kind == Kind::Marks {
                let minute = time.map_or(i64::MIN, |time| minute_of.bucket(time));
                let few_bits = facts.operation.0 as usize;
                minutes.add((minute, facts.service, facts.operation), few_bits);
            }
        }
        for (key, marks) in minutes.counts() {
            *self.mark_counts.entry(key).or_default() += marks;
        }
        let repeated = (0..).zip(&lines.facts).filter(|(_, facts)| facts.settled.repeated);
        let repeated = repeated.filter_map(|(row, _)| lines.id(row));
        self.repeats.extend(repeated.map(|id| IdKey::of(&id)));
        for ((source, hour), count) in hours.counts() {
            let source = lines.sources[usize::from(source)].to_string();
            *self.coverage.entry((source, kind, hour)).or_default() += count;
        }
    }
}

/// Counts of rows by what they say: those that follow each other say few things.
struct Tally<K> {
    lately: [Option<(K, u64)>; LATELY],
    counts: FxHashMap<K, u64>,
}

const LATELY: usize = 16;

impl<K: Copy + Eq + Hash> Default for Tally<K> {
    fn default() -> Self {
        Self { lately: [None; LATELY], counts: FxHashMap::default() }
    }
}

impl<K: Copy + Eq + Hash> Tally<K> {
    /// `few_bits` are some of the key's that most keys differ in.
    #[inline]
    fn add(&mut self, key: K, few_bits: usize) {
        let place = &mut self.lately[few_bits % LATELY];
        match place {
            Some((known, count)) if *known == key => *count += 1,
            _ => {
                if let Some((key, count)) = place.replace((key, 1)) {
                    *self.counts.entry(key).or_default() += count;
                }
            }
        }
    }

    fn counts(self) -> FxHashMap<K, u64> {
        let Self { lately, mut counts } = self;
        for (key, count) in lately.into_iter().flatten() {
            *counts.entry(key).or_default() += count;
        }
        counts
    }
}

/// The buckets of times, which mostly follow each other in one bucket.
struct Buckets {
    width: i64,
    /// Of the last one, where it begins.
    from: i64,
    bucket: i64,
}

impl Buckets {
    fn of(width: i64) -> Self {
        Self { width, from: 0, bucket: 0 }
    }

    #[inline]
    fn bucket(&mut self, time: i64) -> i64 {
        if !(0..self.width).contains(&time.wrapping_sub(self.from)) {
            self.bucket = time.div_euclid(self.width);
            self.from = self.bucket.wrapping_mul(self.width);
        }
        self.bucket
    }
}

fn encode_lines(kind: Kind, lines: &Lines, names: &Names) -> Result<EncodedSegment, StoreError> {
    let order = columns::order(&lines.time, lines.len());
    let Built { columns, values, tick } = columns::of_lines(kind, lines, names, &order);
    let (from, to) = range(&lines.time);
    Ok(EncodedSegment {
        kind,
        bytes: write(kind, tick, &columns, order.len())?,
        rows: order.len() as u64,
        from,
        to,
        raw_bytes: lines.raw_bytes,
        values,
        keys: Arc::new(match kind {
            Kind::Calls => {
                let by_row = (0..).zip(&order).filter(|(_, row)| lines.has_key(**row as usize));
                let by_row = by_row.map(|(at, &row)| (at, lines.keys[row as usize]));
                Keys::new(&by_row.collect::<Vec<_>>())
            }
            Kind::Marks | Kind::Unread => Keys::default(),
        }),
        waiting: if kind == Kind::Marks { loose_marks(lines) } else { Vec::new() },
    })
}

fn encode_unread(unread: &UnreadLines) -> Result<EncodedSegment, StoreError> {
    let mut seen = Sparse::default();
    unread.seen.iter().for_each(|&seen_at| seen.push(Some(seen_at)));
    let order = columns::order(&seen, unread.len());
    let tick = Tick::of(seen.iter());
    let columns = columns::of_unread(unread, tick, &order);
    let (from, to) = range(&seen);
    Ok(EncodedSegment {
        kind: Kind::Unread,
        bytes: write(Kind::Unread, tick, &columns, order.len())?,
        rows: order.len() as u64,
        from,
        to,
        raw_bytes: (0..unread.len()).map(|row| unread.line.get(row).len() as u64 + 1).sum(),
        values: BTreeMap::new(),
        keys: Arc::default(),
        waiting: Vec::new(),
    })
}

/// Encodes rows that were read from `group`: sorted by time, joined as far as they are.
pub(crate) fn encode_batch(
    kind: Kind,
    batch: &RecordBatch,
    group: &[SegmentRow],
) -> Result<EncodedSegment, StoreError> {
    let columns = Columns::new(batch.clone());
    let rows = columns.rows();
    let mut values = Values::new();
    for name in ["service", "actor", "endpoint", "operation"] {
        // Listed in all of them, or in none.
        let lists = group.iter().map(|segment| segment.listed.get(name));
        if let Some(lists) = lists.collect::<Option<Vec<_>>>() {
            let mut all: Vec<Option<String>> = lists.into_iter().flatten().cloned().collect();
            // Late marks may have brought others.
            let mut folded: Vec<String> = match (name, kind) {
                ("operation", Kind::Calls) => {
                    (0..rows).flat_map(|row| columns.texts("operations", row)).collect()
                }
                ("service", Kind::Calls) => (0..rows)
                    .filter_map(|row| columns.text("service", row).map(str::to_owned))
                    .collect(),
                _ => Vec::new(),
            };
            folded.sort_unstable();
            folded.dedup();
            all.extend(folded.into_iter().map(Some));
            all.sort_unstable();
            all.dedup();
            if all.len() <= LISTED {
                values.insert(name, all);
            }
        }
    }
    Ok(EncodedSegment {
        kind,
        bytes: write_batch(kind, batch)?,
        rows: rows as u64,
        from: group.iter().filter_map(|segment| segment.from).min(),
        to: group.iter().filter_map(|segment| segment.to).max(),
        raw_bytes: group.iter().map(|segment| segment.raw_bytes).sum(),
        values,
        keys: Arc::default(),
        waiting: Vec::new(),
    })
}

fn range(times: &Sparse) -> (Option<i64>, Option<i64>) {
    let known = || times.iter().flatten();
    (known().min(), known().max())
}

fn loose_marks(lines: &Lines) -> Vec<LooseMark> {
    (0..lines.len())
        .filter(|&row| lines.facts[row].state == MarkState::Waiting)
        .map(|row| LooseMark {
            id: lines.id(row),
            time: lines.time.get(row),
            source: lines.sources[usize::from(lines.facts[row].source)].clone(),
            service: lines.facts[row].service,
            operation: lines.facts[row].operation,
        })
        .collect()
}

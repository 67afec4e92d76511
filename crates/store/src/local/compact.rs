//! Small segments become larger ones, with their amendments folded in.

use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{Array, ArrayRef, BooleanArray, Int32Array, RecordBatch, UInt32Array};
use arrow_schema::{ArrowError, DataType, Field};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use dolmen_model::Time;
use rusqlite::{Transaction, params};
use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::xxh3_128;

use super::{LocalStore, derive, join};
use crate::catalog::segments::{self, SegmentId, SegmentRow};
use crate::catalog::{self, waiting};
use crate::error::StoreError;
use crate::facts::Settled;
use crate::segment::{Columns, EncodedSegment, Kind, encode_batch, joined_word, unreadable};
use crate::stored::CallRow;
use crate::unreadable::Unreadable;

/// What was compacted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Segments that were replaced.
    pub from: u64,
    /// Segments that replace them.
    pub to: u64,
    /// Late joins folded in.
    pub amendments: u64,
    /// Segments that were left as they are, since they cannot be read.
    pub unreadable: Vec<Unreadable>,
}

/// Rows of a compacted segment at most: four row groups, about 100 MB in memory while it is made.
const ROWS: u64 = 4 * 60_000;

/// Segments with at least this share of [`ROWS`] are left alone.
const SMALL: u64 = ROWS / 2;

/// A row: its segment and its number there.
type RowPlace = (SegmentId, u32);

/// Where a row went.
type Moved = FxHashMap<RowPlace, u32>;

/// The rows of several segments, where they came from, and what amends them.
#[derive(Default)]
struct Read {
    batches: Vec<RecordBatch>,
    places: Vec<RowPlace>,
    folded: FxHashMap<RowPlace, Settled>,
}

impl LocalStore {
    /// Compacts until nothing is worth it: neighbours in time of one kind, together at most
    /// 240,000 rows. Readers and commits go on meanwhile.
    pub fn compact(&self, now: Time) -> Result<Compacted, StoreError> {
        self.compact_while(now, || true)
    }

    /// The same, as long as it is wanted: that is asked before each new segment.
    pub fn compact_while(
        &self,
        now: Time,
        mut is_wanted: impl FnMut() -> bool,
    ) -> Result<Compacted, StoreError> {
        self.meet_again(now)?;
        let mut done = Compacted::default();
        for group in self.groups()? {
            if !is_wanted() {
                break;
            }
            let (group, read) = self.read_group(group, &mut done.unreadable)?;
            if group.len() < 2 {
                continue;
            }
            let Some(folded) = self.merge(&group, read, now)? else { continue };
            done.from += group.len() as u64;
            done.to += 1;
            done.amendments += folded;
        }
        Ok(done)
    }

    /// Reads a group; what cannot be read is no longer of it.
    fn read_group(
        &self,
        mut group: Vec<SegmentRow>,
        unreadable: &mut Vec<Unreadable>,
    ) -> Result<(Vec<SegmentRow>, Read), StoreError> {
        let mut read = Read::default();
        let mut broken = Vec::new();
        for row in &group {
            match self.read_whole(row) {
                Ok((batches, amended)) => {
                    let rows = batches.iter().map(|batch| batch.num_rows() as u32).sum();
                    read.places.extend((0..rows).map(|at| (row.id, at)));
                    read.folded.extend(amended.into_iter().map(|(at, now)| ((row.id, at), now)));
                    read.batches.extend(batches);
                }
                Err(error) => {
                    let lost = error.unreadable()?;
                    broken.push(row.id);
                    if self.are_named(std::slice::from_ref(row))? {
                        unreadable.push(lost);
                    }
                }
            }
        }
        group.retain(|row| !broken.contains(&row.id));
        Ok((group, read))
    }

    fn read_whole(
        &self,
        row: &SegmentRow,
    ) -> Result<(Vec<RecordBatch>, FxHashMap<u32, Settled>), StoreError> {
        let reader = self.segment(&mut self.inner(), row)?;
        let amended = self.amended(&reader)?;
        let batches = (0..reader.row_groups()).map(|part| reader.read_all(part));
        Ok((batches.collect::<Result<_, _>>()?, amended))
    }

    fn groups(&self) -> Result<Vec<Vec<SegmentRow>>, StoreError> {
        let inner = self.inner();
        self.writing(&inner)?;
        let refused = inner.catalog.refused("list the segments");
        let db = &inner.catalog.db;
        let mut groups = Vec::new();
        // A generation under way knows calls by the segments they are in.
        let is_deriving = derive::building(db).map_err(&refused)?.is_some();
        for kind in Kind::ALL {
            if is_deriving && kind == Kind::Calls {
                continue;
            }
            let mut small = segments::between(db, kind, Time::MIN, Time::MAX).map_err(&refused)?;
            small.retain(|segment| segment.rows < SMALL);
            small.reverse();
            let mut group: Vec<SegmentRow> = Vec::new();
            for segment in small {
                let rows: u64 = group.iter().map(|segment| segment.rows).sum();
                if rows + segment.rows > ROWS {
                    groups.push(std::mem::take(&mut group));
                }
                group.push(segment);
            }
            groups.push(group);
        }
        groups.retain(|group| group.len() > 1);
        Ok(groups)
    }

    /// Writes one segment for several; returns how many amendments it holds. `None`: meanwhile
    /// somebody else replaced or removed one of them.
    fn merge(
        &self,
        group: &[SegmentRow],
        read: Read,
        now: Time,
    ) -> Result<Option<u64>, StoreError> {
        let Read { batches, places, folded } = read;
        let Some(first) = group.first() else { return Ok(None) };
        let broken = |reason: String| unreadable(first, reason);
        let schema = first.kind.schema();
        let batch = concat_batches(&schema, &batches).map_err(|e| broken(e.to_string()))?;
        drop(batches);
        let columns = Columns::new(batch.clone());
        let time = |at: &u32| columns.time(first.kind.time_column(), *at as usize);
        let mut order: Vec<u32> = (0..batch.num_rows() as u32).collect();
        order.sort_by_key(|at| time(at));
        let batch = match folded.is_empty() {
            true => batch,
            false => self.fold(&batch, &places, &folded).map_err(|e| broken(e.to_string()))?,
        };
        let batch = take_record_batch(&batch, &UInt32Array::from(order.clone()))
            .map_err(|e| broken(e.to_string()))?;
        let encoded = encode_batch(first.kind, &batch, group)?;
        drop(batch);
        let moved: Moved = order
            .iter()
            .enumerate()
            .map(|(to, &from)| (places[from as usize], to as u32))
            .collect();
        let is_replaced = self.replace(group, &encoded, &moved, &folded, now)?;
        Ok(is_replaced.then_some(folded.len() as u64))
    }

    /// Writes what late marks said into the columns.
    fn fold(
        &self,
        batch: &RecordBatch,
        places: &[RowPlace],
        folded: &FxHashMap<RowPlace, Settled>,
    ) -> Result<RecordBatch, ArrowError> {
        let columns = Columns::new(batch.clone());
        let mut operations = ListBuilder::new(StringBuilder::new()).with_field(Field::new(
            "element",
            DataType::Utf8,
            false,
        ));
        let (mut service, mut joined) = (StringBuilder::new(), StringBuilder::new());
        let mut role = StringBuilder::new();
        let mut marks = Vec::with_capacity(places.len());
        let (mut bypassed, mut repeated) = (Vec::new(), Vec::new());
        for (row, place) in places.iter().enumerate() {
            let amended = folded.get(place).copied();
            let call = CallRow { columns: &columns, row, amended, names: &self.names };
            call.operations().iter().for_each(|name| operations.values().append_value(name));
            operations.append(true);
            service.append_option(call.service());
            joined.append_value(joined_word(call.joined()));
            role.append_value(call.role().word());
            marks.push(call.marks() as i32);
            bypassed.push(call.flag("bypassed", |settled| settled.bypassed));
            repeated.push(call.flag("repeated", |settled| settled.repeated));
        }
        let mut replaced: Vec<ArrayRef> = batch.columns().to_vec();
        let schema = batch.schema();
        for (name, column) in [
            ("operations", Arc::new(operations.finish()) as ArrayRef),
            ("service", Arc::new(service.finish())),
            ("joined", Arc::new(joined.finish())),
            ("role", Arc::new(role.finish())),
            ("marks", Arc::new(Int32Array::from(marks))),
            ("bypassed", Arc::new(BooleanArray::from(bypassed))),
            ("repeated", Arc::new(BooleanArray::from(repeated))),
        ] {
            if let Ok(at) = schema.index_of(name) {
                debug_assert_eq!(column.len(), batch.num_rows());
                replaced[at] = column;
            }
        }
        RecordBatch::try_new(schema, replaced)
    }

    fn replace(
        &self,
        group: &[SegmentRow],
        encoded: &EncodedSegment,
        moved: &Moved,
        folded: &FxHashMap<RowPlace, Settled>,
        now: Time,
    ) -> Result<bool, StoreError> {
        let id = {
            let mut inner = self.inner();
            let Some(writer) = &mut inner.writer else {
                return Err(StoreError::ReadOnly { path: self.root.clone() });
            };
            writer.next_segment += 1;
            SegmentId(writer.next_segment - 1)
        };
        // Commits go on while megabytes are written and synced.
        let path = self.write_segment(id, encoded)?;
        let folder = self.folder();
        self.vfs.sync_dir(&folder).map_err(StoreError::io("sync", &folder))?;
        let mut inner = self.inner();
        let refused = inner.catalog.refused("replace segments");
        let done = inner.catalog.transaction("replace segments", |tx| {
            if !may_replace(tx, group).map_err(&refused)? {
                return Ok(false);
            }
            let number = catalog::get(tx, "commit").map_err(&refused)?;
            let generation = group.iter().map(|row| row.generation).max().unwrap_or(1);
            let hash = xxh3_128(&encoded.bytes);
            segments::insert(tx, id, encoded, hash, generation, number).map_err(&refused)?;
            for row in group {
                tx.execute(
                    "UPDATE segments SET replaced_at = ?2 WHERE id = ?1",
                    params![row.id.0, now.micros()],
                )
                .map_err(&refused)?;
                // Amendments that came while the segment was being written go where their rows
                // went. The old ones stay for readers of the old segment.
                for (at, settled) in waiting::amendments(tx, row.id).map_err(&refused)? {
                    let place = (row.id, at);
                    if folded.get(&place) != Some(&settled)
                        && let Some(to) = moved.get(&place)
                    {
                        waiting::amend(tx, id, *to, &settled).map_err(&refused)?;
                    }
                }
            }
            Ok(true)
        });
        if !matches!(done, Ok(true)) && !inner.catalog.is_undecided {
            let _ = self.vfs.remove(&path);
        }
        done
    }
}

/// Whether segments are still what they were when they were read: nobody removed one, and no
/// generation was begun, which knows calls by the segments they are in.
fn may_replace(tx: &Transaction<'_>, group: &[SegmentRow]) -> rusqlite::Result<bool> {
    let is_of_calls = group.iter().any(|row| row.kind == Kind::Calls);
    if is_of_calls && derive::building(tx)?.is_some() {
        return Ok(false);
    }
    // What is still to be met is known by its segment.
    if join::unmet(tx)?.iter().any(|id| group.iter().any(|row| row.id == *id)) {
        return Ok(false);
    }
    let mut visible = tx.prepare_cached("SELECT 1 FROM visible WHERE id = ?1")?;
    group.iter().try_fold(true, |all, row| Ok(all && visible.exists([row.id.0])?))
}

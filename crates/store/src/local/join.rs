//! What the blocks could not join: marks and calls that met only here.

use std::sync::Arc;

use dolmen_cubes::{Cell, Cube, Key};
use dolmen_model::{Joined, NameId, Outcome, SetId, Time};
use rusqlite::Transaction;
use rustc_hash::{FxHashMap, FxHashSet};

use super::commit::Written;
use super::{LocalStore, OPEN, derive};
use crate::catalog::dictionary;
use crate::catalog::segments::{self, SegmentId, SegmentRow};
use crate::catalog::waiting::{self, Waiting};
use crate::catalog::{self, cube, refused};
use crate::error::StoreError;
use crate::range::Kept;
use crate::rows::IdKey;
use crate::segment::{Columns, Kind, LooseMark, SegmentReader};
use crate::stored::CallRow;

/// What the join changed in the cache of waiting ids, to be done when the transaction is.
#[derive(Default)]
pub(super) struct Waits {
    pub(super) added: FxHashSet<u64>,
    pub(super) taken: FxHashSet<u64>,
    /// Marks of this commit that wait now.
    pub(super) marks: u64,
    /// Segments that a generation under way has derived already: it derives them again.
    derived: FxHashSet<SegmentId>,
    moved: Moves,
    /// The moves of calls in `derived`, which the generation under way counts elsewhere.
    moved_here: Moves,
}

pub(super) type Open = FxHashMap<SegmentId, Arc<SegmentReader>>;

/// Calls, where they were counted and where they are counted now: many of one cell are one change
/// of the catalog.
#[derive(Default)]
struct Moves {
    from: Cube,
    to: Cube,
}

impl Moves {
    fn apply(&self, tx: &Transaction<'_>, generation: i64, kept: Kept) -> rusqlite::Result<()> {
        cube::add(tx, generation, &self.to, kept)?;
        cube::take(tx, generation, &self.from, kept)
    }
}

/// A stored call, found by its request id.
pub(super) struct Found {
    segment: SegmentId,
    row: u32,
    /// Exact; the key's is the start of its minute.
    time: Time,
    key: Key,
    pub(super) cell: Cell,
}

const MINUTE: i64 = 60_000_000;

impl Found {
    /// Where it is counted, given the set it was amended to.
    pub(super) fn counted_at(&self, amended: Option<SetId>) -> Key {
        let mut key = self.key;
        if let Some(set) = amended {
            key.operations = set;
            key.outcome.joined = Joined::Joined;
        }
        key
    }
}

/// The columns that say where a call is counted.
const COUNTED: [&str; 14] = [
    "time",
    "service",
    "actor",
    "endpoint",
    "operations",
    "joined",
    "role",
    "status",
    "bytes",
    "duration",
    "id_form",
    "id_text",
    "id_high",
    "id_low",
];

impl LocalStore {
    /// Joins the calls of this commit with marks that wait, and its loose marks with all stored
    /// calls. Returns how many calls got a mark.
    pub(super) fn join(
        &self,
        tx: &Transaction<'_>,
        open: &mut Open,
        known: &FxHashSet<u64>,
        written: &[Written<'_>],
        kept: Kept,
        waits: &mut Waits,
    ) -> Result<u64, StoreError> {
        let refused = refused(&self.root.join(catalog::FILE), "join late marks");
        let building = derive::building(tx).map_err(&refused)?;
        if let Some((building, _)) = building {
            waits.derived = derive::already(tx, building).map_err(&refused)?;
        }
        let mut joins = 0;
        let calls = || written.iter().filter(|segment| segment.encoded.kind == Kind::Calls);
        if !known.is_empty() {
            for segment in calls() {
                // One id may have several rows; its marks go to the nearest.
                let mut wanted: FxHashMap<IdKey, Vec<u32>> = FxHashMap::default();
                for (row, key) in segment.encoded.keys.iter().enumerate() {
                    if let Some(key) = key.filter(|key| known.contains(&waiting::short(*key))) {
                        wanted.entry(key).or_default().push(row as u32);
                    }
                }
                joins += self.join_waiting(tx, open, segment.id, wanted, waits)?;
            }
        }
        let marks: Vec<&LooseMark> =
            written.iter().flat_map(|segment| &segment.encoded.waiting).collect();
        let mut ids: Vec<&[u8]> = marks.iter().filter_map(|mark| mark.id.as_deref()).collect();
        ids.sort_unstable();
        ids.dedup();
        let found = self.find_calls(tx, open, &ids)?;
        for mark in marks {
            let waiting = Waiting {
                time: mark.time,
                source: dictionary::source(tx, &mark.source).map_err(&refused)?,
                service: mark.service,
                operation: mark.operation,
            };
            let calls = mark.id.as_deref().and_then(|id| found.get(id));
            match calls.and_then(|calls| nearest(calls, mark.time)) {
                Some(call) => {
                    self.give(tx, call, &[mark.operation], waits)?;
                    joins += 1;
                }
                None => {
                    let key = mark.id.as_deref().map(IdKey::of);
                    waiting::add(tx, key, waiting).map_err(&refused)?;
                    waits.marks += 1;
                    waits.added.extend(key.map(waiting::short));
                }
            }
        }
        let generation = catalog::get(tx, "generation").map_err(&refused)?;
        for moves in [&waits.moved, &waits.moved_here] {
            moves.apply(tx, generation, kept).map_err(&refused)?;
        }
        if let Some((building, _)) = building {
            waits.moved.apply(tx, building, kept).map_err(&refused)?;
        }
        Ok(joins)
    }

    /// Gives calls of one new segment the marks that wait for them.
    fn join_waiting(
        &self,
        tx: &Transaction<'_>,
        open: &mut Open,
        segment: SegmentId,
        wanted: FxHashMap<IdKey, Vec<u32>>,
        waits: &mut Waits,
    ) -> Result<u64, StoreError> {
        if wanted.is_empty() {
            return Ok(0);
        }
        let refused = refused(&self.root.join(catalog::FILE), "join late marks");
        let row = segments::one(tx, segment).map_err(&refused)?;
        let mut calls: FxHashMap<u32, Found> = FxHashMap::default();
        let rows: FxHashSet<u32> = wanted.values().flatten().copied().collect();
        self.visit(open, &row, None, |columns, at, number| {
            if rows.contains(&number) {
                calls.insert(number, self.found(segment, columns, at, number));
            }
        })?;
        let mut joins = 0;
        // By row, so that the same commit gives the same catalog.
        let mut wanted: Vec<(IdKey, Vec<u32>)> = wanted.into_iter().collect();
        wanted.sort_unstable_by_key(|(_, rows)| rows.first().copied());
        for (key, rows) in wanted {
            let marks = waiting::take(tx, key).map_err(&refused)?;
            if marks.is_empty() {
                continue;
            }
            waits.taken.insert(waiting::short(key));
            let of_id: Vec<&Found> = rows.iter().filter_map(|row| calls.get(row)).collect();
            for mark in marks {
                if let Some(call) = nearest_of(of_id.iter().copied(), mark.time) {
                    self.give(tx, call, &[mark.operation], waits)?;
                    joins += 1;
                }
            }
        }
        Ok(joins)
    }

    /// Stored calls, hops not among them, by request id.
    fn find_calls<'i>(
        &self,
        tx: &Transaction<'_>,
        open: &mut Open,
        ids: &[&'i [u8]],
    ) -> Result<FxHashMap<&'i [u8], Vec<Found>>, StoreError> {
        let mut found: FxHashMap<&[u8], Vec<Found>> = FxHashMap::default();
        if ids.is_empty() {
            return Ok(found);
        }
        let refused = refused(&self.root.join(catalog::FILE), "join late marks");
        let all = segments::between(tx, Kind::Calls, Time::MIN, Time::MAX).map_err(refused)?;
        for row in all {
            self.visit(open, &row, Some(ids), |columns, at, number| {
                let id = columns.id(at).unwrap_or_default();
                if let Ok(place) = ids.binary_search(&&id[..]) {
                    let call = self.found(row.id, columns, at, number);
                    found.entry(ids[place]).or_default().push(call);
                }
            })?;
        }
        Ok(found)
    }

    /// Shows the rows of a segment that count, with their numbers; of row groups that cannot hold
    /// any of `ids`, none.
    pub(super) fn visit(
        &self,
        open: &mut Open,
        row: &SegmentRow,
        ids: Option<&[&[u8]]>,
        mut each: impl FnMut(&Columns, usize, u32),
    ) -> Result<(), StoreError> {
        let reader = match open.get(&row.id) {
            Some(reader) => Arc::clone(reader),
            None => {
                let reader = SegmentReader::open(&self.vfs, &self.folder(), row.clone())?;
                if open.len() >= OPEN {
                    open.clear();
                }
                Arc::clone(open.entry(row.id).or_insert(Arc::new(reader)))
            }
        };
        for group in 0..reader.row_groups() {
            if let Some(ids) = ids {
                let filters = reader.filters(group)?;
                if !ids.iter().any(|id| filters.may_hold(id)) {
                    continue;
                }
            }
            let columns = Columns::new(reader.read(group, &COUNTED)?);
            let first = reader.first_row(group);
            for at in 0..columns.rows() {
                if columns.text("role", at) == Some("call") {
                    each(&columns, at, first + at as u32);
                }
            }
        }
        Ok(())
    }

    pub(super) fn found(
        &self,
        segment: SegmentId,
        columns: &Columns,
        at: usize,
        row: u32,
    ) -> Found {
        let names = &self.names;
        let name = |table: &dolmen_model::Table, column| {
            table.intern(columns.text(column, at).unwrap_or_default().as_bytes())
        };
        let call = CallRow { columns, row: at, amended: None, names };
        let operations: Vec<NameId> = call
            .operations()
            .iter()
            .map(|operation| names.operations.intern(operation.as_bytes()))
            .collect();
        let number = |name| columns.number(name, at).map(|number| number as u64);
        let mut cell = Cell::default();
        cell.add(number("bytes"), number("duration"));
        // A call without a time is counted at the epoch.
        let time = call.time().unwrap_or(Time::from_micros(0));
        let key = Key {
            bucket: time.floor(MINUTE),
            service: name(&names.services, "service"),
            operations: names.sets.intern(&operations),
            actor: name(&names.actors, "actor"),
            endpoint: name(&names.endpoints, "endpoint"),
            outcome: Outcome { status: columns.status(at).unwrap_or(0), joined: call.joined() },
        };
        Found { segment, row, time, key, cell }
    }

    /// Gives a stored call more operations: amended, and counted elsewhere.
    fn give(
        &self,
        tx: &Transaction<'_>,
        call: &Found,
        operations: &[NameId],
        waits: &mut Waits,
    ) -> Result<(), StoreError> {
        let refused = refused(&self.root.join(catalog::FILE), "amend a call");
        let before = waiting::amended(tx, call.segment, call.row).map_err(&refused)?;
        let from = call.counted_at(before);
        // What a rule claimed gives way to what a mark says; marks add up.
        let mut members = match from.outcome.joined {
            Joined::Joined => self.names.sets.operations(from.operations),
            Joined::CallOnly | Joined::NoId => Default::default(),
        };
        members.extend(operations.iter().copied());
        let mut to = from;
        to.operations = self.names.sets.intern(&members);
        to.outcome.joined = Joined::Joined;
        waiting::amend(tx, call.segment, call.row, to.operations).map_err(&refused)?;
        if from != to {
            let moves = if waits.derived.contains(&call.segment) {
                &mut waits.moved_here
            } else {
                &mut waits.moved
            };
            moves.from.add_cell(from, &call.cell);
            moves.to.add_cell(to, &call.cell);
        }
        Ok(())
    }
}

/// The call whose time is nearest to the mark's; of two equally near, the earlier.
fn nearest(calls: &[Found], time: Option<i64>) -> Option<&Found> {
    nearest_of(calls.iter(), time)
}

fn nearest_of<'f>(calls: impl Iterator<Item = &'f Found>, time: Option<i64>) -> Option<&'f Found> {
    calls.min_by_key(|call| {
        let at = call.time.micros();
        (time.map_or(0, |time| at.abs_diff(time)), at, call.segment, call.row)
    })
}

//! Reading what segments hold of some ids.

use std::sync::Arc;

use dolmen_cubes::Cell;
use dolmen_model::{NameId, Table};
use rustc_hash::{FxHashMap, FxHashSet};

use super::moves::Found;
use super::{Group, Joining, Keys, Written};
use crate::catalog::callers::Identity;
use crate::catalog::segments::{self, SegmentId};
use crate::catalog::waiting::{self, Waiting, short};
use crate::error::StoreError;
use crate::facts::{Role, Settled};
use crate::local::{LocalStore, OPEN};
use crate::rows::IdKey;
use crate::segment::{Columns, Kind, ReadError, SegmentReader};
use crate::stored::CallRow;

/// Rows to be read, each with its shortened key.
#[derive(Default)]
pub(super) struct Wanted {
    rows: FxHashMap<SegmentId, FxHashMap<u32, u64>>,
}

impl Wanted {
    /// Whether there was a row to add.
    pub(super) fn add(&mut self, segment: SegmentId, key: u64, rows: &[u32]) -> bool {
        if !rows.is_empty() {
            let with_key = rows.iter().map(|&row| (row, key));
            self.rows.entry(segment).or_default().extend(with_key);
        }
        !rows.is_empty()
    }
}

/// A call of a group, and where it is.
pub(super) struct Call {
    pub(super) segment: SegmentId,
    pub(super) row: u32,
    pub(super) found: Found,
}

const IDS: [&str; 4] = ["id_form", "id_text", "id_high", "id_low"];
/// The same of calls, with what says whether they take part in the join.
const JOINED_IDS: [&str; 5] = ["id_form", "id_text", "id_high", "id_low", "role"];

/// The columns that say where a call is counted.
const COUNTED: [&str; 24] = [
    "time",
    "source",
    "service",
    "own_service",
    "actor",
    "endpoint",
    "claimed",
    "operations",
    "joined",
    "role",
    "marks",
    "bypassed",
    "repeated",
    "forwarded_address",
    "address",
    "user_agent",
    "user",
    "status",
    "bytes",
    "duration",
    "id_form",
    "id_text",
    "id_high",
    "id_low",
];

impl Joining<'_, '_> {
    /// The ids of a segment's calls, from memory or from its file.
    pub(super) fn keys(&mut self, segment: SegmentId) -> Result<Arc<Keys>, StoreError> {
        if let Some(keys) = self.near.get(segment) {
            return Ok(keys);
        }
        let keys = Arc::new(self.read_keys(segment)?);
        self.near.insert(segment, Arc::clone(&keys));
        Ok(keys)
    }

    pub(super) fn read_keys(&mut self, segment: SegmentId) -> Result<Keys, StoreError> {
        let row = segments::one(self.tx, segment).map_err(self.refused())?;
        let reader = self.reader(&row)?;
        let mut keys = Vec::with_capacity(row.rows as usize);
        for group in 0..reader.row_groups() {
            let columns = Columns::new(reader.read(group, &JOINED_IDS)?);
            let first = reader.first_row(group);
            let delivery = Some(Role::Delivery.word());
            let rows = (0..columns.rows())
                .filter(|at| columns.text("role", *at) != delivery)
                .filter_map(|at| Some((first + at as u32, short(IdKey::of(&columns.id(at)?)))));
            keys.extend(rows);
        }
        Ok(Keys::new(&keys))
    }

    /// Reads the wanted calls, by id. An id is left out where not all of its calls can be read: what
    /// the others say alone would settle it wrongly.
    pub(super) fn gather(
        &mut self,
        wanted: &Wanted,
    ) -> Result<FxHashMap<IdKey, Group>, StoreError> {
        let mut groups: FxHashMap<IdKey, Group> = FxHashMap::default();
        let mut incomplete: FxHashSet<u64> = FxHashSet::default();
        let mut segments: Vec<SegmentId> = wanted.rows.keys().copied().collect();
        segments.sort_unstable();
        for segment in segments {
            let mut rows: Vec<u32> = wanted.rows[&segment].keys().copied().collect();
            rows.sort_unstable();
            let read = self.gather_rows(segment, &rows, &mut groups);
            if self.unless_lost(segment, read)?.is_none() {
                incomplete.extend(wanted.rows[&segment].values());
            }
        }
        groups.retain(|key, _| !incomplete.contains(&short(*key)));
        Ok(groups)
    }

    /// Reads calls of one segment; `rows` ascend.
    fn gather_rows(
        &mut self,
        segment: SegmentId,
        rows: &[u32],
        groups: &mut FxHashMap<IdKey, Group>,
    ) -> Result<(), StoreError> {
        let row = segments::one(self.tx, segment).map_err(self.refused())?;
        let reader = self.reader(&row)?;
        let amended = waiting::amendments(self.tx, segment).map_err(self.refused())?;
        for group in 0..reader.row_groups() {
            let of_group = reader.rows(group);
            let first = rows.partition_point(|row| *row < of_group.start);
            let end = rows.partition_point(|row| *row < of_group.end);
            if first == end {
                continue;
            }
            let rows = &rows[first..end];
            let columns = Columns::new(reader.read_rows(group, &COUNTED, rows)?);
            for (at, &row) in rows.iter().enumerate() {
                let Some(id) = columns.id(at) else { continue };
                let found = self.store.found(&columns, at, amended.get(&row).copied());
                let group = groups.entry(IdKey::of(&id)).or_default();
                group.calls.push(Call { segment, row, found });
                group.id = id;
            }
        }
        Ok(())
    }

    /// Of ids that had marks before, all marks, which are in segments; of overused ids those that were
    /// just written.
    pub(super) fn gather_marks(
        &mut self,
        groups: &mut FxHashMap<IdKey, Group>,
        written: &[Written<'_>],
    ) -> Result<(), StoreError> {
        let keys = |wanted: &dyn Fn(&Group) -> bool| -> FxHashMap<u64, IdKey> {
            let wanted = groups.iter().filter(|(_, group)| wanted(group));
            wanted.map(|(key, _)| (short(*key), *key)).collect()
        };
        let apart = keys(&|group| group.is_apart);
        let deep = keys(&|group| {
            !group.is_apart && group.calls.iter().any(|call| call.found.settled.marks > 0)
        });
        let new = written.iter().filter(|segment| segment.encoded.kind == Kind::Marks);
        let new: Vec<SegmentId> = new.map(|segment| segment.id).collect();
        let mut read = self.read_marks(&new, groups, &apart)?;
        for key in apart.values() {
            let Some(group) = groups.get_mut(key) else { continue };
            group.marks = read.remove(key).unwrap_or_default();
        }
        if deep.is_empty() {
            return Ok(());
        }
        let all = segments::spans(self.tx, Kind::Marks).map_err(self.refused())?;
        let all: Vec<SegmentId> = all.iter().map(|span| span.id).collect();
        let mut read = self.read_marks(&all, groups, &deep)?;
        for key in deep.values() {
            let Some(group) = groups.get_mut(key) else { continue };
            let marks = read.remove(key).unwrap_or_default();
            let before: usize =
                group.calls.iter().map(|call| call.found.settled.marks as usize).sum();
            if marks.len() >= before + group.marks.len() {
                group.marks = marks;
            } else {
                // Their lines were removed since, or cannot be read: what the calls were given stands
                // for them.
                let names = &self.store.names;
                let given: Vec<Waiting> =
                    group.calls.iter().flat_map(|call| given(&call.found, names)).collect();
                group.marks.extend(given);
            }
        }
        Ok(())
    }
}

impl Joining<'_, '_> {
    /// The marks of some ids that these segments hold.
    fn read_marks(
        &mut self,
        segments: &[SegmentId],
        groups: &FxHashMap<IdKey, Group>,
        keys: &FxHashMap<u64, IdKey>,
    ) -> Result<FxHashMap<IdKey, Vec<Waiting>>, StoreError> {
        let mut read: FxHashMap<IdKey, Vec<Waiting>> = FxHashMap::default();
        let ids: Vec<Vec<u8>> =
            keys.values().filter_map(|key| Some(groups.get(key)?.id.clone())).collect();
        for &segment in segments.iter().filter(|_| !ids.is_empty()) {
            let marks = self.marks_of(segment, &ids, keys);
            for (key, mark) in self.unless_lost(segment, marks)?.into_iter().flatten() {
                read.entry(key).or_default().push(mark);
            }
        }
        Ok(read)
    }

    /// The marks of some ids that one segment holds.
    fn marks_of(
        &mut self,
        segment: SegmentId,
        ids: &[Vec<u8>],
        keys: &FxHashMap<u64, IdKey>,
    ) -> Result<Vec<(IdKey, Waiting)>, StoreError> {
        let with_keys: Vec<(u64, &[u8])> =
            ids.iter().map(|id| (short(IdKey::of(id)), &**id)).collect();
        let mut marks = Vec::new();
        if !self.may_hold_any(segment, Kind::Marks, &with_keys)? {
            return Ok(marks);
        }
        let row = segments::one(self.tx, segment).map_err(self.refused())?;
        let reader = self.reader(&row)?;
        let names = &self.store.names;
        for group in 0..reader.row_groups() {
            let filters = self.store.filters(&reader, group)?;
            if !ids.iter().any(|id| filters.may_hold(id)) {
                continue;
            }
            let columns = Columns::new(reader.read(group, &IDS)?);
            let hits: Vec<(usize, IdKey)> = (0..columns.rows())
                .filter_map(|at| Some((at, IdKey::of(&columns.id(at)?))))
                .filter(|(_, key)| keys.get(&short(*key)) == Some(key))
                .collect();
            if hits.is_empty() {
                continue;
            }
            let columns = Columns::new(reader.read(group, &["time", "service", "operation"])?);
            for (at, key) in hits {
                let name = |table: &Table, column| name(table, &columns, column, at);
                let mark = Waiting {
                    time: columns.time("time", at),
                    source: 0,
                    service: name(&names.services, "service"),
                    operation: name(&names.operations, "operation"),
                };
                marks.push((key, mark));
            }
        }
        Ok(marks)
    }
}

/// Marks that say what a call was given.
fn given(found: &Found, names: &dolmen_model::Names) -> Vec<Waiting> {
    let Settled { service, operations, marks, .. } = found.settled;
    let operations = names.sets.operations(operations);
    (0..marks as usize)
        .filter_map(|n| {
            let operation = *operations.get(n % operations.len().max(1))?;
            Some(Waiting { time: found.time, source: 0, service, operation })
        })
        .collect()
}

fn name(table: &Table, columns: &Columns, column: &str, at: usize) -> NameId {
    table.intern(columns.text(column, at).unwrap_or_default().as_bytes())
}

impl LocalStore {
    pub(in crate::local) fn open_with(
        &self,
        open: &mut super::Open,
        row: &segments::SegmentRow,
    ) -> Result<Arc<SegmentReader>, ReadError> {
        if let Some(reader) = open.get(&row.id) {
            return Ok(Arc::clone(reader));
        }
        let reader = Arc::new(SegmentReader::open(&self.vfs, &self.folder(), row.clone())?);
        if open.len() >= OPEN {
            open.clear();
        }
        open.insert(row.id, Arc::clone(&reader));
        Ok(reader)
    }

    /// Shows the rows of a segment, hops among them, with their numbers.
    pub(in crate::local) fn visit(
        &self,
        reader: &SegmentReader,
        mut each: impl FnMut(&Columns, usize, u32),
    ) -> Result<(), StoreError> {
        for group in 0..reader.row_groups() {
            let columns = Columns::new(reader.read(group, &COUNTED)?);
            let first = reader.first_row(group);
            for at in 0..columns.rows() {
                each(&columns, at, first + at as u32);
            }
        }
        Ok(())
    }

    pub(in crate::local) fn found(
        &self,
        columns: &Columns,
        at: usize,
        amended: Option<Settled>,
    ) -> Found {
        let names = &self.names;
        let name = |table: &Table, column| name(table, columns, column, at);
        let text = |name| columns.text(name, at).unwrap_or_default().as_bytes().to_vec();
        let row = CallRow { columns, row: at, amended: None, names };
        let settled = amended.unwrap_or_else(|| {
            let operations: Vec<NameId> = row
                .operations()
                .iter()
                .map(|operation| names.operations.intern(operation.as_bytes()))
                .collect();
            Settled {
                role: row.role(),
                service: name(&names.services, "service"),
                operations: names.sets.intern(&operations),
                joined: row.joined(),
                marks: row.marks(),
                bypassed: columns.flag("bypassed", at),
                repeated: columns.flag("repeated", at),
            }
        });
        let number = |name| columns.number(name, at).map(|number| number as u64);
        let mut cell = Cell::default();
        cell.add(number("bytes"), number("duration"));
        let forwarded = columns.text("forwarded_address", at).map(|text| text.as_bytes().to_vec());
        Found {
            time: columns.time("time", at),
            source: columns.text("source", at).unwrap_or_default().to_owned(),
            own_service: name(&names.services, "own_service"),
            claimed: name(&names.operations, "claimed"),
            actor: name(&names.actors, "actor"),
            endpoint: name(&names.endpoints, "endpoint"),
            status: columns.status(at).unwrap_or(0),
            cell,
            caller: Identity {
                address: forwarded.unwrap_or_else(|| text("address")),
                user_agent: text("user_agent"),
                user: text("user"),
            },
            settled,
        }
    }
}

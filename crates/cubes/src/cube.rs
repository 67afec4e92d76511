use dolmen_model::{NameId, Outcome, SetId, Time};
use rustc_hash::FxHashMap;

use crate::histogram::Histogram;

/// Where a call is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The start of its time bucket; whoever counts chooses the width.
    pub bucket: Time,
    /// The service that answered.
    pub service: NameId,
    /// The operations it entered, as one set: a call counts once, whatever it entered.
    pub operations: SetId,
    /// Who called.
    pub actor: NameId,
    /// Method and path template.
    pub endpoint: NameId,
    /// How it ended.
    pub outcome: Outcome,
}

/// What is counted of the calls of one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Calls.
    pub calls: u64,
    /// Bytes of their responses, where the log has them.
    pub bytes: u64,
    /// Sum of their durations in microseconds, where the log has them.
    pub duration: u64,
    /// Their durations in microseconds.
    pub durations: Histogram,
}

impl Cell {
    /// Counts one call.
    pub fn add(&mut self, bytes: Option<u64>, duration: Option<u64>) {
        self.calls += 1;
        self.bytes = self.bytes.saturating_add(bytes.unwrap_or(0));
        if let Some(duration) = duration {
            self.duration = self.duration.saturating_add(duration);
            self.durations.add(duration);
        }
    }

    /// Adds every count of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.duration = self.duration.saturating_add(other.duration);
        self.durations.merge(&other.durations);
    }
}

/// Counts by key. Adding is all it does, so cubes of parts merge into the cube of the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cube {
    cells: FxHashMap<Key, Cell>,
}

impl Cube {
    /// Counts one call.
    pub fn add(&mut self, key: Key, bytes: Option<u64>, duration: Option<u64>) {
        self.cells.entry(key).or_default().add(bytes, duration);
    }

    /// Counts the calls of a cell.
    pub fn add_cell(&mut self, key: Key, cell: &Cell) {
        self.cells.entry(key).or_default().merge(cell);
    }

    /// Adds every count of `other`.
    pub fn merge(&mut self, other: Self) {
        for (key, cell) in other.cells {
            self.cells.entry(key).or_default().merge(&cell);
        }
    }

    /// Every cell, in no order.
    pub fn cells(&self) -> impl Iterator<Item = (&Key, &Cell)> {
        self.cells.iter()
    }

    /// How many cells there are.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }
}

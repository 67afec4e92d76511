//! What a generation has not derived yet.

use std::ops::ControlFlow;

use dolmen_model::Time;
use rusqlite::Connection;
use rustc_hash::FxHashMap;

use super::{Generation, derived, give_up};
use crate::catalog::segments::{self, SegmentId, SegmentRow};
use crate::catalog::{self, waiting};
use crate::error::StoreError;
use crate::facts::Settled;
use crate::local::{LocalStore, Writer};
use crate::segment::{Columns, Rebuild, unreadable};
use crate::stored::{CallRow, StoredCall};

/// Calls to be derived again: those of one segment, hops included.
#[derive(Debug)]
pub struct Underived {
    pub(super) segment: SegmentRow,
    amended: FxHashMap<u32, Settled>,
    /// The last commit whose amendments are in `amended`.
    pub(super) commit: i64,
}

impl Underived {
    /// How many.
    pub fn calls(&self) -> u64 {
        self.segment.rows
    }
}

/// What a generation has not derived yet, segment by segment: [`LocalStore::underived`].
#[derive(Debug)]
pub struct Left<'s> {
    store: &'s LocalStore,
    generation: Generation,
    /// The last one that was given.
    after: Option<SegmentId>,
}

impl Iterator for Left<'_> {
    type Item = Result<Underived, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.store.left_after(self.generation, self.after).transpose()?;
        if let Ok(next) = &next {
            self.after = Some(next.segment.id);
        }
        Some(next)
    }
}

/// What became of a generation that passes over calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passed {
    /// It goes on without them.
    Over,
    /// It had them, as they were before they changed, and is given up: begin it again.
    GivenUp,
}

/// Calls that are shown together: a segment may hold more than memory should.
const TOGETHER: usize = 4_096;

impl LocalStore {
    /// What is left to derive, as it is asked for. One may be taken in while the next is derived: whoever
    /// asks anew is given what changed in between.
    pub fn underived(&self, generation: Generation) -> Left<'_> {
        Left { store: self, generation, after: None }
    }

    fn left_after(
        &self,
        generation: Generation,
        after: Option<SegmentId>,
    ) -> Result<Option<Underived>, StoreError> {
        let inner = self.inner();
        let refused = inner.catalog.refused("look for what to derive");
        let db = &inner.catalog.db;
        let left = left_to_derive(db, inner.writer.as_ref(), generation).map_err(&refused)?;
        let Some(id) = left.into_iter().find(|id| after.is_none_or(|after| *id > after)) else {
            return Ok(None);
        };
        Ok(Some(Underived {
            segment: segments::one(db, id).map_err(&refused)?,
            amended: waiting::amendments(db, id).map_err(&refused)?,
            commit: catalog::get(db, "commit").map_err(&refused)?,
        }))
    }

    /// Shows the calls of what is to be derived, in their order, some at a time, until `each` has enough.
    /// Where `joined` says so, their operations come from marks and stay.
    ///
    /// [`StoreError::Segment`] stands for calls that cannot be read: what was shown of them before is of
    /// no use, and [`LocalStore::pass_over`] leaves them.
    pub fn show_underived(
        &self,
        old: &Underived,
        mut each: impl FnMut(&[StoredCall]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let Underived { segment, amended, .. } = old;
        let reader = self.segment(&mut self.inner(), segment)?;
        let mut rebuild = Rebuild::default();
        let mut calls = Vec::with_capacity(TOGETHER);
        for group in 0..reader.row_groups() {
            let columns = Columns::new(reader.read_all(group)?);
            let first = reader.first_row(group);
            for at in 0..columns.rows() {
                let number = first + at as u32;
                let amended = amended.get(&number).copied();
                let row = CallRow { columns: &columns, row: at, amended, names: &self.names };
                let call = row.call(&mut rebuild);
                let lost = || unreadable(segment, format!("row {number} does not fit"));
                calls.push(call.ok_or_else(lost)?);
                if calls.len() == TOGETHER {
                    if each(&calls).is_break() {
                        return Ok(());
                    }
                    calls.clear();
                }
            }
        }
        // Nothing comes after these.
        let _ = each(&calls);
        Ok(())
    }

    /// Leaves calls that cannot be read as older rules had them.
    pub fn pass_over(&self, generation: Generation, old: &Underived) -> Result<Passed, StoreError> {
        let segment = old.segment.id;
        let mut inner = self.inner();
        let refused = inner.catalog.refused("pass over a segment");
        let target = generation.0 as i64;
        let passed = inner.catalog.transaction("pass over a segment", |tx| {
            // What it counted when it was derived would have to be taken out by what it is now.
            if derived(tx, target, segment).map_err(&refused)?.is_none() {
                return Ok(Passed::Over);
            }
            // No reader ever saw what it made: that may go at once.
            give_up(tx, target, Time::from_micros(0)).map_err(&refused)?;
            Ok(Passed::GivenUp)
        })?;
        if let Some(writer) = &mut inner.writer {
            writer.passed_over.insert((generation, segment));
        }
        Ok(passed)
    }
}

/// Segments of calls that readers see and this generation has not, or has as they were before a
/// late mark came.
fn not_derived(db: &Connection, generation: Generation) -> rusqlite::Result<Vec<SegmentId>> {
    db.prepare_cached(
        "SELECT id FROM visible LEFT JOIN derived ON derived.old = id AND derived.generation = ?1
         WHERE kind = 'calls' AND (derived.new IS NULL OR EXISTS
            (SELECT 1 FROM amendments WHERE segment = id AND amendments.commit_id > derived.commit_id))
         ORDER BY id",
    )?
    .query_map([generation.0 as i64], |row| row.get(0).map(SegmentId))?
    .collect()
}

/// The same, but for what cannot be read.
pub(super) fn left_to_derive(
    db: &Connection,
    writer: Option<&Writer>,
    generation: Generation,
) -> rusqlite::Result<Vec<SegmentId>> {
    let mut left = not_derived(db, generation)?;
    let is_passed_over = |id| writer.is_some_and(|w| w.passed_over.contains(&(generation, id)));
    left.retain(|id| !is_passed_over(*id));
    Ok(left)
}

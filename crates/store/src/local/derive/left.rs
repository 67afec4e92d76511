//! What a generation has not derived yet.

use std::sync::Arc;

use dolmen_model::Time;
use rusqlite::Connection;
use rustc_hash::FxHashMap;

use super::{Generation, derived, give_up};
use crate::catalog::segments::{self, SegmentId, SegmentRow};
use crate::catalog::{self, waiting};
use crate::error::StoreError;
use crate::facts::Settled;
use crate::local::{LocalStore, Writer};
use crate::segment::{Columns, Rebuild, SegmentReader, unreadable};
use crate::stored::{CallRow, StoredCall};

/// Calls to be derived again: those of one segment, hops included.
#[derive(Debug)]
pub struct Underived {
    pub(super) segment: SegmentRow,
    reader: Arc<SegmentReader>,
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

/// Calls that are shown together: a segment may hold more than memory should.
const TOGETHER: usize = 4_096;

impl LocalStore {
    /// What is left to derive when it is asked for. One may be taken in while the next is derived: what
    /// changed in between is given again by who asks anew.
    ///
    /// [`StoreError::Segment`] stands for the calls of a segment that cannot be read. They stay as older
    /// rules had them, and the next question is answered by the segment after it. Where they had been
    /// derived already and changed since, the generation is given up: begin it again.
    pub fn underived(&self, generation: Generation) -> Left<'_> {
        Left { store: self, generation, after: None }
    }

    fn left_after(
        &self,
        generation: Generation,
        after: Option<SegmentId>,
    ) -> Result<Option<Underived>, StoreError> {
        let (segment, amended, commit, reader) = {
            let mut inner = self.inner();
            let refused = inner.catalog.refused("look for what to derive");
            let db = &inner.catalog.db;
            let left = left_to_derive(db, inner.writer.as_ref(), generation).map_err(&refused)?;
            let Some(id) = left.into_iter().find(|id| after.is_none_or(|after| *id > after)) else {
                return Ok(None);
            };
            let segment = segments::one(db, id).map_err(&refused)?;
            let amended = waiting::amendments(db, id).map_err(&refused)?;
            let commit = catalog::get(db, "commit").map_err(&refused)?;
            let reader = self.segment(&mut inner, &segment);
            (segment, amended, commit, reader)
        };
        match reader.map_err(StoreError::from) {
            Ok(reader) => Ok(Some(Underived { segment, reader, amended, commit })),
            Err(error) => Err(self.unread(generation, segment.id, error)?),
        }
    }

    /// Shows the calls of what is to be derived, in their order, some at a time. Where `joined` says so,
    /// their operations come from marks and stay. Fails with [`StoreError::Segment`] as
    /// [`LocalStore::underived`] does; what was shown before is of no use then.
    pub fn show_underived(
        &self,
        generation: Generation,
        old: &Underived,
        each: impl FnMut(&[StoredCall]),
    ) -> Result<(), StoreError> {
        match self.show(old, each) {
            Err(error) => Err(self.unread(generation, old.segment.id, error)?),
            done => done,
        }
    }

    fn show(&self, old: &Underived, mut each: impl FnMut(&[StoredCall])) -> Result<(), StoreError> {
        let Underived { segment, reader, amended, .. } = old;
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
                    each(&calls);
                    calls.clear();
                }
            }
        }
        each(&calls);
        Ok(())
    }

    /// What to say of a segment that was not read. One that cannot be is passed over.
    pub(super) fn unread(
        &self,
        generation: Generation,
        segment: SegmentId,
        error: StoreError,
    ) -> Result<StoreError, StoreError> {
        if let StoreError::Segment(_) = error {
            self.pass_over(generation, segment)?;
        }
        Ok(error)
    }

    /// Leaves a segment that cannot be read as it is.
    fn pass_over(&self, generation: Generation, segment: SegmentId) -> Result<(), StoreError> {
        let mut inner = self.inner();
        let refused = inner.catalog.refused("pass over a segment");
        let target = generation.0 as i64;
        inner.catalog.transaction("pass over a segment", |tx| {
            // What it counted when it was derived would have to be taken out by what it is now.
            let is_derived = derived(tx, target, segment).map_err(&refused)?.is_some();
            // No reader ever saw what it made: that may go at once.
            let long_ago = Time::from_micros(0);
            if is_derived { give_up(tx, target, long_ago).map_err(&refused) } else { Ok(()) }
        })?;
        if let Some(writer) = &mut inner.writer {
            writer.passed_over.insert((generation, segment));
        }
        Ok(())
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

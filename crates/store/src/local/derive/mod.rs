//! The rules changed: what raw lines cover is derived again, beside what readers see, and swapped
//! in at once.
//!
//! A generation under way starts as a copy of the counts. Deriving a segment again takes its old
//! counts out of the copy and puts the new ones in; commits count in both. So at any instant the
//! copy holds every call once, under the old rules or the new, and what has no lines any more
//! carries over by itself. A crash leaves the generation where its last transaction was.

mod left;

use dolmen_cubes::Cube;
use dolmen_model::{NameId, SetId, Time};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use rustc_hash::{FxHashMap, FxHashSet};

use super::commit::age;
use super::{Inner, LocalStore, kept};
use crate::callers::CallerCounts;
use crate::catalog::findings::Finding;
use crate::catalog::segments::{self, SegmentId, SegmentRow};
use crate::catalog::{self, callers, cube, dictionary, findings, waiting};
use crate::error::StoreError;
use crate::range::{Kept, Width};
use crate::segment::{Encoded, Kind};
use left::left_to_derive;
pub use left::{Left, Passed, Underived};

/// A derivation of all derived fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u64);

/// Whether a generation could be swapped in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swap {
    /// Readers see it now.
    Done,
    /// Lines or marks came meanwhile: derive what [`LocalStore::underived`] gives, and try again.
    Behind,
}

impl LocalStore {
    /// The rules that what readers see was derived by, and those of a generation under way; empty
    /// where nobody said.
    pub fn derived_by(&self) -> Result<(String, Option<String>), StoreError> {
        let inner = self.inner();
        let refused = inner.catalog.refused("look by which rules was derived");
        let db = &inner.catalog.db;
        let current = db
            .query_row("SELECT rules FROM generations WHERE state = 'current'", [], |row| {
                row.get(0)
            })
            .optional()
            .map_err(&refused)?;
        let building = building(db).map_err(&refused)?;
        Ok((current.unwrap_or_default(), building.map(|(_, rules)| rules)))
    }

    /// Says by which rules lines were read so far, where nobody said it.
    pub fn adopt_rules(&self, rules: &str) -> Result<(), StoreError> {
        let mut inner = self.inner();
        self.writing(&inner)?;
        let refused = inner.catalog.refused("keep the name of the rules");
        inner.catalog.transaction("keep the name of the rules", |tx| {
            tx.execute(
                "UPDATE generations SET rules = ?1 WHERE state = 'current' AND rules = ''",
                [rules],
            )
            .map(drop)
            .map_err(&refused)
        })
    }

    /// Starts a generation for the rules called `rules`, or goes on with it. Another one that was
    /// under way is given up.
    pub fn begin_generation(&self, rules: &str, at: Time) -> Result<Generation, StoreError> {
        self.meet_again(at)?;
        let mut inner = self.inner();
        self.writing(&inner)?;
        let refused = inner.catalog.refused("begin a generation");
        inner.catalog.transaction("begin a generation", |tx| {
            // Calls that were counted by the minute are taken out by the minute, and counted again
            // in the narrowest width that is kept now.
            age(tx, at).map_err(&refused)?;
            let under_way = building(tx).map_err(&refused)?;
            if let Some((id, known)) = under_way {
                if known == rules {
                    return Ok(Generation(id as u64));
                }
                give_up(tx, id, at).map_err(&refused)?;
            }
            begin(tx, rules, at).map_err(&refused).map(|id| Generation(id as u64))
        })
    }

    /// Takes in what was derived of `old`: as many calls, their counts, and who called. What was removed
    /// meanwhile is left as it is.
    ///
    /// [`StoreError::Segment`] stands for counts that cannot be taken out, since their calls cannot be
    /// read: [`LocalStore::pass_over`] leaves them.
    pub fn derive(
        &self,
        generation: Generation,
        old: &Underived,
        rows: Encoded,
        counts: &Cube,
        callers: &CallerCounts,
    ) -> Result<(), StoreError> {
        let encoded = rows.segments.iter().find(|segment| segment.kind == Kind::Calls);
        let Some(encoded) = encoded.filter(|segment| segment.rows == old.segment.rows) else {
            let reason = "other rows were derived than were read".to_owned();
            return Err(StoreError::Encode { rows: old.segment.rows as usize, reason });
        };
        let mut inner = self.inner();
        let Inner { catalog, saved, writer, open } = &mut *inner;
        let Some(writer) = writer else {
            return Err(StoreError::ReadOnly { path: self.root.clone() });
        };
        let refused = catalog.refused("derive calls again");
        let target = generation.0 as i64;
        let under_way = building(&catalog.db).map_err(&refused)?;
        if under_way.is_none_or(|(id, _)| id != target) {
            return Err(StoreError::GivenUp);
        }
        if !is_visible(&catalog.db, old.segment.id).map_err(&refused)? {
            return Ok(());
        }
        let id = SegmentId(writer.next_segment);
        writer.next_segment += 1;
        let path = self.write_segment(id, encoded)?;
        let folder = self.folder();
        self.vfs.sync_dir(&folder).map_err(StoreError::io("sync", &folder))?;
        let names = &self.names;
        let known = *saved;
        let numbers = &mut writer.callers;
        let done = catalog.transaction("derive calls again", |tx| {
            let kept = kept(tx).map_err(&refused)?;
            // What was derived before and has changed since goes first.
            let before = derived(tx, target, old.segment.id).map_err(&refused)?;
            if let Some(stale) = before {
                let stale = segments::one(tx, stale).map_err(&refused)?;
                self.uncount(tx, open, numbers, &stale, target, kept)?;
                // No reader ever saw it: its file may go at once.
                tx.execute("UPDATE segments SET replaced_at = 0 WHERE id = ?1", [stale.id.0])
                    .map_err(&refused)?;
            } else {
                self.uncount(tx, open, numbers, &old.segment, target, kept)?;
            }
            cube::add(tx, target, counts, kept).map_err(&refused)?;
            callers::add(tx, numbers, &[target], callers).map_err(&refused)?;
            for (&(hour, finding), &calls) in &rows.findings {
                findings::add(tx, target, hour, finding, calls as i64).map_err(&refused)?;
            }
            let hash = xxhash_rust::xxh3::xxh3_128(&encoded.bytes);
            let commit = catalog::get(tx, "commit").map_err(&refused)?;
            segments::insert(tx, id, encoded, hash, target, commit).map_err(&refused)?;
            tx.execute(
                "INSERT OR REPLACE INTO derived VALUES (?1, ?2, ?3, ?4)",
                params![target, old.segment.id.0, id.0, old.commit],
            )
            .map_err(&refused)?;
            dictionary::save(tx, names, known).map_err(&refused)
        });
        match done {
            Ok(now) => {
                *saved = now;
                Ok(())
            }
            Err(error) => {
                writer.callers.forget();
                if !catalog.is_undecided {
                    let _ = self.vfs.remove(&path);
                }
                Err(error)
            }
        }
    }

    /// Swaps a generation in, if nothing is left to derive.
    pub fn finish_generation(&self, generation: Generation, at: Time) -> Result<Swap, StoreError> {
        let mut inner = self.inner();
        self.writing(&inner)?;
        let refused = inner.catalog.refused("swap a generation in");
        let Inner { catalog, saved, writer, .. } = &mut *inner;
        let known = *saved;
        let (swap, now_saved) = catalog.transaction("swap a generation in", |tx| {
            let left = left_to_derive(tx, writer.as_ref(), generation).map_err(&refused)?;
            if !left.is_empty() {
                return Ok((Swap::Behind, known));
            }
            let target = generation.0 as i64;
            swap(tx, target, at).map_err(&refused)?;
            let saved = dictionary::save(tx, &self.names, known).map_err(&refused)?;
            Ok((Swap::Done, saved))
        })?;
        *saved = now_saved;
        Ok(swap)
    }

    /// Takes out what a segment's calls count, amendments included.
    fn uncount(
        &self,
        tx: &Transaction<'_>,
        open: &mut super::join::Open,
        numbers: &mut callers::Numbers,
        segment: &SegmentRow,
        generation: i64,
        kept: Kept,
    ) -> Result<(), StoreError> {
        let refused = catalog::refused(&self.root.join(catalog::FILE), "derive calls again");
        let amended = waiting::amendments(tx, segment.id).map_err(&refused)?;
        let mut counts = Cube::default();
        let mut found: FxHashMap<(i64, Finding), i64> = FxHashMap::default();
        let mut by_caller: FxHashMap<(callers::Place, (NameId, SetId)), u64> = FxHashMap::default();
        let reader = self.open_with(open, segment)?;
        self.visit(&reader, |columns, at, number| {
            let call = self.found(columns, at, amended.get(&number).copied());
            if let Some(key) = call.counted_at(&call.settled) {
                counts.add_cell(key, &call.cell);
                let under = (call.settled.service, call.settled.operations);
                // Callers are counted by the hour or by the day.
                let mut place = call.place();
                place.minute = Width::Hour.floor(place.minute);
                *by_caller.entry((place, under)).or_default() += 1;
            }
            for finding in Finding::of(&call.settled, call.claimed, &self.names) {
                *found.entry((call.hour(), finding)).or_default() += 1;
            }
        })?;
        cube::take(tx, generation, &counts, kept).map_err(&refused)?;
        for ((hour, finding), calls) in found {
            findings::add(tx, generation, hour, finding, -calls).map_err(&refused)?;
        }
        let mut shifts = callers::Shifts::new(tx, numbers, generation);
        for ((place, under), calls) in by_caller {
            shifts.shift(&place, Some(under), None, calls).map_err(&refused)?;
        }
        shifts.write().map_err(refused)
    }
}

/// The generation under way, and its rules.
pub(super) fn building(db: &Connection) -> rusqlite::Result<Option<(i64, String)>> {
    db.prepare_cached("SELECT id, rules FROM generations WHERE state = 'building'")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

/// Whether readers see a segment.
fn is_visible(db: &Connection, segment: SegmentId) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT 1 FROM visible WHERE id = ?1")?.exists([segment.0])
}

/// Segments that a generation under way has derived already.
pub(super) fn already(db: &Connection, generation: i64) -> rusqlite::Result<FxHashSet<SegmentId>> {
    db.prepare_cached("SELECT old FROM derived WHERE generation = ?1")?
        .query_map([generation], |row| row.get(0).map(SegmentId))?
        .collect()
}

fn begin(tx: &Transaction<'_>, rules: &str, at: Time) -> rusqlite::Result<i64> {
    tx.execute(
        "INSERT INTO generations (rules, state, started) VALUES (?1, 'building', ?2)",
        params![rules, at.micros()],
    )?;
    let id = tx.last_insert_rowid();
    tx.execute(
        "INSERT INTO cube SELECT ?1, level, bucket, part, cells
         FROM cube WHERE generation = (SELECT value FROM meta WHERE key = 'generation')",
        [id],
    )?;
    tx.execute(
        "INSERT INTO cube_sums SELECT ?1, level, bucket, part, sums
         FROM cube_sums WHERE generation = (SELECT value FROM meta WHERE key = 'generation')",
        [id],
    )?;
    tx.execute(
        "INSERT INTO caller_counts
         SELECT ?1, width, bucket, part, counts FROM caller_counts
         WHERE generation = (SELECT value FROM meta WHERE key = 'generation')",
        [id],
    )?;
    tx.execute(
        "INSERT INTO findings SELECT ?1, hour, what, calls FROM findings
         WHERE generation = (SELECT value FROM meta WHERE key = 'generation')",
        [id],
    )?;
    catalog::audit(tx, at.micros(), "begin generation", rules)?;
    Ok(id)
}

fn give_up(tx: &Transaction<'_>, id: i64, at: Time) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE generations SET state = 'past', finished = ?2 WHERE id = ?1",
        params![id, at.micros()],
    )?;
    tx.execute(
        "UPDATE segments SET replaced_at = ?2 WHERE generation = ?1",
        params![id, at.micros()],
    )?;
    forget_counts(tx, id)?;
    tx.execute("DELETE FROM derived WHERE generation = ?1", [id]).map(drop)
}

fn forget_counts(tx: &Transaction<'_>, generation: i64) -> rusqlite::Result<()> {
    for table in ["cube", "cube_sums", "findings", "caller_counts"] {
        tx.execute(&format!("DELETE FROM {table} WHERE generation = ?1"), [generation])?;
    }
    Ok(())
}

fn derived(
    db: &Connection,
    generation: i64,
    old: SegmentId,
) -> rusqlite::Result<Option<SegmentId>> {
    db.prepare_cached("SELECT new FROM derived WHERE generation = ?1 AND old = ?2")?
        .query_row(params![generation, old.0], |row| row.get(0).map(SegmentId))
        .optional()
}

fn swap(tx: &Transaction<'_>, target: i64, at: Time) -> rusqlite::Result<()> {
    let old = catalog::get(tx, "generation")?;
    tx.execute(
        "UPDATE segments SET replaced_at = ?2
         WHERE id IN (SELECT old FROM derived WHERE generation = ?1)",
        params![target, at.micros()],
    )?;
    tx.execute(
        "UPDATE unmet SET segment = (SELECT new FROM derived WHERE generation = ?1 AND old = segment)
         WHERE segment IN (SELECT old FROM derived WHERE generation = ?1)",
        [target],
    )?;
    tx.execute("DELETE FROM derived WHERE generation = ?1", [target])?;
    forget_counts(tx, old)?;
    tx.execute("UPDATE generations SET state = 'past' WHERE id = ?1", [old])?;
    tx.execute(
        "UPDATE generations SET state = 'current', finished = ?2 WHERE id = ?1",
        params![target, at.micros()],
    )?;
    catalog::set(tx, "generation", target)?;
    catalog::audit(tx, at.micros(), "swap generation", &format!("{old} -> {target}")).map(drop)
}

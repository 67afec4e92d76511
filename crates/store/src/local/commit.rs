//! One commit: files first, then one transaction that names them.

use std::path::PathBuf;

use dolmen_model::Time;
use rusqlite::Transaction;
use xxhash_rust::xxh3::xxh3_128;

use super::join::Joining;
use super::{Inner, LocalStore, derive, kept, unread};
use crate::catalog::dictionary::{self, Saved};
use crate::catalog::segments::{SegmentId, file_name};
use crate::catalog::{self, callers, cube, files, findings, segments};
use crate::commit::{Commit, CommitId, Committed, NamedBy};
use crate::error::StoreError;
use crate::range::{Kept, Width, minute_of};
use crate::segment::{Encoded, EncodedSegment};

/// A segment whose file is durable under its name.
pub(super) struct Written<'c> {
    pub(super) id: SegmentId,
    pub(super) hash: u128,
    pub(super) encoded: &'c EncodedSegment,
}

impl LocalStore {
    pub(super) fn write(&self, commit: Commit) -> Result<Committed, StoreError> {
        let mut inner = self.inner();
        inner.catalog.is_undecided = false;
        let mut written = Vec::new();
        let done = self
            .write_segments(&mut inner, &commit, &mut written)
            .and_then(|()| self.name(&mut inner, &commit, &written));
        match done {
            Ok((committed, saved)) => {
                inner.saved = saved;
                Ok(committed)
            }
            Err(error) => {
                if let Some(writer) = &mut inner.writer {
                    writer.callers.forget();
                }
                // What no transaction named is a stray; what cannot be removed now is swept later.
                if inner.catalog.is_undecided {
                    return Err(error);
                }
                for segment in &written {
                    inner.open.remove(&segment.id);
                    let path = self.folder().join(file_name(segment.id, segment.encoded.kind));
                    let _ = self.vfs.remove(&path);
                }
                Err(error)
            }
        }
    }

    /// Lets segments that commits could not read meet all others, where they can be read now.
    pub(super) fn meet_again(&self, now: Time) -> Result<(), StoreError> {
        let is_due = {
            let inner = self.inner();
            self.writing(&inner)?;
            let unmet = super::join::unmet(&inner.catalog.db);
            !unmet.map_err(inner.catalog.refused("look for what is to be joined"))?.is_empty()
        };
        if is_due { self.write(Commit::new(now)).map(drop) } else { Ok(()) }
    }

    fn write_segments<'c>(
        &self,
        inner: &mut Inner,
        commit: &'c Commit,
        written: &mut Vec<Written<'c>>,
    ) -> Result<(), StoreError> {
        let Some(writer) = &mut inner.writer else {
            return Err(StoreError::ReadOnly { path: self.root.clone() });
        };
        for encoded in commit.rows.iter().flat_map(|rows| &rows.segments) {
            // A number is used once, even when its commit fails: what is left of that never gets
            // in the way.
            let id = SegmentId(writer.next_segment);
            writer.next_segment += 1;
            self.write_segment(id, encoded)?;
            written.push(Written { id, hash: xxh3_128(&encoded.bytes), encoded });
        }
        if !written.is_empty() {
            let folder = self.folder();
            self.vfs.sync_dir(&folder).map_err(StoreError::io("sync", &folder))?;
        }
        Ok(())
    }

    /// Beside, synced, renamed: under its name a file is whole.
    pub(super) fn write_segment(
        &self,
        id: SegmentId,
        encoded: &EncodedSegment,
    ) -> Result<PathBuf, StoreError> {
        let path = self.folder().join(file_name(id, encoded.kind));
        let beside = path.with_extension("new");
        let attempt = self
            .vfs
            .create(&beside, &encoded.bytes)
            .map_err(StoreError::io("write", &beside))
            .and_then(|()| self.vfs.sync(&beside).map_err(StoreError::io("sync", &beside)))
            .and_then(|()| {
                self.vfs.rename(&beside, &path).map_err(StoreError::io("rename", &beside))
            });
        if attempt.is_err() {
            // Half a file on a full disk would keep it full.
            let _ = self.vfs.remove(&beside);
        }
        attempt.map(|()| path)
    }

    fn name(
        &self,
        inner: &mut Inner,
        commit: &Commit,
        written: &[Written<'_>],
    ) -> Result<(Committed, Saved), StoreError> {
        let Inner { catalog, saved, writer, open } = inner;
        let Some(writer) = writer else {
            return Err(StoreError::ReadOnly { path: self.root.clone() });
        };
        let refused = catalog.refused("write a commit");
        let names = &self.names;
        let mut waits = super::join::Waits::default();
        let saved = *saved;
        let done = catalog.transaction("write a commit", |tx| {
            let number = catalog::get(tx, "commit").map_err(&refused)? + 1;
            catalog::set(tx, "commit", number).map_err(&refused)?;
            let generation = catalog::get(tx, "generation").map_err(&refused)?;
            for source in &commit.sources {
                dictionary::describe(tx, source).map_err(&refused)?;
            }
            for progress in &commit.progress {
                let source = commit.sources.iter().find(|info| info.name == progress.source);
                let named_by = source.map_or(NamedBy::Configuration, |info| info.named_by);
                files::advance(tx, progress, named_by)?;
            }
            for again in &commit.read_again {
                if !unread::take_out(tx, again, commit.at).map_err(&refused)? {
                    return Err(again.segment.is_gone());
                }
            }
            for segment in written {
                let Written { id, hash, encoded } = segment;
                segments::insert(tx, *id, encoded, *hash, generation, number).map_err(&refused)?;
            }
            let kept = age(tx, commit.at).map_err(&refused)?;
            let building = derive::building(tx).map_err(&refused)?.map(|(id, _)| id);
            let generations: Vec<i64> =
                [Some(generation), building].into_iter().flatten().collect();
            callers::add(tx, &mut writer.callers, &generations, &commit.callers)
                .map_err(&refused)?;
            for generation in generations {
                cube::add(tx, generation, &commit.cube, kept).map_err(&refused)?;
                for (&(hour, finding), &calls) in commit.rows.iter().flat_map(|r| &r.findings) {
                    findings::add(tx, generation, hour, finding, calls as i64).map_err(&refused)?;
                }
            }
            for key in commit.rows.iter().flat_map(|rows| &rows.repeats) {
                findings::repeat(tx, *key, true).map_err(&refused)?;
            }
            count(tx, &commit.rows, kept).map_err(&refused)?;
            let late_joins = Joining::new(self, tx, open, writer, kept).run(written, &mut waits)?;
            // Last: the join may have made new sets.
            let saved = dictionary::save(tx, names, saved).map_err(&refused)?;
            let id = CommitId(number as u64);
            let unreadable = std::mem::take(&mut waits.unreadable);
            Ok((Committed { id, late_joins, waiting: waits.marks, unreadable }, saved))
        })?;
        for key in waits.taken {
            writer.waiting.remove(&key);
        }
        writer.waiting.extend(waits.added);
        writer.overused.extend(waits.overused);
        Ok(done)
    }
}

/// Moves the limits of what is kept narrowly, and forgets what fell behind them.
pub(super) fn age(tx: &Transaction<'_>, now: Time) -> rusqlite::Result<Kept> {
    let before = kept(tx)?;
    let now = minute_of(now);
    let since = |width: Width, kept: i64| width.floor(now.saturating_sub(kept));
    // Whole days for minutes and whole months for hours: a wider bucket is never half narrow.
    let kept = Kept {
        minutes_since: before.minutes_since.max(since(Width::Day, Width::MINUTES_KEPT)),
        hours_since: before.hours_since.max(since(Width::Month, Width::HOURS_KEPT)),
    };
    if kept != before {
        catalog::set(tx, "minutes_since", kept.minutes_since)?;
        catalog::set(tx, "hours_since", kept.hours_since)?;
        cube::forget(tx, kept)?;
    }
    Ok(kept)
}

/// Counts marks, and lines by source and hour.
fn count(tx: &Transaction<'_>, rows: &[Encoded], kept: Kept) -> rusqlite::Result<()> {
    let marks = rows.iter().flat_map(|rows| rows.mark_counts.iter());
    cube::add_marks(tx, marks.map(|(key, count)| (*key, *count)), kept)?;
    let mut upsert = tx.prepare_cached(
        "INSERT INTO coverage VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET lines = lines + excluded.lines",
    )?;
    for ((source, kind, hour), lines) in rows.iter().flat_map(|rows| rows.coverage.iter()) {
        let source = dictionary::source(tx, source)?;
        upsert.execute(rusqlite::params![source, kind.name(), *hour, *lines as i64])?;
    }
    Ok(())
}

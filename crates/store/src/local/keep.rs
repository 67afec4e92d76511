//! What leaves the store: raw lines past their time, and files that nobody reads any more.

use std::io::ErrorKind;

use dolmen_model::Time;
use rusqlite::params;

use super::LocalStore;
use crate::catalog::segments::{self, file_name};
use crate::catalog::{self, gone_marks, removed_range};
use crate::error::StoreError;
use crate::segment::Kind;

/// How long a replaced segment stays for readers that found it before: an hour, in microseconds.
pub const GRACE: i64 = 3_600_000_000;

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Segments that readers no longer see; their files go after [`GRACE`].
    pub segments: u64,
    /// Rows in them.
    pub rows: u64,
    /// Marks that waited for calls that will not come any more.
    pub waiting_marks: u64,
}

impl LocalStore {
    /// Removes raw lines before `before`, whole segments at a time: a segment goes when its last
    /// row is older. Cubes and callers stay. Marks of that time whose lines are gone wait no longer and
    /// stay counted as mark only, by day.
    pub fn keep_from(&self, before: Time, now: Time) -> Result<Removed, StoreError> {
        let mut inner = self.inner();
        self.writing(&inner)?;
        let refused = inner.catalog.refused("remove old lines");
        let removed = inner.catalog.transaction("remove old lines", |tx| {
            let old = "kind = ?1 AND to_time < ?2";
            let mut removed = Removed::default();
            for kind in Kind::ALL {
                let (segments, rows, from, to): (i64, i64, Option<i64>, Option<i64>) = tx
                    .query_row(
                        &format!(
                            "SELECT count(*), ifnull(sum(rows), 0), min(from_time), max(to_time)
                             FROM visible WHERE {old}"
                        ),
                        params![kind.name(), before.micros()],
                        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
                    )
                    .map_err(&refused)?;
                removed.segments += segments as u64;
                removed.rows += rows as u64;
                if kind == Kind::Calls {
                    removed_range::extend(tx, from, to).map_err(&refused)?;
                }
                tx.execute(
                    &format!(
                        "UPDATE segments SET replaced_at = ?3
                         WHERE replaced_at IS NULL AND {old}"
                    ),
                    params![kind.name(), before.micros(), now.micros()],
                )
                .map_err(&refused)?;
            }
            // What a generation under way made of them goes with them.
            tx.execute(
                "UPDATE segments SET replaced_at = ?1 WHERE replaced_at IS NULL AND id IN
                    (SELECT new FROM derived JOIN segments AS old ON old.id = derived.old
                     WHERE old.replaced_at IS NOT NULL)",
                [now.micros()],
            )
            .map_err(&refused)?;
            removed.waiting_marks = gone_marks::remove(tx, before).map_err(&refused)?;
            if removed.segments > 0 {
                // Whoever keeps more from now on has what was removed no more.
                let since = catalog::get(tx, "lines_since").map_err(&refused)?;
                catalog::set(tx, "lines_since", since.max(before.micros())).map_err(&refused)?;
            }
            let detail = format!("lines before {before}: {} rows", removed.rows);
            catalog::audit(tx, now.micros(), "keep", &detail).map_err(&refused)?;
            Ok(removed)
        })?;
        if removed.waiting_marks > 0 {
            let keys = crate::catalog::waiting::keys(&inner.catalog.db)
                .map_err(inner.catalog.refused("read what waits"))?;
            if let Some(writer) = &mut inner.writer {
                writer.waiting = keys;
            }
        }
        Ok(removed)
    }

    /// Removes the files of segments that were replaced more than [`GRACE`] before `now`; returns
    /// how many.
    pub fn remove_replaced(&self, now: Time) -> Result<u64, StoreError> {
        let mut inner = self.inner();
        self.writing(&inner)?;
        let refused = inner.catalog.refused("remove replaced segments");
        let by = Time::from_micros(now.micros().saturating_sub(GRACE));
        let old = segments::replaced(&inner.catalog.db, Some(by)).map_err(&refused)?;
        // The catalog forgets first: a file without a name is swept, a name without a file is not.
        inner.catalog.transaction("remove replaced segments", |tx| {
            segments::forget(tx, old.iter().map(|(id, _)| *id)).map_err(&refused)
        })?;
        for (id, kind) in &old {
            inner.open.remove(id);
            let path = self.folder().join(file_name(*id, *kind));
            match self.vfs.remove(&path) {
                // It is as gone as it should be.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                removed => removed.map_err(StoreError::io("remove", &path))?,
            }
        }
        Ok(old.len() as u64)
    }
}

//! Segments that a join needed and could not read.
//!
//! The commit goes on without them: an id that has a line in one is left as it is, and its marks wait.
//! The catalog remembers such segments, and when one can be read again, its lines meet all others
//! as if they had come just now. Joins do not depend on the order of commits, so the result is the
//! same as if nothing had been amiss.

use std::sync::Arc;

use rusqlite::Connection;
use rustc_hash::FxHashMap;

use super::{Arrived, Joining, Keys};
use crate::catalog::segments::{self, SegmentId, Span};
use crate::error::StoreError;
use crate::segment::Kind;
use crate::unreadable::Unreadable;

/// Why segments cannot be read.
pub(super) type Lost = FxHashMap<SegmentId, Unreadable>;

impl Joining<'_, '_> {
    /// Looks at the segments that earlier commits could not read. Those that are whole again come back
    /// as if they had just been written.
    pub(super) fn come_back(&mut self, spans: &[Span]) -> Result<Vec<Arrived>, StoreError> {
        let mut back = Vec::new();
        for id in unmet(self.tx).map_err(self.refused())? {
            // What was removed meanwhile meets nobody.
            let Some(span) = spans.iter().find(|span| span.id == id) else { continue };
            let row = segments::one(self.tx, id).map_err(self.refused())?;
            // What was opened before it was restored says nothing of what is there now.
            self.open.remove(&id);
            self.near.forget(id);
            let is_whole = self.store.read_checked(&row).map(drop);
            match is_whole.and_then(|()| self.read_keys(id)) {
                Ok(keys) => {
                    back.push(Arrived { id, from: span.from, to: span.to, keys: Arc::new(keys) });
                }
                Err(error) => {
                    self.lost.insert(id, error.unreadable()?);
                }
            }
        }
        Ok(back)
    }

    /// The ids of a segment's calls; `None` where it cannot be read.
    pub(super) fn keys_of(&mut self, id: SegmentId) -> Result<Option<Arc<Keys>>, StoreError> {
        if self.lost.contains_key(&id) {
            return Ok(None);
        }
        let keys = self.keys(id);
        self.unless_lost(id, keys)
    }

    /// What was read of a segment; `None` where it cannot be read, which is noted.
    pub(super) fn unless_lost<T>(
        &mut self,
        id: SegmentId,
        read: Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match read {
            Ok(read) => Ok(Some(read)),
            Err(error) => {
                self.lost.insert(id, error.unreadable()?);
                self.open.remove(&id);
                self.near.forget(id);
                Ok(None)
            }
        }
    }

    /// Keeps in mind which segments are still to be met.
    pub(super) fn remember(&self) -> Result<(), StoreError> {
        let before = unmet(self.tx).map_err(self.refused())?;
        let mut now: Vec<SegmentId> = Vec::new();
        for id in self.lost.keys() {
            // Of marks the calls they were given to tell.
            if segments::one(self.tx, *id).map_err(self.refused())?.kind == Kind::Calls {
                now.push(*id);
            }
        }
        now.sort_unstable();
        if now != before {
            set_unmet(self.tx, &now).map_err(self.refused())?;
        }
        Ok(())
    }
}

/// Segments that are still to be met, in order.
pub(in crate::local) fn unmet(db: &Connection) -> rusqlite::Result<Vec<SegmentId>> {
    db.prepare_cached("SELECT segment FROM unmet ORDER BY segment")?
        .query_map([], |row| row.get(0).map(SegmentId))?
        .collect()
}

fn set_unmet(db: &Connection, segments: &[SegmentId]) -> rusqlite::Result<()> {
    db.execute("DELETE FROM unmet", [])?;
    let mut insert = db.prepare_cached("INSERT INTO unmet VALUES (?1)")?;
    segments.iter().try_for_each(|id| insert.execute([id.0]).map(drop))
}

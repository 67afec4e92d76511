//! A copy of the store that is itself a store, made while it serves.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::Backup;
use serde::Serialize;

use super::{LocalStore, SEGMENTS};
use crate::catalog::{FILE, refused, segments};
use crate::error::StoreError;

/// What was copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BackedUp {
    /// Segments.
    pub segments: u64,
    /// Bytes, the catalog's included.
    pub bytes: u64,
}

impl LocalStore {
    /// Copies the catalog and the segments it names to `to`, a folder that does not exist. What
    /// is committed meanwhile is not in it.
    ///
    /// First the catalog, as of one instant; the files it names stay as they are for at least the
    /// grace period. What new rules have derived so far, and no reader sees, is copied too: the copy
    /// goes on with it. Of what was replaced it knows nothing.
    pub fn backup(&self, to: &Path) -> Result<BackedUp, StoreError> {
        if to.exists() {
            return Err(StoreError::Exists { path: to.to_owned() });
        }
        let folder = to.join(SEGMENTS);
        fs::create_dir_all(&folder).map_err(StoreError::io("make the folder", &folder))?;
        let path = to.join(FILE);
        let rows = {
            let inner = self.inner();
            let refused = refused(&path, "copy the catalog");
            let mut copy = Connection::open(&path).map_err(&refused)?;
            Backup::new(&inner.catalog.db, &mut copy)
                .and_then(|backup| backup.run_to_completion(1_024, Duration::ZERO, None))
                .map_err(&refused)?;
            let replaced = segments::replaced(&copy, None).map_err(&refused)?;
            let replaced = replaced.iter().map(|(id, _)| *id);
            segments::forget(&copy, replaced).map_err(&refused)?;
            segments::named(&copy).map_err(&refused)?
        };
        let mut done = BackedUp::default();
        for row in rows {
            let from = self.folder().join(row.file());
            let bytes = self
                .vfs
                .read_at(&from, 0, row.bytes as usize)
                .map_err(StoreError::io("read", &from))?;
            let copy = folder.join(row.file());
            fs::File::create_new(&copy)
                .and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()))
                .map_err(StoreError::io("write", &copy))?;
            done.segments += 1;
            done.bytes += row.bytes;
        }
        // Where `to` is a name alone, its parent is an empty path.
        let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        for durable in [&*path, &folder, to, parent] {
            fs::File::open(durable)
                .and_then(|file| file.sync_all())
                .map_err(StoreError::io("sync", durable))?;
        }
        done.bytes += fs::metadata(&path).map_err(StoreError::io("read", &path))?.len();
        Ok(done)
    }
}

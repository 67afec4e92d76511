//! A copy of the store that is itself a store, made while it serves.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::Backup;
use serde::Serialize;

use super::{LocalStore, SEGMENTS};
use crate::catalog::segments::SegmentRow;
use crate::catalog::{FILE, refused, segments};
use crate::error::StoreError;
use crate::unreadable::Unreadable;

/// What was copied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BackedUp {
    /// Segments.
    pub segments: u64,
    /// Bytes, the catalog's included.
    pub bytes: u64,
    /// Segments that are damaged, and so are in the copy as they are, or not at all.
    pub unreadable: Vec<Unreadable>,
}

impl LocalStore {
    /// Copies the catalog and the segments it names to `to`, a folder that does not exist. What
    /// is committed meanwhile is not in it.
    ///
    /// First the catalog, as of one instant; the files it names stay as they are for at least the
    /// grace period. What new rules have derived so far, and no reader sees, is copied too: the copy
    /// goes on with it. Of what was replaced it knows nothing. Each segment is held against its hash; a
    /// damaged one does not keep the others from being copied.
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
            let bytes = match self.read_checked(&row) {
                Ok(bytes) => bytes,
                Err(error) => {
                    done.unreadable.push(error.unreadable()?);
                    // Some of its rows may still be saved one day.
                    let Ok(bytes) = self.read_as_it_is(&row) else { continue };
                    bytes
                }
            };
            let copy = folder.join(row.file());
            fs::File::create_new(&copy)
                .and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()))
                .map_err(StoreError::io("write", &copy))?;
            done.segments += 1;
            done.bytes += bytes.len() as u64;
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

    fn read_as_it_is(&self, row: &SegmentRow) -> io::Result<Vec<u8>> {
        let path = self.folder().join(row.file());
        let len = self.vfs.len(&path)?;
        self.vfs.read_at(&path, 0, usize::try_from(len).unwrap_or(usize::MAX))
    }
}

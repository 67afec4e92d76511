//! What changes when a file does.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A file as it was at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    inode: u64,
    length: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
}

impl Stamp {
    pub(crate) fn at(path: &Path) -> std::io::Result<Self> {
        let metadata = std::fs::metadata(path)?;
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        Ok(Self { inode: metadata.ino(), length: metadata.len(), modified })
    }
}

/// A file, and how it was; `None` where it was not there.
pub(crate) type Stamped = (PathBuf, Option<Stamp>);

/// How a file is now.
pub(super) fn stamped(path: PathBuf) -> Stamped {
    let stamp = Stamp::at(&path).ok();
    (path, stamp)
}

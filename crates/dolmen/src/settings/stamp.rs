//! What changes when a file does.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A file as it was at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
}

/// What a file keeps whatever it is called: no other file on this machine has it at the same time.
pub(crate) type Identity = (u64, u64);

impl Stamp {
    pub(crate) fn at(path: &Path) -> std::io::Result<Self> {
        Ok(Self::of(&std::fs::metadata(path)?))
    }

    pub(crate) fn of(metadata: &Metadata) -> Self {
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        let (device, inode, length) = (metadata.dev(), metadata.ino(), metadata.len());
        Self { device, inode, length, modified }
    }

    pub(crate) fn identity(&self) -> Identity {
        (self.device, self.inode)
    }

    /// Seconds and nanoseconds since the epoch.
    pub(crate) fn modified(&self) -> (i64, i64) {
        self.modified
    }
}

/// A file, and how it was; `None` where it was not there.
pub(crate) type Stamped = (PathBuf, Option<Stamp>);

/// How a file is now.
pub(super) fn stamped(path: PathBuf) -> Stamped {
    let stamp = Stamp::at(&path).ok();
    (path, stamp)
}

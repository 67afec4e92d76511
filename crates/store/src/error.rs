use std::io;
use std::path::PathBuf;

use crate::files::FileId;
use crate::unreadable::Unreadable;

/// What can go wrong in the store. Every text says what happened, where, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder holds no store, and the caller asked for one that exists.
    #[error("{path} holds no store: import a log first, or name the folder with --store")]
    Missing {
        /// The folder.
        path: PathBuf,
    },
    /// The store was written in a format that this program does not read.
    #[error(
        "{path} is a store of format {found}, this dolmen reads format {ours}: {}",
        if found > ours { "use the newer dolmen that wrote it" }
        else { "open it once with the dolmen that wrote it, export, and import again" }
    )]
    Version {
        /// The folder.
        path: PathBuf,
        /// The version in the catalog.
        found: u32,
        /// The version this program reads and writes.
        ours: u32,
    },
    /// Another process holds the store for writing.
    #[error(
        "{path} is being written by another dolmen, which takes no jobs: run this again when it has \
         ended"
    )]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// The catalog is not a database that can be read.
    #[error(
        "the catalog {path} is damaged ({reason}): restore a backup, or move the folder away and \
         import the logs again; the segments beside it still hold every raw line"
    )]
    Catalog {
        /// The catalog's file.
        path: PathBuf,
        /// What SQLite says.
        reason: String,
    },
    /// There are segments and no catalog that names them.
    #[error(
        "there are segments in the folder of {path}, and no catalog that names them: put the catalog \
         back, with its -wal file, or restore a backup; nothing was changed. The segments hold every \
         raw line. To begin anew, move the folder away and import the logs again"
    )]
    NoCatalog {
        /// Where the catalog should be.
        path: PathBuf,
    },
    /// There are more segments than a crash leaves that the catalog does not name.
    #[error(
        "{count} segments in {path} are newer than the catalog: was it put there without its -wal \
         file, or from an older copy? Put back what belongs to it, or move these segments away; \
         nothing was changed. The first is {first}"
    )]
    Unnamed {
        /// The folder of segments.
        path: PathBuf,
        /// How many.
        count: usize,
        /// The first one's file name.
        first: String,
    },
    /// The disk is full. Nothing of the commit was kept; the same commit can be tried again.
    #[error(
        "no space left for the store {path}: nothing of this commit was kept, free some space and run it again"
    )]
    Full {
        /// The file or folder that could not grow.
        path: PathBuf,
    },
    /// A file operation failed.
    #[error("failed to {action} {path}")]
    Io {
        /// What was being done: `write`, `read`, `rename`…
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// What was to be derived again is given up: other rules came meanwhile.
    #[error("other rules came meanwhile, and the history is derived by those")]
    GivenUp,
    /// A segment is missing, cut short or altered.
    #[error("{0}")]
    Segment(Unreadable),
    /// A commit starts elsewhere than the last one of its file ended: it would count lines twice
    /// or leave some out.
    #[error(
        "file {} of {source_name} is at byte {known}, this commit starts at byte {claimed}: read \
         its position again", file.0
    )]
    Position {
        /// The file.
        file: FileId,
        /// Its source's name.
        source_name: String,
        /// Where the catalog says reading goes on.
        known: u64,
        /// Where the commit says it started.
        claimed: u64,
    },
    /// A table of names in the catalog is longer than this program's bound for it.
    #[error("the catalog holds more {kind} than this dolmen can number: use the newer one")]
    Names {
        /// Which table.
        kind: &'static str,
    },
    /// The store was opened for reading only.
    #[error("{path} was opened for reading")]
    ReadOnly {
        /// The folder.
        path: PathBuf,
    },
    /// SQLite refused a statement for a reason that is none of the above.
    #[error("the catalog refused to {action}")]
    Sql {
        /// What was being done.
        action: &'static str,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// Rows could not be written as a segment.
    #[error("failed to encode {rows} rows as a segment: {reason}")]
    Encode {
        /// How many.
        rows: usize,
        /// What the encoder says.
        reason: String,
    },
    /// A destination that must not exist does.
    #[error("{path} exists already: name a folder that does not")]
    Exists {
        /// The destination.
        path: PathBuf,
    },
}

impl StoreError {
    /// Tells a full disk from every other failure of a file operation.
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            _ => Self::Io { action, path, source },
        }
    }

    /// The segment that cannot be read, where that is all: answers go on without it.
    pub(crate) fn unreadable(self) -> Result<Unreadable, Self> {
        match self {
            Self::Segment(unreadable) => Ok(unreadable),
            error => Err(error),
        }
    }
}

use std::io;
use std::path::PathBuf;

use crate::source::Holds;

/// Why lines could not be collected.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// A file cannot be opened or read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file, `-` for standard input.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No format reads the first lines of a file, and none was named.
    #[error("{}: {reason}", path.display())]
    Undetected {
        /// The file, `-` for standard input.
        path: PathBuf,
        /// The line, the formats tried, and how far each got.
        reason: String,
    },
    /// A file holds something else than its source says.
    #[error(
        "{} is in the format {format}, which holds {found}, and its source holds {expected}",
        path.display()
    )]
    Holds {
        /// The file, `-` for standard input.
        path: PathBuf,
        /// Its format.
        format: String,
        /// What such a format holds.
        found: Holds,
        /// What the source was said to hold.
        expected: Holds,
    },
    /// The store refused lines; what was committed before stays.
    #[error(transparent)]
    Store(#[from] dolmen_store::StoreError),
    /// A file that was opened cannot be read any more.
    #[error("cannot read on")]
    ReadOn(#[from] io::Error),
    /// Entries that memory has no room for cannot be written to the temporary folder, or read
    /// back.
    #[error("cannot use temporary space in {}; free some there, or set TMPDIR to a folder with more room", dir.display())]
    Spill {
        /// The temporary folder.
        dir: PathBuf,
        /// Why.
        source: io::Error,
    },
}

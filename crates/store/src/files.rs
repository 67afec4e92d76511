//! Which file is which, however it is called today.
//!
//! Rotation renames files, compresses them and starts new ones under old names, so a path says
//! nothing. A file is its source and the first 4 KiB of its decompressed content; a shorter one is
//! compared as a prefix: it may grow, or be a copy that was cut short. Before reading goes on, the 4 KiB before the position
//! are compared too.

use xxhash_rust::xxh3::xxh3_128;

/// A file's number in the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u64);

/// How many bytes of a file identify it, and how many before the position are verified.
pub const HEAD: usize = 4_096;

/// The hash of a stretch of a file's decompressed content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// How many bytes were hashed, at most [`HEAD`].
    pub len: u32,
    /// Their 128-bit XXH3 hash.
    pub hash: u128,
}

impl Fingerprint {
    /// The fingerprint of the last [`HEAD`] bytes of what was read, or of all when it is less.
    pub fn of_tail(read: &[u8]) -> Self {
        Self::of(&read[read.len().saturating_sub(HEAD)..])
    }

    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self { len: bytes.len() as u32, hash: xxh3_128(bytes) }
    }

    /// Whether the bytes before the position, `before`, are those that were read: its last
    /// [`Fingerprint::len`] bytes are compared.
    pub fn verifies(&self, before: &[u8]) -> bool {
        let from = before.len().checked_sub(self.len as usize);
        from.is_some_and(|from| xxh3_128(&before[from..]) == self.hash)
    }
}

/// A file that was read before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownFile {
    /// Its number.
    pub id: FileId,
    /// The path it had when it was last read.
    pub path: String,
    /// Where reading goes on, in bytes of decompressed content.
    pub position: u64,
    /// Lines before the position.
    pub lines: u64,
    /// Of these, lines that no format reads.
    pub unread: u64,
    /// The format it was last read with.
    pub format: String,
    /// What stood before the position.
    pub tail: Fingerprint,
}

/// Which file a commit read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileRef {
    /// One that [`Store::find_file`](crate::Store::find_file) found.
    Known(FileId),
    /// A new one, by the first [`HEAD`] bytes of its decompressed content, or all of it when it is
    /// shorter.
    New {
        /// These bytes.
        head: Vec<u8>,
    },
}

/// How far a commit read one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The file.
    pub file: FileRef,
    /// The source it belongs to.
    pub source: String,
    /// Its path today, for people.
    pub path: String,
    /// The position this commit started at; it must be the one the catalog knows (0 for a new
    /// file), or the commit is refused.
    pub from: u64,
    /// The position after the last line of this commit, in bytes of decompressed content.
    pub to: u64,
    /// Lines from `from` to `to`.
    pub lines: u64,
    /// Of these, lines that no format reads.
    pub unread: u64,
    /// The format they were read with.
    pub format: String,
    /// The last bytes before `to`.
    pub tail: Fingerprint,
    /// The file's head as it is now; it is kept where it is longer than what is known. Empty: it is as it
    /// was.
    pub head: Vec<u8>,
}

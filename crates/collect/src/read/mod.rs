//! Files as blocks of whole lines, for any number of workers.

mod buffer;
mod ends;
mod plain;
mod prepare;
mod queue;
mod stream;

pub(crate) use buffer::Buffer;
pub(crate) use ends::LineEnds;
pub(crate) use plain::read_block;
pub(crate) use prepare::{Encoding, Prepared, found, prepare};
pub(crate) use queue::{Block, Queue, Work};

/// Bytes a block aims at: what a worker parses, attributes and hands on while it is in the cache.
pub(crate) const BLOCK: usize = 1 << 16;

/// A longer line is no log line: it is kept as unparsed, and its rest is skipped.
pub(crate) const MAX_LINE: usize = 16 << 20;

/// What is kept of a line that is too long.
pub(crate) const KEPT: usize = 4096;

/// How a block ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With a line end.
    Line,
    /// With the end of the file, in the middle of a line: a rotation or a crash cut it, or it is
    /// still being written.
    Unterminated,
    /// With the beginning of a line longer than [`MAX_LINE`].
    TooLong,
}

//! Columns of flags.

use parquet::basic::Encoding;
use parquet::file::statistics::{Statistics, ValueStatistics};

use super::chunk::{Chunk, Values};
use super::pages;

/// The rows [from, from + len) of a column in which every row has one.
pub(super) fn chunk(flags: &[bool], from: usize, len: usize) -> Chunk {
    let flags = &flags[from..from + len];
    let mut data = Vec::with_capacity(len / 8 + 1);
    pages::flags(flags, &mut data);
    Chunk {
        dictionary: None,
        data,
        encoding: Encoding::PLAIN,
        is_random: false,
        values: Values { slots: len, known: len },
        statistics: Statistics::Boolean(ValueStatistics::new(
            flags.iter().min().copied(),
            flags.iter().max().copied(),
            None,
            Some(0),
            false,
        )),
        bloom: None,
    }
}

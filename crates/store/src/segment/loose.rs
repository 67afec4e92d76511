//! Columns of texts of which most differ.

use parquet::basic::Encoding;
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::schema::types::ColumnDescPtr;

use super::chunk::{Chunk, Values};
use super::{delta, pages};
use crate::texts::Texts;

/// A column, ready to be written.
#[derive(Debug)]
pub(super) struct Loose {
    /// UTF-8; an empty one is a missing one.
    texts: Texts,
}

impl Loose {
    /// Texts in the order of `order`; what is not UTF-8 is shown as U+FFFD.
    pub(super) fn new(all: &Texts, order: &[u32]) -> Self {
        let is_ascii = all.bytes().is_ascii();
        if is_ascii && order.len() == all.len() && (0..).zip(order).all(|(at, row)| at == *row) {
            return Self { texts: all.clone() };
        }
        let mut texts = Texts::with_room(all.bytes().len(), order.len());
        for &row in order {
            let text = all.get(row as usize);
            match is_ascii || std::str::from_utf8(text).is_ok() {
                true => texts.push(text),
                false => texts.push(String::from_utf8_lossy(text).as_bytes()),
            }
        }
        Self { texts }
    }

    /// The rows [from, from + len).
    pub(super) fn chunk(&self, column: &ColumnDescPtr, from: usize, len: usize) -> Chunk {
        let lengths = || (from..from + len).map(|row| self.texts.get(row).len() as i64);
        let mut data = Vec::new();
        if column.max_def_level() > 0 {
            pages::levels(&lengths().map(|len| len > 0).collect::<Vec<_>>(), &mut data);
        }
        let known: Vec<i64> = lengths().filter(|len| *len > 0).collect();
        // The encoding DELTA_LENGTH_BYTE_ARRAY: all lengths, then all texts.
        delta::write(&known, &mut data);
        data.extend_from_slice(self.texts.stretch(from, len));
        let values = Values { slots: len, known: known.len() };
        let missing = Some((values.slots - values.known) as u64);
        Chunk {
            dictionary: None,
            data,
            encoding: Encoding::DELTA_LENGTH_BYTE_ARRAY,
            is_random: false,
            values,
            // Of texts that all differ, the least and the most say nothing.
            statistics: Statistics::ByteArray(ValueStatistics::new(
                None, None, None, missing, false,
            )),
            bloom: None,
        }
    }
}

//! What a segment says about its request ids before it is opened: kept in the catalog, so that a search
//! for an id among thousands of segments opens few.
//!
//! Statistics are small and kept whole. Of a bloom filter only its place in the file is kept: 32 bytes
//! of it say whether it may hold an id.

use std::io;
use std::path::Path;

use parquet::bloom_filter::Sbbf;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::statistics::Statistics;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh64::xxh64;

use crate::ids::IdForm;
use crate::vfs::Vfs;

/// Of each row group of a segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IdFilters {
    pub(super) groups: Vec<GroupFilter>,
}

/// Of the columns that hold ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct GroupFilter {
    pub(super) text: ColumnFilter,
    pub(super) high: ColumnFilter,
    pub(super) low: ColumnFilter,
}

/// Of one column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ColumnFilter {
    /// It has no value at all.
    is_empty: bool,
    range: Option<(i64, i64)>,
    /// Where the bits of its bloom filter begin in the file, and how many bytes they are.
    bloom: Option<(u64, u64)>,
}

/// Bytes of one block of a split block bloom filter.
const BLOCK: u64 = 32;

impl IdFilters {
    /// Whether one of these ids may be in the segment with this file. "Yes" is wrong for some that are
    /// not there, "no" never.
    pub(crate) fn may_hold_any(
        &self,
        ids: &[(u64, &[u8])],
        vfs: &dyn Vfs,
        path: &Path,
    ) -> io::Result<bool> {
        for group in &self.groups {
            for (_, id) in ids {
                if group.may_hold(id, vfs, path)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

impl GroupFilter {
    fn may_hold(&self, id: &[u8], vfs: &dyn Vfs, path: &Path) -> io::Result<bool> {
        let Some((_, number)) = IdForm::read(id) else {
            // Bloom filters hash what the column holds, which is text.
            let text = String::from_utf8_lossy(id);
            return Ok(!self.text.is_empty && self.text.has_bits(text.as_bytes(), vfs, path)?);
        };
        let (high, low) = ((number >> 64) as i64, number as i64);
        // What is known without the file first.
        Ok(self.high.may_be(high)
            && self.low.may_be(low)
            && self.high.has_bits(&high.to_le_bytes(), vfs, path)?
            && self.low.has_bits(&low.to_le_bytes(), vfs, path)?)
    }
}

impl ColumnFilter {
    /// A column that is not there.
    pub(super) const NONE: Self = Self { is_empty: true, range: None, bloom: None };

    pub(super) fn of(column: &ColumnChunkMetaData) -> Self {
        let nulls = column.statistics().and_then(Statistics::null_count_opt);
        let range = match column.statistics() {
            Some(Statistics::Int64(known)) => {
                known.min_opt().copied().zip(known.max_opt().copied())
            }
            _ => None,
        };
        let bloom = column.bloom_filter_offset().zip(column.bloom_filter_length());
        let bloom = bloom.and_then(|(at, length)| {
            let (at, length) = (u64::try_from(at).ok()?, u64::try_from(length).ok()?);
            // A short header stands before the bits, whose bytes are a power of two.
            let bits = 1_u64 << length.checked_ilog2()?;
            (bits >= BLOCK).then_some((at + length - bits, bits))
        });
        Self { is_empty: nulls == Some(column.num_values() as u64), range, bloom }
    }

    fn may_be(&self, number: i64) -> bool {
        !self.is_empty && self.range.is_none_or(|(min, max)| (min..=max).contains(&number))
    }

    /// Whether the bloom filter may hold a value with these bytes, if there is one.
    fn has_bits(&self, value: &[u8], vfs: &dyn Vfs, path: &Path) -> io::Result<bool> {
        let Some((at, bytes)) = self.bloom else { return Ok(true) };
        // Parquet's format: the upper half of the hash names the block.
        let block = ((xxh64(value, 0) >> 32) * (bytes / BLOCK)) >> 32;
        let bits = vfs.read_at(path, at + block * BLOCK, BLOCK as usize)?;
        Ok(Sbbf::new(&bits).check(value))
    }
}

//! Which encoding each column gets.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_schema::Schema;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use rustc_hash::FxHashSet;

use super::Kind;

/// The format of segments, written into each.
pub(crate) const FORMAT: &str = "2";
/// The key under which [`FORMAT`] stands in a file's metadata.
pub(crate) const FORMAT_KEY: &str = "dolmen.format";
/// The key under which the kind stands.
pub(crate) const KIND_KEY: &str = "dolmen.kind";

/// Rows of a row group at most: what is read at once to answer one question.
pub(crate) const ROW_GROUP: usize = 65_536;

/// How the values of a column follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spread {
    /// Close to the one before: differences are worth coding, and statistics are worth reading.
    Near,
    /// Anywhere: nothing compresses it, and only a filter says what is not in it.
    Random,
    /// No value at all.
    Absent,
}

impl Spread {
    /// Judged by the median distance of neighbours, sampled.
    pub(crate) fn of(values: &[i64]) -> Self {
        if values.is_empty() {
            return Self::Absent;
        }
        let sample = &values[..values.len().min(2_048)];
        let bits = |pair: &[i64; 2]| u64::BITS - pair[1].abs_diff(pair[0]).leading_zeros();
        let mut apart: Vec<u32> = sample.array_windows().map(bits).collect();
        let middle = apart.len() / 2;
        apart.sort_unstable();
        match apart.get(middle) {
            Some(bits) if *bits > 48 => Self::Random,
            _ => Self::Near,
        }
    }
}

/// Rows looked at to judge a column.
const SAMPLE: usize = 4_096;

/// Whether so many values differ that a dictionary would be most of the column.
fn differs(column: &dyn Array) -> bool {
    let Some(texts) = column.as_string_opt::<i32>() else { return false };
    let sample = || texts.iter().take(SAMPLE).flatten();
    let (known, distinct) = (sample().count(), sample().collect::<FxHashSet<_>>().len());
    // A short column is small either way.
    known > 1_024 && distinct > known / 3
}

/// zstd 1: 3 was larger and slower on access logs. Dictionaries where values repeat, differences
/// for numbers that grow, and no second try to compress what is random.
///
/// `columns` are those of the file's schema, as far as Parquet's own writer writes them.
pub(crate) fn properties(
    kind: Kind,
    schema: &Schema,
    columns: &[Option<&dyn Array>],
    rows: usize,
) -> Result<WriterProperties, ParquetError> {
    let mut builder = WriterProperties::builder()
        .set_created_by(concat!("dolmen ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_data_page_row_count_limit(ROW_GROUP)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_statistics_truncate_length(Some(64))
        .set_offset_index_disabled(true)
        .set_dictionary_page_size_limit(4 << 20)
        .set_data_page_size_limit(4 << 20)
        .set_sorting_columns(Some(vec![SortingColumn {
            column_idx: 0,
            descending: false,
            nulls_first: true,
        }]))
        .set_key_value_metadata(Some(vec![
            KeyValue::new(FORMAT_KEY.to_owned(), FORMAT.to_owned()),
            KeyValue::new(KIND_KEY.to_owned(), kind.name().to_owned()),
        ]));
    builder = builder.set_column_dictionary_enabled(ColumnPath::from("line"), false);
    for (field, column) in schema.fields().iter().zip(columns) {
        let Some(column) = column else { continue };
        if differs(*column) {
            let column = ColumnPath::from(field.name().as_str());
            builder = builder
                .set_column_dictionary_enabled(column.clone(), false)
                .set_column_encoding(column, Encoding::DELTA_LENGTH_BYTE_ARRAY);
        }
    }
    let text = ColumnPath::from("id_text");
    Ok(builder
        .set_column_dictionary_enabled(text.clone(), false)
        .set_column_encoding(text.clone(), Encoding::DELTA_BYTE_ARRAY)
        .set_column_bloom_filter_enabled(text.clone(), true)
        .set_column_bloom_filter_fpp(text.clone(), FALSE_POSITIVES)
        .set_column_bloom_filter_max_ndv(text, rows.min(ROW_GROUP) as u64)
        .build())
}

/// At most: filters have a power of two of bytes, so that 45,000 ids have 32 KiB and 60,000 have
/// 64, which is wrong for two of a hundred.
pub(super) const FALSE_POSITIVES: f64 = 0.1;

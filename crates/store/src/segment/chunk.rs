//! One column of one row group, as it lies in the file.
//!
//! Parquet's own writer is made for any column of any table: each value passes levels, statistics,
//! a dictionary and an encoder, one call each. What a segment's columns are is known, so their pages
//! are written here at once.

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::bloom_filter::Sbbf;
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, SerializedRowGroupWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
use zstd::bulk::Compressor;

/// How many values a chunk has room for, and how many it has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Values {
    pub(super) slots: usize,
    pub(super) known: usize,
}

/// The values that rows name by number, as the encoding PLAIN has them.
#[derive(Debug)]
pub(super) struct Dictionary {
    pub(super) bytes: Vec<u8>,
    pub(super) entries: usize,
}

/// A column chunk before it is compressed: at most one dictionary page, and one data page.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) dictionary: Option<Dictionary>,
    /// Levels, then values.
    pub(super) data: Vec<u8>,
    /// Of the values.
    pub(super) encoding: Encoding,
    /// Nothing compresses its values.
    pub(super) is_random: bool,
    pub(super) values: Values,
    pub(super) statistics: Statistics,
    pub(super) bloom: Option<Sbbf>,
}

impl Chunk {
    /// Writes it as the next column of a row group.
    pub(super) fn append<W: std::io::Write + Send>(
        self,
        group: &mut SerializedRowGroupWriter<'_, W>,
        column: &ColumnDescPtr,
        rows: usize,
        zstd: &mut Zstd,
    ) -> Result<()> {
        let mut sink = TrackedWrite::new(Vec::new());
        let close = self.write(column, rows, &mut sink, zstd)?;
        group.append_column(&Bytes::from(sink.into_inner()?), close)
    }

    fn write(
        self,
        column: &ColumnDescPtr,
        rows: usize,
        sink: &mut TrackedWrite<Vec<u8>>,
        zstd: &mut Zstd,
    ) -> Result<ColumnCloseResult> {
        let Self { dictionary, data, encoding, is_random, values, statistics, bloom } = self;
        let (entries, dictionary) = match dictionary {
            Some(dictionary) => (dictionary.entries, dictionary.bytes),
            None => (0, Vec::new()),
        };
        let (dictionary_len, data_len) = (dictionary.len(), data.len());
        let packed = match is_random {
            true => None,
            false => Some((zstd.compress(&dictionary)?, zstd.compress(&data)?)),
        };
        // A few bytes grow when they are compressed.
        let packed = packed.filter(|(dictionary, data)| {
            dictionary.len() + data.len() + 16 < dictionary_len + data_len
        });
        let (compression, dictionary, data) = match packed {
            Some((dictionary, data)) => {
                (Compression::ZSTD(ZstdLevel::try_new(1)?), dictionary, data)
            }
            None => (Compression::UNCOMPRESSED, dictionary, data),
        };
        let mut writer = SerializedPageWriter::new(sink);
        let (mut compressed, mut uncompressed) = (0, 0);
        let mut add = |page: Page, len: usize| -> Result<u64> {
            let spec = writer.write_page(CompressedPage::new(page, len))?;
            compressed += spec.compressed_size as i64;
            uncompressed += spec.uncompressed_size as i64;
            Ok(spec.offset)
        };
        let mut dictionary_at = None;
        if entries > 0 {
            let page = Page::DictionaryPage {
                buf: dictionary.into(),
                num_values: entries as u32,
                encoding: Encoding::PLAIN,
                is_sorted: false,
            };
            dictionary_at = Some(add(page, dictionary_len)? as i64);
        }
        let page = Page::DataPage {
            buf: data.into(),
            num_values: values.slots as u32,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let data_at = add(page, data_len)? as i64;
        // Levels are always RLE, a dictionary is plain.
        let of_dictionary = (entries > 0).then_some(Encoding::PLAIN);
        let encodings = [Encoding::RLE, encoding].into_iter().chain(of_dictionary).collect();
        let metadata = ColumnChunkMetaData::builder(column.clone())
            .set_compression(compression)
            .set_encodings(encodings)
            .set_total_compressed_size(compressed)
            .set_total_uncompressed_size(uncompressed)
            .set_num_values(values.slots as i64)
            .set_data_page_offset(data_at)
            .set_dictionary_page_offset(dictionary_at)
            .set_statistics(statistics)
            .build()?;
        Ok(ColumnCloseResult {
            bytes_written: compressed as u64,
            rows_written: rows as u64,
            metadata,
            bloom_filter: bloom,
            column_index: None,
            offset_index: None,
        })
    }
}

/// One compressor for all pages of a segment: making one costs more than compressing a small page.
pub(super) struct Zstd(Compressor<'static>);

impl Zstd {
    pub(super) fn new() -> Result<Self> {
        // Level 1: 3 was larger and slower on access logs.
        Compressor::new(1).map(Self).map_err(external)
    }

    fn compress(&mut self, bytes: &[u8]) -> Result<Vec<u8>> {
        if bytes.is_empty() {
            return Ok(Vec::new());
        }
        self.0.compress(bytes).map_err(external)
    }
}

fn external(error: std::io::Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}

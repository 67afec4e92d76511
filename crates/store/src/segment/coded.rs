//! Columns of few values: each is held once, and rows name it by number.
//!
//! Most columns of a segment are of this kind, and their numbers are at hand when a block is
//! encoded, so their chunks are written here as they are. Parquet's own writer would find the same
//! numbers by hashing the text of every row again, which cost more than all the rest of encoding.

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::file::writer::{SerializedPageWriter, SerializedRowGroupWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
use zstd::bulk::Compressor;

use super::pages::{self, NONE, width};

/// A column, ready to be written.
#[derive(Debug)]
pub(super) struct Coded {
    entries: Entries,
    rows: CodedRows,
}

/// The values of a column, each once.
#[derive(Debug)]
enum Entries {
    Texts(Vec<Box<[u8]>>),
    Numbers(Vec<i32>),
    /// 64-bit numbers, of which there are none.
    Long,
}

#[derive(Debug)]
enum CodedRows {
    /// Every row the same entry, or [`NONE`].
    Same(u32),
    /// Of each row its entry, or [`NONE`].
    Each(Vec<u32>),
    /// Of each row a list, by number.
    Lists { rows: Vec<u32>, lists: Vec<Vec<u32>> },
}

impl Coded {
    /// Every row has this value, or none has one (a list: is empty).
    pub(super) fn same(value: Option<&[u8]>) -> Self {
        let entries = Entries::Texts(value.into_iter().map(Into::into).collect());
        Self { entries, rows: CodedRows::Same(if value.is_some() { 0 } else { NONE }) }
    }

    /// Of a column of 64-bit numbers: no row has one (a list: is empty).
    pub(super) fn no_number() -> Self {
        Self { entries: Entries::Long, rows: CodedRows::Same(NONE) }
    }

    /// Rows name entries by number; [`NONE`] names none.
    pub(super) fn texts<'a>(entries: impl Iterator<Item = &'a [u8]>, rows: Vec<u32>) -> Self {
        let entries = Entries::Texts(entries.map(Into::into).collect());
        Self { entries, rows: CodedRows::Each(rows) }
    }

    /// Lists of texts: a row names its list by number, a list its entries.
    pub(super) fn lists(entries: Vec<Box<[u8]>>, lists: Vec<Vec<u32>>, rows: Vec<u32>) -> Self {
        Self { entries: Entries::Texts(entries), rows: CodedRows::Lists { rows, lists } }
    }

    /// Small numbers of few values.
    pub(super) fn numbers(rows: impl Iterator<Item = Option<u32>>) -> Self {
        let mut entries = Vec::new();
        let mut known: Vec<u32> = Vec::new();
        let mut far = rustc_hash::FxHashMap::default();
        let rows = rows
            .map(|number| {
                let Some(number) = number else { return NONE };
                let mut next = || {
                    entries.push(number as i32);
                    entries.len() as u32 - 1
                };
                // Statuses and counts of marks are small; whatever is not is found by its hash.
                if number >= 1_024 {
                    return *far.entry(number).or_insert_with(next);
                }
                let at = number as usize;
                if at >= known.len() {
                    known.resize(at + 1, NONE);
                }
                if known[at] == NONE {
                    known[at] = next();
                }
                known[at]
            })
            .collect();
        Self { entries: Entries::Numbers(entries), rows: CodedRows::Each(rows) }
    }

    /// Writes the rows [from, from + len) as the next column of a row group.
    pub(super) fn append<W: std::io::Write + Send>(
        &self,
        group: &mut SerializedRowGroupWriter<'_, W>,
        column: &ColumnDescPtr,
        (from, len): (usize, usize),
        zstd: &mut Zstd,
    ) -> Result<()> {
        let chunk = self.chunk(column, from, len);
        let mut sink = TrackedWrite::new(Vec::new());
        let close = chunk.write(column, len, &mut sink, zstd)?;
        group.append_column(&Bytes::from(sink.into_inner()?), close)
    }

    fn chunk(&self, column: &ColumnDescPtr, from: usize, len: usize) -> Chunk {
        let is_list = column.max_rep_level() > 0;
        let is_optional = column.max_def_level() > 0;
        let mut data = Vec::new();
        let values = match &self.rows {
            CodedRows::Same(code) => {
                let level = u32::from(*code != NONE);
                if is_list {
                    pages::levels(std::iter::repeat_n(0, len), 1, &mut data);
                }
                if is_optional {
                    pages::levels(std::iter::repeat_n(level, len), 1, &mut data);
                }
                let known = if *code == NONE { 0 } else { len };
                self.codes(std::iter::repeat_n(*code, known), &mut data);
                Values { slots: len, known }
            }
            CodedRows::Each(rows) => {
                let rows = &rows[from..from + len];
                if is_optional {
                    let levels = rows.iter().map(|code| u32::from(*code != NONE));
                    pages::levels(levels, 1, &mut data);
                }
                let known = rows.iter().copied().filter(|code| *code != NONE);
                self.codes(known.clone(), &mut data);
                Values { slots: len, known: known.count() }
            }
            CodedRows::Lists { rows, lists } => {
                let lists = || rows[from..from + len].iter().map(|&list| &lists[list as usize][..]);
                // An empty list is one slot without a value.
                let slots = lists().flat_map(|list| 0..list.len().max(1) as u32);
                pages::levels(slots.clone().map(|at| u32::from(at > 0)), 1, &mut data);
                let levels = lists().flat_map(|list| {
                    std::iter::repeat_n(u32::from(!list.is_empty()), list.len().max(1))
                });
                pages::levels(levels, 1, &mut data);
                let known = lists().flatten().copied();
                self.codes(known.clone(), &mut data);
                Values { slots: slots.count(), known: known.count() }
            }
        };
        Chunk {
            dictionary: self.entries.plain(),
            entries: self.entries.len(),
            data,
            values,
            statistics: self.entries.statistics(values),
        }
    }

    fn codes(&self, codes: impl Iterator<Item = u32> + Clone, out: &mut Vec<u8>) {
        if self.entries.len() > 0 {
            let width = width(self.entries.len() as u32 - 1);
            out.push(width as u8);
            pages::hybrid(codes, width, out);
        }
    }
}

impl Entries {
    fn len(&self) -> usize {
        match self {
            Self::Texts(texts) => texts.len(),
            Self::Numbers(numbers) => numbers.len(),
            Self::Long => 0,
        }
    }

    /// As the encoding PLAIN has them.
    fn plain(&self) -> Vec<u8> {
        let mut plain = Vec::new();
        match self {
            Self::Texts(texts) => {
                for text in texts {
                    plain.extend_from_slice(&(text.len() as u32).to_le_bytes());
                    plain.extend_from_slice(text);
                }
            }
            Self::Numbers(numbers) => {
                numbers.iter().for_each(|number| plain.extend_from_slice(&number.to_le_bytes()));
            }
            Self::Long => {}
        }
        plain
    }

    /// Long texts are no bounds worth keeping.
    fn statistics(&self, values: Values) -> Statistics {
        const LONGEST: usize = 64;
        let missing = Some((values.slots - values.known) as u64);
        match self {
            Self::Texts(texts) => {
                let bound = |text: Option<&Box<[u8]>>| {
                    text.filter(|text| text.len() <= LONGEST && values.known > 0)
                        .map(|text| ByteArray::from(text.to_vec()))
                };
                let (least, most) = (bound(texts.iter().min()), bound(texts.iter().max()));
                Statistics::ByteArray(ValueStatistics::new(least, most, None, missing, false))
            }
            Self::Numbers(numbers) => Statistics::Int32(ValueStatistics::new(
                numbers.iter().min().copied(),
                numbers.iter().max().copied(),
                None,
                missing,
                false,
            )),
            Self::Long => Statistics::Int64(ValueStatistics::new(None, None, None, missing, false)),
        }
    }
}

/// How many values a chunk has room for, and how many it has.
#[derive(Clone, Copy)]
struct Values {
    slots: usize,
    known: usize,
}

/// A column chunk before it is compressed: a dictionary page and a data page.
struct Chunk {
    dictionary: Vec<u8>,
    entries: usize,
    data: Vec<u8>,
    values: Values,
    statistics: Statistics,
}

impl Chunk {
    fn write(
        &self,
        column: &ColumnDescPtr,
        rows: usize,
        sink: &mut TrackedWrite<Vec<u8>>,
        zstd: &mut Zstd,
    ) -> Result<ColumnCloseResult> {
        let (dictionary, data) = (zstd.compress(&self.dictionary)?, zstd.compress(&self.data)?);
        // A few bytes grow when they are compressed.
        let is_smaller =
            dictionary.len() + data.len() + 16 < self.dictionary.len() + self.data.len();
        let (compression, dictionary, data) = match is_smaller {
            true => (Compression::ZSTD(ZstdLevel::try_new(1)?), dictionary, data),
            false => (Compression::UNCOMPRESSED, self.dictionary.clone(), self.data.clone()),
        };
        let mut writer = SerializedPageWriter::new(sink);
        let (mut compressed, mut uncompressed) = (0, 0);
        let mut add = |page: Page, len: usize| -> Result<u64> {
            let spec = writer.write_page(CompressedPage::new(page, len))?;
            compressed += spec.compressed_size as i64;
            uncompressed += spec.uncompressed_size as i64;
            Ok(spec.offset)
        };
        let has_entries = self.entries > 0;
        let mut dictionary_at = None;
        if has_entries {
            let page = Page::DictionaryPage {
                buf: dictionary.into(),
                num_values: self.entries as u32,
                encoding: Encoding::PLAIN,
                is_sorted: false,
            };
            dictionary_at = Some(add(page, self.dictionary.len())? as i64);
        }
        let encoding = if has_entries { Encoding::RLE_DICTIONARY } else { Encoding::PLAIN };
        let page = Page::DataPage {
            buf: data.into(),
            num_values: self.values.slots as u32,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let data_at = add(page, self.data.len())? as i64;
        let metadata = ColumnChunkMetaData::builder(column.clone())
            .set_compression(compression)
            .set_encodings(vec![Encoding::PLAIN, Encoding::RLE, encoding])
            .set_total_compressed_size(compressed)
            .set_total_uncompressed_size(uncompressed)
            .set_num_values(self.values.slots as i64)
            .set_data_page_offset(data_at)
            .set_dictionary_page_offset(dictionary_at)
            .set_statistics(self.statistics.clone())
            .build()?;
        Ok(ColumnCloseResult {
            bytes_written: compressed as u64,
            rows_written: rows as u64,
            metadata,
            bloom_filter: None,
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

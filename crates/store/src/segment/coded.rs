//! Columns of few values: each is held once, and rows name it by number.
//!
//! Most columns of a segment are of this kind, and their numbers are at hand when a block is
//! encoded, so their chunks are written here as they are. Parquet's own writer would find the same
//! numbers by hashing the text of every row again, which cost more than all the rest of encoding.

use parquet::basic::Encoding;
use parquet::data_type::ByteArray;
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::schema::types::ColumnDescPtr;
use rustc_hash::FxHashMap;

use super::chunk::{Chunk, Dictionary, Values};
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
    /// 64-bit numbers.
    Long(Vec<i64>),
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
        Self { entries: Entries::Long(Vec::new()), rows: CodedRows::Same(NONE) }
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

    /// 64-bit numbers that repeat.
    pub(super) fn long_numbers(rows: impl Iterator<Item = Option<i64>>) -> Self {
        let mut entries = Vec::new();
        let mut known = FxHashMap::default();
        let rows = rows
            .map(|number| {
                let Some(number) = number else { return NONE };
                *known.entry(number).or_insert_with(|| {
                    entries.push(number);
                    entries.len() as u32 - 1
                })
            })
            .collect();
        Self { entries: Entries::Long(entries), rows: CodedRows::Each(rows) }
    }

    /// Small numbers of few values.
    pub(super) fn numbers(rows: impl Iterator<Item = Option<u32>>) -> Self {
        let mut entries = Vec::new();
        let mut known: Vec<u32> = Vec::new();
        let mut far = FxHashMap::default();
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

    /// The rows [from, from + len).
    pub(super) fn chunk(&self, column: &ColumnDescPtr, from: usize, len: usize) -> Chunk {
        let is_list = column.max_rep_level() > 0;
        let is_optional = column.max_def_level() > 0;
        let mut data = Vec::new();
        let values = match &self.rows {
            CodedRows::Same(code) => {
                let level = u32::from(*code != NONE);
                if is_list {
                    pages::levels_alike(0, len, &mut data);
                }
                if is_optional {
                    pages::levels_alike(level, len, &mut data);
                }
                let known = if *code == NONE { 0 } else { len };
                self.codes(&vec![*code; known], &mut data);
                Values { slots: len, known }
            }
            CodedRows::Each(rows) => {
                let known = self.each(&rows[from..from + len], is_optional, &mut data);
                Values { slots: len, known }
            }
            CodedRows::Lists { rows, lists } => {
                let rows = &rows[from..from + len];
                if lists.iter().all(|list| list.len() <= 1) {
                    // No list goes on: each is its one value, or none.
                    let only: Vec<u32> =
                        lists.iter().map(|list| list.first().copied().unwrap_or(NONE)).collect();
                    let rows: Vec<u32> = rows.iter().map(|&list| only[list as usize]).collect();
                    pages::levels_alike(0, len, &mut data);
                    let known = self.each(&rows, true, &mut data);
                    Values { slots: len, known }
                } else {
                    let lists = || rows.iter().map(|&list| &lists[list as usize][..]);
                    // An empty list is one slot without a value.
                    let going_on = lists().flat_map(|list| (0..list.len().max(1)).map(|at| at > 0));
                    let going_on: Vec<bool> = going_on.collect();
                    pages::levels(&going_on, &mut data);
                    let is_known = lists()
                        .flat_map(|list| std::iter::repeat_n(!list.is_empty(), list.len().max(1)));
                    pages::levels(&is_known.collect::<Vec<_>>(), &mut data);
                    let known: Vec<u32> = lists().flatten().copied().collect();
                    self.codes(&known, &mut data);
                    Values { slots: going_on.len(), known: known.len() }
                }
            }
        };
        let has_entries = self.entries.len() > 0;
        Chunk {
            dictionary: has_entries
                .then(|| Dictionary { bytes: self.entries.plain(), entries: self.entries.len() }),
            data,
            encoding: if has_entries { Encoding::RLE_DICTIONARY } else { Encoding::PLAIN },
            is_random: false,
            values,
            statistics: self.entries.statistics(values),
            bloom: None,
        }
    }

    /// One code or none a row; says how many rows have one.
    fn each(&self, rows: &[u32], is_optional: bool, out: &mut Vec<u8>) -> usize {
        if !rows.contains(&NONE) {
            if is_optional {
                pages::levels_alike(1, rows.len(), out);
            }
            self.codes(rows, out);
            return rows.len();
        }
        if is_optional {
            pages::levels(&rows.iter().map(|code| *code != NONE).collect::<Vec<_>>(), out);
        }
        let known: Vec<u32> = rows.iter().copied().filter(|code| *code != NONE).collect();
        self.codes(&known, out);
        known.len()
    }

    fn codes(&self, codes: &[u32], out: &mut Vec<u8>) {
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
            Self::Long(numbers) => numbers.len(),
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
            Self::Long(numbers) => {
                numbers.iter().for_each(|number| plain.extend_from_slice(&number.to_le_bytes()));
            }
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
            Self::Long(numbers) => Statistics::Int64(ValueStatistics::new(
                numbers.iter().min().copied(),
                numbers.iter().max().copied(),
                None,
                missing,
                false,
            )),
        }
    }
}

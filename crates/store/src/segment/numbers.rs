//! Columns of 64-bit numbers of which most differ.

use parquet::basic::Encoding;
use parquet::bloom_filter::Sbbf;
use parquet::errors::Result;
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::schema::types::ColumnDescPtr;
use rustc_hash::FxHashSet;

use super::chunk::{Chunk, Values};
use super::coded::Coded;
use super::encodings::{FALSE_POSITIVES, Spread};
use super::write::Column;
use super::{delta, pages};
use crate::sparse::Sparse;

/// Numbers of rows, in their order.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// Of the rows that have one.
    values: Vec<i64>,
    /// Whether a row has one, where some have none.
    known: Option<Vec<bool>>,
}

impl Gathered {
    /// Numbers of all rows, each shown as `shown` says.
    pub(super) fn of(all: &Sparse, order: &[u32], shown: impl Fn(i64) -> i64) -> Self {
        match all.whole() {
            Some(numbers) => {
                let values = order.iter().map(|&row| shown(numbers[row as usize])).collect();
                Self { values, known: None }
            }
            None => order.iter().map(|&row| all.get(row as usize).map(&shown)).collect(),
        }
    }

    /// Each shown as `shown` says.
    pub(super) fn map(mut self, shown: impl Fn(i64) -> i64) -> Self {
        self.values.iter_mut().for_each(|value| *value = shown(*value));
        self
    }

    fn rows(&self) -> impl Iterator<Item = Option<i64>> {
        let rows = self.known.as_ref().map_or(self.values.len(), Vec::len);
        let mut values = self.values.iter().copied();
        (0..rows).map(move |row| match &self.known {
            Some(known) if !known[row] => None,
            _ => values.next(),
        })
    }
}

impl FromIterator<Option<i64>> for Gathered {
    fn from_iter<I: IntoIterator<Item = Option<i64>>>(rows: I) -> Self {
        let rows = rows.into_iter();
        let mut values = Vec::with_capacity(rows.size_hint().0);
        let mut known: Option<Vec<bool>> = None;
        for (row, value) in rows.enumerate() {
            match (value, &mut known) {
                (Some(value), None) => values.push(value),
                (value, known) => {
                    let known = known.get_or_insert_with(|| vec![true; row]);
                    known.push(value.is_some());
                    values.extend(value);
                }
            }
        }
        Self { values, known }
    }
}

/// A column, ready to be written.
#[derive(Debug)]
pub(super) struct Numbers {
    rows: Gathered,
    coding: Coding,
}

/// How numbers become bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    /// Differences, in as many bits as they need.
    Delta,
    /// First the lowest bytes of all, then the next higher ones. What differs in the lowest digits
    /// alone is compressed to these: a difference of two such numbers has a bit more than each.
    Split,
    /// As they are, with a bloom filter: nothing compresses them.
    Random,
}

impl Numbers {
    /// Values that grow, nearly.
    pub(super) fn near(rows: Gathered) -> Self {
        Self { rows, coding: Coding::Delta }
    }

    /// The rows [from, from + len).
    pub(super) fn chunk(&self, column: &ColumnDescPtr, from: usize, len: usize) -> Result<Chunk> {
        let Gathered { values, known: all_known } = &self.rows;
        let before = match all_known {
            None => from,
            Some(known) => known[..from].iter().filter(|known| **known).count(),
        };
        let known = match all_known {
            None => len,
            Some(known) => known[from..from + len].iter().filter(|known| **known).count(),
        };
        let numbers = &values[before..before + known];
        let mut data = Vec::with_capacity(known * 8 + len / 8 + 64);
        if column.max_def_level() > 0 {
            match all_known {
                None => pages::levels_alike(1, len, &mut data),
                Some(known) => pages::levels(&known[from..from + len], &mut data),
            }
        }
        let encoding = match self.coding {
            Coding::Delta => {
                delta::write(numbers, &mut data);
                Encoding::DELTA_BINARY_PACKED
            }
            Coding::Split => {
                split(numbers, &mut data);
                Encoding::BYTE_STREAM_SPLIT
            }
            Coding::Random => {
                let at = data.len();
                data.resize(at + 8 * numbers.len(), 0);
                let slots = data[at..].as_chunks_mut::<8>().0.iter_mut();
                slots.zip(numbers).for_each(|(slot, number)| *slot = number.to_le_bytes());
                Encoding::PLAIN
            }
        };
        let values = Values { slots: len, known };
        let statistics = Statistics::Int64(ValueStatistics::new(
            numbers.iter().min().copied(),
            numbers.iter().max().copied(),
            None,
            Some((len - known) as u64),
            false,
        ));
        let is_random = self.coding == Coding::Random;
        Ok(Chunk {
            dictionary: None,
            data,
            encoding,
            is_random,
            values,
            statistics,
            bloom: if is_random { Some(bloom(numbers, len)?) } else { None },
        })
    }
}

/// Numbers as the log says them, coded as suits them.
pub(super) fn judged(rows: Gathered) -> Column {
    // A short column is small either way.
    match repeat(&rows.values) {
        true => Column::Coded(Coded::long_numbers(rows.rows())),
        false => {
            let coding = cheapest(&rows.values[..rows.values.len().min(SAMPLE)]);
            Column::Numbers(Numbers { rows, coding })
        }
    }
}

/// Halves of ids.
pub(super) fn half(rows: Gathered) -> Column {
    match Spread::of(&rows.values) {
        Spread::Absent => Column::Coded(Coded::no_number()),
        Spread::Near => Column::Numbers(Numbers::near(rows)),
        Spread::Random => Column::Numbers(Numbers { rows, coding: Coding::Random }),
    }
}

/// Values looked at to judge a column.
const SAMPLE: usize = 4_096;

/// Whether so few values differ that each is best held once. A short column is small either way.
fn repeat(values: &[i64]) -> bool {
    let sample = &values[..values.len().min(SAMPLE)];
    let distinct = || sample.iter().collect::<FxHashSet<_>>().len();
    sample.len() <= 1_024 || distinct() <= sample.len() / 3
}

/// The coding that makes fewer bits of these.
fn cheapest(sample: &[i64]) -> Coding {
    let split: f64 = (0..8).map(|place| plane_bits(sample, place)).sum();
    match (delta::bits(sample) as f64) <= split {
        true => Coding::Delta,
        false => Coding::Split,
    }
}

/// Bits of one byte of each number, as an entropy coder writes them.
fn plane_bits(sample: &[i64], place: u32) -> f64 {
    let mut counts = [0_u32; 256];
    for value in sample {
        counts[usize::from((value >> (8 * place)) as u8)] += 1;
    }
    let all = sample.len() as f64;
    let bits = |count: &u32| f64::from(*count) * (all / f64::from(*count)).log2();
    let bits = counts.iter().filter(|count| **count > 0).map(bits).sum::<f64>();
    // What is nearly random is left as it is.
    if bits > all * 7.9 { all * 8.0 } else { bits }
}

/// The encoding BYTE_STREAM_SPLIT.
fn split(numbers: &[i64], out: &mut Vec<u8>) {
    let used = numbers.iter().fold(0, |used, number| used | number);
    for place in 0..8 {
        match used >> (8 * place) & 0xff {
            0 => out.resize(out.len() + numbers.len(), 0),
            _ => out.extend(numbers.iter().map(|number| (number >> (8 * place)) as u8)),
        }
    }
}

/// A filter with room for as many values as there are rows.
fn bloom(numbers: &[i64], rows: usize) -> Result<Sbbf> {
    let mut bloom = Sbbf::new_with_ndv_fpp(rows as u64, FALSE_POSITIVES)?;
    numbers.iter().for_each(|number| bloom.insert(number));
    bloom.fold_to_target_fpp(FALSE_POSITIVES);
    Ok(bloom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(n: u64) -> u64 {
        (n + 1)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .rotate_left(29)
            .wrapping_mul(0xBF58_476D_1CE4_E5B9)
    }

    #[test]
    fn what_is_spread_over_few_bits_is_split_and_what_grows_is_not() {
        let coding = |values: &[i64]| cheapest(values);
        let spread: Vec<i64> = (0..4_000).map(|n| (random(n) % 20_000) as i64).collect();
        let grows: Vec<i64> = (0..4_000).map(|n| (n * 977 + random(n) % 50) as i64).collect();
        assert_eq!((coding(&spread), coding(&grows)), (Coding::Split, Coding::Delta));
        assert!(!repeat(&spread) && repeat(&spread[..1_000]));
        assert!(repeat(&(0..4_000).map(|n| (random(n) % 999) as i64).collect::<Vec<_>>()));
    }

    #[test]
    fn planes_are_as_the_specification_has_them() {
        let mut out = Vec::new();
        split(&[0x0102, -1, 0x0304], &mut out);
        let high = [0, 0xff, 0].repeat(6);
        assert_eq!(out, [&[2, 0xff, 4, 1, 0xff, 3][..], &high].concat());
    }

    #[test]
    fn rows_come_back() {
        let rows = [Some(1), None, Some(-3), Some(4), None];
        let numbers: Gathered = rows.into_iter().collect();
        assert_eq!(
            (&numbers.values[..], numbers.rows().collect::<Vec<_>>()),
            (&[1, -3, 4][..], rows.to_vec())
        );
        assert!([Some(5); 3].into_iter().collect::<Gathered>().known.is_none());
        let mut sparse = Sparse::default();
        rows.into_iter().for_each(|row| sparse.push(row));
        let shown = Gathered::of(&sparse, &[4, 3, 0], |number| number + 1);
        assert_eq!(shown.rows().collect::<Vec<_>>(), [None, Some(5), Some(2)]);
        sparse.clear();
        (7..9).for_each(|number| sparse.push(Some(number)));
        let shown = Gathered::of(&sparse, &[1, 0], |number| number * 10);
        assert_eq!(shown.rows().collect::<Vec<_>>(), [Some(80), Some(70)]);
    }
}

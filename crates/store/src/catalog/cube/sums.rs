use dolmen_cubes::{Cell, Cube, Histogram, Key};
use dolmen_model::{NameId, Outcome, SetId};
use rustc_hash::FxHashMap;

use super::histograms::{Run, Tally};
use super::packed::{self, Dimensions};
use super::{Dimension, joined};
use crate::range::time_of;

/// Whether an answer says how long calls took, and how large their answers were: most of what is
/// read for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durations {
    /// It does.
    #[default]
    Asked,
    /// It counts calls alone; bytes and durations are 0.
    Left,
}

/// Where cells are summed up: the dimensions that are asked for, and the minute a bucket begins.
type Under = (Dimensions, i64);

/// Cells under way: the counts of a histogram lie side by side, so that adding some is few
/// additions.
#[derive(Debug)]
pub(crate) struct Sums {
    pub(super) durations: Durations,
    /// All ones where a dimension is asked for.
    asked: Dimensions,
    numbers: FxHashMap<Under, u32>,
    sums: Vec<Sum>,
    /// The place met last and its number: neighbours are often counted together.
    last: Option<(Under, u32)>,
}

#[derive(Debug, Default)]
struct Sum {
    calls: u64,
    bytes: u64,
    duration: u64,
    /// The bucket that `counts` begins with.
    from: u16,
    counts: Vec<u64>,
}

/// Buckets of two octaves: a histogram that outgrows its room gets so many more.
const ROOM: u16 = 32;

impl Sums {
    pub(crate) fn new(durations: Durations, by: &[Dimension]) -> Self {
        let mut asked = Dimensions::default();
        by.iter().for_each(|&dimension| asked[dimension as usize] = u32::MAX);
        Self { durations, asked, numbers: FxHashMap::default(), sums: Vec::new(), last: None }
    }

    /// Adds the cells of a row, whose bucket counts from minute `start` on; returns how many there
    /// were, `None` where it is damaged.
    pub(super) fn add(&mut self, start: i64, cells: &[u8], mut sums: &[u8]) -> Option<u64> {
        let mut read = 0;
        let durations = self.durations;
        packed::each_cell(cells, |dimensions, calls| {
            read += 1;
            let sum = self.at((std::array::from_fn(|at| dimensions[at] & self.asked[at]), start));
            sum.calls = sum.calls.saturating_add(calls);
            if durations == Durations::Asked {
                let (bytes, duration) = packed::sums(&mut sums, sum)?;
                sum.bytes = sum.bytes.saturating_add(bytes);
                sum.duration = sum.duration.saturating_add(duration);
            }
            Some(())
        })?;
        sums.is_empty().then_some(read)
    }

    fn at(&mut self, under: Under) -> &mut Sum {
        let number = match self.last {
            Some((last, number)) if last == under => number,
            _ => {
                let next = self.sums.len() as u32;
                let number = *self.numbers.entry(under).or_insert(next);
                if number == next {
                    self.sums.push(Sum::default());
                }
                self.last = Some((under, number));
                number
            }
        };
        &mut self.sums[number as usize]
    }

    pub(crate) fn into_cube(self) -> Cube {
        let mut cube = Cube::default();
        for ((dimensions, start), number) in self.numbers {
            let [service, operations, actor, endpoint, status, joined] =
                dimensions.map(|number| number.saturating_sub(1));
            let key = Key {
                bucket: time_of(start),
                service: NameId(service),
                operations: SetId(operations),
                actor: NameId(actor),
                endpoint: NameId(endpoint),
                outcome: Outcome { status: status as u16, joined: self::joined(joined.into()) },
            };
            let Sum { calls, bytes, duration, from, counts } = &self.sums[number as usize];
            let counts = (*from..).zip(counts).map(|(bucket, &count)| (bucket, count));
            let durations = Histogram::from_buckets(counts.filter(|(_, count)| *count > 0));
            let (calls, bytes, duration) = (*calls, *bytes, *duration);
            cube.add_cell(key, &Cell { calls, bytes, duration, durations });
        }
        cube
    }
}

impl Tally for Sum {
    fn one(&mut self, bucket: u16, count: u64) {
        let sum = &mut self.room(bucket, 1)[0];
        // Damaged counts may be anything.
        *sum = sum.wrapping_add(count);
    }

    fn run(&mut self, from: u16, run: Run<'_>) {
        run.add_to(self.room(from, run.len));
    }
}

impl Sum {
    /// The counts of so many buckets.
    fn room(&mut self, from: u16, len: usize) -> &mut [u64] {
        let at = usize::from(from.wrapping_sub(self.from));
        if at + len > self.counts.len() {
            self.grow(from, len);
        }
        let at = usize::from(from - self.from);
        &mut self.counts[at..at + len]
    }

    #[cold]
    fn grow(&mut self, from: u16, len: usize) {
        if self.counts.is_empty() {
            self.from = from;
        }
        if from < self.from {
            let first = from.saturating_sub(ROOM);
            let more = usize::from(self.from - first);
            self.counts.splice(0..0, std::iter::repeat_n(0, more));
            self.from = first;
        }
        let end = usize::from(from - self.from) + len;
        if end > self.counts.len() {
            self.counts.resize(end + usize::from(ROOM), 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::histograms;
    use super::*;

    proptest! {
        #[test]
        fn histograms_add_up(values in prop::collection::vec(0_u64..u64::MAX, 1..80)) {
            let (mut sum, mut histogram) = (Sum::default(), Histogram::default());
            for &value in &values {
                histogram.add(value >> (value % 61));
                let mut one = Histogram::default();
                one.add(value >> (value % 61));
                let mut bytes = Vec::new();
                histograms::write(&one, &mut bytes);
                prop_assert_eq!(histograms::read(&mut &bytes[..], &mut sum), Some(()));
            }
            let counts = (sum.from..).zip(&sum.counts).map(|(bucket, &count)| (bucket, count));
            let counts = counts.filter(|(_, count)| *count > 0);
            prop_assert_eq!(Histogram::from_buckets(counts), histogram);
        }

        #[test]
        fn runs_add_up(stretches in prop::collection::vec((0_u16..900, 1_u16..70, 1_u64..70_000), 1..20)) {
            let (mut sum, mut whole) = (Sum::default(), Vec::new());
            for (from, len, count) in stretches {
                let buckets: Vec<_> = (from..from + len).map(|bucket| (bucket, count)).collect();
                let mut bytes = Vec::new();
                histograms::write(&Histogram::from_buckets(buckets.iter().copied()), &mut bytes);
                prop_assert_eq!(histograms::read(&mut &bytes[..], &mut sum), Some(()));
                whole.extend(buckets);
            }
            let counts = (sum.from..).zip(&sum.counts).map(|(bucket, &count)| (bucket, count));
            let counts = counts.filter(|(_, count)| *count > 0);
            prop_assert_eq!(Histogram::from_buckets(counts), Histogram::from_buckets(whole));
        }
    }
}

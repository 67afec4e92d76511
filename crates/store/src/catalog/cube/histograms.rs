//! Histograms of durations as bytes.
//!
//! What a month counts has a count in nearly every bucket, what a minute counts in hardly any. So a
//! histogram is either pairs, or runs of counts of one width, which are added up without looking at
//! each of them.

use dolmen_cubes::Histogram;

use crate::varint;

/// Buckets there are: values have 64 bits, sixteen buckets an octave.
const BUCKETS: u64 = 976;

/// More buckets than this without a count end a run: naming another costs about as much.
const GAP: u16 = 3;

/// Fewer buckets are always pairs.
const FEW: usize = 6;

/// Counts of neighbouring buckets.
#[derive(Clone, Copy)]
pub(super) struct Run<'b> {
    /// Little-endian.
    counts: &'b [u8],
    /// A count has 2 to this power of bytes.
    width: u8,
    pub(super) len: usize,
}

/// What takes in the buckets of a histogram.
pub(super) trait Tally {
    fn one(&mut self, bucket: u16, count: u64);
    fn run(&mut self, from: u16, run: Run<'_>);
}

impl Tally for Vec<(u16, u64)> {
    fn one(&mut self, bucket: u16, count: u64) {
        self.push((bucket, count));
    }

    fn run(&mut self, from: u16, run: Run<'_>) {
        let mut counts = vec![0; run.len];
        run.add_to(&mut counts);
        self.extend((from..).zip(counts).filter(|(_, count)| *count > 0));
    }
}

impl Run<'_> {
    /// Adds its counts to as many sums.
    pub(super) fn add_to(self, sums: &mut [u64]) {
        match self.width {
            0 => add(sums, self.counts, |&[byte]: &[u8; 1]| u64::from(byte)),
            1 => add(sums, self.counts, |bytes| u64::from(u16::from_le_bytes(*bytes))),
            2 => add(sums, self.counts, |bytes| u64::from(u32::from_le_bytes(*bytes))),
            _ => add(sums, self.counts, |bytes| u64::from_le_bytes(*bytes)),
        }
    }
}

fn add<const N: usize>(sums: &mut [u64], counts: &[u8], read: impl Fn(&[u8; N]) -> u64) {
    for (sum, count) in sums.iter_mut().zip(counts.as_chunks::<N>().0) {
        // Damaged counts may be anything.
        *sum = sum.wrapping_add(read(count));
    }
}

/// The power of two of bytes that hold the largest of these.
fn width(run: &[(u16, u64)]) -> u8 {
    match run.iter().map(|(_, count)| *count).max().unwrap_or(0) {
        0..=0xff => 0,
        0x100..=0xffff => 1,
        0x1_0000..=0xffff_ffff => 2,
        _ => 3,
    }
}

fn span(run: &[(u16, u64)]) -> usize {
    let (first, last) = (run.first(), run.last());
    first.zip(last).map_or(0, |((first, _), (last, _))| usize::from(last - first) + 1)
}

/// Appends a histogram: twice the number of its buckets, then of each the distance to the bucket
/// before and its count; or twice the number of its runs and one, then of each the distance to the
/// end of the run before, four times its length and its width, and its counts.
pub(super) fn write(histogram: &Histogram, out: &mut Vec<u8>) {
    let buckets: Vec<(u16, u64)> = histogram.buckets().collect();
    let runs = || buckets.chunk_by(|(a, _), (b, _)| b - a <= GAP + 1);
    if buckets.len() >= FEW {
        let as_runs: usize = runs().map(|run| 3 + (span(run) << width(run))).sum();
        // A count and the distance before it are mostly a byte each. Runs are read so much faster
        // that they may be a little longer.
        let as_pairs: usize = buckets.iter().map(|&(_, count)| 1 + varint::len(count)).sum();
        if as_runs <= as_pairs + as_pairs / 4 {
            return write_runs(runs(), out);
        }
    }
    varint::write(buckets.len() as u64 * 2, out);
    let mut before = 0;
    for (bucket, count) in buckets {
        varint::write(u64::from(bucket - before), out);
        varint::write(count, out);
        before = bucket;
    }
}

fn write_runs<'r>(runs: impl Iterator<Item = &'r [(u16, u64)]> + Clone, out: &mut Vec<u8>) {
    varint::write(runs.clone().count() as u64 * 2 + 1, out);
    let mut end = 0;
    for run in runs {
        let Some(&(first, _)) = run.first() else { continue };
        let (width, len) = (width(run), span(run));
        varint::write(u64::from(first - end), out);
        varint::write((len as u64) << 2 | u64::from(width), out);
        let from = out.len();
        out.resize(from + (len << width), 0);
        for &(bucket, count) in run {
            let at = from + (usize::from(bucket - first) << width);
            let bytes = count.to_le_bytes();
            out[at..at + (1 << width)].copy_from_slice(&bytes[..1 << width]);
        }
        end = first + len as u16;
    }
}

/// Takes one histogram off the front; `None` where it is none.
pub(super) fn read(bytes: &mut &[u8], tally: &mut impl Tally) -> Option<()> {
    let form = varint::read(bytes)?;
    let mut at = 0_u64;
    let mut step = |by: u64, len: u64| {
        let from = at.checked_add(by)?;
        at = from;
        (from.checked_add(len)? <= BUCKETS).then_some(from as u16)
    };
    if form & 1 == 0 {
        for _ in 0..form / 2 {
            let bucket = step(varint::read(bytes)?, 1)?;
            tally.one(bucket, varint::read(bytes)?);
        }
        return Some(());
    }
    let mut before = 0;
    for _ in 0..form / 2 {
        let by = varint::read(bytes)?;
        let shape = varint::read(bytes)?;
        let (len, width) = (shape >> 2, (shape & 3) as u8);
        let from = step(by.checked_add(before)?, len)?;
        let (counts, rest) = bytes.split_at_checked((len as usize) << width)?;
        *bytes = rest;
        tally.run(from, Run { counts, width, len: len as usize });
        before = len;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn through(histogram: &Histogram) -> (Histogram, usize) {
        let mut bytes = Vec::new();
        write(histogram, &mut bytes);
        let mut rest = &bytes[..];
        let mut buckets: Vec<(u16, u64)> = Vec::new();
        assert_eq!(read(&mut rest, &mut buckets), Some(()));
        assert!(rest.is_empty());
        (Histogram::from_buckets(buckets), bytes.len())
    }

    #[test]
    fn the_ends_of_all_values_come_back() {
        let mut histogram = Histogram::default();
        for value in [0, 15, 16, u64::MAX] {
            histogram.add(value);
        }
        assert_eq!(through(&histogram).0, histogram);
        assert_eq!(histogram.buckets().last().map(|(last, _)| u64::from(last)), Some(BUCKETS - 1));
    }

    #[test]
    fn neighbours_take_a_byte_each() {
        let all = Histogram::from_buckets((100..200).map(|bucket| (bucket, 7)));
        assert_eq!(through(&all), (all.clone(), 104));
        let far = Histogram::from_buckets((0..9).map(|n| (n * 100, 7)));
        assert_eq!(through(&far), (far.clone(), 19));
    }

    proptest! {
        #[test]
        fn a_histogram_comes_back(
            buckets in prop::collection::vec((0_u16..976, 0_u32..64), 0..300),
            close in any::<bool>(),
        ) {
            let place = |bucket: u16| if close { 300 + bucket / 8 } else { bucket };
            let count = |bits: u32| (1 << bits) | 1;
            let buckets = buckets.into_iter().map(|(bucket, bits)| (place(bucket), count(bits % 50)));
            let histogram = Histogram::from_buckets(buckets);
            prop_assert_eq!(through(&histogram).0, histogram);
        }

        #[test]
        fn bytes_that_are_none_are_refused_or_read(bytes: Vec<u8>) {
            let mut rest = &bytes[..];
            let mut buckets: Vec<(u16, u64)> = Vec::new();
            let _ = read(&mut rest, &mut buckets);
            prop_assert!(buckets.iter().all(|(bucket, _)| u64::from(*bucket) < BUCKETS));
        }
    }
}

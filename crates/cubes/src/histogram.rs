use std::fmt;

/// A mergeable histogram of durations: sixteen buckets an octave, so that a quantile is within
/// 1/32 (3.2 %) of a value that was counted.
///
/// Sparse: a service answers in few octaves, and there are many cells.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Sorted, and apart from their counts: a search looks at a few lines of memory.
    buckets: Vec<u16>,
    /// Of each bucket.
    counts: Vec<u64>,
}

/// Values below this have a bucket of their own.
const EXACT: u64 = 16;

impl Histogram {
    /// Counts one value.
    pub fn add(&mut self, value: u64) {
        let bucket = bucket_of(value);
        match self.buckets.binary_search(&bucket) {
            Ok(at) => self.counts[at] += 1,
            Err(at) => {
                self.buckets.insert(at, bucket);
                self.counts.insert(at, 1);
            }
        }
    }

    /// Adds every count of `other`.
    pub fn merge(&mut self, other: &Self) {
        *self = Self::from_buckets(self.buckets().chain(other.buckets()));
    }

    /// How many values were counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The value below which a share `q` (0 to 1) of the values lies, as the middle of its bucket;
    /// `None` when nothing was counted.
    pub fn quantile(&self, q: f64) -> Option<u64> {
        let count = self.count();
        // The smallest rank that covers the share: the nearest-rank definition.
        let rank = ((count as f64) * q.clamp(0.0, 1.0)).ceil().max(1.0) as u64;
        let mut seen = 0;
        self.buckets().find_map(|(bucket, n)| {
            seen += n;
            (seen >= rank).then(|| middle_of(bucket))
        })
    }

    /// Bucket numbers and their counts, sorted: what a store keeps.
    pub fn buckets(&self) -> impl ExactSizeIterator<Item = (u16, u64)> {
        self.buckets.iter().copied().zip(self.counts.iter().copied())
    }

    /// A histogram from what [`Histogram::buckets`] gave; buckets may repeat and come unsorted.
    pub fn from_buckets(buckets: impl IntoIterator<Item = (u16, u64)>) -> Self {
        let mut buckets: Vec<_> = buckets.into_iter().collect();
        // Stable, and so linear where two sorted halves follow each other.
        buckets.sort_by_key(|&(bucket, _)| bucket);
        buckets.dedup_by(|later, first| {
            let same = later.0 == first.0;
            if same {
                first.1 += later.1;
            }
            same
        });
        let (buckets, counts) = buckets.into_iter().unzip();
        Self { buckets, counts }
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.buckets().map(|(bucket, count)| (middle_of(bucket), count));
        f.debug_map().entries(counts).finish()
    }
}

fn bucket_of(value: u64) -> u16 {
    if value < EXACT {
        return value as u16;
    }
    let octave = value.ilog2();
    let within = (value >> (octave - 4)) & 15;
    ((octave - 3) * 16 + within as u32) as u16
}

fn middle_of(bucket: u16) -> u64 {
    if u64::from(bucket) < EXACT {
        return u64::from(bucket);
    }
    let octave = u32::from(bucket / 16) + 3;
    let width = 1_u64 << (octave.min(63) - 4);
    let low =
        (1_u64 << octave.min(63)).saturating_add(u64::from(bucket % 16).saturating_mul(width));
    low.saturating_add(width / 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_counted_has_no_quantile() {
        assert_eq!(Histogram::default().quantile(0.5), None);
    }

    #[test]
    fn quantiles_of_a_line() {
        let mut histogram = Histogram::default();
        (1..=1000).for_each(|value| histogram.add(value));
        let p50 = histogram.quantile(0.5).unwrap();
        let p99 = histogram.quantile(0.99).unwrap();
        assert!(p50.abs_diff(500) <= 500 / 30, "{p50}");
        assert!(p99.abs_diff(990) <= 990 / 30, "{p99}");
        assert_eq!(histogram.quantile(0.0), Some(1));
    }

    proptest! {
        #[test]
        fn a_bucket_holds_its_value_within_a_thirty_second(value: u64) {
            let middle = middle_of(bucket_of(value));
            prop_assert!(middle.abs_diff(value) <= value / 31, "{value} {middle}");
        }

        #[test]
        fn merging_is_counting_together(a: Vec<u64>, b: Vec<u64>) {
            let of = |values: &[u64]| {
                let mut histogram = Histogram::default();
                values.iter().for_each(|&value| histogram.add(value));
                histogram
            };
            let mut merged = of(&a);
            merged.merge(&of(&b));
            prop_assert_eq!(&merged, &of(&[a, b].concat()));
            prop_assert_eq!(&Histogram::from_buckets(merged.buckets()), &merged);
        }
    }
}

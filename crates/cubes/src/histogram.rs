use std::fmt;

/// A mergeable histogram of durations: sixteen buckets an octave, so that a quantile is within
/// 1/32 (3.2 %) of a value that was counted.
///
/// Sparse: a service answers in few octaves, and there are many cells.
#[derive(Clone, Default)]
pub struct Histogram {
    /// Sorted, and apart from their counts: a search looks at a few lines of memory.
    buckets: Vec<u16>,
    /// Of each bucket.
    counts: Vec<u64>,
    /// Where a search would take many steps: from the first bucket to the last, one more than the
    /// place of each that has a count, and 0 for the others. Empty until it is needed.
    places: Box<[u16]>,
}

impl PartialEq for Histogram {
    fn eq(&self, other: &Self) -> bool {
        (&self.buckets, &self.counts) == (&other.buckets, &other.counts)
    }
}

impl Eq for Histogram {}

/// So many buckets are searched; more have a table of places.
const SEARCHED: usize = 8;

/// Values below this have a bucket of their own.
const EXACT: u64 = 16;

/// So many buckets are put into a histogram one by one.
const FEW: usize = 4;

impl Histogram {
    /// Counts one value.
    #[inline]
    pub fn add(&mut self, value: u64) {
        let bucket = bucket_of(value);
        let first = self.buckets.first().copied().unwrap_or_default();
        match self.places.get(usize::from(bucket.wrapping_sub(first))) {
            Some(&place @ 1..) => self.counts[usize::from(place) - 1] += 1,
            _ => self.add_times(bucket, 1),
        }
    }

    /// Adds every count of `other`.
    pub fn merge(&mut self, other: &Self) {
        if self.buckets.is_empty() {
            self.clone_from(other);
            return;
        }
        if other.buckets.len() <= FEW {
            other.buckets().for_each(|(bucket, count)| self.add_times(bucket, count));
            return;
        }
        let most = self.buckets.len() + other.buckets.len();
        let mut buckets = Vec::with_capacity(most);
        let mut counts = Vec::with_capacity(most);
        let mut theirs = other.buckets().peekable();
        for (bucket, mut count) in self.buckets() {
            while let Some((before, their)) = theirs.next_if(|(their, _)| *their < bucket) {
                buckets.push(before);
                counts.push(their);
            }
            if let Some((_, their)) = theirs.next_if(|(their, _)| *their == bucket) {
                count += their;
            }
            buckets.push(bucket);
            counts.push(count);
        }
        for (bucket, count) in theirs {
            buckets.push(bucket);
            counts.push(count);
        }
        *self = Self { buckets, counts, places: Box::default() };
    }

    fn add_times(&mut self, bucket: u16, times: u64) {
        match self.buckets.binary_search(&bucket) {
            Ok(at) => self.counts[at] += times,
            Err(at) => {
                self.buckets.insert(at, bucket);
                self.counts.insert(at, times);
                self.places = Box::default();
            }
        }
        if self.places.is_empty() && self.buckets.len() > SEARCHED {
            self.find_places();
        }
    }

    #[cold]
    fn find_places(&mut self) {
        let (Some(&first), Some(&last)) = (self.buckets.first(), self.buckets.last()) else {
            return;
        };
        let mut places = vec![0; usize::from(last - first) + 1];
        for (place, bucket) in (1..).zip(&self.buckets) {
            places[usize::from(bucket - first)] = place;
        }
        self.places = places.into();
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
        Self { buckets, counts, places: Box::default() }
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
            let both = [a, b].concat();
            prop_assert_eq!(&merged, &of(&both));
            prop_assert_eq!(merged.count(), both.len() as u64);
            // Where the places were found before as well as after.
            both.iter().for_each(|&value| merged.add(value));
            prop_assert_eq!(&merged, &of(&[both.as_slice(), &both].concat()));
            let mut buckets: Vec<_> = both.iter().map(|&value| bucket_of(value)).collect();
            buckets.sort_unstable();
            prop_assert_eq!(merged.count(), 2 * buckets.len() as u64);
            buckets.dedup();
            prop_assert!(merged.buckets().map(|(bucket, _)| bucket).eq(buckets));
            prop_assert_eq!(&Histogram::from_buckets(merged.buckets()), &merged);
        }
    }
}

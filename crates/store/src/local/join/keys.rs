//! Which rows carry which request ids: what lines of different commits meet by.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::catalog::segments::{SegmentId, Span};

/// The ids of a segment's rows: keys shortened to 64 bits, sorted, each with its row.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    keys: Vec<u64>,
    rows: Vec<u32>,
}

impl Keys {
    /// Each row with its key, shortened.
    pub(crate) fn new(by_row: &[(u32, u64)]) -> Self {
        let (keys, rows) = sorted(by_row).into_iter().unzip();
        Self { keys, rows }
    }

    /// The rows that carry an id, and by chance another one.
    pub(super) fn rows(&self, key: u64) -> &[u32] {
        let from = self.place(key);
        let len = self.keys[from..].iter().take_while(|&&known| known == key).count();
        &self.rows[from..from + len]
    }

    /// Where the first key stands that is not below this one. Keys are spread evenly, so that one says
    /// nearly where it stands: halving all of them would wait for memory at every step.
    fn place(&self, key: u64) -> usize {
        let len = self.keys.len();
        let is_below = |at: usize| self.keys.get(at).is_some_and(|&known| known < key);
        let guess = ((u128::from(key) * len as u128) >> u64::BITS) as usize;
        let (mut from, mut to, mut step) = (guess, guess, 8);
        while from > 0 && !is_below(from - 1) {
            to = from - 1;
            from = from.saturating_sub(step);
            step *= 4;
        }
        while is_below(to) {
            from = to + 1;
            to = (to + step).min(len);
            step *= 4;
        }
        from + self.keys[from..to].partition_point(|&known| known < key)
    }

    /// Every id, once, with its rows.
    pub(super) fn all(&self) -> impl Iterator<Item = (u64, &[u32])> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let key = *self.keys.get(at)?;
            let from = at;
            at += self.keys[at..].iter().take_while(|&&known| known == key).count();
            Some((key, &self.rows[from..at]))
        })
    }

    /// Ids that others may have too, once each, sorted.
    pub(super) fn perhaps_in(&self, others: &Near) -> Vec<u64> {
        let mut found: Vec<u64> =
            self.keys.iter().copied().filter(|&key| others.filter.may_hold(key)).collect();
        found.dedup();
        found
    }
}

/// Sorts keys, which are hashes: spread evenly, so that nearly each finds its place at once.
fn sorted(keys: &[(u32, u64)]) -> Vec<(u64, u32)> {
    let shift = u64::BITS - keys.len().next_power_of_two().max(2).ilog2();
    let part = |key: u64| (key >> shift) as usize;
    let mut places = vec![0_u32; (1 << (u64::BITS - shift)) + 1];
    keys.iter().for_each(|&(_, key)| places[part(key) + 1] += 1);
    let mut before = 0;
    for place in &mut places {
        before += *place;
        *place = before;
    }
    let mut sorted = vec![(0, 0); keys.len()];
    for &(row, key) in keys {
        let place = &mut places[part(key)];
        sorted[*place as usize] = (key, row);
        *place += 1;
    }
    // About one key a part; an id that all rows carry makes one long part.
    for same in sorted.chunk_by_mut(|(a, _), (b, _)| part(*a) == part(*b)) {
        if same.len() > 1 {
            same.sort_unstable();
        }
    }
    sorted
}

/// So many rows are searched for other calls of an id, those nearest in time first: an id that
/// comes back later than that is another request.
const NEAR: u64 = if cfg!(test) { 200 } else { 1_000_000 };

/// Keys kept in memory, a dozen megabytes, for the segments that commits meet again and again.
#[derive(Debug, Default)]
pub(crate) struct Near {
    known: FxHashMap<SegmentId, Arc<Keys>>,
    /// Of all that are known, and of some that were.
    filter: Filter,
}

impl Near {
    pub(super) fn get(&self, segment: SegmentId) -> Option<Arc<Keys>> {
        self.known.get(&segment).cloned()
    }

    pub(super) fn insert(&mut self, segment: SegmentId, keys: Arc<Keys>) {
        self.filter.add(&keys);
        self.known.insert(segment, keys);
    }

    pub(super) fn forget(&mut self, segment: SegmentId) {
        self.known.remove(&segment);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// Forgets all but these.
    pub(super) fn retain(&mut self, spans: &[&Span]) {
        self.known.retain(|id, _| spans.iter().any(|span| span.id == *id));
        let keys: usize = self.known.values().map(|keys| keys.keys.len()).sum();
        if self.filter.keys > 2 * keys + BEGIN_ANEW {
            self.filter = Filter::default();
            self.known.values().for_each(|keys| self.filter.add(keys));
        }
    }
}

/// Keys that are known no more fill the filter: so many beyond those that are, and it begins anew.
const BEGIN_ANEW: usize = 1 << 16;

/// Which keys may be among those of many segments: of those that are not, it says so of all but one in
/// a hundred.
#[derive(Debug, Default)]
struct Filter {
    /// A word for each stretch of keys, in which each has three bits. Sorted keys read the words, and
    /// write them, from front to back.
    stretches: Vec<u64>,
    /// How many keys were added.
    keys: usize,
}

/// How many stretches there are, as a power of two: 32 bits a key of [`NEAR`].
const STRETCHES: u32 = 19;

impl Filter {
    fn add(&mut self, keys: &Keys) {
        if self.keys == 0 {
            self.stretches = vec![0; 1 << STRETCHES];
        }
        for &key in &keys.keys {
            let (stretch, bits) = Self::bits(key);
            self.stretches[stretch] |= bits;
        }
        self.keys += keys.keys.len();
    }

    fn may_hold(&self, key: u64) -> bool {
        let (stretch, bits) = Self::bits(key);
        self.stretches.get(stretch).is_some_and(|all| all & bits == bits)
    }

    /// The stretch of a key, and its bits there, which have nothing to do with the stretch.
    const fn bits(key: u64) -> (usize, u64) {
        let bits = 1 << (key & 63) | 1 << (key >> 6 & 63) | 1 << (key >> 12 & 63);
        ((key >> (u64::BITS - STRETCHES)) as usize, bits)
    }
}

/// The segments nearest to [from, to], together [`NEAR`] rows and one segment more.
pub(super) fn nearest(spans: &[Span], from: Option<i64>, to: Option<i64>) -> Vec<&Span> {
    let distance = |span: &Span| match (span.from, span.to, from, to) {
        (Some(their_from), Some(their_to), Some(from), Some(to)) => {
            let gap = |later: i64, earlier: i64| later.saturating_sub(earlier).max(0);
            gap(their_from, to).max(gap(from, their_to))
        }
        // Lines without a time are near to everything.
        _ => 0,
    };
    let mut near: Vec<&Span> = spans.iter().collect();
    near.sort_by_key(|span| (distance(span), std::cmp::Reverse(span.id)));
    let mut rows = 0;
    near.retain(|span| {
        let is_in = rows < NEAR;
        rows += span.rows;
        is_in
    });
    near
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::waiting::short;
    use crate::rows::IdKey;

    #[test]
    fn what_is_known_no_more_leaves_the_filter() {
        let keys = |n: u32| {
            let ids = (0..40_000).map(|id| (id, short(IdKey::of(format!("{n}-{id}").as_bytes()))));
            Arc::new(Keys::new(&ids.collect::<Vec<_>>()))
        };
        let mut near = Near::default();
        let span = |n| Span { id: SegmentId(n), from: None, to: None, rows: 40_000 };
        for n in 0..5 {
            near.insert(SegmentId(n.into()), keys(n));
            near.retain(&[&span(n.into())]);
        }
        assert_eq!(near.len(), 1);
        assert!(keys(0).perhaps_in(&near).len() < 4_000);
        assert_eq!(keys(4).perhaps_in(&near).len(), 40_000);
    }

    #[test]
    fn a_key_is_found_wherever_it_stands() {
        let spread = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let evenly: Vec<u64> = (1..2_000).map(spread).collect();
        // Hashes are not so, but whatever is there is found.
        let crowded = [0, 1, 2, 3, u64::MAX - 1, u64::MAX].repeat(50);
        let high: Vec<u64> = (0..500).map(|n| u64::MAX - n * 3).collect();
        for all in [vec![], vec![7], evenly, crowded, high] {
            let keys = Keys::new(&(0..).zip(all.iter().copied()).collect::<Vec<_>>());
            let around = |key: &u64| [key.saturating_sub(1), *key, key.saturating_add(1)];
            for key in all.iter().flat_map(around).chain([0, 5, 1 << 63, u64::MAX]) {
                let expected: Vec<u32> =
                    (0..).zip(&all).filter(|(_, known)| **known == key).map(|(n, _)| n).collect();
                assert_eq!(keys.rows(key), expected, "{key}");
            }
        }
    }

    #[test]
    fn ids_that_both_have_are_found() {
        let keys = |ids: std::ops::Range<u32>| {
            let key = |n| short(IdKey::of(format!("id-{}", n / 2).as_bytes()));
            Keys::new(&ids.map(|n| (n, key(n))).collect::<Vec<_>>())
        };
        let (mine, theirs) = (keys(0..3_000), Arc::new(keys(2_000..9_000)));
        let mut near = Near::default();
        assert_eq!(mine.perhaps_in(&near), Vec::<u64>::new());
        near.insert(SegmentId(1), Arc::clone(&theirs));
        let perhaps = mine.perhaps_in(&near);
        let common = || perhaps.iter().filter(|key| !theirs.rows(**key).is_empty());
        assert_eq!(common().count(), 500);
        assert!(common().all(|&key| mine.rows(key).len() == 2 && theirs.rows(key).len() == 2));
        assert!(perhaps.len() < 520 && perhaps.is_sorted(), "{}", perhaps.len());
    }
}

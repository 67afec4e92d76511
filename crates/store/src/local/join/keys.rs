//! Which rows carry which request ids: what lines of different commits meet by.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::catalog::segments::{SegmentId, Span};
use crate::catalog::waiting::short;
use crate::rows::IdKey;

/// The ids of a segment's rows: keys shortened to 64 bits, sorted, each with its row.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    keys: Vec<u64>,
    rows: Vec<u32>,
    /// A bit for each stretch of keys that has one: 32 stretches a key, so that of keys that are
    /// not here it rules out 31 of 32, and sorted ones read it from front to back.
    filter: Vec<u64>,
    /// How far a key is shifted to name its stretch.
    shift: u32,
}

impl Keys {
    pub(crate) fn new(by_row: impl Iterator<Item = (u32, IdKey)>) -> Self {
        let all = sorted(by_row.map(|(row, key)| (short(key), row)).collect());
        let (keys, rows): (Vec<u64>, Vec<u32>) = all.into_iter().unzip();
        let stretches = (keys.len() * 32).next_power_of_two().max(64);
        let shift = u64::BITS - stretches.ilog2();
        let mut filter = vec![0_u64; stretches / 64];
        for key in &keys {
            let stretch = (key >> shift) as usize;
            filter[stretch / 64] |= 1 << (stretch % 64);
        }
        Self { keys, rows, filter, shift }
    }

    fn may_hold(&self, key: u64) -> bool {
        let stretch = (key >> self.shift) as usize;
        self.filter.get(stretch / 64).is_some_and(|bits| bits >> (stretch % 64) & 1 == 1)
    }

    /// The rows that carry an id, and by chance another one.
    pub(super) fn rows(&self, key: u64) -> &[u32] {
        let from = self.keys.partition_point(|&known| known < key);
        let len = self.keys[from..].iter().take_while(|&&known| known == key).count();
        &self.rows[from..from + len]
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

    /// Ids that both have.
    pub(super) fn common(&self, other: &Self) -> Vec<u64> {
        let perhaps = self.keys.iter().copied().filter(|&key| other.may_hold(key));
        let mut found: Vec<u64> =
            perhaps.filter(|key| other.keys.binary_search(key).is_ok()).collect();
        found.dedup();
        found
    }
}

/// Sorts keys, which are hashes: spread evenly, so that nearly each finds its place at once.
fn sorted(keys: Vec<(u64, u32)>) -> Vec<(u64, u32)> {
    let shift = u64::BITS - keys.len().next_power_of_two().max(2).ilog2();
    let part = |key: u64| (key >> shift) as usize;
    let mut places = vec![0_u32; (1 << (u64::BITS - shift)) + 1];
    keys.iter().for_each(|&(key, _)| places[part(key) + 1] += 1);
    let mut before = 0;
    for place in &mut places {
        before += *place;
        *place = before;
    }
    let mut sorted = vec![(0, 0); keys.len()];
    for &(key, row) in &keys {
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
}

impl Near {
    pub(super) fn get(&self, segment: SegmentId) -> Option<Arc<Keys>> {
        self.known.get(&segment).cloned()
    }

    pub(super) fn insert(&mut self, segment: SegmentId, keys: Arc<Keys>) {
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

    #[test]
    fn ids_that_both_have_are_found() {
        let keys = |ids: std::ops::Range<u32>| {
            Keys::new(ids.map(|n| (n, IdKey::of(format!("id-{}", n / 2).as_bytes()))))
        };
        let (mine, theirs) = (keys(0..3_000), keys(2_000..9_000));
        let common = mine.common(&theirs);
        assert_eq!(common.len(), 500);
        assert!(common.iter().all(|&key| mine.rows(key).len() == 2 && theirs.rows(key).len() == 2));
        assert_eq!(mine.common(&Keys::default()), Vec::<u64>::new());
    }
}

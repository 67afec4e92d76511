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
}

impl Keys {
    pub(super) fn new(by_row: impl Iterator<Item = (u32, IdKey)>) -> Self {
        let mut all: Vec<(u64, u32)> = by_row.map(|(row, key)| (short(key), row)).collect();
        all.sort_unstable();
        let (keys, rows) = all.into_iter().unzip();
        Self { keys, rows }
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

    /// Ids that both have. Both are sorted, so this is one walk along the two.
    pub(super) fn common(&self, other: &Self) -> Vec<u64> {
        let (mut mine, mut theirs) = (0, 0);
        let mut found = Vec::new();
        while let (Some(a), Some(b)) = (self.keys.get(mine), other.keys.get(theirs)) {
            if a == b && found.last() != Some(a) {
                found.push(*a);
            }
            mine += usize::from(a <= b);
            theirs += usize::from(b < a);
        }
        found
    }
}

/// So many rows are searched for other calls of an id, those nearest in time first: an id that
/// comes back later than that is another request.
const NEAR: u64 = 1_000_000;

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

//! When the calls were that an alert is about. Looked for only when there are more or fewer of them:
//! otherwise they were when they were.

use dolmen_cubes::Key;
use dolmen_model::Time;
use dolmen_model::query::Query;
use dolmen_store::{
    Alert, CallQuestion, CubeQuestion, Dimension, Durations, Store, StoreError, Width, readable,
};

const HOUR: i64 = 3_600_000_000;
/// Buckets of the cubes, from the narrowest that is asked for on: where the narrow ones are past their
/// time, a wider one stands for them.
const BUCKETS: [i64; 3] = [HOUR, 24 * HOUR, 31 * 24 * HOUR];

/// Calls, as cubes count them and as a query finds them.
pub(crate) struct Calls<'c> {
    pub(crate) from: Time,
    pub(crate) query: String,
    pub(crate) by: &'c [Dimension],
    pub(crate) is_one: &'c dyn Fn(&Key) -> bool,
}

impl Calls<'_> {
    /// The first and the last of them; `before` is the alert about them that there was.
    pub(crate) fn times(
        &self,
        store: &dyn Store,
        before: Option<&Alert>,
        count: u64,
    ) -> Result<(Option<Time>, Option<Time>), StoreError> {
        let before = before.filter(|alert| alert.count > 0);
        if let Some(alert) = before.filter(|alert| alert.count == count) {
            return Ok((alert.first, alert.last));
        }
        // A name that no query can hold names no call that could be shown.
        let Ok(query) = Query::parse(&self.query) else { return Ok((None, None)) };
        // Of more calls the last is none before the last of fewer.
        let known = before.filter(|alert| alert.count < count).and_then(|alert| alert.last);
        let from = known.unwrap_or(self.from);
        let question = CallQuestion { from, to: Time::MAX, query: query.clone() };
        let last = readable(store.calls(&question)?, &mut Vec::new()).next().transpose()?;
        let last = last.and_then(|call| call.time).or(known);
        let first = match before.and_then(|alert| alert.first) {
            Some(first) => Some(first),
            None => self.first(store, query)?,
        };
        Ok((first, last.or(first)))
    }

    /// By the bucket that it is in: calls are read from the last one on, and there may be millions.
    fn first(&self, store: &dyn Store, query: Query) -> Result<Option<Time>, StoreError> {
        let (from, to, by) = (self.from, Time::MAX, self.by.to_vec());
        let (every, durations) = (Some(Width::Hour), Durations::Left);
        let counts = store.count(&CubeQuestion { from, to, by, every, durations })?;
        let cells = counts.cube.cells().filter(|(key, _)| (self.is_one)(key));
        let Some(bucket) = cells.map(|(key, _)| key.bucket).min() else { return Ok(None) };
        for width in BUCKETS {
            let to = Time::from_micros(bucket.micros().saturating_add(width));
            let question = CallQuestion { from: bucket.max(from), to, query: query.clone() };
            let mut first = None;
            for call in readable(store.calls(&question)?, &mut Vec::new()) {
                first = call?.time.or(first);
            }
            if first.is_some() {
                return Ok(first);
            }
        }
        // Its line is past its time, or cannot be read.
        Ok(Some(bucket))
    }
}

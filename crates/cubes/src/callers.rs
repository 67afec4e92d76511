use dolmen_model::{NameId, SetId};
use rustc_hash::FxHashMap;

/// Calls by caller (address and user agent) and by what they entered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Callers {
    counts: FxHashMap<(NameId, SetId), u64>,
}

impl Callers {
    /// Counts one call.
    pub fn add(&mut self, caller: NameId, operations: SetId) {
        *self.counts.entry((caller, operations)).or_default() += 1;
    }

    /// Counts so many calls.
    pub fn add_calls(&mut self, caller: NameId, operations: SetId, calls: u64) {
        *self.counts.entry((caller, operations)).or_default() += calls;
    }

    /// Adds every count of `other`.
    pub fn merge(&mut self, other: Self) {
        for (key, count) in other.counts {
            *self.counts.entry(key).or_default() += count;
        }
    }

    /// Caller, operations, calls; in no order.
    pub fn counts(&self) -> impl Iterator<Item = (NameId, SetId, u64)> {
        self.counts.iter().map(|(&(caller, operations), &count)| (caller, operations, count))
    }
}

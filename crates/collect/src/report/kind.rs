//! What calls have in common: nearly every call says of these fields what another said before it.

use std::sync::{PoisonError, RwLock};

use dolmen_model::NameId;
use rustc_hash::FxHashMap;

/// What is known of a call before its id is resolved, but for what is its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) service: NameId,
    pub(super) actor: NameId,
    pub(super) endpoint: NameId,
    /// The operation that the rules claim.
    pub(super) claimed: NameId,
    /// 0 where the log has none.
    pub(super) status: u16,
    /// Whether its time is in the window.
    pub(super) inside: bool,
    /// Answers to the query's atoms that its line gave.
    pub(super) answers: u32,
}

/// The number of a kind in its [`KindTable`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KindId(pub(super) u32);

/// A kind as numbers, to be compared and hashed as such.
type Words = [u64; 3];

impl Kind {
    #[inline]
    fn words(&self) -> Words {
        let pair = |low: NameId, high: NameId| u64::from(low.0) | u64::from(high.0) << 32;
        let rest = u64::from(self.status) | u64::from(self.inside) << 16;
        [
            pair(self.service, self.actor),
            pair(self.endpoint, self.claimed),
            rest | u64::from(self.answers) << 32,
        ]
    }
}

/// Every kind of a run. There are not many more than cells of its cube: what tells kinds apart and
/// not cells is what rules claim and a query asks.
#[derive(Debug, Default)]
pub(super) struct KindTable(RwLock<Kinds>);

#[derive(Debug, Default)]
struct Kinds {
    numbers: FxHashMap<Words, KindId>,
    kinds: Vec<Kind>,
}

impl KindTable {
    /// All kinds, by number.
    pub(super) fn kinds(&self) -> Vec<Kind> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).kinds.clone()
    }

    fn number(&self, kind: &Kind, words: Words) -> KindId {
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let Kinds { numbers, kinds } = &mut *inner;
        *numbers.entry(words).or_insert_with(|| {
            kinds.push(*kind);
            KindId(kinds.len() as u32 - 1)
        })
    }
}

/// One worker's view of a [`KindTable`].
#[derive(Debug)]
pub(super) struct CachedKinds<'t> {
    table: &'t KindTable,
    /// Kinds met lately, by a few bits of theirs.
    lately: Vec<Option<(Words, KindId)>>,
    numbers: FxHashMap<Words, KindId>,
}

/// How many kinds are looked for without a hash, as a power of two.
const LATELY: u32 = 9;

impl<'t> CachedKinds<'t> {
    pub(super) fn new(table: &'t KindTable) -> Self {
        Self { table, lately: vec![None; 1 << LATELY], numbers: FxHashMap::default() }
    }

    /// The number of a kind, given now if it has none.
    #[inline]
    pub(super) fn intern(&mut self, kind: &Kind) -> KindId {
        let words = kind.words();
        match self.lately.get(few_bits(words)) {
            Some(Some((known, number))) if *known == words => *number,
            _ => self.find(kind, words),
        }
    }

    #[inline(never)]
    fn find(&mut self, kind: &Kind, words: Words) -> KindId {
        let Self { table, lately, numbers } = self;
        let number = *numbers.entry(words).or_insert_with(|| table.number(kind, words));
        lately[few_bits(words)] = Some((words, number));
        number
    }
}

/// A few bits that most kinds differ in.
#[inline]
fn few_bits([a, b, c]: Words) -> usize {
    // Odd numbers without a pattern: pi's digits.
    let mixed = a.wrapping_mul(0x243f_6a88_85a3_08d3)
        ^ b.wrapping_mul(0x1319_8a2e_0370_7345)
        ^ c.wrapping_mul(0xa409_3822_299f_31d1);
    (mixed >> (64 - LATELY)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Far more kinds than are remembered, met by two workers in different orders.
    #[test]
    fn each_kind_has_its_own_number() {
        let table = KindTable::default();
        let mut workers = [CachedKinds::new(&table), CachedKinds::new(&table)];
        let kind = |n: u32| Kind {
            service: NameId(n % 2),
            actor: NameId(n % 3),
            endpoint: NameId(n % 101),
            claimed: NameId(n % 5),
            status: (n % 7) as u16,
            inside: n % 11 > 3,
            answers: n % 13,
        };
        let mut numbers = Vec::new();
        for step in 0..6000_u32 {
            for (at, worker) in workers.iter_mut().enumerate() {
                let n = step.wrapping_mul([2_654_435_761, 40_503][at]) % 3000;
                numbers.push((n, worker.intern(&kind(n))));
            }
        }
        let kinds = table.kinds();
        assert!(numbers.iter().all(|&(n, KindId(number))| kinds[number as usize] == kind(n)));
        assert!(kinds.iter().enumerate().all(|(at, one)| !kinds[..at].contains(one)));
    }
}

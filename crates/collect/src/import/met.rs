//! Callers that a slice met already.

use dolmen_store::{CallerCode, CallerKind, CallerNumber};
use rustc_hash::FxHashMap;

/// The numbers of callers, by the numbers of their texts in the rows of a slice.
#[derive(Default)]
pub(super) struct Met {
    /// Kinds by number, and the one that was met last.
    kinds: FxHashMap<CallerKind, u32>,
    last: Option<(CallerKind, u32)>,
    /// By kind, then by address: there are many addresses and few kinds, and a caller met before costs
    /// two looks and no hash.
    places: Vec<Vec<Option<CallerNumber>>>,
    /// How many places there are.
    len: usize,
    /// Callers that `places` has no room for.
    others: FxHashMap<CallerCode, CallerNumber>,
}

/// Places that there may be: 1 MiB a worker.
const PLACES: usize = 1 << 18;

impl Met {
    /// The number of a caller; `new` gives one to who was not met before.
    pub(super) fn find(
        &mut self,
        code: CallerCode,
        new: impl FnOnce() -> CallerNumber,
    ) -> CallerNumber {
        let number = match self.last {
            Some((last, number)) if last == code.kind => number,
            _ => self.kind(code.kind),
        };
        let (kind, address) = (number as usize, code.address as usize);
        if let Some(Some(known)) = self.places.get(kind).and_then(|row| row.get(address)) {
            return *known;
        }
        match self.place(kind, address) {
            Some(place) => *place.get_or_insert_with(new),
            None => *self.others.entry(code).or_insert_with(new),
        }
    }

    fn kind(&mut self, kind: CallerKind) -> u32 {
        let next = self.kinds.len() as u32;
        let number = *self.kinds.entry(kind).or_insert(next);
        self.last = Some((kind, number));
        number
    }

    /// Where a caller's number is kept; `None` where that would take too many places.
    fn place(&mut self, kind: usize, address: usize) -> Option<&mut Option<CallerNumber>> {
        // A missing address is the last of all numbers.
        let (kinds, addresses) = (kind.checked_add(1)?, address.checked_add(1)?);
        let new_kinds = kinds.saturating_sub(self.places.len());
        let known = self.places.get(kind).map_or(0, Vec::len);
        // A kind without an address is not free either.
        let new = addresses.saturating_sub(known).saturating_add(new_kinds);
        if new > PLACES.saturating_sub(self.len) {
            return None;
        }
        self.len += new;
        self.places.resize_with(self.places.len().max(kinds), Vec::new);
        let row = self.places.get_mut(kind)?;
        row.resize(row.len().max(addresses), None);
        row.get_mut(address)
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.kinds.clear();
        self.last = None;
        self.places.clear();
        self.len = 0;
        self.others.clear();
    }
}

#[cfg(test)]
mod tests {
    use dolmen_model::{Call, Joined, NameId, Names};
    use dolmen_store::{CallFacts, CallerCounts, Rows, Settled};

    use super::*;

    /// Of pairs of an address and a user agent, the codes that they have in one slice.
    fn codes(pairs: impl Iterator<Item = (u32, u32)>) -> Vec<CallerCode> {
        let (mut rows, names) = (Rows::new(), Names::new());
        let unknown = NameId::UNKNOWN;
        let facts = CallFacts {
            source: "proxy",
            forwarded_address: b"",
            service: unknown,
            actor: unknown,
            endpoint: unknown,
            claimed: unknown,
        };
        let settled = Settled::alone(&facts, Joined::CallOnly, &names);
        let mut code = |(address, agent): (u32, u32)| {
            let (address, agent) = (format!("10.0.0.{address}"), format!("agent/{agent}"));
            let (address, user_agent) = (address.as_bytes(), agent.as_bytes());
            let facts = CallFacts { forwarded_address: address, ..facts };
            let call = Call { address, user_agent, ..Call::default() };
            let row = rows.push_call(b"a line", &call, &facts, settled).row;
            rows.caller_of(row).unwrap()
        };
        pairs.map(&mut code).collect()
    }

    #[test]
    fn a_caller_keeps_its_number_wherever_it_is_kept() {
        // A kind each address: far more places than there may be.
        let codes = codes((0..2_000).map(|n| (n, n / 2)));
        let (mut met, mut callers) = (Met::default(), CallerCounts::default());
        let mut find = |met: &mut Met, at: usize| {
            let new = || callers.caller(format!("{at}").as_bytes(), b"", b"");
            met.find(codes[at], new)
        };
        let first: Vec<_> = (0..codes.len()).map(|at| find(&mut met, at)).collect();
        let again: Vec<_> = (0..codes.len()).map(|at| find(&mut met, at)).collect();
        assert_eq!(first, again);
        assert!(first.is_sorted() && first.array_windows().all(|[a, b]| a != b));
        assert!(met.len <= PLACES && !met.others.is_empty() && !met.places.is_empty());
        met.clear();
        assert_eq!(find(&mut met, 1_999), first[1_999]);
        assert_eq!(met.len, met.places.iter().map(|row| row.len() + 1).sum::<usize>());
    }
}

//! Callers, numbered and counted.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use dolmen_model::{CachedTable, NameId, SetId, Table};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// The callers of one run: each is an address and a user agent. There are few of either and many
/// pairs, so a text is looked for among its own kind alone and a pair is two small numbers.
#[derive(Debug)]
pub struct CallerTable {
    addresses: Table,
    user_agents: Table,
    pairs: RwLock<Pairs>,
    bound: usize,
}

/// Numbers of an address and of a user agent.
type Halves = (NameId, NameId);

/// The callers, numbered as a [`Table`] numbers names.
#[derive(Debug, Default)]
struct Pairs {
    numbers: FxHashMap<Halves, NameId>,
    by_number: Vec<Halves>,
}

impl Pairs {
    fn halves(&self, caller: NameId) -> Halves {
        let at = caller.0.checked_sub(NameId::RESERVED);
        let pair = at.and_then(|at| self.by_number.get(at as usize));
        pair.copied().unwrap_or((caller, NameId::UNKNOWN))
    }
}

/// Who a caller is; a half that no log said is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallerName {
    /// The address.
    pub address: Option<String>,
    /// The user agent.
    pub user_agent: Option<String>,
}

impl CallerTable {
    /// A table of at most `bound` callers; what comes later is [`NameId::OVERFLOW`].
    pub fn new(bound: usize) -> Self {
        // Callers that have a number have no more addresses or user agents than that.
        let table = || Table::new(bound);
        Self { addresses: table(), user_agents: table(), pairs: RwLock::default(), bound }
    }

    /// Who stands behind a number: `(other)` behind [`NameId::OVERFLOW`].
    pub fn name(&self, caller: NameId) -> CallerName {
        let (address, user_agent) = self.pairs().halves(caller);
        CallerName {
            address: self.addresses.name(address),
            user_agent: self.user_agents.name(user_agent),
        }
    }

    fn pairs(&self) -> RwLockReadGuard<'_, Pairs> {
        self.pairs.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every caller's name, to be asked for its place among the others.
    pub(crate) fn order(&self) -> CallerOrder<'_> {
        let (addresses, user_agents) = (Texts::of(&self.addresses), Texts::of(&self.user_agents));
        CallerOrder { pairs: self.pairs(), addresses, user_agents }
    }

    fn pair(&self, address: NameId, user_agent: NameId) -> NameId {
        if address == NameId::OVERFLOW || user_agent == NameId::OVERFLOW {
            return NameId::OVERFLOW;
        }
        let pair = (address, user_agent);
        if let Some(&known) = self.pairs().numbers.get(&pair) {
            return known;
        }
        let mut pairs = self.pairs.write().unwrap_or_else(PoisonError::into_inner);
        let Pairs { numbers, by_number } = &mut *pairs;
        match u32::try_from(by_number.len()) {
            Ok(next) if by_number.len() < self.bound => {
                // Somebody else may have come first.
                *numbers.entry(pair).or_insert_with(|| {
                    by_number.push(pair);
                    NameId(next + NameId::RESERVED)
                })
            }
            _ => numbers.get(&pair).copied().unwrap_or(NameId::OVERFLOW),
        }
    }
}

/// The names of a table's callers, each looked up once.
pub(crate) struct CallerOrder<'t> {
    pairs: RwLockReadGuard<'t, Pairs>,
    addresses: Texts,
    user_agents: Texts,
}

/// The names of a table by number, and the rank of each among them; equal names have equal ranks.
struct Texts(Vec<(Option<Arc<str>>, u32)>);

impl CallerOrder<'_> {
    /// What sorts callers by name: address first.
    pub(crate) fn rank(&self, caller: NameId) -> (u32, u32) {
        let (address, user_agent) = self.pairs.halves(caller);
        (self.addresses.rank(address), self.user_agents.rank(user_agent))
    }

    /// A caller's address and its user agent.
    pub(crate) fn name(&self, caller: NameId) -> [Option<Arc<str>>; 2] {
        let (address, user_agent) = self.pairs.halves(caller);
        [self.addresses.name(address), self.user_agents.name(user_agent)]
    }
}

impl Texts {
    fn of(table: &Table) -> Self {
        let numbers = 0..table.len() as u32 + NameId::RESERVED;
        let text = |n| table.name(NameId(n)).map(Arc::from);
        let mut texts: Vec<_> = numbers.map(|n| (text(n), 0)).collect();
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_unstable_by(|&a, &b| texts[a].0.cmp(&texts[b].0));
        let mut rank = 0;
        for at in 1..order.len() {
            rank += u32::from(texts[order[at]].0 != texts[order[at - 1]].0);
            texts[order[at]].1 = rank;
        }
        Self(texts)
    }

    fn rank(&self, id: NameId) -> u32 {
        self.0.get(id.0 as usize).map_or(0, |(_, rank)| *rank)
    }

    fn name(&self, id: NameId) -> Option<Arc<str>> {
        self.0.get(id.0 as usize).and_then(|(name, _)| name.clone())
    }
}

/// One worker's view of a [`CallerTable`].
#[derive(Debug)]
pub struct CachedCallers<'t> {
    table: &'t CallerTable,
    addresses: CachedTable<'t>,
    user_agents: CachedTable<'t>,
    /// By user agent, then by address: a pair met before costs two looks and no hash.
    rows: Vec<Vec<NameId>>,
    /// How many places `rows` has.
    places: usize,
    /// Pairs that `rows` has no room for.
    others: FxHashMap<(NameId, NameId), NameId>,
}

/// Places that rows may have together: 1 MiB a worker.
const PLACES: usize = 1 << 18;

/// Past this many other pairs a worker's cache of them starts anew.
const OTHERS: usize = 65_536;

impl<'t> CachedCallers<'t> {
    /// An empty cache in front of `table`.
    pub fn new(table: &'t CallerTable) -> Self {
        Self {
            table,
            addresses: CachedTable::new(&table.addresses),
            user_agents: CachedTable::new(&table.user_agents),
            rows: Vec::new(),
            places: 0,
            others: FxHashMap::default(),
        }
    }

    /// The number of a caller, given now if it has none.
    pub fn intern(&mut self, address: &[u8], user_agent: &[u8]) -> NameId {
        let pair = (self.addresses.intern(address), self.user_agents.intern(user_agent));
        let row = self.rows.get(pair.1.0 as usize);
        match row.and_then(|row| row.get(pair.0.0 as usize)) {
            Some(&caller) if caller.is_known() => caller,
            _ => self.learn(pair),
        }
    }

    #[cold]
    fn learn(&mut self, pair: (NameId, NameId)) -> NameId {
        if let Some(&caller) = self.others.get(&pair) {
            return caller;
        }
        let caller = self.table.pair(pair.0, pair.1);
        if let Some(place) = self.place(pair) {
            *place = caller;
            return caller;
        }
        if self.others.len() >= OTHERS {
            self.others.clear();
        }
        self.others.insert(pair, caller);
        caller
    }

    /// Where a pair is kept; `None` where that would take too many places.
    fn place(&mut self, (address, user_agent): (NameId, NameId)) -> Option<&mut NameId> {
        let (address, user_agent) = (address.0 as usize, user_agent.0 as usize);
        let new_rows = (user_agent + 1).saturating_sub(self.rows.len());
        let row = self.rows.get(user_agent).map_or(0, Vec::len);
        let new_places = (address + 1).saturating_sub(row);
        // A row without a place is not free either.
        if self.places + new_places + new_rows > PLACES {
            return None;
        }
        self.places += new_places + new_rows;
        self.rows.resize_with(self.rows.len() + new_rows, Vec::new);
        let row = self.rows.get_mut(user_agent)?;
        row.resize(row.len() + new_places, NameId::UNKNOWN);
        row.get_mut(address)
    }
}

/// What each caller did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Callers {
    /// By number: a table gives them out without gaps.
    counts: Vec<Count>,
    /// Sets of operations past the first 32, sorted, of callers that entered such.
    beyond: FxHashMap<NameId, Vec<SetId>>,
    /// Calls that a count has no room for.
    more: FxHashMap<NameId, u64>,
}

/// There are many callers, and their calls come in no order: few bytes each, so that they stay in
/// the processor's cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    calls: u32,
    /// The sets entered, of the first 32, a bit each.
    entered: u32,
}

/// What one caller did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallerCount {
    /// How many calls it made.
    pub calls: u64,
    /// The sets of operations that its calls entered, sorted.
    pub entered: SmallVec<[SetId; 6]>,
}

impl Callers {
    /// Counts one call.
    pub fn add(&mut self, caller: NameId, operations: SetId) {
        self.add_calls(caller, operations, 1);
    }

    /// Counts so many calls.
    pub fn add_calls(&mut self, caller: NameId, operations: SetId, calls: u64) {
        let count = self.of(caller);
        let is_full = !count.took(calls);
        match operations.0 {
            bit @ 0..32 => count.entered |= 1 << bit,
            _ => self.enter(caller, operations),
        }
        if is_full {
            self.keep(caller, calls);
        }
    }

    /// Adds every count of `other`.
    pub fn merge(&mut self, other: Self) {
        for (caller, theirs) in (0..).map(NameId).zip(other.counts) {
            let mine = self.of(caller);
            mine.entered |= theirs.entered;
            if !mine.took(theirs.calls.into()) {
                self.keep(caller, theirs.calls.into());
            }
        }
        for (caller, sets) in other.beyond {
            sets.into_iter().for_each(|operations| self.enter(caller, operations));
        }
        other.more.into_iter().for_each(|(caller, calls)| self.keep(caller, calls));
    }

    /// The callers that called, by number.
    pub fn counts(&self) -> impl Iterator<Item = (NameId, CallerCount)> {
        let counts = (0..).map(NameId).zip(&self.counts).map(|(caller, count)| {
            let mut bits = count.entered;
            let first = std::iter::from_fn(|| {
                let bit = bits.trailing_zeros();
                bits &= bits.wrapping_sub(1);
                (bit < 32).then_some(SetId(bit))
            });
            let beyond = self.beyond.get(&caller).into_iter().flatten().copied();
            let more = self.more.get(&caller).copied().unwrap_or(0);
            let calls = more + u64::from(count.calls);
            (caller, CallerCount { calls, entered: first.chain(beyond).collect() })
        });
        counts.filter(|(_, count)| count.calls > 0)
    }

    fn of(&mut self, caller: NameId) -> &mut Count {
        let at = caller.0 as usize;
        if self.counts.len() <= at {
            self.counts.resize(at + 1, Count::default());
        }
        &mut self.counts[at]
    }

    #[cold]
    fn keep(&mut self, caller: NameId, calls: u64) {
        *self.more.entry(caller).or_default() += calls;
    }

    fn enter(&mut self, caller: NameId, operations: SetId) {
        match operations.0 {
            bit @ 0..32 => self.of(caller).entered |= 1 << bit,
            _ => {
                let sets = self.beyond.entry(caller).or_default();
                if let Err(at) = sets.binary_search(&operations) {
                    sets.insert(at, operations);
                }
            }
        }
    }
}

impl Count {
    /// Whether there was room for so many more calls.
    #[inline]
    fn took(&mut self, calls: u64) -> bool {
        let sum = u32::try_from(calls).ok().and_then(|calls| self.calls.checked_add(calls));
        self.calls = sum.unwrap_or(self.calls);
        sum.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(table: &CallerTable, caller: NameId) -> (Option<String>, Option<String>) {
        let CallerName { address, user_agent } = table.name(caller);
        (address, user_agent)
    }

    #[test]
    fn a_caller_is_its_pair() {
        let table = CallerTable::new(10);
        let mut callers = CachedCallers::new(&table);
        let curl = callers.intern(b"10.0.0.1", b"curl");
        let bare = callers.intern(b"10.0.0.1", b"");
        let nobody = callers.intern(b"", b"");
        assert_eq!(callers.intern(b"10.0.0.1", b"curl"), curl);
        assert_eq!(CachedCallers::new(&table).intern(b"10.0.0.1", b"curl"), curl);
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(name(&table, curl), (some("10.0.0.1"), some("curl")));
        assert_eq!(name(&table, bare), (some("10.0.0.1"), None));
        assert_eq!(name(&table, nobody), (None, None));
    }

    #[test]
    fn callers_beyond_the_bound_are_one() {
        let table = CallerTable::new(2);
        let mut callers = CachedCallers::new(&table);
        let known = [callers.intern(b"a", b"x"), callers.intern(b"b", b"x")];
        assert_eq!(callers.intern(b"a", b"y"), NameId::OVERFLOW, "no room for a pair");
        assert_eq!(callers.intern(b"c", b"x"), NameId::OVERFLOW, "no room for an address");
        assert_eq!(known, [callers.intern(b"a", b"x"), callers.intern(b"b", b"x")]);
        assert_eq!(name(&table, NameId::OVERFLOW), (Some("(other)".to_owned()), None));
    }

    #[test]
    fn workers_side_by_side_agree_on_every_number() {
        let table = CallerTable::new(300);
        let ask = |step: usize| {
            let mut callers = CachedCallers::new(&table);
            let mut numbers = vec![NameId::UNKNOWN; 400];
            for n in (0..400).map(|n| n * step % 400) {
                let (address, user_agent) = (format!("{}", n / 20), format!("{}", n % 20));
                numbers[n] = callers.intern(address.as_bytes(), user_agent.as_bytes());
            }
            numbers
        };
        let found: Vec<Vec<NameId>> = std::thread::scope(|scope| {
            let ask = &ask;
            let threads = [1, 3, 7, 9].map(|step| scope.spawn(move || ask(step)));
            threads.map(|thread| thread.join().unwrap()).into()
        });
        assert!(found.iter().all(|numbers| *numbers == found[0]));
        let known = |id: &&NameId| **id != NameId::OVERFLOW;
        assert_eq!(found[0].iter().filter(known).count(), 300);
        for (n, &id) in found[0].iter().enumerate().filter(|(_, id)| known(id)) {
            let expected = (Some(format!("{}", n / 20)), Some(format!("{}", n % 20)));
            assert_eq!(name(&table, id), expected);
        }
    }

    #[test]
    fn pairs_without_a_place_have_a_number_too() {
        let table = CallerTable::new(50_000);
        let mut callers = CachedCallers::new(&table);
        // Row upon row as long as the number of its first address: far more places than there are.
        let mut number =
            |n: u32| callers.intern(format!("{n}").as_bytes(), format!("{}", n / 2).as_bytes());
        let numbers: Vec<_> = (0..4000).map(&mut number).collect();
        assert!(numbers.iter().all(|id| id.is_known() && *id != NameId::OVERFLOW));
        let again: Vec<_> = (0..4000).map(number).collect();
        assert_eq!(numbers, again);
        assert!(callers.places <= PLACES && !callers.others.is_empty());
    }

    #[test]
    fn calls_beyond_a_count_are_counted() {
        let (caller, most) = (NameId(3), u64::from(u32::MAX));
        let mut counts = Callers::default();
        for calls in [most - 1, 1, 1, 7 * most, 3] {
            counts.add_calls(caller, SetId(40), calls);
        }
        let mut merged = counts.clone();
        merged.merge(counts);
        let (found, count) = merged.counts().next().unwrap();
        assert_eq!((found, count.calls), (caller, 2 * (8 * most + 4)));
        assert_eq!(count.entered.as_slice(), [SetId(40)]);
        assert_eq!(merged.counts().count(), 1);
    }

    #[test]
    fn counts_of_parts_are_the_counts_of_the_whole() {
        let calls: Vec<_> = (0..200).map(|n| (NameId(n * 7 % 11), SetId(n * n % 130))).collect();
        let of = |calls: &[(NameId, SetId)]| {
            let mut counts = Callers::default();
            calls.iter().for_each(|&(caller, operations)| counts.add(caller, operations));
            counts
        };
        let mut merged = of(&calls[..70]);
        merged.merge(of(&calls[70..]));
        assert_eq!(merged, of(&calls));
        for (caller, count) in merged.counts() {
            let own = || calls.iter().filter(|(other, _)| *other == caller);
            let entered: std::collections::BTreeSet<_> = own().map(|call| call.1).collect();
            assert_eq!(count.calls, own().count() as u64);
            assert!(count.entered.iter().eq(&entered));
        }
    }
}

//! Names as small integers.
//!
//! A table is shared by all workers behind a lock; each worker keeps a [`CachedTable`](crate::CachedTable) in front of
//! it, so that a name met before costs one hash and no lock.

use std::sync::{PoisonError, RwLock};

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// The number of a name in its table. Numbers depend on who came first: never show or store one
/// without its table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameId(pub u32);

impl NameId {
    /// Nobody could name it: `null` in JSON, `unknown` in queries and on screens.
    pub const UNKNOWN: Self = Self(0);
    /// The table was full when this name came: `(other)` on screens, counted, never hidden.
    pub const OVERFLOW: Self = Self(1);

    /// How many numbers have no name of a table behind them; the others follow without gaps.
    pub const RESERVED: u32 = 2;

    /// Whether a name stands behind it.
    pub const fn is_known(self) -> bool {
        self.0 != 0
    }
}

/// The names of one kind, numbered. At most `bound` of them; what comes later is
/// [`NameId::OVERFLOW`].
#[derive(Debug)]
pub struct Table {
    inner: RwLock<TableInner>,
    bound: usize,
}

#[derive(Debug, Default)]
struct TableInner {
    by_name: FxHashMap<Box<[u8]>, NameId>,
    by_id: Vec<Box<[u8]>>,
}

const RESERVED: u32 = NameId::RESERVED;

impl Table {
    /// A table of at most `bound` names.
    pub fn new(bound: usize) -> Self {
        Self { inner: RwLock::default(), bound }
    }

    /// The number of `name`, given now if it has none. The empty name is
    /// [`NameId::UNKNOWN`].
    pub fn intern(&self, name: &[u8]) -> NameId {
        if name.is_empty() {
            return NameId::UNKNOWN;
        }
        if let Some(id) = self.find(name) {
            return id;
        }
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(&id) = inner.by_name.get(name) {
            return id;
        }
        if inner.by_id.len() >= self.bound {
            return NameId::OVERFLOW;
        }
        let id = NameId(u32::try_from(inner.by_id.len()).map_or(u32::MAX, |n| n + RESERVED));
        inner.by_id.push(name.into());
        inner.by_name.insert(name.into(), id);
        id
    }

    /// The number of `name`, if it has one.
    pub fn find(&self, name: &[u8]) -> Option<NameId> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        inner.by_name.get(name).copied()
    }

    /// The name behind a number: `None` for [`NameId::UNKNOWN`], `(other)` for
    /// [`NameId::OVERFLOW`]. Bytes that are not UTF-8 are shown as U+FFFD.
    pub fn name(&self, id: NameId) -> Option<String> {
        match id {
            NameId::UNKNOWN => None,
            NameId::OVERFLOW => Some("(other)".to_owned()),
            NameId(number) => {
                let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
                let name = inner.by_id.get((number - RESERVED) as usize)?;
                Some(String::from_utf8_lossy(name).into_owned())
            }
        }
    }

    /// The name behind a number, byte for byte; `None` for the two reserved ones.
    pub fn bytes(&self, id: NameId) -> Option<Box<[u8]>> {
        let at = id.0.checked_sub(RESERVED)? as usize;
        self.inner.read().unwrap_or_else(PoisonError::into_inner).by_id.get(at).cloned()
    }

    /// The same for a look, without a copy.
    pub fn with<T>(&self, id: NameId, look: impl FnOnce(Option<&[u8]>) -> T) -> T {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        let at = id.0.checked_sub(RESERVED);
        look(at.and_then(|at| inner.by_id.get(at as usize)).map(|name| &**name))
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).by_id.len()
    }

    /// Whether no name was interned yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The number of a set of operations in its [`SetTable`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SetId(pub u32);

impl SetId {
    /// No operation.
    pub const EMPTY: Self = Self(0);
}

/// Sets of operations, numbered: a call that entered two operations counts once, under the set of
/// both.
#[derive(Debug)]
pub struct SetTable {
    inner: RwLock<SetInner>,
}

#[derive(Debug, Default)]
struct SetInner {
    by_set: FxHashMap<SmallVec<[NameId; 4]>, SetId>,
    by_id: Vec<SmallVec<[NameId; 4]>>,
}

impl Default for SetTable {
    fn default() -> Self {
        let empty = SmallVec::new();
        let by_set = std::iter::once((empty.clone(), SetId::EMPTY)).collect();
        Self { inner: RwLock::new(SetInner { by_set, by_id: vec![empty] }) }
    }
}

impl SetTable {
    /// The number of the set that holds these operations, in whatever order and however often.
    pub fn intern(&self, operations: &[NameId]) -> SetId {
        let mut set: SmallVec<[NameId; 4]> = SmallVec::from_slice(operations);
        set.sort_unstable();
        set.dedup();
        {
            let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(&id) = inner.by_set.get(&set) {
                return id;
            }
        }
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let next = SetId(u32::try_from(inner.by_id.len()).unwrap_or(u32::MAX));
        let id = *inner.by_set.entry(set.clone()).or_insert(next);
        if id == next {
            inner.by_id.push(set);
        }
        id
    }

    /// How many sets there are, the empty one included: numbers go from 0 to below this.
    #[expect(clippy::len_without_is_empty, reason = "the empty set is always there")]
    pub fn len(&self) -> usize {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).by_id.len()
    }

    /// The operations of a set, sorted by number.
    pub fn operations(&self, id: SetId) -> SmallVec<[NameId; 4]> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        inner.by_id.get(id.0 as usize).cloned().unwrap_or_default()
    }
}

/// Every table of names of one run or one store.
#[derive(Debug)]
pub struct Names {
    /// Actors.
    pub actors: Table,
    /// Operations.
    pub operations: Table,
    /// Services.
    pub services: Table,
    /// Endpoints: method, one space, path template.
    pub endpoints: Table,
    /// Sets of operations.
    pub sets: SetTable,
}

impl Names {
    /// Actors and services are named by people, so few. Operations come from marks, endpoints from
    /// paths: a scanner can invent both, so both are bounded.
    pub fn new() -> Self {
        Self {
            actors: Table::new(65_000),
            operations: Table::new(65_000),
            services: Table::new(65_000),
            endpoints: Table::new(20_000),
            sets: SetTable::default(),
        }
    }
}

impl Default for Names {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_number() {
        let table = Table::new(10);
        let a = table.intern(b"card block");
        assert_eq!(table.intern(b"card block"), a);
        assert_eq!(table.name(a).as_deref(), Some("card block"));
        assert_eq!(table.intern(b""), NameId::UNKNOWN);
        assert_eq!(table.name(NameId::UNKNOWN), None);
    }

    #[test]
    fn a_full_table_says_so() {
        let table = Table::new(1);
        table.intern(b"a");
        assert_eq!(table.intern(b"b"), NameId::OVERFLOW);
        assert_eq!(table.name(NameId::OVERFLOW).as_deref(), Some("(other)"));
    }

    #[test]
    fn a_set_is_its_members() {
        let sets = SetTable::default();
        let ab = sets.intern(&[NameId(3), NameId(2), NameId(3)]);
        assert_eq!(ab, sets.intern(&[NameId(2), NameId(3)]));
        assert_ne!(ab, sets.intern(&[NameId(2)]));
        assert_eq!(sets.operations(ab).as_slice(), [NameId(2), NameId(3)]);
        assert_eq!(sets.intern(&[]), SetId::EMPTY);
    }
}

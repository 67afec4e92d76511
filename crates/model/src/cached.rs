use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;

use crate::names::{NameId, Table};

/// One worker's view of a [`Table`]: a bounded cache in front of the shared one.
///
/// Its names lie end to end rather than in a box each. What it reads for a name met before is one
/// slot and the name, and all of these stay in the processor's cache.
#[derive(Debug)]
pub struct CachedTable<'t> {
    table: &'t Table,
    /// Open addressing: a power of two of them, at most half taken.
    slots: Vec<Slot>,
    taken: usize,
    names: Vec<u8>,
}

/// Where a name lies; empty where the number is [`NameId::UNKNOWN`].
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    hash: u32,
    start: u32,
    length: u32,
    id: NameId,
}

/// Past so many names, or so many bytes of them, a cache starts anew: a flood of names costs time,
/// not memory.
const NAMES: usize = 16_384;
const BYTES: usize = 2 << 20;

/// A longer name is not kept.
const LONGEST: usize = 16 << 10;

impl<'t> CachedTable<'t> {
    /// An empty cache in front of `table`.
    pub fn new(table: &'t Table) -> Self {
        Self { table, slots: vec![Slot::default(); 64], taken: 0, names: Vec::new() }
    }

    /// [`Table::intern`], without the lock for a name met before.
    pub fn intern(&mut self, name: &[u8]) -> NameId {
        let hash = FxBuildHasher.hash_one(name) as u32;
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        while self.slots[at].id.is_known() {
            let slot = self.slots[at];
            let start = slot.start as usize;
            if slot.hash == hash && self.names[start..start + slot.length as usize] == *name {
                return slot.id;
            }
            at = (at + 1) & mask;
        }
        self.learn(name, hash)
    }

    #[cold]
    fn learn(&mut self, name: &[u8], hash: u32) -> NameId {
        let id = self.table.intern(name);
        // The number of the empty name marks empty slots.
        if name.len() > LONGEST || !id.is_known() {
            return id;
        }
        if self.taken == NAMES || self.names.len() + name.len() > BYTES {
            self.slots.fill(Slot::default());
            self.names.clear();
            self.taken = 0;
        }
        if self.taken * 2 == self.slots.len() {
            let larger = vec![Slot::default(); self.slots.len() * 2];
            let known = std::mem::replace(&mut self.slots, larger);
            known.into_iter().filter(|slot| slot.id.is_known()).for_each(|slot| self.put(slot));
        }
        let (start, length) = (self.names.len() as u32, name.len() as u32);
        self.names.extend_from_slice(name);
        self.put(Slot { hash, start, length, id });
        self.taken += 1;
        id
    }

    fn put(&mut self, slot: Slot) {
        let mask = self.slots.len() - 1;
        let mut at = slot.hash as usize & mask;
        while self.slots[at].id.is_known() {
            at = (at + 1) & mask;
        }
        self.slots[at] = slot;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_the_table_says() {
        let table = Table::new(40_000);
        let mut cached = CachedTable::new(&table);
        let mut state = 1_u64;
        for _ in 0..200_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // Some come often, and there are more than the table or the cache has room for.
            let n = if state >> 63 == 0 { state >> 40 } else { state >> 57 };
            let name = format!("name {}", n % 60_000);
            let id = cached.intern(name.as_bytes());
            assert_eq!(id, table.intern(name.as_bytes()), "{name}");
            assert!(cached.taken <= NAMES && cached.taken * 2 <= cached.slots.len());
        }
        assert_eq!(table.len(), 40_000);
        assert_eq!(cached.intern(b""), NameId::UNKNOWN);
    }

    #[test]
    fn its_bytes_are_bounded() {
        let table = Table::new(1000);
        let mut cached = CachedTable::new(&table);
        for n in 0..300 {
            let name = vec![n as u8; LONGEST + n % 2];
            assert_eq!(cached.intern(&name), table.intern(&name));
            assert!(cached.names.len() <= BYTES);
        }
    }
}

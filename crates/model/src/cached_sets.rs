use crate::names::{NameId, SetId, SetTable};

/// One worker's view of a [`SetTable`]: nearly every set has one operation, and of these the
/// numbers are at hand, without the lock that all workers share.
#[derive(Debug)]
pub struct CachedSets<'t> {
    table: &'t SetTable,
    /// By operation: the number of the set of it alone, [`SetId::EMPTY`] where it is not known.
    single: Vec<SetId>,
}

/// Past this many operations those with larger numbers are looked up each time.
const MOST: usize = 1 << 16;

impl<'t> CachedSets<'t> {
    /// An empty cache in front of `table`.
    pub fn new(table: &'t SetTable) -> Self {
        Self { table, single: Vec::new() }
    }

    /// [`SetTable::intern`], without the lock for one operation that was met before.
    pub fn intern(&mut self, operations: &[NameId]) -> SetId {
        let Some((&first, others)) = operations.split_first() else { return SetId::EMPTY };
        let at = first.0 as usize;
        if at >= MOST || others.iter().any(|other| *other != first) {
            return self.table.intern(operations);
        }
        if let Some(known) = self.single.get(at).filter(|known| **known != SetId::EMPTY) {
            return *known;
        }
        let set = self.table.intern(&[first]);
        if at >= self.single.len() {
            self.single.resize(at + 1, SetId::EMPTY);
        }
        self.single[at] = set;
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_the_table_says() {
        let table = SetTable::default();
        let mut cached = CachedSets::new(&table);
        let names = |ids: &[u32]| ids.iter().map(|&id| NameId(id)).collect::<Vec<_>>();
        for _ in 0..2 {
            for set in [&[][..], &[7], &[7, 7], &[7, 9], &[9, 7], &[9], &[70_000], &[0]] {
                let set = names(set);
                assert_eq!(cached.intern(&set), table.intern(&set), "{set:?}");
            }
        }
        assert_eq!(table.operations(cached.intern(&names(&[9, 7]))).as_slice(), names(&[7, 9]));
    }
}

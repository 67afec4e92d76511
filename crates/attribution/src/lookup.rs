//! A map from byte strings that is made once and asked on every call.

/// Entries sorted by the length of their keys, then by bytes. Keys of rules are few and short, and
/// their lengths tell most of them apart: that is cheaper than a hash of what is looked for.
#[derive(Clone, Debug)]
pub(crate) struct Lookup<V>(Vec<(Box<[u8]>, V)>);

impl<V> Default for Lookup<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V> Lookup<V> {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<&V> {
        self.search(key).ok().map(|at| &self.0[at].1)
    }

    pub(crate) fn get_or_insert_with(&mut self, key: &[u8], new: impl FnOnce() -> V) -> &mut V {
        let at = self.search(key).unwrap_or_else(|at| {
            self.0.insert(at, (key.into(), new()));
            at
        });
        &mut self.0[at].1
    }

    fn search(&self, key: &[u8]) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| {
            known.len().cmp(&key.len()).then_with(|| (**known).cmp(key))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_inserted_and_nothing_else() {
        let mut lookup = Lookup::default();
        let keys = ["GET", "PUT", "", "POST", "DELETE", "HEAD"];
        for (n, key) in keys.into_iter().enumerate() {
            *lookup.get_or_insert_with(key.as_bytes(), || 0) = n;
        }
        *lookup.get_or_insert_with(b"GET", || 7) += 10;
        assert_eq!(lookup.get(b"GET"), Some(&10));
        for (n, key) in keys.into_iter().enumerate().skip(1) {
            assert_eq!(lookup.get(key.as_bytes()), Some(&n));
        }
        for key in ["GE", "PAT", "POSU", "GETS"] {
            assert_eq!(lookup.get(key.as_bytes()), None);
        }
    }
}

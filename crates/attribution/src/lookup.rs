//! A map from byte strings that is made once and asked on every call.

use dolmen_model::same_bytes;

/// Entries sorted by the length of their keys, then by bytes. Keys of rules are few and short, and
/// their lengths tell most of them apart: that is cheaper than a hash of what is looked for.
#[derive(Clone, Debug)]
pub(crate) struct Lookup<V>(Vec<(Box<[u8]>, V)>);

/// Up to this many are looked through one by one.
const FEW: usize = 6;

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
        if self.0.len() <= FEW {
            let same = |(known, _): &&(Box<[u8]>, V)| same_bytes(known, key);
            return self.0.iter().find(same).map(|(_, value)| value);
        }
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
        let keys = ["GET", "PUT", "", "POST", "DELETE", "HEAD", "PATCH", "TRACE", "LOCK"];
        for (n, key) in keys.into_iter().enumerate() {
            assert_eq!(lookup.get(key.as_bytes()), None);
            *lookup.get_or_insert_with(key.as_bytes(), || 0) += n;
            for (m, known) in keys[..=n].iter().enumerate() {
                assert_eq!(lookup.get(known.as_bytes()), Some(&m));
            }
        }
        *lookup.get_or_insert_with(b"PUT", || 0) += 10;
        assert_eq!(lookup.get(b"PUT"), Some(&11));
        assert_eq!(lookup.len(), keys.len());
        for key in ["GE", "PAT", "POSU", "GETS"] {
            assert_eq!(lookup.get(key.as_bytes()), None);
        }
    }
}

//! Sets of rules.

/// A set of rules of one kind, by their place in the list. The first 64 take one word, since few
/// have more; only the others take memory of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bits {
    word: u64,
    more: Box<[u64]>,
}

impl Bits {
    /// The empty set out of `count` rules. Sets of different counts do not mix.
    pub(crate) fn none(count: usize) -> Self {
        Self { word: 0, more: vec![0; count.div_ceil(64).saturating_sub(1)].into() }
    }

    pub(crate) fn insert(&mut self, rule: usize) {
        let word = match rule / 64 {
            0 => Some(&mut self.word),
            at => self.more.get_mut(at - 1),
        };
        if let Some(word) = word {
            *word |= 1 << (rule % 64);
        }
    }

    pub(crate) fn contains(&self, rule: usize) -> bool {
        let word = match rule / 64 {
            0 => Some(&self.word),
            at => self.more.get(at - 1),
        };
        word.is_some_and(|word| word >> (rule % 64) & 1 == 1)
    }

    /// The rules out of `count` that are not in this set.
    pub(crate) fn complement(&self, count: usize) -> Self {
        let mut others = Self::none(count);
        for rule in (0..count).filter(|&rule| !self.contains(rule)) {
            others.insert(rule);
        }
        others
    }

    /// Becomes `other`, without allocating.
    pub(crate) fn set(&mut self, other: &Self) {
        self.word = other.word;
        if !self.more.is_empty() {
            for (word, other) in self.more.iter_mut().zip(&other.more) {
                *word = *other;
            }
        }
    }

    pub(crate) fn keep(&mut self, other: &Self) {
        self.word &= other.word;
        if !self.more.is_empty() {
            for (word, other) in self.more.iter_mut().zip(&other.more) {
                *word &= other;
            }
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.word |= other.word;
        if !self.more.is_empty() {
            for (word, other) in self.more.iter_mut().zip(&other.more) {
                *word |= other;
            }
        }
    }

    pub(crate) fn meets(&self, other: &Self) -> bool {
        self.word & other.word != 0
            || self.more.iter().zip(&other.more).any(|(word, other)| word & other != 0)
    }

    /// The first rule of the set.
    pub(crate) fn first(&self) -> Option<usize> {
        if self.word != 0 {
            return Some(self.word.trailing_zeros() as usize);
        }
        let (at, word) = self.more.iter().enumerate().find(|(_, word)| **word != 0)?;
        Some((at + 1) * 64 + word.trailing_zeros() as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_both_sets_across_words() {
        let (mut a, mut b) = (Bits::none(200), Bits::none(200));
        for rule in [3, 70, 150, 199] {
            a.insert(rule);
        }
        for rule in [4, 150, 199] {
            b.insert(rule);
        }
        assert_eq!(a.first(), Some(3));
        assert!(a.meets(&b));
        a.keep(&b);
        assert_eq!(a.first(), Some(150));
        a.add(&b);
        assert_eq!(a.first(), Some(4));
        assert_eq!(a.complement(200).first(), Some(0));
        a.set(&b.complement(200));
        assert!(a.contains(198) && !a.contains(199) && !a.contains(200));
        assert_eq!(Bits::none(200).first(), None);
        assert_eq!(Bits::none(0).first(), None);
    }
}

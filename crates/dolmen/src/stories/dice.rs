//! Chance that anyone can throw again.

/// A seeded source of numbers: SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom
/// number generators", OOPSLA 2014). A library's generator may change from one version to the
/// next; a story must not.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    /// The dice of one seed.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub(super) fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`; 0 for an empty range. The bias is below `bound` / 2⁶⁴.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.any()) * u128::from(bound);
        (wide >> 64) as u64
    }

    /// A number in `low..high`; `low` for an empty range.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low))
    }

    /// One of several; `N` is at least 1.
    pub(super) fn pick<T: Copy, const N: usize>(&mut self, from: [T; N]) -> T {
        const { assert!(N > 0) };
        from[self.below(N as u64) as usize]
    }

    /// Every order is as likely as every other (Fisher and Yates).
    pub(super) fn shuffle<T>(&mut self, deck: &mut [T]) {
        for last in (1..deck.len()).rev() {
            deck.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throws_the_published_numbers() {
        let mut dice = Dice::new(1_234_567);
        let thrown: Vec<u64> = (0..3).map(|_| dice.any()).collect();
        assert_eq!(
            thrown,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn a_shuffled_deck_is_the_same_deck() {
        let mut deck: Vec<u32> = (0..100).collect();
        Dice::new(7).shuffle(&mut deck);
        assert_ne!(deck, (0..100).collect::<Vec<_>>());
        deck.sort_unstable();
        assert_eq!(deck, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn stays_in_its_range() {
        let mut dice = Dice::new(0);
        assert!((0..1_000).all(|_| (5..8).contains(&dice.between(5, 8))));
        assert_eq!(dice.between(5, 5), 5);
    }
}

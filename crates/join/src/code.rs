//! Entries as bytes: written once and read once each, by the million, so they are short and neither
//! way branches on what they hold.
//!
//! A chunk of entries is read from its beginning. Each is a key, a nibble a number that says how
//! many bytes it has, and the numbers. Times and places are differences from the entry before:
//! entries of a chunk come from lines near each other.

use crate::entry::{JoinKey, Place};

/// What is wanted back of a call or a mark: a few numbers, each kept in as few bytes as it has.
pub trait Fact: Copy {
    /// How many numbers, at most [`MOST_NUMBERS`].
    const NUMBERS: usize;
    /// The numbers; those past [`Fact::NUMBERS`] are not kept.
    fn numbers(&self) -> [u64; MOST_NUMBERS];
    /// What [`Fact::numbers`] gave, with zeros past [`Fact::NUMBERS`].
    fn of(numbers: &[u64; MOST_NUMBERS]) -> Self;
}

/// The most numbers that a fact may have.
pub const MOST_NUMBERS: usize = 6;

/// Bytes that the longest entry has.
pub(crate) const LONGEST: usize = KEY + 4 + 8 * (2 + MOST_NUMBERS);

/// Bytes that every entry has at least.
pub(crate) const SHORTEST: usize = KEY + 1;

/// Bytes behind the last entry of a chunk, whatever they hold: an entry is read as if it were the
/// longest.
pub(crate) const AFTER: usize = LONGEST;

/// Bytes of a key that are kept: with the eight bits that the partition says, 88 of its 128.
const KEY: usize = 10;

/// A call or a mark without its key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept<F> {
    pub(crate) time: i64,
    place: u64,
    pub(crate) fact: F,
}

impl<F> Kept<F> {
    pub(crate) fn new(time: i64, place: Place, fact: F) -> Self {
        let place = (u64::from(place.source) << 48) | (place.position & ((1 << 48) - 1));
        Self { time, place, fact }
    }

    pub(crate) fn place(&self) -> Place {
        Place { source: (self.place >> 48) as u16, position: self.place & ((1 << 48) - 1) }
    }
}

/// The time and place that the next entry of a chunk is told from.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Before {
    time: i64,
    place: u64,
}

/// Bytes of nibbles.
const fn nibbles<F: Fact>() -> usize {
    (2 + F::NUMBERS).div_ceil(2)
}

impl Before {
    /// Writes an entry to the front of `out`, and says how long it is. Bytes of `out` past the
    /// entry may be written over.
    #[inline]
    pub(crate) fn write<F: Fact>(
        &mut self,
        out: &mut [u8; LONGEST],
        key: JoinKey,
        entry: &Kept<F>,
    ) -> usize {
        let facts = entry.fact.numbers();
        let time = zigzag(entry.time.wrapping_sub(self.time));
        let place = zigzag(entry.place.wrapping_sub(self.place).cast_signed());
        (self.time, self.place) = (entry.time, entry.place);
        out[..KEY].copy_from_slice(&key.0.to_le_bytes()[..KEY]);
        let (mut lengths, mut shift) = (0u64, 0);
        let mut at = KEY + nibbles::<F>();
        let mut number = |number: u64| {
            let length = bytes_of(number);
            if let Some(room) = out.get_mut(at..).and_then(|rest| rest.first_chunk_mut()) {
                *room = number.to_le_bytes();
            }
            lengths |= length << shift;
            shift += 4;
            at += length as usize;
        };
        number(time);
        number(place);
        facts[..F::NUMBERS].iter().for_each(|&fact| number(fact));
        let lengths = lengths.to_le_bytes();
        out[KEY..KEY + nibbles::<F>()].copy_from_slice(&lengths[..nibbles::<F>()]);
        at
    }

    /// The entry that `bytes` begins with, its key without what the partition says, and its length.
    /// `None` where no whole entry is left; [`AFTER`] bytes follow the last one.
    #[inline]
    pub(crate) fn read<F: Fact>(&mut self, bytes: &[u8]) -> Option<(JoinKey, Kept<F>, usize)> {
        const EIGHTS: u64 = 0x8888_8888_8888_8888;
        const WHOLE: [u64; 16] = {
            let mut masks = [u64::MAX; 16];
            let mut length = 0;
            while length < 8 {
                masks[length] = (1 << (8 * length)) - 1;
                length += 1;
            }
            masks
        };
        let bytes = bytes.first_chunk::<LONGEST>()?;
        let key = u128::from_le_bytes(*bytes.first_chunk()?) & ((1 << (8 * KEY)) - 1);
        let mut lengths = u64::from_le_bytes(*bytes[KEY..].first_chunk()?);
        // No number has more than eight bytes.
        let eights = lengths & (EIGHTS >> (64 - 4 * (2 + F::NUMBERS)));
        if lengths & (eights >> 1 | eights >> 2 | eights >> 3) != 0 {
            return None;
        }
        let mut at = KEY + nibbles::<F>();
        let mut number = || {
            let word = u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?);
            let length = (lengths & 15) as usize;
            lengths >>= 4;
            at += length;
            Some(word & WHOLE[length])
        };
        self.time = self.time.wrapping_add(unzigzag(number()?));
        self.place = self.place.wrapping_add(unzigzag(number()?).cast_unsigned());
        let mut facts = [0; MOST_NUMBERS];
        for fact in &mut facts[..F::NUMBERS] {
            *fact = number()?;
        }
        let kept = Kept { time: self.time, place: self.place, fact: F::of(&facts) };
        Some((JoinKey(key), kept, at))
    }
}

/// How many bytes a number has; none for nought.
#[inline]
const fn bytes_of(number: u64) -> u64 {
    8 - number.leading_zeros() as u64 / 8
}

/// Small of either sign as small without one.
const fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63).cast_unsigned()
}

const fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Three([u64; 3]);

    impl Fact for Three {
        const NUMBERS: usize = 3;
        fn numbers(&self) -> [u64; MOST_NUMBERS] {
            let [a, b, c] = self.0;
            [a, b, c, 7, 7, 7]
        }
        fn of(numbers: &[u64; MOST_NUMBERS]) -> Self {
            let [a, b, c, rest @ ..] = *numbers;
            assert_eq!(rest, [0; 3]);
            Self([a, b, c])
        }
    }

    fn number() -> impl Strategy<Value = u64> {
        (any::<u64>(), 0..=64_u32).prop_map(|(bits, shift)| bits.checked_shr(shift).unwrap_or(0))
    }

    proptest! {
        #[test]
        fn entries_survive_their_bytes(
            entries in prop::collection::vec(
                (any::<u128>(), any::<i64>(), any::<u16>(), 0..1_u64 << 48,
                 prop::array::uniform3(number())),
                1..20,
            ),
        ) {
            let mut bytes = Vec::new();
            let mut before = Before::default();
            for &(key, time, source, position, fact) in &entries {
                let mut room = [0xa5; LONGEST];
                let kept = Kept::new(time, Place { source, position }, Three(fact));
                let length = before.write(&mut room, JoinKey(key), &kept);
                bytes.extend_from_slice(&room[..length]);
            }
            bytes.extend_from_slice(&[0xa5; AFTER]);
            let (mut before, mut at) = (Before::default(), 0);
            for &(key, time, source, position, fact) in &entries {
                let (found, kept, length) = before.read::<Three>(&bytes[at..]).unwrap();
                at += length;
                prop_assert_eq!(found.0, key & ((1 << 80) - 1));
                let expected = (time, Place { source, position }, Three(fact));
                prop_assert_eq!((kept.time, kept.place(), kept.fact), expected);
            }
            prop_assert_eq!(at + AFTER, bytes.len());
        }
    }

    #[test]
    fn what_is_no_whole_entry_is_none() {
        for bytes in [&b""[..], &[0xff; 17], &[0x88; 40]] {
            assert!(Before::default().read::<Three>(bytes).is_none());
        }
    }
}

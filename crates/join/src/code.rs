//! Entries as bytes: written once and read once each, by the million, so they are short and neither
//! way branches on what they hold.
//!
//! A chunk of entries is read from its beginning. Each is a key, three bits a number that say how
//! many bytes it has, and the numbers. Times are differences from the entry before: entries of a
//! chunk come from lines near each other, all of one source.

use crate::entry::JoinKey;

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
pub(crate) const LONGEST: usize = KEY + 3 + 8 * (1 + MOST_NUMBERS);

/// Bytes that every entry has at least.
pub(crate) const SHORTEST: usize = KEY + 1;

/// Bytes behind the last entry of a chunk, whatever they hold: an entry is read as if it were the
/// longest.
pub(crate) const AFTER: usize = LONGEST;

/// Bytes of a key that are kept: with the eight bits that the partition says, 88 of its 128.
const KEY: usize = 10;

/// A key as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeptKey {
    /// Its last 64 bits.
    pub(crate) low: u64,
    pub(crate) high: u16,
}

impl KeptKey {
    /// What is kept of a key.
    pub(crate) fn of(key: JoinKey) -> Self {
        Self { low: key.0 as u64, high: (key.0 >> 64) as u16 }
    }

    #[inline]
    fn read(bytes: &[u8; LONGEST]) -> Self {
        let &[a, b, c, d, e, f, g, h, i, j, ..] = bytes;
        Self { low: u64::from_le_bytes([a, b, c, d, e, f, g, h]), high: u16::from_le_bytes([i, j]) }
    }

    /// The key, without what the partition says.
    pub(crate) fn key(self) -> JoinKey {
        JoinKey(u128::from(self.low) | u128::from(self.high) << 64)
    }
}

/// A call or a mark without its key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept<F> {
    pub(crate) time: i64,
    pub(crate) fact: F,
}

/// The time that the next entry of a chunk is told from.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Before {
    time: i64,
}

/// How many bytes a number has, by the code of its length.
const LENGTHS: [u8; 8] = [0, 1, 2, 3, 4, 5, 6, 8];

/// How many numbers an entry has.
const fn numbers<F: Fact>() -> usize {
    1 + F::NUMBERS
}

/// Bytes that say how long the numbers are.
const fn head<F: Fact>() -> usize {
    (3 * numbers::<F>()).div_ceil(8)
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
        self.time = entry.time;
        out[..16].copy_from_slice(&key.0.to_le_bytes());
        let (mut lengths, mut shift) = (0u32, 0);
        let mut at = KEY + head::<F>();
        let mut number = |number: u64| {
            let (code, length) = length_of(number);
            if let Some(room) = out.get_mut(at..).and_then(|rest| rest.first_chunk_mut()) {
                *room = number.to_le_bytes();
            }
            lengths |= code << shift;
            shift += 3;
            at += length;
        };
        number(time);
        facts[..F::NUMBERS].iter().for_each(|&fact| number(fact));
        out[KEY..KEY + head::<F>()].copy_from_slice(&lengths.to_le_bytes()[..head::<F>()]);
        at
    }

    /// The entry that `bytes` begins with, and its length. `None` where no whole entry is left;
    /// [`AFTER`] bytes follow the last one.
    #[inline]
    pub(crate) fn read<F: Fact>(&mut self, bytes: &[u8]) -> Option<(KeptKey, Kept<F>, usize)> {
        const WHOLE: [u64; 8] = {
            let mut masks = [u64::MAX; 8];
            let mut code = 0;
            while code < 7 {
                masks[code] = (1 << (8 * code)) - 1;
                code += 1;
            }
            masks
        };
        let bytes = bytes.first_chunk::<LONGEST>()?;
        let mut lengths = lengths::<F>(bytes);
        let mut at = KEY + head::<F>();
        let mut number = || {
            let code = (lengths & 7) as usize;
            let word = bytes.get(at..).and_then(|rest| rest.first_chunk());
            let word = u64::from_le_bytes(*word?);
            lengths >>= 3;
            at += usize::from(LENGTHS[code]);
            Some(word & WHOLE[code])
        };
        self.time = self.time.wrapping_add(unzigzag(number()?));
        let mut facts = [0; MOST_NUMBERS];
        for fact in &mut facts[..F::NUMBERS] {
            *fact = number()?;
        }
        Some((KeptKey::read(bytes), Kept { time: self.time, fact: F::of(&facts) }, at))
    }
}

/// The key of the entry that `bytes` begins with, and the entry's length; what else it says is
/// passed over.
#[inline]
pub(crate) fn skip<F: Fact>(bytes: &[u8]) -> Option<(KeptKey, usize)> {
    /// Bytes of three numbers together.
    const OF_THREE: [u8; 512] = {
        let mut sums = [0; 512];
        let mut codes = 0;
        while codes < 512 {
            sums[codes] = LENGTHS[codes & 7] + LENGTHS[codes >> 3 & 7] + LENGTHS[codes >> 6];
            codes += 1;
        }
        sums
    };
    let bytes = bytes.first_chunk::<LONGEST>()?;
    let mut lengths = lengths::<F>(bytes);
    let mut length = KEY + head::<F>();
    for _ in 0..numbers::<F>().div_ceil(3) {
        length += usize::from(OF_THREE[(lengths & 511) as usize]);
        lengths >>= 9;
    }
    Some((KeptKey::read(bytes), length))
}

/// The codes of all numbers' lengths.
#[inline]
fn lengths<F: Fact>(bytes: &[u8; LONGEST]) -> u32 {
    let &[_, _, _, _, _, _, _, _, _, _, a, b, c, d, ..] = bytes;
    u32::from_le_bytes([a, b, c, d]) & ((1 << (3 * numbers::<F>())) - 1)
}

/// How many bytes a number has, none for nought: the code, and how many are written. Of seven, one
/// more is.
#[inline]
const fn length_of(number: u64) -> (u32, usize) {
    let length = 8 - number.leading_zeros() / 8;
    if length >= 7 { (7, 8) } else { (length, length as usize) }
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
                (any::<u128>(), any::<i64>(), prop::array::uniform3(number())),
                1..20,
            ),
        ) {
            let mut bytes = Vec::new();
            let mut before = Before::default();
            for &(key, time, fact) in &entries {
                let mut room = [0xa5; LONGEST];
                let kept = Kept { time, fact: Three(fact) };
                let length = before.write(&mut room, JoinKey(key), &kept);
                bytes.extend_from_slice(&room[..length]);
            }
            bytes.extend_from_slice(&[0xa5; AFTER]);
            let (mut before, mut at) = (Before::default(), 0);
            for &(key, time, fact) in &entries {
                let (found, kept, length) = before.read::<Three>(&bytes[at..]).unwrap();
                prop_assert_eq!(skip::<Three>(&bytes[at..]), Some((found, length)));
                at += length;
                prop_assert_eq!(found.key().0, key & ((1 << 80) - 1));
                prop_assert_eq!((kept.time, kept.fact), (time, Three(fact)));
            }
            prop_assert_eq!(at + AFTER, bytes.len());
        }
    }

    #[test]
    fn what_is_no_whole_entry_is_none() {
        for bytes in [&b""[..], &[0xff; 17], &[0x88; LONGEST - 1]] {
            assert!(Before::default().read::<Three>(bytes).is_none());
            assert!(skip::<Three>(bytes).is_none());
        }
    }
}

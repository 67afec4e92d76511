//! The bytes inside a column chunk, as Apache Parquet's Encodings.md specifies them.

/// No entry of a dictionary: the row has no value.
pub(crate) const NONE: u32 = u32::MAX;

/// Bits that numbers up to `largest` need.
pub(super) const fn width(largest: u32) -> u32 {
    u32::BITS - largest.leading_zeros()
}

/// The run-length and bit-packing hybrid: one run when all numbers are the same, else all of them
/// packed. What repeats among packed ones is left to the compressor.
pub(super) fn hybrid(numbers: &[u32], width: u32, out: &mut Vec<u8>) {
    let Some(&first) = numbers.first() else { return };
    if numbers.iter().all(|number| *number == first) {
        return alike(first, numbers.len(), width, out);
    }
    let groups = numbers.len().div_ceil(8);
    crate::varint::write((groups as u64) << 1 | 1, out);
    let from = out.len();
    packed(numbers, width, out);
    // Groups of eight numbers are whole.
    out.resize(from + groups * width as usize, 0);
}

fn alike(number: u32, count: usize, width: u32, out: &mut Vec<u8>) {
    crate::varint::write((count as u64) << 1, out);
    out.extend_from_slice(&number.to_le_bytes()[..width.div_ceil(8) as usize]);
}

/// Numbers of `width` bits one after the other, the lowest bit first.
fn packed(numbers: &[u32], width: u32, out: &mut Vec<u8>) {
    out.reserve(numbers.len() * width as usize / 8 + 8);
    // Eight numbers are whole bytes; four of up to sixteen bits are one word.
    let (groups, rest) = if width <= 16 { numbers.as_chunks::<8>() } else { (&[][..], numbers) };
    let word = |four: &[u32]| {
        four.iter().rev().fold(0_u64, |word, &number| word << width | u64::from(number))
    };
    for eight in groups {
        let (low, high) = eight.split_at(4);
        let bits = u128::from(word(low)) | u128::from(word(high)) << (4 * width);
        out.extend_from_slice(&bits.to_le_bytes()[..width as usize]);
    }
    let (mut word, mut filled) = (0_u64, 0);
    for &number in rest {
        word |= u64::from(number) << filled;
        filled += width;
        if filled >= 32 {
            out.extend_from_slice(&(word as u32).to_le_bytes());
            word >>= 32;
            filled -= 32;
        }
    }
    out.extend_from_slice(&word.to_le_bytes()[..filled.div_ceil(8) as usize]);
}

/// Flags, a bit each, the lowest first.
pub(super) fn flags(flags: &[bool], out: &mut Vec<u8>) {
    out.extend(
        flags
            .chunks(8)
            .map(|flags| flags.iter().rev().fold(0, |byte, &flag| byte << 1 | u8::from(flag))),
    );
}

/// Levels of a data page, which are 0 or 1: their length, then the hybrid.
pub(super) fn levels(levels: &[bool], out: &mut Vec<u8>) {
    let Some(&first) = levels.first() else { return levels_alike(0, 0, out) };
    if levels.iter().all(|level| *level == first) {
        return levels_alike(u32::from(first), levels.len(), out);
    }
    with_length(out, |out| {
        crate::varint::write((levels.len().div_ceil(8) as u64) << 1 | 1, out);
        flags(levels, out);
    });
}

/// The same, where all are the same.
pub(super) fn levels_alike(level: u32, count: usize, out: &mut Vec<u8>) {
    with_length(out, |out| {
        if count > 0 {
            alike(level, count, 1, out);
        }
    });
}

fn with_length(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out);
    let len = (out.len() - at - 4) as u32;
    out[at..at + 4].copy_from_slice(&len.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_example_of_the_specification() {
        let mut out = Vec::new();
        packed(&[0, 1, 2, 3, 4, 5, 6, 7], 3, &mut out);
        assert_eq!(out, [0b1000_1000, 0b1100_0110, 0b1111_1010]);
    }

    /// What the specification says a reader does.
    fn read(bytes: &[u8], width: u32, count: usize) -> Vec<u32> {
        let mut rest = bytes;
        let header = crate::varint::read(&mut rest).unwrap();
        if header & 1 == 0 {
            let mut number = [0; 4];
            number[..rest.len()].copy_from_slice(rest);
            return vec![u32::from_le_bytes(number); (header >> 1) as usize];
        }
        assert_eq!(rest.len() as u64, (header >> 1) * u64::from(width));
        let bit = |at: usize| u32::from(rest[at / 8] >> (at % 8) & 1);
        let number = |n: usize| (0..width).map(|b| bit(n * width as usize + b as usize) << b).sum();
        (0..count).map(number).collect()
    }

    proptest! {
        #[test]
        fn numbers_come_back(bits in 1_u32..=32, seeds in prop::collection::vec(any::<u32>(), 1..200)) {
            let numbers: Vec<u32> = seeds.iter().map(|seed| seed & (u32::MAX >> (32 - bits))).collect();
            let mut out = Vec::new();
            hybrid(&numbers, bits, &mut out);
            prop_assert_eq!(read(&out, bits, numbers.len()), numbers);
        }

        #[test]
        fn one_number_is_one_run(number in 0_u32..1 << 20, count in 1_usize..100_000) {
            let mut out = Vec::new();
            let width = width(number);
            hybrid(&vec![number; count], width, &mut out);
            prop_assert!(out.len() <= 7);
            prop_assert_eq!(read(&out, width, count), vec![number; count]);
        }
    }
}

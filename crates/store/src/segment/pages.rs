//! The bytes inside a column chunk, as Apache Parquet's Encodings.md specifies them.

/// No entry of a dictionary: the row has no value.
pub(crate) const NONE: u32 = u32::MAX;

/// Bits that numbers up to `largest` need.
pub(super) const fn width(largest: u32) -> u32 {
    u32::BITS - largest.leading_zeros()
}

/// The run-length and bit-packing hybrid: one run when all numbers are the same, else all of them
/// packed. What repeats among packed ones is left to the compressor.
pub(super) fn hybrid(numbers: impl Iterator<Item = u32> + Clone, width: u32, out: &mut Vec<u8>) {
    let mut rest = numbers.clone();
    let Some(first) = rest.next() else { return };
    if rest.all(|number| number == first) {
        let count = numbers.count() as u64;
        crate::varint::write(count << 1, out);
        out.extend_from_slice(&first.to_le_bytes()[..width.div_ceil(8) as usize]);
        return;
    }
    let count = numbers.clone().count() as u64;
    crate::varint::write(count.div_ceil(8) << 1 | 1, out);
    let from = out.len();
    packed(numbers, width, out);
    // Groups of eight numbers are whole.
    out.resize(from + count.div_ceil(8) as usize * width as usize, 0);
}

/// Numbers of `width` bits one after the other, the lowest bit first.
pub(super) fn packed(numbers: impl Iterator<Item = u32>, width: u32, out: &mut Vec<u8>) {
    let (mut word, mut filled) = (0_u64, 0);
    for number in numbers {
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

/// Levels of a data page: their length, then the hybrid.
pub(super) fn levels(levels: impl Iterator<Item = u32> + Clone, width: u32, out: &mut Vec<u8>) {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    hybrid(levels, width, out);
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
        packed(0..8, 3, &mut out);
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
        fn numbers_come_back(bits in 1_u32..=20, seeds in prop::collection::vec(any::<u32>(), 1..200)) {
            let numbers: Vec<u32> = seeds.iter().map(|seed| seed & ((1 << bits) - 1)).collect();
            let mut out = Vec::new();
            hybrid(numbers.iter().copied(), bits, &mut out);
            prop_assert_eq!(read(&out, bits, numbers.len()), numbers);
        }

        #[test]
        fn one_number_is_one_run(number in 0_u32..1 << 20, count in 1_usize..100_000) {
            let mut out = Vec::new();
            let width = width(number);
            hybrid(std::iter::repeat_n(number, count), width, &mut out);
            prop_assert!(out.len() <= 7);
            prop_assert_eq!(read(&out, width, count), vec![number; count]);
        }
    }
}

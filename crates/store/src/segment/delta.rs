//! The encoding DELTA_BINARY_PACKED, as Apache Parquet's Encodings.md specifies it.

use crate::varint;

/// Numbers of a block.
const BLOCK: usize = 128;
/// Numbers of a block that share a width.
const GROUP: usize = 32;

/// Appends these numbers.
pub(super) fn write(numbers: &[i64], out: &mut Vec<u8>) {
    varint::write(BLOCK as u64, out);
    varint::write((BLOCK / GROUP) as u64, out);
    varint::write(numbers.len() as u64, out);
    varint::write(zigzag(numbers.first().copied().unwrap_or(0)), out);
    blocks(numbers, |block| {
        varint::write(zigzag(block.least), out);
        out.extend_from_slice(&block.widths);
        for (group, width) in block.above.as_chunks::<GROUP>().0.iter().zip(block.widths) {
            pack(group, u32::from(width), out);
        }
    });
}

/// About how many bits [`write`] makes of them.
pub(super) fn bits(numbers: &[i64]) -> u64 {
    let mut bits = 0;
    blocks(numbers, |block| {
        bits += 80 + block.widths.iter().map(|width| u64::from(*width) * GROUP as u64).sum::<u64>();
    });
    bits
}

/// The differences of up to [`BLOCK`] numbers to those before them.
struct Block {
    least: i64,
    /// Of each group; 0 for one without a number.
    widths: [u8; BLOCK / GROUP],
    /// How far each is above the least one; 0 where there is no number.
    above: [u64; BLOCK],
}

fn blocks(numbers: &[i64], mut each: impl FnMut(&Block)) {
    let mut block = Block { least: 0, widths: [0; BLOCK / GROUP], above: [0; BLOCK] };
    let mut from = 1;
    while from < numbers.len() {
        let len = BLOCK.min(numbers.len() - from);
        let (these, before) = (&numbers[from..from + len], &numbers[from - 1..from - 1 + len]);
        let mut apart = [0_i64; BLOCK];
        for ((apart, this), before) in apart.iter_mut().zip(these).zip(before) {
            *apart = this.wrapping_sub(*before);
        }
        block.least = apart[..len].iter().copied().min().unwrap_or(0);
        // What is past the end is as the least one, and takes no bit.
        apart[len..].fill(block.least);
        for (above, apart) in block.above.iter_mut().zip(apart) {
            *above = apart.wrapping_sub(block.least).cast_unsigned();
        }
        for (width, group) in block.widths.iter_mut().zip(block.above.as_chunks::<GROUP>().0) {
            let used = group.iter().fold(0, |used, above| used | above);
            *width = (u64::BITS - used.leading_zeros()) as u8;
        }
        each(&block);
        from += len;
    }
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

/// Numbers of `width` bits one after the other, the lowest bit first.
fn pack(numbers: &[u64; GROUP], width: u32, out: &mut Vec<u8>) {
    let mut packed = [0_u8; GROUP * 8];
    let (mut word, mut filled, mut at) = (0_u64, 0, 0);
    for &number in numbers {
        word |= number << filled;
        filled += width;
        if filled >= u64::BITS {
            packed[at..at + 8].copy_from_slice(&word.to_le_bytes());
            at += 8;
            filled -= u64::BITS;
            // What of the number did not fit.
            word = if filled == 0 { 0 } else { number >> (width - filled) };
        }
    }
    packed[at..].iter_mut().zip(word.to_le_bytes()).for_each(|(byte, of)| *byte = of);
    out.extend_from_slice(&packed[..GROUP * width as usize / 8]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the specification says a reader does.
    fn read(mut bytes: &[u8]) -> Vec<i64> {
        let unzigzag = |number: u64| (number >> 1).cast_signed() ^ -(number & 1).cast_signed();
        let next = |bytes: &mut &[u8]| varint::read(bytes).unwrap();
        let (block, groups) = (next(&mut bytes) as usize, next(&mut bytes) as usize);
        let (count, first) = (next(&mut bytes) as usize, unzigzag(next(&mut bytes)));
        let mut numbers = vec![first];
        while numbers.len() < count {
            let least = unzigzag(next(&mut bytes));
            let (widths, rest) = bytes.split_at(groups);
            bytes = rest;
            for &width in widths {
                if numbers.len() >= count {
                    break;
                }
                let len = block / groups;
                let (group, rest) = bytes.split_at(len * usize::from(width) / 8);
                bytes = rest;
                let bit = |at: usize| u64::from(group[at / 8] >> (at % 8) & 1);
                for n in 0..len {
                    let width = usize::from(width);
                    let above: u64 = (0..width).map(|b| bit(n * width + b) << b).sum();
                    let before = *numbers.last().unwrap();
                    numbers.push(before.wrapping_add(least).wrapping_add(above.cast_signed()));
                }
            }
        }
        assert!(bytes.is_empty());
        numbers.truncate(count);
        numbers
    }

    #[test]
    fn none_are_none() {
        let mut out = Vec::new();
        write(&[], &mut out);
        assert_eq!((out.len(), read(&out)), (5, vec![]));
        assert_eq!(bits(&[7]), 0);
    }

    proptest! {
        #[test]
        fn numbers_come_back(
            seeds in prop::collection::vec(any::<i64>(), 1..400),
            shift in 0_u32..64,
        ) {
            let numbers: Vec<i64> = seeds.iter().map(|seed| seed >> shift).collect();
            let mut out = Vec::new();
            write(&numbers, &mut out);
            prop_assert_eq!(read(&out), numbers);
        }
    }
}

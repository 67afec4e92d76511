//! LEB128: seven bits a byte, the lowest first, the top bit says that more follow.

pub(crate) fn write(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// How many bytes a number takes.
pub(crate) const fn len(value: u64) -> usize {
    (u64::BITS - (value | 1).leading_zeros()).div_ceil(7) as usize
}

/// Takes one number off the front; `None` at the end or when it is cut short.
#[inline]
pub(crate) fn read(bytes: &mut &[u8]) -> Option<u64> {
    match **bytes {
        [byte @ 0..0x80, ref rest @ ..] => {
            *bytes = rest;
            Some(u64::from(byte))
        }
        _ => read_long(bytes),
    }
}

fn read_long(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn comes_back(seeds: Vec<(u64, u32)>) {
            let values: Vec<u64> = seeds.iter().map(|(seed, by)| seed >> (by % 64)).collect();
            let mut bytes = Vec::new();
            values.iter().for_each(|&value| write(value, &mut bytes));
            prop_assert_eq!(values.iter().map(|&value| len(value)).sum::<usize>(), bytes.len());
            let mut rest = &bytes[..];
            let read: Vec<u64> = std::iter::from_fn(|| read(&mut rest)).collect();
            prop_assert_eq!(read, values);
            prop_assert!(rest.is_empty());
        }
    }
}

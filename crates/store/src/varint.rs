//! LEB128: seven bits a byte, the lowest first, the top bit says that more follow.

pub(crate) fn write(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Takes one number off the front; `None` at the end or when it is cut short.
pub(crate) fn read(bytes: &mut &[u8]) -> Option<u64> {
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
        fn comes_back(values: Vec<u64>) {
            let mut bytes = Vec::new();
            values.iter().for_each(|&value| write(value, &mut bytes));
            let mut rest = &bytes[..];
            let read: Vec<u64> = std::iter::from_fn(|| read(&mut rest)).collect();
            prop_assert_eq!(read, values);
            prop_assert!(rest.is_empty());
        }
    }
}

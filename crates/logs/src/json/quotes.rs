//! The search that a line of JSON mostly consists of.

/// The first `"` or `\`.
///
/// Most texts in a log are short: the first 40 bytes (a UUID and its quote) are searched here, eight
/// at a time; beyond, the call to a wider search pays.
#[inline]
pub(super) fn quote_or_backslash(text: &[u8]) -> Option<usize> {
    let mut rest = text;
    for passed in [0, 8, 16, 24, 32] {
        let Some((chunk, after)) = rest.split_first_chunk::<8>() else {
            return rest.iter().position(|b| matches!(b, b'"' | b'\\')).map(|at| passed + at);
        };
        let word = u64::from_le_bytes(*chunk);
        let found = zero_bytes(word ^ every_byte(b'"')) | zero_bytes(word ^ every_byte(b'\\'));
        if found != 0 {
            return Some(passed + found.trailing_zeros() as usize / 8);
        }
        rest = after;
    }
    memchr::memchr2(b'"', b'\\', rest).map(|at| 40 + at)
}

const fn every_byte(b: u8) -> u64 {
    u64::from_le_bytes([b; 8])
}

/// The top bit of each byte that is zero; bytes after the first such one may be marked wrongly.
const fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(every_byte(0x01)) & !word & every_byte(0x80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_first_at_any_place_among_any_bytes() {
        for around in [b'a', 0, 0x21, 0x23, 0x5b, 0x5d, 0xa2, 0xdc, 0xff] {
            for len in 0..80 {
                let mut text = vec![around; len];
                assert_eq!(quote_or_backslash(&text), None);
                for at in (0..len).rev() {
                    text[at] = if at % 2 == 0 { b'"' } else { b'\\' };
                    assert_eq!(quote_or_backslash(&text), Some(at), "{around} {len}");
                }
            }
        }
    }
}

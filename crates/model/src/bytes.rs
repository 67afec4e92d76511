/// Whether two byte strings are the same: as `==`, without the call that `==` is. What logs repeat
/// is short, and a call costs as much as the compare.
#[inline]
pub fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match (a.last_chunk::<8>(), b.last_chunk::<8>()) {
        (Some(last_a), Some(last_b)) => {
            let (words_a, words_b) = (a.as_chunks::<8>().0, b.as_chunks::<8>().0);
            words_a.iter().zip(words_b).all(|(a, b)| word(a) == word(b))
                // What is left over, and some of what came before it.
                && word(last_a) == word(last_b)
        }
        _ => short_word(a) == short_word(b),
    }
}

/// Up to eight bytes as a little-endian number; where there are fewer, zeros follow. Of more, the
/// first eight.
#[inline]
pub fn first_word(bytes: &[u8]) -> u64 {
    match bytes.first_chunk::<8>() {
        Some(chunk) => word(chunk),
        None => short_word(bytes),
    }
}

#[inline]
fn word(bytes: &[u8; 8]) -> u64 {
    u64::from_le_bytes(*bytes)
}

/// The same for less than eight bytes: the first few and the last few, one over the other.
#[inline]
fn short_word(bytes: &[u8]) -> u64 {
    let length = bytes.len();
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let last = u64::from(u32::from_le_bytes(*last)) << (8 * (length - 4));
        return u64::from(u32::from_le_bytes(*first)) | last;
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<2>(), bytes.last_chunk::<2>()) {
        let last = u64::from(u16::from_le_bytes(*last)) << (8 * (length - 2));
        return u64::from(u16::from_le_bytes(*first)) | last;
    }
    bytes.first().map_or(0, |&b| u64::from(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_what_is_equal() {
        let text: Vec<u8> = (1..=40).collect();
        for length in 0..=text.len() {
            let a = &text[..length];
            assert!(same_bytes(a, &[a].concat()));
            for at in 0..length {
                let mut b = a.to_vec();
                b[at] ^= 0x80;
                assert!(!same_bytes(a, &b), "{length} {at}");
            }
            for shorter in 0..length {
                assert!(!same_bytes(a, &a[..shorter]) && !same_bytes(&a[..shorter], a));
            }
        }
    }

    #[test]
    fn a_word_is_its_bytes() {
        for length in 0..=8 {
            let bytes = &[1, 2, 3, 4, 5, 6, 7, 8][..length];
            let mut expected = [0; 8];
            expected[..length].copy_from_slice(bytes);
            assert_eq!(first_word(bytes), u64::from_le_bytes(expected));
        }
        assert_eq!(first_word(b"0123456789"), u64::from_le_bytes(*b"01234567"));
    }
}

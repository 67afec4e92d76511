//! Short searches and compares: most fields are shorter than the run-up of a vector search.

use memchr::{memchr, memchr2, memchr3};

/// The text that ends a field, compared eight bytes at once.
#[derive(Debug)]
pub(super) struct Tag {
    bytes: u64,
    mask: u64,
    /// What is beyond eight bytes.
    more: Box<[u8]>,
    pub(super) length: usize,
}

impl Tag {
    /// `None` for a text with a NUL in it, which looks like the end of a line here.
    pub(super) fn new(text: &[u8]) -> Option<Self> {
        let (head, more) = text.split_at(text.len().min(8));
        let mask = head.iter().fold(0, |mask: u64, _| mask << 8 | 0xff);
        let tag = Self { bytes: word(head), mask, more: more.into(), length: text.len() };
        (!head.contains(&0)).then_some(tag)
    }

    /// Whether `rest` begins with it.
    #[inline(always)]
    pub(super) fn leads(&self, rest: &[u8]) -> bool {
        word(rest) & self.mask == self.bytes
            && (self.more.is_empty() || rest[8..].starts_with(&self.more))
    }
}

/// The first eight bytes as a little-endian number; where there are fewer, zeros follow.
#[inline(always)]
fn word(rest: &[u8]) -> u64 {
    match rest.first_chunk::<8>() {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => short_word(rest),
    }
}

/// The same for less than eight bytes: the first few and the last few, one over the other.
#[inline]
fn short_word(rest: &[u8]) -> u64 {
    let length = rest.len();
    if let (Some(first), Some(last)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        let last = u64::from(u32::from_le_bytes(*last)) << (8 * (length - 4));
        return u64::from(u32::from_le_bytes(*first)) | last;
    }
    if let (Some(first), Some(last)) = (rest.first_chunk::<2>(), rest.last_chunk::<2>()) {
        let last = u64::from(u16::from_le_bytes(*last)) << (8 * (length - 2));
        return u64::from(u16::from_le_bytes(*first)) | last;
    }
    rest.first().map_or(0, |&b| u64::from(b))
}

/// How many words are looked at one by one.
const WORDS: usize = 3;

/// Where any of up to three bytes first is.
#[inline]
pub(super) fn find_any<const N: usize>(rest: &[u8], bytes: [u8; N]) -> Option<usize> {
    let wanted = bytes.map(spread);
    for (number, word) in rest.as_chunks::<8>().0.iter().take(WORDS).enumerate() {
        let word = u64::from_le_bytes(*word);
        let hits = wanted.iter().fold(0, |hits, wanted| hits | zeros(word ^ wanted));
        if hits != 0 {
            return Some(number * 8 + first(hits));
        }
    }
    let from = rest.len().min(WORDS * 8) & !7;
    let rest = &rest[from..];
    let at = match *bytes.as_slice() {
        [a] => memchr(a, rest),
        [a, b] => memchr2(a, b, rest),
        [a, b, c] => memchr3(a, b, c, rest),
        _ => rest.iter().position(|b| bytes.contains(b)),
    };
    at.map(|at| from + at)
}

const fn spread(byte: u8) -> u64 {
    byte as u64 * 0x0101_0101_0101_0101
}

/// The high bit of each byte that is zero. Above the lowest such byte there may be false ones.
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(spread(1)) & !word & spread(0x80)
}

/// The number of the lowest byte that has a hit.
const fn first(hits: u64) -> usize {
    hits.trailing_zeros() as usize / 8
}

/// How many digits there are, and their number; of more than nineteen, some number.
#[inline(always)]
pub(super) fn digits(rest: &[u8]) -> (usize, u64) {
    // Nearly every number has less than eight digits, and no loop tells when they end.
    let word = word(rest) ^ spread(b'0');
    let others = (word.wrapping_add(spread(0x76)) | word) & spread(0x80);
    match first(others) {
        0 => return (0, 0),
        length @ 1..=7 => return (length, eight_digits(word << (64 - 8 * length))),
        _ => {}
    }
    let mut number = 0u64;
    for (length, b) in rest.iter().enumerate() {
        let digit = b.wrapping_sub(b'0');
        if digit > 9 {
            return (length, number);
        }
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
    }
    (rest.len(), number)
}

/// The number of eight digits, the first in the lowest byte: pairs, then fours, then all.
const fn eight_digits(digits: u64) -> u64 {
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    (fours * 10_000 + (fours >> 32)) & 0xffff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_a_search_finds() {
        let text: Vec<u8> = (0..200u32).map(|n| (n * n % 251) as u8).collect();
        for start in 0..text.len() {
            let rest = &text[start..];
            for byte in [0, 1, 4, 127, 128, 200, 250, 255] {
                assert_eq!(find_any(rest, [byte]), memchr(byte, rest), "{byte} from {start}");
                let any = memchr2(byte, 9, rest);
                assert_eq!(find_any(rest, [byte, 9]), any, "{byte} or 9 from {start}");
                let any = memchr3(byte, 9, 77, rest);
                assert_eq!(find_any(rest, [byte, 9, 77]), any, "{byte}, 9 or 77 from {start}");
            }
        }
    }

    #[test]
    fn reads_numbers_of_any_length() {
        for length in 0..=20 {
            let text = &b"98765432109876543210"[..length];
            for after in ["", " ", "/", ":", "\u{e9}\u{ff}", " \" 123456789", "x........."] {
                let line = [text, after.as_bytes()].concat();
                let (found, number) = digits(&line);
                assert_eq!(found, length, "{}", line.escape_ascii());
                if (1..=19).contains(&length) {
                    let expected: u64 = std::str::from_utf8(text).unwrap().parse().unwrap();
                    assert_eq!(number, expected, "{}", line.escape_ascii());
                }
            }
        }
        assert_eq!(digits(b"00042 \"....."), (5, 42));
    }

    #[test]
    fn a_tag_is_its_text() {
        let line = b"\0\"abc\" \"def\" 12\0\0";
        for start in 0..line.len() {
            for end in start..line.len() {
                let tag = Tag::new(&line[start..end]);
                assert_eq!(tag.is_none(), line[start..end].iter().take(8).any(|b| *b == 0));
                let Some(tag) = tag else { continue };
                for at in 0..=line.len() {
                    let is = line[at..].starts_with(&line[start..end]);
                    assert_eq!(tag.leads(&line[at..]), is, "{start}..{end} at {at}");
                }
            }
        }
    }
}

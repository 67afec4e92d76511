//! Short compares and numbers: most fields are shorter than a loop takes to begin.

use dolmen_model::first_word as word;

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

const fn spread(byte: u8) -> u64 {
    byte as u64 * 0x0101_0101_0101_0101
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

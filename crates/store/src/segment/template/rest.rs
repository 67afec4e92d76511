//! What is left of a line, read eight or sixteen bytes at a time.

/// A line from a place on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rest<'l> {
    line: &'l [u8],
    /// At most the line's length.
    at: usize,
}

/// How many bytes [`Rest::both`] reads.
pub(super) const BOTH: usize = 16;

const EACH: u64 = 0x0101_0101_0101_0101;

impl<'l> Rest<'l> {
    #[inline]
    pub(super) fn of(line: &'l [u8]) -> Self {
        Self { line, at: 0 }
    }

    #[inline]
    pub(super) fn len(self) -> usize {
        self.line.len() - self.at
    }

    #[inline]
    pub(super) fn bytes(self) -> &'l [u8] {
        self.line.get(self.at..).unwrap_or_default()
    }

    /// What is left behind so many bytes; `None` where there are fewer.
    #[inline]
    pub(super) fn after(self, len: usize) -> Option<Self> {
        (len <= self.len()).then(|| Self { line: self.line, at: self.at + len })
    }

    /// Whether it begins with `text`.
    #[inline]
    pub(super) fn begins(self, text: &[u8]) -> bool {
        // What begins at the same place in memory and is no longer is the same text.
        let is_here = text.as_ptr().addr() == self.line.as_ptr().addr() + self.at;
        (is_here && text.len() <= self.len()) || self.bytes().starts_with(text)
    }

    /// The next sixteen bytes, the first ones lowest; zeros past the end.
    #[inline]
    pub(super) fn both(self) -> u128 {
        match self.bytes().first_chunk() {
            Some(bytes) => u128::from_le_bytes(*bytes),
            None => self.last(),
        }
    }

    /// The same near the end.
    #[inline]
    fn last(self) -> u128 {
        let len = self.len();
        match self.line.last_chunk() {
            _ if len == 0 => 0,
            Some(bytes) => u128::from_le_bytes(*bytes) >> (8 * (BOTH - len)),
            None => {
                let mut bytes = [0; BOTH];
                bytes[..len].copy_from_slice(self.bytes());
                u128::from_le_bytes(bytes)
            }
        }
    }

    /// The number that it begins with, as decimal writes it, and how many digits that has: no leading
    /// zeros, all digits taken. `None` also for eight digits or more.
    #[inline]
    pub(super) fn short_number(self) -> Option<(u64, usize)> {
        let word = self.both() as u64;
        let len = digits(word);
        let is_plain = word as u8 != b'0' || len == 1;
        (is_plain && (1..8).contains(&len)).then(|| (decimal(word, len), len))
    }

    /// The number that its next `len` bytes (at most seven) say; `None` where they are not all digits.
    #[inline]
    pub(super) fn fixed_number(self, len: usize) -> Option<u64> {
        let word = self.both() as u64;
        match len {
            0 => Some(0),
            1..8 if digits(word) >= len => Some(decimal(word, len)),
            _ => None,
        }
    }
}

/// How many of the bytes of a word, from the lowest on, are digits.
#[inline]
fn digits(word: u64) -> usize {
    let apart = word ^ (EACH * b'0' as u64);
    // The highest bit of each byte that is more than nine.
    let others = (((apart & (EACH * 0x7f)) + EACH * 0x76) | apart) & (EACH * 0x80);
    others.trailing_zeros() as usize / 8
}

/// What the lowest `len` (1 to 8) bytes say, which are digits.
#[inline]
fn decimal(word: u64, len: usize) -> u64 {
    let digits = (word ^ (EACH * b'0' as u64)) << (8 * (8 - len));
    // Zeros in front; then pairs, fours and all eight.
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    (fours * 10_000 + (fours >> 32)) & 0xffff_ffff
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_says_what_slices_say(
            line in "[0-9a/é:]{0,40}",
            at in 0_usize..40,
            len in 0_usize..8,
            text in "[0-9a]{0,3}",
        ) {
            let line = line.as_bytes();
            let rest = Rest::of(line).after(at.min(line.len())).unwrap();
            let bytes = rest.bytes();
            let mut sixteen = [0; BOTH];
            let short = bytes.len().min(BOTH);
            sixteen[..short].copy_from_slice(&bytes[..short]);
            prop_assert_eq!(rest.both().to_le_bytes(), sixteen);
            prop_assert_eq!(rest.begins(text.as_bytes()), bytes.starts_with(text.as_bytes()));
            prop_assert!(rest.begins(&bytes[..len.min(bytes.len())]));
            prop_assert_eq!(rest.after(len).map(Rest::bytes), bytes.get(len..));

            let run = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let number = |len: usize| std::str::from_utf8(&bytes[..len]).unwrap().parse::<u64>();
            let plain = (1..8).contains(&run) && (run == 1 || bytes[0] != b'0');
            let expected = plain.then(|| (number(run).unwrap(), run));
            prop_assert_eq!(rest.short_number(), expected);
            let expected = (len <= run).then(|| number(len).unwrap_or(0));
            prop_assert_eq!(rest.fixed_number(len), expected);
        }
    }
}

//! Where the lines of a block end.

use std::slice::Iter;

use wide::u8x16;

/// How many bytes are looked at together, a bit each.
const TOGETHER: usize = 64;

/// The places of all line ends of a block, one after the other.
///
/// Lines are short: a search that begins anew for each would mostly begin.
#[derive(Debug)]
pub(crate) struct LineEnds<'b> {
    whole: Iter<'b, [u8; TOGETHER]>,
    /// What is left over, until it was looked at.
    rest: Option<&'b [u8]>,
    /// Where the present bytes begin, and which of them are line ends still to be said.
    start: usize,
    hits: u64,
    /// Where the next bytes begin.
    next: usize,
}

impl<'b> LineEnds<'b> {
    /// The line ends of `bytes`.
    pub(crate) fn of(bytes: &'b [u8]) -> Self {
        let (whole, rest) = bytes.as_chunks();
        Self { whole: whole.iter(), rest: Some(rest), start: 0, hits: 0, next: 0 }
    }
}

impl Iterator for LineEnds<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.hits == 0 {
            self.start = self.next;
            self.next += TOGETHER;
            self.hits = match self.whole.next() {
                Some(bytes) => hits(bytes),
                None => {
                    let rest = self.rest.take()?;
                    let mut bytes = [0; TOGETHER];
                    bytes[..rest.len()].copy_from_slice(rest);
                    hits(&bytes)
                }
            };
        }
        let at = self.start + self.hits.trailing_zeros() as usize;
        self.hits &= self.hits - 1;
        Some(at)
    }
}

/// A bit for each byte that ends a line.
#[inline]
fn hits(bytes: &[u8; TOGETHER]) -> u64 {
    let end = u8x16::splat(b'\n');
    let (parts, _) = bytes.as_chunks();
    let hits = |part: &[u8; 16]| u64::from(u8x16::new(*part).simd_eq(end).to_bitmask());
    parts.iter().rev().fold(0, |all, part| all << 16 | hits(part))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_end_is_found_at_any_place() {
        for length in 0..200 {
            let mut bytes = vec![b'\n' ^ 0x80; length];
            assert_eq!(LineEnds::of(&bytes).next(), None);
            for at in 0..length {
                bytes[at] = b'\n';
                assert_eq!(LineEnds::of(&bytes).collect::<Vec<_>>(), [at], "of {length}");
                bytes[at] = b'\n' ^ 1;
            }
        }
    }

    proptest! {
        #[test]
        fn all_ends_are_found(bytes in "[a\\n]{0,400}") {
            let ends = LineEnds::of(bytes.as_bytes());
            let expected = bytes.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            prop_assert!(ends.eq(expected.map(|(at, _)| at)));
        }
    }
}

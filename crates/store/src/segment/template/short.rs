//! Short texts, compared as numbers: a line is made of many, and a call to compare each would cost more
//! than to compare it.

use super::rest::{BOTH, Rest};

/// Up to sixteen bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Short {
    bytes: u128,
    /// Which bits of it count.
    mask: u128,
    len: usize,
}

impl Short {
    /// The first sixteen bytes of `text`, or all of it.
    pub(super) fn of(text: &[u8]) -> Self {
        let len = text.len().min(BOTH);
        let (mut bytes, mut mask) = ([0; BOTH], [0; BOTH]);
        bytes[..len].copy_from_slice(&text[..len]);
        mask[..len].fill(u8::MAX);
        Self { bytes: u128::from_le_bytes(bytes), mask: u128::from_le_bytes(mask), len }
    }

    /// Whether what is left begins with it.
    #[inline]
    pub(super) fn begins(&self, rest: Rest<'_>) -> bool {
        // Past the end there are zeros, which a text may have too.
        (rest.both() ^ self.bytes) & self.mask == 0 && self.len <= rest.len()
    }
}

/// Text between the fields of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Literal {
    text: Box<str>,
    start: Short,
}

impl Literal {
    pub(super) fn new(text: String) -> Self {
        Self { start: Short::of(text.as_bytes()), text: text.into() }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What is left behind it; `None` where something else stands there.
    #[inline]
    pub(super) fn skip<'l>(&self, rest: Rest<'l>) -> Option<Rest<'l>> {
        let is_here = self.start.begins(rest)
            && (self.text.len() <= BOTH || rest.bytes().starts_with(self.text.as_bytes()));
        if is_here { rest.after(self.text.len()) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_says_what_slices_say(
            text in "[ab\0]{0,40}",
            literal in "[ab\0]{0,20}",
            is_start: bool,
            cut in 0_usize..24,
            at in 0_usize..24,
        ) {
            let rest = Rest::of(text.as_bytes()).after(at.min(text.len())).unwrap();
            let text = &text[at.min(text.len())..];
            let literal = match is_start {
                true => text[..cut.min(text.len())].to_owned(),
                false => literal,
            };
            let after = Literal::new(literal.clone()).skip(rest);
            let expected = text.strip_prefix(&literal).map(str::as_bytes);
            prop_assert_eq!(after.map(Rest::bytes), expected);
            if literal.len() <= BOTH {
                let begins = Short::of(literal.as_bytes()).begins(rest);
                prop_assert_eq!(begins, expected.is_some());
            }
        }
    }
}

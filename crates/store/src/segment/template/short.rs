//! Short texts, compared as numbers: a line is made of many, and a call to compare each would cost more
//! than to compare it.

/// Up to sixteen bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Short {
    words: [u64; 2],
    /// Which bits of the words count.
    masks: [u64; 2],
    len: usize,
}

/// How many bytes a [`Short`] has at most.
pub(super) const SHORT: usize = 16;

impl Short {
    /// The first [`SHORT`] bytes of `text`, or all of it.
    pub(super) fn of(text: &[u8]) -> Self {
        let len = text.len().min(SHORT);
        let (mut bytes, mut mask) = ([0; SHORT], [0; SHORT]);
        bytes[..len].copy_from_slice(&text[..len]);
        mask[..len].fill(u8::MAX);
        Self { words: words(bytes), masks: words(mask), len }
    }

    /// Whether `text` begins with it.
    #[inline]
    pub(super) fn begins(&self, text: &[u8]) -> bool {
        let Some(first) = text.first_chunk::<SHORT>() else { return self.begins_shorter(text) };
        let [a, b] = words(*first);
        (a ^ self.words[0]) & self.masks[0] | (b ^ self.words[1]) & self.masks[1] == 0
    }

    /// Near the end of a line.
    fn begins_shorter(&self, text: &[u8]) -> bool {
        text.len() >= self.len && *self == Self::of(&text[..self.len])
    }
}

#[inline]
fn words(bytes: [u8; SHORT]) -> [u64; 2] {
    let both = u128::from_le_bytes(bytes);
    [both as u64, (both >> 64) as u64]
}

/// Text between the fields of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
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

    /// Whether `text` begins with it.
    #[inline]
    pub(super) fn begins(&self, text: &[u8]) -> bool {
        self.start.begins(text)
            && (self.text.len() <= SHORT || text.starts_with(self.text.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_says_what_slices_say(
            text in "[ab]{0,40}",
            literal in "[ab]{0,20}",
            is_start: bool,
            cut in 0_usize..24,
        ) {
            let literal = match is_start {
                true => text[..cut.min(text.len())].to_owned(),
                false => literal,
            };
            let expected = text.starts_with(&literal);
            prop_assert_eq!(Literal::new(literal.clone()).begins(text.as_bytes()), expected);
            if literal.len() <= SHORT {
                prop_assert_eq!(Short::of(literal.as_bytes()).begins(text.as_bytes()), expected);
            }
        }
    }
}

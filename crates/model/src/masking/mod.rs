//! Personal data in what was logged, found and hidden.
//!
//! Card numbers (13 to 19 digits, by Luhn's check digit), IBANs (by country's length and
//! ISO 7064's mod 97, as ISO 13616 wants), e-mail addresses, and what configured patterns fit. A find
//! is replaced by a mask that says what it was: `/card/‹card›/block`. Whatever stands outside the
//! finds stays as it is, byte by byte, so a masked line is still read as a line.
//!
//! Lines are looked at as they were logged: `%40` and `\x40` are an `@` too, and the digits of `%22`
//! belong to no number. What could be a time (1790000000000, 20261127173513), a part of a longer
//! number or an id with letters in it is no card.

mod card;
mod email;
mod iban;
mod place;
#[cfg(test)]
mod tests;
mod unit;

use std::borrow::Cow;
use std::ops::Range;

use regex::bytes::Regex;

use place::Places;
use unit::{Unit, unit_at};

/// Finds personal data and puts masks in its place. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Masking {
    patterns: Vec<Regex>,
}

/// Why a pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MaskingError {
    /// It is no regular expression.
    #[error("this is no regular expression: {0}")]
    Wrong(String),
    /// It fits the empty text, so it fits everywhere.
    #[error("this fits the empty text too, and so every line: say what must be there")]
    FitsNothing,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Card,
    Iban,
    Email,
    /// What a configured pattern fits.
    Configured,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Card, Self::Iban, Self::Email, Self::Configured];

    /// What stands in its place.
    const fn mask(self) -> &'static str {
        match self {
            Self::Card => "‹card›",
            Self::Iban => "‹iban›",
            Self::Email => "‹e-mail›",
            Self::Configured => "‹masked›",
        }
    }
}

/// Where something was found.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Find {
    at: Range<usize>,
    kind: Kind,
}

impl Masking {
    /// Masks cards, IBANs, e-mail addresses, and what this fits as well.
    ///
    /// # Errors
    /// See [`Masking::pattern`]; the first pattern that is wrong.
    pub fn new<'p>(patterns: impl IntoIterator<Item = &'p str>) -> Result<Self, MaskingError> {
        let patterns = patterns.into_iter().map(Self::pattern);
        Ok(Self { patterns: patterns.collect::<Result<_, _>>()? })
    }

    /// A regular expression (the syntax of the `regex` crate). Where it has groups, what they fit is
    /// masked, else all that it fits: `client=(\d+)` leaves `client=`.
    ///
    /// # Errors
    /// Where it cannot be compiled, is too large once compiled, or fits the empty text.
    pub fn pattern(text: &str) -> Result<Regex, MaskingError> {
        let pattern = Regex::new(text).map_err(|error| MaskingError::Wrong(said(&error)))?;
        match pattern.is_match(b"") {
            true => Err(MaskingError::FitsNothing),
            false => Ok(pattern),
        }
    }

    /// A line with masks instead of personal data; as it is where there is none. What is masked stays
    /// so: masking it again changes nothing.
    pub fn mask<'l>(&self, line: &'l [u8]) -> Cow<'l, [u8]> {
        let mut masked = Cow::Borrowed(line);
        // A mask changes what stands beside it, and a pattern may look there (`\bid\d+`). Each time at
        // least one byte more is masked, so it ends.
        while let Some(more) = self.once(&masked) {
            masked = Cow::Owned(more);
        }
        masked
    }

    /// The same for a text.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.mask(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            // A pattern may cut a character in two (`(?-u:.)`).
            Cow::Owned(masked) => Cow::Owned(match String::from_utf8(masked) {
                Ok(masked) => masked,
                Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
            }),
        }
    }

    fn once(&self, line: &[u8]) -> Option<Vec<u8>> {
        let finds = self.finds(line);
        if finds.is_empty() {
            return None;
        }
        let mut masked = Vec::with_capacity(line.len());
        let mut from = 0;
        for Find { at, kind } in finds {
            masked.extend_from_slice(&line[from..at.start]);
            masked.extend_from_slice(kind.mask().as_bytes());
            from = at.end;
        }
        masked.extend_from_slice(&line[from..]);
        Some(masked)
    }

    /// What is to be masked, in order and apart from each other.
    fn finds(&self, line: &[u8]) -> Vec<Find> {
        let masks = masks(line);
        let mut places = Places::outside(&masks);
        let starts = masks.iter().map(|mask| mask.end);
        let ends = masks.iter().map(|mask| mask.start).chain([line.len()]);
        for (from, until) in std::iter::once(0).chain(starts).zip(ends) {
            built_in(&line[from..until], |at, kind| {
                places.add(from + at.start..from + at.end, kind);
            });
        }
        for pattern in &self.patterns {
            if pattern.captures_len() == 1 {
                pattern.find_iter(line).for_each(|found| {
                    places.add(found.range(), Kind::Configured);
                });
                continue;
            }
            for groups in pattern.captures_iter(line) {
                for group in groups.iter().skip(1).flatten() {
                    places.add(group.range(), Kind::Configured);
                }
            }
        }
        places.merged()
    }
}

/// Whether a text has a mask in it, and so is not what was logged.
pub fn has_mask(text: &str) -> bool {
    !masks(text.as_bytes()).is_empty()
}

/// A text that may be asked for: `*`, any text, where there are masks.
pub fn masks_as_wildcards(text: &str) -> String {
    Kind::ALL.iter().fold(text.to_owned(), |text, kind| text.replace(kind.mask(), "*"))
}

/// Masks that stand there already.
fn masks(line: &[u8]) -> Vec<Range<usize>> {
    let mut masks = Vec::new();
    let first = Kind::Card.mask().as_bytes()[0];
    let mut from = 0;
    while let Some(at) = line[from..].iter().position(|&byte| byte == first) {
        let start = from + at;
        let is_there = |kind: &Kind| line[start..].starts_with(kind.mask().as_bytes());
        from = match Kind::ALL.into_iter().find(is_there) {
            Some(kind) => start + kind.mask().len(),
            None => start + 1,
        };
        if from > start + 1 {
            masks.push(start..from);
        }
    }
    masks
}

/// Cards, IBANs and e-mail addresses, from the left.
fn built_in(line: &[u8], mut found: impl FnMut(Range<usize>, Kind)) {
    let mut at = 0;
    let mut before = Before::default();
    while let Some(unit) = unit_at(line, at) {
        let of_word = before.starts_word().then(|| match unit.byte {
            b'0'..=b'9' if !before.is_fraction() => {
                card::end(line, at, &before).map(|end| (at..end, Kind::Card))
            }
            byte if byte.is_ascii_alphabetic() => {
                iban::end(line, at).map(|end| (at..end, Kind::Iban))
            }
            _ => None,
        });
        let of_address = (unit.byte == b'@').then(|| {
            let end = email::domain_end(line, at + unit.len)?;
            Some((before.local?..end, Kind::Email))
        });
        match of_word.flatten().or(of_address.flatten()) {
            Some((range, kind)) => {
                at = range.end;
                before = Before::default();
                found(range, kind);
            }
            None => {
                before.pass(unit, at);
                at += unit.len;
            }
        }
    }
}

/// What stands left of where one looks.
#[derive(Debug, Default)]
struct Before {
    last: Option<u8>,
    one_more: Option<u8>,
    /// Where what may be the local part of an e-mail address begins.
    local: Option<usize>,
}

impl Before {
    fn pass(&mut self, unit: Unit, at: usize) {
        self.local = match email::is_local(unit.byte) {
            true => self.local.or(email::begins_local(unit.byte).then_some(at)),
            false => None,
        };
        (self.one_more, self.last) = (self.last, Some(unit.byte));
    }

    fn starts_word(&self) -> bool {
        !self.last.is_some_and(|byte| byte.is_ascii_alphanumeric())
    }

    /// `0.` before the digits.
    fn is_fraction(&self) -> bool {
        self.is_after_digit(b'.')
    }

    fn is_after_digit(&self, separator: u8) -> bool {
        self.last == Some(separator) && self.one_more.is_some_and(|byte| byte.is_ascii_digit())
    }
}

/// The last line of what the regex crate says: those before draw the pattern.
fn said(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

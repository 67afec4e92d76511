//! Numbers of payment cards (ISO/IEC 7812).

use super::Before;
use super::unit::{goes_on, is_digit, separator_at, unit_at};

const LEAST: usize = 13;
const MOST: usize = 19;

/// The end of the card number that starts here, where one does.
///
/// In one piece, or in groups as cards print them: fours, of which the last may be shorter, or 4-6-4
/// and 4-6-5. Any groups would do worse: the numbers of a log line stand side by side too.
pub(super) fn end(line: &[u8], start: usize, before: &Before) -> Option<usize> {
    let mut number = Number::default();
    let mut at = number.read_group(line, start)?;
    if number.len >= LEAST {
        return (ends(line, at) && number.is_card()).then_some(at);
    }
    let separator = separator_at(line, at).filter(|_| number.len == 4)?;
    // A part of a longer id.
    if separator.byte == b'-' && before.is_after_digit(b'-') {
        return None;
    }
    let mut best = None;
    let mut shape = Shape::First;
    while let Some(next) = separator_at(line, at).filter(|next| next.byte == separator.byte) {
        let read = number.len;
        let Some(end) = number.read_group(line, at + next.len) else { break };
        shape = shape.then(number.len - read);
        if shape == Shape::None {
            break;
        }
        at = end;
        let follows = separator_at(line, at).filter(|next| next.byte == b'-');
        let is_longer = follows.is_some_and(|next| is_digit(line, at + next.len));
        if number.len >= LEAST && !is_longer && ends(line, at) && number.is_card() {
            best = Some(at);
        }
        if shape == Shape::Last {
            break;
        }
    }
    best
}

/// How groups of digits may follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Four digits were read.
    First,
    /// Fours alone.
    Fours,
    /// Four and six.
    FourSix,
    /// There may be no more.
    Last,
    /// No card looks like this.
    None,
}

impl Shape {
    fn then(self, digits: usize) -> Self {
        match (self, digits) {
            (Self::First | Self::Fours, 4) => Self::Fours,
            (Self::First, 6) => Self::FourSix,
            (Self::Fours, 1..=3) | (Self::FourSix, 4 | 5) => Self::Last,
            _ => Self::None,
        }
    }
}

/// Neither a word nor a decimal goes on.
fn ends(line: &[u8], at: usize) -> bool {
    let is_point = unit_at(line, at).filter(|unit| unit.byte == b'.');
    !goes_on(line, at) && !is_point.is_some_and(|point| is_digit(line, at + point.len))
}

#[derive(Default)]
struct Number {
    digits: [u8; MOST],
    len: usize,
}

impl Number {
    /// Reads digits; where they end. `None` where there are none, or more than a card has.
    fn read_group(&mut self, line: &[u8], start: usize) -> Option<usize> {
        let mut at = start;
        while let Some(unit) = unit_at(line, at).filter(|unit| unit.byte.is_ascii_digit()) {
            *self.digits.get_mut(self.len)? = unit.byte - b'0';
            self.len += 1;
            at += unit.len;
        }
        (at > start).then_some(at)
    }

    /// Not a time, and with the right check digit.
    fn is_card(&self) -> bool {
        let digits = &self.digits[..self.len];
        let may_be = match digits {
            // Times since 1970 begin with 1: 13 digits in milliseconds, 16 or 19 in finer ones. Cards
            // that do (of airlines) have 15.
            [1, ..] => self.len == 15,
            // No card begins with 0, nor with 20 as this century's days do.
            [0, ..] | [2, 0, ..] => false,
            _ => true,
        };
        may_be && luhn(digits)
    }
}

/// Luhn's check (ISO/IEC 7812-1, annex B).
fn luhn(digits: &[u8]) -> bool {
    let doubled = |digit: u8| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let weighed = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| u32::from(if place % 2 == 1 { doubled(digit) } else { digit }));
    weighed.sum::<u32>().is_multiple_of(10)
}

//! One field on the quick way.

use dolmen_model::Time;
use memchr::{memchr, memchr2};

use super::find::{Tag, find_any};
use crate::program::assign::Rival;
use crate::program::scan::{Step, goes_on};
use crate::program::{Absent, Class, Program, Slot};
use crate::time::{CLF, Clock};

/// A field, the text after it, and what it means.
#[derive(Debug)]
pub(super) struct QuickStep {
    pub(super) number: usize,
    look: Look,
    /// The first byte of the text after the field.
    first: u8,
    pub(super) after: Tag,
    /// Where to write it at once.
    pub(super) slot: Slot,
    pub(super) rival: Rival,
    /// Whether any other field means the same.
    pub(super) has_rival: bool,
    /// Whether its place is kept, for what is written late.
    pub(super) is_kept: bool,
}

/// How a field's end is found; where its escapes are to be undone, what they begin with.
#[derive(Clone, Copy, Debug)]
enum Look {
    /// At a quote that is not escaped; what escapes begin with, and how many bytes of one could
    /// hold a quote.
    Quoted { mark: u8, length: usize },
    /// At the text after it.
    Text { escapes: Option<u8> },
    /// The same, but not beyond a blank; without escapes.
    Word { may_be_empty: bool, escapes: Option<u8> },
    /// The same, where no list goes on.
    List { escapes: Option<u8> },
    /// At the end of the line.
    Rest { escapes: Option<u8> },
    /// At the first byte that is no digit.
    Digits,
    /// After `17/May/2015:10:05:03 +0000`.
    Clf,
    /// By its class.
    Class(Class),
}

/// A field that was found.
#[derive(Clone, Copy)]
pub(super) struct Measured {
    pub(super) length: usize,
    pub(super) what: What,
}

#[derive(Clone, Copy)]
pub(super) enum What {
    Text,
    /// Text with an escape.
    Escaped,
    /// `-`, or nothing.
    Absent,
    Number(u64),
    Time(Time),
}

impl QuickStep {
    /// `None` for what needs to go back.
    pub(super) fn new(number: usize, step: &Step, program: &Program) -> Option<Self> {
        let first = step.after.first().copied();
        let mark = program.escapes.mark();
        let escapes = step.undoes(program.escapes).then_some(mark);
        let may_be_empty = step.class == Class::Name || program.absent == Absent::Nothing;
        let look = match (step.class, first) {
            _ if step.dash > 0 => return None,
            (Class::Text | Class::List, _) if program.ends_certainly(step) => {
                Look::Quoted { mark, length: if program.escapes.quotes() { 2 } else { 1 } }
            }
            // A field without quotes ends at the first one.
            (Class::Unquoted, Some(b'"')) => Look::Quoted { mark: b'"', length: 0 },
            (Class::Text | Class::Raw, Some(_)) => Look::Text { escapes },
            (Class::List, Some(_)) => Look::List { escapes },
            (Class::Token | Class::Name, Some(_)) => Look::Word { may_be_empty, escapes },
            (Class::Text | Class::Raw, None) if step.is_last && !program.has_tail() => {
                Look::Rest { escapes }
            }
            (class, _) if class.is_open() => return None,
            (Class::Integer, _) => Look::Digits,
            (Class::Clf, _) => Look::Clf,
            (class, _) => Look::Class(class),
        };
        Some(Self {
            number,
            look,
            first: first.unwrap_or_default(),
            after: Tag::new(&step.after),
            slot: Slot::Ignored,
            rival: Rival::Stronger,
            has_rival: false,
            is_kept: false,
        })
    }

    /// The field that `rest` begins with, if the text after it follows.
    #[inline(always)]
    pub(super) fn measure(
        &self,
        rest: &[u8],
        absent: Absent,
        clock: &mut Clock,
    ) -> Option<Measured> {
        // The commonest value of all.
        if let [b'-', after @ ..] = rest
            && self.after.length > 0
            && self.after.leads(after)
            && !matches!(self.look, Look::Class(_))
        {
            return Some(Measured { length: 1, what: What::Absent });
        }
        let mut what = What::Text;
        let length = match self.look {
            Look::Quoted { mark, length } => {
                let mut at = memchr2(b'"', mark, rest)?;
                while rest[at] != b'"' {
                    what = What::Escaped;
                    at += length;
                    at += memchr2(b'"', mark, rest.get(at..)?)?;
                }
                at
            }
            Look::Word { may_be_empty, escapes } => {
                let mark = escapes.unwrap_or(b' ');
                let at = match self.first {
                    b' ' => find_any(rest, [b' ', mark])?,
                    first => find_any(rest, [first, b' ', mark])?,
                };
                if Some(rest[at]) == escapes || (at == 0 && !may_be_empty) {
                    return None;
                }
                at
            }
            Look::Text { escapes } => {
                let at = self.find_after(rest)?;
                what = text(&rest[..at], escapes);
                at
            }
            Look::List { escapes } => {
                let mut at = self.find_after(rest)?;
                while goes_on(&rest[..at], &rest[at..]) {
                    at += 1 + self.find_after(&rest[at + 1..])?;
                }
                what = text(&rest[..at], escapes);
                at
            }
            Look::Rest { escapes } => {
                what = text(rest, escapes);
                rest.len()
            }
            Look::Digits => {
                let (length, number) = digits(rest);
                what = match length {
                    0 if absent == Absent::Nothing => What::Absent,
                    // Any nineteen digits are a number of 64 bits.
                    1..=19 => What::Number(number),
                    _ => return None,
                };
                length
            }
            Look::Clf => {
                what = What::Time(clock.whole_clf(rest.first_chunk()?)?);
                CLF
            }
            Look::Class(class) => {
                let length = class.length(rest, absent).ok()?;
                if matches!(rest[..length], [] | [b'-']) {
                    what = What::Absent;
                }
                length
            }
        };
        self.after.leads(&rest[length..]).then_some(Measured { length, what })
    }

    /// Where the text after the field first stands.
    fn find_after(&self, rest: &[u8]) -> Option<usize> {
        let mut at = find_any(rest, [self.first])?;
        while !self.after.leads(&rest[at..]) {
            at += 1 + memchr(self.first, &rest[at + 1..])?;
        }
        Some(at)
    }
}

fn text(text: &[u8], escapes: Option<u8>) -> What {
    match escapes {
        Some(mark) if memchr(mark, text).is_some() => What::Escaped,
        _ => What::Text,
    }
}

/// How many digits there are, and their number; of more than nineteen, some number.
#[inline(always)]
fn digits(rest: &[u8]) -> (usize, u64) {
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

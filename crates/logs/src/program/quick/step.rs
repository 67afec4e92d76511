//! One field on the quick way.

use dolmen_model::Time;
use memchr::memchr;

use super::find::{Tag, digits};
use crate::program::assign::Rival;
use crate::program::scan::{Step, goes_on};
use crate::program::{Absent, Class, Program, Slot};
use crate::search::find_any;
use crate::time::{CLF, Clock};

/// A field, the text after it, and what it means.
#[derive(Debug)]
pub(super) struct QuickStep {
    pub(super) number: usize,
    pub(super) look: Look,
    class: Class,
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
    /// Whether a `-` that stands for the field is all that there is to know of it: no class looks
    /// into it, and no place of it is kept.
    may_be_dash: bool,
}

/// How a field's end is found; where its escapes are to be undone, what they begin with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Look {
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
    /// At the first byte that is no digit: a number, written as such.
    Digits,
    /// After `17/May/2015:10:05:03 +0000`: a time, written as such.
    Clf,
    /// By its class.
    Class(Class),
}

/// What was found where a text should be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Text,
    Escaped,
    /// `-`, or nothing.
    Absent,
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
            may_be_dash: !step.after.is_empty() && !matches!(look, Look::Class(_)),
            look,
            class: step.class,
            first: first.unwrap_or_default(),
            after: Tag::new(&step.after)?,
            slot: Slot::Ignored,
            rival: Rival::Stronger,
            has_rival: false,
            is_kept: false,
        })
    }

    /// Keeps the field's place, for what is written late.
    pub(super) fn keep(&mut self) {
        (self.is_kept, self.may_be_dash) = (true, false);
        if matches!(self.look, Look::Digits | Look::Clf) {
            self.look = Look::Class(self.class);
        }
    }

    /// Whether a `-` stands for the field, the commonest value of all.
    #[inline(always)]
    pub(super) fn is_dash(&self, rest: &[u8]) -> bool {
        matches!(rest, [b'-', after @ ..] if self.may_be_dash && self.after.leads(after))
    }

    /// The number that `rest` begins with, and how many digits it has.
    #[inline(always)]
    pub(super) fn number(&self, rest: &[u8], absent: Absent) -> Option<(usize, Option<u64>)> {
        let (length, number) = digits(rest);
        let number = match length {
            0 if absent == Absent::Nothing => None,
            // Any nineteen digits are a number of 64 bits.
            1..=19 => Some(number),
            _ => return None,
        };
        self.after.leads(&rest[length..]).then_some((length, number))
    }

    /// The time that `rest` begins with.
    #[inline(always)]
    pub(super) fn time(&self, rest: &[u8], clock: &mut Clock) -> Option<Time> {
        let time = clock.whole_clf(rest.first_chunk()?)?;
        self.after.leads(&rest[CLF..]).then_some(time)
    }

    /// The text that `rest` begins with: its length, and what it is.
    #[inline(always)]
    pub(super) fn text(&self, rest: &[u8], absent: Absent) -> Option<(usize, Found)> {
        let (length, found) = match self.look {
            Look::Quoted { mark, length } => {
                let mut at = find_any(rest, [b'"', mark])?;
                let mut found = Found::Text;
                while rest[at] != b'"' {
                    found = Found::Escaped;
                    at += length;
                    at += find_any(rest.get(at..)?, [b'"', mark])?;
                }
                (at, found)
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
                (at, Found::Text)
            }
            Look::Text { escapes } => {
                let at = self.find_after(rest)?;
                (at, found(&rest[..at], escapes))
            }
            Look::List { escapes } => {
                let mut at = self.find_after(rest)?;
                while goes_on(&rest[..at], &rest[at..]) {
                    at += 1 + self.find_after(&rest[at + 1..])?;
                }
                (at, found(&rest[..at], escapes))
            }
            Look::Rest { escapes } => (rest.len(), found(rest, escapes)),
            Look::Class(class) => {
                let length = class.length(rest, absent).ok()?;
                (length, found(&rest[..length], None))
            }
            Look::Digits | Look::Clf => return None,
        };
        self.after.leads(&rest[length..]).then_some((length, found))
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

fn found(text: &[u8], escapes: Option<u8>) -> Found {
    match escapes {
        _ if text == b"-" => Found::Absent,
        Some(mark) if memchr(mark, text).is_some() => Found::Escaped,
        _ => Found::Text,
    }
}

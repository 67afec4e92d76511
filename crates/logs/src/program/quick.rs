//! The way that nearly every line goes: each field ends where the text after it first stands, and
//! nothing is ever looked at twice.
//!
//! It finds what the scan finds that can go back ([`scan`](super::scan)), or gives up and leaves
//! the line to it.

use memchr::{memchr, memchr2};

use super::scan::{Step, goes_on};
use super::{Absent, Class, Place, Span};
use crate::escape::Escapes;

/// The quick way through a format.
#[derive(Debug)]
pub(super) struct Quick {
    lead: Box<[u8]>,
    steps: Box<[QuickStep]>,
    absent: Absent,
}

#[derive(Debug)]
struct QuickStep {
    look: Look,
    /// The first byte of the text after the field.
    first: u8,
    after: Tag,
    /// What of the text after the field is beyond the tag.
    more: Box<[u8]>,
    /// How long the text after the field is.
    length: usize,
}

/// How a field's end is found; where its escapes are to be undone, what they begin with.
#[derive(Clone, Copy, Debug)]
enum Look {
    /// At a quote that is not escaped.
    Quoted,
    /// At the text after it.
    Text { escapes: Option<u8> },
    /// The same, but not beyond a blank.
    Word { may_be_empty: bool },
    /// The same, where no list goes on.
    List { escapes: Option<u8> },
    /// At the end of the line.
    Rest { escapes: Option<u8> },
    /// At the first byte that is no digit.
    Digits,
    /// By its class.
    Class(Class),
}

impl Quick {
    /// `None` where a format has what needs to go back, or more than one way.
    pub(super) fn new(
        lead: &[u8],
        steps: &[Step],
        has_tail: bool,
        escapes: Escapes,
        absent: Absent,
    ) -> Option<Self> {
        let steps = steps.iter().map(|step| QuickStep::new(step, has_tail, escapes, absent));
        Some(Self { lead: lead.into(), steps: steps.collect::<Option<_>>()?, absent })
    }

    /// Finds where each field lies; `None` when the line is none for the quick way.
    pub(super) fn scan(&self, line: &[u8], spans: &mut Vec<Span>) -> Option<()> {
        let rest = line.strip_prefix(&*self.lead)?;
        let mut at = line.len() - rest.len();
        spans.resize(self.steps.len(), Span { start: 0, end: 0, place: Place::Line });
        for (step, span) in self.steps.iter().zip(spans) {
            let (length, place) = step.measure(line.get(at..)?, self.absent)?;
            *span = Span { start: at, end: at + length, place };
            at += length + step.length;
        }
        (at == line.len()).then_some(())
    }
}

impl QuickStep {
    fn new(step: &Step, has_tail: bool, escapes: Escapes, absent: Absent) -> Option<Self> {
        let first = step.after.first().copied();
        let is_quoted = first == Some(b'"') && escapes.quotes();
        let is_escaped = escapes != Escapes::None && step.class != Class::Raw;
        let escapes = is_escaped.then(|| escapes.mark());
        let look = match step.class {
            _ if step.dash > 0 => return None,
            Class::Text | Class::List if is_quoted => Look::Quoted,
            Class::Text | Class::Raw if first.is_some() => Look::Text { escapes },
            Class::List if first.is_some() => Look::List { escapes },
            Class::Token | Class::Name if first.is_some() => {
                Look::Word { may_be_empty: step.class == Class::Name || absent == Absent::Nothing }
            }
            Class::Text | Class::Raw if step.is_last && !has_tail => Look::Rest { escapes },
            class if class.is_open() => return None,
            Class::Integer => Look::Digits,
            class => Look::Class(class),
        };
        let (head, more) = step.after.split_at(step.after.len().min(8));
        Some(Self {
            look,
            first: first.unwrap_or_default(),
            after: Tag::new(head),
            more: more.into(),
            length: step.after.len(),
        })
    }

    /// How long the field is that begins with `rest`, and whether it has a backslash.
    #[inline]
    fn measure(&self, rest: &[u8], absent: Absent) -> Option<(usize, Place)> {
        // The commonest value of all.
        if let [b'-', after @ ..] = rest
            && self.length > 0
            && self.after.leads(after)
            && self.more.is_empty()
            && !matches!(self.look, Look::Class(_))
        {
            return Some((1, Place::Line));
        }
        let mut place = Place::Line;
        let length = match self.look {
            Look::Quoted => {
                let mut at = memchr2(b'"', b'\\', rest)?;
                while rest[at] == b'\\' {
                    place = Place::Escaped;
                    at += 2;
                    at += memchr2(b'"', b'\\', rest.get(at..)?)?;
                }
                at
            }
            Look::Word { may_be_empty } => {
                let at = if self.first == b' ' {
                    find(rest, b' ')?
                } else {
                    find_either(rest, self.first, b' ')?
                };
                if at == 0 && !may_be_empty {
                    return None;
                }
                at
            }
            Look::Text { escapes } => {
                let at = self.find_after(rest)?;
                return Some((at, place_of(&rest[..at], escapes)));
            }
            Look::List { escapes } => {
                let at = self.find_after(rest)?;
                let (before, after) = rest.split_at(at);
                return (!goes_on(before, after)).then(|| (at, place_of(before, escapes)));
            }
            Look::Rest { escapes } => {
                return Some((rest.len(), place_of(rest, escapes)));
            }
            Look::Digits => {
                let length = rest.iter().position(|b| !b.is_ascii_digit()).unwrap_or(rest.len());
                if length == 0 && absent == Absent::Dash {
                    return None;
                }
                length
            }
            Look::Class(class) => class.length(rest, absent).ok()?,
        };
        self.stands(&rest[length..]).then_some((length, place))
    }

    /// Where the text after the field first stands.
    fn find_after(&self, rest: &[u8]) -> Option<usize> {
        let mut at = find(rest, self.first)?;
        while !self.stands(&rest[at..]) {
            at += 1 + memchr(self.first, &rest[at + 1..])?;
        }
        Some(at)
    }

    /// Whether the text after the field stands here.
    #[inline]
    fn stands(&self, rest: &[u8]) -> bool {
        self.after.leads(rest) && (self.more.is_empty() || rest[8..].starts_with(&self.more))
    }
}

fn place_of(text: &[u8], escapes: Option<u8>) -> Place {
    match escapes {
        Some(mark) if memchr(mark, text).is_some() => Place::Escaped,
        _ => Place::Line,
    }
}

/// Up to eight bytes that are compared at once.
#[derive(Clone, Copy, Debug)]
struct Tag {
    bytes: u64,
    mask: u64,
    length: usize,
}

impl Tag {
    fn new(text: &[u8]) -> Self {
        let mut bytes = [0; 8];
        let mut mask = [0; 8];
        bytes.iter_mut().zip(&mut mask).zip(text).for_each(|((byte, mask), &b)| {
            (*byte, *mask) = (b, 0xff);
        });
        Self {
            bytes: u64::from_le_bytes(bytes),
            mask: u64::from_le_bytes(mask),
            length: text.len(),
        }
    }

    /// Whether `rest` begins with it.
    #[inline]
    fn leads(self, rest: &[u8]) -> bool {
        let (word, is_long_enough) = match rest.first_chunk::<8>() {
            Some(chunk) => (u64::from_le_bytes(*chunk), true),
            None => {
                let word = rest.iter().rev().fold(0, |word, &b| word << 8 | u64::from(b));
                (word, rest.len() >= self.length)
            }
        };
        is_long_enough && word & self.mask == self.bytes
    }
}

/// Fields are short: three words are looked at here, before a search that needs a run-up.
const WORDS: usize = 3;

#[inline]
fn find(rest: &[u8], byte: u8) -> Option<usize> {
    let wanted = spread(byte);
    for (number, word) in rest.as_chunks::<8>().0.iter().take(WORDS).enumerate() {
        let hits = zeros(u64::from_le_bytes(*word) ^ wanted);
        if hits != 0 {
            return Some(number * 8 + first_hit(hits));
        }
    }
    let from = rest.len().min(WORDS * 8) & !7;
    memchr(byte, &rest[from..]).map(|at| from + at)
}

#[inline]
fn find_either(rest: &[u8], a: u8, b: u8) -> Option<usize> {
    let (wanted_a, wanted_b) = (spread(a), spread(b));
    for (number, word) in rest.as_chunks::<8>().0.iter().take(WORDS).enumerate() {
        let word = u64::from_le_bytes(*word);
        let hits = zeros(word ^ wanted_a) | zeros(word ^ wanted_b);
        if hits != 0 {
            return Some(number * 8 + first_hit(hits));
        }
    }
    let from = rest.len().min(WORDS * 8) & !7;
    memchr2(a, b, &rest[from..]).map(|at| from + at)
}

const fn spread(byte: u8) -> u64 {
    byte as u64 * 0x0101_0101_0101_0101
}

/// The high bit of each byte that is zero. Above the lowest such byte there may be false ones.
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(spread(1)) & !word & spread(0x80)
}

const fn first_hit(hits: u64) -> usize {
    hits.trailing_zeros() as usize / 8
}

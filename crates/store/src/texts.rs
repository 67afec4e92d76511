//! Texts of many rows: one after the other, or each different one once.

use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;

use crate::segment::NONE;

/// Texts one after the other; an empty one is a missing one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Texts {
    /// Room for texts of so many bytes together.
    pub(crate) fn with_room(bytes: usize, texts: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), ends: Vec::with_capacity(texts) }
    }

    /// All texts, one after the other.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Those of the rows [from, from + len), one after the other.
    pub(crate) fn stretch(&self, from: usize, len: usize) -> &[u8] {
        let end = |rows: usize| if rows == 0 { 0 } else { self.ends[rows - 1] as usize };
        &self.bytes[end(from)..end(from + len)]
    }

    pub(crate) fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len() as u32);
    }

    /// The text of a row; rows between it and the last one have none.
    pub(crate) fn push_at(&mut self, row: usize, text: &[u8]) {
        self.ends.resize(row, self.bytes.len() as u32);
        self.push(text);
    }

    /// Empty past the last one.
    pub(crate) fn get(&self, row: usize) -> &[u8] {
        if row >= self.ends.len() {
            return b"";
        }
        let (from, end) = self.span(row);
        &self.bytes[from..end]
    }

    /// Where the text of a row that is there begins and ends.
    #[inline]
    fn span(&self, row: usize) -> (usize, usize) {
        let from = if row == 0 { 0 } else { self.ends[row - 1] as usize };
        (from, self.ends[row] as usize)
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Forgets all and keeps the room.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    pub(crate) fn is_all_missing(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// A column of texts, of which an empty one is a missing one. As long as they repeat, each is held
/// once and rows name it by number; when it turns out that they do not, all are held as they come.
#[derive(Debug, Default)]
pub(crate) struct TextColumn {
    texts: Texts,
    /// Of each row its text or [`NONE`], unless texts are held as they come.
    rows: Vec<u32>,
    /// How many rows there were before the first text: of a column without one, all.
    empty: usize,
    holds_all: bool,
    /// Open addressing, at most half of them taken: the number of a text in the lower bits, some of its
    /// hash in the upper ones. Small, because all columns share the near caches.
    slots: Vec<u32>,
    /// The last row's text: many columns say the same row after row.
    last: Last,
}

/// A text that is held once.
#[derive(Clone, Copy, Debug)]
struct Last {
    number: u32,
    /// Where its bytes begin among those of all texts, and how many there are.
    from: u32,
    len: u32,
}

impl Last {
    const NONE: Self = Self { number: NONE, from: 0, len: 0 };
}

impl Default for Last {
    fn default() -> Self {
        Self::NONE
    }
}

/// A slot that holds nothing.
const FREE: u32 = u32::MAX;
/// Bits of a text's number in its slot.
const NUMBER: u32 = 20;
/// The highest number is that of a free slot.
const MOST: usize = (1 << NUMBER) - 1;

/// What a column holds.
pub(crate) enum Held<'c> {
    /// Each text once, and which one each row has; no rows where there is no text.
    Once(&'c Texts, &'c [u32]),
    /// The text of each row.
    AsTheyCome(&'c Texts),
}

/// Texts up to here are held once, however few rows there are: where a block begins, what will
/// repeat has not yet.
const FEW: usize = 6_144;

impl TextColumn {
    #[inline]
    pub(crate) fn push(&mut self, text: &[u8]) {
        if text.is_empty() && self.rows.is_empty() && !self.holds_all {
            self.empty += 1;
        } else {
            self.push_after(text);
        }
    }

    /// The same when there was a text before, or this is one.
    fn push_after(&mut self, text: &[u8]) {
        if self.holds_all {
            return self.texts.push(text);
        }
        if text.is_empty() {
            return self.rows.push(NONE);
        }
        if !self.is_last(text) {
            self.find(text);
        }
        self.rows.push(self.last.number);
        let (texts, rows) = (self.texts.len(), self.rows.len());
        if texts > FEW && (texts > rows / 3 || texts == MOST) {
            self.hold_all();
        }
    }

    #[inline]
    fn is_last(&self, text: &[u8]) -> bool {
        let Last { from, len, .. } = self.last;
        let known = || self.texts.bytes.get(from as usize..(from + len) as usize);
        len as usize == text.len() && known().is_some_and(|known| same(known, text))
    }

    /// Makes a text that is not empty the last one.
    fn find(&mut self, text: &[u8]) {
        let Self { texts, rows, slots, .. } = self;
        if rows.is_empty() {
            rows.resize(self.empty, NONE);
        }
        if slots.len() < 2 * (texts.len() + 1) {
            grow(texts, slots);
        }
        let hash = hash(text);
        let mut at = place(hash, slots);
        let (number, from) = loop {
            let slot = slots[at];
            if slot == FREE {
                let (number, from) = (texts.len() as u32, texts.bytes.len());
                slots[at] = taken(hash, number);
                texts.push(text);
                break (number, from);
            }
            let number = slot & MOST as u32;
            if slot == taken(hash, number) {
                let (from, end) = texts.span(number as usize);
                if same(&texts.bytes[from..end], text) {
                    break (number, from);
                }
            }
            at = (at + 1) & (slots.len() - 1);
        };
        self.last = Last { number, from: from as u32, len: text.len() as u32 };
    }

    pub(crate) fn get(&self, row: usize) -> &[u8] {
        match self.rows.get(row) {
            _ if self.holds_all => self.texts.get(row),
            None | Some(&NONE) => b"",
            Some(&number) => self.texts.get(number as usize),
        }
    }

    /// A number that rows with the same text share, [`NONE`] for a missing one; `None` where texts
    /// are held as they come.
    pub(crate) fn number(&self, row: usize) -> Option<u32> {
        (!self.holds_all).then(|| self.rows.get(row).copied().unwrap_or(NONE))
    }

    pub(crate) fn held(&self) -> Held<'_> {
        match self.holds_all {
            true => Held::AsTheyCome(&self.texts),
            false => Held::Once(&self.texts, &self.rows),
        }
    }

    /// Forgets all and keeps the room.
    pub(crate) fn clear(&mut self) {
        self.texts.clear();
        self.rows.clear();
        self.empty = 0;
        self.slots.fill(FREE);
        self.last = Last::NONE;
        self.holds_all = false;
    }

    fn hold_all(&mut self) {
        let mut all = Texts::with_room(4 * self.texts.bytes.len(), 4 * self.rows.len());
        (0..self.rows.len()).for_each(|row| all.push(self.get(row)));
        (self.texts, self.holds_all) = (all, true);
    }
}

/// Short ones are compared as numbers, which overlap: a call would cost more.
#[inline]
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match a.len() {
        4..=7 => ends::<4>(a) == ends::<4>(b),
        8..=16 => ends::<8>(a) == ends::<8>(b),
        17..=32 => ends::<16>(a) == ends::<16>(b),
        _ => a == b,
    }
}

#[inline]
fn ends<const N: usize>(text: &[u8]) -> Option<(&[u8; N], &[u8; N])> {
    Some((text.first_chunk()?, text.last_chunk()?))
}

fn hash(text: &[u8]) -> u64 {
    FxBuildHasher.hash_one(text)
}

/// Where a text with this hash is looked for first.
#[inline]
fn place(hash: u64, slots: &[u32]) -> usize {
    (hash >> 32) as usize & (slots.len() - 1)
}

/// The slot of a text.
#[inline]
fn taken(hash: u64, number: u32) -> u32 {
    (hash as u32) >> NUMBER << NUMBER | number
}

fn grow(texts: &Texts, slots: &mut Vec<u32>) {
    let len = (slots.len() * 2).max(64);
    slots.clear();
    slots.resize(len, FREE);
    for number in 0..texts.len() {
        let (from, end) = texts.span(number);
        let hash = hash(&texts.bytes[from..end]);
        let mut at = place(hash, slots);
        while slots[at] != FREE {
            at = (at + 1) & (len - 1);
        }
        slots[at] = taken(hash, number as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(texts: impl Iterator<Item = String> + Clone) -> TextColumn {
        let mut column = TextColumn::default();
        texts.clone().for_each(|text| column.push(text.as_bytes()));
        texts.enumerate().for_each(|(row, text)| assert_eq!(column.get(row), text.as_bytes()));
        column
    }

    #[test]
    fn texts_of_any_length_are_compared() {
        for len in 0..70 {
            let text = vec![b'a'; len];
            assert!(same(&text, &text.clone()) && !same(&text, &vec![b'a'; len + 1]));
            for at in 0..len {
                let mut other = text.clone();
                other[at] = b'b';
                assert!(!same(&text, &other), "{len} {at}");
            }
        }
    }

    #[test]
    fn what_repeats_is_held_once() {
        let column = check((0..10_000).map(|n| match n % 7 {
            0 => String::new(),
            n => format!("agent {n}"),
        }));
        let Held::Once(texts, rows) = column.held() else { panic!("they repeat") };
        assert_eq!((texts.len(), rows.len()), (6, 10_000));
    }

    #[test]
    fn what_does_not_repeat_is_held_as_it_comes() {
        let column = check((0..9_000).map(|n| format!("/client/{n}")));
        assert!(matches!(column.held(), Held::AsTheyCome(texts) if texts.len() == 9_000));
        // Half of them repeat, but each text is there only twice.
        let column = check((0..18_000).map(|n| format!("/client/{}", n / 2)));
        assert!(matches!(column.held(), Held::AsTheyCome(_)));
    }
}

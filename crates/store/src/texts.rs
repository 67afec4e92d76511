//! Texts of many rows: one after the other, or each different one once.

use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;

use crate::segment::NONE;

/// Texts one after the other; an empty one is a missing one.
#[derive(Debug, Default)]
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
        let Some(&end) = self.ends.get(row) else { return b"" };
        let from = if row == 0 { 0 } else { self.ends[row - 1] as usize };
        &self.bytes[from..end as usize]
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
    /// Open addressing: half of a text's hash, and its number.
    slots: Vec<(u32, u32)>,
}

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
        let Self { texts, rows, slots, .. } = self;
        if self.holds_all {
            return texts.push(text);
        }
        if text.is_empty() {
            return rows.push(NONE);
        }
        // Many columns say the same row after row.
        if let Some(&last) = rows.last()
            && last != NONE
            && same(texts.get(last as usize), text)
        {
            return rows.push(last);
        }
        if rows.is_empty() {
            rows.resize(self.empty, NONE);
        }
        if slots.len() < 2 * (texts.len() + 1) {
            grow(texts, slots);
        }
        let hash = hash(text);
        let (at, number) = find(texts, slots, text, hash);
        rows.push(number);
        if number as usize == texts.len() {
            slots[at] = (hash as u32, number);
            texts.push(text);
            if texts.len() > FEW && texts.len() > rows.len() / 3 {
                self.hold_all();
            }
        }
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
        self.slots.fill((0, NONE));
        self.holds_all = false;
    }

    fn hold_all(&mut self) {
        let mut all = Texts::default();
        (0..self.rows.len()).for_each(|row| all.push(self.get(row)));
        (self.texts, self.holds_all) = (all, true);
    }
}

/// Short ones are compared as two numbers, which overlap: a call would cost more.
#[inline]
fn same(a: &[u8], b: &[u8]) -> bool {
    let ends = |text: &[u8]| Some((*text.first_chunk::<8>()?, *text.last_chunk::<8>()?));
    match a.len() == b.len() {
        true if (8..=16).contains(&a.len()) => ends(a) == ends(b),
        same_length => same_length && a == b,
    }
}

fn hash(text: &[u8]) -> u64 {
    FxBuildHasher.hash_one(text)
}

/// The slot of a text, and its number: the next one when it is new.
fn find(texts: &Texts, slots: &[(u32, u32)], text: &[u8], hash: u64) -> (usize, u32) {
    let mask = slots.len() - 1;
    let mut at = (hash >> 32) as usize & mask;
    loop {
        match slots[at] {
            (_, NONE) => return (at, texts.len() as u32),
            (half, number) if half == hash as u32 && same(texts.get(number as usize), text) => {
                return (at, number);
            }
            _ => at = (at + 1) & mask,
        }
    }
}

fn grow(texts: &Texts, slots: &mut Vec<(u32, u32)>) {
    let len = (slots.len() * 2).max(64);
    slots.clear();
    slots.resize(len, (0, NONE));
    for number in 0..texts.len() {
        let hash = hash(texts.get(number));
        let mut at = (hash >> 32) as usize & (len - 1);
        while slots[at].1 != NONE {
            at = (at + 1) & (len - 1);
        }
        slots[at] = (hash as u32, number as u32);
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

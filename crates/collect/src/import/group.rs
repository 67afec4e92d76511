//! The calls and marks of one slice, by request id.

use dolmen_join::{CallEntry, Chains, JoinKey, MarkEntry, Place};
use dolmen_model::CachedSets;
use dolmen_store::{Carried, Likeness, Own, Row, Said, Settled, settle};

/// What carries an id: the last of each kind, which knows the one before it.
#[derive(Clone, Copy)]
struct Group {
    /// The id's key, in words: as one number it would take the room of two more.
    key: [u64; 2],
    call: u32,
    mark: u32,
}

/// A line without its id.
#[derive(Clone, Copy)]
struct Line<F> {
    time: i64,
    place: Place,
    fact: F,
    /// The line of the same id and kind before it.
    before: u32,
}

const NONE: u32 = u32::MAX;

/// The lines of a slice that have a request id.
#[derive(Default)]
pub(super) struct Groups {
    /// Open addressing: a power of two of group numbers, at most half of them taken. Marks come
    /// nearly in the order of their calls, so what lies behind the numbers is read front to back.
    slots: Vec<u32>,
    /// In the order of their first lines, so that the same lines give the same sets in the same
    /// order.
    groups: Vec<Group>,
    calls: Vec<Line<Own>>,
    /// Of the last calls, which have no group yet, their keys. Groups of many are looked for at once:
    /// then the processor waits for several slots at a time.
    keys: Vec<[u64; 2]>,
    marks: Vec<Line<(Said, Row)>>,
    /// The group after that of the last mark: the next mark's is mostly this one, or near.
    next: usize,
}

/// How many groups a mark is looked for in before its key is.
const NEAR: usize = 4;

/// What the join of a slice says.
pub(super) enum Settling {
    /// Of a call, or a hop.
    Call(Own, Settled),
    /// A mark has its call.
    Mark(Row),
}

impl Groups {
    pub(super) fn call(&mut self, call: CallEntry<Own>) {
        let CallEntry { key, time, place, fact } = call;
        self.keys.push(words(key));
        self.calls.push(Line { time, place, fact, before: NONE });
    }

    /// Gives the calls that came since the last time their groups.
    fn group_calls(&mut self) {
        let keys = std::mem::take(&mut self.keys);
        while self.slots.len() < 2 * (self.groups.len() + keys.len()) {
            self.grow();
        }
        let first = self.calls.len() - keys.len();
        for (at, &key) in (first..).zip(&keys) {
            let number = self.group(key);
            let before = std::mem::replace(&mut self.groups[number].call, at as u32);
            self.calls[at].before = before;
        }
        // Its room is kept.
        self.keys = keys;
        self.keys.clear();
    }

    pub(super) fn mark(&mut self, mark: MarkEntry<Said>, row: Row) {
        if !self.keys.is_empty() {
            self.group_calls();
        }
        let at = self.marks.len() as u32;
        let MarkEntry { key, time, place, fact } = mark;
        let key = words(key);
        let near = self.groups.iter().skip(self.next).take(NEAR);
        let found = near.zip(self.next..).find(|(group, _)| group.key == key);
        let number = match found {
            Some((_, number)) => number,
            None => self.group(key),
        };
        self.next = number + 1;
        let before = std::mem::replace(&mut self.groups[number].mark, at);
        self.marks.push(Line { time, place, fact: (fact, row), before });
    }

    /// The number of the group with this key, a new one where there is none.
    fn group(&mut self, key: [u64; 2]) -> usize {
        if self.slots.len() < 2 * (self.groups.len() + 1) {
            self.grow();
        }
        let mask = self.slots.len() - 1;
        // A key is a hash already.
        let mut at = key[0] as usize & mask;
        loop {
            let number = self.slots[at];
            if number == NONE {
                let number = self.groups.len() as u32;
                self.slots[at] = number;
                self.groups.push(Group { key, call: NONE, mark: NONE });
                return number as usize;
            }
            if self.groups[number as usize].key == key {
                return number as usize;
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let len = (self.slots.len() * 2).max(1_024);
        self.slots.clear();
        self.slots.resize(len, NONE);
        for (number, group) in (0..).zip(&self.groups) {
            let mut at = group.key[0] as usize & (len - 1);
            while self.slots[at] != NONE {
                at = (at + 1) & (len - 1);
            }
            self.slots[at] = number;
        }
    }

    /// Settles every id that a call carries, and forgets them all.
    pub(super) fn settle(
        &mut self,
        chains: &Chains,
        sets: &mut CachedSets<'_>,
        likeness: impl Fn(&Own) -> Likeness,
        mut each: impl FnMut(Settling),
    ) {
        self.group_calls();
        let (mut calls, mut marks, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        for group in self.groups.iter().filter(|group| group.call != NONE) {
            calls.clear();
            marks.clear();
            let key = JoinKey(u128::from(group.key[1]) << 64 | u128::from(group.key[0]));
            let mut next = group.call;
            while let Some(&Line { time, place, fact, before }) = self.calls.get(next as usize) {
                calls.push(CallEntry { key, time, place, fact });
                next = before;
            }
            let mut next = group.mark;
            while let Some(&Line { time, place, fact, before }) = self.marks.get(next as usize) {
                let (fact, row) = fact;
                marks.push(MarkEntry { key, time, place, fact });
                rows.push(row);
                next = before;
            }
            let carried =
                settle(chains, sets, &mut calls, &mut marks, &likeness, |own, settled| {
                    each(Settling::Call(own, settled));
                });
            match carried {
                Carried::TooOften => rows.clear(),
                _ => rows.drain(..).for_each(|row| each(Settling::Mark(row))),
            }
        }
        self.slots.fill(NONE);
        self.groups.clear();
        self.next = 0;
        self.calls.clear();
        self.marks.clear();
    }
}

/// A key's lower half, and its upper one.
const fn words(key: JoinKey) -> [u64; 2] {
    [key.0 as u64, (key.0 >> 64) as u64]
}

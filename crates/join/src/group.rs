use std::cmp::Ordering;
use std::io;

use crate::code::{Fact, Kept, SHORTEST};
use crate::entry::{CallEntry, JoinKey, MarkEntry};
use crate::partitions::{Lane, Partitions};
use crate::resolve::{Chains, Resolved, resolve};

/// What a partition's join says.
#[derive(Debug)]
pub enum Answer<'g, C, M> {
    /// What became of an id.
    Resolved(Resolved<'g, C, M>),
    /// A call whose id more than [`MOST_LINES`] lines carry.
    ApartCall(&'g CallEntry<C>),
    /// A mark of such an id.
    ApartMark(&'g MarkEntry<M>),
    /// All lines of such an id were answered on their own.
    Overused {
        /// How many there were.
        lines: u64,
    },
}

/// Groups the entries of one partition by id and resolves each group. One a worker: it keeps its
/// tables from partition to partition.
#[derive(Debug)]
pub struct Joiner<C, M> {
    calls: Entries<C>,
    marks: Entries<M>,
    groups: Groups,
    group_calls: Vec<CallEntry<C>>,
    group_marks: Vec<MarkEntry<M>>,
    bytes: Vec<u8>,
    /// Bytes of entries that may be joined at once.
    allowed: usize,
}

/// No next entry.
const END: u32 = u32::MAX;

/// The most lines that one id may have to be joined by it.
///
/// What more carry is no request id (a word that a broken client sends with every request, say), and
/// to hold them all at once would take memory without bound: they are answered one by one. Nor could a
/// store settle them all anew with each line that comes.
pub const MOST_LINES: u64 = 10_000;

impl<C: Fact, M: Fact> Joiner<C, M> {
    /// A joiner that holds at most about `allowed` bytes of entries at a time (and tables of about
    /// twice as many), and beyond them the first [`MOST_LINES`] of an id with more; a larger
    /// partition is cut once more.
    pub fn new(allowed: usize) -> Self {
        Self {
            calls: Entries::new(),
            marks: Entries::new(),
            groups: Groups::default(),
            group_calls: Vec::new(),
            group_marks: Vec::new(),
            bytes: Vec::new(),
            allowed: allowed.max(1),
        }
    }

    /// Joins one partition. Every id's answers come together, but for those of an id that more than
    /// [`MOST_LINES`] carry; the order of ids says nothing. `tie` is that of [`resolve`]. Fails when the
    /// spill cannot be read back.
    pub fn join(
        &mut self,
        partitions: &Partitions<C, M>,
        partition: usize,
        chains: &Chains,
        tie: impl Fn(&CallEntry<C>, &CallEntry<C>) -> Ordering,
        mut each: impl FnMut(Answer<'_, C, M>),
    ) -> io::Result<()> {
        let bytes = |lane| partitions.size(lane, partition).bytes;
        if bytes(Lane::Calls) + bytes(Lane::Marks) <= self.allowed {
            self.load(partitions, partition, &mut each)?;
            self.answer(chains, &tie, &mut each);
            return Ok(());
        }
        // Cut twice into 256, hundreds of gigabytes are joined in pieces of megabytes. What is still
        // larger is an id that too many lines carry, of which few are held.
        let finer = partitions.cut(partition, &mut self.bytes)?;
        for partition in 0..finer.count() {
            self.load(&finer, partition, &mut each)?;
            self.answer(chains, &tie, &mut each);
        }
        Ok(())
    }

    /// Takes what a partition holds, one group an id: lists of its calls and of its marks.
    fn load(
        &mut self,
        partitions: &Partitions<C, M>,
        partition: usize,
        each: &mut impl FnMut(Answer<'_, C, M>),
    ) -> io::Result<()> {
        let Self { calls, marks, groups, bytes, allowed, .. } = self;
        let entries = |lane| partitions.size(lane, partition).entries;
        calls.clear();
        marks.clear();
        // Nearly every id has a call. Where there are more entries than may be held, most of them
        // share an id.
        groups.clear(entries(Lane::Calls).max(entries(Lane::Marks)).min(*allowed / SHORTEST));
        partitions.entries(Lane::Calls, partition, bytes, |key, kept: Kept<C>| {
            let group = groups.of(key);
            group.lines += 1;
            match group.lines {
                ..=MOST_LINES => calls.push(kept, &mut group.first_call),
                _ => each(Answer::ApartCall(&call_of(key, &kept))),
            }
            Ok(())
        })?;
        partitions.entries(Lane::Marks, partition, bytes, |key, kept: Kept<M>| {
            let group = groups.of(key);
            group.lines += 1;
            match group.lines {
                ..=MOST_LINES => marks.push(kept, &mut group.first_mark),
                _ => each(Answer::ApartMark(&mark_of(key, &kept))),
            }
            Ok(())
        })
    }

    fn answer(
        &mut self,
        chains: &Chains,
        tie: &impl Fn(&CallEntry<C>, &CallEntry<C>) -> Ordering,
        each: &mut impl FnMut(Answer<'_, C, M>),
    ) {
        let Self { calls, marks, groups, group_calls, group_marks, .. } = self;
        for group in &groups.list {
            let key = group.key;
            if group.lines > MOST_LINES {
                calls.each(group.first_call, |kept| each(Answer::ApartCall(&call_of(key, kept))));
                marks.each(group.first_mark, |kept| each(Answer::ApartMark(&mark_of(key, kept))));
                each(Answer::Overused { lines: group.lines });
                continue;
            }
            group_calls.clear();
            group_marks.clear();
            calls.each(group.first_call, |kept| group_calls.push(call_of(key, kept)));
            marks.each(group.first_mark, |kept| group_marks.push(mark_of(key, kept)));
            resolve(chains, group_calls, group_marks, tie, |resolved| {
                each(Answer::Resolved(resolved));
            });
        }
    }
}

fn call_of<C: Copy>(key: JoinKey, kept: &Kept<C>) -> CallEntry<C> {
    CallEntry { key, time: kept.time, place: kept.place(), fact: kept.fact }
}

fn mark_of<M: Copy>(key: JoinKey, kept: &Kept<M>) -> MarkEntry<M> {
    MarkEntry { key, time: kept.time, place: kept.place(), fact: kept.fact }
}

/// The entries that are joined at once.
#[derive(Debug)]
struct Entries<F> {
    kept: Vec<Kept<F>>,
    /// For each entry the next one of its id.
    next: Vec<u32>,
}

impl<F> Entries<F> {
    fn new() -> Self {
        Self { kept: Vec::new(), next: Vec::new() }
    }

    fn clear(&mut self) {
        self.kept.clear();
        self.next.clear();
    }

    /// Puts an entry at the front of its id's list.
    fn push(&mut self, kept: Kept<F>, first: &mut u32) {
        self.next.push(std::mem::replace(first, self.kept.len() as u32));
        self.kept.push(kept);
    }

    /// One id's list.
    fn each(&self, first: u32, mut each: impl FnMut(&Kept<F>)) {
        let mut at = first;
        while let Some(kept) = self.kept.get(at as usize) {
            each(kept);
            at = self.next[at as usize];
        }
    }
}

/// The ids that are joined at once: an open-addressing table of positions in a list. The key is a good hash
/// already, so its low bits are the slot.
#[derive(Debug, Default)]
struct Groups {
    slots: Vec<u32>,
    list: Vec<Group>,
}

#[derive(Debug)]
struct Group {
    key: JoinKey,
    first_call: u32,
    first_mark: u32,
    /// Calls and marks.
    lines: u64,
}

impl Groups {
    /// Forgets the last ids, and makes room for about so many ids.
    fn clear(&mut self, about: usize) {
        self.list.clear();
        self.slots.clear();
        self.slots.resize((about * 2).next_power_of_two().max(16), END);
    }

    fn of(&mut self, key: JoinKey) -> &mut Group {
        let mask = self.slots.len() - 1;
        let mut slot = (key.0 as usize) & mask;
        let at = loop {
            match self.slots[slot] {
                END => {
                    let at = self.list.len();
                    self.list.push(Group { key, first_call: END, first_mark: END, lines: 0 });
                    if self.list.len() * 4 > self.slots.len() * 3 {
                        self.grow();
                    } else {
                        self.slots[slot] = at as u32;
                    }
                    break at;
                }
                at if self.list[at as usize].key == key => break at as usize,
                _ => slot = (slot + 1) & mask,
            }
        };
        &mut self.list[at]
    }

    /// A table of twice as many slots.
    #[cold]
    fn grow(&mut self) {
        let slots = self.slots.len() * 2;
        self.slots.clear();
        self.slots.resize(slots, END);
        for (at, group) in (0..).zip(&self.list) {
            let mut slot = (group.key.0 as usize) & (slots - 1);
            while self.slots[slot] != END {
                slot = (slot + 1) & (slots - 1);
            }
            self.slots[slot] = at;
        }
    }
}

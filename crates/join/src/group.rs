use std::cmp::Ordering;
use std::io;

use crate::code::{Fact, Kept, KeptKey, SHORTEST};
use crate::entry::{CallEntry, JoinKey, MarkEntry, Place};
use crate::partitions::{Chunk, Lane, Partitions, ReadBack};
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
///
/// Nearly every id has one call, and one mark or none. So keys alone are looked at first, then the
/// marks find their ids, and the calls are read last and answered as they come: what is held of a
/// partition stays in the processor's cache. Only the calls of ids with more are gathered.
#[derive(Debug)]
pub struct Joiner<C, M> {
    ids: Ids,
    marks: Marks<M>,
    /// The calls of ids that several carry, with their ids' places.
    several: Vec<(u32, CallEntry<C>)>,
    group_calls: Vec<CallEntry<C>>,
    group_marks: Vec<MarkEntry<M>>,
    /// What was read back of the partition's calls, and of its marks.
    bytes: [ReadBack; 2],
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
            ids: Ids::default(),
            marks: Marks { kept: Vec::new(), next: Vec::new() },
            several: Vec::new(),
            group_calls: Vec::new(),
            group_marks: Vec::new(),
            bytes: <[ReadBack; 2]>::default(),
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
        if partitions.size(partition).bytes <= self.allowed {
            return self.join_small(partitions, partition, chains, &tie, &mut each);
        }
        // Cut twice into 256, hundreds of gigabytes are joined in pieces of megabytes. What is still
        // larger is an id that too many lines carry, of which few are held.
        let finer = partitions.cut(partition, &mut self.bytes[0])?;
        for partition in 0..finer.count() {
            if finer.size(partition).bytes <= self.allowed {
                self.join_small(&finer, partition, chains, &tie, &mut each)?;
            } else {
                self.join_large(&finer, partition, chains, &tie, &mut each)?;
            }
        }
        Ok(())
    }

    /// Joins a partition whose bytes may be held.
    fn join_small(
        &mut self,
        partitions: &Partitions<C, M>,
        partition: usize,
        chains: &Chains,
        tie: &impl Fn(&CallEntry<C>, &CallEntry<C>) -> Ordering,
        each: &mut impl FnMut(Answer<'_, C, M>),
    ) -> io::Result<()> {
        self.clear(partitions.size(partition).entries);
        partitions.with(Lane::Calls, partition, |chunks| {
            self.keys(partitions, chunks)?;
            let with_calls = self.ids.list.len();
            self.marks(partitions, partition, each)?;
            self.calls(chunks, chains, each)?;
            self.rest(with_calls, chains, tie, each);
            Ok(())
        })
    }

    /// Joins a partition whose bytes are not held, only what is to be known of each entry.
    fn join_large(
        &mut self,
        partitions: &Partitions<C, M>,
        partition: usize,
        chains: &Chains,
        tie: &impl Fn(&CallEntry<C>, &CallEntry<C>) -> Ordering,
        each: &mut impl FnMut(Answer<'_, C, M>),
    ) -> io::Result<()> {
        // Most of them share an id.
        self.clear(partitions.size(partition).entries.min(self.allowed / SHORTEST));
        let Self { ids, several, bytes: [bytes, _], .. } = self;
        partitions.entries(Lane::Calls, partition, bytes, |key, source, kept: Kept<C>| {
            let id = ids.of(KeptKey::of(key));
            ids.list[id].count_call();
            let call = call_of(key, source, &kept);
            match ids.list[id].is_overused() {
                true => each(Answer::ApartCall(&call)),
                false => several.push((id as u32, call)),
            }
            Ok(())
        })?;
        let with_calls = self.ids.list.len();
        self.marks(partitions, partition, each)?;
        self.rest(with_calls, chains, tie, each);
        Ok(())
    }

    /// Forgets the last partition, and makes room for about so many ids.
    fn clear(&mut self, about: usize) {
        self.ids.clear(about);
        self.marks.clear();
        self.several.clear();
    }

    /// Finds the ids that calls carry, and how many of them carry each.
    fn keys(&mut self, partitions: &Partitions<C, M>, chunks: &[Chunk]) -> io::Result<()> {
        let Self { ids, bytes: [bytes, _], .. } = self;
        bytes.clear();
        for chunk in chunks {
            chunk.keys::<C>(partitions.bytes(chunk, bytes)?, |key| {
                let id = ids.of(key);
                ids.list[id].count_call();
            })?;
        }
        Ok(())
    }

    /// Takes the partition's marks, each to its id.
    fn marks(
        &mut self,
        partitions: &Partitions<C, M>,
        partition: usize,
        each: &mut impl FnMut(Answer<'_, C, M>),
    ) -> io::Result<()> {
        let Self { ids, marks, bytes: [_, bytes], .. } = self;
        partitions.with(Lane::Marks, partition, |chunks| {
            for chunk in chunks {
                bytes.clear();
                let bytes = partitions.bytes(chunk, bytes)?;
                chunk.entries(bytes, |key, kept: Kept<M>| {
                    let id = ids.of(key);
                    let id = &mut ids.list[id];
                    id.count_mark();
                    if id.is_overused() {
                        each(Answer::ApartMark(&mark_of(key.key(), chunk.source, &kept)));
                    } else {
                        marks.push(chunk.source, kept, &mut id.first_mark);
                    }
                    Ok(())
                })?;
            }
            Ok(())
        })
    }

    /// Answers the calls that are alone with their id, and gathers the others.
    fn calls(
        &mut self,
        chunks: &[Chunk],
        chains: &Chains,
        each: &mut impl FnMut(Answer<'_, C, M>),
    ) -> io::Result<()> {
        let Self { ids, marks, several, bytes: [bytes, _], .. } = self;
        let mut read = bytes.bytes();
        // Ids are in the order of their first calls.
        let mut next = 0;
        for chunk in chunks {
            let source = chunk.source;
            let bypassed = chains.is_behind(source);
            chunk.entries(chunk.again(&mut read), |key, kept: Kept<C>| {
                let at = match ids.list.get(next) {
                    Some(id) if id.key() == key => next,
                    _ => ids.of(key),
                };
                next += usize::from(at == next);
                let id = &ids.list[at];
                let call = call_of(key.key(), source, &kept);
                match id {
                    Id { calls: 1, marks: 0, .. } => {
                        let (hops, marks) = (&[], &[]);
                        let alone = Resolved::Call { call: &call, hops, marks, bypassed };
                        each(Answer::Resolved(alone));
                    }
                    Id { calls: 1, marks: 1, first_mark, .. } => {
                        let (source, kept) = &marks.kept[*first_mark as usize];
                        let mark = mark_of(key.key(), *source, kept);
                        let (hops, marks) = (&[], &[&mark]);
                        let joined = Resolved::Call { call: &call, hops, marks, bypassed };
                        each(Answer::Resolved(joined));
                    }
                    id if id.is_overused() => each(Answer::ApartCall(&call)),
                    _ => several.push((at as u32, call)),
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Answers what was gathered, and the ids without a call.
    fn rest(
        &mut self,
        with_calls: usize,
        chains: &Chains,
        tie: &impl Fn(&CallEntry<C>, &CallEntry<C>) -> Ordering,
        each: &mut impl FnMut(Answer<'_, C, M>),
    ) {
        let Self { ids, marks, several, group_calls, group_marks, .. } = self;
        several.sort_unstable_by_key(|(id, _)| *id);
        for calls in several.chunk_by(|(a, _), (b, _)| a == b) {
            let Some(id) = calls.first().and_then(|(id, _)| ids.list.get(*id as usize)) else {
                continue;
            };
            if id.is_overused() {
                calls.iter().for_each(|(_, call)| each(Answer::ApartCall(call)));
                continue;
            }
            group_calls.clear();
            group_calls.extend(calls.iter().map(|(_, call)| *call));
            marks.of(id, group_marks);
            resolve(chains, group_calls, group_marks, tie, |resolved| {
                each(Answer::Resolved(resolved));
            });
        }
        for id in ids.list[with_calls..].iter().filter(|id| !id.is_overused()) {
            marks.of(id, group_marks);
            resolve(chains, &mut [], group_marks, tie, |resolved| {
                each(Answer::Resolved(resolved));
            });
        }
        for id in ids.list.iter().filter(|id| id.is_overused()) {
            // Those before one too many.
            marks.of(id, group_marks);
            group_marks.iter().for_each(|mark| each(Answer::ApartMark(mark)));
            each(Answer::Overused { lines: id.lines() });
        }
    }
}

fn call_of<C: Copy>(key: JoinKey, source: u16, kept: &Kept<C>) -> CallEntry<C> {
    CallEntry { key, time: kept.time, place: Place { source, position: 0 }, fact: kept.fact }
}

fn mark_of<M: Copy>(key: JoinKey, source: u16, kept: &Kept<M>) -> MarkEntry<M> {
    MarkEntry { key, time: kept.time, place: Place { source, position: 0 }, fact: kept.fact }
}

/// The marks that are joined at once, with their sources.
#[derive(Debug)]
struct Marks<M> {
    kept: Vec<(u16, Kept<M>)>,
    /// For each mark the next one of its id.
    next: Vec<u32>,
}

impl<M: Copy> Marks<M> {
    fn clear(&mut self) {
        self.kept.clear();
        self.next.clear();
    }

    /// Puts a mark at the front of its id's list.
    #[inline]
    fn push(&mut self, source: u16, kept: Kept<M>, first: &mut u32) {
        self.next.push(std::mem::replace(first, self.kept.len() as u32));
        self.kept.push((source, kept));
    }

    /// The marks of an id, into `out`.
    fn of(&self, id: &Id, out: &mut Vec<MarkEntry<M>>) {
        out.clear();
        let mut at = id.first_mark as usize;
        while let Some((source, kept)) = self.kept.get(at) {
            out.push(mark_of(id.key().key(), *source, kept));
            at = self.next[at] as usize;
        }
    }
}

/// The ids that are joined at once: an open-addressing table of positions in a list. The key is a good hash
/// already, so its low bits are the slot.
#[derive(Debug, Default)]
struct Ids {
    slots: Vec<u32>,
    list: Vec<Id>,
}

/// The key in two, so that nothing is between the numbers.
#[derive(Debug)]
struct Id {
    low: u64,
    high: u16,
    calls: u32,
    marks: u32,
    first_mark: u32,
}

impl Id {
    #[inline]
    fn key(&self) -> KeptKey {
        KeptKey { low: self.low, high: self.high }
    }

    #[inline]
    fn count_call(&mut self) {
        self.calls = self.calls.saturating_add(1);
    }

    #[inline]
    fn count_mark(&mut self) {
        self.marks = self.marks.saturating_add(1);
    }

    /// Calls and marks.
    #[inline]
    fn lines(&self) -> u64 {
        u64::from(self.calls) + u64::from(self.marks)
    }

    #[inline]
    fn is_overused(&self) -> bool {
        self.lines() > MOST_LINES
    }
}

impl Ids {
    /// Forgets the last ids, and makes room for about so many.
    fn clear(&mut self, about: usize) {
        self.list.clear();
        self.slots.clear();
        self.slots.resize((about * 2).next_power_of_two().max(16), END);
    }

    /// Where an id stands in the list.
    #[inline]
    fn of(&mut self, key: KeptKey) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = key.low as usize & mask;
        loop {
            let at = self.slots[slot];
            match self.list.get(at as usize) {
                Some(id) if id.key() == key => return at as usize,
                Some(_) => slot = (slot + 1) & mask,
                None => return self.insert(key, slot),
            }
        }
    }

    /// Puts a new id at the end of the list, and into a free slot.
    #[inline]
    fn insert(&mut self, key: KeptKey, slot: usize) -> usize {
        let at = self.list.len();
        let KeptKey { low, high } = key;
        self.list.push(Id { low, high, calls: 0, marks: 0, first_mark: END });
        self.slots[slot] = at as u32;
        if self.list.len() * 4 > self.slots.len() * 3 {
            self.grow();
        }
        at
    }

    /// A table of twice as many slots.
    #[cold]
    fn grow(&mut self) {
        let slots = self.slots.len() * 2;
        self.slots.clear();
        self.slots.resize(slots, END);
        for (at, id) in (0..).zip(&self.list) {
            let mut slot = id.low as usize & (slots - 1);
            while self.slots[slot] != END {
                slot = (slot + 1) & (slots - 1);
            }
            self.slots[slot] = at;
        }
    }
}

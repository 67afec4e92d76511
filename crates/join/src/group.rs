use std::io;

use crate::entry::{CallEntry, Fixed, JoinKey, MarkEntry};
use crate::partitions::{Lane, Partitions};
use crate::resolve::{Chains, Resolved, resolve};

/// Groups the entries of one partition by id and resolves each group. One a worker: it keeps its
/// tables from partition to partition.
#[derive(Debug)]
pub struct Joiner<C, M> {
    calls: Vec<CallEntry<C>>,
    marks: Vec<MarkEntry<M>>,
    groups: Groups,
    /// For each call, each mark: the next of the same id.
    next_call: Vec<u32>,
    next_mark: Vec<u32>,
    group_calls: Vec<CallEntry<C>>,
    group_marks: Vec<MarkEntry<M>>,
    bytes: Vec<u8>,
    /// Bytes of entries that one pass may hold.
    allowed: usize,
}

/// No next entry.
const END: u32 = u32::MAX;

impl<C: Fixed, M: Fixed> Joiner<C, M> {
    /// A joiner that holds at most about `allowed` bytes of entries at a time (and tables of about
    /// as many); a larger partition is read in as many passes as that takes.
    pub fn new(allowed: usize) -> Self {
        Self {
            calls: Vec::new(),
            marks: Vec::new(),
            groups: Groups::default(),
            next_call: Vec::new(),
            next_mark: Vec::new(),
            group_calls: Vec::new(),
            group_marks: Vec::new(),
            bytes: Vec::new(),
            allowed: allowed.max(1),
        }
    }

    /// Joins one partition. Every id's answers come together; the order of ids says nothing.
    /// Fails when the spill cannot be read back.
    pub fn join(
        &mut self,
        partitions: &Partitions<C, M>,
        partition: usize,
        chains: &Chains,
        mut each: impl FnMut(Resolved<'_, C, M>),
    ) -> io::Result<()> {
        let size =
            partitions.size(Lane::Calls, partition) + partitions.size(Lane::Marks, partition);
        let passes = size.div_ceil(self.allowed).next_power_of_two().min(1 << 16);
        for pass in 0..passes {
            self.load(partitions, partition, |key| {
                // Bits below those that name the partition.
                ((key.0 >> 100) as usize) & (passes - 1) == pass
            })?;
            self.link();
            self.answer(chains, &mut each);
        }
        Ok(())
    }

    fn load(
        &mut self,
        partitions: &Partitions<C, M>,
        partition: usize,
        in_this_pass: impl Fn(JoinKey) -> bool,
    ) -> io::Result<()> {
        let Self { calls, marks, bytes, .. } = self;
        calls.clear();
        marks.clear();
        partitions.chunks(Lane::Calls, partition, bytes, |chunk| {
            let entries = chunk.chunks_exact(CallEntry::<C>::SIZE).map(CallEntry::read);
            calls.extend(entries.filter(|entry| in_this_pass(entry.key)));
        })?;
        partitions.chunks(Lane::Marks, partition, bytes, |chunk| {
            let entries = chunk.chunks_exact(MarkEntry::<M>::SIZE).map(MarkEntry::read);
            marks.extend(entries.filter(|entry| in_this_pass(entry.key)));
        })
    }

    /// Builds one group an id: lists of its calls and of its marks.
    fn link(&mut self) {
        self.groups.clear(self.calls.len() + self.marks.len());
        self.next_call.clear();
        self.next_mark.clear();
        for (at, call) in (0_u32..).zip(&self.calls) {
            let group = self.groups.of(call.key);
            self.next_call.push(std::mem::replace(&mut group.first_call, at));
        }
        for (at, mark) in (0_u32..).zip(&self.marks) {
            let group = self.groups.of(mark.key);
            self.next_mark.push(std::mem::replace(&mut group.first_mark, at));
        }
    }

    fn answer(&mut self, chains: &Chains, each: &mut impl FnMut(Resolved<'_, C, M>)) {
        for group in &self.groups.list {
            self.group_calls.clear();
            self.group_marks.clear();
            let mut at = group.first_call;
            while at != END {
                self.group_calls.push(self.calls[at as usize]);
                at = self.next_call[at as usize];
            }
            let mut at = group.first_mark;
            while at != END {
                self.group_marks.push(self.marks[at as usize]);
                at = self.next_mark[at as usize];
            }
            resolve(chains, &mut self.group_calls, &mut self.group_marks, &mut *each);
        }
    }
}

/// The ids of one pass: an open-addressing table of positions in a list. The key is a good hash
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
}

impl Groups {
    /// Makes room for `most` ids and forgets the last pass.
    fn clear(&mut self, most: usize) {
        self.list.clear();
        self.slots.clear();
        self.slots.resize((most * 2).next_power_of_two().max(16), END);
    }

    fn of(&mut self, key: JoinKey) -> &mut Group {
        let mask = self.slots.len() - 1;
        let mut slot = (key.0 as usize) & mask;
        let at = loop {
            match self.slots[slot] {
                END => {
                    let at = self.list.len();
                    self.slots[slot] = at as u32;
                    self.list.push(Group { key, first_call: END, first_mark: END });
                    break at;
                }
                at if self.list[at as usize].key == key => break at as usize,
                _ => slot = (slot + 1) & mask,
            }
        };
        &mut self.list[at]
    }
}

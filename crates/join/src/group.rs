use std::io;
use std::marker::PhantomData;

use crate::entry::{CallEntry, Fixed, JoinKey, MarkEntry, key_of};
use crate::partitions::{Lane, Partitions};
use crate::resolve::{Chains, Resolved, resolve};

/// Groups the entries of one partition by id and resolves each group. One a worker: it keeps its
/// tables from partition to partition.
#[derive(Debug)]
pub struct Joiner<C, M> {
    calls: Entries<CallEntry<C>>,
    marks: Entries<MarkEntry<M>>,
    groups: Groups,
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
            calls: Entries::new(),
            marks: Entries::new(),
            groups: Groups::default(),
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
            let Self { calls, marks, bytes, .. } = self;
            calls.load(partitions, Lane::Calls, partition, bytes, (pass, passes))?;
            marks.load(partitions, Lane::Marks, partition, bytes, (pass, passes))?;
            self.link();
            self.answer(chains, &mut each);
        }
        Ok(())
    }

    /// Builds one group an id: lists of its calls and of its marks.
    fn link(&mut self) {
        let Self { calls, marks, groups, .. } = self;
        groups.clear(calls.len() + marks.len());
        calls.link(|key, at| std::mem::replace(&mut groups.of(key).first_call, at));
        marks.link(|key, at| std::mem::replace(&mut groups.of(key).first_mark, at));
    }

    fn answer(&mut self, chains: &Chains, each: &mut impl FnMut(Resolved<'_, C, M>)) {
        for group in &self.groups.list {
            self.calls.collect(group.first_call, &mut self.group_calls);
            self.marks.collect(group.first_mark, &mut self.group_marks);
            resolve(chains, &mut self.group_calls, &mut self.group_marks, &mut *each);
        }
    }
}

/// The entries of one pass, as they were written: all of them are linked by their keys, and each is
/// decoded once, when its group is answered.
#[derive(Debug)]
struct Entries<E> {
    bytes: Vec<u8>,
    /// For each entry the next one of its id.
    next: Vec<u32>,
    kind: PhantomData<E>,
}

impl<E: Fixed> Entries<E> {
    fn new() -> Self {
        Self { bytes: Vec::new(), next: Vec::new(), kind: PhantomData }
    }

    fn len(&self) -> usize {
        self.bytes.len() / E::SIZE
    }

    /// Takes what one pass out of so many holds of a partition.
    fn load<C: Fixed, M: Fixed>(
        &mut self,
        partitions: &Partitions<C, M>,
        lane: Lane,
        partition: usize,
        scratch: &mut Vec<u8>,
        (pass, passes): (usize, usize),
    ) -> io::Result<()> {
        self.bytes.clear();
        partitions.chunks(lane, partition, scratch, |chunk| {
            if passes == 1 {
                self.bytes.extend_from_slice(chunk);
                return;
            }
            // Bits below those that name the partition.
            let pass_of = |entry: &[u8]| ((key_of(entry).0 >> 100) as usize) & (passes - 1);
            let entries = chunk.chunks_exact(E::SIZE);
            entries.filter(|entry| pass_of(entry) == pass).for_each(|entry| {
                self.bytes.extend_from_slice(entry);
            });
        })
    }

    /// Puts each entry at the front of its id's list: `push` gives the one that stood there.
    fn link(&mut self, mut push: impl FnMut(JoinKey, u32) -> u32) {
        self.next.clear();
        for (at, entry) in (0_u32..).zip(self.bytes.chunks_exact(E::SIZE)) {
            self.next.push(push(key_of(entry), at));
        }
    }

    /// Decodes one id's list.
    fn collect(&self, first: u32, out: &mut Vec<E>) {
        out.clear();
        let mut at = first;
        while at != END {
            let start = at as usize * E::SIZE;
            out.push(E::read(&self.bytes[start..start + E::SIZE]));
            at = self.next[at as usize];
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

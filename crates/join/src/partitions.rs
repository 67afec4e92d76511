use std::io;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::entry::{CallEntry, Fixed, JoinKey, MarkEntry};

/// Where entries wait that memory has no room for: append-only bytes, read back by position.
pub trait Spill: Send + Sync {
    /// Appends `bytes` and returns where they begin.
    fn append(&self, bytes: &[u8]) -> io::Result<u64>;
    /// Fills `bytes` from position `at`.
    fn read(&self, at: u64, bytes: &mut [u8]) -> io::Result<()>;
}

/// How many partitions. Ten million calls and their marks make partitions of about 4 MB, which
/// still fit a processor's cache; a partition that does not is read in several passes.
pub(crate) const PARTITIONS: usize = 256;

/// Bytes a worker gathers for one partition before it hands them over. Two lanes of 256 make 4 MiB
/// a worker.
const CHUNK: usize = 8 * 1024;

/// Every call and mark that has an id, cut by the hash of the id.
pub struct Partitions<C, M> {
    calls: Vec<Mutex<Vec<Chunk>>>,
    marks: Vec<Mutex<Vec<Chunk>>>,
    spill: Box<dyn Spill>,
    in_memory: AtomicUsize,
    allowed: usize,
    entries: PhantomData<fn() -> (C, M)>,
}

enum Chunk {
    Here(Box<[u8]>),
    Spilled { at: u64, len: usize },
}

/// What entries of one kind a chunk holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lane {
    Calls,
    Marks,
}

impl<C: Fixed, M: Fixed> Partitions<C, M> {
    /// Empty partitions that keep at most `allowed` bytes in memory, the rest in `spill`.
    pub fn new(allowed: usize, spill: Box<dyn Spill>) -> Self {
        let lane = || (0..PARTITIONS).map(|_| Mutex::default()).collect();
        Self {
            calls: lane(),
            marks: lane(),
            spill,
            in_memory: AtomicUsize::new(0),
            allowed,
            entries: PhantomData,
        }
    }

    /// How many partitions there are.
    pub fn count(&self) -> usize {
        PARTITIONS
    }

    /// A worker's buffers in front of these partitions.
    pub fn buffers(&self) -> Buffers<'_, C, M> {
        Buffers {
            partitions: self,
            calls: vec![Vec::new(); PARTITIONS],
            marks: vec![Vec::new(); PARTITIONS],
        }
    }

    fn lane(&self, lane: Lane) -> &[Mutex<Vec<Chunk>>] {
        match lane {
            Lane::Calls => &self.calls,
            Lane::Marks => &self.marks,
        }
    }

    fn take(&self, lane: Lane, partition: usize, bytes: &[u8]) -> io::Result<()> {
        // Counted before it is kept, so that workers together cannot pass the bound.
        let before = self.in_memory.fetch_add(bytes.len(), Ordering::Relaxed);
        let chunk = if before + bytes.len() <= self.allowed {
            Chunk::Here(bytes.into())
        } else {
            self.in_memory.fetch_sub(bytes.len(), Ordering::Relaxed);
            Chunk::Spilled { at: self.spill.append(bytes)?, len: bytes.len() }
        };
        self.lane(lane)[partition].lock().unwrap_or_else(PoisonError::into_inner).push(chunk);
        Ok(())
    }

    /// Bytes of one partition's lane.
    pub(crate) fn size(&self, lane: Lane, partition: usize) -> usize {
        let chunks = self.lane(lane)[partition].lock().unwrap_or_else(PoisonError::into_inner);
        chunks.iter().map(Chunk::len).sum()
    }

    /// Hands each chunk of one partition's lane to `each`; `scratch` is reused between chunks.
    pub(crate) fn chunks(
        &self,
        lane: Lane,
        partition: usize,
        scratch: &mut Vec<u8>,
        mut each: impl FnMut(&[u8]),
    ) -> io::Result<()> {
        let chunks = self.lane(lane)[partition].lock().unwrap_or_else(PoisonError::into_inner);
        for chunk in chunks.iter() {
            match *chunk {
                Chunk::Here(ref bytes) => each(bytes),
                Chunk::Spilled { at, len } => {
                    scratch.resize(len, 0);
                    self.spill.read(at, scratch)?;
                    each(scratch);
                }
            }
        }
        Ok(())
    }
}

impl Chunk {
    fn len(&self) -> usize {
        match self {
            Self::Here(bytes) => bytes.len(),
            Self::Spilled { len, .. } => *len,
        }
    }
}

/// A worker's entries on their way to the partitions. [`Buffers::flush`] before it is dropped.
pub struct Buffers<'p, C, M> {
    partitions: &'p Partitions<C, M>,
    calls: Vec<Vec<u8>>,
    marks: Vec<Vec<u8>>,
}

impl<C: Fixed, M: Fixed> Buffers<'_, C, M> {
    /// Takes a call. Fails when the spill does (a full disk, say).
    pub fn call(&mut self, entry: &CallEntry<C>) -> io::Result<()> {
        let partition = partition_of(entry.key);
        push(self.partitions, Lane::Calls, partition, &mut self.calls[partition], entry)
    }

    /// Takes a mark. Fails when the spill does.
    pub fn mark(&mut self, entry: &MarkEntry<M>) -> io::Result<()> {
        let partition = partition_of(entry.key);
        push(self.partitions, Lane::Marks, partition, &mut self.marks[partition], entry)
    }

    /// Hands over what is left.
    pub fn flush(self) -> io::Result<()> {
        for (lane, buffers) in [(Lane::Calls, self.calls), (Lane::Marks, self.marks)] {
            for (partition, bytes) in buffers.iter().enumerate().filter(|(_, b)| !b.is_empty()) {
                self.partitions.take(lane, partition, bytes)?;
            }
        }
        Ok(())
    }
}

fn push<C: Fixed, M: Fixed>(
    partitions: &Partitions<C, M>,
    lane: Lane,
    partition: usize,
    buffer: &mut Vec<u8>,
    entry: &impl Fixed,
) -> io::Result<()> {
    if buffer.capacity() == 0 {
        buffer.reserve_exact(CHUNK);
    }
    entry.write(buffer);
    // The next entry of this kind is as long as the last: never grow past what was reserved.
    let size = written(entry);
    if buffer.len() + size > CHUNK {
        partitions.take(lane, partition, buffer)?;
        buffer.clear();
    }
    Ok(())
}

fn written<E: Fixed>(_: &E) -> usize {
    E::SIZE
}

/// The top bits of the key name the partition; the join's tables and passes use others.
fn partition_of(key: JoinKey) -> usize {
    (key.0 >> 120) as usize
}

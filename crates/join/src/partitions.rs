use std::io;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::code::{AFTER, Before, Fact, Kept, LONGEST};
use crate::entry::{CallEntry, JoinKey, MarkEntry};

/// Where entries wait that memory has no room for: append-only bytes, read back by position.
pub trait Spill: Send + Sync {
    /// Appends `bytes` and returns where they begin.
    fn append(&self, bytes: &[u8]) -> io::Result<u64>;
    /// Fills `bytes` from position `at`.
    fn read(&self, at: u64, bytes: &mut [u8]) -> io::Result<()>;
}

/// How many partitions. Ten million calls and their marks make partitions of about 2 MB; one that is
/// too large to be joined at once is cut into as many again.
pub(crate) const PARTITIONS: usize = 256;

/// Bytes a worker gathers for one partition before it hands them over. Two lanes of 256 make 4 MiB
/// a worker.
const CHUNK: usize = 8 * 1024;

/// Bytes of chunks that go to the spill at once: what a write costs is mostly the call and its pages.
const AT_ONCE: usize = 256 * 1024;

/// Every call and mark that has an id, cut by the hash of the id.
///
/// Of an id's key the first 8 bits name the partition, and the last 80 are kept.
pub struct Partitions<C, M> {
    calls: Vec<Mutex<Vec<Chunk>>>,
    marks: Vec<Mutex<Vec<Chunk>>>,
    /// Where the eight bits of a key stand that name the partition.
    shift: u32,
    room: Arc<Room>,
    entries: PhantomData<fn() -> (C, M)>,
}

/// Where entries wait.
struct Room {
    spill: Box<dyn Spill>,
    in_memory: AtomicUsize,
    allowed: usize,
}

/// The bits by which partitions are cut, and those by which one of them is cut again: the first of
/// those kept. The join's tables go by the last.
const FIRST_CUT: u32 = 120;
const SECOND_CUT: u32 = 72;

/// Entries of one lane of one partition, one after the other.
struct Chunk {
    entries: u32,
    bytes: Bytes,
}

enum Bytes {
    Here(Box<[u8]>),
    Spilled { at: u64, len: usize },
}

/// What entries of one kind a chunk holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lane {
    Calls,
    Marks,
}

/// How much lies in one partition's lane.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Size {
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
}

impl<C: Fact, M: Fact> Partitions<C, M> {
    /// Empty partitions that keep at most `allowed` bytes in memory, the rest in `spill`.
    pub fn new(allowed: usize, spill: Box<dyn Spill>) -> Self {
        let room = Room { spill, in_memory: AtomicUsize::new(0), allowed };
        Self::empty(FIRST_CUT, Arc::new(room))
    }

    fn empty(shift: u32, room: Arc<Room>) -> Self {
        let lane = || (0..PARTITIONS).map(|_| Mutex::default()).collect();
        Self { calls: lane(), marks: lane(), shift, room, entries: PhantomData }
    }

    /// The entries of one partition, cut again: each is read once and written once more, however
    /// many there are. `scratch` is reused between chunks.
    pub(crate) fn cut(&self, partition: usize, scratch: &mut Vec<u8>) -> io::Result<Self> {
        let finer = Self::empty(SECOND_CUT, Arc::clone(&self.room));
        let mut buffers = finer.buffers();
        self.entries(Lane::Calls, partition, scratch, |key, kept: Kept<C>| {
            buffers.push(Lane::Calls, key, &kept)
        })?;
        self.entries(Lane::Marks, partition, scratch, |key, kept: Kept<M>| {
            buffers.push(Lane::Marks, key, &kept)
        })?;
        buffers.flush()?;
        Ok(finer)
    }

    /// How many partitions there are.
    pub fn count(&self) -> usize {
        PARTITIONS
    }

    /// A worker's buffers in front of these partitions.
    pub fn buffers(&self) -> Buffers<'_, C, M> {
        let lane = || (0..PARTITIONS).map(|_| Filling::default()).collect();
        Buffers {
            calls: lane(),
            marks: lane(),
            out: Out { partitions: self, full: Full::default() },
        }
    }

    fn push(&self, lane: Lane, partition: usize, chunk: Chunk) {
        let lane = match lane {
            Lane::Calls => &self.calls,
            Lane::Marks => &self.marks,
        };
        lane[partition].lock().unwrap_or_else(PoisonError::into_inner).push(chunk);
    }

    /// How much lies in one partition's lane.
    pub(crate) fn size(&self, lane: Lane, partition: usize) -> Size {
        self.with(lane, partition, |chunks| {
            chunks.iter().fold(Size::default(), |size, chunk| Size {
                entries: size.entries + chunk.entries as usize,
                bytes: size.bytes + chunk.bytes.len(),
            })
        })
    }

    /// Hands each entry of one partition's lane to `each`, its key without what the partition says;
    /// `scratch` is reused between chunks.
    pub(crate) fn entries<F: Fact>(
        &self,
        lane: Lane,
        partition: usize,
        scratch: &mut Vec<u8>,
        mut each: impl FnMut(JoinKey, Kept<F>) -> io::Result<()>,
    ) -> io::Result<()> {
        self.with(lane, partition, |chunks| {
            for chunk in chunks {
                let bytes = match chunk.bytes {
                    Bytes::Here(ref bytes) => bytes,
                    Bytes::Spilled { at, len } => {
                        scratch.resize(len, 0);
                        self.room.spill.read(at, scratch)?;
                        &**scratch
                    }
                };
                let (mut before, mut at) = (Before::default(), 0);
                for _ in 0..chunk.entries {
                    let rest = bytes.get(at..).unwrap_or_default();
                    let Some((key, kept, length)) = before.read(rest) else {
                        return Err(io::Error::other("what was spilled came back cut short"));
                    };
                    at += length;
                    each(key, kept)?;
                }
            }
            Ok(())
        })
    }

    fn with<T>(&self, lane: Lane, partition: usize, look: impl FnOnce(&[Chunk]) -> T) -> T {
        let lane = match lane {
            Lane::Calls => &self.calls,
            Lane::Marks => &self.marks,
        };
        look(&lane[partition].lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Bytes {
    fn len(&self) -> usize {
        match self {
            Self::Here(bytes) => bytes.len(),
            Self::Spilled { len, .. } => *len,
        }
    }
}

/// A worker's entries on their way to the partitions. [`Buffers::flush`] before it is dropped.
pub struct Buffers<'p, C, M> {
    calls: Vec<Filling>,
    marks: Vec<Filling>,
    out: Out<'p, C, M>,
}

impl<C: Fact, M: Fact> Buffers<'_, C, M> {
    /// Takes a call. Fails when the spill does (a full disk, say).
    pub fn call(&mut self, entry: &CallEntry<C>) -> io::Result<()> {
        self.push(Lane::Calls, entry.key, &Kept::new(entry.time, entry.place, entry.fact))
    }

    /// Takes a mark. Fails when the spill does.
    pub fn mark(&mut self, entry: &MarkEntry<M>) -> io::Result<()> {
        self.push(Lane::Marks, entry.key, &Kept::new(entry.time, entry.place, entry.fact))
    }

    #[inline]
    fn push<F: Fact>(&mut self, lane: Lane, key: JoinKey, kept: &Kept<F>) -> io::Result<()> {
        let partition = usize::from((key.0 >> self.out.partitions.shift) as u8);
        let filling = match lane {
            Lane::Calls => &mut self.calls[partition],
            Lane::Marks => &mut self.marks[partition],
        };
        if !filling.push(key, kept) {
            self.out.take(lane, partition, filling)?;
            filling.push(key, kept);
        }
        Ok(())
    }

    /// Hands over what is left.
    pub fn flush(mut self) -> io::Result<()> {
        for (lane, fillings) in [(Lane::Calls, self.calls), (Lane::Marks, self.marks)] {
            for (partition, mut filling) in fillings.into_iter().enumerate() {
                if filling.entries > 0 {
                    self.out.take(lane, partition, &mut filling)?;
                }
            }
        }
        self.out.spill()
    }
}

/// A chunk under construction.
#[derive(Default)]
struct Filling {
    /// [`CHUNK`] bytes from the first entry on.
    bytes: Vec<u8>,
    end: usize,
    entries: u32,
    before: Before,
}

impl Filling {
    /// Whether there was room for the entry.
    #[inline]
    fn push<F: Fact>(&mut self, key: JoinKey, kept: &Kept<F>) -> bool {
        if self.bytes.is_empty() {
            self.bytes.resize(CHUNK, 0);
        }
        let rest = self.bytes.get_mut(self.end..);
        let Some(room) = rest.and_then(<[u8]>::first_chunk_mut::<LONGEST>) else {
            return false;
        };
        self.end += self.before.write(room, key, kept);
        self.entries += 1;
        true
    }
}

/// The way from one worker to the partitions.
struct Out<'p, C, M> {
    partitions: &'p Partitions<C, M>,
    full: Full,
}

/// Chunks that are to be spilled together.
#[derive(Default)]
struct Full {
    bytes: Vec<u8>,
    chunks: Vec<Waiting>,
}

struct Waiting {
    lane: Lane,
    partition: usize,
    entries: u32,
    start: usize,
    len: usize,
}

impl<C: Fact, M: Fact> Out<'_, C, M> {
    /// Empties a chunk.
    #[cold]
    fn take(&mut self, lane: Lane, partition: usize, filling: &mut Filling) -> io::Result<()> {
        let Self { partitions, full } = self;
        let end = (filling.end + AFTER).min(filling.bytes.len());
        let bytes = &filling.bytes[..end];
        let entries = std::mem::take(&mut filling.entries);
        (filling.end, filling.before) = (0, Before::default());
        // Counted before it is kept, so that workers together cannot pass the bound.
        let room = &partitions.room;
        let before = room.in_memory.fetch_add(bytes.len(), Ordering::Relaxed);
        if before + bytes.len() <= room.allowed {
            let chunk = Chunk { entries, bytes: Bytes::Here(bytes.into()) };
            partitions.push(lane, partition, chunk);
            return Ok(());
        }
        room.in_memory.fetch_sub(bytes.len(), Ordering::Relaxed);
        if full.bytes.is_empty() {
            full.bytes.reserve_exact(AT_ONCE);
        }
        let (start, len) = (full.bytes.len(), bytes.len());
        full.bytes.extend_from_slice(bytes);
        full.chunks.push(Waiting { lane, partition, entries, start, len });
        if full.bytes.len() + CHUNK > AT_ONCE { self.spill() } else { Ok(()) }
    }

    /// Writes the chunks that wait.
    fn spill(&mut self) -> io::Result<()> {
        let Self { partitions, full } = self;
        if full.bytes.is_empty() {
            return Ok(());
        }
        let at = partitions.room.spill.append(&full.bytes)?;
        for Waiting { lane, partition, entries, start, len } in full.chunks.drain(..) {
            let bytes = Bytes::Spilled { at: at + start as u64, len };
            partitions.push(lane, partition, Chunk { entries, bytes });
        }
        full.bytes.clear();
        Ok(())
    }
}

use std::io;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::code::{AFTER, Before, Fact, Kept, KeptKey, LONGEST, skip};
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

/// Chunks begin at a multiple of so many bytes in the spill, and in memory once they are read back: where
/// the two begin apart, a kernel's copy (`rep movsb`) took four times as long as where they do not, on a
/// Zen processor.
const ALIGNED: usize = 64;

/// Bytes of chunks that are handed over at once: what a write costs is mostly the call and its pages,
/// and what an allocation costs likewise.
const AT_ONCE: usize = 256 * 1024;

/// Every call and mark that has an id, cut by the hash of the id.
///
/// Of an id's key the first 8 bits name the partition, and the last 80 are kept. Of an entry's place
/// the source is kept: entries come back with position 0.
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

/// Entries of one source in one lane of one partition, one after the other.
pub(crate) struct Chunk {
    pub(crate) source: u16,
    entries: u32,
    /// How many bytes the entries are. [`AFTER`] more follow, which say nothing, and what is missing
    /// to the next multiple of [`ALIGNED`].
    len: usize,
    bytes: Bytes,
}

enum Bytes {
    Here { batch: Arc<Vec<u8>>, at: usize },
    Spilled { at: u64 },
}

/// Chunks that were read back, one after the other; reused between partitions.
#[derive(Debug, Default)]
pub(crate) struct ReadBack {
    /// From the first multiple of [`ALIGNED`] in memory on; until it has grown as far as partitions make
    /// it, only nearly.
    bytes: Vec<u8>,
    start: usize,
}

impl ReadBack {
    /// Forgets them.
    pub(crate) fn clear(&mut self) {
        self.start = self.bytes.as_ptr().addr().wrapping_neg() % ALIGNED;
        self.bytes.clear();
        self.bytes.resize(self.start, 0);
    }

    /// All of them.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Room for one more.
    fn room(&mut self, bytes: usize) -> &mut [u8] {
        let start = self.bytes.len();
        self.bytes.resize(start + bytes, 0);
        &mut self.bytes[start..]
    }
}

/// What entries of one kind a chunk holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lane {
    Calls,
    Marks,
}

/// How much lies in a partition.
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
    pub(crate) fn cut(&self, partition: usize, scratch: &mut ReadBack) -> io::Result<Self> {
        let finer = Self::empty(SECOND_CUT, Arc::clone(&self.room));
        let mut buffers = finer.buffers();
        self.entries(Lane::Calls, partition, scratch, |key, source, kept: Kept<C>| {
            buffers.push(Lane::Calls, key, source, &kept)
        })?;
        self.entries(Lane::Marks, partition, scratch, |key, source, kept: Kept<M>| {
            buffers.push(Lane::Marks, key, source, &kept)
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
        Buffers {
            calls: Fillings::new(),
            marks: Fillings::new(),
            out: Out { partitions: self, batch: Batch::default() },
        }
    }

    fn push(&self, lane: Lane, partition: usize, chunk: Chunk) {
        let lane = match lane {
            Lane::Calls => &self.calls,
            Lane::Marks => &self.marks,
        };
        lane[partition].lock().unwrap_or_else(PoisonError::into_inner).push(chunk);
    }

    /// How much lies in one partition: the bytes of both lanes, the entries of the longer one, since
    /// nearly every id has a call.
    pub(crate) fn size(&self, partition: usize) -> Size {
        let of = |lane| {
            self.with(lane, partition, |chunks| {
                chunks.iter().fold(Size::default(), |size, chunk| Size {
                    entries: size.entries + chunk.entries as usize,
                    bytes: size.bytes + chunk.room(),
                })
            })
        };
        let (calls, marks) = (of(Lane::Calls), of(Lane::Marks));
        Size { entries: calls.entries.max(marks.entries), bytes: calls.bytes + marks.bytes }
    }

    /// Hands each entry of one partition's lane to `each`, its key without what the partition says,
    /// with its source; `scratch` is reused between chunks.
    pub(crate) fn entries<F: Fact>(
        &self,
        lane: Lane,
        partition: usize,
        scratch: &mut ReadBack,
        mut each: impl FnMut(JoinKey, u16, Kept<F>) -> io::Result<()>,
    ) -> io::Result<()> {
        self.with(lane, partition, |chunks| {
            for chunk in chunks {
                scratch.clear();
                let bytes = self.bytes(chunk, scratch)?;
                chunk.entries(bytes, |key, kept| each(key.key(), chunk.source, kept))?;
            }
            Ok(())
        })
    }

    /// The bytes of a chunk: where they lie in memory, or read back to the end of `scratch`.
    pub(crate) fn bytes<'c>(
        &self,
        chunk: &'c Chunk,
        scratch: &'c mut ReadBack,
    ) -> io::Result<&'c [u8]> {
        match &chunk.bytes {
            Bytes::Here { batch, at } => Ok(batch.get(*at..).unwrap_or_default()),
            Bytes::Spilled { at } => {
                let room = scratch.room(chunk.room());
                self.room.spill.read(*at, room)?;
                Ok(room)
            }
        }
    }

    pub(crate) fn with<T>(
        &self,
        lane: Lane,
        partition: usize,
        look: impl FnOnce(&[Chunk]) -> T,
    ) -> T {
        let lane = match lane {
            Lane::Calls => &self.calls,
            Lane::Marks => &self.marks,
        };
        look(&lane[partition].lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Chunk {
    /// Bytes that it takes where it is kept.
    fn room(&self) -> usize {
        (self.len + AFTER).next_multiple_of(ALIGNED)
    }

    /// Where its bytes lie in memory; else, where in `read`, which holds those of the chunks that
    /// were read back, and which begins with what is left of it after this.
    pub(crate) fn again<'c>(&'c self, read: &mut &'c [u8]) -> &'c [u8] {
        match &self.bytes {
            Bytes::Here { batch, at } => batch.get(*at..).unwrap_or_default(),
            Bytes::Spilled { .. } => {
                let (bytes, rest) = read.split_at(self.room().min(read.len()));
                *read = rest;
                bytes
            }
        }
    }

    /// Hands each of its entries to `each`.
    #[inline]
    pub(crate) fn entries<F: Fact>(
        &self,
        bytes: &[u8],
        mut each: impl FnMut(KeptKey, Kept<F>) -> io::Result<()>,
    ) -> io::Result<()> {
        let (mut before, mut at) = (Before::default(), 0);
        for _ in 0..self.entries {
            let rest = bytes.get(at..).unwrap_or_default();
            let (key, kept, length) = before.read(rest).ok_or_else(cut_short)?;
            at += length;
            each(key, kept)?;
        }
        self.ends(at)
    }

    /// Hands the key of each of its entries to `each`.
    #[inline]
    pub(crate) fn keys<F: Fact>(
        &self,
        bytes: &[u8],
        mut each: impl FnMut(KeptKey),
    ) -> io::Result<()> {
        let mut at = 0;
        for _ in 0..self.entries {
            let rest = bytes.get(at..).unwrap_or_default();
            let (key, length) = skip::<F>(rest).ok_or_else(cut_short)?;
            at += length;
            each(key);
        }
        self.ends(at)
    }

    fn ends(&self, at: usize) -> io::Result<()> {
        if at == self.len { Ok(()) } else { Err(cut_short()) }
    }
}

#[cold]
fn cut_short() -> io::Error {
    io::Error::other("what was spilled came back cut short")
}

/// A worker's entries on their way to the partitions. [`Buffers::flush`] before it is dropped.
pub struct Buffers<'p, C, M> {
    calls: Fillings,
    marks: Fillings,
    out: Out<'p, C, M>,
}

impl<C: Fact, M: Fact> Buffers<'_, C, M> {
    /// Takes a call. Fails when the spill does (a full disk, say).
    pub fn call(&mut self, entry: &CallEntry<C>) -> io::Result<()> {
        let kept = Kept { time: entry.time, fact: entry.fact };
        self.push(Lane::Calls, entry.key, entry.place.source, &kept)
    }

    /// Takes a mark. Fails when the spill does.
    pub fn mark(&mut self, entry: &MarkEntry<M>) -> io::Result<()> {
        let kept = Kept { time: entry.time, fact: entry.fact };
        self.push(Lane::Marks, entry.key, entry.place.source, &kept)
    }

    #[inline]
    fn push<F: Fact>(
        &mut self,
        lane: Lane,
        key: JoinKey,
        source: u16,
        kept: &Kept<F>,
    ) -> io::Result<()> {
        let partition = usize::from((key.0 >> self.out.partitions.shift) as u8);
        let fillings = match lane {
            Lane::Calls => &mut self.calls,
            Lane::Marks => &mut self.marks,
        };
        if !fillings.push(partition, key, source, kept) {
            self.out.take(lane, partition, fillings)?;
            fillings.begin(partition, source);
            fillings.push(partition, key, source, kept);
        }
        Ok(())
    }

    /// Hands over what is left.
    pub fn flush(mut self) -> io::Result<()> {
        for (lane, fillings) in [(Lane::Calls, &mut self.calls), (Lane::Marks, &mut self.marks)] {
            for partition in 0..PARTITIONS {
                self.out.take(lane, partition, fillings)?;
            }
        }
        self.out.hand_over()
    }
}

/// The chunks of one lane under construction, one a partition, in one piece of memory.
struct Fillings {
    bytes: Vec<u8>,
    states: Vec<Filling>,
}

/// From one chunk under construction to the next. All of them fill alike: at a power of two from each
/// other, the places where the next entries go would share a few sets of the processor's cache.
const STRIDE: usize = CHUNK + 64;

/// How far a chunk under construction is. Every entry goes to another one, so that all of them are at
/// hand only where they are small.
#[derive(Clone, Copy, Default)]
struct Filling {
    /// Below [`CHUNK`].
    end: u16,
    entries: u16,
    source: u16,
    before: Before,
}

const _: () = assert!(CHUNK <= u16::MAX as usize);

impl Fillings {
    fn new() -> Self {
        let states = vec![Filling::default(); PARTITIONS];
        Self { bytes: vec![0; PARTITIONS * STRIDE], states }
    }

    /// Begins anew, with entries of this source.
    #[cold]
    fn begin(&mut self, partition: usize, source: u16) {
        self.states[partition] = Filling { source, ..Filling::default() };
    }

    /// Whether there was room for the entry.
    #[inline]
    fn push<F: Fact>(
        &mut self,
        partition: usize,
        key: JoinKey,
        source: u16,
        kept: &Kept<F>,
    ) -> bool {
        let filling = &mut self.states[partition];
        let end = usize::from(filling.end);
        if source != filling.source || end > CHUNK - LONGEST {
            return false;
        }
        let rest = self.bytes.get_mut(partition * STRIDE + end..);
        let Some(room) = rest.and_then(<[u8]>::first_chunk_mut) else { return false };
        filling.end += filling.before.write(room, key, kept) as u16;
        filling.entries += 1;
        true
    }

    /// Takes what is in a chunk: its source, how many entries, their bytes.
    fn take(&mut self, partition: usize) -> (u16, u16, &[u8]) {
        let Filling { end, entries, source, .. } = std::mem::take(&mut self.states[partition]);
        let start = partition * STRIDE;
        (source, entries, &self.bytes[start..start + usize::from(end)])
    }
}

/// The way from one worker to the partitions.
struct Out<'p, C, M> {
    partitions: &'p Partitions<C, M>,
    batch: Batch,
}

/// Chunks that are handed over together: to memory or to the spill, whichever has room.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    chunks: Vec<Waiting>,
}

struct Waiting {
    lane: Lane,
    partition: usize,
    source: u16,
    entries: u32,
    at: usize,
    len: usize,
}

impl<C: Fact, M: Fact> Out<'_, C, M> {
    /// Empties a chunk, if there is anything in it.
    #[cold]
    fn take(&mut self, lane: Lane, partition: usize, fillings: &mut Fillings) -> io::Result<()> {
        let (source, entries, filled) = fillings.take(partition);
        if entries == 0 {
            return Ok(());
        }
        let Batch { bytes, chunks } = &mut self.batch;
        if bytes.is_empty() {
            bytes.reserve_exact(AT_ONCE);
        }
        let (at, len) = (bytes.len().next_multiple_of(ALIGNED), filled.len());
        bytes.resize(at, 0);
        bytes.extend_from_slice(filled);
        let entries = entries.into();
        chunks.push(Waiting { lane, partition, source, entries, at, len });
        let more = (CHUNK + AFTER).next_multiple_of(ALIGNED);
        let full = bytes.len().next_multiple_of(ALIGNED) + more > AT_ONCE;
        if full { self.hand_over() } else { Ok(()) }
    }

    /// Hands over the chunks that wait.
    fn hand_over(&mut self) -> io::Result<()> {
        let Self { partitions, batch: Batch { bytes, chunks } } = self;
        if chunks.is_empty() {
            return Ok(());
        }
        bytes.resize((bytes.len() + AFTER).next_multiple_of(ALIGNED), 0);
        // Counted before it is kept, so that workers together cannot pass the bound.
        let room = &partitions.room;
        let before = room.in_memory.fetch_add(bytes.len(), Ordering::Relaxed);
        let kept = (before + bytes.len() <= room.allowed).then(|| Arc::new(std::mem::take(bytes)));
        let spilled = match kept {
            Some(_) => 0,
            None => {
                room.in_memory.fetch_sub(bytes.len(), Ordering::Relaxed);
                room.spill.append(bytes)?
            }
        };
        bytes.clear();
        for Waiting { lane, partition, source, entries, at, len } in chunks.drain(..) {
            let bytes = match &kept {
                Some(batch) => Bytes::Here { batch: Arc::clone(batch), at },
                None => Bytes::Spilled { at: spilled + at as u64 },
            };
            partitions.push(lane, partition, Chunk { source, entries, len, bytes });
        }
        Ok(())
    }
}

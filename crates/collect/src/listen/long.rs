//! Memory for lines that are longer than what each connection has of its own.
//!
//! A line takes all it may need at once: who held a part and waited for the rest might wait for others
//! who do the same. Who finds none is not read meanwhile, so its sender waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// What all long lines have together, unless one alone may be longer.
const ALL: usize = 64 << 20;
/// Memory is given out in pieces of so many bytes.
const PIECE: usize = 1 << 10;
/// How long a line may take to end while others wait for its memory.
pub(super) const ENDS: Duration = Duration::from_secs(60);

/// The memory that the TCP sources of a process share for long lines. Cheap to clone.
#[derive(Clone, Debug)]
pub struct LongLines {
    pieces: Arc<Semaphore>,
    all: u32,
    waiting: Arc<AtomicUsize>,
}

impl Default for LongLines {
    fn default() -> Self {
        Self::new(ALL)
    }
}

impl LongLines {
    /// So many bytes; at least one line is taken at a time, however long it may be.
    pub fn new(bytes: usize) -> Self {
        let all = pieces(bytes).min(u32::MAX >> 3);
        let semaphore = Semaphore::new(all as usize);
        Self { pieces: Arc::new(semaphore), all, waiting: Arc::default() }
    }

    /// Waits for the memory of a line of so many bytes.
    pub(super) async fn take(&self, bytes: usize) -> LongLine {
        let waiting = Waiting::new(&self.waiting);
        let wanted = pieces(bytes).min(self.all);
        // It is never closed.
        let memory = Arc::clone(&self.pieces).acquire_many_owned(wanted).await.ok();
        drop(waiting);
        LongLine { _memory: memory, until: Instant::now() + ENDS }
    }

    /// Pieces that nobody has.
    #[cfg(test)]
    pub(super) fn left(&self) -> usize {
        self.pieces.available_permits()
    }

    /// Whether somebody waits.
    pub(super) fn is_wanted(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }
}

/// The memory of one line; it is given back when it is dropped.
pub(super) struct LongLine {
    _memory: Option<OwnedSemaphorePermit>,
    /// When it is asked again whether others wait for it.
    pub(super) until: Instant,
}

/// Counted as long as it waits.
struct Waiting<'w>(&'w AtomicUsize);

impl<'w> Waiting<'w> {
    fn new(count: &'w AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn pieces(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(PIECE).max(1)).unwrap_or(u32::MAX)
}

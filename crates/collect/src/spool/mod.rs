//! Lines from the network, durable before they are acknowledged.
//!
//! A network source only appends here, and answers; from then on its lines are lines of a file with
//! a position, like all others. So there is one path into the store, and one crash story.
//!
//! A spool is a folder of files, `000000001.log` and so on. Each begins with a line of its own
//! ([`PREAMBLE`]) that no other file has: files are known by what they begin with. A file that was
//! read to its end and is no longer written to is removed.

mod once;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

pub use once::Batch;
use once::{NotNow, Once};

/// How the first line of a spool's file begins. It is no line of the source.
const PREAMBLE: &[u8] = b"#dolmen-spool ";

/// A new file is begun beyond this, and beyond a quarter of what may wait: a file is removed whole,
/// and never the one that is written to.
const FILE: u64 = 64 << 20;

/// Why lines were not taken.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// More lines wait than are allowed to: the sender must wait, or keep them.
    #[error("{waiting} bytes of {source_name} wait to be read, and {limit} may: try again later")]
    Full {
        /// The source.
        source_name: String,
        /// Bytes that wait.
        waiting: u64,
        /// Bytes that may.
        limit: u64,
    },
    /// The same is being taken at this moment.
    #[error("what has this key is being taken just now: send it again")]
    UnderWay,
    /// Its key came before, with other lines.
    #[error(
        "other lines came under this key before, and these were not taken: give them a key of their own"
    )]
    Other,
    /// The disk did not take them.
    #[error("cannot write {path}")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The lines of one network source that are not in the store yet.
#[derive(Debug)]
pub struct Spool {
    source: String,
    folder: PathBuf,
    /// Bytes that may wait.
    limit: AtomicU64,
    current: Mutex<Current>,
    /// What came under a key.
    once: Mutex<Once>,
    /// How far the current file is known to be on the disk.
    synced: Mutex<Synced>,
}

#[derive(Debug)]
struct Current {
    number: u64,
    file: File,
    length: u64,
    /// Bytes in earlier files.
    earlier: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Synced {
    number: u64,
    length: u64,
}

impl Spool {
    /// Opens the spool of a source, and makes it where there is none. What a crash cut off in the
    /// middle of a line was never acknowledged, and goes.
    pub fn open(folder: impl Into<PathBuf>, source: &str, limit: u64) -> Result<Self, SpoolError> {
        let folder = folder.into();
        fs::create_dir_all(&folder).map_err(failed(&folder))?;
        let files = numbers(&folder).map_err(failed(&folder))?;
        let mut earlier = 0;
        for &number in files.iter().rev().skip(1) {
            let path = path_of(&folder, number);
            earlier += fs::metadata(&path).map_err(failed(&path))?.len();
        }
        let current = match files.last() {
            Some(&number) => go_on(&folder, number, earlier)?,
            None => begin(&folder, 1, 0)?,
        };
        let synced = Synced { number: current.number, length: 0 };
        let once = Once::open(&folder, current.number, current.length, Instant::now());
        let once = once.map_err(failed(&folder))?;
        Ok(Self {
            once: Mutex::new(once),
            source: source.to_owned(),
            folder,
            limit: AtomicU64::new(limit),
            current: Mutex::new(current),
            synced: Mutex::new(synced),
        })
    }

    /// Appends whole lines, each with its line end; on return they are on the disk. Several callers
    /// share one sync.
    pub fn append(&self, lines: &[u8]) -> Result<(), SpoolError> {
        debug_assert!(lines.is_empty() || lines.ends_with(b"\n"), "whole lines");
        if lines.is_empty() {
            return Ok(());
        }
        let end = self.write(lines, &[])?;
        self.sync(end)
    }

    /// The same for what has keys: a part whose key came before adds nothing, also after a crash.
    /// Gives how many parts were new.
    pub fn append_once(&self, batch: &Batch) -> Result<usize, SpoolError> {
        let taking = self.once().begin(batch).map_err(|why| match why {
            NotNow::UnderWay => SpoolError::UnderWay,
            NotNow::Other => SpoolError::Other,
        })?;
        let end = match self.write(&taking.lines, &taking.keys) {
            Ok(end) => end,
            Err(error) => {
                self.once().give_up(&taking.keys);
                return Err(error);
            }
        };
        if let Err(error) = self.sync(end) {
            self.once().doubt(&taking.keys);
            return Err(error);
        }
        self.once().settle(&taking.keys, Instant::now()).map_err(failed(&self.folder))?;
        Ok(taking.parts)
    }

    fn once(&self) -> MutexGuard<'_, Once> {
        self.once.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, lines: &[u8], keys: &[(u128, u64)]) -> Result<Synced, SpoolError> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = current.earlier + current.length;
        let limit = self.limit();
        if waiting + lines.len() as u64 > limit {
            let source_name = self.source.clone();
            return Err(SpoolError::Full { source_name, waiting, limit });
        }
        if current.length >= FILE.min(limit / 4) {
            let path = path_of(&self.folder, current.number);
            current.file.sync_data().map_err(failed(&path))?;
            *current = begin(&self.folder, current.number + 1, waiting)?;
        }
        let path = path_of(&self.folder, current.number);
        let mut once = self.once();
        let before = once.length();
        if !keys.is_empty() {
            once.record(current.number, current.length, keys).map_err(failed(&self.folder))?;
        }
        if let Err(error) = current.file.write_all(lines) {
            if !keys.is_empty() {
                once.unrecord(before);
            }
            // A part of a line must not stand before the next one.
            let length = current.length;
            _ = current.file.set_len(length);
            _ = current.file.seek(SeekFrom::Start(length));
            return Err(failed(&path)(error));
        }
        current.length += lines.len() as u64;
        Ok(Synced { number: current.number, length: current.length })
    }

    fn sync(&self, end: Synced) -> Result<(), SpoolError> {
        let mut synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        if *synced >= end {
            return Ok(());
        }
        // Everything written so far comes along.
        let (file, reached, path) = {
            let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
            let path = path_of(&self.folder, current.number);
            let file = current.file.try_clone().map_err(failed(&path))?;
            (file, Synced { number: current.number, length: current.length }, path)
        };
        // Keys first: what is on the disk under a key shall be known to be.
        let keys = self.once().file().map_err(failed(&self.folder))?;
        keys.sync_data().map_err(failed(&self.folder))?;
        file.sync_data().map_err(failed(&path))?;
        *synced = reached;
        Ok(())
    }

    /// Its files, the oldest first.
    pub fn files(&self) -> io::Result<Vec<PathBuf>> {
        let numbers = numbers(&self.folder)?;
        Ok(numbers.into_iter().map(|number| path_of(&self.folder, number)).collect())
    }

    /// Removes the files that `is_read` says are in the store, but for the one being written to;
    /// that one is followed by a new one as soon as it is read and large.
    pub fn release(&self, is_read: impl Fn(&Path) -> bool) -> io::Result<()> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        for number in numbers(&self.folder)? {
            let path = path_of(&self.folder, number);
            if number < current.number && is_read(&path) {
                let length = fs::metadata(&path)?.len();
                fs::remove_file(&path)?;
                current.earlier = current.earlier.saturating_sub(length);
            }
        }
        Ok(())
    }

    /// Bytes that may wait.
    pub fn limit(&self) -> u64 {
        self.limit.load(Ordering::Relaxed)
    }

    /// Changes how many bytes may wait. What waits already stays.
    pub fn set_limit(&self, limit: u64) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// Bytes that may be read before they are removed.
    pub fn bytes(&self) -> u64 {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.earlier + current.length
    }
}

fn failed(path: &Path) -> impl Fn(io::Error) -> SpoolError + use<> {
    let path = path.to_owned();
    move |source| SpoolError::Write { path: path.clone(), source }
}

fn path_of(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:09}.log"))
}

/// The numbers of its files, sorted.
fn numbers(folder: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number: Option<u64> =
            name.to_str().and_then(|name| name.strip_suffix(".log")?.parse().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn begin(folder: &Path, number: u64, earlier: u64) -> Result<Current, SpoolError> {
    let path = path_of(folder, number);
    let mut file = OpenOptions::new()
        .create_new(true)
        .read(true)
        .write(true)
        .open(&path)
        .map_err(failed(&path))?;
    let mut preamble = PREAMBLE.to_vec();
    preamble.extend_from_slice(format!("{:032x}\n", unique()).as_bytes());
    file.write_all(&preamble).map_err(failed(&path))?;
    file.sync_all().map_err(failed(&path))?;
    // A file is there after a crash only when its folder says so.
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(folder))?;
    Ok(Current { number, file, length: preamble.len() as u64, earlier })
}

/// A number that no other file has.
fn unique() -> u128 {
    use std::hash::{BuildHasher, RandomState};
    // Two keys from the system's randomness.
    let half = |salt: u8| u128::from(RandomState::new().hash_one(salt));
    half(0) << 64 | half(1)
}

fn go_on(folder: &Path, number: u64, earlier: u64) -> Result<Current, SpoolError> {
    let path = path_of(folder, number);
    let open = || -> io::Result<(File, u64)> {
        let mut file = OpenOptions::new().read(true).write(true).open(&path)?;
        let length = whole_lines(&mut file)?;
        file.set_len(length)?;
        file.seek(SeekFrom::Start(length))?;
        Ok((file, length))
    };
    let (file, length) = open().map_err(failed(&path))?;
    if length < PREAMBLE.len() as u64 {
        // It was being made when everything stopped.
        fs::remove_file(&path).map_err(failed(&path))?;
        return begin(folder, number, earlier);
    }
    Ok(Current { number, file, length, earlier })
}

/// How long a file is up to its last line end.
fn whole_lines(file: &mut File) -> io::Result<u64> {
    const STEP: u64 = 64 << 10;
    let mut end = file.metadata()?.len();
    let mut buffer = vec![0; STEP as usize];
    while end > 0 {
        let start = end.saturating_sub(STEP);
        let part = &mut buffer[..(end - start) as usize];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(part)?;
        if let Some(at) = memchr::memrchr(b'\n', part) {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// What follows the line of the spool.
pub(crate) fn without_preamble(head: &[u8]) -> &[u8] {
    match (head.starts_with(PREAMBLE), memchr::memchr(b'\n', head)) {
        (true, Some(end)) => &head[end + 1..],
        (true, None) => b"",
        (false, _) => head,
    }
}

#[cfg(test)]
mod tests;

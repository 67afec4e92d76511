use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Vfs;

/// A disk in memory that keeps two images: what a running process sees, and what a power cut would
/// leave. A file's bytes become durable by [`Vfs::sync`], its name by [`Vfs::sync_dir`] (POSIX
/// promises no more), and faults can be told to happen at any operation.
#[derive(Debug, Default)]
pub struct SimVfs {
    disk: Mutex<Disk>,
}

/// What goes wrong, and at which operation, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The machine stops before this operation: it and every later one fails.
    Crash {
        /// Its number.
        at: u64,
    },
    /// The machine stops in the middle of this one: of a write, half of the bytes are there.
    ShortWrite {
        /// Its number.
        at: u64,
    },
    /// No more than this many bytes fit.
    Full {
        /// In all files together.
        capacity: u64,
    },
    /// From this operation on, syncing says yes and does nothing.
    LostSync {
        /// Its number.
        at: u64,
    },
}

#[derive(Debug, Default)]
struct Disk {
    /// By inode: bytes now, bytes durable.
    files: BTreeMap<u64, (Vec<u8>, Vec<u8>)>,
    /// Names now, names durable.
    names: BTreeMap<PathBuf, u64>,
    durable: BTreeMap<PathBuf, u64>,
    folders: BTreeSet<PathBuf>,
    next: u64,
    operations: u64,
    fault: Option<Fault>,
    crashed: bool,
}

impl SimVfs {
    /// An empty disk without faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on, this goes wrong. Operations are counted from here.
    pub fn fail(&self, fault: Option<Fault>) {
        let mut disk = self.disk();
        disk.operations = 0;
        disk.fault = fault;
    }

    /// How many operations that change something there were since [`SimVfs::fail`].
    pub fn operations(&self) -> u64 {
        self.disk().operations
    }

    /// Cuts the power and starts again: only what was durable is left, and nothing fails any more.
    pub fn restart(&self) {
        let mut disk = self.disk();
        disk.names = disk.durable.clone();
        let named: BTreeSet<u64> = disk.names.values().copied().collect();
        disk.files.retain(|inode, _| named.contains(inode));
        for (now, durable) in disk.files.values_mut() {
            now.clone_from(durable);
        }
        (disk.fault, disk.crashed, disk.operations) = (None, false, 0);
    }

    /// Overwrites a byte of a file, in both images: a bad sector.
    pub fn corrupt(&self, path: &Path, at: usize) -> io::Result<()> {
        let mut disk = self.disk();
        let inode = disk.inode(path)?;
        let (now, durable) = disk.files.entry(inode).or_default();
        for image in [now, durable] {
            if let Some(byte) = image.get_mut(at) {
                *byte ^= 0xff;
            }
        }
        Ok(())
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an operation that changes something, and lets it fail when it must. `Ok(true)`: do
    /// half of it, then fail.
    fn step(disk: &mut Disk) -> io::Result<Step> {
        let now = disk.operations;
        disk.operations += 1;
        if disk.crashed {
            return Err(stopped());
        }
        match disk.fault {
            Some(Fault::Crash { at }) if now >= at => {
                disk.crashed = true;
                Err(stopped())
            }
            Some(Fault::ShortWrite { at }) if now >= at => {
                disk.crashed = true;
                Ok(Step::Half)
            }
            Some(Fault::LostSync { at }) if now >= at => Ok(Step::NoSync),
            _ => Ok(Step::Whole),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Whole,
    /// Half of it is done, and then the machine stops.
    Half,
    /// A sync is not done, and says it was.
    NoSync,
}

fn stopped() -> io::Error {
    io::Error::other("the machine stopped")
}

impl Disk {
    fn inode(&self, path: &Path) -> io::Result<u64> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn used(&self) -> u64 {
        self.files.values().map(|(now, _)| now.len() as u64).sum()
    }
}

impl Vfs for SimVfs {
    fn create(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.disk();
        let step = Self::step(&mut disk)?;
        if disk.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let room = match disk.fault {
            Some(Fault::Full { capacity }) => capacity.saturating_sub(disk.used()) as usize,
            _ => usize::MAX,
        };
        let half = if step == Step::Half { bytes.len() / 2 } else { bytes.len() };
        let inode = disk.next;
        disk.next += 1;
        disk.names.insert(path.to_owned(), inode);
        disk.files.insert(inode, (bytes[..half.min(room)].to_vec(), Vec::new()));
        if step == Step::Half {
            // The worst case: the half that was written happens to be durable, name and all.
            disk.durable.insert(path.to_owned(), inode);
            if let Some((now, durable)) = disk.files.get_mut(&inode) {
                durable.clone_from(now);
            }
            return Err(stopped());
        }
        if bytes.len() > room {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        let step = Self::step(&mut disk)?;
        let inode = disk.inode(path)?;
        if let (Step::Whole, Some((now, durable))) = (step, disk.files.get_mut(&inode)) {
            durable.clone_from(now);
        }
        if step == Step::Half { Err(stopped()) } else { Ok(()) }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        let step = Self::step(&mut disk)?;
        let inode = disk.inode(from)?;
        disk.names.remove(from);
        disk.names.insert(to.to_owned(), inode);
        if step == Step::Half {
            // A rename is atomic, and may be durable before anybody asks for it.
            disk.durable.remove(from);
            disk.durable.insert(to.to_owned(), inode);
            return Err(stopped());
        }
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        let step = Self::step(&mut disk)?;
        if step == Step::Half {
            return Err(stopped());
        }
        if step == Step::Whole {
            disk.durable.retain(|name, _| name.parent() != Some(path));
            let now: Vec<_> = disk
                .names
                .iter()
                .filter(|(name, _)| name.parent() == Some(path))
                .map(|(name, inode)| (name.clone(), *inode))
                .collect();
            disk.durable.extend(now);
        }
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        let step = Self::step(&mut disk)?;
        disk.inode(path)?;
        disk.names.remove(path);
        if step == Step::Half { Err(stopped()) } else { Ok(()) }
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let disk = self.disk();
        let of = |name: &PathBuf| {
            (name.parent() == Some(path))
                .then(|| name.file_name().map(|name| name.to_string_lossy().into_owned()))
                .flatten()
        };
        Ok(disk.names.keys().filter_map(of).collect())
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.disk().folders.insert(path.to_owned());
        Ok(())
    }

    fn len(&self, path: &Path) -> io::Result<u64> {
        let disk = self.disk();
        let inode = disk.inode(path)?;
        Ok(disk.files.get(&inode).map_or(0, |(now, _)| now.len() as u64))
    }

    fn read_at(&self, path: &Path, at: u64, len: usize) -> io::Result<Vec<u8>> {
        let disk = self.disk();
        if disk.crashed {
            return Err(stopped());
        }
        let inode = disk.inode(path)?;
        let bytes = disk.files.get(&inode).map_or(&[][..], |(now, _)| now);
        let at = usize::try_from(at).map_err(io::Error::other)?;
        at.checked_add(len)
            .and_then(|end| bytes.get(at..end))
            .map(<[u8]>::to_vec)
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

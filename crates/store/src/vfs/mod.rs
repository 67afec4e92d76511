//! The one seam through which segments reach the disk.
//!
//! Everything that `segments/` sees goes through [`Vfs`]: behind it stands the file system, or, in
//! tests, a disk that fails at any operation, writes half, fills up, or lies about having synced.
//! The catalog is not behind it: SQLite brings its own such layer and its own crash tests, and
//! what we add to it (one commit is one transaction) is proven by killing processes.

mod real;
mod sim;
#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::io;
use std::path::Path;

pub use real::RealVfs;
pub use sim::{Fault, SimVfs};

/// A file system, as far as segments need one. Paths are those the store was opened with.
pub trait Vfs: Debug + Send + Sync {
    /// Makes a new file with these bytes; fails when it exists.
    fn create(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Makes the bytes of a file durable.
    fn sync(&self, path: &Path) -> io::Result<()>;
    /// Gives a file another name, replacing what had it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// Takes a file away.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// The names in a folder, in no order.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;
    /// Makes a folder and those above it; fine when it exists.
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    /// How long a file is.
    fn len(&self, path: &Path) -> io::Result<u64>;
    /// `len` bytes of a file from `at`; fewer is an error.
    fn read_at(&self, path: &Path, at: u64, len: usize) -> io::Result<Vec<u8>>;
}

//! What a question reads of the segments, counted behind the seam.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use common::{Block, START, call_line, id, mark_line};
use dolmen_model::Time;
use dolmen_store::{CallQuestion, LocalStore, Options, RealVfs, Store, Vfs};

/// The file system, and how many bytes of which file were read.
#[derive(Debug, Default)]
struct Counting {
    read: Mutex<BTreeMap<String, usize>>,
}

impl Counting {
    /// Files of which something was read since this was asked last, and bytes in all.
    fn taken(&self) -> (usize, usize) {
        let read = std::mem::take(&mut *self.read.lock().unwrap());
        (read.len(), read.values().sum())
    }
}

impl Vfs for Counting {
    fn create(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        RealVfs.create(path, bytes)
    }
    fn sync(&self, path: &Path) -> io::Result<()> {
        RealVfs.sync(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealVfs.rename(from, to)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        RealVfs.sync_dir(path)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        RealVfs.remove(path)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        RealVfs.list(path)
    }
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        RealVfs.create_dir(path)
    }
    fn len(&self, path: &Path) -> io::Result<u64> {
        RealVfs.len(path)
    }
    fn read_at(&self, path: &Path, at: u64, len: usize) -> io::Result<Vec<u8>> {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        *self.read.lock().unwrap().entry(name).or_default() += len;
        RealVfs.read_at(path, at, len)
    }
}

const SEGMENTS: u64 = 20;
const ROWS: u64 = 1_000;

/// Twenty segments of ten seconds each; one of them alone has calls of an operation.
fn store(disk: &Arc<Counting>, folder: &Path) -> LocalStore {
    let vfs: Arc<dyn Vfs> = disk.clone();
    let store = LocalStore::open(folder, Options { vfs }).unwrap();
    for n in 0..SEGMENTS {
        let mut block = Block::default();
        (n * ROWS..(n + 1) * ROWS).for_each(|line| block.call(&store, &call_line(line)));
        store.commit(block.commit(&store, Vec::new())).unwrap();
    }
    let mut block = Block::default();
    block.mark(&store, &mark_line(7 * ROWS + 1, "card block"));
    store.commit(block.commit(&store, Vec::new())).unwrap();
    store.compact_while(Time::from_micros(0), || false).unwrap();
    store
}

#[test]
fn a_question_reads_the_segments_that_may_answer_it() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(Counting::default());
    drop(store(&disk, folder.path()));
    let vfs: Arc<dyn Vfs> = disk.clone();
    let store = LocalStore::open_read(folder.path(), Options { vfs }).unwrap();
    disk.taken();
    let at = |second: i64| Time::from_seconds(START + second).unwrap();
    let asked = |from: Time, to: Time, query: &str, most: usize| {
        let question = CallQuestion { from, to, query: query.parse().unwrap() };
        let calls = store.calls(&question).unwrap().take(most).filter(Result::is_ok).count();
        (calls, disk.taken().0)
    };
    // By time: three seconds are in one segment.
    assert_eq!(asked(at(101), at(104), "", usize::MAX), (300, 1));
    // A page of the newest.
    assert_eq!(asked(Time::MIN, Time::MAX, "", 100), (100, 1));
    // By what the catalog lists: the others have no such call.
    assert_eq!(asked(Time::MIN, Time::MAX, "operation:\"card block\"", usize::MAX), (1, 1));
    assert_eq!(asked(Time::MIN, Time::MAX, "operation:nowhere", usize::MAX), (0, 1));
}

#[test]
fn a_request_is_found_through_filters_which_stay_at_hand() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(Counting::default());
    drop(store(&disk, folder.path()));
    let vfs: Arc<dyn Vfs> = disk.clone();
    let store = LocalStore::open_read(folder.path(), Options { vfs }).unwrap();
    let found = |n: u64| store.request(id(n).as_bytes()).unwrap().calls.len();
    assert_eq!(found(7 * ROWS + 5), 1);
    let (files, first) = disk.taken();
    // Of each segment what says which ids it has, and the rows of one or, by chance, two more.
    assert_eq!(files as u64, SEGMENTS + 1);
    assert_eq!(found(7 * ROWS + 6), 1);
    let (files, again) = disk.taken();
    assert!(files <= 3, "{files} files were read again");
    assert!(again < first, "{again} bytes after {first}");
    assert_eq!(found(1_000_000_000), 0);
}

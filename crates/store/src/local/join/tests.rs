use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dolmen_model::{Call, Joined, Mark, NameId, RequestId, Time};

use crate::commit::Commit;
use crate::facts::{CallFacts, MarkFacts, MarkState, Settled};
use crate::local::{LocalStore, Options};
use crate::rows::Rows;
use crate::store::Store;
use crate::vfs::{RealVfs, Vfs};

const DAY: i64 = 86_400_000_000;
const NOBODY: NameId = NameId::UNKNOWN;

fn commit(store: &LocalStore, rows: &Rows) -> u64 {
    let mut commit = Commit::new(Time::from_micros(0));
    commit.rows.push(store.encode(rows).unwrap());
    store.commit(commit).unwrap().late_joins
}

/// The calls of a day.
fn calls_of(store: &LocalStore, day: i64, id: impl Fn(i64) -> Vec<u8>) -> Rows {
    let mut rows = Rows::new();
    for n in 0..150 {
        let id = id(n);
        let (time, request_id) = (Some(Time::from_micros(day * DAY)), RequestId::Is(&id));
        let call = Call { time, request_id, ..Call::default() };
        let facts = CallFacts {
            source: "proxy",
            forwarded_address: b"",
            service: NOBODY,
            actor: NOBODY,
            endpoint: NOBODY,
            claimed: NOBODY,
        };
        let settled = Settled::alone(&facts, Joined::CallOnly, store.names());
        rows.push_call(&id, &call, &facts, settled);
    }
    rows
}

fn mark_of(store: &LocalStore, day: i64, id: &[u8]) -> Rows {
    let operation = store.names().operations.intern(b"card block");
    let (time, request_id) = (Some(Time::from_micros(day * DAY)), RequestId::Is(id));
    let mark = Mark { time, request_id, operation: b"card block", service: b"" };
    let (service, state) = (NOBODY, MarkState::Waiting);
    let mut rows = Rows::new();
    rows.push_mark(id, &mark, MarkFacts { source: "app", operation, service, state });
    rows
}

/// Marks alone, of one day after the other: keys of calls long before them are not kept.
#[test]
fn keys_of_calls_are_kept_as_long_as_they_are_near() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    let id = |day: i64, n: i64| format!("request {day}-{n}").into_bytes();
    for day in 0..8 {
        commit(&store, &calls_of(&store, day, |n| id(day, n)));
    }
    for day in 0..8 {
        assert_eq!(commit(&store, &mark_of(&store, day, &id(day, 7))), 1, "day {day}");
        let kept = store.inner().writer.as_ref().map_or(0, |writer| writer.near.len());
        assert!((1..=3).contains(&kept), "{kept} on day {day}");
    }
}

/// Counts how often a file is opened as a segment.
#[derive(Debug, Default)]
struct Counting(RealVfs, AtomicUsize);

impl Vfs for Counting {
    fn create(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.0.create(path, bytes)
    }
    fn sync(&self, path: &Path) -> io::Result<()> {
        self.0.sync(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.rename(from, to)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.0.sync_dir(path)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.remove(path)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.0.list(path)
    }
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.0.create_dir(path)
    }
    fn read_at(&self, path: &Path, at: u64, len: usize) -> io::Result<Vec<u8>> {
        self.0.read_at(path, at, len)
    }
    fn len(&self, path: &Path) -> io::Result<u64> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.len(path)
    }
}

/// Nor are segments opened that cannot hold the call of a mark.
#[test]
fn a_mark_without_a_call_opens_few_segments() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(Counting::default());
    let open = || {
        let vfs: Arc<dyn Vfs> = disk.clone();
        LocalStore::open(folder.path(), Options { vfs }).unwrap()
    };
    let id = |day: i64, n: i64| -> Vec<u8> {
        // Text, and numbers of which one half is random.
        let random = (day * 150 + n).wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64);
        match n % 2 {
            0 => format!("request {day}-{n}").into_bytes(),
            _ => format!("{random:016x}{:016x}", day * 1_000 + n).into_bytes(),
        }
    };
    let store = open();
    for day in 0..20 {
        commit(&store, &calls_of(&store, day, |n| id(day, n)));
    }
    let mark = |store: &LocalStore, id: &[u8]| commit(store, &mark_of(store, 19, id));
    mark(&store, b"nobody");
    drop(store);
    let store = open();
    disk.1.store(0, Ordering::Relaxed);
    for unknown in [&b"nobody else"[..], b"00000000000000000000000000000007"] {
        assert_eq!(mark(&store, unknown), 0);
    }
    let opened = disk.1.load(Ordering::Relaxed);
    // Those near in time, and by chance one or two more.
    assert!(opened <= 6, "{opened} of 20");
    for (day, n) in [(0, 6), (3, 7), (11, 149)] {
        assert_eq!(mark(&store, &id(day, n)), 1, "{day} {n}");
    }
}

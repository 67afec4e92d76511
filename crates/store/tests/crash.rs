//! Whatever breaks, and at whatever operation: what was acknowledged is there, and nothing else.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::sync::Arc;

use common::{Block, all_calls, call_line, calls_by_joined, mark_line, progress};
use dolmen_model::Time;
use dolmen_store::{CallQuestion, Fault, LocalStore, Options, SimVfs, Store, StoreError, Vfs};

/// A store whose segments are on a simulated disk.
struct Bench {
    folder: tempfile::TempDir,
    disk: Arc<SimVfs>,
}

impl Bench {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), disk: Arc::new(SimVfs::new()) }
    }

    fn open(&self) -> Result<LocalStore, StoreError> {
        let vfs: Arc<dyn Vfs> = self.disk.clone();
        LocalStore::open(self.folder.path(), Options { vfs })
    }

    /// Names of the files in `segments/`.
    fn segments(&self) -> Vec<String> {
        let mut names = self.disk.list(&self.folder.path().join("segments")).unwrap();
        names.sort();
        names
    }

    fn leave(&self, name: &str) {
        let path = self.folder.path().join("segments").join(name);
        self.disk.create(&path, b"").unwrap();
    }

    fn take_away(&self, name: &str) {
        self.disk.remove(&self.folder.path().join("segments").join(name)).unwrap();
    }
}

const BLOCK: u64 = 50;

/// The n-th commit: calls of one file, and marks for some of the block before.
fn commit(store: &LocalStore, n: u64, text: &[u8], ends: &[usize]) -> Result<(), StoreError> {
    let mut block = Block::default();
    (n * BLOCK..(n + 1) * BLOCK).for_each(|line| block.call(store, &call_line(line)));
    if n > 0 {
        let marked = (n - 1) * BLOCK..(n - 1) * BLOCK + 10;
        marked.for_each(|line| block.mark(store, &mark_line(line, "card block")));
    }
    let at = n as usize;
    let from = at.checked_sub(1).map_or(0, |before| ends[before]);
    let progress = progress(store, "proxy", text, from, ends[at]);
    store.commit(block.commit(store, vec![progress])).map(drop)
}

/// The file that the commits read, and where each ends.
fn file(commits: u64) -> (Vec<u8>, Vec<usize>) {
    let mut text = Vec::new();
    let mut ends = Vec::new();
    for n in 0..commits {
        for line in n * BLOCK..(n + 1) * BLOCK {
            text.extend_from_slice(call_line(line).as_bytes());
            text.push(b'\n');
        }
        ends.push(text.len());
    }
    (text, ends)
}

/// Everything that can be asked of a store, in one comparable value.
fn image(store: &LocalStore) -> String {
    let mut lines: Vec<String> = all_calls(store, "")
        .into_iter()
        .map(|call| format!("{:?} {:?}", call.operations, String::from_utf8_lossy(&call.line)))
        .collect();
    lines.sort();
    let marks = store.marks(Time::MIN, Time::MAX).unwrap();
    let counts: Vec<_> = marks.iter().map(|m| (m.marks, m.mark_only)).collect();
    let status = store.status().unwrap();
    format!("{:?} {counts:?} {} {lines:#?}", calls_by_joined(store), status.waiting_marks)
}

/// Images after 0, 1, … undisturbed commits.
fn undisturbed(commits: u64) -> Vec<String> {
    let (text, ends) = file(commits);
    let bench = Bench::new();
    let store = bench.open().unwrap();
    let mut images = vec![image(&store)];
    for n in 0..commits {
        commit(&store, n, &text, &ends).unwrap();
        images.push(image(&store));
    }
    images
}

/// Commits until one fails, cuts the power, opens again: exactly what was acknowledged is there.
/// Then goes on, and ends like an undisturbed run.
fn survives(fault: Fault, expected: &[String]) {
    let commits = expected.len() as u64 - 1;
    let (text, ends) = file(commits);
    let bench = Bench::new();
    let store = bench.open().unwrap();
    bench.disk.fail(Some(fault));
    let acknowledged =
        (0..commits).take_while(|&n| commit(&store, n, &text, &ends).is_ok()).count();
    drop(store);
    bench.disk.restart();
    let store = bench.open().unwrap();
    assert_eq!(image(&store), expected[acknowledged], "{fault:?}");
    assert_eq!(store.verify(|_, _| {}).unwrap().problems, Vec::<String>::new(), "{fault:?}");
    for n in acknowledged as u64..commits {
        commit(&store, n, &text, &ends).unwrap();
    }
    assert_eq!(image(&store), expected[commits as usize], "{fault:?}");
}

#[test]
fn a_crash_at_any_operation_loses_nothing_acknowledged() {
    let expected = undisturbed(3);
    let operations = {
        let (text, ends) = file(3);
        let bench = Bench::new();
        let store = bench.open().unwrap();
        bench.disk.fail(None);
        (0..3).for_each(|n| commit(&store, n, &text, &ends).unwrap());
        bench.disk.operations()
    };
    assert!(operations > 15, "{operations}");
    for at in 0..=operations {
        survives(Fault::Crash { at }, &expected);
        survives(Fault::ShortWrite { at }, &expected);
    }
}

#[test]
fn a_full_disk_is_said_and_leaves_nothing_behind() {
    let (text, ends) = file(2);
    let bench = Bench::new();
    let store = bench.open().unwrap();
    commit(&store, 0, &text, &ends).unwrap();
    let before = image(&store);
    let folder = bench.folder.path().join("segments");
    let names = bench.disk.list(&folder).unwrap();
    let used: u64 = names.iter().map(|name| bench.disk.len(&folder.join(name)).unwrap()).sum();
    // Nothing fits; half of the calls; the calls and half of the marks.
    for capacity in [0, used + used / 2, used * 2 + 1_000] {
        bench.disk.fail(Some(Fault::Full { capacity }));
        let error = commit(&store, 1, &text, &ends).unwrap_err();
        assert!(matches!(error, StoreError::Full { .. }), "{error}");
        assert!(error.to_string().contains("no space left"), "{error}");
        assert_eq!(image(&store), before);
    }
    // Space was freed: the same store goes on with the same commit.
    bench.disk.fail(None);
    commit(&store, 1, &text, &ends).unwrap();
    assert_eq!(image(&store), undisturbed(2)[2]);
}

#[test]
fn a_disk_that_lies_about_syncing_is_found_out() {
    let (text, ends) = file(2);
    let bench = Bench::new();
    let store = bench.open().unwrap();
    commit(&store, 0, &text, &ends).unwrap();
    bench.disk.fail(Some(Fault::LostSync { at: 0 }));
    commit(&store, 1, &text, &ends).unwrap();
    drop(store);
    bench.disk.restart();
    let store = bench.open().unwrap();
    let problems = store.verify(|_, _| {}).unwrap().problems;
    // The calls and the marks of the second commit; the first one is whole.
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].contains("its file is missing"), "{problems:?}");
    assert!(problems[0].contains("50 rows from 2026-03-02T"), "{problems:?}");
}

#[test]
fn a_damaged_segment_is_named_and_the_rest_is_not_lost() {
    let (text, ends) = file(2);
    let bench = Bench::new();
    let store = bench.open().unwrap();
    (0..2).for_each(|n| commit(&store, n, &text, &ends).unwrap());
    let path = bench.folder.path().join("segments/0000000001-calls.parquet");
    let len = bench.disk.len(&path).unwrap() as usize;
    bench.disk.corrupt(&path, len - 6).unwrap();
    let problems = store.verify(|_, _| {}).unwrap().problems;
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].starts_with("segment 0000000001-calls.parquet cannot be read"));
    assert!(problems[0].ends_with("restore this file from a backup"));
    // What is counted is counted still.
    assert_eq!(calls_by_joined(&store).iter().map(|(_, calls)| calls).sum::<u64>(), 100);
    // Its rows are out of reach, once said; all others come.
    let question = CallQuestion { from: Time::MIN, to: Time::MAX, query: Default::default() };
    let store = {
        drop(store);
        bench.open().unwrap()
    };
    let (read, failed): (Vec<_>, Vec<_>) = store.calls(&question).unwrap().partition(Result::is_ok);
    assert_eq!((read.len(), failed.len()), (50, 1));
}

#[test]
fn strays_are_swept_when_the_store_is_opened() {
    let bench = Bench::new();
    drop(bench.open().unwrap());
    let stray = bench.folder.path().join("segments/0000000009-calls.new");
    bench.disk.create(&stray, b"half").unwrap();
    drop(bench.open().unwrap());
    assert!(bench.disk.list(&bench.folder.path().join("segments")).unwrap().is_empty());
}

#[test]
fn a_damaged_catalog_says_what_to_do() {
    let bench = Bench::new();
    let (text, ends) = file(1);
    let store = bench.open().unwrap();
    commit(&store, 0, &text, &ends).unwrap();
    drop(store);
    let catalog = bench.folder.path().join("catalog.sqlite");
    std::fs::write(&catalog, b"this is no database, whatever its name says....").unwrap();
    let error = bench.open().unwrap_err();
    assert!(matches!(error, StoreError::Catalog { .. }), "{error:?}");
    assert!(error.to_string().contains("restore a backup"), "{error}");
}

/// Whoever lost the catalog still has every raw line: opening takes nothing away.
#[test]
fn segments_without_their_catalog_stay() {
    let bench = Bench::new();
    let (text, ends) = file(1);
    let store = bench.open().unwrap();
    commit(&store, 0, &text, &ends).unwrap();
    drop(store);
    let before = bench.segments();
    assert!(!before.is_empty());
    let catalog = bench.folder.path().join("catalog.sqlite");
    for is_empty in [true, false] {
        match is_empty {
            true => std::fs::write(&catalog, b"").unwrap(),
            false => std::fs::remove_file(&catalog).unwrap(),
        }
        let error = bench.open().unwrap_err();
        assert!(matches!(error, StoreError::NoCatalog { .. }), "{error:?}");
        assert!(error.to_string().contains("restore a backup"), "{error}");
        assert_eq!(bench.segments(), before);
        assert!(is_empty || !catalog.exists());
    }
}

/// A catalog that is older than its segments, copied without its log for one, takes none away.
#[test]
fn more_segments_than_a_crash_leaves_stay() {
    let bench = Bench::new();
    let (text, ends) = file(1);
    let store = bench.open().unwrap();
    commit(&store, 0, &text, &ends).unwrap();
    drop(store);
    let names = |from: u32, to: u32| (from..to).map(|n| format!("{n:010}-calls.parquet"));
    for name in names(100, 109) {
        bench.leave(&name);
    }
    let before = bench.segments();
    let error = bench.open().unwrap_err();
    assert!(matches!(error, StoreError::Unnamed { count: 9, .. }), "{error:?}");
    assert!(error.to_string().contains("0000000100-calls.parquet"), "{error}");
    assert_eq!(bench.segments(), before);
    for name in names(103, 109) {
        bench.take_away(&name);
    }
    drop(bench.open().unwrap());
    assert!(bench.segments().len() < before.len() - 6, "what a crash left goes");
}

#[test]
fn another_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(LocalStore::open(folder.path(), Options::default()).unwrap());
    for (format, advice) in [(4, "use the newer dolmen"), (1, "with the dolmen that wrote it")] {
        let db = rusqlite::Connection::open(folder.path().join("catalog.sqlite")).unwrap();
        db.execute("UPDATE meta SET value = ?1 WHERE key = 'format'", [format]).unwrap();
        drop(db);
        let error = LocalStore::open(folder.path(), Options::default()).unwrap_err().to_string();
        assert!(error.contains(&format!("is a store of format {format}")), "{error}");
        assert!(error.contains(advice), "{error}");
    }
}

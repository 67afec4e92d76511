//! A segment that cannot be read stops only what needs it, and is missed no longer once it is back.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::fs;
use std::path::PathBuf;

use common::{Block, START, call_line, calls_by_joined, everything, mark_line};
use dolmen_model::query::Query;
use dolmen_model::{Joined, Time};
use dolmen_store::{
    CallQuestion, Commit, Committed, ExportFormat, LocalStore, LoneMarks, Options, Store,
    StoreError, Survey, export,
};
use tempfile::TempDir;

fn at(seconds: i64) -> Time {
    Time::from_seconds(START + seconds).unwrap()
}

fn open(folder: &TempDir) -> LocalStore {
    LocalStore::open(folder.path(), Options::default()).unwrap()
}

fn commit_calls(store: &LocalStore, lines: std::ops::Range<u64>) -> Committed {
    let mut block = Block::default();
    lines.for_each(|n| block.call(store, &call_line(n)));
    store.commit(block.commit(store, Vec::new())).unwrap()
}

fn commit_marks(store: &LocalStore, lines: std::ops::Range<u64>) -> Committed {
    let mut block = Block::default();
    lines.for_each(|n| block.mark(store, &mark_line(n, "card block")));
    store.commit(block.commit(store, Vec::new())).unwrap()
}

/// A segment whose bytes are zeros until it is restored.
struct Damaged {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Damaged {
    /// The n-th segment of calls.
    fn calls(folder: &TempDir, n: usize) -> Self {
        let files = fs::read_dir(folder.path().join("segments")).unwrap();
        let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        paths.retain(|path| path.to_str().unwrap().ends_with("-calls.parquet"));
        paths.sort();
        let path = paths.swap_remove(n);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, vec![0; bytes.len()]).unwrap();
        Self { path, bytes }
    }

    fn restore(self) {
        fs::write(&self.path, self.bytes).unwrap();
    }
}

fn survey(store: &LocalStore, query: &str) -> Survey {
    let question = CallQuestion { from: Time::MIN, to: Time::MAX, query: query.parse().unwrap() };
    store.survey(&question).unwrap()
}

fn calls(survey: &Survey) -> u64 {
    survey.cube.cells().map(|(_, cell)| cell.calls).sum()
}

#[test]
fn marks_of_calls_that_cannot_be_read_wait_until_they_can() {
    for reopens in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let mut store = open(&folder);
        commit_calls(&store, 0..100);
        commit_calls(&store, 100..200);
        let damaged = Damaged::calls(&folder, 0);
        if reopens {
            drop(store);
            store = open(&folder);
        }
        let committed = commit_marks(&store, 50..150);
        assert_eq!((committed.late_joins, committed.waiting), (50, 50));
        let [lost] = &committed.unreadable[..] else { unreachable!("{committed:?}") };
        assert!(lost.to_string().contains("0000000001-calls.parquet cannot be read"), "{lost}");
        assert!(lost.to_string().contains("restore this file from a backup"), "{lost}");
        // Nor can what comes now meet them.
        assert_eq!(commit_calls(&store, 90..110).unreadable.len(), 1);
        if reopens {
            drop(store);
            store = open(&folder);
        }
        damaged.restore();
        assert!(store.commit(Commit::new(at(0))).unwrap().unreadable.is_empty());
        // As if nothing had been amiss.
        let whole = tempfile::tempdir().unwrap();
        let other = open(&whole);
        commit_calls(&other, 0..100);
        commit_calls(&other, 100..200);
        commit_marks(&other, 50..150);
        commit_calls(&other, 90..110);
        assert_eq!(calls_by_joined(&store), calls_by_joined(&other));
        let (mine, theirs) = (survey(&store, ""), survey(&other, ""));
        assert_eq!((mine.marks, mine.repeated_ids), (theirs.marks, theirs.repeated_ids));
        assert_eq!(store.status().unwrap().waiting_marks, 0);
        assert!(store.verify(|_, _| {}).unwrap().problems.is_empty());
    }
}

#[test]
fn a_survey_says_what_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    commit_calls(&store, 0..100);
    commit_calls(&store, 100..200);
    let before = survey(&store, "");
    let damaged = Damaged::calls(&folder, 0);
    // Counts of all time need no line, and the catalog knows when the first one was.
    let all = survey(&store, "");
    assert_eq!((calls(&all), all.from, all.to), (200, before.from, before.to));
    assert!(all.unreadable.is_empty());
    let some = survey(&store, "source:proxy");
    assert_eq!((calls(&some), some.unreadable.len()), (100, 1));
    assert_eq!(some.unreadable[0].rows, 100);
    let request = store.request(common::id(150).as_bytes()).unwrap();
    assert_eq!((request.calls.len(), request.unreadable.len()), (1, 1));
    damaged.restore();
    assert_eq!(calls(&survey(&store, "source:proxy")), 200);
}

#[test]
fn an_export_holds_all_that_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    (0..3).for_each(|n| drop(commit_calls(&store, n * 100..(n + 1) * 100)));
    let _damaged = Damaged::calls(&folder, 1);
    let question = CallQuestion { from: Time::MIN, to: Time::MAX, query: Query::default() };
    for format in [ExportFormat::Ndjson, ExportFormat::Csv, ExportFormat::Parquet] {
        let mut out = Vec::new();
        let exported = export(&store, &question, format, &mut out).unwrap();
        assert_eq!((exported.calls, exported.unreadable.len()), (200, 1));
        assert_eq!(exported.unreadable[0].segment, "0000000002-calls.parquet");
    }
}

#[test]
fn lone_marks_are_those_that_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    commit_marks(&store, 0..10);
    commit_marks(&store, 10..30);
    let path = folder.path().join("segments/0000000001-marks.parquet");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, vec![0; bytes.len()]).unwrap();
    let operation = store.names().operations.find(b"card block").unwrap();
    let service = store.names().services.find(b"monolith").unwrap();
    let (from, to) = (Time::MIN, Time::MAX);
    let found = store.lone_marks(&LoneMarks { service, operation, from, to, most: 100 }).unwrap();
    assert_eq!((found.marks.len(), found.unreadable.len()), (20, 1));
}

#[test]
fn compaction_leaves_out_what_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    (0..4).for_each(|n| drop(commit_calls(&store, n * 100..(n + 1) * 100)));
    let damaged = Damaged::calls(&folder, 1);
    let done = store.compact(at(0)).unwrap();
    assert_eq!((done.from, done.to, done.unreadable.len()), (3, 1, 1));
    assert_eq!(calls(&survey(&store, "source:proxy")), 300);
    damaged.restore();
    let done = store.compact(at(0)).unwrap();
    assert_eq!((done.from, done.to, done.unreadable.len()), (2, 1, 0));
    assert_eq!(calls(&survey(&store, "source:proxy")), 400);
    assert_eq!(calls_by_joined(&store), [(Joined::CallOnly, 400)]);
}

#[test]
fn a_store_of_the_version_before_is_read_and_brought_up() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    commit_calls(&store, 0..100);
    drop(store);
    let catalog = rusqlite::Connection::open(folder.path().join("catalog.sqlite")).unwrap();
    catalog
        .execute_batch("DROP TABLE unmet; DROP TABLE overused; DROP TABLE id_filters; UPDATE meta SET value = 2 WHERE key = 'format';")
        .unwrap();
    drop(catalog);
    let reader = LocalStore::open_read(folder.path(), Options::default()).unwrap();
    assert_eq!(calls(&survey(&reader, "source:proxy")), 100);
    assert_eq!(reader.status().unwrap().format, 2);
    let store = open(&folder);
    commit_marks(&store, 0..50);
    assert_eq!(calls_by_joined(&store), [(Joined::Joined, 50), (Joined::CallOnly, 50)]);
    assert_eq!(store.status().unwrap().format, 3);
    assert_eq!(
        reader.count(&everything()).unwrap().cube.cells().map(|(_, c)| c.calls).sum::<u64>(),
        100
    );
    drop(store);
    let catalog = rusqlite::Connection::open(folder.path().join("catalog.sqlite")).unwrap();
    catalog.execute_batch("UPDATE meta SET value = 4 WHERE key = 'format';").unwrap();
    let error = LocalStore::open_read(folder.path(), Options::default()).unwrap_err();
    assert!(matches!(error, StoreError::Version { found: 4, ours: 3, .. }), "{error}");
}

//! Compaction, removal, backup, verification, export, lists.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{Block, START, all_calls, call_line, calls_by_joined, everything, mark_line};
use dolmen_model::{Joined, NameId, SetId, Time};
use dolmen_store::{
    CallQuestion, CallerCount, CallerHeading, CallerQuestion, CallerWidth, Commit, CubeQuestion,
    Dimension, ExportFormat, GRACE, LocalStore, Options, Rows, Store, StoreError, UnreadLine,
    Width, export,
};

fn at(seconds: i64) -> Time {
    Time::from_seconds(START + seconds).unwrap()
}

fn commit_calls(store: &LocalStore, lines: std::ops::Range<u64>) {
    let mut block = Block::default();
    lines.for_each(|n| block.call(store, &call_line(n)));
    store.commit(block.commit(store, Vec::new())).unwrap();
}

fn commit_marks(store: &LocalStore, lines: std::ops::Range<u64>, operation: &str) {
    let mut block = Block::default();
    lines.for_each(|n| block.mark(store, &mark_line(n, operation)));
    store.commit(block.commit(store, Vec::new())).unwrap();
}

fn lines(store: &LocalStore, query: &str) -> Vec<String> {
    let text = |line| String::from_utf8(line).unwrap();
    let mut lines: Vec<_> =
        all_calls(store, query).into_iter().map(|call| text(call.line)).collect();
    lines.sort();
    lines
}

#[test]
fn compaction_changes_files_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    (0..6).for_each(|n| commit_calls(&store, n * 100..(n + 1) * 100));
    commit_marks(&store, 50..150, "card block");
    let before = (lines(&store, ""), lines(&store, "operation:\"card block\""));
    assert_eq!(before.1.len(), 100);
    let counts = calls_by_joined(&store);
    assert_eq!(store.status().unwrap().amendments, 100);

    // A reader that has planned its way before the compaction.
    let reader = LocalStore::open_read(folder.path(), Options::default()).unwrap();
    let everything = CallQuestion { from: Time::MIN, to: Time::MAX, query: Default::default() };
    let mut reading = reader.calls(&everything).unwrap();
    reading.next().unwrap().unwrap();

    let done = store.compact(at(0)).unwrap();
    assert_eq!((done.from, done.to, done.amendments), (6, 1, 100));
    assert_eq!((lines(&store, ""), lines(&store, "operation:\"card block\"")), before);
    assert_eq!(calls_by_joined(&store), counts);
    assert_eq!(store.compact(at(0)).unwrap().from, 0);
    assert_eq!(reading.filter(Result::is_ok).count(), 599);

    // A mark that comes later still amends the row where it is now.
    commit_marks(&store, 300..301, "balance");
    assert_eq!(lines(&store, "operation:balance"), [call_line(300)]);

    assert_eq!(store.remove_replaced(at(0)).unwrap(), 0);
    let later = Time::from_micros(at(0).micros() + GRACE);
    assert_eq!(store.remove_replaced(later).unwrap(), 6);
    assert_eq!(std::fs::read_dir(folder.path().join("segments")).unwrap().count(), 3);
    assert_eq!((lines(&store, ""), lines(&store, "joined:joined").len()), (before.0, 101));
    assert_eq!(store.verify(|_, _| {}).unwrap().problems, Vec::<String>::new());
}

#[test]
fn old_lines_go_and_their_counts_stay() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    commit_calls(&store, 0..100);
    commit_calls(&store, 100_000..100_100);
    commit_marks(&store, 9_000_000..9_000_001, "balance");
    let removed = store.keep_from(at(500), at(2_000)).unwrap();
    assert_eq!((removed.segments, removed.rows, removed.waiting_marks), (1, 100, 0));
    assert_eq!(lines(&store, "").len(), 100);
    assert_eq!(calls_by_joined(&store), [(Joined::CallOnly, 200)]);
    let removed = store.keep_from(at(500_000), at(2_000)).unwrap();
    assert_eq!((removed.segments, removed.waiting_marks), (2, 1));
    let marks = store.marks(Time::MIN, Time::MAX).unwrap();
    assert_eq!(marks.iter().map(|m| (m.marks, m.mark_only)).collect::<Vec<_>>(), [(1, 1)]);
}

#[test]
fn marks_wait_as_long_as_their_lines_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    // One segment from 0 to 1,000 seconds, another of the first ten.
    let mut block = Block::default();
    [0, 100_000].iter().for_each(|n| block.mark(&store, &mark_line(*n, "card block")));
    store.commit(block.commit(&store, Vec::new())).unwrap();
    let mut block = Block::default();
    [50_001, 50_002].iter().for_each(|n| block.mark(&store, &mark_line(*n, "balance")));
    store.commit(block.commit(&store, Vec::new())).unwrap();
    commit_calls(&store, 40_000..40_100);
    let range = |store: &LocalStore| {
        let (from, to, query) = (Time::MIN, Time::MAX, "".parse().unwrap());
        let survey = store.survey(&CallQuestion { from, to, query }).unwrap();
        (survey.from, survey.to)
    };
    let before = range(&store);
    let removed = store.keep_from(at(900), at(2_000)).unwrap();
    assert_eq!((removed.segments, removed.waiting_marks), (2, 0));
    commit_calls(&store, 0..1);
    assert_eq!(lines(&store, "joined:joined"), [call_line(0)]);
    let removed = store.keep_from(at(9_000), at(2_000)).unwrap();
    assert_eq!((removed.segments, removed.waiting_marks), (2, 3));
    assert_eq!(range(&store), before);
}

#[test]
fn a_backup_is_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path().join("store"), Options::default()).unwrap();
    commit_calls(&store, 0..300);
    commit_marks(&store, 0..30, "card block");
    let copy = folder.path().join("copy");
    let done = store.backup(&copy).unwrap();
    assert_eq!(done.segments, 2);
    // What comes after is not in it.
    commit_calls(&store, 300..400);
    let backup = LocalStore::open(&copy, Options::default()).unwrap();
    assert_eq!(lines(&backup, "").len(), 300);
    assert_eq!(calls_by_joined(&backup), [(Joined::Joined, 30), (Joined::CallOnly, 270)]);
    assert_eq!(backup.verify(|_, _| {}).unwrap().problems, Vec::<String>::new());
    assert!(matches!(store.backup(&copy).unwrap_err(), StoreError::Exists { .. }));
}

#[test]
fn a_backup_knows_nothing_of_what_was_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path().join("store"), Options::default()).unwrap();
    (0..3).for_each(|n| commit_calls(&store, n * 100..(n + 1) * 100));
    store.compact(at(0)).unwrap();
    let copy = folder.path().join("copy");
    assert_eq!(store.backup(&copy).unwrap().segments, 1);
    let backup = LocalStore::open(&copy, Options::default()).unwrap();
    assert_eq!(backup.remove_replaced(Time::MAX).unwrap(), 0);
    assert_eq!(lines(&backup, "").len(), 300);
}

/// A reader may have a segment open whose rows were removed long ago.
#[test]
fn a_number_of_a_segment_is_used_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    commit_calls(&store, 0..100);
    let reader = LocalStore::open_read(folder.path(), Options::default()).unwrap();
    assert_eq!(lines(&reader, "")[..], lines(&store, "")[..]);
    store.keep_from(at(1_000), at(1_000)).unwrap();
    assert_eq!(store.remove_replaced(Time::MAX).unwrap(), 1);
    drop(store);
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    commit_calls(&store, 500..600);
    let other = lines(&store, "");
    assert_eq!(other.len(), 100);
    assert_eq!(lines(&reader, ""), other);
}

#[test]
fn a_store_is_verified_while_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    commit_calls(&store, 0..300);
    commit_marks(&store, 0..10, "card block");
    let reader = LocalStore::open_read(folder.path(), Options::default()).unwrap();
    let verified = reader.verify(|done, _| commit_calls(&store, done * 1_000..done * 1_000 + 50));
    let verified = verified.unwrap();
    assert_eq!((verified.segments, verified.lines), (2, 310));
    assert_eq!(verified.problems, Vec::<String>::new());
}

#[test]
fn counts_that_are_cut_short_are_damage() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    commit_calls(&store, 0..300);
    let db = rusqlite::Connection::open(folder.path().join("catalog.sqlite")).unwrap();
    let cut = |table: &str, column: &str, by: i64| {
        let sql =
            format!("UPDATE {table} SET {column} = substr({column}, 1, length({column}) - ?1)");
        db.execute(&sql, [by]).unwrap();
    };
    for (table, column) in [("cube", "cells"), ("cube_sums", "sums")] {
        db.execute_batch(&format!("CREATE TEMP TABLE kept AS SELECT * FROM {table}")).unwrap();
        cut(table, column, 1);
        let error = store.count(&everything()).unwrap_err();
        assert!(matches!(error, StoreError::Catalog { .. }), "{error:?}");
        let problems = store.verify(|_, _| {}).unwrap().problems;
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains("cube_sums do not fit"), "{problems:?}");
        let back = format!("INSERT OR REPLACE INTO {table} SELECT * FROM kept; DROP TABLE kept");
        db.execute_batch(&back).unwrap();
    }
    assert_eq!(store.verify(|_, _| {}).unwrap().problems, Vec::<String>::new());
}

#[test]
fn a_reader_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    commit_calls(&store, 0..10);
    let reader = LocalStore::open_read(folder.path(), Options::default()).unwrap();
    let error = reader.commit(Commit::new(at(0))).unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
    assert!(matches!(reader.compact(at(0)).unwrap_err(), StoreError::ReadOnly { .. }));
    // And sees what comes, new names included.
    commit_calls(&store, 10..500);
    let question =
        CubeQuestion { by: vec![Dimension::Actor], every: Some(Width::Day), ..everything() };
    let counts = reader.count(&question).unwrap();
    let mut actors: Vec<_> = counts
        .cube
        .cells()
        .map(|(key, cell)| (reader.names().actors.name(key.actor), cell.calls))
        .collect();
    actors.sort();
    assert_eq!(actors.len(), 3);
    assert_eq!(actors[0].0, None);
    assert_eq!(actors.iter().map(|(_, calls)| calls).sum::<u64>(), 500);
}

#[test]
fn narrow_buckets_are_forgotten_and_wide_ones_answer() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    commit_calls(&store, 0..1_000);
    let question =
        CubeQuestion { from: at(0), to: at(5), by: vec![Dimension::Endpoint], ..everything() };
    let counts = store.count(&question).unwrap();
    // A minute is the narrowest there is.
    assert_eq!((counts.from, counts.to), (at(0), at(60)));
    store.commit(Commit::new(at(15 * 86_400))).unwrap();
    let counts = store.count(&question).unwrap();
    assert_eq!((counts.from, counts.to), (at(0), at(3_600)));
    assert_eq!(counts.cube.cells().map(|(_, cell)| cell.calls).sum::<u64>(), 1_000);
    store.commit(Commit::new(at(500 * 86_400))).unwrap();
    let counts = store.count(&question).unwrap();
    assert_eq!(counts.to.micros() - counts.from.micros(), 86_400_000_000);
    assert_eq!(counts.cube.cells().map(|(_, cell)| cell.calls).sum::<u64>(), 1_000);
}

#[test]
fn callers_are_listed_by_how_often_they_called() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    let block = store.names().operations.intern(b"card block");
    let operations = store.names().sets.intern(&[block]);
    for seconds in [0, 7_200] {
        let mut commit = Commit::new(at(seconds));
        for (address, operations, calls) in
            [("10.0.0.1", operations, 2), ("10.0.0.2", SetId::EMPTY, 5)]
        {
            let caller = commit.callers.caller(address.as_bytes(), b"curl/7.81.0", b"");
            let heading = CallerHeading {
                time: at(seconds),
                width: CallerWidth::Hour,
                actor: NameId::UNKNOWN,
                service: NameId::UNKNOWN,
                operations,
            };
            commit.callers.count(CallerCount { caller, heading, calls });
        }
        store.commit(commit).unwrap();
    }
    let mut question = CallerQuestion {
        from: Time::MIN,
        to: Time::MAX,
        actor: Some(NameId::UNKNOWN),
        operation: None,
        most: 10,
    };
    let rows = store.callers(&question).unwrap();
    let seen: Vec<_> = rows.iter().map(|row| (row.address.as_deref(), row.calls)).collect();
    assert_eq!(seen, [(Some("10.0.0.2"), 10), (Some("10.0.0.1"), 4)]);
    assert_eq!((rows[0].first, rows[0].last), (at(0), at(7_200)));
    // An hour that begins where the question ends is not in it.
    question.to = at(7_200);
    let rows = store.callers(&question).unwrap();
    assert_eq!(rows.iter().map(|row| row.calls).collect::<Vec<_>>(), [5, 2]);
    question.to = Time::from_micros(at(7_200).micros() + 1);
    let rows = store.callers(&question).unwrap();
    assert_eq!(rows.iter().map(|row| row.calls).collect::<Vec<_>>(), [10, 4]);
    question.to = Time::MAX;
    question.operation = Some(block);
    question.from = at(7_200);
    let rows = store.callers(&question).unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].calls, rows[0].user_agent.as_deref()), (2, Some("curl/7.81.0")));
}

#[test]
fn unread_lines_are_kept_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    let mut rows = Rows::new();
    for number in 1..=5 {
        rows.push_unread(UnreadLine {
            source: "proxy",
            file: "access.log",
            number,
            column: 7,
            expected: "a status",
            seen: at(0),
            line: b"\x16\x03\x01 not http",
        });
    }
    let mut commit = Commit::new(at(0));
    commit.rows.push(store.encode(&rows).unwrap());
    store.commit(commit).unwrap();
    let unread = store.unread(Time::MIN, Time::MAX, 3).unwrap();
    assert_eq!(unread.iter().map(|row| row.number).collect::<Vec<_>>(), [5, 4, 3]);
    assert_eq!(unread[0].line, b"\x16\x03\x01 not http");
    assert_eq!((unread[0].expected.as_str(), unread[0].column), ("a status", 7));
    let status = store.status().unwrap();
    assert_eq!((status.sources[0].kind.as_str(), status.sources[0].lines), ("unread", 5));
}

#[test]
fn exports_hold_every_call() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    commit_calls(&store, 0..200);
    let question =
        CallQuestion { from: Time::MIN, to: Time::MAX, query: "status:200".parse().unwrap() };
    let expected = store.calls(&question).unwrap().count() as u64;
    assert!(expected > 50);
    let mut json = Vec::new();
    assert_eq!(export(&store, &question, ExportFormat::Ndjson, &mut json).unwrap().calls, expected);
    let json = String::from_utf8(json).unwrap();
    let first: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert_eq!(first["status"], 200);
    assert_eq!(first["role"], "call");
    assert!(first["line"].as_str().unwrap().contains(" 200 "));
    let mut csv = Vec::new();
    assert_eq!(export(&store, &question, ExportFormat::Csv, &mut csv).unwrap().calls, expected);
    let mut read = csv::Reader::from_reader(&csv[..]);
    assert_eq!(read.headers().unwrap().get(13), Some("status"));
    assert!(read.records().all(|record| record.unwrap().get(13) == Some("200")));
    let mut parquet = Vec::new();
    assert_eq!(
        export(&store, &question, ExportFormat::Parquet, &mut parquet).unwrap().calls,
        expected
    );
    assert_eq!(&parquet[..4], b"PAR1");
}

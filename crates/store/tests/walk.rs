//! The whole way, once: lines in, counts and lines out, also after closing and opening.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{Block, START, all_calls, call_line, calls_by_joined, id, mark_line, progress};
use dolmen_model::{Joined, Time};
use dolmen_store::{CallQuestion, LocalStore, NamedBy, Options, Store, StoreError};

#[test]
fn lines_come_back_newest_first() {
    let folder = tempfile::tempdir().unwrap();
    let lines: Vec<String> = (0..3_000).map(call_line).collect();
    let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>().into_bytes();
    {
        let store = LocalStore::open(folder.path(), Options::default()).unwrap();
        let mut from = 0;
        for part in lines.chunks(1_000) {
            let mut block = Block::default();
            part.iter().for_each(|line| block.call(&store, line));
            let to = from + part.iter().map(|line| line.len() + 1).sum::<usize>();
            let progress = progress(&store, "proxy", &text, from, to);
            store.commit(block.commit(&store, vec![progress])).unwrap();
            from = to;
        }
    }
    for store in [
        LocalStore::open(folder.path(), Options::default()).unwrap(),
        LocalStore::open_read(folder.path(), Options::default()).unwrap(),
    ] {
        let read = all_calls(&store, "");
        assert!(read.windows(2).all(|pair| pair[0].time >= pair[1].time));
        let mut read: Vec<_> =
            read.into_iter().map(|call| String::from_utf8(call.line).unwrap()).collect();
        let mut lines = lines.clone();
        read.sort();
        lines.sort();
        assert_eq!(read, lines);
        assert_eq!(calls_by_joined(&store), [(Joined::CallOnly, 3_000)]);

        let known =
            store.find_file("proxy", NamedBy::Configuration, &text[..4_096]).unwrap().unwrap();
        assert_eq!((known.position, known.lines), (text.len() as u64, 3_000));
        assert!(known.tail.verifies(&text[text.len() - 4_096..]));
        assert!(
            store.find_file("other", NamedBy::Configuration, &text[..4_096]).unwrap().is_none()
        );
    }
}

#[test]
fn a_query_and_a_range_select() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    let lines: Vec<String> = (0..2_000).map(call_line).collect();
    let mut block = Block::default();
    lines.iter().for_each(|line| block.call(&store, line));
    store.commit(block.commit(&store, Vec::new())).unwrap();

    let found = all_calls(&store, "status:500 and user_agent:curl/*");
    let expected = lines.iter().filter(|l| l.contains("\" 500 ") && l.contains("\"curl/")).count();
    assert!(expected > 0);
    assert_eq!(found.len(), expected);
    assert!(found.iter().all(|call| call.status == Some(500) && call.actor.is_none()));

    let at = |seconds| Time::from_seconds(START + seconds).unwrap();
    let question = CallQuestion { from: at(5), to: at(7), query: Default::default() };
    assert_eq!(store.calls(&question).unwrap().count(), 200);
}

#[test]
fn marks_find_their_calls_in_any_order() {
    let first = |store: &LocalStore| {
        let mut block = Block::default();
        (0..500).for_each(|n| block.call(store, &call_line(n)));
        block.commit(store, Vec::new())
    };
    let second = |store: &LocalStore| {
        let mut block = Block::default();
        (0..200).for_each(|n| block.mark(store, &mark_line(n, "card block")));
        // One request enters two operations, and one mark has no call.
        block.mark(store, &mark_line(7, "balance"));
        block.mark(store, &mark_line(9_000_000, "balance"));
        block.commit(store, Vec::new())
    };
    for marks_first in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::open(folder.path(), Options::default()).unwrap();
        let order: [&dyn Fn(&LocalStore) -> _; 2] =
            if marks_first { [&second, &first] } else { [&first, &second] };
        let done = order.map(|commit| store.commit(commit(&store)).unwrap());
        assert_eq!(done[1].late_joins, 200);
        assert_eq!(calls_by_joined(&store), [(Joined::Joined, 200), (Joined::CallOnly, 300)]);

        let request = store.request(id(7).as_bytes()).unwrap();
        assert_eq!(request.calls.len(), 1);
        assert_eq!(request.marks.len(), 2);
        let mut operations = request.calls[0].operations.clone();
        operations.sort();
        assert_eq!(operations, ["balance", "card block"]);
        assert_eq!(request.calls[0].joined, Joined::Joined);
        assert_eq!(all_calls(&store, "operation:balance").len(), 1);
        assert_eq!(all_calls(&store, "joined:call_only").len(), 300);
        assert!(store.request(b"nobody").unwrap().calls.is_empty());
    }
}

#[test]
fn a_commit_that_starts_elsewhere_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    let line = call_line(1);
    let text = format!("{line}\n").into_bytes();
    let commit = || {
        let mut block = Block::default();
        block.call(&store, &line);
        block.commit(&store, vec![progress(&store, "proxy", &text, 0, text.len())])
    };
    store.commit(commit()).unwrap();
    let error = store.commit(commit()).unwrap_err();
    assert!(
        matches!(error, StoreError::Position { known, claimed: 0, .. } if known == text.len() as u64)
    );
    assert_eq!(all_calls(&store, "").len(), 1);
}

#[test]
fn one_process_writes() {
    let folder = tempfile::tempdir().unwrap();
    let _store = LocalStore::open(folder.path(), Options::default()).unwrap();
    let error = LocalStore::open(folder.path(), Options::default()).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }));
    let error = LocalStore::open_read(folder.path().join("none"), Options::default()).unwrap_err();
    assert!(error.to_string().contains("holds no store"), "{error}");
}

#[test]
fn segments_that_are_ruled_out_are_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    // One segment of the web portal alone, one of the branch tool alone.
    for agent in ["PortailWeb", "AgenceTool"] {
        let mut block = Block::default();
        let lines = (0..1_000).map(call_line).filter(|line| line.contains(agent));
        lines.for_each(|line| block.call(&store, &line));
        store.commit(block.commit(&store, Vec::new())).unwrap();
    }
    std::fs::write(folder.path().join("segments/0000000001-calls.parquet"), b"gone").unwrap();
    let read = |query: &str| {
        let query = query.parse().unwrap();
        let question = CallQuestion { from: Time::MIN, to: Time::MAX, query };
        let (read, failed): (Vec<_>, Vec<_>) =
            store.calls(&question).unwrap().partition(Result::is_ok);
        (read.len(), failed.len())
    };
    let (calls, failed) = read("actor:\"branch tool\"");
    assert!(calls > 100);
    assert_eq!(failed, 0);
    assert_eq!(read("not actor:\"web portal\""), (calls, 0));
    assert_eq!(read("actor:nobody"), (0, 0));
    assert_eq!(read("actor:\"web portal\""), (0, 1));
    assert_eq!(read("status:200 or actor:\"web portal\"").1, 1);
}

#[test]
fn an_id_that_every_call_carries_is_not_gathered_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    // Some client sends the same to every request; one other id is in two commits.
    let line = |n: u64, shared: u64| {
        let of = if n % 7_000 == 3 { 3 } else { shared };
        call_line(n).replace(&id(n), &id(of))
    };
    let late = |from: u64, calls: u64| {
        let mut block = Block::default();
        (from..from + calls).for_each(|n| block.call(&store, &line(n, 1)));
        store.commit(block.commit(&store, Vec::new())).unwrap().late_joins
    };
    assert_eq!(late(0, 7_000), 0);
    // Two calls carry the other id: both are settled anew. The crowd is left alone.
    assert_eq!(late(7_000, 7_000), 2);
    assert_eq!(late(14_100, 700), 0);
    assert_eq!(all_calls(&store, "").len(), 14_700);
    assert_eq!(calls_by_joined(&store), [(Joined::CallOnly, 14_700)]);
}

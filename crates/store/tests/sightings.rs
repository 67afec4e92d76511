//! When callers of operations were seen, and what owners say of them.
#![allow(clippy::unwrap_used, reason = "a panic is the report, also in helpers")]

mod common;

use common::{Block, START, call_line, mark_line, progress, read_call};
use dolmen_model::Time;
use dolmen_store::{LocalStore, NewWord, Options, SightingQuestion, Sightings, Store, WordKind};

const ALL: SightingQuestion = SightingQuestion { to: Time::MAX, services: None };

/// A store with calls of the first `calls` requests; every third one has a mark, of which those
/// above `late` come in a later commit.
fn store(dir: &std::path::Path, calls: u64, late: u64) -> LocalStore {
    let store = LocalStore::open(dir, Options::default()).unwrap();
    let lines: Vec<String> = (0..calls).map(call_line).collect();
    let text = format!("{}\n", lines.join("\n"));
    let mut block = Block::default();
    lines.iter().for_each(|line| block.call(&store, line));
    let whole = progress(&store, "proxy", text.as_bytes(), 0, text.len());
    store.commit(block.commit(&store, vec![whole])).unwrap();
    for (source, marks) in [("app", 0..late), ("late", late..calls)] {
        let marks: Vec<String> =
            marks.filter(|n| n % 3 == 0).map(|n| mark_line(n, "transfer")).collect();
        if marks.is_empty() {
            continue;
        }
        let text = format!("{}\n", marks.join("\n"));
        let mut block = Block::default();
        marks.iter().for_each(|line| block.mark(&store, line));
        let whole = progress(&store, source, text.as_bytes(), 0, text.len());
        store.commit(block.commit(&store, vec![whole])).unwrap();
    }
    store
}

/// Calls with a mark by address and user agent, counted from the lines.
fn expected(calls: u64, before: Time) -> Vec<(String, String, u64, Time)> {
    let mut all: std::collections::BTreeMap<(String, String), (u64, Time)> = Default::default();
    for n in (0..calls).filter(|n| n % 3 == 0) {
        let line = call_line(n);
        let call = read_call(&line).unwrap();
        let time = call.time.unwrap();
        if time < before {
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            let one = all.entry((text(call.address), text(call.user_agent))).or_insert((0, time));
            *one = (one.0 + 1, one.1.max(time));
        }
    }
    all.into_iter().map(|((address, agent), (calls, last))| (address, agent, calls, last)).collect()
}

fn seen(sightings: &Sightings) -> Vec<(String, String, u64, Time)> {
    let mut all: Vec<_> = sightings
        .callers
        .iter()
        .map(|one| {
            let text = |text: &Option<String>| text.clone().unwrap();
            assert!(one.times.is_sorted() && !one.times.is_empty());
            assert!(!one.is_claimed);
            (text(&one.address), text(&one.user_agent), one.calls, one.last)
        })
        .collect();
    all.sort();
    all
}

#[test]
fn late_marks_are_seen_where_their_calls_are() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path(), 3_000, 1_500);
    let sightings = store.sightings(&ALL).unwrap();
    assert_eq!(seen(&sightings), expected(3_000, Time::MAX));
    assert!(sightings.hidden.is_empty() && sightings.lines_since.is_none());
    store.compact(Time::MAX).unwrap();
    assert_eq!(seen(&store.sightings(&ALL).unwrap()), expected(3_000, Time::MAX));
}

#[test]
fn what_comes_later_is_not_seen() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path(), 3_000, 3_000);
    let to = Time::from_seconds(START + 12).unwrap();
    let sightings = store.sightings(&SightingQuestion { to, services: None }).unwrap();
    assert_eq!(seen(&sightings), expected(3_000, to));
    let nobody = store.names().services.intern(b"somewhere else");
    let question = SightingQuestion { to: Time::MAX, services: Some(vec![nobody]) };
    assert!(store.sightings(&question).unwrap().callers.is_empty());
}

#[test]
fn marks_without_a_call_are_somebody_too() {
    let dir = tempfile::tempdir().unwrap();
    let store = LocalStore::open(dir.path(), Options::default()).unwrap();
    let marks: Vec<String> = [0, 1, 70_000].map(|n| mark_line(n, "transfer")).to_vec();
    let text = format!("{}\n", marks.join("\n"));
    let mut block = Block::default();
    marks.iter().for_each(|line| block.mark(&store, line));
    let whole = progress(&store, "app", text.as_bytes(), 0, text.len());
    store.commit(block.commit(&store, vec![whole])).unwrap();
    let sightings = store.sightings(&ALL).unwrap();
    assert!(sightings.callers.is_empty());
    let hidden = &sightings.hidden[0];
    assert_eq!((hidden.marks, hidden.times.len()), (3, 2), "two of them in one minute");
    assert_eq!(hidden.last.seconds(), START + 700);
}

#[test]
fn calls_without_an_id_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let store = LocalStore::open(dir.path(), Options::default()).unwrap();
    let bare = call_line(5).replace(&common::id(5), "-");
    let text = format!("{bare}\n");
    let mut block = Block::default();
    block.call(&store, &bare);
    let whole = progress(&store, "proxy", text.as_bytes(), 0, text.len());
    store.commit(block.commit(&store, vec![whole])).unwrap();
    let sightings = store.sightings(&ALL).unwrap();
    assert_eq!(sightings.without_id.len(), 1);
    let without = sightings.without_id[0];
    assert_eq!((without.calls, without.last.seconds()), (1, START));
}

#[test]
fn words_are_kept_and_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = LocalStore::open(dir.path(), Options::default()).unwrap();
    let now = Time::from_seconds(START).unwrap();
    let word = NewWord {
        kind: WordKind::Gone,
        operation: Some("transfer".to_owned()),
        service: None,
        actor: None,
        address: Some("10.0.0.9".to_owned()),
        user_agent: None,
        who: "Anna".to_owned(),
        why: "scrapped".to_owned(),
    };
    let kept = store.say(&word, now).unwrap();
    let other = store.say(&NewWord { kind: WordKind::YearEnd, ..word.clone() }, now).unwrap();
    assert_eq!((kept.id, other.id), (1, 2));
    assert!(store.take_back(1, now).unwrap());
    assert!(!store.take_back(1, now).unwrap(), "once");
    drop(store);
    // Whoever only reads sees the same, and says nothing.
    let store = LocalStore::open_read(dir.path(), Options::default()).unwrap();
    let words = store.words().unwrap();
    assert_eq!(words, [other]);
    assert!(store.say(&word, now).is_err());
}

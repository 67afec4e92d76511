//! When callers were seen whose lines were removed.
#![allow(clippy::unwrap_used, reason = "a panic is the report, also in helpers")]

mod common;

use common::{Block, START, clf, key, progress, read_call};
use dolmen_model::{Joined, NameId, Time};
use dolmen_store::{
    CallFacts, CallerCount, CallerHeading, CallerSightings, CallerWidth, LocalStore, Options,
    Settled, SightingQuestion, Store,
};

const ALL: SightingQuestion = SightingQuestion { to: Time::MAX, services: None };
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

fn at(seconds: i64) -> Time {
    Time::from_seconds(START + seconds).unwrap()
}

/// One commit, so one segment, of calls at these seconds from these addresses; `id` as the log has
/// it. What has one enters `block`.
fn commit(store: &LocalStore, calls: &[(i64, &str)], id: &str) {
    let mut block = Block::default();
    let mut counts = Vec::new();
    for (seconds, address) in calls {
        let line = format!(
            r#"{address} - - [{}] "GET /block HTTP/1.1" 200 5 "-" "curl/7" "{id}" 9"#,
            clf(START + seconds)
        );
        let call = read_call(&line).unwrap();
        let (claimed, joined) = match id {
            "-" => (NameId::UNKNOWN, Joined::NoId),
            _ => (store.names().operations.intern(b"block"), Joined::CallOnly),
        };
        let facts = CallFacts { claimed, ..common::facts(store, &call) };
        let settled = Settled::alone(&facts, joined, store.names());
        block.rows.push_call(line.as_bytes(), &call, &facts, settled);
        block.cube.add(key(&call, &facts, &settled), call.bytes, call.duration);
        counts.push((at(*seconds), *address, facts, settled));
    }
    let mut commit = block.commit(store, Vec::new());
    for (time, address, facts, settled) in counts {
        let caller = commit.callers.caller(address.as_bytes(), b"curl/7", b"");
        let heading = CallerHeading {
            time,
            width: CallerWidth::Hour,
            actor: facts.actor,
            service: settled.service,
            operations: settled.operations,
        };
        commit.callers.count(CallerCount { caller, heading, calls: 1 });
    }
    store.commit(commit).unwrap();
}

/// Address, calls, and how many minutes or buckets of each caller.
fn seen(callers: &[CallerSightings]) -> Vec<(&str, u64, usize)> {
    callers
        .iter()
        .map(|one| (one.address.as_deref().unwrap(), one.calls, one.times.len()))
        .collect()
}

#[test]
fn a_line_with_an_old_clock_hides_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    commit(&store, &[(0, "10.0.0.8"), (DAY, "10.0.0.8")], "a1");
    commit(&store, &[(100 * DAY, "10.0.0.9")], "a2");
    store.keep_from(at(50 * DAY), at(100 * DAY)).unwrap();
    let expected = [("10.0.0.8", 2, 2), ("10.0.0.9", 1, 1)];
    assert_eq!(seen(&store.sightings(&ALL).unwrap().callers), expected);
    // A clock that starts in 1970.
    commit(&store, &[(-START, "10.0.0.9")], "a3");
    let expected = [("10.0.0.8", 2, 2), ("10.0.0.9", 2, 2)];
    assert_eq!(seen(&store.sightings(&ALL).unwrap().callers), expected);
    store.compact(at(100 * DAY)).unwrap();
    assert_eq!(seen(&store.sightings(&ALL).unwrap().callers), expected);
    // And who keeps more from now on has what was removed no more.
    commit(&store, &[(-DAY, "10.0.0.7")], "a4");
    store.keep_from(at(-HOUR), at(100 * DAY)).unwrap();
    let expected = [("10.0.0.7", 1, 1), ("10.0.0.8", 2, 2), ("10.0.0.9", 2, 2)];
    assert_eq!(seen(&store.sightings(&ALL).unwrap().callers), expected);
}

#[test]
fn an_hour_that_is_half_removed_is_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    // One hour in two segments; the second goes on, so it stays.
    commit(&store, &[(60, "10.0.0.7"), (120, "10.0.0.8")], "a1");
    commit(&store, &[(180, "10.0.0.8"), (240, "10.0.0.9"), (9 * DAY, "10.0.0.9")], "a2");
    let before = store.sightings(&ALL).unwrap();
    let removed = store.keep_from(at(200), at(9 * DAY)).unwrap();
    assert_eq!((removed.segments, removed.rows), (1, 2));
    let after = store.sightings(&ALL).unwrap();
    assert_eq!(seen(&after.callers), seen(&before.callers));
    assert_eq!(seen(&after.callers), [("10.0.0.7", 1, 1), ("10.0.0.8", 2, 2), ("10.0.0.9", 2, 2),]);
    // What is asked for ends within that hour.
    let until = SightingQuestion { to: at(150), services: None };
    let until = store.sightings(&until).unwrap();
    assert!(until.callers.iter().all(|one| one.last < at(150)));
    assert_eq!(seen(&until.callers)[..2], [("10.0.0.7", 1, 1), ("10.0.0.8", 2, 1)]);
}

#[test]
fn who_is_in_a_segment_that_cannot_be_read_stays_known() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    commit(&store, &[(60, "10.0.0.7"), (180, "10.0.0.8"), (190, "10.0.0.8")], "a1");
    commit(&store, &[(120, "10.0.0.8"), (9 * DAY, "10.0.0.9")], "a2");
    commit(&store, &[(240, "10.0.0.6")], "-");
    let before = store.sightings(&ALL).unwrap();
    for name in ["0000000001-calls.parquet", "0000000003-calls.parquet"] {
        let path = folder.path().join("segments").join(name);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, vec![0; bytes.len()]).unwrap();
    }
    drop(store);
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    let after = store.sightings(&ALL).unwrap();
    let lost: Vec<&str> = after.unreadable.iter().map(|lost| lost.segment.as_str()).collect();
    assert_eq!(lost, ["0000000001-calls.parquet", "0000000003-calls.parquet"]);
    // By hours and days: who, how often and how late, with no minute of which nobody knows.
    assert_eq!(seen(&before.callers), [("10.0.0.7", 1, 1), ("10.0.0.8", 3, 2), ("10.0.0.9", 1, 1)]);
    assert_eq!(seen(&after.callers), [("10.0.0.7", 1, 1), ("10.0.0.8", 3, 2), ("10.0.0.9", 1, 1)]);
    assert!(after.callers[..2].iter().all(|one| one.fine_from > Some(one.last)));
    assert_eq!(after.callers[2], before.callers[2]);
    let [without] = &after.without_id[..] else { unreachable!("{after:?}") };
    assert_eq!(without.calls, 1);
    assert!(without.last >= before.without_id[0].last);
}

#[test]
fn calls_without_an_id_stay_known() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    commit(&store, &[(0, "10.0.0.8"), (DAY, "10.0.0.8")], "-");
    commit(&store, &[(DAY + 60, "10.0.0.8"), (100 * DAY, "10.0.0.8")], "-");
    let before = store.sightings(&ALL).unwrap().without_id;
    store.keep_from(at(DAY + 30), at(100 * DAY)).unwrap();
    assert_eq!(store.sightings(&ALL).unwrap().without_id, before, "the last one has its line");
    store.keep_from(at(101 * DAY), at(101 * DAY)).unwrap();
    let after = store.sightings(&ALL).unwrap().without_id[0];
    assert_eq!(after.calls, 4);
    let late = after.last.micros() - at(100 * DAY).micros();
    assert!((0..DAY * 1_000_000).contains(&late), "its day, and not before it: {late}");
}

#[test]
fn marks_without_a_call_keep_their_day() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    let marks: Vec<String> =
        [0, 1, 70_000, 100 * 86_400 * 3].map(|n| common::mark_line(n, "yearly")).to_vec();
    let text = format!("{}\n", marks.join("\n"));
    // The last one in a segment of its own, which stays.
    let middle = text.len() - marks[3].len() - 1;
    for (lines, from, to) in [(&marks[..3], 0, middle), (&marks[3..], middle, text.len())] {
        let mut block = Block::default();
        lines.iter().for_each(|line| block.mark(&store, line));
        let part = progress(&store, "app", text.as_bytes(), from, to);
        store.commit(block.commit(&store, vec![part])).unwrap();
    }
    let all = |store: &LocalStore| store.sightings(&ALL).unwrap().hidden;
    assert_eq!(all(&store)[0].fine_from, None);
    let removed = store.keep_from(at(DAY), at(3 * DAY)).unwrap();
    assert_eq!(removed.waiting_marks, 3);
    let hidden = &all(&store)[0];
    assert_eq!((hidden.marks, hidden.times.len(), hidden.last), (4, 2, at(3 * DAY)));
    assert_eq!(hidden.times[0], at(2 * HOUR), "noon stands for the day");
    assert_eq!(hidden.fine_from, Some(at(14 * HOUR)));
    store.keep_from(at(9 * DAY), at(9 * DAY)).unwrap();
    let hidden = &all(&store)[0];
    assert_eq!((hidden.marks, hidden.times.len()), (4, 2));
    let until = SightingQuestion { to: at(DAY), services: None };
    assert_eq!(store.sightings(&until).unwrap().hidden[0].marks, 3);
    // Whoever only reads sees the same.
    drop(store);
    let store = LocalStore::open_read(folder.path(), Options::default()).unwrap();
    assert_eq!(all(&store)[0].marks, 4);
}

#[test]
fn callers_of_a_named_actor_take_no_room_from_others() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    let mut block = Block::default();
    let mut call = |n: u32, agent: &str| {
        let [_, a, b, c] = n.to_be_bytes();
        let line = format!(
            r#"20.{a}.{b}.{c} - - [{}] "GET /block HTTP/1.1" 200 5 "-" "{agent}" "a1" 9"#,
            clf(START + i64::from(n))
        );
        let call = read_call(&line).unwrap();
        let claimed = store.names().operations.intern(b"block");
        let facts = CallFacts { claimed, ..common::facts(&store, &call) };
        let settled = Settled::alone(&facts, Joined::CallOnly, store.names());
        block.rows.push_call(line.as_bytes(), &call, &facts, settled);
    };
    (0..50_010).for_each(|n| call(n, "Portail/1"));
    (50_010..50_013).for_each(|n| call(n, "curl/7"));
    store.commit(block.commit(&store, Vec::new())).unwrap();
    let callers = store.sightings(&ALL).unwrap().callers;
    let nameless = callers.iter().filter(|one| !one.actor.is_known());
    assert!(nameless.clone().all(|one| one.address.as_deref() != Some("(other)")));
    assert_eq!(nameless.count(), 3);
    let rest = callers.iter().find(|one| one.address.as_deref() == Some("(other)")).unwrap();
    // Of the 50,000 numbers two are those of nobody and of the rest.
    assert!(rest.calls >= 10 && rest.calls < 20, "{}", rest.calls);
}

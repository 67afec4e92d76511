//! New rules: the whole history is derived again while readers read and commits go on.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::ops::ControlFlow;

use common::{
    Block, START, all_calls, alone, call_line, calls_by_joined, facts, key, mark_line, read_call,
};
use dolmen_cubes::{Cube, Key};
use dolmen_model::{Joined, NameId, Time};
use dolmen_store::{
    CallFacts, CallerCount, CallerCounts, CallerHeading, CallerQuestion, CallerWidth, Commit,
    Compacted, CubeQuestion, Dimension, Generation, LocalStore, Options, Passed, Rows, Settled,
    Store, StoreError, StoredCall, Swap, Underived, narrowest,
};

fn at(seconds: i64) -> Time {
    Time::from_seconds(START + seconds).unwrap()
}

fn commit(store: &LocalStore, calls: std::ops::Range<u64>, marks: std::ops::Range<u64>) {
    let mut block = Block::default();
    calls.for_each(|n| block.call(store, &call_line(n)));
    marks.for_each(|n| block.mark(store, &mark_line(n, "card block")));
    store.commit(block.commit(store, Vec::new())).unwrap();
}

fn calls_of(store: &LocalStore, old: &Underived) -> Vec<StoredCall> {
    let mut all = Vec::new();
    let shown = store.show_underived(old, |calls| {
        all.extend_from_slice(calls);
        ControlFlow::Continue(())
    });
    shown.unwrap();
    assert_eq!(all.len() as u64, old.calls());
    all
}

fn first(store: &LocalStore, generation: Generation) -> Underived {
    store.underived(generation).next().unwrap().unwrap()
}

/// The new rules: curl has a name now.
fn derive(store: &LocalStore, generation: Generation, old: &Underived) {
    derived(store, generation, old).unwrap();
}

fn derived(store: &LocalStore, generation: Generation, old: &Underived) -> Result<(), StoreError> {
    let names = store.names();
    let mut rows = Rows::new();
    let mut cube = Cube::default();
    for stored in &calls_of(store, old) {
        let line = std::str::from_utf8(&stored.line).unwrap();
        let call = read_call(line).unwrap();
        let operations: Vec<NameId> =
            stored.operations.iter().map(|name| names.operations.intern(name.as_bytes())).collect();
        let mut facts: CallFacts<'_> = facts(store, &call);
        if call.user_agent.starts_with(b"curl") {
            facts.actor = names.actors.intern(b"bash opposition");
        }
        let settled = Settled {
            operations: names.sets.intern(&operations),
            joined: stored.joined,
            marks: stored.marks,
            ..alone(store, &call, &facts)
        };
        rows.push_call(&stored.line, &call, &facts, settled);
        cube.add(key(&call, &facts, &settled), call.bytes, call.duration);
    }
    store.derive(generation, old, store.encode(&rows).unwrap(), &cube, &CallerCounts::default())
}

/// The same, as a program does it that knows what time it is.
fn derive_at(store: &LocalStore, generation: Generation, old: &Underived, now: Time) {
    let (mut rows, mut cube) = (Rows::new(), Cube::default());
    for stored in &calls_of(store, old) {
        let call = read_call(std::str::from_utf8(&stored.line).unwrap()).unwrap();
        let facts = facts(store, &call);
        let settled = alone(store, &call, &facts);
        rows.push_call(&stored.line, &call, &facts, settled);
        let bucket = narrowest(call.time.unwrap(), now);
        let key = Key { bucket, ..key(&call, &facts, &settled) };
        cube.add(key, call.bytes, call.duration);
    }
    let rows = store.encode(&rows).unwrap();
    store.derive(generation, old, rows, &cube, &CallerCounts::default()).unwrap();
}

/// So many calls of a caller whose lines are not kept any more.
fn curl(calls: u64) -> CallerCounts {
    let mut counts = CallerCounts::default();
    let caller = counts.caller(b"10.0.0.1", b"curl/7.81.0", b"");
    let heading = CallerHeading {
        time: at(0),
        width: CallerWidth::Day,
        actor: NameId::UNKNOWN,
        service: NameId::UNKNOWN,
        operations: Default::default(),
    };
    counts.count(CallerCount { caller, heading, calls });
    counts
}

fn actors(store: &LocalStore) -> Vec<(Option<String>, u64)> {
    let by = vec![Dimension::Actor];
    let question = CubeQuestion { by, ..common::everything() };
    let counts = store.count(&question).unwrap();
    let mut actors: Vec<_> = counts
        .cube
        .cells()
        .map(|(key, cell)| (store.names().actors.name(key.actor), cell.calls))
        .collect();
    actors.sort();
    actors
}

#[test]
fn new_rules_reach_all_history_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    commit(&store, 0..300, 0..20);
    commit(&store, 300..600, 100..120);
    let mut callers = Commit::new(at(0));
    callers.callers = curl(4);
    store.commit(callers).unwrap();
    let before = actors(&store);
    assert!(before.iter().all(|(name, _)| name.as_deref() != Some("bash opposition")));

    let generation = store.begin_generation("v2", at(0)).unwrap();
    let earliest = first(&store, generation);
    assert_eq!(earliest.calls(), 300);
    derive(&store, generation, &earliest);
    // Meanwhile: new calls, a late mark for what is derived already, one for what is not.
    commit(&store, 600..700, 50..51);
    commit(&store, 700..701, 400..401);
    assert_eq!(actors(&store).iter().map(|(_, n)| n).sum::<u64>(), 701);
    assert_eq!(store.finish_generation(generation, at(0)).unwrap(), Swap::Behind);

    // Interrupted: the same rules go on where they were.
    drop(earliest);
    assert_eq!(store.begin_generation("v2", at(0)).unwrap(), generation);
    let mut derived = 0;
    for old in store.underived(generation) {
        let old = old.unwrap();
        derive(&store, generation, &old);
        derived += 1;
    }
    assert_eq!(derived, 4);
    assert_eq!(store.finish_generation(generation, at(0)).unwrap(), Swap::Done);

    let curl_calls = (0..701).filter(|n| call_line(*n).contains("\"curl/")).count();
    let named = |wanted: Option<&str>| {
        let actors = actors(&store);
        actors.into_iter().find(|(name, _)| name.as_deref() == wanted).map_or(0, |(_, n)| n)
    };
    assert_eq!(named(Some("bash opposition")), curl_calls as u64);
    assert_eq!(all_calls(&store, "actor:\"bash opposition\"").len(), curl_calls);
    assert_eq!(actors(&store).iter().map(|(_, n)| n).sum::<u64>(), 701);
    assert_eq!(all_calls(&store, "").len(), 701);
    assert_eq!(calls_by_joined(&store), [(Joined::Joined, 42), (Joined::CallOnly, 659)]);
    assert_eq!(all_calls(&store, "joined:joined").len(), 42);
    assert_eq!(store.verify(|_, _| {}).unwrap().problems, Vec::<String>::new());
    // What has no lines any more stays as it was.
    let unknown = CallerQuestion {
        from: Time::MIN,
        to: Time::MAX,
        actor: Some(NameId::UNKNOWN),
        operation: None,
        most: 10,
    };
    assert_eq!(store.callers(&unknown).unwrap()[0].calls, 4);

    // The same counts as a store that knew the rules from the start, whatever the way.
    let again = store.begin_generation("v3", at(0)).unwrap();
    for old in store.underived(again) {
        let old = old.unwrap();
        derive(&store, again, &old);
    }
    let counts = actors(&store);
    assert_eq!(store.finish_generation(again, at(0)).unwrap(), Swap::Done);
    assert_eq!(actors(&store), counts);
}

#[test]
fn new_rules_long_after_the_last_line_move_no_call_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    commit(&store, 0..300, 0..0);
    commit(&store, 30_000..30_300, 0..0);
    let now = at(40 * 86_400);
    for rules in ["v2", "v3"] {
        let generation = store.begin_generation(rules, now).unwrap();
        for old in store.underived(generation) {
            let old = old.unwrap();
            derive_at(&store, generation, &old, now);
        }
        assert_eq!(store.finish_generation(generation, now).unwrap(), Swap::Done);
        // Five minutes after the first ones; minutes of so long ago are kept no more.
        let minute = CubeQuestion { from: at(300), to: at(360), ..common::everything() };
        let counts = store.count(&minute).unwrap();
        assert_eq!((counts.from, counts.to), (at(0), at(3_600)));
        assert_eq!(counts.cube.cells().map(|(_, cell)| cell.calls).sum::<u64>(), 600, "{rules}");
    }
}

/// The copy goes on where new rules were: nothing that a reader sees later is missing in it.
#[test]
fn a_backup_holds_a_generation_under_way() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path().join("store"), Options::default()).unwrap();
    commit(&store, 0..300, 0..20);
    commit(&store, 300..600, 100..120);
    let generation = store.begin_generation("v2", at(0)).unwrap();
    derive(&store, generation, &first(&store, generation));
    let copy = folder.path().join("copy");
    store.backup(&copy).unwrap();
    drop(store);
    let store = LocalStore::open(&copy, Options::default()).unwrap();
    assert_eq!(store.begin_generation("v2", at(0)).unwrap(), generation);
    let mut derived = 0;
    for old in store.underived(generation) {
        let old = old.unwrap();
        derive(&store, generation, &old);
        derived += 1;
    }
    assert_eq!(derived, 1);
    assert_eq!(store.finish_generation(generation, at(0)).unwrap(), Swap::Done);
    assert_eq!(all_calls(&store, "").len(), 600);
    assert_eq!(store.verify(|_, _| {}).unwrap().problems, Vec::<String>::new());
}

#[test]
fn a_generation_that_is_given_up_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    commit(&store, 0..300, 0..20);
    let before = actors(&store);
    let given_up = store.begin_generation("v2", at(0)).unwrap();
    derive(&store, given_up, &first(&store, given_up));
    let second = store.begin_generation("v3", at(0)).unwrap();
    assert_ne!(given_up, second);
    assert_eq!(first(&store, second).calls(), 300);
    assert_eq!(actors(&store), before);
    assert_eq!(all_calls(&store, "").len(), 300);
    let later = Time::from_micros(at(0).micros() + dolmen_store::GRACE);
    assert_eq!(store.remove_replaced(later).unwrap(), 1);
}

/// One segment is derived while another is taken in: what is taken in must be for a generation that goes
/// on, and for calls that are still there.
#[test]
fn what_was_derived_in_vain_counts_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    commit(&store, 0..300, 0..20);
    commit(&store, 30_000..30_300, 0..0);
    let total = |store: &LocalStore| actors(store).iter().map(|(_, n)| n).sum::<u64>();

    let given_up = store.begin_generation("v2", at(0)).unwrap();
    let late = first(&store, given_up);
    let generation = store.begin_generation("v3", at(0)).unwrap();
    assert!(matches!(derived(&store, given_up, &late), Err(StoreError::GivenUp)));

    // Its lines are removed before it is taken in.
    let removed = first(&store, generation);
    assert_eq!(store.keep_from(at(200), at(1_000)).unwrap().segments, 2);
    derive(&store, generation, &removed);
    for old in store.underived(generation) {
        derive(&store, generation, &old.unwrap());
    }
    assert_eq!(store.finish_generation(generation, at(1_000)).unwrap(), Swap::Done);
    assert_eq!((total(&store), all_calls(&store, "").len()), (600, 300));
    assert_eq!(store.verify(|_, _| {}).unwrap().problems, Vec::<String>::new());
}

/// What cannot be read is left out of a generation; one that had it already is given up.
#[test]
fn calls_that_cannot_be_read_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    commit(&store, 0..300, 0..20);
    commit(&store, 300..600, 100..120);
    let generation = store.begin_generation("v2", at(0)).unwrap();
    let [one, other] = [0, 1].map(|n| store.underived(generation).nth(n).unwrap().unwrap());
    derive(&store, generation, &one);
    assert_eq!(store.pass_over(generation, &other).unwrap(), Passed::Over);
    assert_eq!(store.underived(generation).count(), 0);
    assert_eq!(store.finish_generation(generation, at(0)).unwrap(), Swap::Done);
    assert_eq!(all_calls(&store, "").len(), 600);

    let again = store.begin_generation("v3", at(0)).unwrap();
    let old = first(&store, again);
    derive(&store, again, &old);
    assert_eq!(store.pass_over(again, &old).unwrap(), Passed::GivenUp);
    assert_ne!(store.begin_generation("v3", at(0)).unwrap(), again);
    assert!(matches!(derived(&store, again, &old), Err(StoreError::GivenUp)));
    assert_eq!(all_calls(&store, "").len(), 600);
}

/// A generation knows calls by the segments they are in: whoever merges them gives way to it.
#[test]
fn compaction_gives_way_to_a_generation_that_begins_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    (0..3).for_each(|n| commit(&store, n * 100..(n + 1) * 100, 0..0));
    let files = || std::fs::read_dir(folder.path().join("segments")).unwrap().count();
    assert_eq!(files(), 3);

    // It begins when the segments were chosen, and before what replaces them is named.
    let mut begun = None;
    let done = store.compact_while(at(0), || {
        begun = Some(store.begin_generation("v2", at(0)).unwrap());
        true
    });
    let generation = begun.unwrap();
    assert_eq!(done.unwrap(), Compacted::default());
    assert_eq!(files(), 3, "what replaces nothing is left");
    // As long as it is under way, calls are not even looked at.
    assert_eq!(store.compact(at(0)).unwrap(), Compacted::default());

    let mut derived = 0;
    for old in store.underived(generation) {
        let old = old.unwrap();
        derive(&store, generation, &old);
        derived += old.calls();
    }
    assert_eq!(derived, 300);
    assert_eq!(store.finish_generation(generation, at(0)).unwrap(), Swap::Done);
    let done = store.compact(at(0)).unwrap();
    assert_eq!((done.from, done.to), (3, 1));
    assert_eq!(all_calls(&store, "").len(), 300);
    assert_eq!(store.verify(|_, _| {}).unwrap().problems, Vec::<String>::new());
}

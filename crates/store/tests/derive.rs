//! New rules: the whole history is derived again while readers read and commits go on.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{
    Block, START, all_calls, alone, call_line, calls_by_joined, facts, key, mark_line, read_call,
};
use dolmen_cubes::Cube;
use dolmen_model::{Joined, NameId, Time};
use dolmen_store::{
    CallFacts, CallerCount, CallerQuestion, CallerWidth, Commit, CubeQuestion, Dimension,
    Generation, LocalStore, Options, Rows, Settled, Store, Swap, Underived,
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

/// The new rules: curl has a name now.
fn derive(store: &LocalStore, generation: Generation, old: &Underived) {
    let names = store.names();
    let mut rows = Rows::new();
    let mut cube = Cube::default();
    for stored in &old.calls {
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
    store.derive(generation, old, store.encode(&rows).unwrap(), &cube, &[]).unwrap();
}

/// So many calls of a caller whose lines are not kept any more.
fn curl(calls: u64) -> CallerCount {
    CallerCount {
        time: at(0),
        width: CallerWidth::Day,
        address: b"10.0.0.1".to_vec(),
        user_agent: b"curl/7.81.0".to_vec(),
        user: Vec::new(),
        actor: NameId::UNKNOWN,
        service: NameId::UNKNOWN,
        operations: Default::default(),
        calls,
    }
}

fn actors(store: &LocalStore) -> Vec<(Option<String>, u64)> {
    let by = vec![Dimension::Actor];
    let question = CubeQuestion { from: Time::MIN, to: Time::MAX, by, every: None };
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
    callers.callers = vec![curl(4)];
    store.commit(callers).unwrap();
    let before = actors(&store);
    assert!(before.iter().all(|(name, _)| name.as_deref() != Some("bash opposition")));

    let generation = store.begin_generation("v2", at(0)).unwrap();
    let first = store.underived(generation).unwrap().unwrap();
    assert_eq!(first.calls.len(), 300);
    derive(&store, generation, &first);
    // Meanwhile: new calls, a late mark for what is derived already, one for what is not.
    commit(&store, 600..700, 50..51);
    commit(&store, 700..701, 400..401);
    assert_eq!(actors(&store).iter().map(|(_, n)| n).sum::<u64>(), 701);
    assert_eq!(store.finish_generation(generation, at(0)).unwrap(), Swap::Behind);

    // Interrupted: the same rules go on where they were.
    drop(first);
    assert_eq!(store.begin_generation("v2", at(0)).unwrap(), generation);
    let mut derived = 0;
    while let Some(old) = store.underived(generation).unwrap() {
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
    while let Some(old) = store.underived(again).unwrap() {
        derive(&store, again, &old);
    }
    let counts = actors(&store);
    assert_eq!(store.finish_generation(again, at(0)).unwrap(), Swap::Done);
    assert_eq!(actors(&store), counts);
}

#[test]
fn a_generation_that_is_given_up_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    commit(&store, 0..300, 0..20);
    let before = actors(&store);
    let first = store.begin_generation("v2", at(0)).unwrap();
    let old = store.underived(first).unwrap().unwrap();
    derive(&store, first, &old);
    let second = store.begin_generation("v3", at(0)).unwrap();
    assert_ne!(first, second);
    assert_eq!(store.underived(second).unwrap().unwrap().calls.len(), 300);
    assert_eq!(actors(&store), before);
    assert_eq!(all_calls(&store, "").len(), 300);
    let later = Time::from_micros(at(0).micros() + dolmen_store::GRACE);
    assert_eq!(store.remove_replaced(later).unwrap(), 1);
}

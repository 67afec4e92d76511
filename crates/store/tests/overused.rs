//! An id that too many lines carry joins none of them, in whatever order they come.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{Block, START, call_line, calls_by_joined, id, mark_line};
use dolmen_join::MOST_LINES;
use dolmen_model::{Joined, Time};
use dolmen_store::{CallQuestion, LocalStore, Options, Store};

/// What is committed at once.
#[derive(Clone, Copy)]
enum Part {
    Calls(u64, u64),
    Marks(u64, u64),
    Compaction,
}

fn commit(store: &LocalStore, part: Part) {
    let same = |line: String, n: u64| line.replace(&id(n), "undefined");
    let mut block = Block::default();
    match part {
        Part::Calls(from, to) => {
            (from..to).for_each(|n| block.call(store, &same(call_line(n), n)));
        }
        Part::Marks(from, to) => {
            (from..to).for_each(|n| block.mark(store, &same(mark_line(n, "card block"), n)));
        }
        Part::Compaction => {
            store.compact(Time::from_seconds(START).unwrap()).unwrap();
            return;
        }
    }
    store.commit(block.commit(store, Vec::new())).unwrap();
}

/// Calls by what became of them, marks without a call, repeated and overused ids, marks.
fn seen(parts: &[Part]) -> (Vec<(Joined, u64)>, u64, u64, u64, u64) {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    for part in parts {
        commit(&store, *part);
    }
    let all = |query: &str| {
        let (from, to, query) = (Time::MIN, Time::MAX, query.parse().unwrap());
        store.survey(&CallQuestion { from, to, query }).unwrap()
    };
    let (survey, by_rows) = (all(""), all("source:proxy or joined:mark_only"));
    let mark_only = survey.mark_only.iter().map(|row| row.marks).sum();
    let counts = (mark_only, survey.repeated_ids, survey.overused_ids, survey.marks);
    assert_eq!(counts.1, by_rows.repeated_ids);
    assert_eq!(survey.marks, by_rows.marks);
    assert!(store.verify(|_, _| {}).unwrap().problems.is_empty());
    (calls_by_joined(&store), counts.0, counts.1, counts.2, counts.3)
}

#[test]
fn the_order_of_commits_and_compaction_change_nothing() {
    use Part::{Calls, Compaction, Marks};
    let most = MOST_LINES;
    let marks = 20;
    // Just enough lines to be joined, in several orders.
    let few = most - marks;
    let joined = seen(&[Calls(0, few), Marks(0, marks)]);
    assert_eq!((joined.1, joined.2, joined.3, joined.4), (0, 1, 0, marks));
    for parts in [
        &[Marks(0, marks), Calls(0, 2_000), Calls(2_000, few)][..],
        &[Calls(2_000, few), Compaction, Calls(0, 2_000), Compaction, Marks(0, marks)],
    ] {
        assert_eq!(seen(parts), joined);
    }
    // And one more.
    let many = few + 1;
    let apart = (vec![(Joined::CallOnly, many)], marks, 0, 1, marks);
    for parts in [
        &[Calls(0, many), Marks(0, marks)][..],
        &[Marks(0, marks), Calls(0, many)],
        &[Marks(0, 5), Calls(0, 6_000), Marks(5, marks), Calls(6_000, many)],
        &[
            Calls(6_000, many),
            Compaction,
            Marks(0, 5),
            Calls(0, 6_000),
            Compaction,
            Marks(5, marks),
        ],
    ] {
        assert_eq!(seen(parts), apart);
    }
    // What comes later is told apart at once.
    let later = seen(&[Calls(0, many), Marks(0, marks), Calls(many, many + 3), Marks(20, 25)]);
    assert_eq!(later, (vec![(Joined::CallOnly, many + 3)], marks + 5, 0, 1, marks + 5));
}

#[test]
fn marks_alone_are_too_many_as_well() {
    let marks = MOST_LINES + 1;
    let apart = seen(&[Part::Marks(0, marks)]);
    assert_eq!(apart, (vec![], marks, 0, 1, marks));
    let with_a_call = seen(&[Part::Marks(0, marks), Part::Calls(7, 8)]);
    assert_eq!(with_a_call, (vec![(Joined::CallOnly, 1)], marks, 0, 1, marks));
}

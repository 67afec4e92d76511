//! Every line comes back byte for byte, in a tenth of its bytes.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::time::Instant;

use common::{Block, all_calls, call_line, id, mark_line};
use dolmen_model::{Call, Joined, Mark, NameId, RequestId, Time};
use dolmen_store::{
    CallFacts, Commit, LocalStore, MarkFacts, MarkState, Options, Rows, Settled, Store,
};
use proptest::prelude::*;

/// Sizes and durations are spread evenly here, which no real log does, and half of each id is
/// random: 8 bytes of every line cannot shrink.
#[test]
fn generated_lines_take_a_tenth() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    let mut calls = Block::default();
    (0..20_000).for_each(|n| calls.call(&store, &call_line(n)));
    let mut marks = Block::default();
    for n in 0..20_000 {
        marks.mark(&store, &mark_line(n, ["card block", "external transfer"][n as usize % 2]));
    }
    let (mut bytes, mut raw_bytes) = (0, 0);
    for (kind, block) in [("calls", calls), ("marks", marks)] {
        let start = Instant::now();
        let encoded = store.encode(&block.rows).unwrap();
        println!(
            "{kind}: {} bytes of {}; {:?} to encode",
            encoded.bytes(),
            encoded.raw_bytes(),
            start.elapsed()
        );
        bytes += encoded.bytes() as u64;
        raw_bytes += encoded.raw_bytes();
    }
    assert!(bytes * 10 <= raw_bytes, "{bytes} of {raw_bytes}");
}

#[test]
fn every_line_of_the_corpus_comes_back() {
    let Ok(corpus) = std::env::var("DOLMEN_CORPUS") else {
        println!("skipped: no corpus");
        return;
    };
    let path = std::path::Path::new(&corpus).join("access-logs/elastic-apache.log");
    let text = std::fs::read(path).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    let mut block = Block::default();
    let mut lines: Vec<&[u8]> = Vec::new();
    let mut unread = 0;
    for line in text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        lines.push(line);
        let call = std::str::from_utf8(line).ok().and_then(common::read_call);
        unread += usize::from(call.is_none());
        // A line that the test's reader does not read has no fields, and comes back all the same.
        let call = call.unwrap_or(Call { time: Some(Time::from_micros(0)), ..Call::default() });
        let facts = common::facts(&store, &call);
        block.rows.push_call(line, &call, &facts, common::alone(&store, &call, &facts));
    }
    assert!(lines.len() >= 10_000);
    let encoded = store.encode(&block.rows).unwrap();
    println!(
        "corpus: {:.2} % of {} bytes, {unread} unread",
        encoded.bytes() as f64 / encoded.raw_bytes() as f64 * 100.0,
        encoded.raw_bytes()
    );
    store.commit(block.commit(&store, Vec::new())).unwrap();
    let mut back: Vec<Vec<u8>> = all_calls(&store, "").into_iter().map(|call| call.line).collect();
    back.sort();
    lines.sort();
    assert!(back.iter().map(Vec::as_slice).eq(lines.iter().copied()), "lines differ");
}

fn call_facts() -> CallFacts<'static> {
    CallFacts {
        source: "proxy",
        forwarded_address: b"",
        service: NameId::UNKNOWN,
        actor: NameId::UNKNOWN,
        endpoint: NameId::UNKNOWN,
        claimed: NameId::UNKNOWN,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Any bytes at all, and any claim about them.
    #[test]
    fn any_line_comes_back(
        lines in prop::collection::vec(
            (
                prop_oneof![
                    prop::collection::vec(any::<u8>(), 0..60),
                    "[ -~é]{0,60}".prop_map(String::into_bytes),
                    (0_u64..1_000).prop_map(|n| call_line(n).into_bytes()),
                ],
                prop::option::of(0_i64..4_000_000_000_000_000),
                prop::option::of(any::<u16>()),
                prop::option::of(any::<u64>()),
                0_usize..60,
                0_usize..60,
                0_usize..3,
            ),
            1..40,
        ),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::open(folder.path(), Options::default()).unwrap();
        let mut rows = Rows::new();
        for (line, time, status, bytes, at, len, id) in &lines {
            let part = line.get(*at..(at + len).min(line.len())).unwrap_or_default();
            let request_id = match id {
                0 => RequestId::NotLogged,
                1 => RequestId::Missing,
                _ => RequestId::Is(part),
            };
            let call = Call {
                time: time.map(Time::from_micros),
                status: *status,
                bytes: *bytes,
                duration: *bytes,
                target: part,
                user_agent: line,
                request_id,
                ..Call::default()
            };
            let settled = Settled::alone(&call_facts(), Joined::CallOnly, store.names());
            rows.push_call(line, &call, &call_facts(), settled);
        }
        let mut commit = Commit::new(Time::from_micros(0));
        commit.rows.push(store.encode(&rows).unwrap());
        store.commit(commit).unwrap();
        let mut back: Vec<Vec<u8>> =
            all_calls(&store, "").into_iter().map(|call| call.line).collect();
        let mut lines: Vec<Vec<u8>> = lines.into_iter().map(|(line, ..)| line).collect();
        back.sort();
        lines.sort();
        prop_assert_eq!(back, lines);
    }
}

#[test]
fn a_mark_line_that_holds_more_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    let operation = store.names().operations.intern(b"card block");
    let line =
        format!(r#"{{"x":"{{é\u0041","request_id":"{}","n":-3.50,"op":"card block"}}"#, id(1));
    let at = line.find(&id(1)).unwrap();
    let mark = Mark {
        request_id: RequestId::Is(&line.as_bytes()[at..at + 32]),
        operation: b"card block",
        ..Mark::default()
    };
    let mut rows = Rows::new();
    rows.push_mark(
        line.as_bytes(),
        &mark,
        MarkFacts { source: "app", operation, service: NameId::UNKNOWN, state: MarkState::Waiting },
    );
    let mut commit = Commit::new(Time::from_micros(0));
    commit.rows.push(store.encode(&rows).unwrap());
    store.commit(commit).unwrap();
    let request = store.request(id(1).as_bytes()).unwrap();
    assert_eq!(String::from_utf8(request.marks[0].line.clone()).unwrap(), line);
    assert_eq!(request.marks[0].operation.as_deref(), Some("card block"));
}

//! The values of the W3C trace-context test suite, where they lie in the corpus.
//!
//! The suite has two readers. `BaseTraceparent` knows the shape that every version shares, so that
//! a version it has never seen is still read: version `ff` is refused, ids of zeros are not.
//! `Traceparent` is version 00, strictly: another version, or an id of zeros, is refused. A server
//! reads by shape first and then holds what claims to be version 00 to the strict rules; so does
//! dolmen, and it never takes an id of zeros, whatever the version, because it would join all
//! requests that carry it.

#![cfg(test)]

use std::path::PathBuf;

use dolmen_logs::{RequestId, RequestIdKind, TraceParent};

struct Vector {
    class: String,
    value: String,
    accepted: bool,
}

fn vector(line: &str) -> Vector {
    let json: serde_json::Value = serde_json::from_str(line).expect("valid JSON");
    Vector {
        class: json["class"].as_str().expect("a class").to_owned(),
        value: json["value"].as_str().expect("a value").to_owned(),
        accepted: json["accepted"].as_bool().expect("a verdict"),
    }
}

fn vectors() -> Option<Vec<Vector>> {
    let Some(corpus) = std::env::var_os("DOLMEN_CORPUS") else {
        println!("skipped: no corpus");
        return None;
    };
    let path = PathBuf::from(corpus).join("vectors/traceparent.jsonl");
    let text = std::fs::read_to_string(path).expect("the corpus has the file");
    Some(text.lines().map(vector).collect())
}

#[test]
fn reads_what_each_reader_of_the_suite_reads() {
    let Some(vectors) = vectors() else { return };
    assert!(vectors.len() >= 40, "the whole suite is there");
    for Vector { class, value, accepted } in vectors {
        let parsed = TraceParent::parse(value.as_bytes());
        let is_read = match class.as_str() {
            "BaseTraceparent" => parsed.is_some(),
            "Traceparent" => parsed.is_some_and(|t| t.version == 0 && t.is_valid()),
            other => panic!("unknown class {other}"),
        };
        assert_eq!(is_read, accepted, "{class} {value}");

        let id = RequestIdKind::TraceParent.extract(value.as_bytes());
        match parsed.filter(TraceParent::is_valid) {
            Some(t) => assert_eq!(id, RequestId::Is(t.trace_id), "{value}"),
            None => assert_eq!(id, RequestId::Missing, "{value}"),
        }
    }
}

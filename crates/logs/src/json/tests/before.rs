//! What a line says does not depend on the line before, whose shape is remembered.

use super::*;

#[test]
fn what_a_line_is_does_not_depend_on_the_line_before() {
    let mut keys = Keys::new();
    keys.want("h.m", Leaf { slot: 0, rank: 0 }).unwrap();
    let keys = keys.finish();
    let mut route = Route::default();
    let mut scan = |line: &str| {
        let read = keys.scan(line.as_bytes(), &mut [Pick::default()], &mut route);
        read.map(drop).map_err(|why| why.column)
    };
    assert_eq!(scan(r#"{"a":1,"h":{"m":1}}"#), Ok(()));
    // An object may begin at this member, but not behind a value.
    assert_eq!(scan(r#"{"h":{"q":2{"m":1}}}"#), Err(12));
    assert_eq!(scan(r#"{"h":{"q":2,"m":1}}"#), Ok(()));
    assert_eq!(scan(r#"{"a":1,"h":{,"m":1}}"#), Err(13));
}

fn value() -> impl Strategy<Value = String> {
    const ODD: [&str; 18] = [
        "\"a\\\"b\"",
        "\"\"",
        "\"-\"",
        "-",
        "-1",
        "1e5",
        "1.",
        "007",
        "true",
        "null",
        "",
        " 1",
        "1 ",
        "{\"a\":1}",
        "{\"m\":\"x\",\"q\":2}",
        "[1,\"x\"]",
        "\"",
        "x",
    ];
    prop_oneof![
        4 => "\"[a-z ]{0,12}\"",
        3 => "[0-9]{1,6}",
        2 => "[0-9]{1,3}\\.[0-9]{1,3}",
        2 => prop::sample::select(&ODD[..]).prop_map(str::to_owned),
    ]
}

/// Lines of a few shapes, so that one often goes on like the one before, and sometimes nearly.
fn lines() -> impl Strategy<Value = Vec<String>> {
    const SHAPES: [[&str; 4]; 5] = [
        ["{\"a\":", ",\"h\":", ",\"b\":", "}"],
        ["{\"a\":", ",\"h\":", ",\"a\":", "}"],
        ["{\"a\": ", ", \"x\": ", ",\"h.m\":", " }"],
        ["{\"b\":", ",\"x\":", ",\"a\":", ",}"],
        ["{\"b\":", ",\"x\":", "\"a\":", "}"],
    ];
    let line = (prop::sample::select(&SHAPES[..2]), prop::array::uniform3(value()));
    let other = (prop::sample::select(&SHAPES[..]), prop::array::uniform3(value()));
    let line = prop_oneof![3 => line, 1 => other];
    let written =
        |([a, b, c, d], [x, y, z]): ([&str; 4], [String; 3])| [a, &x, b, &y, c, &z, d].concat();
    prop::collection::vec(line.prop_map(written), 1..8)
}

proptest! {
    #[test]
    fn a_line_says_the_same_whatever_was_before_it(lines in lines()) {
        let mut keys = Keys::new();
        for (slot, path, rank) in [(0, "a", 0), (0, "b", 1), (1, "h", 0), (2, "h.m", 0), (2, "x", 1)] {
            keys.want(path, Leaf { slot, rank }).unwrap();
        }
        let keys = keys.finish();
        let scan = |line: &str, route: &mut Route, mut picks: [Pick; 3]| {
            let read = keys.scan(line.as_bytes(), &mut picks, route);
            read.map(|_| picks).map_err(|why| (why.column, why.expected))
        };
        let (mut route, mut before) = (Route::default(), [Pick::default(); 3]);
        for line in &lines {
            let after = scan(line, &mut route, before);
            let alone = scan(line, &mut Route::default(), [Pick::default(); 3]);
            prop_assert_eq!(&after, &alone, "{}", line);
            before = after.unwrap_or(before);
        }
    }
}

#[test]
fn a_line_of_texts_and_numbers_is_repeated_as_a_whole() {
    let mut keys = Keys::new();
    for (slot, path) in [(0, "time"), (1, "id"), (2, "n")] {
        keys.want(path, Leaf { slot, rank: 0 }).unwrap();
    }
    let keys = keys.finish();
    let (mut route, mut picks) = (Route::default(), [Pick::default(); 3]);
    let line = |n: &str| format!(r#"{{"time":"t{n}","other":"x","id":"i{n}","n":{n}}}"#);
    keys.scan(line("1").as_bytes(), &mut picks, &mut route).unwrap();
    for n in ["22", "0.5", "333"] {
        assert!(route.repeat(line(n).as_bytes(), &mut picks), "{n}");
    }
    for n in ["-1", "true", "1e5", "[]"] {
        assert!(!route.repeat(line(n).as_bytes(), &mut picks), "{n}");
    }
}

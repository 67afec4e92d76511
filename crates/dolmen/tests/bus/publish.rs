//! `bus publish`, from arguments, files and standard input.

use serde_json::json;

use crate::place::{Place, on_both};

/// Writes each message's facts and body to a file of its own.
const KEEP: &str = r##"
[[bus.service]]
name = "keep"
listen = ["#"]
exec = 'mkdir -p got && { echo "$DOLMEN_ROUTING_KEY $DOLMEN_PRODUCER $DOLMEN_TYPE $DOLMEN_CONTENT_TYPE"; cat; } > "got/$DOLMEN_MESSAGE_ID"'
concurrency = 4
"##;

fn got(place: &Place, id: &str) -> String {
    std::fs::read_to_string(place.folder.path().join("got").join(id)).unwrap()
}

fn arguments_and_files_are_bodies(place: &Place) {
    place.set_up(KEEP);
    place.folder.file("a.bin", [0, 159, 146, 150]);
    place.folder.file("b.json", "{\"b\": 1}");
    let args = ["publish", "k.data", "--data", "{\"n\": 1}", "--data", "plain", "--producer", "me"];
    let data = place.json(&args);
    assert_eq!(data["published"], 2);
    let files = place.json(&["publish", "k.file", "a.bin", "b.json", "--type", "event"]);
    assert_eq!(files["published"], 2);
    let whole = place.bus(&["publish", "k.stdin", "-", "--id", "one"]).input("a\nb\n").done();
    assert_eq!(whole, "published one\n");
    assert_eq!(place.work("keep", &[])["done"], 5);
    let id = |answer: &serde_json::Value, n: usize| {
        answer["message_ids"][n].as_str().unwrap().to_owned()
    };
    assert_eq!(got(place, &id(&data, 0)), "k.data me  application/json\n{\"n\": 1}");
    assert_eq!(got(place, &id(&data, 1)), "k.data me  \nplain");
    assert_eq!(got(place, &id(&files, 1)), "k.file  event application/json\n{\"b\": 1}");
    let bytes = std::fs::read(place.folder.path().join("got").join(id(&files, 0))).unwrap();
    assert!(bytes.ends_with(&[0, 159, 146, 150]));
    assert_eq!(got(place, "one"), "k.stdin   \na\nb\n");
}

fn lines_are_bodies_or_whole_messages(place: &Place) {
    place.set_up(KEEP);
    let lines = place.bus(&["publish", "k"]).input("{\"n\": 1}\n\n[2]\n").done();
    assert_eq!(lines, "published 2 messages\n");
    let whole = [
        json!({"routing_key": "k.data", "message_id": "m1", "data": {"z": 1, "a": [1.50]}}),
        json!({"routing_key": "k.body", "message_id": "m2", "body": "text", "producer": "other"}),
        json!({"routing_key": "k.bytes", "message_id": "m3", "body_base64": "AAE="}),
    ];
    let whole: String = whole.iter().map(|line| format!("{line}\n")).collect();
    let (out, _) = place.bus(&["publish", "--producer", "me"]).input(whole).done_with_notes();
    assert_eq!(out, "published 3 messages\n");
    assert_eq!(place.work("keep", &[])["done"], 5);
    assert_eq!(got(place, "m1"), "k.data me  application/json\n{\"a\":[1.5],\"z\":1}");
    assert_eq!(got(place, "m2"), "k.body other  \ntext");
    assert_eq!(got(place, "m3"), "k.bytes me  \n\0\u{1}");
}

fn thousands_of_lines_are_confirmed_in_their_order(place: &Place) {
    place.set_up("[[bus.service]]\nname = \"count\"\nlisten = [\"k\"]\n");
    let lines: String = (0..5_000).map(|n| format!("{n}\n")).collect();
    assert_eq!(place.bus(&["publish", "k"]).input(lines).done(), "published 5,000 messages\n");
    assert_eq!(place.status("count")["ready"], 5_000);
}

/// Whoever chose the id chose nothing about the terminal.
fn what_an_id_says_moves_no_cursor(place: &Place) {
    place.set_up("[[bus.service]]\nname = \"count\"\nlisten = [\"k\"]\n");
    let args = ["publish", "k", "--data", "1", "--id", "a\u{1b}[2Jb"];
    assert_eq!(place.bus(&args).done(), "published a\\x1b[2Jb\n");
}

/// What stands before a bad line is published, and said.
fn a_bad_line_is_named(place: &Place) {
    place.set_up("[[bus.service]]\nname = \"count\"\nlisten = [\"k\"]\n");
    let refused = place.bus(&["publish", "k"]).input("1\n2\n{\"a\": }\n4\n").refused(2);
    assert!(
        refused.contains("line 3 (2 before it were published): column 7: expected value"),
        "{refused}"
    );
    let refused = place.bus(&["publish"]).input("{\"key\": \"k\"}\n").refused(2);
    assert!(refused.contains("line 1 (0 before it were published)"), "{refused}");
    assert!(refused.contains("unknown field `key`"), "{refused}");
    assert_eq!(place.status("count")["ready"], 2);
}

fn a_broken_contract_is_refused_with_the_place_in_it(place: &Place) {
    let schema = json!({"type": "object", "required": ["id"],
        "properties": {"id": {"type": "integer"}}});
    place.folder.file("contracts/user.created.json", schema.to_string());
    place.set_up("contracts = \"contracts\"\n[[bus.service]]\nname = \"a\"\nlisten = [\"#\"]\n");
    let refused = place.bus(&["publish", "user.created", "--data", "{\"id\": \"7\"}"]).refused(2);
    assert!(refused.contains("breaks the contract of user.created: at \"/id\""), "{refused}");
    place.publish("user.created", "{\"id\": 7}");
    place.publish("user.deleted", "anything");
    assert_eq!(place.status("a")["ready"], 2);
}

on_both! {
    arguments_and_files_are_bodies
    lines_are_bodies_or_whole_messages
    thousands_of_lines_are_confirmed_in_their_order
    a_bad_line_is_named
    what_an_id_says_moves_no_cursor
    a_broken_contract_is_refused_with_the_place_in_it
}

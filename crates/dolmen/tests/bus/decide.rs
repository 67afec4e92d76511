//! `bus retry`, `bus forward`, `bus discard`.

use std::process::{Child, Stdio};

use serde_json::Value;

use crate::place::{Place, column, on_both};

const SERVICES: &str = r#"
[[bus.service]]
name = "a"
listen = ["k.#"]
exec = 'test -e mended || { echo "not yet" >&2; exit 65; }'

[[bus.service]]
name = "by-hand"
exec = 'cat >> by-hand'
"#;

/// Publishes so many messages that `a` hardfails; their ids.
fn hardfail(place: &Place, count: usize) -> Vec<String> {
    let ids = (0..count).map(|n| place.publish("k.n", &n.to_string())).collect();
    assert_eq!(place.work("a", &[])["hardfailed"], count);
    ids
}

fn open(place: &Place) -> usize {
    place.json(&["failed"])["messages"].as_array().unwrap().len()
}

fn a_failed_message_is_retried(place: &Place) {
    place.set_up(SERVICES);
    let ids = hardfail(place, 2);
    place.folder.file("mended", "");
    let retried = place.json(&["retry", &ids[0]]);
    assert_eq!(column(retried["messages"].as_array().unwrap(), "message_id"), [ids[0].as_str()]);
    assert_eq!(place.work("a", &[])["done"], 1);
    let story = place.trace(&ids[0]);
    assert_eq!(column(&story, "what"), ["published", "hardfail", "retried", "done"]);
    assert!(story[2]["reason"].as_str().unwrap().starts_with("roots@"), "{}", story[2]);
    assert_eq!(open(place), 1);
    // It has its fate.
    let refused = place.bus(&["retry", &ids[0]]).refused(2);
    assert!(refused.contains(&ids[0]), "{refused}");
}

/// Two people, or a person and a timer, decide at once about the same messages: each message is
/// carried out once, or given up, and each of the two is told what was its own doing.
fn two_who_decide_at_once_share_the_messages(place: &Place) {
    const MANY: usize = 30;
    place.set_up(SERVICES);
    for other in ["retry", "discard"] {
        hardfail(place, MANY);
        let start = |what: &str| {
            let mut command = place.start(&[what, "--all", "--yes", "--json"]);
            command.stdout(Stdio::piped()).spawn().unwrap()
        };
        let touched = |child: Child| {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{output:?}");
            let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
            column(answer["messages"].as_array().unwrap(), "message_id")
        };
        let both = [start("retry"), start(other)];
        let [retried, others] = both.map(touched);
        let mut all = [&retried[..], &others[..]].concat();
        all.sort_unstable();
        all.dedup();
        assert_eq!((all.len(), retried.len() + others.len()), (MANY, MANY), "{other}");
        place.folder.file("mended", "");
        let done = place.work("a", &[])["done"].as_u64().unwrap();
        let meant = if other == "retry" { MANY } else { retried.len() };
        assert_eq!(done, meant as u64, "{other}");
        std::fs::remove_file(place.folder.path().join("mended")).unwrap();
    }
}

/// Many are touched only when somebody agrees, and only those that were meant.
fn a_selection_is_asked_about(place: &Place) {
    place.set_up(SERVICES);
    hardfail(place, 3);
    let refused = place.bus(&["retry", "--all"]).refused(2);
    assert!(refused.contains("retry 3 messages?") && refused.contains("--yes"), "{refused}");
    let refused = place.bus(&["retry"]).refused(2);
    assert!(refused.contains("which messages?"), "{refused}");
    let dry = place.json(&["retry", "--error", "not yet", "--first", "2", "--dry-run"]);
    assert_eq!(dry["messages"].as_array().unwrap().len(), 2);
    assert_eq!(open(place), 3);
    let none = place.json(&["retry", "--service", "b", "--yes"]);
    assert_eq!(none["messages"].as_array().unwrap().len(), 0);
    place.folder.file("mended", "");
    let args = ["retry", "--service", "a", "--key", "k.*", "--nature", "business", "--first", "2"];
    let out = place.bus(&[&args[..], &["--yes"]].concat()).done();
    assert!(out.starts_with("retried 2 messages\n"), "{out}");
    assert_eq!(place.work("a", &[])["done"], 2);
    assert_eq!(open(place), 1);
}

/// Who looks takes nothing: two people at two machines see the same failed messages, and what one of
/// them has decided about is gone for both.
#[test]
fn what_one_looks_at_another_sees_too() {
    let Some(place) = Place::broker() else { return };
    place.set_up(SERVICES);
    let other = place.elsewhere();
    other.configure(SERVICES);
    let ids = hardfail(&place, 4);
    for place in [&place, &other, &place] {
        assert_eq!((open(place), &place.status("a")["failed"]), (4, &4.into()));
    }
    let refused = other.bus(&["retry", "--all"]).refused(2);
    assert!(refused.contains("retry 4 messages?"), "{refused}");
    other.bus(&["retry", &ids[0]]).done();
    assert_eq!((open(&place), open(&other)), (3, 3));
    let gone = place.bus(&["retry", &ids[0]]).refused(2);
    assert!(gone.contains("no failed message is called"), "{gone}");
    // What is given up is kept by who gave it up, who can bring it back.
    place.bus(&["discard", &ids[1]]).done();
    assert_eq!((open(&place), open(&other)), (2, 2));
    place.bus(&["discard", "--restore", &ids[1]]).done();
    assert_eq!((open(&place), open(&other)), (3, 2));
    place.folder.file("mended", "");
    place.bus(&["retry", "--all", "--yes"]).done();
    assert_eq!(place.work("a", &[])["done"], 4);
    assert_eq!((open(&place), open(&other)), (0, 0));
}

/// What another program put among the failed messages is shown as that, and decided about by an id.
#[test]
fn what_another_program_put_there_is_decided_about() {
    let Some(place) = Place::broker() else { return };
    place.set_up(SERVICES);
    for body in ["on", "up and back", "\u{1b}[2Jup"] {
        place.put_among_failed(body);
    }
    let failed = place.json(&["failed"])["messages"].as_array().unwrap().clone();
    let id = |body: &str| {
        let mine = |row: &&Value| row["foreign"]["begins"] == body;
        failed.iter().find(mine).unwrap()["message_id"].as_str().unwrap().to_owned()
    };
    for row in &failed {
        let error = row["error"].as_str().unwrap();
        assert!(error.ends_with(".failed by a program that is none of dolmen's"), "{error}");
        assert_eq!((&row["service"], &row["nature"]), (&Value::from(""), &"technical".into()));
    }
    assert_eq!(failed.iter().map(|row| row["foreign"]["bytes"].as_u64().unwrap()).sum::<u64>(), 19);
    let shown = place.bus(&["failed"]).done();
    assert!(shown.contains("11 bytes") && shown.contains("up and back"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "{shown}");
    // Nobody knows whose it was, so nobody can try again.
    let refused = place.bus(&["retry", &id("on")]).refused(2);
    assert!(refused.contains("no service is known of 1 message"), "{refused}");
    place.bus(&["forward", &id("on"), "--to", "by-hand"]).done();
    assert_eq!(place.work("by-hand", &[])["done"], 1);
    let written = std::fs::read_to_string(place.folder.path().join("by-hand")).unwrap();
    assert_eq!(written, "on");
    place.bus(&["discard", &id("up and back")]).done();
    place.bus(&["discard", &id("up and back"), "--restore"]).done();
    place.bus(&["discard", &id("\u{1b}[2Jup")]).done();
    assert_eq!(open(&place), 1);
    let story = place.trace(&id("up and back"));
    assert_eq!(column(&story, "what"), ["hardfail", "discarded", "restored"]);
}

fn a_failed_message_goes_to_another_service(place: &Place) {
    place.set_up(SERVICES);
    let ids = hardfail(place, 1);
    let refused = place.bus(&["forward", &ids[0], "--to", "by-hnad"]).refused(2);
    assert!(refused.contains("no service by-hnad; did you mean by-hand?"), "{refused}");
    let refused = place.bus(&["forward", &ids[0], "--to", "a"]).refused(2);
    assert!(refused.contains("circle"), "{refused}");
    place.bus(&["forward", &ids[0], "--to", "by-hand"]).done();
    assert_eq!(place.work("by-hand", &[])["done"], 1);
    let written = std::fs::read_to_string(place.folder.path().join("by-hand")).unwrap();
    assert_eq!(written, "0");
    let story = place.trace(&ids[0]);
    assert_eq!(column(&story, "what"), ["published", "hardfail", "forwarded", "done"]);
    assert_eq!(story[2]["to"], "by-hand");
    assert_eq!(open(place), 0);
}

/// Of several, one was there before: then none is sent on.
fn what_would_go_round_in_a_circle_stops_nothing_half_way(place: &Place) {
    let both = SERVICES.replace(
        "name = \"by-hand\"\nexec = 'cat >> by-hand'",
        "name = \"by-hand\"\nlisten = [\"own\"]\nexec = 'exit 65'",
    );
    place.set_up(&both);
    hardfail(place, 1);
    place.publish("own", "1");
    assert_eq!(place.work("by-hand", &[])["hardfailed"], 1);
    assert_eq!(open(place), 2);
    let refused = place.bus(&["forward", "--all", "--yes", "--to", "by-hand"]).refused(2);
    assert!(refused.contains("circle; nothing was done"), "{refused}");
    assert_eq!(open(place), 2);
    assert_eq!(place.status("by-hand")["ready"], 0);
}

fn a_discarded_message_can_be_brought_back(place: &Place) {
    place.set_up(SERVICES);
    let ids = hardfail(place, 1);
    place.bus(&["discard", &ids[0]]).done();
    assert_eq!(open(place), 0);
    assert_eq!(column(&place.trace(&ids[0]), "what"), ["published", "hardfail", "discarded"]);
    let out = place.bus(&["discard", "--restore", &ids[0]]).done();
    assert!(out.starts_with("restored 1 message\n"), "{out}");
    assert_eq!(open(place), 1);
    let story = place.trace(&ids[0]);
    assert_eq!(story[3]["what"], "restored");
    assert!(story[3]["reason"].as_str().unwrap().starts_with("roots@"), "{}", story[3]);
}

/// What is sent to nobody would be unrouted.
fn a_message_of_a_service_that_is_gone_is_not_retried(place: &Place) {
    place.set_up(SERVICES);
    let ids = hardfail(place, 2);
    place.configure("");
    place.bus(&["setup", "--remove", "a"]).output();
    for args in [&["retry", &*ids[0]][..], &["retry", "--all", "--yes"]] {
        let refused = place.bus(args).refused(2);
        assert!(refused.contains("the bus has no service a any more"), "{refused}");
        assert!(refused.contains("dolmen bus forward --service a --to"), "{refused}");
    }
    assert_eq!(open(place), 2);
    assert_eq!(place.json(&["status"])["unrouted"], 0);
}

on_both! {
    a_message_of_a_service_that_is_gone_is_not_retried
    a_failed_message_is_retried
    a_selection_is_asked_about
    two_who_decide_at_once_share_the_messages
    a_failed_message_goes_to_another_service
    what_would_go_round_in_a_circle_stops_nothing_half_way
    a_discarded_message_can_be_brought_back
}

/// One message waits in two services, and somebody decides about one of them.
#[test]
fn a_waiting_message_is_touched_only_in_the_service_that_was_named() {
    let place = Place::file();
    let service = |name: &str| {
        format!(
            "[[bus.service]]\nname = \"{name}\"\nlisten = [\"k\"]\n\
             exec = 'echo \"{name} is down\" >&2; exit 69'\nretry = {{ delays = [\"1h\"] }}\n"
        )
    };
    place.set_up(&format!("{}{}", service("a"), service("b")));
    let id = place.publish("k", "1");
    place.bus(&["work", "--all", "--until-idle"]).output();
    let waiting = || {
        let waiting = place.json(&["waiting"]);
        column(waiting["messages"].as_array().unwrap(), "service")
    };
    assert_eq!(waiting().len(), 2);
    let none = place.bus(&["discard", &id, "--service", "a", "--error", "b is down"]).refused(2);
    assert!(none.contains(&id), "{none}");
    assert_eq!(waiting().len(), 2);
    let done = place.json(&["discard", &id, "--service", "a"]);
    assert_eq!(column(done["messages"].as_array().unwrap(), "service"), ["a"]);
    assert_eq!(waiting(), ["b"]);
}

/// In a file, what waits can be reached.
#[test]
fn a_waiting_message_is_made_due_or_given_up() {
    let place = Place::file();
    let exec = "exec = 'test -e up || exit 69'\nretry = { delays = [\"1h\"] }\n";
    place.set_up(&format!("[[bus.service]]\nname = \"a\"\nlisten = [\"k\"]\n{exec}"));
    let (first, second) = (place.publish("k", "1"), place.publish("k", "2"));
    assert_eq!(place.work("a", &[])["softfailed"], 2);
    place.folder.file("up", "");
    place.bus(&["retry", &first]).done();
    assert_eq!(place.work("a", &[])["done"], 1);
    place.bus(&["discard", &second]).done();
    assert_eq!(place.json(&["waiting"])["messages"].as_array().unwrap().len(), 0);
    assert_eq!(open(&place), 0);
    place.bus(&["discard", "--restore", &second]).done();
    assert_eq!(open(&place), 1);
}

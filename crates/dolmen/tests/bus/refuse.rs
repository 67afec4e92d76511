//! What is refused, and what is said then.

use dolmen_bus_conformance::broker;

use crate::place::{Place, on_both};

fn what_was_not_set_up_is_refused(place: &Place) {
    place.configure("[[bus.service]]\nname = \"a\"\nlisten = [\"k\"]\nexec = \"true\"\n");
    let refused = place.bus(&["publish", "k", "--data", "1"]).refused(2);
    assert!(refused.contains("dolmen bus setup"), "{refused}");
    place.configure("");
    place.bus(&["setup"]).output();
    place.configure("[[bus.service]]\nname = \"a\"\nlisten = [\"k\"]\nexec = \"true\"\n");
    let output = place.bus(&["work", "--service", "a", "--until-idle"]).output();
    let err = crate::util::text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(err.contains("service a does not exist: run `dolmen bus setup`"), "{err}");
}

fn unknown_things_are_named(place: &Place) {
    place.set_up("[[bus.service]]\nname = \"googleapps\"\nlisten = [\"k\"]\nexec = \"true\"\n");
    let refused = place.bus(&["trace", "nobody"]).refused(1);
    assert!(refused.contains("knows no message nobody"), "{refused}");
    let refused = place.bus(&["work", "--service", "googleaps"]).refused(2);
    assert!(refused.contains("did you mean googleapps?"), "{refused}");
    let refused = place.bus(&["publish", "a.*", "--data", "1"]).refused(2);
    assert!(refused.contains("--data: routing key \"a.*\" holds `*` or `#`"), "{refused}");
}

on_both! {
    what_was_not_set_up_is_refused
    unknown_things_are_named
}

/// A slip of the pen in the path, and a place where nothing can be written.
#[test]
fn a_file_that_cannot_be_is_refused() {
    let place = Place::file();
    let listen = ["work", "--service", "a", "--listen", "k", "--exec", "true", "--until-idle"];
    for args in [&["setup"][..], &["status"], &listen] {
        let refused = place.bus(&[args, &["--bus", "sqlite:nowhere/bus.db"]].concat()).refused(2);
        assert!(refused.contains("there is no folder nowhere for the bus"), "{refused}");
    }
    // Nobody, not even root, makes a file there.
    let refused = place.bus(&["setup", "--bus", "sqlite:/proc/bus.db"]).refused(1);
    assert!(refused.contains("failed to open the bus /proc/bus.db"), "{refused}");
    assert!(refused.contains("nothing can be written there"), "{refused}");
}

#[test]
fn a_line_that_is_no_json_is_told_what_to_do() {
    let place = Place::file();
    place.set_up("[[bus.service]]\nname = \"a\"\nlisten = [\"k\"]\n");
    let refused = place.bus(&["publish", "k"]).input("hello\n").refused(2);
    assert!(refused.contains("line 1 (0 before it were published): column 1:"), "{refused}");
    assert!(refused.contains("--data TEXT publishes a text as it is"), "{refused}");
}

#[test]
fn an_address_that_is_none_is_refused() {
    let place = Place::file();
    let refused = place.bus(&["status", "--bus", "postgres://x"]).refused(2);
    assert!(refused.contains("sqlite:FILE"), "{refused}");
    // Port 9 discards; nobody answers there.
    let refused = place.bus(&["status", "--bus", "amqp://u:secret@127.0.0.1:9/v"]).refused(1);
    assert!(refused.contains("amqp://u:***@127.0.0.1:9/v"), "{refused}");
    assert!(!refused.contains("secret"), "{refused}");
}

/// Everything that is wrong with the bus of a configuration, with its place.
#[test]
fn faults_of_the_configuration_have_a_place() {
    let place = Place::file();
    place.configure(
        r#"retry = { delays = ["2s", "4s"], attempts = 2 }
contract = "c"

[[bus.service]]
name = "Big"
listen = ["a.b*"]
exec = "true"
http = "ftp://x"

[[bus.service]]
name = "b"
retry = { fallback = "d" }
exec = "true"
exit_codes = { 300 = "softfail, availability", 10 = "softfail" }
time_limit = "soon"
concurrency = 0
"#,
    );
    let refused = place.bus(&["status"]).refused(2);
    insta::assert_snapshot!(refused);
}

/// A service that says nothing of its own has the bus's policy, and its messages would go nowhere.
#[test]
fn the_bus_s_policy_names_a_service_that_is_there() {
    let place = Place::file();
    let services = "[[bus.service]]\nname = \"a\"\n[[bus.service]]\nname = \"by-hand\"\n";
    place.configure(&format!("retry.fallback = \"by-hnad\"\n{services}"));
    let refused = place.bus(&["status"]).refused(2);
    assert!(refused.contains("[bus] retry: fallback: there is no service `by-hnad`"), "{refused}");
    assert!(refused.contains("did you mean `by-hand`?"), "{refused}");
}

#[test]
fn a_broker_through_tls_needs_its_authority() {
    let Some(broker) = broker::shared() else { return };
    let place = Place::file();
    let authority = std::fs::read(broker.authority()).unwrap();
    place.folder.file("ca.pem", authority);
    let bus = |more: &str| format!("[bus]\nname = \"tls\"\nurl = \"{}\"\n{more}", broker.tls_url());
    place.folder.file("dolmen.toml", bus(""));
    let refused = place.bus(&["setup"]).refused(1);
    assert!(refused.contains("certificate"), "{refused}");
    place.folder.file("dolmen.toml", bus("ca = \"ca.pem\"\n"));
    place.bus(&["setup"]).done_with_notes();
    let worked = place.work("a", &["--listen", "k", "--exec", "true"]);
    assert_eq!(worked["done"], 0);
    place.publish("k", "1");
    assert_eq!(place.work("a", &["--exec", "true"])["done"], 1);
}

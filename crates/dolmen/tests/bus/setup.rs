//! `bus setup`, `bus status`.

use crate::place::{Place, column, on_both};

const TWO: &str = r#"
[[bus.service]]
name = "googleapps"
about = "creates Google accounts"
owner = "roots@example.org"
listen = ["notify.gram.user.created", "request.googleapps.user.*"]
sends = ["notify.googleapps.account.created"]
exec = "cat > /dev/null"

[[bus.service]]
name = "welcome-mail"
listen = ["notify.gram.#"]
retry = { return = "exchange" }
"#;

fn setting_up_twice_is_setting_up_once(place: &Place) {
    place.configure(TWO);
    let first = place.json(&["setup"]);
    let notes: Vec<String> = column(first["changes"].as_array().unwrap(), "note");
    assert!(notes.iter().any(|note| note.contains("every retry of")), "{notes:?}");
    assert!(notes.iter().any(|note| note.contains("notify.googleapps.account.created")));
    let second = place.json(&["setup"]);
    let actions = column(second["changes"].as_array().unwrap(), "action");
    assert!(!actions.iter().any(|action| action == "create" || action == "remove"), "{actions:?}");
    let status = place.json(&["status"]);
    let services = status["services"].as_array().unwrap();
    assert_eq!(column(services, "service"), ["googleapps", "welcome-mail"]);
    assert_eq!(services[0]["about"], "creates Google accounts");
    assert_eq!(services[0]["owner"], "roots@example.org");
    assert_eq!(services[0]["paused"], false);
    assert_eq!(status["unrouted"], 0);
}

fn a_message_nobody_hears_is_noted_and_counted(place: &Place) {
    place.set_up(TWO);
    let (_, note) = place.bus(&["publish", "notify.grm.user", "--data", "{}"]).done_with_notes();
    assert!(note.contains("no service of the configuration listens to notify.grm.user"), "{note}");
    place.publish("notify.gram.user.created", "{}");
    assert_eq!(place.json(&["status"])["unrouted"], 1);
    assert_eq!(place.status("googleapps")["ready"], 1);
    let shown = place.bus(&["status"]).done();
    assert!(shown.contains("1 message that no service listened to"), "{shown}");
}

/// What nobody heard is listed where it is, published again once somebody listens, sent to a service,
/// or given up; and so is what was on its way to a service that is gone.
fn what_nobody_heard_is_decided_about(place: &Place) {
    const LATE: &str =
        "[[bus.service]]\nname = \"late\"\nlisten = [\"late.*\"]\nexec = 'cat >> late'\n";
    place.set_up(TWO);
    let ids: Vec<String> =
        ["late.a", "late.b", "late.c", "other"].map(|key| place.publish(key, key)).into();
    let unrouted = |more: &[&str]| {
        let answer = place.json(&[&["unrouted"], more].concat());
        column(answer["messages"].as_array().unwrap(), "message_id")
    };
    assert_eq!(unrouted(&[]), ids);
    assert_eq!(unrouted(&["--key", "late.*", "--first", "2"]), ids[..2]);
    let answer = place.json(&["unrouted", "--key", "other", "--bodies"]);
    let row = &answer["messages"][0];
    assert_eq!((&row["body"], &row["routing_key"]), (&"other".into(), &"other".into()));
    assert_eq!((&row["reason"], &answer["total"]), (&"nobody listened to other".into(), &4.into()));
    assert!(place.bus(&["unrouted"]).done().contains(&ids[3]));
    // None of them has failed.
    assert_eq!(place.json(&["failed"])["messages"].as_array().unwrap().len(), 0);
    let refused = place.bus(&["retry", &ids[0]]).refused(2);
    assert!(refused.contains("no failed message is called"), "{refused}");
    // Still nobody listens: it comes here again, as often as somebody tries.
    for _ in 0..2 {
        let retried = place.json(&["retry", "--unrouted", &ids[0]]);
        assert_eq!(column(retried["messages"].as_array().unwrap(), "message_id"), [&*ids[0]]);
        assert_eq!(unrouted(&[]).len(), 4);
    }
    place.set_up(&format!("{TWO}{LATE}"));
    let refused = place.bus(&["retry", "--unrouted", "--key", "late.*"]).refused(2);
    assert!(refused.contains("retry 3 messages?"), "{refused}");
    place.bus(&["retry", "--unrouted", &ids[1], &ids[2]]).done();
    place.bus(&["forward", "--unrouted", &ids[0], "--to", "late"]).done();
    assert_eq!(place.work("late", &[])["done"], 3);
    place.bus(&["discard", "--unrouted", &ids[3]]).done();
    assert_eq!((unrouted(&[]).len(), &place.json(&["status"])["unrouted"]), (0, &0.into()));
    let story = column(&place.trace(&ids[3]), "what");
    assert_eq!(story, ["published", "discarded"]);
    place.bus(&["discard", "--restore", &ids[3]]).done();
    assert_eq!(place.json(&["failed"])["messages"][0]["reason"], "nobody listened to other");
}

fn a_service_is_removed_once_it_is_empty(place: &Place) {
    place.set_up(TWO);
    place.publish("request.googleapps.user.create", "{}");
    let refused = place.bus(&["setup", "--remove", "googleapps"]).refused(2);
    assert!(refused.contains("still has this service"), "{refused}");
    place.configure("");
    let refused = place.bus(&["setup", "--remove", "googleapps"]).refused(2);
    assert!(refused.contains("1 messages are ready for googleapps"), "{refused}");
    place.configure(TWO);
    assert_eq!(place.work("googleapps", &[])["done"], 1);
    place.configure("");
    place.bus(&["setup", "--remove", "googleapps"]).done_with_notes();
    let status = place.json(&["status"]);
    assert!(
        !column(status["services"].as_array().unwrap(), "service")
            .contains(&"googleapps".to_owned())
    );
}

on_both! {
    setting_up_twice_is_setting_up_once
    a_message_nobody_hears_is_noted_and_counted
    what_nobody_heard_is_decided_about
    a_service_is_removed_once_it_is_empty
}

#[test]
fn a_dry_run_on_a_file_shows_and_changes_nothing() {
    let place = Place::file();
    place.configure(TWO);
    let shown = place.bus(&["setup", "--dry-run"]).done();
    assert!(shown.contains("create service googleapps"), "{shown}");
    assert!(!place.folder.path().join("bus.db").exists());
    place.bus(&["setup"]).done();
    place.configure(&TWO.replace("notify.gram.#", "notify.gram.user.*"));
    let changes = place.json(&["setup", "--dry-run"]);
    let changes = changes["changes"].as_array().unwrap();
    let what: Vec<_> =
        column(changes, "action").into_iter().zip(column(changes, "object")).collect();
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert!(what.contains(&pair("create", "binding notify.gram.user.* -> welcome-mail")));
    assert!(what.contains(&pair("remove", "binding notify.gram.# -> welcome-mail")));
}

/// With the management API a dry run works on a broker too, and `status` has rates and ages;
/// without it both say what they lack.
#[test]
fn a_dry_run_on_a_broker_needs_the_management_api() {
    let Some(place) = Place::broker() else { return };
    place.configure(TWO);
    let refused = place.bus(&["setup", "--dry-run"]).refused(2);
    assert!(refused.contains("admin_url"), "{refused}");
    place.set_up(TWO);
    assert!(place.bus(&["status"]).done().contains("they need `admin_url`"));
    let admin = format!(
        "admin_url = \"{}\"\n",
        dolmen_bus_conformance::broker::shared().unwrap().admin_url()
    );
    let changed = TWO.replace("notify.gram.#", "notify.gram.user.*");
    place.configure(&format!("{admin}{changed}"));
    let shown = place.bus(&["setup", "--dry-run"]).done();
    assert!(shown.contains("create binding") && shown.contains("notify.gram.user.*"), "{shown}");
    assert!(shown.contains("remove binding") && shown.contains("notify.gram.#"), "{shown}");
    assert_eq!(place.bus(&["setup"]).done(), shown.replace("(nothing was changed)\n", ""));
    place.publish("request.googleapps.user.create", "{}");
    let row = place.status("googleapps");
    assert!(row["oldest_at"].is_string() && row["rates"]["incoming"].is_number(), "{row}");
    assert!(!place.bus(&["status"]).done().contains("admin_url"));
}

#[test]
fn a_file_has_no_management_api() {
    let place = Place::file();
    place.configure(&format!("admin_url = \"http://127.0.0.1:15672\"\n{TWO}"));
    let refused = place.bus(&["status"]).refused(2);
    assert!(refused.contains("a bus in a file has no management API"), "{refused}");
}

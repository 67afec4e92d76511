//! `bus work`: retries, outcomes, `--all`, stopping.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::place::{Place, column, on_both, wait_for};

/// Fails for availability until its file says otherwise.
const GOOGLE: &str = r#"
[[bus.service]]
name = "googleapps"
listen = ["notify.gram.user.created"]
exec = 'test -e google-is-up || { echo "Google API is down" >&2; exit 69; }'
retry = { delays = ["1s"], attempts = 3 }

[[bus.service]]
name = "welcome-mail"
listen = ["notify.#"]
exec = 'echo "$DOLMEN_MESSAGE_ID" >> mails'
"#;

fn mails(place: &Place) -> usize {
    let mails = std::fs::read_to_string(place.folder.path().join("mails")).unwrap_or_default();
    mails.lines().count()
}

fn a_retry_touches_only_the_service_that_failed(place: &Place) {
    place.set_up(GOOGLE);
    let id = place.publish("notify.gram.user.created", "{\"id\": 7}");
    assert_eq!(place.work("welcome-mail", &[])["done"], 1);
    assert_eq!(place.work("googleapps", &[])["softfailed"], 1);
    place.folder.file("google-is-up", "");
    let story = place.work_until("googleapps", &id, "done");
    let googles: Vec<_> = story.into_iter().filter(|row| row["service"] == "googleapps").collect();
    assert_eq!(column(&googles, "what"), ["softfail", "done"]);
    assert_eq!(place.work("welcome-mail", &[])["done"], 0);
    assert_eq!(mails(place), 1);
}

fn what_waits_is_listed(place: &Place) {
    place.set_up(&GOOGLE.replace("1s", "1h"));
    let id = place.publish("notify.gram.user.created", "{\"id\": 7}");
    place.work("googleapps", &[]);
    assert_eq!(place.status("googleapps")["waiting"], 1);
    let waiting = place.json(&["waiting", "--service", "googleapps"]);
    let waiting = waiting["messages"].as_array().unwrap();
    assert_eq!(column(waiting, "message_id"), [id.as_str()]);
    assert_eq!(column(waiting, "routing_key"), ["notify.gram.user.created"]);
    assert_eq!(column(waiting, "attempt"), ["2"]);
    assert_eq!(column(waiting, "nature"), ["availability"]);
    assert_eq!(column(waiting, "error"), ["Google API is down"]);
    assert!(waiting[0]["due_at"].is_string());
    let none = place.json(&["waiting", "--service", "welcome-mail"]);
    assert_eq!(none["messages"].as_array().unwrap().len(), 0);
}

fn the_last_softfail_is_a_failed_message(place: &Place) {
    place.set_up(GOOGLE);
    let id = place.publish("notify.gram.user.created", "{\"id\": 7}");
    let story = place.work_until("googleapps", &id, "hardfail");
    assert_eq!(column(&story, "what"), ["published", "softfail", "softfail", "hardfail"]);
    assert_eq!(column(&story, "attempt"), ["1", "1", "2", "3"]);
    assert_eq!(place.status("googleapps")["failed"], 1);
    let failed = place.json(&["failed", "--bodies"]);
    let failed = failed["messages"].as_array().unwrap();
    assert_eq!(column(failed, "message_id"), [id.as_str()]);
    assert_eq!(failed[0]["service"], "googleapps");
    assert_eq!(failed[0]["body"], "{\"id\": 7}");
    assert_eq!(failed[0]["error"], "Google API is down");
    // Taken over, it still counts.
    assert_eq!(place.status("googleapps")["failed"], 1);
    let shown = place.bus(&["trace", &id]).done();
    assert!(shown.contains("Google API is down") && shown.contains("hardfail"), "{shown}");
}

/// Everything that is typed wins over the configuration.
fn what_is_typed_wins(place: &Place) {
    place.set_up(GOOGLE);
    let id = place.publish("notify.gram.user.created", "{}");
    let mapped = ["--exec", "exit 10", "--exit-code", "10=hardfail, business"];
    assert_eq!(place.work("googleapps", &mapped)["hardfailed"], 1);
    let failed = place.json(&["failed", "--nature", "business"]);
    assert_eq!(failed["messages"][0]["message_id"], id.as_str());
    place.publish("notify.gram.user.created", "{}");
    assert_eq!(place.work("googleapps", &["--attempts", "1", "--delay", "1s"])["hardfailed"], 1);
    place.bus(&["publish", "typed.key", "--data", "1"]).done_with_notes();
    let listen = ["--listen", "other.#", "--exec", "true"];
    assert_eq!(place.work("typed", &listen)["done"], 0);
    place.bus(&["publish", "other.key", "--data", "1"]).done_with_notes();
    assert_eq!(place.work("typed", &["--exec", "true"])["done"], 1);
}

fn a_command_that_cannot_be_run_burns_no_message(place: &Place) {
    place.set_up(GOOGLE);
    place.publish("notify.gram.user.created", "{}");
    let worked = place.work("googleapps", &["--exec", "./no-such-program"]);
    assert_eq!((&worked["handed_back"], &worked["hardfailed"]), (&1.into(), &0.into()));
    assert_eq!(place.status("googleapps")["ready"], 1);
    assert_eq!(place.status("googleapps")["paused"], true);
}

fn all_services_work_until_they_are_told_to_stop(place: &Place) {
    place.set_up(GOOGLE);
    place.folder.file("google-is-up", "");
    let mut command = place.start(&["work", "--all", "--json"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let worker = command.spawn().unwrap();
    for _ in 0..3 {
        place.publish("notify.gram.user.created", "{}");
    }
    wait_for("three mails and three accounts", || {
        let done = |service| place.status(service)["ready"] == 0;
        (mails(place) == 3 && done("googleapps")).then_some(())
    });
    let id = i32::try_from(worker.id()).unwrap();
    kill_process(Pid::from_raw(id).unwrap(), Signal::TERM).unwrap();
    let output = worker.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{err}");
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = answer["services"].as_array().unwrap();
    assert_eq!(column(rows, "service"), ["googleapps", "welcome-mail"]);
    assert_eq!(column(rows, "done"), ["3", "3"]);
}

on_both! {
    a_retry_touches_only_the_service_that_failed
    what_waits_is_listed
    the_last_softfail_is_a_failed_message
    what_is_typed_wins
    a_command_that_cannot_be_run_burns_no_message
    all_services_work_until_they_are_told_to_stop
}

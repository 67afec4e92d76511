//! `bus work`: retries, outcomes, `--all`, stopping.

use std::process::{Child, Stdio};

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
    // It is not due again before the worker that softfailed it has seen that nothing else is.
    place.set_up(&GOOGLE.replace("1s", "10s"));
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

/// 20 minutes are none of the waits that every bus has: `setup` makes it, another process uses it.
fn a_wait_is_no_longer_than_the_policy_says(place: &Place) {
    place.set_up(&GOOGLE.replace("1s", "20m"));
    place.publish("notify.gram.user.created", "{\"id\": 7}");
    assert_eq!(place.work("googleapps", &[])["softfailed"], 1);
    let waiting = place.json(&["waiting"]);
    let due: jiff::Timestamp = waiting["messages"][0]["due_at"].as_str().unwrap().parse().unwrap();
    let minutes = due.duration_since(jiff::Timestamp::now()).as_mins();
    assert!((18..=20).contains(&minutes), "{minutes}");
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

/// Also what was typed for a service that says more, or for all of them.
fn what_is_typed_is_never_ignored(place: &Place) {
    let code = "exit_codes = { 10 = \"hardfail, business\" }\n";
    let retry = "retry = { delays = [\"1h\", \"2h\", \"4h\"], attempts = 4 }\n";
    let service = "[[bus.service]]\nname = \"a\"\nlisten = [\"k\"]\nexec = \"exit 69\"\n";
    place.set_up(&format!("{service}{retry}{code}"));
    place.publish("k", "1");
    assert_eq!(place.work("a", &["--exec", "exit 10"])["hardfailed"], 1);
    let failed = place.json(&["failed", "--nature", "business"]);
    assert_eq!(failed["messages"].as_array().unwrap().len(), 1, "10 kept its meaning");
    // Fewer attempts than there are delays.
    place.publish("k", "2");
    assert_eq!(place.work("a", &["--attempts", "2"])["softfailed"], 1);
    place.publish("k", "3");
    let all = place.json(&["work", "--all", "--until-idle", "--attempts", "1"]);
    assert_eq!(all["services"][0]["hardfailed"], 1);
    place.publish("k", "4");
    let mapped = ["work", "--all", "--until-idle", "--exit-code", "69=hardfail, business"];
    assert_eq!(place.json(&mapped)["services"][0]["hardfailed"], 1);
    let args = ["work", "--service", "a", "--pipe", "cat", "--exit-code", "3=softfail, business"];
    let refused = place.bus(&args).refused(2);
    assert!(refused.contains("--exit-code is for --exec"), "{refused}");
    let refused = place.bus(&["work", "--service", "a", "--delay", "0s"]).refused(2);
    assert!(refused.contains("delays = \"0s\": a wait lasts 1 s to 24 h"), "{refused}");
    let output = place.bus(&["work", "--service", "a", "--time-limit", "0s"]).output();
    let err = crate::util::text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(err.contains("no handler is done in no time"), "{err}");
}

fn a_command_that_cannot_be_run_burns_no_message(place: &Place) {
    place.set_up(GOOGLE);
    place.publish("notify.gram.user.created", "{}");
    let worked = place.work("googleapps", &["--exec", "./no-such-program"]);
    assert_eq!((&worked["handed_back"], &worked["hardfailed"]), (&1.into(), &0.into()));
    assert_eq!(place.status("googleapps")["ready"], 1);
    assert_eq!(place.status("googleapps")["paused"], true);
    // Whoever mended the command need not tell anybody.
    assert_eq!(place.work("googleapps", &["--exec", "true"])["done"], 1);
    assert_eq!(place.status("googleapps")["paused"], false);
}

/// A handler that runs may finish, also when the end would have come by itself.
fn told_to_stop_it_lets_handlers_finish(place: &Place) {
    place.set_up("[[bus.service]]\nname = \"a\"\nlisten = [\"k\"]\n");
    let id = place.publish("k", "1");
    place.publish("k", "2");
    let wait = "touch started; until test -e go; do sleep 0.05; done";
    let mut command =
        place.start(&["work", "--service", "a", "--exec", wait, "--until-idle", "--json"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let worker = command.spawn().unwrap();
    let started = place.folder.path().join("started");
    wait_for("the handler", || started.exists().then_some(()));
    let process = Pid::from_raw(i32::try_from(worker.id()).unwrap()).unwrap();
    kill_process(process, Signal::TERM).unwrap();
    // It takes nothing new: the second message goes back while the first is handled.
    place.folder.file("go", "");
    let output = worker.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{err}");
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["services"][0]["done"], 1, "{answer}");
    assert_eq!(place.trace(&id).last().unwrap()["what"], "done");
    assert_eq!(place.status("a")["ready"], 1);
}

/// A worker with a handler that runs until there is a file `go`; returns when it runs.
fn start_with_a_long_handler(place: &Place) -> Child {
    place.set_up("[[bus.service]]\nname = \"a\"\nlisten = [\"k\"]\n");
    place.publish("k", "1");
    let wait = "touch started; until test -e go; do sleep 0.05; done";
    let mut command = place.start(&["work", "--service", "a", "--exec", wait, "--json"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let worker = command.spawn().unwrap();
    let started = place.folder.path().join("started");
    wait_for("the handler", || started.exists().then_some(()));
    worker
}

fn tell(worker: &Child, signal: Signal) {
    let process = Pid::from_raw(i32::try_from(worker.id()).unwrap()).unwrap();
    kill_process(process, signal).unwrap();
}

/// `timeout` sends its signal to the program and then to the whole group: that is told once. Two of
/// one kind may come as one, so these are of two.
#[test]
fn two_signals_at_once_are_told_once() {
    let place = Place::file();
    let worker = start_with_a_long_handler(&place);
    tell(&worker, Signal::TERM);
    tell(&worker, Signal::INT);
    place.folder.file("go", "");
    let output = worker.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{err}");
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["services"][0]["done"], 1, "{answer}");
}

/// Who insists need not wait for a handler.
#[test]
fn a_later_signal_stops_at_once() {
    let place = Place::file();
    let mut worker = start_with_a_long_handler(&place);
    wait_for("the end", || {
        tell(&worker, Signal::TERM);
        worker.try_wait().unwrap().map(drop)
    });
    let output = worker.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("stopped at once"), "{err}");
    assert_eq!(place.status("a")["ready"], 1);
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
    a_wait_is_no_longer_than_the_policy_says
    the_last_softfail_is_a_failed_message
    what_is_typed_wins
    what_is_typed_is_never_ignored
    a_command_that_cannot_be_run_burns_no_message
    all_services_work_until_they_are_told_to_stop
    told_to_stop_it_lets_handlers_finish
}

/// The first example of the help does what it says when it is pasted.
#[test]
fn the_first_example_can_be_pasted() {
    let place = Place::file();
    let help = place.bus(&["--help"]).done();
    let (_, example) = help.split_once("A first message").unwrap();
    let lines: Vec<&str> = example.lines().filter(|line| line.starts_with("  dolmen ")).collect();
    assert_eq!(lines.len(), 3, "{example}");
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_dolmen")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let output = std::process::Command::new("sh")
        .args(["-ec", &lines.join("\n")])
        .current_dir(place.folder.path())
        .env("PATH", path)
        .env("HOME", place.folder.path().join("home"))
        .env_remove("DOLMEN_BUS")
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr));
    let err = err.unwrap();
    assert!(output.status.success(), "{err}");
    assert!(out.contains("published "), "{out}");
    assert!(err.contains("{\"to\": \"you\"}"), "the service got it: {err}");
}

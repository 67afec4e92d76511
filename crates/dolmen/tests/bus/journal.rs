//! The journal as a source: messages and outcomes in the store, under the words of calls.

use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::place::{Place, column, on_both, wait_for};

/// A service that never works, one that always does, and the store that is told of both.
const WATCHED: &str = r#"
[[bus.service]]
name = "googleapps"
listen = ["notify.gram.user.created"]
exec = 'echo "Google API is down" >&2; exit 69'
retry = { delays = ["10s", "1s"], attempts = 4 }

[[bus.service]]
name = "welcome-mail"
listen = ["notify.#"]
exec = "true"

[store]
path = "store"

[[source]]
name = "agoram"
kind = "bus"

[[source]]
name = "proxy"
path = "access.log"
format = '%h %t "%r" %>s "%{traceparent}i"'
service = "monolith"

[[source]]
name = "monolith-app"
path = "app.jsonl"
holds = "marks"
format = "json"
"#;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// The call that led to a message, and what the monolith logged of it.
fn request(place: &Place) {
    place.folder.file(
        "access.log",
        format!(
            "10.0.0.7 [26/Nov/2026:08:00:00 +0000] \"POST /gram/users HTTP/1.1\" 201 \
             \"00-{TRACE}-b7ad6b7169203331-01\"\n"
        ),
    );
    place.folder.file(
        "app.jsonl",
        format!(
            "{{\"time\":\"2026-11-26T08:00:00Z\",\"request_id\":\"{TRACE}\",\
             \"operation\":\"user creation\",\"service\":\"monolith\"}}\n"
        ),
    );
}

fn import(place: &Place) -> Value {
    serde_json::from_str(&place.folder.dolmen(&["import", "--json"]).done()).unwrap()
}

fn report(place: &Place, more: &[&str]) -> Value {
    place.folder.dolmen(&[&["report", "--json"], more].concat()).json()
}

/// `calls` of the rows, by what `key` says.
fn counts(report: &Value, rows: &str, keys: &[&str]) -> Vec<(String, u64)> {
    let name = |row: &Value| {
        let words = keys.iter().map(|key| row[*key].as_str().unwrap_or("unknown"));
        words.collect::<Vec<_>>().join(" ")
    };
    let rows = report[rows].as_array().unwrap().iter();
    let mut counts: Vec<_> = rows.map(|row| (name(row), row["calls"].as_u64().unwrap())).collect();
    counts.sort();
    counts
}

fn named(counts: &[(&str, u64)]) -> Vec<(String, u64)> {
    let mut counts: Vec<_> =
        counts.iter().map(|(name, calls)| ((*name).to_owned(), *calls)).collect();
    counts.sort();
    counts
}

fn a_message_and_its_failures_are_calls_of_the_store(place: &Place) {
    place.set_up(WATCHED);
    request(place);
    let traceparent = format!("00-{TRACE}-b7ad6b7169203331-01");
    let published = place.json(&[
        "publish",
        "notify.gram.user.created",
        "--data",
        "{\"id\": 7}",
        "--producer",
        "gram",
        "--traceparent",
        &traceparent,
    ]);
    let id = published["message_ids"][0].as_str().unwrap();
    place.work("welcome-mail", &[]);
    place.work("googleapps", &[]);
    // In the middle of its story, long before it is due again, and at its end.
    assert_eq!(import(place)["calls"], 4);
    place.work_until("googleapps", id, "hardfail");
    assert_eq!(import(place)["calls"], 3);
    assert_eq!(import(place)["calls"], 0);

    let all = report(place, &[]);
    assert_eq!((&all["calls"], &all["joined"]), (&7.into(), &7.into()), "{all}");
    assert_eq!((&all["repeated_ids"], &all["mark_only"]), (&0.into(), &0.into()));
    let gram = "notify.gram.user.created";
    assert_eq!(
        counts(&all, "endpoints", &["service", "method", "endpoint"]),
        named(&[
            (&format!("{} published {gram}", bus_of(&all)), 1),
            (&format!("googleapps hardfail {gram}"), 1),
            (&format!("googleapps softfail {gram}"), 3),
            ("monolith POST /gram/users", 1),
            (&format!("welcome-mail done {gram}"), 1),
        ])
    );
    assert_eq!(counts(&all, "actors", &["actor"]), named(&[("gram", 6), ("unknown", 1)]));
    let of_google = report(place, &["--where", "service:googleapps and method:softfail"]);
    assert_eq!(counts(&of_google, "operations", &["operation"]), named(&[(gram, 3)]));
    let second = report(place, &["--where", "query:attempt=2 and status:503"]);
    assert_eq!(second["calls"], 1);

    let found = place.folder.dolmen(&["calls", "--id", TRACE, "--json"]).json();
    let calls = found["calls"].as_array().unwrap();
    let roles = column(calls, "role");
    assert_eq!(roles.iter().filter(|role| *role == "delivery").count(), 6);
    assert_eq!((roles.len(), found["marks"].as_array().unwrap().len()), (7, 1));
    let shown = place.folder.dolmen(&["calls", "--id", TRACE]).done();
    assert!(shown.contains("1 call, 0 hops, 1 mark, 6 records of the bus"), "{shown}");
    assert!(shown.contains("Google API is down") && shown.contains("user creation"), "{shown}");

    // New rules derive the same records again; a rule may give a producer another name.
    let configured = place.folder.path().join("dolmen.toml");
    let mut text = std::fs::read_to_string(&configured).unwrap();
    text.push_str("\n[[actor]]\nname = \"Gram Producer\"\nuser = \"gram\"\n");
    place.folder.file("dolmen.toml", text);
    place.folder.dolmen(&["rules", "apply"]).done_with_notes();
    let renamed = report(place, &[]);
    assert_eq!(
        counts(&renamed, "actors", &["actor"]),
        named(&[("Gram Producer", 6), ("unknown", 1)])
    );
    assert_eq!(renamed["endpoints"], all["endpoints"]);
}

/// The name of the bus: the service of what was published.
fn bus_of(report: &Value) -> String {
    let rows = report["endpoints"].as_array().unwrap();
    let published = rows.iter().find(|row| row["method"] == "published").unwrap();
    published["service"].as_str().unwrap().to_owned()
}

/// As many messages as make an import last.
fn publish_many(place: &Place, messages: usize) {
    let lines: String = (0..messages).map(|n| format!("{{\"n\": {n}}}\n")).collect();
    place.bus(&["publish", "nobody.hears"]).input(lines).done_with_notes();
}

fn killed_after(place: &Place, is_time: impl Fn(&Place) -> bool) {
    let mut child = start(place, &["import"]);
    wait_for("the time to kill", || {
        (child.try_wait().unwrap().is_some() || is_time(place)).then_some(())
    });
    // It may have ended just now.
    let _ = child.kill();
    child.wait().unwrap();
}

fn start(place: &Place, args: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_dolmen"))
        .args(args)
        .current_dir(place.folder.path())
        .env_clear()
        .env("HOME", place.folder.path().join("home"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn spooled(place: &Place) -> u64 {
    let file = place.folder.path().join("store/spool/agoram/000000001.log");
    std::fs::metadata(file).map_or(0, |metadata| metadata.len())
}

/// Each record counts once, whenever an import is killed.
fn a_kill_counts_no_record_twice_and_leaves_none_out(place: &Place) {
    const MESSAGES: usize = 6000;
    place.set_up(WATCHED);
    request(place);
    publish_many(place, MESSAGES);
    let before = spooled(place);
    killed_after(place, |place| spooled(place) > before + 1000);
    let half = spooled(place) + 400_000;
    killed_after(place, |place| spooled(place) > half);
    let segments = |place: &Place| {
        let folder = place.folder.path().join("store/segments");
        std::fs::read_dir(folder).map_or(0, Iterator::count)
    };
    killed_after(place, |place| segments(place) > 0);
    place.folder.dolmen(&["import"]).done_with_notes();
    let report = report(place, &["--where", "method:published"]);
    assert_eq!(report["calls"], MESSAGES);
    let where_ = ["--where", "operation:nobody.hears and status:202"];
    assert_eq!(self::report(place, &where_)["calls"], MESSAGES, "from the rows");
}

/// `dolmen serve` takes what is published while it runs, and after it was killed what was
/// published meanwhile.
fn serve_follows_the_journal(place: &Place) {
    place.set_up(WATCHED);
    request(place);
    let count = |place: &Place| {
        let args = ["report", "--json", "--where", "method:published"];
        let output = place.folder.dolmen(&args).output();
        // While it is being made there is no store to report on yet.
        let report: Option<Value> = serde_json::from_slice(&output.stdout).ok();
        report.map_or(0, |report| report["calls"].as_u64().unwrap())
    };
    let serve = || start(place, &["serve", "--listen", "127.0.0.1:0"]);
    let mut server = serve();
    publish_many(place, 200);
    wait_for("the first messages", || (count(place) == 200).then_some(()));
    publish_many(place, 300);
    server.kill().unwrap();
    server.wait().unwrap();
    publish_many(place, 100);
    let mut server = serve();
    wait_for("all messages", || (count(place) >= 600).then_some(()));
    server.kill().unwrap();
    server.wait().unwrap();
    place.folder.dolmen(&["import"]).done_with_notes();
    assert_eq!(count(place), 600);
}

/// Another journal under the same name is not taken for the one that was read.
#[test]
fn another_journal_is_not_mixed_up_with_the_one_that_was_read() {
    let place = Place::file();
    place.set_up(WATCHED);
    request(&place);
    publish_many(&place, 5);
    place.folder.dolmen(&["import"]).done_with_notes();
    for file in ["bus.db", "bus.db-wal", "bus.db-shm"] {
        let _ = std::fs::remove_file(place.folder.path().join(file));
    }
    place.bus(&["setup"]).output();
    let error = place.folder.dolmen(&["import"]).refused(1);
    assert!(error.contains("another journal") && error.contains("spool/agoram/last"), "{error}");
    std::fs::remove_file(place.folder.path().join("store/spool/agoram/last")).unwrap();
    publish_many(&place, 2);
    place.folder.dolmen(&["import"]).done_with_notes();
    assert_eq!(report(&place, &["--where", "method:published"])["calls"], 7);
}

/// What a source of the bus cannot be told is refused with its place.
#[test]
fn a_source_of_the_bus_says_nothing_about_formats() {
    let place = Place::file();
    let configured = WATCHED.replace("kind = \"bus\"", "kind = \"bus\"\nformat = \"json\"");
    place.configure(&configured);
    let error = place.folder.dolmen(&["config", "check"]).refused(2);
    assert!(error.contains("remove `format`"), "{error}");
    place.configure(&format!("{WATCHED}\n[[source]]\nname = \"again\"\nkind = \"bus\"\n"));
    let error = place.folder.dolmen(&["config", "check"]).refused(2);
    assert!(error.contains("is read by `agoram` already"), "{error}");
}

on_both! {
    a_message_and_its_failures_are_calls_of_the_store
    a_kill_counts_no_record_twice_and_leaves_none_out
    serve_follows_the_journal
}

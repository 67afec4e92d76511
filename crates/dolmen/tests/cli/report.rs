//! `dolmen report`: what it prints.

use serde_json::json;

use crate::util::Folder;

/// Two calls of curl, one of the portal, and a line that is none.
const LOG: &str = r#"10.0.9.17 - - [01/Mar/2026:08:00:00 +0000] "GET /api/account/42 HTTP/1.1" 200 120 "-" "curl/7.88.1"
10.0.9.17 - - [01/Mar/2026:09:00:00 +0000] "GET /api/account/43 HTTP/1.1" 404 20 "-" "curl/7.88.1"
not a line of any log
10.0.1.5 - - [02/Mar/2026:08:00:00 +0000] "POST /op?op=transfer HTTP/1.1" 200 9 "-" "PortailWeb/2.1"
"#;

const RULES: &str = r#"
[[source]]
name = "proxy"
path = "access.log"
format = "combined"
service = "monolith"

[[actor]]
name = "web portal"
user_agent = "PortailWeb/*"

[[operation]]
name = "transfer"
path = "/op"
query = { op = "transfer" }
"#;

fn folder() -> Folder {
    let folder = Folder::new();
    folder.file("access.log", LOG);
    folder
}

#[test]
fn a_log_alone_is_enough() {
    let report = folder().dolmen(&["report", "access.log", "--json"]).json();
    assert_eq!(report["calls"], json!(3));
    assert_eq!(report["unparsed"], json!(1));
    assert_eq!(report["unparsed_lines"][0]["line"], json!(3));
    assert_eq!(report["from"], json!("2026-03-01T08:00:00Z"));
    assert_eq!(report["to"], json!("2026-03-02T08:00:00Z"));
    assert_eq!(report["actors"], json!([{"actor": null, "calls": 3}]));
    let curl = &report["unknown_callers"][0];
    assert_eq!((&curl["address"], &curl["calls"]), (&json!("10.0.9.17"), &json!(2)));
}

#[test]
fn unparsed_lines_are_shown_with_their_place_and_are_no_error() {
    let out = folder().dolmen(&["report", "access.log"]).done();
    assert!(out.starts_with("3 calls, 1 unparsed line in 1 file\n"), "{out}");
    assert!(out.contains("  access.log:3:"), "{out}");
    assert!(out.contains("    not a line of any log\n"), "{out}");
}

#[test]
fn a_configuration_names_sources_and_people() {
    let folder = folder();
    folder.file("dolmen.toml", RULES);
    let report = folder.dolmen(&["report", "--json"]).json();
    assert_eq!(report["services"], json!([{"service": "monolith", "calls": 3}]));
    assert_eq!(
        report["actors"],
        json!([{"actor": null, "calls": 2}, {"actor": "web portal", "calls": 1}])
    );
    let operations = report["operations"].as_array().unwrap();
    assert_eq!(operations[1]["operation"], json!("transfer"));
}

#[test]
fn a_window_and_a_query_choose_calls() {
    let folder = folder();
    folder.file("dolmen.toml", RULES);
    let calls = |args: &[&str]| {
        folder.dolmen(&[&["report", "--json"], args].concat()).json()["calls"].clone()
    };
    assert_eq!(calls(&["--from", "2026-03-02"]), json!(1));
    assert_eq!(calls(&["--to", "2026-03-02T08:00:00Z"]), json!(2), "the end is not in it");
    assert_eq!(calls(&["--from", "2026-03-01T08:30", "--to", "2026-03-01T10:00+00:30"]), json!(1));
    assert_eq!(calls(&["--where", "actor:unknown and not status:404"]), json!(1));
    assert_eq!(calls(&["--where", "operation:transfer"]), json!(1));
    assert_eq!(calls(&["--where", ""]), json!(3));
}

#[test]
fn a_query_is_checked_and_the_fault_shown() {
    let err = folder().dolmen(&["report", "access.log", "--where", "sttaus>=500"]).refused(2);
    assert_eq!(
        err,
        "dolmen: --where: there is no field `sttaus`; did you mean `status`?\n  \
         sttaus>=500\n  ^^^^^^\n"
    );
}

#[test]
fn an_empty_window_is_wrong_usage() {
    let args = ["report", "access.log", "--from", "2026-03-02", "--to", "2026-03-01"];
    let err = folder().dolmen(&args).refused(2);
    assert!(err.contains("2026-03-02T00:00:00Z"), "{err}");
}

#[test]
fn csv_is_one_table() {
    let csv = folder().dolmen(&["report", "access.log", "--csv", "actors"]).done();
    assert_eq!(csv, "actor,calls\r\n,3\r\n");
}

#[test]
fn tables_are_as_long_as_asked() {
    let folder = folder();
    let short = folder.dolmen(&["report", "access.log", "--top", "1"]).done();
    assert!(short.contains("… 1 more"), "{short}");
    let all = folder.dolmen(&["report", "access.log", "--top", "all"]).done();
    assert!(!all.contains("… "), "{all}");
}

#[test]
fn colours_are_for_those_who_see_them() {
    let folder = folder();
    let run = |args: &[&str]| folder.dolmen(&[&["report", "access.log"], args].concat());
    assert!(!run(&[]).done().contains('\x1b'), "a pipe has no colours");
    assert!(run(&["--color", "always"]).done().contains("\x1b[1m"));
    assert!(run(&["--color", "always"]).env("NO_COLOR", "1").done().contains("\x1b[1m"));
    assert!(!run(&["--color", "never"]).done().contains('\x1b'));
    assert!(!run(&["--color", "always", "--json"]).done().contains('\x1b'));
}

#[test]
fn the_screen_is_as_wide_as_it_says() {
    let folder = folder();
    let widest = |columns: &str| {
        let out = folder.dolmen(&["report", "access.log"]).env("COLUMNS", columns).done();
        out.lines().map(|line| line.chars().count()).max().unwrap()
    };
    assert!(widest("60") <= 60);
    assert!(widest("200") > 60);
    assert_eq!(widest("nonsense"), widest("120"));
}

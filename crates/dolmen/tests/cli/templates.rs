//! Templates that are learned: in a report, in a store, and for what comes later.

use serde_json::Value;

use crate::util::Folder;

const AGENT: &str = "Portail/4.2";

fn line(minute: usize, request: &str, status: u16) -> String {
    format!(
        "10.0.0.1 - - [01/Mar/2026:{:02}:{:02}:00 +0000] \"{request} HTTP/1.1\" {status} 10 \"-\" \
         \"{AGENT}\"\n",
        8 + minute / 60,
        minute % 60
    )
}

/// Users by name, a page beside them, and what scanners try.
fn log() -> String {
    let mut log = String::new();
    for n in 0..60 {
        log += &line(n, &format!("GET /users/jo{}x/orders/{}", n, 1_000 + n), 200);
        log += &line(n, &format!("GET /users/jo{n}x"), 200);
        log += &line(n, "GET /users/new", 200);
        log += &line(n, &format!("GET /tried{n}.php"), 404);
    }
    log
}

fn endpoints(report: &Value) -> Vec<(String, u64)> {
    let rows = report["endpoints"].as_array().unwrap().iter();
    let row = |row: &Value| {
        (row["endpoint"].as_str().unwrap().to_owned(), row["calls"].as_u64().unwrap())
    };
    let mut rows: Vec<_> = rows.map(row).filter(|(path, _)| path.starts_with("/users")).collect();
    rows.sort();
    rows
}

fn expected() -> Vec<(String, u64)> {
    let row = |(path, calls): &(&str, u64)| ((*path).to_owned(), *calls);
    [("/users/new", 60), ("/users/{value}", 60), ("/users/{value}/orders/{int}", 60)]
        .iter()
        .map(row)
        .collect()
}

#[test]
fn a_report_on_files_learns_from_all_of_them() {
    let folder = Folder::new();
    folder.file("access.log", log());
    let report = folder.dolmen(&["report", "access.log", "--json"]).json();
    assert_eq!(endpoints(&report), expected());
    // One file or two, in whatever order: the same.
    let lines: Vec<String> = log().lines().map(|line| format!("{line}\n")).collect();
    folder.file("a.log", lines[..100].concat());
    folder.file("b.log", lines[100..].concat());
    let report = folder.dolmen(&["report", "b.log", "a.log", "--json"]).json();
    assert_eq!(endpoints(&report), expected());
}

#[test]
fn templates_are_shown_with_what_they_were_learned_from() {
    let folder = Folder::new();
    folder.file("access.log", log());
    let shown = folder.dolmen(&["rules", "templates", "access.log", "--json"]).json();
    let learned = shown["learned"].as_array().unwrap();
    let of = |path: &str| learned.iter().find(|one| one["path"] == path).unwrap();
    let user = &of("/users/{value}")["parameters"][0];
    assert_eq!((&user["how"], &user["values"]), (&"values".into(), &60.into()));
    assert_eq!(user["examples"].as_array().unwrap().len(), 5);
    let order = &of("/users/{value}/orders/{int}")["parameters"][1];
    assert_eq!((&order["how"], &order["segment"]), (&"typed".into(), &3.into()));
    assert_eq!(of("/users/new")["parameters"].as_array().unwrap().len(), 0);
    let text = folder.dolmen(&["rules", "templates", "access.log"]).done();
    assert!(text.contains("GET /users/{value}: 60 calls"), "{text}");
    assert!(text.contains("60 values"), "{text}");
}

#[test]
fn what_was_learned_reaches_history_and_what_comes_later() {
    let folder = Folder::new();
    folder.file("access.log", log());
    let on_store = |args: &[&str]| folder.dolmen(&[args, &["--store", "s"]].concat()).done();
    on_store(&["import", "access.log"]);
    let count = |endpoint: &str| {
        let filter = format!("endpoint:\"{endpoint}\"");
        on_store(&["calls", "--json", "-n", "1000", "--where", &filter]).lines().count()
    };
    assert_eq!(count("GET /users/{value}"), 0, "calls are named by shape until rules are applied");
    let report = || {
        let json = on_store(&["report", "--json"]);
        endpoints(&serde_json::from_str(&json).unwrap())
    };
    assert_eq!(report(), expected());
    on_store(&["rules", "apply"]);
    assert_eq!(count("GET /users/{value}"), 60);
    assert_eq!(count("GET /users/new"), 60);
    assert_eq!(report(), expected());
    // Another user, whom nobody saw before.
    folder.file("more.log", line(61, "GET /users/somebody-else", 200));
    on_store(&["import", "more.log"]);
    assert_eq!(count("GET /users/{value}"), 61);
    // The same again: nothing is learned from what was learned.
    on_store(&["rules", "apply"]);
    assert_eq!(count("GET /users/{value}"), 61);
    assert_eq!(count("GET /users/new"), 60);
}

#[test]
fn an_openapi_document_declares_templates() {
    let folder = Folder::new();
    folder.file("access.log", line(0, "GET /v1/branch/lyon", 200));
    folder.file(
        "api.json",
        r#"{"openapi": "3.1.0", "servers": [{"url": "https://a.example/v1"}],
        "paths": {"/branch/{name}": {"get": {}}}}"#,
    );
    folder.file(
        "dolmen.toml",
        "[[source]]\nname = \"a\"\npath = \"access.log\"\nservice = \"monolith\"\n\
         [[service]]\nname = \"monolith\"\nopenapi = \"api.json\"\n",
    );
    let report = folder.dolmen(&["report", "--json"]).json();
    assert_eq!(report["endpoints"][0]["endpoint"], "/v1/branch/{name}");
    let shown = folder.dolmen(&["rules", "templates", "access.log", "--json"]).json();
    assert_eq!(shown["declared"][0]["path"], "/v1/branch/{name}");
    assert_eq!(shown["learned"].as_array().unwrap().len(), 0);
    // What is suspicious about it has a place, too.
    let check = |document: &str| {
        folder.file("api.json", document);
        let (out, notes) = folder.dolmen(&["config", "check"]).done_with_notes();
        out + &notes
    };
    let none = check(r#"{"openapi": "3.1.0", "paths": {}}"#);
    assert!(none.contains("dolmen.toml:7:11") && none.contains("declares no endpoint"), "{none}");
    let twice = r#"{"openapi": "3.1.0", "paths": {"/a/{x}": {"get": {}}, "/a/{y}": {"get": {}}}}"#;
    let twice = check(twice);
    assert!(twice.contains("dolmen.toml:7:11") && twice.contains("never matches"), "{twice}");
    folder.file("api.json", "openapi: 3.1.0\n");
    let err = folder.dolmen(&["report"]).refused(2);
    assert!(err.contains("dolmen.toml:7:11") && err.contains("convert YAML"), "{err}");
}

//! Questions to a store that was imported.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::server::{Place, Server, corpus, text, with};

/// Two services, three actors, one of them unknown; eight calls.
const LOG: &str = r#"10.0.0.1 - - [01/Mar/2026:10:00:00 +0000] "POST /transfer HTTP/1.1" 200 10 "-" "Portal/1" "id-1" 1000
10.0.0.1 - - [01/Mar/2026:10:00:01 +0000] "GET /account/17 HTTP/1.1" 200 10 "-" "Portal/1" "id-2" 2000
10.0.0.1 - - [01/Mar/2026:10:20:00 +0000] "GET /account/18 HTTP/1.1" 404 10 "-" "Portal/1" "id-3" 2000
10.0.0.2 - - [02/Mar/2026:10:00:00 +0000] "POST /transfer HTTP/1.1" 200 10 "-" "Branch/2" "id-4" 3000
10.0.0.9 - - [02/Mar/2026:11:00:00 +0000] "POST /transfer HTTP/1.1" 500 10 "-" "curl/8" "id-5" 4000
10.0.0.9 - - [02/Mar/2026:11:00:00 +0000] "POST /transfer HTTP/1.1" 500 10 "-" "curl/8" "id-6" 4000
10.0.0.9 - - [02/Mar/2026:11:00:00 +0000] "POST /transfer HTTP/1.1" 200 10 "-" "curl/8" "id-7" 4000
10.0.0.9 - - [02/Mar/2026:12:00:00 +0000] "GET /account/19 HTTP/1.1" 200 10 "-" "curl/8" "-" 4000
no line of this format
"#;

const MARKS: &str = r#"{"time":"2026-03-01T10:00:00Z","request_id":"id-1","operation":"transfer"}
{"time":"2026-03-02T10:00:00Z","request_id":"id-4","operation":"transfer"}
{"time":"2026-03-02T11:00:00Z","request_id":"id-5","operation":"transfer"}
{"time":"2026-03-02T11:00:00Z","request_id":"id-7","operation":"transfer"}
{"time":"2026-03-02T13:00:00Z","request_id":"elsewhere","operation":"balance"}
"#;

const CONFIG: &str = r#"
[[source]]
name = "proxy"
path = "access.log"
format = '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" "%{X-Request-Id}o" %D'
service = "monolith"

[[source]]
name = "app"
path = "app.jsonl"
holds = "marks"
format = "json"
service = "monolith"

[[service]]
name = "monolith"
monolith = true

[[actor]]
name = "portal"
user_agent = "Portal/*"

[[actor]]
name = "branch"
user_agent = "Branch/*"

[[operation]]
name = "card block"
service = "monolith"
"#;

fn place() -> Place {
    let place = Place::new();
    place.file("dolmen.toml", CONFIG);
    place.file("access.log", LOG);
    place.file("app.jsonl", MARKS);
    place.dolmen(&["import", "--store", "store"]);
    place
}

fn rows<'v>(answer: &'v Value, table: &str) -> &'v Vec<Value> {
    answer[table].as_array().unwrap()
}

fn counts(answer: &Value, table: &str, keys: &[&str]) -> BTreeSet<String> {
    let row = |row: &Value| {
        let names: Vec<String> = keys.iter().map(|key| row[key].to_string()).collect();
        format!("{} {}", names.join(" "), row["calls"])
    };
    rows(answer, table).iter().map(row).collect()
}

/// What both have must be the same.
fn agree(panel: &Value, report: &Value) {
    for total in ["calls", "joined", "call_only", "no_id", "mark_only"] {
        assert_eq!(panel[total], report[total], "{total}");
    }
    for (table, keys) in [
        ("actors", &["actor"][..]),
        ("services", &["service"]),
        ("endpoints", &["service", "method", "endpoint"]),
    ] {
        assert_eq!(counts(panel, table, keys), counts(report, table, keys), "{table}");
    }
    let seen = counts(report, "operations", &["operation", "service"]);
    let shown = counts(panel, "operations", &["operation", "service"]);
    assert!(seen.is_subset(&shown), "{seen:?} and {shown:?}");
}

#[test]
fn the_panel_says_what_the_report_says() {
    let place = place();
    let report: Value = serde_json::from_str(&place.dolmen(&["report", "--json"])).unwrap();
    let server = place.serve();
    let panel = server.get("/api/v1/panel");
    assert_eq!(panel["calls"], 8);
    assert_eq!(panel["unknown_calls"], 4);
    agree(&panel, &report);
    // An operation that is declared on the monolith and was never called is shown, with its zero.
    let zero = rows(&panel, "operations").iter().find(|row| row["operation"] == "card block");
    assert_eq!(zero.unwrap()["calls"], 0);
    assert_eq!(panel["mark_only_operations"][0]["operation"], "balance");
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn the_panel_says_what_the_report_says_of_a_real_log() {
    let Some(corpus) = corpus() else { return };
    let log = text(&corpus.join("access-logs/elastic-apache.log"));
    let place = Place::new();
    let report: Value = serde_json::from_str(&place.dolmen(&["report", "--json", &log])).unwrap();
    place.dolmen(&["import", "--final", "--store", "store", &log]);
    // A report learns templates from what it counted; a store when rules are applied.
    place.dolmen(&["rules", "apply", "--store", "store"]);
    let server = place.serve();
    let panel = server.get("/api/v1/panel");
    assert_eq!(panel["calls"], 9_999);
    agree(&panel, &report);
    let timeline = server.get("/api/v1/timeline?by=status");
    let series = timeline["series"].as_array().unwrap();
    let all = series.iter().flat_map(|one| one["calls"].as_array().unwrap());
    assert_eq!(all.map(|calls| calls.as_u64().unwrap()).sum::<u64>(), 9_999);
}

#[test]
fn a_filter_that_the_cubes_cannot_answer_counts_the_same() {
    let place = place();
    let server = place.serve();
    for query in ["actor:unknown and status:500", "address:10.0.0.9 and status:500"] {
        let panel = server.get(&with("/api/v1/panel", &[("where", query)]));
        assert_eq!(panel["calls"], 2, "{query}");
        let expected = BTreeSet::from(["null 2".to_owned()]);
        assert_eq!(counts(&panel, "actors", &["actor"]), expected, "{query}");
    }
}

fn lines(server: &Server, query: &[(&str, &str)]) -> (Vec<String>, Option<String>) {
    let page = server.get(&with("/api/v1/calls", query));
    let calls = rows(&page, "calls");
    let line = |call: &Value| call["line"].as_str().unwrap().to_owned();
    (calls.iter().map(line).collect(), page["next"].as_str().map(str::to_owned))
}

#[test]
fn pages_of_calls_are_all_calls_once() {
    let place = place();
    let server = place.serve();
    let mut expected: Vec<&str> = LOG.lines().take(8).collect();
    for size in ["1", "2", "3", "5", "8", "100"] {
        let (mut all, mut next) = lines(&server, &[("limit", size)]);
        while let Some(cursor) = next {
            let (more, after) = lines(&server, &[("limit", size), ("cursor", &cursor)]);
            assert!(!more.is_empty());
            all.extend(more);
            next = after;
        }
        assert_eq!(all.first().map(String::as_str), Some(expected[7]), "newest first");
        all.sort();
        let mut sorted = expected.clone();
        sorted.sort_unstable();
        assert_eq!(all, sorted, "pages of {size}");
    }
    expected.truncate(0);
    let answer = server.ask("GET", "/api/v1/calls?cursor=x", &[], b"");
    assert_eq!((answer.status, answer.json()["status"].clone()), (400, json!(400)));
}

#[test]
fn a_request_is_its_calls_and_marks() {
    let place = place();
    let server = place.serve();
    let request = server.get("/api/v1/requests/id-5");
    assert_eq!(request["calls"][0]["status"], 500);
    assert_eq!(request["calls"][0]["operations"], json!(["transfer"]));
    assert_eq!(request["marks"][0]["operation"], "transfer");
    assert_eq!(server.ask("GET", "/api/v1/requests/none", &[], b"").status, 404);
}

#[test]
fn tables_are_exported() {
    let place = place();
    let server = place.serve();
    let csv = server.ask("GET", "/api/v1/calls?format=csv", &[], b"");
    assert!(csv.head.contains("content-disposition: attachment"), "{}", csv.head);
    let mut reader = csv::Reader::from_reader(&*csv.body);
    assert_eq!(reader.headers().unwrap().get(0), Some("time"));
    assert_eq!(reader.records().filter(Result::is_ok).count(), 8);
    let ndjson = server.ask("GET", "/api/v1/panel?format=ndjson&table=actors", &[], b"");
    let actors: Vec<Value> =
        ndjson.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(actors[0], json!({"actor": null, "calls": 4}));
}

#[test]
fn faults_of_a_query_are_pointed_at() {
    let place = place();
    let server = place.serve();
    let path = with("/api/v1/panel", &[("where", "actor:portal and sttaus:5")]);
    let answer = server.ask("GET", &path, &[], b"");
    assert_eq!(answer.status, 400);
    assert!(answer.head.contains("application/problem+json"), "{}", answer.head);
    let problem = answer.json();
    assert_eq!(problem["at"], json!({"start": 17, "end": 23}));
    assert!(problem["detail"].as_str().unwrap().contains("`status`"), "{problem}");
    for path in [
        "/api/v1/panel?from=yesterday",
        "/api/v1/panel?from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z",
    ] {
        assert_eq!(server.ask("GET", path, &[], b"").status, 400, "{path}");
    }
}

#[test]
fn other_sites_and_other_names_are_kept_out() {
    let place = place();
    let server = place.serve();
    let host = [("Host", "evil.example")];
    assert_eq!(server.ask("GET", "/api/v1/meta", &host, b"").status, 421);
    let site = [("Origin", "http://evil.example"), ("Content-Type", "application/json")];
    let mute = br#"{"until":"2999-01-01T00:00:00Z"}"#;
    assert_eq!(server.ask("POST", "/api/v1/alerts/1/mute", &site, mute).status, 403);
    let own = [("Content-Type", "application/json")];
    assert_eq!(server.ask("POST", "/api/v1/alerts/1/mute", &own, mute).status, 404);
    let policy = server.ask("GET", "/", &[], b"").head;
    assert!(policy.contains("content-security-policy: default-src 'self'"), "{policy}");
}

#[test]
fn programs_find_health_metrics_and_a_description() {
    let place = place();
    let server = place.serve();
    assert_eq!(server.ask("GET", "/health/live", &[], b"").status, 200);
    assert_eq!(server.ask("GET", "/health/ready", &[], b"").status, 200);
    let metrics = server.ask("GET", "/metrics", &[], b"");
    let line = "dolmen_source_lines_total{source=\"proxy\",kind=\"calls\"} 8";
    assert!(metrics.text().contains(line), "{}", metrics.text());
    let description = server.get("/api/openapi.json");
    assert!(description["paths"]["/api/v1/panel"]["get"].is_object());
}

#[test]
fn verdicts_and_words_are_answered() {
    let place = place();
    let server = place.serve();
    let verdicts = server.get("/api/v1/verdicts");
    assert_eq!(verdicts["is_safe"], false);
    let printed = place.verdict(&["verdict", "--store", "store", "--json"]);
    assert_eq!(verdicts, printed, "the command prints what the server answers");
    let of = |verdicts: &Value, name: &str| {
        rows(verdicts, "operations").iter().find(|row| row["operation"] == name).unwrap().clone()
    };
    assert_eq!(of(&verdicts, "card block")["state"], "never_seen");
    let transfer = of(&verdicts, "transfer");
    assert_eq!((&transfer["state"], &transfer["calls"]), (&json!("in_use"), &json!(4)));
    // A mark without a call is somebody, too.
    assert_eq!(of(&verdicts, "balance")["callers"][0]["is_hidden"], true);

    let at = with("/api/v1/verdicts", &[("at", "2026-03-01T12:00:00Z"), ("operation", "transfer")]);
    assert_eq!(server.get(&at)["operations"][0]["calls"], 1);
    let unknown = server.ask("GET", "/api/v1/verdicts?operation=trasfer", &[], b"");
    assert_eq!((unknown.status, unknown.text().contains("did you mean `transfer`?")), (404, true));
    assert_eq!(server.ask("GET", "/api/v1/verdicts?at=yesterday", &[], b"").status, 400);

    let page = server.ask("GET", "/api/v1/verdicts/board.html", &[], b"");
    assert!(page.head.contains("text/html") && page.text().contains("What may be switched off"));
    assert!(!page.text().contains("http"), "it asks nobody for anything");
    let table = server.ask("GET", "/api/v1/verdicts/board.csv", &[], b"");
    assert!(table.head.contains("text/csv") && table.text().starts_with("operation,service,state"));

    let json = [("Content-Type", "application/json")];
    let word = br#"{"about":"gone","operation":"transfer","address":"10.0.0.9","who":"Anna","why":"gone"}"#;
    let said = server.ask("POST", "/api/v1/words", &json, word);
    assert_eq!(said.status, 201, "{}", said.text());
    let words = server.get("/api/v1/words");
    assert_eq!(words["words"][0]["who"], "Anna");
    let judged = server.get(&with("/api/v1/verdicts", &[("operation", "transfer")]));
    assert_eq!(judged["operations"][0]["words"][0]["why"], "gone");
    let nameless = br#"{"about":"gone","operation":"transfer","who":"","why":"gone"}"#;
    assert_eq!(server.ask("POST", "/api/v1/words", &json, nameless).status, 400);
    assert_eq!(server.ask("DELETE", "/api/v1/words/1", &[], b"").status, 204);
    assert_eq!(server.ask("DELETE", "/api/v1/words/1", &[], b"").status, 404);
    assert_eq!(rows(&server.get("/api/v1/words"), "words").len(), 0);
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn only_a_demonstration_makes_calls_up() {
    let place = place();
    let server = place.serve();
    assert_eq!(server.get("/api/v1/meta")["demo"], false);
    let refused = server.ask("POST", "/api/v1/demo/call", &[], b"");
    assert_eq!(refused.status, 404);
    assert!(refused.text().contains("no demonstration"), "{}", refused.text());
}

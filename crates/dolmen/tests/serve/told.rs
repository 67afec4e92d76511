//! Of what somebody is told, and how often: no alert is lost, and none is told twice for one cause.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::clock::{Clock, MARKS, alerts, mark, with_id};
use crate::server::{Events, Place, Server};

const CONFIG: &str = r#"
[[source]]
name = "proxy"
path = "access.log"
format = "combined"
service = "monolith"

[[service]]
name = "monolith"
monolith = true

[[operation]]
name = "transfer"
service = "monolith"
path = "/transfer"
retired = "2020-01-01"
"#;

/// A call long before anybody watched: it can only be a residual one.
fn line(minute: u32, path: &str) -> String {
    format!(
        "10.0.0.1 - - [01/Mar/2026:10:{minute:02}:00 +0000] \"GET {path} HTTP/1.1\" 200 5 \"-\" \"sh\"\n"
    )
}

fn place(config: &str) -> Place {
    let place = Place::new();
    place.file("dolmen.toml", config);
    place.file("access.log", "");
    place
}

/// Waits until the one alert of a kind counts so much.
#[track_caller]
fn counts(server: &Server, kind: &str, count: u64) -> Value {
    let of_kind = |all: &Value| -> Vec<Value> {
        let all = all["alerts"].as_array().unwrap().iter();
        all.filter(|alert| alert["kind"] == kind).cloned().collect()
    };
    let is_so = |all: &Value| matches!(&of_kind(all)[..], [one] if one["count"] == count);
    of_kind(&server.until("/api/v1/alerts?state=all", is_so)).remove(0)
}

fn acknowledge(server: &Server, alert: &Value) {
    let path = format!("/api/v1/alerts/{}/acknowledge", alert["id"]);
    assert_eq!(server.ask("POST", &path, &[], b"").status, 200);
}

/// The next alert of this kind that somebody is told of counts so much.
#[track_caller]
fn tells(events: &mut Events, kind: &str, count: u64) -> Value {
    let alert = told(events, kind);
    assert_eq!(alert["count"], count, "{alert}");
    alert
}

/// How much the next alert of this kind that somebody is told of counts.
fn tells_some(events: &mut Events, kind: &str) -> u64 {
    told(events, kind)["count"].as_u64().unwrap()
}

fn told(events: &mut Events, kind: &str) -> Value {
    loop {
        let alert = events.next("alert");
        if alert["kind"] == kind {
            return alert;
        }
    }
}

#[test]
fn residual_calls_are_told_also_after_the_rules_got_narrower() {
    let wide = format!(
        "{CONFIG}\n[[operation]]\nname = \"transfer\"\nservice = \"monolith\"\npath = \"/pay\"\n\
         retired = \"2020-01-01\"\n"
    );
    let place = place(&wide);
    let lines = (1..=3).map(|minute| line(minute, "/transfer"));
    let lines = lines.chain((11..=20).map(|minute| line(minute, "/pay")));
    let server = place.serve();
    let mut events = server.events();
    place.append("access.log", lines.collect::<String>());
    acknowledge(&server, &tells(&mut events, "residual_call", 13));
    place.file("dolmen.toml", CONFIG);
    server.until("/api/v1/panel", |panel| panel["residual_calls"] == 3);
    counts(&server, "residual_call", 3);
    // More than at last, fewer than ever, and none of them later than all before.
    place.append("access.log", line(4, "/transfer") + &line(5, "/transfer"));
    tells(&mut events, "residual_call", 5);
}

#[test]
fn what_begins_again_after_its_calls_came_is_told_again() {
    let place = place(MARKS);
    let clock = Clock::new(&place);
    let server = place.serve_by(&clock);
    let mut events = server.events();
    let ids = ["a", "b", "c"];
    place.file("app.jsonl", ids.map(|id| mark(clock.at(1), id)).concat());
    server.until("/api/v1/panel", |panel| panel["mark_only"] == 3);
    clock.set(5);
    // With the clock alone nobody looks at once.
    place.append("access.log", with_id(clock.at(5), "x"));
    acknowledge(&server, &tells(&mut events, "mark_only", 3));
    // The proxy's log was late.
    place.append("access.log", ids.map(|id| with_id(clock.at(1), id)).concat());
    counts(&server, "mark_only", 0);
    let open = server.get("/api/v1/alerts");
    let open = open["alerts"].as_array().unwrap();
    assert!(open.iter().all(|alert| alert["kind"] != "mark_only"), "nobody need look at it");
    place.append("app.jsonl", mark(clock.at(6), "hidden"));
    server.until("/api/v1/panel", |panel| panel["mark_only"] == 1);
    clock.set(9);
    place.append("access.log", with_id(clock.at(9), "y"));
    tells(&mut events, "mark_only", 1);
    assert_eq!(alerts(&server, "mark_only").len(), 1);
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn what_was_muted_is_told_once_when_that_is_over() {
    let place = place(CONFIG);
    let clock = Clock::new(&place);
    let server = place.serve_by(&clock);
    let mut events = server.events();
    place.append("access.log", line(1, "/transfer"));
    let alert = tells(&mut events, "residual_call", 1);
    let until = json!({ "until": clock.at(10).to_string() }).to_string();
    let path = format!("/api/v1/alerts/{}/mute", alert["id"]);
    let json = [("Content-Type", "application/json")];
    assert_eq!(server.ask("POST", &path, &json, until.as_bytes()).status, 200);
    place.append("access.log", line(2, "/transfer"));
    counts(&server, "residual_call", 2);
    clock.set(11);
    place.append("access.log", line(3, "/transfer"));
    // It may be told before the last one has come.
    assert!(tells_some(&mut events, "residual_call") >= 2);
    // Somebody was told and has not answered.
    place.append("access.log", line(4, "/transfer"));
    acknowledge(&server, &counts(&server, "residual_call", 4));
    place.append("access.log", line(5, "/transfer"));
    tells(&mut events, "residual_call", 5);
    assert_eq!(server.stop(), Some(0));
}

/// Calls of an operation at this instant, each by another caller.
fn calls(at: jiff::Timestamp, callers: impl Iterator<Item = (String, String)>) -> String {
    let at = at.strftime("%d/%b/%Y:%H:%M:%S +0000");
    let line = |(address, agent)| {
        format!("{address} - - [{at}] \"GET /transfer HTTP/1.1\" 200 5 \"-\" \"{agent}\"\n")
    };
    callers.map(line).collect()
}

fn unknown(server: &Server) -> Vec<Value> {
    alerts(server, "unknown_caller")
}

#[test]
fn somebody_new_is_told_of_among_hundreds_who_are_known() {
    let clients = || (0..300).map(|n| (format!("10.1.{n}.9", n = n % 250), format!("Client/{n}")));
    let script = |name: &str| std::iter::once(("10.9.9.9".to_owned(), name.to_owned()));
    let place = place(&CONFIG.replace("retired = \"2020-01-01\"\n", ""));
    // Seconds before it is watched, in the same hour as a rule.
    place.append("access.log", calls(jiff::Timestamp::now(), clients()));
    let server = place.serve();
    server.until("/api/v1/panel", |panel| panel["calls"] == 300);
    let mut events = server.events();
    let now = jiff::Timestamp::now() + jiff::Span::new().seconds(1);
    let busy = clients().flat_map(|client| [client.clone(), client.clone(), client]);
    place.append("access.log", calls(now, busy.chain(script("evil"))));
    let told = tells(&mut events, "unknown_caller", 1);
    assert_eq!(told["cause"], "10.9.9.0/24 (evil)");
    assert_eq!(unknown(&server).len(), 1, "all others were seen before");
    let query = told["where"].as_str().unwrap();
    let shown = server.get(&crate::server::with("/api/v1/calls", &[("where", query)]));
    let shown = shown["calls"].as_array().unwrap();
    assert_eq!((shown.len(), &shown[0]["user_agent"]), (1, &json!("evil")), "{query}");
    // Over a restart both are what they were.
    assert_eq!(server.stop(), Some(0));
    let server = place.serve();
    let mut events = server.events();
    place.append("access.log", calls(now, clients().chain(script("more evil"))));
    assert_eq!(tells(&mut events, "unknown_caller", 1)["cause"], "10.9.9.0/24 (more evil)");
    assert_eq!(unknown(&server).len(), 2);
}

#[test]
fn a_scanner_of_many_names_is_no_hundred_alerts() {
    let place = place(&CONFIG.replace("retired = \"2020-01-01\"\n", ""));
    let server = place.serve();
    server.until("/api/v1/panel", |panel| panel["calls"] == 0);
    let mut events = server.events();
    let now = jiff::Timestamp::now() + jiff::Span::new().seconds(1);
    // One agent with two hundred addresses is one, whoever else has its address.
    let one = (0..200).map(|n| (format!("10.7.7.{n}"), "scan".to_owned()));
    place.append("access.log", calls(now, one));
    // So many lines may come in several parts, of which the first is told.
    assert!(tells_some(&mut events, "unknown_caller") <= 200);
    counts(&server, "unknown_caller", 200);
    let many =
        (0..400).map(|n| (format!("10.8.{}.{n}", n / 250, n = n % 250), format!("Scan/{n}")));
    place.append("access.log", calls(now, many));
    let counted = |alerts: &[Value]| -> u64 {
        alerts.iter().map(|alert| alert["count"].as_u64().unwrap()).sum()
    };
    let is_unknown = |alert: &&Value| alert["kind"] == "unknown_caller";
    server.until("/api/v1/alerts?state=all", |all| {
        let all: Vec<Value> =
            all["alerts"].as_array().unwrap().iter().filter(is_unknown).cloned().collect();
        counted(&all) == 600
    });
    let all = unknown(&server);
    assert!(all.len() <= 11, "{}", all.len());
    assert!(all.iter().any(|alert| alert["cause"] == "transfer on monolith"));
}

#[test]
fn of_what_is_not_armed_nobody_is_told_until_it_is() {
    let config = format!("{CONFIG}\n[watch]\narmed = [\"unknown_caller\"]\n");
    let place = place(&config);
    let server = place.serve();
    let mut events = server.events();
    let armed = |kind: &str| {
        let kinds = server.get("/api/v1/alerts/kinds")["kinds"].as_array().unwrap().clone();
        kinds.iter().find(|row| row["kind"] == kind).unwrap()["is_armed"].clone()
    };
    assert_eq!((armed("residual_call"), armed("unknown_caller")), (json!(false), json!(true)));
    // One call that is both.
    let now = jiff::Timestamp::now() + jiff::Span::new().seconds(1);
    place.append("access.log", calls(now, [("10.0.0.1".to_owned(), "sh".to_owned())].into_iter()));
    assert_eq!(events.next("alert")["kind"], "unknown_caller");
    assert_eq!(alerts(&server, "residual_call"), [] as [Value; 0]);
    // It is tried on history all the same.
    let tried = server.get("/api/v1/alerts/try");
    let tried = tried["alerts"].as_array().unwrap();
    assert!(tried.iter().any(|alert| alert["kind"] == "residual_call"), "{tried:#?}");
    let said = place.dolmen(&["watch", "try", "--store", "store"]);
    assert!(said.contains("transfer is retired on monolith and still called: once, "), "{said}");
    assert_eq!(said.matches("(not armed)").count(), 1, "{said}");
    place.file("dolmen.toml", CONFIG);
    tells(&mut events, "residual_call", 1);
    assert_eq!(armed("residual_call"), true);
    // Disarmed, it asks for nobody any more.
    place.file("dolmen.toml", &config);
    server.until("/api/v1/alerts", |open| {
        let open = open["alerts"].as_array().unwrap();
        open.iter().all(|alert| alert["kind"] != "residual_call")
    });
}

#[test]
fn an_answer_is_taken_back_and_written_down() {
    let place = place(CONFIG);
    let server = place.serve();
    let mut events = server.events();
    place.append("access.log", line(1, "/transfer"));
    let alert = tells(&mut events, "residual_call", 1);
    let (id, json) = (&alert["id"], [("Content-Type", "application/json")]);
    let open = || server.get("/api/v1/alerts")["alerts"].as_array().unwrap().len();
    let ask = |method: &str, what: &str, body: &str| {
        let path = format!("/api/v1/alerts/{id}/{what}");
        let answer = server.ask(method, &path, &json, body.as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    ask("POST", "acknowledge", "");
    assert_eq!(open(), 0);
    assert_eq!(ask("DELETE", "acknowledge", "")["acknowledged"], Value::Null);
    assert_eq!(open(), 1);
    ask("POST", "mute", "{\"until\":\"2999-01-01T00:00:00Z\"}");
    assert_eq!(open(), 0);
    place.append("access.log", line(2, "/transfer"));
    counts(&server, "residual_call", 2);
    let unmuted = Instant::now();
    assert_eq!(ask("DELETE", "mute", "")["muted_until"], Value::Null);
    // Of the second one nobody was told, so somebody is, and need not wait for the look that the watch
    // takes every minute by itself.
    tells(&mut events, "residual_call", 2);
    let took = unmuted.elapsed();
    assert!(took < Duration::from_secs(40), "{took:?}");
    let audit = server.get("/api/v1/audit");
    let done = audit["entries"].as_array().unwrap().iter().map(|entry| &entry["what"]);
    let done: Vec<&Value> = done.take(4).collect();
    assert_eq!(done, ["unmute alert", "mute alert", "reopen alert", "acknowledge alert"]);
    assert_eq!(audit["entries"][1]["detail"]["until"], "2999-01-01T00:00:00Z");
    let missing = server.ask("DELETE", "/api/v1/alerts/999/mute", &[], b"");
    assert_eq!(missing.status, 404);
}

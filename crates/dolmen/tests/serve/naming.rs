//! Rules that change while everything runs: named in the console, or in the configuration.

use std::fs;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::own::own_address;
use crate::server::{Answer, Place, Server};

const CONFIG: &str = r#"
[[source]]
name = "proxy"
path = "access.log"
format = "combined"
service = "monolith"

[[actor]]
name = "portal"
user_agent = "Portal/*"
"#;

fn line(second: u32, address: &str, agent: &str) -> String {
    format!(
        "{address} - - [01/Mar/2026:10:00:{second:02} +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" \"{agent}\"\n"
    )
}

fn place() -> Place {
    let place = Place::new();
    place.file("dolmen.toml", CONFIG);
    let lines: Vec<String> =
        [("10.0.0.1", "Portal/1"), ("10.0.0.7", "curl/8"), ("10.0.0.8", "bash")]
            .iter()
            .zip(1..)
            .map(|((address, agent), second)| line(second, address, agent))
            .collect();
    place.file("access.log", lines.concat());
    place
}

fn post(server: &Server, path: &str, body: &Value) -> Answer {
    let json = [("Content-Type", "application/json"), ("User-Agent", "a browser")];
    server.ask("POST", path, &json, body.to_string().as_bytes())
}

/// Calls by actor.
fn actors(server: &Server) -> Vec<(Option<String>, u64)> {
    let panel = server.get("/api/v1/panel");
    let row =
        |row: &Value| (row["actor"].as_str().map(str::to_owned), row["calls"].as_u64().unwrap());
    let mut actors: Vec<_> = panel["actors"].as_array().unwrap().iter().map(row).collect();
    actors.sort();
    actors
}

fn owned(actors: &[(Option<&str>, u64)]) -> Vec<(Option<String>, u64)> {
    actors.iter().map(|(name, calls)| (name.map(str::to_owned), *calls)).collect()
}

fn are(server: &Server, expected: &[(Option<&str>, u64)]) {
    let expected = owned(expected);
    server.until("/api/v1/meta", |meta| {
        meta["rules"]["deriving"] == false && actors(server) == expected
    });
}

#[test]
fn a_caller_is_named_and_the_name_is_taken_back_after_a_restart() {
    let place = place();
    let server = place.serve();
    are(&server, &[(None, 2), (Some("portal"), 1)]);
    assert_eq!(server.get("/api/v1/meta")["read_only"], false);
    let mut events = server.events();
    let nightly = json!({ "name": "nightly script", "ip": ["10.0.0.8"], "user_agent": "bash*" });
    let named = post(&server, "/api/v1/actors", &nightly);
    assert_eq!(named.status, 200, "{}", named.text());
    let added = named.json();
    assert_eq!(added["applied"], true);
    let rule = "[[actor]]\nname = \"nightly script\"\nuser_agent = \"bash*\"\nip = \"10.0.0.8\"\n";
    assert_eq!(added["rule"], rule);
    // The history is named, and so is what comes. On a machine that is busy the answer need not wait
    // for that, and says so.
    let named = [(None, 1), (Some("nightly script"), 1), (Some("portal"), 1)];
    match added["deriving"].as_bool().unwrap() {
        true => are(&server, &named),
        false => assert_eq!(actors(&server), owned(&named)),
    }
    assert!(events.next("rules")["deriving"].is_boolean());
    place.append("access.log", line(9, "10.0.0.8", "bash/5"));
    are(&server, &[(None, 1), (Some("nightly script"), 2), (Some("portal"), 1)]);
    // Other commands know it, and say where it stands.
    let show = place.dolmen(&["config", "show", "--store", "store"]);
    assert!(show.contains("name = \"nightly script\"") && show.contains("named.toml:6"), "{show}");
    let check = place.dolmen(&["rules", "check", "--store", "store"]);
    assert!(check.contains("actor portal: 1 call  # dolmen.toml:9"), "{check}");
    assert!(check.contains("actor nightly script: 2 calls  # store/named.toml:6"), "{check}");

    assert_eq!(post(&server, "/api/v1/actors", &nightly).status, 400, "it is there already");
    assert_eq!(server.stop(), Some(0));
    let server = place.serve();
    are(&server, &[(None, 1), (Some("nightly script"), 2), (Some("portal"), 1)]);
    let undo = format!("/api/v1/undo/{}", added["undo"].as_str().unwrap());
    assert_eq!(post(&server, &undo, &json!({})).status, 200);
    are(&server, &[(None, 3), (Some("portal"), 1)]);
    assert_eq!(post(&server, &undo, &json!({})).status, 409, "once is enough");
    let audit = server.get("/api/v1/audit");
    let kept: Vec<_> = audit["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["detail"].is_object())
        .map(|entry| (entry["what"].clone(), entry["detail"]["by"].clone()))
        .collect();
    let by = json!("console, a browser");
    assert_eq!(kept, [(json!("undo name"), by.clone()), (json!("name actor"), by)]);
}

#[test]
fn a_rule_that_is_none_is_refused() {
    let place = place();
    let server = place.serve();
    for (actor, said) in [
        (json!({ "name": "x" }), "no condition"),
        (json!({ "name": "", "user_agent": "x" }), "empty"),
        (json!({ "name": "unknown", "user_agent": "x" }), "choose another"),
        (json!({ "name": "x", "ip": ["10.0.0"] }), "neither an address"),
    ] {
        let answer = post(&server, "/api/v1/actors", &actor);
        assert_eq!(answer.status, 400, "{actor}");
        assert!(answer.text().contains(said), "{actor}: {}", answer.text());
    }
    assert!(!place.path("store/named.toml").exists());
    assert_eq!(post(&server, "/api/v1/undo/77", &json!({})).status, 409);
    // Where the configuration is broken nothing is half in effect.
    place.file("dolmen.toml", "[[actor]]\nname = 3\n");
    let answer = post(&server, "/api/v1/actors", &json!({ "name": "x", "user_agent": "bash" }));
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("dolmen.toml:2"), "{}", answer.text());
    assert!(!fs::read_to_string(place.path("store/named.toml")).unwrap().contains("bash"));
}

#[test]
fn a_changed_configuration_is_in_effect_without_a_restart() {
    let place = place();
    let server = place.serve();
    are(&server, &[(None, 2), (Some("portal"), 1)]);
    // It is noticed by itself.
    place.append("dolmen.toml", "[[actor]]\nname = \"script\"\nuser_agent = \"bash\"\n");
    server.says("the configuration was read again");
    are(&server, &[(None, 1), (Some("portal"), 1), (Some("script"), 1)]);
    assert!(server.get("/api/v1/meta")["actors"].as_array().unwrap().contains(&json!("script")));
    // A bad one is complained about, and the old one stays.
    place.append("dolmen.toml", "[[actor]]\nname = \"nobody\"\n");
    server.says("the configuration cannot be used");
    let problem = server.until("/api/v1/meta", |meta| meta["rules"]["problem"].is_string());
    assert!(problem["rules"]["problem"].as_str().unwrap().contains("no condition"), "{problem}");
    place.append("access.log", line(10, "10.0.0.8", "bash"));
    are(&server, &[(None, 1), (Some("portal"), 1), (Some("script"), 2)]);
    // A source more, and nobody waits for the look at the files.
    place.file(
        "dolmen.toml",
        format!(
            "{CONFIG}\n[[source]]\nname = \"two\"\npath = \"two.log\"\nformat = \"combined\"\n"
        ),
    );
    place.file("two.log", line(11, "10.0.0.1", "Portal/2"));
    server.signal(Signal::HUP);
    server.says("the configuration was read again");
    are(&server, &[(None, 3), (Some("portal"), 2)]);
    assert_eq!(server.get("/api/v1/meta")["rules"]["problem"], Value::Null);
}

#[test]
fn rules_that_changed_while_nobody_was_there_reach_the_history() {
    let place = place();
    let server = place.serve();
    are(&server, &[(None, 2), (Some("portal"), 1)]);
    assert_eq!(server.stop(), Some(0));
    place.append("dolmen.toml", "[[actor]]\nname = \"script\"\nuser_agent = \"bash\"\n");
    let server = place.serve();
    are(&server, &[(None, 1), (Some("portal"), 1), (Some("script"), 1)]);
    server.says("3 calls derived again");
}

#[test]
fn a_source_begins_and_ends_to_listen_without_a_restart() {
    let place = place();
    let server = place.serve();
    // Nobody else listens there when it has ended.
    let address = own_address();
    let net = format!(
        "{CONFIG}\n[[source]]\nname = \"net\"\nkind = \"http\"\nlisten = \"{address}\"\nformat = \"combined\"\n"
    );
    place.file("dolmen.toml", net);
    server.says(&format!("the source `net` listens on {address}"));
    server.says("the configuration was read again");
    let send = || {
        let line = line(12, "10.0.0.1", "Portal/3");
        crate::server::ask(address, "POST", "/api/v1/ingest/net", &[], line.as_bytes())
    };
    assert_eq!(send().status, 200);
    are(&server, &[(None, 2), (Some("portal"), 2)]);
    place.file("dolmen.toml", CONFIG);
    server.says("the configuration was read again");
    assert!(std::net::TcpStream::connect(address).is_err());
    are(&server, &[(None, 2), (Some("portal"), 2)]);
}

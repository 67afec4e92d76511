//! Lines that arrive over the network.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};

use serde_json::{Value, json};

use crate::server::{Answer, Place, Server, ask};

const LINE: &str =
    "10.0.0.1 - - [01/Mar/2026:10:00:00 +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" \"sh\"";

fn place(source: &str) -> Place {
    let place = Place::new();
    place.file(
        "dolmen.toml",
        format!("[[source]]\nname = \"net\"\nlisten = \"127.0.0.1:0\"\n{source}"),
    );
    place
}

/// Where the source listens.
fn address(server: &Server) -> SocketAddr {
    let said = server.says("listens on ");
    said.rsplit(' ').next().unwrap().parse().unwrap()
}

fn calls(server: &Server, count: u64) -> Value {
    server.until("/api/v1/panel", |panel| panel["calls"] == count);
    server.get("/api/v1/calls")
}

#[test]
fn lines_over_tcp_are_calls() {
    let place = place("kind = \"tcp\"\nformat = \"combined\"");
    let server = place.serve();
    let source = address(&server);
    let mut one = TcpStream::connect(source).unwrap();
    let mut two = TcpStream::connect(source).unwrap();
    write!(one, "{LINE}\n{}", &LINE[..30]).unwrap();
    writeln!(two, "{LINE}").unwrap();
    writeln!(one, "{}", &LINE[30..]).unwrap();
    // What a sender leaves unterminated when it goes is a line.
    write!(two, "{LINE}").unwrap();
    drop((one, two));
    let calls = calls(&server, 4);
    assert!(calls["calls"].as_array().unwrap().iter().all(|call| call["line"] == LINE));
    assert_eq!(calls["calls"][0]["source"], "net");
}

#[test]
fn what_was_spooled_counts_once_over_a_restart() {
    let place = place("kind = \"http\"\nformat = \"combined\"");
    let server = place.serve();
    let source = address(&server);
    assert_eq!(post(source, &[], format!("{LINE}\n{LINE}\n").as_bytes()).status, 200);
    calls(&server, 2);
    assert_eq!(server.stop(), Some(0));
    let server = place.serve();
    let source = address(&server);
    assert_eq!(post(source, &[], LINE.as_bytes()).status, 200);
    calls(&server, 3);
    assert_eq!(server.get("/api/v1/unparsed")["total"], 0);
}

fn post(source: SocketAddr, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    ask(source, "POST", "/api/v1/ingest/net", headers, body)
}

#[test]
fn a_repeated_request_adds_nothing() {
    let place = place("kind = \"http\"\nformat = \"combined\"");
    let server = place.serve();
    let source = address(&server);
    let key = [("Idempotency-Key", "batch 1")];
    assert_eq!(post(source, &key, LINE.as_bytes()).json(), json!({"lines": 1, "repeated": false}));
    assert_eq!(post(source, &key, LINE.as_bytes()).json(), json!({"lines": 0, "repeated": true}));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writeln!(packed, "{LINE}").unwrap();
    let gzip = [("Content-Encoding", "gzip")];
    assert_eq!(post(source, &gzip, &packed.finish().unwrap()).status, 200);
    calls(&server, 2);
    // Other lines under the same key are not lost in silence, nor is a key that cannot be read.
    let other = post(source, &key, format!("{LINE}\n{LINE}\n").as_bytes());
    assert_eq!(other.status, 422, "{}", other.text());
    assert!(other.json()["detail"].as_str().unwrap().contains("a key of their own"));
    assert_eq!(post(source, &[("Idempotency-Key", "Stapel für heute")], b"x").status, 400);
    assert_eq!(server.get("/api/v1/panel")["calls"], 2);
}

#[test]
fn who_may_not_send_is_told_why() {
    let place = place("kind = \"http\"\nformat = \"combined\"\ntoken = \"secret\"");
    let server = place.serve();
    let source = address(&server);
    let refused = post(source, &[], LINE.as_bytes());
    assert_eq!(refused.status, 401);
    assert!(refused.json()["detail"].as_str().unwrap().contains("Bearer"));
    assert_eq!(post(source, &[("Authorization", "Bearer wrong!")], b"x").status, 401);
    assert_eq!(post(source, &[("Authorization", "Bearer secret")], LINE.as_bytes()).status, 200);
    let elsewhere =
        ask(source, "POST", "/api/v1/ingest/other", &[("Authorization", "Bearer secret")], b"");
    assert_eq!(elsewhere.status, 404);
    let broken = [("Authorization", "Bearer secret"), ("Content-Encoding", "gzip")];
    assert_eq!(post(source, &broken, b"no gzip").status, 400);
    // Whoever looks like an Elasticsearch asks for the token too.
    for path in ["/", "/_license", "/_cat/health"].map(|path| format!("/api/v1/elastic{path}")) {
        assert_eq!(ask(source, "GET", &path, &[], b"").status, 401, "{path}");
        let known = ask(source, "GET", &path, &[("Authorization", "ApiKey secret")], b"");
        assert_eq!(known.status, 200, "{path}");
    }
    let allowed = [("Authorization", "Bearer secret")];
    for (method, path, status) in [
        ("GET", "/nothing", 404),
        ("POST", "/api/v1/elastic/x", 404),
        ("GET", "/api/v1/ingest/net", 405),
    ] {
        let refused = ask(source, method, path, &allowed, b"");
        assert_eq!(refused.status, status, "{path}");
        assert!(refused.head.contains("content-type: application/problem+json"), "{path}");
        assert!(!refused.json()["detail"].as_str().unwrap().is_empty(), "{path}");
    }
    calls(&server, 1);
}

#[test]
fn only_allowed_networks_may_send() {
    let place = place("kind = \"http\"\nallow = [\"10.0.0.0/8\", \"192.0.2.1\"]");
    let server = place.serve();
    assert_eq!(post(address(&server), &[], b"x").status, 403);
}

#[test]
fn elasticsearch_clients_may_send_here() {
    let place = place("kind = \"http\"\nformat = \"json\"");
    let server = place.serve();
    let source = address(&server);
    let greeting = ask(source, "GET", "/api/v1/elastic/", &[], b"");
    assert!(greeting.head.contains("x-elastic-product: elasticsearch"), "{}", greeting.head);
    let call = r#"{"time":"2026-03-01T10:00:00Z","method":"GET","path":"/a","status":200,"remote_addr":"10.0.0.1"}"#;
    let bulk = format!(
        "{{\"index\":{{\"_index\":\"logs\",\"_id\":\"1\"}}}}\n{call}\n{{\"create\":{{\"_index\":\"logs\"}}}}\n{call}\n"
    );
    let path = "/api/v1/elastic/_bulk";
    let first =
        ask(source, "POST", path, &[("Content-Type", "application/x-ndjson")], bulk.as_bytes());
    assert_eq!(first.status, 200);
    let answer = first.json();
    assert_eq!(
        (&answer["errors"], &answer["items"][1]["create"]["status"]),
        (&json!(false), &json!(201))
    );
    // Sent again after a lost answer: what has an `_id` is known.
    assert_eq!(ask(source, "POST", path, &[], bulk.as_bytes()).status, 200);
    calls(&server, 3);
    let bad = ask(source, "POST", path, &[], b"{\"delete\":{}}\n");
    assert_eq!(bad.status, 400);
    let metrics = server.ask("GET", "/metrics", &[], b"");
    let counted = "dolmen_source_refused_total{source=\"net\",reason=\"body\"} 1\n";
    assert!(metrics.text().contains(counted), "{}", metrics.text());
    // The address may name the index: the same `_id` in two of them is two documents.
    let one = format!("{{\"index\":{{\"_id\":\"7\"}}}}\n{call}\n");
    for index in ["a", "b", "a"] {
        let path = format!("/api/v1/elastic/{index}/_bulk");
        let item = &ask(source, "POST", &path, &[], one.as_bytes()).json()["items"][0]["index"];
        assert_eq!((&item["_index"], &item["_id"]), (&json!(index), &json!("7")));
    }
    calls(&server, 5);
    let many = "{\"index\":{}}\n{}\n".repeat(100_001);
    assert_eq!(ask(source, "POST", path, &[], many.as_bytes()).status, 400);
}

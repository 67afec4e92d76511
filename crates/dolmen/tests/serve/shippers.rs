//! Senders that put each line into JSON of their own, by the requests that they make.

use std::net::SocketAddr;

use crate::senders::{all_are_there, lines};
use crate::server::{Answer, Place, Server, ask};

/// `filebeat:secret` and `id:secret`.
const BASIC: &str = "Basic ZmlsZWJlYXQ6c2VjcmV0";
const API_KEY: &str = "ApiKey aWQ6c2VjcmV0";

/// A source with these settings, and where it listens.
fn serve(settings: &str) -> (Place, Server, SocketAddr) {
    let place = Place::new();
    place.file(
        "dolmen.toml",
        format!(
            "[[source]]\nname = \"net\"\nkind = \"http\"\nlisten = \"127.0.0.1:0\"\n{settings}\n"
        ),
    );
    let server = place.serve();
    let address = server.says("listens on ").rsplit(' ').next().unwrap().parse().unwrap();
    (place, server, address)
}

/// What the shipper sends: an action and a document for each line.
fn bulk(action: &str, document: impl Fn(&str) -> serde_json::Value) -> String {
    let lines = lines(100);
    lines.lines().map(|line| format!("{action}\n{}\n", document(line))).collect()
}

#[track_caller]
fn is_well(address: SocketAddr, method: &str, path: &str, authorization: &str) -> Answer {
    let headers = [("Authorization", authorization)];
    let answer = ask(address, method, &format!("/api/v1/elastic{path}"), &headers, b"{}");
    assert_eq!(answer.status, 200, "{method} {path}");
    assert!(answer.head.contains("x-elastic-product: elasticsearch"), "{}", answer.head);
    answer
}

#[track_caller]
fn is_sent(address: SocketAddr, path: &str, authorization: &str, body: &str) {
    let headers = [("Authorization", authorization), ("Content-Type", "application/x-ndjson")];
    let path = format!("/api/v1/elastic{path}");
    let answer = ask(address, "POST", &path, &headers, body.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["errors"], false);
}

#[test]
fn filebeat() {
    let (_place, server, address) =
        serve("format = \"combined\"\nline = \"message\"\ntoken = \"secret\"");
    for path in ["/", "/_license", "/_xpack", "/_nodes/http"] {
        is_well(address, "GET", path, BASIC);
    }
    // What it wants to set up is there, or may be set.
    for path in [
        "/_ilm/policy/filebeat",
        "/_index_template/filebeat-8.17.0",
        "/_data_stream/filebeat-8.17.0",
    ] {
        for method in ["HEAD", "GET", "PUT"] {
            is_well(address, method, path, BASIC);
        }
    }
    let body = bulk("{\"create\":{\"_index\":\"filebeat-8.17.0\"}}", |line| {
        serde_json::json!({
            "@timestamp": "2026-03-01T10:00:00.000Z",
            "log": { "offset": 0, "file": { "path": "/var/log/apache2/access.log" } },
            "message": line,
            "input": { "type": "filestream" },
            "ecs": { "version": "8.0.0" },
            "host": { "name": "web-1" },
            "agent": { "type": "filebeat", "version": "8.17.0" },
        })
    });
    is_sent(
        address,
        "/_bulk?filter_path=errors%2Citems.%2A.error%2Citems.%2A.status",
        BASIC,
        &body,
    );
    all_are_there(&server, 100);
}

#[test]
fn vector() {
    let (_place, server, address) =
        serve("format = \"combined\"\nline = \"message\"\ntoken = \"secret\"");
    let health = is_well(address, "GET", "/_cluster/health", BASIC);
    assert_eq!(health.json()["status"], "green");
    let body = bulk("{\"index\":{\"_index\":\"vector-2026.03.01\"}}", |line| {
        serde_json::json!({
            "file": "/var/log/nginx/access.log",
            "host": "web-1",
            "message": line,
            "source_type": "file",
            "timestamp": "2026-03-01T10:00:00.123456789Z",
        })
    });
    is_sent(address, "/_bulk?timeout=60s", BASIC, &body);
    all_are_there(&server, 100);
}

#[test]
fn fluent_bit() {
    let (_place, server, address) =
        serve("format = \"combined\"\nline = \"log\"\ntoken = \"secret\"");
    let body = bulk(
        "{\"create\":{\"_index\":\"fluent-bit\"}}",
        |line| serde_json::json!({ "@timestamp": "2026-03-01T10:00:00.000Z", "log": line }),
    );
    is_sent(address, "/_bulk", API_KEY, &body);
    all_are_there(&server, 100);
}

#[test]
fn what_the_usual_senders_send_is_read_without_any_setting() {
    let (_place, server, address) = serve("");
    let body =
        bulk("{\"index\":{}}", |line| serde_json::json!({ "message": line, "host": "web-1" }));
    is_sent(address, "/logs/_bulk", BASIC, &body);
    all_are_there(&server, 100);
    let calls = server.get("/api/v1/calls");
    assert_eq!(calls["calls"][0]["target"], "/a");
}

#[test]
fn an_object_without_the_line_is_kept_and_said() {
    let (_place, server, address) = serve("format = \"combined\"\nline = \"message\"");
    is_sent(address, "/_bulk", BASIC, "{\"index\":{}}\n{\"text\":\"a\"}\n");
    let unparsed = server.until("/api/v1/unparsed", |unparsed| unparsed["total"] == 1);
    let expected = unparsed["lines"][0]["expected"].as_str().unwrap();
    assert!(expected.contains("under the key `message`"), "{expected}");
}

#[test]
fn who_does_not_know_the_token_is_told() {
    let (_place, _server, address) = serve("token = \"other\"");
    for authorization in [BASIC, API_KEY, "Bearer secret"] {
        let headers = [("Authorization", authorization)];
        assert_eq!(ask(address, "GET", "/api/v1/elastic/", &headers, b"").status, 401);
    }
}

#[test]
fn the_files_of_docker_are_read() {
    let place = Place::new();
    place.file("dolmen.toml", "[[source]]\nname = \"web\"\npath = \"web-json.log\"\n");
    let object = |line: &str| {
        let log = format!("{line}\n");
        let time = "2026-03-01T10:00:00.000000000Z";
        serde_json::json!({ "log": log, "stream": "stdout", "time": time }).to_string() + "\n"
    };
    place.file("web-json.log", lines(100).lines().map(object).collect::<String>());
    let server = place.serve();
    all_are_there(&server, 100);
}

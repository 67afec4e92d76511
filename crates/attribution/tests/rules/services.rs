use dolmen_model::Call;

use crate::{World, call};

const RULES: &str = r#"
    [[service]]
    name = "monolith"
    monolith = true

    [[service]]
    name = "cards"
    host = "cards.bank.example"

    [[service]]
    name = "transfers"
    path = "/api/transfers/*"
    upstream = ["transfers/*", "10.0.4.1:8080"]

    [[service]]
    name = "writes"
    host = "*.bank.example"
    method = ["POST", "PUT"]

    [[operation]]
    name = "card block"
    service = "cards"
    path = "/block/{card}"
"#;

#[track_caller]
fn service(call: &Call<'_>) -> Option<String> {
    World::new(RULES).of(call, "monolith").service
}

#[test]
fn the_sources_service_where_no_rule_matches() {
    assert_eq!(service(&call("GET /")).as_deref(), Some("monolith"));
    assert_eq!(World::new(RULES).of(&call("GET /"), "").service, None);
}

#[test]
fn by_host_whatever_its_case_and_port() {
    for host in ["cards.bank.example", "Cards.Bank.EXAMPLE", "cards.bank.example:443"] {
        let call = Call { host: host.as_bytes(), ..call("GET /") };
        assert_eq!(service(&call).as_deref(), Some("cards"), "{host}");
    }
    let call = Call { host: b"cards.bank.example.evil.example", ..call("GET /") };
    assert_eq!(service(&call).as_deref(), Some("monolith"));
}

#[test]
fn by_path_and_upstream_together() {
    let to = |upstream: &'static str, request| {
        service(&Call { upstream: upstream.as_bytes(), ..call(request) })
    };
    assert_eq!(to("transfers/web1", "GET /api/transfers/7").as_deref(), Some("transfers"));
    assert_eq!(to("10.0.4.1:8080", "GET /api/transfers").as_deref(), Some("transfers"));
    assert_eq!(to("monolith/web1", "GET /api/transfers/7").as_deref(), Some("monolith"));
    assert_eq!(to("transfers/web1", "GET /api/other").as_deref(), Some("monolith"));
}

#[test]
fn by_method() {
    let to = |request| service(&Call { host: b"x.bank.example", ..call(request) });
    assert_eq!(to("PUT /").as_deref(), Some("writes"));
    assert_eq!(to("GET /").as_deref(), Some("monolith"));
}

#[test]
fn the_service_is_found_before_the_operation() {
    let world = World::new(RULES);
    let moved = Call { host: b"cards.bank.example", ..call("POST /block/7") };
    assert_eq!(world.of(&moved, "monolith").claimed.as_deref(), Some("card block"));
    assert_eq!(world.of(&call("POST /block/7"), "monolith").claimed, None);
}

#[test]
fn what_was_not_http_still_has_a_service() {
    let tls = Call { host: b"cards.bank.example", target: b"\x16\x03\x01", ..Call::default() };
    assert_eq!(service(&tls).as_deref(), Some("cards"));
}

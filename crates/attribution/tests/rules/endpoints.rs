use dolmen_model::{Call, NameId};

use crate::{World, call};

#[test]
fn typed_segments_where_nothing_is_declared() {
    let world = World::new("");
    assert_eq!(
        world.endpoint("POST /api/carteService/118218/opposition/4970101234567890?x=1"),
        "POST /api/carteService/{int}/opposition/{int}"
    );
    assert_eq!(world.endpoint("GET /"), "GET /");
    assert_eq!(world.endpoint("OPTIONS *"), "OPTIONS *");
    assert_eq!(world.endpoint("GET ?a=/b"), "GET /");
    assert_eq!(world.endpoint("GET http://bank.example/a/7"), "GET /a/{int}");
}

#[test]
fn declared_templates_come_first_and_the_most_specific_wins() {
    let world = World::new(
        r#"
        endpoint = [
            { path = "/files/{path...}" },
            { path = "/clients/{client}" },
            { path = "/clients/me" },
            { path = "/clients/{client}/cards/{card}", method = "GET", service = "monolith" },
            { path = "/{area}/7/*", service = "cards" },
        ]
        operation = [{ name = "block", method = "POST", path = "/clients/{c}/cards/{k}" }]
        "#,
    );
    assert_eq!(world.endpoint("GET /files/a/7"), "GET /files/{path...}");
    assert_eq!(world.endpoint("GET /files"), "GET /files/{path...}");
    assert_eq!(world.endpoint("GET /clients/jo"), "GET /clients/{client}");
    assert_eq!(world.endpoint("GET /clients/me"), "GET /clients/me");
    assert_eq!(world.endpoint("GET /clients/jo/cards/x"), "GET /clients/{client}/cards/{card}");
    // An operation's path names endpoints too, whatever the method: a shape is a shape.
    assert_eq!(world.endpoint("POST /clients/jo/cards/x"), "POST /clients/{c}/cards/{k}");
    assert_eq!(world.endpoint("OPTIONS /clients/jo/cards/x"), "OPTIONS /clients/{c}/cards/{k}");
    // Declared for another service.
    assert_eq!(world.endpoint("GET /a/7/8"), "GET /a/{int}/{int}");
    let cards = world.of(&call("GET /a/7/8"), "cards").endpoint;
    assert_eq!(cards.as_deref(), Some("GET /{area}/7/*"));
}

#[test]
fn an_operations_rest_names_no_endpoint() {
    let world = World::new(
        r#"operation = [{ name = "transfer", path = "/*", query = { op = "virement" } }]"#,
    );
    assert_eq!(world.endpoint("GET /a/7?op=virement"), "GET /a/{int}");
}

#[test]
fn methods_that_nobody_knows_share_one_name() {
    let world = World::new(r#"endpoint = [{ path = "/cache/{key}", method = "PURGE" }]"#);
    assert_eq!(world.endpoint("PROPFIND /a"), "PROPFIND /a");
    assert_eq!(world.endpoint("PURGE /cache/a"), "PURGE /cache/{key}");
    assert_eq!(world.endpoint("FOO1 /a"), "(other) /a");
    assert_eq!(world.endpoint("get /a"), "(other) /a");
    assert_eq!(world.endpoint("CONNECT a.example:443"), "CONNECT {authority}");
}

#[test]
fn invented_methods_drive_out_no_answer() {
    let world = World::new(
        r#"
        operation = [
            { name = "block", method = "POST", path = "/cards/{card}" },
            { name = "any", path = "/cards/{card}", service = "cards" },
        ]"#,
    );
    let mut attributor = dolmen_attribution::Attributor::new(&world.rules, &world.names);
    let mut ask = |method: &str, service| {
        let call = Call { method: method.as_bytes(), target: b"/cards/7", ..Call::default() };
        let found = world.by(&mut attributor, &call, service);
        (found.endpoint.unwrap(), found.claimed)
    };
    for n in 0..40 {
        let other = "(other) /cards/{card}".to_owned();
        assert_eq!(ask(&format!("FOO{n}"), "monolith"), (other.clone(), None));
        assert_eq!(ask(&format!("FOO{n}"), "cards"), (other, Some("any".to_owned())));
        let post = "POST /cards/{card}".to_owned();
        assert_eq!(ask("POST", "monolith"), (post.clone(), Some("block".to_owned())));
        assert_eq!(ask("POST", "cards"), (post, Some("block".to_owned())));
        assert_eq!(ask("GET", "monolith"), ("GET /cards/{card}".to_owned(), None));
    }
}

#[test]
fn what_was_not_http_has_no_endpoint() {
    let world = World::new(r#"operation = [{ name = "all", path = "/*" }]"#);
    let tls = Call { target: b"\x16\x03\x01", user_agent: b"x", ..Call::default() };
    let found = world.of(&tls, "monolith");
    assert_eq!((found.endpoint, found.claimed), (None, None));
    assert_eq!(found.service.as_deref(), Some("monolith"));
}

#[test]
fn a_full_table_shows() {
    let world = World::new("");
    let mut attributor = dolmen_attribution::Attributor::new(&world.rules, &world.names);
    let mut last = NameId::UNKNOWN;
    for n in 0..20_001 {
        let target = format!("/page-{n}x");
        let call = Call { method: b"GET", target: target.as_bytes(), ..Call::default() };
        last = attributor.attribute(&call, NameId::UNKNOWN).endpoint;
    }
    assert_eq!(last, NameId::OVERFLOW);
}

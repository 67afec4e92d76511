use dolmen_attribution::Claim;
use dolmen_model::Call;

use crate::{World, call, headers};

/// The five operations of a bank's monolith, as far as its access log shows them.
const BANK: &str = r#"
    [[operation]]
    name = "external transfer"
    service = "monolith"
    query = { op = ["virement", "virement_externe"] }
    retired = "2026-10-01"
    moved_to = "transfers"

    [[operation]]
    name = "card block"
    service = "monolith"
    method = "POST"
    path = "/api/carteService/{client}/opposition/{carte}"

    [[operation]]
    name = "balance"
    soap_action = ["urn:monobanque:solde", "urn:monobanque:mouvements*"]

    [[operation]]
    name = "card ceiling"
    method = ["PUT", "PATCH"]
    path = ["/api/plafond/*", "/api/v2/ceilings/{card}"]
    header = { Content-Type = "application/json*" }

    # Only the body tells it apart: known by its marks.
    [[operation]]
    name = "internal transfer"
    service = "monolith"
    retired = "2027-01-01"
"#;

#[test]
fn by_a_query_parameter() {
    let world = World::new(BANK);
    let operation = |request| world.operation(&call(request));
    let transfer = Some("external transfer".to_owned());
    assert_eq!(operation("GET /servlet?op=virement"), transfer);
    assert_eq!(operation("GET /servlet?session=5&op=vire%6Dent&x"), transfer);
    assert_eq!(operation("POST /other?op=virement_externe"), transfer);
    assert_eq!(operation("GET /servlet?op=virements"), None);
    assert_eq!(operation("GET /servlet?opx=virement"), None);
    assert_eq!(operation("GET /servlet?OP=virement"), None);
    assert_eq!(operation("GET /servlet;op=virement"), None);
}

#[test]
fn by_a_path_mixed_with_identifiers() {
    let world = World::new(BANK);
    let operation = |request| world.operation(&call(request));
    let block = Some("card block".to_owned());
    assert_eq!(operation("POST /api/carteService/118218/opposition/4970101234567890"), block);
    assert_eq!(operation("POST /api/carteService/1/opposition/2/?force=1"), block);
    assert_eq!(operation("POST //api/./carteService/a%2Fb/opposition/2;v=1"), block);
    assert_eq!(operation("POST http://bank.example/api/carteService/1/opposition/2"), block);
    assert_eq!(operation("GET /api/carteService/1/opposition/2"), None);
    assert_eq!(operation("POST /api/carteService/1/opposition"), None);
    assert_eq!(operation("POST /api/carteService/1/opposition/2/3"), None);
    assert_eq!(operation("POST /api/carteService/1%2Fopposition/2"), None);
}

#[test]
fn by_a_soap_action_with_or_without_quotes() {
    let world = World::new(BANK);
    let soap = |name, value| {
        world.of(&Call { headers: headers(&[(name, value)]), ..call("POST /ws") }, "monolith")
    };
    for found in [
        soap("soapaction", "\"urn:monobanque:solde\""),
        soap("soapaction", "urn:monobanque:mouvementsDuMois"),
        soap("content-type", "application/soap+xml;action=\"urn:monobanque:solde\""),
    ] {
        assert_eq!(found.claimed.as_deref(), Some("balance"));
        assert_eq!(found.claim, Claim::Header);
    }
    assert_eq!(soap("soapaction", "\"urn:monobanque:plafond\"").claimed, None);
    assert_eq!(soap("soapaction", "\"\"").claimed, None);
}

#[test]
fn a_header_makes_it_a_claim() {
    let world = World::new(BANK);
    let json = headers(&[("content-type", "application/json; charset=utf-8")]);
    let found = world.of(&Call { headers: json, ..call("PUT /api/plafond/7/jour") }, "monolith");
    assert_eq!((found.claimed.as_deref(), found.claim), (Some("card ceiling"), Claim::Header));
    assert_eq!(world.operation(&call("PUT /api/plafond/7/jour")), None);
    let found = world.of(&call("GET /?op=virement"), "monolith");
    assert_eq!(found.claim, Claim::Rule);
}

#[test]
fn a_service_restricts_a_rule() {
    let world = World::new(BANK);
    let on = |service| world.of(&call("GET /servlet?op=virement"), service).claimed;
    assert_eq!(on("monolith").as_deref(), Some("external transfer"));
    assert_eq!(on("transfers"), None);
    assert_eq!(on(""), None);
}

#[test]
fn a_rule_without_conditions_matches_no_call() {
    let world = World::new(BANK);
    assert_eq!(world.operation(&call("GET /")), None);
    assert_eq!(world.operation(&call("POST /api/transfer")), None);
    assert_eq!(world.names.operations.len(), 5, "it declares its name all the same");
}

#[test]
fn the_first_match_wins_not_the_most_specific() {
    let world = World::new(
        r#"
        operation = [
            { name = "any post", path = "/post/{id}" },
            { name = "new post", path = "/post/new" },
        ]"#,
    );
    assert_eq!(world.operation(&call("GET /post/new")).as_deref(), Some("any post"));
    assert_eq!(world.endpoint("GET /post/new"), "GET /post/new", "for endpoints it is");
}

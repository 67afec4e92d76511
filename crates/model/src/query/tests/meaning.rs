use crate::query::{Field, Query, Value};
use crate::{Call, Joined, RequestId};

fn one(query: &str, value: Value<'_>) -> bool {
    let query = Query::parse(query).unwrap_or_else(|error| panic!("{error}"));
    query.holds(|atom| query.atoms()[atom].matches(value))
}

fn text(query: &str, value: &str) -> bool {
    one(query, Value::Text(value.as_bytes()))
}

/// Answers by name: `a`, `b`… are services.
fn tree(query: &str, true_ones: &str) -> bool {
    let query = Query::parse(query).unwrap_or_else(|error| panic!("{error}"));
    query.holds(|atom| {
        let atom = &query.atoms()[atom];
        true_ones.chars().any(|c| atom.matches(Value::Text(c.to_string().as_bytes())))
    })
}

#[test]
fn no_condition_holds_for_everything() {
    for blank in ["", "   ", "\n\t"] {
        let query = Query::parse(blank).unwrap();
        assert!(query.is_empty());
        assert!(query.holds(|_| panic!("there is nothing to ask")));
        assert_eq!(query, Query::default());
    }
}

#[test]
fn and_binds_tighter_than_or_and_not_tightest() {
    let query = "service:a or service:b and not service:c";
    assert!(tree(query, "a"));
    assert!(tree(query, "ac"));
    assert!(tree(query, "b"));
    assert!(!tree(query, "bc"));
    assert!(!tree("(service:a or service:b) and not service:c", "ac"));
    assert!(tree("NOT not service:a AND (((service:b)))", "ab"));
    assert!(tree("not (service:a and service:b)", "a"));
}

#[test]
fn answers_that_change_nothing_are_not_asked_for() {
    let query = Query::parse("service:a and actor:b").unwrap();
    let mut asked = Vec::new();
    assert!(!query.holds(|atom| {
        asked.push(query.atoms()[atom].field());
        false
    }));
    assert_eq!(asked, [Field::Service]);
}

#[test]
fn texts_are_compared_whole_and_case_counts() {
    assert!(text("service:monolith", "monolith"));
    assert!(!text("service:monolith", "monolith-2"));
    assert!(!text("service:Monolith", "monolith"));
    assert!(text("actor:\"web portal\"", "web portal"));
    assert!(text("user:CORP\\\\jean", "CORP\\jean"));
    assert!(text("user_agent:\"PortailWeb/*\"", "PortailWeb/2.1 (linux)"));
    assert!(text("user_agent:\\*", "*"));
    assert!(!text("user_agent:\\*", "x"));
    assert!(text("query:op=transfer&n=1", "op=transfer&n=1"));
    assert!(text("path:/a:b=c", "/a:b=c"));
}

#[test]
fn case_does_not_count_where_http_and_dns_say_so() {
    assert!(text("method:post", "POST"));
    assert!(text("host:*.Example.org", "API.example.ORG"));
}

#[test]
fn an_endpoint_is_found_with_or_without_its_method() {
    let endpoint = "POST /api/card/{client}/block/{card}";
    assert!(text("endpoint:/api/card/{client}/block/{card}", endpoint));
    assert!(text("endpoint:\"POST /api/card/{client}/block/{card}\"", endpoint));
    assert!(text("endpoint:/api/card/*", endpoint));
    assert!(!text("endpoint:\"GET /api/card/*\"", endpoint));
    assert!(!text("path:/api/card/*", endpoint));
}

#[test]
fn lists_hold_when_one_alternative_does() {
    for (status, holds) in [(500, true), (502, true), (404, false)] {
        assert_eq!(one("status:(500 or 502)", Value::Number(status)), holds);
    }
    assert!(one("status:(500 or unknown)", Value::Unknown));
    assert!(text("service:( \"a b\" or c )", "a b"));
}

#[test]
fn numbers_have_an_order_and_units() {
    let number = |query, n| one(query, Value::Number(n));
    assert!(number("status>=500", 500) && !number("status>=500", 499));
    assert!(number("status < 400", 399) && !number("status < 400", 400));
    assert!(number("duration>1.5s", 1_500_001) && !number("duration>1.5s", 1_500_000));
    assert!(number("duration<=250ms", 250_000));
    assert!(number("bytes>10kB", 10_001) && number("bytes:1KiB", 1_024));
}

#[test]
fn what_is_missing_is_unknown_and_nothing_else() {
    for missing in [Value::Unknown, Value::Text(b"")] {
        assert!(one("actor:unknown", missing));
        assert!(one("actor:UNKNOWN", missing));
        for query in ["actor:*", "actor:\"unknown\"", "status>=0", "status:0", "duration<1h"] {
            assert!(!one(query, missing), "{query}");
            assert!(one(&format!("not {query}"), missing), "{query}");
        }
    }
    assert!(!text("actor:unknown", "unknown"));
    assert!(text("actor:\"unknown\"", "unknown"));
    assert!(text("actor:*", "anyone"));
}

#[test]
fn addresses_are_addresses_networks_or_names() {
    assert!(text("address:10.0.9.0/24", "10.0.9.7"));
    assert!(!text("address:10.0.9.0/24", "10.0.10.7"));
    assert!(text("address:10.0.9.77/24", "10.0.9.7"), "host bits do not count");
    assert!(text("address:10.0.9.7", "::ffff:10.0.9.7"), "mapped into IPv6");
    assert!(text("address:::ffff:10.0.9.0/120", "10.0.9.7"));
    assert!(text("address:2001:db8::/32", "2001:db8:0:0::1"));
    assert!(text("address:2001:DB8::1", "2001:db8:0:0:0:0:0:1"), "however it is written");
    assert!(text("address:10.0.*", "10.0.9.7"));
    assert!(text("address:batch-1.internal", "batch-1.internal"));
    assert!(!text("address:10.0.9.0/24", "batch-1.internal"));
}

#[test]
fn a_field_with_several_values_matches_if_one_does() {
    let query = Query::parse("operation:\"card block\"").unwrap();
    let atom = &query.atoms()[0];
    let both = [Value::Text(b"balance"), Value::Text(b"card block")];
    assert!(atom.matches_any(both));
    assert!(!atom.matches_any(both[..1].iter().copied()));
    let unknown = Query::parse("operation:unknown").unwrap();
    assert!(unknown.atoms()[0].matches_any([]));
    assert!(!unknown.atoms()[0].matches_any(both));
}

#[test]
fn call_only_counts_calls_without_an_id_as_reports_do() {
    assert!(one("joined:joined", Value::Joined(Joined::Joined)));
    assert!(one("joined:call_only", Value::Joined(Joined::CallOnly)));
    assert!(one("joined:call_only", Value::Joined(Joined::NoId)));
    assert!(one("joined:no_id", Value::Joined(Joined::NoId)));
    assert!(!one("joined:no_id", Value::Joined(Joined::CallOnly)));
    assert!(one("joined:mark_only", Value::MarkOnly));
    assert!(!one("joined:call_only", Value::MarkOnly));
}

#[test]
fn a_call_answers_what_its_line_says() {
    let call = Call {
        method: b"GET",
        target: b"/a?b=c",
        status: Some(404),
        request_id: RequestId::Is(b"abc"),
        ..Call::default()
    };
    assert_eq!(Field::Path.of(&call), Some(Value::Text(b"/a")));
    assert_eq!(Field::Query.of(&call), Some(Value::Text(b"b=c")));
    assert_eq!(Field::Status.of(&call), Some(Value::Number(404)));
    assert_eq!(Field::Duration.of(&call), Some(Value::Unknown));
    assert_eq!(Field::RequestId.of(&call), Some(Value::Text(b"abc")));
    for added in [Field::Actor, Field::Operation, Field::Address, Field::Joined, Field::Source] {
        assert_eq!(added.of(&call), None);
    }
}

#[test]
fn every_field_has_its_own_name() {
    for field in Field::ALL {
        assert_eq!(Field::from_name(field.name()), Some(field));
    }
}

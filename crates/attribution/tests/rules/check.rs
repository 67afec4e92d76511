use dolmen_attribution::Fault;

use crate::World;

#[track_caller]
fn findings(toml: &str, expected: &[&str]) {
    let found: Vec<_> = World::new(toml).rules.check().iter().map(ToString::to_string).collect();
    assert_eq!(found, expected);
}

#[test]
fn rules_that_differ_are_no_finding() {
    findings(
        r#"
        actor = [
            { name = "a", user_agent = "curl/7*", ip = "10.0.0.0/8" },
            { name = "b", user_agent = "curl/*" },
            { name = "c", user_agent = ["wget", "curl*"] },
        ]
        service = [{ name = "m", monolith = true }, { name = "m", host = "m.example" }]
        operation = [
            { name = "x", service = "m", retired = "2026-10-01" },
            { name = "x", service = "m", query = { op = "x" }, moved_to = "c" },
            { name = "x", service = "c", query = { op = "x" }, retired = "2027-01-01" },
            { name = "y", method = "POST", path = "/a/{x}" },
            { name = "z", path = "/a/{x}" },
        ]
        endpoint = [{ path = "/*" }, { path = "/a/{x}" }, { path = "/a/b" }]
        "#,
        &[],
    );
}

#[test]
fn shadowed() {
    findings(
        r#"
        actor = [
            { name = "network", ip = ["10.0.0.0/8", "192.168.0.0/16"] },
            { name = "all curl", user_agent = "curl/*" },
            { name = "old curl", user_agent = ["curl/7*", "curl/6.1"] },
            { name = "script", ip = "10.0.9.7", user_agent = "bash" },
        ]
        operation = [
            { name = "any", path = "/a/{x}" },
            { name = "one", path = "/a/b", method = "POST", service = "m" },
        ]
        "#,
        &[
            "actor 3 `old curl` never matches, since actor 2 `all curl` takes all its calls: put \
             it first, or remove it",
            "actor 4 `script` never matches, since actor 1 `network` takes all its calls: put it \
             first, or remove it",
            "operation 2 `one` never matches, since operation 1 `any` takes all its calls: put it \
             first, or remove it",
        ],
    );
}

#[test]
fn a_star_does_not_cover_the_absence_of_a_text() {
    findings(
        r#"actor = [{ name = "some", user_agent = "*" }, { name = "none", user_agent = "" }]"#,
        &[],
    );
    findings(
        r#"operation = [{ name = "a", query = { op = "*" } }, { name = "b", query = { op = "" } }]"#,
        &[
            "operation 2 `b` never matches, since operation 1 `a` takes all its calls: put it first, \
           or remove it",
        ],
    );
}

#[test]
fn duplicates() {
    findings(
        r#"
        actor = [{ name = "a", user_agent = ["x", "y"] }, { name = "a", user_agent = ["y", "x"] }]
        endpoint = [{ path = "/a/{x}" }, { path = "/a/{y}" }, { path = "/a/{x}/" }]
        "#,
        &[
            "actor 2 `a` says the same as actor 1 `a`: remove one of them",
            "endpoint 2 `/a/{y}` never matches, since endpoint 1 `/a/{x}` takes all its calls: \
             put it first, or remove it",
            "endpoint 3 `/a/{x}/` says the same as endpoint 1 `/a/{x}`: remove one of them",
        ],
    );
}

#[test]
fn contradictions() {
    findings(
        r#"
        operation = [
            { name = "x", service = "m", query = { op = "x" }, retired = "2026-10-01" },
            { name = "x", service = "m", path = "/x", retired = "2026-11-01", moved_to = "c" },
            { name = "x", service = "m", path = "/y", moved_to = "d" },
        ]
        "#,
        &[
            "operation 2 `x` has retired = \"2026-11-01\", but operation 1 `x` has \
             \"2026-10-01\": both are about one operation on one service, so they must agree",
            "operation 3 `x` has moved_to = \"d\", but operation 2 `x` has \"c\": both are about \
             one operation on one service, so they must agree",
        ],
    );
}

#[test]
fn as_data() {
    let world =
        World::new(r#"operation = [{ name = "a", path = "/a" }, { name = "b", path = "/a" }]"#);
    let findings = world.rules.check();
    assert_eq!(findings[0].fault, Fault::Shadowed);
    assert_eq!(
        serde_json::to_value(&findings).unwrap(),
        serde_json::json!([{
            "rule": { "kind": "operation", "index": 1, "name": "b" },
            "earlier": { "kind": "operation", "index": 0, "name": "a" },
            "fault": "shadowed",
        }])
    );
}

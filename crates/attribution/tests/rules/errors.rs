//! Every fault, with the whole text that its author reads.

use dolmen_attribution::{RuleSet, Rules};
use dolmen_model::Names;

#[track_caller]
fn refused(toml: &str, expected: &[&str]) {
    let set: RuleSet = toml::from_str(toml).unwrap();
    let errors = Rules::compile(&set, &Names::new()).unwrap_err();
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(texts, expected);
}

#[track_caller]
fn unreadable(toml: &str, expected: &str) {
    let error = toml::from_str::<RuleSet>(toml).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn names() {
    refused(
        r#"
        actor = [{ name = " ", user_agent = "a" }, { name = "unknown", user_agent = "a" }]
        operation = [{ name = "(other)" }]
        "#,
        &[
            "actor 1 ` `: `name` = \" \": the name is empty: give the rule a name",
            "actor 2 `unknown`: `name` = \"unknown\": dolmen uses this name for what no rule \
             names: choose another",
            "operation 1 `(other)`: `name` = \"(other)\": dolmen uses this name for what no rule \
             names: choose another",
        ],
    );
}

#[test]
fn conditions_that_say_nothing() {
    refused(
        r#"actor = [{ name = "a" }, { name = "b", ip = [] }, { name = "c", user = [] }]"#,
        &[
            "actor 1 `a`: `name` = \"a\": the rule has no condition and would name nobody: add \
             `user_agent`, `ip`, `user` or `header`",
            "actor 2 `b`: `ip`: the list is empty and nothing would match it: add a value or \
             remove the key",
            "actor 3 `c`: `user`: the list is empty and nothing would match it: add a value or \
             remove the key",
        ],
    );
}

#[test]
fn texts_and_headers() {
    refused(
        r#"
        [[actor]]
        name = "a"
        user_agent = 'é\'
        header = { "X Client" = "a", X-A = "b", x-a = "c" }
        "#,
        &[
            "actor 1 `a`: `user_agent` = \"é\\\", column 2: `\\` has nothing behind it: write \
             `\\\\` for the character itself",
            "actor 1 `a`: `header.X Client` = \"X Client\": this is not a header name: write it \
             as in the request, such as `X-Client`",
            "actor 1 `a`: `header.x-a` = \"x-a\": the header stands here twice, its name in \
             another case: put both values in one list",
        ],
    );
}

#[test]
fn paths() {
    refused(
        r#"endpoint = [{ path = "/é/{id" }, { path = "cards" }]"#,
        &[
            "endpoint 1 `/é/{id`: `path` = \"/é/{id\", column 4: `{` is not closed before the \
             segment ends: write `{name}`",
            "endpoint 2 `cards`: `path` = \"cards\", column 1: a path template starts with `/`: \
             write `/cards`",
        ],
    );
}

#[test]
fn methods_and_services() {
    refused(
        r#"
        operation = [
            { name = "a", method = ["GET", "post"] },
            { name = "b", method = "G T" },
            { name = "c", method = [] },
            { name = "d", service = "m", moved_to = "m" },
            { name = "e", service = "" },
        ]"#,
        &[
            "operation 1 `a`: `method` = \"post\": methods are case-sensitive: write `POST`",
            "operation 2 `b`: `method` = \"G T\": this is not an HTTP method: write a word such \
             as `POST`",
            "operation 3 `c`: `method`: the list is empty and nothing would match it: add a value \
             or remove the key",
            "operation 4 `d`: `moved_to` = \"m\": the operation cannot move to the service that \
             it leaves: name the new service",
            "operation 5 `e`: `service`: the name is empty: give the rule a name",
        ],
    );
}

#[test]
fn addresses_and_days_are_refused_where_they_are_read() {
    unreadable(r#"actor = [{ name = "a", ip = "10.0.9" }]"#, "`10.0.9` is neither an address");
    unreadable(
        r#"actor = [{ name = "a", ip = ["10.0.9.1", "10.0.9.7/24"] }]"#,
        "write `10.0.9.0/24` for the network, or `10.0.9.7` for the address alone",
    );
    unreadable(r#"trusted_proxies = [7]"#, "expected an address (10.0.9.7) or a network");
    unreadable(r#"actor = [{ name = "a", user = 7 }]"#, "expected a text or a list of texts");
    let retired = |day: &str| format!("operation = [{{ name = \"a\", retired = {day} }}]");
    unreadable(&retired("\"2026-13-01\""), "`2026-13-01` is not a day: write it as 2026-10-01");
    unreadable(&retired("\"2026-10-01T00:00:00\""), "is not a day");
    unreadable(&retired("2026-10-01"), "expected a day in quotes, such as \"2026-10-01\"");
}

#[test]
fn what_was_read_can_be_written_again() {
    let text = r#"
        trusted_proxies = ["10.0.0.1"]
        actor = [{ name = "a", ip = "10.0.9.0/24", header = { X-A = ["b", "c"] } }]
        operation = [{ name = "o", method = "GET", retired = "2026-10-01" }]
        service = [{ name = "s", monolith = true }]
        endpoint = [{ path = "/a/{b}" }]
    "#;
    let set: RuleSet = toml::from_str(text).unwrap();
    let again: RuleSet = toml::from_str(&toml::to_string(&set).unwrap()).unwrap();
    assert_eq!(set, again);
}

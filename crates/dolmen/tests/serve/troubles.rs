//! Whose lines cannot be read learns of it where they look.

use serde_json::Value;

use crate::server::Place;

const CONFIG: &str = r#"
[[source]]
name = "missing"
path = "missing.log"

[[source]]
name = "empty"
path = "nothing-*.log"

[[source]]
name = "strange"
path = "strange.log"

[[source]]
name = "syslog"
kind = "syslog"
listen = "127.0.0.1:0"

[[source]]
name = "well"
path = "well*.log"
"#;

const LINE: &str =
    "10.0.0.1 - - [01/Mar/2026:10:00:00 +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" \"sh\"\n";

fn source<'a>(sources: &'a Value, name: &str) -> &'a Value {
    let mut rows = sources["sources"].as_array().unwrap().iter();
    rows.find(|row| row["source"] == name).unwrap()
}

fn problem<'a>(sources: &'a Value, name: &str) -> &'a str {
    source(sources, name)["problem"].as_str().unwrap_or_default()
}

#[test]
fn what_keeps_lines_from_being_read_is_shown_until_it_is_over() {
    let place = Place::new();
    place.file("dolmen.toml", CONFIG);
    place.file("strange.log", "what is this\n");
    place.file("well-1.log", LINE);
    let server = place.serve();
    let sources = server.until("/api/v1/sources", |sources| {
        source(sources, "well")["lines"] == 1 && !problem(sources, "strange").is_empty()
    });
    for (name, text, files) in [
        ("missing", "missing.log: No such file or directory", Value::from(0)),
        ("empty", "nothing-*.log: no file matches it", Value::from(0)),
        ("strange", "strange.log", Value::from(1)),
        ("syslog", "not built in yet", Value::Null),
    ] {
        let problem = problem(&sources, name);
        assert!(problem.contains(text), "{name}: {problem}");
        assert_eq!(source(&sources, name)["files"], files, "{name}");
        assert!(source(&sources, name)["problem_since"].is_string(), "{name}");
    }
    let well = source(&sources, "well");
    assert_eq!((&well["files"], &well["problem"]), (&Value::from(1), &Value::Null));
    let metrics = server.ask("GET", "/metrics", &[], b"");
    for line in [
        "dolmen_source_problem{source=\"missing\"} 1",
        "dolmen_source_problem{source=\"well\"} 0",
        "dolmen_source_files{source=\"empty\"} 0",
    ] {
        assert!(metrics.text().contains(line), "{line}: {}", metrics.text());
    }
    place.file("missing.log", LINE.replace("/a", "/b"));
    place.file("nothing-1.log", LINE.replace("/a", "/c"));
    place.file("strange.log", LINE.replace("/a", "/d"));
    let sources = server.until("/api/v1/sources", |sources| {
        ["missing", "empty", "strange"].iter().all(|name| problem(sources, name).is_empty())
    });
    assert_eq!(source(&sources, "empty")["files"], 1);
    server.until("/api/v1/panel", |panel| panel["calls"] == 4);
}

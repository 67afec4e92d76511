//! Logs that are lost: no silence.

use std::fmt::Write as _;

use jiff::ToSpan;
use jiff::civil::{Date, date};

use crate::place::{Place, of, reasons};

/// The proxy stands before all services, and a rule says which calls are the monolith's.
const CONFIG: &str = r#"
[[service]]
name = "monolith"
monolith = true
path = "/block.php"

[[source]]
name = "proxy"
path = "proxy.log"
holds = "calls"
service = "edge"
format = '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"'

[[source]]
name = "own"
path = "own.log"
holds = "calls"
service = "monolith"
format = '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"'

[[operation]]
name = "block"
path = "/block.php"

[verdict]
zone = "UTC"
"#;

fn call(log: &mut String, day: Date, hour: i8, address: &str, path: &str) {
    let day = day.strftime("%d/%b/%Y");
    let request = format!("\"POST {path} HTTP/1.1\" 200 12 \"-\" \"curl/7.81\"");
    writeln!(log, "{address} - - [{day}:{hour:02}:00:07 +0000] {request}").unwrap();
}

/// Calls every night until March 2024; logs until June.
fn place(proxy_ends: Date, more: &str) -> Place {
    let place = Place::new();
    let (mut proxy, mut own) = (String::new(), String::new());
    for day in date(2023, 1, 1).series(1.day()).take_while(|day| *day < date(2024, 6, 1)) {
        for hour in 0..24 {
            call(&mut own, day, hour, "10.0.0.8", "/health");
            if day < proxy_ends {
                call(&mut proxy, day, hour, "10.0.0.9", "/ping");
            }
        }
        if day < date(2024, 3, 1) {
            call(&mut proxy, day, 2, "10.0.0.5", "/block.php");
        }
    }
    place.file("proxy.log", format!("{proxy}{more}"));
    place.file("own.log", own);
    place.file("dolmen.toml", CONFIG);
    place.ends(0, &["import", "--store", "s"]);
    place
}

#[test]
fn a_rule_finds_calls_in_any_log_so_each_must_be_there() {
    let verdicts = place(date(2024, 6, 1), "").verdicts(&["--store", "s"]);
    assert_eq!(of(&verdicts, "block")["state"], "safe", "{}", reasons(of(&verdicts, "block")));
    let verdicts = place(date(2024, 3, 1), "").verdicts(&["--store", "s"]);
    let block = of(&verdicts, "block");
    assert_eq!(block["is_safe"], false, "{}", reasons(block));
    assert!(reasons(block).contains("no logs from 1 March 2024"), "{}", reasons(block));
}

#[test]
fn lines_that_nobody_can_read_are_told() {
    let odd = "what is this?\n".repeat(40);
    let verdicts = place(date(2024, 6, 1), &odd).verdicts(&["--store", "s"]);
    let told = reasons(of(&verdicts, "block"));
    assert!(told.contains("40 of 12873 lines of proxy could not be read"), "{told}");
}

/// The monolith's own server once logged no time.
const PLAIN: &str = r#"
[[source]]
name = "plain"
path = "plain.log"
holds = "calls"
service = "monolith"
format = '%h "%r" %>s "%{User-Agent}i"'
"#;

#[test]
fn a_source_without_times_is_told() {
    let place = place(date(2024, 6, 1), "");
    let line = "10.0.0.7 \"POST /block.php HTTP/1.1\" 200 \"curl/7.81\"\n";
    place.file("plain.log", line.repeat(30));
    let letters =
        "\n[[operation]]\nname = \"letters\"\nservice = \"monolith\"\npath = \"/letters\"\n";
    place.file("dolmen.toml", format!("{CONFIG}{PLAIN}{letters}"));
    place.ends(0, &["import", "--store", "s"]);
    let verdicts = place.verdicts(&["--store", "s"]);
    for operation in ["block", "letters"] {
        let told = reasons(of(&verdicts, operation));
        assert!(told.contains("no line of plain has a time (30 lines)"), "{operation}: {told}");
    }
    // Where there is no other line, nothing can be judged, and that is said.
    place.ends(0, &["import", "--store", "t", "plain.log"]);
    let err = place.refused(2, &["verdict", "--store", "t"]);
    assert!(err.contains("no line of the store has a time"), "{err}");
}

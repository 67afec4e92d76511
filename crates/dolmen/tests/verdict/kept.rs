//! What `keep` removes is no silence, and a line with a wrong clock is no end of the log.

use std::fmt::Write as _;
use std::sync::LazyLock;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::place::{Place, of, reasons};

const CONFIG: &str = r#"
[store]
keep = "400d"

[[service]]
name = "monolith"
monolith = true

[[source]]
name = "proxy"
path = "*.log"
holds = "calls"
service = "monolith"
format = '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %{X-Request-Id}o'

[[source]]
name = "app"
path = "app.jsonl"
holds = "marks"
service = "monolith"
format = "json"
fields = { time = "time", request_id = "request_id", operation = "operation" }

[[operation]]
name = "block"
path = "/block"

[verdict]
zone = "UTC"
"#;

/// Days from the first one of the log to today.
const DAYS: i32 = 900;

/// The same from one end of the log to the other, also where a test is under way at midnight.
static TODAY: LazyLock<Date> = LazyLock::new(|| Timestamp::now().to_zoned(TimeZone::UTC).date());

/// So many days after the first one of the log.
fn day(n: i32) -> Date {
    TODAY.checked_sub(DAYS.days()).unwrap().checked_add(n.days()).unwrap()
}

fn call(log: &mut String, day: Date, address: &str, path: &str) {
    let shown = day.strftime("%d/%b/%Y");
    let id = log.len();
    writeln!(
        log,
        "{address} - - [{shown}:10:00:07 +0000] \"POST {path} HTTP/1.1\" 200 12 \"-\" \"curl/7\" \
         {day}-{id}"
    )
    .unwrap();
}

/// Calls every day; somebody seen once on day 100, and somebody unseen on days 90 and 440.
fn place() -> Place {
    let place = Place::new();
    for (name, days) in [("a.log", 0..450), ("b.log", 450..DAYS)] {
        let mut log = String::new();
        for n in days {
            call(&mut log, day(n), "10.0.0.9", "/ping");
            if n < 460 {
                call(&mut log, day(n), "10.0.0.5", "/block");
            }
            if n == 100 {
                call(&mut log, day(n), "10.0.0.8", "/block");
            }
        }
        place.file(name, log);
    }
    let marks = [90, 440].map(|n| {
        let time = day(n);
        format!(r#"{{"time":"{time}T23:00:07Z","request_id":"m{n}","operation":"audit"}}"#)
    });
    place.file("app.jsonl", marks.join("\n") + "\n");
    place.file("dolmen.toml", CONFIG);
    // One after the other: the first goes as a whole.
    for files in [&["a.log"][..], &["b.log"], &["--marks", "app.jsonl"]] {
        place.ends(0, &[&["import", "--store", "s"], files].concat());
    }
    place
}

#[test]
fn whoever_was_seen_in_removed_lines_is_not_gone() {
    let place = place();
    let known = |what: &str| {
        let verdicts = place.verdicts(&["--store", "s"]);
        let block = of(&verdicts, "block");
        assert_eq!(block["state"], "silent", "{what}: {}", reasons(block));
        assert!(block["safe_on"].is_null(), "{what}: {}", reasons(block));
        let audit = of(&verdicts, "audit");
        let state = (audit["state"].clone(), audit["calls"].clone());
        assert_eq!(state, ("silent".into(), 2.into()), "{what}: {audit}");
        assert_eq!(audit["callers"][0]["is_hidden"], true);
        block["calls"].clone()
    };
    let calls = known("all lines");
    let removed = place.ends(0, &["store", "compact", "--store", "s"]);
    assert!(removed.contains("903 lines"), "two calls a day, one more, two marks: {removed}");
    assert_eq!(known("removed"), calls);
    let mut old = String::new();
    call(&mut old, jiff::civil::date(1970, 1, 1), "10.0.0.9", "/ping");
    place.file("c.log", old);
    place.ends(0, &["import", "--store", "s", "c.log"]);
    assert_eq!(known("a clock of 1970"), calls);
    place.ends(0, &["store", "compact", "--store", "s"]);
    assert_eq!(known("which is removed as well"), calls);
}

#[test]
fn a_line_of_the_future_is_not_the_end() {
    let place = place();
    let mut future = String::new();
    call(&mut future, jiff::civil::date(2199, 1, 1), "10.0.0.9", "/ping");
    place.file("c.log", future);
    place.ends(0, &["import", "--store", "s", "c.log"]);
    let verdicts = place.verdicts(&["--store", "s"]);
    let at: Timestamp = verdicts["at"].as_str().unwrap().parse().unwrap();
    assert!(at <= Timestamp::now(), "{at}");
    assert!(!verdicts["gaps"].to_string().contains("2199"), "{}", verdicts["gaps"]);
    // Whoever asks for a day of the future gets it.
    let verdicts = place.verdicts(&["--store", "s", "--at", "2199-01-02"]);
    assert!(verdicts["at"].as_str().unwrap().starts_with("2199"), "{}", verdicts["at"]);
}

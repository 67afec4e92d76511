//! Days are those of the callers' clocks, west of Greenwich too.

use std::fmt::Write as _;

use crate::place::{MONOLITH, Place, of};

/// New York, by its rule: the test does not ask this machine's tables.
const CONFIG: &str = r#"
[[operation]]
name = "export"
service = "monolith"
path = "/export"
retired = "2024-07-01"

[verdict]
zone = "EST5EDT,M3.2.0,M11.1.0"
"#;

/// The evening of the last of June, when it is July in London.
fn place() -> Place {
    let place = Place::new();
    let mut log = String::new();
    for (time, path) in [
        ("30/Jun/2024:15:00:00 +0000", "/export"),
        ("01/Jul/2024:01:00:00 +0000", "/export"),
        ("02/Jul/2024:12:00:00 +0000", "/health"),
    ] {
        let request = format!("\"GET {path} HTTP/1.1\" 200 10 \"-\" \"export/3\"");
        writeln!(log, "10.0.0.1 - - [{time}] {request}").unwrap();
    }
    place.file("access.log", log);
    place.file("dolmen.toml", format!("{MONOLITH}{CONFIG}"));
    place.ends(0, &["import", "--store", "s"]);
    place
}

#[test]
fn the_evening_before_it_is_retired_is_not_residual() {
    let place = place();
    let now = place.verdicts(&["--store", "s"]);
    let export = of(&now, "export");
    assert_eq!(export["retired"], "2024-07-01T04:00:00Z");
    assert_ne!(export["state"], "residual");
    // In UTC the same call came after midnight.
    let utc = place.verdicts(&["--store", "s", "--zone", "UTC"]);
    assert_eq!(of(&utc, "export")["state"], "residual");
}

#[test]
fn a_day_that_is_typed_begins_by_the_same_clocks() {
    let place = place();
    let at = |at: &str| place.verdicts(&["--store", "s", "--at", at])["at"].clone();
    assert_eq!(at("2024-07-02"), "2024-07-02T04:00:00Z");
    assert_eq!(at("2024-07-02T00:00:00Z"), "2024-07-02T00:00:00Z");
}

#[test]
fn whoever_shows_instants_is_told_what_clocks_show() {
    let now = place().verdicts(&["--store", "s"]);
    assert_eq!(now["clocks"][0]["ahead"], -4 * 3_600);
    assert_eq!(now["zone"], "UTC-04:00");
    let first = now["clocks"][0]["from"].as_str().unwrap();
    assert!(first <= "2024-06-30T15:00:00Z", "{first}");
}

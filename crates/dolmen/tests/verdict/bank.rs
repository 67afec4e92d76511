//! A small world: two years of a monolith with a nightly job, a monthly script, and somebody who
//! was seen once.

use std::fmt::Write as _;
use std::fs;

use jiff::ToSpan;
use jiff::civil::{Date, date};

use crate::place::{MONOLITH, Place, of, reasons};

const CONFIG: &str = r#"
[[actor]]
name = "export job"
user_agent = "export/*"

[[operation]]
name = "export"
service = "monolith"
path = "/export"
retired = "2024-07-01"
moved_to = "exports"

[[operation]]
name = "accounts"
service = "monolith"
path = "/accounts"

[[operation]]
name = "audit"
service = "monolith"
path = "/audit"

[[operation]]
name = "letters"
service = "monolith"
path = "/letters"

[verdict]
zone = "UTC"
"#;

/// Every night until the end of June 2024; a script on each first of the month; one audit.
pub(crate) fn place() -> Place {
    let place = Place::new();
    let mut log = String::new();
    let first = date(2023, 3, 1);
    for day in first.series(1.day()).take_while(|day| *day < date(2025, 3, 1)) {
        if day < date(2024, 6, 30) {
            call(&mut log, day, "02:00:07", "10.0.0.1", "/export", "export/3");
        }
        if day.day() == 1 {
            call(&mut log, day, "06:15:01", "10.0.0.2", "/accounts", "python-requests/2.31");
        }
        if day == date(2023, 5, 11) {
            call(&mut log, day, "11:42:13", "10.0.0.9", "/audit", "Mozilla/5.0");
        }
        // What is no operation keeps the log alive.
        for hour in 0..24 {
            let time = format!("{hour:02}:30:00");
            call(&mut log, day, &time, "10.0.0.3", "/health", "probe/1");
        }
    }
    place.file("access.log", log);
    place.file("dolmen.toml", format!("{MONOLITH}{CONFIG}"));
    place.ends(0, &["import", "--store", "s"]);
    place
}

fn call(log: &mut String, day: Date, time: &str, address: &str, path: &str, agent: &str) {
    let day = day.strftime("%d/%b/%Y");
    let line = format!(
        "{address} - - [{day}:{time} +0000] \"GET {path} HTTP/1.1\" 200 10 \"-\" \"{agent}\""
    );
    writeln!(log, "{line}").unwrap();
}

#[test]
fn each_state_says_why() {
    let place = place();
    let now = place.verdicts(&["--store", "s"]);
    assert_eq!(now["at"], "2025-02-28T23:30:00.000001Z");
    assert_eq!(now["operations"].as_array().unwrap().len(), 4);

    let export = of(&now, "export");
    assert_eq!(
        (export["state"].as_str(), export["is_safe"].as_bool()),
        (Some("retired"), Some(true))
    );
    assert_eq!(export["callers"][0]["cadence"], "every day at 02:00");
    assert_eq!(export["callers"][0]["actor"], "export job");
    assert_eq!(export["last_call"], "2024-06-29T02:00:07Z");
    assert_eq!(export["moved_to"], "exports");

    let accounts = of(&now, "accounts");
    assert_eq!(accounts["state"], "in_use");
    assert_eq!(accounts["callers"][0]["cadence"], "1st day of the month at 06:15");
    assert_eq!(accounts["callers"][0]["next_expected"], "2025-03-01T06:15:00Z");
    assert_eq!(accounts["callers"][0]["hits"], 24);
    let due = now["expected"].as_array().unwrap();
    assert!(due.iter().any(|call| call["operation"] == "accounts"), "{due:?}");

    let audit = of(&now, "audit");
    assert_eq!((&audit["state"], &audit["safe_on"]), (&"silent".into(), &serde_json::Value::Null));
    assert!(
        reasons(audit).contains("was seen once, on 11 May 2023 at 11:42"),
        "{}",
        reasons(audit)
    );

    let letters = of(&now, "letters");
    assert_eq!(letters["state"], "never_seen");
    assert!(reasons(letters).contains("never seen in 731 days of logs"), "{}", reasons(letters));
}

#[test]
fn the_past_is_judged_by_what_was_known_then() {
    let place = place();
    let at = |at: &str| {
        let verdicts = place.verdicts(&["--store", "s", "--at", at, "export"]);
        let verdict = of(&verdicts, "export").clone();
        (verdict["state"].as_str().unwrap().to_owned(), verdict)
    };
    assert_eq!(at("2024-06-29").0, "in_use");
    let (state, verdict) = at("2024-07-02");
    assert_eq!(state, "in_use", "two nights are no week");
    // Nightly for sixteen months, a year's end watched: a week is what is needed.
    assert_eq!(verdict["safe_on"], "2024-07-07T00:00:00Z");
    assert_eq!(at("2024-07-06T23:59:59Z").0, "silent");
    let (state, verdict) = at("2024-07-07");
    assert_eq!(state, "retired");
    assert_eq!(verdict["callers"][0]["missed_in_a_row"], 7);
    // Before a year has ended, nothing is safe.
    let early = place.verdicts(&["--store", "s", "--at", "2023-04-01", "export"]);
    assert!(reasons(of(&early, "export")).contains("no end of a year was watched yet"));
}

#[test]
fn exit_codes_say_whether_it_may_be_switched_off() {
    let place = place();
    assert!(place.ends(0, &["verdict", "export", "--store", "s"]).contains("retired"));
    let table = place.ends(3, &["verdict", "--store", "s"]);
    assert!(
        table.contains("1 of 4 operations may be switched off, as of 2025-02-28 23:30"),
        "{table}"
    );
    assert!(table.lines().all(|line| line.chars().count() <= 120), "{table}");
    assert!(table.contains("Days to watch"), "{table}");
    let err = place.refused(2, &["verdict", "exprot", "--store", "s"]);
    assert!(err.contains("there is no operation `exprot`: did you mean `export`?"), "{err}");
    let err = place.refused(2, &["verdict", "--service", "monolit", "--store", "s"]);
    assert!(err.contains("did you mean `monolith`?"), "{err}");
    let err = place.refused(2, &["verdict", "--zone", "Europe/Pari", "--store", "s"]);
    assert!(err.contains("did you mean `Europe/Paris`?"), "{err}");
    let err = place.refused(2, &["verdict", "--alpha", "5", "--store", "s"]);
    assert!(err.contains("above 0 and below 1"), "{err}");
    let err = place.refused(1, &["verdict", "--store", "nowhere"]);
    assert!(err.contains("nowhere"), "{err}");
}

#[test]
fn what_is_said_in_french_is_french_on_the_terminal_and_in_the_table() {
    let place = place();
    let table = place.ends(3, &["verdict", "--store", "s", "--lang", "fr"]);
    assert!(table.contains("1 opération sur 4 peut être éteinte, au 28/02/2025 23:30"), "{table}");
    assert!(table.contains("audit sur monolith"), "{table}");
    assert!(table.contains("a été vu une seule fois, le 11 mai 2023 à 11:42"), "{table}");
    assert!(table.contains("01/03/2025 06:15"), "{table}");
    for english in ["still", "last call", "never", "retired", "of 4", "2025-"] {
        assert!(!table.contains(english), "{english}: {table}");
    }
    let csv = place.ends(3, &["verdict", "--store", "s", "--csv", "--lang", "fr"]);
    assert!(csv.starts_with("operation,service,state,is_safe"), "names of columns stay: {csv}");
    assert!(csv.contains("aucun silence ne le prouvera"), "{csv}");
    let err = place.refused(2, &["verdict", "--store", "s", "--lang", "de"]);
    assert!(err.contains("write `en` or `fr`"), "{err}");
}

#[test]
fn a_day_that_has_no_calendar_is_refused() {
    let place = place();
    for day in ["9999-12-30", "9000-01-01"] {
        let err = place.refused(2, &["verdict", "--store", "s", "--at", day]);
        assert!(err.contains("as of the year 9000 or later"), "{err}");
    }
    place.ends(3, &["verdict", "--store", "s", "--at", "8999-12-31"]);
}

#[test]
fn a_board_gets_one_page_and_a_table() {
    let place = place();
    place.ends(3, &["verdict", "--store", "s", "--html", "board.html"]);
    let page = fs::read_to_string(place.path("board.html")).unwrap();
    assert!(page.starts_with("<!doctype html>"));
    assert!(page.contains("<td>accounts</td>") && page.contains("Days to watch"), "{page}");
    for outside in ["http:", "https:", "//", "<script", "<link", "@import", "url("] {
        assert!(!page.contains(outside), "the page asks for {outside}");
    }
    let table = place.ends(3, &["verdict", "--store", "s", "--csv"]);
    let lines: Vec<&str> = table.split("\r\n").collect();
    assert!(lines[0].starts_with("operation,service,state,is_safe,safe_on"));
    assert_eq!(lines.len(), 6, "a header, four operations, and the end of the last line");
    assert!(lines.iter().any(|line| line.starts_with("export,monolith,retired,true,2024-07-07")));
}

#[test]
fn the_configuration_says_how_it_is_judged() {
    let place = place();
    let asked = ["config", "show", "--json"];
    let shown: serde_json::Value = serde_json::from_str(&place.ends(0, &asked)).unwrap();
    let mut settings = shown.as_array().unwrap().iter();
    let zone = settings.find(|one| one["key"] == "verdict.zone").unwrap();
    assert_eq!((&zone["value"], &zone["origin"]["from"]), (&"UTC".into(), &"file".into()));
    let wrong = CONFIG.replace("\"UTC\"", "\"Mars\"\nalpha = 2.0");
    place.file("wrong.toml", format!("{MONOLITH}{wrong}"));
    let err = place.refused(2, &["--config", "wrong.toml", "config", "check"]);
    assert!(
        err.contains("there is no time zone `Mars`") && err.contains("`alpha` is a chance"),
        "{err}"
    );
}

//! What takes minutes and hours, by a clock that the test sets: the program is told another time by
//! libfaketime. Nothing waits for that time to pass.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use crate::server::{PATIENCE, Place, Server};

/// The clock of a program. It goes on by itself from where it was set last.
pub(crate) struct Clock {
    file: PathBuf,
    began: Timestamp,
}

impl Clock {
    pub(crate) fn new(place: &Place) -> Self {
        let clock = Self { file: place.path("clock"), began: Timestamp::now() };
        clock.set(0);
        clock
    }

    /// So many minutes after it was made, however long the test took until now.
    pub(crate) fn set(&self, minutes: i64) {
        let ahead = self.at(minutes).duration_since(Timestamp::now()).as_secs_f64();
        let beside = self.file.with_extension("next");
        fs::write(&beside, format!("{ahead:+.6}\n")).unwrap();
        fs::rename(beside, &self.file).unwrap();
    }

    /// So many minutes after it was made.
    pub(crate) fn at(&self, minutes: i64) -> Timestamp {
        self.began + minutes.minutes()
    }

    /// What has a program know it.
    pub(crate) fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        let on = || PathBuf::from("1");
        vec![
            ("LD_PRELOAD", library()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.clone()),
            ("FAKETIME_NO_CACHE", on()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", on()),
            ("DONT_FAKE_MONOTONIC", on()),
            ("NO_FAKE_STAT", on()),
        ]
    }
}

fn library() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").unwrap().map(|folder| folder.unwrap().path());
    let found = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1"));
    let found = found.into_iter().find(|library| library.is_file());
    found
        .unwrap_or_else(|| panic!("these tests need libfaketime: sudo apt-get install libfaketime"))
}

const CONFIG: &str = r#"
[[source]]
name = "proxy"
path = "access.log"
format = "combined"
service = "monolith"

[[source]]
name = "other"
path = "other*.log"
format = "combined"
service = "cards"
"#;

fn line(at: Timestamp) -> String {
    let at = at.strftime("%d/%b/%Y:%H:%M:%S +0000");
    format!("10.0.0.1 - - [{at}] \"GET /a HTTP/1.1\" 200 5 \"-\" \"sh\"\n")
}

/// A source that had 900 lines in each hour around this one, for eight days, has been listened to for
/// an hour, and spoke at its end.
fn heard_for_an_hour() -> (Place, Clock, Server) {
    let place = Place::new();
    place.file("dolmen.toml", CONFIG);
    let clock = Clock::new(&place);
    let hours = (1..=8).flat_map(|day| (-2..=4).map(move |hour| 24 * day - hour));
    let mut history: Vec<Timestamp> = hours
        .flat_map(|hour| (0..900).map(move |n| (hour, n)))
        .map(|(hour, n)| clock.at(0) - hour.hours() + (4 * n).seconds())
        .collect();
    history.sort_unstable();
    place.file("access.log", history.into_iter().map(line).collect::<String>());
    place.file("other.log", line(clock.at(0)));
    place.dolmen(&["import", "--store", "store"]);
    let server = place.serve_by(&clock);
    for minutes in [0, 65] {
        clock.set(minutes);
        place.append("access.log", line(clock.at(minutes)));
        // Lines are in the store before it is known when they were heard.
        server.until("/api/v1/sources", |sources| {
            let heard = row(sources, "proxy")["heard"].as_str();
            heard.is_some_and(|heard| heard.parse::<Timestamp>().unwrap() >= clock.at(minutes))
        });
    }
    (place, clock, server)
}

fn row<'v>(sources: &'v Value, name: &str) -> &'v Value {
    let rows = sources["sources"].as_array().unwrap();
    rows.iter().find(|row| row["source"] == name).unwrap()
}

fn source(server: &Server, name: &str) -> Value {
    row(&server.get("/api/v1/sources"), name).clone()
}

pub(crate) fn alerts(server: &Server, kind: &str) -> Vec<Value> {
    let all = server.get("/api/v1/alerts?state=all")["alerts"].as_array().unwrap().clone();
    all.into_iter().filter(|alert| alert["kind"] == kind).collect()
}

/// Somebody else speaks until the watch has told of something of this kind.
#[track_caller]
fn told(place: &Place, server: &Server, log: &str, line: &str, kind: &str) -> Value {
    let until = Instant::now() + PATIENCE;
    loop {
        place.append(log, line);
        if let Some(alert) = alerts(server, kind).first() {
            return alert.clone();
        }
        let sources = || server.get("/api/v1/sources");
        assert!(Instant::now() < until, "nobody was told of {kind}: {:#}", sources());
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_busy_source_is_missed_within_minutes() {
    let (place, clock, server) = heard_for_an_hour();
    assert_eq!(source(&server, "proxy")["silent_since"], Value::Null);
    clock.set(70);
    let alert = told(&place, &server, "other.log", &line(clock.at(70)), "silent_source");
    let since = alert["first"].as_str().unwrap();
    assert_eq!(alert["cause"], json!(format!("proxy since {since}")));
    let since: Timestamp = since.parse().unwrap();
    let late = since - clock.at(65);
    assert!(late.get_seconds() >= 0 && since < clock.at(70), "{since} and {}", clock.at(65));
    // Whoever looks sees the same minute.
    let shown = source(&server, "proxy");
    assert_eq!((&shown["silent_since"], &shown["heard"]), (&alert["first"], &alert["first"]));
    let metrics = server.ask("GET", "/metrics", &[], b"");
    assert!(metrics.text().contains("dolmen_source_silent{source=\"proxy\",kind=\"calls\"} 1\n"));
    assert!(metrics.text().contains("dolmen_source_silent{source=\"other\",kind=\"calls\"} 0\n"));
    // It speaks again.
    place.append("access.log", line(clock.at(70)));
    server.until("/api/v1/sources", |sources| row(sources, "proxy")["silent_since"].is_null());
    assert_eq!(alerts(&server, "silent_source").len(), 1, "one silence is one cause");
    // What libfaketime shares goes with a program that ends by itself.
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn who_is_not_read_is_not_silent() {
    let (place, clock, server) = heard_for_an_hour();
    // As on a full disk: the store cannot write.
    let (segments, away) = (place.path("store/segments"), place.path("store/away"));
    fs::rename(&segments, &away).unwrap();
    fs::write(&segments, "in the way").unwrap();
    clock.set(75);
    place.append("access.log", line(clock.at(75)));
    server.says("access.log: ");
    // That round has ended when another file is complained about.
    place.file("other-2.log", line(clock.at(75)));
    server.says("other-2.log: ");
    place.file("other-3.log", line(clock.at(75)));
    server.says("other-3.log: ");
    let before = source(&server, "proxy");
    assert_eq!(before["silent_since"], Value::Null);
    let lines = before["lines"].as_u64().unwrap();
    fs::remove_file(&segments).unwrap();
    fs::rename(&away, &segments).unwrap();
    server.until("/api/v1/sources", |sources| row(sources, "proxy")["lines"] == lines + 1);
    assert_eq!(alerts(&server, "silent_source"), [] as [Value; 0]);
    assert_eq!(server.stop(), Some(0));
}

pub(crate) const MARKS: &str = r#"
[[source]]
name = "proxy"
path = "access.log"
format = '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" "%{X-Request-Id}o"'
service = "monolith"

[[source]]
name = "app"
path = "app.jsonl"
holds = "marks"
format = "json"
service = "monolith"
"#;

pub(crate) fn with_id(at: Timestamp, id: &str) -> String {
    format!("{} \"{id}\"\n", line(at).trim_end())
}

pub(crate) fn mark(at: Timestamp, id: &str) -> String {
    format!("{{\"time\":\"{at}\",\"request_id\":\"{id}\",\"operation\":\"transfer\"}}\n")
}

#[test]
fn who_went_past_the_proxy_is_told_of() {
    let place = Place::new();
    place.file("dolmen.toml", MARKS);
    let clock = Clock::new(&place);
    place.file("access.log", with_id(clock.at(0), "known"));
    place.file("app.jsonl", mark(clock.at(0), "known"));
    let server = place.serve_by(&clock);
    server.until("/api/v1/panel", |panel| panel["joined"] == 1);
    // One with its call, whose line came first, and one that never has one.
    place.append("access.log", with_id(clock.at(2), "with a call"));
    place.append("app.jsonl", mark(clock.at(2), "with a call") + &mark(clock.at(2), "hidden"));
    server.until("/api/v1/panel", |panel| panel["mark_only"] == 1);
    // As long as there may be until its call comes.
    clock.set(2);
    told(&place, &server, "access.log", &with_id(clock.at(2), "-"), "no_id");
    assert_eq!(alerts(&server, "mark_only"), [] as [Value; 0], "its call may still come");
    clock.set(5);
    let alert = told(&place, &server, "access.log", &with_id(clock.at(5), "later"), "mark_only");
    assert_eq!(
        (&alert["cause"], &alert["count"]),
        (&json!("transfer on monolith"), &json!(1)),
        "{alert}"
    );
    assert!(alert["last"].is_string() && alert["first"] == alert["last"], "{alert}");
    // Its line leads to whoever it was; that of the mark whose call came is another's.
    let lines = server.get(&format!("/api/v1/alerts/{}/marks", alert["id"]));
    let lines = lines["marks"].as_array().unwrap();
    assert_eq!((lines.len(), &lines[0]["request_id"]), (1, &json!("hidden")), "{lines:?}");
    assert_eq!(lines[0]["line"], mark(clock.at(2), "hidden").trim_end());
    let bypass = &alerts(&server, "no_id")[0];
    assert!(
        bypass["first"].is_string() && bypass["first"].as_str() <= bypass["last"].as_str(),
        "{bypass}"
    );
    assert_eq!(
        (&bypass["service"], &bypass["where"]),
        (&json!("monolith"), &json!("joined:no_id and service:\"monolith\""))
    );
    let query = crate::server::with("/api/v1/calls", &[("where", "joined:no_id")]);
    let calls = server.get(&query);
    assert_eq!(calls["calls"].as_array().unwrap().len() as u64, bypass["count"].as_u64().unwrap());
    assert_eq!(server.stop(), Some(0));
}

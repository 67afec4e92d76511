//! Lines that are written while somebody looks.

use std::fs;
use std::time::{Duration, Instant};

use crate::server::Place;

const CONFIG: &str = r#"
[[source]]
name = "proxy"
path = "access.log*"
format = "combined"
service = "monolith"

[[service]]
name = "monolith"
monolith = true

[[operation]]
name = "transfer"
service = "monolith"
path = "/transfer"
retired = "2020-01-01"
"#;

fn line(minute: u32, path: &str) -> String {
    format!(
        "10.0.0.{minute} - - [01/Mar/2026:10:{minute:02}:00 +0000] \"GET {path} HTTP/1.1\" 200 5 \"-\" \"sh\"\n"
    )
}

fn place() -> Place {
    let place = Place::new();
    place.file("dolmen.toml", CONFIG);
    place
}

#[test]
fn a_line_is_seen_while_it_is_written() {
    let place = place();
    place.file("access.log", "");
    let server = place.serve();
    // Whoever asks before anything is written is told of each line.
    let mut events = server.events();
    place.append("access.log", line(1, "/a"));
    assert_eq!(events.next("commit")["calls"], 1);
    place.append("access.log", line(2, "/b"));
    assert_eq!(events.next("commit")["calls"], 1);
    let calls = server.get("/api/v1/calls");
    assert_eq!(calls["calls"][0]["target"], "/b");
    // Half a line is none yet.
    let whole = line(3, "/c");
    let (half, rest) = whole.split_at(40);
    place.append("access.log", half);
    place.append("access.log", format!("{rest}{}", line(4, "/d")));
    server.until("/api/v1/panel", |panel| panel["calls"] == 4);
    assert_eq!(server.get("/api/v1/unparsed")["total"], 0);
}

#[test]
fn rotation_neither_loses_nor_repeats() {
    let place = place();
    place.file("access.log", line(1, "/a"));
    let server = place.serve();
    server.until("/api/v1/panel", |panel| panel["calls"] == 1);
    // By rename, with one more line written to the old file.
    fs::rename(place.path("access.log"), place.path("access.log.1")).unwrap();
    place.append("access.log.1", line(2, "/b"));
    place.file("access.log", line(3, "/c"));
    server.until("/api/v1/panel", |panel| panel["calls"] == 3);
    // By truncation.
    place.file("access.log", line(4, "/d"));
    server.until("/api/v1/panel", |panel| panel["calls"] == 4);
    // The old one is compressed.
    let old = fs::read(place.path("access.log.1")).unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &old).unwrap();
    place.file("access.log.1.gz", packed.finish().unwrap());
    fs::remove_file(place.path("access.log.1")).unwrap();
    place.append("access.log", line(5, "/e"));
    let panel = server.until("/api/v1/panel", |panel| panel["calls"].as_u64() >= Some(5));
    assert_eq!(panel["calls"], 5);
}

#[test]
fn a_residual_call_is_told_once_and_again_after_the_answer() {
    let place = place();
    place.file("access.log", line(1, "/a"));
    let server = place.serve();
    server.until("/api/v1/panel", |panel| panel["calls"] == 1);
    let (mut events, mut in_french) = (server.events(), server.events_in("fr"));
    let written = Instant::now();
    place.append("access.log", line(2, "/transfer"));
    let alert = events.next("alert");
    let took = written.elapsed();
    // It takes a second or two; more where a machine has ten times as much to do as it can. By itself
    // the watch would look a minute after it last did.
    assert!(took < Duration::from_secs(40), "{took:?}");
    println!("from line on disk to alert: {took:?}");
    assert_eq!(alert["kind"], "residual_call");
    assert_eq!(alert["text"], "transfer is retired on monolith and still called");
    let french = "transfer est retirée sur monolith et encore appelée";
    assert_eq!(in_french.next("alert")["text"], french);
    assert_eq!(alert["where"], "operation:\"transfer\" and service:\"monolith\"");
    let alerts = server.get("/api/v1/alerts?lang=fr");
    let residual = alerts["alerts"].as_array().unwrap();
    let residual: Vec<_> = residual.iter().filter(|a| a["kind"] == "residual_call").collect();
    assert_eq!((residual.len(), &residual[0]["count"]), (1, &1.into()));
    assert_eq!(residual[0]["text"], french);
    assert_eq!(server.get("/api/v1/panel")["residual_calls"], 1);
    let path = format!("/api/v1/alerts/{}/acknowledge", residual[0]["id"]);
    assert_eq!(server.ask("POST", &path, &[], b"").status, 200);
    // Over a restart it stays known, and the next call is told.
    assert_eq!(server.stop(), Some(0));
    let server = place.serve();
    let mut events = server.events();
    place.append("access.log", line(3, "/transfer"));
    let alert = events.next("alert");
    assert_eq!((&alert["kind"], &alert["count"]), (&"residual_call".into(), &2.into()));
    let times = (&alert["first"], &alert["last"]);
    assert_eq!(times, (&"2026-03-01T10:02:00Z".into(), &"2026-03-01T10:03:00Z".into()));
    server.says("alert: residual_call");
}

#[test]
fn one_bad_file_does_not_keep_the_others_out() {
    let place = Place::new();
    let auto = CONFIG.replace("format = \"combined\"\n", "");
    place.file("dolmen.toml", auto);
    place.file("access.log.bad", "what is this\n\u{1}\u{2}\n");
    place.file("access.log", line(1, "/a"));
    let server = place.serve();
    server.until("/api/v1/panel", |panel| panel["calls"] == 1);
    server.says("access.log.bad");
}

#[test]
fn what_the_store_did_not_take_comes_when_it_does() {
    let place = place();
    place.file("access.log", line(1, "/a"));
    let server = place.serve();
    server.until("/api/v1/panel", |panel| panel["calls"] == 1);
    // As on a full disk: the store cannot write.
    let (segments, away) = (place.path("store/segments"), place.path("store/away"));
    fs::rename(&segments, &away).unwrap();
    fs::write(&segments, "in the way").unwrap();
    place.append("access.log", line(2, "/b"));
    server.says("access.log: ");
    fs::remove_file(&segments).unwrap();
    fs::rename(&away, &segments).unwrap();
    // The file does not change any more.
    server.until("/api/v1/panel", |panel| panel["calls"] == 2);
}

#[test]
fn lines_past_their_time_go_and_their_counts_stay() {
    let place = place();
    place.file("access.log", line(1, "/a"));
    // Months old already: the store is looked after when it starts.
    let days = CONFIG.to_owned() + "\n[store]\nkeep = \"forever\"\n";
    place.file("dolmen.toml", &days);
    {
        let server = place.serve();
        server.until("/api/v1/panel", |panel| panel["calls"] == 1);
        assert_eq!(server.get("/api/v1/calls")["calls"].as_array().unwrap().len(), 1);
    }
    place.file("dolmen.toml", days.replace("forever", "30d"));
    let server = place.serve();
    server.until("/api/v1/calls", |calls| calls["calls"].as_array().unwrap().is_empty());
    assert_eq!(server.get("/api/v1/panel")["calls"], 1);
}

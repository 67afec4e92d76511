//! No line is lost when a log gets another name, whatever the configuration calls it.

use std::fs::{self, File, OpenOptions};
use std::io::Write;

use crate::server::{Place, Server};

const CONFIG: &str = r#"
[[source]]
name = "proxy"
path = "access.log"
format = "combined"
"#;

struct Log {
    place: Place,
    /// Lines written so far.
    written: u64,
}

impl Log {
    fn new() -> Self {
        let place = Place::new();
        place.file("dolmen.toml", CONFIG);
        Self { place, written: 0 }
    }

    /// What a server has open.
    fn open(&self) -> File {
        let path = self.place.path("access.log");
        OpenOptions::new().create(true).append(true).open(path).unwrap()
    }

    fn write(&mut self, mut log: &File, lines: u64) {
        for _ in 0..lines {
            self.written += 1;
            let written = self.written;
            let line = format!(
                "10.0.0.1 - - [01/Mar/2026:10:00:00 +0000] \"GET /{written} HTTP/1.1\" 200 5 \"-\" \"sh\"\n"
            );
            log.write_all(line.as_bytes()).unwrap();
        }
    }

    fn rename(&self, number: usize) {
        let name = format!("access.log.{number}");
        fs::rename(self.place.path("access.log"), self.place.path(&name)).unwrap();
    }

    /// Waits until every line was counted, and none twice.
    #[track_caller]
    fn is_counted(&self, server: &Server) {
        let written = self.written;
        let panel = server.until("/api/v1/panel", |panel| panel["calls"].as_u64() >= Some(written));
        assert_eq!(panel["calls"], written);
    }
}

#[test]
fn what_is_written_around_a_rename_is_read() {
    let mut log = Log::new();
    let mut file = log.open();
    let server = log.place.serve();
    for rotation in 1..=10 {
        log.write(&file, 30);
        log.is_counted(&server);
        log.write(&file, 20);
        log.rename(rotation);
        // A server goes on with the old one until it is told to open the new one.
        log.write(&file, 20);
        file = log.open();
    }
    log.write(&file, 1);
    log.is_counted(&server);
    assert_eq!(server.get("/api/v1/unparsed")["total"], 0);
}

#[test]
fn what_is_written_to_a_log_without_a_name_is_read() {
    let mut log = Log::new();
    let old = log.open();
    log.write(&old, 1);
    let server = log.place.serve();
    log.is_counted(&server);
    fs::remove_file(log.place.path("access.log")).unwrap();
    let new = log.open();
    log.write(&new, 1);
    log.is_counted(&server);
    log.write(&old, 1);
    log.is_counted(&server);
}

#[test]
fn a_log_that_was_renamed_while_nobody_read_is_read_to_its_end() {
    let mut log = Log::new();
    let old = log.open();
    log.write(&old, 5);
    // It was never asked for, and stays unread.
    log.place.file(
        "access.log.1",
        "10.0.0.1 - - [01/Mar/2026:09:00:00 +0000] \"GET /old HTTP/1.1\" 200 5 \"-\" \"sh\"\n",
    );
    let server = log.place.serve();
    log.is_counted(&server);
    assert_eq!(server.stop(), Some(0));
    log.write(&old, 5);
    log.rename(2);
    let new = log.open();
    log.write(&new, 5);
    let server = log.place.serve();
    log.is_counted(&server);
    log.write(&old, 1);
    log.is_counted(&server);
}

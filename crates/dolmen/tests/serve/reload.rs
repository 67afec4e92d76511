//! Sources that change while senders are connected, and senders that only take seats.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use rustix::process::Signal;

use crate::own::own_address;
use crate::senders::program;
use crate::server::{PATIENCE, Place, Server, ask};

const LINE: &str =
    "10.0.0.1 - - [01/Mar/2026:10:00:00 +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" \"sh\"";

fn configure(place: &Place, kind: &str, address: SocketAddr, more: &str) {
    place.file(
        "dolmen.toml",
        format!("[[source]]\nname = \"net\"\nkind = \"{kind}\"\nlisten = \"{address}\"\n{more}\n"),
    );
}

fn serve(kind: &str, more: &str) -> (Place, Server, SocketAddr) {
    let (place, address) = (Place::new(), own_address());
    configure(&place, kind, address, more);
    let server = place.serve();
    server.says("listens on ");
    (place, server, address)
}

fn calls(server: &Server, count: u64) {
    server.until("/api/v1/panel", |panel| panel["calls"] == count);
}

#[test]
fn a_sender_that_waits_for_room_does_not_keep_its_source_from_changing() {
    // Nobody knows the format of these lines, so none is read and the spool stays full.
    let limits = "max_line = \"1 KiB\"\nmax_spool = \"4 MiB\"";
    let (place, server, address) = serve("tcp", limits);
    let mut sender = TcpStream::connect(address).unwrap();
    let lines = "\u{1}\u{2} what is this\n".repeat(60_000);
    let sending = std::thread::spawn(move || {
        // It is cut off in the middle.
        for _ in 0..100 {
            if sender.write_all(lines.as_bytes()).is_err() {
                return;
            }
        }
    });
    server.counts("dolmen_source_refused_total{source=\"net\",reason=\"spool\"} 1");
    assert!(!sending.is_finished(), "it waits for room");
    configure(&place, "tcp", address, &limits.replace("1 KiB", "2 KiB"));
    server.says("listens on ");
    server.says("lines are lost: the spool was full to the end");
    server.says("read again and is in effect");
    sending.join().unwrap();
    TcpStream::connect(address).unwrap();
}

#[test]
fn reading_goes_on_while_a_slow_request_is_waited_for() {
    let (place, server, address) = serve("http", "format = \"combined\"");
    let mut slow = TcpStream::connect(address).unwrap();
    slow.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = LINE.len();
    let head = format!("POST /api/v1/ingest/net HTTP/1.0\r\nContent-Length: {length}\r\n\r\n");
    write!(slow, "{head}{}", &LINE[..30]).unwrap();
    server.counts("dolmen_source_connections{source=\"net\"} 1");
    configure(&place, "http", address, "format = \"combined\"\nmax_line = \"1 MiB\"");
    server.says("listens on ");
    assert_eq!(ask(address, "POST", "/api/v1/ingest/net", &[], LINE.as_bytes()).status, 200);
    calls(&server, 1);
    // Only now nobody waits for it any longer, and it is taken all the same.
    server.says("a request is still under way");
    write!(slow, "{}", &LINE[30..]).unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.0 200 "), "{answer}");
    calls(&server, 2);
}

#[test]
fn an_address_that_is_taken_changes_nothing() {
    let (place, server, address) = serve("http", "format = \"combined\"");
    let taken = own_address();
    let other = TcpListener::bind(taken).unwrap();
    configure(&place, "http", taken, "format = \"combined\"");
    let said = server.says("what was in effect before stays");
    assert!(said.contains(&format!("`net` cannot listen on {taken}")), "{said}");
    let meta = server.get("/api/v1/meta");
    assert!(meta["rules"]["problem"].as_str().unwrap().contains("cannot listen"), "{meta:#}");
    assert_eq!(ask(address, "POST", "/api/v1/ingest/net", &[], LINE.as_bytes()).status, 200);
    drop(other);
    server.signal(Signal::HUP);
    server.says("read again and is in effect");
    assert!(server.get("/api/v1/meta")["rules"]["problem"].is_null());
    assert_eq!(ask(taken, "POST", "/api/v1/ingest/net", &[], LINE.as_bytes()).status, 200);
    calls(&server, 2);
}

#[test]
fn a_part_of_a_line_is_no_line_when_the_source_changes() {
    let (place, server, address) = serve("tcp", "format = \"combined\"");
    let mut sender = TcpStream::connect(address).unwrap();
    write!(sender, "{LINE}\n{}", &LINE[..30]).unwrap();
    calls(&server, 1);
    configure(&place, "tcp", address, "format = \"combined\"\nmax_line = \"1 MiB\"");
    let said = server.says("in the middle of a line");
    assert!(said.contains("whose first 30 bytes are left out"), "{said}");
    writeln!(TcpStream::connect(address).unwrap(), "{LINE}").unwrap();
    calls(&server, 2);
    assert_eq!(server.get("/api/v1/unparsed")["total"], 0);
}

#[test]
fn strangers_take_no_seats() {
    let more = "format = \"combined\"\nmax_connections = 1\nallow = [\"127.0.0.2\"]";
    let (_place, server, address) = serve("http", more);
    let silent = [TcpStream::connect(address).unwrap(), TcpStream::connect(address).unwrap()];
    server.counts("dolmen_source_connections{source=\"net\"} 2");
    let sent = std::process::Command::new(program("curl", "curl"))
        .args(["--silent", "--max-time", "60", "--interface", "127.0.0.2", "--data-binary", LINE])
        .arg(format!("http://{address}/api/v1/ingest/net"))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&sent.stdout), "{\"lines\":1,\"repeated\":false}");
    calls(&server, 1);
    assert_eq!(ask(address, "POST", "/api/v1/ingest/net", &[], b"x").status, 403);
    drop(silent);
}

#[test]
fn as_many_files_may_be_open_as_the_system_allows() {
    let place = Place::new();
    place.file("dolmen.toml", "");
    let server = place.serve_with_files(200);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.process())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let figures: Vec<&str> = line.split_whitespace().skip(3).take(2).collect();
    assert_eq!(figures[0], figures[1], "{line}");
}

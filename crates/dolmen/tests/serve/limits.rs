//! What is too much is refused or waits, and is said and counted.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::server::{Answer, PATIENCE, Place, Server, ask};

const LINE: &str =
    "10.0.0.1 - - [01/Mar/2026:10:00:00 +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" \"sh\"";

fn serve(kind: &str, limits: &str) -> (Place, Server, SocketAddr) {
    let place = Place::new();
    place.file(
        "dolmen.toml",
        format!("[[source]]\nname = \"net\"\nkind = \"{kind}\"\nlisten = \"127.0.0.1:0\"\nformat = \"combined\"\n{limits}\n"),
    );
    let server = place.serve();
    let said = server.says("listens on ");
    (place, server, said.rsplit(' ').next().unwrap().parse().unwrap())
}

fn post(source: SocketAddr, body: &[u8]) -> Answer {
    ask(source, "POST", "/api/v1/ingest/net", &[], body)
}

fn detail(answer: &Answer) -> String {
    assert!(answer.head.contains("content-type: application/problem+json"), "{}", answer.head);
    answer.json()["detail"].as_str().unwrap().to_owned()
}

#[track_caller]
fn counted(server: &Server, reason: &str, count: u64) {
    // What was refused last may be on its way still.
    server.counts(&format!(
        "dolmen_source_refused_total{{source=\"net\",reason=\"{reason}\"}} {count}"
    ));
    // Whoever looks at the console sees it too.
    let sources = server.get("/api/v1/sources");
    let refused = sources["sources"][0]["network"]["refused"].as_array().unwrap();
    let shown = refused.iter().find(|one| one["reason"] == reason).unwrap();
    assert_eq!(shown["count"], count, "{reason}");
}

#[test]
fn a_line_over_tcp_that_is_too_long_goes_alone() {
    let (_place, server, address) = serve("tcp", "max_line = \"1 KiB\"");
    let mut stream = TcpStream::connect(address).unwrap();
    let long = "x".repeat(1_025);
    let endless = "y".repeat(600_000);
    write!(stream, "{LINE}\n{long}\n{LINE}\n{endless}\n{LINE}\n{long}").unwrap();
    drop(stream);
    // Its end may come with it or after it.
    let said = server.says("left out, 1024 may be (`max_line`)");
    assert!(said.contains("1025 bytes"), "{said}");
    server.until("/api/v1/panel", |panel| panel["calls"] == 3);
    assert_eq!(server.get("/api/v1/unparsed")["total"], 0);
    counted(&server, "line", 3);
}

#[test]
fn a_request_that_is_too_large_is_refused_whole() {
    let (_place, server, address) =
        serve("http", "max_line = \"1 KiB\"\nmax_body = \"2 KiB\"\nmax_spool = \"4 MiB\"");
    let line = post(address, format!("{LINE}\n{}\n", "x".repeat(1_025)).as_bytes());
    assert_eq!(
        (line.status, detail(&line)),
        (413, "line 2 has more than 1024 bytes (`max_line`)".to_owned())
    );
    let body = post(address, format!("{LINE}\n").repeat(30).as_bytes());
    assert_eq!(body.status, 413);
    assert!(detail(&body).contains("more than 2048 bytes (`max_body`)"), "{}", detail(&body));
    // What is small on the way and large here.
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&[b'\n'; 100_000]).unwrap();
    let packed = packed.finish().unwrap();
    let gzip = [("Content-Encoding", "gzip")];
    let bomb = ask(address, "POST", "/api/v1/ingest/net", &gzip, &packed);
    assert_eq!(bomb.status, 413);
    assert!(detail(&bomb).contains("unpacked"), "{}", detail(&bomb));
    // Without a length, piece by piece.
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST /api/v1/ingest/net HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    .unwrap();
    write!(stream, "bb8\r\n{}\r\n0\r\n\r\n", "\n".repeat(3_000)).unwrap();
    let mut said = String::new();
    // It need not read on, so the connection may break behind the answer.
    _ = stream.read_to_string(&mut said);
    assert!(said.starts_with("HTTP/1.1 413 "), "{said}");
    counted(&server, "line", 1);
    counted(&server, "body", 3);
    assert_eq!(post(address, LINE.as_bytes()).status, 200);
    server.until("/api/v1/panel", |panel| panel["calls"] == 1);
}

/// A connection that does nothing.
fn idle(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    // So that it has been greeted.
    stream.write_all(b"P").unwrap();
    stream
}

fn wait_for_connections(server: &Server, count: u64) {
    server.counts(&format!("dolmen_source_connections{{source=\"net\"}} {count}"));
}

#[test]
fn who_finds_no_seat_over_http_is_told_to_come_back() {
    let (_place, server, address) = serve("http", "max_connections = 2");
    let seats = [idle(address), idle(address)];
    wait_for_connections(&server, 2);
    let refused = post(address, LINE.as_bytes());
    assert_eq!(refused.status, 503);
    assert!(detail(&refused).contains("2 senders are connected already (`max_connections`)"));
    assert!(refused.head.contains("retry-after: 1"), "{}", refused.head);
    server.says("2 are connected, and no more may be (`max_connections`)");
    counted(&server, "connections", 1);
    drop(seats);
    wait_for_connections(&server, 0);
    assert_eq!(post(address, LINE.as_bytes()).status, 200);
}

#[test]
fn who_finds_no_seat_over_tcp_waits() {
    let (_place, server, address) = serve("tcp", "max_connections = 1");
    let mut first = TcpStream::connect(address).unwrap();
    writeln!(first, "{LINE}").unwrap();
    server.until("/api/v1/panel", |panel| panel["calls"] == 1);
    let mut second = TcpStream::connect(address).unwrap();
    writeln!(second, "{LINE}").unwrap();
    drop(second);
    server.says("1 are connected, and no more may be (`max_connections`)");
    writeln!(first, "{LINE}").unwrap();
    server.until("/api/v1/panel", |panel| panel["calls"] == 2);
    drop(first);
    server.until("/api/v1/panel", |panel| panel["calls"] == 3);
}

/// Sends one body after the other until one is refused; the lines that were taken.
fn fill(address: SocketAddr, lines: u64) -> (u64, Answer) {
    let body = format!("{LINE}\n").repeat(usize::try_from(lines).unwrap());
    for taken in (0..).map(|bodies| bodies * lines) {
        let answer = post(address, body.as_bytes());
        if answer.status != 200 {
            return (taken, answer);
        }
    }
    unreachable!("a spool is full some time")
}

#[test]
fn a_full_spool_is_said_and_loses_nothing() {
    let (place, server, address) =
        serve("http", "max_line = \"64 KiB\"\nmax_body = \"1 MiB\"\nmax_spool = \"4 MiB\"");
    // As on a full disk: the store takes nothing, so nothing of the spool is read meanwhile.
    let (segments, away) = (place.path("store/segments"), place.path("store/away"));
    fs::rename(&segments, &away).unwrap();
    fs::write(&segments, "in the way").unwrap();
    let (taken, refused) = fill(address, 10_000);
    assert_eq!(refused.status, 429, "{}", refused.text());
    assert!(detail(&refused).contains("wait to be read"), "{}", detail(&refused));
    assert!(refused.head.contains("retry-after: 1"), "{}", refused.head);
    fs::remove_file(&segments).unwrap();
    fs::rename(&away, &segments).unwrap();
    // Who comes back is taken, as soon as there is room.
    let until = Instant::now() + PATIENCE;
    while post(address, format!("{LINE}\n").as_bytes()).status != 200 {
        assert!(Instant::now() < until, "there is never room");
        std::thread::sleep(Duration::from_millis(50));
    }
    server.until("/api/v1/panel", |panel| panel["calls"] == taken + 1);
}

/// Begins a request in pieces, and sends so much of it.
fn slow(address: SocketAddr, bytes: usize) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = "POST /api/v1/ingest/net HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    // The piece that it is in has one byte more.
    write!(stream, "{head}{:x}\r\n{}", bytes + 1, "\n".repeat(bytes)).unwrap();
    stream
}

#[test]
fn slow_senders_hold_no_more_memory_than_they_sent() {
    let (_place, server, address) =
        serve("http", "max_line = \"1 KiB\"\nmax_body = \"2 KiB\"\nmax_spool = \"4 MiB\"");
    // Each may send as much as the largest body, and has not yet.
    let promised: Vec<_> = (0..8).map(|_| slow(address, 0)).collect();
    wait_for_connections(&server, 8);
    assert_eq!(post(address, LINE.as_bytes()).status, 200);
    drop(promised);
    wait_for_connections(&server, 0);
    // These have sent it, and do not end.
    let _full: Vec<_> = (0..4).map(|_| slow(address, 2_047)).collect();
    wait_for_connections(&server, 4);
    let until = Instant::now() + PATIENCE;
    let refused = loop {
        // It is taken as long as they are not all heard.
        let answer = post(address, LINE.as_bytes());
        if answer.status != 200 {
            break answer;
        }
        assert!(Instant::now() < until, "there is always memory");
    };
    assert_eq!(refused.status, 429);
    assert!(detail(&refused).contains("try again later"), "{}", detail(&refused));
    assert!(refused.head.contains("retry-after: 1"), "{}", refused.head);
}

#[test]
fn limits_change_without_a_restart() {
    let (place, server, address) = serve("http", "max_line = \"1 KiB\"");
    let long = "x".repeat(2_000);
    assert_eq!(post(address, long.as_bytes()).status, 413);
    let text = std::fs::read_to_string(place.path("dolmen.toml")).unwrap();
    place.file("dolmen.toml", text.replace("1 KiB", "4 KiB"));
    let said = server.says("listens on ");
    let address = said.rsplit(' ').next().unwrap().parse().unwrap();
    assert_eq!(post(address, long.as_bytes()).status, 200);
}

#[test]
fn a_network_that_is_not_allowed_is_refused_over_tcp_too() {
    let (_place, server, address) = serve("tcp", "allow = [\"192.0.2.0/24\"]");
    let mut stream = TcpStream::connect(address).unwrap();
    // It may see a reset instead of an end.
    let read = stream.read(&mut [0]);
    assert!(matches!(read, Ok(0) | Err(_)));
    server.says("may not send here (`allow`)");
    counted(&server, "network", 1);
}

//! Lines that are long and do not end: what they are in is shared.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::RwLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::server::{PATIENCE, Place, Server};

const SENDERS: usize = 12;
const LINE: usize = 12 << 20;
/// So many of the longest lines there may be (16 MiB) have memory at once.
const AT_ONCE: usize = 4;

/// Senders whose window is closed (proc(5): the timer of a socket is 4 while it asks whether the other
/// side reads again): nobody reads what they send.
fn waiting(source: SocketAddr) -> usize {
    let to = format!(":{:04X}", source.port());
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let waits = |line: &&str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        fields.get(2).is_some_and(|remote| remote.ends_with(&to))
            && fields.get(5).is_some_and(|timer| timer.starts_with("04:"))
    };
    table.lines().filter(waits).count()
}

/// The most memory it ever had, in bytes.
fn memory(server: &Server) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process())).unwrap();
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    most.split_whitespace().next().unwrap().parse::<usize>().unwrap() << 10
}

#[track_caller]
fn until(what: &str, is_so: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn many_long_lines_that_do_not_end_share_their_memory_and_none_is_lost() {
    let place = Place::new();
    place.file(
        "dolmen.toml",
        "[[source]]\nname = \"net\"\nkind = \"tcp\"\nlisten = \"127.0.0.1:0\"\nformat = \"combined\"\n",
    );
    let server = place.serve();
    let said = server.says("listens on ");
    let source: SocketAddr = said.rsplit(' ').next().unwrap().parse().unwrap();
    let before = memory(&server);
    let (gate, sent) = (RwLock::new(()), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let closed = gate.write().unwrap();
        for _ in 0..SENDERS {
            scope.spawn(|| {
                let mut stream = TcpStream::connect(source).unwrap();
                stream.write_all(&vec![b'x'; LINE]).unwrap();
                sent.fetch_add(1, Ordering::Relaxed);
                // Nobody ends a line before all have sent what they can.
                drop(gate.read());
                stream.write_all(b"\n").unwrap();
            });
        }
        until("some are read and the others wait", || {
            let has_room = sent.load(Ordering::Relaxed) == AT_ONCE;
            has_room && waiting(source) == SENDERS - AT_ONCE
        });
        let more = memory(&server) - before;
        println!("{SENDERS} lines of {LINE} bytes, and none at its end: {more} bytes of memory");
        assert!(more < AT_ONCE * LINE + SENDERS * (1 << 20) + (24 << 20), "{more}");
        drop(closed);
    });
    let taken = format!("dolmen_source_received_lines_total{{source=\"net\"}} {SENDERS}\n");
    until("all are taken", || server.ask("GET", "/metrics", &[], b"").text().contains(&taken));
}

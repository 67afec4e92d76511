//! `dolmen serve`, killed under a stream of lines. `cargo xtask prove serve` does it fifty times.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::own::own_address;
use crate::server::{Place, with};

/// Lines of a batch, and batches in a second: 20,000 lines.
const BATCH: u64 = 200;
const EVERY: Duration = Duration::from_millis(10);

fn kills() -> u64 {
    std::env::var("DOLMEN_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(3)
}

fn line(number: u64) -> String {
    format!(
        "10.0.0.1 - - [01/Mar/2026:10:{:02}:{:02} +0000] \"GET /a/{number} HTTP/1.1\" 200 5 \"-\" \"sh\" \"id-{number:012}\"\n",
        number / 60 % 60,
        number % 60
    )
}

const FORMAT: &str = r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" "%{X-Request-Id}o""#;

fn place(kind: &str) -> (Place, SocketAddr) {
    let place = Place::new();
    // It is listened to again after each kill.
    let address = own_address();
    place.file(
        "dolmen.toml",
        format!("[[source]]\nname = \"net\"\nkind = \"{kind}\"\nlisten = \"{address}\"\nformat = '{FORMAT}'\n"),
    );
    (place, address)
}

/// Posts a batch; whether it was acknowledged.
fn post(address: SocketAddr, number: u64) -> bool {
    let body: String = (number * BATCH..(number + 1) * BATCH).map(line).collect();
    let send = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        write!(
            stream,
            "POST /api/v1/ingest/net HTTP/1.0\r\nIdempotency-Key: {number}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer.starts_with("HTTP/1.0 200"))
    };
    send().unwrap_or(false)
}

/// Serves and kills, while `send` sends; the last one stays.
fn killed_again_and_again(place: &Place, kills: u64) -> crate::server::Server {
    let mut server = place.serve();
    for kill in 0..kills {
        // Long enough to be under way, and never at the same place of it.
        let until = Instant::now() + Duration::from_millis(300 + kill * 137 % 700);
        while Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        // Dropped, it is killed.
        drop(server);
        server = place.serve();
    }
    server
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_counts_twice() {
    let (place, address) = place("http");
    let (next, done) = (AtomicU64::new(0), AtomicBool::new(false));
    let resent = AtomicU64::new(0);
    let started = Instant::now();
    let server = std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let due = started + EVERY * u32::try_from(number).unwrap();
                    while Instant::now() < due {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                    // Until it is acknowledged it is sent again, as a sender must.
                    while !post(address, number) {
                        resent.fetch_add(1, Ordering::Relaxed);
                        std::thread::sleep(Duration::from_millis(5));
                    }
                }
            });
        }
        let server = killed_again_and_again(&place, kills());
        done.store(true, Ordering::Relaxed);
        server
    });
    let sent = next.load(Ordering::Relaxed) * BATCH;
    server.until("/api/v1/panel", |panel| panel["calls"].as_u64() >= Some(sent));
    assert_eq!(server.stop(), Some(0));
    let report = place.dolmen(&["report", "--store", "store", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!((&report["calls"], &report["repeated_ids"]), (&sent.into(), &0.into()));
    assert_eq!(report["unparsed"], 0);
    println!(
        "proof: http: {} kills, {sent} lines acknowledged ({:.0} a second), {} batches sent again, 0 lost, 0 twice",
        kills(),
        sent as f64 / started.elapsed().as_secs_f64(),
        resent.load(Ordering::Relaxed),
    );
}

#[test]
fn what_raw_tcp_loses_is_measured() {
    let (place, address) = place("tcp");
    let done = AtomicBool::new(false);
    let (sent, server) = std::thread::scope(|scope| {
        let sender = scope.spawn(|| {
            let mut sent = 0;
            while !done.load(Ordering::Relaxed) {
                let Ok(mut stream) = TcpStream::connect(address) else {
                    std::thread::sleep(Duration::from_millis(5));
                    continue;
                };
                // What the kernel took counts as sent: the sender knows no better.
                while !done.load(Ordering::Relaxed)
                    && stream.write_all(line(sent).as_bytes()).is_ok()
                {
                    sent += 1;
                    if sent % BATCH == 0 {
                        std::thread::sleep(EVERY);
                    }
                }
            }
            sent
        });
        let server = killed_again_and_again(&place, kills());
        done.store(true, Ordering::Relaxed);
        (sender.join().unwrap(), server)
    });
    // Nobody sends any more. What is spooled is read in its order, so everything is there that will
    // ever be when one line more is.
    server.counts("dolmen_source_connections{source=\"net\"} 0");
    let last = sent + 1_000_000;
    TcpStream::connect(address).unwrap().write_all(line(last).as_bytes()).unwrap();
    let query = with("/api/v1/panel", &[("where", &format!("path:/a/{last}"))]);
    server.until(&query, |panel| panel["calls"] == 1);
    assert_eq!(server.stop(), Some(0));
    let report = place.dolmen(&["report", "--store", "store", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    // A line that the sender could not hand over whole it sends again, and the kernel had no whole one:
    // each id is there once or not at all.
    assert_eq!(report["repeated_ids"], 0);
    let calls = report["calls"].as_u64().unwrap() - 1;
    assert!(0 < calls && calls <= sent, "{calls} of {sent}");
    println!(
        "proof: tcp: {} kills, {sent} lines handed to the kernel, {} lost",
        kills(),
        sent - calls
    );
}

//! How it ends, and where it does not begin.

use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::server::{PATIENCE, Place};

#[test]
fn the_console_is_on_this_machine_alone_and_says_so() {
    let place = Place::new();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:7117"] {
        let output = place.run(&["serve", "--listen", address, "--store", "store"], b"");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        let why = format!(
            "the console has no log-in yet, so it listens on this machine alone, not on {address}"
        );
        assert!(said.contains(&why) && said.contains("through a tunnel (ssh -L)"), "{said}");
    }
    assert!(!place.path("store").exists(), "nothing was begun");
}

/// Somebody who is told of alerts, listens, and never answers.
fn place(somebody: &TcpListener) -> Place {
    let place = Place::new();
    let url = format!("http://{}/", somebody.local_addr().unwrap());
    place.file(
        "dolmen.toml",
        format!(
            "[[source]]\nname = \"proxy\"\npath = \"access.log\"\nformat = \"combined\"\nservice = \"monolith\"\n\
             [[service]]\nname = \"monolith\"\nmonolith = true\n\
             [[operation]]\nname = \"transfer\"\nservice = \"monolith\"\npath = \"/transfer\"\nretired = \"2020-01-01\"\n\
             [[notify]]\nname = \"hook\"\nurl = \"{url}\"\nalerts = [\"residual_call\"]\n"
        ),
    );
    place.file(
        "access.log",
        "10.0.0.1 - - [01/Mar/2026:10:00:00 +0000] \"GET /transfer HTTP/1.1\" 200 5 \"-\" \"sh\"\n",
    );
    place
}

/// The next one who comes.
fn visitor(somebody: &TcpListener) -> TcpStream {
    somebody.set_nonblocking(true).unwrap();
    let until = Instant::now() + PATIENCE;
    loop {
        match somebody.accept() {
            Ok((stream, _)) => return stream,
            Err(error) => assert!(Instant::now() < until, "nobody comes: {error}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_is_still_under_way_at_the_end_is_named() {
    let somebody = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = place(&somebody);
    let server = place.serve();
    // It is being told now, and waits for an answer.
    let told = visitor(&somebody);
    server.signal(Signal::TERM);
    server.says("sending alerts was cut off, and goes on at the next start");
    assert_eq!(server.ended(), Some(0));
    drop(told);
    // It was no empty word.
    let server = place.serve();
    let _told = visitor(&somebody);
    drop(server);
}

//! HAProxy in front of the monolith. It differs from Apache and nginx in what it refuses, in how it
//! logs, and in that what is no HTTP gets no id.

use std::io::Write;
use std::net::SocketAddr;
use std::thread;

use crate::client::{connect, read_answer};
use crate::monolith::Monolith;
use crate::one_proxy::{LOG, figures_are_what_was_sent, start, what_is_there_gets_ids};
use crate::server::Kind;
use crate::traffic::{Done, Request, requests};

#[test]
fn behind_haproxy_every_figure_is_what_was_sent() {
    let mut all = requests();
    all.extend(refused());
    figures_are_what_was_sent(Kind::Haproxy, &all, |lines, done| {
        let last = |line: &String| line.rsplit(' ').next().unwrap_or_default().to_owned();
        let mut logged: Vec<String> = lines.iter().map(last).collect();
        let mut told: Vec<String> = done.iter().filter_map(|done| done.id.clone()).collect();
        // Whoever went away was told nothing, and is logged all the same.
        logged.retain(|id| told.contains(id));
        logged.sort_unstable();
        told.sort_unstable();
        assert_eq!(logged, told);
    });
}

/// What HAProxy refuses; its answer and its log have no id then.
fn refused() -> Vec<Request> {
    let refuse = |bytes: &[u8]| Request { is_told: false, ..Request::refused(bytes, 400) };
    vec![
        refuse(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\x8f\"\\\r\n\r\n"),
        refuse(b"hello world\r\n\r\n"),
        refuse(b"GET /api/compte/401/solde\r\n\r\n"),
    ]
}

#[test]
fn a_connection_without_a_request_is_no_call_to_haproxy() {
    let monolith = Monolith::start();
    let proxy = start(Kind::Haproxy, &monolith.url());
    drop(std::net::TcpStream::connect(proxy.address()).unwrap());
    let Done { id, .. } = Request::balance(1).send(proxy.address());
    let lines = proxy.stop().lines(LOG);
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].ends_with(&id.unwrap()), "{lines:#?}");
}

/// Of two threads that log at the same time, HAProxy drops the line of one: a few of so many calls.
#[test]
fn no_line_is_lost_when_calls_end_together() {
    const CLIENTS: usize = 16;
    const CALLS: usize = 1_000;
    let monolith = Monolith::start();
    let proxy = start(Kind::Haproxy, &monolith.url());
    let request = Request::nowhere().bytes;
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut stream = connect(proxy.address());
                for _ in 0..CALLS {
                    stream.write_all(&request).unwrap();
                    assert_eq!(read_answer(&mut stream).unwrap().unwrap().status, 404);
                }
            });
        }
    });
    assert_eq!(proxy.stop().lines(LOG).len(), CLIENTS * CALLS);
}

#[test]
fn a_frontend_that_is_there_gets_ids() {
    let frontend = |address: SocketAddr, upstream: SocketAddr, snippet: &str| {
        format!(
            "global\n    log stdout format raw daemon\n\
             defaults\n    mode http\n    option httplog\n    timeout connect 5s\n    timeout client 60s\n    timeout server 60s\n\
             frontend old\n    bind {address}\n    log global\n{snippet}\n    \
             http-request deny if {{ path /geheim }}\n    default_backend old\n\
             backend old\n    server one {upstream}\n"
        )
    };
    let (line, id) = what_is_there_gets_ids(Kind::Haproxy, &[], frontend);
    assert!(line.ends_with(&id), "{line}");
}

//! Who is silent is not waited for for ever. The clock is that of the test: it moves on when nobody
//! has anything to do.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::*;
use crate::listen::testing::{Kind, Source};

/// What is answered until the connection ends, and how long that takes, in seconds.
async fn answer(mut stream: TcpStream) -> (String, u64) {
    let began = Instant::now();
    let mut answer = Vec::new();
    // Who does not listen to the end may see a reset.
    _ = stream.read_to_end(&mut answer).await;
    (String::from_utf8(answer).unwrap(), began.elapsed().as_secs())
}

async fn sent(source: &Source, bytes: &str) -> TcpStream {
    let mut stream = source.connect().await;
    stream.write_all(bytes.as_bytes()).await.unwrap();
    stream
}

const HEAD: &str = "POST /api/v1/ingest/net HTTP/1.1\r\nHost: h\r\n";

#[tokio::test(start_paused = true)]
async fn who_sends_no_request_is_gone_after_two_minutes() {
    let source = Source::start(Kind::Http, |_| {}).await;
    for begun in ["", "PO", HEAD] {
        let (said, seconds) = answer(sent(&source, begun).await).await;
        assert_eq!((said.as_str(), seconds), ("", 120), "{begun:?}");
    }
    assert_eq!(source.traffic.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_sends_no_other_request_is_gone_after_two_minutes() {
    let source = Source::start(Kind::Http, |_| {}).await;
    let request = format!("{HEAD}Content-Length: 2\r\n\r\na\n");
    let (said, seconds) = answer(sent(&source, &request).await).await;
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
    assert_eq!(seconds, 120);
    assert_eq!(source.lines(), b"a\n");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_waited_for_one_minute() {
    let source = Source::start(Kind::Http, |_| {}).await;
    let mut stream = sent(&source, &format!("{HEAD}Content-Length: 2\r\n\r\na")).await;
    let began = Instant::now();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!((&answer, began.elapsed().as_secs()), (b"HTTP/1.1 408", 60));
    assert_eq!((source.lines(), source.refused()), (vec![], vec![("body", 1)]));
}

#[tokio::test(start_paused = true)]
async fn who_has_no_seat_stands_for_ten_seconds() {
    let stranger = |listener: &mut Listener| listener.allow = vec!["192.0.2.0/24".parse().unwrap()];
    let source = Source::start(Kind::Http, stranger).await;
    for begun in ["", "PO"] {
        let (said, seconds) = answer(sent(&source, begun).await).await;
        assert_eq!((said.as_str(), seconds), ("", 10), "{begun:?}");
    }
    let source = Source::start(Kind::Http, |listener| listener.limits.connections = 1).await;
    let seated = sent(&source, "PO").await;
    crate::listen::testing::until("it is seated", || source.traffic.connections() == 1).await;
    assert_eq!(answer(source.connect().await).await.1, 10);
    drop(seated);
}

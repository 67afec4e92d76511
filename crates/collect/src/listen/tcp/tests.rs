use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::*;
use crate::listen::LongLines;
use crate::listen::testing::{Kind, Source, until};

#[test]
fn lines_that_are_too_long_go_alone() {
    let sifted = |text: &str, most| {
        let mut lines = text.as_bytes().to_vec();
        let long = sift(&mut lines, most);
        (String::from_utf8(lines).unwrap(), long)
    };
    assert_eq!(sifted("a\nbb\nccc\n\ndd\n", 2), ("a\nbb\n\ndd\n".to_owned(), vec![3]));
    assert_eq!(sifted("aaaa\nbbbbb\n", 3), (String::new(), vec![4, 5]));
    assert_eq!(sifted("aaa\n", 4), ("aaa\n".to_owned(), vec![]));
    assert_eq!(sifted("", 1), (String::new(), vec![]));
}

/// More than a connection has of its own.
const LONG: usize = OWN + (100 << 10);

/// A source that has memory for so many of its longest lines.
async fn source(lines: usize) -> (Source, LongLines) {
    let long = LongLines::new(lines << 20);
    let given = long.clone();
    (Source::start(Kind::Tcp, |listener| listener.long = given).await, long)
}

/// A sender in the middle of a long line; whoever reads it not keeps it writing.
async fn begin(source: &Source, byte: u8) -> tokio::task::JoinHandle<TcpStream> {
    let mut stream = source.connect().await;
    tokio::spawn(async move {
        stream.write_all(&vec![byte; LONG]).await.unwrap();
        stream
    })
}

async fn end(sender: tokio::task::JoinHandle<TcpStream>, rest: &str) -> TcpStream {
    let mut stream = sender.await.unwrap();
    stream.write_all(rest.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn who_finds_no_memory_for_a_long_line_waits_and_loses_nothing() {
    let (source, long) = source(1).await;
    let senders = [begin(&source, b'a').await, begin(&source, b'b').await];
    until("one has the memory and the other waits", || long.is_wanted()).await;
    // Who sends lines of the usual length waits for nobody.
    source.connect().await.write_all(b"short\n").await.unwrap();
    until("a short line is taken", || source.lines() == b"short\n").await;
    assert!(long.is_wanted(), "the long ones still wait");
    for sender in senders {
        tokio::spawn(end(sender, "\n"));
    }
    until("both are taken", || source.traffic.lines() == 3).await;
    let lines = source.lines();
    let mut lengths: Vec<(u8, usize)> = lines
        .split(|&byte| byte == b'\n')
        .filter(|line| line.len() > 5)
        .map(|line| (line[0], line.len()))
        .collect();
    lengths.sort_unstable();
    assert_eq!(lengths, [(b'a', LONG), (b'b', LONG)]);
    assert_eq!(source.refused(), []);
    assert!(!long.is_wanted());
}

#[tokio::test(start_paused = true)]
async fn a_line_without_an_end_gives_its_memory_up_when_others_wait_for_it() {
    let (source, long) = source(1).await;
    let first = begin(&source, b'a').await;
    until("the first has the memory", || long.left() == 0).await;
    let began = Instant::now();
    let second = tokio::spawn(end(begin(&source, b'b').await, "\n"));
    until("the second is taken", || source.traffic.lines() == 1).await;
    let waited = began.elapsed();
    assert!(waited <= ENDS + Duration::from_secs(1), "{waited:?}");
    assert_eq!(source.refused(), [("memory", 1)]);
    let said = source.said.lock().unwrap().concat();
    assert!(said.contains("others wait for the memory of long lines"), "{said}");
    // What comes after that line is taken.
    end(first, "aaa\nshort\n").await;
    until("the next line is taken", || source.traffic.lines() == 2).await;
    assert!(source.lines().ends_with(b"b\nshort\n"), "nothing of the first line is there");
    drop(second.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_line_may_take_its_time_where_nobody_waits() {
    let (source, long) = source(1).await;
    let sender = begin(&source, b'a').await;
    until("it has the memory", || long.left() == 0).await;
    sleep(10 * ENDS).await;
    end(sender, "\n").await;
    until("it is taken", || source.traffic.lines() == 1).await;
    assert_eq!(source.lines().len(), LONG + 1);
    assert_eq!(source.refused(), []);
}

#[tokio::test]
async fn one_line_may_be_longer_than_all_there_is() {
    let long = LongLines::new(1);
    let given = long.clone();
    let source = Source::start(Kind::Tcp, |listener| listener.long = given).await;
    end(begin(&source, b'a').await, "\n").await;
    until("it is taken", || source.traffic.lines() == 1).await;
    until("its memory is given back", || long.left() == 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_line_that_never_ends_is_told_once_when_it_is_too_long() {
    let source = Source::start(Kind::Tcp, |listener| listener.limits.line = 1 << 10).await;
    let said = || source.said.lock().unwrap().clone();
    let mut stream = source.connect().await;
    stream.write_all(&[b'a'; 2_000]).await.unwrap();
    // It has not ended, and nobody has gone.
    until("it is told", || !said().is_empty()).await;
    assert!(said()[0].contains("bytes and no end yet is left out, 1024 may be"), "{:?}", said());
    assert_eq!(source.refused(), [("line", 1)]);
    stream.write_all(&[b'a'; OWN]).await.unwrap();
    stream.write_all(b"aaa\nshort\n").await.unwrap();
    until("the next line is taken", || source.traffic.lines() == 1).await;
    assert_eq!(source.lines(), b"short\n");
    // The next one is counted, and so is one that its sender leaves off.
    stream.write_all(&[b'b'; 2_000]).await.unwrap();
    drop(stream);
    until("the sender is gone", || source.traffic.connections() == 0).await;
    assert_eq!(source.refused(), [("line", 2)]);
    assert_eq!(said().len(), 1, "{:?}", said());
}

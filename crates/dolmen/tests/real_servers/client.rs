//! A client that sends what it is told, byte for byte.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// No answer takes this long; without a limit a fault would hang the tests.
const PATIENCE: Duration = Duration::from_secs(180);

/// An answer, as far as tests look at it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// 0 for HTTP/0.9, which has none.
    pub(crate) status: u16,
    /// The values of `X-Request-Id`.
    pub(crate) ids: Vec<String>,
    pub(crate) body: Vec<u8>,
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Sends `bytes` on a connection of their own; `None` when the server hangs up without a word.
pub(crate) fn exchange(address: SocketAddr, bytes: &[u8]) -> Option<Answer> {
    let mut stream = connect(address);
    stream.write_all(bytes).unwrap();
    let answer = read_answer(&mut stream).unwrap();
    // What a server logs when a connection ends badly is another test's business.
    let _ = stream.shutdown(Shutdown::Both);
    answer
}

/// Reads one answer; `None` at the end of the connection.
pub(crate) fn read_answer(stream: &mut TcpStream) -> io::Result<Option<Answer>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte)? == 0 {
            // HTTP/0.9 is a body and nothing else.
            let is_answer = !head.is_empty();
            return Ok(is_answer.then(|| Answer { body: head, ..Answer::default() }));
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
    let values = |name: &str| -> Vec<String> {
        let fields = head.lines().filter_map(|line| line.split_once(": "));
        let named = fields.filter(|(field, _)| field.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.to_owned()).collect()
    };
    let mut body = Vec::new();
    match values("content-length").first() {
        Some(length) => {
            body.resize(length.parse().unwrap(), 0);
            stream.read_exact(&mut body)?;
        }
        None => {
            stream.read_to_end(&mut body)?;
        }
    }
    Ok(Some(Answer { status, ids: values("x-request-id"), body }))
}

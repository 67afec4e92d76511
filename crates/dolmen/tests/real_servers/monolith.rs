//! A small monolith: answers over HTTP, and writes one mark for each operation it enters.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::json;
use tempfile::TempDir;

use crate::server::scratch;

pub(crate) const BALANCE: &str = "balance";
pub(crate) const CARD_BLOCK: &str = "card block";
pub(crate) const CARD_CEILING: &str = "card ceiling";
pub(crate) const EXTERNAL: &str = "external transfer";
pub(crate) const INTERNAL: &str = "internal transfer";

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) target: String,
    /// The values of `X-Request-Id`, and of what applications take for it.
    pub(crate) ids: Vec<String>,
    pub(crate) body: Vec<u8>,
}

/// The monolith. Its threads end with the test process.
#[derive(Debug)]
pub(crate) struct Monolith {
    address: SocketAddr,
    shared: Arc<Shared>,
    slow: Slow,
    dir: TempDir,
}

/// A request to `/lent` that is being worked on until somebody lets it go.
#[derive(Debug)]
struct Slow {
    entered: Receiver<()>,
    go_on: SyncSender<()>,
}

#[derive(Debug)]
struct Shared {
    marks: Mutex<File>,
    received: Mutex<Vec<Received>>,
    entered: SyncSender<()>,
    go_on: Mutex<Receiver<()>>,
}

impl Monolith {
    pub(crate) fn start() -> Self {
        let dir = scratch();
        let marks = File::create(dir.path().join("app.jsonl")).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (entered, has_entered) = mpsc::sync_channel(1);
        let (go_on, may_go_on) = mpsc::sync_channel(1);
        let shared = Arc::new(Shared {
            marks: Mutex::new(marks),
            received: Mutex::default(),
            entered,
            go_on: Mutex::new(may_go_on),
        });
        let of_threads = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&of_threads);
                // A client that goes away in the middle is no fault of the monolith.
                thread::spawn(move || shared.serve(&stream.unwrap()).unwrap_or_default());
            }
        });
        let slow = Slow { entered: has_entered, go_on };
        Self { address, shared, slow, dir }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// As `--upstream` is told.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its application log.
    pub(crate) fn marks(&self) -> PathBuf {
        self.dir.path().join("app.jsonl")
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Everything it was asked so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// Waits until it has entered the slow operation.
    pub(crate) fn wait_for_the_slow_one(&self) {
        self.slow.entered.recv().unwrap();
    }

    /// Lets the slow operation go on.
    pub(crate) fn let_the_slow_one_go(&self) {
        self.slow.go_on.send(()).unwrap();
    }
}

impl Shared {
    /// Answers one request. The connection is closed after it, so a proxy opens one for each.
    fn serve(&self, stream: &TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream);
        let Some(request) = read_request(&mut reader)? else { return Ok(()) };
        let (status, operations) = route(&request);
        let id = request.ids.first().cloned().unwrap_or_default();
        for operation in operations {
            let time = jiff::Timestamp::now().to_string();
            let mark = json!({ "time": time, "request_id": id, "operation": operation });
            writeln!(self.marks.lock().unwrap(), "{mark}")?;
        }
        let is_slow = request.target == "/lent";
        self.received.lock().unwrap().push(request);
        if is_slow {
            self.entered.send(()).unwrap();
            self.go_on.lock().unwrap().recv().unwrap();
        }
        // Its own idea of a request id must not reach the client.
        write!(
            &mut &*stream,
            "HTTP/1.1 {status} Whatever\r\nContent-Length: 3\r\nConnection: close\r\n\
             X-Request-Id: of-the-monolith\r\n\r\nok\n"
        )
    }
}

/// `None` at the end of the connection.
fn read_request(reader: &mut impl BufRead) -> std::io::Result<Option<Received>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if reader.read_until(b'\n', &mut head)? == 0 {
            return Ok(None);
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut words = head.lines().next().unwrap_or_default().split(' ').map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let fields: Vec<(String, &str)> = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase().replace('_', "-"), value.trim()))
        .collect();
    let named = |name: &'static str| {
        fields.iter().filter(move |(field, _)| field == name).map(|(_, value)| (*value).to_owned())
    };
    let length = named("content-length").next().and_then(|value| value.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    Ok(Some(Received { ids: named("x-request-id").collect(), method, target, body }))
}

/// The status of the answer, and the operations that the request enters.
fn route(request: &Received) -> (u16, Vec<&'static str>) {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let is_in_body = |text: &str| String::from_utf8_lossy(&request.body).contains(text);
    match (request.method.as_str(), segments.as_slice()) {
        ("GET", ["api", "compte", _, "solde"] | ["lent"]) => (200, vec![BALANCE]),
        ("POST", ["api", "carteService", _, "opposition", _]) => (201, vec![CARD_BLOCK]),
        ("POST", ["virement"]) if query.contains("op=virementExterne") => (200, vec![EXTERNAL]),
        // One route, two operations: the body decides, and may ask for both.
        ("POST", ["api", "ordre"]) => {
            let asked = [("virement", INTERNAL), ("plafond", CARD_CEILING)];
            let asked = asked.into_iter().filter(|(word, _)| is_in_body(word));
            (200, asked.map(|(_, operation)| operation).collect())
        }
        // Refused before any operation is entered.
        (_, ["api", "refus"]) => (403, vec![]),
        _ => (404, vec![]),
    }
}

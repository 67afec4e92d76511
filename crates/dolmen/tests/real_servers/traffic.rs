//! Requests, and what must come of each.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Barrier;
use std::thread;

use crate::client::{Answer, connect, exchange, read_answer};
use crate::monolith::{BALANCE, CARD_BLOCK, CARD_CEILING, EXTERNAL, INTERNAL, Monolith, Received};

pub(crate) const PORTAL: &[u8] = b"PortailWeb/4.2";
/// A quote, letters beyond ASCII, a backslash.
pub(crate) const BRANCH: &[u8] = "Agence \"Écluse\" 1.0 \\o/".as_bytes();
/// Latin-1, as old programs send it: no valid UTF-8.
pub(crate) const OLD: &[u8] = b"Caisse d'\xe9t\xe9/2";
pub(crate) const CURL: &[u8] = b"curl/8.1.2";

/// A request to be sent, and what must come of it.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// What is sent.
    pub(crate) bytes: Vec<u8>,
    pub(crate) method: Option<&'static str>,
    pub(crate) target: String,
    pub(crate) body: Vec<u8>,
    /// Empty for none.
    pub(crate) user_agent: &'static [u8],
    /// The id that must be kept; `None` where the proxy must make one.
    pub(crate) kept: Option<String>,
    /// The status that client and log must get; 0 where the answer has none.
    pub(crate) status: u16,
    /// The path template.
    pub(crate) endpoint: Option<&'static str>,
    /// The operations that it enters.
    pub(crate) operations: Vec<&'static str>,
    /// Whether the answer tells the id.
    pub(crate) is_told: bool,
}

impl Request {
    fn new(method: &'static str, target: impl Into<String>, endpoint: &'static str) -> Self {
        let (target, bytes, body) = (target.into(), Vec::new(), Vec::new());
        let (method, endpoint) = (Some(method), Some(endpoint));
        let (user_agent, kept, operations) = (b"".as_slice(), None, Vec::new());
        let (status, is_told) = (200, true);
        Self {
            bytes,
            method,
            target,
            body,
            user_agent,
            kept,
            status,
            endpoint,
            operations,
            is_told,
        }
        .with_fields(&[])
    }

    pub(crate) fn balance(account: usize) -> Self {
        let target = format!("/api/compte/{account}/solde");
        Self::new("GET", target, "/api/compte/{int}/solde").enters(&[BALANCE])
    }

    pub(crate) fn card_block(card: usize) -> Self {
        let target = format!("/api/carteService/88/opposition/{card}");
        let endpoint = "/api/carteService/{int}/opposition/{int}";
        Self { status: 201, ..Self::new("POST", target, endpoint) }.enters(&[CARD_BLOCK])
    }

    pub(crate) fn external_transfer() -> Self {
        Self::new("POST", "/virement?op=virementExterne&n=1", "/virement").enters(&[EXTERNAL])
    }

    /// The route where the body decides.
    fn order(body: Vec<u8>, operations: &[&'static str]) -> Self {
        let order = Self::new("POST", "/api/ordre", "/api/ordre");
        Self { body, ..order }.enters(operations).with_fields(&[])
    }

    pub(crate) fn nowhere() -> Self {
        Self { status: 404, ..Self::new("GET", "/nulle/part", "/nulle/part") }
    }

    /// Bytes that a proxy itself refuses, whatever stands behind it.
    pub(crate) fn refused(bytes: &[u8], status: u16) -> Self {
        let (method, endpoint) = (None, None);
        Self { bytes: bytes.to_vec(), method, endpoint, status, ..Self::nowhere() }
    }

    fn enters(mut self, operations: &[&'static str]) -> Self {
        self.operations = operations.to_vec();
        self
    }

    pub(crate) fn by(mut self, user_agent: &'static [u8]) -> Self {
        self.user_agent = user_agent;
        self.with_fields(&[])
    }

    /// With an id of the client's making, which must be kept.
    pub(crate) fn with_id(mut self, id: impl Into<String>) -> Self {
        let id = id.into();
        self = self.with_fields(&[format!("X-Request-Id: {id}").as_bytes()]);
        self.kept = Some(id);
        self
    }

    /// Writes the request anew, with these lines in its head.
    pub(crate) fn with_fields(mut self, fields: &[&[u8]]) -> Self {
        let start = format!("{} {} HTTP/1.1", self.method.unwrap_or_default(), self.target);
        let mut lines = vec![start.into_bytes(), b"Host: banque.example".to_vec()];
        if !self.user_agent.is_empty() {
            lines.push([b"User-Agent: ", self.user_agent].concat());
        }
        if self.method == Some("POST") {
            lines.push(format!("Content-Length: {}", self.body.len()).into_bytes());
        }
        lines.extend(fields.iter().map(|field| field.to_vec()));
        self.bytes = [&lines.join(b"\r\n".as_slice()), b"\r\n\r\n".as_slice(), &self.body].concat();
        self
    }

    /// Sends it on a connection of its own, and checks the answer.
    pub(crate) fn send(&self, proxy: SocketAddr) -> Done {
        let shown = self.bytes[..self.bytes.len().min(300)].escape_ascii();
        let answer = exchange(proxy, &self.bytes);
        self.check(&answer.unwrap_or_else(|| panic!("no answer to {shown}")))
    }

    fn check(&self, answer: &Answer) -> Done {
        let shown = self.bytes[..self.bytes.len().min(300)].escape_ascii();
        assert_eq!(answer.status, self.status, "{shown}: {answer:?}");
        let id = match answer.ids.as_slice() {
            [id] => Some(id.clone()),
            [] if !self.is_told => None,
            ids => panic!("{shown}: the answer should have one id, not {ids:?}"),
        };
        if let Some(kept) = &self.kept {
            assert_eq!(id.as_ref(), Some(kept), "{shown}");
        }
        Done { request: self.clone(), id }
    }

    /// Whether the proxy answers it by itself: the monolith has no such status.
    pub(crate) fn is_refused_by_the_proxy(&self) -> bool {
        matches!(self.status, 400 | 414)
    }
}

/// A request that was answered.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    pub(crate) request: Request,
    /// The id that the client was told; `None` where it was told nothing.
    pub(crate) id: Option<String>,
}

/// Everything that clients do to a proxy: politely, wrongly, and with bad intent. All of it passes
/// Apache and nginx alike.
pub(crate) fn send_everything(proxy: SocketAddr, monolith: &Monolith) -> Vec<Done> {
    let mut all = requests();
    all.extend(old_protocols());
    all.extend(refused());
    send_all(&all, proxy, monolith)
}

/// These, then several on one connection, many at the same time, and one that is given up.
pub(crate) fn send_all(all: &[Request], proxy: SocketAddr, monolith: &Monolith) -> Vec<Done> {
    let mut done: Vec<Done> = all.iter().map(|request| request.send(proxy)).collect();
    done.extend(on_one_connection(proxy));
    done.extend(at_the_same_time(proxy));
    done.push(given_up(proxy, monolith));
    check_what_arrived(&done, &monolith.received());
    done
}

/// What is sent one after another, and passes every proxy.
pub(crate) fn requests() -> Vec<Request> {
    let uuid = "0197f2c4-7e5a-7cc0-98f6-2f1b5b6f7a10";
    let escaped = Request::new("GET", "", "/api/compte/a%2Fb%252F~c/solde");
    let mut requests = vec![
        Request::card_block(41).by(BRANCH).with_id(uuid),
        Request::card_block(42).by(BRANCH),
        Request::external_transfer().by(PORTAL),
        Request::external_transfer().by(CURL).with_id("dGhpcyBpcyBiYXNlNjQ+/w=="),
        // One route, two operations.
        Request::order(br#"{"virement":{"vers":"interne"}}"#.to_vec(), &[INTERNAL]),
        Request::order(br#"{"plafond":800}"#.to_vec(), &[CARD_CEILING]),
        Request::order(br#"{"virement":{},"plafond":1}"#.to_vec(), &[INTERNAL, CARD_CEILING]),
        // A body that no proxy keeps in memory.
        Request::order([vec![b' '; 300_000], b"plafond".to_vec()].concat(), &[CARD_CEILING]),
        Request { status: 403, ..Request::new("GET", "/api/refus", "/api/refus") },
        Request::nowhere().by(OLD),
        // The path arrives as it was written.
        Request { target: "/api/compte/a%2fb%252F%7Ec/solde?x=%22".to_owned(), ..escaped }
            .by(OLD)
            .enters(&[BALANCE]),
        // Ids at the edge of what is kept.
        Request::balance(8).with_id("12345678"),
        Request::balance(9).with_id("y".repeat(128)),
        Request::balance(10).with_id("Az0_.:@+/=-"),
    ];
    requests.extend((0..12).map(|n| Request::balance(100 + n).by(PORTAL)));
    requests.extend(bad_ids().into_iter().enumerate().map(|(n, id)| {
        Request::balance(200 + n).by(CURL).with_fields(&[&[b"X-Request-Id: ", &*id].concat()])
    }));
    // Ways to smuggle a second id past a proxy, or to have the first one removed.
    let balance = |fields: &[&[u8]]| Request::balance(300).with_fields(fields);
    requests.extend([
        balance(&[b"Connection: close, X-Request-Id"]),
        Request {
            kept: Some("kept-all-the-same".to_owned()),
            ..balance(&[b"X-Request-Id: kept-all-the-same", b"Connection: x-request-ID"])
        },
        balance(&[b"X_Request_Id: smuggled-1"]),
        balance(&[b"X-Request-Id: sent-twice-1", b"X-Request-Id: sent-twice-2"]),
    ]);
    requests
}

/// Ids that must be replaced.
fn bad_ids() -> Vec<Vec<u8>> {
    let texts = ["", "-", "1234567", "two words", r#"quote"quote"#, r"back\slash", "a,b,c,d,e,f"];
    let mut ids: Vec<Vec<u8>> = texts.map(|text| text.as_bytes().to_vec()).to_vec();
    ids.extend([
        vec![b'x'; 129],
        vec![b'x'; 5000],
        "égalité-égalité".as_bytes().to_vec(),
        b"caf\xe9caf\xe9".to_vec(),
        b"${jndi:ldap://x}".to_vec(),
        b"%{UNIQUE_ID}e".to_vec(),
    ]);
    ids
}

fn old_protocols() -> [Request; 2] {
    let of_1_0 = Request::balance(400).by(CURL);
    let of_0_9 = Request::balance(401);
    [
        Request {
            bytes: b"GET /api/compte/400/solde HTTP/1.0\r\nUser-Agent: curl/8.1.2\r\n\r\n".to_vec(),
            ..of_1_0
        },
        Request {
            bytes: b"GET /api/compte/401/solde\r\n".to_vec(),
            status: 0,
            is_told: false,
            ..of_0_9
        },
    ]
}

/// What a proxy refuses by itself. It is logged, and has an id, all the same.
fn refused() -> Vec<Request> {
    let read = |bytes: &[u8], method, endpoint, status| Request {
        method: Some(method),
        endpoint: Some(endpoint),
        ..Request::refused(bytes, status)
    };
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "z".repeat(9_000));
    let big = format!("GET /big HTTP/1.1\r\nHost: x\r\nX-Big: {}\r\n\r\n", "z".repeat(9_000));
    vec![
        // The first bytes of TLS, with a line end as chance puts it there.
        Request::refused(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\x8f\"\\\r\n\r\n", 400),
        Request::refused(b"hello world\r\n\r\n", 400),
        read(b"GET /nohost HTTP/1.1\r\n\r\n", "GET", "/nohost", 400),
        read(b"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", "GET", "/%25zz", 400),
        read(big.as_bytes(), "GET", "/big", 400),
        read(long.as_bytes(), "GET", "/{text}", 414),
    ]
}

/// Several requests, one connection.
fn on_one_connection(proxy: SocketAddr) -> Vec<Done> {
    let mut stream = connect(proxy);
    let requests = (0..5).map(|n| match n % 2 {
        0 => Request::balance(500 + n).by(PORTAL),
        _ => Request::balance(500 + n).by(PORTAL).with_id(format!("keep-alive-{n}")),
    });
    let answered = requests.map(|request| {
        stream.write_all(&request.bytes).unwrap();
        let answer = read_answer(&mut stream).unwrap();
        request.check(&answer.unwrap())
    });
    answered.collect()
}

const AT_ONCE: usize = 120;

fn at_the_same_time(proxy: SocketAddr) -> Vec<Done> {
    let all_are_here = Barrier::new(AT_ONCE);
    let send = |n: usize| {
        let request = Request::balance(1000 + n).by(PORTAL);
        let request = match n % 2 {
            0 => request,
            _ => request.with_id(format!("at-the-same-time-{n}")),
        };
        all_are_here.wait();
        request.send(proxy)
    };
    let send = &send;
    thread::scope(|scope| {
        let clients: Vec<_> = (0..AT_ONCE).map(|n| scope.spawn(move || send(n))).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    })
}

/// A client that goes away while the monolith is at it: the operation was entered all the same.
fn given_up(proxy: SocketAddr, monolith: &Monolith) -> Done {
    let request = Request::new("GET", "/lent", "/lent").enters(&[BALANCE]).by(CURL);
    let mut stream = connect(proxy);
    stream.write_all(&request.bytes).unwrap();
    monolith.wait_for_the_slow_one();
    drop(stream);
    monolith.let_the_slow_one_go();
    Done { request, id: None }
}

/// The monolith must have got each request as it was sent, with the one id that the client was
/// told; and nothing that a proxy refused.
fn check_what_arrived(done: &[Done], received: &[Received]) {
    let passed = done.iter().filter(|done| !done.request.is_refused_by_the_proxy());
    assert_eq!(received.len(), passed.clone().count());
    let mut made = BTreeSet::new();
    for Done { request, id } in passed {
        let found = received.iter().find(|r| {
            let is_same = r.target == request.target && r.body == request.body;
            is_same && id.as_ref().is_none_or(|id| r.ids == [id.as_str()])
        });
        let found = found.unwrap_or_else(|| panic!("{id:?} did not arrive: {}", request.target));
        let [id] = found.ids.as_slice() else {
            panic!("{} arrived with the ids {:?}", request.target, found.ids);
        };
        let is_safe = |b: u8| b.is_ascii_alphanumeric() || b"_.:@+/=-".contains(&b);
        assert!((8..=128).contains(&id.len()) && id.bytes().all(is_safe), "{id}");
        if request.kept.is_none() {
            assert!(made.insert(id.clone()), "{id} was made twice");
        }
    }
}

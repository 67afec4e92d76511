//! What the tests share: lines as a proxy writes them, read the way a format would.

#![allow(dead_code, reason = "each test uses its own part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use dolmen_cubes::{Cube, Key};
use dolmen_model::{Call, Joined, Mark, NameId, Outcome, RequestId, Time};
use dolmen_store::{
    CallFacts, CallQuestion, Commit, CubeQuestion, Dimension, Durations, FileRef, Fingerprint,
    HEAD, LocalStore, MarkFacts, MarkState, NamedBy, Progress, Rows, Settled, Store, StoredCall,
};

/// 2026-03-02T10:00:00Z.
pub(crate) const START: i64 = 1_772_445_600;

pub(crate) const MINUTE: i64 = 60_000_000;

/// A small generator of numbers that differ (splitmix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

pub(crate) fn clf(seconds: i64) -> String {
    let time = jiff::Timestamp::from_second(seconds).unwrap();
    time.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string()
}

/// The request id of the n-th request: half random, half a counter.
pub(crate) fn id(n: u64) -> String {
    format!("{:016x}{:016x}", Random(n).next(), 0x4000_0000 + n)
}

/// An Apache combined line with request id and `%D`, the n-th of its log.
pub(crate) fn call_line(n: u64) -> String {
    let mut random = Random(n ^ 0xabcd);
    let agents = [
        "PortailWeb/4.2 (Java/21)",
        "curl/7.81.0",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/126.0.0.0 Safari/537.36",
        "AgenceTool/2.7",
    ];
    let (client, card) = (random.below(100_000), random.below(1_000_000));
    let target = match random.below(5) {
        0 => format!("/banque/virement?op=external&from={client}"),
        1 => format!("/api/carteService/{client}/opposition/{card}"),
        2 => "/banque/solde".to_owned(),
        3 => format!("/static/app-{}.js", random.below(20)),
        _ => format!("/api/comptes/{client}/mouvements?page={}", random.below(9)),
    };
    let status = [200, 200, 200, 200, 302, 404, 500][random.below(7) as usize];
    format!(
        r#"10.0.{}.{} - - [{}] "{} {target} HTTP/1.1" {status} {} "https://banque.example/" "{}" "{}" {}"#,
        random.below(4),
        random.below(250),
        clf(START + (n / 100) as i64),
        ["GET", "POST"][random.below(2) as usize],
        random.below(20_000),
        agents[random.below(4) as usize],
        id(n),
        1_000 + random.below(90_000) * random.below(10),
    )
}

pub(crate) fn mark_line(n: u64, operation: &str) -> String {
    let time =
        jiff::Timestamp::from_millisecond((START + (n / 100) as i64) * 1_000 + (n % 1_000) as i64);
    let time = time.unwrap().strftime("%Y-%m-%dT%H:%M:%S%.3fZ");
    format!(
        r#"{{"time":"{time}","level":"INFO","request_id":"{}","operation":"{operation}"}}"#,
        id(n)
    )
}

/// Reads a combined line, with or without id and duration; every field borrows.
pub(crate) fn read_call(line: &str) -> Option<Call<'_>> {
    let (address, rest) = line.split_once(' ')?;
    let (_, rest) = rest.split_once(' ')?;
    let (user, rest) = rest.split_once(" [")?;
    let (time, rest) = rest.split_once("] \"")?;
    let (request, rest) = rest.split_once("\" ")?;
    let mut words = rest.splitn(3, ' ');
    let (status, bytes, rest) = (words.next()?, words.next()?, words.next()?);
    let mut quoted = rest.split('"').skip(1).step_by(2);
    let (referer, agent) = (quoted.next()?, quoted.next()?);
    let id = quoted.next();
    let duration = id.and_then(|_| rest.rsplit(' ').next()?.parse().ok());
    let mut request = request.splitn(3, ' ');
    let time = jiff::Zoned::strptime("%d/%b/%Y:%H:%M:%S %z", time).ok()?;
    let known = |text: &'_ str| if text == "-" { 0 } else { text.len() };
    Some(Call {
        time: Some(Time::from_micros(time.timestamp().as_microsecond())),
        address: address.as_bytes(),
        user: &user.as_bytes()[..known(user)],
        method: request.next()?.as_bytes(),
        target: request.next().unwrap_or_default().as_bytes(),
        protocol: request.next().unwrap_or_default().as_bytes(),
        status: status.parse().ok(),
        bytes: bytes.parse().ok(),
        referer: &referer.as_bytes()[..known(referer)],
        user_agent: &agent.as_bytes()[..known(agent)],
        request_id: match id {
            None => RequestId::NotLogged,
            Some("-") => RequestId::Missing,
            Some(id) => RequestId::Is(id.as_bytes()),
        },
        duration,
        ..Call::default()
    })
}

pub(crate) fn read_mark(line: &str) -> Option<Mark<'_>> {
    let field = |name: &str| {
        let (_, rest) = line.split_once(&format!("\"{name}\":\""))?;
        rest.split_once('"').map(|(value, _)| value)
    };
    let time: jiff::Timestamp = field("time")?.parse().ok()?;
    Some(Mark {
        time: Some(Time::from_micros(time.as_microsecond())),
        request_id: RequestId::Is(field("request_id")?.as_bytes()),
        operation: field("operation")?.as_bytes(),
        service: b"",
    })
}

/// What a pipeline would find out about a call, roughly.
pub(crate) fn facts<'a>(store: &dyn Store, call: &Call<'_>) -> CallFacts<'a> {
    let names = store.names();
    let shape: String = String::from_utf8_lossy(call.path())
        .split('/')
        .map(|part| if part.starts_with(|c: char| c.is_ascii_digit()) { "{}" } else { part })
        .collect::<Vec<_>>()
        .join("/");
    let endpoint = format!("{} {shape}", String::from_utf8_lossy(call.method));
    let actor = match call.user_agent {
        agent if agent.starts_with(b"Portail") => names.actors.intern(b"web portal"),
        agent if agent.starts_with(b"Agence") => names.actors.intern(b"branch tool"),
        _ => NameId::UNKNOWN,
    };
    CallFacts {
        source: "proxy",
        forwarded_address: b"",
        service: names.services.intern(b"monolith"),
        actor,
        endpoint: names.endpoints.intern(endpoint.as_bytes()),
        claimed: NameId::UNKNOWN,
    }
}

/// A call about which no other line says anything.
pub(crate) fn alone(store: &dyn Store, call: &Call<'_>, facts: &CallFacts<'_>) -> Settled {
    let joined = match call.request_id {
        RequestId::Missing => Joined::NoId,
        _ => Joined::CallOnly,
    };
    Settled::alone(facts, joined, store.names())
}

pub(crate) fn key(call: &Call<'_>, facts: &CallFacts<'_>, settled: &Settled) -> Key {
    Key {
        bucket: call.time.unwrap().floor(MINUTE),
        service: settled.service,
        operations: settled.operations,
        actor: facts.actor,
        endpoint: facts.endpoint,
        outcome: Outcome { status: call.status.unwrap_or(0), joined: settled.joined },
    }
}

/// A block: rows and the cube of its calls.
#[derive(Default)]
pub(crate) struct Block {
    pub(crate) rows: Rows,
    pub(crate) cube: Cube,
}

impl Block {
    pub(crate) fn call(&mut self, store: &dyn Store, line: &str) {
        let call = read_call(line).unwrap_or_else(|| panic!("not combined: {line}"));
        let facts = facts(store, &call);
        let settled = alone(store, &call, &facts);
        self.rows.push_call(line.as_bytes(), &call, &facts, settled);
        self.cube.add(key(&call, &facts, &settled), call.bytes, call.duration);
    }

    /// A mark whose call is not in the block.
    pub(crate) fn mark(&mut self, store: &dyn Store, line: &str) {
        let mark = read_mark(line).unwrap();
        let operation = store.names().operations.intern(mark.operation);
        let service = store.names().services.intern(b"monolith");
        let facts = MarkFacts { source: "app", operation, service, state: MarkState::Waiting };
        self.rows.push_mark(line.as_bytes(), &mark, facts);
    }

    pub(crate) fn commit(self, store: &dyn Store, progress: Vec<Progress>) -> Commit {
        let mut commit = Commit::new(Time::from_seconds(START + 86_400).unwrap());
        commit.rows.push(store.encode(&self.rows).unwrap());
        commit.cube = self.cube;
        commit.progress = progress;
        commit
    }
}

/// The progress of reading `text[from..to]` of a file.
pub(crate) fn progress(
    store: &dyn Store,
    source: &str,
    text: &[u8],
    from: usize,
    to: usize,
) -> Progress {
    let head = &text[..text.len().min(HEAD)];
    let file = match store.find_file(source, NamedBy::Configuration, head).unwrap() {
        Some(known) => FileRef::Known(known.id),
        None => FileRef::New { head: head.to_vec() },
    };
    Progress {
        file,
        source: source.to_owned(),
        path: format!("{source}.log"),
        from: from as u64,
        to: to as u64,
        lines: text[from..to].iter().filter(|&&byte| byte == b'\n').count() as u64,
        unread: 0,
        format: "combined".to_owned(),
        tail: Fingerprint::of_tail(&text[..to]),
        head: Vec::new(),
    }
}

pub(crate) fn everything() -> CubeQuestion {
    let (from, to, durations) = (Time::MIN, Time::MAX, Durations::Asked);
    CubeQuestion { from, to, by: Vec::new(), every: None, durations }
}

pub(crate) fn all_calls(store: &LocalStore, query: &str) -> Vec<StoredCall> {
    let query = query.parse().unwrap();
    let question = CallQuestion { from: Time::MIN, to: Time::MAX, query };
    store.calls(&question).unwrap().collect::<Result<_, _>>().unwrap()
}

pub(crate) fn calls_by_joined(store: &LocalStore) -> Vec<(Joined, u64)> {
    let question = CubeQuestion { by: vec![Dimension::Joined], ..everything() };
    let counts = store.count(&question).unwrap();
    let mut rows: Vec<_> =
        counts.cube.cells().map(|(key, cell)| (key.outcome.joined, cell.calls)).collect();
    rows.sort();
    rows
}

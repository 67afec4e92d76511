//! What a server writes is read back; whatever else a line holds is read or refused.

use std::sync::LazyLock;

use dolmen_logs::{Fields, Format, Line, RequestId};
use proptest::prelude::*;

use super::format;

/// A text as Apache's `ap_escape_logitem` writes it; nothing as `-`.
fn escaped_by_apache(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for &b in text {
        match b {
            b'"' | b'\\' => out.extend([b'\\', b]),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            0x08 => out.extend(b"\\b"),
            0x0b => out.extend(b"\\v"),
            0x0c => out.extend(b"\\f"),
            0x20..=0x7e => out.push(b),
            _ => out.extend(format!("\\x{b:02x}").bytes()),
        }
    }
    if out.is_empty() { b"-".to_vec() } else { out }
}

/// As nginx's default writes it.
fn escaped_by_nginx(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for &b in text {
        match b {
            b'"' | b'\\' | 0..=0x1f | 0x7f.. => out.extend(format!("\\x{b:02X}").bytes()),
            _ => out.push(b),
        }
    }
    if out.is_empty() { b"-".to_vec() } else { out }
}

/// As nginx's `escape=json` writes it.
fn escaped_as_json(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for &b in text {
        match b {
            b'"' | b'\\' => out.extend([b'\\', b]),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            0x08 => out.extend(b"\\b"),
            0x0c => out.extend(b"\\f"),
            0..=0x1f => out.extend(format!("\\u{b:04X}").bytes()),
            _ => out.push(b),
        }
    }
    out
}

/// Any bytes but a lone dash, which a log cannot tell from nothing; those that trip readers most.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![any::<u8>(), prop::sample::select(&b"\"\\ -x[]:/?1n,"[..])];
    prop::collection::vec(byte, 0..20).prop_filter("a dash is nothing", |text| text != b"-")
}

#[derive(Clone, Debug)]
struct Logged {
    address: String,
    user: String,
    micros: i64,
    zone: i64,
    target: Vec<u8>,
    status: u16,
    bytes: Option<u64>,
    referer: Vec<u8>,
    agent: Vec<u8>,
    id: Vec<u8>,
    duration: u64,
}

prop_compose! {
    fn logged()(
        address in r"[0-9a-f:.]{2,20}",
        user in "[a-zA-Z@.]{1,8}( [a-zA-Z]{1,5})?",
        seconds in 0..4_000_000_000i64,
        quarters in -48..56i64,
        target in "/[!#-~]{0,20}",
        status in 100..600u16,
        bytes in prop::option::of(any::<u64>()),
        referer in text(),
        agent in text(),
        id in "[0-9a-zA-Z]{1,12}",
        duration in 0..u64::MAX / 1_000_000,
    ) -> Logged {
        let (micros, zone) = (seconds * 1_000_000, quarters * 15);
        let (target, id) = (target.into_bytes(), id.into_bytes());
        Logged { address, user, micros, zone, target, status, bytes, referer, agent, id, duration }
    }
}

impl Logged {
    /// `02/Mar/2026:08:15:00 +0000`.
    fn clf(&self) -> String {
        let local = jiff::Timestamp::from_microsecond(self.micros + self.zone * 60_000_000);
        let local = local.expect("a time").strftime("%d/%b/%Y:%H:%M:%S").to_string();
        let sign = if self.zone < 0 { '-' } else { '+' };
        format!("{local} {sign}{:02}{:02}", self.zone.abs() / 60, self.zone.abs() % 60)
    }

    /// What of it is at the begin of every combined line.
    fn begin(&self, escape: fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
        let bytes = self.bytes.map_or("-".to_owned(), |n| n.to_string());
        let mut line =
            format!("{} - {} [{}] \"GET ", self.address, self.user, self.clf()).into_bytes();
        line.extend(escape(&self.target));
        line.extend(format!(" HTTP/1.1\" {} {bytes} \"", self.status).bytes());
        line.extend(escape(&self.referer));
        line.extend(b"\" \"");
        line.extend(escape(&self.agent));
        line
    }

    fn check(&self, format: &Format, line: &[u8]) {
        let mut reader = format.reader();
        let call = match reader.read(line) {
            Ok(Line::Call(call)) => call,
            other => panic!("{}\n{other:?}", line.escape_ascii()),
        };
        assert_eq!(call.address, self.address.as_bytes());
        assert_eq!(call.user, self.user.as_bytes());
        assert_eq!(call.time.map(|time| time.micros()), Some(self.micros));
        assert_eq!((call.method, call.target), (b"GET".as_slice(), self.target.as_slice()));
        assert_eq!((call.status, call.bytes), (Some(self.status), self.bytes));
        assert_eq!(call.referer, self.referer);
        assert_eq!(call.user_agent, self.agent);
        assert_eq!(call.request_id, RequestId::Is(&self.id));
    }
}

static FORMATS: LazyLock<Vec<Format>> = LazyLock::new(|| {
    [
        "common",
        "combined",
        "vhost_combined",
        r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" "%{X-Request-Id}o" %D"#,
        "%200{%Y-%m-%d %H:%M:%S}t %!400u %{%a %b %e %Z}t%{msec_frac}t %U%q %{x}x %X %{X-Forwarded-For}i %s%b",
        r#""%U" "%q" "%r" %m %T %D %>s %<s"#,
        "$remote_addr [$time_local] $request $status $upstream_addr $upstream_response_time $uri$is_args$args",
        r#"{"t":$msec,"r":"$request","s":$status,"u":$upstream_response_time,"i":"$request_id"}"#,
        "$time_iso8601$host$request_uri$status",
        r"(?<address>\S+) (?<time>\S+) (?<request>.*) (?<status>\d+)",
    ]
    .map(format)
    .into()
});

const PIECES: [&str; 16] = [
    "10.0.0.9",
    " - ",
    "-",
    "[02/Mar/2026:08:15:00 +0000]",
    "\"GET /a?b HTTP/1.1\"",
    "200",
    " ",
    "\" \"",
    "\\\"",
    "\\x22",
    "2026-03-02 08:15:00",
    "{\"t\":",
    ",\"r\":\"",
    "\u{e9}",
    "\"",
    "]",
];

fn read_or_refused(line: &[u8]) {
    for format in &*FORMATS {
        if let Err(unread) = format.reader().read(line) {
            assert!((1..=line.len() + 1).contains(&unread.column), "{unread}");
            assert!(!unread.expected.is_empty());
        }
        let _ = format.fields(line);
    }
}

proptest! {
    #[test]
    fn what_apache_writes_is_read_back(logged in logged()) {
        let mut line = logged.begin(escaped_by_apache);
        line.extend(b"\" \"");
        line.extend(escaped_by_apache(&logged.id));
        line.extend(format!("\" {}", logged.duration).bytes());
        let text = r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" "%{X-Request-Id}o" %D"#;
        logged.check(&format(text), &line);
    }

    #[test]
    fn what_nginx_writes_is_read_back(logged in logged()) {
        let mut line = logged.begin(escaped_by_nginx);
        line.extend(b"\" ");
        line.extend(&logged.id);
        let text = r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_id"#;
        logged.check(&format(text), &line);
    }

    #[test]
    fn what_nginx_writes_as_json_is_read_back(logged in logged()) {
        let mut line = b"{\"a\":\"".to_vec();
        let bytes = logged.bytes.map_or(String::new(), |n| n.to_string());
        line.extend(format!("{}\",\"u\":\"{}\",\"t\":{}.000,\"r\":\"GET ", logged.address, logged.user, logged.micros / 1_000_000).bytes());
        line.extend(escaped_as_json(&logged.target));
        line.extend(format!(" HTTP/1.1\",\"s\":{},\"b\":{bytes},\"f\":\"", logged.status).bytes());
        line.extend(escaped_as_json(&logged.referer));
        line.extend(b"\",\"ua\":\"");
        line.extend(escaped_as_json(&logged.agent));
        line.extend(b"\",\"id\":\"");
        line.extend(&logged.id);
        line.extend(b"\"}");
        let text = r#"{"a":"$remote_addr","u":"$remote_user","t":$msec,"r":"$request","s":$status,"b":$body_bytes_sent,"f":"$http_referer","ua":"$http_user_agent","id":"$request_id"}"#;
        logged.check(&format(text), &line);
    }

    #[test]
    fn any_bytes_are_read_or_refused(line in prop::collection::vec(any::<u8>(), 0..100)) {
        read_or_refused(&line);
    }

    #[test]
    fn lines_of_likely_pieces_are_read_or_refused(
        pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..20),
    ) {
        read_or_refused(pieces.concat().as_bytes());
    }

    #[test]
    fn any_format_compiles_or_is_refused(
        text in r#"(%[<>!0-9]{0,2}(\{[%a-zA-Z:-]{0,6}\})?[a-zA-Z^%]|\$\{?[a-z_]{0,12}\}?|[ "\\'\[\]a;é]){0,12}"#,
        config in prop::sample::select(&["", "LogFormat ", "CustomLog x ", "log_format x ", "'", "(?<time>"][..]),
    ) {
        let text = format!("{config}{text}");
        match Format::calls(&text, &Fields::new()) {
            Ok(format) => {
                let line = PIECES.concat();
                let _ = (format.reader().read(line.as_bytes()), format.fields(line.as_bytes()));
            }
            Err(error) => {
                prop_assert!(error.text.get(error.at.clone()).is_some(), "{error:?}");
                prop_assert!(error.to_string().ends_with('^'), "{error}");
                prop_assert!(!error.message.is_empty());
            }
        }
        let _ = Format::marks(&text, &Fields::new());
    }
}

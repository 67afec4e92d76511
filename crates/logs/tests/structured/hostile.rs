//! Lines that nobody meant to write: whatever they hold, they are read or refused.

use std::sync::LazyLock;

use dolmen_logs::{Fields, Format, Reader};
use proptest::prelude::*;

use super::format;

const NAMES: [&str; 12] = [
    "json",
    "haproxy",
    "envoy",
    "istio",
    "alb",
    "caddy",
    "traefik",
    "w3c",
    "common",
    "combined",
    "vhost_combined",
    "nginx",
];
const FIELDS: &str =
    "#Fields: date time c-ip cs-method cs-uri-stem cs-uri-query sc-status cs(User-Agent)";

/// A line of most formats, to be spoilt.
const LINES: [&str; 8] = [
    r#"10.0.0.9 - - [02/Mar/2026:08:15:00 +0000] "GET /a HTTP/1.1" 200 5 "-" "curl \"x\" \x22" "6f1c" 12"#,
    r#"Mar  2 08:15:00 lb haproxy[7]: 10.0.0.9:33317 [02/Mar/2026:08:15:00.250] http-in static/srv1 10/0/30/69/109 200 1024 - - ---- 1/1/1/1/0 0/0 {a|b#22} {} "GET /a#C3 HTTP/1.1" id"#,
    r#"[2026-03-02T08:15:00.310Z] "GET /a HTTP/2" 200 - 0 1024 226 100 "10.0.0.9" "curl" "cc21d9b0" "h" "10.0.2.1:80""#,
    r#"https 2026-03-02T08:15:00.186641Z app/lb/50dc 10.0.0.9:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 0 1024 "GET https://h:443/a HTTP/1.1" "curl" - - arn:x "Root=1-58337281-1d84f3d73c47ec4e58577259" "-" "-" 0 2026-03-02T08:15:00.100000Z "forward""#,
    r#"{"level":"info","ts":1772439300.25,"msg":"handled request","request":{"remote_ip":"10.0.0.9","method":"GET","uri":"/a","headers":{"User-Agent":["a","b\u00e9"]}},"duration":0.0009,"size":1024,"status":200}"#,
    r#"{"ClientHost":"10.0.0.9","Duration":101458,"DownstreamStatus":404,"RequestMethod":"GET","RequestPath":"/a?b"}"#,
    "2026-03-02 08:15:00 10.0.0.9 GET /a b=%20+c 200 \"Mozilla/5.0 \"\"+(X11)\"",
    FIELDS,
];

static FORMATS: LazyLock<Vec<Format>> = LazyLock::new(|| {
    let mut formats: Vec<Format> = NAMES.iter().map(|name| format(name)).collect();
    formats.push(format(FIELDS));
    formats.push(Format::detect(b"").unwrap());
    formats.push(Format::marks("json", &Fields::new()).unwrap());
    formats
});

/// A column lies in the line or just behind it.
fn read(reader: &mut Reader<'_>, line: &[u8]) {
    if let Err(unread) = reader.read(line) {
        assert!((1..=line.len() + 1).contains(&unread.column), "{unread} of {}", line.len());
        assert!(!unread.expected.is_empty());
    }
}

/// A line with a few of its bytes cut out, repeated or replaced.
fn spoilt() -> impl Strategy<Value = Vec<u8>> {
    let edit =
        (any::<prop::sample::Index>(), 0..12_usize, prop::collection::vec(any::<u8>(), 0..4));
    (prop::sample::select(&LINES[..]), prop::collection::vec(edit, 1..6)).prop_map(
        |(line, edits)| {
            let mut line = line.as_bytes().to_vec();
            for (at, length, new) in edits {
                let start = at.index(line.len() + 1);
                let end = (start + length).min(line.len());
                line.splice(start..end, new);
            }
            line
        },
    )
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(
        lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..120), 1..4),
    ) {
        for format in &*FORMATS {
            let mut reader = format.reader();
            lines.iter().for_each(|line| read(&mut reader, line));
        }
    }

    #[test]
    fn spoilt_lines_are_read_or_refused(lines in prop::collection::vec(spoilt(), 1..6)) {
        for format in &*FORMATS {
            let mut reader = format.reader();
            lines.iter().for_each(|line| read(&mut reader, line));
        }
    }

    #[test]
    fn any_sample_has_a_format_or_an_error(lines in prop::collection::vec(spoilt(), 0..6)) {
        let sample = lines.join(&b'\n');
        for detected in [Format::detect(&sample), Format::detect_marks(&sample)] {
            match detected {
                Ok(format) => {
                    let mut reader = format.reader();
                    lines.iter().for_each(|line| read(&mut reader, line));
                }
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }

    #[test]
    fn any_format_string_compiles_or_is_refused(text in r#"[%{}\[\]()+Qa-zA-Z0-9 "\\:,.#é-]{0,40}"#) {
        for text in [format!("%ci {text}"), format!("%START_TIME% {text}"), format!("#Fields:{text}")] {
            match Format::calls(&text, &Fields::new()) {
                Ok(format) => {
                    let mut reader = format.reader();
                    LINES.iter().for_each(|line| read(&mut reader, line.as_bytes()));
                }
                Err(error) => {
                    prop_assert!(error.text.get(error.at.clone()).is_some(), "{:?}", error);
                    prop_assert!(!error.to_string().is_empty());
                }
            }
        }
    }
}

/// What makes careless readers look at everything again for every byte.
#[test]
fn a_long_line_takes_linear_time() {
    let begun = [
        "",
        r#"10.0.0.9 - - [02/Mar/2026:08:15:00 +0000] "GET /"#,
        r#"[2026-03-02T08:15:00.310Z] "GET /a HTTP/2" 200 - 0 1024 226 100 "10.0.0.9" ""#,
        r#"10.0.0.9:33317 [02/Mar/2026:08:15:00.250] http-in static/srv1 10/0/30/69/109 200 1024 - - ---- 1/1/1/1/0 0/0 {"#,
        r#"{"a":""#,
    ];
    let filling =
        ["x", " ", "\"", "\" ", "\" \"", "\\", "\\\"", "[", "{\"a\":", "|", "] \"", "#", ":"];
    for start in begun {
        for fill in filling {
            let mut line = start.as_bytes().to_vec();
            line.extend(fill.as_bytes().repeat(20_000 / fill.len()));
            for format in &*FORMATS {
                read(&mut format.reader(), &line);
            }
        }
    }
}

#[test]
fn a_line_of_ten_megabytes_is_read_or_refused() {
    for (name, line) in [("auto", LINES[0]), ("haproxy", LINES[1]), ("caddy", LINES[4])] {
        let format = match name {
            "auto" => Format::detect(line.as_bytes()).unwrap(),
            name => format(name),
        };
        let mut huge = line.as_bytes().to_vec();
        let at = huge.windows(2).position(|two| two == b"/a").unwrap() + 2;
        huge.splice(at..at, b"\\\\ab".repeat(10_000_000 / 4));
        assert!(format.reader().read(&huge).is_ok(), "{name}");
        if name != "auto" {
            huge.truncate(10_000_000);
            read(&mut format.reader(), &huge);
        }
    }
}

use proptest::prelude::*;

use super::*;
use crate::paste::Spelling;
use crate::{apache, nginx};

fn apache(format: &str) -> Program {
    apache::compile(&Spelling::plain(format)).unwrap_or_else(|e| panic!("{e}"))
}

fn nginx(format: &str) -> Program {
    nginx::compile(&Spelling::plain(format), None).unwrap_or_else(|e| panic!("{e}"))
}

fn read<'a>(
    program: &'a Program,
    line: &'a [u8],
    scratch: &'a mut Scratch,
) -> Result<Line<'a>, Unread> {
    let mut read = Line::Nothing;
    program.read_into(line, scratch, &mut read).map(|()| read)
}

/// Formats that have a quick way.
fn quick() -> Vec<Program> {
    vec![
        apache(r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i""#),
        apache(r#"%h %u %t "%r" %>s %b "%{X-Request-Id}o" %D"#).bare_quotes(BareQuotes::Refused),
        apache(r#"%v:%p %a %t %m "%U%q" %H %s %T/%D %{X-A}i %{x}x"#),
        apache(r#"%h %{%F %T}t.%{msec_frac}t %{%z}t "%U" "%q" %{X-Forwarded-For}i %b"#),
        apache(r#"%{traceparent}i %{X-Request-Id}i "%{X-A}i" %u"#),
        nginx(
            r#"$remote_addr $remote_user [$time_local] "$request" $status $upstream_addr $request_time"#,
        ),
        nginx(r#"$remote_addr "$request" "$http_x_a" $status"#).bare_quotes(BareQuotes::Refused),
        nginx(
            r#"{"t":$msec,"r":"$request","s":$status,"u":$upstream_response_time,"i":"$request_id"}"#,
        ),
        nginx("$time_iso8601|$uri$is_args$args|$host|$http_host|$msec"),
        nginx(r#"$remote_addr "$uri" "$args" $status"#),
    ]
}

/// Pieces of lines of those formats, so that some lines are good, and most nearly.
const PIECES: [&str; 32] = [
    "10.0.0.9",
    " - ",
    " ",
    "-",
    "u",
    "[02/Mar/2026:08:15:00 +0000]",
    "\"GET /a?b HTTP/1.1\"",
    "200",
    "\" \"",
    "\\\"",
    "\\x22",
    "\\",
    "\"",
    "2026-03-02 08:15:00",
    ".250 +0000 ",
    "{\"t\":",
    "1772439300.250",
    ",\"r\":\"",
    "\",\"s\":",
    ",\"u\":",
    ",\"i\":\"",
    "\"}",
    "|",
    ":80",
    "0.001, 0.002",
    "/a",
    "?b=c",
    "\u{e9}",
    "5",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "6f1c",
    "2026-03-02T08:15:00Z",
];

/// Lines that the formats above read, to be spoilt.
const LINES: [&str; 10] = [
    r#"10.0.0.9 - u [02/Mar/2026:08:15:00 +0000] "GET /a?b HTTP/1.1" 200 5 "-" "a \"b\" c""#,
    r#"10.0.0.9 u v [02/Mar/2026:08:15:00 +0000] "GET /a HTTP/1.1" - - "6f1c" 17"#,
    r#"h:80 ::1 [02/Mar/2026:08:15:00 +0000] GET "/a?b" HTTP/1.1 009 1/1000042 x\x22y z\w"#,
    r#"10.0.0.9 2026-03-02 08:15:00.250 +0100 "/a\"" "?b\t" 1.1.1.1, 2.2.2.2 5"#,
    r#"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 - "a\\" """#,
    r#"10.0.0.9 u [02/Mar/2026:08:15:00 +0000] "GET /\x22 HTTP/1.1" 200 1:80, 2:80 : 3:80 0.017"#,
    r#"10.0.0.9 "GET / HTTP/1.1" "a\x22b\" 200"#,
    r#"{"t":1772439300.250,"r":"GET /\"a\" \u00e9","s":,"u":0.1, 0.2,"i":"6f1c"}"#,
    "2026-03-02T08:15:00Z|/a?b|a.example|-|1772439300.250",
    r#"10.0.0.9 "/a" "b=c" 200"#,
];

/// What is read either way, for comparing.
fn both(program: &Program, line: &[u8]) -> (Option<String>, Option<String>) {
    both_after(&mut Scratch::default(), program, line)
}

/// The same, where the quick way has read other lines before.
fn both_after(
    one: &mut Scratch,
    program: &Program,
    line: &[u8],
) -> (Option<String>, Option<String>) {
    let mut other = Scratch::default();
    one.bytes.clear();
    let mut call = Call::default();
    let quick = program.quick.as_ref().expect("a quick way");
    let quickly = quick.read(program, line, one, &mut call).map(|left| {
        let finished =
            left == Left::NOTHING || quick.finish(program, line, one, left, &mut call).is_ok();
        finished.then(|| format!("{call:?}"))
    });
    let carefully = program.read_carefully(line, &mut other);
    let carefully = carefully.ok().map(|read| match read {
        Line::Call(call) => format!("{call:?}"),
        read => format!("{read:?}"),
    });
    (quickly.unwrap_or_else(|| carefully.clone()), carefully)
}

fn spoilt() -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<prop::sample::Index>(), 0..6usize, prop::sample::select(&PIECES[..]));
    (prop::sample::select(&LINES[..]), prop::collection::vec(edit, 0..3)).prop_map(
        |(line, edits)| {
            let mut line = line.as_bytes().to_vec();
            for (at, length, piece) in edits {
                let start = at.index(line.len() + 1);
                let end = (start + length).min(line.len());
                line.splice(start..end, piece.bytes());
            }
            line
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn the_quick_way_reads_what_the_careful_way_reads(line in spoilt()) {
        for program in quick() {
            let (quickly, carefully) = both(&program, &line);
            prop_assert_eq!(quickly, carefully, "{}", line.escape_ascii());
        }
    }

    #[test]
    fn what_a_line_is_does_not_depend_on_the_lines_before(
        lines in prop::collection::vec(spoilt(), 1..6),
    ) {
        for program in quick() {
            let mut scratch = Scratch::default();
            for line in &lines {
                let (quickly, carefully) = both_after(&mut scratch, &program, line);
                prop_assert_eq!(quickly, carefully, "{}", line.escape_ascii());
            }
        }
    }

    #[test]
    fn both_ways_agree_on_any_pieces(
        pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..16),
    ) {
        let line = pieces.concat();
        for program in quick() {
            let (quickly, carefully) = both(&program, line.as_bytes());
            prop_assert_eq!(quickly, carefully, "{}", line);
        }
    }
}

#[test]
fn each_line_goes_the_quick_way() {
    for (program, line) in quick().iter().zip(LINES) {
        let quick = program.quick.as_ref().expect("a quick way");
        let mut call = Call::default();
        let read = quick.read(program, line.as_bytes(), &mut Scratch::default(), &mut call);
        assert!(read.is_some(), "{line}");
        assert!(program.read_carefully(line.as_bytes(), &mut Scratch::default()).is_ok(), "{line}");
    }
}

#[test]
fn a_query_that_is_not_there_is_not_the_one_before() {
    let program = nginx(r#"$remote_addr "$uri" "$args" $status"#);
    let mut scratch = Scratch::default();
    for (line, target) in [
        (
            r#"10.0.0.9 "/banque" "op=virement&client=10001" 200"#,
            "/banque?op=virement&client=10001",
        ),
        (r#"10.0.0.9 "/a" "-" 200"#, "/a"),
        (r#"10.0.0.9 "-" "-" 400"#, ""),
    ] {
        scratch.bytes.clear();
        let Ok(Line::Call(call)) = read(&program, line.as_bytes(), &mut scratch) else {
            panic!("{line}")
        };
        assert_eq!(call.target, target.as_bytes(), "{line}");
    }
}

#[test]
fn what_needs_to_go_back_has_no_quick_way() {
    for format in ["%200t %h", "%v%m %h", "%{%p}t%h", "%r %m %h", "%T %{ms}T %D", "%s%b %{x}i%{y}i"]
    {
        assert!(apache(format).quick.is_none(), "{format}");
    }
}

fn tailed() -> Program {
    let word = |name: &str| Piece::field(name, Class::Token, Slot::Ignored);
    let pieces = vec![
        word("a"),
        Piece::text(" \""),
        Piece::field("request", Class::Text, Slot::RequestLine),
        Piece::text("\""),
        Piece::Tail,
        Piece::text(" \""),
        Piece::field("agent", Class::Text, Slot::UserAgent),
        Piece::text("\" "),
        word("b"),
    ];
    Program::new(Escapes::Apache, pieces)
}

#[test]
fn a_format_that_grew_reads_lines_of_every_age() {
    let program = tailed();
    for (line, agent) in [
        (r#"x "GET / HTTP/1.1""#, ""),
        (r#"x "GET / HTTP/1.1" "curl""#, "curl"),
        (r#"x "GET / HTTP/1.1" "curl" y"#, "curl"),
        (r#"x "GET / HTTP/1.1" "curl" y z "more""#, "curl"),
    ] {
        let mut scratch = Scratch::default();
        let Ok(Line::Call(call)) = read(&program, line.as_bytes(), &mut scratch) else {
            panic!("{line}")
        };
        assert_eq!((call.target, call.user_agent), (b"/".as_slice(), agent.as_bytes()), "{line}");
    }
    for line in [r#"x "GET / HTTP/1.1"#, r#"x "GET / HTTP/1.1" "curl"#, "x"] {
        assert!(read(&program, line.as_bytes(), &mut Scratch::default()).is_err(), "{line}");
    }
}

#[test]
fn a_dash_stands_for_a_group() {
    let program = apache("%h %200{%F %T}t %u");
    for (line, time) in [("h 2026-03-02 08:15:00 u", Some(1_772_439_300_000_000)), ("h - u", None)]
    {
        let mut scratch = Scratch::default();
        let Ok(Line::Call(call)) = read(&program, line.as_bytes(), &mut scratch) else {
            panic!("{line}")
        };
        assert_eq!(call.time.map(|time| time.micros()), time);
        assert_eq!(call.user, b"u");
    }
    assert!(read(&program, b"h -x u", &mut Scratch::default()).is_err());
}

use super::*;
use crate::Call;

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

const COMBINED: &str = r#"10.0.0.9 - anna [02/Mar/2026:08:15:00 +0000] "GET /a?b HTTP/1.1" 200 1024 "https://r.example/" "PortailWeb/4.2""#;
const COMMON: &str = r#"10.0.0.9 - anna [02/Mar/2026:08:15:00 +0000] "GET /a?b HTTP/1.1" 200 1024"#;

fn detected(lines: &[&str]) -> Format {
    Format::detect(lines.join("\n").as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

/// Reads all lines with one reader; the last must be a call.
#[track_caller]
fn with_last(format: &Format, lines: &[&str], check: impl FnOnce(&Call<'_>)) {
    let mut reader = format.reader();
    let (last, before) = lines.split_last().expect("a line");
    for line in before {
        if let Err(unread) = reader.read(line.as_bytes()) {
            panic!("{}\n{line}\n{unread}", format.name());
        }
    }
    match reader.read(last.as_bytes()) {
        Ok(Line::Call(call)) => check(&call),
        other => panic!("{}\n{last}\n{other:?}", format.name()),
    }
}

/// A line of every format that has a name.
const LINES: [(&str, &str); 12] = [
    ("common", COMMON),
    ("combined", COMBINED),
    (
        "combinedio",
        r#"10.0.0.9 - anna [02/Mar/2026:08:15:00 +0000] "GET /a?b HTTP/1.1" 200 1024 "https://r.example/" "PortailWeb/4.2" 412 1371"#,
    ),
    (
        "vhost_common",
        r#"bank.example 10.0.0.9 - anna [02/Mar/2026:08:15:00 +0000] "GET /a?b HTTP/1.1" 200 1024"#,
    ),
    (
        "vhost_combined",
        r#"bank.example:443 10.0.0.9 - anna [02/Mar/2026:08:15:00 +0000] "GET /a?b HTTP/1.1" 200 1024 "https://r.example/" "PortailWeb/4.2""#,
    ),
    (
        "traefik",
        r#"10.0.0.9 - anna [02/Mar/2026:08:15:00 +0000] "GET /a?b HTTP/1.1" 200 1024 "https://r.example/" "PortailWeb/4.2" 42 "cards@docker" "http://10.0.2.1:80" 12ms"#,
    ),
    (
        "haproxy",
        r#"10.0.0.9:33317 [02/Mar/2026:08:15:00.250] http-in static/srv1 10/0/30/69/109 200 1024 - - ---- 1/1/1/1/0 0/0 "GET /a?b HTTP/1.1""#,
    ),
    (
        "envoy",
        r#"[2026-03-02T08:15:00.310Z] "GET /a?b HTTP/2" 200 - 0 1024 226 100 "10.0.0.9" "PortailWeb/4.2" "cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "bank.example" "10.0.2.1:80""#,
    ),
    (
        "istio",
        r#"[2026-03-02T08:15:00.310Z] "GET /a?b HTTP/1.1" 200 - via_upstream - "-" 0 1024 4 4 "-" "PortailWeb/4.2" "84961386-6d84-929d-98bd-c5aee93b5c88" "bank.example" "127.0.0.1:80" inbound|80|| 127.0.0.6:41854 10.44.1.27:80 10.0.0.9:37652 - default"#,
    ),
    (
        "alb",
        r#"https 2026-03-02T08:15:00.186641Z app/lb/50dc 10.0.0.9:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 0 1024 "GET https://bank.example:443/a?b HTTP/1.1" "PortailWeb/4.2" - - arn:x "Root=1-58337281-1d84f3d73c47ec4e58577259" "-" "-" 0 2026-03-02T08:15:00.100000Z "forward" "-" "-""#,
    ),
    (
        "caddy",
        r#"{"level":"info","ts":1772439300.25,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"10.0.0.9","proto":"HTTP/2.0","method":"GET","host":"bank.example","uri":"/a?b","headers":{"User-Agent":["PortailWeb/4.2"]}},"user_id":"","duration":0.0009,"size":1024,"status":200,"resp_headers":{}}"#,
    ),
    (
        "json",
        r#"{"time":"2026-03-02T08:15:00Z","remote_addr":"10.0.0.9","method":"GET","path":"/a?b","status":200,"bytes":1024,"user_agent":"PortailWeb/4.2"}"#,
    ),
];

#[test]
fn every_format_is_found_by_one_line() {
    for (name, line) in LINES {
        let format = detected(&[line]);
        assert_eq!(format.name(), name, "{line}");
        with_last(&format, &[line], |call| {
            assert_eq!((text(call.target), call.status), ("/a?b", Some(200)), "{name}");
            assert_eq!(call.bytes, Some(1024), "{name}");
        });
    }
}

#[test]
fn a_line_fits_one_format_alone() {
    let reads = |name: &str, line: &str| {
        let candidate = Candidate::calls(name).unwrap();
        let mut reader = candidate.format().reader();
        matches!(reader.read(line.as_bytes()), Ok(Line::Call(_)))
    };
    let john = COMMON.replace("anna", "John Doe");
    assert!(reads("common", &john) && !reads("vhost_common", &john));
    for (name, line) in LINES {
        for other in NAMES.into_iter().filter(|other| *other != name) {
            // It reads Caddy's lines too, and as much of them.
            let expected = (name, other) == ("caddy", "json");
            assert_eq!(reads(other, line), expected, "{other} reads {name}");
        }
    }
}

#[test]
fn a_bare_quote_is_the_clients_own_if_nothing_else_reads_the_line() {
    let line = COMBINED.replace("PortailWeb/4.2", r#"say "hi" there"#);
    with_last(&detected(&[COMBINED]), &[&line, &line], |call| {
        assert_eq!(text(call.user_agent), r#"say "hi" there"#);
    });
}

#[test]
fn any_format_may_follow_any_other() {
    for (first, line) in LINES {
        let format = detected(&[line]);
        for (second, next) in LINES {
            with_last(&format, &[line, next, line, next], |call| {
                assert_eq!(call.status, Some(200), "{first} {second}");
                let agent = match second {
                    "common" | "vhost_common" | "haproxy" => "",
                    _ => "PortailWeb/4.2",
                };
                assert_eq!(text(call.user_agent), agent, "{first} {second}");
                assert_eq!(text(call.target), "/a?b", "{first} {second}");
            });
        }
    }
}

#[test]
fn w3c_is_found_by_its_directives() {
    let lines = [
        "#Software: Microsoft Internet Information Services 10.0",
        "#Fields: date time c-ip cs-method cs-uri-stem sc-status",
        "2026-03-02 08:15:00 10.0.0.9 GET /a 200",
    ];
    let format = detected(&lines[..2]);
    assert_eq!(format.name(), "w3c", "before the first call");
    let format = detected(&lines);
    assert_eq!(format.name(), "w3c");
    assert!(format.is_sequential());
    with_last(&format, &lines, |call| assert_eq!(text(call.target), "/a"));
}

#[test]
fn what_people_add_at_the_end_is_told_by_its_look() {
    let id = RequestId::Is(b"6f1c0a5b7d3e4f21a0b9c8d7e6f50413");
    let cases: [(&str, RequestId<'_>, Option<u64>, &str); 11] = [
        (r#" "6f1c0a5b7d3e4f21a0b9c8d7e6f50413" 1250"#, id, Some(1_250), ""),
        (r#" 1250 "6f1c0a5b7d3e4f21a0b9c8d7e6f50413""#, id, Some(1_250), ""),
        (r#" 6f1c0a5b7d3e4f21a0b9c8d7e6f50413"#, id, None, ""),
        (r#" "-" "6f1c0a5b7d3e4f21a0b9c8d7e6f50413""#, id, None, ""),
        (r#" 412 1371 1250"#, RequestId::NotLogged, Some(1_250), ""),
        (r#" 0"#, RequestId::NotLogged, Some(0), ""),
        (r#" "6.6.6.6, 10.0.0.1""#, RequestId::NotLogged, None, "6.6.6.6, 10.0.0.1"),
        (r#" "-""#, RequestId::NotLogged, None, ""),
        (r#" rt=0.125 uct="0.001" urt="0.124""#, RequestId::NotLogged, Some(125_000), ""),
        (
            r#" 412 0.125 [default-cards-80] [] 10.0.2.1:80 1024 0.124 200 6f1c0a5b7d3e4f21a0b9c8d7e6f50413"#,
            id,
            Some(125_000),
            "",
        ),
        (r#" "00-6f1c0a5b7d3e4f21a0b9c8d7e6f50413-00f067aa0ba902b7-01""#, id, None, ""),
    ];
    for (tail, request_id, duration, forwarded_for) in cases {
        let line = format!("{COMBINED}{tail}");
        let format = detected(&[&line]);
        with_last(&format, &[&line], |call| {
            let name = format.name();
            assert_eq!(call.request_id, request_id, "{name}");
            assert_eq!(call.duration, duration, "{name}");
            assert_eq!(text(call.forwarded_for), forwarded_for, "{name}");
            assert_eq!(text(call.user_agent), "PortailWeb/4.2", "{name}");
        });
        let Err(unread) = format.reader().read(&line.as_bytes()[..line.len() - 3]) else {
            continue;
        };
        assert!(unread.column > 100, "{tail}: {unread}");
    }
}

#[test]
fn several_lines_tell_more_than_one() {
    // Short ids are words that never repeat; where there is none, the request had none.
    let lines: Vec<String> = ["req-001", "req-002", "-", "req-003"]
        .iter()
        .map(|id| format!("{COMBINED} \"{id}\" 99"))
        .chain([format!("{COMBINED} \"req-004\" 100250")])
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let format = detected(&lines);
    assert!(format.name().ends_with(r#""%{X-Request-Id}i" %D"#), "{}", format.name());
    with_last(&format, &lines[..3], |call| assert_eq!(call.request_id, RequestId::Missing));
    with_last(&format, &lines, |call| assert_eq!(call.request_id, RequestId::Is(b"req-004")));
    // Words that repeat are no ids.
    let lines = ["web-1", "web-2", "web-1"].map(|name| format!("{COMBINED} \"{name}\""));
    let format = detected(&lines.each_ref().map(String::as_str));
    with_last(&format, &[&lines[0]], |call| assert_eq!(call.request_id, RequestId::NotLogged));
}

#[test]
fn a_host_may_stand_before_and_a_syslog_prefix_before_that() {
    let line = format!("Mar  2 08:15:00 lb httpd[7]: bank.example {COMBINED} 6f1c0a5b7d3e4f21");
    with_last(&detected(&[&line]), &[&line], |call| {
        assert_eq!((text(call.host), text(call.address)), ("bank.example", "10.0.0.9"));
        assert_eq!(call.request_id, RequestId::Is(b"6f1c0a5b7d3e4f21"));
    });
}

#[test]
fn garbage_between_the_lines_does_no_harm() {
    let mut lines = vec!["\u{16}\u{3}\u{1}", "starting up", ""];
    lines.extend([COMBINED; 5]);
    lines.push("stopped");
    let format = detected(&lines);
    assert_eq!(format.name(), "combined");
    let mut reader = format.reader();
    assert!(reader.read(b"stopped").is_err());
    assert!(reader.read(COMBINED.as_bytes()).is_ok());
}

#[test]
fn a_sample_may_end_within_a_line() {
    let sample = format!("{COMBINED}\n{COMBINED}\n{}", &COMBINED[..60]);
    assert_eq!(Format::detect(sample.as_bytes()).unwrap().name(), "combined");
    let whole = format!("{COMBINED}\r\n{COMMON}\r\n{COMMON}");
    assert_eq!(Format::detect(whole.as_bytes()).unwrap().name(), "common");
}

#[test]
fn an_empty_file_waits_for_its_first_line() {
    for sample in ["", "\n\n", " \r\n"] {
        let format = Format::detect(sample.as_bytes()).unwrap();
        for (_, line) in LINES {
            with_last(&format, &[line], |call| assert_eq!(call.status, Some(200)));
        }
    }
    assert!(Format::detect_marks(b"").is_ok());
}

#[test]
fn what_nothing_reads_is_shown_with_how_far_each_format_got() {
    let line = r#"10.0.0.9 - anna [02/Mar/2026:08:15:00 +0000] GET /a?b 200"#;
    let undetected = Format::detect(format!("\n{line}\nx\n").as_bytes()).unwrap_err();
    assert_eq!(undetected.line, line);
    let columns: Vec<usize> = undetected.tried.iter().map(|tried| tried.unread.column).collect();
    assert!(columns.is_sorted_by(|a, b| a >= b), "{columns:?}");
    let shown = undetected.to_string();
    assert!(shown.contains(line), "{shown}");
    assert!(shown.contains("\n  combined        column 46: expected "), "{shown}");
    assert!(shown.contains("\n  json            column 1: expected `{`"), "{shown}");

    let long = Format::detect("é\t".repeat(1000).as_bytes()).unwrap_err();
    assert_eq!(long.line.chars().count(), 161);
    assert!(long.line.ends_with("\u{fffd}…"), "control characters are not shown as they are");
}

#[test]
fn a_tenth_of_the_lines_must_be_calls() {
    let lines = |garbage: usize| {
        let mut lines = vec!["who knows"; garbage];
        lines.push(COMBINED);
        lines.join("\n")
    };
    assert!(Format::detect(lines(9).as_bytes()).is_ok());
    assert!(Format::detect(lines(10).as_bytes()).is_err());
}

#[test]
fn marks_are_json_lines_with_an_operation() {
    let lines = concat!(
        r#"{"time":"2026-03-02T08:15:00Z","message":"started"}"#,
        "\n",
        r#"{"time":"2026-03-02T08:15:01Z","request_id":"6f1c","operation":"card block"}"#,
    );
    let marks = Format::detect_marks(lines.as_bytes()).unwrap();
    assert_eq!(marks.name(), "json");
    match marks.reader().read(br#"{"operation":"x"}"#) {
        Ok(Line::Mark(mark)) => assert_eq!(mark.request_id, RequestId::Missing, "others have one"),
        other => panic!("{other:?}"),
    }
    let error = Format::detect_marks(b"{\"message\":\"started\"}\n").unwrap_err().to_string();
    assert!(error.contains("expected a key `operation`"), "{error}");
    let error = Format::detect_marks(b"2026-03-02 started\n").unwrap_err().to_string();
    assert!(error.contains("json  column 1: expected `{`"), "{error}");
}

#[test]
fn json_without_the_key_of_the_request_id_means_what_the_other_lines_say() {
    let with_id = r#"{"method":"GET","path":"/","status":200,"request_id":"6f1c"}"#;
    let without = r#"{"method":"GET","path":"/","status":200}"#;
    with_last(&detected(&[with_id, without]), &[without], |call| {
        assert_eq!(call.request_id, RequestId::Missing);
    });
    with_last(&detected(&[without]), &[without], |call| {
        assert_eq!(call.request_id, RequestId::NotLogged);
    });
    let with_id = r#"{"RequestMethod":"GET","RequestPath":"/","request_X-Request-Id":"6f1c"}"#;
    let without = r#"{"RequestMethod":"GET","RequestPath":"/"}"#;
    let format = detected(&[with_id, without]);
    assert_eq!(format.name(), "traefik");
    with_last(&format, &[without], |call| assert_eq!(call.request_id, RequestId::Missing));
}

#[test]
fn finds_the_format_of_a_real_log() {
    let Some(corpus) = std::env::var_os("DOLMEN_CORPUS") else {
        println!("skipped: no corpus");
        return;
    };
    let path = std::path::PathBuf::from(corpus).join("access-logs/elastic-apache.log");
    let log = std::fs::read(path).expect("the corpus has the file");
    let format = Format::detect(&log[..65_536]).unwrap();
    assert_eq!(format.name(), "combined");
    let mut reader = format.reader();
    let mut calls = 0;
    let mut unread = Vec::new();
    for (number, line) in (1..).zip(log.split(|&b| b == b'\n')) {
        match reader.read(line) {
            Ok(Line::Call(_)) => calls += 1,
            Ok(_) => assert!(line.is_empty()),
            Err(_) => unread.push(number),
        }
    }
    assert_eq!((calls, unread), (9_999, vec![8899]));
}

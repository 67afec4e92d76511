//! What real logs hold and careless readers trip over.

use std::time::{Duration, Instant};

use super::{format, text, unread, with_call};

const HEAD: &str = r#"10.0.0.9 - - [02/Mar/2026:08:15:00 +0000]"#;

/// A combined line with this request line and user agent.
fn combined(request: &str, agent: &str) -> String {
    format!(r#"{HEAD} "{request}" 200 5 "-" "{agent}""#)
}

#[test]
fn an_ipv6_address_is_an_address() {
    let common = format("common");
    let line = r#"2001:db8::7 - - [02/Mar/2026:08:15:00 +0000] "GET / HTTP/1.1" 200 5"#;
    with_call(&common, line, |call| assert_eq!(text(call.address), "2001:db8::7"));
    let mapped = r#"::ffff:10.0.0.9 - - [02/Mar/2026:08:15:00 +0000] "GET / HTTP/1.1" 200 5"#;
    with_call(&common, mapped, |call| assert_eq!(text(call.address), "::ffff:10.0.0.9"));
}

#[test]
fn an_ipv6_address_with_a_port_ends_at_the_last_colon() {
    let format = format(r#"%a:%{remote}p "%r" %>s"#);
    with_call(&format, r#"2001:db8::7:41342 "GET / HTTP/1.1" 200"#, |call| {
        assert_eq!(text(call.address), "2001:db8::7");
    });
    with_call(&format, r#"10.0.0.9:41342 "GET / HTTP/1.1" 200"#, |call| {
        assert_eq!(text(call.address), "10.0.0.9");
    });
}

#[test]
fn an_address_in_brackets_is_text_of_the_format() {
    let format = format(r#"[%a]:%{remote}p "%r""#);
    with_call(&format, r#"[2001:db8::7]:41342 "GET / HTTP/1.1""#, |call| {
        assert_eq!(text(call.address), "2001:db8::7");
    });
}

#[test]
fn tls_on_port_80_is_a_call_without_a_method() {
    let hello = r#"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 GET"#;
    with_call(&format("combined"), combined(hello, "-"), |call| {
        assert!(call.method.is_empty());
        assert_eq!(call.target, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 GET");
        assert!(call.protocol.is_empty());
        assert_eq!(call.status, Some(200));
    });
}

#[test]
fn what_is_no_http_has_no_method() {
    let combined_format = format("combined");
    for request in ["-", "quit", "GET", "\\n", "HELO mail.example", "SSH-2.0-Go", " / HTTP/1.1"] {
        with_call(&combined_format, combined(request, "-"), |call| {
            assert!(call.method.is_empty(), "{request}: {}", text(call.method));
        });
    }
    with_call(&combined_format, combined("-", "-"), |call| assert!(call.target.is_empty()));
}

#[test]
fn every_method_is_a_method() {
    for (request, expected) in [
        ("GET /a HTTP/1.0", ("GET", "/a", "HTTP/1.0")),
        ("GET /a", ("GET", "/a", "")),
        ("PRI * HTTP/2.0", ("PRI", "*", "HTTP/2.0")),
        ("GET /a HTTP/3", ("GET", "/a", "HTTP/3")),
        ("CONNECT bank.example:443 HTTP/1.1", ("CONNECT", "bank.example:443", "HTTP/1.1")),
        ("VERSION-CONTROL /a HTTP/1.1", ("VERSION-CONTROL", "/a", "HTTP/1.1")),
        ("get /a HTTP/1.1", ("get", "/a", "HTTP/1.1")),
        ("GET /with a blank HTTP/1.1", ("GET", "/with a blank", "HTTP/1.1")),
        ("GET http://h/a HTTP/1.1", ("GET", "http://h/a", "HTTP/1.1")),
    ] {
        with_call(&format("combined"), combined(request, "-"), |call| {
            let read = (text(call.method), text(call.target), text(call.protocol));
            assert_eq!((read.0.as_str(), read.1.as_str(), read.2.as_str()), expected);
        });
    }
}

#[test]
fn escaped_quotes_in_a_user_agent_are_its_own() {
    with_call(&format("combined"), combined("GET / HTTP/1.1", r#"a \"b\" \\ c\\"#), |call| {
        assert_eq!(call.user_agent, br#"a "b" \ c\"#);
    });
}

#[test]
fn quotes_that_a_server_did_not_escape_are_read_all_the_same() {
    let format = format(r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %D"#);
    for agent in [r#"Mozilla "quoted" 5.0"#, r#"say "hi""#, r#"""#, r#"a"b"#, r#"() { "x"; }"#] {
        with_call(&format, combined("GET / HTTP/1.1", agent) + " 17", |call| {
            assert_eq!(text(call.user_agent), text(agent.as_bytes()));
            assert_eq!(call.duration, Some(17));
            assert_eq!(text(call.target), "/");
        });
    }
}

#[test]
fn a_line_of_a_longer_format_is_not_taken_for_a_strange_user_agent() {
    let longer = combined("GET / HTTP/1.1", "curl/7.81") + r#" "6f1c""#;
    let fault = unread(&format("combined"), &longer);
    assert_eq!(fault.column, combined("GET / HTTP/1.1", "curl/7.81").len() + 1);
    assert_eq!(fault.expected, "the end of the line");
    let fault = unread(&format("common"), combined("GET / HTTP/1.1", "curl/7.81") + " 12 34");
    assert_eq!(fault.expected, "the end of the line");
}

#[test]
fn an_empty_user_name_is_two_quotes() {
    let line = r#"10.0.0.9 - "" [02/Mar/2026:08:15:00 +0000] "GET / HTTP/1.1" 401 5"#;
    with_call(&format("common"), line, |call| assert!(call.user.is_empty()));
    with_call(&format(r#"%h "%u" %>s"#), r#"10.0.0.9 """" 401"#, |call| {
        assert!(call.user.is_empty());
        assert_eq!(call.status, Some(401));
    });
}

#[test]
fn a_user_name_may_hold_blanks_and_brackets() {
    for user in ["Jean Dupont", "a [b", "x] [y", "[02/Mar/2026", "- -"] {
        let line =
            format!(r#"10.0.0.9 - {user} [02/Mar/2026:08:15:00 +0000] "GET / HTTP/1.1" 200 5"#);
        with_call(&format("common"), line, |call| {
            assert_eq!(text(call.user), user);
            assert_eq!(text(call.target), "/");
        });
    }
}

#[test]
fn a_truncated_line_is_unread_where_it_ends() {
    let whole = combined("GET / HTTP/1.1", "Mozilla/5.0");
    let combined_format = format("combined");
    for length in [whole.len() - 1, whole.len() - 5, HEAD.len() + 20, HEAD.len() + 5, 12, 4] {
        let fault = unread(&combined_format, &whole[..length]);
        assert!(fault.column > length, "cut to {length}: {fault}");
    }
    let fault = unread(&combined_format, &whole[..whole.len() - 1]);
    assert_eq!(
        fault.to_string(),
        format!("column {}: expected `\"` after %{{User-Agent}}i", whole.len())
    );
}

#[test]
fn a_fault_is_shown_where_it_is() {
    let common = format("common");
    for (line, column, expected) in [
        (format!(r#"{HEAD} "GET / HTTP/1.1" x00 5"#), 60, "a whole number or `-` for %>s"),
        (format!(r#"{HEAD} "GET / HTTP/1.1" 200 5 6"#), 65, "the end of the line"),
        (format!(r#"{HEAD} "GET / HTTP/1.1"200 5"#), 59, "`\" ` after %r"),
        (HEAD.replace("Mar", "Mrz") + r#" "GET / HTTP/1.1" 200 5"#, 15, "a valid time for %t"),
        (
            HEAD.replace("02/Mar", "31/Feb") + r#" "GET / HTTP/1.1" 200 5"#,
            15,
            "a valid time for %t",
        ),
    ] {
        let fault = unread(&common, &line);
        assert_eq!((fault.column, &*fault.expected), (column, expected), "{line}");
    }
    let fault = unread(&common, "Traceback (most recent call last):");
    assert_eq!(fault.column, 35, "{fault}");
}

#[test]
fn dashes_are_no_numbers() {
    let format = format(r#"%h %l %u %t "%r" %>s %b %D"#);
    with_call(&format, format!(r#"{HEAD} "GET / HTTP/1.1" - - -"#), |call| {
        assert_eq!((call.status, call.bytes, call.duration), (None, None, None));
    });
}

#[test]
fn a_status_that_http_has_no_room_for_is_none() {
    for (status, expected) in [
        ("000", None),
        ("009", None),
        ("99", None),
        ("1000", None),
        ("0", None),
        ("100", Some(100)),
        ("499", Some(499)),
        ("599", Some(599)),
        ("999", Some(999)),
    ] {
        with_call(
            &format("nginx"),
            format!(r#"{HEAD} "GET / HTTP/1.1" {status} 5 "-" "-""#),
            |call| {
                assert_eq!(call.status, expected, "{status}");
            },
        );
    }
}

#[test]
fn paths_stay_as_they_were_sent() {
    for target in
        ["//a//b", "/a;jsessionid=1F?x=;", "/a%2Fb%252F", "/%c3%a9", "/a/../b", "/?", "/a??b"]
    {
        with_call(&format("combined"), combined(&format!("GET {target} HTTP/1.1"), "-"), |call| {
            assert_eq!(text(call.target), target);
        });
    }
}

#[test]
fn zones_that_are_no_whole_hours() {
    for (zone, utc) in [
        ("+0330", "2026-03-02T04:45:00Z"),
        ("-0930", "2026-03-02T17:45:00Z"),
        ("+1245", "2026-03-01T19:30:00Z"),
        ("-0000", "2026-03-02T08:15:00Z"),
    ] {
        let line = combined("GET / HTTP/1.1", "-").replace("+0000", zone);
        with_call(&format("combined"), line, |call| {
            assert_eq!(call.time.map(|time| time.to_string()).as_deref(), Some(utc), "{zone}");
        });
    }
}

#[test]
fn the_hour_that_a_clock_change_repeats_is_told_by_its_zone() {
    let combined_format = format("combined");
    let mut reader = combined_format.reader();
    let mut times = Vec::new();
    for zone in ["+0200", "+0100"] {
        let line = combined("GET / HTTP/1.1", "-")
            .replace("02/Mar/2026:08:15:00 +0000", &format!("25/Oct/2026:02:30:00 {zone}"));
        let Ok(dolmen_logs::Line::Call(call)) = reader.read(line.as_bytes()) else {
            panic!("{line}")
        };
        times.push(call.time.expect("a time").seconds());
    }
    assert_eq!(times[1] - times[0], 3600);
}

#[test]
fn bytes_that_are_no_utf_8_are_data() {
    let mut line = combined("GET /caf", "-").into_bytes();
    line.splice(line.len() - 2..line.len() - 1, *b"\xff\xfe\x00\xe9");
    with_call(&format("combined"), &line, |call| assert_eq!(call.user_agent, b"\xff\xfe\x00\xe9"));
}

#[test]
fn a_line_end_that_was_left_does_no_harm() {
    for end in ["", "\n", "\r\n", "\r"] {
        with_call(&format("combined"), combined("GET / HTTP/1.1", "-") + end, |call| {
            assert_eq!(call.status, Some(200));
        });
        with_call(&format("%h %{User-Agent}i"), format!("10.0.0.9 curl{end}"), |call| {
            assert_eq!(text(call.user_agent), "curl");
        });
    }
}

#[test]
fn a_blank_line_is_nothing() {
    for line in ["", "\r\n", "  ", "\t"] {
        let combined_format = format("combined");
        let read = combined_format.reader().read(line.as_bytes()).map(|l| format!("{l:?}"));
        assert_eq!(read.as_deref(), Ok("Nothing"), "{line:?}");
    }
}

#[test]
fn a_forwarded_list_stays_whole() {
    let format = format("%{X-Forwarded-For}i %h %l %u %t");
    with_call(&format, format!("1.2.3.4, 2001:db8::1, 10.0.0.1 {HEAD}"), |call| {
        assert_eq!(text(call.forwarded_for), "1.2.3.4, 2001:db8::1, 10.0.0.1");
        assert_eq!(text(call.address), "10.0.0.9");
    });
}

/// Every byte of a line is looked at a bounded number of times: a megabyte of whatever makes a reader
/// look back takes a second even unoptimized, where a quadratic reader would take hours.
#[test]
fn a_huge_line_takes_linear_time() {
    const LENGTH: usize = 1_000_000;
    let begun = Instant::now();
    let format = format(r#"%h %u %{X-A}i %t "%r" %>s "%{Referer}i" %{X-B}i "%{User-Agent}i" %D"#);
    for filling in ["x", "\" ", "\\", " [", "\" 200 \"", " 1 \" ", "a\"b \" 7"] {
        let long = filling.repeat(LENGTH / filling.len());
        for line in [
            format!(r#"{long} u a [02/Mar/2026:08:15:00 +0000] "GET / HTTP/1.1" 200 "-" b "-" 7"#),
            format!(
                r#"h u a [02/Mar/2026:08:15:00 +0000] "GET /{long} HTTP/1.1" 200 "-" b "{long}" x"#
            ),
        ] {
            let _ = format.reader().read(line.as_bytes());
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(120), "{:?}", begun.elapsed());
}

#[test]
fn ten_megabytes_are_read() {
    let agent = r#"\"x "#.repeat(2_500_000);
    with_call(&format("combined"), combined("GET / HTTP/1.1", &agent), |call| {
        assert_eq!(call.user_agent.len(), 3 * 2_500_000);
    });
}

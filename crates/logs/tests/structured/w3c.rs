use dolmen_logs::{Call, Line, Reader, RequestId};

use super::{format, text, unread, with_call};

const IIS: &str = "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken";
const LINE: &str = "2026-03-02 08:15:00 10.0.0.5 POST /api/card op=block&x=%20 443 BANK\\anna 2001:db8::7 Mozilla/5.0+(Windows+NT+10.0) https://r.example/a+b 200 0 0 1250";

/// Reads a line that must be a call.
#[track_caller]
fn call(reader: &mut Reader<'_>, line: &str, check: impl FnOnce(&Call<'_>)) {
    match reader.read(line.as_bytes()) {
        Ok(Line::Call(call)) => check(&call),
        other => panic!("{line}: {other:?}"),
    }
}

/// Reads lines that say nothing about requests.
fn directives(reader: &mut Reader<'_>, lines: &[&str]) {
    for line in lines {
        assert!(matches!(reader.read(line.as_bytes()), Ok(Line::Nothing)), "{line}");
    }
}

#[test]
fn reads_iis() {
    let iis = format("iis");
    let mut reader = iis.reader();
    directives(
        &mut reader,
        &[
            "\u{feff}#Software: Microsoft Internet Information Services 10.0",
            "#Version: 1.0",
            "#Date: 2026-03-02 08:00:00",
            IIS,
        ],
    );
    let Ok(Line::Call(call)) = reader.read(LINE.as_bytes()) else { panic!("{LINE}") };
    assert_eq!(call.time.unwrap().to_string(), "2026-03-02T08:15:00Z");
    assert_eq!((text(call.method), text(call.target)), ("POST", "/api/card?op=block&x=%20"));
    assert_eq!((text(call.address), text(call.user)), ("2001:db8::7", "BANK\\anna"));
    assert_eq!(text(call.user_agent), "Mozilla/5.0 (Windows NT 10.0)");
    assert_eq!(text(call.referer), "https://r.example/a b", "IIS writes `+` for every blank");
    assert_eq!((call.status, call.duration), (Some(200), Some(1_250_000)));
    assert_eq!(call.request_id, RequestId::NotLogged);
}

#[test]
fn the_columns_may_change_in_the_middle_of_a_file() {
    let w3c = format("w3c");
    assert!(w3c.is_sequential());
    let mut reader = w3c.reader();
    assert!(reader.read(LINE.as_bytes()).is_err(), "nobody said what the columns are");
    directives(
        &mut reader,
        &["#Date: 2026-03-02 08:00:00", "#Fields: time c-ip cs-method cs-uri X-Request-Id"],
    );
    call(&mut reader, "08:15:00 10.0.0.9 GET /a?b 6f1c", |call| {
        assert_eq!(call.time.unwrap().to_string(), "2026-03-02T08:15:00Z", "the directive's day");
        assert_eq!((text(call.target), call.request_id), ("/a?b", RequestId::Is(b"6f1c")));
    });
    let fields = "#Fields: date time cs-method cs-uri-stem cs-uri-query cs(traceparent)";
    directives(&mut reader, &[fields]);
    call(&mut reader, "2026-03-02 08:15:00 GET /a - -", |call| {
        assert_eq!((text(call.target), call.request_id), ("/a", RequestId::Missing));
    });
}

#[test]
fn reads_cloudfront() {
    let fields = "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for cs-protocol-version";
    let line = "2026-03-02\t08:15:00\tLHR50\t10900\t192.0.2.9\tGET\td111.cloudfront.net\t/a\t200\t-\tMozilla/5.0%20(X11)%2520Linux\tb=c\tR4F1cQ==\tbank.example\thttps\t23\t0.125\t6.6.6.6,%2010.0.0.1\tHTTP/2.0";
    let log = format(fields);
    with_call(&log, line, |call| {
        assert_eq!((text(call.target), text(call.host)), ("/a?b=c", "bank.example"));
        assert_eq!(text(call.user_agent), "Mozilla/5.0 (X11) Linux");
        assert_eq!((call.bytes, call.duration), (Some(10_900), Some(125_000)));
        assert_eq!(call.request_id, RequestId::Is(b"R4F1cQ=="));
        assert_eq!(text(call.forwarded_for), "6.6.6.6, 10.0.0.1");
        assert_eq!((text(call.referer), text(call.protocol)), ("", "HTTP/2.0"));
    });
}

#[test]
fn texts_may_be_quoted() {
    let log = format("#Fields: c-ip cs(User-Agent) cs(X-Client) sc-status");
    with_call(&log, r#"10.0.0.9 "say ""hi"" there" "a + b" 200"#, |call| {
        assert_eq!(text(call.user_agent), r#"say "hi" there"#);
        assert_eq!(call.header("x-client"), Some(b"a + b".as_slice()));
        assert_eq!(call.status, Some(200));
    });
}

#[test]
fn a_line_of_another_length_is_not_read() {
    let log = format("#Fields: date time c-ip sc-status");
    for (line, column, expected) in [
        ("2026-03-02 08:15:00 10.0.0.9", 29, "a field for sc-status"),
        (
            "2026-03-02 08:15:00 10.0.0.9 200 1",
            34,
            "the end of the line: `#Fields:` named no more columns",
        ),
        ("2026-03-02 08:15:00 \"10.0.0.9 200", 34, "`\"` after c-ip"),
        ("2026-03-02 08:15:00 \"10.0.0.9\"x 200", 31, "a blank after c-ip"),
        ("2026-13-02 08:15:00 10.0.0.9 200", 1, "a date and a time"),
    ] {
        let found = unread(&log, line);
        assert_eq!((found.column, &*found.expected), (column, expected), "{line}");
    }
    with_call(&log, "2026-03-02 08:15:00 - -  \r\n", |call| assert_eq!(call.status, None));
}

#[test]
fn a_reader_knows_what_its_own_file_said() {
    let w3c = format("w3c");
    let mut first: Reader<'_> = w3c.reader();
    directives(&mut first, &[IIS]);
    assert!(first.read(LINE.as_bytes()).is_ok());
    let mut second = w3c.reader();
    assert!(second.read(LINE.as_bytes()).is_err());
}

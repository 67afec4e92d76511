mod agreement;
mod before;

use proptest::prelude::*;

use super::keys::{Keys, Leaf};
use super::scan::{Pick, Scanned};
use super::text::Texts;
use super::*;
use crate::{Call, Format, Line, Mark, RequestId};

fn fields(pairs: &[(&str, &str)]) -> Fields {
    pairs.iter().map(|&(name, path)| (name.to_owned(), path.to_owned())).collect()
}

fn with_call(format: &Format, line: &str, check: impl FnOnce(&Call<'_>)) {
    match format.reader().read(line.as_bytes()) {
        Ok(Line::Call(call)) => check(&call),
        other => panic!("{line}: {other:?}"),
    }
}

fn with_mark(format: &Format, line: &str, check: impl FnOnce(&Mark<'_>)) {
    match format.reader().read(line.as_bytes()) {
        Ok(Line::Mark(mark)) => check(&mark),
        other => panic!("{line}: {other:?}"),
    }
}

fn json_calls() -> Format {
    Format::calls("json", &Fields::new()).unwrap()
}

fn json_marks() -> Format {
    Format::marks("json", &Fields::new()).unwrap()
}

/// What the scanner picks at each path.
fn picked(paths: &[&str], line: &[u8]) -> Result<Vec<Vec<u8>>, crate::Unread> {
    let mut keys = Keys::new();
    for (slot, path) in (0..).zip(paths) {
        keys.want(path, Leaf { slot, rank: 0 }).unwrap();
    }
    let mut picks = vec![Pick::default(); paths.len()];
    let keys = keys.finish();
    let mut route = Route::default();
    keys.scan(line, &mut picks, &mut route)?;
    // The second time it goes the way it knows.
    let first = std::mem::replace(&mut picks, vec![Pick::default(); paths.len()]);
    keys.scan(line, &mut picks, &mut route)?;
    assert_eq!(first, picks);
    let mut undone = Vec::new();
    let texts = Texts::new(line, &mut picks, &mut undone, Scanned::Anyhow);
    Ok((0..paths.len()).map(|slot| texts.get(slot).to_vec()).collect())
}

fn picked_one(path: &str, line: &str) -> String {
    String::from_utf8(picked(&[path], line.as_bytes()).unwrap().remove(0)).unwrap()
}

/// Column and expectation of a line that is not read.
fn fault(line: &str) -> (usize, String) {
    let unread = picked(&["a"], line.as_bytes()).unwrap_err();
    (unread.column, unread.expected.into_owned())
}

#[test]
fn picks_values_of_every_kind() {
    assert_eq!(picked_one("a", r#"{"a":"x"}"#), "x");
    assert_eq!(picked_one("a", r#" { "b" : [ 1 , { } ] , "a" : "x" } "#), "x");
    assert_eq!(picked_one("a", r#"{"a":-12.5e+3}"#), "-12.5e+3");
    assert_eq!(picked_one("a", r#"{"a":true}"#), "true");
    assert_eq!(picked_one("a", r#"{"a":null}"#), "");
    assert_eq!(picked_one("a", r#"{"a":{"b":1}}"#), "");
    assert_eq!(picked_one("a", r#"{"a":["only"]}"#), "only");
    assert_eq!(picked_one("a", r#"{"a":["x", "y\n", 3]}"#), "x, y\n, 3");
    assert_eq!(picked_one("a", r#"{"a":[]}"#), "");
    assert_eq!(picked_one("a", r#"{}"#), "");
}

#[test]
fn a_dotted_path_finds_nested_and_flat_keys() {
    for line in [
        r#"{"a":{"b":{"c":"x"}}}"#,
        r#"{"a.b.c":"x"}"#,
        r#"{"a.b":{"c":"x"}}"#,
        r#"{"a":{"b.c":"x"}}"#,
        r#"{"a":{"z":[{"b":{"c":"not this"}}],"b":{"c":"x"}}}"#,
    ] {
        assert_eq!(picked_one("a.b.c", line), "x", "{line}");
    }
}

#[test]
fn an_index_finds_an_element() {
    assert_eq!(picked_one("a.b[1]", r#"{"a":{"b":["x","y","z"]}}"#), "y");
    assert_eq!(picked_one("a[0].b", r#"{"a":[{"b":"x"},{"b":"y"}]}"#), "x");
    assert_eq!(picked_one("a[1][0]", r#"{"a":[["x"],["y"]]}"#), "y");
    assert_eq!(picked_one("a[3]", r#"{"a":["x"]}"#), "");
}

#[test]
fn undoes_escapes() {
    assert_eq!(
        picked_one("a", r#"{"a":"\"q\" \\ \/ \t \u00e9 \ud83d\ude00"}"#),
        "\"q\" \\ / \t é 😀"
    );
    assert_eq!(picked_one("a", r#"{"\u0061":"x"}"#), "x");
    assert_eq!(picked_one("a", r#"{"b":"\"a\":\"no\"","a":"yes"}"#), "yes");
}

#[test]
fn nginx_default_escaping_inside_json_is_read() {
    assert_eq!(picked_one("a", r#"{"a":"say \x22hi\x22"}"#), "say \"hi\"");
}

#[test]
fn a_missing_value_is_no_fault() {
    assert_eq!(picked(&["t", "a"], br#"{"t":,"a":"x"}"#).unwrap(), [b"".to_vec(), b"x".to_vec()]);
    assert_eq!(picked(&["t", "a"], br#"{"a":"x","t":}"#).unwrap(), [b"".to_vec(), b"x".to_vec()]);
    assert_eq!(picked_one("a", r#"{"n":{"t":,"u":},"a":"x"}"#), "x");
    assert_eq!(picked_one("a", r#"{"s":009,"t":-,"f":NaN,"g":-Infinity,"a":"x",}"#), "x");
}

#[test]
fn of_a_duplicated_key_the_last_value_counts() {
    assert_eq!(picked_one("a", r#"{"a":"x","a":"y"}"#), "y");
    assert_eq!(picked_one("a", r#"{"a":"x","a":null}"#), "x", "unless it is empty");
    assert_eq!(
        picked(&["a.b", "a.c"], br#"{"a":{"b":"1"},"a":{"c":"2"}}"#).unwrap(),
        [b"1", b"2"],
        "of a duplicated object, both halves"
    );
}

#[test]
fn invalid_utf8_is_data() {
    let line = b"{\"b\":\"\xff\",\"\xfe\":1,\"a\":\"x\xc3y\"}";
    assert_eq!(picked(&["a"], line).unwrap(), [b"x\xc3y"]);
}

#[test]
fn a_byte_order_mark_is_passed() {
    assert_eq!(picked_one("a", "\u{feff}{\"a\":\"x\"}"), "x");
}

#[test]
fn a_fault_is_shown_where_it_is() {
    for (line, column, expected) in [
        ("", 1, "`{`"),
        ("GET / HTTP/1.1", 1, "`{`"),
        (r#"["a"]"#, 1, "`{`"),
        (r#"{"a" 1}"#, 6, "`:`"),
        (r#"{a:1}"#, 2, "a key in quotes, or `}`"),
        (r#"{"a":x}"#, 6, "a value"),
        (r#"{"a":tru}"#, 6, "a value"),
        (r#"{"a":1.}"#, 8, "a digit"),
        (r#"{"a":1 "b":2}"#, 8, "`,` or `}`"),
        (r#"{"a":[1 2]}"#, 9, "`,` or `]`"),
        (r#"{"a":[1}"#, 8, "`,` or `]`"),
        (r#"{"b":[{"c" 1}]}"#, 12, "`:`"),
        (r#"{"a":1} {"a":2}"#, 9, "the end of the line"),
    ] {
        assert_eq!(fault(line), (column, expected.to_owned()), "{line}");
    }
}

#[test]
fn a_truncated_line_is_a_fault_at_its_end() {
    let whole = r#"{"b":{"c":[1,"é\n"]},"a":"x\u00e9","d":-1.5e3,"e":null}"#;
    for cut in 0..whole.len() {
        let line = &whole.as_bytes()[..cut];
        let unread = picked(&["a", "b.c[1]"], line).unwrap_err();
        assert!(unread.column <= cut + 1, "{cut}: {unread}");
    }
    assert_eq!(fault(r#"{"a":"x"#), (8, "the `\"` that ends a text".to_owned()));
    assert_eq!(fault(r#"{"a":"x\"#), (9, "the `\"` that ends a text".to_owned()));
}

#[test]
fn nesting_is_bounded() {
    let nested =
        |depth: usize| format!(r#"{{"b":{}1{},"a":"x"}}"#, "[".repeat(depth), "]".repeat(depth));
    assert_eq!(picked_one("a", &nested(128)), "x");
    assert_eq!(fault(&nested(129)), (134, "at most 128 levels of nesting".to_owned()));
    let (column, _) = fault(&nested(1_000_000));
    assert_eq!(column, 134, "and the rest is not looked at");
}

#[test]
fn a_huge_line_is_read_like_any_other() {
    // Escapes all over, and nested pairs: what makes careless scanners quadratic.
    let mut line = br#"{"pad":""#.to_vec();
    line.extend(br#"\"xx\\"#.repeat(1_000_000));
    line.extend(br#"","list":["#);
    line.extend(br#"{"k":[1,2]},"#.repeat(300_000));
    line.extend(br#"0],"a":""#);
    line.extend(br"\u00e9".repeat(100_000));
    line.extend(br#""}"#);
    assert!(line.len() > 10_000_000);
    assert_eq!(picked(&["a"], &line).unwrap(), ["é".repeat(100_000).into_bytes()]);
}

#[test]
fn reads_a_mark() {
    let line = r#"{"time":"2026-03-02T09:15:00.250+01:00","level":"info","request_id":"6f1c","operation":"card \"block\"","service":"cards","n":1}"#;
    with_mark(&json_marks(), line, |mark| {
        assert_eq!(mark.time.unwrap().to_string(), "2026-03-02T08:15:00.25Z");
        assert_eq!(mark.request_id, RequestId::Is(b"6f1c"));
        assert_eq!(mark.operation, br#"card "block""#);
        assert_eq!(mark.service, b"cards");
    });
}

#[test]
fn a_line_without_an_operation_is_no_mark() {
    let marks = json_marks();
    for line in [
        r#"{"time":"2026-03-02T09:15:00Z","message":"started"}"#,
        r#"{"operation":null}"#,
        r#"{"operation":""}"#,
        r#"{"operation":"-","time":"never"}"#,
    ] {
        assert!(matches!(marks.reader().read(line.as_bytes()), Ok(Line::Nothing)), "{line}");
    }
}

#[test]
fn a_mark_finds_common_spellings() {
    for line in [
        r#"{"@timestamp":"2026-03-02T08:15:00Z","trace.id":"6f1c","operation":"x","service.name":"s"}"#,
        r#"{"@timestamp":"2026-03-02T08:15:00Z","trace":{"id":"6f1c"},"operation":"x","service":{"name":"s"}}"#,
        r#"{"ts":1772439300.0,"requestId":"6f1c","operationName":"x","serviceName":"s"}"#,
        r#"{"time":1772439300000,"req":{"id":"6f1c"},"operation":"x","service":"s"}"#,
        r#"{"asctime":"2026-03-02 08:15:00,000","correlation_id":"6f1c","operation":"x","app":"s"}"#,
        r#"{"timestamp":"2026-03-02T08:15:00Z","traceparent":"00-6f1c","request_id":"6f1c","operation":"x","service":"s"}"#,
    ] {
        with_mark(&json_marks(), line, |mark| {
            assert_eq!(mark.time.unwrap().to_string(), "2026-03-02T08:15:00Z", "{line}");
            assert_eq!(mark.request_id, RequestId::Is(b"6f1c"), "{line}");
            assert_eq!(
                (mark.operation, mark.service),
                (b"x".as_slice(), b"s".as_slice()),
                "{line}"
            );
        });
    }
}

#[test]
fn a_traceparent_in_a_mark_is_its_trace_id() {
    let line = r#"{"operation":"x","headers":{"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}}"#;
    let marks = Format::marks("json", &fields(&[("request_id", "headers.traceparent")])).unwrap();
    with_mark(&marks, line, |mark| {
        assert_eq!(mark.request_id, RequestId::Is(b"4bf92f3577b34da6a3ce929d0e0e4736"));
    });
}

#[test]
fn named_fields_replace_the_common_spellings() {
    let marks = Format::marks(
        "json",
        &fields(&[("operation", "event.action"), ("request_id", "ctx.ids[0]")]),
    )
    .unwrap();
    let line = r#"{"event":{"action":"block"},"operation":"other","ctx":{"ids":["a","b"]},"request_id":"no","service":"s"}"#;
    with_mark(&marks, line, |mark| {
        assert_eq!(mark.operation, b"block");
        assert_eq!(mark.request_id, RequestId::Is(b"a"));
        assert_eq!(mark.service, b"s", "what is not named keeps its spellings");
    });
    with_mark(&marks, r#"{"event.action":"block"}"#, |mark| {
        assert_eq!(mark.request_id, RequestId::Missing, "a named key that is not there");
    });
}

#[test]
fn refuses_fields_that_do_not_exist() {
    let refused = |format: Result<Format, FormatError>| {
        let error = format.unwrap_err();
        (error.text[error.at.clone()].to_owned(), error.message)
    };
    let calls = |name, path| refused(Format::calls("json", &fields(&[(name, path)])));
    let marks = |name, path| refused(Format::marks("json", &fields(&[(name, path)])));
    let (at, message) = calls("user_agant", "ua");
    assert_eq!(
        (at.as_str(), message.ends_with("did you mean `user_agent`?")),
        ("user_agant", true)
    );
    let (_, message) = calls("colour", "c");
    assert!(message.contains("there are: time, request_id, operation, service, address,"));
    let (at, message) = marks("status", "code");
    assert_eq!(at, "status");
    assert!(message.ends_with("there are: time, request_id, operation, service"), "{message}");
    assert_eq!(marks("header.host", "host").0, "header.host");
    assert_eq!(
        calls("status", "http[x]"),
        ("http[x]".to_owned(), "an index is a number, such as `[0]`".to_owned(),)
    );
}

#[test]
fn reads_an_nginx_log_in_json() {
    let line = r#"{"time_iso8601":"2026-03-02T08:15:00+00:00","remote_addr":"2001:db8::7","remote_user":"","request_method":"POST","request_uri":"/api/card/1?op=block","server_protocol":"HTTP/2.0","status":"204","body_bytes_sent":0,"request_time":0.012,"http_referer":"","http_user_agent":"say \"hi\"","http_x_forwarded_for":"1.2.3.4, 10.0.0.1","http_x_request_id":"6f1c","upstream_addr":"10.0.0.5:8080","http_host":"bank.example"}"#;
    with_call(&json_calls(), line, |call| {
        assert_eq!(call.address, b"2001:db8::7");
        assert_eq!(call.user, b"");
        assert_eq!((call.method, call.protocol), (b"POST".as_slice(), b"HTTP/2.0".as_slice()));
        assert_eq!(call.target, b"/api/card/1?op=block");
        assert_eq!((call.status, call.bytes, call.duration), (Some(204), Some(0), Some(12_000)));
        assert_eq!(call.referer, b"");
        assert_eq!(call.user_agent, br#"say "hi""#);
        assert_eq!(call.forwarded_for, b"1.2.3.4, 10.0.0.1", "whole, forged part included");
        assert_eq!(call.request_id, RequestId::Is(b"6f1c"));
        assert_eq!(
            (call.upstream, call.host),
            (b"10.0.0.5:8080".as_slice(), b"bank.example".as_slice())
        );
    });
}

#[test]
fn reads_the_elastic_common_schema_flat_and_nested() {
    for line in [
        r#"{"@timestamp":"2026-03-02T08:15:00.000Z","http.request.method":"GET","url.path":"/a","url.query":"b=c","http.response.status_code":200,"http.response.body.bytes":12,"event.duration":1500000,"source.ip":"10.0.0.9","user_agent.original":"curl","http.request.referrer":"r","http.version":"1.1","trace.id":"6f1c","url.domain":"h","user.name":"u"}"#,
        r#"{"@timestamp":"2026-03-02T08:15:00.000Z","http":{"version":"1.1","request":{"method":"GET","referrer":"r"},"response":{"status_code":200,"body":{"bytes":12}}},"url":{"path":"/a","query":"b=c","domain":"h"},"event":{"duration":1500000},"source":{"ip":"10.0.0.9"},"user_agent":{"original":"curl"},"trace":{"id":"6f1c"},"user":{"name":"u"}}"#,
    ] {
        with_call(&json_calls(), line, |call| {
            assert_eq!((call.method, call.target), (b"GET".as_slice(), b"/a?b=c".as_slice()));
            assert_eq!((call.status, call.bytes, call.duration), (Some(200), Some(12), Some(1500)));
            assert_eq!(
                (call.address, call.user_agent),
                (b"10.0.0.9".as_slice(), b"curl".as_slice())
            );
            assert_eq!((call.referer, call.protocol), (b"r".as_slice(), b"HTTP/1.1".as_slice()));
            assert_eq!((call.host, call.user), (b"h".as_slice(), b"u".as_slice()));
            assert_eq!(call.request_id, RequestId::Is(b"6f1c"));
        });
    }
}

#[test]
fn a_request_line_and_a_whole_url_are_taken_apart() {
    let line = r#"{"time":"17\/May\/2015:10:05:03 +0000","remote_addr":"[2001:db8::7]:443","request":"GET /a HTTP/1.1","status":200}"#;
    with_call(&json_calls(), line, |call| {
        assert_eq!(call.time.unwrap().to_string(), "2015-05-17T10:05:03Z");
        assert_eq!(call.address, b"2001:db8::7");
        assert_eq!(
            (call.method, call.target, call.protocol),
            (b"GET".as_slice(), b"/a".as_slice(), b"HTTP/1.1".as_slice())
        );
    });
    let line = r#"{"httpRequest":{"requestMethod":"GET","requestUrl":"https://h.example/a?b","status":200,"latency":"0.004s","remoteIp":"10.0.0.9","userAgent":"curl"},"timestamp":"2026-03-02T08:15:00Z"}"#;
    with_call(&json_calls(), line, |call| {
        assert_eq!((call.host, call.target), (b"h.example".as_slice(), b"/a?b".as_slice()));
        assert_eq!((call.duration, call.address), (Some(4_000), b"10.0.0.9".as_slice()));
    });
}

#[test]
fn named_headers_are_kept() {
    let format =
        Format::calls("json", &fields(&[("header.X_Client", "client"), ("duration_us", "took")]))
            .unwrap();
    with_call(&format, r#"{"method":"GET","path":"/","client":"portal","took":1500}"#, |call| {
        assert_eq!(call.header("x-client"), Some(b"portal".as_slice()));
        assert_eq!(call.duration, Some(1500));
        assert_eq!(call.request_id, RequestId::NotLogged);
    });
    with_call(&format, r#"{"method":"GET","path":"/","request_id":"-"}"#, |call| {
        assert_eq!(call.header("x-client"), None);
        assert_eq!(call.request_id, RequestId::Missing);
    });
}

#[test]
fn an_application_line_is_no_call() {
    let unread = json_calls().reader().read(br#"{"level":"info","msg":"started"}"#).unwrap_err();
    assert_eq!(unread.column, 1);
    assert!(unread.expected.starts_with("an access log line"));
    let unread = json_calls().reader().read(br#"{"method":"GET","time":"noon"}"#).unwrap_err();
    assert_eq!((unread.column, &*unread.expected), (25, "a time"));
}

#[test]
fn reads_caddy() {
    let format = Format::calls("caddy", &Fields::new()).unwrap();
    let line = r#"{"level":"info","ts":1772439300.1234567,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"2001:db8::7","remote_port":"41342","client_ip":"127.0.0.1","proto":"HTTP/2.0","method":"GET","host":"bank.example","uri":"/a?b=c","headers":{"User-Agent":["curl/8.5"],"X-Forwarded-For":["6.6.6.6","10.0.0.1"],"X-Request-Id":["6f1c"],"Accept":["*/*"]},"tls":{"resumed":false,"version":772}},"bytes_read":0,"user_id":"","duration":0.000929675,"size":10900,"status":200,"resp_headers":{"Server":["Caddy"]}}"#;
    with_call(&format, line, |call| {
        assert_eq!(call.time.unwrap().micros(), 1_772_439_300_123_456);
        assert_eq!(call.address, b"2001:db8::7");
        assert_eq!((call.method, call.target), (b"GET".as_slice(), b"/a?b=c".as_slice()));
        assert_eq!(
            (call.protocol, call.host),
            (b"HTTP/2.0".as_slice(), b"bank.example".as_slice())
        );
        assert_eq!((call.status, call.bytes, call.duration), (Some(200), Some(10_900), Some(929)));
        assert_eq!(call.user_agent, b"curl/8.5");
        assert_eq!(call.forwarded_for, b"6.6.6.6, 10.0.0.1", "sent twice, joined as HTTP joins it");
        assert_eq!(call.request_id, RequestId::Is(b"6f1c"));
    });
    with_call(&format, &line.replace(r#"["6f1c"]"#, r#"["6f1c","6f1d"]"#), |call| {
        assert_eq!(call.request_id, RequestId::Missing, "sent twice, it names nothing");
    });
    with_call(
        &format,
        &line
            .replace(r#""resp_headers":{"#, r#""resp_headers":{"X-Request-Id":["made"],"#)
            .replace(r#""X-Request-Id":["6f1c"],"#, ""),
        |call| assert_eq!(call.request_id, RequestId::Is(b"made")),
    );
    let message = br#"{"level":"info","ts":1772439300.1,"msg":"serving initial configuration"}"#;
    assert!(matches!(format.reader().read(message), Ok(Line::Nothing)));
    assert!(format.reader().read(br#"{"status_code":200}"#).is_err());
}

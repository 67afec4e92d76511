//! nginx's variables, and its three ways to escape.

use dolmen_logs::{FieldName, Value};

use super::{format, text, unread, with_call};

const MAIN: &str = r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#;

#[test]
fn the_format_that_everybody_has() {
    let line = r#"10.0.0.9 - jean [02/Mar/2026:09:15:00 +0100] "GET /a?b HTTP/2.0" 304 0 "https://p/" "curl \x22x\x22 caf\xC3\xA9 \x5C""#;
    with_call(&format(MAIN), line, |call| {
        assert_eq!(call.time.unwrap().to_string(), "2026-03-02T08:15:00Z");
        assert_eq!(text(call.user), "jean");
        assert_eq!((call.status, call.bytes), (Some(304), Some(0)));
        assert_eq!(call.user_agent, "curl \"x\" café \\".as_bytes());
    });
}

#[test]
fn a_backslash_that_nginx_wrote_is_no_other_escape() {
    let line = r#"10.0.0.9 "\n \x5Cn""#;
    with_call(&format(r#"$remote_addr "$http_user_agent""#), line, |call| {
        assert_eq!(text(call.user_agent), r"\\n \\n");
    });
}

#[test]
fn times_and_durations() {
    for (format_text, line, time, micros) in [
        ("$msec $request_time", "1772439300.250 0.017", "2026-03-02T08:15:00.25Z", 17_000),
        (
            "$time_iso8601 $request_time",
            "2026-03-02T09:15:00+01:00 12.000",
            "2026-03-02T08:15:00Z",
            12_000_000,
        ),
        (
            "[$time_local] $request_time $msec",
            "[02/Mar/2026:08:15:00 +0000] 0.001 1772439300.250",
            "2026-03-02T08:15:00.25Z",
            1000,
        ),
        (
            "$time_local|$request_time|$upstream_response_time",
            "02/Mar/2026:08:15:00 +0000|0.005|0.001, 0.002",
            "2026-03-02T08:15:00Z",
            5000,
        ),
        (
            "$upstream_response_time $msec",
            "0.001, 0.002 : 0.004 1772439300.250",
            "2026-03-02T08:15:00.25Z",
            7000,
        ),
        (
            "$upstream_response_time $msec",
            "-, 0.002 1772439300.250",
            "2026-03-02T08:15:00.25Z",
            2000,
        ),
    ] {
        with_call(&format(format_text), line, |call| {
            assert_eq!(call.time.unwrap().to_string(), time, "{format_text}");
            assert_eq!(call.duration, Some(micros), "{format_text}");
        });
    }
    with_call(&format("$upstream_response_time $status"), "- 200", |call| {
        assert_eq!(call.duration, None);
    });
}

#[test]
fn lists_of_upstreams_end_where_they_end() {
    let format = format("$upstream_addr $upstream_status $upstream_response_time $request_id");
    for (addresses, statuses, times) in [
        ("10.0.0.1:80", "200", "0.001"),
        ("10.0.0.1:80, 10.0.0.2:80", "502, 200", "0.001, 0.002"),
        ("10.0.0.1:80, unix:/run/a.sock : 10.0.0.3:80", "502, 200 : 200", "0.001, - : 0.002"),
        ("-", "-", "-"),
    ] {
        with_call(&format, format!("{addresses} {statuses} {times} 6f1c"), |call| {
            assert_eq!(text(call.upstream), addresses.trim_matches('-'));
            assert_eq!(call.request_id, dolmen_logs::RequestId::Is(b"6f1c"));
        });
    }
}

#[test]
fn targets_hosts_and_headers() {
    with_call(
        &format("$request_method $scheme://$host$request_uri $server_protocol"),
        "GET https://bank.example/a?b HTTP/2.0",
        |call| {
            assert_eq!(
                (text(call.host), text(call.target)),
                ("bank.example".to_owned(), "/a?b".to_owned())
            );
            assert_eq!(text(call.method), "GET");
        },
    );
    with_call(&format("$uri$is_args$args $status"), "/a?b=c 200", |call| {
        assert_eq!(text(call.target), "/a?b=c")
    });
    with_call(&format("$uri$is_args$args $status"), "/a 200", |call| {
        assert_eq!(text(call.target), "/a")
    });
    with_call(&format("$uri \"$args\""), "/a \"b=c\"", |call| {
        assert_eq!(text(call.target), "/a?b=c")
    });
    with_call(&format("$uri \"$args\""), "/a \"-\"", |call| assert_eq!(text(call.target), "/a"));
    let headers = format("$http_host|$http_x_client|$http_x_forwarded_for|$http_soapaction");
    with_call(&headers, "bank.example:8443|portal|1.1.1.1, 10.0.0.1|\\x22block\\x22", |call| {
        assert_eq!(text(call.host), "bank.example:8443");
        assert_eq!(call.header("x-client"), Some(b"portal".as_slice()));
        assert_eq!(text(call.forwarded_for), "1.1.1.1, 10.0.0.1");
        assert_eq!(call.header("soapaction"), Some(br#""block""#.as_slice()));
    });
}

/// As nginx 1.22 logged them.
#[test]
fn a_request_that_was_refused_has_no_target() {
    let rich = format("$status $scheme://$host$request_uri $uri$is_args$args \"$http_referer\"");
    for (line, host, target) in [
        (r#"400 http://bank.example- -- "text/html""#, "bank.example", ""),
        (r#"200 http://bank.example/ /index.html- "-""#, "bank.example", "/"),
        (r#"404 http://bank.example/a-b?c /a-b?c "x/y""#, "bank.example", "/a-b?c"),
        (r#"400 http://-- -- "-""#, "", ""),
    ] {
        with_call(&rich, line, |call| {
            assert_eq!((text(call.host), text(call.target)), (host.to_owned(), target.to_owned()));
        });
    }
    let fault = unread(&rich, r#"400 http://bank.example -- "-""#);
    assert_eq!(fault.to_string(), "column 24: expected a path after $host");
}

#[test]
fn a_query_that_is_not_there_leaves_a_dash() {
    for (format_text, line, target) in [
        ("$uri$is_args$args $status", "/index.html- 200", "/index.html"),
        ("$uri$is_args$args $status", "/a-?b- 200", "/a-?b-"),
        ("$uri$is_args$args $status", "-- 400", ""),
        (r#"{"s":$status,"u":"$uri$is_args$args"}"#, r#"{"s":200,"u":"/a-"}"#, "/a-"),
    ] {
        with_call(&format(format_text), line, |call| {
            assert_eq!(text(call.target), target, "{line}")
        });
    }
    let read = format("$uri$is_args$args").fields(b"/a-").unwrap();
    let values: Vec<_> = read.into_iter().map(|(_, value)| value).collect();
    assert_eq!(values, [Value::Text(b"/a".to_vec()), Value::Missing, Value::Missing]);
}

#[test]
fn an_unknown_variable_is_some_text() {
    with_call(&format("$my_map_result $status ${geoip_city}x"), "any thing 200 Parisx", |call| {
        assert_eq!(call.status, Some(200));
    });
}

#[test]
fn a_percent_sign_is_text_as_a_dollar_is_to_apache() {
    with_call(&format("$status $request_time% %h"), "200 0.017% %h", |call| {
        assert_eq!(call.duration, Some(17_000));
    });
    with_call(&format("%>s $5 %D"), "200 $5 17", |call| assert_eq!(call.duration, Some(17)));
}

const JSON: &str = r#"{"t":$msec,"a":"$remote_addr","r":"$request","s":$status,"b":$body_bytes_sent,"ua":"$http_user_agent","id":"$request_id","ut":$upstream_response_time,"d":$request_time}"#;

#[test]
fn a_format_that_is_json() {
    let line = r#"{"t":1772439300.250,"a":"10.0.0.9","r":"GET /\"a\" HTTP/1.1","s":200,"b":5,"ua":"caf\u00e9 \ud83d\ude00 \/ \\","id":"6f1c","ut":0.001, 0.002,"d":0.017}"#;
    with_call(&format(JSON), line, |call| {
        assert_eq!(call.target, br#"/"a""#);
        assert_eq!(call.user_agent, "café \u{1f600} / \\".as_bytes());
        assert_eq!((call.status, call.bytes, call.duration), (Some(200), Some(5), Some(17_000)));
    });
}

#[test]
fn a_missing_variable_leaves_no_json_and_is_read_all_the_same() {
    let line = r#"{"t":1772439300.250,"a":"10.0.0.9","r":"","s":009,"b":,"ua":"","id":"","ut":,"d":0.000}"#;
    with_call(&format(JSON), line, |call| {
        assert_eq!((call.status, call.bytes, call.duration), (None, None, Some(0)));
        assert!(call.target.is_empty() && call.user_agent.is_empty());
        assert_eq!(call.request_id, dolmen_logs::RequestId::Missing);
    });
    let written_as_dashes = line.replace(":,", ":-,").replace("\"\"", "\"-\"");
    with_call(&format(JSON), written_as_dashes, |call| assert_eq!(call.bytes, None));
}

#[test]
fn a_truncated_line_is_unread_where_it_ends() {
    let line = r#"{"t":1772439300.250,"a":"10.0.0.9","r":"GET / HT"#;
    let fault = unread(&format(JSON), line);
    assert_eq!(fault.column, line.len() + 1, "{fault}");
    let fault = unread(&format(JSON), r#"{"t":1772439300.250,"a":"10.0.0.9","r":"GET /","s":x,"#);
    assert_eq!(fault.to_string(), "column 52: expected a whole number or `-` for $status");
}

#[test]
fn variables_have_typed_values() {
    let format = format("$status $request_time $uri$is_args$args $msec $http_x");
    let read = format.fields(b"200 0.250 /a?b 1772439300.250 -").unwrap();
    let names: Vec<_> = read
        .iter()
        .map(|(name, _)| match name {
            FieldName::Written(name) => name.as_str(),
            FieldName::Time(_) => "",
        })
        .collect();
    assert_eq!(
        names,
        ["$status", "$request_time", "$uri", "$is_args", "$args", "$msec", "$http_x"]
    );
    assert_eq!(read[0].1, Value::Integer(200));
    assert_eq!(read[1].1, Value::Decimal(0.25));
    assert_eq!(read[3].1, Value::Text(b"?".to_vec()));
    assert_eq!(read[4].1, Value::Text(b"b".to_vec()));
    assert!(matches!(read[5].1, Value::Moment(m) if m.time.micros() == 1_772_439_300_250_000));
    assert_eq!(read[6].1, Value::Missing);
}

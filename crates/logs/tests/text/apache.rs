//! What each directive means for a call, and as a typed value.

use dolmen_logs::{Date, FieldName, Format, Moment, Value};

use super::{format, text, with_call};

#[track_caller]
fn values(format_text: &str, line: &str) -> Vec<(String, Value)> {
    let read: Format = format(format_text);
    let fields = read.fields(line.as_bytes()).unwrap_or_else(|e| panic!("{line}\n{e}"));
    fields
        .into_iter()
        .filter_map(|(name, value)| match name {
            FieldName::Written(name) => Some((name, value)),
            FieldName::Time(_) => None,
        })
        .collect()
}

#[track_caller]
fn value(directive: &str, logged: &str) -> Value {
    let values = values(directive, logged);
    assert_eq!(values.len(), 1, "{values:?}");
    assert_eq!(values[0].0, directive);
    values[0].1.clone()
}

fn of_text(text: &str) -> Value {
    Value::Text(text.as_bytes().to_vec())
}

#[test]
fn every_directive_has_a_typed_value() {
    for directive in [
        "%a",
        "%{c}a",
        "%A",
        "%h",
        "%{c}h",
        "%v",
        "%V",
        "%l",
        "%m",
        "%L",
        "%{c}L",
        "%f",
        "%H",
        "%r",
        "%R",
        "%u",
        "%{x}C",
        "%{x}e",
        "%{x}i",
        "%{x}n",
        "%{x}o",
        "%{x}^ti",
        "%{x}^to",
        "%{x}c",
        "%{x}x",
        "%<r",
        "%>f",
        "%!200,304{Referer}i",
    ] {
        assert_eq!(value(directive, "abc"), of_text("abc"), "{directive}");
    }
    for directive in [
        "%b",
        "%B",
        "%D",
        "%I",
        "%k",
        "%O",
        "%p",
        "%{canonical}p",
        "%{local}p",
        "%{remote}p",
        "%P",
        "%{pid}P",
        "%{tid}P",
        "%s",
        "%>s",
        "%<s",
        "%S",
        "%T",
        "%{ms}T",
        "%{us}T",
        "%{s}T",
        "%^FB",
        "%{sec}t",
        "%{msec}t",
        "%{usec}t",
        "%{%s}t",
    ] {
        assert_eq!(value(directive, "1042"), Value::Integer(1042), "{directive}");
    }
    assert_eq!(value("%{hextid}P", "7fb9de5af700"), Value::Integer(0x7fb9_de5a_f700));
    assert_eq!(value("%{msec_frac}t", "042"), Value::Integer(42));
    assert_eq!(value("%{usec_frac}t", "000042"), Value::Integer(42));
    assert_eq!(value("%X", "-"), of_text("-"), "aborted is X, closed is -");
    assert_eq!(value("%q", ""), of_text(""));
    assert_eq!(value("%u", "\"\""), of_text(""));
}

#[test]
fn a_dash_is_missing_where_apache_writes_one() {
    for directive in
        ["%b", "%s", "%l", "%u", "%L", "%f", "%m", "%r", "%{x}i", "%{x}x", "%200D", "%!200a"]
    {
        assert_eq!(value(directive, "-"), Value::Missing, "{directive}");
    }
    for directive in ["%h", "%v", "%a", "%V"] {
        assert_eq!(value(directive, "-"), of_text("-"), "{directive}");
    }
}

#[test]
fn every_conversion_of_a_time_has_a_typed_value() {
    for (conversion, logged, expected) in [
        ("%a", "Sat", of_text("Sat")),
        ("%A", "Saturday", of_text("Saturday")),
        ("%b", "janv.", of_text("janv.")),
        ("%B", "März", of_text("März")),
        ("%h", "Nov", of_text("Nov")),
        ("%C", "20", Value::Integer(20)),
        ("%d", "07", Value::Integer(7)),
        ("%e", " 7", Value::Integer(7)),
        ("%D", "05/17/15", Value::Date(Date { year: 2015, month: 5, day: 17 })),
        ("%F", "2015-05-17", Value::Date(Date { year: 2015, month: 5, day: 17 })),
        ("%g", "15", Value::Integer(15)),
        ("%G", "2015", Value::Integer(2015)),
        ("%H", "09", Value::Integer(9)),
        ("%k", " 9", Value::Integer(9)),
        ("%I", "12", Value::Integer(12)),
        ("%j", "137", Value::Integer(137)),
        ("%m", "05", Value::Integer(5)),
        ("%M", "00", Value::Integer(0)),
        ("%p", "PM", of_text("PM")),
        ("%R", "10:05", Value::TimeOfDay { hour: 10, minute: 5, second: 0 }),
        ("%S", "60", Value::Integer(60)),
        ("%T", "10:05:03", Value::TimeOfDay { hour: 10, minute: 5, second: 3 }),
        ("%u", "7", Value::Integer(7)),
        ("%U", "20", Value::Integer(20)),
        ("%V", "20", Value::Integer(20)),
        ("%w", "0", Value::Integer(0)),
        ("%W", "19", Value::Integer(19)),
        ("%y", "15", Value::Integer(15)),
        ("%Y", "2015", Value::Integer(2015)),
        ("%z", "+0330", Value::Offset(12_600)),
        ("%Z", "CEST", of_text("CEST")),
    ] {
        let directive = format!("%{{{conversion}}}t");
        assert_eq!(value(&directive, logged), expected, "{directive}");
    }
}

/// The time of a call, or the empty text.
#[track_caller]
fn time(format_text: &str, line: &str) -> String {
    let mut read = String::new();
    with_call(&format(format_text), line, |call| {
        read = call.time.map(|time| time.to_string()).unwrap_or_default();
    });
    read
}

#[test]
fn a_time_is_put_together_from_its_pieces() {
    let expected = "2019-05-19T12:34:56Z";
    for (format, line) in [
        ("%{%Y-%m-%d %H:%M:%S}t", "2019-05-19 12:34:56"),
        ("%{%FT%T%z}t", "2019-05-19T14:34:56+0200"),
        ("%{%D %I:%M:%S %p}t", "05/19/19 12:34:56 PM"),
        ("%{%C%y-%j %T}t", "2019-139 12:34:56"),
        ("%{%G-W%V-%u %T}t", "2019-W20-7 12:34:56"),
        ("%{%g-W%V %a %T}t", "19-W20 Sun 12:34:56"),
        ("%{%Y %U %w %T}t", "2019 20 0 12:34:56"),
        ("%{%Y %W %A %T}t", "2019 19 Sunday 12:34:56"),
        ("%{%d %B %Y %T %Z}t", "19 mai 2019 14:34:56 CEST"),
        ("%{%d%b%Y%T}t", "19May201912:34:56"),
        ("%{sec}t", "1558269296"),
        ("%{%s}t", "1558269296"),
        ("%{end:%F}t %{end:%T}t", "2019-05-19 12:34:56"),
        ("%{end:%s}t %{begin:%s}t", "1558269999 1558269296"),
        ("[%{%d/%b/%Y:%T %z}t] %T", "[19/May/2019:12:34:56 +0000] 0"),
    ] {
        assert_eq!(time(format, line), expected, "{format}");
    }
    for (format, line) in [
        ("%{msec}t", "1558269296042"),
        ("%{sec}t.%{msec_frac}t", "1558269296.042"),
        ("%{sec}t%{msec_frac}t", "1558269296042"),
        ("%{%F %T}t.%{usec_frac}t %{%z}t", "2019-05-19 12:34:56.042000 +0000"),
        ("%t %{msec_frac}t", "[19/May/2019:12:34:56 +0000] 042"),
    ] {
        assert_eq!(time(format, line), "2019-05-19T12:34:56.042Z", "{format}");
    }
    assert_eq!(time("%{usec}t", "1558269296042017"), "2019-05-19T12:34:56.042017Z");
    assert_eq!(time("%{%F %H:%M}t", "2019-05-19 12:34"), "", "without seconds it is no instant");
    assert_eq!(time("%200{%F %T}t", "-"), "");
    assert_eq!(time("%200{%F %T}t %t", "- [19/May/2019:12:34:56 +0000]"), expected);
    assert_eq!(time("%200t %h", "- h"), "");
    assert_eq!(time("%{%F %T}t", "0000-01-01 00:00:00"), "0000-01-01T00:00:00Z");
}

#[test]
fn a_time_that_cannot_be_is_unread_where_it_stands() {
    for (format_text, line, column) in [
        ("%h %{%F %T}t", "h 2019-02-30 12:34:56", 3),
        ("%h %{%d %b %Y %T}t", "h 19 Foo 2019 12:34:56", 3),
        ("%h %{%Y %U %a %T}t", "h 2019 20 Xyz 12:34:56", 3),
        ("%h %{%F %T}t", "h 2019-02-03 25:34:56", 14),
        ("%h %{%F %T}t", "h 2019-02-03T12:34:56", 13),
    ] {
        let fault = super::unread(&format(format_text), line);
        assert_eq!(fault.column, column, "{line}: {fault}");
    }
}

#[test]
fn the_times_of_a_request_are_told_apart() {
    let format = format("%t %{end:%FT%T}t");
    let read = format.fields(b"[19/May/2019:12:34:56 +0000] 2019-05-19T12:34:58").unwrap();
    let times: Vec<_> = read
        .iter()
        .filter_map(|(name, value)| match (name, value) {
            (FieldName::Time(whose), Value::Moment(Moment { time, .. })) => {
                Some((whose.edge, time.seconds()))
            }
            _ => None,
        })
        .collect();
    use dolmen_logs::Edge;
    assert_eq!(times, [(Edge::Default, 1_558_269_296), (Edge::End, 1_558_269_298)]);
}

#[test]
fn durations_in_every_unit_and_the_finest_of_several() {
    for (format_text, line, micros) in [
        ("%D", "1042", 1042),
        ("%{us}T", "1042", 1042),
        ("%{ms}T", "1042", 1_042_000),
        ("%{MS}T", "1042", 1_042_000),
        ("%T", "2", 2_000_000),
        ("%{s}T", "2", 2_000_000),
        ("%T/%D", "2/2000042", 2_000_042),
        ("%D/%T", "2000042/2", 2_000_042),
        ("%T %{ms}T", "2 2001", 2_001_000),
    ] {
        with_call(&format(format_text), line, |call| {
            assert_eq!(call.duration, Some(micros), "{format_text}");
        });
    }
}

#[test]
fn the_status_that_the_client_saw_is_preferred() {
    for (format_text, line) in
        [("%s %>s", "302 200"), ("%>s %s", "200 302"), ("%<s %s", "302 200"), ("%s %>s", "302 200")]
    {
        with_call(&format(format_text), line, |call| {
            assert_eq!(call.status, Some(200), "{format_text}")
        });
    }
    with_call(&format("%>s %s"), "- 302", |call| assert_eq!(call.status, Some(302)));
}

#[test]
fn a_target_from_its_pieces() {
    for (format_text, line, target) in [
        ("%m %U%q %H", "GET /a?b=c HTTP/1.1", "/a?b=c"),
        ("%m %U%q %H", "GET /a HTTP/1.1", "/a"),
        ("%m %U%q %H", "GET /a? HTTP/1.1", "/a?"),
        ("%m \"%U\" \"%q\" %H", "GET \"/a\" \"?b=c\" HTTP/1.1", "/a?b=c"),
        ("%m \"%U\" \"%q\" %H", "GET \"/a\" \"\" HTTP/1.1", "/a"),
        ("%m \"%U\" \"%q\" %H", "GET \"/\\xc3\\xa9\" \"?\\\"\" HTTP/1.1", "/\\xc3\\xa9?\\\""),
        ("%q %U %m %H", "?b=c /a GET HTTP/1.1", "/a?b=c"),
        ("%m %U %H", "GET /a HTTP/1.1", "/a"),
        ("%m %>U%q %H", "GET /a?b=c HTTP/1.1", "/a?b=c"),
    ] {
        with_call(&format(format_text), line, |call| {
            assert_eq!(text(call.target), target, "{format_text}");
            assert_eq!((call.method, call.protocol), (b"GET".as_slice(), b"HTTP/1.1".as_slice()));
        });
    }
    let read = values("%m %U%q", "GET -");
    assert_eq!(read[1..], [("%U".to_owned(), Value::Missing), ("%q".to_owned(), of_text(""))]);
    let read = values("%m %U%q", "GET /a?b=c");
    assert_eq!(read[1..], [("%U".to_owned(), of_text("/a")), ("%q".to_owned(), of_text("?b=c"))]);
}

#[test]
fn the_request_line_is_preferred_to_its_pieces() {
    with_call(
        &format(r#"%m %U %H "%r""#),
        r#"POST /decoded HTTP/1.0 "GET /as%20sent HTTP/1.1""#,
        |call| {
            assert_eq!(
                (text(call.method), text(call.target)),
                ("GET".to_owned(), "/as%20sent".to_owned())
            );
            assert_eq!(text(call.protocol), "HTTP/1.1");
        },
    );
    with_call(&format(r#"%m %U %H "%r""#), r#"POST /decoded HTTP/1.0 "-""#, |call| {
        assert_eq!(
            (text(call.method), text(call.target)),
            ("POST".to_owned(), "/decoded".to_owned())
        );
    });
}

#[test]
fn hosts_addresses_and_headers() {
    let format =
        format(r#"%v:%p %V %h %a %{c}a "%{Host}i" "%{X-Client}i" "%{SOAPAction}i" %{Cookie}C"#);
    let line = r#"a.example:80 b.example host 10.0.0.9 10.0.0.1 "c.example" "portal" "-" x"#;
    with_call(&format, line, |call| {
        assert_eq!(text(call.host), "c.example");
        assert_eq!(text(call.address), "10.0.0.9");
        assert_eq!(call.header("x-client"), Some(b"portal".as_slice()));
        assert_eq!(call.header("soapaction"), None);
        assert_eq!(call.headers.len(), 2);
    });
    with_call(&format, line.replace("\"c.example\"", "\"-\""), |call| {
        assert_eq!(text(call.host), "b.example");
    });
}

#[test]
fn fields_that_follow_each_other_at_once() {
    with_call(&format("%B%>s"), "1042200", |call| {
        assert_eq!((call.bytes, call.status), (Some(104_220), None), "as many digits as can be");
    });
    with_call(&format("%v%U %>s"), "bank.example/a 200", |call| {
        assert_eq!(
            (text(call.host), text(call.target)),
            ("bank.example".to_owned(), "/a".to_owned())
        );
    });
    with_call(&format("%{%H}t%{%M}t%{%S}t%{%F}t"), "1234562019-05-19", |call| {
        assert_eq!(call.time.unwrap().to_string(), "2019-05-19T12:34:56Z");
    });
}

#[test]
fn mod_ssl_does_not_escape() {
    let format = format(r#"%h "%{SSL_CLIENT_S_DN}x" "%r""#);
    let line = r#"h "CN=a\x, O="b" c" "GET / HTTP/1.1""#;
    with_call(&format, line, |call| assert_eq!(text(call.target), "/"));
    let read = format.fields(line.as_bytes()).unwrap();
    assert_eq!(read[1].1, of_text(r#"CN=a\x, O="b" c"#));
}

#[test]
fn the_nicknames_are_their_formats() {
    let combined =
        r#"10.0.0.9 - u [02/Mar/2026:08:15:00 +0000] "GET /a HTTP/1.1" 200 5 "-" "curl""#;
    for (name, line) in [
        ("combined", combined.to_owned()),
        ("combinedio", format!("{combined} 100 200")),
        ("vhost_combined", format!("bank.example:80 {combined}")),
        ("nginx", combined.to_owned()),
    ] {
        with_call(&format(name), line, |call| {
            assert_eq!(
                (text(call.address), text(call.user)),
                ("10.0.0.9".to_owned(), "u".to_owned())
            );
            assert_eq!((text(call.user_agent), call.bytes), ("curl".to_owned(), Some(5)), "{name}");
        });
        assert_eq!(format(name).name(), name);
    }
    with_call(&format("vhost_combined"), format!("bank.example:80 {combined}"), |call| {
        assert_eq!(text(call.host), "bank.example");
    });
    let common = combined.strip_suffix(r#" "-" "curl""#).unwrap();
    with_call(&format("common"), common, |call| assert_eq!(call.status, Some(200)));
    with_call(&format("vhost_common"), format!("bank.example {common}"), |call| {
        assert_eq!(text(call.host), "bank.example");
    });
    with_call(&format("referer"), "http://a/ -> /b", |call| assert_eq!(text(call.target), "/b"));
    with_call(&format("agent"), "curl/7.81 (x)", |call| {
        assert_eq!(text(call.user_agent), "curl/7.81 (x)")
    });
}

#[test]
fn escapes_are_undone_in_values_and_calls_alike() {
    let line = r#"10.0.0.9 "\x00\xff \b\f\v\n\r\t \"\\ \q\xg1 \x4""#;
    let expected = b"\x00\xff \x08\x0c\x0b\n\r\t \"\\ \\q\\xg1 \\x4";
    let format = format(r#"%h "%{User-Agent}i""#);
    with_call(&format, line, |call| assert_eq!(text(call.user_agent), text(expected)));
    assert_eq!(format.fields(line.as_bytes()).unwrap()[1].1, Value::Text(expected.to_vec()));
}

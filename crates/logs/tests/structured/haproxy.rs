use dolmen_logs::{Fields, Format, Line, RequestId};

use super::{fields, format, text, unread, with_call};

const HTTP: &str = r#"10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu|Mozilla/5.0 (X11; Linux)} {nginx} "GET /index.html?a=b HTTP/1.1""#;

#[test]
fn reads_httplog() {
    with_call(&format("haproxy"), HTTP, |call| {
        assert_eq!(call.time.unwrap().to_string(), "2009-02-06T12:14:14.655Z");
        assert_eq!((text(call.address), text(call.upstream)), ("10.0.1.2", "static/srv1"));
        assert_eq!((text(call.method), text(call.target)), ("GET", "/index.html?a=b"));
        assert_eq!(text(call.protocol), "HTTP/1.1");
        assert_eq!(
            (call.status, call.bytes, call.duration),
            (Some(200), Some(2750), Some(109_000))
        );
        assert_eq!(call.request_id, RequestId::NotLogged);
        assert_eq!(text(call.user_agent), "", "a captured header has no name in the log");
    });
}

#[test]
fn reads_it_behind_a_syslog_prefix() {
    let line = format!("Feb  6 12:14:14 localhost haproxy[14389]: {HTTP}");
    with_call(&format("haproxy"), &line, |call| assert_eq!(text(call.address), "10.0.1.2"));
}

#[test]
fn captured_headers_mean_what_the_configuration_says() {
    let named = fields(&[
        ("host", "capture.request.0"),
        ("user_agent", "capture.request.1"),
        ("request_id", "capture.response.0"),
        ("header.x-client", "capture.request.7"),
    ]);
    let haproxy = Format::calls("haproxy", &named).unwrap();
    with_call(&haproxy, HTTP, |call| {
        assert_eq!(text(call.host), "1wt.eu");
        assert_eq!(text(call.user_agent), "Mozilla/5.0 (X11; Linux)");
        assert_eq!(call.request_id, RequestId::Is(b"nginx"));
        assert_eq!(call.header("x-client"), None);
    });
    let escaped =
        HTTP.replace("1wt.eu|Mozilla/5.0", "|say #22hi#22 #7B#7C#7D").replace("nginx", "");
    with_call(&haproxy, &escaped, |call| {
        assert_eq!(text(call.user_agent), "say \"hi\" {|} (X11; Linux)");
        assert_eq!((text(call.host), call.request_id), ("", RequestId::Missing));
    });
    for without in [
        HTTP.replace("{nginx} ", ""),
        HTTP.replace("{1wt.eu|Mozilla/5.0 (X11; Linux)} {nginx} ", ""),
    ] {
        with_call(&haproxy, &without, |call| {
            assert_eq!(text(call.target), "/index.html?a=b");
            assert_eq!(call.request_id, RequestId::Missing);
        });
    }
}

#[test]
fn reads_httpslog() {
    let line = format!(
        "{} 0/0/0/0/0 1wt.eu/TLSv1.3/TLS_AES_256_GCM_SHA384",
        HTTP.replace("http-in", "https-in~")
    );
    with_call(&format("haproxy"), &line, |call| {
        assert_eq!(text(call.target), "/index.html?a=b");
        assert_eq!(call.request_id, RequestId::NotLogged);
    });
}

#[test]
fn a_unique_id_may_stand_on_either_side() {
    for line in [
        format!("{HTTP} 7F000001:8296_7F00001E:1F90_4F7B0A69_0003:790E"),
        format!("7F000001:8296_7F00001E:1F90_4F7B0A69_0003:790E {HTTP}"),
    ] {
        with_call(&format("haproxy"), &line, |call| {
            assert_eq!(
                call.request_id,
                RequestId::Is(b"7F000001:8296_7F00001E:1F90_4F7B0A69_0003:790E")
            );
            assert_eq!(text(call.address), "10.0.1.2");
        });
    }
    with_call(&format("haproxy"), &format!("{HTTP} -"), |call| {
        assert_eq!(call.request_id, RequestId::Missing);
    });
}

#[test]
fn one_file_may_hold_all_of_these() {
    let haproxy = format("haproxy");
    let mut reader = haproxy.reader();
    for _ in 0..2 {
        for line in [
            HTTP.to_owned(),
            format!("{HTTP} 0/0/0/0/0 -/TLSv1.3/TLS_AES_256_GCM_SHA384"),
            format!("{HTTP} id"),
            format!("id {HTTP}"),
        ] {
            assert!(reader.read(line.as_bytes()).is_ok(), "{line}");
        }
    }
}

#[test]
fn odd_requests_are_kept() {
    let haproxy = format("haproxy");
    let bad = HTTP.replace("GET /index.html?a=b HTTP/1.1", "<BADREQ>").replace(
        "static/srv1 10/0/30/69/109 200 2750",
        "http-in/<NOSRV> -1/-1/-1/-1/+8490 400 +187",
    );
    with_call(&haproxy, &bad, |call| {
        assert_eq!((text(call.method), text(call.target)), ("", "<BADREQ>"));
        assert_eq!(
            (call.status, call.bytes, call.duration),
            (Some(400), Some(187), Some(8_490_000))
        );
        assert_eq!(text(call.upstream), "http-in/<NOSRV>");
    });
    let gone = HTTP
        .replace("10/0/30/69/109 200 2750", "10/-1/-1/-1/-1 -1 0")
        .replace("1/1/1/1/0 ", "1/1/1/1/+3 ");
    with_call(&haproxy, &gone, |call| {
        assert_eq!((call.status, call.duration), (None, None));
    });
    let escaped = HTTP.replace("/index.html?a=b", "/#C3#A9#22#23x#zz");
    with_call(&haproxy, &escaped, |call| assert_eq!(text(call.target), "/é\"#x#zz"));
}

#[test]
fn an_ipv6_client_has_its_port_last() {
    for (client, address) in [
        ("2001:db8::7:33317", "2001:db8::7"),
        ("::ffff:10.0.1.2:33317", "::ffff:10.0.1.2"),
        ("[2001:db8::7]:33317", "2001:db8::7"),
        ("[::1]:33317", "::1"),
    ] {
        with_call(&format("haproxy"), &HTTP.replace("10.0.1.2:33317", client), |call| {
            assert_eq!(text(call.address), address);
        });
    }
}

#[test]
fn reads_a_log_format() {
    let custom = r#"log-format "%{+Q}[var(txn.id)] %ci:%cp [%trg]  %ft %b/%s %Tt %ST %B %hr %{+Q}HM %{+Q}HU %[req.hdr(X-Client)] %{+Q}[capture.req.hdr(0)] 100%%""#;
    let named = fields(&[("request_id", "%[var(txn.id)]"), ("user_agent", "capture.request.0")]);
    let haproxy = Format::calls(custom, &named).unwrap();
    let line = r#""6f1c" 10.0.1.2:33317 [06/Feb/2009:12:14:14 +0000] web~ cards/s1 109 200 2750 {curl} "GET" "/a?b" portal "x" 100%"#;
    with_call(&haproxy, line, |call| {
        assert_eq!(call.time.unwrap().to_string(), "2009-02-06T12:14:14Z");
        assert_eq!(call.request_id, RequestId::Is(b"6f1c"));
        assert_eq!((text(call.method), text(call.target)), ("GET", "/a?b"));
        assert_eq!(text(call.user_agent), "curl");
        assert_eq!(call.header("x-client"), Some(b"portal".as_slice()));
        assert_eq!((text(call.upstream), call.duration), ("cards/s1", Some(109_000)));
    });
}

#[test]
fn text_in_a_log_format_may_be_of_any_language() {
    let line = "réponse 200 à 10.0.1.2 é";
    with_call(&format(r"réponse %ST à %ci\ \é"), line, |call| {
        assert_eq!((call.status, text(call.address)), (Some(200), "10.0.1.2"));
    });
}

#[test]
fn refuses_a_log_format_where_it_is_wrong() {
    let refused = |text: &str| {
        let error = Format::calls(text, &Fields::new()).unwrap_err();
        (error.text[error.at.clone()].to_owned(), error.message)
    };
    let (at, message) = refused("%ci %foo %ST");
    assert_eq!((at.as_str(), &message[..36]), ("%foo", "HAProxy has no log variable of this "));
    assert_eq!(refused("%ci %[src"), ("%[src".to_owned(), "this `%[` is never closed".to_owned()));
    assert_eq!(refused("%ci %{+Q").0, "%{+Q");
    let (at, message) = refused("%{+json}o %ci");
    assert!(at == "%{+json}" && message.contains("the format is `json`"), "{at} {message}");

    let named =
        |name, place| Format::calls("haproxy", &fields(&[(name, place)])).unwrap_err().to_string();
    assert!(named("user_agent", "capture.request.x").contains("numbered from 0 on"));
    assert!(named("user_agent", "%[var(txn.id)]").contains("no such variable"));
    assert!(named("user_agant", "capture.request.0").contains("no such field"));
}

#[test]
fn what_is_no_request_is_not_read() {
    let haproxy = format("haproxy");
    for (line, column) in [
        ("10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in/1: SSL handshake failure", 43),
        // TCP mode.
        ("10.0.1.2:33317 [06/Feb/2009:12:14:14.655] fnt bck/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0", 0),
    ] {
        let found = unread(&haproxy, line);
        assert!(found.column >= column, "{line}: {found}");
    }
    let cut = &HTTP[..HTTP.len() - 6];
    assert_eq!(unread(&haproxy, cut).column, cut.len() + 1);
}

#[test]
fn a_time_may_have_a_zone_and_what_is_no_request_has_no_id() {
    let format = Format::calls("haproxy", &Fields::new()).unwrap();
    let line = b"192.0.2.7:4711 [21/Nov/2026:23:41:36 +0100] dolmen monolith/one 0/0/1/7/8 200 192 - - ---- 1/1/0/0/0 0/0 \"GET / HTTP/1.1\" an-id-of-9";
    let mut reader = format.reader();
    let Ok(Line::Call(call)) = reader.read(line) else { panic!("not a call") };
    assert_eq!(call.time.unwrap().to_string(), "2026-11-21T22:41:36Z");
    assert_eq!(call.request_id, RequestId::Is(b"an-id-of-9"));
    let bad = b"192.0.2.7:4711 [21/Nov/2026:23:41:36.123] dolmen dolmen/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 1/1/0/0/0 0/0 \"<BADREQ>\" -";
    let mut reader = format.reader();
    let Ok(Line::Call(call)) = reader.read(bad) else { panic!("not a call") };
    assert_eq!(call.request_id, RequestId::NotLogged);
}

#[test]
fn what_haproxy_says_of_itself_is_no_call() {
    let format = Format::calls("haproxy", &Fields::new()).unwrap();
    for line in [
        "Proxy dolmen stopped (cumulated conns: FE: 9, BE: 0).",
        "Proxy dolmen started.",
        "Server monolith/one is DOWN, reason: Layer4 connection problem, info: \"refused\"",
        "backend monolith has no server available!",
    ] {
        assert!(matches!(format.reader().read(line.as_bytes()), Ok(Line::Nothing)), "{line}");
    }
    assert!(format.reader().read(b"Proxy of somebody").is_err());
}

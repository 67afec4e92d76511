use dolmen_logs::{Fields, Format, RequestId};

use super::{format, text, unread, with_call};

const LINE: &str = r#"[2026-03-02T08:15:00.310Z] "POST /api/v1/cards?op=block HTTP/2" 204 - 154 12 226 100 "6.6.6.6,10.0.35.28" "nsq2http" "cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "cards.example" "tcp://10.0.2.1:80""#;

#[test]
fn reads_the_default_format() {
    with_call(&format("envoy"), LINE, |call| {
        assert_eq!(call.time.unwrap().to_string(), "2026-03-02T08:15:00.31Z");
        assert_eq!((text(call.method), text(call.target)), ("POST", "/api/v1/cards?op=block"));
        assert_eq!(text(call.protocol), "HTTP/2");
        assert_eq!((call.status, call.bytes, call.duration), (Some(204), Some(12), Some(226_000)));
        assert_eq!(text(call.forwarded_for), "6.6.6.6,10.0.35.28", "whole, forged part included");
        assert_eq!(text(call.user_agent), "nsq2http");
        assert_eq!(call.request_id, RequestId::Is(b"cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2"));
        assert_eq!((text(call.host), text(call.upstream)), ("cards.example", "tcp://10.0.2.1:80"));
        assert_eq!(text(call.address), "", "the default format does not log the peer");
    });
}

#[test]
fn a_dash_is_nothing() {
    let line = r#"[2026-03-02T08:15:00.310Z] "- - HTTP/1.1" 400 DPE 0 11 0 - "-" "-" "-" "-" "-""#;
    with_call(&format("envoy"), line, |call| {
        assert_eq!((call.method, call.target, call.status), (&b""[..], &b""[..], Some(400)));
        assert_eq!(call.request_id, RequestId::Missing);
        assert_eq!((call.host, call.upstream), (&b""[..], &b""[..]));
    });
    with_call(&format("envoy"), &LINE.replace(" 204 - ", " 0 DC "), |call| {
        assert_eq!(call.status, None, "the client went away");
    });
}

#[test]
fn quotes_in_a_user_agent_are_its_own() {
    for agent in [r#"say "hi""#, r#"a" "b"#, r#"""#, r#"a" "b" "c" "d"#] {
        with_call(&format("envoy"), &LINE.replace("nsq2http", agent), |call| {
            assert_eq!(text(call.user_agent), agent);
            assert_eq!(text(call.host), "cards.example");
        });
    }
}

#[test]
fn reads_istio() {
    let line = r#"[2026-03-02T08:15:00.252Z] "GET /status/418 HTTP/1.1" 418 - via_upstream - "-" 0 135 4 4 "-" "curl/8.5.0" "84961386-6d84-929d-98bd-c5aee93b5c88" "httpbin:8000" "127.0.0.1:80" inbound|8000||httpbin.default.svc.cluster.local 127.0.0.6:41854 10.44.1.27:80 10.44.1.23:37652 outbound_.8000_._.httpbin.default.svc.cluster.local default"#;
    with_call(&format("istio"), line, |call| {
        assert_eq!(text(call.address), "10.44.1.23");
        assert_eq!(text(call.upstream), "inbound|8000||httpbin.default.svc.cluster.local");
        assert_eq!((call.status, call.bytes, call.duration), (Some(418), Some(135), Some(4_000)));
        assert_eq!(call.request_id, RequestId::Is(b"84961386-6d84-929d-98bd-c5aee93b5c88"));
    });
}

#[test]
fn reads_a_format_string() {
    let custom = r#"%START_TIME(%s.%3f)% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% "%REQ(:METHOD)% %REQ(:PATH):80% %PROTOCOL%" %RESPONSE_CODE% %REQ(TRACEPARENT)% x-client=%REQ(X-Client)% 100%%\n"#;
    let line = r#"1772439300.250 2001:db8::7 "GET / HTTP/1.1" 200 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 x-client=portal 100%"#;
    with_call(&format(custom), line, |call| {
        assert_eq!(call.time.unwrap().micros(), 1_772_439_300_250_000);
        assert_eq!(text(call.address), "2001:db8::7");
        assert_eq!(call.request_id, RequestId::Is(b"4bf92f3577b34da6a3ce929d0e0e4736"));
        assert_eq!(call.header("x-client"), Some(b"portal".as_slice()));
    });
}

#[test]
fn refuses_what_is_no_operator() {
    let refused = |text: &str| Format::calls(text, &Fields::new()).unwrap_err();
    let error = refused("%START_TIME% %REQ(X-Request-Id");
    assert_eq!((error.at, error.message.as_str()), (13..30, "this `(` is never closed"));
    let error = refused("%START_TIME% 5% off");
    assert_eq!(error.at, 14..15);
    assert!(error.message.contains("a percent sign is `%%`"), "{error}");
}

#[test]
fn a_fault_is_shown_where_it_is() {
    let envoy = format("envoy");
    assert_eq!(unread(&envoy, "?").column, 1);
    assert_eq!(unread(&envoy, &LINE[..40]).column, 41);
    let status = LINE.find(" 204 ").expect("a status") + 2;
    assert_eq!(unread(&envoy, &LINE.replace(" 204 ", " ok ")).column, status);
    assert_eq!(unread(&envoy, &LINE.replace("2026-03-02", "2026-13-02")).column, 2);
    let whole = unread(&envoy, &format!("{LINE} more"));
    assert!(whole.column > LINE.len() - 20, "{whole}");
}

use dolmen_logs::{Line, RequestId};

use super::{format, text, unread, with_call};

const COMMON: &str = r#"10.0.0.9 - anna [02/Mar/2026:08:15:00 +0000] "GET /api?a=b HTTP/2.0" 200 1024 "https://r.example/" "PortailWeb/4.2" 42 "cards@docker" "http://10.0.2.1:80" 12ms"#;
const JSON: &str = r#"{"ClientAddr":"[2001:db8::7]:40062","ClientHost":"2001:db8::7","ClientPort":"40062","ClientUsername":"-","DownstreamContentSize":19,"DownstreamStatus":404,"Duration":101458,"OriginContentSize":0,"OriginDuration":0,"OriginStatus":0,"Overhead":101458,"RequestAddr":"bank.example:8080","RequestContentSize":0,"RequestCount":3,"RequestHost":"bank.example","RequestMethod":"GET","RequestPath":"/a?b","RequestPort":"8080","RequestProtocol":"HTTP/1.1","RequestScheme":"http","RetryAttempts":0,"RouterName":"cards@docker","StartLocal":"2026-03-02T09:15:00.25+01:00","StartUTC":"2026-03-02T08:15:00.250123456Z","entryPointName":"web","level":"info","msg":"","request_User-Agent":"curl/8.5","request_X-Request-Id":"6f1c","request_X-Forwarded-For":"6.6.6.6, 10.0.0.1","time":"2026-03-02T09:15:01+01:00"}"#;

#[test]
fn reads_the_common_log_format_and_what_traefik_adds() {
    with_call(&format("traefik"), COMMON, |call| {
        assert_eq!(call.time.unwrap().to_string(), "2026-03-02T08:15:00Z");
        assert_eq!((text(call.address), text(call.user)), ("10.0.0.9", "anna"));
        assert_eq!((text(call.method), text(call.target)), ("GET", "/api?a=b"));
        assert_eq!((call.status, call.bytes, call.duration), (Some(200), Some(1024), Some(12_000)));
        assert_eq!(
            (text(call.referer), text(call.user_agent)),
            ("https://r.example/", "PortailWeb/4.2")
        );
        assert_eq!(text(call.upstream), "cards@docker");
        assert_eq!(call.request_id, RequestId::NotLogged);
    });
}

#[test]
fn quotes_and_dashes_as_traefik_writes_them() {
    let line = r#"10.0.0.9 - - [02/Mar/2026:08:15:00 +0000] "GET / HTTP/1.1" - - "-" "say "hi" 3" 1 "-" "-" 0ms"#;
    with_call(&format("traefik"), line, |call| {
        assert_eq!((call.status, call.bytes, call.duration), (None, None, Some(0)));
        assert_eq!(text(call.user_agent), r#"say "hi" 3"#);
        assert_eq!((text(call.user), text(call.referer), text(call.upstream)), ("", "", ""));
    });
}

#[test]
fn reads_json() {
    with_call(&format("traefik"), JSON, |call| {
        assert_eq!(call.time.unwrap().micros() % 1_000_000, 250_123, "the start, not the writing");
        assert_eq!((text(call.address), text(call.host)), ("2001:db8::7", "bank.example"));
        assert_eq!((text(call.method), text(call.target)), ("GET", "/a?b"));
        assert_eq!((call.status, call.bytes, call.duration), (Some(404), Some(19), Some(101)));
        assert_eq!((text(call.user), text(call.upstream)), ("", "cards@docker"));
        assert_eq!(text(call.user_agent), "curl/8.5");
        assert_eq!(text(call.forwarded_for), "6.6.6.6, 10.0.0.1", "whole, forged part included");
        assert_eq!(call.request_id, RequestId::Is(b"6f1c"));
    });
}

#[test]
fn a_message_of_traefik_itself_is_nothing_to_count() {
    let message = br#"{"level":"info","msg":"Configuration loaded from flags.","time":"2026-03-02T09:15:01+01:00"}"#;
    assert!(matches!(format("traefik").reader().read(message), Ok(Line::Nothing)));
}

#[test]
fn a_truncated_line_is_not_read() {
    let traefik = format("traefik");
    assert_eq!(unread(&traefik, &COMMON[..COMMON.len() - 2]).column, COMMON.len() - 1);
    assert_eq!(unread(&traefik, &JSON[..JSON.len() - 1]).column, JSON.len());
}

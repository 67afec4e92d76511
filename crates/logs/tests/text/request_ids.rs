use dolmen_logs::RequestId;

use super::{format, with_call};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[track_caller]
fn id(format_text: &str, line: &str) -> Option<String> {
    let mut read = None;
    with_call(&format(format_text), line, |call| {
        read = match call.request_id {
            RequestId::Is(id) => Some(String::from_utf8_lossy(id).into_owned()),
            RequestId::Missing => Some(String::new()),
            RequestId::NotLogged => None,
        };
    });
    read
}

#[test]
fn a_directive_or_variable_says_that_it_is_one() {
    for directive in [
        "%{X-Request-Id}i",
        "%{X-Request-ID}o",
        "%{x-request-id}e",
        "%{X-Correlation-ID}i",
        "%{Request-Id}n",
        "%{UNIQUE_ID}e",
        "%{unique-id}n",
        "%{X-Request-Id}^to",
        "$request_id",
        "$http_x_request_id",
        "$sent_http_x_request_id",
        "$upstream_http_x_request_id",
        "$http_x_correlation_id",
        "${request_id}",
    ] {
        assert_eq!(id(directive, "6f1c0a5b").as_deref(), Some("6f1c0a5b"), "{directive}");
    }
}

#[test]
fn a_log_id_is_none() {
    // It is `-` unless something about the request is in the error log.
    for directive in ["%L %h", "%{c}L %h", "%h %{Referer}i", "%h %{X-Request-Start}i"] {
        assert_eq!(id(directive, "VkvhVzaSFqpmOsrJQz1hTgAAAEs x"), None, "{directive}");
    }
}

#[test]
fn no_id_where_one_should_be_is_missing() {
    assert_eq!(id("%h %{X-Request-Id}i", "10.0.0.9 -").as_deref(), Some(""));
    assert_eq!(id(r#"%h "%{X-Request-Id}i""#, r#"10.0.0.9 """#).as_deref(), Some(""));
    assert_eq!(id("%h %{traceparent}i", "10.0.0.9 00-nothing").as_deref(), Some(""));
}

#[test]
fn a_trace_header_yields_its_trace_id() {
    let trace = Some("4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(id("%{traceparent}i", TRACE).as_deref(), trace);
    assert_eq!(id("$http_traceparent", TRACE).as_deref(), trace);
    let amazon = "Root=1-67891233-abcdef012345678912345678";
    let root = Some("1-67891233-abcdef012345678912345678");
    assert_eq!(id("%{X-Amzn-Trace-Id}i", amazon).as_deref(), root);
    assert_eq!(id("$http_x_amzn_trace_id", amazon).as_deref(), root);
}

#[test]
fn of_several_the_request_id_is_preferred_then_the_trace() {
    let format = "%{X-Amzn-Trace-Id}i %{traceparent}i %{X-Request-Id}i";
    let amazon = "Root=1-67891233-abcdef012345678912345678";
    assert_eq!(id(format, &format!("{amazon} {TRACE} 6f1c")).as_deref(), Some("6f1c"));
    let trace = Some("4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(id(format, &format!("{amazon} {TRACE} -")).as_deref(), trace);
    let root = Some("1-67891233-abcdef012345678912345678");
    assert_eq!(id(format, &format!("{amazon} 00-nothing -")).as_deref(), root);
    assert_eq!(id(format, "- - -").as_deref(), Some(""));
    // The order of the line decides between equals.
    assert_eq!(id("%{X-Request-Id}i %{X-Request-Id}o", "a b").as_deref(), Some("a"));
    assert_eq!(id("%{X-Request-Id}i %{X-Request-Id}o", "- b").as_deref(), Some("b"));
}

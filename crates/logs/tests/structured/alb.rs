use dolmen_logs::RequestId;

use super::{format, text, unread, with_call};

const LINE: &str = concat!(
    r#"https 2026-03-02T08:15:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 "#,
    r#"10.0.0.1:80 0.086 0.048 0.037 200 200 0 57 "GET https://www.example.com:443/a?b=c HTTP/1.1" "#,
    r#""curl/7.46.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 "#,
    r#"arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "#,
    r#""Root=1-58337281-1d84f3d73c47ec4e58577259" "www.example.com" "#,
    r#""arn:aws:acm:us-east-2:123456789012:certificate/12345678-1234-1234-1234-123456789012" "#,
    r#"1 2026-03-02T08:14:59.364000Z "authenticate,forward" "-" "-" "10.0.0.1:80" "200" "-" "-" "#,
    r#"TID_1234abcd5678ef90"#,
);

#[test]
fn reads_a_line_of_today() {
    with_call(&format("alb"), LINE, |call| {
        assert_eq!(call.time.unwrap().to_string(), "2026-03-02T08:14:59.364Z", "when it came");
        assert_eq!((text(call.address), text(call.upstream)), ("192.168.131.39", "10.0.0.1:80"));
        assert_eq!((text(call.method), text(call.target)), ("GET", "/a?b=c"));
        assert_eq!((text(call.host), text(call.protocol)), ("www.example.com:443", "HTTP/1.1"));
        assert_eq!((call.status, call.bytes), (Some(200), Some(57)));
        assert_eq!(call.duration, Some(171_000), "the three times added up");
        assert_eq!(text(call.user_agent), "curl/7.46.0");
        assert_eq!(call.request_id, RequestId::Is(b"1-58337281-1d84f3d73c47ec4e58577259"));
    });
}

#[test]
fn reads_the_lines_of_other_years() {
    let words: Vec<&str> = LINE.split(' ').collect();
    // Up to the trace id; with a creation time; and what AWS may append next.
    let first = words[..20].join(" ");
    assert!(first.ends_with(r#"77259""#), "{first}");
    with_call(&format("alb"), &first, |call| {
        assert_eq!(call.time.unwrap().to_string(), "2026-03-02T08:15:00.186641Z");
        assert_eq!(call.request_id, RequestId::Is(b"1-58337281-1d84f3d73c47ec4e58577259"));
    });
    for later in [
        words[..24].join(" "),
        words[..25].join(" "),
        format!(r#"{LINE} "host.example" "/rewritten" "ok" 42"#),
    ] {
        with_call(&format("alb"), &later, |call| {
            assert_eq!(call.time.unwrap().to_string(), "2026-03-02T08:14:59.364Z", "{later}");
        });
    }
}

#[test]
fn a_time_that_never_came_is_left_out_of_the_sum() {
    let failed = LINE.replace("0.086 0.048 0.037 200 200", "0.001 -1 -1 502 -");
    with_call(&format("alb"), &failed, |call| {
        assert_eq!((call.duration, call.status), (Some(1_000), Some(502)));
    });
    let refused = LINE.replace("10.0.0.1:80 0.086 0.048 0.037", "- -1 -1 -1");
    with_call(&format("alb"), &refused, |call| {
        assert_eq!((call.duration, text(call.upstream)), (None, ""));
    });
}

#[test]
fn an_ipv6_client_has_its_port_last() {
    for (client, address) in [
        ("2001:db8::7:2817", "2001:db8::7"),
        ("2001:db8:85a3:8d3:1319:8a2e:370:7348:443", "2001:db8:85a3:8d3:1319:8a2e:370:7348"),
        ("[2001:db8::7]:2817", "2001:db8::7"),
    ] {
        with_call(&format("alb"), &LINE.replace("192.168.131.39:2817", client), |call| {
            assert_eq!(text(call.address), address);
        });
    }
}

#[test]
fn odd_requests_are_kept() {
    let request = "GET https://www.example.com:443/a?b=c HTTP/1.1";
    with_call(&format("alb"), &LINE.replace(request, "- http://www.example.com:80- -"), |call| {
        assert_eq!((text(call.method), text(call.target)), ("", "- http://www.example.com:80- -"));
    });
    with_call(&format("alb"), &LINE.replace("curl/7.46.0", r#"say \"hi\" \x22"#), |call| {
        assert_eq!(text(call.user_agent), r#"say "hi" ""#);
    });
    with_call(&format("alb"), &LINE.replace("Root=", "Self=1-1-1;Root="), |call| {
        assert_eq!(call.request_id, RequestId::Is(b"1-58337281-1d84f3d73c47ec4e58577259"));
    });
    let without = LINE.replace("Root=1-58337281-1d84f3d73c47ec4e58577259", "-");
    with_call(&format("alb"), &without, |call| assert_eq!(call.request_id, RequestId::Missing));
}

#[test]
fn a_truncated_line_is_not_read() {
    let alb = format("alb");
    assert_eq!(unread(&alb, "?").column, 2);
    let request = LINE.find("HTTP/1.1").expect("a request");
    assert_eq!(unread(&alb, &LINE[..request]).column, request + 1);
    assert_eq!(unread(&alb, &LINE[..request + 12]).column, request + 13, "in the user agent");
}

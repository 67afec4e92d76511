use dolmen_logs::{Fields, Format, Line, RequestId};

use super::*;

const KINDS: [Kind; 4] = [Kind::Apache, Kind::Nginx, Kind::Haproxy, Kind::Caddy];

fn whole() -> Shape {
    Shape::Whole(Site {
        upstream: "http://monolith.internal:8080/".parse().unwrap(),
        listen: "[::1]:8000".parse().unwrap(),
        server_name: "www.example.org".parse().unwrap(),
    })
}

fn printed(kind: Kind, shape: &Shape) -> String {
    configuration(kind, shape, &"/var/log/proxy 1/access.log".parse().unwrap(), &[], None)
}

#[test]
fn nothing_is_left_to_be_filled_in() {
    for kind in KINDS {
        for shape in [Shape::Snippet, whole()] {
            let text = printed(kind, &shape);
            for rest in ["{{", "}}"] {
                let found = text.lines().find(|line| line.contains(rest));
                assert_eq!(found, None, "{kind:?} {shape:?}");
            }
            let log = match kind {
                Kind::Haproxy => r#"path = "/var/log/proxy 1/access.log""#,
                Kind::Caddy => r#"output file "/var/log/proxy 1/access.log""#,
                Kind::Apache | Kind::Nginx => r#""/var/log/proxy 1/access.log" dolmen"#,
            };
            assert!(text.contains(log), "{text}");
            // Comments are read in editors; a format is one line, however long.
            let is_wide = |line: &&str| line.len() > 100 && line.trim().starts_with('#');
            let wide = text.lines().filter(|line| !line.contains("   format = '")).find(is_wide);
            assert_eq!(wide, None);
        }
    }
}

#[test]
fn a_whole_configuration_names_its_site() {
    for (kind, lines) in [
        (
            Kind::Apache,
            [
                "Listen [::1]:8000",
                "ServerName www.example.org",
                "<VirtualHost [::1]:8000>",
                r#"ProxyPass "/" "http://monolith.internal:8080/" nocanon"#,
            ],
        ),
        (
            Kind::Nginx,
            [
                "listen [::1]:8000;",
                "server_name www.example.org;",
                "proxy_pass http://monolith.internal:8080;",
                "proxy_set_header X-Request-Id $dolmen_request_id;",
            ],
        ),
        (
            Kind::Haproxy,
            [
                "bind [::1]:8000",
                "server monolith monolith.internal:8080",
                "http-request set-header X-Request-Id %[var(txn.dolmen_id)]",
                "default_backend monolith",
            ],
        ),
        (
            Kind::Caddy,
            [
                "http://:8000 {",
                "bind ::1",
                "request_header X-Request-Id {http.vars.dolmen_id}",
                "reverse_proxy http://monolith.internal:8080 {",
            ],
        ),
    ] {
        let text = printed(kind, &whole());
        for line in lines {
            assert!(text.lines().any(|l| l.trim() == line), "no line `{line}` in\n{text}");
        }
    }
}

#[test]
fn the_snippet_is_in_the_whole() {
    for kind in KINDS {
        let whole = printed(kind, &whole());
        let whole: Vec<&str> = whole.lines().map(str::trim).collect();
        let snippet = printed(kind, &Shape::Snippet);
        let directives = snippet.lines().map(str::trim).filter(|line| !line.starts_with('#'));
        for line in directives {
            assert!(whole.contains(&line), "`{line}` is only in the snippet");
        }
    }
}

#[test]
fn the_format_that_is_shown_reads_the_line_that_is_logged() {
    for (kind, duration) in [(Kind::Apache, "1187"), (Kind::Nginx, "0.001187")] {
        let text = printed(kind, &Shape::Snippet);
        let shown = text
            .lines()
            .find_map(|line| line.strip_prefix("#   format = '")?.strip_suffix('\''))
            .expect("no format for dolmen.toml");
        let logged = format!("'{shown}'");
        assert!(text.lines().any(|line| !line.starts_with('#') && line.contains(&logged)));
        let format = Format::calls(shown, &Fields::new()).expect("not a format");
        let line = format!(
            r#"192.0.2.7 - - [21/Nov/2026:23:41:36 +0000] "GET /a?b HTTP/1.1" 200 192 "-" "curl/8.1" "awIsMD0VPqMobogk7p1TOQAAAAA" {duration}"#
        );
        let mut reader = format.reader();
        let Ok(Line::Call(call)) = reader.read(line.as_bytes()) else {
            panic!("{kind:?}: not a call");
        };
        assert_eq!(call.request_id, RequestId::Is(b"awIsMD0VPqMobogk7p1TOQAAAAA"), "{kind:?}");
        assert_eq!(call.duration, Some(1187), "{kind:?}");
        assert_eq!(call.user_agent, b"curl/8.1");
    }
}

#[test]
fn the_line_that_haproxy_logs_is_read_as_its_comments_say() {
    let fields = Fields::from([("user_agent".to_owned(), "capture.request.0".to_owned())]);
    let text = printed(Kind::Haproxy, &Shape::Snippet);
    assert!(text.contains(r#"#   fields = { user_agent = "capture.request.0" }"#), "{text}");
    let format = Format::calls("haproxy", &fields).expect("not a format");
    let mut reader = format.reader();
    let line = r#"192.0.2.7:4711 [21/Nov/2026:23:41:36 +0100] dolmen monolith/monolith 0/0/1/7/8 200 192 - - ---- 1/1/0/0/0 0/0 {curl #22x#22} "GET /a?b HTTP/1.1" 0197f2c4-7e5a-7cc0"#;
    let Ok(Line::Call(call)) = reader.read(line.as_bytes()) else { panic!("not a call") };
    assert_eq!(call.request_id, RequestId::Is(b"0197f2c4-7e5a-7cc0"));
    assert_eq!((call.duration, call.user_agent), (Some(8_000), b"curl \"x\"".as_slice()));
    assert_eq!(call.time.unwrap().to_string(), "2026-11-21T22:41:36Z");
    let bad = r#"192.0.2.7:4711 [21/Nov/2026:23:41:36 +0100] dolmen dolmen/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 1/1/0/0/0 0/0 "<BADREQ>" -"#;
    let mut reader = format.reader();
    let Ok(Line::Call(call)) = reader.read(bad.as_bytes()) else { panic!("not a call") };
    assert_eq!((call.request_id, call.status), (RequestId::NotLogged, Some(400)));
}

#[test]
fn what_would_mean_something_else_to_a_server_is_refused() {
    for good in ["http://10.0.0.1", "http://[::1]:8080/", "http://app_1.internal:1"] {
        let upstream: Upstream = good.parse().unwrap();
        assert_eq!(upstream.to_string(), good.trim_end_matches('/'));
        assert!(upstream.as_server().rsplit(':').next().unwrap().parse::<u16>().is_ok());
    }
    for bad in [
        "",
        "monolith:8080",
        "https://monolith",
        "http://",
        "http://monolith/app",
        "http://monolith?x",
        "http://user@monolith",
        "http://monolith:0",
        "http://monolith:65536",
        "http://monolith:",
        "http://::1",
        "http://[::1",
        "http://mono lith",
        "http://monolith;return 200",
        "http://{{log}}",
    ] {
        assert!(bad.parse::<Upstream>().is_err(), "{bad}");
    }
    for (good, printed) in
        [("8000", "8000"), ("*:80", "80"), ("127.0.0.1:80", "127.0.0.1:80"), ("[::]:80", "[::]:80")]
    {
        assert_eq!(good.parse::<Listen>().unwrap().to_string(), printed);
    }
    for bad in ["", "0", "127.0.0.1", "127.0.0.1:0", "localhost:80", "80;", "::1:80"] {
        assert!(bad.parse::<Listen>().is_err(), "{bad}");
    }
    for bad in ["", "a b", "a;b", "a\nb", "*", "$host"] {
        assert!(bad.parse::<ServerName>().is_err(), "{bad}");
    }
    for bad in
        ["", "off", "-", "|/bin/sh", "syslog:server=x", "/var/log/", "a\"b", "a\\b", "$a", "a\nb"]
    {
        assert!(bad.parse::<LogFile>().is_err(), "{bad}");
    }
}

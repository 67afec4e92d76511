//! Reports built by hand, each of another shape.

use dolmen_cubes::{
    ActorRow, CallerRow, EndpointRow, FileRow, MarkOnlyRow, OperationRow, Report, ServiceRow,
    UnparsedLine, UnreadableRow,
};
use dolmen_model::Time;

fn at(seconds: i64) -> Option<Time> {
    Time::from_seconds(1_772_323_200 + seconds)
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn operation(operation: &str, service: &str, calls: u64, p50: u64, p95: u64) -> OperationRow {
    let (operation, service) = (some(operation), some(service));
    OperationRow { operation, service, calls, p50: Some(p50), p95: Some(p95) }
}

fn endpoint(service: &str, method: &str, endpoint: &str, calls: u64) -> EndpointRow {
    let (service, method, endpoint) = (some(service), some(method), some(endpoint));
    EndpointRow { service, method, endpoint, calls, p95: Some(calls * 37 + 4_000) }
}

fn caller(address: &str, user_agent: &str, calls: u64, operations: &[&str]) -> CallerRow {
    CallerRow {
        address: some(address).map(Into::into),
        user_agent: some(user_agent).map(Into::into),
        calls,
        operations: operations.iter().map(|&name| name.to_owned()).collect(),
    }
}

fn file(path: &str, format: &str, lines: u64, unparsed: u64) -> FileRow {
    FileRow { path: path.to_owned(), format: format.to_owned(), lines, unparsed, error: None }
}

/// A bank in the middle of its move: every section has something to say.
pub(super) fn bank() -> Report {
    Report {
        calls: 1_248_300,
        marks: 1_122_817,
        joined: 1_102_480,
        call_only: 145_820,
        mark_only: 1_204,
        no_id: 312,
        unparsed: 2,
        bypassed: 41,
        repeated_ids: 7,
        overused_ids: 1,
        disagreements: 3,
        from: at(0),
        to: at(13 * 86_400 + 86_399),
        operations: vec![
            operation("balance and movements", "monolith", 612_400, 41_000, 180_000),
            operation("internal transfer", "monolith", 201_133, 120_300, 903_000),
            operation("external transfer", "transfers", 180_020, 88_000, 310_000),
            operation("", "monolith", 145_820, 900, 3_100),
            operation("card block", "monolith", 92_300, 230_000, 1_520_000),
            operation("card ceiling", "monolith", 36_830, 310_000, 2_100_000),
            operation("external transfer", "monolith", 31, 120_000, 400_000),
        ],
        actors: [
            ("web portal", 700_100),
            ("", 262_143),
            ("branch tool", 190_000),
            ("large accounts", 96_057),
        ]
        .map(|(actor, calls)| ActorRow { actor: some(actor), calls })
        .to_vec(),
        services: [("monolith", 1_068_280), ("transfers", 180_020)]
            .map(|(service, calls)| ServiceRow { service: some(service), calls })
            .to_vec(),
        endpoints: vec![
            endpoint("monolith", "GET", "/api/account/{int}/movements", 612_400),
            endpoint("monolith", "POST", "/services/CompteService", 201_164),
            endpoint("transfers", "POST", "/v1/transfers", 180_020),
            endpoint("monolith", "POST", "/api/carteService/{client}/opposition/{carte}", 92_300),
            endpoint("monolith", "GET", "/static/{file}", 80_100),
            EndpointRow {
                service: some("monolith"),
                method: None,
                endpoint: None,
                calls: 12,
                p95: None,
            },
        ],
        unknown_callers: vec![
            caller("10.0.9.17", "curl/7.88.1", 151_020, &["card block"]),
            caller("10.0.9.23", "", 110_998, &["external transfer", "internal transfer"]),
            caller(
                "203.0.113.80",
                "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101",
                125,
                &[],
            ),
        ],
        mark_only_operations: vec![
            MarkOnlyRow { operation: some("card block"), service: some("monolith"), marks: 1_180 },
            MarkOnlyRow { operation: some("balance and movements"), service: None, marks: 24 },
        ],
        unparsed_lines: vec![
            UnparsedLine {
                file: "/var/log/apache2/access.log.1".into(),
                line: 88_214,
                column: 68,
                expected: "the closing quote of %r".into(),
                text: "10.0.9.17 - - [02/Mar/2026:03:00:07 +0100] \"POST /api/carteService/77"
                    .into(),
            },
            UnparsedLine {
                file: "/var/log/monolith/app.jsonl".into(),
                line: 3,
                column: 1,
                expected: "a JSON object".into(),
                text: "\u{1b}[31mjava.lang.NullPointerException\u{1b}[0m".into(),
            },
        ],
        files: vec![
            file("/var/log/apache2/access.log.1", "Apache %h %l %u %t \"%r\" %>s %b", 1_248_301, 1),
            FileRow {
                error: Some("the file breaks off: unexpected end of gzip stream".into()),
                ..file("/var/log/monolith/app.jsonl", "JSON lines", 1_122_818, 1)
            },
        ],
        unreadable: vec![UnreadableRow {
            segment: "0000000042-calls.parquet".into(),
            reason: "its file is missing".into(),
            rows: 60_000,
            from: at(0).map(|time| time.to_string()),
            to: at(3_600).map(|time| time.to_string()),
        }],
    }
}

/// Nothing was in the window.
pub(super) fn empty() -> Report {
    Report { files: vec![file("access.log", "combined", 0, 0)], ..Report::default() }
}

/// A web server's log and nothing else: no ids, no marks, no rules, no durations.
pub(super) fn unknown_only() -> Report {
    let rows = [("GET", "/favicon.ico", 807), ("GET", "/style2.css", 546), ("GET", "/", 520)];
    Report {
        calls: 9_999,
        call_only: 9_999,
        unparsed: 1,
        from: at(36_303),
        to: at(3 * 86_400 + 75_959),
        operations: vec![OperationRow {
            operation: None,
            service: None,
            calls: 9_999,
            p50: None,
            p95: None,
        }],
        actors: vec![ActorRow { actor: None, calls: 9_999 }],
        services: vec![ServiceRow { service: None, calls: 9_999 }],
        endpoints: rows
            .map(|(method, path, calls)| EndpointRow {
                p95: None,
                ..endpoint("", method, path, calls)
            })
            .to_vec(),
        unknown_callers: vec![
            caller(
                "66.249.73.135",
                "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
                432,
                &[],
            ),
            caller(
                "46.105.14.53",
                "UniversalFeedParser/4.2-pre-314-svn +http://feedparser.org/",
                364,
                &[],
            ),
        ],
        unparsed_lines: vec![UnparsedLine {
            file: "elastic-apache.log".into(),
            line: 8_899,
            column: 102,
            expected: "\"".into(),
            text: format!(
                "46.118.127.106 - - [20/May/2015:12:05:17 +0000] \"GET /scripts/grok-py-test/configlib.py HTTP/1.1\" 200 235 \"-\" \"Mozilla/5.0 {}",
                "x".repeat(200)
            ),
        }],
        files: vec![file("elastic-apache.log", "combined", 10_000, 1)],
        ..Report::default()
    }
}

/// Marks were read, and the proxy makes no ids: nothing can be joined.
pub(super) fn no_ids() -> Report {
    Report {
        calls: 120,
        marks: 80,
        call_only: 120,
        no_id: 120,
        mark_only: 80,
        actors: vec![ActorRow { actor: some("web portal"), calls: 120 }],
        operations: vec![OperationRow {
            operation: None,
            service: some("monolith"),
            calls: 120,
            p50: None,
            p95: None,
        }],
        services: vec![ServiceRow { service: some("monolith"), calls: 120 }],
        endpoints: vec![EndpointRow { p95: None, ..endpoint("monolith", "POST", "/op", 120) }],
        mark_only_operations: vec![MarkOnlyRow {
            operation: some("card block"),
            service: some("monolith"),
            marks: 80,
        }],
        files: vec![file("-", "Apache %h %{X-Request-Id}o", 120, 0)],
        ..Report::default()
    }
}

/// Names as long and as wide as people and attackers make them.
pub(super) fn long_names() -> Report {
    let long = "Virement externe européen instantané avec vérification du bénéficiaire (SEPA)";
    Report {
        calls: 18_446_744_073_709_551_615,
        marks: 1,
        joined: 18_446_744_073_709_551_615,
        from: at(0),
        to: at(1),
        operations: vec![
            operation(long, "転送サービス", 18_446_744_073_709_551_614, 1, 7_200_000_000),
            operation("a", "b", 1, 0, 0),
        ],
        actors: vec![ActorRow { actor: some(&long.repeat(3)), calls: 18_446_744_073_709_551_615 }],
        services: vec![ServiceRow { service: some("転送サービス"), calls: 1 }],
        endpoints: vec![endpoint(
            "転送サービス",
            "POST",
            &format!("/{}", "très-long/".repeat(30)),
            1,
        )],
        unknown_callers: vec![caller(
            "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff",
            "\u{1b}]0;owned\u{7}evil\u{202e}",
            1,
            &[long],
        )],
        files: vec![file(&"folder/".repeat(30), "JSON lines", 1, 0)],
        ..Report::default()
    }
}

//! Reports on small files, through the whole pipeline.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::fs;
use std::io::Write as _;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use dolmen_attribution::{RuleSet, Rules};
use dolmen_collect::{
    CollectError, FormatChoice, Holds, Input, Origin, Progress, ReportRequest, Source, Window,
    report,
};
use dolmen_cubes::Report;
use dolmen_logs::{Fields, Format};
use dolmen_model::query::Query;
use dolmen_model::{Names, Time};

const FORMAT: &str =
    r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" "%{X-Request-Id}o" %D"#;

/// 2026-10-05T08:00:00Z.
const EIGHT: i64 = 1_791_187_200;

/// One run: its folder, its sources and its files.
struct Run {
    dir: tempfile::TempDir,
    names: Names,
    sources: Vec<Source>,
    inputs: Vec<Input>,
    window: Window,
    query: Query,
    workers: usize,
}

impl Run {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            names: Names::new(),
            sources: Vec::new(),
            inputs: Vec::new(),
            window: Window::ALL,
            query: Query::default(),
            workers: 2,
        }
    }

    fn source(&mut self, holds: Holds, service: &str, behind: Option<u16>) -> u16 {
        let fields = Fields::new();
        let format = match holds {
            Holds::Calls => Format::calls(FORMAT, &fields),
            Holds::Marks => Format::marks("json", &fields),
        };
        let number = self.sources.len() as u16;
        self.sources.push(Source {
            name: format!("source {number}"),
            holds,
            format: FormatChoice::Given(format.unwrap().into()),
            service: self.names.services.intern(service.as_bytes()),
            behind,
        });
        number
    }

    fn file(&mut self, source: u16, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        self.inputs.push(Input { origin: Origin::File(path.clone()), source });
        path
    }

    fn try_report(&self) -> Result<Report, CollectError> {
        let rules = Rules::compile(&RuleSet::default(), &self.names).unwrap();
        let request = ReportRequest {
            sources: &self.sources,
            inputs: self.inputs.clone(),
            rules: &rules,
            names: &self.names,
            window: self.window,
            query: &self.query,
            workers: NonZero::new(self.workers).unwrap(),
            temporary: self.dir.path().to_owned(),
        };
        report(request, &Progress::default())
    }

    fn report(&self) -> Report {
        self.try_report().unwrap()
    }
}

fn call(second: i64, path: &str, id: &str) -> String {
    let (minute, second) = (second / 60, second % 60);
    format!(
        "10.0.0.1 - - [05/Oct/2026:08:{minute:02}:{second:02} +0000] \"GET {path} HTTP/1.1\" 200 \
         12 \"-\" \"curl\" \"{id}\" 1500\n"
    )
}

fn mark(second: i64, id: &str, operation: &str) -> String {
    let (minute, second) = (second / 60, second % 60);
    format!(
        "{{\"time\":\"2026-10-05T08:{minute:02}:{second:02}Z\",\"request_id\":\"{id}\",\
         \"operation\":\"{operation}\"}}\n"
    )
}

fn operations(report: &Report) -> Vec<(Option<&str>, u64)> {
    report.operations.iter().map(|row| (row.operation.as_deref(), row.calls)).collect()
}

#[test]
fn every_outcome_is_counted() {
    let mut run = Run::new();
    let calls = run.source(Holds::Calls, "monolith", None);
    let marks = run.source(Holds::Marks, "", None);
    let access = [
        call(0, "/a", "joined"),
        call(1, "/b", "twice"),
        call(2, "/c", "call-only"),
        call(3, "/d", "-"),
        call(4, "/e", "same"),
        call(50, "/e", "same"),
        "garbage\n".to_owned(),
    ];
    let app = [
        mark(0, "joined", "transfer"),
        mark(1, "twice", "transfer"),
        mark(1, "twice", "balance"),
        mark(9, "hidden", "transfer"),
        mark(51, "same", "block"),
    ];
    run.file(calls, "access.log", access.concat());
    run.file(marks, "app.jsonl", app.concat());
    let report = run.report();
    assert_eq!((report.calls, report.marks, report.joined), (6, 5, 3));
    assert_eq!((report.call_only, report.mark_only, report.no_id), (3, 1, 1));
    assert_eq!((report.unparsed, report.repeated_ids, report.bypassed), (1, 1, 0));
    assert_eq!(
        operations(&report),
        [(None, 3), (Some("transfer"), 2), (Some("balance"), 1), (Some("block"), 1)]
    );
    assert_eq!(report.operations[1].service.as_deref(), Some("monolith"));
    assert_eq!(report.unparsed_lines[0].line, 7);
    assert_eq!(report.from, Some(Time::from_seconds(EIGHT).unwrap()));
    assert_eq!(report.to, Some(Time::from_seconds(EIGHT + 50).unwrap()));
    assert_eq!(report.unknown_callers[0].user_agent.as_deref(), Some("curl"));
    assert_eq!(*report.unknown_callers[0].operations, ["balance", "block", "transfer"]);
}

#[test]
fn a_chain_is_one_call_and_a_bypass_is_seen() {
    let mut run = Run::new();
    let proxy = run.source(Holds::Calls, "", None);
    let server = run.source(Holds::Calls, "monolith", Some(proxy));
    run.file(proxy, "proxy.log", call(0, "/a", "one"));
    run.file(server, "server.log", [call(0, "/a", "one"), call(5, "/a", "direct")].concat());
    let report = run.report();
    assert_eq!((report.calls, report.bypassed, report.repeated_ids), (2, 1, 0));
    assert_eq!(report.services.len(), 1);
    assert_eq!(report.services[0].service.as_deref(), Some("monolith"));
}

#[test]
fn compressed_files_and_any_number_of_workers_say_the_same() {
    let lines: Vec<String> =
        (0..40_000).map(|n| call(n % 3000, "/a/17", &format!("id{n}"))).collect();
    let marks: Vec<String> =
        (0..40_000).rev().step_by(2).map(|n| mark(n % 3000, &format!("id{n}"), "a")).collect();
    let broken = "no log line\n".to_owned();
    let access = [&lines[..20_000].concat(), &broken, &lines[20_000..].concat()]
        .map(String::as_str)
        .concat();
    let mut reports = Vec::new();
    for workers in [1, 3] {
        for packing in ["plain", "gz", "zst"] {
            let mut run = Run::new();
            run.workers = workers;
            let calls = run.source(Holds::Calls, "", None);
            let app = run.source(Holds::Marks, "", None);
            let pack = |text: &str| match packing {
                "gz" => {
                    let level = flate2::Compression::fast();
                    let mut out = flate2::write::GzEncoder::new(Vec::new(), level);
                    out.write_all(text.as_bytes()).unwrap();
                    out.finish().unwrap()
                }
                "zst" => zstd::encode_all(text.as_bytes(), 1).unwrap(),
                _ => text.as_bytes().to_vec(),
            };
            run.file(calls, "access", pack(&access));
            run.file(app, "app", pack(&marks.concat()));
            let mut report = run.report();
            assert_eq!(report.unparsed_lines[0].line, 20_001, "{packing}");
            report.files.clear();
            report.unparsed_lines.clear();
            reports.push(report);
        }
    }
    assert_eq!(reports[0].joined, 20_000);
    assert!(reports.iter().all(|report| *report == reports[0]));
}

#[test]
fn a_line_cut_by_a_rotation_is_put_together() {
    let mut run = Run::new();
    let calls = run.source(Holds::Calls, "", None);
    let whole = call(2, "/cut", "cut");
    let (front, back) = whole.split_at(40);
    run.file(calls, "access.log.1", [&call(1, "/a", "one"), front].concat());
    run.file(calls, "access.log", [back, &call(3, "/b", "three")].concat());
    let report = run.report();
    assert_eq!((report.calls, report.unparsed), (3, 0));
    assert!(report.unparsed_lines.is_empty());
}

#[test]
fn a_compressed_file_that_breaks_off_is_read_as_far_as_it_goes() {
    let mut run = Run::new();
    let calls = run.source(Holds::Calls, "", None);
    let lines: String = (0..20_000).map(|n| call(n % 3000, "/a", &format!("{n}"))).collect();
    let packed = zstd::encode_all(lines.as_bytes(), 1).unwrap();
    run.file(calls, "access.zst", &packed[..packed.len() / 2]);
    let report = run.report();
    assert!(report.calls > 0 && report.calls < 20_000, "{}", report.calls);
    assert!(report.files[0].error.is_some());
}

#[test]
fn a_window_cuts_calls_but_not_their_marks() {
    let mut run = Run::new();
    let calls = run.source(Holds::Calls, "", None);
    let app = run.source(Holds::Marks, "", None);
    run.file(calls, "access", [call(9, "/a", "before"), call(10, "/a", "in")].concat());
    // The mark of the first call is inside the window, its call is not: it is not mark-only.
    run.file(app, "app", [mark(10, "before", "a"), mark(20, "in", "a")].concat());
    let at = |second| Time::from_seconds(EIGHT + second).unwrap();
    run.window = Window { from: at(10), to: at(20) };
    let report = run.report();
    assert_eq!((report.calls, report.joined, report.mark_only), (1, 1, 0));
}

#[test]
fn a_repeated_id_counts_only_where_it_was_asked_about() {
    let mut run = Run::new();
    let calls = run.source(Holds::Calls, "", None);
    run.file(calls, "access", [call(1, "/a", "twice"), call(30, "/b", "twice")].concat());
    assert_eq!(run.report().repeated_ids, 1);
    run.query = Query::parse("path:/a").unwrap();
    let report = run.report();
    assert_eq!((report.calls, report.repeated_ids), (1, 0));
}

#[test]
fn a_line_without_an_id_behind_a_proxy_bypassed_it() {
    let mut run = Run::new();
    let proxy = run.source(Holds::Calls, "", None);
    let server = run.source(Holds::Calls, "", Some(proxy));
    run.file(proxy, "proxy.log", call(0, "/a", "one"));
    run.file(server, "server.log", [call(0, "/a", "one"), call(5, "/a", "-")].concat());
    let report = run.report();
    assert_eq!((report.calls, report.no_id, report.bypassed), (2, 1, 1));
}

#[test]
fn a_format_that_changes_half_way_is_found_whatever_the_workers_do() {
    let plain = |n: i64| {
        let line = call(n % 3000, "/a", "x");
        let end = line.find(" \"x\"").unwrap();
        format!("{}\n", &line[..end])
    };
    // Every 500th id is the client's own, the first one among them.
    let id = |n: i64| if n % 500 == 0 { format!("client-{n}") } else { format!("{n:032x}") };
    let access: String =
        (0..3000).map(plain).chain((0..30_000).map(|n| call(n % 3000, "/b", &id(n)))).collect();
    let marks: String = (0..30_000).map(|n| mark(n % 3000, &id(n), "b")).collect();
    let mut reports = Vec::new();
    for workers in [1, 2, 3, 4] {
        let mut run = Run::new();
        run.workers = workers;
        let calls = run.source(Holds::Calls, "", None);
        let app = run.source(Holds::Marks, "", None);
        run.sources[usize::from(calls)].format = FormatChoice::Auto;
        run.file(calls, "access", &access);
        run.file(app, "app", &marks);
        let mut report = run.report();
        report.files.clear();
        reports.push(report);
    }
    assert_eq!((reports[0].calls, reports[0].joined), (33_000, 30_000));
    assert!(reports.iter().all(|report| *report == reports[0]));
}

#[test]
fn what_is_packed_otherwise_is_refused_with_a_way_to_unpack_it() {
    for (bytes, hint) in [
        (b"\xfd7zXZ\0\0\x04".as_slice(), "xz -dc"),
        (b"BZh91AY&SY".as_slice(), "bzip2 -dc"),
        (b"\xff\xfe1\0".as_slice(), "iconv"),
    ] {
        let mut run = Run::new();
        let calls = run.source(Holds::Calls, "", None);
        run.file(calls, "access", bytes);
        let error = run.try_report().unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains(hint), "{cause}");
    }
}

#[test]
fn a_query_asks_about_lines_and_about_the_join() {
    let mut run = Run::new();
    let calls = run.source(Holds::Calls, "monolith", None);
    let app = run.source(Holds::Marks, "", None);
    run.file(
        calls,
        "access",
        [call(1, "/a", "x"), call(2, "/b", "y"), call(3, "/b", "z")].concat(),
    );
    run.file(app, "app", [mark(2, "y", "block"), mark(3, "hidden", "block")].concat());
    let mut count = |query: &str| {
        run.query = Query::parse(query).unwrap();
        let report = run.report();
        (report.calls, report.mark_only)
    };
    assert_eq!(count("path:/b"), (2, 0));
    assert_eq!(count("operation:block"), (1, 1));
    assert_eq!(count("path:/b and not operation:block"), (1, 0));
    assert_eq!(count("joined:call_only"), (2, 0));
    assert_eq!(count("service:monolith and operation:unknown"), (2, 0));
    assert_eq!(count("joined:mark_only"), (0, 1));
}

#[test]
fn what_cannot_be_opened_is_an_error_that_names_it() {
    let mut run = Run::new();
    let calls = run.source(Holds::Calls, "", None);
    let missing = Path::new("/nowhere/access.log");
    run.inputs.push(Input { origin: Origin::File(missing.to_owned()), source: calls });
    let error = run.try_report().unwrap_err();
    assert!(error.to_string().contains("/nowhere/access.log"), "{error}");
}

#[test]
fn a_line_of_ten_megabytes_and_windows_line_ends() {
    let mut run = Run::new();
    let calls = run.source(Holds::Calls, "", None);
    let long = call(1, &format!("/{}", "x".repeat(10 << 20)), "long");
    let text = ["\u{feff}", &call(0, "/a", "a"), &long, &call(2, "/b", "b")].concat();
    run.file(calls, "access", text.replace('\n', "\r\n"));
    let report = run.report();
    assert_eq!((report.calls, report.unparsed), (3, 0));
}

#[test]
fn an_id_that_too_many_lines_carry_joins_nothing_and_is_counted() {
    let mut run = Run::new();
    let calls = run.source(Holds::Calls, "monolith", None);
    let marks = run.source(Holds::Marks, "", None);
    let access = call(0, "/a", "undefined").repeat(10_000) + &call(1, "/b", "own");
    let app = [mark(0, "undefined", "transfer"), mark(1, "own", "transfer")];
    run.file(calls, "access.log", access);
    run.file(marks, "app.jsonl", app.concat());
    let report = run.report();
    assert_eq!((report.calls, report.marks, report.joined), (10_001, 2, 1));
    assert_eq!((report.mark_only, report.overused_ids, report.repeated_ids), (1, 1, 0));
}

#[test]
fn lines_without_a_time_have_none() {
    let mut run = Run::new();
    let calls = run.source(Holds::Calls, "monolith", None);
    let marks = run.source(Holds::Marks, "", None);
    let fields = Fields::new();
    let given = |format: Result<Format, _>| FormatChoice::Given(format.unwrap().into());
    run.sources[usize::from(calls)].format =
        given(Format::calls(r#"%h "%r" %>s %{X-Request-Id}o"#, &fields));
    run.sources[usize::from(marks)].format =
        given(Format::marks(r"(?<request_id>\S+) entering (?<operation>.+)", &fields));
    run.file(calls, "access.log", "10.0.0.1 \"GET /a HTTP/1.1\" 200 a\n");
    run.file(marks, "app.log", "a entering transfer\nhidden entering transfer\n");
    let report = run.report();
    assert_eq!((report.joined, report.mark_only), (1, 1));
    assert_eq!((report.from, report.to), (None, None));
}

//! `dolmen report`: what it reads.

use serde_json::json;

use crate::util::Folder;

const CALL: &str = r#"10.0.9.17 - - [01/Mar/2026:08:00:00 +0000] "GET /a HTTP/1.1" 200 120
"#;

fn calls(n: usize) -> String {
    CALL.repeat(n)
}

#[test]
fn nothing_to_read_says_what_to_do() {
    let folder = Folder::new();
    let err = folder.dolmen(&["report"]).refused(2);
    assert!(err.contains("`dolmen report access.log`"), "{err}");
    assert!(err.contains("there is no configuration"), "{err}");
    folder.file("dolmen.toml", "");
    let err = folder.dolmen(&["report"]).refused(2);
    assert!(err.contains("dolmen.toml has no [[source]]"), "{err}");
    folder.file("dolmen.toml", "[[source]]\nname = 'a'\npath = 'logs/*.log'");
    let err = folder.dolmen(&["report"]).refused(2);
    assert!(err.contains("no file matches logs/*.log, of the source `a`"), "{err}");
}

#[test]
fn a_file_that_is_not_there_is_a_failure_with_its_name() {
    let folder = Folder::new();
    folder.file("access.log", calls(1));
    let err = folder.dolmen(&["report", "access.log", "access.lgo"]).refused(1);
    assert!(err.starts_with("dolmen: cannot read access.lgo: No such file"), "{err}");
}

#[test]
fn a_log_that_no_format_reads_says_what_was_tried() {
    let folder = Folder::new();
    folder.file("odd.log", "this is no log\n");
    let err = folder.dolmen(&["report", "odd.log"]).refused(2);
    for said in ["dolmen: odd.log: ", "  this is no log\n", "combined", "--format"] {
        assert!(err.contains(said), "{said}: {err}");
    }
}

#[test]
fn standard_input_is_read_once() {
    let folder = Folder::new();
    let report = folder.dolmen(&["report", "-", "--json", "--format", "common"]).input(calls(3));
    let report = report.json();
    assert_eq!(report["calls"], json!(3));
    assert_eq!(report["files"][0]["path"], json!("-"));
    let err = folder.dolmen(&["report", "-", "--marks", "-"]).refused(2);
    assert!(err.contains("only once"), "{err}");
}

#[test]
fn paths_of_the_configuration_start_at_its_folder_and_may_have_wildcards() {
    let folder = Folder::new();
    let config = "[[source]]\nname = 'a'\npath = ['logs/access.log*', 'more/b.log']\n\
                  [[source]]\nname = 'n'\nkind = 'http'\nlisten = '127.0.0.1:1'\n\
                  [[source]]\nname = 'none'\npath = 'none/*'\n";
    folder.file("etc/dolmen.toml", config);
    folder.file("etc/logs/access.log", calls(1));
    folder.file("etc/logs/access.log.1", calls(2));
    folder.file("etc/logs/other.log", calls(100));
    folder.file("etc/more/b.log", calls(4));
    let args = ["report", "--json", "--config", "etc/dolmen.toml", "--format", "common"];
    let (out, err) = folder.dolmen(&args).done_with_notes();
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["calls"], json!(7));
    assert_eq!(
        err,
        "dolmen: note: the source `n` (http) is left out: its lines are in no file\n\
         dolmen: note: no file matches etc/none/*, of the source `none`\n"
    );
}

/// A typed file that a source names has that source's format and service; others have none.
#[test]
fn a_typed_file_is_read_as_its_source_says() {
    let folder = Folder::new();
    let config = "[[source]]\nname = 'a'\npath = 'logs/*.log'\nformat = 'common'\n\
                  service = 'monolith'\n";
    folder.file("dolmen.toml", config);
    folder.file("logs/access.log", calls(2));
    folder.file("logs/not-typed.log", calls(100));
    folder.file("other.log", calls(1));
    let report = folder.dolmen(&["report", "--json", "./logs/access.log", "other.log"]).json();
    assert_eq!(
        report["services"],
        json!([{"service": "monolith", "calls": 2}, {"service": null, "calls": 1}])
    );
    let where_source = ["report", "--json", "logs/access.log", "other.log", "--where", "source:a"];
    assert_eq!(folder.dolmen(&where_source).json()["calls"], json!(2));
}

#[test]
fn a_typed_file_is_not_read_as_what_its_source_says_it_is_not() {
    let folder = Folder::new();
    folder.file("app.jsonl", "");
    let config = "[[source]]\nname = 'app'\npath = 'app.jsonl'\nholds = 'marks'\n";
    folder.file("dolmen.toml", config);
    let err = folder.dolmen(&["report", "app.jsonl"]).refused(2);
    assert!(err.contains("holds marks: give it with --marks"), "{err}");
}

#[test]
fn formats_are_checked_before_anything_is_read() {
    let folder = Folder::new();
    folder.file("access.log", calls(1));
    for flag in ["--format", "--marks-format"] {
        let err = folder.dolmen(&["report", "access.log", flag, "(?<time>"]).refused(2);
        assert!(err.starts_with(&format!("dolmen: {flag}: ")), "{err}");
        assert!(err.contains('^'), "{err}");
    }
}

#[test]
fn marks_are_joined_to_calls() {
    let folder = Folder::new();
    let format = r#"%h %l %u %t "%r" %>s %b "%{X-Request-Id}o""#;
    let line = |id: &str| format!("{} \"{id}\"\n", CALL.trim_end());
    folder.file("access.log", [line("id-1"), line("id-2"), line("-")].concat());
    folder.file(
        "app.jsonl",
        "{\"time\":\"2026-03-01T08:00:01Z\",\"request_id\":\"id-1\",\"operation\":\"block\"}\n\
         {\"time\":\"2026-03-01T08:00:02Z\",\"request_id\":\"id-9\",\"operation\":\"block\"}\n",
    );
    folder.file(
        "more.jsonl",
        "{\"time\":\"2026-03-01T08:00:01Z\",\"request_id\":\"id-1\",\"operation\":\"balance\"}\n",
    );
    let args = [
        "report",
        "access.log",
        "--format",
        format,
        "--marks",
        "app.jsonl",
        "--marks",
        "more.jsonl",
        "--json",
    ];
    let report = folder.dolmen(&args).json();
    let counts = ["calls", "marks", "joined", "call_only", "mark_only", "no_id"]
        .map(|key| report[key].as_u64().unwrap_or_else(|| panic!("{key} in {report:#}")));
    assert_eq!(counts, [3, 3, 1, 2, 1, 1]);
    let by_name = |name: serde_json::Value| {
        let rows = report["operations"].as_array().unwrap().iter();
        rows.filter(|row| row["operation"] == name).map(|row| row["calls"].as_u64()).next()
    };
    assert_eq!(by_name(json!("block")), Some(Some(1)));
    assert_eq!(by_name(json!("balance")), Some(Some(1)));
    assert_eq!(by_name(json!(null)), Some(Some(2)));
}

#[test]
fn no_file_is_counted_twice() {
    let folder = Folder::new();
    folder.file("access.log", calls(2));
    let err = folder.dolmen(&["report", "access.log", "./access.log"]).refused(2);
    assert!(err.contains("named twice"), "{err}");
    let one = "[[source]]\nname = 'a'\npath = ['access.log', 'access.log*']\n";
    folder.file("one.toml", one);
    let args = ["report", "--json", "--config", "one.toml"];
    let (out, err) = folder.dolmen(&args).done_with_notes();
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["calls"], json!(2));
    assert!(err.contains("read once"), "{err}");
    folder.file("two.toml", format!("{one}[[source]]\nname = 'b'\npath = '*.log'\n"));
    let err = folder.dolmen(&["report", "--config", "two.toml"]).refused(2);
    assert!(err.contains("two sources, `a` and `b`"), "{err}");
}

#[test]
fn a_file_that_breaks_off_is_reported_on_and_is_a_failure() {
    let folder = Folder::new();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    std::io::Write::write_all(&mut packed, calls(5000).as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    folder.file("access.log.gz", &packed[..packed.len() / 2]);
    let output = folder.dolmen(&["report", "access.log.gz", "--csv", "actors"]).output();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("actor,calls"));
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(err.contains("access.log.gz was read only in part"), "{err}");
}

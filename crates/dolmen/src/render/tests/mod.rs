//! Snapshots of whole reports. `cargo insta review` shows what a change does to them.

mod reports;

use dolmen_cubes::Report;
use insta::assert_snapshot;

use super::csv::{self, CsvTable};
use super::paint::{Colours, Painter};
use super::report::{self, Look};
use super::text;

fn shown(report: &Report, width: usize, top: Option<usize>, colours: Colours) -> String {
    let mut out = Vec::new();
    let look = Look { width, painter: Painter { colours }, top };
    report::write(report, look, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn plain(report: &Report, width: usize) -> String {
    shown(report, width, Some(20), Colours::Hidden)
}

#[test]
fn bank_in_80_columns() {
    assert_snapshot!(plain(&reports::bank(), 80));
}

#[test]
fn bank_in_120_columns() {
    assert_snapshot!(plain(&reports::bank(), 120));
}

#[test]
fn bank_in_40_columns() {
    assert_snapshot!(plain(&reports::bank(), 40));
}

#[test]
fn bank_with_two_rows_a_table() {
    assert_snapshot!(shown(&reports::bank(), 100, Some(2), Colours::Hidden));
}

#[test]
fn bank_in_colours() {
    let painted = shown(&reports::bank(), 80, Some(4), Colours::Shown);
    assert_snapshot!(painted.replace('\x1b', "␛"));
}

#[test]
fn nothing_at_all() {
    assert_snapshot!(plain(&reports::empty(), 80));
}

#[test]
fn nobody_is_known() {
    assert_snapshot!(plain(&reports::unknown_only(), 80));
}

#[test]
fn nothing_could_be_joined() {
    assert_snapshot!(plain(&reports::no_ids(), 80));
}

#[test]
fn long_and_wide_names() {
    assert_snapshot!(plain(&reports::long_names(), 100));
}

#[test]
fn no_line_is_wider_than_the_screen() {
    let all = [
        reports::bank(),
        reports::empty(),
        reports::unknown_only(),
        reports::no_ids(),
        reports::long_names(),
    ];
    for (report, width) in all.iter().flat_map(|report| (72..200).map(move |w| (report, w))) {
        let shown = plain(report, width);
        // What is to be pasted and where a line is are never broken.
        let is_whole = |line: &&str| line.starts_with("    ") || line.contains(": expected");
        for line in shown.lines().filter(|line| !is_whole(line)) {
            let is_paragraph = line.split(' ').any(|word| text::width(word) > width - 2);
            assert!(text::width(line) <= width || is_paragraph, "{width}: {line}");
        }
    }
}

#[test]
fn nothing_in_a_log_reaches_the_terminal_as_a_command() {
    for report in [reports::bank(), reports::long_names()] {
        let shown = plain(&report, 200);
        assert!(shown.chars().all(|c| c == '\n' || !c.is_control()));
        assert!(!shown.contains('\u{202e}'));
    }
}

fn table(report: &Report, table: CsvTable) -> String {
    let mut out = Vec::new();
    csv::write(report, table, &mut out).unwrap();
    String::from_utf8(out).unwrap().replace("\r\n", "␍\n")
}

#[test]
fn csv_of_every_table() {
    use clap::ValueEnum;

    let mut all = String::new();
    for &name in CsvTable::value_variants() {
        all.push_str(&format!("{name:?}\n{}\n", table(&reports::bank(), name)));
    }
    assert_snapshot!(all);
}

#[test]
fn csv_of_nothing_is_a_header() {
    assert_eq!(table(&Report::default(), CsvTable::Actors), "actor,calls␍\n");
}

#[test]
fn csv_quotes_what_needs_quotes() {
    let mut report = reports::no_ids();
    report.actors[0].actor = Some("a \"b\",\r\nc".to_owned());
    assert_eq!(table(&report, CsvTable::Actors), "actor,calls␍\n\"a \"\"b\"\",␍\nc\",120␍\n");
}

#[test]
fn json_of_a_report() {
    assert_snapshot!(serde_json::to_string_pretty(&reports::bank()).unwrap());
}

/// The keys of an object and of the rows in it.
fn keys(value: &serde_json::Value) -> Vec<String> {
    match value {
        serde_json::Value::Object(object) => object
            .iter()
            .flat_map(|(key, value)| [vec![key.clone()], keys(value)].concat())
            .collect(),
        serde_json::Value::Array(rows) => rows.iter().flat_map(keys).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn every_key_of_the_json_is_documented() {
    let doc = include_str!("../../../../../docs/json.md");
    for key in keys(&serde_json::to_value(reports::bank()).unwrap()) {
        assert!(doc.contains(&format!("`{key}`")), "docs/json.md does not know `{key}`");
    }
}

/// A program reads columns by their place: they are those of the rows of the JSON.
#[test]
fn columns_of_the_csv_are_keys_of_the_json() {
    use clap::ValueEnum;

    let known = keys(&serde_json::to_value(reports::bank()).unwrap());
    for &name in CsvTable::value_variants() {
        let csv = table(&reports::bank(), name);
        for column in csv.lines().next().unwrap().trim_end_matches('␍').split(',') {
            assert!(known.iter().any(|key| key == column), "{name:?}: {column}");
        }
    }
}

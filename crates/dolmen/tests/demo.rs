//! `dolmen demo`, through the program.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// The program in a folder of its own; nothing of this machine has a say.
fn dolmen_in(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dolmen"));
    command.args(args).current_dir(folder);
    command.env_remove("DOLMEN_CONFIG").env("COLUMNS", WIDTH.to_string()).env("NO_COLOR", "1");
    command.output().unwrap()
}

fn dolmen(args: &[&str]) -> Output {
    dolmen_in(tempfile::tempdir().unwrap().path(), args)
}

/// As wide as the README.
const WIDTH: usize = 92;

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn every_figure_of_the_story_holds() {
    let output = dolmen(&["demo", "--check", "--json"]);
    let figures: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let off: Vec<_> = figures.iter().filter(|figure| figure["ok"] != true).collect();
    assert!(off.is_empty(), "{off:#?}");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let named = [
        "operations it shows",
        "unknown with three actors",
        "styles of interface",
        "return = \"exchange\": welcome mails",
        "return = \"service\": welcome mails",
    ];
    for named in named {
        assert!(figures.iter().any(|figure| figure["figure"] == named), "{named}");
    }
}

#[test]
fn the_story_is_told_and_its_logs_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let output = dolmen_in(dir.path(), &["demo", "--no-console", "--dir", "bank"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let told = text(&output.stdout);
    for words in [
        "ten mails",
        "10 welcome mails were written",
        "One operation of five.",
        "POST /api/operations",
        "10.1.9.17",
        "10.1.9.42",
    ] {
        assert!(told.contains(words), "{words:?} is not in:\n{told}");
    }
    assert!(told.lines().all(|line| line.chars().count() <= WIDTH));
    assert!(!told.contains('\x1b'));

    let args = ["report", "--config", "bank/three-actors.toml", "--top", "5"];
    let report = text(&dolmen_in(dir.path(), &args).stdout);
    let readme = include_str!("../../../README.md");
    assert!(readme.contains(&format!("`dolmen {}`", args.join(" "))));
    assert!(
        readme.contains(&format!("```\n{report}```")),
        "the README shows another report:\n{report}"
    );

    // Nobody but the two machines has an operation and no name; the rules that are proposed for
    // them name them.
    let import = ["import", "--config", "bank/three-actors.toml", "--store", "s"];
    assert!(dolmen_in(dir.path(), &import).status.success());
    let suggest =
        ["rules", "suggest", "--config", "bank/three-actors.toml", "--store", "s", "--json"];
    let found: Value = serde_json::from_slice(&dolmen_in(dir.path(), &suggest).stdout).unwrap();
    let candidates = found["candidates"].as_array().unwrap();
    let scripts: Vec<(&str, &str)> = candidates
        .iter()
        .filter(|candidate| candidate["kind"] == "script")
        .map(|one| (one["addresses"][0].as_str().unwrap(), one["operations"][0].as_str().unwrap()))
        .collect();
    assert!(scripts.contains(&("10.1.9.17", "card block")), "{scripts:?}");
    assert!(scripts.iter().any(|(address, _)| *address == "10.1.9.42"), "{scripts:?}");
    assert_eq!(scripts.len(), 2, "{candidates:#?}");

    let output = dolmen_in(dir.path(), &["report", "--config", "bank/months.toml", "--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let services = report["services"].as_array().unwrap();
    assert_eq!(services.len(), 6);
    assert!(services.iter().all(|row| row["service"].is_string()));
}

#[test]
fn json_goes_with_check() {
    let output = dolmen(&["demo", "--json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--check"));
}

#[test]
fn the_examples_are_configurations() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");
    let mut checked = 0;
    for entry in std::fs::read_dir(examples).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let output = dolmen(&["--config", path.to_str().unwrap(), "config", "check"]);
            assert!(output.status.success(), "{}: {}", path.display(), text(&output.stderr));
            checked += 1;
        }
    }
    assert!(checked > 0);
}

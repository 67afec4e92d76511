//! The arrows between our crates are those of ARCHITECTURE.md, neither more nor fewer.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::tree::Tree;

const PAPER: &str = "ARCHITECTURE.md";
const HEADING: &str = "## Arrows";

/// Crates and whom they name; short names, without the prefix.
type Arrows = BTreeMap<String, BTreeSet<String>>;

/// Compares the table with what the manifests say. Dev-dependencies are no arrows.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    match tree.file(PAPER) {
        Some(paper) => differences(&from_table(&paper.text), &from_manifests(tree)),
        None => vec![finding("is missing".to_owned())],
    }
}

fn finding(what: String) -> Finding {
    Finding { path: PAPER.to_owned(), line: None, what }
}

fn differences(table: &Arrows, real: &Arrows) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in real.keys().filter(|name| !table.contains_key(*name)) {
        findings.push(finding(format!("the table of arrows does not have `{name}`")));
    }
    for (name, listed) in table {
        let Some(named) = real.get(name) else {
            findings.push(finding(format!("the table of arrows has `{name}`, which is no crate")));
            continue;
        };
        for extra in named.difference(listed) {
            findings.push(finding(format!("`{name}` names `{extra}` against the table of arrows")));
        }
        for unused in listed.difference(named) {
            findings.push(finding(format!(
                "`{name}` does not name `{unused}`, the table says it does"
            )));
        }
    }
    findings
}

/// The rows under the heading: the crate in the first cell, whom it names in the second, all in
/// backticks.
fn from_table(text: &str) -> Arrows {
    let lines = text.lines().skip_while(|line| *line != HEADING).skip(1);
    let rows =
        lines.take_while(|line| !line.starts_with('#')).filter(|line| line.starts_with("| `"));
    let row = |line: &str| {
        let mut names = line.split('`').skip(1).step_by(2).map(str::to_owned);
        Some((names.next()?, names.collect()))
    };
    rows.filter_map(row).collect()
}

fn from_manifests(tree: &Tree) -> Arrows {
    let arrows = tree.packages().filter_map(|package| {
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        let ours = dependencies
            .filter(|dependency| dependency["path"].is_string() && dependency["kind"] != "dev")
            .filter_map(|dependency| dependency["name"].as_str());
        Some((short(package["name"].as_str()?), ours.map(short).collect()))
    });
    arrows.collect()
}

fn short(name: &str) -> String {
    name.strip_prefix("dolmen-").unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
# House
| `not` | `here` |
## Arrows

| crate | names |
| --- | --- |
| `model` | none |
| `logs` | `model` |
| `gone` | |

## After
| `nor` | `here` |
";

    #[test]
    fn more_fewer_and_gone_are_found() {
        let metadata = serde_json::json!({ "packages": [
            { "name": "dolmen-model", "dependencies": [
                { "name": "serde", "kind": null },
                { "name": "dolmen-logs", "path": "/logs", "kind": null },
            ] },
            { "name": "dolmen-logs", "dependencies": [
                { "name": "dolmen-model", "path": "/model", "kind": "dev" },
            ] },
            { "name": "dolmen-join", "dependencies": [] },
        ] });
        let real = from_manifests(&Tree { files: Vec::new(), metadata });
        let found: Vec<_> =
            differences(&from_table(TABLE), &real).into_iter().map(|found| found.what).collect();
        assert_eq!(
            found,
            [
                "the table of arrows does not have `join`",
                "the table of arrows has `gone`, which is no crate",
                "`logs` does not name `model`, the table says it does",
                "`model` names `logs` against the table of arrows",
            ]
        );
    }
}

//! The papers are there, and in step with the program.

use anyhow::{Context, Result};

use super::Finding;
use super::tree::Tree;
use crate::shell;

/// What a reader may count on.
const PAPERS: [&str; 6] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
];

/// The papers exist; every crate says what it is for.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let missing = PAPERS.iter().filter(|paper| tree.file(paper).is_none());
    let mut findings: Vec<_> = missing.map(|paper| finding(paper, "is missing")).collect();
    for package in tree.packages() {
        if package["description"].as_str().is_none_or(str::is_empty) {
            let name = package["name"].as_str().unwrap_or("a package");
            findings.push(finding(name, "has no description"));
        }
    }
    findings
}

fn finding(path: &str, what: &str) -> Finding {
    Finding { path: path.to_owned(), line: None, what: what.to_owned() }
}

/// Every command that the help names is named by README.md or a paper in `docs/`.
pub(super) fn commands(tree: &Tree) -> Result<Vec<Finding>> {
    let is_paper =
        |path: &str| path == "README.md" || (path.starts_with("docs/") && path.ends_with(".md"));
    let papers: String = tree
        .files
        .iter()
        .filter(|file| is_paper(&file.path))
        .map(|file| format!("{}\n", file.text))
        .collect();
    let mut commands = Vec::new();
    subcommands(&mut vec!["dolmen".to_owned()], &mut commands)?;
    let unnamed = commands.iter().filter(|command| !papers.contains(command.as_str()));
    Ok(unnamed
        .map(|command| {
            let what = format!("nor docs/ name `{command}`, the help does");
            finding("neither README.md", &what)
        })
        .collect())
}

fn subcommands(command: &mut Vec<String>, found: &mut Vec<String>) -> Result<()> {
    let mut help = shell::cargo();
    help.args(["run", "--quiet", "--package", "dolmen", "--"]).args(&command[1..]).arg("--help");
    let help = shell::output(&mut help).context("failed to ask for help")?;
    for name in names(&help) {
        command.push(name.to_owned());
        found.push(command.join(" "));
        subcommands(command, found)?;
        command.pop();
    }
    Ok(())
}

/// The names under `Commands:`, without `help` itself.
fn names(help: &str) -> impl Iterator<Item = &str> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split(' ').next())
        .filter(|name| *name != "help")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_under_commands() {
        let help = "\
Who still calls?

Usage: dolmen <COMMAND>

Commands:
  report  What logs show
  demo    A story that is long enough to
          take two lines
  help    Print this

Options:
  -h, --help
";
        assert_eq!(names(help).collect::<Vec<_>>(), ["report", "demo"]);
    }
}

//! `cargo xtask tidy`: style that matters is a test.
//!
//! Each rule is a module that looks at the tree and returns what it finds. rustfmt and clippy
//! check the rest.

mod arrows;
mod length;
mod papers;
mod purity;
mod tree;
mod words;

use std::fmt;
use std::process::ExitCode;

use anyhow::{Result, bail};
use tree::Tree;

/// Something that is not as it should be.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    /// The file, from the workspace's folder.
    path: String,
    /// The line, where there is one.
    line: Option<usize>,
    /// What is wrong, and what would be right.
    what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.path, self.what),
            None => write!(f, "{}: {}", self.path, self.what),
        }
    }
}

/// Prints what is wrong.
pub(crate) fn run() -> Result<ExitCode> {
    check()?;
    println!("tidy");
    Ok(ExitCode::SUCCESS)
}

/// Every rule; the error lists the findings. Builds the program, to compare its help with the
/// papers.
pub(crate) fn check() -> Result<()> {
    let tree = Tree::read()?;
    let mut findings = still(&tree);
    findings.extend(papers::commands(&tree)?);
    report(&findings)
}

/// The rules that only look.
fn still(tree: &Tree) -> Vec<Finding> {
    let mut findings = length::check(tree);
    findings.extend(words::check(tree));
    findings.extend(purity::check(tree));
    findings.extend(arrows::check(tree));
    findings.extend(papers::check(tree));
    findings
}

fn report(findings: &[Finding]) -> Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
    bail!("{} not tidy\n{}", lines.len(), lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_tidy() {
        let findings = still(&Tree::read().unwrap());
        assert!(report(&findings).is_ok(), "{:#}", report(&findings).unwrap_err());
    }
}

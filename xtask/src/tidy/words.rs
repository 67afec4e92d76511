//! Words that mean "not finished", and words that mean one person's machine.

use super::Finding;
use super::tree::Tree;

/// In Rust: what is not there yet.
const UNFINISHED: [&str; 3] = ["todo!", "unimplemented!", "#[ignore"];

/// Anywhere: notes to oneself, and places that only one machine has.
const FORBIDDEN: [&str; 7] =
    ["TODO", "FIXME", "/work/", "/root/", "/Users/", "/home/runner", "../shared"];

/// This file names them all; the CI script says where its machine keeps the corpus.
const EXEMPT: [&str; 2] = ["xtask/src/tidy/words.rs", ".ci/run"];

/// Every line with such a word.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| !EXEMPT.contains(&file.path.as_str())) {
        let unfinished: &[&str] = if file.path.ends_with(".rs") { &UNFINISHED } else { &[] };
        for (number, line) in file.text.lines().enumerate() {
            for word in FORBIDDEN.iter().chain(unfinished).filter(|word| line.contains(**word)) {
                findings.push(Finding {
                    path: file.path.clone(),
                    line: Some(number + 1),
                    what: format!("{word:?} has no place here"),
                });
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_named() {
        let tree =
            Tree::of(&[("a.rs", "fn a() {\n    todo!()\n}\n"), ("b.md", "todo!\n/root/b\n")]);
        let found: Vec<_> = check(&tree).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            ["a.rs:2: \"todo!\" has no place here", "b.md:2: \"/root/\" has no place here"]
        );
    }
}

//! Pure crates touch no file, no socket, no clock, and wait for nothing: what they do can be
//! replayed, fuzzed and tested in any order.

use super::Finding;
use super::tree::Tree;

/// The pure crates.
pub(super) const PURE: [&str; 6] = ["model", "logs", "join", "attribution", "cubes", "verdict"];

/// What none of them names. (An address is a value: `std::net::IpAddr` is theirs to use.)
const OUTSIDE: [&str; 16] = [
    "std::fs",
    "std::os",
    "std::process",
    "std::env",
    "TcpListener",
    "TcpStream",
    "UdpSocket",
    "UnixListener",
    "ToSocketAddrs",
    "SystemTime",
    "Instant",
    "Timestamp::now",
    "Zoned::now",
    "async",
    "await",
    "tokio",
];

/// Every line of a pure crate that names the outside.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust().filter(|file| is_pure(&file.path) && !file.is_test()) {
        for (number, line) in file.code().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for word in OUTSIDE.iter().filter(|word| names(line, word)) {
                findings.push(Finding {
                    path: file.path.clone(),
                    line: Some(number),
                    what: format!("a pure crate names {word}"),
                });
            }
        }
    }
    findings
}

fn is_pure(path: &str) -> bool {
    let crate_name = path.strip_prefix("crates/").and_then(|rest| rest.split_once("/src/"));
    crate_name.is_some_and(|(name, _)| PURE.contains(&name))
}

/// Whether `line` has `word` as a word, `use std::{fs, ...}` included.
fn names(line: &str, word: &str) -> bool {
    let in_braces = match (word.strip_prefix("std::"), line.split_once("std::{")) {
        (Some(module), Some((_, rest))) => has_word(rest, module),
        _ => false,
    };
    in_braces || has_word(line, word)
}

fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, line: &str) -> usize {
        check(&Tree::of(&[(path, line)])).len()
    }

    #[test]
    fn the_outside_is_found_in_pure_code() {
        assert_eq!(found("crates/join/src/a.rs", "use std::fs::File;"), 1);
        assert_eq!(found("crates/join/src/a.rs", "use std::{fmt, fs};"), 1);
        assert_eq!(found("crates/logs/src/a.rs", "let now = Instant::now();"), 1);
        assert_eq!(found("crates/logs/src/a.rs", "async fn read() {}"), 1);
    }

    #[test]
    fn other_words_crates_comments_and_tests_are_left_alone() {
        assert_eq!(found("crates/collect/src/a.rs", "use std::fs::File;"), 0);
        assert_eq!(found("crates/join/src/a.rs", "/// An Instant of a log."), 0);
        assert_eq!(found("crates/join/src/a.rs", "struct InstantRange;"), 0);
        assert_eq!(found("crates/join/src/tests.rs", "use std::fs::File;"), 0);
        let tested = "#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n";
        assert_eq!(found("crates/join/src/a.rs", tested), 0);
    }
}

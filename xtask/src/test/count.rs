//! Counting tests by what their harness prints.

use std::fmt;
use std::io::{BufRead, Write};

use anyhow::Result;

/// How many tests and checks ended in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// Copies the output of `cargo test -- --show-output` from `input` to `out` and counts.
///
/// A test that cannot run where it is prints a line that starts with `skipped:` and returns; the
/// harness calls it passed, this counts it as skipped. What passing tests print is left out but
/// for those lines.
pub(super) fn copy(input: impl BufRead, mut out: impl Write) -> Result<Count> {
    let mut count = Count::default();
    let mut said_so = 0;
    let mut test: Option<Test> = None;
    let mut passing = false;
    for line in input.lines() {
        let line = line?;
        if let Some(result) = result(&line) {
            passing = false;
            count.passed += before(result, " passed");
            count.failed += before(result, " failed");
            count.skipped += before(result, " ignored");
        } else if line == "successes:" {
            passing = true;
            continue;
        } else if line == "failures:" {
            passing = false;
        } else if passing {
            if let Some(name) = section(&line) {
                test = Some(Test { name: name.to_owned(), skipped: false });
            } else if line.starts_with("skipped:")
                && let Some(test) = test.as_mut().filter(|test| !test.skipped)
            {
                test.skipped = true;
                said_so += 1;
                writeln!(out, "{} {line}", test.name)?;
            }
            continue;
        }
        writeln!(out, "{line}")?;
    }
    out.flush()?;
    count.passed = count.passed.saturating_sub(said_so);
    count.skipped += said_so;
    Ok(count)
}

/// The test whose output is being read.
struct Test {
    name: String,
    skipped: bool,
}

/// What a harness says of its tests. A test that writes past the harness may leave text before it.
fn result(line: &str) -> Option<&str> {
    let (_, result) = line.split_once("test result: ")?;
    ["ok. ", "FAILED. "].iter().any(|start| result.starts_with(start)).then_some(result)
}

/// The name in `---- name stdout ----`.
fn section(line: &str) -> Option<&str> {
    line.strip_prefix("---- ")?.strip_suffix(" stdout ----")
}

/// The number that stands before a word.
fn before(text: &str, word: &str) -> u64 {
    let number = text.split(word).next().and_then(|text| text.rsplit(' ').next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "
running 4 tests
test a ... ok
test b ... ok
test c ... FAILED
test d ... ignored

successes:

---- b stdout ----
skipped: no corpus
skipped: no corpus either
no test result: it is not at the start

---- a stdout ----
all is well, nothing was skipped: not even this

successes:
    a
    b

failures:

---- c stdout ----
skipped: says a test that failed

failures:
    c

test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s

running 12 tests
written past the harnesstest result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s
";

    #[test]
    fn every_binary_counts_and_who_says_skipped_did_not_pass() {
        let mut shown = Vec::new();
        let count = copy(OUTPUT.as_bytes(), &mut shown).unwrap();
        assert_eq!(count, Count { passed: 13, failed: 1, skipped: 2 });
        let shown = String::from_utf8(shown).unwrap();
        assert!(shown.contains("\nb skipped: no corpus\n"));
        assert!(shown.contains("skipped: says a test that failed"));
        assert!(!shown.contains("all is well"));
    }

    #[test]
    fn the_closing_line_names_skipped_tests_only_if_there_are_any() {
        let count = Count { passed: 5, failed: 0, skipped: 0 };
        assert_eq!(count.to_string(), "5 passed, 0 failed");
        assert_eq!(Count { skipped: 2, ..count }.to_string(), "5 passed, 0 failed, 2 skipped");
    }
}

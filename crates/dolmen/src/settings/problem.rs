use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

/// One thing that is wrong in a configuration, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Problem {
    /// The file.
    pub(crate) file: PathBuf,
    /// The line, from 1.
    pub(crate) line: usize,
    /// The column in characters, from 1.
    pub(crate) column: usize,
    /// What is wrong, and what would be right.
    pub(crate) message: String,
    /// The line of the file.
    #[serde(skip)]
    source: String,
    /// The columns of the screen under the fault.
    #[serde(skip)]
    fault: Range<usize>,
}

impl Problem {
    /// A problem with some bytes of a file. What spans several lines is shown by its first.
    pub(super) fn new(
        file: &Path,
        text: &str,
        at: Range<usize>,
        message: impl Into<String>,
    ) -> Self {
        let start = floor(text, at.start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let source = text[line_start..].lines().next().unwrap_or_default();
        let line_end = line_start + source.len();
        let end = floor(text, at.end).clamp(start, line_end.max(start));
        let before = &text[line_start..start];
        let width = text[start..end].width().max(1);
        Self {
            file: file.to_owned(),
            line: text[..start].matches('\n').count() + 1,
            column: before.chars().count() + 1,
            message: message.into(),
            source: source.replace('\t', " "),
            fault: before.width()..before.width() + width,
        }
    }
}

/// The start of the character that holds this byte.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

impl fmt::Display for Problem {
    /// The place and the message, the line, carets under the fault.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, message, source, fault } = self;
        writeln!(f, "{}:{line}:{column}: {message}", file.display())?;
        let margin = line.to_string().len() + 2;
        writeln!(f, "  {line} | {source}")?;
        let carets = "^".repeat(fault.len());
        write!(f, "{:margin$} | {:blank$}{carets}", "", "", blank = fault.start)
    }
}

/// A configuration that cannot be used: everything that is wrong with it.
#[derive(Debug)]
pub(crate) struct ConfigError {
    /// At least one, in the order of the file.
    pub(crate) problems: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.problems.len() > 1 {
            writeln!(f, "{} errors in the configuration", self.problems.len())?;
        }
        for (n, problem) in self.problems.iter().enumerate() {
            if n > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_line_and_the_fault() {
        let text = "[store]\npath = '日本'\tkeep\n";
        let at = text.find("keep").unwrap();
        let problem = Problem::new(Path::new("dolmen.toml"), text, at..at + 4, "not here");
        assert_eq!(
            problem.to_string(),
            "dolmen.toml:2:13: not here\n  2 | path = '日本' keep\n    |               ^^^^"
        );
    }

    #[test]
    fn any_bytes_are_a_place() {
        let text = "é\né\n";
        for start in 0..=text.len() + 2 {
            for end in 0..=text.len() + 2 {
                let problem = Problem::new(Path::new("f"), text, start..end, "m");
                assert!(problem.line >= 1 && problem.to_string().contains('^'));
            }
        }
    }
}

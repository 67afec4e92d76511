use std::fmt;
use std::ops::Range;

use unicode_width::UnicodeWidthChar;

/// A format that cannot be compiled: what is wrong, and where in its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatError {
    /// The format's text as it was given.
    pub text: String,
    /// The bytes of `text` at fault.
    pub at: Range<usize>,
    /// What is wrong there, and what would be right.
    pub message: String,
}

impl FormatError {
    /// All of `text` is wrong.
    pub(crate) fn whole(text: &str, message: impl Into<String>) -> Self {
        Self { text: text.to_owned(), at: 0..text.len(), message: message.into() }
    }
}

impl fmt::Display for FormatError {
    /// The message, the format (of several lines, the one at fault), carets under the fault.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, rest) = self.text.split_at_checked(self.at.start).unwrap_or((&self.text, ""));
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let end = self.at.start + rest.find('\n').unwrap_or(rest.len());
        let line = self.text.get(start..end).unwrap_or_default();
        let fault = self.text.get(self.at.start..self.at.end.min(end)).unwrap_or_default();
        let shown: String = line.chars().map(visible).collect();
        let indent: String = before[start..].chars().map(under).collect();
        let carets = fault.chars().map(width).sum::<usize>().max(1);
        write!(f, "{}\n  {shown}\n  {indent}{}", self.message, "^".repeat(carets))
    }
}

impl std::error::Error for FormatError {}

/// A tab is as wide as the terminal makes it; other control characters would spoil the picture.
fn visible(c: char) -> char {
    if c.is_control() && c != '\t' { char::REPLACEMENT_CHARACTER } else { c }
}

/// What leads as far as `c` does.
fn under(c: char) -> String {
    if c == '\t' { "\t".to_owned() } else { " ".repeat(width(c)) }
}

fn width(c: char) -> usize {
    visible(c).width().unwrap_or(1)
}

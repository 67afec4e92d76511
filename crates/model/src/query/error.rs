use std::fmt;
use std::ops::Range;

/// A query that cannot be read: what is wrong, and where in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError {
    /// The query as it was typed.
    pub text: String,
    /// The bytes of `text` at fault; empty at the place where something is missing.
    pub at: Range<usize>,
    /// What is wrong there, and what would be right.
    pub message: String,
}

impl fmt::Display for QueryError {
    /// Three lines: the message, the line of the query, carets under the fault.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = self.text[..self.at.start].rfind('\n').map_or(0, |at| at + 1);
        let line = self.text[start..].split('\n').next().unwrap_or_default();
        let shown: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let before = self.text[start..self.at.start].chars().count();
        let fault = self.text[self.at.clone()].chars().take_while(|&c| c != '\n').count();
        write!(f, "{}\n  {shown}\n  {:before$}{}", self.message, "", "^".repeat(fault.max(1)))
    }
}

impl std::error::Error for QueryError {}

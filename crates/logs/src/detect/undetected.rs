use std::fmt;

use crate::{Format, Unread};

/// No format was found for a file: its first line, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undetected {
    /// The first line that is not blank, as text; a long one is cut.
    pub line: String,
    /// The formats that were tried, the one that got furthest first.
    pub tried: Vec<Tried>,
}

/// A format that did not read a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The format's name.
    pub format: String,
    /// How far it got, and what it expected there.
    pub unread: Unread,
}

/// Of a line, as much as a person wants to see.
const SHOWN: usize = 160;

impl Undetected {
    pub(super) fn new<'f>(line: &[u8], formats: impl Iterator<Item = &'f Format>) -> Self {
        let mut tried: Vec<Tried> = formats.map(|format| Tried::new(format, line)).collect();
        tried.sort_by_key(|tried| std::cmp::Reverse(tried.unread.column));
        Self { line: shown(line), tried }
    }

    /// For application log lines, none of which entered an operation.
    pub(super) fn without_operation(line: &[u8], json: &Format) -> Self {
        let mut tried = Tried::new(json, line);
        if json.reader().read(line).is_ok() {
            tried.unread.expected = "a key `operation`, in this line or one of those after it; \
                                     `fields` names another, as in \
                                     `fields = { operation = \"action\" }`"
                .into();
        }
        Self { line: shown(line), tried: vec![tried] }
    }
}

impl Tried {
    fn new(format: &Format, line: &[u8]) -> Self {
        let unread = match format.reader().read(line) {
            Err(unread) => unread,
            Ok(_) => Unread::new(0, "more lines such as this one"),
        };
        Self { format: format.name().to_owned(), unread }
    }
}

fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line.trim_ascii_end());
    let mut shown: String = text
        .chars()
        .take(SHOWN)
        .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
        .collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

impl fmt::Display for Undetected {
    /// The line, then a line for each format.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no format reads it; its first line is\n  {}\nand it was tried as", self.line)?;
        let width = self.tried.iter().map(|tried| tried.format.chars().count()).max().unwrap_or(0);
        for tried in &self.tried {
            write!(f, "\n  {:width$}  {}", tried.format, tried.unread)?;
        }
        Ok(())
    }
}

impl std::error::Error for Undetected {}

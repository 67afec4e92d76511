use std::borrow::Cow;
use std::fmt;

use dolmen_model::{Call, Mark};

use crate::Format;
use crate::detect::AutoState;
use crate::json::{Pick, Route, WithinState};
use crate::program::Span;
use crate::time::Clock;
use crate::w3c::Directives;

/// Reads lines of one format. One a worker: it holds what is reused from line to line.
#[derive(Debug)]
pub struct Reader<'f> {
    format: &'f Format,
    scratch: Scratch,
}

/// What a reader reuses: unescaped bytes of the present line, where its fields lie, the last date
/// seen.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// Unescaped text of the present line; fields borrow from here where the line had escapes.
    pub(crate) bytes: Vec<u8>,
    /// Where the fields of the present line lie.
    pub(crate) spans: Vec<Span>,
    /// Where the values of the present line of JSON lie.
    pub(crate) picks: Vec<Pick>,
    /// The way through the line of JSON before.
    pub(crate) route: Route,
    /// What the W3C directives so far said.
    pub(crate) w3c: Directives,
    /// Where the groups of a regular expression lie.
    pub(crate) captures: Option<regex::bytes::CaptureLocations>,
    /// For a format that changes with the lines: the formats, and which it was last.
    pub(crate) auto: Option<Box<AutoState>>,
    /// For lines that lie in JSON: what reads them there.
    pub(crate) within: Option<Box<WithinState>>,
    /// Reads times; remembers the last hour.
    pub(crate) clock: Clock,
}

/// What a line was.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every line is a call; a box would cost it an allocation"
)]
pub enum Line<'a> {
    /// An access log line.
    Call(Call<'a>),
    /// An application log line that entered an operation.
    Mark(Mark<'a>),
    /// Nothing to count: a blank line, a comment, an application line without an operation.
    Nothing,
}

/// A line that its format does not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The first byte that did not fit, counted from 1.
    pub column: usize,
    /// What was expected there.
    pub expected: Cow<'static, str>,
}

impl Unread {
    /// The byte at `offset`, counted from 0, does not fit.
    pub(crate) fn new(offset: usize, expected: impl Into<Cow<'static, str>>) -> Self {
        Self { column: offset + 1, expected: expected.into() }
    }

    /// The same of a line that so many bytes were before.
    pub(crate) fn after(self, skipped: usize) -> Self {
        Self { column: self.column + skipped, ..self }
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: expected {}", self.column, self.expected)
    }
}

impl<'f> Reader<'f> {
    pub(crate) fn new(format: &'f Format) -> Self {
        Self { format, scratch: Scratch::default() }
    }

    /// Reads one line, without its line end (`\n` or `\r\n`; a stray one is tolerated).
    pub fn read<'a>(&'a mut self, line: &'a [u8]) -> Result<Line<'a>, Unread> {
        let mut read = Line::Nothing;
        self.read_into(line, &mut read)?;
        Ok(read)
    }

    /// The same, into a place of the caller's: a call is large, and to hand it on from room to room
    /// costs as much as a field. After an error, what is there is of no use.
    pub fn read_into<'a>(&'a mut self, line: &'a [u8], read: &mut Line<'a>) -> Result<(), Unread> {
        self.scratch.bytes.clear();
        self.format.read_into(without_line_end(line), &mut self.scratch, read)
    }
}

/// The line without `\n`, `\r\n` or a stray `\r`.
pub(crate) fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

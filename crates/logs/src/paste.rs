//! Formats as people have them: the bare text, or a line copied from a server's configuration.

use std::ops::Range;
use std::slice::SliceIndex;

use crate::FormatError;

/// A format's text after a configuration's quotes were undone, with the place in the given text
/// that each byte came from.
#[derive(Clone, Debug)]
pub(crate) struct Spelling {
    given: String,
    text: String,
    /// For each byte of `text`, its offset in `given`.
    origins: Vec<usize>,
}

impl Spelling {
    /// The text as it is.
    pub(crate) fn plain(given: &str) -> Self {
        let mut spelling = Self::empty(given);
        spelling.push(0..given.len());
        spelling
    }

    fn empty(given: &str) -> Self {
        Self { given: given.to_owned(), text: String::new(), origins: Vec::new() }
    }

    /// Appends these bytes of the given text.
    fn push(&mut self, range: Range<usize>) {
        self.text.push_str(&self.given[range.clone()]);
        self.origins.extend(range);
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    pub(crate) fn text(&self, range: impl SliceIndex<str, Output = str>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    /// The length of the character that begins at `at`.
    pub(crate) fn char_len(&self, at: usize) -> usize {
        self.text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8)
    }

    /// The error that these bytes of the text are wrong.
    pub(crate) fn error(&self, at: Range<usize>, message: impl Into<String>) -> FormatError {
        let end_of_given = self.origins.last().map_or(0, |last| last + 1);
        let start = self.origins.get(at.start).copied().unwrap_or(end_of_given);
        let end = match at.end.checked_sub(1).and_then(|last| self.origins.get(last)) {
            Some(last) => last + 1,
            None => end_of_given,
        };
        FormatError { text: self.given.clone(), at: start..end.max(start), message: message.into() }
    }
}

/// A line copied from a configuration.
#[derive(Debug)]
pub(crate) enum Pasted {
    /// `LogFormat "…"` or `CustomLog path "…"`.
    Apache(Spelling),
    /// `log_format name '…' '…';` and its `escape=`.
    Nginx(Spelling, Option<Escape>),
}

/// nginx's `escape=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Escape {
    Default,
    Json,
    None,
}

/// The format in a line copied from a configuration; `None` when `text` is no such line.
pub(crate) fn pasted(text: &str) -> Result<Option<Pasted>, FormatError> {
    let mut words = Words { text, at: 0 };
    let first = words.first();
    let keyword = text[first.clone()].to_ascii_lowercase();
    match keyword.as_str() {
        "logformat" => apache(words, text).map(Some),
        "customlog" | "globallog" => {
            words.skip_word(Quoting::Apache)?;
            apache(words, text).map(Some)
        }
        "log_format" => {
            words.skip_word(Quoting::Nginx)?;
            nginx(words, text).map(Some)
        }
        _ if keyword.starts_with('\'') => nginx(Words { text, at: first.start }, text).map(Some),
        _ => Ok(None),
    }
}

fn apache(mut words: Words<'_>, text: &str) -> Result<Pasted, FormatError> {
    let mut spelling = Spelling::empty(text);
    if !words.word(Quoting::Apache, &mut spelling)? {
        return Err(nothing_after(text));
    }
    Ok(Pasted::Apache(spelling))
}

fn nginx(mut words: Words<'_>, text: &str) -> Result<Pasted, FormatError> {
    let mut spelling = Spelling::empty(text);
    let mut escape = None;
    let mut is_there = false;
    loop {
        let before = spelling.text.len();
        if !words.word(Quoting::Nginx, &mut spelling)? {
            break;
        }
        let known = match &spelling.text[before..] {
            "escape=json" => Some(Escape::Json),
            "escape=none" => Some(Escape::None),
            "escape=default" => Some(Escape::Default),
            _ => None,
        };
        match known.filter(|_| !is_there) {
            Some(_) => {
                escape = known;
                spelling.text.truncate(before);
                spelling.origins.truncate(before);
            }
            None => is_there = true,
        }
    }
    if !is_there {
        return Err(nothing_after(text));
    }
    Ok(Pasted::Nginx(spelling, escape))
}

fn nothing_after(text: &str) -> FormatError {
    let end = text.trim_end().len();
    FormatError { text: text.to_owned(), at: end..end, message: "the format is missing".to_owned() }
}

/// Whose rules for quotes and backslashes a configuration follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quoting {
    Apache,
    Nginx,
}

/// The words of a configuration's line.
struct Words<'t> {
    text: &'t str,
    at: usize,
}

impl Words<'_> {
    /// The bytes up to the first blank.
    fn first(&mut self) -> Range<usize> {
        self.skip_blanks();
        let start = self.at;
        let rest = &self.text[start..];
        self.at += rest.find(char::is_whitespace).unwrap_or(rest.len());
        start..self.at
    }

    fn skip_blanks(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        // A line that goes on in the next one.
        if let Some(next) = self.text[self.at..].strip_prefix("\\\n") {
            self.at = self.text.len() - next.len();
            self.skip_blanks();
        }
    }

    fn skip_word(&mut self, quoting: Quoting) -> Result<(), FormatError> {
        let mut ignored = Spelling::empty(self.text);
        if self.word(quoting, &mut ignored)? { Ok(()) } else { Err(nothing_after(self.text)) }
    }

    /// Appends the next word to `out`, its quotes undone; whether there was one.
    fn word(&mut self, quoting: Quoting, out: &mut Spelling) -> Result<bool, FormatError> {
        self.skip_blanks();
        let start = self.at;
        let rest = &self.text[start..];
        let Some(first) = rest.chars().next().filter(|&c| quoting == Quoting::Apache || c != ';')
        else {
            return Ok(false);
        };
        let quote = Some(first).filter(|c| matches!(c, '"' | '\''));
        let mut chars = rest.char_indices().peekable();
        if quote.is_some() {
            chars.next();
        }
        while let Some((offset, c)) = chars.next() {
            let at = start + offset;
            self.at = at + c.len_utf8();
            let is_end = match quote {
                Some(quote) => c == quote,
                None => c.is_whitespace() || (c == ';' && quoting == Quoting::Nginx),
            };
            if is_end {
                if quote.is_none() {
                    self.at = at;
                }
                return Ok(true);
            }
            let escaped = chars.peek().filter(|_| c == '\\').map(|&(_, next)| next);
            let meant = match (quoting, escaped) {
                (_, Some('\\')) => Some("\\"),
                (Quoting::Apache, Some('\n')) => Some(""),
                (Quoting::Apache, Some(next)) if Some(next) == quote => Some(same(next)),
                (Quoting::Nginx, Some(next @ ('"' | '\''))) => Some(same(next)),
                (Quoting::Nginx, Some('t')) => Some("\t"),
                (Quoting::Nginx, Some('r')) => Some("\r"),
                (Quoting::Nginx, Some('n')) => Some("\n"),
                _ => None,
            };
            match meant {
                Some(meant) => {
                    out.text.push_str(meant);
                    out.origins.extend(meant.bytes().map(|_| at));
                    chars.next();
                }
                None => out.push(at..at + c.len_utf8()),
            }
        }
        match quote {
            Some(_) => Err(FormatError {
                text: self.text.to_owned(),
                at: start..start + 1,
                message: "this quote is never closed".to_owned(),
            }),
            None => {
                self.at = self.text.len();
                Ok(true)
            }
        }
    }
}

fn same(quote: char) -> &'static str {
    if quote == '"' { "\"" } else { "'" }
}

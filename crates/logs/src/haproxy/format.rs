//! From a `log-format` to a program.

use super::alias::{alias, expression};
use crate::escape::Escapes;
use crate::pattern;
use crate::program::{Class, Field, Piece, Program, Slot};
use crate::request_id::RequestIdKind;
use crate::{Fields, FormatError};

/// Whether `text` is a `log-format` rather than Apache's: what it has and Apache has not.
pub(crate) fn is_format(text: &str) -> bool {
    text.starts_with("log-format")
        || ["%ci", "%[", "%{+", "%ST", "%HM"].iter().any(|sign| text.contains(sign))
}

/// Compiles a `log-format`, with or without the keyword and quotes of a configuration. `fields`
/// gives a meaning to captured headers (`capture.request.0`) and to variables that have none by
/// themselves, as the format writes them (`%[var(txn.id)]`).
pub(crate) fn compile(text: &str, fields: &Fields) -> Result<Program, FormatError> {
    let mut parser = Parser::new(text, fields);
    while parser.at < parser.end {
        parser.step()?;
    }
    parser.flush();
    for (name, place) in fields {
        if !parser.used.contains(&place.as_str()) && !is_capture(place) {
            let message = "the format has no such variable; captured headers are \
                           `capture.request.0` or `capture.response.0` and so on";
            return Err(in_fields(name, place, message));
        }
    }
    Ok(Program::new(Escapes::HaProxy, parser.pieces))
}

struct Parser<'f> {
    text: &'f str,
    at: usize,
    end: usize,
    fields: &'f Fields,
    pieces: Vec<Piece>,
    literal: Vec<u8>,
    /// Whether all variables are quoted from here on: `%{+Q}o`.
    quotes_all: bool,
    /// Places of `fields` that the format has.
    used: Vec<&'f str>,
}

/// `{+Q,+X}` before a variable.
#[derive(Clone, Copy, Default)]
struct Flags {
    quotes: bool,
    hex: bool,
}

impl<'f> Parser<'f> {
    fn new(text: &'f str, fields: &'f Fields) -> Self {
        let mut format = text.strip_prefix("log-format").unwrap_or(text).trim();
        for quote in ['"', '\''] {
            if let Some(inner) = format.strip_prefix(quote).and_then(|f| f.strip_suffix(quote)) {
                format = inner;
            }
        }
        let at = text.find(format).unwrap_or(0);
        Self {
            text,
            at,
            end: at + format.len(),
            fields,
            pieces: Vec::new(),
            literal: Vec::new(),
            quotes_all: false,
            used: Vec::new(),
        }
    }

    fn rest(&self) -> &'f str {
        &self.text[self.at..self.end]
    }

    fn step(&mut self) -> Result<(), FormatError> {
        let rest = self.rest();
        if rest.starts_with("%%") {
            self.literal.push(b'%');
            self.at += 2;
        } else if rest.starts_with('%') {
            self.variable()?;
        } else {
            let bare = rest.strip_prefix('\\').filter(|bare| !bare.is_empty()).unwrap_or(rest);
            let length = bare.chars().next().map_or(0, char::len_utf8);
            bare.bytes().take(length).for_each(|b| self.push_literal(b));
            self.at += rest.len() - bare.len() + length;
        }
        Ok(())
    }

    /// HAProxy writes one blank where a format has several, and none twice where a variable
    /// between them is empty; only captured headers can be.
    fn push_literal(&mut self, b: u8) {
        let is_after_blank = match self.literal.last() {
            Some(last) => *last == b' ',
            None => matches!(self.pieces.last(), Some(Piece::Captures(_))),
        };
        if b != b' ' || !is_after_blank {
            self.literal.push(b);
        }
    }

    fn flush(&mut self) {
        if !self.literal.is_empty() {
            self.pieces.push(Piece::text(std::mem::take(&mut self.literal)));
        }
    }

    /// `%name`, `%{flags}name`, `%[expression]` or `%{flags}[expression]`.
    fn variable(&mut self) -> Result<(), FormatError> {
        let start = self.at;
        self.at += 1;
        let flags = self.flags(start)?;
        let rest = self.rest();
        if let Some(inside) = rest.strip_prefix('[') {
            let length = closing_bracket(inside)
                .ok_or_else(|| self.error(start, self.end, "this `%[` is never closed"))?;
            self.at += length + 2;
            let written = &self.text[self.at - length - 2..self.at];
            let (class, slot) = expression(&inside[..length]);
            return self.field(&format!("%{written}"), class, slot, 0, flags);
        }
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let name = &rest[..length];
        self.at += length;
        match name {
            "o" => {
                self.quotes_all = flags.quotes;
                // It writes nothing: the blank after it stands alone.
                if self.rest().starts_with(' ') {
                    self.at += 1;
                }
                Ok(())
            }
            "hr" => self.captures("capture.request."),
            "hs" => self.captures("capture.response."),
            _ => match alias(name) {
                Some((class, slot, rank)) => {
                    self.field(&format!("%{name}"), class, slot, rank, flags)
                }
                None => Err(self.error(
                    start,
                    self.at,
                    "HAProxy has no log variable of this name; a percent sign is written `%%`",
                )),
            },
        }
    }

    fn flags(&mut self, start: usize) -> Result<Flags, FormatError> {
        let mut flags = Flags { quotes: self.quotes_all, hex: false };
        let Some(inside) = self.rest().strip_prefix('{') else { return Ok(flags) };
        let length = inside
            .find('}')
            .ok_or_else(|| self.error(start, self.end, "this `%{` is never closed"))?;
        self.at += length + 2;
        for flag in inside[..length].split(',') {
            match flag.trim() {
                "+Q" => flags.quotes = true,
                "-Q" => flags.quotes = false,
                "+X" => flags.hex = true,
                "+json" | "+cbor" | "+bin" => {
                    let message = "a log that HAProxy encodes whole is no `log-format` to read: \
                                   for `+json` the format is `json`";
                    return Err(self.error(start, self.at, message));
                }
                _ => {}
            }
        }
        Ok(flags)
    }

    fn field(
        &mut self,
        name: &str,
        class: Class,
        slot: Slot,
        rank: u8,
        flags: Flags,
    ) -> Result<(), FormatError> {
        if name == "%s" && self.joins_backend() {
            return Ok(());
        }
        let (class, slot) = if flags.hex { (Class::Token, Slot::Ignored) } else { (class, slot) };
        let slot = match self.fields.iter().find(|(_, place)| *place == name) {
            Some((field, place)) => {
                self.used.push(place);
                meaning(field, place)?
            }
            None => slot,
        };
        // Numbers are never quoted.
        let is_quoted = flags.quotes && matches!(class, Class::Text | Class::Token);
        if is_quoted {
            self.literal.push(b'"');
        }
        self.flush();
        self.pieces.push(Piece::Field(Field::new(name, class, slot).rank(rank)));
        if is_quoted {
            self.literal.push(b'"');
        }
        Ok(())
    }

    /// Makes one field of `%b/%s`.
    fn joins_backend(&mut self) -> bool {
        match self.pieces.last_mut() {
            Some(Piece::Field(backend)) if &*backend.name == "%b" && self.literal == b"/" => {
                *backend = Field::new("%b/%s", Class::Token, Slot::Upstream);
                self.literal.clear();
                true
            }
            _ => false,
        }
    }

    fn captures(&mut self, prefix: &str) -> Result<(), FormatError> {
        self.flush();
        let mut captures = Vec::new();
        for (field, place) in self.fields {
            let Some(number) = place.strip_prefix(prefix) else { continue };
            let number = number
                .parse()
                .map_err(|_| in_fields(field, place, "captured headers are numbered from 0 on"))?;
            let slot = meaning(field, place)?;
            captures.push((number, Field::new(place.as_str(), Class::Text, slot)));
        }
        self.pieces.push(Piece::Captures(captures));
        Ok(())
    }

    fn error(&self, start: usize, end: usize, message: &str) -> FormatError {
        FormatError { text: self.text.to_owned(), at: start..end, message: message.to_owned() }
    }
}

fn is_capture(place: &str) -> bool {
    place.starts_with("capture.request.") || place.starts_with("capture.response.")
}

/// Where the bracket that closes an expression is; an expression may hold brackets itself.
fn closing_bracket(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '[' => depth += 1,
            ']' if depth == 0 => return Some(at),
            ']' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// What a field of the configuration means for a call.
fn meaning(field: &str, place: &str) -> Result<Slot, FormatError> {
    let slot = match (field, field.strip_prefix("header.")) {
        ("request_id", _) => Some(Slot::RequestId(RequestIdKind::Plain)),
        (_, Some(header)) => Some(Slot::of_header(header)),
        _ => pattern::slot(field),
    };
    slot.ok_or_else(|| in_fields(field, place, "an access log line has no such field"))
}

fn in_fields(field: &str, place: &str, message: &str) -> FormatError {
    let text = format!("{field} = \"{place}\"");
    FormatError { at: 0..text.len(), text, message: message.to_owned() }
}

//! Apache's `LogFormat`: mod_log_config, mod_logio and mod_ssl, as of httpd 2.4.

mod directive;
mod time;

use crate::FormatError;
use crate::escape::Escapes;
use crate::paste::Spelling;
use crate::program::{Class, Field, Piece, Program, Redirect, Slot, ValueKind};

use directive::Meaning;

/// Formats by the names that Apache's and Debian's configurations give them.
pub(crate) const NICKNAMES: [(&str, &str); 7] = [
    ("common", r#"%h %l %u %t "%r" %>s %b"#),
    ("combined", r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i""#),
    ("combinedio", r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %I %O"#),
    ("vhost_common", r#"%v %h %l %u %t "%r" %>s %b"#),
    ("vhost_combined", r#"%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i""#),
    ("referer", "%{Referer}i -> %U"),
    ("agent", "%{User-agent}i"),
];

/// Compiles a `LogFormat` string.
pub(crate) fn compile(format: &Spelling) -> Result<Program, FormatError> {
    let mut parser = Parser { format, at: 0, pieces: Vec::new() };
    parser.run()?;
    Ok(Program::new(Escapes::Apache, parser.pieces))
}

struct Parser<'f> {
    format: &'f Spelling,
    at: usize,
    pieces: Vec<Piece>,
}

/// A directive's modifiers and parameter; the last of each kind counts.
#[derive(Default)]
struct Modifiers {
    redirect: Redirect,
    /// `%400,501{...}i`: other statuses log a `-`.
    is_conditional: bool,
    /// The bytes of the format between the braces.
    parameter: Option<std::ops::Range<usize>>,
}

impl<'f> Parser<'f> {
    fn run(&mut self) -> Result<(), FormatError> {
        let mut text = Vec::new();
        while let Some(b) = self.peek(0) {
            match (b, self.peek(1)) {
                (b'%', Some(b'%')) => text.push(b'%'),
                (b'%', _) => {
                    if !text.is_empty() {
                        self.pieces.push(Piece::text(std::mem::take(&mut text)));
                    }
                    self.directive()?;
                    continue;
                }
                (b'\\', Some(b'n')) => text.push(b'\n'),
                (b'\\', Some(b't')) => text.push(b'\t'),
                (b'\\', Some(b'r')) => text.push(b'\r'),
                (b'\\', Some(quoted @ (b'\\' | b'"'))) => text.push(quoted),
                _ => {
                    text.push(b);
                    self.at += 1;
                    continue;
                }
            }
            self.at += 2;
        }
        if !text.is_empty() {
            self.pieces.push(Piece::text(text));
        }
        Ok(())
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.format.bytes().get(self.at + ahead).copied()
    }

    fn directive(&mut self) -> Result<(), FormatError> {
        let start = self.at;
        self.at += 1;
        let modifiers = self.modifiers(start)?;
        let letter = self.letter(start)?;
        let format = self.format;
        let name = format.text(start..self.at);
        if let Some(parameter) = modifiers.parameter.clone().filter(|_| letter == "t") {
            let pieces = time::pieces(self.format, start..self.at, parameter, modifiers.redirect)?;
            self.push_group(modifiers.is_conditional, pieces);
            return Ok(());
        }
        if letter == "t" {
            let pieces = time::timestamp(name, modifiers.redirect, Default::default());
            self.push_group(modifiers.is_conditional, pieces);
            return Ok(());
        }
        let parameter = modifiers.parameter.clone().map(|range| format.text(range));
        let meaning = directive::meaning(letter, parameter)
            .map_err(|message| self.format.error(start..self.at, message))?;
        let field = field(name, meaning, &modifiers);
        self.push(field);
        Ok(())
    }

    fn modifiers(&mut self, start: usize) -> Result<Modifiers, FormatError> {
        let mut modifiers = Modifiers::default();
        while let Some(b) = self.peek(0) {
            match b {
                b'<' => modifiers.redirect = Redirect::Original,
                b'>' => modifiers.redirect = Redirect::Final,
                b'0'..=b'9' => modifiers.is_conditional = true,
                b'!' | b',' => {}
                b'{' => {
                    let inside = self.at + 1;
                    let rest = &self.format.bytes()[inside..];
                    let Some(length) = memchr::memchr(b'}', rest) else {
                        let message = "this `{` is never closed: a directive's name stands in \
                                       braces, as in `%{Referer}i`";
                        return Err(self.format.error(self.at..self.at + 1, message));
                    };
                    modifiers.parameter = Some(inside..inside + length);
                    self.at = inside + length;
                }
                _ => return Ok(modifiers),
            }
            self.at += 1;
        }
        Err(self.format.error(
            start..self.at,
            "the format ends within a directive; write `%%` for a percent sign",
        ))
    }

    /// A directive's letter, or `^` and two letters.
    fn letter(&mut self, start: usize) -> Result<&'f str, FormatError> {
        let format = self.format;
        let rest = &format.bytes()[self.at..];
        let length = match rest {
            [b'^', a, b, ..] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => 3,
            [b, ..] if b.is_ascii_alphabetic() => 1,
            _ => {
                let length = self.format.char_len(self.at);
                let at = start..self.at + length;
                let message = format!(
                    "`{}` is no directive: a letter must follow; write `%%` for a percent sign",
                    self.format.text(at.clone())
                );
                return Err(self.format.error(at, message));
            }
        };
        self.at += length;
        Ok(format.text(self.at - length..self.at))
    }

    fn push_group(&mut self, is_conditional: bool, pieces: Vec<Piece>) {
        if is_conditional {
            self.pieces.push(Piece::OrDash(pieces));
        } else {
            self.pieces.extend(pieces);
        }
    }

    /// `%U%q` is one field: a path holds no question mark that would tell where the query begins
    /// better than the target itself.
    fn push(&mut self, field: Field) {
        if field.slot == Slot::Query
            && let Some(Piece::Field(path)) = self.pieces.last_mut()
            && path.slot == Slot::Path
        {
            let names = [path.name.clone(), field.name];
            *path = Field::new(names.concat(), Class::Text, Slot::Target)
                .rank(path.rank)
                .kind(ValueKind::Target(names.into()));
        } else {
            self.pieces.push(Piece::Field(field));
        }
    }
}

fn field(name: &str, meaning: Meaning, modifiers: &Modifiers) -> Field {
    let Meaning { class, slot, rank, is_dashed } = meaning;
    let is_original = modifiers.redirect == Redirect::Original;
    let is_final = modifiers.redirect == Redirect::Final;
    let rank = match slot {
        // The status that the client saw is the last one.
        Slot::Status => {
            if is_final {
                0
            } else if is_original {
                2
            } else {
                1
            }
        }
        // The request that the client sent is the first one.
        _ => rank * 2 + u8::from(is_final),
    };
    let field = Field::new(name, class, slot).rank(rank);
    match field.kind {
        ValueKind::TextOrDash if !is_dashed && !modifiers.is_conditional => {
            field.kind(ValueKind::Text)
        }
        _ => field,
    }
}

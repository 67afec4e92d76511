//! One pass over a line of JSON that notes where the wanted values lie and skips the rest.
//!
//! It neither allocates nor recurses into what nobody wants, so a line costs its length whatever
//! it holds. It is stricter than a search and more lenient than RFC 8259 where real logs are:
//! - a value may be missing (`"t":,`), as nginx's `escape=json` writes an unset variable;
//! - numbers may have leading zeros or be a lone `-` (nginx's unquoted `$status`), and Python's
//!   `NaN` and `Infinity` are words like `null`;
//! - control characters and bytes that are no UTF-8 are text, and `\x22` is an escape (nginx's
//!   default escaping inside a format that looks like JSON);
//! - a comma may trail.
//!
//! Of a key that is there twice the last value that is not empty counts; of an object that is
//! there twice, both halves.

use std::ops::Range;

use super::keys::{Keys, Leaf, Node, Target};
use super::nesting::Nesting;
use super::route::Route;
use crate::Unread;
use crate::escape::Escapes;
use crate::search::find_any;

/// Where a wanted value lies in the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pick {
    /// Where the value begins in the line.
    pub(super) at: usize,
    /// Where its text lies: in the line, or in the scratch once [`Form::Undone`].
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) form: Form,
    /// Which spelling it is, plus [`EMPTY`] where it holds nothing.
    pub(super) rank: u8,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// No such key.
    #[default]
    Absent,
    /// The key has nothing: `null`, `NaN`, or a missing value.
    Null,
    /// A text without escapes, its quotes not included.
    Text,
    /// A text with a backslash in it.
    Escaped,
    /// A number, `true` or `false`.
    Bare,
    /// An array, its brackets included.
    Array,
    /// A text whose escapes were undone into the scratch.
    Undone,
    /// An array of several texts, joined into the scratch.
    Joined,
}

/// What a line held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scanned {
    /// Texts without escapes and numbers alone, in the places of the line before.
    Straight,
    /// Whatever it held.
    Anyhow,
}

/// Added to the rank of an empty value, so that any other spelling is preferred to it.
const EMPTY: u8 = 0x80;

/// What was expected where the scan stands. Small, so that results travel in registers.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Object,
    Key,
    Colon,
    Value,
    Digit,
    CommaOrBrace,
    CommaOrBracket,
    TextEnd,
    LessNesting,
    LineEnd,
}

impl Fault {
    fn expected(self) -> &'static str {
        match self {
            Self::Object => "`{`",
            Self::Key => "a key in quotes, or `}`",
            Self::Colon => "`:`",
            Self::Value => "a value",
            Self::Digit => "a digit",
            Self::CommaOrBrace => "`,` or `}`",
            Self::CommaOrBracket => "`,` or `]`",
            Self::TextEnd => "the `\"` that ends a text",
            Self::LessNesting => "at most 128 levels of nesting",
            Self::LineEnd => "the end of the line",
        }
    }
}

impl Pick {
    /// A text or a number of a line, noted where a leaf says.
    #[inline]
    pub(super) fn of(
        line: &[u8],
        Range { start, end }: Range<usize>,
        form: Form,
        leaf: Leaf,
    ) -> Self {
        let is_empty = matches!(&line[start..end], b"" | b"-");
        let rank = if is_empty { leaf.rank | EMPTY } else { leaf.rank };
        Self { at: start, start, end, form, rank }
    }

    /// Which of the slot's spellings was found.
    pub(super) fn spelling(&self) -> usize {
        usize::from(self.rank & !EMPTY)
    }
}

impl Keys {
    /// Notes the wanted values of `line`, one object, in the slots of `picks`. `route` is the way
    /// through the line before, and `picks` what was noted there, or nothing.
    pub(super) fn scan(
        &self,
        line: &[u8],
        picks: &mut [Pick],
        route: &mut Route,
    ) -> Result<Scanned, Unread> {
        if route.repeat(line, picks) {
            return Ok(Scanned::Straight);
        }
        route.forget_whole();
        picks.fill(Pick::default());
        let mut scan = Scan { keys: self, line, at: 0, picks, route, step: 0, is_straight: true };
        if line.starts_with(b"\xef\xbb\xbf") {
            scan.at = 3;
        }
        match scan.line() {
            Ok(()) => Ok(Scanned::Anyhow),
            Err(fault) => Err(Unread::new(scan.at.min(line.len()), fault.expected())),
        }
    }
}

struct Scan<'s> {
    keys: &'s Keys,
    line: &'s [u8],
    at: usize,
    picks: &'s mut [Pick],
    route: &'s mut Route,
    /// Members of wanted objects passed so far.
    step: usize,
    /// Whether all values so far are texts without escapes and numbers without a sign.
    is_straight: bool,
}

impl<'s> Scan<'s> {
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    fn line(&mut self) -> Result<(), Fault> {
        self.space();
        if self.peek() != Some(b'{') {
            return Err(Fault::Object);
        }
        let begins_at_once = self.at == 0;
        self.object(0)?;
        let ends_at_once = self.line.len() == self.at && self.line.ends_with(b"}");
        self.space();
        if self.at < self.line.len() {
            return Err(Fault::LineEnd);
        }
        if self.is_straight && begins_at_once && ends_at_once {
            self.route.was_straight(self.step);
        }
        Ok(())
    }

    #[inline]
    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Passes an object whose keys the node knows. Recursion ends with the tree of keys.
    fn object(&mut self, number: usize) -> Result<(), Fault> {
        let node = self.keys.node(number);
        let start = self.at;
        loop {
            let rest = self.line.get(self.at..).unwrap_or_default();
            let place = (number, self.at == start);
            let entry = match self.route.follow(self.step, place, rest) {
                Some((passed, entry)) => {
                    self.at += passed;
                    self.space();
                    entry
                }
                None => {
                    let before = self.at;
                    if before == start {
                        self.at += 1
                    } else {
                        self.comma_or(b'}')?
                    }
                    self.space();
                    if self.peek() == Some(b'}') {
                        self.at += 1;
                        return Ok(());
                    }
                    let entry = match self.key()? {
                        (key, Form::Escaped) => node.find(&unescaped(key)),
                        (key, _) => node.find(key),
                    };
                    let passed = &self.line[before..self.at];
                    self.route.learn(self.step, place, passed, (node, entry));
                    entry
                }
            };
            self.step += 1;
            match entry {
                Some(entry) => self.take(node.target(entry))?,
                None => self.skip()?,
            }
        }
    }

    /// Passes an array whose elements `node` knows.
    fn array(&mut self, node: &'s Node) -> Result<Form, Fault> {
        self.at += 1;
        for index in 0.. {
            self.space();
            if self.peek() == Some(b']') {
                break;
            }
            match node.element(index) {
                Some(target) => self.take(target)?,
                None => self.skip()?,
            }
            self.comma_or(b']')?;
        }
        self.at += 1;
        Ok(Form::Array)
    }

    /// Passes a key, the colon and the space after it.
    #[cold]
    fn key(&mut self) -> Result<(&'s [u8], Form), Fault> {
        if self.peek() != Some(b'"') {
            return Err(Fault::Key);
        }
        let start = self.at + 1;
        let form = self.text()?;
        let key = &self.line[start..self.at - 1];
        self.space();
        if self.peek() != Some(b':') {
            return Err(Fault::Colon);
        }
        self.at += 1;
        self.space();
        Ok((key, form))
    }

    #[inline]
    fn comma_or(&mut self, close: u8) -> Result<(), Fault> {
        self.space();
        match self.peek() {
            Some(b',') => self.at += 1,
            Some(b) if b == close => {}
            _ if close == b'}' => return Err(Fault::CommaOrBrace),
            _ => return Err(Fault::CommaOrBracket),
        }
        Ok(())
    }

    /// Passes a value that is wanted, or has something wanted inside.
    #[inline(always)]
    fn take(&mut self, target: &'s Target) -> Result<(), Fault> {
        let at = self.at;
        let form = match (self.peek(), target.node) {
            (Some(b'{'), Some(number)) => {
                self.is_straight = false;
                return self.object(number);
            }
            (Some(b'{'), None) => return self.skip(),
            (Some(b'['), Some(number)) if self.keys.node(number).wants_elements() => {
                self.array(self.keys.node(number))?
            }
            (Some(b'['), _) => {
                self.skip()?;
                Form::Array
            }
            _ => self.scalar()?,
        };
        self.note(at, form);
        let (start, end) = match form {
            Form::Text | Form::Escaped => (at + 1, self.at - 1),
            _ => (at, self.at),
        };
        let is_empty = match form {
            Form::Null => true,
            Form::Text | Form::Bare => matches!(&self.line[start..end], b"" | b"-"),
            Form::Array => end - start <= 2,
            Form::Absent | Form::Escaped | Form::Undone | Form::Joined => false,
        };
        for leaf in &target.leaves {
            let pick = &mut self.picks[usize::from(leaf.slot)];
            let rank = if is_empty { leaf.rank | EMPTY } else { leaf.rank };
            if pick.form == Form::Absent || rank <= pick.rank {
                *pick = Pick { at: start, start, end, form, rank };
            }
        }
        Ok(())
    }

    /// Passes a value that nobody wants.
    #[inline(always)]
    fn skip(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Some(b'{' | b'[') => self.skip_nested(),
            _ => {
                let at = self.at;
                let form = self.scalar()?;
                self.note(at, form);
                Ok(())
            }
        }
    }

    /// Notes whether the value at `at` leaves the line straight.
    #[inline(always)]
    fn note(&mut self, at: usize, form: Form) {
        let is_digit = |b: &u8| b.is_ascii_digit();
        self.is_straight &= match form {
            Form::Text => true,
            Form::Bare => self.line.get(at).is_some_and(is_digit),
            _ => false,
        };
    }

    /// Passes an object or array and all that it holds, level by level.
    fn skip_nested(&mut self) -> Result<(), Fault> {
        self.is_straight = false;
        let mut open = Nesting::default();
        loop {
            match self.peek() {
                Some(bracket @ (b'{' | b'[')) => {
                    if !open.push(bracket == b'{') {
                        return Err(Fault::LessNesting);
                    }
                    self.at += 1;
                }
                _ => {
                    self.scalar()?;
                    self.comma_or(open.closer())?;
                }
            }
            self.space();
            while self.peek() == Some(open.closer()) {
                self.at += 1;
                if !open.pop() {
                    return Ok(());
                }
                self.comma_or(open.closer())?;
                self.space();
            }
            if open.closer() == b'}' {
                self.key()?;
            }
        }
    }

    /// Passes a text, a number or a word. Where a value is missing it passes nothing.
    #[inline(always)]
    fn scalar(&mut self) -> Result<Form, Fault> {
        match self.peek() {
            Some(b'"') => self.text(),
            _ => self.bare(),
        }
    }

    /// Passes a number or a word.
    fn bare(&mut self) -> Result<Form, Fault> {
        match self.peek() {
            Some(b'0'..=b'9' | b'-') => self.number(),
            Some(b',' | b'}' | b']') => Ok(Form::Null),
            Some(b't') => self.word(b"true", Form::Bare),
            Some(b'f') => self.word(b"false", Form::Bare),
            Some(b'n') => self.word(b"null", Form::Null),
            Some(b'N') => self.word(b"NaN", Form::Null),
            Some(b'I') => self.word(b"Infinity", Form::Null),
            _ => Err(Fault::Value),
        }
    }

    fn word(&mut self, word: &'static [u8], form: Form) -> Result<Form, Fault> {
        if !self.line[self.at..].starts_with(word) {
            return Err(Fault::Value);
        }
        self.at += word.len();
        Ok(form)
    }

    /// A sign, digits, a fraction, an exponent; a lone `-` passes too.
    fn number(&mut self) -> Result<Form, Fault> {
        if self.peek() == Some(b'-') {
            self.at += 1;
            match self.peek() {
                Some(b'0'..=b'9') => {}
                Some(b'I') => return self.word(b"Infinity", Form::Null),
                _ => return Ok(Form::Bare),
            }
        }
        self.digits()?;
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Form::Bare)
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let rest = &self.line[self.at..];
        let len = rest.iter().position(|b| !b.is_ascii_digit()).unwrap_or(rest.len());
        if len == 0 {
            return Err(Fault::Digit);
        }
        self.at += len;
        Ok(())
    }

    /// Passes a text in quotes.
    #[inline(always)]
    fn text(&mut self) -> Result<Form, Fault> {
        let mut form = Form::Text;
        let mut from = self.at + 1;
        loop {
            let rest = self.line.get(from..).unwrap_or_default();
            let Some(found) = find_any(rest, [b'"', b'\\']) else {
                self.at = self.line.len();
                return Err(Fault::TextEnd);
            };
            let end = from + found;
            if self.line[end] == b'"' {
                self.at = end + 1;
                return Ok(form);
            }
            form = Form::Escaped;
            from = end + 2;
        }
    }
}

/// A key with escapes in it: rare enough to allocate.
#[cold]
fn unescaped(key: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    Escapes::Json.undo(key, &mut plain);
    plain
}

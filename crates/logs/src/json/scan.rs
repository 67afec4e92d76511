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

use super::keys::{Keys, Node, Target};
use crate::Unread;
use crate::escape::Escapes;

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

/// Added to the rank of an empty value, so that any other spelling is preferred to it.
const EMPTY: u8 = 0x80;

/// As deep as objects and arrays may lie in each other, as in other readers of JSON.
const DEPTH: usize = 128;

impl Pick {
    /// Which of the slot's spellings was found.
    pub(super) fn spelling(&self) -> usize {
        usize::from(self.rank & !EMPTY)
    }
}

impl Keys {
    /// Notes the wanted values of `line`, one object, in the slots of `picks`.
    pub(super) fn scan(&self, line: &[u8], picks: &mut [Pick]) -> Result<(), Unread> {
        let mut scan = Scan { keys: self, line, at: 0, picks };
        if line.starts_with(b"\xef\xbb\xbf") {
            scan.at = 3;
        }
        scan.space();
        if scan.peek() != Some(b'{') {
            return Err(scan.expected("`{`"));
        }
        scan.object(self.node(0))?;
        scan.space();
        if scan.at < line.len() { Err(scan.expected("the end of the line")) } else { Ok(()) }
    }
}

struct Scan<'s> {
    keys: &'s Keys,
    line: &'s [u8],
    at: usize,
    picks: &'s mut [Pick],
}

impl<'s> Scan<'s> {
    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    fn expected(&self, what: &'static str) -> Unread {
        Unread::new(self.at.min(self.line.len()), what)
    }

    #[inline]
    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Passes an object whose keys `node` knows. Recursion ends with the tree of keys.
    fn object(&mut self, node: &'s Node) -> Result<(), Unread> {
        self.at += 1;
        loop {
            self.space();
            if self.peek() == Some(b'}') {
                self.at += 1;
                return Ok(());
            }
            let (start, end, form) = self.key()?;
            let key = &self.line[start..end];
            let target = match form {
                Form::Escaped => node.find(&unescaped(key)),
                _ => node.find(key),
            };
            match target {
                Some(target) => self.take(target)?,
                None => self.skip()?,
            }
            self.comma_or(b'}')?;
        }
    }

    /// Passes an array whose elements `node` knows.
    fn array(&mut self, node: &'s Node) -> Result<(), Unread> {
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
        Ok(())
    }

    /// Passes a key, the colon and the space after it.
    #[inline]
    fn key(&mut self) -> Result<(usize, usize, Form), Unread> {
        if self.peek() != Some(b'"') {
            return Err(self.expected("a key in quotes, or `}`"));
        }
        let key = self.text()?;
        self.space();
        if self.peek() != Some(b':') {
            return Err(self.expected("`:`"));
        }
        self.at += 1;
        self.space();
        Ok(key)
    }

    #[inline]
    fn comma_or(&mut self, close: u8) -> Result<(), Unread> {
        self.space();
        match self.peek() {
            Some(b',') => self.at += 1,
            Some(b) if b == close => {}
            _ if close == b'}' => return Err(self.expected("`,` or `}`")),
            _ => return Err(self.expected("`,` or `]`")),
        }
        Ok(())
    }

    /// Passes a value that is wanted, or has something wanted inside.
    fn take(&mut self, target: &'s Target) -> Result<(), Unread> {
        let inner = target.node.map(|number| self.keys.node(number));
        let start = self.at;
        let (start, end, form) = match (self.peek(), inner) {
            (Some(b'{'), Some(node)) => return self.object(node),
            (Some(b'{'), None) => return self.skip(),
            (Some(b'['), Some(node)) if node.wants_elements() => {
                self.array(node)?;
                (start, self.at, Form::Array)
            }
            (Some(b'['), _) => {
                self.skip()?;
                (start, self.at, Form::Array)
            }
            _ => self.scalar()?,
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
    fn skip(&mut self) -> Result<(), Unread> {
        match self.peek() {
            Some(b'{' | b'[') => self.skip_nested(),
            _ => self.scalar().map(drop),
        }
    }

    /// Passes an object or array and all that it holds, level by level.
    fn skip_nested(&mut self) -> Result<(), Unread> {
        let mut open = Nesting::default();
        loop {
            match self.peek() {
                Some(bracket @ (b'{' | b'[')) => {
                    if !open.push(bracket == b'{') {
                        return Err(self.expected("at most 128 levels of nesting"));
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
    #[inline]
    fn scalar(&mut self) -> Result<(usize, usize, Form), Unread> {
        let start = self.at;
        let form = match self.peek() {
            Some(b'"') => return self.text(),
            Some(b'0'..=b'9' | b'-') => {
                self.number()?;
                Form::Bare
            }
            Some(b',' | b'}' | b']') => Form::Null,
            Some(b't') => self.word(b"true", Form::Bare)?,
            Some(b'f') => self.word(b"false", Form::Bare)?,
            Some(b'n') => self.word(b"null", Form::Null)?,
            Some(b'N') => self.word(b"NaN", Form::Null)?,
            Some(b'I') => self.word(b"Infinity", Form::Null)?,
            _ => return Err(self.expected("a value")),
        };
        Ok((start, self.at, form))
    }

    fn word(&mut self, word: &'static [u8], form: Form) -> Result<Form, Unread> {
        if !self.line[self.at..].starts_with(word) {
            return Err(self.expected("a value"));
        }
        self.at += word.len();
        Ok(form)
    }

    /// A sign, digits, a fraction, an exponent; a lone `-` passes too.
    fn number(&mut self) -> Result<(), Unread> {
        if self.peek() == Some(b'-') {
            self.at += 1;
            match self.peek() {
                Some(b'0'..=b'9') => {}
                Some(b'I') => return self.word(b"Infinity", Form::Null).map(drop),
                _ => return Ok(()),
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
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Unread> {
        let rest = &self.line[self.at..];
        let len = rest.iter().position(|b| !b.is_ascii_digit()).unwrap_or(rest.len());
        if len == 0 {
            return Err(self.expected("a digit"));
        }
        self.at += len;
        Ok(())
    }

    /// Passes a text in quotes.
    #[inline]
    fn text(&mut self) -> Result<(usize, usize, Form), Unread> {
        let start = self.at + 1;
        let mut form = Form::Text;
        let mut from = start;
        loop {
            let Some(found) = quote_or_backslash(self.line.get(from..).unwrap_or_default()) else {
                self.at = self.line.len();
                return Err(self.expected("the `\"` that ends a text"));
            };
            let end = from + found;
            if self.line[end] == b'"' {
                self.at = end + 1;
                return Ok((start, end, form));
            }
            form = Form::Escaped;
            from = end + 2;
        }
    }
}

/// The objects and arrays that are open, outermost first: a bit each, set for an object.
#[derive(Default)]
struct Nesting {
    bits: u128,
    depth: usize,
}

impl Nesting {
    /// Whether there was room.
    fn push(&mut self, is_object: bool) -> bool {
        self.bits = self.bits << 1 | u128::from(is_object);
        self.depth += 1;
        self.depth <= DEPTH
    }

    /// Whether something is still open.
    fn pop(&mut self) -> bool {
        self.bits >>= 1;
        self.depth -= 1;
        self.depth > 0
    }

    /// What closes the innermost one.
    fn closer(&self) -> u8 {
        if self.bits & 1 == 1 { b'}' } else { b']' }
    }
}

/// A key with escapes in it: rare enough to allocate.
#[cold]
fn unescaped(key: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    Escapes::Json.undo(key, &mut plain);
    plain
}

/// The first `"` or `\`. Most texts in a log are short: 32 bytes are searched eight at a time
/// before the call to a vectorised search pays.
#[inline]
fn quote_or_backslash(text: &[u8]) -> Option<usize> {
    let mut passed = 0;
    while passed < 32 {
        let Some((chunk, _)) = text[passed..].split_first_chunk::<8>() else {
            let rest = &text[passed..];
            return rest.iter().position(|b| matches!(b, b'"' | b'\\')).map(|at| passed + at);
        };
        let word = u64::from_le_bytes(*chunk);
        let found = zero_bytes(word ^ every_byte(b'"')) | zero_bytes(word ^ every_byte(b'\\'));
        if found != 0 {
            return Some(passed + found.trailing_zeros() as usize / 8);
        }
        passed += 8;
    }
    memchr::memchr2(b'"', b'\\', &text[passed..]).map(|at| passed + at)
}

const fn every_byte(b: u8) -> u64 {
    u64::from_le_bytes([b; 8])
}

/// The top bit of each byte that is zero; bytes above the first such one may be marked wrongly.
const fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(every_byte(0x01)) & !word & every_byte(0x80)
}

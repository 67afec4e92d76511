//! What a field may look like, and so where it ends.

use std::fmt;

use crate::time::CLF;

/// What a field may look like.
///
/// *Open* classes end where the text after them begins; the others know their own end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Open: anything. Where the log escapes quotes, an escaped one is no end.
    Text,
    /// Open: anything, logged without escapes whatever the other fields do (mod_ssl's).
    Raw,
    /// Open: anything without blanks.
    Token,
    /// Open: anything without a quote, by a server that does not escape quotes.
    Unquoted,
    /// Open: texts separated by `, ` or ` : `, as nginx's `$upstream_*` and forwarded addresses.
    List,
    /// Open: the name of a month, a weekday or a zone. No blanks; empty in some locales.
    Name,
    /// A whole number, or `-`.
    Integer,
    /// A number with or without a sign and a fraction, or `-`.
    Decimal,
    /// Hexadecimal digits, or `-`.
    Hex,
    /// Apache's `17/May/2015:10:05:03 +0000`, or `-`; brackets are text pieces.
    Clf,
    /// Bytes as in the pattern, where `9` is any digit, `_` a digit or a space, `+` a sign.
    Shape(&'static str),
    /// `+0000`, or nothing where the server knew no zone.
    Zone,
    /// A run of white space, possibly none.
    Blank,
    /// One of these bytes.
    Flag(&'static str),
    /// `{…}` and the blank after it, or nothing.
    Captured,
    /// No field at all: the place for the text after it.
    Nothing,
}

/// Whether a field that the log does not have is written as nothing, rather than as `-`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absent {
    Dash,
    Nothing,
}

impl Class {
    /// Whether it ends only where the text after it begins.
    pub(super) fn is_open(self) -> bool {
        matches!(
            self,
            Self::Text | Self::Raw | Self::Token | Self::Unquoted | Self::List | Self::Name
        )
    }

    /// How long a field is that knows its own end, in text that begins with it. The error is the
    /// offset of the first byte that does not fit.
    #[inline]
    pub(super) fn length(self, text: &[u8], absent: Absent) -> Result<usize, usize> {
        let length = match self {
            Self::Integer => digits(text),
            Self::Decimal => return decimal(text, absent),
            Self::Hex => run(text, u8::is_ascii_hexdigit),
            Self::Clf => return clf(text),
            Self::Shape(pattern) => return shape(text, pattern),
            Self::Zone => return Ok(shape(text, "+9999").unwrap_or(0)),
            Self::Blank => return Ok(run(text, u8::is_ascii_whitespace)),
            Self::Captured => return captured(text),
            Self::Nothing => return Ok(0),
            Self::Flag(bytes) => {
                return match text.first() {
                    Some(b) if bytes.as_bytes().contains(b) => Ok(1),
                    _ => Err(0),
                };
            }
            Self::Text | Self::Raw | Self::Token | Self::Unquoted | Self::List | Self::Name => {
                text.len()
            }
        };
        if length > 0 { Ok(length) } else { dash(text, absent) }
    }

    /// Whether an open field may hold `text`; the error is the offset of the first byte that does
    /// not fit.
    #[inline]
    pub(super) fn admits(self, text: &[u8], absent: Absent) -> Result<(), usize> {
        let fault = match self {
            Self::Token if text.is_empty() && absent == Absent::Dash => Some(0),
            Self::Token | Self::Name => memchr::memchr(b' ', text),
            Self::Unquoted => memchr::memchr(b'"', text),
            _ => None,
        };
        fault.map_or(Ok(()), Err)
    }

    /// The shortest that a field may be whose end is not certain; `None` when it is.
    pub(super) fn shortest(self) -> Option<usize> {
        matches!(self, Self::Integer | Self::Decimal | Self::Hex).then_some(1)
    }
}

/// A length, where 0 means that the first byte does not fit.
fn dash(text: &[u8], absent: Absent) -> Result<usize, usize> {
    match text.first() {
        Some(b'-') => Ok(1),
        _ if absent == Absent::Nothing => Ok(0),
        _ => Err(0),
    }
}

#[inline]
fn run(text: &[u8], fits: impl Fn(&u8) -> bool) -> usize {
    text.iter().position(|b| !fits(b)).unwrap_or(text.len())
}

/// An optional minus and digits; 0 when there are none.
#[inline]
fn digits(text: &[u8]) -> usize {
    match text.first() {
        Some(b'-') => match run(&text[1..], u8::is_ascii_digit) {
            0 => 0,
            length => length + 1,
        },
        _ => run(text, u8::is_ascii_digit),
    }
}

fn decimal(text: &[u8], absent: Absent) -> Result<usize, usize> {
    let sign = usize::from(matches!(text.first(), Some(b'-' | b'+')));
    let whole = sign + run(&text[sign..], u8::is_ascii_digit);
    let fraction = match text.get(whole) {
        Some(b'.') => run(&text[whole + 1..], u8::is_ascii_digit),
        _ => 0,
    };
    match (whole - sign, fraction) {
        (0, 0) => dash(text, absent),
        (_, 0) => Ok(whole),
        _ => Ok(whole + 1 + fraction),
    }
}

#[inline]
fn clf(text: &[u8]) -> Result<usize, usize> {
    let Some(head) = text.first_chunk::<CLF>() else {
        return if text.first() == Some(&b'-') { Ok(1) } else { shape(text, CLF_SHAPE) };
    };
    // Digits and names are checked when the time is read.
    let looks = [head[2], head[6], head[11], head[14], head[17], head[20]];
    if looks == *b"//::: " {
        return Ok(CLF);
    }
    if head[0] == b'-' { Ok(1) } else { Err(shape(text, CLF_SHAPE).err().unwrap_or(0)) }
}

fn captured(text: &[u8]) -> Result<usize, usize> {
    if text.first() != Some(&b'{') {
        return Ok(0);
    }
    let end = memchr::memchr(b'}', text).ok_or(text.len())? + 1;
    Ok(end + usize::from(text.get(end) == Some(&b' ')))
}

const CLF_SHAPE: &str = "99/???/9999:99:99:99 +9999";

fn shape(text: &[u8], pattern: &str) -> Result<usize, usize> {
    for (at, wanted) in pattern.bytes().enumerate() {
        let fits = text.get(at).is_some_and(|&b| match wanted {
            b'9' => b.is_ascii_digit(),
            b'_' => b.is_ascii_digit() || b == b' ',
            b'+' => matches!(b, b'+' | b'-'),
            b'?' => b.is_ascii_alphabetic(),
            _ => b == wanted,
        });
        if !fits {
            return Err(at);
        }
    }
    Ok(pattern.len())
}

impl fmt::Display for Class {
    /// What was expected where a field of this class does not fit.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text | Self::Raw | Self::List | Self::Blank | Self::Nothing => {
                f.write_str("text")
            }
            Self::Captured => f.write_str("`}` after captured headers"),
            Self::Unquoted => f.write_str("text without quotes"),
            Self::Token => f.write_str("a word without spaces"),
            Self::Name => f.write_str("a name without spaces"),
            Self::Integer => f.write_str("a whole number or `-`"),
            Self::Decimal => f.write_str("a number or `-`"),
            Self::Hex => f.write_str("a hexadecimal number or `-`"),
            Self::Clf => f.write_str("a time such as `17/May/2015:10:05:03 +0000`"),
            Self::Shape(pattern) => write!(f, "`{}`", pattern.replace('_', "9")),
            Self::Zone => f.write_str("an offset such as `+0000`"),
            Self::Flag(bytes) => write!(f, "one of `{bytes}`"),
        }
    }
}

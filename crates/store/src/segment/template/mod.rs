//! Lines as a template and values.
//!
//! The fields of a line are columns already, so keeping the line as well would keep everything
//! twice. What is left when the fields are cut out is the same for most lines of a source:
//!
//! ```text
//! {address} - - [{dmy+0}:{hms+0} +0000] "{method} {target} {protocol}" {status} {bytes} …
//! ```
//!
//! A template is learned from the first line that no known one fits, and from then on a line costs
//! one comparison: it fits when putting the values in gives the line back, byte for byte. That is
//! the only condition, so no knowledge of log formats is needed here and none can be wrong; where
//! no template fits, the line is kept whole.
//!
//! Rejected: compressing whole lines (twice the size), and templates from the log format (each
//! family would need its own, and a field that a format escapes would not come back).

mod digits;
mod fit;
mod instant;
mod learn;
mod rest;
mod short;
#[cfg(test)]
mod tests;

use std::fmt::{self, Write as _};

pub(crate) use digits::Digits;
use instant::Instant;
pub(crate) use instant::{DateForm, civil, days};
pub(crate) use learn::Learned;
use short::Literal;

/// A field whose text stands in the line as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum TextField {
    Address,
    ForwardedFor,
    User,
    Method,
    Target,
    Protocol,
    Host,
    Referer,
    UserAgent,
    Upstream,
    Operation,
    ServiceWord,
}

impl TextField {
    pub(crate) const COUNT: usize = 12;
    pub(crate) const ALL: [Self; Self::COUNT] = [
        Self::Address,
        Self::ForwardedFor,
        Self::User,
        Self::Method,
        Self::Target,
        Self::Protocol,
        Self::Host,
        Self::Referer,
        Self::UserAgent,
        Self::Upstream,
        Self::Operation,
        Self::ServiceWord,
    ];

    /// Its name in templates and as a column.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::ForwardedFor => "forwarded_for",
            Self::User => "user",
            Self::Method => "method",
            Self::Target => "target",
            Self::Protocol => "protocol",
            Self::Host => "host",
            Self::Referer => "referer",
            Self::UserAgent => "user_agent",
            Self::Upstream => "upstream",
            Self::Operation => "operation",
            Self::ServiceWord => "service_word",
        }
    }
}

/// The values of one line. Empty texts are missing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Values<'a> {
    pub(crate) texts: [&'a [u8]; TextField::COUNT],
    pub(crate) id: &'a [u8],
    pub(crate) time: Option<i64>,
    pub(crate) status: Option<u16>,
    pub(crate) bytes: Option<u64>,
    pub(crate) duration: Option<u64>,
}

impl<'a> Values<'a> {
    pub(crate) fn set(&mut self, field: TextField, text: &'a [u8]) {
        self.texts[field as usize] = text;
    }

    pub(crate) fn text(&self, field: TextField) -> &'a [u8] {
        self.texts[field as usize]
    }
}

/// Text and holes, in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Text(Literal),
    Hole(Hole),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hole {
    /// A text column.
    Text(TextField),
    /// The request id.
    Id,
    /// The status, at least three digits.
    Status,
    /// Bytes of the response.
    Bytes,
    /// The duration, which is kept in microseconds.
    Duration(Unit),
    /// The time since 1970, which is kept in microseconds.
    Epoch(Unit),
    /// The date, so many minutes east of UTC.
    Date(DateForm, i16),
    /// `hh:mm:ss`, so many minutes east of UTC.
    Clock(i16),
    /// So many digits of the second's fraction.
    Fraction(u8),
    /// The next of the row's numbers.
    Number,
    /// The next of the row's numbers, filled with zeros to this width.
    Padded(u8),
}

/// A number of microseconds as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Micros,
    Millis,
    Seconds,
    /// Seconds, a point, three digits.
    SecondsMillis,
    /// Seconds, a point, six digits.
    SecondsMicros,
}

impl Unit {
    pub(crate) const ALL: [(Self, &'static str); 5] = [
        (Self::Micros, "us"),
        (Self::Millis, "ms"),
        (Self::Seconds, "s"),
        (Self::SecondsMillis, "s.3"),
        (Self::SecondsMicros, "s.6"),
    ];

    pub(crate) fn write(self, micros: u64, out: &mut Digits) {
        match self {
            Self::Micros => out.number(micros, 1),
            Self::Millis => out.number(micros / 1_000, 1),
            Self::Seconds => out.number(micros / 1_000_000, 1),
            Self::SecondsMillis => {
                out.number(micros / 1_000_000, 1);
                out.byte(b'.');
                out.number(micros % 1_000_000 / 1_000, 3);
            }
            Self::SecondsMicros => {
                out.number(micros / 1_000_000, 1);
                out.byte(b'.');
                out.number(micros % 1_000_000, 6);
            }
        }
    }

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(unit, _)| *unit == self).map_or("us", |(_, name)| name)
    }
}

/// What a hole is filled with.
enum Filling<'a> {
    Text(&'a [u8]),
    Digits(Digits),
    /// The row has no such value.
    Missing,
}

impl Template {
    /// Puts the values in. `None` when the row lacks one that the template names: the row was not
    /// written with this template.
    pub(crate) fn fill(
        &self,
        values: &Values<'_>,
        numbers: &[i64],
        out: &mut Vec<u8>,
    ) -> Option<()> {
        let instant = Instant::new(values.time);
        let mut numbers = numbers.iter();
        for part in &self.parts {
            let filling = match part {
                Part::Text(literal) => Filling::Text(literal.text().as_bytes()),
                Part::Hole(Hole::Number) => number_of(numbers.next(), 1)?,
                Part::Hole(Hole::Padded(width)) => number_of(numbers.next(), usize::from(*width))?,
                Part::Hole(hole) => hole.filling(values, &instant),
            };
            match &filling {
                Filling::Text(text) => out.extend_from_slice(text),
                Filling::Digits(digits) => out.extend_from_slice(digits.as_bytes()),
                Filling::Missing => return None,
            }
        }
        Some(())
    }

    /// Reads what [`fmt::Display`] wrote; `None` for a hole this program does not know.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            literal.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('{') {
                literal.push('{');
                rest = after;
                continue;
            }
            let (name, after) = rest.split_once('}')?;
            if !literal.is_empty() {
                parts.push(Part::Text(Literal::new(std::mem::take(&mut literal))));
            }
            parts.push(Part::Hole(Hole::parse(name)?));
            rest = after;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Text(Literal::new(literal)));
        }
        Some(Self { parts })
    }
}

impl Hole {
    fn filling<'a>(self, values: &Values<'a>, instant: &Instant) -> Filling<'a> {
        let mut digits = Digits::new();
        let written = match self {
            Self::Text(field) => return Filling::of(values.text(field)),
            Self::Id => return Filling::of(values.id),
            Self::Status => values.status.map(|status| digits.number(u64::from(status), 3)),
            Self::Bytes => values.bytes.map(|bytes| digits.number(bytes, 1)),
            Self::Duration(unit) => values.duration.map(|micros| unit.write(micros, &mut digits)),
            Self::Epoch(unit) => values
                .time
                .and_then(|micros| u64::try_from(micros).ok())
                .map(|micros| unit.write(micros, &mut digits)),
            Self::Date(form, offset) => instant.date(form, offset, &mut digits),
            Self::Clock(offset) => instant.clock(offset, &mut digits),
            Self::Fraction(places) => instant.fraction(places, &mut digits),
            // Filled by the caller, who holds the numbers.
            Self::Number | Self::Padded(_) => None,
        };
        written.map_or(Filling::Missing, |()| Filling::Digits(digits))
    }

    fn parse(name: &str) -> Option<Self> {
        if let Some(field) = TextField::ALL.into_iter().find(|field| field.name() == name) {
            return Some(Self::Text(field));
        }
        let unit =
            |name: &str| Unit::ALL.iter().find(|(_, known)| *known == name).map(|&(unit, _)| unit);
        let minutes = |text: &str| text.parse::<i16>().ok();
        match name {
            "id" => return Some(Self::Id),
            "status" => return Some(Self::Status),
            "bytes" => return Some(Self::Bytes),
            "n" => return Some(Self::Number),
            _ => {}
        }
        if let Some(name) = name.strip_prefix("duration/") {
            return Some(Self::Duration(unit(name)?));
        }
        if let Some(name) = name.strip_prefix("epoch/") {
            return Some(Self::Epoch(unit(name)?));
        }
        if let Some(offset) = name.strip_prefix("dmy") {
            return Some(Self::Date(DateForm::DayMonthYear, minutes(offset)?));
        }
        if let Some(offset) = name.strip_prefix("ymd") {
            return Some(Self::Date(DateForm::YearMonthDay, minutes(offset)?));
        }
        if let Some(offset) = name.strip_prefix("hms") {
            return Some(Self::Clock(minutes(offset)?));
        }
        if let Some(places) = name.strip_prefix('f') {
            return Some(Self::Fraction(places.parse().ok().filter(|places| *places <= 6)?));
        }
        let width = name.strip_prefix('n')?.parse().ok().filter(|width| *width <= MAX_DIGITS)?;
        Some(Self::Padded(width))
    }
}

impl<'a> Filling<'a> {
    fn of(text: &'a [u8]) -> Self {
        if text.is_empty() { Self::Missing } else { Self::Text(text) }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Text(literal) => {
                    for c in literal.text().chars() {
                        if c == '{' {
                            f.write_char(c)?;
                        }
                        f.write_char(c)?;
                    }
                }
                Part::Hole(hole) => write!(f, "{{{hole}}}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Hole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(field) => f.write_str(field.name()),
            Self::Id => f.write_str("id"),
            Self::Status => f.write_str("status"),
            Self::Bytes => f.write_str("bytes"),
            Self::Duration(unit) => write!(f, "duration/{}", unit.name()),
            Self::Epoch(unit) => write!(f, "epoch/{}", unit.name()),
            Self::Date(DateForm::DayMonthYear, offset) => write!(f, "dmy{offset:+}"),
            Self::Date(DateForm::YearMonthDay, offset) => write!(f, "ymd{offset:+}"),
            Self::Clock(offset) => write!(f, "hms{offset:+}"),
            Self::Fraction(places) => write!(f, "f{places}"),
            Self::Number => f.write_str("n"),
            Self::Padded(width) => write!(f, "n{width}"),
        }
    }
}

/// So many decimal digits always fit in an `i64`.
pub(crate) const MAX_DIGITS: u8 = 18;

/// The number that `text` starts with, as decimal writes it: no leading zeros, at most
/// [`MAX_DIGITS`], all digits taken.
pub(crate) fn plain_number(text: &[u8]) -> Option<(i64, usize)> {
    let (mut number, mut len) = (0_i64, 0);
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        if len == usize::from(MAX_DIGITS) {
            return None;
        }
        number = number * 10 + i64::from(digit);
        len += 1;
    }
    let has_zeros = len > 1 && text[0] == b'0';
    (len > 0 && !has_zeros).then_some((number, len))
}

/// The number in exactly `width` digits, with no digit after them.
fn padded_number(text: &[u8], width: u8) -> Option<i64> {
    let (digits, after) = text.split_at_checked(usize::from(width))?;
    let ends = !after.first().is_some_and(u8::is_ascii_digit);
    (ends && digits.iter().all(u8::is_ascii_digit)).then(|| decimal(digits))
}

fn decimal(digits: &[u8]) -> i64 {
    digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'))
}

fn number_of<'a>(number: Option<&i64>, width: usize) -> Option<Filling<'a>> {
    let mut digits = Digits::new();
    digits.number(u64::try_from(*number?).ok()?, width);
    Some(Filling::Digits(digits))
}

//! `%t` and `%{…}t`: a timestamp, a count since the epoch, or C's `strftime`.

use std::ops::Range;

use crate::FormatError;
use crate::paste::Spelling;
use crate::program::{Class, Edge, Field, Piece, Redirect, Slot, Whose};
use crate::time::{Part, Unit};

/// `[17/May/2015:10:05:03 +0000]`.
pub(super) fn timestamp(name: &str, redirect: Redirect, edge: Edge) -> Vec<Piece> {
    let slot = Slot::Part(Whose { edge, redirect }, Part::Timestamp);
    vec![Piece::text("["), Piece::field(name, Class::Clf, slot), Piece::text("]")]
}

/// The pieces of the time that stands at `directive` in `format`, with `parameter` in its braces.
pub(super) fn pieces(
    format: &Spelling,
    directive: Range<usize>,
    parameter: Range<usize>,
    redirect: Redirect,
) -> Result<Vec<Piece>, FormatError> {
    let (edge, skipped) = edge(format.text(parameter.clone()));
    let rest = parameter.start + skipped..parameter.end;
    let before = format.text(directive.start..rest.start);
    let after = format.text(rest.end..directive.end);
    let name = |part: &str| format!("{before}{part}{after}");
    let whole = format.text(directive);
    let field =
        |class, part| vec![Piece::field(whole, class, Slot::Part(Whose { edge, redirect }, part))];
    Ok(match format.text(rest.clone()) {
        "" => timestamp(whole, redirect, edge),
        "sec" => field(Class::Integer, Part::Epoch(Unit::Seconds)),
        "msec" => field(Class::Integer, Part::Epoch(Unit::Millis)),
        "usec" => field(Class::Integer, Part::Epoch(Unit::Micros)),
        "msec_frac" => field(Class::Shape("999"), Part::Fraction(Unit::Millis)),
        "usec_frac" => field(Class::Shape("999999"), Part::Fraction(Unit::Micros)),
        _ => strftime(format, rest, Whose { edge, redirect }, name)?,
    })
}

/// Which end of the request a parameter tells of, and how many bytes say so.
fn edge(parameter: &str) -> (Edge, usize) {
    for (word, edge) in [("begin", Edge::Begin), ("end", Edge::End)] {
        match parameter.strip_prefix(word) {
            Some("") => return (edge, word.len()),
            Some(rest) if rest.starts_with(':') => return (edge, word.len() + 1),
            _ => {}
        }
    }
    (Edge::Default, 0)
}

fn strftime(
    format: &Spelling,
    range: Range<usize>,
    whose: Whose,
    name: impl Fn(&str) -> String,
) -> Result<Vec<Piece>, FormatError> {
    let mut pieces = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let bytes = &format.bytes()[at..range.end];
        let Some(percent) = memchr::memchr(b'%', bytes) else {
            pieces.push(Piece::text(bytes));
            break;
        };
        if percent > 0 {
            pieces.push(Piece::text(&bytes[..percent]));
        }
        at += percent;
        let Some(&letter) = format.bytes()[..range.end].get(at + 1) else {
            let message = "the time ends within a conversion; write `%%` for a percent sign";
            return Err(format.error(at..at + 1, message));
        };
        let end = at + 1 + format.char_len(at + 1);
        match conversion(letter) {
            Some(Conversion::Percent) => pieces.push(Piece::text("%")),
            Some(Conversion::Blank) => pieces.push(Piece::field("", Class::Blank, Slot::Ignored)),
            Some(Conversion::Part(class, part)) => {
                let field = Field::new(name(format.text(at..end)), class, Slot::Part(whose, part));
                pieces.push(Piece::Field(field));
            }
            None => return Err(format.error(at..end, refusal(format.text(at..end)))),
        }
        at = end;
    }
    Ok(pieces)
}

enum Conversion {
    Percent,
    Blank,
    Part(Class, Part),
}

/// C's and POSIX's conversions, and glibc's `%k %l %P`, whose form does not depend on the locale;
/// names do, but not on where they end.
fn conversion(letter: u8) -> Option<Conversion> {
    let (class, part) = match letter {
        b'%' => return Some(Conversion::Percent),
        b'n' | b't' => return Some(Conversion::Blank),
        b'a' | b'A' => (Class::Name, Part::WeekdayName),
        b'b' | b'B' | b'h' => (Class::Name, Part::MonthName),
        b'C' => (Class::Shape("99"), Part::Century),
        b'd' | b'e' => (Class::Shape("_9"), Part::Day),
        b'D' => (Class::Shape("99/99/99"), Part::AmericanDate),
        b'F' => (Class::Shape("9999-99-99"), Part::IsoDate),
        b'g' => (Class::Shape("99"), Part::IsoYearOfCentury),
        b'G' => (Class::Shape("9999"), Part::IsoYear),
        b'H' | b'k' => (Class::Shape("_9"), Part::Hour),
        b'I' | b'l' => (Class::Shape("_9"), Part::HourOfHalf),
        b'j' => (Class::Shape("999"), Part::DayOfYear),
        b'm' => (Class::Shape("99"), Part::Month),
        b'M' => (Class::Shape("99"), Part::Minute),
        b'p' | b'P' => (Class::Name, Part::Half),
        b'R' => (Class::Shape("99:99"), Part::HourMinute),
        b's' => (Class::Integer, Part::Epoch(Unit::Seconds)),
        b'S' => (Class::Shape("99"), Part::Second),
        b'T' => (Class::Shape("99:99:99"), Part::TimeOfDay),
        b'u' => (Class::Shape("9"), Part::IsoWeekday),
        b'U' => (Class::Shape("99"), Part::SundayWeek),
        b'V' => (Class::Shape("99"), Part::IsoWeek),
        b'w' => (Class::Shape("9"), Part::Weekday),
        b'W' => (Class::Shape("99"), Part::MondayWeek),
        b'y' => (Class::Shape("99"), Part::YearOfCentury),
        b'Y' => (Class::Shape("9999"), Part::Year),
        b'z' => (Class::Zone, Part::Offset),
        b'Z' => (Class::Name, Part::ZoneName),
        _ => return None,
    };
    Some(Conversion::Part(class, part))
}

fn refusal(written: &str) -> String {
    match written {
        "%c" | "%x" | "%X" | "%r" | "%E" | "%O" | "%+" => format!(
            "what `{written}` writes depends on the server's locale; write it out, as in \
             `%{{%Y-%m-%d %H:%M:%S %z}}t`, here and in the server"
        ),
        _ => format!("no conversion `{written}` in a time; write `%%` for a percent sign"),
    }
}

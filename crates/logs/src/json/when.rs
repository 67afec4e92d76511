//! Times and durations as JSON logs write them: in many ways, told apart by their look.

use dolmen_model::Time;

use crate::time::{Clock, Unit, epoch, micros};

/// A time in whatever way: ISO 8601, Apache's (with or without brackets), or a number.
///
/// A number counts since the epoch. Its size says what it counts: below 10^11 seconds (the year
/// 5138), below 10^14 milliseconds, below 10^17 microseconds, else nanoseconds; so milliseconds
/// are told from seconds from March 1973 on.
pub(crate) fn time(text: &[u8], clock: &mut Clock) -> Option<Time> {
    let text = text.trim_ascii();
    match *text {
        [b'[', .., b']'] => clock.clf(&text[1..text.len() - 1]).map(|m| m.time),
        [_, _, b'/', ..] => clock.clf(text).map(|m| m.time),
        [_, _, _, _, b'-', ..] => clock.iso(text).map(|m| m.time),
        _ => {
            let digits = text.iter().skip_while(|&&b| b == b'-').take_while(|b| b.is_ascii_digit());
            let unit = match digits.count() {
                0 => return None,
                ..=11 => Unit::Seconds,
                ..=14 => Unit::Millis,
                ..=17 => Unit::Micros,
                _ => Unit::Nanos,
            };
            epoch(text, unit).or_else(|| scientific(text, Unit::Seconds).map(Time::from_micros))
        }
    }
}

/// A duration in microseconds: a number, or numbers with units as Go and Google write them
/// (`1m2.5s`, `350µs`, `0.004s`).
///
/// What a bare number counts is `unit`. Where nobody knows, a number with a decimal point counts
/// seconds (nginx, zap, Python) and a whole one milliseconds (Envoy, Istio, JavaScript).
pub(crate) fn duration(text: &[u8], unit: Option<Unit>) -> Option<u64> {
    let text = text.trim_ascii();
    let unit = unit.unwrap_or(match text.iter().all(u8::is_ascii_digit) {
        true => Unit::Millis,
        false => Unit::Seconds,
    });
    match text.last()? {
        b'0'..=b'9' | b'.' => micros(text, unit)
            .or_else(|| scientific(text, unit).and_then(|micros| u64::try_from(micros).ok())),
        _ => with_units(text),
    }
}

/// `5.1e-05`: what Python and Go make of small numbers.
fn scientific(text: &[u8], unit: Unit) -> Option<i64> {
    let number: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    let micros = match unit {
        Unit::Seconds => number * 1e6,
        Unit::Millis => number * 1e3,
        Unit::Micros => number,
        Unit::Nanos => number / 1e3,
    };
    // Beyond 2^53 a float does not tell one microsecond from the next.
    (micros.abs() < 9e15).then_some(micros as i64)
}

fn with_units(text: &[u8]) -> Option<u64> {
    let mut rest = text;
    let mut sum = 0_u64;
    while !rest.is_empty() {
        let digits = rest.iter().position(|b| !matches!(b, b'0'..=b'9' | b'.'))?;
        let (number, after) = rest.split_at(digits);
        let after = after.trim_ascii_start();
        let letters = after.iter().position(u8::is_ascii_digit).unwrap_or(after.len());
        let (unit, factor) = match &after[..letters] {
            b"h" => (Unit::Seconds, 3600),
            b"m" | b"min" => (Unit::Seconds, 60),
            b"s" | b"sec" => (Unit::Seconds, 1),
            b"ms" => (Unit::Millis, 1),
            b"us" | b"\xc2\xb5s" | b"\xce\xbcs" => (Unit::Micros, 1),
            b"ns" => (Unit::Nanos, 1),
            _ => return None,
        };
        sum = sum.checked_add(micros(number, unit)?.checked_mul(factor)?)?;
        rest = &after[letters..];
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<i64> {
        time(text.as_bytes(), &mut Clock::default()).map(Time::micros)
    }

    #[test]
    fn a_number_counts_what_its_size_says() {
        let micros = Some(1_700_000_000_123_456);
        assert_eq!(at("1700000000.123456"), micros);
        assert_eq!(at("1700000000123.456"), micros);
        assert_eq!(at("1700000000123456"), micros);
        assert_eq!(at("1700000000123456789"), micros);
        assert_eq!(at("1700000000"), Some(1_700_000_000_000_000));
        assert_eq!(at("1700000000123"), Some(1_700_000_000_123_000));
        assert_eq!(at("99999999999"), Some(99_999_999_999_000_000));
        assert_eq!(at("100000000000"), Some(100_000_000_000_000));
        assert_eq!(at("0"), Some(0));
        assert_eq!(at("-1.5"), Some(-1_500_000));
        assert_eq!(at("1.7e9"), Some(1_700_000_000_000_000));
    }

    #[test]
    fn a_text_is_told_by_its_look() {
        let second = Some(1_431_857_103_000_000);
        assert_eq!(at("2015-05-17T10:05:03Z"), second);
        assert_eq!(at("2015-05-17 12:05:03,000+0200"), second);
        assert_eq!(at("17/May/2015:10:05:03 +0000"), second);
        assert_eq!(at("[17/May/2015:13:35:03 +0330]"), second);
        for bad in ["", "-", "now", "2015-05-17", "17/May/2015", "12:05:03", "1e400"] {
            assert_eq!(at(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_duration_counts_what_its_name_or_its_look_says() {
        let took = |text: &str, unit| duration(text.as_bytes(), unit);
        assert_eq!(took("0.0042", Some(Unit::Seconds)), Some(4_200));
        assert_eq!(took("4200000", Some(Unit::Nanos)), Some(4_200));
        assert_eq!(took("1", Some(Unit::Seconds)), Some(1_000_000));
        assert_eq!(took("12", None), Some(12_000));
        assert_eq!(took("0.012", None), Some(12_000));
        assert_eq!(took("5.1e-05", None), Some(51));
        assert_eq!(took("12.5ms", None), Some(12_500));
        assert_eq!(took("350µs", Some(Unit::Seconds)), Some(350));
        assert_eq!(took("1m2.5s", None), Some(62_500_000));
        assert_eq!(took("0.004s", None), Some(4_000));
        for bad in ["", "-", "-1", "fast", "ms", "1 2", "1parsec", "99999999999999999999"] {
            assert_eq!(took(bad, None), None, "{bad}");
        }
    }
}

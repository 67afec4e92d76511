//! Durations as JSON logs write them: in many ways, told apart by their look.

use crate::time::{Unit, micros};

/// A duration in microseconds: a number, or numbers with units as Go and Google write them
/// (`1m2.5s`, `350µs`, `0.004s`).
///
/// What a bare number counts is `unit`. Where nobody knows, a number with a decimal point counts
/// seconds (nginx, zap, Python) and a whole one milliseconds (Envoy, Istio, JavaScript).
pub(super) fn duration(text: &[u8], unit: Option<Unit>) -> Option<u64> {
    let text = text.trim_ascii();
    let unit = unit.unwrap_or(match text.iter().all(u8::is_ascii_digit) {
        true => Unit::Millis,
        false => Unit::Seconds,
    });
    match text.last()? {
        b'0'..=b'9' | b'.' => micros(text, unit).or_else(|| scientific(text, unit)),
        _ => with_units(text),
    }
}

/// `5.1e-05`: what Python and Go make of small numbers.
fn scientific(text: &[u8], unit: Unit) -> Option<u64> {
    let number: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    let micros = match unit {
        Unit::Seconds => number * 1e6,
        Unit::Millis => number * 1e3,
        Unit::Micros => number,
        Unit::Nanos => number / 1e3,
    };
    // Beyond 2^53 a float does not tell one microsecond from the next.
    (0.0..9e15).contains(&micros).then_some(micros as u64)
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

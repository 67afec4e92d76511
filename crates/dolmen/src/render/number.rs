//! Numbers as people read them.

use dolmen_model::Time;
use jiff::Timestamp;

/// `1234567` as `1,234,567`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 call`, `2 calls`.
pub(crate) fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// A part of a whole in percent, one digit after the point. What is there is never shown as
/// `0.0 %`, and what is not all never as `100.0 %`.
pub(crate) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return String::new();
    }
    let tenths = u128::from(part) * 1000 / u128::from(whole);
    let rest = u128::from(part) * 1000 % u128::from(whole);
    let rounded = tenths + u128::from(rest * 2 >= u128::from(whole));
    match rounded {
        0 if part > 0 => "<0.1 %".to_owned(),
        1000 if part < whole => ">99.9 %".to_owned(),
        _ => format!("{}.{} %", rounded / 10, rounded % 10),
    }
}

/// Microseconds in the unit that leaves one to three digits before the point.
pub(crate) fn duration(micros: u64) -> String {
    const UNITS: [(u64, &str); 4] =
        [(3_600_000_000, "h"), (60_000_000, "min"), (1_000_000, "s"), (1_000, "ms")];
    match UNITS.into_iter().find(|&(size, _)| micros >= size) {
        None => format!("{micros} µs"),
        Some((size, unit)) => {
            let tenths = micros / (size / 10);
            if tenths >= 1000 {
                format!("{} {unit}", count(tenths / 10))
            } else {
                format!("{}.{} {unit}", tenths / 10, tenths % 10)
            }
        }
    }
}

/// An instant in UTC, to the second.
pub(crate) fn instant(time: Time) -> String {
    match Timestamp::from_microsecond(time.micros()) {
        Ok(timestamp) => timestamp.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => time.to_string(),
    }
}

/// The time between two instants, in its two largest units.
pub(crate) fn span(from: Time, to: Time) -> String {
    let seconds = to.seconds().saturating_sub(from.seconds()).max(0);
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let first = units.iter().position(|&(size, _)| seconds >= size).unwrap_or(3);
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (size, unit) in units.into_iter().skip(first).take(2) {
        if parts.is_empty() || rest >= size {
            parts.push(format!("{} {unit}", rest / size));
        }
        rest %= size;
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_thousands() {
        for (n, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(n), text);
        }
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn shares_never_say_none_for_some() {
        assert_eq!(share(1, 3), "33.3 %");
        assert_eq!(share(2, 3), "66.7 %");
        assert_eq!(share(0, 3), "0.0 %");
        assert_eq!(share(3, 3), "100.0 %");
        assert_eq!(share(1, 1_000_000), "<0.1 %");
        assert_eq!(share(999_999, 1_000_000), ">99.9 %");
        assert_eq!(share(u64::MAX, u64::MAX), "100.0 %");
        assert_eq!(share(0, 0), "");
    }

    #[test]
    fn durations_choose_their_unit() {
        for (micros, text) in [
            (0, "0 µs"),
            (999, "999 µs"),
            (1_234, "1.2 ms"),
            (250_000, "250 ms"),
            (1_500_000, "1.5 s"),
            (90_000_000, "1.5 min"),
            (7_200_000_000, "2.0 h"),
            (9_000_000_000_000, "2,500 h"),
        ] {
            assert_eq!(duration(micros), text);
        }
    }

    #[test]
    fn spans_have_two_units() {
        let at = |seconds| Time::from_seconds(seconds).unwrap();
        assert_eq!(span(at(0), at(0)), "0 s");
        assert_eq!(span(at(0), at(59)), "59 s");
        assert_eq!(span(at(0), at(3_600)), "1 h");
        assert_eq!(span(at(0), at(3_660)), "1 h 1 min");
        assert_eq!(span(at(0), at(3 * 86_400 + 11 * 3_600 + 59)), "3 d 11 h");
        assert_eq!(span(at(9), at(0)), "0 s");
    }
}

//! Durations and sizes as people write them: a decimal number and a unit.

use std::fmt;

/// Largest first, so that printing finds the shortest form.
pub(super) const DURATIONS: &[(&str, u64)] =
    &[("h", 3_600_000_000), ("min", 60_000_000), ("s", 1_000_000), ("ms", 1_000), ("us", 1)];

pub(super) const SIZES: &[(&str, u64)] = &[
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("kB", 1_000),
    ("B", 1),
];

/// Why a number was refused; fits "... is not a duration: ".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotANumber {
    /// It has no digits where they belong.
    Digits,
    /// It has no unit and needs one.
    NoUnit,
    /// Its unit is not in the table.
    Unit,
    /// It is not a whole number of the smallest unit.
    TooFine,
    /// It does not fit in 64 bits.
    TooLarge,
}

/// A number without unit.
pub(super) fn number(text: &str) -> Result<u64, NotANumber> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(NotANumber::Digits);
    }
    text.parse().map_err(|_| NotANumber::TooLarge)
}

/// A duration in microseconds. `m` alone is refused: minutes to some, milliseconds to others.
pub(super) fn duration(text: &str) -> Result<u64, NotANumber> {
    let text = text.replace('µ', "u");
    measured(&text, DURATIONS)
}

/// A size in bytes; a number alone is bytes.
pub(super) fn size(text: &str) -> Result<u64, NotANumber> {
    number(text).or_else(|_| measured(text, SIZES))
}

fn measured(text: &str, units: &[(&str, u64)]) -> Result<u64, NotANumber> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (digits, unit) = text.split_at(unit_at);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    if fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return Err(NotANumber::Digits);
    }
    let whole = number(whole)?;
    if unit.is_empty() {
        return Err(NotANumber::NoUnit);
    }
    let factor = units
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(unit))
        .map(|&(_, factor)| factor)
        .ok_or(NotANumber::Unit)?;
    let whole = whole.checked_mul(factor).ok_or(NotANumber::TooLarge)?;
    // Exact, digit by digit: 0.1s is 100000 microseconds, not what a float makes of it.
    let fraction = fraction.trim_end_matches('0');
    let scale = u32::try_from(fraction.len())
        .ok()
        .and_then(|digits| 10_u128.checked_pow(digits))
        .ok_or(NotANumber::TooFine)?;
    let parts = match fraction {
        "" => 0,
        digits => digits.parse::<u128>().map_err(|_| NotANumber::TooFine)?,
    };
    // At most 38 digits passed above; what is finer than the unit allows fails here.
    let scaled = parts.checked_mul(u128::from(factor)).ok_or(NotANumber::TooFine)?;
    if !scaled.is_multiple_of(scale) {
        return Err(NotANumber::TooFine);
    }
    let fraction = u64::try_from(scaled / scale).map_err(|_| NotANumber::TooLarge)?;
    whole.checked_add(fraction).ok_or(NotANumber::TooLarge)
}

/// The largest unit of which it is a whole number.
pub(super) fn write(amount: u64, units: &[(&str, u64)], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (unit, factor) = units
        .iter()
        .find(|(_, factor)| amount >= *factor && amount.is_multiple_of(*factor))
        .or(units.last())
        .copied()
        .unwrap_or(("", 1));
    write!(f, "{}{unit}", amount / factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_durations_exactly() {
        assert_eq!(duration("1.5s"), Ok(1_500_000));
        assert_eq!(duration("0.000001s"), Ok(1));
        assert_eq!(duration("250ms"), Ok(250_000));
        assert_eq!(duration("3µs"), Ok(3));
        assert_eq!(duration("2MIN"), Ok(120_000_000));
        assert_eq!(duration("1.5"), Err(NotANumber::NoUnit));
        assert_eq!(duration("1.5m"), Err(NotANumber::Unit));
        assert_eq!(duration("s"), Err(NotANumber::Digits));
        assert_eq!(duration("1.s"), Err(NotANumber::Digits));
        assert_eq!(duration("1.5us"), Err(NotANumber::TooFine));
        assert_eq!(duration("5200000000h"), Err(NotANumber::TooLarge));
        assert_eq!(duration(&format!("0.{}1s", "0".repeat(60))), Err(NotANumber::TooFine));
    }

    #[test]
    fn reads_sizes_exactly() {
        assert_eq!(size("512"), Ok(512));
        assert_eq!(size("10kB"), Ok(10_000));
        assert_eq!(size("10KB"), Ok(10_000));
        assert_eq!(size("1.5KiB"), Ok(1_536));
        assert_eq!(size("1.5B"), Err(NotANumber::TooFine));
        assert_eq!(size("18446744073709551616"), Err(NotANumber::TooLarge));
        assert_eq!(size("-1"), Err(NotANumber::Digits));
    }
}

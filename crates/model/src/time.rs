use std::fmt;

use jiff::Timestamp;

/// An instant: microseconds since 1970-01-01T00:00:00 UTC, leap seconds not counted.
///
/// Logs carry at most microseconds (Apache's `%D` and `usec` times), so nothing is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// The earliest instant that can be written (used as "no lower bound").
    pub const MIN: Self = Self(i64::MIN);
    /// The latest instant that can be written (used as "no upper bound").
    pub const MAX: Self = Self(i64::MAX);

    /// An instant from microseconds since the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// An instant from seconds since the Unix epoch; `None` beyond ±292,000 years.
    pub const fn from_seconds(seconds: i64) -> Option<Self> {
        match seconds.checked_mul(1_000_000) {
            Some(micros) => Some(Self(micros)),
            None => None,
        }
    }

    /// Microseconds since the Unix epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Seconds since the Unix epoch, rounded towards the past.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The start of the bucket of `width` microseconds that holds this instant.
    pub const fn floor(self, width: i64) -> Self {
        Self(self.0 - self.0.rem_euclid(width))
    }
}

impl fmt::Display for Time {
    /// RFC 3339 in UTC; the raw microseconds where the year is beyond what RFC 3339 can write.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_microsecond(self.0) {
            Ok(timestamp) => write!(f, "{timestamp}"),
            Err(_) => write!(f, "{}us", self.0),
        }
    }
}

impl serde::Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floors_towards_the_past_before_the_epoch_too() {
        assert_eq!(Time::from_micros(-1).floor(60_000_000).micros(), -60_000_000);
        assert_eq!(Time::from_micros(61_000_000).floor(60_000_000).micros(), 60_000_000);
    }

    #[test]
    fn shows_rfc_3339() {
        assert_eq!(Time::from_micros(1_431_857_103_000_000).to_string(), "2015-05-17T10:05:03Z");
        assert_eq!(Time::MAX.to_string(), "9223372036854775807us");
    }
}

//! Widths of time, and the starts of their buckets.

use dolmen_model::Time;
use dolmen_store::Width;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The width of a chart's buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Every {
    Minute,
    Hour,
    Day,
    Month,
}

/// A chart shows about so many buckets at most: more are finer than what a screen can show.
const MOST: i64 = 200;
/// No answer has more, whatever is asked for.
pub(crate) const TOO_MANY: usize = 20_000;

const MINUTE: i64 = 60_000_000;

impl Every {
    /// The narrowest of which a chart can show all.
    pub(crate) fn fit(from: Time, to: Time) -> Self {
        let width = to.micros().saturating_sub(from.micros());
        let fits = |unit: i64| width / unit <= MOST;
        match () {
            () if fits(MINUTE) => Self::Minute,
            () if fits(60 * MINUTE) => Self::Hour,
            () if fits(1_440 * MINUTE) => Self::Day,
            () => Self::Month,
        }
    }

    pub(crate) const fn width(self) -> Width {
        match self {
            Self::Minute => Width::Minute,
            Self::Hour => Width::Hour,
            Self::Day => Width::Day,
            Self::Month => Width::Month,
        }
    }

    /// The start of the bucket that holds an instant.
    pub(crate) fn floor(self, time: Time) -> Time {
        match self {
            Self::Minute => time.floor(MINUTE),
            Self::Hour => time.floor(60 * MINUTE),
            Self::Day => time.floor(1_440 * MINUTE),
            Self::Month => month(time).unwrap_or(time),
        }
    }

    /// The starts of all buckets of a stretch; `None` where there are too many.
    pub(crate) fn starts(self, from: Time, to: Time) -> Option<Vec<Time>> {
        let mut starts = Vec::new();
        let mut at = self.floor(from);
        while at < to {
            if starts.len() == TOO_MANY {
                return None;
            }
            starts.push(at);
            at = self.next(at)?;
        }
        Some(starts)
    }

    fn next(self, start: Time) -> Option<Time> {
        let minutes = match self {
            Self::Minute => 1,
            Self::Hour => 60,
            Self::Day => 1_440,
            // The longest month, and the first day of a month is a day to spare.
            Self::Month => 32 * 1_440,
        };
        let next = Time::from_micros(start.micros().checked_add(minutes * MINUTE)?);
        Some(if self == Self::Month { self.floor(next) } else { next })
    }
}

/// The first instant of the month (UTC).
fn month(time: Time) -> Option<Time> {
    let zoned = Timestamp::from_microsecond(time.micros()).ok()?.to_zoned(TimeZone::UTC);
    let first = zoned.first_of_month().ok()?.start_of_day().ok()?;
    Some(Time::from_micros(first.timestamp().as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Time {
        Time::from_micros(text.parse::<Timestamp>().unwrap().as_microsecond())
    }

    #[test]
    fn a_chart_gets_as_many_buckets_as_it_can_show() {
        let from = time("2026-01-01T00:00:00Z");
        for (to, every) in [
            ("2026-01-01T03:00:00Z", Every::Minute),
            ("2026-01-08T00:00:00Z", Every::Hour),
            ("2026-05-01T00:00:00Z", Every::Day),
            ("2029-01-01T00:00:00Z", Every::Month),
        ] {
            assert_eq!(Every::fit(from, time(to)), every, "{to}");
        }
        assert_eq!(Every::fit(Time::MIN, Time::MAX), Every::Month);
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        let starts = Every::Month
            .starts(time("2025-12-31T23:59:59Z"), time("2026-03-01T00:00:00Z"))
            .unwrap();
        let expected = ["2025-12-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"];
        assert_eq!(starts, expected.map(time));
    }

    #[test]
    fn too_many_buckets_are_none() {
        assert_eq!(Every::Minute.starts(time("2026-01-01T00:00:00Z"), Time::MAX), None);
    }
}

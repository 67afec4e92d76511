//! What must have been seen before silence may speak.

use dolmen_model::Time;
use serde::Serialize;

use crate::calendar::{Calendar, Day};
use crate::coverage::Coverage;

/// Ends of the calendar at which people run what they run at no other time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Of a month.
    Month,
    /// Of a quarter.
    Quarter,
    /// Of a year.
    Year,
}

impl End {
    pub(crate) const ALL: [Self; 3] = [Self::Month, Self::Quarter, Self::Year];

    const fn months(self) -> i32 {
        match self {
            Self::Month => 1,
            Self::Quarter => 3,
            Self::Year => 12,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    /// From when on one was watched: the last day of it and the day after, from `since` on: nobody
    /// watched for what could not be seen yet. `coverage` goes on for ever, so one comes; `None` for
    /// no coverage at all.
    pub(crate) fn watched(
        self,
        coverage: &Coverage,
        since: Time,
        calendar: &Calendar,
    ) -> Option<Time> {
        let mut seen = coverage.start()?.max(since);
        loop {
            let (year, month, _) = calendar.day(seen).civil();
            let month = i32::from(month);
            // The first month after the end that comes next.
            let next = month + self.months() - (month - 1) % self.months();
            let first = Day::first_of(year, next);
            let (from, to) = (calendar.start(first.plus(-1)), calendar.start(first.plus(1)));
            let watched = coverage.measure(from.max(since), to) as f64;
            if watched >= (to.micros() - from.micros()) as f64 * 0.9 {
                return Some(to);
            }
            // One line with a wrong clock may be ages before the next: nothing is watched between.
            seen = coverage.after(to).filter(|next| *next > seen)?;
        }
    }
}

/// A condition, and from when on it is met if silence goes on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Gate {
    /// Which.
    pub gate: GateName,
    /// Whether it is met.
    pub is_met: bool,
    /// Since when, or from when on; `None`: silence alone never meets it.
    pub from: Option<Time>,
}

/// What must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GateName {
    /// The end of a month was watched.
    MonthEnd,
    /// The end of a quarter was watched.
    QuarterEnd,
    /// The end of a year was watched, or an owner waived that.
    YearEnd,
    /// Two full periods of every cadence were seen.
    TwoPeriods,
    /// A week passed without a call.
    Week,
    /// It is quieter than it ever was, for every caller.
    LongestSilence,
    /// After a gap in the logs that is longer than half a period, a period was watched.
    Coverage,
    /// No call came without the request id that tells what it entered.
    RequestIds,
    /// No call took a route of the operation without the mark that tells what it entered, and no
    /// former caller does on its service what nobody knows.
    Marks,
    /// Whoever still might call hardly does.
    Likelihood,
}

impl GateName {
    pub(crate) const fn of(end: End) -> Self {
        match end {
            End::Month => Self::MonthEnd,
            End::Quarter => Self::QuarterEnd,
            End::Year => Self::YearEnd,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn a_clock_of_the_year_one_watches_no_end_and_hides_none() {
        let time = |text: &str| -> Time {
            let at: jiff::Timestamp = text.parse().unwrap();
            Time::from_micros(at.as_microsecond())
        };
        let first = time("0001-01-01T10:00:00Z");
        let spans = [
            (first, time("0001-01-01T11:00:00Z")),
            (time("2022-12-01T00:00:00Z"), time("2024-06-01T00:00:00Z")),
        ];
        let coverage = Coverage::new(spans).as_of(time("2024-06-01T00:00:00Z"));
        let calendar = Calendar::new(TimeZone::UTC);
        let watched = End::ALL.map(|end| end.watched(&coverage, first, &calendar));
        let new_year = Some(time("2023-01-02T00:00:00Z"));
        assert_eq!(watched, [new_year; 3]);
        // Nobody can have been seen before.
        let later = End::Quarter.watched(&coverage, time("2023-01-01T12:00:00Z"), &calendar);
        assert_eq!(later, Some(time("2023-04-02T00:00:00Z")));
    }
}

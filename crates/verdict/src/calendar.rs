//! Days as people count them: in local time, through changes of the clocks.

use dolmen_model::Time;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, date};
use jiff::tz::TimeZone;

/// Seconds of a day without a change of the clocks.
pub(crate) const DAY: i64 = 86_400;

/// A day of the calendar, in days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

/// A local time zone's calendar.
#[derive(Clone, Debug)]
pub struct Calendar {
    zone: TimeZone,
}

impl Calendar {
    /// The calendar of a time zone.
    pub fn new(zone: TimeZone) -> Self {
        Self { zone }
    }

    /// The day that an instant is on, and the second of the day that clocks show.
    pub fn place(&self, time: Time) -> (Day, i64) {
        let seconds = time.seconds();
        let offset = Timestamp::from_second(seconds)
            .map_or(0, |timestamp| i64::from(self.zone.to_offset(timestamp).seconds()));
        let local = seconds.saturating_add(offset);
        let day = i32::try_from(local.div_euclid(DAY)).unwrap_or(i32::MAX);
        (Day(day), local.rem_euclid(DAY))
    }

    /// The day that an instant is on.
    pub fn day(&self, time: Time) -> Day {
        self.place(time).0
    }

    /// When clocks show this second of a day. An hour that is left out in spring is taken as the
    /// one after it, one that comes twice in autumn as its first.
    pub fn instant(&self, day: Day, second: i64) -> Time {
        let seconds = i64::from(day.0) * DAY + second;
        let exact = (|| {
            let at = Timestamp::from_second(seconds).ok()?;
            let civil: DateTime = TimeZone::UTC.to_datetime(at);
            self.zone.to_ambiguous_timestamp(civil).compatible().ok()
        })();
        let seconds = exact.map_or(seconds, Timestamp::as_second);
        Time::from_seconds(seconds).unwrap_or(Time::MAX)
    }

    /// How many seconds clocks are ahead of UTC: at `from`, and at each change on and before `to`.
    /// At most a thousand changes are told.
    pub fn clocks(&self, from: Time, to: Time) -> Vec<(Time, i32)> {
        let at = |time: Time| Timestamp::from_microsecond(time.micros());
        let Ok(first) = at(from) else { return Vec::new() };
        let last = at(to).unwrap_or(Timestamp::MAX);
        let changes = self.zone.following(first).take(1_000);
        let changes = changes.take_while(|change| change.timestamp() <= last).map(|change| {
            (Time::from_micros(change.timestamp().as_microsecond()), change.offset().seconds())
        });
        std::iter::once((from, self.zone.to_offset(first).seconds())).chain(changes).collect()
    }

    /// The first instant of a day.
    pub fn start(&self, day: Day) -> Time {
        self.instant(day, 0)
    }
}

impl Day {
    /// Year, month and day of the month.
    ///
    /// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
    pub fn civil(self) -> (i32, u8, u8) {
        let z = i64::from(self.0) + 719_468;
        let era = z.div_euclid(146_097);
        let of_era = z.rem_euclid(146_097);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = (of_year - (153 * shifted + 2) / 5 + 1) as u8;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 } as u8;
        let year = year + era * 400 + i64::from(month <= 2);
        (year as i32, month, day)
    }

    /// The day of a date.
    pub fn of(day: Date) -> Self {
        let days = day.since(date(1970, 1, 1)).map_or(0, |span| span.get_days());
        Self(days)
    }

    /// The first day of a month; months beyond December are of later years.
    pub(crate) fn first_of(year: i32, month: i32) -> Self {
        let months = year * 12 + month - 1;
        let (year, month) =
            (i64::from(months.div_euclid(12)), i64::from(months.rem_euclid(12) + 1));
        let y = year - i64::from(month <= 2);
        let era = y.div_euclid(400);
        let of_era = y.rem_euclid(400);
        let shifted = if month > 2 { month - 3 } else { month + 9 };
        let of_year = (153 * shifted + 2) / 5;
        let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
        Self(days as i32)
    }

    /// The weekday: 0 is Monday.
    pub fn weekday(self) -> u8 {
        (self.0 + 3).rem_euclid(7) as u8
    }

    /// How many days its month has.
    pub(crate) fn month_length(self) -> u8 {
        let (year, month, _) = self.civil();
        let (first, next) =
            (Self::first_of(year, i32::from(month)), Self::first_of(year, i32::from(month) + 1));
        (next.0 - first.0) as u8
    }

    /// So many days later.
    #[must_use]
    pub const fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }
}

impl std::fmt::Display for Day {
    /// As in 2023-05-02.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn time(text: &str) -> Time {
        Time::from_micros(text.parse::<Timestamp>().unwrap().as_microsecond())
    }

    #[test]
    fn clocks_change_and_days_do_not() {
        let calendar = Calendar::new(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap());
        let spring = Day::of(date(2023, 3, 26));
        assert_eq!(calendar.instant(spring, 8 * 3_600), time("2023-03-26T06:00:00Z"));
        // 02:30 is left out that night.
        assert_eq!(calendar.instant(spring, 9_000), time("2023-03-26T01:30:00Z"));
        assert_eq!(calendar.place(time("2023-03-25T23:30:00Z")), (spring, 1_800));
        let autumn = Day::of(date(2023, 10, 29));
        assert_eq!(
            calendar.start(autumn.plus(1)).micros() - calendar.start(autumn).micros(),
            25 * 3_600_000_000
        );
    }

    #[test]
    fn clocks_are_told_with_their_changes() {
        let calendar = Calendar::new(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap());
        let (from, to) = (time("2023-01-01T00:00:00Z"), time("2023-12-31T00:00:00Z"));
        let changes = vec![
            (from, 3_600),
            (time("2023-03-26T01:00:00Z"), 7_200),
            (time("2023-10-29T01:00:00Z"), 3_600),
        ];
        assert_eq!(calendar.clocks(from, to), changes);
        assert_eq!(Calendar::new(TimeZone::UTC).clocks(from, to), [(from, 0)]);
    }

    proptest! {
        #[test]
        fn a_day_is_its_date(days in -100_000_i32..200_000) {
            let (year, month, day) = Day(days).civil();
            let civil = Date::new(year as i16, month as i8, day as i8).unwrap();
            prop_assert_eq!(Day::of(civil), Day(days));
            prop_assert_eq!(Day(days).weekday(), civil.weekday().to_monday_zero_offset() as u8);
            prop_assert_eq!(Day(days).month_length(), civil.days_in_month() as u8);
            prop_assert_eq!(Day::first_of(year, i32::from(month)).0, days - i32::from(day) + 1);
        }
    }
}

//! A time put together from the pieces that a format spreads over the line.

use dolmen_model::Time;

use super::civil::{self, Date};
use super::{Clock, Moment, SECOND, Unit, names, offset};

/// One piece of a time. The letters are those of C's `strftime`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The whole of `17/May/2015:10:05:03 +0000`.
    Timestamp,
    /// A count since the epoch; `%s` in seconds.
    Epoch(Unit),
    /// The fraction of the second, as so many `Unit`s.
    Fraction(Unit),
    /// `%Y`, `%C`, `%y`.
    Year,
    Century,
    YearOfCentury,
    /// `%G`, `%g`, `%V`: the year and week of ISO 8601.
    IsoYear,
    IsoYearOfCentury,
    IsoWeek,
    /// `%U`, `%W`: weeks that begin on Sunday or Monday, counted from the year's first such day.
    SundayWeek,
    MondayWeek,
    /// `%m`, and `%b %B %h`.
    Month,
    MonthName,
    /// `%d %e`, `%j`.
    Day,
    DayOfYear,
    /// `%w` from Sunday = 0, `%u` from Monday = 1, and `%a %A`.
    Weekday,
    IsoWeekday,
    WeekdayName,
    /// `%D` (`05/17/15`) and `%F` (`2015-05-17`).
    AmericanDate,
    IsoDate,
    /// `%H %k`, `%I %l`, `%p %P`, `%M`, `%S`.
    Hour,
    HourOfHalf,
    Half,
    Minute,
    Second,
    /// `%R` (`10:05`) and `%T` (`10:05:03`).
    HourMinute,
    TimeOfDay,
    /// `%z`, `%Z`.
    Offset,
    ZoneName,
}

/// What the pieces said so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts {
    whole: Option<Moment>,
    epoch: Option<Time>,
    micros: Option<i64>,
    year: Option<i64>,
    century: Option<i64>,
    year_of_century: Option<i64>,
    iso_year: Option<i64>,
    iso_week: Option<i64>,
    sunday_week: Option<i64>,
    monday_week: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    weekday: Option<i64>,
    hour: Option<i64>,
    hour_of_half: Option<i64>,
    afternoon: Option<bool>,
    minute: Option<i64>,
    second: Option<i64>,
    offset: Option<i32>,
}

impl Parts {
    /// Takes a piece. A name that no known language has, or a half of the day that a locale leaves
    /// empty, says nothing; `None` is for a piece that cannot be.
    pub(crate) fn take(&mut self, part: Part, text: &[u8], clock: &mut Clock) -> Option<()> {
        match part {
            Part::Timestamp => self.whole = Some(clock.clf(text)?),
            Part::Epoch(unit) => self.epoch = Some(super::epoch(text, unit)?),
            Part::Fraction(unit) => self.micros = Some(super::epoch(text, unit)?.micros()),
            Part::Year => self.year = Some(number(text)?),
            Part::Century => self.century = Some(number(text)?),
            Part::YearOfCentury => self.year_of_century = Some(number(text)?),
            Part::IsoYear => self.iso_year = Some(number(text)?),
            Part::IsoYearOfCentury => self.iso_year = Some(full_year(number(text)?)),
            Part::IsoWeek => self.iso_week = Some(number_within(text, 1, 53)?),
            Part::SundayWeek => self.sunday_week = Some(number_within(text, 0, 53)?),
            Part::MondayWeek => self.monday_week = Some(number_within(text, 0, 53)?),
            Part::Month => self.month = Some(number_within(text, 1, 12)?),
            Part::MonthName => self.month = names::month(text).or(self.month),
            Part::Day => self.day = Some(number_within(text, 1, 31)?),
            Part::DayOfYear => self.day_of_year = Some(number_within(text, 1, 366)?),
            Part::Weekday => self.weekday = Some((number_within(text, 0, 6)? + 6) % 7 + 1),
            Part::IsoWeekday => self.weekday = Some(number_within(text, 1, 7)?),
            Part::WeekdayName => self.weekday = names::weekday(text).or(self.weekday),
            Part::AmericanDate | Part::IsoDate => {
                let date = part.date(text)?;
                (self.year, self.month, self.day) =
                    (Some(date.year), Some(date.month), Some(date.day));
            }
            Part::Hour => self.hour = Some(number_within(text, 0, 23)?),
            Part::HourOfHalf => self.hour_of_half = Some(number_within(text, 1, 12)?),
            Part::Half => {
                self.afternoon = match text.to_ascii_lowercase().as_slice() {
                    b"am" => Some(false),
                    b"pm" => Some(true),
                    _ => None,
                }
            }
            Part::Minute => self.minute = Some(number_within(text, 0, 59)?),
            Part::Second => self.second = Some(number_within(text, 0, 60)?),
            Part::HourMinute | Part::TimeOfDay => {
                let (hour, minute, second) = part.time_of_day(text)?;
                (self.hour, self.minute) = (Some(hour), Some(minute));
                self.second = second.or(self.second);
            }
            Part::Offset if text.is_empty() => {}
            Part::Offset => self.offset = Some(offset(text)?),
            Part::ZoneName => self.offset = self.offset.or(names::zone(text)),
        }
        Some(())
    }

    /// The instant that the pieces add up to; `None` when they are too few.
    pub(crate) fn moment(&self) -> Option<Moment> {
        if let Some(whole) = self.whole {
            return Some(Moment { time: with_fraction(whole.time, self.micros), ..whole });
        }
        if let Some(epoch) = self.epoch {
            let offset = Some(self.offset.unwrap_or(0));
            return Some(Moment { time: with_fraction(epoch, self.micros), offset });
        }
        let seconds =
            self.days()? * 86_400 + self.hour()? * 3600 + self.minute? * 60 + self.second?;
        let seconds = seconds - i64::from(self.offset.unwrap_or(0));
        let time = Time::from_micros(seconds * SECOND + self.micros.unwrap_or(0));
        Some(Moment { time, offset: self.offset })
    }

    /// Whether times in these pieces add up to an instant.
    pub(crate) fn are_whole(parts: impl IntoIterator<Item = Part>) -> bool {
        let mut sum = Self::default();
        let mut clock = Clock::default();
        parts.into_iter().all(|part| sum.take(part, part.example(), &mut clock).is_some())
            && sum.moment().is_some()
    }

    fn hour(&self) -> Option<i64> {
        self.hour.or_else(|| Some(self.hour_of_half? % 12 + if self.afternoon? { 12 } else { 0 }))
    }

    /// Days since the epoch.
    fn days(&self) -> Option<i64> {
        let year = self.year.or_else(|| {
            let year = self.year_of_century?;
            Some(self.century.map_or_else(|| full_year(year), |century| century * 100 + year))
        });
        let Some(year) = year else {
            return Some(civil::iso_week(self.iso_year?, self.iso_week?) + self.weekday? - 1);
        };
        if let (Some(month), Some(day)) = (self.month, self.day) {
            return Date::new(year, month, day).map(Date::days);
        }
        let new_year = Date { year, month: 1, day: 1 }.days();
        if let Some(day) = self.day_of_year {
            return Some(new_year + day - 1);
        }
        // The first Sunday or Monday of the year begins week 1; what is before is week 0.
        let (week, first, day) = match (self.sunday_week, self.monday_week, self.weekday?) {
            (Some(week), _, day) => (week, 7, day % 7),
            (None, Some(week), day) => (week, 1, day - 1),
            (None, None, _) => return None,
        };
        let to_first = (first - civil::weekday(new_year)).rem_euclid(7);
        Some(new_year + to_first + (week - 1) * 7 + day)
    }
}

impl Part {
    /// This piece of noon on Monday, 5 October 2015.
    fn example(self) -> &'static [u8] {
        match self {
            Self::Timestamp => b"05/Oct/2015:12:00:00 +0000",
            Self::Epoch(_) => b"1444046400",
            Self::Fraction(_) => b"000",
            Self::Year | Self::IsoYear => b"2015",
            Self::Century => b"20",
            Self::YearOfCentury | Self::IsoYearOfCentury => b"15",
            Self::IsoWeek => b"41",
            Self::SundayWeek | Self::MondayWeek => b"40",
            Self::Month => b"10",
            Self::MonthName => b"Oct",
            Self::Day => b"05",
            Self::DayOfYear => b"278",
            Self::Weekday | Self::IsoWeekday => b"1",
            Self::WeekdayName => b"Mon",
            Self::AmericanDate => b"10/05/15",
            Self::IsoDate => b"2015-10-05",
            Self::Hour | Self::HourOfHalf => b"12",
            Self::Half => b"PM",
            Self::Minute | Self::Second => b"00",
            Self::HourMinute => b"12:00",
            Self::TimeOfDay => b"12:00:00",
            Self::Offset => b"+0000",
            Self::ZoneName => b"UTC",
        }
    }

    /// The day that `%D` or `%F` wrote.
    pub(crate) fn date(self, text: &[u8]) -> Option<Date> {
        match (self, text) {
            (Self::AmericanDate, [month @ .., b'/', d1, d2, b'/', y1, y2]) => {
                Date::new(full_year(number(&[*y1, *y2])?), number(month)?, number(&[*d1, *d2])?)
            }
            (Self::IsoDate, [year @ .., b'-', m1, m2, b'-', d1, d2]) => {
                Date::new(number(year)?, number(&[*m1, *m2])?, number(&[*d1, *d2])?)
            }
            _ => None,
        }
    }

    /// Hour, minute, and second where it is there, that `%R` or `%T` wrote.
    pub(crate) fn time_of_day(self, text: &[u8]) -> Option<(i64, i64, Option<i64>)> {
        let hour = number_within(text.get(..2)?, 0, 23)?;
        let minute = number_within(text.get(3..5)?, 0, 59)?;
        match self {
            Self::TimeOfDay => Some((hour, minute, Some(number_within(text.get(6..)?, 0, 60)?))),
            _ => Some((hour, minute, None)),
        }
    }
}

/// POSIX: 69 to 99 are of the 20th century, 00 to 68 of the 21st.
fn full_year(of_century: i64) -> i64 {
    of_century + if of_century < 69 { 2000 } else { 1900 }
}

fn with_fraction(time: Time, micros: Option<i64>) -> Time {
    match micros {
        // A count that is itself finer than seconds has its fraction already.
        Some(micros) if time.micros() % SECOND == 0 => Time::from_micros(time.micros() + micros),
        _ => time,
    }
}

/// A decimal number, padded with spaces or zeros.
pub(crate) fn number(text: &[u8]) -> Option<i64> {
    let digits = text.trim_ascii_start();
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    digits.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
}

fn number_within(text: &[u8], low: i64, high: i64) -> Option<i64> {
    number(text).filter(|n| (low..=high).contains(n))
}

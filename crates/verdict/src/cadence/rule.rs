//! On which days somebody calls.

use std::fmt;

use crate::calendar::Day;

/// Weekdays by name, Monday first.
pub(crate) const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
/// Months by name.
pub(crate) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// On which days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DayRule {
    /// On these weekdays: bit 0 is Monday.
    Weekdays(u8),
    /// Every so many days, counted so that day `phase` of each so many since 1970 is one.
    Interval {
        /// From 2 on.
        days: u8,
        /// Below `days`.
        phase: u8,
    },
    /// Once in so many months.
    Months {
        /// 1: every month; 3: every quarter; 6: every half-year; 12: every year.
        every: u8,
        /// Which of them: January is 0, below `every`.
        month: u8,
        /// Its day.
        day: OfMonth,
    },
}

/// A day of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OfMonth {
    /// By number; months that are too short have none.
    Day(u8),
    /// The last day.
    Last,
    /// The first to fourth of a weekday (0 is Monday).
    Nth(u8, u8),
    /// The last of a weekday.
    LastWeekday(u8),
    /// The first day from Monday to Friday.
    FirstWorkday,
    /// The last day from Monday to Friday.
    LastWorkday,
}

/// What rules look at of a day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DayFacts {
    pub(crate) day: Day,
    weekday: u8,
    /// 0 is January.
    month: u8,
    of_month: u8,
    length: u8,
}

impl DayFacts {
    pub(crate) fn of(day: Day) -> Self {
        let (_, month, of_month) = day.civil();
        Self { day, weekday: day.weekday(), month: month - 1, of_month, length: day.month_length() }
    }

    /// Every rule for days of a month that this day follows.
    pub(crate) fn of_month(&self) -> Vec<OfMonth> {
        let mut rules = vec![OfMonth::Day(self.of_month)];
        let nth = (self.of_month - 1) / 7 + 1;
        let more = [
            OfMonth::Last,
            OfMonth::Nth(nth, self.weekday),
            OfMonth::LastWeekday(self.weekday),
            OfMonth::FirstWorkday,
            OfMonth::LastWorkday,
        ];
        rules.extend(more.into_iter().filter(|rule| rule.holds(self)));
        rules
    }

    pub(crate) const fn month(&self) -> u8 {
        self.month
    }
}

impl OfMonth {
    fn holds(self, day: &DayFacts) -> bool {
        let left = day.length - day.of_month;
        let works = day.weekday < 5;
        match self {
            Self::Day(number) => day.of_month == number,
            Self::Last => left == 0,
            Self::Nth(nth, weekday) => {
                nth <= 4 && day.weekday == weekday && (day.of_month - 1) / 7 + 1 == nth
            }
            Self::LastWeekday(weekday) => day.weekday == weekday && left < 7,
            Self::FirstWorkday => {
                works && (day.of_month == 1 || (day.weekday == 0 && day.of_month <= 3))
            }
            Self::LastWorkday => works && (left == 0 || (day.weekday == 4 && left <= 2)),
        }
    }
}

impl DayRule {
    /// Every day.
    pub const DAILY: Self = Self::Weekdays(0b111_1111);
    /// Monday to Friday.
    pub const WORKDAYS: Self = Self::Weekdays(0b001_1111);

    /// Whether this day is one.
    pub fn holds(self, day: Day) -> bool {
        self.holds_for(&DayFacts::of(day))
    }

    pub(crate) fn holds_for(self, day: &DayFacts) -> bool {
        match self {
            Self::Weekdays(mask) => mask >> day.weekday & 1 == 1,
            Self::Interval { days, phase } => {
                day.day.0.rem_euclid(i32::from(days)) == i32::from(phase)
            }
            Self::Months { every, month, day: rule } => {
                day.month % every == month && rule.holds(day)
            }
        }
    }

    /// How many days lie between two, on average.
    pub fn period(self) -> f64 {
        match self {
            Self::Weekdays(mask) => 7.0 / f64::from(mask.count_ones().max(1)),
            Self::Interval { days, .. } => f64::from(days),
            Self::Months { every, .. } => f64::from(every) * 365.25 / 12.0,
        }
    }

    /// The first such day after `day`; `None` where none comes within nine years (a 29 February
    /// may take eight).
    pub fn after(self, day: Day) -> Option<Day> {
        (1..=3_300).map(|days| day.plus(days)).find(|&day| self.holds(day))
    }
}

fn ordinal(number: u8) -> String {
    let ending = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

fn named(names: &[&'static str], at: u8) -> &'static str {
    names.get(usize::from(at)).copied().unwrap_or_default()
}

impl fmt::Display for OfMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Day(number) => write!(f, "{} day", ordinal(number)),
            Self::Last => f.write_str("last day"),
            Self::Nth(nth, weekday) => {
                let nth = ["first", "second", "third", "fourth"][usize::from(nth.clamp(1, 4) - 1)];
                write!(f, "{nth} {}", named(&WEEKDAYS, weekday))
            }
            Self::LastWeekday(weekday) => write!(f, "last {}", named(&WEEKDAYS, weekday)),
            Self::FirstWorkday => f.write_str("first workday"),
            Self::LastWorkday => f.write_str("last workday"),
        }
    }
}

impl fmt::Display for DayRule {
    /// As it goes on after "calls": "every day", "last day of the month", "every Monday".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::DAILY => f.write_str("every day"),
            Self::WORKDAYS => f.write_str("every workday"),
            Self::Weekdays(mask) => {
                let days: Vec<&str> = (0..7)
                    .filter(|at| mask >> at & 1 == 1)
                    .map(|at| named(&WEEKDAYS, at))
                    .collect();
                write!(f, "every {}", days.join(", "))
            }
            Self::Interval { days: 14, phase } => {
                // The day 0 of 1970 was a Thursday.
                write!(f, "every second {}", named(&WEEKDAYS, (phase + 3) % 7))
            }
            Self::Interval { days, .. } => write!(f, "every {days} days"),
            Self::Months { every: 1, day, .. } => write!(f, "{day} of the month"),
            Self::Months { every: 3, month, day } => match (month, day) {
                (2, OfMonth::Last) => f.write_str("last day of the quarter"),
                (0, day) => write!(f, "{day} of the quarter"),
                (month, day) => {
                    write!(f, "{day} of the {} month of the quarter", ordinal(month + 1))
                }
            },
            Self::Months { every: 12, month, day } => {
                let month = named(&MONTHS, month);
                match day {
                    OfMonth::Day(number) => write!(f, "every year on {number} {month}"),
                    day => write!(f, "every year on the {day} of {month}"),
                }
            }
            Self::Months { every, month, day } => {
                write!(f, "{day} of {}, every {every} months", named(&MONTHS, month))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn monthly(day: OfMonth) -> DayRule {
        DayRule::Months { every: 1, month: 0, day }
    }

    #[test]
    fn rules_know_the_calendar() {
        let day = |year, month, day| Day::of(date(year, month, day));
        assert!(monthly(OfMonth::Last).holds(day(2024, 2, 29)));
        assert!(!monthly(OfMonth::Last).holds(day(2024, 2, 28)));
        assert!(monthly(OfMonth::Nth(1, 0)).holds(day(2023, 5, 1)));
        assert!(monthly(OfMonth::FirstWorkday).holds(day(2023, 7, 3)));
        assert!(!monthly(OfMonth::FirstWorkday).holds(day(2023, 7, 1)));
        assert!(monthly(OfMonth::LastWorkday).holds(day(2023, 4, 28)));
        let quarter = DayRule::Months { every: 3, month: 2, day: OfMonth::Last };
        assert_eq!(quarter.after(day(2023, 3, 31)), Some(day(2023, 6, 30)));
        let year = DayRule::Months { every: 12, month: 1, day: OfMonth::Day(29) };
        assert_eq!(year.after(day(2024, 2, 29)), Some(day(2028, 2, 29)));
    }

    #[test]
    fn rules_read_like_a_sentence() {
        let texts = [
            (DayRule::DAILY, "every day"),
            (DayRule::WORKDAYS, "every workday"),
            (DayRule::Weekdays(0b1001), "every Monday, Thursday"),
            (DayRule::Interval { days: 14, phase: 4 }, "every second Monday"),
            (monthly(OfMonth::Day(22)), "22nd day of the month"),
            (monthly(OfMonth::Last), "last day of the month"),
            (monthly(OfMonth::Nth(1, 0)), "first Monday of the month"),
            (DayRule::Months { every: 3, month: 2, day: OfMonth::Last }, "last day of the quarter"),
            (
                DayRule::Months { every: 12, month: 0, day: OfMonth::Day(15) },
                "every year on 15 January",
            ),
        ];
        for (rule, text) in texts {
            assert_eq!(rule.to_string(), text);
        }
        assert!(DayRule::Interval { days: 14, phase: 4 }.holds(Day::of(date(1970, 1, 5))));
    }
}

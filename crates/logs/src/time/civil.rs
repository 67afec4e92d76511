use super::HOUR;

/// A day of the proleptic Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    /// The year; 0 is 1 BC.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
}

impl Date {
    /// `None` when there is no such day.
    pub(crate) fn new(year: i64, month: i64, day: i64) -> Option<Self> {
        let days = match month {
            2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        (1..=days).contains(&day).then_some(Self { year, month, day })
    }

    /// Days since 1970-01-01.
    pub(crate) fn days(self) -> i64 {
        // Years begin in March here, so that the leap day is a year's last.
        let (year, month) = if self.month > 2 {
            (self.year, self.month - 3)
        } else {
            (self.year - 1, self.month + 9)
        };
        let before = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        // March to July and August to December run 31 30 31 30 31: 153 days in five months.
        before + (153 * month + 2) / 5 + self.day - 1 - 719_468
    }

    /// Microseconds from the epoch to this day's midnight.
    pub(crate) fn micros(self) -> i64 {
        self.days() * 24 * HOUR
    }
}

/// `Jan` is 1; in any case.
pub(super) fn month_number(abbreviation: [u8; 3]) -> Option<i64> {
    Some(match abbreviation.map(|b| b.to_ascii_lowercase()) {
        [b'j', b'a', b'n'] => 1,
        [b'f', b'e', b'b'] => 2,
        [b'm', b'a', b'r'] => 3,
        [b'a', b'p', b'r'] => 4,
        [b'm', b'a', b'y'] => 5,
        [b'j', b'u', b'n'] => 6,
        [b'j', b'u', b'l'] => 7,
        [b'a', b'u', b'g'] => 8,
        [b's', b'e', b'p'] => 9,
        [b'o', b'c', b't'] => 10,
        [b'n', b'o', b'v'] => 11,
        [b'd', b'e', b'c'] => 12,
        _ => return None,
    })
}

/// 1 (Monday) to 7 of a day since the epoch, which was a Thursday.
pub(super) fn weekday(days: i64) -> i64 {
    (days + 3).rem_euclid(7) + 1
}

/// The Monday that begins a week of ISO 8601, in days since the epoch. Week 1 holds 4 January.
pub(super) fn iso_week(year: i64, week: i64) -> i64 {
    let fourth = Date { year, month: 1, day: 4 }.days();
    fourth - (weekday(fourth) - 1) + (week - 1) * 7
}

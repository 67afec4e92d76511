//! How somebody calls: every so many minutes, on some days of the calendar, or now and then.

mod days;
mod period;
mod rule;

use std::fmt;

use dolmen_model::{Language, Time};
use serde::{Serialize, Serializer};

use crate::calendar::{Calendar, DAY, Day};
use crate::callers::days_of;
use crate::coverage::Coverage;
use crate::french;
use crate::sessions::visits;
use days::{Agreement, Calls};
pub(crate) use days::{BETTER, FEWEST};
pub use period::Population;
pub(crate) use rule::MONTHS;
pub use rule::{DayRule, OfMonth};

/// When somebody calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cadence {
    /// Seen once: nothing can be said.
    Once,
    /// Now and then.
    Irregular {
        /// On which days, where others are hardly used.
        days: DayRule,
        /// Between which hours of the day.
        hours: Option<Hours>,
    },
    /// Several times a day.
    Every {
        /// The period.
        seconds: i64,
        /// On which days.
        days: DayRule,
        /// Between which hours of the day.
        hours: Option<Hours>,
    },
    /// Once a day, on some days.
    Days {
        /// On which.
        rule: DayRule,
        /// The second of the day, where it is always about the same.
        at: Option<i64>,
    },
}

/// Hours of the day: from the first to before the second, past midnight where it is smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours(pub u8, pub u8);

impl Hours {
    /// Whether this second of the day is within.
    pub(crate) fn holds(self, second: i64) -> bool {
        let hour = second.div_euclid(3_600);
        let (from, to) = (i64::from(self.0), i64::from(self.1));
        if from < to { (from..to).contains(&hour) } else { hour >= from || hour < to }
    }
}

/// How much is behind a cadence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// No cadence, or too few calls to tell.
    None,
    /// Three or four calls agree.
    Suspected,
    /// Five or more do.
    Cadence,
}

/// A cadence, and what speaks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fit {
    /// When somebody calls.
    pub cadence: Cadence,
    /// How sure that is.
    pub certainty: Certainty,
    /// Due days that were kept.
    pub hits: u32,
    /// Covered due days that were not.
    pub misses: u32,
}

/// From so many hits on a cadence is one.
const SURE: u32 = 5;
/// Visits of a day this far apart are two.
const VISIT: i64 = DAY / 20;
/// A visit that lasts longer is somebody's working day, not a task.
const TASK: i64 = 4 * 3_600;

/// What is known of one caller's calls.
#[derive(Clone, Copy, Debug)]
pub struct Trace<'a> {
    /// The first call of each minute with one, sorted.
    pub times: &'a [Time],
    /// Before this instant only days are known: one time stands for each, or a few.
    pub fine_from: Time,
}

impl Fit {
    /// The cadence of a caller, from what was seen of it. `coverage` says when it would have been
    /// seen.
    pub fn of(
        trace: Trace<'_>,
        coverage: &Coverage,
        calendar: &Calendar,
        population: &Population,
    ) -> Self {
        Self::found(trace, coverage, calendar, population).0
    }

    /// The same, and the last day before the caller broke his rule for good, if he did.
    pub(crate) fn found(
        trace: Trace<'_>,
        coverage: &Coverage,
        calendar: &Calendar,
        population: &Population,
    ) -> (Self, Option<Day>) {
        let whole = Self::of_part(trace, coverage, calendar, population);
        let half = trace.times.len() / 2;
        let is_settled = whole.0.certainty != Certainty::None || half < 2 * SURE as usize;
        if is_settled {
            return whole;
        }
        // Habits change: the later half may have one.
        let later = Trace { times: &trace.times[half..], ..trace };
        let later = Self::of_part(later, coverage, calendar, population);
        if later.0.certainty == Certainty::Cadence { later } else { whole }
    }

    /// The same, for those who call at most once a day, and how many times better it explains their
    /// days than no rule does; `None` for the others.
    pub(crate) fn of_days(
        trace: Trace<'_>,
        coverage: &Coverage,
        calendar: &Calendar,
    ) -> Option<(Self, f64)> {
        Known::of(trace, coverage, calendar).by_days()
    }

    fn of_part(
        trace: Trace<'_>,
        coverage: &Coverage,
        calendar: &Calendar,
        population: &Population,
    ) -> (Self, Option<Day>) {
        let times = trace.times;
        if times.len() < 2 {
            let (cadence, hits) = (Cadence::Once, times.len() as u32);
            return (Self { cadence, certainty: Certainty::None, hits, misses: 0 }, None);
        }
        let known = Known::of(trace, coverage, calendar);
        let broken = |fit: Self| (fit, fit.rule().and_then(|rule| known.calls.broken(rule)));
        if let Some((fit, _)) = known.by_days() {
            return broken(fit);
        }
        let Known { fine, ref calls, .. } = known;
        let (days, agreement) = calls.best_week();
        let is_kept = agreement.kept() >= days::KEPT;
        if !is_kept && let Some((rule, agreement, _)) = calls.best_rule() {
            // A batch that takes hours is a task of its days, not of its minutes.
            return broken(Fit::with(Cadence::Days { rule, at: None }, agreement));
        }
        if is_kept && let Some(seconds) = period::find(fine, calendar, population) {
            let hours = hours(fine, calendar, seconds);
            return broken(Self::with_many(Cadence::Every { seconds, days, hours }, agreement));
        }
        let hours = hours(fine, calendar, 3_600);
        let Agreement { hits, misses, .. } = agreement;
        let cadence = Cadence::Irregular { days, hours };
        (Self { cadence, certainty: Certainty::None, hits, misses }, None)
    }

    fn with(cadence: Cadence, agreement: Agreement) -> Self {
        let Agreement { hits, misses, .. } = agreement;
        let certainty = if hits >= SURE { Certainty::Cadence } else { Certainty::Suspected };
        Self { cadence, certainty, hits, misses }
    }

    /// The period of those who call several times a day, in seconds.
    pub(crate) const fn period(&self) -> Option<i64> {
        match self.cadence {
            Cadence::Every { seconds, .. } => Some(seconds),
            _ => None,
        }
    }

    /// A period within days has its hits already.
    fn with_many(cadence: Cadence, agreement: Agreement) -> Self {
        Self { certainty: Certainty::Cadence, ..Self::with(cadence, agreement) }
    }

    /// The hours of the day outside of which hardly a call comes.
    pub(crate) const fn hours(&self) -> Option<Hours> {
        match self.cadence {
            Cadence::Every { hours, .. } | Cadence::Irregular { hours, .. } => hours,
            Cadence::Days { .. } | Cadence::Once => None,
        }
    }

    /// The days on which calls are due, where that says something.
    pub fn rule(&self) -> Option<DayRule> {
        match self.cadence {
            Cadence::Days { rule, .. } => Some(rule),
            Cadence::Every { days, .. } => Some(days),
            Cadence::Irregular { .. } | Cadence::Once => None,
        }
    }

    /// The second of the day at which a call is due.
    pub fn at(&self) -> Option<i64> {
        match self.cadence {
            Cadence::Days { at, .. } => at,
            _ => None,
        }
    }
}

/// Whether a call on this day would have been seen: around its usual time, or on most of the day.
pub(crate) fn is_covered(
    day: Day,
    at: Option<i64>,
    coverage: &Coverage,
    calendar: &Calendar,
) -> bool {
    const AROUND: i64 = 3_600_000_000;
    // No zone is further from UTC than 14 hours: mostly there is no gap near, whatever the clocks.
    let start = i64::from(day.0) * DAY;
    let near = |hours: i64| Time::from_seconds(start + hours * 3_600).unwrap_or(Time::MAX);
    if coverage.covers(near(-15), near(40), 1.0) {
        return true;
    }
    match at {
        Some(at) => {
            let at = calendar.instant(day, at).micros();
            let (from, to) = (Time::from_micros(at - AROUND), Time::from_micros(at + AROUND));
            coverage.covers(from, to, 1.0)
        }
        None => coverage.covers(calendar.start(day), calendar.start(day.plus(1)), 0.75),
    }
}

/// A trace by days.
struct Known<'a> {
    fine: &'a [Time],
    tasks: Tasks,
    calls: Calls,
}

impl<'a> Known<'a> {
    fn of(trace: Trace<'a>, coverage: &Coverage, calendar: &Calendar) -> Self {
        let times = trace.times;
        let fine = &times[times.partition_point(|time| *time < trace.fine_from)..];
        let tasks = Tasks::of(times, fine, calendar);
        let calls = Calls::new(&tasks.days, |day| is_covered(day, tasks.at, coverage, calendar));
        Self { fine, tasks, calls }
    }

    /// The cadence of those who call at most once a day, and how many times better than none it is.
    fn by_days(&self) -> Option<(Fit, f64)> {
        let Tasks { at, are_many, .. } = self.tasks;
        if are_many {
            return None;
        }
        if let Some((rule, agreement, better)) = self.calls.best_rule() {
            return Some((Fit::with(Cadence::Days { rule, at }, agreement), better));
        }
        let daily = self.calls.agreement(DayRule::DAILY);
        let is_daily = at.is_some() && daily.hits >= FEWEST && daily.kept() >= 0.6;
        is_daily.then(|| (Fit::with(Cadence::Days { rule: DayRule::DAILY, at }, daily), 1.0))
    }
}

/// Calls taken as tasks: at most one a day.
struct Tasks {
    /// Days with one, sorted, each once.
    days: Vec<Day>,
    /// The second of the day, where it is always about the same.
    at: Option<i64>,
    /// Whether a day has several, or they take hours.
    are_many: bool,
}

impl Tasks {
    fn of(times: &[Time], fine: &[Time], calendar: &Calendar) -> Self {
        let long_ago = &times[..times.len() - fine.len()];
        let places = |times: &[Time]| -> Vec<(Day, i64)> {
            visits(times, VISIT).iter().map(|visit| calendar.place(visit.first)).collect()
        };
        let recent = visits(fine, VISIT);
        let mut lengths: Vec<i64> =
            recent.iter().map(|visit| visit.last.seconds() - visit.first.seconds()).collect();
        lengths.sort_unstable();
        let are_long = lengths.get(lengths.len() / 2).is_some_and(|&length| length > TASK);
        let recent_places = places(fine);
        // Of long ago only days are known.
        let seconds: Vec<i64> = recent_places.iter().map(|(_, second)| *second).collect();
        let clock = TimeOfDay::of(&seconds);
        // A task at midnight that is a little late, or a little early, is of the day it is near.
        let day_of = |(day, second): (Day, i64)| match clock {
            Some(TimeOfDay { middle, .. }) if second - middle > DAY / 2 => day.plus(1),
            Some(TimeOfDay { middle, .. }) if middle - second > DAY / 2 => day.plus(-1),
            _ => day,
        };
        let distinct = |places: Vec<(Day, i64)>| -> Vec<Day> {
            let mut days: Vec<Day> = places.into_iter().map(day_of).collect();
            days.dedup();
            days
        };
        let recent_days = distinct(recent_places);
        let are_many = are_long || recent.len() * 10 > recent_days.len() * 13;
        let at = clock.filter(|_| !are_many).and_then(|clock| clock.usual(&seconds));
        // Whoever comes round the clock has one visit that never ends, and comes on all of its days.
        let mut days = days_of(if are_many { times } else { long_ago }, calendar);
        if !are_many {
            days.extend(recent_days);
            days.dedup();
        }
        Self { days, at, are_many }
    }
}

/// Where on the clock's circle the tasks are.
#[derive(Clone, Copy)]
struct TimeOfDay {
    /// Half of them are before it.
    middle: i64,
    /// Half of them are nearer to it than that, in seconds.
    spread: i64,
}

impl TimeOfDay {
    /// `None` where they are all over the day.
    fn of(seconds: &[i64]) -> Option<Self> {
        let turn = std::f64::consts::TAU / DAY as f64;
        let (cos, sin) = seconds.iter().fold((0.0, 0.0), |(cos, sin), second| {
            let (s, c) = (*second as f64 * turn).sin_cos();
            (cos + c, sin + s)
        });
        if f64::hypot(cos, sin) < 0.5 * seconds.len() as f64 {
            return None;
        }
        let mean = (f64::atan2(sin, cos) / turn) as i64;
        let mut around: Vec<i64> = seconds.iter().map(|second| turned(second - mean)).collect();
        around.sort_unstable();
        let median = around.get(around.len() / 2).copied().unwrap_or(0);
        let mut away: Vec<i64> = around.iter().map(|second| (second - median).abs()).collect();
        away.sort_unstable();
        let spread = away.get(away.len() / 2).copied().unwrap_or(0);
        Some(Self { middle: (mean + median).rem_euclid(DAY), spread })
    }

    /// When it usually begins; `None` where luck would do for that.
    fn usual(self, seconds: &[i64]) -> Option<i64> {
        const WIDEST: i64 = 45 * 60;
        let width = (4 * self.spread + 600) as f64 / DAY as f64;
        let n = seconds.len() as f64;
        if self.spread > WIDEST || width.powf(n - 1.0) * n > 0.01 {
            return None;
        }
        // What is planned for 02:00 begins at 02:00 or a little later.
        let mut around: Vec<i64> =
            seconds.iter().map(|second| turned(second - self.middle)).collect();
        around.sort_unstable();
        let early = around.get(around.len() / 5).copied().unwrap_or(0);
        let at = (self.middle + early).rem_euclid(DAY);
        Some(at - at % 60)
    }
}

/// Seconds from half a day before to half a day after.
fn turned(seconds: i64) -> i64 {
    (seconds + DAY / 2).rem_euclid(DAY) - DAY / 2
}

/// The hours outside of which hardly anybody calls: `None` for most of the day.
fn hours(times: &[Time], calendar: &Calendar, period: i64) -> Option<Hours> {
    const MOST: usize = 14;
    if times.len() < 20 || period > 3_600 {
        return None;
    }
    let mut counts = [0_usize; 24];
    for time in times {
        counts[(calendar.place(*time).1 / 3_600) as usize % 24] += 1;
    }
    // The shortest stretch, round the clock, with 98 of 100 calls.
    let needed = times.len() * 98 / 100;
    (1..=MOST).find_map(|length| {
        let sum = |from: usize| (from..from + length).map(|hour| counts[hour % 24]).sum::<usize>();
        let from = (0..24).find(|&from| sum(from) >= needed)?;
        Some(Hours(from as u8, ((from + length) % 24) as u8))
    })
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = if self.1 == 0 { 24 } else { self.1 };
        write!(f, "{:02}:00-{end:02}:00", self.0)
    }
}

impl Cadence {
    /// It in words: "every day at 02:00".
    pub fn said(&self, language: Language) -> String {
        match language {
            Language::English => self.to_string(),
            Language::French => french::cadence(self),
        }
    }
}

impl fmt::Display for Cadence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |f: &mut fmt::Formatter<'_>, days: &DayRule, hours: &Option<Hours>| {
            match *days {
                DayRule::DAILY => {}
                DayRule::WORKDAYS => f.write_str(", on workdays")?,
                days => write!(f, ", {days}")?,
            }
            hours.map_or(Ok(()), |hours| write!(f, ", {hours}"))
        };
        match self {
            Self::Once => f.write_str("seen once"),
            Self::Irregular { days, hours } => {
                f.write_str("irregular")?;
                part(f, days, hours)
            }
            Self::Every { seconds, days, hours } => {
                match seconds {
                    60 => f.write_str("every minute")?,
                    3_600 => f.write_str("every hour")?,
                    seconds if seconds % 3_600 == 0 => {
                        write!(f, "every {} hours", seconds / 3_600)?
                    }
                    seconds => write!(f, "every {} minutes", seconds / 60)?,
                }
                part(f, days, hours)
            }
            Self::Days { rule, at: None } => write!(f, "{rule}"),
            Self::Days { rule, at: Some(at) } => {
                write!(f, "{rule} at {:02}:{:02}", at / 3_600, at % 3_600 / 60)
            }
        }
    }
}

impl Serialize for Cadence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

//! Callers that are made up: what they do is known, so what is found out about them can be marked.
//!
//! Nothing here uses the calendar of the crate that is tested: dates are jiff's.

#![allow(dead_code, reason = "the proof and the test each use a part")]
#![allow(clippy::expect_used, reason = "helpers of tests")]

mod dice;
pub(crate) mod score;
pub(crate) mod traps;

use dolmen_model::Time;
use dolmen_verdict::{Caller, Coverage, Sighting};
use jiff::civil::{Date, Weekday, date};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};

pub(crate) use dice::Dice;

/// What a caller does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Habit {
    /// People, in office hours, not on holidays.
    Office,
    /// Every so many minutes, round the clock.
    Minutes(i64),
    /// Every so many hours, round the clock.
    Hours(i64),
    /// Every night.
    Nightly,
    /// On one weekday (Monday is 0).
    Weekly(i8),
    /// On one day of the month.
    MonthDay(i8),
    /// On the last day of the month.
    MonthEnd,
    /// On the first of a weekday in the month.
    FirstWeekday(i8),
    /// On the first day of a quarter, or on its last.
    Quarter(bool),
    /// Once a year.
    Year(i8, i8),
    /// Now and then, so many days apart.
    Irregular(i64),
}

/// The class that a cadence must be found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    Minutes,
    Hours,
    Daily,
    Weekly,
    MonthDay,
    MonthEnd,
    MonthWeekday,
    Quarter,
    Year,
    Irregular,
}

impl Habit {
    pub(crate) const fn class(self) -> Class {
        match self {
            Self::Office | Self::Irregular(_) => Class::Irregular,
            Self::Minutes(_) => Class::Minutes,
            Self::Hours(_) => Class::Hours,
            Self::Nightly => Class::Daily,
            Self::Weekly(_) => Class::Weekly,
            Self::MonthDay(_) => Class::MonthDay,
            Self::MonthEnd => Class::MonthEnd,
            Self::FirstWeekday(_) => Class::MonthWeekday,
            Self::Quarter(_) => Class::Quarter,
            Self::Year(..) => Class::Year,
        }
    }

    /// One of each class in turn.
    pub(crate) fn of(number: usize, dice: &mut Dice) -> Self {
        match number % 11 {
            0 => Self::Office,
            1 => Self::Minutes(*dice.pick(&[1, 5, 5, 5, 10, 15, 30])),
            2 => Self::Hours(*dice.pick(&[1, 1, 2, 3, 4, 6])),
            3 => Self::Nightly,
            4 => Self::Weekly(dice.between(0, 6) as i8),
            5 => Self::MonthDay(dice.between(1, 28) as i8),
            6 => Self::MonthEnd,
            7 => Self::FirstWeekday(if dice.happens(0.7) { 0 } else { dice.between(0, 6) as i8 }),
            8 => Self::Quarter(dice.happens(0.5)),
            9 => Self::Year(dice.between(1, 12) as i8, dice.between(1, 28) as i8),
            _ => Self::Irregular(*dice.pick(&[1, 2, 5, 12, 30])),
        }
    }
}

/// One caller and its calls.
#[derive(Clone, Debug)]
pub(crate) struct Played {
    pub(crate) habit: Habit,
    pub(crate) hosts: usize,
    /// Whether rules know its name.
    pub(crate) is_named: bool,
    /// Every call, whether a log was there or not; sorted.
    pub(crate) calls: Vec<(Time, usize)>,
}

/// How clumsy callers are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Luck {
    /// The share of fires that do not come.
    pub(crate) missed: f64,
    /// The share of calls that are repeated within minutes.
    pub(crate) retried: f64,
    /// The deviation of the time of the day, in seconds.
    pub(crate) jitter: f64,
    /// Whether two hosts take turns.
    pub(crate) in_turn: bool,
}

impl Luck {
    pub(crate) fn of(dice: &mut Dice) -> Self {
        Self {
            missed: *dice.pick(&[0.0, 0.0, 0.02, 0.05]),
            retried: *dice.pick(&[0.0, 0.0, 0.1, 0.3]),
            jitter: *dice.pick(&[2.0, 20.0, 120.0, 600.0]),
            in_turn: dice.happens(0.15),
        }
    }
}

pub(crate) fn zone() -> TimeZone {
    TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("the zone of Paris")
}

pub(crate) fn instant(day: Date, seconds: i64, zone: &TimeZone) -> Time {
    let at = day.at(0, 0, 0, 0).checked_add(Span::new().seconds(seconds)).expect("a day of ours");
    let at = at.to_zoned(zone.clone()).expect("a day of ours").timestamp();
    Time::from_micros(at.as_microsecond())
}

fn is_holiday(day: Date) -> bool {
    let (month, of_month) = (day.month(), day.day());
    matches!((month, of_month), (1, 1) | (5, 1) | (5, 8) | (7, 14) | (8, 15) | (11, 1) | (11, 11))
        || (month == 12 && of_month >= 24)
}

fn fires_on(habit: Habit, day: Date) -> bool {
    let first_of = |weekday: i8| day.day() <= 7 && day.weekday().to_monday_zero_offset() == weekday;
    match habit {
        Habit::Nightly => true,
        Habit::Weekly(weekday) => day.weekday().to_monday_zero_offset() == weekday,
        Habit::MonthDay(number) => day.day() == number,
        Habit::MonthEnd => day == day.last_of_month(),
        Habit::FirstWeekday(weekday) => first_of(weekday),
        Habit::Quarter(true) => day.day() == 1 && (day.month() - 1) % 3 == 0,
        Habit::Quarter(false) => day == day.last_of_month() && day.month() % 3 == 0,
        Habit::Year(month, number) => (day.month(), day.day()) == (month, number),
        _ => false,
    }
}

/// Plays a caller from the first day to before the last.
pub(crate) fn play(habit: Habit, from: Date, to: Date, luck: Luck, dice: &mut Dice) -> Played {
    let zone = zone();
    let mut fires: Vec<Time> = Vec::new();
    let second = dice.between(0, 47) * 1_800;
    match habit {
        Habit::Minutes(_) | Habit::Hours(_) => {
            let period = match habit {
                Habit::Minutes(minutes) => minutes * 60,
                Habit::Hours(hours) => hours * 3_600,
                _ => unreachable!("only these two"),
            };
            let mut at = instant(from, dice.between(0, period - 1), &zone).seconds();
            let end = instant(to, 0, &zone).seconds();
            let jitter = luck.jitter.min(period as f64 / 40.0);
            while at < end {
                if !dice.happens(luck.missed) {
                    let late = dice.around(jitter).abs() as i64;
                    fires.push(Time::from_seconds(at + late).expect("a time of ours"));
                }
                at += period;
            }
        }
        Habit::Irregular(days) => {
            let mut at = instant(from, 0, &zone).seconds() as f64;
            let end = instant(to, 0, &zone).seconds() as f64;
            loop {
                at += dice.waits(days as f64 * 86_400.0);
                if at >= end {
                    break;
                }
                fires.push(Time::from_seconds(at as i64).expect("a time of ours"));
            }
        }
        Habit::Office => {
            let a_day = dice.between(1, 12);
            for day in days(from, to) {
                let works = !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
                if works && !is_holiday(day) {
                    let visits = dice.between(0, 2 * a_day);
                    for _ in 0..visits {
                        fires.push(instant(day, dice.between(8 * 3_600, 18 * 3_600), &zone));
                    }
                }
            }
        }
        _ => {
            for day in days(from, to).filter(|day| fires_on(habit, *day)) {
                if !dice.happens(luck.missed) {
                    let late = dice.around(luck.jitter).abs() as i64;
                    fires.push(instant(day, second + late, &zone));
                }
            }
        }
    }
    let hosts = if luck.in_turn && is_rare(habit) { 2 } else { 1 };
    let mut calls = Vec::new();
    for (number, fire) in fires.into_iter().enumerate() {
        let host = number % hosts;
        calls.push((fire, host));
        if is_rare(habit) && dice.happens(luck.retried) {
            for _ in 0..dice.between(1, 3) {
                let later = fire.seconds() + dice.between(60, 900);
                calls.push((Time::from_seconds(later).expect("a time of ours"), host));
            }
        }
    }
    calls.sort_unstable();
    Played { habit, hosts, is_named: false, calls }
}

/// Whether it calls at most once a day.
fn is_rare(habit: Habit) -> bool {
    !matches!(habit, Habit::Office | Habit::Minutes(_) | Habit::Hours(_) | Habit::Irregular(_))
}

pub(crate) fn days(from: Date, to: Date) -> impl Iterator<Item = Date> {
    from.series(1.day()).take_while(move |day| *day < to)
}

/// A first day.
pub(crate) fn some_day(dice: &mut Dice) -> Date {
    date(2018, 1, 1).checked_add((dice.between(0, 364) as i32).days()).expect("a day of ours")
}

/// Logs from the first day to before the last, with gaps.
pub(crate) fn coverage(from: Date, to: Date, gaps: i64, dice: &mut Dice) -> Coverage {
    let zone = zone();
    let (start, end) = (instant(from, 0, &zone), instant(to, 0, &zone));
    let whole = Coverage::new([(start, end)]);
    whole.except((0..gaps).map(|_| {
        let at = dice.between(start.seconds(), end.seconds());
        let length = (dice.unit().powi(3) * 4.0 * 86_400.0) as i64 + 3_600;
        let time = |seconds| Time::from_seconds(seconds).expect("a time of ours");
        (time(at - at % 3_600), time(at - at % 3_600 + length))
    }))
}

/// What logs show of a caller, host by host: one a minute.
#[derive(Clone, Debug)]
pub(crate) struct Logged {
    is_named: bool,
    hosts: Vec<Vec<Time>>,
}

impl Logged {
    pub(crate) fn of(played: &Played, coverage: &Coverage) -> Self {
        let mut hosts = vec![Vec::new(); played.hosts];
        let minute = |time: Time| time.seconds().div_euclid(60);
        for &(time, host) in &played.calls {
            let times: &mut Vec<Time> = &mut hosts[host];
            let is_new = times.last().is_none_or(|last| minute(*last) != minute(time));
            let next = Time::from_micros(time.micros() + 1);
            if is_new && coverage.measure(time, next) > 0 {
                times.push(time);
            }
        }
        Self { is_named: played.is_named, hosts }
    }

    /// What a store would say before an instant.
    pub(crate) fn sightings(&self, name: &str, before: Time) -> Vec<Sighting> {
        /// As a store does: minutes that are told apart before only days are.
        const MINUTES: usize = 4_096;

        let seen = |(host, times): (usize, &Vec<Time>)| {
            let times = &times[..times.partition_point(|time| *time < before)];
            let fine = times.len().saturating_sub(MINUTES);
            let mut kept: Vec<Time> = times[..fine].to_vec();
            kept.dedup_by_key(|time| time.seconds().div_euclid(86_400));
            kept.extend_from_slice(&times[fine..]);
            Sighting {
                caller: Caller {
                    actor: self.is_named.then(|| name.to_owned()),
                    address: Some(format!("10.0.0.{host}")),
                    user_agent: Some(name.to_owned()),
                    is_hidden: false,
                },
                calls: times.len() as u64,
                last: times.last().copied(),
                fine_from: (fine > 0).then(|| times[fine]),
                times: kept,
            }
        };
        let sightings = self.hosts.iter().enumerate().map(seen);
        sightings.filter(|sighting| !sighting.times.is_empty()).collect()
    }
}

//! Callers that were once taken for gone: each goes on, or leaves and comes back.

use dolmen_model::Time;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};

use super::score::{Operation, Operations, marked};
use super::{Dice, Habit, Luck, Played, days, instant, play, zone};

/// What was once not seen through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trap {
    /// Somebody irregular goes on for two years.
    GoesOn,
    /// The same, and the operation is declared as retired half-way.
    Declared,
    /// A nightly or weekly task ends; a monthly one of the same machine goes on.
    Hidden,
    /// The same, declared as retired when the first one ends.
    HiddenDeclared,
    /// A nightly task is a monthly one from some day on, at the same time.
    Changed,
    /// Of ten hosts of a named actor nine leave on a day; one goes on.
    LeftBehind,
    /// The same, declared as retired on that day.
    LeftBehindDeclared,
    /// The first workdays of each quarter, or of each month.
    Campaign,
    /// Two days each March.
    Audit,
    /// Workdays, but for August and the end of the year.
    Closed,
    /// Every ten minutes of workdays, but for July and August.
    School,
}

/// When a log of these callers begins, and ends.
const FROM: Date = date(2022, 11, 1);
const TO: Date = date(2024, 12, 1);

impl Trap {
    pub(crate) const ALL: [Self; 11] = [
        Self::GoesOn,
        Self::Declared,
        Self::Hidden,
        Self::HiddenDeclared,
        Self::Changed,
        Self::LeftBehind,
        Self::LeftBehindDeclared,
        Self::Campaign,
        Self::Audit,
        Self::Closed,
        Self::School,
    ];

    /// Those in which luck alone decides: nobody has a rhythm.
    pub(crate) const LUCK: [Self; 4] =
        [Self::GoesOn, Self::Declared, Self::LeftBehind, Self::LeftBehindDeclared];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::GoesOn => "irregular, goes on",
            Self::Declared => "irregular, declared as retired, goes on",
            Self::Hidden => "monthly beside nightly or weekly on one machine",
            Self::HiddenDeclared => "the same, declared as retired",
            Self::Changed => "nightly, then monthly",
            Self::LeftBehind => "the last of ten hosts",
            Self::LeftBehindDeclared => "the same, declared as retired",
            Self::Campaign => "a few days each quarter or month",
            Self::Audit => "two days a year",
            Self::Closed => "closed in August",
            Self::School => "a school's year",
        }
    }

    /// Of those, how many were judged wrongly: called safe before a call came; where that cannot be
    /// known the first time, once more.
    pub(crate) const fn wrong(self, score: &Operations) -> u32 {
        match self {
            Self::Changed => score.again,
            _ => score.too_early,
        }
    }

    /// Plays it so often.
    pub(crate) fn played(self, seed: u64, number: u64, alpha: f64) -> Operations {
        marked(seed, number, |dice| self.operation(dice).score(alpha))
    }

    fn operation(self, dice: &mut Dice) -> Operation {
        let turn = some_day(300, 560, dice);
        // A campaign is as old as the logs, or new.
        let begun = if dice.happens(0.5) { FROM } else { turn };
        let (calls, hosts, habit) = match self {
            Self::GoesOn | Self::Declared => {
                let habit = Habit::Irregular(*dice.pick(&[5, 12, 30]));
                let luck = Luck { missed: 0.0, retried: 0.0, jitter: 0.0, in_turn: false };
                (play(habit, FROM, TO, luck, dice).calls, 1, habit)
            }
            Self::Hidden | Self::HiddenDeclared => {
                let habit = *dice.pick(&[Habit::Nightly, Habit::Weekly(2)]);
                let mut calls = tasks(FROM, turn, 2, dice, |day| super::fires_on(habit, day));
                calls.extend(tasks(FROM, TO, 6, dice, |day| day.day() == 1));
                (calls, 1, habit)
            }
            Self::Changed => {
                let mut calls = tasks(FROM, turn, 2, dice, |_| true);
                calls.extend(tasks(turn, TO, 2, dice, |day| day.day() == 1));
                (calls, 1, Habit::Nightly)
            }
            Self::LeftBehind | Self::LeftBehindDeclared => {
                let habit = Habit::Irregular(14);
                let luck = Luck { missed: 0.0, retried: 0.0, jitter: 0.0, in_turn: false };
                let mut all = Vec::new();
                for host in 0..10 {
                    let end = if host == 0 { TO } else { turn };
                    let calls = play(habit, FROM, end, luck, dice).calls;
                    all.extend(calls.into_iter().map(|(time, _)| (time, host)));
                }
                (all, 10, habit)
            }
            Self::Campaign => {
                let (every, first) = *dice.pick(&[(3, 1), (3, 1), (1, 1), (1, 20)]);
                let number = dice.between(4, 6) as usize;
                let is_one = |day: Date| (day.month() - 1) % every == 0;
                let on = move |day: Date| is_one(day) && is_workday_of(day, first, number);
                (tasks(begun, TO, 10, dice, on), 1, Habit::Nightly)
            }
            Self::Audit => {
                let begins = dice.between(1, 27) as i8;
                let on = |day: Date| day.month() == 3 && (0..2).contains(&(day.day() - begins));
                (tasks(FROM, TO, 10, dice, on), 1, Habit::Nightly)
            }
            Self::Closed => {
                let is_open = |day: Date| {
                    works(day) && day.month() != 8 && !(day.month() == 12 && day.day() >= 24)
                };
                (tasks(FROM, TO, 7, dice, is_open), 1, Habit::Nightly)
            }
            Self::School => {
                let open =
                    days(FROM, TO).filter(|day| works(*day) && ![7, 8].contains(&day.month()));
                let calls = open.flat_map(|day| {
                    (0..60).map(move |n| (instant(day, 28_800 + n * 600, &zone()), 0))
                });
                (calls.collect(), 1, Habit::Minutes(10))
            }
        };
        let mut calls: Vec<(Time, usize)> = calls;
        calls.sort_unstable();
        let is_declared =
            matches!(self, Self::Declared | Self::HiddenDeclared | Self::LeftBehindDeclared);
        let is_named = hosts > 1;
        let mut callers = vec![Played { habit, hosts, is_named, calls }];
        if self == Self::Campaign {
            // Somebody whose habits are known, and who leaves as it begins.
            let gone = begun.checked_add(100.days()).expect("a day of ours");
            let calls = tasks(FROM, gone, 2, dice, |_| true);
            callers.push(Played { habit: Habit::Nightly, hosts: 1, is_named, calls });
        }
        Operation::made(callers, (FROM, TO), is_declared.then_some(turn), false)
    }
}

/// So many days after the first one.
fn some_day(least: i64, most: i64, dice: &mut Dice) -> Date {
    FROM.checked_add((dice.between(least, most) as i32).days()).expect("a day of ours")
}

/// A call on each such day, a few seconds after the hour.
fn tasks(
    from: Date,
    to: Date,
    hour: i64,
    dice: &mut Dice,
    is_due: impl Fn(Date) -> bool,
) -> Vec<(Time, usize)> {
    let due = days(from, to).filter(|day| is_due(*day));
    let late = |dice: &mut Dice| dice.around(20.0).abs() as i64;
    due.map(|day| (instant(day, hour * 3_600 + late(dice), &zone()), 0)).collect()
}

fn works(day: Date) -> bool {
    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// Whether it is one of so many workdays from a day of the month on.
fn is_workday_of(day: Date, first: i8, number: usize) -> bool {
    let before = (first..day.day()).filter_map(|of_month| date_of(day, of_month));
    day.day() >= first && works(day) && before.filter(|day| works(*day)).count() < number
}

fn date_of(day: Date, of_month: i8) -> Option<Date> {
    Date::new(day.year(), day.month(), of_month).ok()
}

//! Marks: cadences found, and operations called safe too early.

use std::collections::BTreeMap;
use std::fmt;

use dolmen_model::Time;
use dolmen_verdict::{
    ALPHA, Cadence, Calendar, Certainty, Coverage, DayRule, Evidence, OfMonth, Population,
    Question, Sighting, State, judge,
};
use jiff::ToSpan;
use jiff::civil::Date;

use super::{Class, Dice, Habit, Logged, Luck, Played, coverage, play, some_day, zone};

/// How well classes of cadences are found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cadences {
    /// What it was and what was found, and how often.
    pub(crate) found: BTreeMap<(Class, Class), u32>,
}

impl Cadences {
    /// How many of those that are called so are so.
    pub(crate) fn precision(&self, class: Class) -> f64 {
        let all: u32 = self.found.iter().filter(|(key, _)| key.1 == class).map(|(_, n)| n).sum();
        f64::from(self.right(class)) / f64::from(all.max(1))
    }

    /// How many of those that are so are found.
    pub(crate) fn recall(&self, class: Class) -> f64 {
        f64::from(self.right(class)) / f64::from(self.all(class).max(1))
    }

    pub(crate) fn all(&self, class: Class) -> u32 {
        self.found.iter().filter(|(key, _)| key.0 == class).map(|(_, n)| n).sum()
    }

    fn right(&self, class: Class) -> u32 {
        self.found.get(&(class, class)).copied().unwrap_or(0)
    }

    pub(crate) fn classes(&self) -> Vec<Class> {
        let mut classes: Vec<Class> = self.found.keys().map(|key| key.0).collect();
        classes.sort_unstable();
        classes.dedup();
        classes
    }
}

fn class_of(cadence: Cadence, certainty: Certainty) -> Class {
    match cadence {
        _ if certainty != Certainty::Cadence => Class::Irregular,
        Cadence::Once | Cadence::Irregular { .. } => Class::Irregular,
        Cadence::Every { seconds, .. } if seconds < 3_600 => Class::Minutes,
        Cadence::Every { .. } => Class::Hours,
        Cadence::Days { rule, .. } => match rule {
            DayRule::Weekdays(mask) if mask.count_ones() == 1 => Class::Weekly,
            DayRule::Weekdays(_) | DayRule::Interval { .. } => Class::Daily,
            DayRule::Months { every: 1, day, .. } => match day {
                OfMonth::Day(_) => Class::MonthDay,
                OfMonth::Last => Class::MonthEnd,
                _ => Class::MonthWeekday,
            },
            DayRule::Months { every: 12, .. } => Class::Year,
            DayRule::Months { .. } => Class::Quarter,
        },
    }
}

/// How long one must look to see some hits of a habit.
fn years_for(habit: Habit) -> i32 {
    match habit {
        Habit::Year(..) => 9,
        Habit::Quarter(_) => 4,
        Habit::MonthDay(_) | Habit::MonthEnd | Habit::FirstWeekday(_) => 3,
        _ => 1,
    }
}

fn question(at: Time, alpha: f64) -> Question {
    Question { at, calendar: Calendar::new(zone()), alpha }
}

/// Marks so many callers, each seen at least five times.
pub(crate) fn cadences(seed: u64, callers: usize) -> Cadences {
    let mut score = Cadences::default();
    for number in 0..callers {
        let mut dice = Dice::new(seed.wrapping_mul(0x0001_0000_0001) ^ number as u64);
        let habit = Habit::of(number, &mut dice);
        let from = some_day(&mut dice);
        let to = match habit {
            Habit::Minutes(_) => from.checked_add((dice.between(1, 20) as i32).days()),
            Habit::Hours(_) => from.checked_add((dice.between(3, 60) as i32).days()),
            habit => from.checked_add(years_for(habit).years()),
        };
        let to = to.expect("a day of ours");
        let mut luck = Luck::of(&mut dice);
        luck.missed = luck.missed.min(0.05);
        let played = play(habit, from, to, luck, &mut dice);
        let gaps = dice.between(0, 2);
        let logs = coverage(from, to, gaps, &mut dice);
        // From five hits on: any number of them, few as likely as many.
        let hits = distinct(&played);
        if hits.len() < 6 {
            continue;
        }
        let most = hits.len() as f64;
        let seen = (5.0 * (most / 5.0).powf(dice.unit())) as usize;
        let end = Time::from_micros(hits[seen.clamp(5, hits.len() - 1)].micros());
        let logs = logs.except([(end, Time::MAX)]);
        let seen: Vec<Sighting> = Logged::of(&played, &logs).sightings("script", end);
        if seen.iter().map(|sighting| sighting.times.len()).sum::<usize>() < 5 {
            continue;
        }
        let evidence = Evidence {
            operation: "one".to_owned(),
            sightings: seen,
            coverage: logs,
            ..Evidence::default()
        };
        let verdict = judge(&evidence, &Population::default(), &question(end, ALPHA));
        let caller = verdict.callers.first().expect("somebody called");
        let found = class_of(caller.cadence, caller.certainty);
        *score.found.entry((habit.class(), found)).or_default() += 1;
    }
    score
}

/// Fires, without what is repeated within the hour.
fn distinct(played: &Played) -> Vec<Time> {
    let apart = match played.habit {
        Habit::Minutes(_) => 30,
        Habit::Hours(_) | Habit::Office | Habit::Irregular(_) => 60,
        _ => 4_000,
    };
    let mut hits: Vec<Time> = Vec::new();
    for &(time, _) in &played.calls {
        if hits.last().is_none_or(|last| time.seconds() - last.seconds() > apart) {
            hits.push(time);
        }
    }
    hits
}

/// How operations fared that were watched for years.
#[derive(Clone, Debug, Default)]
pub(crate) struct Operations {
    pub(crate) operations: u32,
    /// Operations that were once called safe before a call came.
    pub(crate) too_early: u32,
    /// Operations that were once called safe again, after a call had shown that they were not, and
    /// then another one came.
    pub(crate) again: u32,
    /// Operations that nobody calls in the end.
    pub(crate) ended: u32,
    /// Of these, called safe before the end of the logs.
    pub(crate) found: u32,
    /// Of these, operations that no silence will ever prove safe.
    pub(crate) never: u32,
    /// Days from the true last call to "safe".
    pub(crate) waited: Vec<f64>,
    /// Callers of each class, and those of them who came after they were thought gone.
    pub(crate) classes: BTreeMap<Class, (u32, u32)>,
    /// What was called safe too early, for whoever wants to know.
    pub(crate) early: Vec<String>,
}

impl Operations {
    pub(crate) fn median_wait(&self) -> f64 {
        let mut waited = self.waited.clone();
        waited.sort_by(f64::total_cmp);
        waited.get(waited.len() / 2).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn early_share(&self) -> f64 {
        f64::from(self.too_early) / f64::from(self.operations.max(1))
    }

    fn add(&mut self, other: Self) {
        self.operations += other.operations;
        self.too_early += other.too_early;
        self.again += other.again;
        self.ended += other.ended;
        self.found += other.found;
        self.never += other.never;
        self.waited.extend(other.waited);
        self.early.extend(other.early);
        for (class, (all, early)) in other.classes {
            let known = self.classes.entry(class).or_default();
            *known = (known.0 + all, known.1 + early);
        }
    }
}

/// One operation, as it is played.
pub(crate) struct Operation {
    pub(crate) callers: Vec<Played>,
    logged: Vec<Logged>,
    pub(crate) logs: Coverage,
    end: Time,
    retired: Option<Time>,
    /// The day of it.
    pub(crate) retired_on: Option<Date>,
    has_ended: bool,
}

fn later(day: Date, days: i64) -> Date {
    day.checked_add((days as i32).days()).expect("a day of ours")
}

/// How operations end.
#[derive(Clone, Copy)]
pub(crate) struct Fates {
    /// The share that moves on a day that is announced, from which on it is retired.
    moves: f64,
    /// With it, the share whose callers stop at all.
    stops: f64,
    /// Of the callers but the first of an operation that moves, the share that is forgotten.
    forgotten: f64,
}

/// As they do.
pub(crate) const USUAL: Fates = Fates { moves: 0.4, stops: 0.8, forgotten: 0.1 };
/// All are retired, and most callers are forgotten: the day that was declared is wrong about them.
pub(crate) const FORGOTTEN: Fates = Fates { moves: 1.0, stops: 1.0, forgotten: 1.0 };

fn operation(fates: Fates, dice: &mut Dice) -> Operation {
    let from = some_day(dice);
    let days = dice.between(500, 1_600);
    played_by(fates, from, days, dice, |dice| {
        let gaps = dice.between(0, 4);
        coverage(from, later(from, days), gaps, dice)
    })
}

/// Plays an operation from a day on, for so many days; the logs are made once the callers are.
pub(crate) fn played(
    from: Date,
    days: i64,
    dice: &mut Dice,
    logs: impl FnOnce(&mut Dice) -> Coverage,
) -> Operation {
    played_by(USUAL, from, days, dice, logs)
}

fn played_by(
    fates: Fates,
    from: Date,
    days: i64,
    dice: &mut Dice,
    logs: impl FnOnce(&mut Dice) -> Coverage,
) -> Operation {
    // Some stop when they like, some move on a day that is announced, some stay.
    let fate = dice.unit();
    let moves = (fate < fates.moves).then(|| dice.between(200, days - 100));
    let stops = fate < fates.stops;
    let mut callers = Vec::new();
    let number = dice.between(1, 4);
    let mut last_day = 0;
    for at in 0..number {
        let kind = dice.between(0, 10) as usize;
        let habit = Habit::of(kind, dice);
        let stop = match moves {
            // A week and a bit; one of ten is forgotten, and found later.
            Some(day) if at > 0 && dice.happens(fates.forgotten) => {
                (day + dice.between(20, 200)).min(days)
            }
            Some(day) => (day + dice.between(0, 8)).min(days),
            None if stops => dice.between(60, days),
            None => days,
        };
        last_day = last_day.max(stop);
        let start = if dice.happens(0.2) { dice.between(0, stop / 2) } else { 0 };
        let luck = Luck::of(dice);
        callers.push(play(habit, later(from, start), later(from, stop), luck, dice));
    }
    let logs = logs(dice);
    let instant = |day: i64| {
        let zoned = later(from, day).to_zoned(jiff::tz::TimeZone::UTC).expect("a day of ours");
        Time::from_micros(zoned.timestamp().as_microsecond())
    };
    let retired = moves.map(|day| instant(day + 8));
    let retired_on = moves.map(|day| later(from, day + 8));
    let logged = callers.iter().map(|played| Logged::of(played, &logs)).collect();
    let (end, has_ended) = (instant(days), last_day < days);
    Operation { callers, logged, logs, end, retired, retired_on, has_ended }
}

impl Operation {
    /// What logs show of its callers before an instant.
    pub(crate) fn sightings(&self, before: Time) -> Vec<Sighting> {
        let logged = self.logged.iter().enumerate();
        logged.flat_map(|(at, logged)| logged.sightings(&format!("script {at}"), before)).collect()
    }

    fn evidence(&self, before: Time) -> Evidence {
        let sightings = self.sightings(before);
        Evidence {
            operation: "one".to_owned(),
            sightings,
            coverage: self.logs.clone(),
            retired: self.retired,
            ..Evidence::default()
        }
    }

    /// Callers that are made by hand, in logs without a gap; nobody calls any more at the end if
    /// `has_ended`.
    pub(crate) fn made(
        callers: Vec<Played>,
        (from, to): (Date, Date),
        retired_on: Option<Date>,
        has_ended: bool,
    ) -> Self {
        let instant = |day: Date| super::instant(day, 0, &zone());
        let logs = Coverage::new([(instant(from), instant(to))]);
        let logged = callers.iter().map(|played| Logged::of(played, &logs)).collect();
        let retired = retired_on.map(instant);
        Self { callers, logged, logs, end: instant(to), retired, retired_on, has_ended }
    }

    /// How it fares where so much chance of an error is allowed.
    pub(crate) fn score(&self, alpha: f64) -> Operations {
        let mut calls: Vec<Time> =
            self.callers.iter().flat_map(|played| &played.calls).map(|(time, _)| *time).collect();
        calls.sort_unstable();
        calls.retain(|time| *time < self.end);
        let mut score = Operations { operations: 1, ..Operations::default() };
        for played in &self.callers {
            score.classes.entry(played.habit.class()).or_default().0 += 1;
        }
        let is_long = |pair: &&[Time]| pair[1].seconds() - pair[0].seconds() > 5 * 86_400;
        for pair in calls.windows(2).filter(is_long) {
            // The last moment before somebody comes back.
            let at = Time::from_micros(pair[1].micros() - 1);
            let verdict = judge(&self.evidence(at), &Population::default(), &question(at, alpha));
            if verdict.state.is_safe() && score.too_early == 1 {
                score.again = 1;
                break;
            }
            if verdict.state.is_safe() {
                score.too_early = 1;
                let came = |played: &&Played| played.calls.iter().any(|call| call.0 == pair[1]);
                if let Some(back) = self.callers.iter().find(came) {
                    score.classes.entry(back.habit.class()).or_default().1 += 1;
                }
                let silent = (pair[1].seconds() - pair[0].seconds()) as f64 / 86_400.0;
                let habits: Vec<Habit> = self.callers.iter().map(|played| played.habit).collect();
                let retired = self.retired.map(|time| time.to_string());
                score.early.push(format!(
                    "{silent:.0} days before {at}: {habits:?}, retired {retired:?}: {:?}",
                    verdict
                        .callers
                        .iter()
                        .map(|caller| (
                            caller.cadence.to_string(),
                            caller.hits,
                            caller.misses,
                            caller.missed_in_a_row,
                            caller.p_alive
                        ))
                        .collect::<Vec<_>>()
                ));
            }
        }
        if let Some(last) = calls.last().filter(|_| self.has_ended) {
            score.ended = 1;
            let question = question(self.end, alpha);
            let verdict = judge(&self.evidence(self.end), &Population::default(), &question);
            if let (true, Some(safe_on)) = (verdict.state.is_safe(), verdict.safe_on) {
                score.found = 1;
                score.waited.push((safe_on.seconds() - last.seconds()) as f64 / 86_400.0);
            }
            score.never = u32::from(verdict.safe_on.is_none());
            assert_ne!(verdict.state, State::NeverSeen);
        }
        score
    }
}

/// Marks so many operations, on all cores.
pub(crate) fn operations(fates: Fates, seed: u64, number: u64, alpha: f64) -> Operations {
    marked(seed, number, |dice| operation(fates, dice).score(alpha))
}

/// The same of whatever operations are played.
pub(crate) fn marked(
    seed: u64,
    number: u64,
    scored: impl Fn(&mut Dice) -> Operations + Sync,
) -> Operations {
    let next = std::sync::atomic::AtomicU64::new(0);
    let work = || {
        let mut score = Operations::default();
        loop {
            let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            if at >= number {
                return score;
            }
            let mut dice = Dice::new(seed.wrapping_mul(0x0002_0000_0003) ^ at);
            score.add(scored(&mut dice));
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut all = Operations::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            all.add(worker.join().expect("a worker that ends"));
        }
    });
    all
}

impl fmt::Display for Cadences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<14} {:>8} {:>10} {:>8}   found as",
            "class", "callers", "precision", "recall"
        )?;
        for class in self.classes() {
            let (precision, recall) = (self.precision(class), self.recall(class));
            let name = format!("{class:?}");
            write!(f, "{name:<14} {:>8} {precision:>10.3} {recall:>8.3}  ", self.all(class))?;
            for ((_, found), number) in self.found.iter().filter(|(key, _)| key.0 == class) {
                if *found != class {
                    write!(f, " {found:?} {number}")?;
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Operations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} operations: {} called safe before a call came ({:.1} %)",
            self.operations,
            self.too_early,
            100.0 * self.early_share()
        )?;
        writeln!(f, "of these, {} were once more", self.again)?;
        let classes = self.classes.iter();
        let classes = classes.map(|(class, (all, early))| format!("{class:?} {early} of {all}"));
        writeln!(f, "who came back: {}", classes.collect::<Vec<_>>().join(", "))?;
        writeln!(
            f,
            "{} ended: {} of them found safe, {:.0} days after the last call (median); {} never will be \
             without a word",
            self.ended,
            self.found,
            self.median_wait(),
            self.never
        )
    }
}

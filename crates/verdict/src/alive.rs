//! Whether one caller is still there.

use std::rc::Rc;

use dolmen_model::Time;

use crate::cadence::{Certainty, Fit, is_covered};
use crate::calendar::{Calendar, Day};
use crate::callers::{Group, days_of};
use crate::coverage::Coverage;
use crate::silence::{alive, irregular, outlived, outlived_declared, periodic};

const DAY: f64 = 86_400e6;
/// Missed days in a row that are counted: the chance of more is none.
const ROW: usize = 60;
/// Nobody looks further ahead.
const AHEAD: i32 = 36_600;
/// Somebody without a rhythm must be silent for so many times his longest silence.
const LONGER: f64 = 1.5;
/// The period of a caller without a rhythm, where one is needed.
const NO_PERIOD: f64 = 14.0;

/// One caller's silence, as it grows.
#[derive(Clone, Debug)]
pub(crate) struct Silence {
    pub(crate) group: Group,
    /// When he would have been seen; it goes on for ever.
    pub(crate) coverage: Rc<Coverage>,
    /// An owner says that he is gone.
    pub(crate) has_word: bool,
    /// Due days after the last call, [from, to).
    due: Vec<(Time, Time)>,
    /// Days with a call.
    pub(crate) days: u32,
    /// Covered days from the first call to the last.
    pub(crate) within: f64,
    /// His longest silence so far, in covered days.
    pub(crate) longest: f64,
    /// How likely he was there, before this silence was looked at.
    before: f64,
    /// The same, and since when he is silent, if somebody said when he should be gone.
    declared: Option<(f64, Time)>,
}

impl Silence {
    /// `coverage` goes on for ever. `declared`: since when he should be gone, as somebody said.
    pub(crate) fn of(
        group: Group,
        has_word: bool,
        declared: Option<Time>,
        coverage: &Rc<Coverage>,
        calendar: &Calendar,
    ) -> Self {
        let called = days_of(&group.times, calendar);
        let days = called.len() as u32;
        let first = group.times.first().copied().unwrap_or(group.last);
        let within = coverage.measure(first, group.last) as f64 / DAY;
        let longest = longest(&group, coverage);
        let due = due(&group, called.last().copied(), coverage, calendar);
        let survived = match group.fit.certainty {
            Certainty::Cadence => group.fit.hits.saturating_sub(1),
            Certainty::Suspected | Certainty::None => days.saturating_sub(1),
        };
        let before = outlived(survived);
        let declared = declared.map(|since| {
            let after = called.partition_point(|day| calendar.start(*day) < since);
            (outlived_declared((called.len() - after) as u32), since.max(group.last))
        });
        let coverage = Rc::clone(coverage);
        Self { group, coverage, has_word, due, days, within, longest, before, declared }
    }

    pub(crate) const fn fit(&self) -> &Fit {
        &self.group.fit
    }

    /// Whether no silence is proof: he was seen on one day alone, or among so many that each of
    /// them may have been. One night is no two days, and after `keep` noon stands for a day.
    pub(crate) fn is_once(&self) -> bool {
        self.days < 2 || self.span() <= DAY || self.is_rest()
    }

    /// From the first call to the last, in microseconds.
    fn span(&self) -> f64 {
        let first = self.group.times.first().copied().unwrap_or(self.group.last);
        self.group.last.micros().saturating_sub(first.micros()) as f64
    }

    /// Since when somebody who was there would have been seen, as far as his calls tell: before the
    /// first one he may have been silent for as long as ever since.
    pub(crate) fn known_since(&self) -> Time {
        let first = self.group.times.first().copied().unwrap_or(self.group.last);
        Time::from_micros(first.micros().saturating_sub((self.longest * DAY) as i64))
    }

    /// Whether these are callers that are not told apart.
    pub(crate) fn is_rest(&self) -> bool {
        self.group.members.iter().any(|(member, _)| member.is_rest())
    }

    /// Due days in a row that passed without a call.
    pub(crate) fn missed(&self, at: Time) -> u32 {
        self.missed_since(self.group.last, at)
    }

    fn missed_since(&self, since: Time, at: Time) -> u32 {
        let over = self.due.partition_point(|(_, end)| *end <= at);
        let before = self.due.partition_point(|(start, _)| *start < since);
        over.saturating_sub(before) as u32
    }

    pub(crate) fn silent_days(&self, at: Time) -> f64 {
        self.silent_since(self.group.last, at)
    }

    fn silent_since(&self, since: Time, at: Time) -> f64 {
        self.coverage.measure(since, at) as f64 / DAY
    }

    /// How likely this silence is if the caller is still there.
    pub(crate) fn chance(&self, at: Time) -> f64 {
        self.chance_since(self.group.last, at)
    }

    fn chance_since(&self, since: Time, at: Time) -> f64 {
        if self.is_once() {
            return 1.0;
        }
        let now_and_then = || irregular(self.days - 1, self.within, self.silent_since(since, at));
        let Fit { hits, misses, certainty, .. } = *self.fit();
        let by_rule = || periodic(hits.saturating_sub(1), misses, self.missed_since(since, at));
        match certainty {
            Certainty::None => now_and_then(),
            Certainty::Suspected => by_rule().max(now_and_then()),
            Certainty::Cadence => by_rule(),
        }
    }

    /// How likely the caller is still there: by all of his silence, or by what of it was named
    /// beforehand, whichever says more.
    pub(crate) fn alive(&self, at: Time) -> f64 {
        let all = alive(self.chance(at), self.before);
        self.declared
            .map_or(all, |(before, since)| all.min(alive(self.chance_since(since, at), before)))
    }

    /// The silence, in covered days, that is longer than any before.
    pub(crate) fn needed(&self) -> f64 {
        match self.fit().certainty {
            Certainty::Cadence => self.longest,
            Certainty::Suspected | Certainty::None => self.longest * LONGER,
        }
    }

    /// Days from one call to the next, roughly.
    pub(crate) fn period(&self) -> f64 {
        self.fit().rule().map_or(NO_PERIOD, |rule| rule.period().max(1.0))
    }

    /// When he is due next, from `at` on.
    pub(crate) fn next(&self, at: Time, calendar: &Calendar) -> Option<Time> {
        let rule = self.fit().rule()?;
        let hours = self.fit().hours();
        let begins = hours.map_or(0, |hours| i64::from(hours.0) * 3_600);
        let second = self.fit().at().unwrap_or(begins);
        let today = calendar.day(at);
        let last = calendar.day(self.group.last);
        // Whoever called today already comes another day, but for those who come all day.
        let period = self.fit().period();
        if let Some(period) = period
            && rule.holds(today)
            && self.missed(at) == 0
        {
            let ago = at.seconds().saturating_sub(self.group.last.seconds()).max(0);
            let next = self.group.last.seconds().saturating_add((ago / period + 1) * period);
            let is_due = |time: &Time| {
                let (day, second) = calendar.place(*time);
                rule.holds(day) && hours.is_none_or(|hours| hours.holds(second))
            };
            let coming = |n: i64| Time::from_seconds(next.saturating_add(n * period));
            // Nights and weekends are over within so many periods.
            let turns = 8 * 86_400 / period;
            return (0..turns).filter_map(coming).find(is_due);
        }
        let mut day = today.plus(-1).max(last);
        loop {
            day = rule.after(day)?;
            let due = calendar.instant(day, second);
            if due >= at || (self.fit().at().is_none() && day >= today) {
                return Some(due.max(at));
            }
        }
    }
}

fn longest(group: &Group, coverage: &Coverage) -> f64 {
    let gaps = group.times.windows(2).map(|pair| pair[1].micros() - pair[0].micros());
    // Only what is longer than the longest so far is worth being measured.
    let mut longest = 0;
    for (pair, gap) in group.times.windows(2).zip(gaps) {
        if gap > longest {
            longest = longest.max(coverage.measure(pair[0], pair[1]));
        }
    }
    longest as f64 / DAY
}

fn due(
    group: &Group,
    last: Option<Day>,
    coverage: &Coverage,
    calendar: &Calendar,
) -> Vec<(Time, Time)> {
    let (Some(rule), Some(last)) = (group.fit.rule(), last) else { return Vec::new() };
    // A task near midnight may be on the other side of it.
    let slack = if group.fit.at().is_some_and(|at| !(3_600..82_800).contains(&at)) { 1 } else { 0 };
    (1..AHEAD)
        .map(|days| last.plus(days))
        .filter(|day| rule.holds(*day) && *day > last.plus(slack))
        .filter(|day| is_covered(*day, group.fit.at(), coverage, calendar))
        .take(ROW)
        .map(|day| (calendar.start(day.plus(-slack)), calendar.start(day.plus(1 + slack))))
        .collect()
}

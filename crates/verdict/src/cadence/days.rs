//! Which rule for days explains the days on which somebody called.
//!
//! Each rule says of each covered day whether a call is due. How well it explains what was seen is
//! the chance of exactly these days under it, whatever share of due days is kept and of other days
//! used (a beta prior of ½ and ½ on both, as in [`crate::silence`]), times how usual such rules are.
//! A rule must be twenty times as good an explanation as days without any rule ("strong evidence"
//! in R. E. Kass and A. E. Raftery, "Bayes factors", JASA 90, 1995), so that a long list of rules
//! does not find one by chance.

use crate::cadence::rule::{DayFacts, DayRule, OfMonth};
use crate::calendar::Day;
use crate::evidence::ALPHA;
use crate::silence::{alive, ln_evidence, outlived, periodic};

/// Days on which somebody called, among those on which it would have been seen.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    /// Covered days from the first call to the last, and whether there was one.
    days: Vec<(DayFacts, bool)>,
}

/// How a rule and the days agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Agreement {
    /// Due days that were kept.
    pub(crate) hits: u32,
    /// Due days that were not.
    pub(crate) misses: u32,
    /// Calls on other days.
    extra: u32,
    /// Other days without.
    quiet: u32,
}

impl Agreement {
    pub(crate) fn kept(self) -> f64 {
        f64::from(self.hits) / f64::from((self.hits + self.misses).max(1))
    }

    fn ln_evidence(self) -> f64 {
        ln_evidence(self.hits, self.misses) + ln_evidence(self.extra, self.quiet)
    }
}

/// Fewer calls show no rule.
pub(crate) const FEWEST: u32 = 3;
/// A rule of which more is missed is none.
pub(crate) const KEPT: f64 = 0.6;
/// Of the calls, this share may come on other days.
const EXTRA: f64 = 0.2;
/// Whoever keeps so many due days in a row keeps his rule.
const AGAIN: u32 = 3;
/// How many times better than no rule.
pub(crate) const BETTER: f64 = 20.0;

impl Calls {
    /// `days` with a call, sorted; of days from the first to the last, those that are covered.
    pub(crate) fn new(days: &[Day], is_covered: impl Fn(Day) -> bool) -> Self {
        let (Some(&first), Some(&last)) = (days.first(), days.last()) else {
            return Self { days: Vec::new() };
        };
        let mut calls = days.iter().copied().peekable();
        let days = (first.0..=last.0)
            .map(Day)
            .filter_map(|day| {
                let called = calls.next_if_eq(&day).is_some();
                while calls.next_if(|next| *next <= day).is_some() {}
                (called || is_covered(day)).then(|| (DayFacts::of(day), called))
            })
            .collect();
        Self { days }
    }

    fn called(&self) -> impl Iterator<Item = &DayFacts> {
        self.days.iter().filter(|(_, called)| *called).map(|(day, _)| day)
    }

    pub(crate) fn agreement(&self, rule: DayRule) -> Agreement {
        let mut agreement = Agreement::default();
        for (day, called) in &self.days {
            let count = match (rule.holds_for(day), called) {
                (true, true) => &mut agreement.hits,
                (true, false) => &mut agreement.misses,
                (false, true) => &mut agreement.extra,
                (false, false) => &mut agreement.quiet,
            };
            *count += 1;
        }
        agreement
    }

    /// The last call before the rule was broken for good: before a row of due days without a call that
    /// would have been proof that the caller is gone, if he then came back and never again on three due
    /// days in a row. What he does now is what he did since. `None` for a rule that holds.
    pub(crate) fn broken(&self, rule: DayRule) -> Option<Day> {
        let (mut hits, mut misses, mut row, mut kept) = (0_u32, 0_u32, 0_u32, 0_u32);
        let (mut last, mut broken) = (None, None);
        for (day, called) in &self.days {
            match (rule.holds_for(day), called) {
                (true, false) => row += 1,
                (true, true) => {
                    let silences = hits.saturating_sub(1);
                    let chance = periodic(silences, misses, row);
                    if alive(chance, outlived(silences)) <= ALPHA {
                        broken = broken.or(last);
                    }
                    kept = if row == 0 { kept + 1 } else { 1 };
                    if kept >= AGAIN {
                        broken = None;
                    }
                    hits += 1;
                    misses += row;
                    row = 0;
                }
                (false, _) => {}
            }
            if *called {
                last = Some(day.day);
            }
        }
        broken
    }

    /// The best of the rules that say more than "now and then", and how many times better than no rule
    /// it is.
    pub(crate) fn best_rule(&self) -> Option<(DayRule, Agreement, f64)> {
        let all = self.agreement(DayRule::DAILY);
        if all.hits < FEWEST {
            return None;
        }
        let none = all.ln_evidence();
        let apart = self.without_neighbours();
        let mut best: Option<(f64, DayRule, Agreement)> = None;
        for (rule, prior) in
            self.weekly().into_iter().chain(self.intervals()).chain(apart.monthly())
        {
            // A task of a month that took two days is one.
            let calls = if matches!(rule, DayRule::Months { .. }) { &apart } else { self };
            let agreement = calls.agreement(rule);
            let called = agreement.hits + agreement.extra;
            if agreement.hits < FEWEST
                || agreement.kept() < KEPT
                || f64::from(agreement.extra) > f64::from(called) * EXTRA
            {
                continue;
            }
            let score = agreement.ln_evidence() + f64::ln(prior);
            let is_better = score - none >= BETTER.ln();
            if is_better && best.as_ref().is_none_or(|(known, ..)| score > *known) {
                best = Some((score, rule, agreement));
            }
        }
        best.map(|(score, rule, agreement)| (rule, agreement, (score - none).exp()))
    }

    /// The best of the rules of a week, "every day" among them.
    pub(crate) fn best_week(&self) -> (DayRule, Agreement) {
        let every = (DayRule::DAILY, self.agreement(DayRule::DAILY));
        let none = every.1.ln_evidence();
        self.weekly()
            .into_iter()
            .map(|(rule, prior)| (rule, self.agreement(rule), prior))
            .filter(|(_, agreement, _)| agreement.hits >= FEWEST && agreement.kept() >= KEPT)
            .map(|(rule, agreement, prior)| (rule, agreement, agreement.ln_evidence() + prior.ln()))
            .filter(|(.., score)| score - none >= BETTER.ln())
            .max_by(|a, b| a.2.total_cmp(&b.2))
            .map_or(every, |(rule, agreement, _)| (rule, agreement))
    }

    /// The first of each run of days.
    fn without_neighbours(&self) -> Self {
        let mut last: Option<Day> = None;
        let days = self.days.iter().map(|&(day, called)| {
            let is_first = called && last.is_none_or(|last| last.plus(1) < day.day);
            if called {
                last = Some(day.day);
            }
            (day, is_first)
        });
        Self { days: days.collect() }
    }

    /// Rules of a week that may fit, and how usual they are.
    fn weekly(&self) -> Vec<(DayRule, f64)> {
        let mut days = [(0_u32, 0_u32); 7];
        for (day, called) in &self.days {
            let weekday = &mut days[usize::from(day.day.weekday())];
            weekday.0 += u32::from(*called);
            weekday.1 += 1;
        }
        let mut usual = 0_u8;
        for (at, (called, covered)) in days.iter().enumerate() {
            if f64::from(*called) >= f64::from((*covered).max(1)) * KEPT {
                usual |= 1 << at;
            }
        }
        let mut rules = vec![(DayRule::WORKDAYS, 0.1)];
        rules.extend((0..7).map(|at| (DayRule::Weekdays(1 << at), 0.05)));
        let known = |rule: DayRule, rules: &[(DayRule, f64)]| rules.iter().any(|r| r.0 == rule);
        let set = DayRule::Weekdays(usual);
        if usual != 0 && set != DayRule::DAILY && !known(set, &rules) {
            rules.push((set, 0.001));
        }
        rules
    }

    fn intervals(&self) -> Vec<(DayRule, f64)> {
        const INTERVALS: [u8; 8] = [2, 3, 4, 5, 6, 10, 14, 28];
        let Some(first) = self.days.first() else { return Vec::new() };
        INTERVALS
            .into_iter()
            .map(|days| {
                let phase = first.0.day.0.rem_euclid(i32::from(days)) as u8;
                (DayRule::Interval { days, phase }, 0.02 / f64::from(days))
            })
            .collect()
    }

    /// Rules of months that most calls follow.
    fn monthly(&self) -> Vec<(DayRule, f64)> {
        let calls = self.called().count();
        let mut seen: Vec<(OfMonth, Vec<u8>)> = Vec::new();
        for day in self.called() {
            for rule in day.of_month() {
                match seen.iter_mut().find(|(known, _)| *known == rule) {
                    Some((_, months)) => months.push(day.month()),
                    None => seen.push((rule, vec![day.month()])),
                }
            }
        }
        let mut rules = Vec::new();
        for (day, months) in seen {
            if (months.len() as f64) < calls as f64 * (1.0 - EXTRA) {
                continue;
            }
            let usual = match day {
                OfMonth::Day(1..=28) => 0.02,
                OfMonth::Day(_) => 0.005,
                OfMonth::Last => 0.1,
                OfMonth::Nth(..) => 0.004,
                OfMonth::LastWeekday(_) => 0.005,
                OfMonth::FirstWorkday | OfMonth::LastWorkday => 0.01,
            };
            for (every, share) in [(1_u8, 0.7), (3, 0.15), (6, 0.03), (12, 0.12)] {
                let mut offsets: Vec<u8> = months.iter().map(|month| month % every).collect();
                offsets.sort_unstable();
                offsets.dedup();
                for month in offsets {
                    let rule = DayRule::Months { every, month, day };
                    rules.push((rule, usual * share / f64::from(every)));
                }
            }
        }
        rules
    }
}

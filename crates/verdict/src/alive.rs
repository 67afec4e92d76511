//! Whether one caller is still there.

use std::rc::Rc;

use dolmen_model::Time;

use crate::cadence::{Certainty, DayRule, Fit, is_covered};
use crate::calendar::{Calendar, Day};
use crate::callers::{Group, Host, days_of};
use crate::coverage::Coverage;
use crate::evidence::Caller;
use crate::silence::{alive, irregular, outlived, outlived_declared, periodic};

const DAY: f64 = 86_400e6;
/// Missed days in a row that are counted: the chance of more is none.
const ROW: usize = 60;
/// Nobody looks further ahead.
const AHEAD: i32 = 36_600;
/// Somebody without a rhythm must be silent for so many times his longest silence.
const LONGER: f64 = 1.5;
/// Somebody with one, who may take his holidays a few days longer this year.
const A_BIT_LONGER: f64 = 1.25;
/// The period of a caller without a rhythm, where one is needed.
const NO_PERIOD: f64 = 14.0;
/// In days: a run of calls that is shorter is one visit.
const VISIT: f64 = 21.0;
/// In days: somebody who was seen for a shorter time must be silent for as long.
const ACQUAINTED: f64 = 56.0;
/// In days: the longest holidays, those of schools, with the weekends around them.
const HOLIDAYS: f64 = 70.0;
const YEAR: i32 = 365;

/// What is known of somebody before his silence is looked at.
#[derive(Clone, Copy, Debug)]
struct Prior {
    /// How likely he was there.
    before: f64,
    /// The same, and since when he is silent, if somebody said when he should be gone.
    declared: Option<(f64, Time)>,
}

impl Prior {
    /// `declared`: when somebody said that he should be gone, and on how many days he came since.
    fn of(silences: u32, last: Time, declared: Option<(Time, u32)>) -> Self {
        let declared = declared.map(|(since, days)| (outlived_declared(days), since.max(last)));
        Self { before: outlived(silences), declared }
    }

    /// How likely he is still there, if a silence since an instant has a chance: by all of his
    /// silence, or by what of it was named beforehand, whichever says more.
    fn alive(self, last: Time, chance: impl Fn(Time) -> f64) -> f64 {
        let all = alive(chance(last), self.before);
        self.declared.map_or(all, |(before, since)| all.min(alive(chance(since), before)))
    }
}

/// One host of many, by its own calls alone.
#[derive(Clone, Debug)]
pub(crate) struct Alone {
    pub(crate) caller: Caller,
    pub(crate) days: u32,
    /// Covered days from the first call to the last.
    pub(crate) within: f64,
    pub(crate) last: Time,
    prior: Prior,
}

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
    /// Days with a call, since he has his habits.
    pub(crate) days: u32,
    /// Covered days from the first of these to the last.
    pub(crate) within: f64,
    /// His longest silence so far, in covered days.
    pub(crate) longest: f64,
    /// In covered days: he must be silent for longer than that.
    needed: f64,
    /// Whether a year ago he would have been seen, and was not known yet.
    pub(crate) is_new: bool,
    /// His days with a call are one run of days.
    is_one_run: bool,
    prior: Prior,
    hosts: Vec<Alone>,
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
        let times = group.times.get(group.since..).unwrap_or_default();
        let called = days_of(times, calendar);
        let days = called.len() as u32;
        let first = times.first().copied().unwrap_or(group.last);
        let covered = |from: Time, to: Time| coverage.measure(from, to) as f64 / DAY;
        let within = covered(first, group.last);
        let longest = longest(&group, coverage);
        let due = due(&group, called.last().copied(), coverage, calendar);
        let survived = match group.fit.certainty {
            Certainty::Cadence => group.fit.hits.saturating_sub(1),
            Certainty::Suspected | Certainty::None => days.saturating_sub(1),
        };
        let after = |days: &[Day]| {
            let came =
                |since| days.len() - days.partition_point(|day| calendar.start(*day) < since);
            declared.map(|since| (since, came(since) as u32))
        };
        let prior = Prior::of(survived, group.last, after(&called));
        let alone = |host: &Host| Alone {
            caller: host.caller.clone(),
            days: host.days.len() as u32,
            within: covered(host.first, host.last),
            last: host.last,
            prior: Prior::of(host.days.len() as u32 - 1, host.last, after(&host.days)),
        };
        let hosts = group.hosts.iter().map(alone).collect();
        let is_one_run = within < VISIT && are_one_run(&called, coverage, calendar);
        let coverage = Rc::clone(coverage);
        let mut silence = Self {
            group,
            coverage,
            has_word,
            due,
            days,
            within,
            longest,
            needed: 0.0,
            is_new: false,
            is_one_run,
            prior,
            hosts,
        };
        silence.is_new = silence.has_holidays() && !silence.is_known_for_a_year(calendar);
        silence.needed = silence.must_be_silent();
        silence
    }

    pub(crate) const fn fit(&self) -> &Fit {
        &self.group.fit
    }

    /// Whether no silence is proof: he was seen on one day alone, or in one run of days, or among so
    /// many that each of them may have been. One night is no two days, and after `keep` noon stands
    /// for a day.
    pub(crate) fn is_once(&self) -> bool {
        self.days < 2 || self.is_one_run || self.span() <= DAY || self.is_rest()
    }

    /// Days with a call; those of one night are one.
    pub(crate) fn days_apart(&self) -> u32 {
        if self.span() <= DAY { 1 } else { self.days }
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

    /// How likely this silence is if the caller, or one of his hosts, is still there.
    pub(crate) fn chance(&self, at: Time) -> f64 {
        match self.doubtful(at) {
            Some(host) => self.chance_of(host, host.last, at),
            None => self.chance_since(self.group.last, at),
        }
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

    fn chance_of(&self, host: &Alone, since: Time, at: Time) -> f64 {
        irregular(host.days - 1, host.within, self.silent_since(since, at))
    }

    /// How likely the caller is still there: all of him, or the one of his hosts that is likeliest
    /// to be, for one that stays must be silent for long enough by itself.
    pub(crate) fn alive(&self, at: Time) -> f64 {
        let host = self.likeliest(at).map_or(0.0, |(alive, _)| alive);
        self.all_alive(at).max(host)
    }

    fn all_alive(&self, at: Time) -> f64 {
        self.prior.alive(self.group.last, |since| self.chance_since(since, at))
    }

    fn likeliest(&self, at: Time) -> Option<(f64, &Alone)> {
        let alive =
            |host: &Alone| host.prior.alive(host.last, |since| self.chance_of(host, since, at));
        let hosts = self.hosts.iter().map(|host| (alive(host), host));
        hosts.max_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// The host that is likelier to be there still than all of them together seem to be.
    pub(crate) fn doubtful(&self, at: Time) -> Option<&Alone> {
        let (alive, host) = self.likeliest(at)?;
        (alive > self.all_alive(at)).then_some(host)
    }

    /// In covered days: he must be silent for longer than that, whatever the chance.
    pub(crate) const fn needed(&self) -> f64 {
        self.needed
    }

    /// Whether that is so because of his longest silence so far.
    pub(crate) fn is_longer_than_ever_enough(&self) -> bool {
        self.needed <= self.longer()
    }

    fn longer(&self) -> f64 {
        match self.fit().certainty {
            Certainty::Cadence => self.longest * A_BIT_LONGER,
            Certainty::Suspected | Certainty::None => self.longest * LONGER,
        }
    }

    fn must_be_silent(&self) -> f64 {
        let holidays = if self.is_new { HOLIDAYS } else { 0.0 };
        let shortly = if self.within < ACQUAINTED { self.within } else { 0.0 };
        self.longer().max(shortly).max(holidays)
    }

    /// Whether he might be on holiday: not who comes every day of the week.
    fn has_holidays(&self) -> bool {
        let is_sure = self.fit().certainty == Certainty::Cadence;
        !is_sure || self.fit().rule() != Some(DayRule::DAILY)
    }

    /// Whether he was known a year before this silence, so that a holiday of that time was seen.
    fn is_known_for_a_year(&self, calendar: &Calendar) -> bool {
        let then = calendar.start(calendar.day(self.group.last).plus(-YEAR));
        let over = calendar.start(calendar.day(then).plus(HOLIDAYS as i32));
        self.known_since() <= then && self.coverage.covers(then, over, 0.9)
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

/// Whether between any two of these days there are but weekends and days without logs.
fn are_one_run(days: &[Day], coverage: &Coverage, calendar: &Calendar) -> bool {
    let is_free = |day: Day| {
        let (from, to) = (calendar.start(day), calendar.start(day.plus(1)));
        day.weekday() >= 5 || !coverage.covers(from, to, 0.5)
    };
    days.windows(2).all(|pair| (pair[0].0 + 1..pair[1].0).map(Day).all(is_free))
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

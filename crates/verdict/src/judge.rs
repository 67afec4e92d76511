//! The verdict on one operation of one service.

use std::rc::Rc;

use dolmen_model::Time;
use serde::Serialize;

use crate::alive::Silence;
use crate::cadence::{Cadence, Certainty, Population};
use crate::calendar::Calendar;
use crate::callers::{Group, Grouping};
use crate::coverage::Coverage;
use crate::evidence::{Caller, Evidence, Question, Word};
use crate::explain;
use crate::gates::{End, Gate, GateName};
use crate::reason::Reason;
use crate::unseen::Unseen;
use crate::words;

/// May it be switched off?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It was called after it was retired, and that may happen again.
    Residual,
    /// It is called.
    InUse,
    /// Some of its callers are silent, some are not.
    Fading,
    /// All of its callers are silent, and that proves nothing yet.
    Silent,
    /// No call was ever seen.
    NeverSeen,
    /// Its silence is proof.
    Safe,
    /// It was declared as retired, and its silence is proof.
    Retired,
}

impl State {
    /// Whether it may be switched off.
    pub const fn is_safe(self) -> bool {
        matches!(self, Self::Safe | Self::Retired)
    }

    /// Its name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Residual => "residual",
            Self::InUse => "in_use",
            Self::Fading => "fading",
            Self::Silent => "silent",
            Self::NeverSeen => "never_seen",
            Self::Safe => "safe",
            Self::Retired => "retired",
        }
    }
}

/// May this operation be switched off on this service, and why?
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The operation.
    pub operation: String,
    /// The service; `None` where nobody knows which one answered.
    pub service: Option<String>,
    /// What it comes to.
    pub state: State,
    /// From when on it is safe if nobody calls; `None`: no silence will prove that.
    pub safe_on: Option<Time>,
    /// The chance that somebody still calls.
    pub p_any: f64,
    /// The last call, and marks without a call.
    pub last_call: Option<Time>,
    /// How many calls.
    pub calls: u64,
    /// Since when it is declared as retired.
    pub retired: Option<Time>,
    /// The service that took it over.
    pub moved_to: Option<String>,
    /// Why, the most important first.
    pub reasons: Vec<Reason>,
    /// Conditions, and whether they are met.
    pub gates: Vec<Gate>,
    /// Who calls, the latest first.
    pub callers: Vec<CallerVerdict>,
    /// Who may be there unseen.
    pub unseen: Unseen,
    /// Stretches without logs since the last call, [from, to).
    pub gaps: Vec<(Time, Time)>,
    /// What owners said.
    pub words: Vec<Word>,
}

/// What is known of one caller.
#[derive(Clone, Debug, PartialEq)]
pub struct CallerVerdict {
    /// Who; the address is the last one that was seen.
    pub caller: Caller,
    /// From how many addresses.
    pub addresses: usize,
    /// How many calls.
    pub calls: u64,
    /// The first call.
    pub first_call: Option<Time>,
    /// The last one.
    pub last_call: Time,
    /// When he calls.
    pub cadence: Cadence,
    /// How sure that is.
    pub certainty: Certainty,
    /// Due days that were kept.
    pub hits: u32,
    /// Covered due days that were not, before the last call.
    pub misses: u32,
    /// Due days since the last call.
    pub missed_in_a_row: u32,
    /// When he is due next; `None` for those without a rhythm.
    pub next_expected: Option<Time>,
    /// How likely this silence is if he is still there.
    pub p_silence: f64,
    /// How likely he is still there.
    pub p_alive: f64,
    /// Whether an owner says that he is gone.
    pub has_word: bool,
}

/// Days after which nobody waits any more: beyond, it is "never".
const LATEST: i32 = 36_500;
/// Silence that is looked at: nothing is proven within a week.
const WEEK: f64 = 7.0;
/// A caller is quiet when a silence like this is no longer the rule.
const QUIET: f64 = 0.5;

/// Judges one operation on one service.
pub fn judge(evidence: &Evidence, population: &Population, question: &Question) -> Verdict {
    Court::open(evidence, population, question).verdict()
}

/// Everything that is needed to judge.
pub(crate) struct Court<'a> {
    pub(crate) evidence: &'a Evidence,
    pub(crate) question: &'a Question,
    /// When a call would have been seen; it goes on for ever from the question's instant.
    pub(crate) coverage: Rc<Coverage>,
    /// The same of marks without a call.
    pub(crate) of_marks: Rc<Coverage>,
    pub(crate) silences: Vec<Silence>,
    pub(crate) last: Option<Time>,
}

impl<'a> Court<'a> {
    fn open(evidence: &'a Evidence, population: &'a Population, question: &'a Question) -> Self {
        let coverage = Rc::new(evidence.coverage.as_of(question.at));
        let of_marks = match &evidence.marks_coverage {
            Some(of_marks) => Rc::new(of_marks.as_of(question.at)),
            None => Rc::clone(&coverage),
        };
        let calendar = &question.calendar;
        let grouping = Grouping { coverage: &coverage, of_marks: &of_marks, calendar, population };
        let declared = evidence.retired.filter(|since| *since <= question.at);
        let silences: Vec<Silence> = grouping
            .groups(&evidence.sightings)
            .into_iter()
            .map(|group| {
                let has_word = words::speak_for(&evidence.words, &group);
                let coverage = if group.caller.is_hidden { &of_marks } else { &coverage };
                Silence::of(group, has_word, declared, coverage, calendar)
            })
            .collect();
        let last = silences.iter().map(|silence| silence.group.last).max();
        Self { evidence, question, coverage, of_marks, silences, last }
    }

    pub(crate) fn groups(&self) -> impl Iterator<Item = &Group> + Clone {
        self.silences.iter().map(|silence| &silence.group)
    }

    fn calendar(&self) -> &Calendar {
        &self.question.calendar
    }

    /// The chance that anybody still calls, whatever owners say.
    pub(crate) fn any(&self, at: Time) -> f64 {
        self.any_of(at, |_| true)
    }

    /// The chance that must be small. Where silence proves nothing, an owner's word does.
    pub(crate) fn any_unsaid(&self, at: Time) -> f64 {
        self.any_of(at, |silence| !(silence.is_once() && silence.has_word))
    }

    fn any_of(&self, at: Time, counts: impl Fn(&Silence) -> bool) -> f64 {
        let those = self.silences.iter().filter(|silence| counts(silence));
        1.0 - those.map(|silence| 1.0 - silence.alive(at)).product::<f64>()
    }

    /// The first day's start from `from` on at which `holds`, which stays so once it does.
    fn first_day(&self, from: Time, holds: impl Fn(Time) -> bool) -> Option<Time> {
        let calendar = self.calendar();
        let (day, second) = calendar.place(from);
        let first = day.plus(i32::from(second > 0));
        let at = |days: i32| calendar.start(first.plus(days));
        if holds(at(0)) {
            return Some(at(0));
        }
        let mut low = 0;
        let mut high = 1;
        while !holds(at(high)) {
            low = high;
            high *= 2;
            if high > LATEST {
                return None;
            }
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if holds(at(middle)) { high = middle } else { low = middle }
        }
        Some(at(high))
    }

    /// All conditions, in the order in which people think of them.
    fn gates(&self) -> Vec<Gate> {
        let at = self.question.at;
        let last = self.last.unwrap_or(Time::MIN);
        let mut gates = Vec::new();
        let mut add = |gate, from: Option<Time>| {
            gates.push(Gate { gate, is_met: from.is_some_and(|from| from <= at), from });
        };
        for end in End::ALL {
            let is_waived =
                end == End::Year && words::waive_year_end(&self.evidence.words, self.groups());
            let from = if is_waived { Some(last) } else { self.watched(end) };
            add(GateName::of(end), from);
        }
        add(GateName::TwoPeriods, self.two_periods());
        let silent =
            |days: f64| move |at: Time| self.coverage.measure(last, at) as f64 >= days * 86_400e6;
        let week = self.first_day(last, silent(WEEK));
        add(GateName::Week, week);
        let quieter = |at: Time| {
            self.silences
                .iter()
                .filter(|silence| !silence.is_once())
                .all(|silence| silence.silent_days(at) >= silence.needed())
        };
        let longest = self.first_day(last, quieter);
        add(GateName::LongestSilence, longest);
        add(GateName::Coverage, self.after_gaps());
        let likely = self.first_day(last, |at| self.any_unsaid(at) <= self.question.alpha);
        // Silence after a call that may have been one lasts as long as after one that was.
        let enough = [week, longest, likely].into_iter().collect::<Option<Vec<Time>>>();
        let enough = enough.and_then(|all| all.into_iter().max());
        add(GateName::RequestIds, self.after_unknown(self.evidence.without_id, enough));
        let still = self.evidence.still_calls.as_ref().filter(|still| still.holds);
        let still = still.map(|still| still.last);
        add(GateName::Marks, self.after_unknown(self.evidence.without_mark.max(still), enough));
        add(GateName::Likelihood, likely);
        gates
    }

    /// From when on an end of the calendar was watched by whatever shows these callers, since the
    /// newest of them would have been seen.
    fn watched(&self, end: End) -> Option<Time> {
        let is_said = |silence: &&Silence| silence.is_once() && silence.has_word;
        let known = |silence: &Silence| silence.known_since();
        let newest = self.silences.iter().filter(|silence| !is_said(silence)).map(known).max();
        let since = newest.or_else(|| self.silences.iter().map(known).min())?;
        let by = |coverage| end.watched(coverage, since, self.calendar());
        let is_hidden = |silence: &Silence| silence.group.caller.is_hidden;
        let calls = by(&self.coverage)?;
        let has_hidden = self.silences.iter().any(is_hidden);
        if has_hidden { by(&self.of_marks).map(|marks| marks.max(calls)) } else { Some(calls) }
    }

    /// When two periods of every rhythm have been seen: three kept days are two periods, and so are
    /// the five visits that a period within days needs at least.
    fn two_periods(&self) -> Option<Time> {
        let with_two = self.silences.iter().all(|silence| {
            let fit = silence.fit();
            let is_said = silence.is_once() && silence.has_word;
            fit.certainty == Certainty::None || fit.period().is_some() || fit.hits >= 3 || is_said
        });
        with_two.then(|| self.last.unwrap_or(Time::MIN))
    }

    /// After a gap in the silence that is longer than half a period of somebody, a period must be
    /// watched.
    fn after_gaps(&self) -> Option<Time> {
        let mut from = self.last.unwrap_or(Time::MIN);
        for silence in &self.silences {
            for (start, end) in self.gaps_of(silence) {
                let days = (end.micros() - start.micros()) as f64 / 86_400e6;
                if days > silence.period() / 2.0 {
                    let after = silence.period().ceil() as i64 * 86_400_000_000;
                    from = from.max(Time::from_micros(end.micros().saturating_add(after)));
                }
            }
        }
        Some(from)
    }

    /// Stretches since the last call in which one, or a mark of somebody whom no proxy logged, would
    /// not have been seen.
    pub(crate) fn gaps(&self) -> Vec<(Time, Time)> {
        let at = self.question.at;
        let Some(last) = self.last.filter(|last| *last < at) else { return Vec::new() };
        let mut gaps = self.coverage.gaps(last, at);
        if self.silences.iter().any(|silence| silence.group.caller.is_hidden) {
            gaps.extend(self.of_marks.gaps(last, at));
            gaps.sort_unstable();
            gaps.dedup();
        }
        gaps
    }

    fn gaps_of(&self, silence: &Silence) -> Vec<(Time, Time)> {
        if silence.group.last >= self.question.at {
            return Vec::new();
        }
        silence.coverage.gaps(silence.group.last, self.question.at)
    }

    /// Since a call whose operation nobody knows, silence must last as long as since a known one.
    fn after_unknown(&self, unknown: Option<Time>, enough: Option<Time>) -> Option<Time> {
        let last = self.last.unwrap_or(Time::MIN);
        match unknown.filter(|unknown| *unknown > last) {
            None => Some(last),
            Some(without) => {
                let needed = enough?.micros() - last.micros();
                Some(Time::from_micros(without.micros().saturating_add(needed)))
            }
        }
    }

    fn state(&self, is_proven: bool) -> State {
        let at = self.question.at;
        let Some(last) = self.last else { return State::NeverSeen };
        let retired = self.evidence.retired.filter(|since| *since <= at);
        match (retired, is_proven) {
            (Some(_), true) => return State::Retired,
            (None, true) => return State::Safe,
            (Some(since), false) if last >= since => return State::Residual,
            _ => {}
        }
        let is_quiet = |silence: &Silence| {
            silence.silent_days(at) >= WEEK && (silence.is_once() || silence.chance(at) <= QUIET)
        };
        let quiet = self.silences.iter().filter(|silence| is_quiet(silence)).count();
        match quiet {
            0 => State::InUse,
            quiet if quiet == self.silences.len() => State::Silent,
            _ => State::Fading,
        }
    }

    fn verdict(self) -> Verdict {
        let Question { at, .. } = *self.question;
        let gates = if self.last.is_some() { self.gates() } else { Vec::new() };
        let from: Option<Vec<Time>> = gates.iter().map(|gate| gate.from).collect();
        let safe_on = from.and_then(|from| from.into_iter().max());
        // Conditions are met at the start of a day.
        let safe_on = safe_on.and_then(|from| self.first_day(from, |_| true));
        let is_proven = safe_on.is_some_and(|safe_on| safe_on <= at);
        let state = self.state(is_proven);
        let any = self.any(at);
        let unseen = Unseen::of(self.silences.iter().map(|silence| silence.days));
        let gaps = self.gaps();
        let reasons = explain::reasons(&self, state, &gates, safe_on, &unseen);
        Verdict {
            operation: self.evidence.operation.clone(),
            service: self.evidence.service.clone(),
            state,
            safe_on,
            p_any: any,
            last_call: self.last,
            // Callers that are not told apart are one of these.
            calls: self.silences.iter().map(|silence| silence.group.calls).sum(),
            retired: self.evidence.retired,
            moved_to: self.evidence.moved_to.clone(),
            reasons,
            gates,
            callers: self.silences.iter().map(|silence| self.caller(silence)).collect(),
            unseen,
            gaps,
            words: self.evidence.words.clone(),
        }
    }

    fn caller(&self, silence: &Silence) -> CallerVerdict {
        let at = self.question.at;
        let group = &silence.group;
        CallerVerdict {
            caller: group.caller.clone(),
            addresses: group.addresses,
            calls: group.calls,
            first_call: group.times.first().copied(),
            last_call: group.last,
            cadence: group.fit.cadence,
            certainty: group.fit.certainty,
            hits: group.fit.hits,
            misses: group.fit.misses,
            missed_in_a_row: silence.missed(at),
            next_expected: silence.next(at, self.calendar()),
            p_silence: silence.chance(at),
            p_alive: silence.alive(at),
            has_word: silence.has_word,
        }
    }
}

//! The reasons of a verdict, the most important first.

use dolmen_model::Time;

use crate::alive::Silence;
use crate::cadence::Certainty;
use crate::evidence::{SilentMarks, StillCalls, Unread, Untimed};
use crate::gates::{End, Gate, GateName};
use crate::judge::{Court, State};
use crate::reason::Reason;
use crate::unseen::Unseen;
use crate::who::Who;
use crate::words;

/// Callers that are told one by one.
const TOLD: usize = 5;
/// Stretches without logs that are.
const GAPS: usize = 3;

pub(crate) fn reasons(
    court: &Court<'_>,
    state: State,
    gates: &[Gate],
    safe_on: Option<Time>,
    unseen: &Unseen,
) -> Vec<Reason> {
    let at = court.question.at;
    let evidence = court.evidence;
    let mut reasons = Vec::new();
    let retired = evidence.retired.filter(|since| *since <= at);
    let Some(last) = court.last else {
        let start = evidence.coverage.start().unwrap_or(at);
        let covered_days = evidence.coverage.measure(start, at) as f64 / 86_400e6;
        reasons.push(Reason::NeverSeen { covered_days });
        reasons.extend(unknown_lines(court));
        reasons.extend(told(court));
        return reasons;
    };
    if let Some(since) = retired
        && last >= since
    {
        let after = || court.silences.iter().filter(|silence| silence.group.last >= since);
        reasons.push(Reason::Residual { callers: after().count(), last, who: who_was_last(court) });
    }
    if !state.is_safe() {
        match safe_on {
            Some(safe_on) => {
                reasons.push(Reason::SafeOn { at: safe_on });
            }
            None => reasons.push(Reason::Never { unmet: never(gates) }),
        }
    }
    reasons.push(Reason::LastCall {
        at: last,
        who: who_was_last(court),
        silent_days: court.coverage.measure(last, at) as f64 / 86_400e6,
    });
    if let Some(since) = retired {
        reasons.push(Reason::Retired { since, moved_to: evidence.moved_to.clone() });
    }
    let any = court.any(at);
    let unsaid = Some(court.any_unsaid(at)).filter(|unsaid| *unsaid < any);
    reasons.push(Reason::Likelihood { any, unsaid, alpha: court.question.alpha });
    reasons.extend(callers(court));
    reasons.extend(gates.iter().filter(|gate| !gate.is_met).filter_map(|gate| unmet(court, gate)));
    let marks = gates.iter().find(|gate| gate.gate == GateName::Marks);
    if let Some(StillCalls { caller, last, operation, holds }) = &evidence.still_calls
        && (!holds || marks.is_some_and(|marks| !marks.is_met))
    {
        let (who, operation) = (Who::from(caller.clone()), operation.clone());
        reasons.push(Reason::StillCalls { who, last: *last, operation });
    }
    reasons.extend(missing(court));
    let silent = evidence.silent_marks.iter().cloned();
    reasons
        .extend(silent.map(|SilentMarks { source, since }| Reason::SilentMarks { source, since }));
    reasons.extend(unknown_lines(court));
    if unseen.once > 0 {
        let Unseen { seen, once, next_is_new, more } = *unseen;
        reasons.push(Reason::Unseen { once, seen, more, next_is_new });
    }
    if evidence.overflow > 0 {
        reasons.push(Reason::Overflow { calls: evidence.overflow });
    }
    reasons.extend(told(court));
    reasons
}

/// What is never met. Calls of which nobody knows what they entered only need as much silence as all.
fn never(gates: &[Gate]) -> Vec<GateName> {
    let unmet = gates.iter().filter(|gate| gate.from.is_none()).map(|gate| gate.gate);
    let waits = |gate: &GateName| matches!(gate, GateName::RequestIds | GateName::Marks);
    let (waiting, own): (Vec<GateName>, Vec<GateName>) = unmet.partition(waits);
    if own.is_empty() { waiting } else { own }
}

/// Stretches without logs: the longest, and how many more.
fn missing(court: &Court<'_>) -> Vec<Reason> {
    let mut gaps = court.gaps();
    let long = |(from, to): &(Time, Time)| to.micros().saturating_sub(from.micros());
    let days = |gap: &(Time, Time)| long(gap) as f64 / 86_400e6;
    gaps.sort_by_key(|gap| std::cmp::Reverse(long(gap)));
    let more = gaps.split_off(gaps.len().min(GAPS));
    gaps.sort_unstable();
    let told = gaps.iter().map(|gap| {
        let counts = court.silences.iter().any(|silence| days(gap) > silence.period() / 2.0);
        Reason::Gap { from: gap.0, to: gap.1, counts }
    });
    let folded = (!more.is_empty())
        .then(|| Reason::MoreGaps { gaps: more.len(), days: more.iter().map(days).sum() });
    told.chain(folded).collect()
}

/// Lines that may tell of it, and nobody knows.
fn unknown_lines(court: &Court<'_>) -> impl Iterator<Item = Reason> {
    let unread = court.evidence.unread.iter().cloned();
    let untimed = court.evidence.untimed.iter().cloned();
    let unread = unread.map(|Unread { source, lines, of }| Reason::Unread { source, lines, of });
    unread.chain(untimed.map(|Untimed { source, lines }| Reason::Untimed { source, lines }))
}

/// What owners said, each with who came after.
fn told(court: &Court<'_>) -> impl Iterator<Item = Reason> {
    court.evidence.words.iter().flat_map(|word| {
        let told = Reason::Word { word: word.clone() };
        [Some(told), words::came_since(word, court.groups())].into_iter().flatten()
    })
}

fn who_was_last(court: &Court<'_>) -> Who {
    let last = court.silences.iter().max_by_key(|silence| silence.group.last);
    last.map(|silence| Who::of(&silence.group)).unwrap_or_default()
}

/// The callers that are likeliest to be there still.
fn callers(court: &Court<'_>) -> Vec<Reason> {
    let at = court.question.at;
    let mut callers: Vec<(f64, &Silence)> = court
        .silences
        .iter()
        // Those who are not told apart are told of together.
        .filter(|silence| !silence.is_rest())
        .map(|silence| (silence.alive(at), silence))
        .collect();
    callers.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut reasons: Vec<Reason> =
        callers.iter().take(TOLD).map(|(_, silence)| caller(court, silence)).collect();
    if let Some(more) = callers.len().checked_sub(TOLD).filter(|more| *more > 0) {
        reasons.push(Reason::MoreCallers { callers: more });
    }
    reasons
}

fn caller(court: &Court<'_>, silence: &Silence) -> Reason {
    let at = court.question.at;
    let who = Who::of(&silence.group);
    let chance = silence.chance(at);
    let fit = silence.fit();
    let row = silence.missed(at);
    if silence.is_once() {
        let Silence { ref group, has_word, .. } = *silence;
        let days = silence.days_apart();
        return Reason::Once { who, at: group.last, calls: group.calls, days, has_word };
    }
    if let Some(host) = silence.doubtful(at) {
        return Reason::Silent {
            who: Who::from(host.caller.clone()),
            days: host.days,
            within: host.within,
            silent_days: silence.coverage.measure(host.last, at) as f64 / 86_400e6,
            chance,
        };
    }
    if fit.certainty == Certainty::None {
        return Reason::Silent {
            who,
            days: silence.days,
            within: silence.within,
            silent_days: silence.silent_days(at),
            chance,
        };
    }
    let (cadence, kept, missed) = (fit.cadence, fit.hits, fit.misses);
    if row > 0 {
        return Reason::Missed { who, cadence, row, kept, missed, chance };
    }
    let next = silence.next(at, &court.question.calendar);
    Reason::Due { who, cadence, kept, missed, next }
}

fn unmet(court: &Court<'_>, gate: &Gate) -> Option<Reason> {
    let end = |end| Some(Reason::NotWatched { end, until: gate.from });
    match gate.gate {
        GateName::MonthEnd => end(End::Month),
        GateName::QuarterEnd => end(End::Quarter),
        GateName::YearEnd => end(End::Year),
        GateName::Week => gate.from.map(|until| Reason::NoWeek { until }),
        GateName::LongestSilence => court
            .silences
            .iter()
            .filter(|silence| !silence.is_once())
            .map(|silence| {
                let silent = silence.silent_days(court.question.at);
                (silence.needed() - silent, silence)
            })
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(lacking, _)| *lacking > 0.0)
            .map(|(_, silence)| {
                let (who, needed) = (Who::of(&silence.group), silence.needed());
                let Silence { longest, within, .. } = *silence;
                match silence.is_longer_than_ever_enough() {
                    false if silence.is_new => Reason::NewThisYear { who, needed },
                    false => Reason::ShortlyKnown { who, within, needed },
                    true => Reason::LongerBefore { who, longest, needed },
                }
            }),
        GateName::RequestIds => court.evidence.without_id.map(|last| Reason::WithoutId { last }),
        GateName::Marks => court.evidence.without_mark.map(|last| Reason::WithoutMark { last }),
        // Gaps and the likelihood are told anyway; two periods are in each caller's reason.
        GateName::Coverage | GateName::Likelihood | GateName::TwoPeriods => None,
    }
}

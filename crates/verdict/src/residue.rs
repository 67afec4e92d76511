//! Calls that somebody's rhythm does not explain, and that have a rhythm of their own.
//!
//! Two tasks of one machine have one address and one user agent: a nightly one hides the monthly one
//! beside it, and once the nightly one is gone, its rule says that the monthly one is too.

use crate::cadence::{Cadence, Certainty, DayRule, FEWEST};
use crate::calendar::{Calendar, DAY, Day};
use crate::callers::{Group, Grouping, days_of};
use dolmen_model::Time;

/// A task may begin so long before or after its usual time, in seconds.
const AROUND: i64 = 90 * 60;
/// What comes so soon after a call belongs to it, in seconds.
const AGAIN: i64 = 72 * 60;

impl Grouping<'_> {
    /// The caller, and apart from it who has a rhythm of his own among the calls that its rhythm does
    /// not explain.
    pub(crate) fn apart(&self, group: Group) -> Vec<Group> {
        let (own, other) = split(&group, self.calendar);
        if own.is_empty() || days_of(&other, self.calendar).len() < FEWEST as usize {
            return vec![group];
        }
        let Some(residue) = self.part(&group, other).filter(has_days) else { return vec![group] };
        let Some(main) = self.part(&group, own) else { return vec![group] };
        // Without them its rhythm is as clear as it was.
        if main.fit.certainty < group.fit.certainty {
            return vec![group];
        }
        let calls = group.calls.saturating_sub(residue.calls);
        vec![Group { calls, last: main.last, ..main }, residue]
    }

    /// These calls of a group alone; `None` without any.
    fn part(&self, group: &Group, times: Vec<Time>) -> Option<Group> {
        let last = *times.last()?;
        let members =
            group.members.iter().map(|(caller, own)| (caller.clone(), last.min(*own))).collect();
        let calls = times.len() as u64;
        Some(self.settled(Group { members, times, calls, last, ..group.clone() }))
    }
}

fn has_days(group: &Group) -> bool {
    group.fit.certainty != Certainty::None && matches!(group.fit.cadence, Cadence::Days { .. })
}

/// Calls that its rhythm explains, and the others.
fn split(group: &Group, calendar: &Calendar) -> (Vec<Time>, Vec<Time>) {
    let Some(rule) = group.fit.rule() else { return (group.times.clone(), Vec::new()) };
    let hours = group.fit.hours();
    let is_monthly = matches!(rule, DayRule::Months { .. });
    let mut last: Option<(Time, Day)> = None;
    group.times.iter().partition(|time| {
        let (day, second) = calendar.place(**time);
        // Of long ago only days are known.
        let at = group.fit.at().filter(|_| **time >= group.fine_from);
        let away = at.map_or(0, |at| second - at);
        let (day_of_task, away) = match away {
            away if away > DAY / 2 => (day.plus(1), away - DAY),
            away if away < -DAY / 2 => (day.plus(-1), away + DAY),
            away => (day, away),
        };
        let goes_on = last.is_some_and(|(last, last_day)| {
            time.seconds() - last.seconds() <= AGAIN
                // A task of a month may take days.
                || (is_monthly && day <= last_day.plus(1))
        });
        let is_due = rule.holds(day_of_task)
            && away.abs() <= AROUND
            && hours.is_none_or(|hours| hours.holds(second));
        if is_due || goes_on {
            last = Some((**time, day));
        }
        is_due || goes_on
    })
}

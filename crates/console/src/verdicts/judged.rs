//! Judging once, and saying what came of it in a language.

use dolmen_model::{Language, Time, nearest};
use dolmen_store::{Store, Unreadable};
use dolmen_verdict::{Calendar, Question, Verdict, expected as expected_calls, judge};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{
    Asked, ClockChange, ExpectedCall, NoVerdict, OperationVerdict, SourceGap, Verdicts, gather,
    gather::Gathered,
};
use crate::facts::Facts;

/// How far ahead calls are told.
const AHEAD: i64 = 35 * 86_400_000_000;

/// 9000-01-01T00:00:00Z: a hundred years of silence after it still have dates of four digits.
const LATEST: Time = Time::from_micros(221_845_392_000_000_000);

/// Verdicts before they are said.
pub struct Judged {
    question: Question,
    wall: TimeZone,
    verdicts: Vec<Verdict>,
    gaps: Vec<SourceGap>,
    lacking: Vec<Unreadable>,
}

/// Judges what a store knows, and says it.
pub fn verdicts(store: &dyn Store, facts: &Facts, asked: &Asked) -> Result<Verdicts, NoVerdict> {
    Ok(judged(store, facts, asked)?.say(asked.language))
}

/// Judges what a store knows; `asked.language` does not matter yet.
pub fn judged(store: &dyn Store, facts: &Facts, asked: &Asked) -> Result<Judged, NoVerdict> {
    let zone = asked.zone.as_deref().unwrap_or(&facts.judging.zone);
    let wall = zone_of(zone)?;
    let calendar = Calendar::new(wall.clone());
    let alpha = asked.alpha.unwrap_or(facts.judging.alpha);
    if !(alpha > 0.0 && alpha < 1.0) {
        let wrong = format!("alpha is a chance, above 0 and below 1, such as 0.05, not {alpha}");
        return Err(NoVerdict::Wrong(wrong));
    }
    if asked.at.is_some_and(|at| at >= LATEST) {
        let wrong = "nothing can be judged as of the year 9000 or later, because what is due after \
                     it has no date any more: ask for an earlier time";
        return Err(NoVerdict::Wrong(wrong.to_owned()));
    }
    let gathered = gather::gather(store, facts, asked, &calendar)?;
    let question = Question { at: gathered.at, calendar, alpha };
    let evidence = gathered.evidence.iter();
    let verdicts = evidence.map(|one| judge(one, &gathered.population, &question)).collect();
    let Gathered { gaps, lacking, .. } = gathered;
    Ok(Judged { question, wall, verdicts, gaps, lacking })
}

impl Judged {
    /// The verdicts, with reasons and rhythms in this language.
    pub fn say(&self, language: Language) -> Verdicts {
        let Question { at, calendar, alpha } = &self.question;
        let to = Time::from_micros(at.micros().saturating_add(AHEAD));
        let all = self.verdicts.iter();
        let mut expected: Vec<ExpectedCall> = all
            .clone()
            .flat_map(|verdict| expected_calls(verdict, (*at, to), calendar, language))
            .map(ExpectedCall::from)
            .collect();
        expected.sort_by_key(|call| call.at);
        let operations: Vec<OperationVerdict> =
            all.map(|one| OperationVerdict::of(one, calendar, language)).collect();
        Verdicts {
            at: *at,
            zone: zone_name(&self.wall, *at),
            wall: self.wall.clone(),
            clocks: clocks(calendar, &operations, &self.gaps, to),
            alpha: *alpha,
            is_safe: !operations.is_empty() && operations.iter().all(|operation| operation.is_safe),
            operations,
            gaps: self.gaps.clone(),
            lacking: self.lacking.iter().map(Unreadable::to_string).collect(),
            expected,
        }
    }
}

/// What clocks show from the first instant that is told to the last, at least until `to`.
fn clocks(
    calendar: &Calendar,
    operations: &[OperationVerdict],
    gaps: &[SourceGap],
    to: Time,
) -> Vec<ClockChange> {
    let mut told: Vec<Time> = gaps.iter().map(|gap| gap.from).collect();
    for operation in operations {
        told.extend(operation.gaps.iter().map(|gap| gap.from));
        told.extend(operation.words.iter().map(|word| word.said));
        told.extend(operation.gates.iter().filter_map(|gate| gate.from));
        told.extend(operation.callers.iter().filter_map(|caller| caller.first_call));
        told.extend(operation.callers.iter().filter_map(|caller| caller.next_expected));
        told.extend(operation.callers.iter().map(|caller| caller.last_call));
        told.extend([operation.safe_on, operation.retired].into_iter().flatten());
    }
    told.push(to);
    let (first, last) = (told.iter().min().copied(), told.iter().max().copied());
    let changes = calendar.clocks(first.unwrap_or(to), last.unwrap_or(to)).into_iter();
    changes.map(|(from, ahead)| ClockChange { from, ahead }).collect()
}

/// What people call a time zone: its IANA name, or how far it is ahead of UTC at an instant.
fn zone_name(zone: &TimeZone, at: Time) -> String {
    if let Some(name) = zone.iana_name().filter(|_| !zone.is_unknown()) {
        return name.to_owned();
    }
    let at = Timestamp::from_microsecond(at.micros()).unwrap_or(Timestamp::UNIX_EPOCH);
    let ahead = zone.to_offset(at).seconds();
    if ahead == 0 {
        return "UTC".to_owned();
    }
    let (sign, minutes) = (if ahead < 0 { '-' } else { '+' }, ahead.abs() / 60);
    format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// A time zone by its IANA name, as POSIX writes it, or `local`.
pub fn zone_of(name: &str) -> Result<TimeZone, NoVerdict> {
    if name == "local" {
        return Ok(TimeZone::system());
    }
    TimeZone::get(name).or_else(|_| TimeZone::posix(name)).map_err(|_| {
        let known = ["UTC", "Europe/Paris", "Europe/London", "America/New_York", "local"];
        let near = nearest(name, known).map(|near| format!("did you mean `{near}`?"));
        let near = near.unwrap_or_else(|| {
            "write an IANA name such as Europe/Paris, a POSIX zone such as \
             CET-1CEST,M3.5.0,M10.5.0/3, or `local` for this machine's"
                .to_owned()
        });
        NoVerdict::Wrong(format!("there is no time zone `{name}`: {near}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_named_as_people_name_it() {
        // 2023-01-01T00:00:00Z, and in summer.
        let [winter, summer] =
            [1_672_531_200, 1_688_169_600].map(|at| Time::from_seconds(at).unwrap());
        let name = |zone: &str, at| zone_name(&zone_of(zone).unwrap(), at);
        assert_eq!(name("Europe/Paris", winter), "Europe/Paris");
        assert_eq!(name("UTC", winter), "UTC");
        assert_eq!(name("CET-1CEST,M3.5.0,M10.5.0/3", winter), "UTC+01:00");
        assert_eq!(name("CET-1CEST,M3.5.0,M10.5.0/3", summer), "UTC+02:00");
        assert_eq!(name("NST3:30NDT,M3.2.0,M11.1.0", winter), "UTC-03:30");
        assert_eq!(name("XXX0", summer), "UTC");
        let local = name("local", winter);
        assert!(local.starts_with("UTC") || local.contains('/'), "{local}");
    }
}

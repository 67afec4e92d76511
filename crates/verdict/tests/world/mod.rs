//! Callers in a log of eight years, for tests of what is judged of them.

#![allow(dead_code, reason = "each test uses a part")]
#![allow(clippy::unwrap_used, reason = "a panic is the report, also in helpers")]

use dolmen_model::Time;
use dolmen_verdict::{
    ALPHA, Calendar, Caller, Coverage, Evidence, Population, Question, Sighting, Verdict, judge,
};
use jiff::tz::TimeZone;

pub(crate) const MINUTE: i64 = 60;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;
/// 2023-01-01T00:00:00Z, a Sunday.
const START: i64 = 1_672_531_200;

/// So many seconds after the first of January 2023.
pub(crate) fn time(seconds: i64) -> Time {
    Time::from_seconds(START + seconds).unwrap()
}

pub(crate) fn caller(actor: Option<&str>, address: &str, user_agent: &str) -> Caller {
    Caller {
        actor: actor.map(str::to_owned),
        address: Some(address.to_owned()),
        user_agent: Some(user_agent.to_owned()),
        is_hidden: false,
    }
}

pub(crate) fn sighting(caller: Caller, times: impl IntoIterator<Item = i64>) -> Sighting {
    let times: Vec<Time> = times.into_iter().map(time).collect();
    let (calls, last) = (times.len() as u64, times.last().copied());
    Sighting { caller, times, fine_from: None, calls, last }
}

/// A script that nobody knows.
pub(crate) fn script(address: &str, times: impl IntoIterator<Item = i64>) -> Sighting {
    sighting(caller(None, address, "curl/7"), times)
}

/// Of one operation, in logs without a gap.
pub(crate) fn evidence(sightings: Vec<Sighting>) -> Evidence {
    Evidence {
        operation: "one".to_owned(),
        service: Some("monolith".to_owned()),
        sightings,
        coverage: Coverage::new([(time(0), time(3_000 * DAY))]),
        ..Evidence::default()
    }
}

/// As of so many seconds after the first of January 2023.
pub(crate) fn judged(evidence: &Evidence, seconds: i64) -> Verdict {
    let calendar = Calendar::new(TimeZone::UTC);
    let question = Question { at: time(seconds), calendar, alpha: ALPHA };
    judge(evidence, &Population::default(), &question)
}

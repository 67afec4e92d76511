//! The days to watch: when callers that may still be there are due.

use dolmen_model::{Language, Time};

use crate::cadence::{Certainty, Fit};
use crate::calendar::Calendar;
use crate::judge::Verdict;
use crate::who::Who;

/// A call that is due.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    /// When; the start of the day where nobody knows the hour.
    pub at: Time,
    /// Of which operation.
    pub operation: String,
    /// On which service.
    pub service: Option<String>,
    /// Who is due.
    pub who: String,
    /// What he is known to do.
    pub cadence: String,
    /// How likely he is still there.
    pub p_alive: f64,
}

/// Whoever is there less likely than that is not waited for.
const GONE: f64 = 0.001;
/// Whoever comes more often is told once.
const RARE: f64 = 5.0;

/// The calls of [from, to) that are due, in order. Of callers who come every few days the next one
/// alone. Who it is and what he does is said in `language`.
pub fn expected(
    verdict: &Verdict,
    (from, to): (Time, Time),
    calendar: &Calendar,
    language: Language,
) -> Vec<Expected> {
    let mut expected = Vec::new();
    for caller in &verdict.callers {
        let Some(mut at) = caller.next_expected else { continue };
        if caller.p_alive < GONE || caller.certainty == Certainty::None {
            continue;
        }
        let fit = Fit {
            cadence: caller.cadence,
            certainty: caller.certainty,
            hits: caller.hits,
            misses: caller.misses,
        };
        while at < to {
            if from <= at {
                expected.push(Expected {
                    at,
                    operation: verdict.operation.clone(),
                    service: verdict.service.clone(),
                    who: Who::from(caller.caller.clone()).said(language),
                    cadence: caller.cadence.said(language),
                    p_alive: caller.p_alive,
                });
            }
            let Some(rule) = fit.rule().filter(|rule| rule.period() >= RARE) else { break };
            let Some(day) = rule.after(calendar.day(at)) else { break };
            at = calendar.instant(day, fit.at().unwrap_or(0));
        }
    }
    expected.sort_by_key(|call| call.at);
    expected
}

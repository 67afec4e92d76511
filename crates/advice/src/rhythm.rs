//! When callers call, in words.

use dolmen_model::{Language, Time};
use dolmen_verdict::{Calendar, Certainty, Coverage, Fit, Population, Trace};
use jiff::tz::TimeZone;

use crate::candidates::Visitor;

/// Days between two calls after which a clock was wrong rather than nobody there: no rhythm is so rare,
/// and years up to 9999 would be tried day by day.
const APART: i64 = 3 * 366;
const DAY: i64 = 86_400;

/// What is needed to see a rhythm.
pub(crate) struct Rhythms {
    coverage: Coverage,
    calendar: Calendar,
    population: Population,
    language: Language,
}

impl Rhythms {
    /// Logs are taken to be there from the first call of these callers to the last, but for years
    /// without any.
    pub(crate) fn new(visitors: &[Visitor], zone: TimeZone, language: Language) -> Self {
        let ends = visitors.iter().flat_map(|visitor| [visitor.first, visitor.last]);
        let minutes = visitors.iter().flat_map(|visitor| visitor.minutes.iter().copied());
        let mut times: Vec<Time> = ends.flatten().chain(minutes).collect();
        times.sort_unstable();
        let after = |to: Time| Time::from_micros(to.micros().saturating_add(1));
        let spans = parts(&times).filter_map(|part| Some((*part.first()?, after(*part.last()?))));
        Self {
            coverage: Coverage::new(spans),
            calendar: Calendar::new(zone),
            population: Population::of(visitors.iter().map(|visitor| visitor.minutes.as_slice())),
            language,
        }
    }

    /// When somebody calls who called in these minutes; `None` where that is not regular.
    pub(crate) fn of(&self, minutes: &[Time]) -> Option<String> {
        let minutes = parts(minutes).max_by_key(|part| part.len())?;
        let trace = Trace { times: minutes, fine_from: Time::MIN };
        let fit = Fit::of(trace, &self.coverage, &self.calendar, &self.population);
        (fit.certainty == Certainty::Cadence).then(|| fit.cadence.said(self.language))
    }
}

/// Sorted times, cut where years lie between two.
fn parts(times: &[Time]) -> impl Iterator<Item = &[Time]> {
    times.chunk_by(|a, b| b.seconds().saturating_sub(a.seconds()) <= APART * DAY)
}

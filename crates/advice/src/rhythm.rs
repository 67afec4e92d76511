//! When callers call, in words.

use dolmen_model::{Language, Time};
use dolmen_verdict::{Calendar, Certainty, Coverage, Fit, Population, Trace};
use jiff::tz::TimeZone;

use crate::candidates::Visitor;

/// What is needed to see a rhythm.
pub(crate) struct Rhythms {
    coverage: Coverage,
    calendar: Calendar,
    population: Population,
    language: Language,
}

impl Rhythms {
    /// Logs are taken to be there from the first call of these callers to the last.
    pub(crate) fn new(visitors: &[Visitor], zone: TimeZone, language: Language) -> Self {
        let from = visitors.iter().filter_map(|visitor| visitor.first).min();
        let to = visitors.iter().filter_map(|visitor| visitor.last).max();
        let after = |to: Time| Time::from_micros(to.micros().saturating_add(1));
        Self {
            coverage: Coverage::new(from.zip(to.map(after))),
            calendar: Calendar::new(zone),
            population: Population::of(visitors.iter().map(|visitor| visitor.minutes.as_slice())),
            language,
        }
    }

    /// When somebody calls who called in these minutes; `None` where that is not regular.
    pub(crate) fn of(&self, minutes: &[Time]) -> Option<String> {
        let trace = Trace { times: minutes, fine_from: Time::MIN };
        let fit = Fit::of(trace, &self.coverage, &self.calendar, &self.population);
        (fit.certainty == Certainty::Cadence).then(|| fit.cadence.said(self.language))
    }
}

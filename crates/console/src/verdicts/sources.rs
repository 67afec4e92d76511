//! When a call would have been seen: what the sources of calls say.

use std::collections::BTreeMap;

use dolmen_model::Time;
use dolmen_store::{SourceStatus, Status};
use dolmen_verdict::{Coverage, SilentMarks, Unread, Untimed};

use super::SourceGap;
use crate::facts::Facts;

/// Sources that share less of their time than this take turns: what one does not see the other
/// does.
const TURNS: f64 = 0.1;
/// Of so many lines one that no format reads is worth being told.
const MANY: u64 = 1_000;

/// All sources of calls, and all of marks.
pub(super) struct Sources {
    calls: Vec<Line>,
    marks: Vec<Line>,
    /// Those of marks that are silent, each by itself.
    silent_marks: Vec<(Option<String>, SilentMarks)>,
    unread: Vec<(Option<String>, Unread)>,
    untimed: Vec<(Option<String>, Untimed)>,
    /// Services whose calls may be in anybody's log.
    found_by_rule: Vec<String>,
}

/// One source, or several of one service that take turns.
struct Line {
    name: String,
    service: Option<String>,
    /// From the first line to the last.
    span: (Time, Time),
    /// The same without unusual silences.
    active: Coverage,
    /// Unusual silences, the one after the last line included.
    gaps: Vec<(Time, Time)>,
    /// From when on the silence after the last line is unusual; `None` where it never is.
    due: Option<Time>,
}

impl Sources {
    /// As of an instant.
    pub(super) fn of(status: &Status, facts: &Facts, at: Time) -> Self {
        let marks = status.sources.iter().filter(|source| source.kind == "marks");
        let silent_marks = marks.filter_map(|source| {
            let line = Line::of(source, facts, at)?;
            let is_silent = line.is_silent(at);
            let silent = SilentMarks { source: line.name, since: line.span.1 };
            is_silent.then_some((line.service, silent))
        });
        Self {
            silent_marks: silent_marks.collect(),
            calls: lines(status, facts, "calls", at),
            marks: lines_of_marks(status, facts, at),
            unread: unread(status, facts),
            untimed: untimed(status, facts),
            found_by_rule: facts.found_by_rule.clone(),
        }
    }

    /// Sources whose marks may be of this service and do not come any more, which is unusual.
    pub(super) fn silent_marks(&self, service: Option<&str>) -> Vec<SilentMarks> {
        let is_of = |of: &Option<String>| of.is_none() || of.as_deref() == service;
        let silent = self.silent_marks.iter().filter(|(of, _)| is_of(of));
        silent.map(|(_, silent)| silent.clone()).collect()
    }

    /// Sources that may have lines of this service and have many that no format reads.
    pub(super) fn unread(&self, service: Option<&str>) -> Vec<Unread> {
        self.which_may_be(&self.unread, service)
    }

    /// Sources that may have lines of this service, and no time in any.
    pub(super) fn untimed(&self, service: Option<&str>) -> Vec<Untimed> {
        self.which_may_be(&self.untimed, service)
    }

    fn which_may_be<T: Clone>(&self, all: &[(Option<String>, T)], service: Option<&str>) -> Vec<T> {
        let is_of = |of: &Option<String>| self.may_be(of.as_deref(), service);
        all.iter().filter(|(of, _)| is_of(of)).map(|(_, one)| one.clone()).collect()
    }

    /// When a call to this service would have been seen: whenever logs were there, but for gaps of
    /// any source of the service, or of one whose lines tell the service.
    pub(super) fn coverage(&self, service: Option<&str>) -> Coverage {
        self.covered(&self.calls, service)
    }

    /// The same of a mark without a call; `None` where nothing is known of marks.
    pub(super) fn coverage_of_marks(&self, service: Option<&str>) -> Option<Coverage> {
        (!self.marks.is_empty()).then(|| self.covered(&self.marks, service))
    }

    fn covered(&self, lines: &[Line], service: Option<&str>) -> Coverage {
        let is_of = |line: &&Line| self.may_be(line.service.as_deref(), service);
        let mut of: Vec<&Line> = lines.iter().filter(is_of).collect();
        if of.is_empty() {
            of = lines.iter().collect();
        }
        let gaps = of.iter().flat_map(|line| line.gaps.iter().copied());
        Coverage::new(of.iter().map(|line| line.span)).except(gaps)
    }

    /// Whether a source of one service may have lines of another: a rule that finds a service from
    /// its calls does so in every log.
    fn may_be(&self, of: Option<&str>, service: Option<&str>) -> bool {
        let Some(service) = service else { return true };
        of.is_none_or(|of| of == service) || self.found_by_rule.iter().any(|found| found == service)
    }

    /// All gaps, by source.
    pub(super) fn gaps(&self) -> Vec<SourceGap> {
        let of = |line: &Line| {
            let source = line.name.clone();
            let gaps = line.gaps.clone().into_iter();
            gaps.map(move |(from, to)| SourceGap { source: source.clone(), from, to })
        };
        self.calls.iter().flat_map(of).collect()
    }
}

/// Sources of calls, or of marks; those that take turns are one.
fn lines(status: &Status, facts: &Facts, kind: &str, at: Time) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for source in status.sources.iter().filter(|source| source.kind == kind) {
        let Some(line) = Line::of(source, facts, at) else { continue };
        match lines.iter_mut().find(|known| known.takes_turns(&line)) {
            Some(known) => known.join(line),
            None => lines.push(line),
        }
    }
    lines.iter_mut().for_each(|line| line.find_gaps(at));
    lines
}

/// Sources of marks. Each speaks when something is entered: until its silence is unusual, it is there.
fn lines_of_marks(status: &Status, facts: &Facts, at: Time) -> Vec<Line> {
    let mut marks = lines(status, facts, "marks", at);
    marks.iter_mut().for_each(|line| line.span.1 = at);
    marks
}

/// Sources with more unread lines than strangers on a port leave in every log, and their services.
fn unread(status: &Status, facts: &Facts) -> Vec<(Option<String>, Unread)> {
    let mut all: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for source in &status.sources {
        let (unread, of) = all.entry(&source.source).or_default();
        *unread += if source.kind == "unread" { source.lines } else { 0 };
        *of += source.lines;
    }
    let many = all.into_iter().filter(|(_, (unread, of))| *unread > 0 && unread * MANY >= *of);
    let of = |name: &str, lines, of| Unread { source: name.to_owned(), lines, of };
    many.map(|(name, (lines, all))| (service_of(name, facts), of(name, lines, all))).collect()
}

/// Sources with calls or marks of which none has a time, and their services.
fn untimed(status: &Status, facts: &Facts) -> Vec<(Option<String>, Untimed)> {
    let is_untimed = |source: &&SourceStatus| {
        source.kind != "unread" && source.lines > 0 && source.from.is_none()
    };
    let untimed = status.sources.iter().filter(is_untimed);
    let of = |source: &SourceStatus| Untimed { source: source.source.clone(), lines: source.lines };
    untimed.map(|source| (service_of(&source.source, facts), of(source))).collect()
}

/// The service whose lines a source has; `None` where its lines tell.
fn service_of(source: &str, facts: &Facts) -> Option<String> {
    let declared = facts.sources.iter().find(|known| known.name == source);
    declared.and_then(|declared| declared.service.clone())
}

impl Line {
    /// `None` for a source without a time before `at`.
    fn of(source: &SourceStatus, facts: &Facts, at: Time) -> Option<Self> {
        let span = (source.from?, source.to?.min(at));
        if span.0 >= at {
            return None;
        }
        let declared = facts.sources.iter().find(|known| known.name == source.source);
        // A source that nobody configures any more may be silent for good.
        let is_configured = facts.sources.is_empty() || declared.is_some();
        let gaps = source.gaps.iter().map(|gap| (gap.from, gap.to));
        Some(Self {
            name: source.source.clone(),
            service: declared.and_then(|declared| declared.service.clone()),
            span,
            active: Coverage::new([span]).except(gaps),
            gaps: Vec::new(),
            due: source.due.filter(|_| is_configured),
        })
    }

    fn length(&self) -> i64 {
        self.active.measure(Time::MIN, Time::MAX)
    }

    /// Whether both are of one service and hardly ever speak at the same time.
    fn takes_turns(&self, other: &Self) -> bool {
        let both: i64 = self.active.spans().map(|(from, to)| other.active.measure(from, to)).sum();
        let shorter = self.length().min(other.length());
        self.service.is_some()
            && self.service == other.service
            && both as f64 <= shorter as f64 * TURNS
    }

    fn join(&mut self, other: Self) {
        self.name = format!("{} or {}", self.name, other.name);
        // Whoever spoke last is the one to wait for.
        if other.span.1 > self.span.1 {
            self.due = other.due;
        }
        self.span = (self.span.0.min(other.span.0), self.span.1.max(other.span.1));
        self.active = Coverage::new(self.active.spans().chain(other.active.spans()));
    }

    fn find_gaps(&mut self, at: Time) {
        self.gaps = self.active.gaps(self.span.0, self.span.1);
        if self.is_silent(at) {
            self.gaps.push((self.span.1, at));
        }
    }

    /// Whether its silence after the last line is unusual.
    fn is_silent(&self, at: Time) -> bool {
        self.due.is_some_and(|due| due < at) && self.span.1 < at
    }
}

#[cfg(test)]
mod tests {
    use dolmen_store::Gap;

    use super::*;
    use crate::facts::DeclaredSource;

    const DAY: i64 = 86_400;

    fn time(day: i64) -> Time {
        Time::from_seconds(day * DAY).unwrap()
    }

    /// A source that speaks on these stretches of days.
    fn source(name: &str, days: &[(i64, i64)]) -> SourceStatus {
        let (first, last) = (days[0], days[days.len() - 1]);
        let gaps = days.windows(2).map(|pair| Gap { from: time(pair[0].1), to: time(pair[1].0) });
        SourceStatus {
            source: name.to_owned(),
            kind: "calls".to_owned(),
            lines: 1,
            from: Some(time(first.0)),
            to: Some(time(last.1)),
            gaps: gaps.collect(),
            due: Some(time(last.1 + 1)),
            hours: Vec::new(),
        }
    }

    fn sources(all: Vec<(SourceStatus, Option<&str>)>, at: i64) -> Sources {
        let declared = all.iter().map(|(source, service)| DeclaredSource {
            name: source.source.clone(),
            kind: "file".to_owned(),
            holds: "calls".to_owned(),
            service: service.map(str::to_owned),
        });
        let facts = Facts { sources: declared.collect(), ..Facts::default() };
        let status = Status {
            format: 1,
            commits: 1,
            generation: 1,
            catalog_bytes: 0,
            segments: Vec::new(),
            waiting_marks: 0,
            pending_notices: 0,
            amendments: 0,
            sources: all.into_iter().map(|(source, _)| source).collect(),
        };
        Sources::of(&status, &facts, time(at))
    }

    fn days(coverage: &Coverage) -> i64 {
        coverage.measure(Time::MIN, Time::MAX) / DAY / 1_000_000
    }

    #[test]
    fn another_services_silence_is_none_of_this_one() {
        let mono = source("mono", &[(0, 100)]);
        let pages = source("pages", &[(0, 30)]);
        let sources = sources(vec![(mono, Some("mono")), (pages, Some("pages"))], 100);
        assert_eq!(days(&sources.coverage(Some("mono"))), 100);
        assert_eq!(days(&sources.coverage(Some("pages"))), 30);
        // Where nobody knows the service, and where no source is its own, all count.
        assert_eq!(days(&sources.coverage(None)), 30);
        assert_eq!(days(&sources.coverage(Some("cards"))), 30);
        let gaps: Vec<_> = sources.gaps().into_iter().map(|gap| gap.source).collect();
        assert_eq!(gaps, ["pages"]);
    }

    #[test]
    fn a_source_whose_lines_tell_the_service_is_anybodys() {
        let mono = source("mono", &[(0, 100)]);
        let all = source("all", &[(0, 40), (60, 100)]);
        let sources = sources(vec![(mono, Some("mono")), (all, None)], 100);
        assert_eq!(days(&sources.coverage(Some("mono"))), 80);
    }

    #[test]
    fn proxies_that_take_turns_see_everything() {
        let a = source("a", &[(0, 30), (60, 90)]);
        let b = source("b", &[(30, 60), (91, 120)]);
        let turns = sources(vec![(a.clone(), Some("mono")), (b, Some("mono"))], 120);
        assert_eq!(days(&turns.coverage(Some("mono"))), 119, "one day neither spoke");
        assert_eq!(turns.gaps()[0].source, "a or b");
        // Two that share their time are two: what one does not see, nobody does.
        let whole = source("whole", &[(0, 120)]);
        let both = sources(vec![(a, Some("mono")), (whole, Some("mono"))], 120);
        assert_eq!(days(&both.coverage(Some("mono"))), 60);
    }
}

//! What there is to tell, as the store has it now.

use dolmen_cubes::Key;
use dolmen_model::query::quoted;
use dolmen_model::{Joined, Time};
use dolmen_store::{Alert, CubeQuestion, Dimension, Durations, SourceStatus, Store, StoreError};

use crate::silence::Heard;
use crate::times::Calls;
use crate::{Plan, Retired, callers};

/// What an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A call to a retired operation.
    ResidualCall,
    /// Somebody whom no rule names entered an operation, and was not seen before.
    UnknownCaller,
    /// Marks without a call: somebody entered an operation past the proxy.
    MarkOnly,
    /// Calls without a request id where the log has a place for one.
    NoId,
    /// A source that speaks regularly is silent.
    SilentSource,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::ResidualCall, Self::UnknownCaller, Self::MarkOnly, Self::NoId, Self::SilentSource];

    /// Its name, as the store keeps it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ResidualCall => "residual_call",
            Self::UnknownCaller => "unknown_caller",
            Self::MarkOnly => "mark_only",
            Self::NoId => "no_id",
            Self::SilentSource => "silent_source",
        }
    }
}

/// Something to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) kind: Kind,
    pub(crate) cause: String,
    pub(crate) service: Option<String>,
    pub(crate) operation: Option<String>,
    pub(crate) first: Option<Time>,
    pub(crate) last: Option<Time>,
    pub(crate) count: u64,
}

impl Seen {
    pub(crate) fn is(&self, alert: &Alert) -> bool {
        alert.kind == self.kind.name() && alert.cause == self.cause
    }
}

/// An application writes its mark when the request comes in, the proxy its line when the answer is
/// out: a mark is without a call only when it has been for so long (in microseconds).
const SETTLES: i64 = 120_000_000;

/// What a watch finds that began at `since` and knows these alerts. Calls to what is retired it finds
/// from `retired` on, if that is later than the day of it.
pub(crate) fn all(
    store: &dyn Store,
    plan: &Plan,
    known: &[Alert],
    since: Time,
    retired: Time,
    now: Time,
) -> Result<Vec<Seen>, StoreError> {
    let mut seen = Vec::new();
    for one in &plan.retired {
        seen.extend(residual(store, one, known, one.since.max(retired))?);
    }
    no_id(store, known, since, &mut seen)?;
    mark_only(store, since, now, &mut seen)?;
    seen.extend(callers::unknown(store, known, since, now)?);
    silent(store, plan, known, since, now, &mut seen)?;
    Ok(seen)
}

fn residual(
    store: &dyn Store,
    retired: &Retired,
    known: &[Alert],
    from: Time,
) -> Result<Option<Seen>, StoreError> {
    let names = store.names();
    let Some(operation) = names.operations.find(retired.operation.as_bytes()) else {
        return Ok(None);
    };
    let by = [Dimension::Service, Dimension::Operations];
    let counts = store.count(&in_all(from, &by))?;
    let service = names.services.find(retired.service.as_bytes());
    let is_one = |key: &Key| {
        Some(key.service) == service && names.sets.operations(key.operations).contains(&operation)
    };
    let cells = counts.cube.cells().filter(|(key, _)| is_one(key));
    let count = cells.map(|(_, cell)| cell.calls).sum();
    if count == 0 {
        return Ok(None);
    }
    let Retired { operation, service, since } = retired;
    let cause = format!("{operation} on {service} since {since}");
    let query = format!("operation:{} and service:{}", quoted(operation), quoted(service));
    let calls = Calls { from, query, by: &by, is_one: &is_one };
    let (first, last) = calls.times(store, before(known, Kind::ResidualCall, &cause), count)?;
    Ok(Some(Seen {
        kind: Kind::ResidualCall,
        cause,
        service: Some(service.clone()),
        operation: Some(operation.clone()),
        first,
        last,
        count,
    }))
}

/// Counts of everything from an instant on.
fn in_all(from: Time, by: &[Dimension]) -> CubeQuestion {
    let (to, durations) = (Time::MAX, Durations::Left);
    CubeQuestion { from, to, by: by.to_vec(), every: None, durations }
}

/// The alert of a cause that there was.
fn before<'k>(known: &'k [Alert], kind: Kind, cause: &str) -> Option<&'k Alert> {
    known.iter().find(|alert| alert.kind == kind.name() && alert.cause == cause)
}

fn no_id(
    store: &dyn Store,
    known: &[Alert],
    since: Time,
    seen: &mut Vec<Seen>,
) -> Result<(), StoreError> {
    let by = [Dimension::Service, Dimension::Joined];
    let counts = store.count(&in_all(since, &by))?;
    for (key, cell) in counts.cube.cells() {
        if key.outcome.joined != Joined::NoId {
            continue;
        }
        let service = store.names().services.name(key.service);
        let cause = service.clone().unwrap_or_default();
        let named = service.as_deref().map_or_else(|| "unknown".to_owned(), quoted);
        let is_one = |other: &Key| {
            (other.service, other.outcome.joined) == (key.service, key.outcome.joined)
        };
        let query = format!("joined:no_id and service:{named}");
        let calls = Calls { from: since, query, by: &by, is_one: &is_one };
        let before = before(known, Kind::NoId, &cause);
        let (first, last) = calls.times(store, before, cell.calls)?;
        let (kind, operation, count) = (Kind::NoId, None, cell.calls);
        seen.push(Seen { kind, cause, service, operation, first, last, count });
    }
    Ok(())
}

fn mark_only(
    store: &dyn Store,
    since: Time,
    now: Time,
    seen: &mut Vec<Seen>,
) -> Result<(), StoreError> {
    let to = Time::from_micros(now.micros().saturating_sub(SETTLES));
    if since >= to {
        return Ok(());
    }
    let names = store.names();
    for count in store.marks(since, to)?.into_iter().filter(|count| count.mark_only > 0) {
        let operation = names.operations.name(count.operation);
        let service = names.services.name(count.service);
        let word = |name: &Option<String>| name.clone().unwrap_or_else(|| "unknown".to_owned());
        seen.push(Seen {
            kind: Kind::MarkOnly,
            cause: format!("{} on {}", word(&operation), word(&service)),
            service,
            operation,
            first: count.first_only,
            last: count.last_only,
            count: count.mark_only,
        });
    }
    Ok(())
}

fn silent(
    store: &dyn Store,
    plan: &Plan,
    known: &[Alert],
    since: Time,
    now: Time,
    seen: &mut Vec<Seen>,
) -> Result<(), StoreError> {
    let sources = store.status()?.sources;
    let silences = silences(&sources, plan, known, since, now);
    let causes = sources.into_iter().zip(silences);
    // The next silence is another cause.
    seen.extend(causes.filter_map(|(status, from)| from.map(|from| silence(&status, from))));
    Ok(())
}

fn silence(status: &SourceStatus, from: Time) -> Seen {
    Seen {
        kind: Kind::SilentSource,
        cause: format!("{} since {from}", status.source),
        service: None,
        operation: None,
        first: Some(from),
        last: None,
        count: 1,
    }
}

/// Since when each of these sources is silent, where that is unusual and asks for somebody: what a
/// watch tells of that began at `since`, and knows the alerts `known`.
pub fn silences(
    sources: &[SourceStatus],
    plan: &Plan,
    known: &[Alert],
    since: Time,
    now: Time,
) -> Vec<Option<Time>> {
    let silent = |status: &SourceStatus| {
        // What was only ever imported from an archive is not expected to speak, and lines that
        // nothing reads are not missed.
        let is_live = status.to.is_some_and(|to| to > since) && status.kind != "unread";
        let is_missed = is_live && plan.sources.contains(&status.source);
        is_missed.then(|| silent_since(status, plan.heard.as_ref(), known, now)).flatten()
    };
    sources.iter().map(silent).collect()
}

/// Since when a source is silent, if that is unusual for it: within minutes by what was heard, else by
/// the hour. One silence has one beginning, whoever notices it, and also after a restart: `known` are
/// the alerts there are.
fn silent_since(
    status: &SourceStatus,
    heard: Option<&Heard>,
    known: &[Alert],
    now: Time,
) -> Option<Time> {
    const HOUR: i64 = 3_600_000_000;
    let source = &status.source;
    let to = status.to?;
    let fine = heard.and_then(|heard| heard.silent(source, &status.hours));
    if fine.is_none() && status.due.is_none_or(|due| now <= due) {
        return None;
    }
    let in_that_hour = |at: &Time| (to.micros() - at.micros()).abs() <= HOUR;
    let told = known.iter().filter(|alert| {
        alert.kind == Kind::SilentSource.name()
            && alert
                .cause
                .strip_prefix(source.as_str())
                .is_some_and(|rest| rest.starts_with(" since "))
    });
    let told = told.filter_map(|alert| alert.first).find(in_that_hour);
    let last = heard.and_then(|heard| heard.last(source)).filter(in_that_hour);
    Some(fine.or(told).or(last).unwrap_or(to))
}

/// Silences since an instant that have ended.
pub(crate) fn past_silences(
    store: &dyn Store,
    plan: &Plan,
    since: Time,
) -> Result<Vec<Seen>, StoreError> {
    let mut seen = Vec::new();
    for status in store.status()?.sources {
        if status.kind == "unread" || !plan.sources.contains(&status.source) {
            continue;
        }
        for gap in status.gaps.iter().filter(|gap| gap.to > since) {
            seen.push(Seen {
                kind: Kind::SilentSource,
                cause: format!("{} from {} to {}", status.source, gap.from, gap.to),
                service: None,
                operation: None,
                first: Some(gap.from),
                last: Some(gap.to),
                count: 1,
            });
        }
    }
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000_000;

    fn at(minutes: i64) -> Time {
        Time::from_micros(minutes * MINUTE)
    }

    /// Spoke 1,200 lines an hour for twenty days, up to this minute, and is expected in every hour.
    fn status(until: i64) -> SourceStatus {
        let hours: Vec<_> = (0..=until / 60).map(|hour| (at(hour * 60), 1_200)).collect();
        SourceStatus {
            source: "proxy".to_owned(),
            kind: "calls".to_owned(),
            lines: 1_200 * hours.len() as u64,
            from: Some(at(0)),
            to: Some(at((until / 60 + 1) * 60)),
            gaps: Vec::new(),
            due: Some(at((until / 60 + 2) * 60)),
            hours,
        }
    }

    const LAST: i64 = (20 * 24 + 12) * 60 + 17;

    fn heard(until: i64) -> Heard {
        let mut heard = Heard::from(at(LAST - 90));
        (LAST - 90..=LAST).for_each(|minute| heard.hear("proxy", at(minute)));
        heard.listen(at(until));
        heard
    }

    fn found(heard: Option<&Heard>, known: &[Alert], minute: i64) -> Option<Seen> {
        let from = silent_since(&status(LAST), heard, known, at(minute))?;
        Some(silence(&status(LAST), from))
    }

    fn cause(minute: i64, heard: Option<&Heard>, known: &[Alert]) -> Option<String> {
        found(heard, known, minute).map(|seen| seen.cause)
    }

    #[test]
    fn one_silence_is_one_cause_however_it_is_noticed() {
        let minutes = LAST + 4;
        assert_eq!(cause(minutes, None, &[]), None, "by the hour it is too early");
        let noticed = found(Some(&heard(minutes)), &[], minutes).unwrap();
        let first = format!("proxy since {}", at(LAST));
        assert_eq!(noticed.cause, first);
        // By the hour it is late by now, and the same.
        let hours = LAST + 180;
        assert_eq!(cause(hours, Some(&heard(hours)), &[]), Some(first.clone()));
        // After a restart nobody has heard anything, and the alert is there.
        let known = crate::state::after(None, noticed, at(minutes)).unwrap();
        assert_eq!(cause(hours, None, std::slice::from_ref(&known)), Some(first.clone()));
        assert_eq!(cause(hours, Some(&Heard::from(at(hours))), &[known]), Some(first));
        // Without one it is known to the hour.
        let hour = at((LAST / 60 + 1) * 60);
        assert_eq!(cause(hours, None, &[]), Some(format!("proxy since {hour}")));
    }

    #[test]
    fn another_sources_silence_is_another_cause() {
        let minutes = LAST + 4;
        let noticed = found(Some(&heard(minutes)), &[], minutes).unwrap();
        let mut other = crate::state::after(None, noticed, at(minutes)).unwrap();
        other.cause = format!("proxy 2 since {}", at(LAST));
        let hour = at((LAST / 60 + 1) * 60);
        assert_eq!(cause(LAST + 180, None, &[other]), Some(format!("proxy since {hour}")));
    }
}

//! What there is to tell, as the store has it now.

use dolmen_model::query::{Query, quoted};
use dolmen_model::{Joined, NameId, Time};
use dolmen_store::{
    Alert, CallQuestion, CallerQuestion, CubeQuestion, Dimension, Store, StoreError,
};

use crate::{Plan, Retired};

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

/// More new callers than a person reads one by one.
const MOST_CALLERS: usize = 200;

pub(crate) fn all(store: &dyn Store, plan: &Plan, now: Time) -> Result<Vec<Seen>, StoreError> {
    let since = store.watched_since(now)?;
    let mut seen = Vec::new();
    for retired in &plan.retired {
        seen.extend(residual(store, retired)?);
    }
    no_id(store, since, &mut seen)?;
    mark_only(store, since, now, &mut seen)?;
    unknown_callers(store, since, &mut seen)?;
    silent(store, plan, since, now, &mut seen)?;
    Ok(seen)
}

fn residual(store: &dyn Store, retired: &Retired) -> Result<Option<Seen>, StoreError> {
    let names = store.names();
    let Some(operation) = names.operations.find(retired.operation.as_bytes()) else {
        return Ok(None);
    };
    let by = vec![Dimension::Service, Dimension::Operations];
    let counts =
        store.count(&CubeQuestion { from: retired.since, to: Time::MAX, by, every: None })?;
    let service = names.services.find(retired.service.as_bytes());
    let cells = counts.cube.cells().filter(|(key, _)| {
        Some(key.service) == service && names.sets.operations(key.operations).contains(&operation)
    });
    let count = cells.map(|(_, cell)| cell.calls).sum();
    if count == 0 {
        return Ok(None);
    }
    let Retired { operation, service, since } = retired;
    let last =
        last(store, &format!("operation:{} and service:{}", quoted(operation), quoted(service)))?;
    Ok(Some(Seen {
        kind: Kind::ResidualCall,
        cause: format!("{operation} on {service} since {since}"),
        service: Some(service.clone()),
        operation: Some(operation.clone()),
        first: None,
        last,
        count,
    }))
}

/// The last call that fulfils a query.
fn last(store: &dyn Store, query: &str) -> Result<Option<Time>, StoreError> {
    // A name that no query can hold names no call that could be shown.
    let Ok(query) = Query::parse(query) else { return Ok(None) };
    let question = CallQuestion { from: Time::MIN, to: Time::MAX, query };
    Ok(store.calls(&question)?.next().transpose()?.and_then(|call| call.time))
}

fn no_id(store: &dyn Store, since: Time, seen: &mut Vec<Seen>) -> Result<(), StoreError> {
    let by = vec![Dimension::Service, Dimension::Joined];
    let counts = store.count(&CubeQuestion { from: since, to: Time::MAX, by, every: None })?;
    for (key, cell) in counts.cube.cells() {
        if key.outcome.joined == Joined::NoId {
            let service = store.names().services.name(key.service);
            seen.push(Seen {
                kind: Kind::NoId,
                cause: service.clone().unwrap_or_default(),
                service,
                operation: None,
                first: None,
                last: None,
                count: cell.calls,
            });
        }
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
            first: None,
            last: None,
            count: count.mark_only,
        });
    }
    Ok(())
}

/// One alert for all new callers of an operation: a scanner with a thousand addresses is one cause.
fn unknown_callers(store: &dyn Store, since: Time, seen: &mut Vec<Seen>) -> Result<(), StoreError> {
    let names = store.names();
    let unknown = Some(NameId::UNKNOWN);
    let question =
        |from, to| CallerQuestion { from, to, actor: unknown, operation: None, most: MOST_CALLERS };
    let now = store.callers(&question(since, Time::MAX))?;
    let entered: Vec<_> =
        now.into_iter().filter(|row| !names.sets.operations(row.operations).is_empty()).collect();
    if entered.is_empty() {
        return Ok(());
    }
    let known =
        store.callers(&CallerQuestion { most: usize::MAX, ..question(Time::MIN, since) })?;
    for row in entered {
        let is_known = |before: &dolmen_store::CallerRow| {
            before.address == row.address && before.user_agent == row.user_agent
        };
        if known.iter().any(is_known) {
            continue;
        }
        for operation in names.sets.operations(row.operations) {
            let operation = names.operations.name(operation);
            let service = names.services.name(row.service);
            let cause = format!(
                "{} ({})",
                row.address.as_deref().unwrap_or("-"),
                row.user_agent.as_deref().unwrap_or("-")
            );
            let same = |one: &&mut Seen| one.kind == Kind::UnknownCaller && one.cause == cause;
            match seen.iter_mut().find(same) {
                Some(one) => one.count += row.calls,
                None => seen.push(Seen {
                    kind: Kind::UnknownCaller,
                    cause,
                    service,
                    operation,
                    first: Some(row.first),
                    last: Some(row.last),
                    count: row.calls,
                }),
            }
        }
    }
    Ok(())
}

fn silent(
    store: &dyn Store,
    plan: &Plan,
    since: Time,
    now: Time,
    seen: &mut Vec<Seen>,
) -> Result<(), StoreError> {
    for status in store.status()?.sources {
        let (Some(due), Some(to)) = (status.due, status.to) else { continue };
        // What was only ever imported from an archive is not expected to speak.
        let is_live = to > since && plan.sources.contains(&status.source);
        if is_live && status.kind != "unread" && now > due {
            seen.push(Seen {
                kind: Kind::SilentSource,
                // The next silence is another one.
                cause: format!("{} since {to}", status.source),
                service: None,
                operation: None,
                first: Some(to),
                last: None,
                count: 1,
            });
        }
    }
    Ok(())
}

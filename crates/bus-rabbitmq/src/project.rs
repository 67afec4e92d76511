//! What waits, who is paused and how long queues are, told from the stream of outcomes: a queue is
//! not a list. No body is in that stream, and what is read of it is not kept.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::time::Duration;

use dolmen_bus::{Depth, Envelope, Event, LONGEST_DELAY, Rates, TransportError, Waiting, What};
use dolmen_model::Time;

use crate::admin::Binding;
use crate::age::{self, Backlog};
use crate::journal::{From, Last, last, scan};
use crate::{Shared, aside, queues};

/// What waits was put there within the longest delay, and the broker's blocks are coarse.
const BACK: Duration = Duration::from_secs(3600);

/// Shows `see` every outcome since the longest wait could have begun.
async fn outcomes(
    shared: &Shared,
    now: Time,
    mut see: impl FnMut(Event),
) -> Result<(), TransportError> {
    let back = i64::try_from((LONGEST_DELAY + BACK).as_micros()).unwrap_or(i64::MAX);
    let since = From::Time(Time::from_micros(now.micros().saturating_sub(back)));
    scan(&shared.reading, &shared.names.outcomes(), since, now, |event| {
        see(event);
        ControlFlow::Continue(())
    })
    .await
}

/// Since when a service is paused.
pub(crate) async fn paused_at(
    shared: &Shared,
    service: &str,
) -> Result<Option<Time>, TransportError> {
    let mut paused_at = None;
    outcomes(shared, shared.now(), |event| {
        if event.service.as_deref() == Some(service) {
            match event.what {
                What::Paused => paused_at = Some(event.at),
                What::Resumed => paused_at = None,
                _ => {}
            }
        }
    })
    .await?;
    Ok(paused_at)
}

/// The messages whose last outcome is a wait that is not over.
pub(crate) async fn waiting(shared: &Shared) -> Result<Vec<Waiting>, TransportError> {
    let now = shared.now();
    let mut waiting = HashMap::new();
    outcomes(shared, now, |event| note(&mut waiting, event, now)).await?;
    let mut waiting: Vec<Waiting> = waiting.into_values().collect();
    waiting.sort_by(|a, b| (a.due_at, &a.message.id).cmp(&(b.due_at, &b.message.id)));
    Ok(waiting)
}

/// Takes note of one outcome: of who waits for which service.
fn note(waiting: &mut HashMap<(String, String), Waiting>, event: Event, now: Time) {
    let is_outcome = matches!(event.what, What::Done | What::Softfail | What::Forwarded);
    let Some(service) = event.service.filter(|_| is_outcome) else { return };
    let key = (event.message.id.clone(), service.clone());
    match event.due_at.filter(|&due_at| event.what == What::Softfail && due_at > now) {
        Some(due_at) => {
            let envelope = Envelope {
                attempt: event.attempt.saturating_add(1),
                service: Some(service.clone()),
                due_at: Some(due_at),
                errors: event.errors,
                ..Envelope::default()
            };
            waiting.insert(key, Waiting { message: event.message, envelope, service, due_at });
        }
        None => {
            waiting.remove(&key);
        }
    }
}

/// What the outcomes say of one service.
#[derive(Default)]
struct Counts {
    waiting: u64,
    paused_at: Option<Time>,
    backlog: Backlog,
}

/// Counts by service: those that are known, and those that outcomes name. Failed messages are in
/// one queue, and are counted there.
pub(crate) async fn depths(shared: &Shared) -> Result<Vec<Depth>, TransportError> {
    let now = shared.now();
    let mut counts: BTreeMap<String, Counts> =
        shared.known().into_iter().map(|service| (service, Counts::default())).collect();
    // Side by side: each waits for the broker most of the time.
    let (counted, failed, busy) = tokio::join!(
        outcomes(shared, now, |event| count(&mut counts, event, now)),
        aside::count_failed(shared),
        busy(shared, now),
    );
    counted?;
    let (failed, busy) = (failed?, busy?);
    for service in failed.keys() {
        counts.entry(service.clone()).or_default();
    }
    let mut depths = Vec::new();
    let mut backlogs = BTreeMap::new();
    for (service, Counts { waiting, paused_at, mut backlog }) in counts {
        let queue = shared.names.service(&service);
        let ready = queues::ready(shared, &queue).await?;
        let failed = failed.get(&service).copied().unwrap_or_default();
        // Of a service that is gone there may still be failed messages.
        if ready.is_none() && failed == 0 {
            continue;
        }
        let ready = ready.unwrap_or_default();
        backlog.ready = ready;
        backlogs.insert(service.clone(), backlog);
        let (oldest_at, rates) = (None, None);
        depths.push(Depth { service, ready, waiting, failed, oldest_at, paused_at, rates });
    }
    if let Some(Busy { measured, bindings, last }) = busy {
        age::listen(&mut backlogs, &shared.names, &bindings);
        let mut oldest = age::oldest(shared, backlogs, last, now).await?;
        for depth in &mut depths {
            let queue = shared.names.service(&depth.service);
            let (incoming, ended) = measured.get(&queue).copied().unwrap_or_default();
            depth.rates = Some(Rates { incoming, ended });
            depth.oldest_at = oldest.remove(&depth.service);
        }
    }
    Ok(depths)
}

/// What the management API says, and where the journal ends.
struct Busy {
    measured: BTreeMap<String, (f64, f64)>,
    bindings: Vec<Binding>,
    last: Option<Last>,
}

/// `None` without the management API.
async fn busy(shared: &Shared, now: Time) -> Result<Option<Busy>, TransportError> {
    let Some(admin) = &shared.admin else { return Ok(None) };
    let stream = shared.names.journal();
    let (measured, bindings, last) =
        tokio::try_join!(admin.rates(), admin.bindings(), last(&shared.reading, &stream, now))?;
    Ok(Some(Busy { measured, bindings, last }))
}

/// Takes note of one outcome. Of a message that waits twice after a crash, both are counted.
fn count(counts: &mut BTreeMap<String, Counts>, event: Event, now: Time) {
    if let Some(to) = event.to.filter(|_| event.what == What::Forwarded) {
        counts.entry(to).or_default().backlog.came(event.at);
    }
    let Some(service) = event.service else { return };
    let counts = counts.entry(service).or_default();
    match (event.what, event.due_at) {
        (What::Paused, _) => counts.paused_at = Some(event.at),
        (What::Resumed, _) => counts.paused_at = None,
        (What::Retried, _) => counts.backlog.came(event.at),
        (What::Softfail, Some(due_at)) if due_at > now => counts.waiting += 1,
        (What::Softfail, Some(due_at)) => counts.backlog.came(due_at),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use dolmen_bus::Message;

    use super::*;

    #[test]
    fn who_waits_waits_until_it_is_due_or_ends_otherwise() {
        let time = |seconds: i64| Time::from_micros(seconds * 1_000_000);
        let softfail = |id: &str, due: i64| {
            let mut event = Event::new(
                What::Softfail,
                time(1),
                Message { id: id.into(), ..Message::new("k", "") },
            );
            event.service = Some("one".into());
            event.due_at = Some(time(due));
            event
        };
        let done = Event { what: What::Done, due_at: None, ..softfail("twice", 0) };
        let mut counts = BTreeMap::new();
        let mut waiting = HashMap::new();
        for event in [softfail("over", 5), softfail("a", 20), softfail("twice", 20), done] {
            note(&mut waiting, event.clone(), time(10));
            count(&mut counts, event, time(10));
        }
        let ids: Vec<&str> = waiting.values().map(|waiting| &*waiting.message.id).collect();
        assert_eq!(ids, ["a"]);
        assert_eq!(counts["one"].waiting, 2, "the other copy waits still");
    }
}

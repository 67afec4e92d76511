//! What waits and what failed, told from the journal: a queue is not a list.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::time::Duration;

use dolmen_bus::{
    Depth, Envelope, Event, LONGEST_DELAY, Pattern, Rates, TransportError, Waiting, What,
};
use dolmen_model::Time;

use crate::Shared;
use crate::journal::{From, page, scan};
use crate::take::ready;

/// What waits was put there within the longest delay, and the broker's blocks are coarse.
const BACK: Duration = Duration::from_secs(3600);

fn since(now: Time) -> From {
    let back = i64::try_from((LONGEST_DELAY + BACK).as_micros()).unwrap_or(i64::MAX);
    From::Time(Time::from_micros(now.micros().saturating_sub(back)))
}

async fn recent(shared: &Shared) -> Result<Vec<Event>, TransportError> {
    let now = shared.now();
    page(&shared.reading, &shared.names.journal(), since(now), usize::MAX, now).await
}

/// Since when a service is paused. The journal may be long, so that nothing of it is kept.
pub(crate) async fn paused_at(
    shared: &Shared,
    service: &str,
) -> Result<Option<Time>, TransportError> {
    let now = shared.now();
    let mut paused_at = None;
    scan(&shared.reading, &shared.names.journal(), since(now), now, |event| {
        if event.service.as_deref() == Some(service) {
            match event.what {
                What::Paused => paused_at = Some(event.at),
                What::Resumed => paused_at = None,
                _ => {}
            }
        }
        ControlFlow::Continue(())
    })
    .await?;
    Ok(paused_at)
}

/// The messages whose last outcome is a wait that is not over.
pub(crate) async fn waiting(shared: &Shared) -> Result<Vec<Waiting>, TransportError> {
    Ok(fold(recent(shared).await?, shared.now()))
}

fn fold(events: Vec<Event>, now: Time) -> Vec<Waiting> {
    let mut last: HashMap<(String, String), Event> = HashMap::new();
    for event in events {
        let Some(service) = event.service.clone() else { continue };
        let outcome =
            matches!(event.what, What::Done | What::Softfail | What::Hardfail | What::Forwarded);
        if outcome {
            last.insert((event.message.id.clone(), service), event);
        }
    }
    let mut waiting: Vec<Waiting> = last
        .into_iter()
        .filter(|(_, event)| event.what == What::Softfail)
        .filter_map(|((_, service), event)| {
            let due_at = event.due_at.filter(|&due_at| due_at > now)?;
            let envelope = Envelope {
                attempt: event.attempt.saturating_add(1),
                service: Some(service.clone()),
                due_at: Some(due_at),
                errors: event.errors,
                ..Envelope::default()
            };
            Some(Waiting { message: event.message, envelope, service, due_at })
        })
        .collect();
    waiting.sort_by(|a, b| (a.due_at, &a.message.id).cmp(&(b.due_at, &b.message.id)));
    waiting
}

/// Counts by service: those that are known, and those that the journal names. Failed messages are
/// in one queue, oldest first, so those still there are the last hardfails of the journal.
pub(crate) async fn depths(shared: &Shared) -> Result<Vec<Depth>, TransportError> {
    let events = recent(shared).await?;
    let now = shared.now();
    let busy = match &shared.admin {
        Some(admin) => Some((admin.rates().await?, admin.bindings().await?)),
        None => None,
    };
    let mut services = shared.known();
    services.extend(events.iter().filter_map(|event| event.service.clone()));
    let mut depths = Vec::new();
    for service in services {
        let Some(ready) = ready(shared, &shared.names.service(&service)).await? else { continue };
        let queue = shared.names.service(&service);
        let (mut oldest_at, mut rates) = (None, None);
        if let Some((measured, bindings)) = &busy {
            let (incoming, ended) = measured.get(&queue).copied().unwrap_or_default();
            rates = Some(Rates { incoming, ended });
            let of_queue = bindings.iter().filter(|binding| {
                binding.destination == queue && binding.source == shared.names.route()
            });
            let listens: Vec<Pattern> =
                of_queue.filter_map(|binding| Pattern::new(&binding.routing_key).ok()).collect();
            oldest_at = oldest(&events, &service, &listens, ready, now);
        }
        let (waiting, failed, paused_at) = (0, 0, None);
        depths.push(Depth { service, ready, waiting, failed, oldest_at, paused_at, rates });
    }
    let failed = ready(shared, &shared.names.failed()).await?.unwrap_or_default();
    let mut count = |service: &str, change: &dyn Fn(&mut Depth)| {
        depths.iter_mut().filter(|depth| depth.service == service).for_each(change);
    };
    for event in &events {
        let Some(service) = &event.service else { continue };
        match event.what {
            What::Paused => count(service, &|depth| depth.paused_at = Some(event.at)),
            What::Resumed => count(service, &|depth| depth.paused_at = None),
            _ => {}
        }
    }
    let hardfails = events.iter().rev().filter(|event| event.what == What::Hardfail);
    for event in hardfails.take(usize::try_from(failed).unwrap_or(usize::MAX)) {
        count(event.service.as_deref().unwrap_or_default(), &|depth| depth.failed += 1);
    }
    for waiting in fold(events, now) {
        count(&waiting.service, &|depth| depth.waiting += 1);
    }
    Ok(depths)
}

/// When the oldest of so many messages came that are ready for a service. A queue gives them out in
/// the order in which they came, so they are the last that the journal says were sent there.
fn oldest(
    events: &[Event],
    service: &str,
    listens: &[Pattern],
    ready: u64,
    now: Time,
) -> Option<Time> {
    let is_it = |name: &Option<String>| name.as_deref() == Some(service);
    let mut came: Vec<Time> = events
        .iter()
        .filter_map(|event| match event.what {
            What::Published => {
                let key = &event.message.routing_key;
                listens.iter().any(|pattern| pattern.matches(key)).then_some(event.at)
            }
            What::Softfail if is_it(&event.service) => event.due_at.filter(|&due| due <= now),
            What::Forwarded if is_it(&event.to) => Some(event.at),
            What::Retried if is_it(&event.service) => Some(event.at),
            _ => None,
        })
        .collect();
    came.sort_unstable();
    let from_end = usize::try_from(ready).ok()?;
    let at = came.len().checked_sub(from_end)?;
    came.get(at).copied()
}

#[cfg(test)]
mod tests {
    use dolmen_bus::Message;

    use super::*;

    #[test]
    fn the_oldest_of_a_queue_is_as_far_back_as_there_are_messages() {
        let time = |seconds: i64| Time::from_micros(seconds * 1_000_000);
        let published =
            |key: &str, at| Event::new(What::Published, time(at), Message::new(key, ""));
        let mut softfail = published("a.x", 4);
        softfail.what = What::Softfail;
        softfail.service = Some("one".into());
        softfail.due_at = Some(time(8));
        let mut late = softfail.clone();
        late.due_at = Some(time(100));
        let events = [published("a.x", 1), published("b", 2), published("a.y", 3), softfail, late];
        let listens = [Pattern::new("a.*").unwrap()];
        let oldest = |ready| oldest(&events, "one", &listens, ready, time(10));
        assert_eq!(oldest(0), None);
        assert_eq!(oldest(1), Some(time(8)));
        assert_eq!(oldest(2), Some(time(3)));
        assert_eq!(oldest(3), Some(time(1)));
        assert_eq!(oldest(4), None, "the journal is shorter than the queue");
    }
}

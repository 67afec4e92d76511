//! What waits and what failed, told from the journal: a queue is not a list.

use std::collections::HashMap;
use std::time::Duration;

use dolmen_bus::{Depth, Envelope, Event, LONGEST_DELAY, TransportError, Waiting, What};
use dolmen_model::Time;

use crate::Shared;
use crate::journal::{From, page};
use crate::take::ready;

/// What waits was put there within the longest delay, and the broker's blocks are coarse.
const BACK: Duration = Duration::from_secs(3600);

async fn recent(shared: &Shared) -> Result<Vec<Event>, TransportError> {
    let back = i64::try_from((LONGEST_DELAY + BACK).as_micros()).unwrap_or(i64::MAX);
    let from = From::Time(Time::from_micros(shared.now().micros().saturating_sub(back)));
    page(&shared.consuming, &shared.names.journal(), from, usize::MAX, shared.now()).await
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
    let mut services = shared.known();
    services.extend(events.iter().filter_map(|event| event.service.clone()));
    let mut depths = Vec::new();
    for service in services {
        let Some(ready) = ready(shared, &shared.names.service(&service)).await? else { continue };
        let (waiting, failed, oldest_at, paused_at) = (0, 0, None, None);
        depths.push(Depth { service, ready, waiting, failed, oldest_at, paused_at });
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
    for waiting in fold(events, shared.now()) {
        count(&waiting.service, &|depth| depth.waiting += 1);
    }
    Ok(depths)
}

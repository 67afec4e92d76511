use std::collections::BTreeSet;

use dolmen_bus::{
    Aside, Bytes, Clock, Envelope, Event, FailedMessage, Origin, Parcel, PublishError, SystemClock,
    Waiting, What,
};
use dolmen_bus_sqlite::{FailedFile, Fate, Kept, KeptId};
use dolmen_model::nearest;

use super::{Common, Touched, operator};
use crate::commands::bus::aside::{Lying, take_over};
use crate::commands::bus::open::{Bus, explain};
use crate::exit::UsageError;
use crate::render::number;
use crate::render::text::clean;

/// What is done with messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Retry,
    Forward(String),
    Discard,
    Restore,
}

/// Whether messages can be forwarded to a service: what is sent to nobody would be unrouted.
pub(super) async fn check_target(bus: &Bus, service: &str) -> anyhow::Result<()> {
    if bus.transport.has_service(service).await.map_err(explain)? {
        return Ok(());
    }
    let depths = bus.transport.depths().await.map_err(explain)?;
    let known = depths.iter().map(|depth| depth.service.as_str());
    let advice = match nearest(service, known) {
        Some(near) => format!("; did you mean {near}?"),
        None => String::new(),
    };
    Err(UsageError(format!("the bus has no service {service}{advice}")).into())
}

/// Whether a service has not had any of these messages already: nothing goes round in a circle.
pub(super) fn check_circles(to: &str, chosen: &[Lying]) -> anyhow::Result<()> {
    let had = |Lying { failed, .. }: &&Lying| {
        failed.service == to || failed.envelope.forwarded_by.iter().any(|by| by == to)
    };
    match chosen.iter().find(had) {
        None => Ok(()),
        Some(Lying { failed, .. }) => Err(UsageError(format!(
            "{} comes from {to} and would go round in a circle; nothing was done",
            clean(&failed.message.id)
        ))
        .into()),
    }
}

/// Whether messages can be sent to their service again: it may be gone since they failed.
pub(super) async fn check_services(bus: &Bus, chosen: &[Lying]) -> anyhow::Result<()> {
    let sent = chosen.iter().filter(|it| !was_unheard(&it.failed));
    let services: BTreeSet<&str> = sent.map(|it| &*it.failed.service).collect();
    for service in services {
        if !bus.transport.has_service(service).await.map_err(explain)? {
            let of_it = chosen.iter().filter(|it| it.failed.service == service).count();
            let of_it = number::counted(of_it as u64, "message", "messages");
            if service.is_empty() {
                return Err(UsageError(format!(
                    "no service is known of {of_it} that another program put among the failed ones; \
                     nothing was done: send them on with `dolmen bus forward ID --to`"
                ))
                .into());
            }
            return Err(UsageError(format!(
                "the bus has no service {service} any more, where {of_it} failed; nothing was done: set \
                 it up again, or send them on with `dolmen bus forward --service {service} --to`"
            ))
            .into());
        }
    }
    Ok(())
}

/// Whether nobody listened to a message: it was never on its way to one service, nor failed in any.
fn was_unheard(failed: &FailedMessage) -> bool {
    failed.service.is_empty() && failed.envelope.errors.is_empty()
}

/// Of the messages that were named and have not failed, those that wait and can be reached.
pub(super) async fn waiting(
    bus: &Bus,
    common: &Common,
    failed: &[Lying],
    action: &Action,
) -> anyhow::Result<Vec<Waiting>> {
    let has_failed = |id: &str| failed.iter().any(|it| it.failed.message.id == id);
    let asked: Vec<&String> = common.ids.iter().filter(|id| !has_failed(id)).collect();
    let reaches = matches!(action, Action::Retry | Action::Discard);
    if asked.is_empty() || !reaches || !bus.transport.capabilities().reach_waiting {
        return Ok(Vec::new());
    }
    let waiting = bus.transport.waiting().await.map_err(explain)?;
    let is_meant = |waiting: &Waiting| {
        asked.contains(&&waiting.message.id) && common.selection.holds_waiting(waiting)
    };
    Ok(waiting.into_iter().filter(is_meant).collect())
}

/// Does it; what was really touched. A message that waited may have come due meanwhile, and
/// somebody else may have decided about one that had failed.
pub(super) async fn act(
    bus: &Bus,
    file: &FailedFile,
    chosen: Vec<Kept>,
    waiting: Vec<Waiting>,
    action: &Action,
) -> anyhow::Result<Vec<Touched>> {
    let mut touched = Vec::with_capacity(chosen.len() + waiting.len());
    for Waiting { message, envelope, service, .. } in waiting {
        let id = message.id.clone();
        match action {
            Action::Retry => {
                if bus.transport.release(&id, &service).await.map_err(explain)? {
                    let mut event = Event::new(What::Retried, SystemClock.now(), message);
                    event.message.body = Bytes::new();
                    event.service = Some(service);
                    event.attempt = envelope.attempt;
                    event.reason = operator();
                    touched.push(Touched::of(&event.message, event.service.as_deref()));
                    bus.transport.record(event).await.map_err(explain)?;
                }
            }
            _ => {
                if !bus.transport.cancel(&id, &service).await.map_err(explain)? {
                    continue;
                }
                let failed_at = SystemClock.now();
                let failed = FailedMessage { message, envelope, service, failed_at };
                for kept in
                    take_over(bus, file, Aside::Failed, vec![Lying { failed, kept: None }]).await?
                {
                    touched.extend(one(bus, file, kept, action).await?);
                }
            }
        }
    }
    for kept in chosen {
        touched.extend(one(bus, file, kept, action).await?);
    }
    Ok(touched)
}

async fn one(
    bus: &Bus,
    file: &FailedFile,
    kept: Kept,
    action: &Action,
) -> anyhow::Result<Option<Touched>> {
    let Kept { id, failed } = kept;
    let now = SystemClock.now();
    let by = operator();
    let unheard = was_unheard(&failed);
    let FailedMessage { message, envelope, service, .. } = failed;
    let event = |what| {
        let mut event = Event::new(what, now, message.clone());
        event.message.body = Bytes::new();
        event.service = Some(service.clone()).filter(|service| !service.is_empty());
        event.attempt = envelope.attempt;
        event.reason.clone_from(&by);
        event
    };
    let touched = Touched::of(&message, Some(&service));
    // Before anything is sent: of two who decide at once, one does.
    let is_free = match action {
        Action::Restore => true,
        _ => file.claim(id, by.clone().unwrap_or_default(), now).await?,
    };
    if !is_free {
        return Ok(None);
    }
    let (fate, event) = match action {
        Action::Restore => {
            if file.restore(vec![id]).await? == 0 {
                return Ok(None);
            }
            bus.transport.record(event(What::Restored)).await.map_err(explain)?;
            return Ok(Some(touched));
        }
        Action::Discard => (Fate::Discarded, event(What::Discarded)),
        Action::Retry => {
            let origin = Origin {
                replay_of: Some(message.id.clone()),
                replayed_by: by.clone(),
                edited_from: envelope.origin.edited_from.clone(),
            };
            let again = Envelope { origin, ..Envelope::default() };
            let parcel = Parcel { message: message.clone(), envelope: again };
            let to = if unheard { To::Everybody } else { To::Service(&service) };
            send_claimed(bus, file, id, to, parcel).await?;
            (Fate::Retried, event(What::Retried))
        }
        Action::Forward(to) => {
            let mut on = envelope.clone();
            // Of what another program put there nobody knows where it came from.
            on.forwarded_by.extend(Some(service.clone()).filter(|service| !service.is_empty()));
            // The other service's history is its own: its first attempt, its own limit.
            (on.attempt, on.first_failed_at, on.reason) = (1, None, None);
            on.service = Some(to.clone());
            let parcel = Parcel { message: message.clone(), envelope: on };
            send_claimed(bus, file, id, To::Service(to), parcel).await?;
            let mut event = event(What::Forwarded);
            event.to = Some(to.clone());
            (Fate::Forwarded, event)
        }
    };
    let decided = file.decide(vec![id], fate, by.unwrap_or_default(), now).await?;
    // Whoever took so long that another took over says nothing that did not happen.
    if decided.is_empty() && fate == Fate::Discarded {
        return Ok(None);
    }
    bus.transport.record(event).await.map_err(explain)?;
    Ok(Some(touched))
}

/// Who is to get a message.
#[derive(Clone, Copy, Debug)]
enum To<'a> {
    /// One service.
    Service(&'a str),
    /// Everybody who listens to its key now.
    Everybody,
}

/// Sends what was claimed; what is not sent is anybody's again.
async fn send_claimed(
    bus: &Bus,
    file: &FailedFile,
    id: KeptId,
    to: To<'_>,
    parcel: Parcel,
) -> anyhow::Result<()> {
    let sent = match to {
        To::Service(service) => bus.transport.send(service, vec![parcel]).await,
        To::Everybody => bus.transport.publish(vec![parcel.message]).await,
    };
    let Err(error) = sent else { return Ok(()) };
    file.let_go(id).await?;
    Err(match error {
        PublishError::Unconfirmed { cause, .. } => explain(cause),
        error @ PublishError::Message { .. } => error.into(),
    })
}

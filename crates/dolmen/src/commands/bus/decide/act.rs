use dolmen_bus::{
    Bytes, Clock, Envelope, Event, FailedMessage, Origin, Parcel, PublishError, SystemClock,
    Waiting, What,
};
use dolmen_bus_sqlite::{FailedFile, Fate, Kept};
use dolmen_model::nearest;

use super::{Common, operator};
use crate::commands::bus::open::{Bus, explain};
use crate::exit::UsageError;

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
    let depths = bus.transport.depths().await.map_err(explain)?;
    if depths.iter().any(|depth| depth.service == service) {
        return Ok(());
    }
    let known = depths.iter().map(|depth| depth.service.as_str());
    let advice = match nearest(service, known) {
        Some(near) => format!("; did you mean {near}?"),
        None => String::new(),
    };
    Err(UsageError(format!("the bus has no service {service}{advice}")).into())
}

/// Of the messages that were named and have not failed, those that wait and can be reached.
pub(super) async fn waiting(
    bus: &Bus,
    common: &Common,
    failed: &[Kept],
    action: &Action,
) -> anyhow::Result<Vec<Waiting>> {
    let has_failed = |id: &str| failed.iter().any(|kept| kept.failed.message.id == id);
    let asked: Vec<&String> = common.ids.iter().filter(|id| !has_failed(id)).collect();
    let reaches = matches!(action, Action::Retry | Action::Discard);
    if asked.is_empty() || !reaches || !bus.transport.capabilities().reach_waiting {
        return Ok(Vec::new());
    }
    let waiting = bus.transport.waiting().await.map_err(explain)?;
    Ok(waiting.into_iter().filter(|waiting| asked.contains(&&waiting.message.id)).collect())
}

/// Does it.
pub(super) async fn act(
    bus: &Bus,
    file: &FailedFile,
    chosen: Vec<Kept>,
    waiting: Vec<Waiting>,
    action: &Action,
) -> anyhow::Result<()> {
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
                    bus.transport.record(event).await.map_err(explain)?;
                }
            }
            _ => {
                bus.transport.cancel(&id, &service).await.map_err(explain)?;
                bus.transport.drain_failed(file).await?;
                let kept = file.open_messages().await?;
                let kept = kept
                    .into_iter()
                    .find(|kept| kept.failed.message.id == id && kept.failed.service == service);
                if let Some(kept) = kept {
                    one(bus, file, kept, action).await?;
                }
            }
        }
    }
    for kept in chosen {
        one(bus, file, kept, action).await?;
    }
    Ok(())
}

async fn one(bus: &Bus, file: &FailedFile, kept: Kept, action: &Action) -> anyhow::Result<()> {
    let Kept { id, failed } = kept;
    let now = SystemClock.now();
    let by = operator();
    let FailedMessage { message, envelope, service, .. } = failed;
    let event = |what| {
        let mut event = Event::new(what, now, message.clone());
        event.message.body = Bytes::new();
        event.service = Some(service.clone());
        event.attempt = envelope.attempt;
        event.reason.clone_from(&by);
        event
    };
    let (fate, event) = match action {
        Action::Restore => {
            file.restore(vec![id]).await?;
            return Ok(());
        }
        Action::Discard => (Fate::Discarded, event(What::Discarded)),
        Action::Retry => {
            let origin = Origin {
                replay_of: Some(message.id.clone()),
                replayed_by: by.clone(),
                edited_from: envelope.origin.edited_from.clone(),
            };
            let again = Envelope { origin, ..Envelope::default() };
            send(bus, &service, Parcel { message: message.clone(), envelope: again }).await?;
            (Fate::Retried, event(What::Retried))
        }
        Action::Forward(to) => {
            if *to == service || envelope.forwarded_by.contains(to) {
                return Err(UsageError(format!(
                    "{} comes from {to} and would go round in a circle",
                    message.id
                ))
                .into());
            }
            let mut on = envelope.clone();
            on.forwarded_by.push(service.clone());
            // The other service's history is its own: its first attempt, its own limit.
            (on.attempt, on.first_failed_at, on.reason) = (1, None, None);
            on.service = Some(to.clone());
            send(bus, to, Parcel { message: message.clone(), envelope: on }).await?;
            let mut event = event(What::Forwarded);
            event.to = Some(to.clone());
            (Fate::Forwarded, event)
        }
    };
    file.decide(vec![id], fate, by.unwrap_or_default(), now).await?;
    bus.transport.record(event).await.map_err(explain)
}

async fn send(bus: &Bus, service: &str, parcel: Parcel) -> anyhow::Result<()> {
    bus.transport.send(service, vec![parcel]).await.map_err(|error| match error {
        PublishError::Unconfirmed { cause, .. } => explain(cause),
        error @ PublishError::Message { .. } => error.into(),
    })
}

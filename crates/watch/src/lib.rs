//! The watch: what somebody must be told of.
//!
//! After each commit [`look`] asks the store, with [`Plan`] in hand, whether there is something:
//! a call to an operation that is retired, somebody new whom no rule names, marks or calls that
//! went past the proxy, a source gone silent. What it finds is kept in the store, one alert a cause,
//! so it survives restarts; [`tell`] and its kin move an alert along. Whom to tell, and how, is not
//! decided here.
//!
//! `state` holds the rules of telling as pure functions: never twice for one cause while nobody
//! has answered, again when more comes after somebody said it is known, not while muted.

mod callers;
mod causes;
mod sentence;
mod silence;
mod state;
mod times;
mod whom;

use dolmen_model::Time;
use dolmen_store::{Alert, Store, StoreError};

pub use causes::{Kind, silences};
pub use sentence::{sentence, what};
pub use silence::Heard;
pub use state::{acknowledge, is_open, is_pending, mute, reopen, tell, unmute};
pub use whom::{by, latest, marks, query};

/// What is watched.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// What somebody is told of.
    pub armed: Vec<Kind>,
    /// Operations that are retired, each on one service.
    pub retired: Vec<Retired>,
    /// Sources that should speak, by name.
    pub sources: Vec<String>,
    /// When they spoke, where somebody listens.
    pub heard: Option<Heard>,
}

/// An operation that one service should no longer get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retired {
    /// The operation.
    pub operation: String,
    /// The service.
    pub service: String,
    /// From this instant on a call is residual.
    pub since: Time,
}

/// What somebody would have been told if the watch had begun at `since` and all kinds were armed;
/// nothing is kept. Silences that have ended since are among it.
pub fn would_tell(
    store: &dyn Store,
    plan: &Plan,
    since: Time,
    now: Time,
) -> Result<Vec<Alert>, StoreError> {
    // Nobody would have known of any caller yet; a silence began when it was noticed to begin.
    let mut known = store.alerts()?;
    known.retain(|alert| alert.kind == Kind::SilentSource.name());
    let mut seen = causes::all(store, plan, &known, since, since, now)?;
    seen.extend(causes::past_silences(store, plan, since)?);
    Ok(seen.into_iter().filter_map(|seen| state::after(None, seen, now)).collect())
}

/// Looks for everything there is to tell, keeps it, and gives back the alerts that are pending.
pub fn look(store: &dyn Store, plan: &Plan, now: Time) -> Result<Vec<Alert>, StoreError> {
    let since = store.watched_since(now)?;
    let mut seen = causes::all(store, plan, &store.alerts()?, since, Time::MIN, now)?;
    // To what was told before it was disarmed it is as if nothing of it were there any more.
    seen.retain(|seen| plan.armed.contains(&seen.kind));
    let is_over = |alert: &&Alert| !seen.iter().any(|seen| seen.is(alert));
    // Somebody may have answered meanwhile, and what was said stands.
    store.change_alerts(&mut |known| {
        let over = known.iter().filter(is_over).filter_map(state::without);
        let changed = seen.iter().filter_map(|seen| {
            let before = known.iter().find(|alert| seen.is(alert));
            state::after(before, seen.clone(), now)
        });
        over.chain(changed).collect()
    })?;
    let mut pending = store.alerts()?;
    pending.retain(|alert| is_pending(alert, now));
    Ok(pending)
}

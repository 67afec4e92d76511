use std::collections::HashSet;
use std::time::Duration;

use dolmen_model::Time;

use super::Policy;
use crate::clock::after;

/// Probes never come further apart than this, so that a service that is back is found soon.
const LONGEST_PROBE: Duration = Duration::from_secs(5 * 60);

/// What one delivery says about the service as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observed {
    /// It reached what it needs: done, or a failure of the message's own.
    Reached,
    /// It failed for availability.
    Unavailable,
    /// The handler could not even be run.
    CannotRun,
}

/// What [`Outage::observe`] changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The service pauses; the first probe is due then.
    Paused(Time),
    /// The probe failed; the next is due then.
    StillPaused(Time),
    /// The service is back.
    Resumed,
}

/// Tells one message that cannot be handled from a service that cannot handle any.
///
/// Different messages that fail for availability, in a row, pause the service: burning the
/// attempts of ten thousand messages finds nothing out. Then one message at a time probes, at
/// growing intervals. The probe follows the rule of ten like every message that was tried; the
/// others stay untouched. One message that fails again and again never pauses a service.
#[derive(Debug)]
pub struct Outage {
    after: Option<usize>,
    first_probe: Duration,
    row: HashSet<String>,
    paused: Option<Pause>,
}

#[derive(Debug)]
struct Pause {
    interval: Duration,
    probe_at: Time,
}

impl Outage {
    /// A service that works.
    pub fn new(policy: &Policy) -> Self {
        Self {
            after: policy.outage_after().map(|count| count as usize),
            first_probe: policy.probe_after(),
            row: HashSet::new(),
            paused: None,
        }
    }

    /// When the next probe is due; `None` while the service works.
    pub fn probe_at(&self) -> Option<Time> {
        self.paused.as_ref().map(|pause| pause.probe_at)
    }

    /// Takes note of one delivery's end.
    pub fn observe(&mut self, message_id: &str, observed: Observed, now: Time) -> Option<Change> {
        if observed == Observed::Reached {
            self.row.clear();
            return self.paused.take().map(|_| Change::Resumed);
        }
        if let Some(pause) = &mut self.paused {
            // What was in flight when the service paused fails too, and is no probe.
            if now < pause.probe_at {
                return None;
            }
            pause.interval = (pause.interval * 2).min(LONGEST_PROBE.max(self.first_probe));
            pause.probe_at = after(now, pause.interval);
            return Some(Change::StillPaused(pause.probe_at));
        }
        if observed == Observed::Unavailable {
            let after = self.after?;
            self.row.insert(message_id.to_owned());
            if self.row.len() < after {
                return None;
            }
        }
        self.row.clear();
        let probe_at = after(now, self.first_probe);
        self.paused = Some(Pause { interval: self.first_probe, probe_at });
        Some(Change::Paused(probe_at))
    }
}

//! Looks after each commit whether somebody must be told, and tells.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use dolmen_console::{AlertRow, Console, Event};
use dolmen_model::Time;
use dolmen_store::{Alert, LocalStore, Store, StoreError};
use dolmen_watch::{Plan, Retired};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::say;
use crate::settings::Settings;

/// At least so long lies between two looks: many small commits are looked at together.
const BETWEEN: Duration = Duration::from_secs(1);
/// Silence makes no commit: it is looked for every so often.
const AT_LEAST: Duration = Duration::from_secs(60);

/// What is watched, by the rules.
pub(in crate::commands) fn plan(settings: &Settings) -> Plan {
    let rules = &settings.rule_set;
    let monoliths = || rules.services.iter().filter(|service| service.monolith);
    let mut retired = Vec::new();
    for rule in &rules.operations {
        let Some(day) = rule.retired else { continue };
        let Ok(since) = day.to_zoned(TimeZone::UTC) else { continue };
        let since = Time::from_micros(since.timestamp().as_microsecond());
        let services: Vec<String> = match &rule.service {
            Some(service) => vec![service.clone()],
            None => monoliths().map(|service| service.name.clone()).collect(),
        };
        for service in services {
            let one = Retired { operation: rule.name.clone(), service, since };
            // Several rules may recognise one operation.
            if !retired.contains(&one) {
                retired.push(one);
            }
        }
    }
    Plan { retired, sources: settings.sources.iter().map(|source| source.name.clone()).collect() }
}

pub(super) struct Watcher {
    pub(super) store: Arc<LocalStore>,
    pub(super) console: Console,
    pub(super) plan: Plan,
}

impl Watcher {
    /// Looks whenever something was committed, until the other end goes.
    pub(super) fn run(self, committed: &Receiver<()>) {
        loop {
            let looked = Instant::now();
            self.look();
            match committed.recv_timeout(AT_LEAST) {
                Ok(()) => std::thread::sleep(BETWEEN.saturating_sub(looked.elapsed())),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            // What came meanwhile is seen by the look that follows.
            while committed.try_recv().is_ok() {}
        }
    }

    fn look(&self) {
        let now = Time::from_micros(Timestamp::now().as_microsecond());
        match dolmen_watch::look(&*self.store, &self.plan, now) {
            Ok(pending) => pending.iter().for_each(|alert| self.tell(alert)),
            Err(error) => say(&format!("the watch cannot look: {error}")),
        }
    }

    /// Somebody may have answered since it was read, and the answer stands.
    fn keep_told(&self, id: i64) -> Result<(), StoreError> {
        let alerts = self.store.alerts()?;
        match alerts.iter().find(|alert| alert.id == id) {
            Some(alert) => self.store.keep_alerts(&[dolmen_watch::tell(alert)]),
            None => Ok(()),
        }
    }

    fn tell(&self, alert: &Alert) {
        say(&format!("alert: {}: {} ({})", alert.kind, alert.cause, alert.count));
        self.console.tell(Event::Alert(AlertRow::from(alert.clone())));
        if let Err(error) = self.keep_told(alert.id) {
            say(&format!("cannot keep that an alert was told: {error}"));
        }
    }
}

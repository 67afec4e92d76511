//! Looks after each commit whether somebody must be told, and tells.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use dolmen_console::Event;
use dolmen_store::{Alert, StoreError};
use dolmen_watch::{Plan, Retired};

use super::live::{Live, now};
use super::{notify, say};
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
        let Some(since) = settings.judging.start(day) else { continue };
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
    let sources = settings.sources.iter().map(|source| source.name.clone()).collect();
    let armed = settings.armed.clone();
    Plan { armed, retired, sources, heard: None }
}

pub(super) struct Watcher {
    pub(super) live: Arc<Live>,
    /// Who sends what is to be sent.
    pub(super) told: Sender<()>,
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
        let now = now();
        let heard = Some(self.live.heard().clone());
        let plan = Plan { heard, ..plan(&self.live.current().settings) };
        match dolmen_watch::look(&*self.live.store, &plan, now) {
            Ok(pending) => pending.iter().for_each(|alert| self.tell(alert)),
            Err(error) => say(&format!("the watch cannot look: {error}")),
        }
    }

    /// Somebody may have answered since it was read, and the answer stands.
    fn keep_told(&self, alert: &Alert) -> Result<(), StoreError> {
        let settings = self.live.current().settings;
        // Who it was is worth a look where somebody is told outside, and no reason not to tell.
        let latest = (!settings.notify.is_empty())
            .then(|| dolmen_watch::latest(&*self.live.store, alert).ok().flatten())
            .flatten();
        let now = now();
        let notices = self.live.store.keep_told(alert.id, now, |alert| {
            let notices = notify::notices(alert, latest.as_ref(), &settings);
            (dolmen_watch::tell(alert, now), notices)
        })?;
        if notices > 0 {
            // At the end nobody sends any more; at the next start somebody does.
            _ = self.told.send(());
        }
        Ok(())
    }

    fn tell(&self, alert: &Alert) {
        say(&format!("alert: {}: {} ({})", alert.kind, alert.cause, alert.count));
        self.live.console.tell(Event::Alert(alert.clone()));
        if let Err(error) = self.keep_told(alert) {
            say(&format!("cannot keep that an alert was told: {error}"));
        }
    }
}

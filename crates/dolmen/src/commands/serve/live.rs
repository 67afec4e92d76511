//! The configuration in effect, which changes while everything runs.
//!
//! Whoever works with it takes what is current and keeps that for one round; a change is seen by
//! the next. The history is derived again beside, see `derive`.

use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use anyhow::bail;
use dolmen_attribution::Rules;
use dolmen_collect::Imported;
use dolmen_console::{Console, Event, RulesState, SourceReading};
use dolmen_model::Time;
use dolmen_store::LocalStore;
use dolmen_watch::Heard;
use jiff::Timestamp;

use super::arrive::Arrivals;
use super::derive::Deriver;
use super::{facts, say};
use crate::commands::import;
use crate::settings::{Settings, Stamped};

/// A configuration and its rules, compiled with the store's names.
#[derive(Clone)]
pub(super) struct Current {
    pub(super) settings: Arc<Settings>,
    pub(super) rules: Arc<Rules>,
}

impl Current {
    pub(super) fn new(settings: Settings, store: &LocalStore) -> anyhow::Result<Self> {
        let rules = import::compile(&settings, store)?;
        Ok(Self { settings: Arc::new(settings), rules: Arc::new(rules) })
    }
}

/// What is in effect, and everything that a change of it must reach.
pub(super) struct Live {
    pub(super) store: Arc<LocalStore>,
    pub(super) console: Console,
    pub(super) deriver: Deriver,
    arrivals: Mutex<Arrivals>,
    current: RwLock<Current>,
    /// Held while lines are read: who has it knows that no round by older rules is under way.
    round: Mutex<()>,
    /// Whom to tell that there is something new.
    committed: Mutex<Option<Sender<()>>>,
    /// When sources spoke.
    heard: Mutex<Heard>,
    /// How it stands with reading sources.
    readings: Mutex<Vec<SourceReading>>,
    /// How the files of the configuration were when they were last read. Held while they are.
    read: Mutex<Stamps>,
}

/// The files of a configuration: itself, and what the console named.
pub(super) type Stamps = [Stamped; 2];

impl Live {
    pub(super) fn new(
        current: Current,
        store: Arc<LocalStore>,
        console: Console,
        arrivals: Arrivals,
    ) -> Self {
        let stamps = current.settings.stamps.clone();
        Self {
            store,
            console,
            deriver: Deriver::default(),
            arrivals: Mutex::new(arrivals),
            current: RwLock::new(current),
            round: Mutex::new(()),
            committed: Mutex::new(None),
            heard: Mutex::new(Heard::from(now())),
            readings: Mutex::default(),
            read: Mutex::new(stamps),
        }
    }

    /// What is in effect now.
    pub(super) fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Compiles the rules in effect again: templates were learned since.
    pub(super) fn recompile(&self) -> anyhow::Result<()> {
        let Current { settings, .. } = self.current();
        let rules = Arc::new(import::compile(&settings, &*self.store)?);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        current.rules = rules;
        Ok(())
    }

    /// Who brings lines over the network.
    pub(super) fn arrivals(&self) -> MutexGuard<'_, Arrivals> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whom to tell from now on that there is something new.
    pub(super) fn tell(&self, committed: Option<Sender<()>>) {
        *self.committed.lock().unwrap_or_else(PoisonError::into_inner) = committed;
    }

    /// Tells everybody that lines came into the store.
    pub(super) fn tell_committed(&self, imported: &Imported) {
        if imported.calls + imported.marks + imported.unparsed == 0 {
            return;
        }
        self.console.tell(Event::Commit { calls: imported.calls, from: None, to: None });
        self.watch();
    }

    /// Has the watch look: what is to be told may have changed.
    pub(super) fn watch(&self) {
        if let Some(committed) = &*self.committed.lock().unwrap_or_else(PoisonError::into_inner) {
            // Without a watch nobody needs to be told.
            _ = committed.send(());
        }
    }

    /// When sources spoke.
    pub(super) fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it stands with reading sources.
    pub(super) fn readings(&self) -> Vec<SourceReading> {
        self.readings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn say_readings(&self, readings: Vec<SourceReading>) {
        *self.readings.lock().unwrap_or_else(PoisonError::into_inner) = readings;
    }

    /// Waits until nobody else reads lines.
    pub(super) fn round(&self) -> MutexGuard<'_, ()> {
        self.round.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The files of the configuration, where they changed since they were last read.
    pub(super) fn changed(&self) -> Option<Stamps> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.current().settings.stamps_now();
        (*read != now).then_some(now)
    }

    /// Reads the configuration again. One that cannot be used changes nothing and is an error.
    pub(super) fn reload(&self) -> anyhow::Result<()> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.current().settings;
        // What changes while it is read is seen the next time.
        *read = before.stamps_now();
        let loaded = Settings::load(&before.asked)
            .and_then(|settings| Current::new(settings, &self.store))
            .and_then(|current| match current.settings.store_path() == before.store_path() {
                true => Ok(current),
                false => bail!("the store cannot move while it is open: restart `dolmen serve`"),
            })
            .and_then(|current| {
                let plan = self.arrivals().plan(&current.settings)?;
                Ok((current, plan))
            });
        let (current, plan) = match loaded {
            Ok(loaded) => loaded,
            Err(error) => {
                let problem = Some(format!("{error:#}"));
                self.console.say_rules(RulesState { problem, ..self.console.rules() });
                return Err(error);
            }
        };
        let settings = Arc::clone(&current.settings);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = current;
        self.console.say_rules(RulesState { problem: None, ..self.console.rules() });
        self.console.declare(facts::of(&settings, self.store.path()));
        let leaving = self.arrivals().turn_to(plan, &settings);
        for warning in &settings.warnings {
            say(&format!("warning: {warning}"));
        }
        self.deriver.look();
        self.watch();
        // Reading goes on meanwhile, and makes room for what they still bring.
        leaving.wait();
        Ok(())
    }
}

/// The clock of this machine.
pub(super) fn now() -> Time {
    Time::from_micros(Timestamp::now().as_microsecond())
}

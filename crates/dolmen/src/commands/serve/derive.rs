//! The history follows the rules: whenever they changed, it is derived again beside everything else.

use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dolmen_collect::Rederived;
use dolmen_console::{Console, RulesState};

use super::live::{Current, Live};
use super::say;
use crate::commands::rules;
use crate::render::number;

/// Who asks for it, who waits for it, and when it ends.
#[derive(Default)]
pub(super) struct Deriver {
    state: Mutex<State>,
    changed: Condvar,
    /// Held by who rewrites the store: derives it again, or compacts it.
    rewriting: Mutex<()>,
}

#[derive(Default)]
struct State {
    /// How often it was asked for.
    asked: u64,
    /// The last question that was answered.
    answered: u64,
    is_ending: bool,
}

impl Deriver {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that the rules may have changed.
    pub(super) fn look(&self) {
        self.state().asked += 1;
        self.changed.notify_all();
    }

    /// Stops what is under way; it goes on at the next start.
    pub(super) fn end(&self) {
        self.state().is_ending = true;
        self.changed.notify_all();
    }

    /// Waits for everything that was asked for so far, and says whether it is done.
    pub(super) fn wait(&self, patience: Duration) -> bool {
        let state = self.state();
        let asked = state.asked;
        let is_open = |state: &mut State| state.answered < asked && !state.is_ending;
        let waited = self.changed.wait_timeout_while(state, patience, is_open);
        waited.unwrap_or_else(PoisonError::into_inner).0.answered >= asked
    }

    /// Waits until nobody else rewrites the store.
    pub(super) fn rewriting(&self) -> MutexGuard<'_, ()> {
        self.rewriting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next question; `None` at the end.
    fn next(&self) -> Option<u64> {
        let state = self.state();
        let idle = |state: &mut State| state.answered == state.asked && !state.is_ending;
        let state = self.changed.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner);
        (!state.is_ending).then_some(state.asked)
    }

    /// Whether what is under way answers the last question.
    fn is_asked(&self, question: u64) -> ControlFlow<()> {
        let state = self.state();
        match state.is_ending || state.asked != question {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    fn answer(&self, question: u64) {
        self.state().answered = question;
        self.changed.notify_all();
    }
}

/// Derives whenever it is asked for, until the end.
pub(super) fn run(live: &Live) {
    while let Some(question) = live.deriver.next() {
        if let Err(error) = derive(live, question) {
            say(&format!("the history could not be derived by the rules as they are: {error:#}"));
        }
        say_deriving(&live.console, false, 0);
        // A question that came meanwhile is still open.
        live.deriver.answer(question);
    }
}

fn derive(live: &Live, question: u64) -> anyhow::Result<()> {
    // Lines that are being read by older rules come to their end first, and are derived too.
    drop(live.round());
    let _alone = live.deriver.rewriting();
    let Current { settings, rules } = live.current();
    let work = rules::Derivation::new(&settings, &live.store)?;
    if work.version.is_in_effect(&live.store)? {
        return Ok(());
    }
    say_deriving(&live.console, true, 0);
    let done = work.run(&live.store, &rules, |Rederived { calls, .. }| {
        say_deriving(&live.console, true, *calls);
        live.deriver.is_asked(question)
    })?;
    if let Some(done) = done {
        let calls = number::counted(done.calls, "call", "calls");
        say(&format!("the rules changed: {calls} derived again"));
        for lost in &done.unreadable {
            say(&format!("its calls stay as older rules had them: {lost}"));
        }
        live.watch();
    }
    Ok(())
}

fn say_deriving(console: &Console, deriving: bool, derived: u64) {
    let before = console.rules();
    let state = RulesState { deriving, derived, problem: before.problem.clone() };
    if state != before {
        console.say_rules(state);
    }
}

//! What the story wrote, counted while it wrote it.

use std::collections::BTreeMap;

use super::ask::{Ask, Interface, Route};
use super::cast::{Actor, Operation, Service};
use super::plan::End;
use super::play::Call;

/// Calls that are alike in all that a report tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Deed {
    /// Who called.
    pub(crate) actor: Actor,
    /// What for.
    pub(crate) ask: Ask,
    /// Who answered, or would have.
    pub(crate) service: Service,
    /// How it ended.
    pub(crate) end: End,
}

/// How many calls of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    deeds: BTreeMap<Deed, u64>,
}

impl Deed {
    /// The operations that an application log says were entered.
    pub(crate) fn marked(&self) -> &'static [Operation] {
        if self.end.is_entered() { self.ask.operations() } else { &[] }
    }

    /// The operations that a report shows: those of the marks, and what the one rule sees in the
    /// query of a call that was refused.
    pub(crate) fn shown(&self) -> &'static [Operation] {
        match self.ask.interface() {
            Some(Interface::Query) => self.ask.operations(),
            _ => self.marked(),
        }
    }

    /// The route it took.
    pub(crate) const fn route(&self) -> Route {
        self.ask.route(self.service)
    }
}

impl Tally {
    pub(super) fn count(&mut self, call: &Call) {
        let Call { actor, ask, service, end, .. } = *call;
        *self.deeds.entry(Deed { actor, ask, service, end }).or_default() += 1;
    }

    /// Every kind of call with its number.
    pub(crate) fn deeds(&self) -> impl Iterator<Item = (&Deed, u64)> {
        self.deeds.iter().map(|(deed, &calls)| (deed, calls))
    }

    /// How many calls are so.
    pub(crate) fn calls(&self, is_so: impl Fn(&Deed) -> bool) -> u64 {
        self.deeds().filter(|(deed, _)| is_so(deed)).map(|(_, calls)| calls).sum()
    }

    /// How many marks were written: a batch writes two.
    pub(crate) fn marks(&self) -> u64 {
        self.deeds().map(|(deed, calls)| calls * deed.marked().len() as u64).sum()
    }

    /// Calls that a report shows under this operation, by the route they took.
    pub(crate) fn routes(&self, operation: Operation) -> BTreeMap<Route, u64> {
        let mut routes = BTreeMap::new();
        for (deed, calls) in self.deeds().filter(|(deed, _)| deed.shown().contains(&operation)) {
            *routes.entry(deed.route()).or_default() += calls;
        }
        routes
    }
}

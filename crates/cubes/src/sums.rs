use std::collections::BTreeMap;

use dolmen_model::{Joined, NameId, Names, SetId};

use crate::cube::{Cell, Key};

/// Totals of counts, and their sums by one name: what every report and panel begins with.
#[derive(Clone, Debug, Default)]
pub struct Sums {
    /// All calls.
    pub calls: u64,
    /// Calls with a mark.
    pub joined: u64,
    /// Calls without a mark, those without an id among them.
    pub call_only: u64,
    /// Calls without an id.
    pub no_id: u64,
    /// By operation and service; a call that entered two operations counts under both.
    pub operations: BTreeMap<(NameId, NameId), Cell>,
    /// Calls by actor.
    pub actors: BTreeMap<NameId, u64>,
    /// Calls by service.
    pub services: BTreeMap<NameId, u64>,
}

impl Sums {
    /// Adds the calls of one cell.
    pub fn add(&mut self, key: &Key, cell: &Cell, names: &Names) {
        self.calls += cell.calls;
        match key.outcome.joined {
            Joined::Joined => self.joined += cell.calls,
            Joined::CallOnly => self.call_only += cell.calls,
            Joined::NoId => {
                self.call_only += cell.calls;
                self.no_id += cell.calls;
            }
        }
        for operation in members(names, key.operations) {
            self.operations.entry((operation, key.service)).or_default().merge(cell);
        }
        *self.actors.entry(key.actor).or_default() += cell.calls;
        *self.services.entry(key.service).or_default() += cell.calls;
    }
}

/// The operations of a set; of the empty set the one nobody could name, so that every call has its
/// row.
pub fn members(names: &Names, set: SetId) -> impl Iterator<Item = NameId> {
    let operations = names.sets.operations(set);
    let none = operations.is_empty().then_some(NameId::UNKNOWN);
    operations.into_iter().chain(none)
}

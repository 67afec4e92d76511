//! From counts to the tables of a report.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dolmen_model::{NameId, Names, SetId};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::callers::{CallerTable, Callers};
use crate::cube::{Cell, Cube};
use crate::report::{ActorRow, CallerRow, EndpointRow, OperationRow, Report, ServiceRow};
use crate::sums::Sums;

impl Report {
    /// Fills everything that follows from the counts: totals of calls, and the tables of
    /// operations, actors, services, endpoints and unknown callers. Names are looked up in
    /// `names`, callers in `callers`; `renamed` are endpoints that have another name by now.
    pub fn count(
        &mut self,
        cube: &Cube,
        unknown: &Callers,
        (names, callers): (&Names, &CallerTable),
        renamed: &FxHashMap<NameId, String>,
    ) {
        let mut sums = Sums::default();
        let mut endpoints: BTreeMap<(NameId, NameId), Cell> = BTreeMap::new();
        for (key, cell) in cube.cells() {
            sums.add(key, cell, names);
            endpoints.entry((key.service, key.endpoint)).or_default().merge(cell);
        }
        let Sums { calls, joined, call_only, no_id, operations, actors, services } = sums;
        self.calls += calls;
        self.joined += joined;
        self.call_only += call_only;
        self.no_id += no_id;
        self.operations = rows(operations.into_iter().map(|((operation, service), cell)| {
            let operation = names.operations.name(operation);
            let service = names.services.name(service);
            let (p50, p95) = (cell.durations.quantile(0.50), cell.durations.quantile(0.95));
            OperationRow { operation, service, calls: cell.calls, p50, p95 }
        }));
        self.actors = rows(
            actors.into_iter().map(|(id, calls)| ActorRow { actor: names.actors.name(id), calls }),
        );
        self.services = rows(services.into_iter().map(|(id, calls)| {
            let service = names.services.name(id);
            ServiceRow { service, calls }
        }));
        let mut named: BTreeMap<(NameId, Option<String>), Cell> = BTreeMap::new();
        for ((service, endpoint), cell) in endpoints {
            let name = renamed.get(&endpoint).cloned();
            let name = name.or_else(|| names.endpoints.name(endpoint));
            named.entry((service, name)).or_default().merge(&cell);
        }
        self.endpoints = rows(named.into_iter().map(|((service, endpoint), cell)| {
            let (method, endpoint) = split_endpoint(endpoint);
            let service = names.services.name(service);
            let p95 = cell.durations.quantile(0.95);
            EndpointRow { service, method, endpoint, calls: cell.calls, p95 }
        }));
        self.unknown_callers = caller_rows(unknown, names, callers);
    }
}

fn split_endpoint(name: Option<String>) -> (Option<String>, Option<String>) {
    match name {
        None => (None, None),
        Some(name) => match name.split_once(' ') {
            Some((method, template)) => (Some(method.to_owned()), Some(template.to_owned())),
            None => (None, Some(name)),
        },
    }
}

fn caller_rows(unknown: &Callers, names: &Names, callers: &CallerTable) -> Vec<CallerRow> {
    let mut entered = EnteredNames::new(names);
    let order = callers.order();
    // There may be many: they are put in order, as numbers, before their names are written out.
    let mut counts: Vec<_> = unknown
        .counts()
        .map(|(caller, count)| {
            let (address, user_agent) = order.rank(caller);
            let names = u64::from(address) << 32 | u64::from(user_agent);
            ((!count.calls, names), caller, entered.of(&count.entered))
        })
        .collect();
    counts.sort_unstable_by_key(|(place, ..)| *place);
    let rows = counts.into_iter().map(|((calls, _), caller, operations)| {
        let [address, user_agent] = order.name(caller);
        CallerRow { address, user_agent, calls: !calls, operations }
    });
    rows.collect()
}

/// The names of the operations in sets: many callers enter the same few.
struct EnteredNames<'n> {
    names: &'n Names,
    known: FxHashMap<SmallVec<[SetId; 6]>, Arc<[String]>>,
}

impl<'n> EnteredNames<'n> {
    fn new(names: &'n Names) -> Self {
        Self { names, known: FxHashMap::default() }
    }

    /// The names of all operations of these sets, sorted.
    fn of(&mut self, sets: &SmallVec<[SetId; 6]>) -> Arc<[String]> {
        if let Some(known) = self.known.get(sets) {
            return Arc::clone(known);
        }
        let operations = sets.iter().flat_map(|&set| self.names.sets.operations(set));
        let named = operations.filter_map(|id| self.names.operations.name(id));
        let named: BTreeSet<String> = named.collect();
        let named: Arc<[String]> = named.into_iter().collect();
        self.known.insert(sets.clone(), Arc::clone(&named));
        named
    }
}

/// A row whose place in its table follows from its count, then its names.
trait Row {
    fn calls(&self) -> u64;
    fn names(&self) -> [&Option<String>; 3];
}

const NO_NAME: &Option<String> = &None;

impl Row for OperationRow {
    fn calls(&self) -> u64 {
        self.calls
    }
    fn names(&self) -> [&Option<String>; 3] {
        [&self.operation, &self.service, NO_NAME]
    }
}

impl Row for ActorRow {
    fn calls(&self) -> u64 {
        self.calls
    }
    fn names(&self) -> [&Option<String>; 3] {
        [&self.actor, NO_NAME, NO_NAME]
    }
}

impl Row for ServiceRow {
    fn calls(&self) -> u64 {
        self.calls
    }
    fn names(&self) -> [&Option<String>; 3] {
        [&self.service, NO_NAME, NO_NAME]
    }
}

impl Row for EndpointRow {
    fn calls(&self) -> u64 {
        self.calls
    }
    fn names(&self) -> [&Option<String>; 3] {
        [&self.service, &self.method, &self.endpoint]
    }
}

fn rows<R: Row>(rows: impl Iterator<Item = R>) -> Vec<R> {
    let mut rows: Vec<R> = rows.collect();
    rows.sort_by(|a, b| b.calls().cmp(&a.calls()).then_with(|| a.names().cmp(&b.names())));
    rows
}

#[cfg(test)]
mod tests {
    use dolmen_model::{Joined, Outcome, Time};

    use super::*;
    use crate::callers::CachedCallers;
    use crate::cube::Key;

    #[test]
    fn a_call_of_two_operations_counts_under_both_and_once_in_the_total() {
        let names = Names::new();
        let (a, b) = (names.operations.intern(b"a"), names.operations.intern(b"b"));
        let service = names.services.intern(b"monolith");
        let key = Key {
            bucket: Time::from_micros(0),
            service,
            operations: names.sets.intern(&[a, b]),
            actor: NameId::UNKNOWN,
            endpoint: names.endpoints.intern(b"POST /x"),
            outcome: Outcome { status: 200, joined: Joined::Joined },
        };
        let mut cube = Cube::default();
        cube.add(key, Some(10), Some(1000));
        let none = Outcome { status: 404, joined: Joined::NoId };
        cube.add(Key { operations: SetId::EMPTY, outcome: none, ..key }, None, None);
        let callers = CallerTable::new(10);
        let mut unknown = Callers::default();
        let curl = CachedCallers::new(&callers).intern(b"10.0.0.1", b"curl");
        unknown.add(curl, key.operations);
        let mut report = Report::default();
        report.count(&cube, &unknown, (&names, &callers), &FxHashMap::default());
        assert_eq!((report.calls, report.joined, report.call_only, report.no_id), (2, 1, 1, 1));
        let operations: Vec<_> =
            report.operations.iter().map(|row| (row.operation.as_deref(), row.calls)).collect();
        assert_eq!(operations, [(None, 1), (Some("a"), 1), (Some("b"), 1)]);
        assert_eq!(report.endpoints[0].method.as_deref(), Some("POST"));
        assert_eq!(report.endpoints[0].endpoint.as_deref(), Some("/x"));
        assert_eq!(report.endpoints[0].calls, 2);
        let caller = &report.unknown_callers[0];
        assert_eq!(caller.address.as_deref(), Some("10.0.0.1"));
        assert_eq!(caller.user_agent.as_deref(), Some("curl"));
        assert_eq!(*caller.operations, ["a", "b"]);
    }

    #[test]
    fn callers_stand_by_calls_then_by_name() {
        let (names, callers) = (Names::new(), CallerTable::new(7));
        let mut unknown = Callers::default();
        let mut cached = CachedCallers::new(&callers);
        for (address, user_agent, calls) in [
            ("b", "x", 2),
            ("b", "", 2),
            ("a", "y", 2),
            ("a", "x", 1),
            ("", "x", 2),
            ("\u{e9}", "x", 2),
            ("c", "x", 3),
            ("beyond", "the bound", 2),
        ] {
            let caller = cached.intern(address.as_bytes(), user_agent.as_bytes());
            unknown.add_calls(caller, SetId::EMPTY, calls);
        }
        let rows = caller_rows(&unknown, &names, &callers);
        let shown: Vec<_> = rows
            .iter()
            .map(|row| (row.calls, row.address.as_deref(), row.user_agent.as_deref()))
            .collect();
        let expected = [
            (3, Some("c"), Some("x")),
            (2, None, Some("x")),
            (2, Some("(other)"), None),
            (2, Some("a"), Some("y")),
            (2, Some("b"), None),
            (2, Some("b"), Some("x")),
            (2, Some("\u{e9}"), Some("x")),
            (1, Some("a"), Some("x")),
        ];
        assert_eq!(shown, expected);
    }
}

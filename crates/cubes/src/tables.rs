//! From counts to the tables of a report.

use std::collections::{BTreeMap, BTreeSet};

use dolmen_model::{Joined, NameId, Names, SetId};

use crate::callers::Callers;
use crate::cube::{Cell, Cube};
use crate::report::{ActorRow, CallerRow, EndpointRow, OperationRow, Report, ServiceRow};

/// Separates address and user agent in the name of a caller: neither can hold it, because a log
/// escapes it.
const BETWEEN: u8 = 0;

/// A caller's name in its table, from its two halves.
pub fn caller_name(address: &[u8], user_agent: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(address);
    out.push(BETWEEN);
    out.extend_from_slice(user_agent);
}

impl Report {
    /// Fills everything that follows from the counts: totals of calls, and the tables of
    /// operations, actors, services, endpoints and unknown callers. Names are looked up in
    /// `names`, callers in `callers_table`.
    pub fn count(
        &mut self,
        cube: &Cube,
        unknown: &Callers,
        names: &Names,
        callers_table: &dolmen_model::Table,
    ) {
        let mut operations: BTreeMap<(NameId, NameId), Cell> = BTreeMap::new();
        let mut actors: BTreeMap<NameId, u64> = BTreeMap::new();
        let mut services: BTreeMap<NameId, u64> = BTreeMap::new();
        let mut endpoints: BTreeMap<(NameId, NameId), Cell> = BTreeMap::new();
        for (key, cell) in cube.cells() {
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
                operations.entry((operation, key.service)).or_default().merge(cell);
            }
            *actors.entry(key.actor).or_default() += cell.calls;
            *services.entry(key.service).or_default() += cell.calls;
            endpoints.entry((key.service, key.endpoint)).or_default().merge(cell);
        }
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
        self.endpoints = rows(endpoints.into_iter().map(|((service, endpoint), cell)| {
            let (method, endpoint) = split_endpoint(names.endpoints.name(endpoint));
            let service = names.services.name(service);
            let p95 = cell.durations.quantile(0.95);
            EndpointRow { service, method, endpoint, calls: cell.calls, p95 }
        }));
        self.unknown_callers = caller_rows(unknown, names, callers_table);
    }
}

/// The operations of a set; of the empty set the one nobody could name, so that every call has its
/// row.
fn members(names: &Names, set: SetId) -> impl Iterator<Item = NameId> {
    let operations = names.sets.operations(set);
    let none = operations.is_empty().then_some(NameId::UNKNOWN);
    operations.into_iter().chain(none)
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

fn caller_rows(
    unknown: &Callers,
    names: &Names,
    callers_table: &dolmen_model::Table,
) -> Vec<CallerRow> {
    let mut by_caller: BTreeMap<NameId, (u64, BTreeSet<String>)> = BTreeMap::new();
    for (caller, operations, calls) in unknown.counts() {
        let (count, entered) = by_caller.entry(caller).or_default();
        *count += calls;
        let operations = names.sets.operations(operations);
        entered.extend(operations.iter().filter_map(|&id| names.operations.name(id)));
    }
    rows(by_caller.into_iter().map(|(caller, (calls, operations))| {
        let name = callers_table.name(caller).unwrap_or_default();
        let (address, user_agent) = name.split_once(char::from(BETWEEN)).unwrap_or((&name, ""));
        let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let operations = operations.into_iter().collect();
        CallerRow { address: said(address), user_agent: said(user_agent), calls, operations }
    }))
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

impl Row for CallerRow {
    fn calls(&self) -> u64 {
        self.calls
    }
    fn names(&self) -> [&Option<String>; 3] {
        [&self.address, &self.user_agent, NO_NAME]
    }
}

fn rows<R: Row>(rows: impl Iterator<Item = R>) -> Vec<R> {
    let mut rows: Vec<R> = rows.collect();
    rows.sort_by(|a, b| b.calls().cmp(&a.calls()).then_with(|| a.names().cmp(&b.names())));
    rows
}

#[cfg(test)]
mod tests {
    use dolmen_model::{Outcome, Table, Time};

    use super::*;
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
        let callers_table = Table::new(10);
        let mut name = Vec::new();
        caller_name(b"10.0.0.1", b"curl", &mut name);
        let mut unknown = Callers::default();
        unknown.add(callers_table.intern(&name), key.operations);
        let mut report = Report::default();
        report.count(&cube, &unknown, &names, &callers_table);
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
        assert_eq!(caller.operations, ["a", "b"]);
    }
}

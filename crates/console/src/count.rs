//! Counts that answer a filter.
//!
//! The cubes answer in milliseconds whatever the range is, as long as the filter asks about what
//! they tell apart. For any other (an address, a path) the calls themselves are read and counted:
//! slower, and right.

use dolmen_cubes::{Cell, Cube, Key};
use dolmen_model::query::{Atom, Field, Query, Value};
use dolmen_model::{NameId, Names, Outcome, SetId, Time};
use dolmen_store::{
    CallQuestion, CubeQuestion, Dimension, Durations, Store, StoreError, StoredCall,
};

use crate::asked::Asked;
use crate::spans::Every;

/// What was counted, and of which stretch.
pub(crate) struct Counted {
    /// Dimensions beyond those asked for may be told apart: whoever reads sums up.
    pub(crate) cube: Cube,
    pub(crate) from: Time,
    pub(crate) to: Time,
}

pub(crate) fn count(
    store: &dyn Store,
    asked: &Asked,
    by: &[Dimension],
    every: Option<Every>,
) -> Result<Counted, StoreError> {
    match dimensions(&asked.query) {
        Some(more) => from_cubes(store, asked, by, &more, every),
        None => from_calls(store, asked, every),
    }
}

/// The first call of the store, and the instant after the last one; `None` for an empty store.
///
/// Lines go when their time is over and their counts stay: where there are no lines any more, the
/// hours in which sources spoke say how far the counts reach.
pub(crate) fn stretch(store: &dyn Store) -> Result<Option<(Time, Time)>, StoreError> {
    const HOUR: i64 = 3_600_000_000;
    let status = store.status()?;
    let calls = status.segments.iter().find(|segments| segments.kind == "calls");
    let after = |time: Time| Time::from_micros(time.micros().saturating_add(1));
    let lines = calls.and_then(|calls| Some((calls.from?, after(calls.to?))));
    let spoke = status.sources.iter().filter(|source| source.kind == "calls");
    let hours = spoke
        .filter_map(|source| Some((source.from?, source.to?)))
        .reduce(|(from, to), (first, end)| (from.min(first), to.max(end)));
    Ok(match (lines, hours) {
        (Some((first, end)), Some((from, to))) => {
            // The hour that lines begin or end in says less than they do.
            let is_near = |a: Time, b: Time| a.micros().saturating_sub(b.micros()) < HOUR;
            let first = if is_near(first, from) { first } else { from };
            Some((first, if is_near(to, end) { end } else { to }))
        }
        (lines, hours) => lines.or(hours),
    })
}

/// What the cubes must tell apart so that they can answer; `None` where they cannot.
fn dimensions(query: &Query) -> Option<Vec<Dimension>> {
    query.atoms().iter().map(|atom| dimension(atom.field())).collect()
}

const fn dimension(field: Field) -> Option<Dimension> {
    Some(match field {
        Field::Service => Dimension::Service,
        Field::Operation => Dimension::Operations,
        Field::Actor => Dimension::Actor,
        Field::Endpoint => Dimension::Endpoint,
        Field::Status => Dimension::Status,
        Field::Joined => Dimension::Joined,
        _ => return None,
    })
}

fn from_cubes(
    store: &dyn Store,
    asked: &Asked,
    by: &[Dimension],
    more: &[Dimension],
    every: Option<Every>,
) -> Result<Counted, StoreError> {
    let mut by = by.to_vec();
    by.extend(more.iter().filter(|dimension| !by.contains(dimension)).copied().collect::<Vec<_>>());
    by.sort_unstable();
    by.dedup();
    let every = every.map(Every::width);
    // A timeline shows how many, a table how long they took too.
    let durations = if every.is_some() { Durations::Left } else { Durations::Asked };
    let (from, to) = (asked.from, asked.to);
    let counts = store.count(&CubeQuestion { from, to, by, every, durations })?;
    let (from, to) = (counts.from, counts.to);
    if asked.query.is_empty() {
        return Ok(Counted { cube: counts.cube, from, to });
    }
    let names = store.names();
    let mut cube = Cube::default();
    for (key, cell) in counts.cube.cells() {
        if asked.query.holds(|at| fulfils(names, key, &asked.query.atoms()[at])) {
            cube.add_cell(*key, cell);
        }
    }
    Ok(Counted { cube, from, to })
}

fn fulfils(names: &Names, key: &Key, atom: &Atom) -> bool {
    let named = |name: Option<Box<[u8]>>| match name {
        Some(name) => atom.matches(Value::Text(&name)),
        None => atom.matches(Value::Unknown),
    };
    match atom.field() {
        Field::Service => named(names.services.bytes(key.service)),
        Field::Actor => named(names.actors.bytes(key.actor)),
        Field::Endpoint => named(names.endpoints.bytes(key.endpoint)),
        Field::Operation => {
            let operations = names.sets.operations(key.operations);
            let operations: Vec<_> =
                operations.iter().filter_map(|&id| names.operations.bytes(id)).collect();
            atom.matches_any(operations.iter().map(|name| Value::Text(name)))
        }
        Field::Status => {
            let status = (key.outcome.status > 0).then_some(u64::from(key.outcome.status));
            atom.matches(status.into())
        }
        Field::Joined => atom.matches(Value::Joined(key.outcome.joined)),
        _ => false,
    }
}

fn from_calls(
    store: &dyn Store,
    asked: &Asked,
    every: Option<Every>,
) -> Result<Counted, StoreError> {
    let Asked { from, to, query } = asked.clone();
    let mut cube = Cube::default();
    for call in store.calls(&CallQuestion { from, to, query })? {
        let call = call?;
        if call.role.counts() {
            let mut cell = Cell::default();
            cell.add(call.bytes, call.duration);
            cube.add_cell(key(store.names(), &call, from, every), &cell);
        }
    }
    Ok(Counted { cube, from, to })
}

/// Names of stored calls have their numbers already: nothing is added to the tables.
fn key(names: &Names, call: &StoredCall, from: Time, every: Option<Every>) -> Key {
    let find = |table: &dolmen_model::Table, name: &Option<String>| {
        name.as_ref().and_then(|name| table.find(name.as_bytes())).unwrap_or(NameId::UNKNOWN)
    };
    let operations: Vec<NameId> =
        call.operations.iter().filter_map(|name| names.operations.find(name.as_bytes())).collect();
    Key {
        bucket: match (every, call.time) {
            (Some(every), Some(time)) => every.floor(time),
            _ => from,
        },
        service: find(&names.services, &call.service),
        operations: if operations.is_empty() {
            SetId::default()
        } else {
            names.sets.intern(&operations)
        },
        actor: find(&names.actors, &call.actor),
        endpoint: find(&names.endpoints, &call.endpoint),
        outcome: Outcome { status: call.status.unwrap_or(0), joined: call.joined },
    }
}

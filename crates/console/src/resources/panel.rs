//! The control panel.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use dolmen_cubes::{Cell, Cube, Sums, members};
use dolmen_model::{NameId, Names, Time};
use dolmen_store::{Dimension, MarkCount, Store, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::Console;
use crate::asked::{Asked, AskedParams};
use crate::count::{count, stretch};
use crate::export::{Format, Row};
use crate::extract::Query;
use crate::facts::Facts;
use crate::problem::Problem;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PanelParams {
    /// One table as a file instead of the whole.
    #[param(inline)]
    format: Option<Format>,
    /// Which table.
    #[param(inline)]
    table: Option<Table>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Table {
    Operations,
    Actors,
    Services,
    Endpoints,
}

/// Who called what, in a stretch of time.
#[derive(Serialize, ToSchema)]
pub(crate) struct Panel {
    /// What was counted: more than was asked for, where only wide buckets are kept of it.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Time>,
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<Time>,
    calls: u64,
    /// Calls with a mark.
    joined: u64,
    /// Calls without a mark, those without an id among them.
    call_only: u64,
    no_id: u64,
    /// Marks without a call.
    mark_only: u64,
    /// Calls whose actor nobody could name.
    unknown_calls: u64,
    /// Calls since their operation was retired.
    residual_calls: u64,
    operations: Vec<OperationRow>,
    actors: Vec<ActorRow>,
    services: Vec<ServiceRow>,
    actor_service: Vec<ActorServiceRow>,
    actor_operation_service: Vec<ActorOperationRow>,
    endpoints: Vec<EndpointRow>,
    mark_only_operations: Vec<MarkOnlyRow>,
}

#[derive(Serialize, ToSchema)]
struct OperationRow {
    operation: Option<String>,
    service: Option<String>,
    calls: u64,
    /// Median duration.
    p50: Option<u64>,
    p95: Option<u64>,
    /// The day from which calls are residual.
    retired: Option<String>,
    /// Calls since then.
    residual: u64,
    /// Whether the configuration names it.
    declared: bool,
}

#[derive(Serialize, ToSchema)]
struct ActorRow {
    actor: Option<String>,
    calls: u64,
}

#[derive(Serialize, ToSchema)]
struct ServiceRow {
    service: Option<String>,
    calls: u64,
    monolith: bool,
}

#[derive(Serialize, ToSchema)]
struct ActorServiceRow {
    actor: Option<String>,
    service: Option<String>,
    calls: u64,
}

#[derive(Serialize, ToSchema)]
struct ActorOperationRow {
    actor: Option<String>,
    operation: Option<String>,
    service: Option<String>,
    calls: u64,
}

#[derive(Serialize, ToSchema)]
struct EndpointRow {
    service: Option<String>,
    method: Option<String>,
    endpoint: Option<String>,
    calls: u64,
    p95: Option<u64>,
}

#[derive(Serialize, ToSchema)]
struct MarkOnlyRow {
    operation: Option<String>,
    service: Option<String>,
    marks: u64,
}

impl Row for OperationRow {
    const COLUMNS: &'static [&'static str] =
        &["operation", "service", "calls", "p50", "p95", "retired", "residual"];
}

impl Row for ActorRow {
    const COLUMNS: &'static [&'static str] = &["actor", "calls"];
}

impl Row for ServiceRow {
    const COLUMNS: &'static [&'static str] = &["service", "calls", "monolith"];
}

impl Row for EndpointRow {
    const COLUMNS: &'static [&'static str] = &["service", "method", "endpoint", "calls", "p95"];
}

/// Who called what: totals, and a table for each of operations, actors, services and endpoints.
#[utoipa::path(get, path = "/panel", params(AskedParams, PanelParams), responses((status = OK, body = Panel)))]
pub(crate) async fn panel(
    State(console): State<Console>,
    Query(asked): Query<AskedParams>,
    Query(params): Query<PanelParams>,
) -> Result<Response, Problem> {
    let asked = asked.read()?;
    let panel = console.ask(move |store, facts| read(store, facts, &asked)).await?;
    let format = params.format.unwrap_or_default();
    match (format, params.table.unwrap_or(Table::Operations)) {
        (Format::Json, _) => Ok(Json(panel).into_response()),
        (format, Table::Operations) => format.file("operations", &panel.operations),
        (format, Table::Actors) => format.file("actors", &panel.actors),
        (format, Table::Services) => format.file("services", &panel.services),
        (format, Table::Endpoints) => format.file("endpoints", &panel.endpoints),
    }
}

fn read(store: &dyn Store, facts: &Facts, asked: &Asked) -> Result<Panel, Problem> {
    use Dimension::{Actor, Endpoint, Joined, Operations, Service};
    let counted = count(store, asked, &[Service, Operations, Actor, Joined], None)?;
    let endpoints = count(store, asked, &[Service, Endpoint], None)?.cube;
    let names = store.names();
    let mut shares = Shares::default();
    shares.add(&counted.cube, names);
    let sums = &shares.sums;
    let residual = residual(store, facts, asked)?;
    let mark_only = match asked.query.is_empty() {
        true => mark_only_rows(store, asked)?,
        // Marks have no actor, no status, no address.
        false => Vec::new(),
    };
    let (first, end) = stretch(store)?.unzip();
    Ok(Panel {
        from: first.map(|first| counted.from.max(first)),
        to: end.map(|end| counted.to.min(end)),
        calls: sums.calls,
        joined: sums.joined,
        call_only: sums.call_only,
        no_id: sums.no_id,
        mark_only: mark_only.iter().map(|row| row.marks).sum(),
        unknown_calls: sums.actors.get(&NameId::UNKNOWN).copied().unwrap_or(0),
        residual_calls: residual.values().sum(),
        operations: shares.operations(names, facts, &residual),
        actors: largest(sums.actors.iter(), |&actor, calls| ActorRow {
            actor: names.actors.name(actor),
            calls,
        }),
        services: largest(sums.services.iter(), |&service, calls| {
            let service = names.services.name(service);
            ServiceRow { monolith: facts.is_monolith(service.as_deref()), service, calls }
        }),
        actor_service: largest(shares.actor_service.iter(), |&(actor, service), calls| {
            let service = names.services.name(service);
            ActorServiceRow { actor: names.actors.name(actor), service, calls }
        }),
        actor_operation_service: largest(
            shares.actor_operation.iter(),
            |&(actor, operation, service), calls| ActorOperationRow {
                actor: names.actors.name(actor),
                operation: names.operations.name(operation),
                service: names.services.name(service),
                calls,
            },
        ),
        endpoints: endpoint_rows(&endpoints, names),
        mark_only_operations: mark_only,
    })
}

#[derive(Default)]
struct Shares {
    sums: Sums,
    actor_service: BTreeMap<(NameId, NameId), u64>,
    actor_operation: BTreeMap<(NameId, NameId, NameId), u64>,
}

impl Shares {
    fn add(&mut self, cube: &Cube, names: &Names) {
        for (key, cell) in cube.cells() {
            self.sums.add(key, cell, names);
            *self.actor_service.entry((key.actor, key.service)).or_default() += cell.calls;
            for operation in members(names, key.operations) {
                let actor = (key.actor, operation, key.service);
                *self.actor_operation.entry(actor).or_default() += cell.calls;
            }
        }
    }

    /// Operations that were called, and those declared on a monolith that were not: a zero is what
    /// one waits for.
    fn operations(
        &self,
        names: &Names,
        facts: &Facts,
        residual: &BTreeMap<(String, String), u64>,
    ) -> Vec<OperationRow> {
        let mut rows: Vec<OperationRow> = Vec::new();
        for (&(operation, service), cell) in &self.sums.operations {
            let operation = names.operations.name(operation);
            let service = names.services.name(service);
            let declared =
                operation.as_deref().and_then(|name| facts.operation(name, service.as_deref()));
            let key = (operation.clone().unwrap_or_default(), service.clone().unwrap_or_default());
            rows.push(OperationRow {
                calls: cell.calls,
                p50: cell.durations.quantile(0.50),
                p95: cell.durations.quantile(0.95),
                retired: declared.and_then(|declared| declared.retired.clone()),
                residual: residual.get(&key).copied().unwrap_or(0),
                declared: declared.is_some(),
                operation,
                service,
            });
        }
        for declared in &facts.operations {
            let on: Vec<&String> = match &declared.service {
                Some(service) => vec![service],
                None => facts.monoliths.iter().collect(),
            };
            for service in on {
                let is_there = rows.iter().any(|row| {
                    row.operation.as_ref() == Some(&declared.operation)
                        && row.service.as_ref() == Some(service)
                });
                if !is_there && facts.is_monolith(Some(service)) {
                    rows.push(OperationRow {
                        operation: Some(declared.operation.clone()),
                        service: Some(service.clone()),
                        calls: 0,
                        p50: None,
                        p95: None,
                        retired: declared.retired.clone(),
                        residual: 0,
                        declared: true,
                    });
                }
            }
        }
        rows.sort_by(|a, b| {
            let names = |row: &OperationRow| (row.operation.clone(), row.service.clone());
            b.calls.cmp(&a.calls).then_with(|| names(a).cmp(&names(b)))
        });
        rows
    }
}

fn largest<'c, K: 'c, R>(
    counts: impl Iterator<Item = (&'c K, &'c u64)>,
    row: impl Fn(&K, u64) -> R,
) -> Vec<R> {
    let mut counts: Vec<_> = counts.collect();
    counts.sort_by_key(|(_, calls)| std::cmp::Reverse(**calls));
    counts.into_iter().map(|(key, &calls)| row(key, calls)).collect()
}

fn endpoint_rows(cube: &Cube, names: &Names) -> Vec<EndpointRow> {
    let mut cells: BTreeMap<(NameId, NameId), Cell> = BTreeMap::new();
    for (key, cell) in cube.cells() {
        cells.entry((key.service, key.endpoint)).or_default().merge(cell);
    }
    let rows = cells.into_iter().map(|((service, endpoint), cell)| {
        let name = names.endpoints.name(endpoint);
        let (method, endpoint) = match name.as_deref().map(|name| name.split_once(' ')) {
            Some(Some((method, path))) => (Some(method.to_owned()), Some(path.to_owned())),
            _ => (None, name),
        };
        EndpointRow {
            service: names.services.name(service),
            method,
            endpoint,
            calls: cell.calls,
            p95: cell.durations.quantile(0.95),
        }
    });
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.calls));
    rows
}

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// Calls since their operation was retired, by operation and service.
fn residual(
    store: &dyn Store,
    facts: &Facts,
    asked: &Asked,
) -> Result<BTreeMap<(String, String), u64>, Problem> {
    let mut residual = BTreeMap::new();
    for declared in &facts.operations {
        let Some(since) = declared.retired.as_deref().and_then(|day| facts.start(day)) else {
            continue;
        };
        let from = since.max(asked.from);
        if from >= asked.to {
            continue;
        }
        let by = [Dimension::Service, Dimension::Operations];
        let count_from = |from| count(store, &Asked { from, ..asked.clone() }, &by, None);
        let mut counted = count_from(from)?;
        if counted.from < since {
            // Of what is long past whole days (UTC) are kept: the one it was retired on is not counted.
            let next = since.floor(DAY).micros().saturating_add(DAY);
            counted = count_from(Time::from_micros(next))?;
        }
        let names = store.names();
        for (key, cell) in counted.cube.cells() {
            let service = names.services.name(key.service);
            let entered = members(names, key.operations)
                .any(|id| names.operations.name(id).as_deref() == Some(&declared.operation));
            let here = match &declared.service {
                Some(name) => service.as_ref() == Some(name),
                None => facts.is_monolith(service.as_deref()),
            };
            if entered && here {
                let key = (declared.operation.clone(), service.unwrap_or_default());
                *residual.entry(key).or_default() += cell.calls;
            }
        }
    }
    Ok(residual)
}

fn mark_only_rows(store: &dyn Store, asked: &Asked) -> Result<Vec<MarkOnlyRow>, Problem> {
    let names = store.names();
    let mut rows: Vec<MarkOnlyRow> = mark_only(store, asked)?
        .into_iter()
        .map(|count| MarkOnlyRow {
            operation: names.operations.name(count.operation),
            service: names.services.name(count.service),
            marks: count.mark_only,
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.marks));
    Ok(rows)
}

/// Marks without a call, by operation and service.
pub(crate) fn mark_only(store: &dyn Store, asked: &Asked) -> Result<Vec<MarkCount>, StoreError> {
    let mut counts = store.marks(asked.from, asked.to)?;
    counts.retain(|count| count.mark_only > 0);
    Ok(counts)
}

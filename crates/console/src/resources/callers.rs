//! Who stands behind calls: address and user agent.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use dolmen_model::{NameId, Table, Time};
use dolmen_store::{CallerQuestion, Store};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::Console;
use crate::asked::{Asked, AskedParams};
use crate::export::{Format, Row};
use crate::extract::Query;
use crate::masking::{Mask, MaskedParams};
use crate::problem::Problem;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CallersParams {
    /// Callers of this actor alone; `unknown` for those nobody could name.
    actor: Option<String>,
    /// Callers of this operation alone.
    operation: Option<String>,
    /// At most so many; 100 without it.
    limit: Option<usize>,
    #[param(inline)]
    format: Option<Format>,
}

/// Callers, the most frequent first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Callers {
    callers: Vec<CallerRow>,
}

#[derive(Serialize, ToSchema)]
struct CallerRow {
    address: Option<String>,
    user_agent: Option<String>,
    actor: Option<String>,
    calls: u64,
    /// The start of the hour or day of the first call.
    #[schema(value_type = String, format = DateTime)]
    first: Time,
    /// The start of the hour or day of the last call.
    #[schema(value_type = String, format = DateTime)]
    last: Time,
    services: BTreeSet<String>,
    operations: BTreeSet<String>,
}

impl Row for CallerRow {
    const COLUMNS: &'static [&'static str] =
        &["address", "user_agent", "actor", "calls", "first", "last", "services", "operations"];
}

/// Who stands behind calls: address and user agent, the most frequent first.
#[utoipa::path(get, path = "/callers", params(AskedParams, CallersParams, MaskedParams),
    responses((status = OK, body = Callers)))]
pub(crate) async fn callers(
    State(console): State<Console>,
    Query(asked): Query<AskedParams>,
    Query(params): Query<CallersParams>,
    mask: Mask,
) -> Result<Response, Problem> {
    let asked = asked.read()?;
    if !asked.query.is_empty() {
        return Err(Problem::bad("callers have no `where`: use `actor` and `operation`"));
    }
    let format = params.format.unwrap_or_default();
    let mut rows = console.ask(move |store, _| read(store, &asked, &params)).await?;
    for row in &mut rows {
        row.address = mask.maybe(row.address.take());
        row.user_agent = mask.maybe(row.user_agent.take());
    }
    match format {
        Format::Json => Ok(Json(Callers { callers: rows }).into_response()),
        format => format.file("callers", &rows),
    }
}

/// The store has a row for each service and set of operations; a person wants one a caller.
fn read(
    store: &dyn Store,
    asked: &Asked,
    params: &CallersParams,
) -> Result<Vec<CallerRow>, Problem> {
    let names = store.names();
    let named = |table: &Table, name: &Option<String>| {
        name.as_deref().map(|name| match name {
            "unknown" => Some(NameId::UNKNOWN),
            name => table.find(name.as_bytes()),
        })
    };
    let (actor, operation) =
        (named(&names.actors, &params.actor), named(&names.operations, &params.operation));
    if actor == Some(None) || operation == Some(None) {
        // Nobody ever had this name.
        return Ok(Vec::new());
    }
    let question = CallerQuestion {
        from: asked.from,
        to: asked.to,
        actor: actor.flatten(),
        operation: operation.flatten(),
        most: usize::MAX,
    };
    let mut callers = BTreeMap::new();
    for row in store.callers(&question)? {
        let key = (row.address, row.user_agent, row.actor);
        let caller =
            callers.entry(key).or_insert_with_key(|(address, user_agent, actor)| CallerRow {
                address: address.clone(),
                user_agent: user_agent.clone(),
                actor: names.actors.name(*actor),
                calls: 0,
                first: row.first,
                last: row.last,
                services: BTreeSet::new(),
                operations: BTreeSet::new(),
            });
        caller.calls += row.calls;
        caller.first = caller.first.min(row.first);
        caller.last = caller.last.max(row.last);
        caller.services.extend(names.services.name(row.service));
        let operations = names.sets.operations(row.operations);
        caller.operations.extend(operations.iter().filter_map(|&id| names.operations.name(id)));
    }
    let mut callers: Vec<CallerRow> = callers.into_values().collect();
    callers.sort_by_key(|caller| std::cmp::Reverse(caller.calls));
    callers.truncate(params.limit.unwrap_or(100));
    Ok(callers)
}

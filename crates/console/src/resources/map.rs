//! The map: who calls which operation on which service, as it was seen, and a hand-made one held
//! against it.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use dolmen_advice::map::{self, Compared, Map, MapError};
use dolmen_cubes::members;
use dolmen_model::{NameId, Time};
use dolmen_store::{Dimension, Store};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::panel::mark_only;
use crate::app::Console;
use crate::asked::{Asked, AskedParams};
use crate::count::{count, stretch};
use crate::export::{Format, Row};
use crate::extract::{Query, Sent};
use crate::problem::Problem;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MapParams {
    /// The links as a file instead.
    #[param(inline)]
    format: Option<Format>,
}

/// Who calls which operation on which service.
#[derive(Serialize, ToSchema)]
pub(crate) struct SeenMap {
    /// What was counted: more than was asked for, where only wide buckets are kept of it.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Time>,
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<Time>,
    calls: u64,
    /// The most frequent first. A call that entered two operations is in two of them.
    links: Vec<LinkRow>,
}

/// Calls of one actor of one operation on one service.
#[derive(Serialize, ToSchema)]
struct LinkRow {
    actor: Option<String>,
    /// `null`: they entered no operation that anybody could name.
    operation: Option<String>,
    service: Option<String>,
    calls: u64,
    /// Marks that have no call: somebody whom no proxy logged entered it.
    marks: u64,
}

impl Row for LinkRow {
    const COLUMNS: &'static [&'static str] = &["actor", "operation", "service", "calls", "marks"];
}

/// A map to be held against what was seen.
#[derive(Deserialize, ToSchema)]
pub(crate) struct NewMap {
    /// As docs/map.md has it.
    toml: String,
}

/// Who calls which operation on which service, as it was seen.
#[utoipa::path(get, path = "/map", params(AskedParams, MapParams),
    responses((status = OK, body = SeenMap), (status = BAD_REQUEST, body = Problem)))]
pub(crate) async fn seen(
    State(console): State<Console>,
    Query(asked): Query<AskedParams>,
    Query(params): Query<MapParams>,
) -> Result<Response, Problem> {
    let asked = asked.read()?;
    let seen = console.ask(move |store, _| read(store, &asked)).await?;
    match params.format.unwrap_or_default() {
        Format::Json => Ok(Json(seen).into_response()),
        format => format.file("map", &seen.links),
    }
}

/// The same as a map, to begin one with: the text that `/map/compare` reads.
#[utoipa::path(get, path = "/map/seen.toml", params(AskedParams),
    responses((status = OK, body = String, content_type = "application/toml")))]
pub(crate) async fn begin(
    State(console): State<Console>,
    Query(asked): Query<AskedParams>,
) -> Result<Response, Problem> {
    let asked = whole(&asked)?;
    let toml = console
        .ask(move |store, _| Ok(Map::of(&map::seen(store, asked.from, asked.to)?).toml()))
        .await?;
    let headers = [
        (header::CONTENT_TYPE, "application/toml"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"map.toml\""),
    ];
    Ok((headers, toml).into_response())
}

/// A hand-made map held against what was seen. Nothing is kept of it.
#[utoipa::path(post, path = "/map/compare", params(AskedParams), request_body = NewMap,
    responses((status = OK, body = Compared), (status = BAD_REQUEST, body = Problem)))]
pub(crate) async fn compare(
    State(console): State<Console>,
    Query(asked): Query<AskedParams>,
    Sent(NewMap { toml }): Sent<NewMap>,
) -> Result<Json<Compared>, Problem> {
    let asked = whole(&asked)?;
    let drawn = Map::parse(&toml)?;
    console
        .ask(move |store, _| {
            Ok(Json(map::compare(&drawn, &map::seen(store, asked.from, asked.to)?)))
        })
        .await
}

/// The time that is asked for: on a part of the calls every map would be wrong.
fn whole(asked: &AskedParams) -> Result<Asked, Problem> {
    let asked = asked.read()?;
    match asked.query.is_empty() {
        true => Ok(asked),
        false => Err(Problem::bad("a map has no `where`: it is of all calls")),
    }
}

fn read(store: &dyn Store, asked: &Asked) -> Result<SeenMap, Problem> {
    let by = [Dimension::Service, Dimension::Operations, Dimension::Actor];
    let counted = count(store, asked, &by, None)?;
    let names = store.names();
    let mut calls = 0;
    let mut links: BTreeMap<(NameId, NameId, NameId), (u64, u64)> = BTreeMap::new();
    for (key, cell) in counted.cube.cells() {
        calls += cell.calls;
        for operation in members(names, key.operations) {
            links.entry((key.actor, operation, key.service)).or_default().0 += cell.calls;
        }
    }
    // Marks have no actor, no status, no address.
    if asked.query.is_empty() {
        for count in mark_only(store, asked)? {
            let link = (NameId::UNKNOWN, count.operation, count.service);
            links.entry(link).or_default().1 += count.mark_only;
        }
    }
    let mut links: Vec<LinkRow> = links
        .into_iter()
        .map(|((actor, operation, service), (calls, marks))| LinkRow {
            actor: names.actors.name(actor),
            operation: names.operations.name(operation),
            service: names.services.name(service),
            calls,
            marks,
        })
        .collect();
    links.sort_by(|a, b| {
        let named = |row: &LinkRow| (row.operation.clone(), row.service.clone(), row.actor.clone());
        (b.calls, b.marks).cmp(&(a.calls, a.marks)).then_with(|| named(a).cmp(&named(b)))
    });
    let (first, end) = stretch(store)?.unzip();
    Ok(SeenMap {
        from: first.map(|first| counted.from.max(first)),
        to: end.map(|end| counted.to.min(end)),
        calls,
        links,
    })
}

impl From<MapError> for Problem {
    fn from(error: MapError) -> Self {
        Self::bad_at(error.message, error.at)
    }
}

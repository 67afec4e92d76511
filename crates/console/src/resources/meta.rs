use axum::Json;
use axum::extract::State;
use dolmen_model::{NameId, Time};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::Console;
use crate::facts::{DeclaredOperation, DeclaredSource, RulesState};
use crate::problem::Problem;

/// What there is to look at.
#[derive(Serialize, ToSchema)]
pub(crate) struct Meta {
    /// Of this program.
    version: &'static str,
    /// Services that shall be left.
    monoliths: Vec<String>,
    /// Declared services and those met in the logs, in the order of the alphabet.
    services: Vec<String>,
    actors: Vec<String>,
    /// Declared operations.
    operations: Vec<DeclaredOperation>,
    /// Declared sources.
    sources: Vec<DeclaredSource>,
    store: StoreFacts,
    /// Whether the console may not change the configuration: it shows rules to paste instead.
    read_only: bool,
    rules: RulesState,
    /// Whether the server is a demonstration, which the page shows visitors round.
    demo: bool,
}

#[derive(Serialize, ToSchema)]
struct StoreFacts {
    /// Its folder.
    path: String,
    /// The first call; `null` in an empty store.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Time>,
    /// The last call.
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<Time>,
    /// Lines of calls.
    calls: u64,
    /// Bytes of segments on disk.
    segments_bytes: u64,
    /// Bytes of the lines in them.
    raw_bytes: u64,
    /// Bytes of the catalog.
    catalog_bytes: u64,
    /// Templates of endpoints that were learned when rules were applied; before that endpoints are
    /// told apart by the shape of their segments alone.
    learned_templates: usize,
}

/// What there is to look at: names, and what the store holds.
#[utoipa::path(get, path = "/meta", responses((status = OK, body = Meta)))]
pub(crate) async fn meta(State(console): State<Console>) -> Result<Json<Meta>, Problem> {
    let (read_only, rules) = (console.namer().is_none(), console.rules());
    let demo = console.one_more().is_some();
    console
        .ask(move |store, facts| {
            let status = store.status()?;
            let calls = status.segments.iter().find(|segments| segments.kind == "calls");
            let names = store.names();
            let all = |declared: &[String], table: &dolmen_model::Table| {
                let met = (0..table.len() as u32).filter_map(|n| table.name(NameId(n + 2)));
                let mut all: Vec<String> = declared.iter().cloned().chain(met).collect();
                all.sort_unstable();
                all.dedup();
                all
            };
            Ok(Json(Meta {
                read_only,
                rules,
                demo,
                version: env!("CARGO_PKG_VERSION"),
                monoliths: facts.monoliths.clone(),
                services: all(&facts.services, &names.services),
                actors: all(&facts.actors, &names.actors),
                operations: facts.operations.clone(),
                sources: facts.sources.clone(),
                store: StoreFacts {
                    path: facts.store.clone(),
                    from: calls.and_then(|calls| calls.from),
                    to: calls.and_then(|calls| calls.to),
                    calls: calls.map_or(0, |calls| calls.rows),
                    segments_bytes: status.segments.iter().map(|segments| segments.bytes).sum(),
                    raw_bytes: status.segments.iter().map(|segments| segments.raw_bytes).sum(),
                    catalog_bytes: status.catalog_bytes,
                    learned_templates: store.templates()?.len(),
                },
            }))
        })
        .await
}

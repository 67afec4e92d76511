//! One file a resource: what may be asked, and what is answered.

mod actors;
pub(crate) mod alerts;
mod audit;
mod callers;
mod calls;
mod candidates;
mod config;
mod demo;
mod events;
mod first;
mod map;
mod meta;
mod metrics;
mod moved;
mod panel;
mod request;
mod sources;
mod timeline;
mod unparsed;
mod verdicts;
mod words;

use axum::Router;
use axum::routing::get;
use axum::{Json, http::StatusCode};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Console;
use crate::problem::Problem;

/// Everything under `/api/v1`.
pub(crate) fn all() -> OpenApiRouter<Console> {
    OpenApiRouter::new()
        .routes(routes!(meta::meta))
        .routes(routes!(panel::panel))
        .routes(routes!(timeline::timeline))
        .routes(routes!(timeline::burndown))
        .routes(routes!(callers::callers))
        .routes(routes!(candidates::candidates))
        .routes(routes!(first::first))
        .routes(routes!(moved::moved))
        .routes(routes!(map::seen))
        .routes(routes!(map::begin))
        .routes(routes!(map::compare))
        .routes(routes!(calls::calls))
        .routes(routes!(request::request))
        .routes(routes!(unparsed::unparsed))
        .routes(routes!(sources::sources))
        .routes(routes!(alerts::alerts))
        .routes(routes!(alerts::would_tell))
        .routes(routes!(alerts::marks))
        .routes(routes!(alerts::kinds))
        .routes(routes!(alerts::acknowledge, alerts::reopen))
        .routes(routes!(alerts::mute, alerts::unmute))
        .routes(routes!(verdicts::verdicts))
        .routes(routes!(verdicts::board))
        .routes(routes!(verdicts::table))
        .routes(routes!(words::words, words::say))
        .routes(routes!(words::take_back))
        .routes(routes!(actors::name))
        .routes(routes!(actors::undo))
        .routes(routes!(audit::audit))
        .routes(routes!(demo::call))
        .routes(routes!(config::config))
        .routes(routes!(events::events))
}

/// What programs ask for.
pub(crate) fn machine(description: OpenApi) -> Router<Console> {
    Router::new()
        .route("/api/openapi.json", get(move || async move { Json(description) }))
        .route("/metrics", get(metrics::metrics))
        .route("/health/live", get(|| async { "ok\n" }))
        .route("/health/ready", get(ready))
}

/// Ready is who can answer from the store.
async fn ready(
    axum::extract::State(console): axum::extract::State<Console>,
) -> Result<&'static str, Problem> {
    let status = console.ask(|store, _| Ok(store.status()?)).await;
    status
        .map(|_| "ok\n")
        .map_err(|_| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the store does not answer"))
}

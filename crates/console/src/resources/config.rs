use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::Console;
use crate::facts::{Setting, Warning};

/// The configuration in effect.
#[derive(Serialize, ToSchema)]
pub(crate) struct Config {
    /// Where it is; `null` where there is none.
    file: Option<String>,
    entries: Vec<Setting>,
    warnings: Vec<Warning>,
}

/// Every setting in effect, and where it comes from.
#[utoipa::path(get, path = "/config", responses((status = OK, body = Config)))]
pub(crate) async fn config(State(console): State<Console>) -> Json<Config> {
    let facts = console.facts();
    Json(Config {
        file: facts.config.clone(),
        entries: facts.settings.clone(),
        warnings: facts.warnings.clone(),
    })
}

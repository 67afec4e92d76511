use axum::Json;
use axum::extract::State;
use dolmen_model::Time;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::Console;
use crate::problem::Problem;

/// What was done, the latest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Audit {
    entries: Vec<AuditEntry>,
}

/// Something that was done.
#[derive(Serialize, ToSchema)]
struct AuditEntry {
    id: i64,
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// `name actor`, `undo`, `keep`, `mute alert`, ...
    what: String,
    /// To what, by whom, what was before and after: an object, or a few words.
    detail: serde_json::Value,
}

/// More than a page shows.
const MOST: usize = 500;

/// What was done to the store and to the rules, the latest first.
#[utoipa::path(get, path = "/audit", responses((status = OK, body = Audit)))]
pub(crate) async fn audit(State(console): State<Console>) -> Result<Json<Audit>, Problem> {
    console
        .ask(|store, _| {
            let entries = store.audit(MOST)?.into_iter().map(|row| AuditEntry {
                id: row.id,
                at: row.at,
                what: row.what,
                detail: match serde_json::from_str(&row.detail) {
                    Ok(detail @ serde_json::Value::Object(_)) => detail,
                    Ok(_) | Err(_) => row.detail.into(),
                },
            });
            Ok(Json(Audit { entries: entries.collect() }))
        })
        .await
}

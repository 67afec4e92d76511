use axum::Json;
use axum::extract::State;
use dolmen_model::Time;
use dolmen_store::StoredMark;
use serde::Serialize;
use utoipa::ToSchema;

use super::calls::CallRow;
use crate::app::Console;
use crate::extract::Path;
use crate::problem::Problem;

/// Everything known of one request.
#[derive(Serialize, ToSchema)]
pub(crate) struct RequestAnswer {
    id: String,
    /// Its calls and their hops, by time.
    calls: Vec<CallRow>,
    /// Its marks, by time.
    marks: Vec<MarkRow>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct MarkRow {
    #[schema(value_type = Option<String>, format = DateTime)]
    time: Option<Time>,
    request_id: Option<String>,
    source: String,
    service: Option<String>,
    operation: Option<String>,
    /// As it was logged.
    line: String,
}

impl From<StoredMark> for MarkRow {
    fn from(mark: StoredMark) -> Self {
        Self {
            time: mark.time,
            request_id: mark.request_id,
            source: mark.source,
            service: mark.service,
            operation: mark.operation,
            line: String::from_utf8_lossy(&mark.line).into_owned(),
        }
    }
}

/// Everything known of one request id: calls, hops and marks.
#[utoipa::path(get, path = "/requests/{id}", params(("id" = String, Path)),
    responses((status = OK, body = RequestAnswer), (status = NOT_FOUND, body = Problem)))]
pub(crate) async fn request(
    State(console): State<Console>,
    Path(id): Path<String>,
) -> Result<Json<RequestAnswer>, Problem> {
    console
        .ask(move |store, _| {
            let found = store.request(id.as_bytes())?;
            if found.calls.is_empty() && found.marks.is_empty() {
                return Err(Problem::missing(format!("no call and no mark has the id {id}")));
            }
            let calls = found.calls.into_iter().map(CallRow::from).collect();
            let marks = found.marks.into_iter().map(MarkRow::from);
            Ok(Json(RequestAnswer { id, calls, marks: marks.collect() }))
        })
        .await
}

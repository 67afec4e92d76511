use axum::Json;
use axum::extract::State;
use dolmen_model::Time;
use dolmen_store::StoredMark;
use serde::Serialize;
use utoipa::ToSchema;

use super::calls::{CallRow, sentences};
use crate::app::Console;
use crate::extract::Path;
use crate::masking::{Mask, MaskedParams};
use crate::problem::Problem;

/// Everything known of one request.
#[derive(Serialize, ToSchema)]
pub(crate) struct RequestAnswer {
    id: String,
    /// Its calls and their hops, by time.
    calls: Vec<CallRow>,
    /// Its marks, by time.
    marks: Vec<MarkRow>,
    /// What cannot be read, and may hold more of it: a sentence a segment.
    lacking: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct MarkRow {
    #[schema(value_type = Option<String>, format = DateTime)]
    time: Option<Time>,
    request_id: Option<String>,
    source: String,
    service: Option<String>,
    operation: Option<String>,
    /// As it was logged, apart from masks.
    line: String,
}

impl MarkRow {
    pub(super) fn of(mark: StoredMark, hidden: &Mask) -> Self {
        Self {
            time: mark.time,
            request_id: mark.request_id,
            source: mark.source,
            service: mark.service,
            operation: mark.operation,
            line: hidden.line(&mark.line),
        }
    }
}

/// Everything known of one request id: calls, hops and marks.
#[utoipa::path(get, path = "/requests/{id}", params(("id" = String, Path), MaskedParams),
    responses((status = OK, body = RequestAnswer), (status = NOT_FOUND, body = Problem)))]
pub(crate) async fn request(
    State(console): State<Console>,
    Path(id): Path<String>,
    mask: Mask,
) -> Result<Json<RequestAnswer>, Problem> {
    console
        .ask(move |store, _| {
            let found = store.request(id.as_bytes())?;
            let lacking = sentences(&found.unreadable);
            if found.calls.is_empty() && found.marks.is_empty() {
                let none = format!("no call and no mark has the id {id}");
                let all = std::iter::once(none).chain(lacking).collect::<Vec<_>>();
                return Err(Problem::missing(all.join("; ")));
            }
            let calls = found.calls.into_iter().map(|call| CallRow::of(call, &mask));
            let marks = found.marks.into_iter().map(|mark| MarkRow::of(mark, &mask));
            let (calls, marks) = (calls.collect(), marks.collect());
            Ok(Json(RequestAnswer { id, calls, marks, lacking }))
        })
        .await
}

use axum::Json;
use axum::extract::State;
use dolmen_model::Time;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::Console;
use crate::asked::AskedParams;
use crate::extract::Query;
use crate::masking::{Mask, MaskedParams};
use crate::problem::Problem;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UnparsedParams {
    /// At most so many; 100 without it.
    limit: Option<usize>,
}

/// Lines that no format reads.
#[derive(Serialize, ToSchema)]
pub(crate) struct Unparsed {
    /// Those read last come first.
    lines: Vec<UnparsedRow>,
    /// All there are, whenever they came.
    total: u64,
}

#[derive(Serialize, ToSchema)]
struct UnparsedRow {
    /// When it was read: what it says of its own time nobody knows.
    #[schema(value_type = String, format = DateTime)]
    seen: Time,
    source: String,
    file: String,
    /// From 1.
    line: u64,
    /// The first byte that did not fit, from 1.
    column: u64,
    expected: String,
    text: String,
}

/// Lines that no format reads, with what was expected where.
#[utoipa::path(get, path = "/unparsed", params(AskedParams, UnparsedParams, MaskedParams),
    responses((status = OK, body = Unparsed)))]
pub(crate) async fn unparsed(
    State(console): State<Console>,
    Query(asked): Query<AskedParams>,
    Query(params): Query<UnparsedParams>,
    mask: Mask,
) -> Result<Json<Unparsed>, Problem> {
    let asked = asked.read()?;
    let most = params.limit.unwrap_or(100);
    console
        .ask(move |store, _| {
            let rows = store.unread(asked.from, asked.to, most)?;
            let status = store.status()?;
            let all = status.segments.iter().find(|segments| segments.kind == "unread");
            let lines = rows.into_iter().map(|row| UnparsedRow {
                seen: row.seen,
                source: row.source,
                file: row.file,
                line: row.number,
                column: row.column,
                expected: row.expected,
                text: mask.line(&row.line),
            });
            let total = all.map_or(0, |segments| segments.rows);
            Ok(Json(Unparsed { lines: lines.collect(), total }))
        })
        .await
}

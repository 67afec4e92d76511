//! Naming a caller, and taking it back.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::Console;
use crate::extract::{Path, Sent};
use crate::masking::refuse_masks;
use crate::name::{Added, NameError, Namer, NewActor};
use crate::problem::Problem;

/// Names a caller by a rule, and derives the history by it.
#[utoipa::path(post, path = "/actors", request_body = NewActor,
    responses((status = OK, body = Added), (status = BAD_REQUEST, body = Problem)))]
pub(crate) async fn name(
    State(console): State<Console>,
    headers: HeaderMap,
    Sent(actor): Sent<NewActor>,
) -> Result<Json<Added>, Problem> {
    refuse_masks([&actor.user_agent, &actor.user])?;
    let by = asked_by(&headers);
    change(&console, move |namer| namer.add(actor, &by)).await.map(Json)
}

/// What was taken back.
#[derive(Serialize, ToSchema)]
pub(crate) struct Undone {
    /// Whether the history is still being derived without it.
    deriving: bool,
}

/// Takes back what a token stands for; it works after a restart too.
#[utoipa::path(post, path = "/undo/{token}", params(("token" = String, Path)),
    responses((status = OK, body = Undone), (status = CONFLICT, body = Problem)))]
pub(crate) async fn undo(
    State(console): State<Console>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Undone>, Problem> {
    let by = asked_by(&headers);
    let deriving = change(&console, move |namer| namer.undo(&token, &by)).await?;
    Ok(Json(Undone { deriving }))
}

async fn change<T: Send + 'static>(
    console: &Console,
    change: impl FnOnce(Arc<dyn Namer>) -> Result<T, NameError> + Send + 'static,
) -> Result<T, Problem> {
    let Some(namer) = console.namer() else {
        return Err(Problem::new(
            axum::http::StatusCode::FORBIDDEN,
            "this console changes no rules: write the rule into the configuration",
        ));
    };
    let changed = tokio::task::spawn_blocking(move || change(namer)).await;
    Ok(changed.map_err(|error| Problem::internal(error.to_string()))??)
}

/// Who asks, as far as it is known while there is no log-in.
fn asked_by(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    match agent {
        Some(agent) => format!("console, {}", agent.chars().take(200).collect::<String>()),
        None => "console".to_owned(),
    }
}

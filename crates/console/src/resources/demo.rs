//! What a demonstration lets happen.

use axum::extract::State;
use axum::http::StatusCode;

use crate::app::Console;
use crate::problem::Problem;

/// Lets one call more happen. Only a demonstration does.
#[utoipa::path(post, path = "/demo/call",
    responses((status = NO_CONTENT), (status = NOT_FOUND, body = Problem)))]
pub(crate) async fn call(State(console): State<Console>) -> Result<StatusCode, Problem> {
    let Some(one_more) = console.one_more() else {
        return Err(Problem::missing("this server is no demonstration: its calls are real"));
    };
    match tokio::task::spawn_blocking(move || one_more()).await {
        Ok(Ok(())) => Ok(StatusCode::NO_CONTENT),
        Ok(Err(error)) => Err(Problem::internal(error)),
        Err(error) => Err(Problem::internal(error.to_string())),
    }
}

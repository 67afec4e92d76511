//! What a move changed.

use axum::Json;
use axum::extract::State;
use dolmen_advice::Moved;
use dolmen_advice::moved::MovedError;
use dolmen_model::Time;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::Console;
use crate::extract::{Path, Query};
use crate::facts::Facts;
use crate::problem::Problem;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MovedParams {
    /// The service that it left, where it left several.
    service: Option<String>,
}

/// An operation before and after its move, actor by actor.
#[utoipa::path(get, path = "/moved/{operation}", params(MovedParams, ("operation" = String, Path)),
    responses((status = OK, body = Moved)))]
pub(crate) async fn moved(
    State(console): State<Console>,
    Path(operation): Path<String>,
    Query(params): Query<MovedParams>,
) -> Result<Json<Moved>, Problem> {
    console
        .ask(move |store, facts| {
            let (from, to, at) = the_move(facts, &operation, params.service.as_deref())?;
            let found = dolmen_advice::moved(store, &operation, (&from, &to), at);
            found.map(Json).map_err(|error| match error {
                MovedError::Store(error) => error.into(),
                MovedError::Query(error) => error.into(),
            })
        })
        .await
}

/// The services it left and went to, and when.
fn the_move(
    facts: &Facts,
    operation: &str,
    service: Option<&str>,
) -> Result<(String, String, Time), Problem> {
    let of = |one: &&crate::facts::DeclaredOperation| {
        one.operation == operation
            && service.is_none_or(|only| one.service.as_deref() == Some(only))
            && one.moved_to.is_some()
    };
    let Some(found) = facts.operations.iter().find(of) else {
        return Err(Problem::missing(format!(
            "no rule says that `{operation}` moved: declare `retired` and `moved_to` for it"
        )));
    };
    let at = found.retired.as_deref().and_then(|day| facts.start(day));
    let from = found.service.clone().or_else(|| facts.monoliths.first().cloned());
    match (from, &found.moved_to, at) {
        (Some(from), Some(to), Some(at)) => Ok((from, to.clone(), at)),
        _ => Err(Problem::missing(format!(
            "when `{operation}` moved, and from where, is not declared: add `retired` and \
             `service` to its rule"
        ))),
    }
}

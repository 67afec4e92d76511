//! What to move first.

use axum::Json;
use axum::extract::State;
use dolmen_advice::FirstRow;
use serde::Serialize;
use utoipa::ToSchema;

use super::alerts::now;
use crate::app::Console;
use crate::language::{LanguageParams, Speak};
use crate::problem::Problem;

/// Operations, the best to move first.
#[derive(Serialize, ToSchema)]
pub(crate) struct First {
    operations: Vec<FirstRow>,
}

/// Operations of the monoliths that have not moved yet, the best to move first.
#[utoipa::path(get, path = "/first", params(LanguageParams),
    responses((status = OK, body = First)))]
pub(crate) async fn first(
    State(console): State<Console>,
    Speak(language): Speak,
) -> Result<Json<First>, Problem> {
    console
        .ask(move |store, facts| {
            let gone = facts.operations.iter().filter(|one| one.retired.is_some());
            let gone = gone
                .flat_map(|one| match &one.service {
                    Some(service) => vec![(one.operation.clone(), service.clone())],
                    None => {
                        let of = |service: &String| (one.operation.clone(), service.clone());
                        facts.monoliths.iter().map(of).collect()
                    }
                })
                .collect();
            let monoliths = &facts.monoliths;
            let operations = dolmen_advice::first(store, monoliths, &gone, language, now())?;
            Ok(Json(First { operations }))
        })
        .await
}

//! Callers that no rule names, as candidates for a name.

use axum::Json;
use axum::extract::State;
use dolmen_advice::Candidates;

use crate::app::Console;
use crate::asked::AskedParams;
use crate::extract::Query;
use crate::language::{LanguageParams, Speak};
use crate::masking::{Mask, MaskedParams};
use crate::problem::Problem;
use crate::verdicts::zone_of;

/// Callers that no rule names, put together to candidates, each with the rule that would name it.
#[utoipa::path(get, path = "/candidates", params(AskedParams, LanguageParams, MaskedParams),
    responses((status = OK, body = Candidates)))]
pub(crate) async fn candidates(
    State(console): State<Console>,
    Query(asked): Query<AskedParams>,
    Speak(language): Speak,
    mask: Mask,
) -> Result<Json<Candidates>, Problem> {
    let asked = asked.read()?;
    if !asked.query.is_empty() {
        return Err(Problem::bad("candidates have no `where`: they are of all unknown callers"));
    }
    console
        .ask(move |store, facts| {
            let zone =
                zone_of(&facts.judging.zone).map_err(|error| Problem::bad(error.to_string()))?;
            let span = (asked.from, asked.to);
            let mut found = dolmen_advice::candidates(store, span, zone, language)?;
            found.candidates.iter_mut().for_each(|candidate| mask.candidate(candidate));
            Ok(Json(found))
        })
        .await
}

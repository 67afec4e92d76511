//! What owners said.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use dolmen_store::WordKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::alerts::now;
use crate::app::Console;
use crate::extract::{Path, Sent};
use crate::masking::{Mask, MaskedParams, refuse_masks};
use crate::problem::Problem;
use crate::verdicts::WordRow;

/// What owners said and did not take back.
#[derive(Serialize, ToSchema)]
pub(crate) struct Words {
    words: Vec<WordRow>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum About {
    /// Whoever is named is gone.
    Gone,
    /// The end of a year need not be watched.
    YearEnd,
}

/// What an owner says. It changes reasons and stands in for what silence cannot prove; it changes
/// no number.
#[derive(Deserialize, ToSchema)]
pub(crate) struct NewWord {
    about: About,
    /// Of this operation alone.
    operation: Option<String>,
    /// On this service alone.
    service: Option<String>,
    /// Callers of this name alone.
    actor: Option<String>,
    /// Callers from this address alone.
    address: Option<String>,
    /// Callers with this user agent alone.
    user_agent: Option<String>,
    /// Who says so.
    who: String,
    /// Why it may be believed.
    why: String,
}

/// What owners said and did not take back, in the order in which it was said.
#[utoipa::path(get, path = "/words", params(MaskedParams), responses((status = OK, body = Words)))]
pub(crate) async fn words(
    State(console): State<Console>,
    mask: Mask,
) -> Result<Json<Words>, Problem> {
    console
        .ask(move |store, _| {
            let row = |word| {
                let row = WordRow::from(word);
                let address = mask.maybe(row.address);
                WordRow { address, user_agent: mask.maybe(row.user_agent), ..row }
            };
            Ok(Json(Words { words: store.words()?.into_iter().map(row).collect() }))
        })
        .await
}

/// Keeps what an owner says.
#[utoipa::path(post, path = "/words", request_body = NewWord,
    responses((status = CREATED, body = WordRow), (status = BAD_REQUEST, body = Problem)))]
pub(crate) async fn say(
    State(console): State<Console>,
    Sent(word): Sent<NewWord>,
) -> Result<(StatusCode, Json<WordRow>), Problem> {
    refuse_masks([&word.address, &word.user_agent])?;
    let word = dolmen_store::NewWord {
        kind: match word.about {
            About::Gone => WordKind::Gone,
            About::YearEnd => WordKind::YearEnd,
        },
        operation: word.operation,
        service: word.service,
        actor: word.actor,
        address: word.address,
        user_agent: word.user_agent,
        who: word.who.trim().to_owned(),
        why: word.why.trim().to_owned(),
    };
    if let Some(problem) = word.problem() {
        return Err(Problem::bad(problem));
    }
    console
        .ask(move |store, _| Ok((StatusCode::CREATED, Json(store.say(&word, now())?.into()))))
        .await
}

/// Takes back what an owner said. That it was said stays in the store's audit.
#[utoipa::path(delete, path = "/words/{id}", params(("id" = i64, Path)),
    responses((status = NO_CONTENT), (status = NOT_FOUND, body = Problem)))]
pub(crate) async fn take_back(
    State(console): State<Console>,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    console
        .ask(move |store, _| match store.take_back(id, now())? {
            true => Ok(StatusCode::NO_CONTENT),
            false => Err(Problem::missing(format!("there is no word {id}"))),
        })
        .await
}

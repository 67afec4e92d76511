//! Which operations may be switched off, and why.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use dolmen_model::{Language, Time};
use dolmen_store::Store;
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

use super::alerts::now;
use crate::app::Console;
use crate::extract::Query;
use crate::facts::Facts;
use crate::language::{LanguageParams, Speak};
use crate::masking::{Mask, MaskedParams};
use crate::problem::Problem;
use crate::verdicts::{Asked, NoVerdict, Verdicts, csv, html, verdicts as judged};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct VerdictsParams {
    /// As of this instant (RFC 3339); without it, of the last call or mark.
    at: Option<String>,
    /// On this service alone; without it on the monoliths, and where there is none on all.
    service: Option<String>,
    /// On this operation alone.
    operation: Option<String>,
}

impl VerdictsParams {
    fn read(self, language: Language) -> Result<Asked, Problem> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let at = match given(self.at) {
            None => None,
            Some(text) => {
                let at: Timestamp = text.parse().map_err(|_| {
                    let wrong = "write it as in 2026-10-01T00:00:00Z";
                    Problem::bad(format!("`at` is no instant: {wrong}, not `{text}`"))
                })?;
                Some(Time::from_micros(at.as_microsecond()))
            }
        };
        Ok(Asked {
            at,
            now: Some(now()),
            service: given(self.service),
            operation: given(self.operation),
            language,
            ..Asked::default()
        })
    }
}

async fn judge(
    console: Console,
    params: VerdictsParams,
    language: Language,
    mask: Mask,
) -> Result<Verdicts, Problem> {
    let asked = params.read(language)?;
    let ask = move |store: &dyn Store, facts: &Facts| {
        let mut verdicts = judged(store, facts, &asked)?;
        mask.verdicts(&mut verdicts);
        Ok(verdicts)
    };
    console.ask(ask).await
}

/// Which operations may be switched off, from when on, and why; who still calls; the days to watch.
#[utoipa::path(get, path = "/verdicts", params(VerdictsParams, LanguageParams, MaskedParams),
    responses((status = OK, body = Verdicts), (status = NOT_FOUND, body = Problem)))]
pub(crate) async fn verdicts(
    State(console): State<Console>,
    Query(params): Query<VerdictsParams>,
    Speak(language): Speak,
    mask: Mask,
) -> Result<Json<Verdicts>, Problem> {
    judge(console, params, language, mask).await.map(Json)
}

/// The same as one page for a change board: it asks nobody for anything, and can be printed.
#[utoipa::path(get, path = "/verdicts/board.html", params(VerdictsParams, LanguageParams, MaskedParams),
    responses((status = OK, body = String, content_type = "text/html")))]
pub(crate) async fn board(
    State(console): State<Console>,
    Query(params): Query<VerdictsParams>,
    Speak(language): Speak,
    mask: Mask,
) -> Result<Html<String>, Problem> {
    judge(console, params, language, mask).await.map(|verdicts| Html(html(&verdicts, language)))
}

/// The same as a table for spreadsheets (RFC 4180).
#[utoipa::path(get, path = "/verdicts/board.csv", params(VerdictsParams, LanguageParams, MaskedParams),
    responses((status = OK, body = String, content_type = "text/csv")))]
pub(crate) async fn table(
    State(console): State<Console>,
    Query(params): Query<VerdictsParams>,
    Speak(language): Speak,
    mask: Mask,
) -> Result<Response, Problem> {
    let verdicts = judge(console, params, language, mask).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"dolmen-verdicts.csv\""),
    ];
    Ok((headers, csv(&verdicts)).into_response())
}

impl From<NoVerdict> for Problem {
    fn from(reason: NoVerdict) -> Self {
        match reason {
            NoVerdict::Wrong(what) => Self::bad(what),
            NoVerdict::Unknown(what) => Self::missing(what),
            NoVerdict::Store(error) => error.into(),
        }
    }
}

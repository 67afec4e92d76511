//! What somebody must know, and what they said to it.

use axum::Json;
use axum::extract::State;
use dolmen_model::{Language, Time};
use dolmen_store::{Alert, LoneFound, Store};
use dolmen_watch::Kind;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::calls::sentences;
use super::request::MarkRow;
use crate::app::Console;
use crate::extract::{Path, Query, Sent};
use crate::language::{LanguageParams, Speak};
use crate::masking::{Mask, MaskedParams};
use crate::problem::Problem;

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Which {
    /// Not acknowledged, not muted, and there is still something.
    #[default]
    Open,
    All,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AlertsParams {
    #[serde(default)]
    #[param(inline)]
    state: Which,
}

/// Alerts, the latest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Alerts {
    alerts: Vec<AlertRow>,
}

impl Alerts {
    fn of(alerts: Vec<Alert>, language: Language, mask: &Mask) -> Self {
        let row = |alert| AlertRow::of(alert, language).masked(mask);
        Self { alerts: alerts.into_iter().map(row).collect() }
    }
}

/// What somebody must know.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AlertRow {
    id: i64,
    /// `residual_call`, `unknown_caller`, `mark_only`, `no_id` or `silent_source`.
    kind: String,
    /// What sets it apart from others of its kind.
    cause: String,
    /// What it tells, in the reader's language.
    text: String,
    service: Option<String>,
    operation: Option<String>,
    /// When it was noticed.
    #[schema(value_type = String, format = DateTime)]
    opened: Time,
    /// The first of what it counts, by the time of the logs.
    #[schema(value_type = Option<String>, format = DateTime)]
    first: Option<Time>,
    /// The last.
    #[schema(value_type = Option<String>, format = DateTime)]
    last: Option<Time>,
    count: u64,
    #[schema(value_type = Option<String>, format = DateTime)]
    acknowledged: Option<Time>,
    #[schema(value_type = Option<String>, format = DateTime)]
    muted_until: Option<Time>,
    /// A query that shows its calls; `null` where there is none to show.
    #[serde(rename = "where")]
    filter: Option<String>,
}

impl AlertRow {
    /// An alert as a reader of this language gets it.
    pub fn of(alert: Alert, language: Language) -> Self {
        Self {
            text: dolmen_watch::what(&alert, language),
            filter: dolmen_watch::query(&alert),
            id: alert.id,
            kind: alert.kind,
            cause: alert.cause,
            service: alert.service,
            operation: alert.operation,
            opened: alert.opened,
            first: alert.first,
            last: alert.last,
            count: alert.count,
            acknowledged: alert.acknowledged,
            muted_until: alert.muted_until,
        }
    }

    pub(crate) fn masked(self, mask: &Mask) -> Self {
        Self {
            cause: mask.text(self.cause),
            text: mask.text(self.text),
            filter: mask.query(self.filter),
            ..self
        }
    }
}

pub(super) fn now() -> Time {
    Time::from_micros(Timestamp::now().as_microsecond())
}

/// What somebody must know, the latest first.
#[utoipa::path(get, path = "/alerts", params(AlertsParams, LanguageParams, MaskedParams),
    responses((status = OK, body = Alerts)))]
pub(crate) async fn alerts(
    State(console): State<Console>,
    Query(params): Query<AlertsParams>,
    Speak(language): Speak,
    mask: Mask,
) -> Result<Json<Alerts>, Problem> {
    console
        .ask(move |store, _| {
            let now = now();
            let mut alerts = store.alerts()?;
            if params.state == Which::Open {
                alerts.retain(|alert| dolmen_watch::is_open(alert, now));
            }
            Ok(Json(Alerts::of(alerts, language, &mask)))
        })
        .await
}

/// What there is to be told of, and of which somebody is.
#[derive(Serialize, ToSchema)]
pub(crate) struct AlertKinds {
    kinds: Vec<AlertKind>,
}

/// One kind of alert.
#[derive(Serialize, ToSchema)]
struct AlertKind {
    kind: &'static str,
    /// Whether somebody is told: `armed` under `[watch]` in the configuration.
    is_armed: bool,
}

/// Every kind of alert, and whether it is armed.
#[utoipa::path(get, path = "/alerts/kinds", responses((status = OK, body = AlertKinds)))]
pub(crate) async fn kinds(State(console): State<Console>) -> Json<AlertKinds> {
    let armed = &console.facts().plan.armed;
    let kind = |kind: Kind| AlertKind { kind: kind.name(), is_armed: armed.contains(&kind) };
    Json(AlertKinds { kinds: Kind::ALL.map(kind).into() })
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TryParams {
    /// How many days back; 30 where nobody says.
    days: Option<u32>,
}

/// What somebody would have been told, had the watch begun so many days ago and all kinds been armed.
/// Nothing is told or kept by it.
#[utoipa::path(get, path = "/alerts/try", params(TryParams, LanguageParams, MaskedParams),
    responses((status = OK, body = Alerts)))]
pub(crate) async fn would_tell(
    State(console): State<Console>,
    Query(TryParams { days }): Query<TryParams>,
    Speak(language): Speak,
    mask: Mask,
) -> Result<Json<Alerts>, Problem> {
    console
        .ask(move |store, facts| {
            let now = now();
            let span = i64::from(days.unwrap_or(30)).saturating_mul(86_400_000_000);
            let since = Time::from_micros(now.micros().saturating_sub(span));
            let alerts = dolmen_watch::would_tell(store, &facts.plan, since, now)?;
            Ok(Json(Alerts::of(alerts, language, &mask)))
        })
        .await
}

/// The lines of marks without a call.
#[derive(Serialize, ToSchema)]
pub(crate) struct LoneMarkRows {
    /// The latest first, at most 100.
    marks: Vec<MarkRow>,
    /// What cannot be read, and may hold more of them: a sentence a segment.
    lacking: Vec<String>,
}

/// The lines of the marks that an alert of the kind `mark_only` counts, as long as they are kept.
#[utoipa::path(get, path = "/alerts/{id}/marks", params(("id" = i64, Path), MaskedParams),
    responses((status = OK, body = LoneMarkRows), (status = NOT_FOUND, body = Problem)))]
pub(crate) async fn marks(
    State(console): State<Console>,
    Path(id): Path<i64>,
    mask: Mask,
) -> Result<Json<LoneMarkRows>, Problem> {
    console
        .ask(move |store, _| {
            let found = match dolmen_watch::marks(&alert(store, id)?, store.names()) {
                Some(question) => store.lone_marks(&question)?,
                None => LoneFound::default(),
            };
            let marks = found.marks.into_iter().map(|mark| MarkRow::of(mark, &mask)).collect();
            Ok(Json(LoneMarkRows { marks, lacking: sentences(&found.unreadable) }))
        })
        .await
}

fn alert(store: &dyn Store, id: i64) -> Result<Alert, Problem> {
    let mut alerts = store.alerts()?.into_iter();
    alerts.find(|alert| alert.id == id).ok_or_else(|| missing(id))
}

fn missing(id: i64) -> Problem {
    Problem::missing(format!("there is no alert {id}"))
}

/// Says that an alert is known: told again when more comes.
#[utoipa::path(post, path = "/alerts/{id}/acknowledge", params(("id" = i64, Path), LanguageParams, MaskedParams),
    responses((status = OK, body = AlertRow), (status = NOT_FOUND, body = Problem)))]
pub(crate) async fn acknowledge(
    State(console): State<Console>,
    Path(id): Path<i64>,
    Speak(language): Speak,
    mask: Mask,
) -> Result<Json<AlertRow>, Problem> {
    let acknowledge = |alert: &Alert| dolmen_watch::acknowledge(alert, now());
    answer(&console, id, (language, mask), "acknowledge alert", acknowledge).await
}

/// Takes back that an alert is known. Whoever was told of it is not told again.
#[utoipa::path(delete, path = "/alerts/{id}/acknowledge", params(("id" = i64, Path), LanguageParams, MaskedParams),
    responses((status = OK, body = AlertRow), (status = NOT_FOUND, body = Problem)))]
pub(crate) async fn reopen(
    State(console): State<Console>,
    Path(id): Path<i64>,
    Speak(language): Speak,
    mask: Mask,
) -> Result<Json<AlertRow>, Problem> {
    answer(&console, id, (language, mask), "reopen alert", dolmen_watch::reopen).await
}

/// Until when an alert is muted.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Mute {
    /// An instant (RFC 3339) to come.
    until: String,
}

/// Mutes an alert for a while.
#[utoipa::path(post, path = "/alerts/{id}/mute", params(("id" = i64, Path), LanguageParams, MaskedParams), request_body = Mute,
    responses((status = OK, body = AlertRow), (status = NOT_FOUND, body = Problem)))]
pub(crate) async fn mute(
    State(console): State<Console>,
    Path(id): Path<i64>,
    Speak(language): Speak,
    mask: Mask,
    Sent(Mute { until }): Sent<Mute>,
) -> Result<Json<AlertRow>, Problem> {
    let until: Timestamp = until.parse().map_err(|_| {
        Problem::bad(format!("`until` is no instant: write 2026-10-01T00:00:00Z, not `{until}`"))
    })?;
    let until = Time::from_micros(until.as_microsecond());
    if until <= now() {
        return Err(Problem::bad("`until` has passed: an alert is muted until an instant to come"));
    }
    let mute = move |alert: &Alert| dolmen_watch::mute(alert, until);
    answer(&console, id, (language, mask), "mute alert", mute).await
}

/// Mutes an alert no longer. Of what came meanwhile somebody is told at once.
#[utoipa::path(delete, path = "/alerts/{id}/mute", params(("id" = i64, Path), LanguageParams, MaskedParams),
    responses((status = OK, body = AlertRow), (status = NOT_FOUND, body = Problem)))]
pub(crate) async fn unmute(
    State(console): State<Console>,
    Path(id): Path<i64>,
    Speak(language): Speak,
    mask: Mask,
) -> Result<Json<AlertRow>, Problem> {
    answer(&console, id, (language, mask), "unmute alert", dolmen_watch::unmute).await
}

/// Keeps what somebody said to an alert, and writes down that it was said.
async fn answer(
    console: &Console,
    id: i64,
    (language, mask): (Language, Mask),
    what: &'static str,
    next: impl Fn(&Alert) -> Alert + Send + 'static,
) -> Result<Json<AlertRow>, Problem> {
    let mut change = move |alert: &Alert| {
        let next = next(alert);
        let Alert { id, kind, cause, muted_until, .. } = &next;
        let detail = json!({ "alert": id, "kind": kind, "cause": cause, "until": muted_until });
        (next, detail.to_string())
    };
    let answered = console
        .ask(move |store, _| {
            let alert = store.change_alert(id, now(), what, &mut change)?;
            let alert = alert.ok_or_else(|| missing(id))?;
            Ok(Json(AlertRow::of(alert, language).masked(&mask)))
        })
        .await?;
    console.say_answered();
    Ok(answered)
}

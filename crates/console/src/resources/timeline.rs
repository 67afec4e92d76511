//! Calls over time.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use dolmen_cubes::{Key, members};
use dolmen_model::query::quoted;
use dolmen_model::{Joined, NameId, Names, Time};
use dolmen_store::{Dimension, Store};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::Console;
use crate::asked::{Asked, AskedParams};
use crate::count::{count, stretch};
use crate::extract::Query;
use crate::problem::Problem;
use crate::spans::{Every, TOO_MANY};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TimelineParams {
    /// What the series are.
    #[serde(default)]
    #[param(inline)]
    by: By,
    /// The width of the buckets; without it as fits a chart.
    every: Option<Every>,
}

#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum By {
    /// Calls of named actors, and of the others.
    #[default]
    Known,
    Service,
    Operation,
    Actor,
    Status,
    Joined,
}

/// Calls over time, one series a name.
#[derive(Serialize, ToSchema)]
pub(crate) struct Timeline {
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Time>,
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<Time>,
    every: Every,
    /// The start of each bucket.
    #[schema(value_type = Vec<String>)]
    starts: Vec<Time>,
    /// At most twelve, the largest first; what is beyond is one of its own, `(other)`.
    series: Vec<Series>,
}

#[derive(Serialize, ToSchema)]
struct Series {
    /// `null` is what nobody could name.
    key: Option<String>,
    /// One number a bucket.
    calls: Vec<u64>,
}

const SERIES: usize = 12;

/// Calls over time.
#[utoipa::path(get, path = "/timeline", params(AskedParams, TimelineParams),
    responses((status = OK, body = Timeline)))]
pub(crate) async fn timeline(
    State(console): State<Console>,
    Query(asked): Query<AskedParams>,
    Query(params): Query<TimelineParams>,
) -> Result<Json<Timeline>, Problem> {
    let asked = asked.read()?;
    let (by, every) = (params.by, params.every);
    console.ask(move |store, _| Ok(Json(read(store, asked, by, every)?))).await
}

fn read(
    store: &dyn Store,
    mut asked: Asked,
    by: By,
    every: Option<Every>,
) -> Result<Timeline, Problem> {
    let empty = |every| Timeline { from: None, to: None, every, starts: vec![], series: vec![] };
    let Some((first, end)) = stretch(store)? else { return Ok(empty(Every::Day)) };
    asked.from = asked.from.max(first);
    asked.to = asked.to.min(end);
    let every = every.unwrap_or(Every::fit(asked.from, asked.to));
    if asked.from >= asked.to {
        return Ok(empty(every));
    }
    let counted = count(store, &asked, by.dimensions(), Some(every))?;
    let (from, to) = (counted.from, counted.to);
    let starts = every.starts(from, to).ok_or_else(|| {
        Problem::bad(format!("that would be more than {TOO_MANY} buckets: ask for wider ones"))
    })?;
    let names = store.names();
    let mut series: BTreeMap<Option<String>, Vec<u64>> = BTreeMap::new();
    for (key, cell) in counted.cube.cells() {
        // A bucket that is kept no narrower stands where it begins.
        let at = starts.partition_point(|start| *start <= key.bucket).saturating_sub(1);
        for name in by.names(names, key) {
            series.entry(name).or_insert_with(|| vec![0; starts.len()])[at] += cell.calls;
        }
    }
    Ok(Timeline { from: Some(from), to: Some(to), every, starts, series: bounded(series) })
}

impl By {
    const fn dimensions(self) -> &'static [Dimension] {
        match self {
            Self::Known | Self::Actor => &[Dimension::Actor],
            Self::Service => &[Dimension::Service],
            Self::Operation => &[Dimension::Operations],
            Self::Status => &[Dimension::Status],
            Self::Joined => &[Dimension::Joined],
        }
    }

    /// The series that a cell counts in: several for a call that entered several operations.
    fn names(self, names: &Names, key: &Key) -> Vec<Option<String>> {
        match self {
            Self::Known => vec![(key.actor != NameId::UNKNOWN).then(|| "known".to_owned())],
            Self::Actor => vec![names.actors.name(key.actor)],
            Self::Service => vec![names.services.name(key.service)],
            Self::Operation => {
                members(names, key.operations).map(|id| names.operations.name(id)).collect()
            }
            Self::Status => {
                let status = key.outcome.status;
                vec![(status > 0).then(|| status.to_string())]
            }
            Self::Joined => vec![Some(
                match key.outcome.joined {
                    Joined::Joined => "joined",
                    Joined::CallOnly => "call_only",
                    Joined::NoId => "no_id",
                }
                .to_owned(),
            )],
        }
    }
}

fn bounded(series: BTreeMap<Option<String>, Vec<u64>>) -> Vec<Series> {
    let mut series: Vec<Series> =
        series.into_iter().map(|(key, calls)| Series { key, calls }).collect();
    series.sort_by_key(|one| std::cmp::Reverse(one.calls.iter().sum::<u64>()));
    if series.len() > SERIES {
        let others = series.split_off(SERIES - 1);
        let mut sum = vec![0; others.first().map_or(0, |one| one.calls.len())];
        for other in &others {
            for (sum, calls) in sum.iter_mut().zip(&other.calls) {
                *sum += calls;
            }
        }
        series.push(Series { key: Some("(other)".to_owned()), calls: sum });
    }
    series
}

/// What is left on the monoliths, month by month.
#[derive(Serialize, ToSchema)]
pub(crate) struct Burndown {
    /// Such as `2026-10`.
    months: Vec<String>,
    series: Vec<BurndownSeries>,
}

#[derive(Serialize, ToSchema)]
struct BurndownSeries {
    operation: Option<String>,
    /// One number a month.
    calls: Vec<u64>,
}

/// Calls of each operation on the monoliths, by month, over all time.
#[utoipa::path(get, path = "/burndown", responses((status = OK, body = Burndown)))]
pub(crate) async fn burndown(State(console): State<Console>) -> Result<Json<Burndown>, Problem> {
    console
        .ask(|store, facts| {
            let monoliths: Vec<String> =
                facts.monoliths.iter().map(|name| format!("service:{}", quoted(name))).collect();
            if monoliths.is_empty() {
                return Ok(Json(Burndown { months: vec![], series: vec![] }));
            }
            let params = AskedParams { filter: Some(monoliths.join(" or ")), ..Default::default() };
            let timeline = read(store, params.read()?, By::Operation, Some(Every::Month))?;
            let months = timeline.starts.iter().map(|start| start.to_string()[..7].to_owned());
            let series = timeline
                .series
                .into_iter()
                .map(|one| BurndownSeries { operation: one.key, calls: one.calls });
            Ok(Json(Burndown { months: months.collect(), series: series.collect() }))
        })
        .await
}

//! What a move changed: an operation before and after, actor by actor.

use std::collections::{BTreeMap, BTreeSet};

use dolmen_cubes::Histogram;
use dolmen_model::Time;
use dolmen_model::query::{Field, Query, QueryError};
use dolmen_store::{CallQuestion, Glimpse, Store, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

/// An operation that moved, as it was and as it is.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Moved {
    /// The operation.
    pub operation: String,
    /// The service that it left.
    pub from_service: String,
    /// The service that took it over.
    pub to_service: String,
    /// The day from which calls of the old service are residual.
    #[schema(value_type = String, format = DateTime)]
    pub moved: Time,
    /// Both stretches that are compared have so many days: as many as are in the log on both sides,
    /// 28 at most.
    pub days: f64,
    /// Each actor, the most frequent first.
    pub actors: Vec<MovedActor>,
    /// What cannot be read: its calls are not compared. A sentence a segment.
    pub lacking: Vec<String>,
}

/// What one actor did before and does after.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct MovedActor {
    /// The actor; `null` for nobody known.
    pub actor: Option<String>,
    /// On the old service, before.
    pub before: Side,
    /// On the new service, after.
    pub after: Side,
    /// Still on the old service, after.
    pub left_behind: Side,
    /// Shapes of requests that it sent before and the new service has not seen from it since.
    pub vanished: Vec<Shape>,
}

/// Calls of one actor on one service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Side {
    /// How many.
    pub calls: u64,
    /// A day.
    pub calls_per_day: f64,
    /// By status class: `2xx`, `4xx`…; `none` where the log has no status.
    pub statuses: BTreeMap<String, u64>,
    /// 95th percentile of durations in microseconds, within 4 %.
    pub p95: Option<u64>,
}

/// A way of asking: what is done, and with which parameters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct Shape {
    /// The method.
    pub method: String,
    /// The names of the query's parameters that the new service's requests lack, sorted.
    pub parameters: Vec<String>,
    /// Calls before.
    pub calls: u64,
    /// One of the old endpoints.
    pub endpoint: String,
}

/// Why a comparison cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum MovedError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operation's name cannot be asked for.
    #[error(transparent)]
    Query(#[from] QueryError),
}

/// At most so many days are compared.
const DAYS: i64 = 28;
const DAY: i64 = 86_400_000_000;
/// Shapes told apart of one actor.
const SHAPES: usize = 256;

/// Compares an operation before and after the instant it moved.
///
/// # Errors
/// What the store says when it cannot be read.
pub fn moved(
    store: &dyn Store,
    operation: &str,
    (from_service, to_service): (&str, &str),
    at: Time,
) -> Result<Moved, MovedError> {
    let days = days(store, at)?;
    let width = (days * DAY as f64) as i64;
    let from = Time::from_micros(at.micros() - width);
    let to = Time::from_micros(at.micros().saturating_add(width));
    let query = Query::parse(&format!("operation:\"{}\"", quoted(operation)))?;
    let fields = [
        Field::Service,
        Field::Operation,
        Field::Actor,
        Field::Status,
        Field::Duration,
        Field::Method,
        Field::Query,
        Field::Endpoint,
    ];
    let mut actors: BTreeMap<Option<String>, Tallied> = BTreeMap::new();
    let lacking = store.glimpse(&CallQuestion { from, to, query }, &fields, &mut |call| {
        let (Some(service), Some(time)) = (call.service(), call.time()) else { return };
        let is_before = time < at;
        let actor = Some(call.text(Field::Actor).to_owned()).filter(|actor| !actor.is_empty());
        let tallied = actors.entry(actor).or_default();
        match (service, is_before) {
            (service, true) if service == from_service => {
                tallied.before.add(&call);
                tallied.old_shapes.add(&call);
            }
            (service, false) if service == to_service => {
                tallied.after.add(&call);
                tallied.new_shapes.add(&call);
            }
            (service, false) if service == from_service => tallied.behind.add(&call),
            _ => {}
        }
    })?;
    let mut actors: Vec<MovedActor> =
        actors.into_iter().map(|(actor, tallied)| tallied.settle(actor, days)).collect();
    actors.sort_by(|a, b| {
        let calls = |one: &MovedActor| one.before.calls + one.after.calls;
        calls(b).cmp(&calls(a)).then_with(|| a.actor.cmp(&b.actor))
    });
    let (operation, from_service, to_service) =
        (operation.to_owned(), from_service.to_owned(), to_service.to_owned());
    let lacking = lacking.iter().map(ToString::to_string).collect();
    Ok(Moved { operation, from_service, to_service, moved: at, days, actors, lacking })
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// As many days as the log has on both sides.
fn days(store: &dyn Store, at: Time) -> Result<f64, StoreError> {
    let status = store.status()?;
    let calls = status.segments.iter().find(|segments| segments.kind == "calls");
    let Some((first, last)) = calls.and_then(|calls| Some((calls.from?, calls.to?))) else {
        return Ok(0.0);
    };
    let before = at.micros().saturating_sub(first.micros());
    let after = last.micros().saturating_sub(at.micros()).saturating_add(1);
    Ok(before.min(after).clamp(0, DAYS * DAY) as f64 / DAY as f64)
}

#[derive(Default)]
struct Tallied {
    before: Tally,
    after: Tally,
    behind: Tally,
    old_shapes: Shapes,
    new_shapes: Shapes,
}

#[derive(Default)]
struct Tally {
    calls: u64,
    statuses: BTreeMap<String, u64>,
    durations: Histogram,
}

impl Tally {
    fn add(&mut self, call: &Glimpse<'_>) {
        self.calls += 1;
        let class = match call.status() {
            Some(status) if status >= 100 => format!("{}xx", status / 100),
            _ => "none".to_owned(),
        };
        *self.statuses.entry(class).or_default() += 1;
        if let Some(duration) = call.duration() {
            self.durations.add(duration);
        }
    }

    fn side(self, days: f64) -> Side {
        let calls_per_day = if days > 0.0 { self.calls as f64 / days } else { 0.0 };
        let p95 = self.durations.quantile(0.95);
        Side { calls: self.calls, calls_per_day, statuses: self.statuses, p95 }
    }
}

/// Methods with the names of parameters, how often, and one endpoint of each.
#[derive(Default)]
struct Shapes(BTreeMap<(String, BTreeSet<String>), (u64, String)>);

impl Shapes {
    fn add(&mut self, call: &Glimpse<'_>) {
        let names = call.text(Field::Query).split('&').filter_map(|pair| {
            let name = pair.split_once('=').map_or(pair, |(name, _)| name);
            (!name.is_empty()).then(|| name.to_owned())
        });
        let key = (call.text(Field::Method).to_owned(), names.collect());
        if self.0.len() >= SHAPES && !self.0.contains_key(&key) {
            return;
        }
        let endpoint = call.text(Field::Endpoint);
        self.0.entry(key).or_insert_with(|| (0, endpoint.to_owned())).0 += 1;
    }
}

impl Tallied {
    fn settle(self, actor: Option<String>, days: f64) -> MovedActor {
        let vanished = vanished(&self.old_shapes, &self.new_shapes);
        MovedActor {
            actor,
            before: self.before.side(days),
            after: self.after.side(days),
            left_behind: self.behind.side(days),
            vanished,
        }
    }
}

/// Shapes that are not seen any more. A new service may do the same with other parameters, so what
/// all of its old requests had (an `op=` that chose the operation) is no loss by itself, and what is
/// new to it says nothing of the old: of the parameters only those count that some of the old
/// requests had and others had not.
fn vanished(old: &Shapes, new: &Shapes) -> Vec<Shape> {
    let always: BTreeSet<String> = old
        .0
        .keys()
        .map(|(_, names)| names.clone())
        .reduce(|all, names| all.intersection(&names).cloned().collect())
        .unwrap_or_default();
    let ever: BTreeSet<String> = old.0.keys().flat_map(|(_, names)| names.clone()).collect();
    let told = |(method, names): &(String, BTreeSet<String>)| {
        let is_told = |name: &&String| ever.contains(*name) && !always.contains(*name);
        let names: BTreeSet<String> = names.iter().filter(is_told).cloned().collect();
        (method.clone(), names)
    };
    let seen: BTreeSet<(String, BTreeSet<String>)> = new.0.keys().map(told).collect();
    let methods: BTreeSet<&String> = new.0.keys().map(|(method, _)| method).collect();
    let mut lost: BTreeMap<(String, BTreeSet<String>), (u64, String)> = BTreeMap::new();
    for (key, (calls, endpoint)) in &old.0 {
        let shape = told(key);
        let is_kept = match shape.1.is_empty() {
            true => methods.contains(&shape.0),
            false => seen.contains(&shape),
        };
        if !is_kept {
            lost.entry(shape).or_insert_with(|| (0, endpoint.clone())).0 += calls;
        }
    }
    let mut lost: Vec<Shape> = lost
        .into_iter()
        .map(|((method, names), (calls, endpoint))| Shape {
            method,
            parameters: names.into_iter().collect(),
            calls,
            endpoint,
        })
        .collect();
    lost.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.cmp(b)));
    lost
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes(requests: &[(&str, &[&str], u64)]) -> Shapes {
        let shape = |(method, names, calls): &(&str, &[&str], u64)| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            (((*method).to_owned(), names), (*calls, "GET /old".to_owned()))
        };
        Shapes(requests.iter().map(shape).collect())
    }

    fn lost(old: &Shapes, new: &Shapes) -> Vec<(String, Vec<String>, u64)> {
        let lost = vanished(old, new).into_iter();
        lost.map(|shape| (shape.method, shape.parameters, shape.calls)).collect()
    }

    #[test]
    fn a_parameter_that_chose_the_operation_is_no_loss() {
        let old = shapes(&[("POST", &["op", "session"], 90)]);
        assert_eq!(lost(&old, &shapes(&[("POST", &[], 90)])), []);
    }

    #[test]
    fn a_parameter_that_is_new_is_no_loss() {
        let old = shapes(&[("GET", &["op"], 90), ("GET", &["count", "op"], 3)]);
        let new = shapes(&[("GET", &["v"], 90), ("GET", &["count", "v"], 3)]);
        assert_eq!(lost(&old, &new), []);
    }

    #[test]
    fn what_some_asked_for_and_nobody_does_is() {
        let old =
            shapes(&[("GET", &["op"], 90), ("GET", &["count", "op"], 3), ("PUT", &["op"], 2)]);
        let new = shapes(&[("GET", &[], 80)]);
        let text = str::to_owned;
        let expected = [(text("GET"), vec![text("count")], 3), (text("PUT"), vec![], 2)];
        assert_eq!(lost(&old, &new), expected);
        let new = shapes(&[("GET", &[], 80), ("GET", &["count"], 3), ("PUT", &["x"], 1)]);
        assert_eq!(lost(&old, &new), []);
    }
}

//! Which operation should leave the monolith first.
//!
//! Nothing here is a formula that is right: an operation is worth moving when it has much of the
//! load, and it is easy to move when few call it, all of them are known, and none of them so seldom
//! that one would have to wait for a year. Each of these is a column, and the order is their
//! product, so that whoever disagrees can sort anew.

use std::collections::{BTreeMap, BTreeSet};

use dolmen_model::{Language, NameId, Time};
use dolmen_store::{
    CubeQuestion, Dimension, Durations, SightingQuestion, Store, StoreError, Width,
};
use serde::Serialize;
use utoipa::ToSchema;

/// An operation on a service, and what speaks for and against moving it now.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct FirstRow {
    /// From 1: the best to move first.
    pub rank: usize,
    /// The operation.
    pub operation: String,
    /// The service that it would leave.
    pub service: String,
    /// Calls a day in the last four weeks of the log, or in as many days as it has.
    pub calls_per_day: f64,
    /// Its share of this service's calls in these weeks, 0 to 1; a call of two operations counts
    /// for both.
    pub share: f64,
    /// How many times as many calls as in the four weeks before; `null` where they had none or are
    /// not in the log from their first day on.
    pub growth: Option<f64>,
    /// Actors that call it, those that no rule names not counted.
    pub actors: Vec<String>,
    /// The share of its calls that come from nobody known, 0 to 1.
    pub unknown_share: f64,
    /// Callers of nobody known: addresses with their user agents.
    pub unknown_callers: usize,
    /// The longest usual pause of one of its callers, in days, from one day with a call to the next:
    /// so long must one wait at least to see everybody once.
    pub longest_pause_days: Option<f64>,
    /// Worth times ease, 0 to 1.
    pub score: f64,
    /// The same in words.
    pub reasons: Vec<String>,
}

/// Weeks that are compared.
const SPAN: i64 = 28 * DAY;
const DAY: i64 = 86_400 * 1_000_000;

/// Operations of these services, the best to move first. `gone` are those that need not move any
/// more, by operation and service. `services` that are empty mean all. Reasons are in `language`.
/// Lines from after `now` have a wrong clock: the last weeks of the log end before them.
///
/// # Errors
/// What the store says when it cannot be read.
pub fn first(
    store: &dyn Store,
    services: &[String],
    gone: &BTreeSet<(String, String)>,
    language: Language,
    now: Time,
) -> Result<Vec<FirstRow>, StoreError> {
    let Some((start, end)) = span_of_calls(store, now)? else { return Ok(Vec::new()) };
    let latest = count(store, Time::from_micros(end.micros() - SPAN), end)?;
    let then = Time::from_micros(end.micros() - 2 * SPAN);
    let before = count(store, then, Time::from_micros(end.micros() - SPAN))?;
    // A day that is not there may be one without calls; before the first line nothing is known.
    let covered = end.micros().saturating_sub(start.micros()).min(SPAN) as f64 / DAY as f64;
    let days = covered.max(1.0);
    let has_both = start.micros() <= then.micros();
    let mut callers = callers(store, end)?;
    let mut totals: BTreeMap<NameId, u64> = BTreeMap::new();
    for (&(_, service), tally) in &latest.services {
        *totals.entry(service).or_default() += tally;
    }
    let names = store.names();
    let mut rows = Vec::new();
    for (&(operation, service), tally) in &latest.operations {
        let (Some(name), Some(of)) =
            (names.operations.name(operation), names.services.name(service))
        else {
            continue;
        };
        let is_asked = services.is_empty() || services.contains(&of);
        if !is_asked || gone.contains(&(name.clone(), of.clone())) {
            continue;
        }
        let earlier = before.operations.get(&(operation, service)).filter(|_| has_both);
        let earlier = earlier.map(|tally| tally.calls).filter(|calls| *calls > 0);
        let who = callers.remove(&(operation, service)).unwrap_or_default();
        let total = totals.get(&service).copied().unwrap_or(0).max(1);
        let load = Load { tally, total, earlier, days };
        rows.push(row(name, of, &load, who, store));
    }
    rows.sort_by(|a, b| {
        b.score
            .total_cmp(&a.score)
            .then_with(|| (&a.operation, &a.service).cmp(&(&b.operation, &b.service)))
    });
    for (at, row) in rows.iter_mut().enumerate() {
        row.rank = at + 1;
        row.reasons = match language {
            Language::English => reasons(row),
            Language::French => french(row),
        };
    }
    Ok(rows)
}

/// The first call, and the instant after the last one before `now`.
fn span_of_calls(store: &dyn Store, now: Time) -> Result<Option<(Time, Time)>, StoreError> {
    let status = store.status()?;
    let calls = status.segments.iter().find(|segments| segments.kind == "calls");
    let Some((first, last)) = calls.and_then(|calls| Some((calls.from?, calls.to?))) else {
        return Ok(None);
    };
    if last < now {
        return Ok(Some((first, Time::from_micros(last.micros().saturating_add(1)))));
    }
    // When the last line with a right clock was, days tell.
    let (by, every, durations) = (Vec::new(), Some(Width::Day), Durations::Left);
    let days = store.count(&CubeQuestion { from: first, to: now, by, every, durations })?;
    let last = days.cube.cells().map(|(key, _)| key.bucket.micros()).max();
    Ok(last.map(|day| (first, now.min(Time::from_micros(day.saturating_add(DAY))))))
}

#[derive(Default)]
struct Tally {
    calls: u64,
    unknown: u64,
    actors: BTreeSet<NameId>,
}

#[derive(Default)]
struct Tallies {
    operations: BTreeMap<(NameId, NameId), Tally>,
    services: BTreeMap<((), NameId), u64>,
}

fn count(store: &dyn Store, from: Time, to: Time) -> Result<Tallies, StoreError> {
    let by = vec![Dimension::Service, Dimension::Operations, Dimension::Actor];
    let (every, durations) = (Some(Width::Day), Durations::Left);
    let counts = store.count(&CubeQuestion { from, to, by, every, durations })?;
    let mut tallies = Tallies::default();
    for (key, cell) in counts.cube.cells() {
        *tallies.services.entry(((), key.service)).or_default() += cell.calls;
        for operation in store.names().sets.operations(key.operations) {
            let tally = tallies.operations.entry((operation, key.service)).or_default();
            tally.calls += cell.calls;
            match key.actor.is_known() {
                true => _ = tally.actors.insert(key.actor),
                false => tally.unknown += cell.calls,
            }
        }
    }
    Ok(tallies)
}

/// Who calls an operation on a service.
#[derive(Default)]
struct Who {
    unknown: BTreeSet<(Option<String>, Option<String>)>,
    /// The longest of the callers' usual pauses, in days.
    pause: Option<f64>,
}

/// Callers by operation and service, over the whole log: who calls once a quarter counts too.
fn callers(store: &dyn Store, end: Time) -> Result<BTreeMap<(NameId, NameId), Who>, StoreError> {
    let seen = store.sightings(&SightingQuestion { to: end, services: None })?;
    let mut all: BTreeMap<(NameId, NameId), Who> = BTreeMap::new();
    for caller in seen.callers {
        let who = all.entry((caller.operation, caller.service)).or_default();
        if let Some(pause) = pause(&caller.times) {
            who.pause = Some(who.pause.map_or(pause, |longest: f64| longest.max(pause)));
        }
        if !caller.actor.is_known() {
            who.unknown.insert((caller.address, caller.user_agent));
        }
    }
    Ok(all)
}

/// The usual pause in days, from one day with a call (UTC) to the next: a burst is no rhythm. `None`
/// for a single day.
fn pause(times: &[Time]) -> Option<f64> {
    let mut days: Vec<i64> = times.iter().map(|time| time.micros().div_euclid(DAY)).collect();
    days.dedup();
    match days.as_slice() {
        [first, .., last] => Some((last - first) as f64 / (days.len() - 1) as f64),
        _ => None,
    }
}

/// What an operation weighs on its service.
struct Load<'t> {
    tally: &'t Tally,
    /// All calls of the service.
    total: u64,
    /// Calls of the four weeks before.
    earlier: Option<u64>,
    /// Days that were counted.
    days: f64,
}

fn row(
    operation: String,
    service: String,
    load: &Load<'_>,
    who: Who,
    store: &dyn Store,
) -> FirstRow {
    let Load { tally, total, earlier, days } = *load;
    let share = tally.calls as f64 / total as f64;
    let unknown_share = tally.unknown as f64 / tally.calls.max(1) as f64;
    let growth = earlier.map(|earlier| tally.calls as f64 / earlier as f64);
    let names = |id: &NameId| store.names().actors.name(*id);
    let mut row = FirstRow {
        rank: 0,
        operation,
        service,
        calls_per_day: tally.calls as f64 / days,
        share,
        growth,
        actors: tally.actors.iter().filter_map(names).collect(),
        unknown_share,
        unknown_callers: who.unknown.len(),
        longest_pause_days: who.pause,
        score: 0.0,
        reasons: Vec::new(),
    };
    row.actors.sort();
    row.score = score(&row);
    row
}

/// Worth: the root of the share of the load, so that ten times the load is worth three times as
/// much, and a little more for what grows. Ease: half for each doubling of actors, less what nobody
/// knows (never nothing: where all are unknown the load still says what comes first), and less for
/// callers that one must wait for.
fn score(row: &FirstRow) -> f64 {
    let growing = row.growth.unwrap_or(1.0).clamp(0.5, 2.0).sqrt();
    let worth = (row.share.sqrt() * growing).min(1.0);
    let actors = row.actors.len().max(1) as f64;
    let pause = row.longest_pause_days.unwrap_or(1.0).max(1.0);
    let ease =
        (1.0 - 0.9 * row.unknown_share) / (1.0 + actors.log2() / 2.0) / (1.0 + pause.log2() / 10.0);
    worth * ease
}

fn reasons(row: &FirstRow) -> Vec<String> {
    let mut reasons = vec![format!("{} of the calls of {}", percent(row.share), row.service)];
    match row.growth {
        Some(growth) if growth >= 1.1 => {
            reasons.push(format!("{} more calls than four weeks before", percent(growth - 1.0)));
        }
        Some(growth) if growth <= 0.9 => {
            reasons.push(format!("{} fewer calls than four weeks before", percent(1.0 - growth)));
        }
        Some(_) => reasons.push("as many calls as four weeks before".to_owned()),
        None => reasons.push("nothing known of the four weeks before".to_owned()),
    }
    reasons.push(match row.actors.as_slice() {
        [] => "no known actor calls it".to_owned(),
        [one] => format!("one actor to talk to: {one}"),
        many => format!("{} actors to talk to: {}", many.len(), many.join(", ")),
    });
    reasons.push(match row.unknown_callers {
        0 => "every caller is known".to_owned(),
        one => format!(
            "{} of its calls come from {one} unknown caller{}: name them first",
            percent(row.unknown_share),
            if one == 1 { "" } else { "s" }
        ),
    });
    if let Some(days) = row.longest_pause_days.filter(|days| *days >= 2.0) {
        reasons.push(format!("a caller comes about every {days:.0} days only"));
    }
    reasons
}

/// The same in French.
fn french(row: &FirstRow) -> Vec<String> {
    let percent = |share| percent(share).replace('.', ",");
    let mut reasons = vec![format!("{} des appels de {}", percent(row.share), row.service)];
    reasons.push(match row.growth {
        Some(growth) if growth >= 1.1 => {
            format!("{} d’appels de plus que quatre semaines avant", percent(growth - 1.0))
        }
        Some(growth) if growth <= 0.9 => {
            format!("{} d’appels de moins que quatre semaines avant", percent(1.0 - growth))
        }
        Some(_) => "autant d’appels que quatre semaines avant".to_owned(),
        None => "rien n’est connu des quatre semaines d’avant".to_owned(),
    });
    reasons.push(match row.actors.as_slice() {
        [] => "aucun acteur connu ne l’appelle".to_owned(),
        [one] => format!("un acteur à qui parler : {one}"),
        many => format!("{} acteurs à qui parler : {}", many.len(), many.join(", ")),
    });
    reasons.push(match row.unknown_callers {
        0 => "tous les appelants sont connus".to_owned(),
        1 => format!(
            "{} de ses appels viennent d’un appelant inconnu : nommez-le d’abord",
            percent(row.unknown_share)
        ),
        many => format!(
            "{} de ses appels viennent de {many} appelants inconnus : nommez-les d’abord",
            percent(row.unknown_share)
        ),
    });
    if let Some(days) = row.longest_pause_days.filter(|days| *days >= 2.0) {
        reasons.push(format!("un appelant ne vient que tous les {days:.0} jours environ"));
    }
    reasons
}

fn percent(share: f64) -> String {
    match share * 100.0 {
        little if little > 0.0 && little < 1.0 => format!("{little:.1} %"),
        much => format!("{much:.0} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(share: f64, unknown_share: f64) -> FirstRow {
        FirstRow {
            rank: 0,
            operation: "one".to_owned(),
            service: "monolith".to_owned(),
            calls_per_day: 1.0,
            share,
            growth: None,
            actors: Vec::new(),
            unknown_share,
            unknown_callers: 1,
            longest_pause_days: None,
            score: 0.0,
            reasons: Vec::new(),
        }
    }

    #[test]
    fn the_load_orders_what_nobody_knows() {
        let (much, little) = (score(&row(0.5, 1.0)), score(&row(0.1, 1.0)));
        assert!(much > little && little > 0.0, "{much} {little}");
        assert!(score(&row(0.1, 0.0)) > much, "who is known comes first");
    }

    #[test]
    fn reasons_say_the_same_in_both_languages() {
        let row = FirstRow {
            growth: Some(1.25),
            actors: vec!["portal".to_owned()],
            longest_pause_days: Some(29.5),
            ..row(0.125, 0.005)
        };
        assert_eq!(
            reasons(&row),
            [
                "12 % of the calls of monolith",
                "25 % more calls than four weeks before",
                "one actor to talk to: portal",
                "0.5 % of its calls come from 1 unknown caller: name them first",
                "a caller comes about every 30 days only",
            ]
        );
        assert_eq!(
            french(&row),
            [
                "12 % des appels de monolith",
                "25 % d’appels de plus que quatre semaines avant",
                "un acteur à qui parler : portal",
                "0,5 % de ses appels viennent d’un appelant inconnu : nommez-le d’abord",
                "un appelant ne vient que tous les 30 jours environ",
            ]
        );
    }

    #[test]
    fn a_pause_is_from_one_day_to_the_next() {
        let at = |day: i64, minute: i64| Time::from_micros(day * DAY + minute * 60_000_000);
        // A hundred calls on each first of three months.
        let times: Vec<Time> =
            [0, 31, 59].iter().flat_map(|&day| (0..100).map(move |n| at(day, n))).collect();
        assert_eq!(pause(&times), Some(29.5));
        assert_eq!(pause(&times[..100]), None);
    }
}

//! What the screens of the console ask of a store.

use std::time::{Duration, Instant};

use dolmen_model::query::Query;
use dolmen_model::{NameId, Time};
use dolmen_store::{
    CallQuestion, CallerQuestion, CubeQuestion, Dimension, Durations, LocalStore, Store,
    StoreError, Width,
};

use crate::build::{ACTORS, END, OPERATIONS, Scale};
use crate::dice::Dice;

/// How long the answers to one question took.
pub(crate) struct Figures {
    pub(crate) question: &'static str,
    pub(crate) times: Vec<Duration>,
    /// Calls in all answers: nothing was counted where it is 0.
    #[allow(dead_code, reason = "the test looks at it, the bench prints times")]
    pub(crate) calls: u64,
}

const DAY: i64 = 86_400_000_000;
const MINUTE: i64 = 60_000_000;

/// Rows of a page of calls.
const PAGE: usize = 100;

/// Asks every question `rounds` times, each time of another stretch.
pub(crate) fn ask(
    store: &LocalStore,
    scale: Scale,
    rounds: u64,
) -> Result<Vec<Figures>, StoreError> {
    use Dimension::{Actor, Endpoint, Joined, Operations, Service, Status};
    let first = END - scale.days * DAY;
    let whole = |_: &mut Dice| (first, END);
    // Any stretch that ends on a minute: the console has it when somebody drags over a chart.
    let any = |dice: &mut Dice| {
        let minutes = (END - first) / MINUTE;
        let (a, b) = (dice.below(minutes as u64) as i64, dice.below(minutes as u64) as i64);
        (first + a.min(b) * MINUTE, first + (a.max(b) + 1) * MINUTE)
    };
    let last = |days: i64| move |_: &mut Dice| (END - days.min(scale.days) * DAY, END);
    let panel: &[&[Dimension]] = &[&[Service, Operations, Actor, Joined], &[Service, Endpoint]];
    let everything: &[&[Dimension]] = &[&[Service, Operations, Actor, Endpoint, Status, Joined]];
    let mut asked = Vec::new();
    let mut dice = Dice(3);
    let mut counts = |question, stretch: &dyn Fn(&mut Dice) -> (i64, i64), by, every| {
        figures(question, rounds, &mut dice, |dice| count(store, stretch(dice), by, every))
    };
    asked.push(counts("the control panel, all of time", &whole, panel, None)?);
    asked.push(counts("the control panel, any stretch to the minute", &any, panel, None)?);
    asked.push(counts("the control panel, the last 24 hours", &last(1), panel, None)?);
    asked.push(counts("the control panel, the last 90 days", &last(90), panel, None)?);
    let by_actor: &[&[Dimension]] = &[&[Actor]];
    asked.push(counts(
        "timeline by actor, all of time by month",
        &whole,
        by_actor,
        Some(Width::Month),
    )?);
    asked.push(counts("timeline by actor, a year by day", &last(365), by_actor, Some(Width::Day))?);
    asked.push(counts("timeline by actor, a week by hour", &last(7), by_actor, Some(Width::Hour))?);
    asked.push(counts(
        "timeline by actor, a day by minute",
        &last(1),
        by_actor,
        Some(Width::Minute),
    )?);
    let by_status: &[&[Dimension]] = &[&[Status]];
    asked.push(counts(
        "timeline by status, 90 days by day",
        &last(90),
        by_status,
        Some(Width::Day),
    )?);
    asked.push(counts("every dimension, all of time (a report)", &whole, everything, None)?);

    let mut callers = |question,
                       stretch: &dyn Fn(&mut Dice) -> (i64, i64),
                       of: &dyn Fn(&mut Dice) -> CallerQuestion| {
        figures(question, rounds, &mut dice, |dice| {
            let (from, to) = stretch(dice);
            let asked = CallerQuestion {
                from: Time::from_micros(from),
                to: Time::from_micros(to),
                ..of(dice)
            };
            Ok(store.callers(&asked)?.iter().map(|row| row.calls).sum())
        })
    };
    let (from, to) = (Time::MIN, Time::MAX);
    let unknown = |_: &mut Dice| CallerQuestion {
        from,
        to,
        actor: Some(NameId::UNKNOWN),
        operation: None,
        most: usize::MAX,
    };
    let names = store.names();
    let of_actor = |dice: &mut Dice| {
        let name = format!("actor-{}", 1 + dice.below(u64::from(ACTORS) - 1));
        CallerQuestion {
            from,
            to,
            actor: names.actors.find(name.as_bytes()),
            operation: None,
            most: usize::MAX,
        }
    };
    let of_operation = |dice: &mut Dice| {
        let name = format!("operation-{}", dice.below(u64::from(OPERATIONS)));
        CallerQuestion {
            from,
            to,
            actor: None,
            operation: names.operations.find(name.as_bytes()),
            most: usize::MAX,
        }
    };
    asked.push(callers("callers that nobody could name, the last 30 days", &last(30), &unknown)?);
    asked.push(callers("callers that nobody could name, all of time", &whole, &unknown)?);
    asked.push(callers("callers of one actor, all of time", &whole, &of_actor)?);
    asked.push(callers("callers of one operation, all of time", &whole, &of_operation)?);

    let mut pages = |question, of: &dyn Fn(&mut Dice) -> (i64, Query)| {
        figures(question, rounds, &mut dice, |dice| {
            let (to, query) = of(dice);
            let asked = CallQuestion { from: Time::MIN, to: Time::from_micros(to), query };
            let mut calls = 0;
            for call in store.calls(&asked)?.take(PAGE) {
                call?;
                calls += 1;
            }
            Ok(calls)
        })
    };
    asked.push(pages("a page of calls, the newest", &|_| (END, Query::default()))?);
    asked.push(pages("a page of calls, before any instant", &|dice| {
        (any(dice).1, Query::default())
    })?);
    asked.push(pages("a page of the calls of one actor", &|dice| {
        let actor = format!("actor:actor-{}", 1 + dice.below(u64::from(ACTORS) - 1));
        (END, actor.parse().unwrap_or_default())
    })?);
    Ok(asked)
}

fn figures(
    question: &'static str,
    rounds: u64,
    dice: &mut Dice,
    mut answer: impl FnMut(&mut Dice) -> Result<u64, StoreError>,
) -> Result<Figures, StoreError> {
    // The first answer finds a cold cache, as the first visitor of a day does: it counts.
    let mut figures = Figures { question, times: Vec::new(), calls: 0 };
    for _ in 0..rounds {
        let started = Instant::now();
        figures.calls += answer(dice)?;
        figures.times.push(started.elapsed());
    }
    Ok(figures)
}

/// Counts by each of these, as one screen does; the calls that the first count has.
fn count(
    store: &LocalStore,
    (from, to): (i64, i64),
    by: &[&[Dimension]],
    every: Option<Width>,
) -> Result<u64, StoreError> {
    let (from, to) = (Time::from_micros(from), Time::from_micros(to));
    let mut calls = None;
    for by in by {
        // As the console asks: a timeline shows how many, a table how long they took too.
        let durations = if every.is_some() { Durations::Left } else { Durations::Asked };
        let counts = store.count(&CubeQuestion { from, to, by: by.to_vec(), every, durations })?;
        let sum: u64 = counts.cube.cells().map(|(_, cell)| cell.calls).sum();
        calls.get_or_insert(sum);
    }
    Ok(calls.unwrap_or(0))
}

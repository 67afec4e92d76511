//! What is known of lines that were removed or cannot be read: hours and days in which somebody was
//! counted.
//!
//! Lines of the same time may be there still, because a segment goes as a whole and a late log may
//! come at any time. What they tell is taken from what was counted: no call is seen twice, and none is
//! lost.

use dolmen_model::{Joined, NameId, SetId, Time};
use rusqlite::Connection;
use rustc_hash::FxHashMap;

use super::rows::{CachedTables, Key, Seen, Tables, untold};
use super::trace::Trace;
use crate::catalog::cube::{Dimension, Durations};
use crate::catalog::{callers as counted, damaged, gone_marks, waiting};
use crate::error::StoreError;
use crate::local::LocalStore;
use crate::question::CubeQuestion;
use crate::range::Width;
use crate::sightings::{HiddenSightings, SightingQuestion};

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 1_440 * MINUTE;

/// The end of the day (UTC) of an instant: no bucket with something from before it reaches further.
pub(super) const fn day_after(time: i64) -> i64 {
    time.div_euclid(DAY).saturating_add(1).saturating_mul(DAY)
}

/// A bucket, in microseconds: [from, to).
#[derive(Clone, Copy)]
struct Bucket {
    from: i64,
    to: i64,
}

impl Bucket {
    /// Nobody knows when in it calls were: its middle is on the right day in most time zones. What
    /// is asked for ends before `end`.
    fn show(self, calls: u64, end: i64, trace: &mut Trace) {
        let middle = self.from.midpoint(self.to);
        trace.see_bucket(middle.min(end.saturating_sub(1)), calls, self.to);
    }
}

/// Callers in hours and days before `since` of which no line tells any more. A bucket with the end
/// of what is asked for in it counts whole: rather a call too many than one too few.
pub(super) fn callers(
    db: &Connection,
    question: &SightingQuestion,
    since: i64,
    tables: &Tables,
    seen: &mut Seen,
) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached(
        "SELECT bucket, counts, CASE width WHEN 1 THEN 60 ELSE 1440 END
         FROM caller_counts
         WHERE generation = (SELECT value FROM meta WHERE key = 'generation') AND bucket <= ?1",
    )?;
    let mut cached = CachedTables::new(tables);
    let mut numbers: FxHashMap<(u32, bool), NameId> = FxHashMap::default();
    let end = question.to.micros();
    let mut rows = statement.query([since.min(end).saturating_sub(1).div_euclid(MINUTE)])?;
    while let Some(row) = rows.next()? {
        let (start, minutes): (i64, i64) = (row.get(0)?, row.get(2)?);
        let at = |minute: i64| minute.saturating_mul(MINUTE);
        let bucket = Bucket { from: at(start), to: at(start.saturating_add(minutes)) };
        let mut counts: Vec<(counted::Who, u64)> = Vec::new();
        let wanted = |actor, (service, operations)| {
            let is_asked = |asked: &Vec<NameId>| asked.contains(&service);
            let is_wanted =
                operations != SetId::EMPTY && question.services.as_ref().is_none_or(is_asked);
            is_wanted.then_some((actor, service, operations))
        };
        counted::counts(
            row.get_ref(1)?.as_blob()?,
            wanted,
            |(actor, service, operations), caller, calls| {
                counts.push((counted::Who { actor, service, operations, caller }, calls));
            },
        )
        .ok_or_else(|| damaged("a row of caller_counts is cut short"))?;
        for (who, calls) in counts {
            let counted::Who { caller: number, actor, service, operations } = who;
            let caller = match numbers.get(&(number, actor.is_known())) {
                Some(caller) => *caller,
                None => {
                    let caller = number_of(db, number, actor, &mut cached)?;
                    numbers.insert((number, actor.is_known()), caller);
                    caller
                }
            };
            let key = Key { service, operations, actor, caller, is_claimed: false };
            let calls = untold(&mut seen.told.calls, (bucket.from, bucket.to), &key, calls);
            if calls > 0 {
                bucket.show(calls, end, seen.traces.entry(key).or_default());
            }
        }
    }
    Ok(())
}

/// The number here of a caller of the catalog.
fn number_of(
    db: &Connection,
    number: u32,
    actor: NameId,
    cached: &mut CachedTables<'_>,
) -> rusqlite::Result<NameId> {
    db.prepare_cached("SELECT address, user_agent, user FROM callers WHERE id = ?1")?.query_row(
        [number],
        |row| {
            let text = |at| row.get_ref(at)?.as_blob().map_err(rusqlite::Error::from);
            let (address, user_agent, user) = (text(0)?, text(1)?, text(2)?);
            let is_rest = address.is_empty() && user_agent.is_empty() && user == b"(other)";
            Ok(if is_rest { NameId::OVERFLOW } else { cached.intern(actor, address, user_agent) })
        },
    )
}

impl LocalStore {
    /// Calls without a request id before `since` of which no line tells any more; the last of a day
    /// is taken to be at its end.
    pub(super) fn removed_without_id(
        &self,
        question: &SightingQuestion,
        since: i64,
        seen: &mut Seen,
    ) -> Result<(), StoreError> {
        let end = question.to.micros();
        let counts = self.count_cells(&CubeQuestion {
            from: Time::MIN,
            // Whole days, as lines are taken from them.
            to: Time::from_micros(day_after(since).min(end)),
            by: vec![Dimension::Service, Dimension::Operations, Dimension::Joined],
            every: Some(Width::Day),
            durations: Durations::Left,
        })?;
        for (key, cell) in counts.cube.cells() {
            let is_asked = |asked: &Vec<NameId>| asked.contains(&key.service);
            if key.operations != SetId::EMPTY
                || key.outcome.joined != Joined::NoId
                || !question.services.as_ref().is_none_or(is_asked)
            {
                continue;
            }
            let from = key.bucket.micros();
            let to = from.saturating_add(DAY);
            let calls = untold(&mut seen.told.without_id, (from, to), &key.service, cell.calls);
            if calls > 0 {
                let last = to.min(end).saturating_sub(1);
                let mine = seen.without_id.entry(key.service).or_insert((0, last));
                *mine = (mine.0 + calls, mine.1.max(last));
            }
        }
        Ok(())
    }
}

/// Marks that wait for a call, and days of those that waited until the lines of their time went.
pub(super) fn hidden(
    db: &Connection,
    question: &SightingQuestion,
) -> rusqlite::Result<Vec<HiddenSightings>> {
    let mut traces: FxHashMap<(NameId, NameId), Trace> = FxHashMap::default();
    // Nobody knows whose marks without a service are: perhaps those of a service that is asked for.
    let is_asked = |service: NameId| {
        let is_asked = |asked: &Vec<NameId>| asked.contains(&service) || !service.is_known();
        question.services.as_ref().is_none_or(is_asked)
    };
    waiting::times(db, question.to, |service, operation, time| {
        if is_asked(service) {
            traces.entry((service, operation)).or_default().see(time);
        }
    })?;
    gone_marks::days(db, question.to, |service, operation, from, marks| {
        if is_asked(service) {
            let day = Bucket { from, to: from.saturating_add(DAY) };
            let trace = traces.entry((service, operation)).or_default();
            day.show(marks, question.to.micros(), trace);
        }
    })?;
    let mut hidden: Vec<HiddenSightings> = traces
        .into_iter()
        .map(|((service, operation), trace)| {
            let (marks, last) = (trace.calls, Time::from_micros(trace.last));
            let (times, fine_from) = trace.finish();
            HiddenSightings { service, operation, times, fine_from, marks, last }
        })
        .collect();
    hidden.sort_unstable_by_key(|one| (one.service, one.operation));
    Ok(hidden)
}

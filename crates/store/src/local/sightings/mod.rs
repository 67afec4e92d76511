//! When callers of operations were seen: read from few columns of the segments, by all cores, and
//! from the buckets of callers where lines were removed or cannot be read.

mod removed;
mod rows;
mod trace;

use dolmen_cubes::CallerName;
use dolmen_model::{NameId, Time};
use rustc_hash::FxHashMap;

use super::LocalStore;
use crate::catalog::{self, segments::SegmentRow};
use crate::error::StoreError;
use crate::sightings::{CallerSightings, SightingQuestion, Sightings, WithoutId};
use removed::day_after;
use rows::{Key, Lost, Tables};
use trace::Trace;

/// Callers of named actors that are told apart, and as many of nobody known; the rest is one.
const CALLERS: usize = 50_000;

impl LocalStore {
    pub(super) fn see(&self, question: &SightingQuestion) -> Result<Sightings, StoreError> {
        let tables = Tables::new(CALLERS);
        let mut lost: Vec<Lost> = Vec::new();
        // Of what no line tells, because it was removed or cannot be read, buckets tell.
        let (mut seen, lines_since, told_before) = loop {
            let lines_since = self.lines_since()?;
            let ends = lost.iter().filter_map(|lost| Some(lost.row.to?.saturating_add(1)));
            let told_before = ends.chain(lines_since).max();
            let told_to = told_before.map_or(i64::MIN, day_after);
            let mut plan = self.plan_sightings(question)?;
            plan.retain(|row| lost.iter().all(|lost| lost.row.id != row.id));
            let (seen, mut more) = self.see_segments(&plan, question, &tables, told_to)?;
            if !more.is_empty() {
                let rows: Vec<SegmentRow> = more.iter().map(|lost| lost.row.clone()).collect();
                // Compacted meanwhile: what replaces it is in the catalog.
                if self.are_named(&rows)? {
                    lost.append(&mut more);
                }
            } else if self.lines_since()? == lines_since {
                break (seen, lines_since, told_before);
            }
        };
        if let Some(before) = told_before {
            self.removed_without_id(question, before, &mut seen)?;
        }
        lost.sort_unstable_by_key(|lost| lost.row.id);
        let inner = self.fresh()?;
        let refused = inner.catalog.refused("read who was seen");
        let db = &inner.catalog.db;
        if let Some(before) = told_before {
            removed::callers(db, question, before, &tables, &mut seen).map_err(&refused)?;
        }
        let hidden = removed::hidden(db, question).map_err(&refused)?;
        drop(inner);
        Ok(Sightings {
            callers: self.finish(seen.traces, &tables),
            hidden,
            without_id: seen
                .without_id
                .into_iter()
                .map(|(service, (calls, last))| WithoutId {
                    service,
                    calls,
                    last: Time::from_micros(last),
                })
                .collect(),
            lines_since: lines_since.map(Time::from_micros),
            unreadable: lost.into_iter().map(|lost| lost.why).collect(),
        })
    }

    /// Every line that was removed is from before this instant; `None`: none was.
    fn lines_since(&self) -> Result<Option<i64>, StoreError> {
        let inner = self.fresh()?;
        let refused = inner.catalog.refused("read since when there are lines");
        let since = catalog::get(&inner.catalog.db, "lines_since").map_err(refused)?;
        Ok((since > i64::MIN).then_some(since))
    }

    /// A call that entered two operations is seen in both.
    fn finish(&self, traces: FxHashMap<Key, Trace>, tables: &Tables) -> Vec<CallerSightings> {
        let mut each: FxHashMap<(NameId, NameId, NameId, NameId), (Trace, bool)> =
            FxHashMap::default();
        for (key, trace) in traces {
            for operation in self.names.sets.operations(key.operations) {
                let one = (key.service, operation, key.actor, key.caller);
                let (all, is_claimed) = each.entry(one).or_insert_with(|| (Trace::default(), true));
                *is_claimed &= key.is_claimed;
                all.merge(trace.clone());
            }
        }
        let mut seen: Vec<CallerSightings> = each
            .into_iter()
            .map(|((service, operation, actor, caller), (trace, is_claimed))| {
                let CallerName { address, user_agent } = tables.name(actor, caller);
                let (calls, last) = (trace.calls, Time::from_micros(trace.last));
                let (times, fine_from) = trace.finish();
                CallerSightings {
                    service,
                    operation,
                    actor,
                    address,
                    user_agent,
                    times,
                    fine_from,
                    calls,
                    last,
                    is_claimed,
                }
            })
            .collect();
        seen.sort_unstable_by(|a, b| {
            let key = |one: &CallerSightings| (one.service, one.operation, one.actor);
            key(a)
                .cmp(&key(b))
                .then_with(|| a.user_agent.cmp(&b.user_agent))
                .then_with(|| a.address.cmp(&b.address))
        });
        seen
    }
}

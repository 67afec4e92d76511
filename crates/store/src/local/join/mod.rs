//! Ids whose lines came in several commits: all their lines are gathered and settled anew.

mod gather;
mod keys;
mod moves;

use std::sync::Arc;

use dolmen_join::{CallEntry, Chains, JoinKey, MarkEntry, Place};
use dolmen_model::Time;
use rusqlite::Transaction;
use rustc_hash::{FxHashMap, FxHashSet};

use super::commit::Written;
use super::{LocalStore, derive};
use crate::catalog::segments::{self, SegmentId, SegmentRow, Span};
use crate::catalog::waiting::{self, Waiting, short};
use crate::catalog::{self, dictionary, findings, refused};
use crate::error::StoreError;
use crate::range::Kept;
use crate::rows::IdKey;
use crate::segment::{Kind, LooseMark, SegmentReader};
use crate::settle::{Carried, Own, Said, settle};
use gather::{Call, Wanted};
pub(crate) use keys::Near;
use keys::{Keys, nearest};
use moves::Moves;

/// What the join changed in the cache of waiting ids, to be done when the transaction is.
#[derive(Default)]
pub(super) struct Waits {
    pub(super) added: FxHashSet<u64>,
    pub(super) taken: FxHashSet<u64>,
    /// Marks of this commit that wait now.
    pub(super) marks: u64,
}

pub(super) type Open = FxHashMap<SegmentId, Arc<SegmentReader>>;

/// What the join of one commit needs at hand.
pub(super) struct Joining<'j, 't> {
    pub(super) store: &'j LocalStore,
    pub(super) tx: &'j Transaction<'t>,
    pub(super) open: &'j mut Open,
    pub(super) near: &'j mut Near,
    /// The ids that marks wait for, shortened.
    pub(super) waiting: &'j FxHashSet<u64>,
    pub(super) kept: Kept,
}

/// All that is known of one id.
#[derive(Default)]
struct Group {
    calls: Vec<Call>,
    marks: Vec<Waiting>,
}

impl Joining<'_, '_> {
    /// Finds the ids of this commit whose lines are in other commits too, and settles them.
    /// Returns how many calls changed.
    pub(super) fn run(
        &mut self,
        written: &[Written<'_>],
        waits: &mut Waits,
    ) -> Result<u64, StoreError> {
        let mut wanted = Wanted::default();
        let calls = written.iter().filter(|segment| segment.encoded.kind == Kind::Calls);
        let loose: Vec<&LooseMark> =
            written.iter().flat_map(|segment| &segment.encoded.waiting).collect();
        let spans = segments::spans(self.tx, Kind::Calls).map_err(self.refused())?;
        let (mut old, new): (Vec<Span>, Vec<Span>) =
            spans.into_iter().partition(|span| !written.iter().any(|w| w.id == span.id));
        for segment in calls {
            self.meet_calls(segment, &old, &mut wanted)?;
            old.extend(new.iter().filter(|span| span.id == segment.id));
        }
        self.meet_marks(&loose, &old, &mut wanted)?;
        let mut groups = self.gather(&wanted)?;
        for mark in loose {
            let source = dictionary::source(self.tx, &mark.source).map_err(self.refused())?;
            let (service, operation) = (mark.service, mark.operation);
            let waiting = Waiting { time: mark.time, source, service, operation };
            let key = mark.id.as_deref().map(IdKey::of);
            match key.and_then(|key| groups.get_mut(&key)) {
                Some(group) => group.marks.push(waiting),
                None => {
                    waiting::add(self.tx, key, waiting).map_err(self.refused())?;
                    waits.marks += 1;
                    waits.added.extend(key.map(short));
                }
            }
        }
        for (key, group) in &mut groups {
            if self.waiting.contains(&short(*key)) {
                group.marks.extend(waiting::take(self.tx, *key).map_err(self.refused())?);
                waits.taken.insert(short(*key));
            }
        }
        self.gather_marks(&mut groups)?;
        self.settle(groups)
    }

    fn refused(&self) -> impl Fn(rusqlite::Error) -> StoreError + use<> {
        refused(&self.store.root.join(catalog::FILE), "join lines of several commits")
    }

    /// Calls of a new segment whose id a mark waits for, or another call near in time carries.
    fn meet_calls(
        &mut self,
        segment: &Written<'_>,
        old: &[Span],
        wanted: &mut Wanted,
    ) -> Result<(), StoreError> {
        let by_row = segment.encoded.keys.iter().enumerate();
        let keys = Keys::new(by_row.filter_map(|(row, key)| Some((row as u32, (*key)?))));
        let spans = nearest(old, segment.encoded.from, segment.encoded.to);
        for span in &spans {
            let theirs = self.keys(span.id)?;
            for key in keys.common(&theirs) {
                wanted.add(segment.id, keys.rows(key));
                wanted.add(span.id, theirs.rows(key));
            }
        }
        if !self.waiting.is_empty() {
            for (_, rows) in keys.all().filter(|(key, _)| self.waiting.contains(key)) {
                wanted.add(segment.id, rows);
            }
        }
        self.near.retain(&spans);
        self.near.insert(segment.id, Arc::new(keys));
        Ok(())
    }

    /// Stored calls that carry the ids of loose marks: those near in time first, then all others
    /// whose filters do not say no.
    fn meet_marks(
        &mut self,
        loose: &[&LooseMark],
        all: &[Span],
        wanted: &mut Wanted,
    ) -> Result<(), StoreError> {
        let mut ids: Vec<&[u8]> = loose.iter().filter_map(|mark| mark.id.as_deref()).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut ids: Vec<(u64, &[u8])> =
            ids.into_iter().map(|id| (short(IdKey::of(id)), id)).collect();
        let times = || loose.iter().filter_map(|mark| mark.time);
        let near = nearest(all, times().min(), times().max());
        // A call's hops may be in other segments than the call: all that are near are looked into.
        let mut found: FxHashSet<u64> = FxHashSet::default();
        for span in near.iter().filter(|_| !ids.is_empty()) {
            let keys = self.keys(span.id)?;
            let hits = ids.iter().filter(|(key, _)| wanted.add(span.id, keys.rows(*key)));
            found.extend(hits.map(|(key, _)| key));
        }
        ids.retain(|(key, _)| !found.contains(key));
        for span in all.iter().filter(|span| near.iter().all(|near| near.id != span.id)) {
            if ids.is_empty() {
                return Ok(());
            }
            let row = segments::one(self.tx, span.id).map_err(self.refused())?;
            let reader = self.reader(&row)?;
            let mut may_hold = false;
            for group in 0..reader.row_groups() {
                let filters = reader.filters(group)?;
                may_hold |= ids.iter().any(|(_, id)| filters.may_hold(id));
            }
            if may_hold {
                let keys = self.read_keys(span.id)?;
                for (key, _) in &ids {
                    wanted.add(span.id, keys.rows(*key));
                }
            }
        }
        Ok(())
    }

    /// Settles each group and writes what changed.
    fn settle(&mut self, groups: FxHashMap<IdKey, Group>) -> Result<u64, StoreError> {
        let refused = self.refused();
        let (tx, names) = (self.tx, &*self.store.names);
        let building = derive::building(tx).map_err(&refused)?.map(|(id, _)| id);
        // What a generation under way has derived already, it derives again.
        let derived = match building {
            Some(building) => derive::already(tx, building).map_err(&refused)?,
            None => FxHashSet::default(),
        };
        let (mut everywhere, mut here) = (Moves::default(), Moves::default());
        let (sources, chains) = dictionary::chains(tx).map_err(&refused)?;
        let mut changed = 0;
        // In an order of its own, so that the same commit gives the same catalog.
        let mut groups: Vec<(IdKey, Group)> = groups.into_iter().collect();
        groups.sort_unstable_by_key(|(key, _)| *key);
        for (key, group) in groups {
            let mut states = Vec::new();
            let carried = group.settle(key, &sources, &chains, names, |own, settled| {
                states.push((own.which as usize, settled));
            });
            findings::repeat(tx, key, carried == Carried::Repeatedly).map_err(&refused)?;
            for (which, settled) in states {
                let call = &group.calls[which];
                if call.found.settled == settled {
                    continue;
                }
                changed += 1;
                waiting::amend(tx, call.segment, call.row, &settled).map_err(&refused)?;
                let moves =
                    if derived.contains(&call.segment) { &mut here } else { &mut everywhere };
                moves.add(&call.found, &settled, names);
            }
        }
        let generation = catalog::get(tx, "generation").map_err(&refused)?;
        for moves in [&everywhere, &here] {
            moves.apply(tx, generation, self.kept).map_err(&refused)?;
        }
        if let Some(building) = building {
            everywhere.apply(tx, building, self.kept).map_err(&refused)?;
        }
        Ok(changed)
    }

    fn reader(&mut self, row: &SegmentRow) -> Result<Arc<SegmentReader>, StoreError> {
        Ok(self.store.open_with(self.open, row)?)
    }
}

impl Group {
    fn settle(
        &self,
        key: IdKey,
        sources: &FxHashMap<String, u16>,
        chains: &Chains,
        names: &dolmen_model::Names,
        each: impl FnMut(Own, crate::facts::Settled),
    ) -> Carried {
        let key = JoinKey(key.0);
        let time = |time: Option<i64>| time.unwrap_or(Time::from_micros(0).micros());
        let calls = self.calls.iter().enumerate().map(|(which, call)| CallEntry {
            key,
            time: time(call.found.time),
            place: Place {
                source: sources.get(&call.found.source).copied().unwrap_or(u16::MAX),
                // Among lines of one instant: as they came.
                position: (call.segment.0 as u64) << 20 | u64::from(call.row),
            },
            fact: Own {
                which: which as u32,
                service: call.found.own_service,
                claimed: call.found.claimed,
            },
        });
        let marks = self.marks.iter().enumerate().map(|(position, mark)| MarkEntry {
            key,
            time: time(mark.time),
            place: Place { source: mark.source as u16, position: position as u64 },
            fact: Said { operation: mark.operation, service: mark.service },
        });
        let (mut calls, mut marks): (Vec<_>, Vec<_>) = (calls.collect(), marks.collect());
        settle(chains, names, &mut calls, &mut marks, each)
    }
}

//! Ids whose lines came in several commits: all their lines are gathered and settled anew.

mod gather;
mod keys;
mod lost;
mod moves;

use std::sync::Arc;

use dolmen_join::{CallEntry, Chains, JoinKey, MOST_LINES, MarkEntry, Place};
use dolmen_model::{CachedSets, Names, Time};
use rusqlite::Transaction;
use rustc_hash::{FxHashMap, FxHashSet};

use super::commit::Written;
use super::{LocalStore, Writer, derive};
use crate::catalog::callers::Numbers;
use crate::catalog::segments::{self, SegmentId, SegmentRow, Span, file_name};
use crate::catalog::waiting::{self, Waiting, short};
use crate::catalog::{self, dictionary, findings, refused};
use crate::error::StoreError;
use crate::range::Kept;
use crate::rows::IdKey;
use crate::segment::{IdFilters, Kind, LooseMark, SegmentReader, unreadable};
use crate::settle::{Carried, Own, Said, apart, settle};
use crate::unreadable::Unreadable;
use gather::{Call, Wanted};
use keys::nearest;
pub(crate) use keys::{Keys, Near};
use lost::Lost;
pub(super) use lost::unmet;
use moves::Moves;

/// What the join changed in the cache of waiting ids, to be done when the transaction is.
#[derive(Default)]
pub(super) struct Waits {
    pub(super) added: FxHashSet<u64>,
    pub(super) taken: FxHashSet<u64>,
    /// Ids that turned out to be overused.
    pub(super) overused: FxHashSet<u64>,
    /// Marks of this commit that wait now.
    pub(super) marks: u64,
    /// Segments that could not be read: what they hold is joined when it can be.
    pub(super) unreadable: Vec<Unreadable>,
}

pub(super) type Open = FxHashMap<SegmentId, Arc<SegmentReader>>;

/// What the join of one commit needs at hand.
pub(super) struct Joining<'j, 't> {
    store: &'j LocalStore,
    tx: &'j Transaction<'t>,
    open: &'j mut Open,
    near: &'j mut Near,
    callers: &'j mut Numbers,
    /// The ids that marks wait for, shortened.
    waiting: &'j FxHashSet<u64>,
    /// The ids that too many lines carry to be joined by them, shortened.
    overused: &'j FxHashSet<u64>,
    id_filters: &'j mut FxHashMap<SegmentId, IdFilters>,
    kept: Kept,
    lost: Lost,
}

/// Calls of a segment that others are to meet: it is new, or readable again.
struct Arrived {
    id: SegmentId,
    from: Option<i64>,
    to: Option<i64>,
    keys: Arc<Keys>,
}

/// All that is known of one id.
#[derive(Default)]
struct Group {
    /// The id itself.
    id: Vec<u8>,
    calls: Vec<Call>,
    marks: Vec<Waiting>,
    /// The id is overused: these calls are joined with nothing, whatever their block made of them.
    is_apart: bool,
}

impl<'j, 't> Joining<'j, 't> {
    pub(super) fn new(
        store: &'j LocalStore,
        tx: &'j Transaction<'t>,
        open: &'j mut Open,
        writer: &'j mut Writer,
        kept: Kept,
    ) -> Self {
        let Writer { near, callers, waiting, overused, id_filters, .. } = writer;
        let lost = Lost::default();
        Self { store, tx, open, near, callers, waiting, overused, id_filters, kept, lost }
    }

    /// Finds the ids of this commit whose lines are in other commits too, and settles them.
    /// Returns how many calls changed.
    pub(super) fn run(
        &mut self,
        written: &[Written<'_>],
        waits: &mut Waits,
    ) -> Result<u64, StoreError> {
        let mut wanted = Wanted::default();
        let calls = written.iter().filter(|segment| segment.encoded.kind == Kind::Calls);
        let mut arrived: Vec<Arrived> = calls
            .map(|Written { id, encoded, .. }| {
                let keys = Arc::clone(&encoded.keys);
                Arrived { id: *id, from: encoded.from, to: encoded.to, keys }
            })
            .collect();
        let loose: Vec<&LooseMark> =
            written.iter().flat_map(|segment| &segment.encoded.waiting).collect();
        let spans = segments::spans(self.tx, Kind::Calls).map_err(self.refused())?;
        arrived.extend(self.come_back(&spans)?);
        let (mut old, new): (Vec<Span>, Vec<Span>) =
            spans.into_iter().partition(|span| !arrived.iter().any(|new| new.id == span.id));
        for segment in &arrived {
            self.meet_calls(segment, &old, &mut wanted)?;
            old.extend(new.iter().filter(|span| span.id == segment.id));
        }
        self.meet_crowds(&arrived, &loose, &mut wanted);
        self.meet_marks(&loose, &old, &mut wanted)?;
        let mut groups = self.gather(&wanted)?;
        for (key, group) in &mut groups {
            group.is_apart = self.overused.contains(&short(*key));
        }
        for mark in loose {
            let source = dictionary::source(self.tx, &mark.source).map_err(self.refused())?;
            let (service, operation) = (mark.service, mark.operation);
            let waiting = Waiting { time: mark.time, source, service, operation };
            let key = mark.id.as_deref().map(IdKey::of);
            match key.and_then(|key| groups.get_mut(&key)) {
                // All marks of its block are looked for, those that are loose among them.
                Some(group) if group.is_apart => {}
                Some(group) => group.marks.push(waiting),
                None => self.wait(key, waiting, waits)?,
            }
        }
        for (key, group) in groups.iter_mut().filter(|(_, group)| !group.is_apart) {
            if self.waiting.contains(&short(*key)) {
                group.marks.extend(waiting::take(self.tx, *key).map_err(self.refused())?);
                waits.taken.insert(short(*key));
            }
        }
        self.gather_marks(&mut groups, written)?;
        let changed = self.settle(groups, waits)?;
        self.remember()?;
        waits.unreadable.extend(self.lost.drain().map(|(_, unreadable)| unreadable));
        waits.unreadable.sort_by(|a, b| a.segment.cmp(&b.segment));
        Ok(changed)
    }

    /// Lets a mark wait.
    fn wait(&self, key: Option<IdKey>, mark: Waiting, waits: &mut Waits) -> Result<(), StoreError> {
        let number = waiting::add(self.tx, key, mark).map_err(self.refused())?;
        waits.marks += 1;
        let Some(key) = key else { return Ok(()) };
        waits.added.insert(short(key));
        if number > MOST_LINES { self.overuse(key, waits) } else { Ok(()) }
    }

    fn overuse(&self, key: IdKey, waits: &mut Waits) -> Result<(), StoreError> {
        waits.overused.insert(short(key));
        findings::overuse(self.tx, key).map_err(self.refused())
    }

    fn refused(&self) -> impl Fn(rusqlite::Error) -> StoreError + use<> {
        refused(&self.store.root.join(catalog::FILE), "join lines of several commits")
    }

    /// Calls of an arrived segment whose id a mark waits for, or another call near in time carries.
    fn meet_calls(
        &mut self,
        segment: &Arrived,
        old: &[Span],
        wanted: &mut Wanted,
    ) -> Result<(), StoreError> {
        let keys = Arc::clone(&segment.keys);
        let spans = nearest(old, segment.from, segment.to);
        let mut near = Vec::with_capacity(spans.len());
        for span in &spans {
            near.extend(self.keys_of(span.id)?.map(|theirs| (span.id, theirs)));
        }
        let perhaps = keys.perhaps_in(self.near).into_iter();
        let perhaps: Vec<u64> = perhaps.filter(|key| !self.overused.contains(key)).collect();
        for (id, theirs) in near {
            for &key in &perhaps {
                if wanted.add(id, key, theirs.rows(key)) {
                    wanted.add(segment.id, key, keys.rows(key));
                }
            }
        }
        if !self.waiting.is_empty() {
            let is_waited_for =
                |key: &u64| self.waiting.contains(key) && !self.overused.contains(key);
            for (key, rows) in keys.all().filter(|(key, _)| is_waited_for(key)) {
                wanted.add(segment.id, key, rows);
            }
        }
        self.near.retain(&spans);
        self.near.insert(segment.id, keys);
        Ok(())
    }

    /// Calls of arrived segments whose id is overused, or is so by what came with them: their block
    /// may have joined some of them.
    fn meet_crowds(&self, arrived: &[Arrived], loose: &[&LooseMark], wanted: &mut Wanted) {
        let marks = |key: u64| {
            let ids = loose.iter().filter_map(|mark| mark.id.as_deref());
            ids.filter(|id| short(IdKey::of(id)) == key).count()
        };
        let is_crowd = |(key, rows): &(u64, &[u32])| {
            let most = MOST_LINES as usize;
            // Marks are counted of few ids.
            self.overused.contains(key)
                || (rows.len() + loose.len() > most && rows.len() + marks(*key) > most)
        };
        for segment in arrived {
            for (key, rows) in segment.keys.all().filter(is_crowd) {
                wanted.add(segment.id, key, rows);
            }
        }
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
        ids.retain(|(key, _)| !self.overused.contains(key));
        let times = || loose.iter().filter_map(|mark| mark.time);
        let near = nearest(all, times().min(), times().max());
        // A call's hops may be in other segments than the call: all that are near are looked into.
        let mut found: FxHashSet<u64> = FxHashSet::default();
        if !ids.is_empty() {
            self.near.retain(&near);
        }
        for span in near.iter().filter(|_| !ids.is_empty()) {
            let Some(keys) = self.keys_of(span.id)? else { continue };
            let hits = ids.iter().filter(|(key, _)| wanted.add(span.id, *key, keys.rows(*key)));
            found.extend(hits.map(|(key, _)| key));
        }
        ids.retain(|(key, _)| !found.contains(key));
        for span in all.iter().filter(|span| near.iter().all(|near| near.id != span.id)) {
            if ids.is_empty() {
                return Ok(());
            }
            if self.lost.contains_key(&span.id) {
                continue;
            }
            let keys = self.keys_of_any(span.id, &ids);
            let Some(Some(keys)) = self.unless_lost(span.id, keys)? else { continue };
            for (key, _) in &ids {
                wanted.add(span.id, *key, keys.rows(*key));
            }
        }
        Ok(())
    }

    /// The ids of a segment's calls, where its filters do not say that it holds none of these.
    fn keys_of_any(
        &mut self,
        segment: SegmentId,
        ids: &[(u64, &[u8])],
    ) -> Result<Option<Keys>, StoreError> {
        match self.may_hold_any(segment, Kind::Calls, ids)? {
            true => self.read_keys(segment).map(Some),
            false => Ok(None),
        }
    }

    /// Whether a segment may hold one of these ids; it is opened the first time this is asked.
    fn may_hold_any(
        &mut self,
        segment: SegmentId,
        kind: Kind,
        ids: &[(u64, &[u8])],
    ) -> Result<bool, StoreError> {
        if !self.id_filters.contains_key(&segment) {
            let kept = segments::id_filters(self.tx, segment).map_err(self.refused())?;
            let filters = match kept {
                Some(filters) => filters,
                None => {
                    let row = segments::one(self.tx, segment).map_err(self.refused())?;
                    let filters = self.reader(&row)?.id_filters();
                    segments::keep_id_filters(self.tx, segment, &filters)
                        .map_err(self.refused())?;
                    filters
                }
            };
            self.id_filters.insert(segment, filters);
        }
        let Some(filters) = self.id_filters.get(&segment) else { return Ok(true) };
        let path = self.store.folder().join(file_name(segment, kind));
        match filters.may_hold_any(ids, &*self.store.vfs, &path) {
            Ok(may_hold) => Ok(may_hold),
            Err(error) => {
                let row = segments::one(self.tx, segment).map_err(self.refused())?;
                Err(unreadable(&row, error.to_string()))
            }
        }
    }

    /// Settles each group and writes what changed.
    fn settle(
        &mut self,
        groups: FxHashMap<IdKey, Group>,
        waits: &mut Waits,
    ) -> Result<u64, StoreError> {
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
        let mut sets = CachedSets::new(&names.sets);
        let mut changed = 0;
        // In an order of its own, so that the same commit gives the same catalog.
        let mut groups: Vec<(IdKey, Group)> = groups.into_iter().collect();
        groups.sort_unstable_by_key(|(key, _)| *key);
        for (key, group) in groups {
            let mut states = Vec::new();
            let carried = group.settle(key, &sources, &chains, names, &mut sets, |own, settled| {
                states.push((own.which as usize, settled));
            });
            findings::repeat(tx, key, carried == Carried::Repeatedly).map_err(&refused)?;
            if carried == Carried::TooOften {
                self.overuse(key, waits)?;
                group.marks.iter().try_for_each(|mark| self.wait(Some(key), *mark, waits))?;
            }
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
            moves.apply(tx, self.callers, generation, self.kept).map_err(&refused)?;
        }
        if let Some(building) = building {
            everywhere.apply(tx, self.callers, building, self.kept).map_err(&refused)?;
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
        names: &Names,
        sets: &mut CachedSets<'_>,
        each: impl FnMut(Own, crate::facts::Settled),
    ) -> Carried {
        let key = JoinKey(key.0);
        let time = |time: Option<i64>| time.unwrap_or(Time::from_micros(0).micros());
        let calls = self.calls.iter().enumerate().map(|(which, call)| CallEntry {
            key,
            time: time(call.found.time),
            place: Place {
                source: sources.get(&call.found.source).copied().unwrap_or(u16::MAX),
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
        if self.is_apart {
            let mut each = each;
            calls.iter().for_each(|call| each(call.fact, apart(&call.fact, sets)));
            return Carried::TooOften;
        }
        let likeness = |own: &Own| self.calls[own.which as usize].found.likeness(names);
        settle(chains, sets, &mut calls, &mut marks, likeness, each)
    }
}

#[cfg(test)]
mod tests;

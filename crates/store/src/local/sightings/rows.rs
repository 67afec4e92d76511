//! Rows of segments, looked at by all cores.

use std::collections::BTreeMap;
use std::hash::Hash;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, ListArray, RecordBatch, StringArray, TimestampMicrosecondArray};
use dolmen_cubes::{CachedCallers, CallerName, CallerTable};
use dolmen_model::{CachedTable, Joined, NameId, Names, SetId, Time};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::trace::Trace;
use crate::catalog::segments::SegmentRow;
use crate::error::StoreError;
use crate::facts::{Role, Settled};
use crate::local::LocalStore;
use crate::local::spelled::{number, text};
use crate::segment::{Kind, SegmentReader, unreadable};
use crate::sightings::SightingQuestion;
use crate::unreadable::Unreadable;

/// The columns that say who entered what, and when.
const COLUMNS: [&str; 9] = [
    "time",
    "service",
    "actor",
    "operations",
    "joined",
    "role",
    "address",
    "forwarded_address",
    "user_agent",
];

/// Whose calls, and of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) service: NameId,
    pub(super) operations: SetId,
    pub(super) actor: NameId,
    pub(super) caller: NameId,
    /// No mark tells of it.
    pub(super) is_claimed: bool,
}

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) traces: FxHashMap<Key, Trace>,
    /// By service: calls without a request id that entered nothing known, and the last of them.
    pub(super) without_id: FxHashMap<NameId, (u64, i64)>,
    /// What lines told of the time of which others were removed or cannot be read.
    pub(super) told: Told,
}

/// By hour, calls that lines told: buckets count them too.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// As no mark told of them: buckets do not know.
    pub(super) calls: BTreeMap<i64, FxHashMap<Key, u64>>,
    /// The same of calls without a request id, by service.
    pub(super) without_id: BTreeMap<i64, FxHashMap<NameId, u64>>,
}

const HOUR: i64 = 3_600_000_000;

/// Takes from the calls of a bucket, [from, to), those that lines told, each once.
pub(super) fn untold<K: Eq + Hash>(
    told: &mut BTreeMap<i64, FxHashMap<K, u64>>,
    (from, to): (i64, i64),
    key: &K,
    mut calls: u64,
) -> u64 {
    for (_, lines) in told.range_mut(from.div_euclid(HOUR)..to.div_euclid(HOUR)) {
        if let Some(lines) = lines.get_mut(key) {
            let both = calls.min(*lines);
            *lines -= both;
            calls -= both;
        }
    }
    calls
}

/// The two tables of callers: those whom nobody could name have room of their own.
#[derive(Debug)]
pub(super) struct Tables {
    named: CallerTable,
    nameless: CallerTable,
}

impl Tables {
    pub(super) fn new(bound: usize) -> Self {
        Self { named: CallerTable::new(bound), nameless: CallerTable::new(bound) }
    }

    pub(super) fn name(&self, actor: NameId, caller: NameId) -> CallerName {
        if actor.is_known() { self.named.name(caller) } else { self.nameless.name(caller) }
    }
}

/// One worker's view of both tables.
pub(super) struct CachedTables<'t> {
    named: CachedCallers<'t>,
    nameless: CachedCallers<'t>,
}

impl<'t> CachedTables<'t> {
    pub(super) fn new(tables: &'t Tables) -> Self {
        Self {
            named: CachedCallers::new(&tables.named),
            nameless: CachedCallers::new(&tables.nameless),
        }
    }

    pub(super) fn intern(&mut self, actor: NameId, address: &[u8], user_agent: &[u8]) -> NameId {
        let callers = if actor.is_known() { &mut self.named } else { &mut self.nameless };
        callers.intern(address, user_agent)
    }
}

impl Seen {
    fn merge(&mut self, other: Self) {
        for (key, trace) in other.traces {
            self.traces.entry(key).or_default().merge(trace);
        }
        for (service, (calls, last)) in other.without_id {
            let mine = self.without_id.entry(service).or_insert((0, last));
            *mine = (mine.0 + calls, mine.1.max(last));
        }
        add_up(&mut self.told.calls, other.told.calls);
        add_up(&mut self.told.without_id, other.told.without_id);
    }
}

fn add_up<K: Eq + Hash>(
    mine: &mut BTreeMap<i64, FxHashMap<K, u64>>,
    theirs: BTreeMap<i64, FxHashMap<K, u64>>,
) {
    for (hour, lines) in theirs {
        let mine = mine.entry(hour).or_default();
        lines.into_iter().for_each(|(key, calls)| *mine.entry(key).or_default() += calls);
    }
}

impl LocalStore {
    /// Segments that may hold calls of these services, the latest first.
    pub(super) fn plan_sightings(
        &self,
        question: &SightingQuestion,
    ) -> Result<Vec<SegmentRow>, StoreError> {
        let mut plan = self.plan(Kind::Calls, Time::MIN, question.to)?;
        let Some(services) = &question.services else { return Ok(plan) };
        let amended = self.amended_segments()?;
        let names: Vec<Option<String>> =
            services.iter().map(|service| self.names.services.name(*service)).collect();
        plan.retain(|row| {
            // What a late line changed is listed nowhere.
            amended.contains(&row.id)
                || row
                    .listed
                    .get("service")
                    .is_none_or(|listed| names.iter().any(|name| listed.contains(name)))
        });
        Ok(plan)
    }

    /// What lines tell, and before `told_to` also in which hour, in microseconds. Of what is read
    /// beside a segment that cannot be, some rows of that one may be in the answer.
    pub(super) fn see_segments(
        &self,
        plan: &[SegmentRow],
        question: &SightingQuestion,
        callers: &Tables,
        told_to: i64,
    ) -> Result<(Seen, Vec<Lost>), StoreError> {
        let next = AtomicUsize::new(0);
        let work = || -> Result<(Seen, Vec<Lost>), StoreError> {
            let mut watcher = Watcher::new(&self.names, callers, question, told_to);
            let mut lost = Vec::new();
            while let Some(row) = plan.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Err(error) = self.see_segment(row, &mut watcher) {
                    lost.push(Lost { row: row.clone(), why: error.unreadable()? });
                }
            }
            Ok((watcher.seen, lost))
        };
        let workers = std::thread::available_parallelism().map_or(1, NonZero::get);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..workers.min(plan.len())).map(|_| scope.spawn(work)).collect();
            let (mut all, mut all_lost) = (Seen::default(), Vec::new());
            for thread in threads {
                let (seen, lost) =
                    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
                all.merge(seen);
                all_lost.extend(lost);
            }
            Ok((all, all_lost))
        })
    }

    fn see_segment(&self, row: &SegmentRow, watcher: &mut Watcher<'_>) -> Result<(), StoreError> {
        let reader = self.open_segment(row)?;
        let amended = self.amended(&reader)?;
        watcher.segment(&reader, &amended)
    }
}

/// A segment that cannot be read.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) row: SegmentRow,
    pub(super) why: Unreadable,
}

/// The columns of a row group by their types.
struct Typed<'b> {
    time: &'b TimestampMicrosecondArray,
    service: &'b StringArray,
    actor: &'b StringArray,
    operations: &'b ListArray,
    operation: &'b StringArray,
    joined: &'b StringArray,
    role: &'b StringArray,
    address: &'b StringArray,
    forwarded: &'b StringArray,
    user_agent: &'b StringArray,
}

impl<'b> Typed<'b> {
    fn of(batch: &'b RecordBatch) -> Option<Self> {
        let text = |name: &str| batch.column_by_name(name)?.as_string_opt::<i32>();
        let operations: &ListArray = batch.column_by_name("operations")?.as_list_opt()?;
        Some(Self {
            time: batch.column_by_name("time")?.as_primitive_opt::<TimestampMicrosecondType>()?,
            service: text("service")?,
            actor: text("actor")?,
            operations,
            operation: operations.values().as_string_opt()?,
            joined: text("joined")?,
            role: text("role")?,
            address: text("address")?,
            forwarded: text("forwarded_address")?,
            user_agent: text("user_agent")?,
        })
    }
}

/// One worker.
struct Watcher<'s> {
    names: &'s Names,
    question: &'s SightingQuestion,
    services: CachedTable<'s>,
    actors: CachedTable<'s>,
    operations: CachedTable<'s>,
    callers: CachedTables<'s>,
    told_to: i64,
    sets: FxHashMap<SmallVec<[NameId; 4]>, SetId>,
    seen: Seen,
}

impl<'s> Watcher<'s> {
    fn new(
        names: &'s Names,
        callers: &'s Tables,
        question: &'s SightingQuestion,
        told_to: i64,
    ) -> Self {
        Self {
            names,
            question,
            services: CachedTable::new(&names.services),
            actors: CachedTable::new(&names.actors),
            operations: CachedTable::new(&names.operations),
            callers: CachedTables::new(callers),
            told_to,
            sets: FxHashMap::default(),
            seen: Seen::default(),
        }
    }

    fn segment(
        &mut self,
        reader: &SegmentReader,
        amended: &FxHashMap<u32, Settled>,
    ) -> Result<(), StoreError> {
        let to = self.question.to.micros();
        for group in 0..reader.row_groups() {
            if reader.times(group).is_some_and(|(first, _)| first >= to) {
                continue;
            }
            let batch = reader.read(group, &COLUMNS)?;
            let first = reader.first_row(group);
            let typed = Typed::of(&batch)
                .ok_or_else(|| unreadable(&reader.row, "a column is missing".to_owned()))?;
            for at in 0..batch.num_rows() {
                self.row(&typed, at, amended.get(&(first + at as u32)).copied());
            }
        }
        Ok(())
    }

    fn row(&mut self, typed: &Typed<'_>, at: usize, amended: Option<Settled>) {
        // A call without a time was seen, and nobody knows when.
        if typed.time.is_null(at) || typed.time.value(at) >= self.question.to.micros() {
            return;
        }
        let time = typed.time.value(at);
        let (service, operations, joined, role) = match amended {
            Some(settled) => (settled.service, settled.operations, settled.joined, settled.role),
            None => (
                number(&mut self.services, text(typed.service, at)),
                self.set(typed, at),
                joined(text(typed.joined, at)),
                if text(typed.role, at) == "hop" { Role::Hop } else { Role::Call },
            ),
        };
        let is_asked = self.question.services.as_ref().is_none_or(|asked| asked.contains(&service));
        if role == Role::Hop || !is_asked {
            return;
        }
        if operations == SetId::EMPTY {
            if joined == Joined::NoId {
                let last = self.seen.without_id.entry(service).or_insert((0, time));
                *last = (last.0 + 1, last.1.max(time));
                if time < self.told_to {
                    let hour = self.seen.told.without_id.entry(time.div_euclid(HOUR)).or_default();
                    *hour.entry(service).or_default() += 1;
                }
            }
            return;
        }
        let forwarded = text(typed.forwarded, at);
        let address = if forwarded.is_empty() { text(typed.address, at) } else { forwarded };
        let actor = number(&mut self.actors, text(typed.actor, at));
        let user_agent = text(typed.user_agent, at).as_bytes();
        let caller = self.callers.intern(actor, address.as_bytes(), user_agent);
        let is_claimed = joined != Joined::Joined;
        let key = Key { service, operations, actor, caller, is_claimed };
        if time < self.told_to {
            let hour = self.seen.told.calls.entry(time.div_euclid(HOUR)).or_default();
            *hour.entry(Key { is_claimed: false, ..key }).or_default() += 1;
        }
        self.seen.traces.entry(key).or_default().see(time);
    }

    fn set(&mut self, typed: &Typed<'_>, at: usize) -> SetId {
        let offsets = typed.operations.value_offsets();
        let (from, to) = (offsets[at], offsets[at + 1]);
        if from == to {
            return SetId::EMPTY;
        }
        let operations: SmallVec<[NameId; 4]> = (from..to)
            .map(|n| number(&mut self.operations, typed.operation.value(n as usize)))
            .collect();
        match self.sets.get(&operations) {
            Some(set) => *set,
            None => {
                let set = self.names.sets.intern(&operations);
                self.sets.insert(operations, set);
                set
            }
        }
    }
}

fn joined(text: &str) -> Joined {
    match text {
        "joined" => Joined::Joined,
        "no_id" => Joined::NoId,
        _ => Joined::CallOnly,
    }
}

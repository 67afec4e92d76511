//! Rows, counted one by one, on all cores.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, BooleanArray, Int32Array, Int64Array, ListArray, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use dolmen_cubes::{CachedCallers, CallerTable, Callers, Cube, Key};
use dolmen_model::{CachedTable, Joined, NameId, Names, Outcome, SetId, Time};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::LocalStore;
use crate::catalog::findings;
use crate::catalog::segments::{SegmentRow, Span};
use crate::error::StoreError;
use crate::facts::{Role, Settled};
use crate::local::spelled::{number, text};
use crate::question::CallQuestion;
use crate::rows::IdKey;
use crate::segment::{Columns, Kind, SegmentReader, unreadable};
use crate::stored::{CallRow, columns_of};
use crate::survey::Survey;
use crate::unreadable::Unreadable;

/// What is counted of every row.
const COUNTED: [&str; 16] = [
    "time",
    "service",
    "actor",
    "endpoint",
    "claimed",
    "operations",
    "joined",
    "role",
    "marks",
    "bypassed",
    "repeated",
    "status",
    "bytes",
    "duration",
    "address",
    "forwarded_address",
];

const IDS: [&str; 4] = ["id_form", "id_text", "id_high", "id_low"];

impl LocalStore {
    /// Every row that fulfils the question.
    pub(super) fn survey_rows(&self, question: &CallQuestion) -> Result<Survey, StoreError> {
        let mut survey = Survey::new();
        let mut counts = loop {
            let plan = self.plan_calls(question)?;
            let counts = self.survey_segments(&plan, question, &survey.caller_names)?;
            // Compacted meanwhile: what replaces it is in the catalog.
            if counts.unreadable.is_empty() || self.are_named(&plan)? {
                break counts;
            }
        };
        survey.cube = counts.cube;
        survey.callers = counts.callers;
        survey.marks = counts.marks;
        survey.bypassed = counts.bypassed;
        survey.disagreements = counts.disagreements;
        survey.saw(counts.range.map(|(from, _)| from));
        survey.saw(counts.range.map(|(_, to)| to));
        survey.repeated_ids = counts.repeats.values().filter(|calls| **calls > 1).count() as u64;
        counts.unreadable.sort_by(|a, b| (&a.from, &a.segment).cmp(&(&b.from, &b.segment)));
        survey.unreadable = counts.unreadable;
        Ok(survey)
    }

    fn survey_segments(
        &self,
        plan: &[SegmentRow],
        question: &CallQuestion,
        callers: &CallerTable,
    ) -> Result<Counts, StoreError> {
        let has_repeats = {
            let inner = self.inner();
            findings::repeats(&inner.catalog.db)
                .map_err(inner.catalog.refused("read repeated ids"))?
                > 0
        };
        let mut columns: Vec<&'static str> = COUNTED.to_vec();
        columns.push("user_agent");
        columns.extend(columns_of(&question.query));
        if has_repeats {
            columns.extend(IDS);
        }
        columns.sort_unstable();
        columns.dedup();
        let next = AtomicUsize::new(0);
        let work = || -> Result<Counts, StoreError> {
            let mut counter = Counter::new(&self.names, callers, question);
            let mut all = Counts::default();
            while let Some(row) = plan.get(next.fetch_add(1, Ordering::Relaxed)) {
                let counted = self.survey_segment(row, &columns, &mut counter);
                // All of a segment counts, or nothing of it.
                let counts = std::mem::take(&mut counter.counts);
                match counted {
                    Ok(()) => all.merge(counts),
                    Err(error) => all.unreadable.push(error.unreadable()?),
                }
            }
            Ok(all)
        };
        let workers = std::thread::available_parallelism().map_or(1, NonZero::get);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..workers.min(plan.len())).map(|_| scope.spawn(work)).collect();
            let mut all = Counts::default();
            for thread in threads {
                let counts = thread.join();
                all.merge(counts.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            }
            Ok(all)
        })
    }

    fn survey_segment(
        &self,
        row: &SegmentRow,
        columns: &[&str],
        counter: &mut Counter<'_>,
    ) -> Result<(), StoreError> {
        let reader = self.open_segment(row)?;
        let amended = self.amended(&reader)?;
        counter.segment(&reader, columns, &amended)
    }

    /// The first and the last call that counts. Segments are sorted by time, so few are looked at;
    /// of one that cannot be read the catalog knows the first and the last row.
    pub(super) fn first_and_last(&self, survey: &mut Survey) -> Result<(), StoreError> {
        let mut spans: Vec<(Span, SegmentRow)> = self
            .plan(Kind::Calls, Time::MIN, Time::MAX)?
            .into_iter()
            .map(|row| (Span { id: row.id, from: row.from, to: row.to, rows: row.rows }, row))
            .collect();
        let mut first: Option<i64> = None;
        spans.sort_by_key(|(span, _)| span.from);
        for (span, row) in &spans {
            if first.is_some_and(|first| span.from.is_some_and(|from| from >= first)) {
                break;
            }
            let (from, _) = self.counted_range(row)?;
            first = [first, from].into_iter().flatten().min();
        }
        let mut last: Option<i64> = None;
        spans.sort_by_key(|(span, _)| std::cmp::Reverse(span.to));
        for (span, row) in &spans {
            if last.is_some_and(|last| span.to.is_some_and(|to| to <= last)) {
                break;
            }
            let (_, to) = self.counted_range(row)?;
            last = last.max(to);
        }
        survey.saw(first);
        survey.saw(last);
        Ok(())
    }

    fn counted_range(&self, row: &SegmentRow) -> Result<(Option<i64>, Option<i64>), StoreError> {
        match self.read_counted_range(row) {
            Err(StoreError::Segment(_)) => Ok((row.from, row.to)),
            range => range,
        }
    }

    fn read_counted_range(
        &self,
        row: &SegmentRow,
    ) -> Result<(Option<i64>, Option<i64>), StoreError> {
        let reader = self.open_segment(row)?;
        let amended = self.amended(&reader)?;
        let (mut from, mut to) = (None, None);
        for group in 0..reader.row_groups() {
            let columns = Columns::new(reader.read(group, &["time", "role"])?);
            let first = reader.first_row(group);
            for at in 0..columns.rows() {
                let amended = amended.get(&(first + at as u32)).copied();
                let call = CallRow { columns: &columns, row: at, amended, names: &self.names };
                let time = call.time().map(Time::micros);
                if time.is_some() && !call.is_hop() {
                    from = from.or(time);
                    to = time;
                }
            }
        }
        Ok((from, to))
    }
}

/// What was counted.
#[derive(Default)]
struct Counts {
    cube: Cube,
    callers: Callers,
    marks: u64,
    bypassed: u64,
    disagreements: u64,
    range: Option<(i64, i64)>,
    repeats: FxHashMap<IdKey, u64>,
    unreadable: Vec<Unreadable>,
}

impl Counts {
    fn merge(&mut self, other: Self) {
        self.cube.merge(other.cube);
        self.callers.merge(other.callers);
        self.marks += other.marks;
        self.bypassed += other.bypassed;
        self.disagreements += other.disagreements;
        self.range = match (self.range, other.range) {
            (Some((a, b)), Some((from, to))) => Some((a.min(from), b.max(to))),
            (range, other) => range.or(other),
        };
        for (key, calls) in other.repeats {
            *self.repeats.entry(key).or_default() += calls;
        }
        self.unreadable.extend(other.unreadable);
    }
}

struct Counter<'s> {
    names: &'s Names,
    question: &'s CallQuestion,
    services: CachedTable<'s>,
    actors: CachedTable<'s>,
    endpoints: CachedTable<'s>,
    operations: CachedTable<'s>,
    callers: CachedCallers<'s>,
    sets: FxHashMap<SmallVec<[NameId; 4]>, SetId>,
    counts: Counts,
}

/// The columns of a row group by their types.
struct Typed<'b> {
    time: &'b TimestampMicrosecondArray,
    service: &'b StringArray,
    actor: &'b StringArray,
    endpoint: &'b StringArray,
    claimed: &'b StringArray,
    operations: &'b ListArray,
    operation: &'b StringArray,
    joined: &'b StringArray,
    role: &'b StringArray,
    marks: &'b Int32Array,
    bypassed: &'b BooleanArray,
    repeated: &'b BooleanArray,
    status: &'b Int32Array,
    bytes: &'b Int64Array,
    duration: &'b Int64Array,
    address: &'b StringArray,
    forwarded: &'b StringArray,
    user_agent: &'b StringArray,
}

impl<'b> Typed<'b> {
    fn of(batch: &'b RecordBatch) -> Option<Self> {
        let text = |name: &str| batch.column_by_name(name)?.as_string_opt::<i32>();
        let number = |name: &str| batch.column_by_name(name)?.as_primitive_opt::<Int64Type>();
        let small = |name: &str| batch.column_by_name(name)?.as_primitive_opt::<Int32Type>();
        let flag = |name: &str| batch.column_by_name(name)?.as_boolean_opt();
        let operations: &ListArray = batch.column_by_name("operations")?.as_list_opt()?;
        Some(Self {
            time: batch.column_by_name("time")?.as_primitive_opt::<TimestampMicrosecondType>()?,
            service: text("service")?,
            actor: text("actor")?,
            endpoint: text("endpoint")?,
            claimed: text("claimed")?,
            operations,
            operation: operations.values().as_string_opt()?,
            joined: text("joined")?,
            role: text("role")?,
            marks: small("marks")?,
            bypassed: flag("bypassed")?,
            repeated: flag("repeated")?,
            status: small("status")?,
            bytes: number("bytes")?,
            duration: number("duration")?,
            address: text("address")?,
            forwarded: text("forwarded_address")?,
            user_agent: text("user_agent")?,
        })
    }
}

impl<'s> Counter<'s> {
    fn new(names: &'s Names, callers: &'s CallerTable, question: &'s CallQuestion) -> Self {
        Self {
            names,
            question,
            services: CachedTable::new(&names.services),
            actors: CachedTable::new(&names.actors),
            endpoints: CachedTable::new(&names.endpoints),
            operations: CachedTable::new(&names.operations),
            callers: CachedCallers::new(callers),
            sets: FxHashMap::default(),
            counts: Counts::default(),
        }
    }

    fn segment(
        &mut self,
        reader: &SegmentReader,
        columns: &[&str],
        amended: &FxHashMap<u32, Settled>,
    ) -> Result<(), StoreError> {
        let CallQuestion { from, to, .. } = self.question;
        for group in 0..reader.row_groups() {
            let outside = |(first, last): (i64, i64)| last < from.micros() || first >= to.micros();
            if *from != Time::MIN && reader.times(group).is_some_and(outside) {
                continue;
            }
            let batch = reader.read(group, columns)?;
            let first = reader.first_row(group);
            let typed = Typed::of(&batch)
                .ok_or_else(|| unreadable(&reader.row, "a column is missing".to_owned()))?;
            let columns = Columns::new(batch.clone());
            for at in 0..columns.rows() {
                self.row(&typed, &columns, at, amended.get(&(first + at as u32)).copied());
            }
        }
        Ok(())
    }

    fn row(&mut self, typed: &Typed<'_>, columns: &Columns, at: usize, amended: Option<Settled>) {
        let CallQuestion { from, to, query } = self.question;
        let time = typed.time.is_valid(at).then(|| typed.time.value(at));
        let is_in = match time {
            Some(time) => from.micros() <= time && time < to.micros(),
            None => *from == Time::MIN && *to == Time::MAX,
        };
        if !is_in {
            return;
        }
        let settled = amended.unwrap_or_else(|| self.settled(typed, at));
        if settled.role == Role::Hop {
            return;
        }
        let call = CallRow { columns, row: at, amended, names: self.names };
        if !query.is_empty() && !call.fulfils(query) {
            return;
        }
        let actor = number(&mut self.actors, text(typed.actor, at));
        let status = if typed.status.is_valid(at) { typed.status.value(at) as u16 } else { 0 };
        let key = Key {
            bucket: Time::from_micros(0),
            service: settled.service,
            operations: settled.operations,
            actor,
            endpoint: number(&mut self.endpoints, text(typed.endpoint, at)),
            outcome: Outcome { status, joined: settled.joined },
        };
        let some = |column: &Int64Array| column.is_valid(at).then(|| column.value(at) as u64);
        self.counts.cube.add(key, some(typed.bytes), some(typed.duration));
        if !actor.is_known() {
            let forwarded = text(typed.forwarded, at);
            let address = if forwarded.is_empty() { text(typed.address, at) } else { forwarded };
            let agent = text(typed.user_agent, at);
            let caller = self.callers.intern(address.as_bytes(), agent.as_bytes());
            self.counts.callers.add(caller, settled.operations);
        }
        let claimed = number(&mut self.operations, text(typed.claimed, at));
        self.found(&settled, claimed);
        if let Some(time) = time {
            let (from, to) = self.counts.range.unwrap_or((time, time));
            self.counts.range = Some((from.min(time), to.max(time)));
        }
        if settled.repeated
            && let Some(id) = columns.id(at)
        {
            *self.counts.repeats.entry(IdKey::of(&id)).or_default() += 1;
        }
    }

    fn found(&mut self, settled: &Settled, claimed: NameId) {
        self.counts.marks += u64::from(settled.marks);
        self.counts.bypassed += u64::from(settled.bypassed);
        let disagrees = settled.joined == Joined::Joined
            && claimed.is_known()
            && !self.names.sets.operations(settled.operations).contains(&claimed);
        self.counts.disagreements += u64::from(disagrees);
    }

    fn settled(&mut self, typed: &Typed<'_>, at: usize) -> Settled {
        let (from, to) =
            (typed.operations.value_offsets()[at], typed.operations.value_offsets()[at + 1]);
        let operations: SmallVec<[NameId; 4]> = (from..to)
            .map(|n| number(&mut self.operations, typed.operation.value(n as usize)))
            .collect();
        let set = match self.sets.get(&operations) {
            Some(set) => *set,
            None => {
                let set = self.names.sets.intern(&operations);
                self.sets.insert(operations, set);
                set
            }
        };
        Settled {
            role: Role::of(text(typed.role, at)),
            service: number(&mut self.services, text(typed.service, at)),
            operations: set,
            joined: match text(typed.joined, at) {
                "joined" => Joined::Joined,
                "no_id" => Joined::NoId,
                _ => Joined::CallOnly,
            },
            marks: typed.marks.value(at) as u32,
            bypassed: typed.bypassed.value(at),
            repeated: typed.repeated.value(at),
        }
    }
}

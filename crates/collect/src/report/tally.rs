use std::collections::BTreeMap;

use dolmen_attribution::Rules;
use dolmen_cubes::{CallerTable, Callers, Cube, Key, MarkOnlyRow, Place, Report};
use dolmen_join::{Answer, CallEntry, MarkEntry, Resolved};
use dolmen_model::query::{Query, Value};
use dolmen_model::{Joined, NameId, Names, Outcome, SetId, Time};
use smallvec::SmallVec;

use crate::learn::renamed;

use super::fact::{CallFact, MarkFact};
use super::kind::{Kind, KindId};
use super::selection::{Known, answers_of_nothing, holds, joined_value};

/// One worker's counts.
pub(super) struct Tally<'r> {
    names: &'r Names,
    query: &'r Query,
    nothing: u32,
    /// Of the calls that the join answers, by number.
    kinds: &'r [Kind],
    /// Where calls of a kind with these marks are counted, by a few bits of both: there are few of
    /// either, and to find that out takes longer than to count.
    lately: Vec<Option<(Seen, Counted)>>,
    /// The set of each single operation met so far: nearly every call enters one.
    single_sets: Vec<Option<SetId>>,
    /// Calls still to come that carry one id, and how many of those before them were counted.
    repeated: (usize, usize),
    counts: Counts,
}

/// How many are remembered, as a power of two.
const LATELY: u32 = 10;

/// What decides where a call without hops is counted that has a mark or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    kind: KindId,
    /// Of its mark: operation and service.
    mark: Option<(NameId, NameId)>,
}

/// Where a call is counted, and what else.
#[derive(Clone, Copy, Debug)]
struct Counted {
    cell: Place,
    operations: SetId,
    /// Whether its caller is counted.
    is_unknown: bool,
    disagrees: bool,
    marks: u64,
}

/// What a call says that others do not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Own {
    /// In microseconds since the epoch; [`Time::MIN`] where the line has none.
    pub(super) time: i64,
    pub(super) caller: NameId,
    pub(super) bytes: Option<u64>,
    pub(super) duration: Option<u64>,
}

/// What is counted; additive.
#[derive(Default)]
pub(super) struct Counts {
    cube: Cube,
    unknown: Callers,
    marks: u64,
    mark_only: BTreeMap<(NameId, NameId), u64>,
    bypassed: u64,
    repeated_ids: u64,
    overused_ids: u64,
    disagreements: u64,
    from: Option<Time>,
    to: Option<Time>,
}

type Operations = SmallVec<[NameId; 4]>;

impl<'r> Tally<'r> {
    pub(super) fn new(names: &'r Names, query: &'r Query, kinds: &'r [Kind]) -> Self {
        Self {
            names,
            query,
            nothing: answers_of_nothing(query),
            kinds,
            lately: vec![None; 1 << LATELY],
            single_sets: Vec::new(),
            repeated: (0, 0),
            counts: Counts::default(),
        }
    }

    pub(super) fn into_counts(self) -> Counts {
        self.counts
    }

    /// Counts what the join says.
    #[inline]
    pub(super) fn answer(&mut self, answer: &Answer<'_, CallFact, MarkFact>) {
        match answer {
            Answer::Resolved(resolved) => self.resolved(resolved),
            Answer::ApartCall(call) => {
                self.call(call, &[], &[], false);
            }
            Answer::ApartMark(mark) => self.mark_only(mark.time, &mark.fact),
            Answer::Overused { .. } => self.counts.overused_ids += 1,
        }
    }

    /// Counts what became of one request id.
    #[inline]
    fn resolved(&mut self, resolved: &Resolved<'_, CallFact, MarkFact>) {
        match resolved {
            Resolved::Call { call, hops, marks, bypassed } => {
                let counted = self.call(call, hops, marks, *bypassed);
                let (to_come, before) = &mut self.repeated;
                if *to_come > 0 {
                    *to_come -= 1;
                    *before += usize::from(counted);
                    // The second that is counted makes the id a repeated one, once.
                    self.counts.repeated_ids += u64::from(counted && *before == 2);
                }
            }
            Resolved::MarkOnly(mark) => self.mark_only(mark.time, &mark.fact),
            Resolved::Repeated { calls } => self.repeated = (*calls, 0),
        }
    }

    /// Whether the call is one that was asked about, and so counted.
    #[inline]
    fn call(
        &mut self,
        call: &CallEntry<CallFact>,
        hops: &[&CallEntry<CallFact>],
        marks: &[&MarkEntry<MarkFact>],
        bypassed: bool,
    ) -> bool {
        let CallFact { kind, caller, bytes, duration } = call.fact;
        let own = Own { time: call.time, caller, bytes, duration };
        let mark = match (hops, marks) {
            ([], []) => None,
            ([], [mark]) => Some((mark.fact.operation, mark.fact.service)),
            _ => {
                let counted = self.place(kind, hops, marks);
                return self.count(counted, &own, bypassed);
            }
        };
        let seen = Seen { kind, mark };
        let counted = match self.lately.get(seen.few_bits()) {
            Some(Some((known, counted))) if *known == seen => Some(*counted),
            _ => self.learn(seen, marks),
        };
        self.count(counted, &own, bypassed)
    }

    #[inline(never)]
    fn learn(&mut self, seen: Seen, marks: &[&MarkEntry<MarkFact>]) -> Option<Counted> {
        let counted = self.place(seen.kind, &[], marks)?;
        self.lately[seen.few_bits()] = Some((seen, counted));
        Some(counted)
    }

    /// Where a call is counted; `None` where it is not one that was asked about.
    fn place(
        &mut self,
        kind: KindId,
        hops: &[&CallEntry<CallFact>],
        marks: &[&MarkEntry<MarkFact>],
    ) -> Option<Counted> {
        let kinds = self.kinds;
        let kind = &kinds[kind.0 as usize];
        let (one, several): (_, Operations);
        let operations = match marks {
            [] if kind.claimed.is_known() => std::slice::from_ref(&kind.claimed),
            [] => &[],
            [mark] => {
                one = mark.fact.operation;
                std::slice::from_ref(&one)
            }
            marks => {
                several = distinct(marks);
                &several
            }
        };
        let services = hops.iter().map(|hop| kinds[hop.fact.kind.0 as usize].service);
        let service = answering_service(kind, services, marks);
        let joined = if marks.is_empty() { Joined::CallOnly } else { Joined::Joined };
        let disagrees =
            !marks.is_empty() && kind.claimed.is_known() && !operations.contains(&kind.claimed);
        let counted = self.cell(kind, service, operations, joined)?;
        Some(Counted { disagrees, marks: marks.len() as u64, ..counted })
    }

    /// Counts a call that the join has nothing to say about: it has no request id. Without one, a
    /// line of a server behind a proxy did not come through it.
    pub(super) fn without_id(
        &mut self,
        kind: &Kind,
        own: &Own,
        joined: Joined,
        behind: Option<u16>,
    ) {
        let claimed = kind.claimed.is_known().then_some(kind.claimed);
        let operations: Operations = claimed.into_iter().collect();
        let counted = self.cell(kind, kind.service, &operations, joined);
        self.count(counted, own, joined == Joined::NoId && behind.is_some());
    }

    /// Counts a mark that no call carries.
    pub(super) fn mark_only(&mut self, time: i64, fact: &MarkFact) {
        let known = Known {
            service: fact.service,
            actor: NameId::UNKNOWN,
            endpoint: NameId::UNKNOWN,
            operations: &[fact.operation],
            joined: Value::MarkOnly,
        };
        if fact.inside && holds(self.query, self.nothing, &known, self.names) {
            self.counts.marks += 1;
            *self.counts.mark_only.entry((fact.operation, fact.service)).or_default() += 1;
            self.counts.saw(time);
        }
    }

    /// The cell of calls that were asked about; `None` for others.
    fn cell(
        &mut self,
        kind: &Kind,
        service: NameId,
        operations: &[NameId],
        joined: Joined,
    ) -> Option<Counted> {
        let Kind { actor, endpoint, answers, status, inside, .. } = *kind;
        let known = Known { service, actor, endpoint, operations, joined: joined_value(joined) };
        if !inside || !(self.query.is_empty() || holds(self.query, answers, &known, self.names)) {
            return None;
        }
        let operations = self.set(operations);
        let cell = self.counts.cube.place(Key {
            // A report on files has no axis of time yet.
            bucket: Time::from_micros(0),
            service,
            operations,
            actor,
            endpoint,
            outcome: Outcome { status, joined },
        });
        let is_unknown = !actor.is_known();
        Some(Counted { cell, operations, is_unknown, disagrees: false, marks: 0 })
    }

    /// Counts a call where it belongs; whether it does anywhere.
    #[inline]
    fn count(&mut self, counted: Option<Counted>, own: &Own, bypassed: bool) -> bool {
        let Some(Counted { cell, operations, is_unknown, disagrees, marks }) = counted else {
            return false;
        };
        let counts = &mut self.counts;
        counts.cube.add_at(cell, own.bytes, own.duration);
        if is_unknown {
            counts.unknown.add(own.caller, operations);
        }
        counts.marks += marks;
        counts.bypassed += u64::from(bypassed);
        counts.disagreements += u64::from(disagrees);
        counts.saw(own.time);
        true
    }

    fn set(&mut self, operations: &[NameId]) -> SetId {
        match operations {
            [] => SetId::EMPTY,
            &[NameId(one)] => {
                let one = one as usize;
                if self.single_sets.len() <= one {
                    self.single_sets.resize(one + 1, None);
                }
                *self.single_sets[one].get_or_insert_with(|| self.names.sets.intern(operations))
            }
            several => self.names.sets.intern(several),
        }
    }
}

/// The operations that these marks entered, each once.
fn distinct(marks: &[&MarkEntry<MarkFact>]) -> Operations {
    let mut operations: Operations = marks.iter().map(|mark| mark.fact.operation).collect();
    operations.sort_unstable();
    operations.dedup();
    operations
}

/// The service that answered: the one whose marks the call has, where they name one and agree;
/// else the innermost server of the chain that says; else the call's own.
fn answering_service(
    kind: &Kind,
    hops: impl DoubleEndedIterator<Item = NameId>,
    marks: &[&MarkEntry<MarkFact>],
) -> NameId {
    let mut said = marks.iter().map(|mark| mark.fact.service).filter(|id| id.is_known());
    if let Some(first) = said.next()
        && said.all(|other| other == first)
    {
        return first;
    }
    hops.rev().find(|id| id.is_known()).unwrap_or(kind.service)
}

impl Seen {
    /// A few bits that most differ in.
    #[inline]
    fn few_bits(&self) -> usize {
        let pair = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
        let (operation, service) = self.mark.unwrap_or_default();
        // Odd numbers without a pattern: pi's digits.
        let mixed = pair(self.kind.0, operation.0).wrapping_mul(0x243f_6a88_85a3_08d3)
            ^ u64::from(service.0).wrapping_mul(0x1319_8a2e_0370_7345);
        (mixed >> (64 - LATELY)) as usize
    }
}

impl Counts {
    fn saw(&mut self, micros: i64) {
        let time = Time::from_micros(micros);
        // The mark of a line without a time.
        if time == Time::MIN {
            return;
        }
        self.from = Some(self.from.map_or(time, |from| from.min(time)));
        self.to = Some(self.to.map_or(time, |to| to.max(time)));
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.cube.merge(other.cube);
        self.unknown.merge(other.unknown);
        self.marks += other.marks;
        for (key, count) in other.mark_only {
            *self.mark_only.entry(key).or_default() += count;
        }
        self.bypassed += other.bypassed;
        self.repeated_ids += other.repeated_ids;
        self.overused_ids += other.overused_ids;
        self.disagreements += other.disagreements;
        self.from = [self.from, other.from].into_iter().flatten().min();
        self.to = self.to.max(other.to);
    }

    /// Everything of a report that follows from counts.
    pub(super) fn into_report(self, names: &Names, callers: &CallerTable, rules: &Rules) -> Report {
        let mut report = Report {
            marks: self.marks,
            mark_only: self.mark_only.values().sum(),
            bypassed: self.bypassed,
            repeated_ids: self.repeated_ids,
            overused_ids: self.overused_ids,
            disagreements: self.disagreements,
            from: self.from,
            to: self.to,
            ..Report::default()
        };
        let renamed = renamed(&self.cube, names, rules);
        report.count(&self.cube, &self.unknown, (names, callers), &renamed);
        let rows = self.mark_only.into_iter().map(|((operation, service), marks)| MarkOnlyRow {
            operation: names.operations.name(operation),
            service: names.services.name(service),
            marks,
        });
        report.mark_only_operations = rows.collect();
        report.mark_only_operations.sort_by(|a, b| {
            let names = |row: &MarkOnlyRow| (row.operation.clone(), row.service.clone());
            b.marks.cmp(&a.marks).then_with(|| names(a).cmp(&names(b)))
        });
        report
    }
}

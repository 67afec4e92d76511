use std::collections::BTreeMap;

use dolmen_attribution::Rules;
use dolmen_cubes::{CallerTable, Callers, Cube, Key, MarkOnlyRow, Report};
use dolmen_join::{Answer, CallEntry, MarkEntry, Resolved};
use dolmen_model::query::{Query, Value};
use dolmen_model::{Joined, NameId, Names, Outcome, SetId, Time};
use smallvec::SmallVec;

use crate::learn::renamed;

use super::fact::{CallFact, MarkFact};
use super::selection::{Known, answers_of_nothing, holds, joined_value};

/// One worker's counts.
pub(super) struct Tally<'r> {
    names: &'r Names,
    query: &'r Query,
    nothing: u32,
    /// The set of each single operation met so far: nearly every call enters one.
    single_sets: Vec<Option<SetId>>,
    /// Calls still to come that carry one id, and how many of those before them were counted.
    repeated: (usize, usize),
    counts: Counts,
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
    pub(super) fn new(names: &'r Names, query: &'r Query) -> Self {
        let nothing = answers_of_nothing(query);
        Self {
            names,
            query,
            nothing,
            single_sets: Vec::new(),
            repeated: (0, 0),
            counts: Counts::default(),
        }
    }

    pub(super) fn into_counts(self) -> Counts {
        self.counts
    }

    /// Counts what the join says.
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
    fn call(
        &mut self,
        call: &CallEntry<CallFact>,
        hops: &[&CallEntry<CallFact>],
        marks: &[&MarkEntry<MarkFact>],
        bypassed: bool,
    ) -> bool {
        let fact = &call.fact;
        if !fact.inside {
            return false;
        }
        let (one, several): (_, Operations);
        let operations = match marks {
            [] if fact.claimed.is_known() => std::slice::from_ref(&fact.claimed),
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
        let disagrees =
            !marks.is_empty() && fact.claimed.is_known() && !operations.contains(&fact.claimed);
        let service = answering_service(fact, hops, marks);
        let joined = if marks.is_empty() { Joined::CallOnly } else { Joined::Joined };
        if !self.selected(fact, service, operations, joined) {
            return false;
        }
        self.counts.bypassed += u64::from(bypassed);
        self.counts.disagreements += u64::from(disagrees);
        self.counts.marks += marks.len() as u64;
        self.count(call.time, fact, service, operations, joined);
        true
    }

    /// Counts a call that the join has nothing to say about: it has no request id. Without one, a
    /// line of a server behind a proxy did not come through it.
    pub(super) fn without_id(
        &mut self,
        time: Option<Time>,
        fact: &CallFact,
        joined: Joined,
        behind: Option<u16>,
    ) {
        if !fact.inside {
            return;
        }
        let claimed = fact.claimed.is_known().then_some(fact.claimed);
        let operations: Operations = claimed.into_iter().collect();
        if self.selected(fact, fact.service, &operations, joined) {
            let bypassed = joined == Joined::NoId && behind.is_some();
            self.counts.bypassed += u64::from(bypassed);
            let time = time.unwrap_or(Time::MIN).micros();
            self.count(time, fact, fact.service, &operations, joined);
        }
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

    fn selected(
        &self,
        fact: &CallFact,
        service: NameId,
        operations: &[NameId],
        joined: Joined,
    ) -> bool {
        let CallFact { actor, endpoint, answers, .. } = *fact;
        let joined = joined_value(joined);
        let known = Known { service, actor, endpoint, operations, joined };
        self.query.is_empty() || holds(self.query, answers, &known, self.names)
    }

    fn count(
        &mut self,
        time: i64,
        fact: &CallFact,
        service: NameId,
        operations: &[NameId],
        joined: Joined,
    ) {
        let operations = self.set(operations);
        let key = Key {
            // A report on files has no axis of time yet.
            bucket: Time::from_micros(0),
            service,
            operations,
            actor: fact.actor,
            endpoint: fact.endpoint,
            outcome: Outcome { status: fact.status, joined },
        };
        self.counts.cube.add(key, fact.bytes, fact.duration);
        if !fact.actor.is_known() {
            self.counts.unknown.add(fact.caller, operations);
        }
        self.counts.saw(time);
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
    fact: &CallFact,
    hops: &[&CallEntry<CallFact>],
    marks: &[&MarkEntry<MarkFact>],
) -> NameId {
    let mut said = marks.iter().map(|mark| mark.fact.service).filter(|id| id.is_known());
    if let Some(first) = said.next()
        && said.all(|other| other == first)
    {
        return first;
    }
    let innermost = hops.iter().rev().map(|hop| hop.fact.service).find(|id| id.is_known());
    innermost.unwrap_or(fact.service)
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

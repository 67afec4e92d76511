//! What is counted of the calls of one slice.

use dolmen_cubes::{Cube, Key};
use dolmen_model::{Call, NameId, Names, Outcome, SetId, Time};
use dolmen_store::{
    CallFacts, CallerCode, CallerCount, CallerCounts, CallerNumber, CallerWidth, Likeness, Own,
    Row, Rows, Settled, narrowest,
};
use rustc_hash::FxHashMap;

/// A call, reduced to what is counted of it.
pub(crate) struct Counted {
    pub(crate) row: Row,
    /// By number.
    pub(crate) source: u16,
    bucket: Time,
    actor: NameId,
    endpoint: NameId,
    status: u16,
    bytes: Option<u64>,
    duration: Option<u64>,
    caller: CallerNumber,
    time: Time,
}

type CallerKey = (i64, CallerNumber, NameId, NameId, SetId);

pub(crate) struct Counts {
    now: Time,
    cube: Cube,
    callers: CallerCounts,
    /// Callers of these rows that were met already.
    met: FxHashMap<CallerCode, CallerNumber>,
    calls: FxHashMap<CallerKey, u64>,
}

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

impl Counts {
    pub(crate) fn new(now: Time) -> Self {
        Self {
            now,
            cube: Cube::default(),
            callers: CallerCounts::default(),
            met: FxHashMap::default(),
            calls: FxHashMap::default(),
        }
    }

    /// Reduces a call that is `row` of `rows`.
    pub(crate) fn call(
        &mut self,
        rows: &Rows,
        row: Row,
        call: &Call<'_>,
        facts: &CallFacts<'_>,
        address: &[u8],
        source: u16,
    ) -> Counted {
        // A call without a time is counted at the epoch.
        let time = call.time.unwrap_or(Time::from_micros(0));
        let Self { callers, met, .. } = self;
        let mut caller = || callers.caller(address, call.user_agent, call.user);
        let caller = match rows.caller_of(row) {
            Some(code) => *met.entry(code).or_insert_with(caller),
            None => caller(),
        };
        Counted {
            row,
            source,
            bucket: narrowest(time, self.now),
            actor: facts.actor,
            endpoint: facts.endpoint,
            status: call.status.unwrap_or(0),
            bytes: call.bytes,
            duration: call.duration,
            caller,
            time,
        }
    }

    /// What is counted of a call whose own line says these.
    pub(crate) fn likeness(
        &self,
        call: &Counted,
        own: &Own,
        source: &str,
        names: &Names,
    ) -> Likeness {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Likeness {
            service: names.services.name(own.service),
            claimed: names.operations.name(own.claimed),
            endpoint: names.endpoints.name(call.endpoint),
            actor: names.actors.name(call.actor),
            status: call.status,
            bytes: call.bytes.unwrap_or(0),
            duration: call.duration.unwrap_or(0),
            source: source.to_owned(),
            caller: self.callers.texts_of(call.caller).map(text),
        }
    }

    pub(crate) fn add(&mut self, call: &Counted, settled: &Settled) {
        if !settled.role.counts() {
            return;
        }
        let Settled { service, operations, joined, .. } = *settled;
        let key = Key {
            bucket: call.bucket,
            service,
            operations,
            actor: call.actor,
            endpoint: call.endpoint,
            outcome: Outcome { status: call.status, joined },
        };
        self.cube.add(key, call.bytes, call.duration);
        let width = if call.actor.is_known() { DAY } else { HOUR };
        let bucket = call.time.floor(width).micros();
        let caller = (bucket, call.caller, call.actor, service, operations);
        *self.calls.entry(caller).or_default() += 1;
    }

    /// Gives back what was counted, and begins anew, with other rows.
    pub(crate) fn take(&mut self) -> (Cube, CallerCounts) {
        self.met.clear();
        let mut callers = std::mem::take(&mut self.callers);
        for ((bucket, caller, actor, service, operations), calls) in self.calls.drain() {
            let width = if actor.is_known() { CallerWidth::Day } else { CallerWidth::Hour };
            let time = Time::from_micros(bucket);
            callers.count(CallerCount { time, width, caller, actor, service, operations, calls });
        }
        (std::mem::take(&mut self.cube), callers)
    }
}

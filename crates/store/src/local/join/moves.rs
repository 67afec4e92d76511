//! Calls, where they were counted and where they are counted now: many of one cell are one change
//! of the catalog.

use dolmen_cubes::{Cell, Cube, Key};
use dolmen_model::{NameId, Names, Outcome, Time};
use rusqlite::Transaction;
use rustc_hash::FxHashMap;

use crate::catalog::findings::{self, Finding};
use crate::catalog::{NO_HOUR, callers, cube};
use crate::facts::Settled;
use crate::range::Kept;
use crate::settle::Likeness;

/// A stored call: what its line says, and what the join said so far.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) time: Option<i64>,
    pub(crate) source: String,
    pub(crate) own_service: NameId,
    pub(crate) claimed: NameId,
    pub(crate) actor: NameId,
    pub(crate) endpoint: NameId,
    pub(crate) status: u16,
    pub(crate) cell: Cell,
    pub(crate) caller: callers::Identity,
    pub(crate) settled: Settled,
}

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 3_600_000_000;

impl Found {
    /// Where it is counted; a hop is not.
    pub(crate) fn counted_at(&self, settled: &Settled) -> Option<Key> {
        settled.role.counts().then(|| Key {
            // A call without a time is counted at the epoch.
            bucket: Time::from_micros(self.time.unwrap_or(0)).floor(MINUTE),
            service: settled.service,
            operations: settled.operations,
            actor: self.actor,
            endpoint: self.endpoint,
            outcome: Outcome { status: self.status, joined: settled.joined },
        })
    }

    pub(crate) fn likeness(&self, names: &Names) -> Likeness {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Likeness {
            service: names.services.name(self.own_service),
            claimed: names.operations.name(self.claimed),
            endpoint: names.endpoints.name(self.endpoint),
            actor: names.actors.name(self.actor),
            status: self.status,
            bytes: self.cell.bytes,
            duration: self.cell.duration,
            source: self.source.clone(),
            caller: [text(&self.caller.address), text(&self.caller.user_agent)],
        }
    }

    pub(crate) fn place(&self) -> callers::Place {
        let minute = self.time.unwrap_or(0).div_euclid(MINUTE);
        callers::Place { caller: self.caller.clone(), minute, actor: self.actor }
    }

    pub(crate) fn hour(&self) -> i64 {
        self.time.map_or(NO_HOUR, |time| time.div_euclid(HOUR))
    }
}

/// What a caller's calls are counted under; nothing for a hop.
type Under = Option<callers::Under>;

#[derive(Default)]
pub(super) struct Moves {
    from: Cube,
    to: Cube,
    findings: FxHashMap<(i64, Finding), i64>,
    callers: FxHashMap<(callers::Place, Under, Under), u64>,
}

impl Moves {
    /// Counts a call as `now`, no longer as it was settled before.
    pub(super) fn add(&mut self, call: &Found, now: &Settled, names: &Names) {
        let before = &call.settled;
        let (from, to) = (call.counted_at(before), call.counted_at(now));
        if from != to {
            from.iter().for_each(|key| self.from.add_cell(*key, &call.cell));
            to.iter().for_each(|key| self.to.add_cell(*key, &call.cell));
        }
        for (settled, calls) in [(before, -1), (now, 1)] {
            for finding in Finding::of(settled, call.claimed, names) {
                *self.findings.entry((call.hour(), finding)).or_default() += calls;
            }
        }
        let under = |settled: &Settled| {
            settled.role.counts().then_some((settled.service, settled.operations))
        };
        if under(before) != under(now) {
            *self.callers.entry((call.place(), under(before), under(now))).or_default() += 1;
        }
    }

    pub(super) fn apply(
        &self,
        tx: &Transaction<'_>,
        numbers: &mut callers::Numbers,
        generation: i64,
        kept: Kept,
    ) -> rusqlite::Result<()> {
        cube::add(tx, generation, &self.to, kept)?;
        cube::take(tx, generation, &self.from, kept)?;
        for (&(hour, finding), &calls) in self.findings.iter().filter(|(_, calls)| **calls != 0) {
            findings::add(tx, generation, hour, finding, calls)?;
        }
        let mut shifts = callers::Shifts::new(tx, numbers, generation);
        for ((place, from, to), calls) in &self.callers {
            shifts.shift(place, *from, *to, *calls)?;
        }
        shifts.write()
    }
}

//! A store as years of a bank's calls leave it.
//!
//! Every call is counted, and who made it; of the lines a sample is kept: as many segments as there
//! would be, the newest of them whole.

use std::fmt;

use dolmen_cubes::{Cell, Cube, Key};
use dolmen_model::{Call, Joined, NameId, Names, Outcome, RequestId, SetId, Time};
use dolmen_store::{
    CallFacts, CallerCount, CallerCounts, CallerHeading, CallerWidth, Commit, LocalStore, Rows,
    Settled, Store, StoreError, narrowest,
};

use crate::dice::Dice;

/// How much is built.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    pub(crate) calls: u64,
    pub(crate) days: i64,
}

/// What was built.
#[derive(Debug)]
pub(crate) struct Built {
    scale: Scale,
    pub(crate) calls: u64,
    cells: u64,
    caller_counts: u64,
    rows: u64,
}

/// 2026-10-05T00:00:00Z: the day after the last one.
pub(crate) const END: i64 = 1_791_158_400_000_000;
const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;
const DAY: i64 = 24 * HOUR;

const SERVICES: u32 = 6;
pub(crate) const ACTORS: u32 = 40;
pub(crate) const OPERATIONS: u32 = 60;
/// Ways of calling: an actor, an operation on its service, an endpoint.
const WAYS: u64 = 600;
/// Callers whose actor is known, and those that nobody could name.
const KNOWN: u64 = 4_000;
const UNKNOWN: u64 = 1_000;
/// Rows of the newest segments, and of all others.
const WHOLE: u64 = Rows::SEGMENT as u64;
const SAMPLE: u64 = 200;
/// How many of the newest are whole.
const NEWEST: u64 = 8;

/// One way of calling.
#[derive(Clone, Copy)]
struct Way {
    service: NameId,
    operations: SetId,
    actor: NameId,
    endpoint: NameId,
}

fn ways(names: &Names) -> Vec<Way> {
    let mut dice = Dice(1);
    (0..WAYS)
        .map(|n| {
            let operation = dice.below(u64::from(OPERATIONS)) as u32;
            let actor = dice.below(u64::from(ACTORS));
            let service = format!("service-{}", operation % SERVICES);
            let entered = names.operations.intern(format!("operation-{operation}").as_bytes());
            Way {
                service: names.services.intern(service.as_bytes()),
                operations: names.sets.intern(&[entered]),
                actor: match actor {
                    0 => NameId::UNKNOWN,
                    actor => names.actors.intern(format!("actor-{actor}").as_bytes()),
                },
                endpoint: names
                    .endpoints
                    .intern(format!("POST /api/{operation}/{}", n % 4).as_bytes()),
            }
        })
        .collect()
}

/// Fills an empty store.
pub(crate) fn build(store: &LocalStore, scale: Scale) -> Result<Built, StoreError> {
    let names = store.names();
    let ways = ways(names);
    let mut dice = Dice(7);
    let mut built = Built { scale, calls: 0, cells: 0, caller_counts: 0, rows: 0 };
    let now = Time::from_micros(END);
    let segments = scale.calls.div_ceil(WHOLE);
    let mut written = 0;
    for day in 0..scale.days {
        let from = END - (scale.days - day) * DAY;
        let mut commit = Commit::new(now);
        let until = scale.calls * (day as u64 + 1) / scale.days as u64;
        count_day(&ways, from, until - built.calls, &mut dice, &mut commit.cube);
        built.calls = until;
        built.cells += commit.cube.len() as u64;
        built.caller_counts += callers(&ways, from, &mut dice, &mut commit.callers);
        let due = segments * (day as u64 + 1) / scale.days as u64;
        while written < due {
            let newest = segments - written <= NEWEST;
            let rows = if newest { WHOLE.min(scale.calls / segments) } else { SAMPLE };
            let start = from
                + DAY * (written + 1 - segments * day as u64 / scale.days as u64) as i64
                    / (due + 2) as i64;
            commit.rows.push(store.encode(&lines(names, &ways, start, rows, &mut dice))?);
            built.rows += rows;
            written += 1;
        }
        store.commit(commit)?;
    }
    Ok(built)
}

/// Counts a day's calls: most of them between six and twenty-two o'clock.
fn count_day(ways: &[Way], from: i64, calls: u64, dice: &mut Dice, cube: &mut Cube) {
    let now = Time::from_micros(END);
    let mut left = calls;
    while left > 0 {
        // A burst of one way in one minute.
        let calls = (1 + dice.below(12)).min(left);
        left -= calls;
        let hour = if dice.below(10) == 0 { dice.below(24) } else { 6 + dice.below(16) };
        let at = from + hour as i64 * HOUR + dice.below(60) as i64 * 60 * SECOND;
        // Few ways make most of the calls.
        let way = &ways[(dice.below(WAYS) * dice.below(WAYS) / WAYS) as usize];
        let (status, joined) = match dice.below(40) {
            0 => (500, Joined::Joined),
            1 => (404, Joined::CallOnly),
            2 => (200, Joined::CallOnly),
            _ => (200, Joined::Joined),
        };
        let mut cell = Cell::default();
        for _ in 0..calls {
            let octave = 10 + dice.below(8);
            cell.add(Some(200 + dice.below(20_000)), Some(900 + dice.below(1 << octave)));
        }
        let Way { service, operations, actor, endpoint } = *way;
        let outcome = Outcome { status, joined };
        let bucket = narrowest(Time::from_micros(at), now);
        cube.add_cell(Key { bucket, service, operations, actor, endpoint, outcome }, &cell);
    }
}

/// A third of those who are known call on a day, each in one way; of the others some every hour.
fn callers(ways: &[Way], from: i64, dice: &mut Dice, counts: &mut CallerCounts) -> u64 {
    let mut counted = 0;
    let mut count = |caller: u64, is_known: bool, at: i64, dice: &mut Dice| {
        let kind = u64::from(is_known);
        let address = format!("10.{kind}.{}.{}", caller / 250, caller % 250);
        let agent = format!("agent-{}/1.0 (a program that calls)", caller % 40);
        let number = counts.caller(address.as_bytes(), agent.as_bytes(), b"");
        let way = &ways[(caller % WAYS) as usize];
        let heading = CallerHeading {
            time: Time::from_micros(at),
            width: if is_known { CallerWidth::Day } else { CallerWidth::Hour },
            actor: if is_known { way.actor } else { NameId::UNKNOWN },
            service: way.service,
            operations: way.operations,
        };
        counts.count(CallerCount { caller: number, heading, calls: 1 + dice.below(30) });
        counted += 1;
    };
    (0..KNOWN / 3).for_each(|_| count(dice.below(KNOWN), true, from, dice));
    for hour in 0..24 {
        (0..20).for_each(|_| count(dice.below(UNKNOWN), false, from + hour * HOUR, dice));
    }
    counted
}

/// The lines of one segment, ten a second.
fn lines(names: &Names, ways: &[Way], from: i64, rows: u64, dice: &mut Dice) -> Rows {
    let mut all = Rows::new();
    for n in 0..rows {
        let way = &ways[dice.below(WAYS) as usize];
        let time = from + n as i64 * SECOND / 10;
        let id = format!("{:016x}{:016x}", dice.roll(), time);
        let (address, target) =
            (format!("10.0.0.{}", dice.below(250)), format!("/api/{}", dice.below(90_000)));
        let line = format!("{time} {address} POST {target} 200 {id}");
        // Fields are pieces of their line.
        let field = |text: &str| {
            line.find(text).map_or(&b""[..], |at| &line.as_bytes()[at..at + text.len()])
        };
        let call = Call {
            time: Some(Time::from_micros(time)),
            address: field(&address),
            method: field("POST"),
            target: field(&target),
            status: Some(200),
            bytes: Some(200 + dice.below(20_000)),
            duration: Some(900 + dice.below(1 << 17)),
            request_id: RequestId::Is(field(&id)),
            ..Call::default()
        };
        let facts = CallFacts {
            source: "proxy",
            forwarded_address: call.address,
            service: way.service,
            actor: way.actor,
            endpoint: way.endpoint,
            claimed: NameId::UNKNOWN,
        };
        let mut settled = Settled::alone(&facts, Joined::Joined, names);
        settled.operations = way.operations;
        settled.marks = 1;
        all.push_call(line.as_bytes(), &call, &facts, settled);
    }
    all
}

impl fmt::Display for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} calls in {} days, all of them counted: {} cells given to commits, {} counts of \
             callers; lines are a sample of {} rows: as many segments as all lines would have at \
             60,000 rows each, the newest {NEWEST} whole, {SAMPLE} rows in each of the others",
            self.calls, self.scale.days, self.cells, self.caller_counts, self.rows
        )
    }
}

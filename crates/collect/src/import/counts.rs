//! What is counted of the calls of one slice.

use dolmen_cubes::{Cube, Key};
use dolmen_model::{Call, NameId, Outcome, SetId, Time};
use dolmen_store::{CallFacts, CallerCount, CallerWidth, Role, Row, Settled, narrowest};
use rustc_hash::FxHashMap;

/// A call, reduced to what is counted of it.
pub(crate) struct Counted {
    pub(crate) row: Row,
    bucket: Time,
    actor: NameId,
    endpoint: NameId,
    status: u16,
    bytes: Option<u64>,
    duration: Option<u64>,
    caller: u32,
    time: Time,
}

/// Address, user agent and user, one after the other, each with its end.
type Identity = (Box<[u8]>, u32, u32);

type CallerKey = (i64, u32, NameId, NameId, SetId);

pub(crate) struct Counts {
    now: Time,
    cube: Cube,
    identities: FxHashMap<Identity, u32>,
    calls: FxHashMap<CallerKey, u64>,
}

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

impl Counts {
    pub(crate) fn new(now: Time) -> Self {
        Self {
            now,
            cube: Cube::default(),
            identities: FxHashMap::default(),
            calls: FxHashMap::default(),
        }
    }

    pub(crate) fn call(
        &mut self,
        row: Row,
        call: &Call<'_>,
        facts: &CallFacts<'_>,
        address: &[u8],
    ) -> Counted {
        // A call without a time is counted at the epoch.
        let time = call.time.unwrap_or(Time::from_micros(0));
        let identity = [address, call.user_agent, call.user].concat();
        let agent = address.len() as u32;
        let user = agent + call.user_agent.len() as u32;
        let next = self.identities.len() as u32;
        let caller = *self.identities.entry((identity.into(), agent, user)).or_insert(next);
        Counted {
            row,
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

    pub(crate) fn add(&mut self, call: &Counted, settled: &Settled) {
        if settled.role == Role::Hop {
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

    /// Gives back what was counted, and begins anew.
    pub(crate) fn take(&mut self) -> (Cube, Vec<CallerCount>) {
        let mut identities: Vec<(Identity, u32)> = self.identities.drain().collect();
        identities.sort_unstable_by_key(|(_, number)| *number);
        let mut callers: Vec<CallerCount> = self
            .calls
            .drain()
            .map(|((bucket, caller, actor, service, operations), calls)| {
                let (bytes, agent, user) = &identities[caller as usize].0;
                let (agent, user) = (*agent as usize, *user as usize);
                CallerCount {
                    time: Time::from_micros(bucket),
                    width: match actor.is_known() {
                        true => CallerWidth::Day,
                        false => CallerWidth::Hour,
                    },
                    address: bytes[..agent].to_vec(),
                    user_agent: bytes[agent..user].to_vec(),
                    user: bytes[user..].to_vec(),
                    actor,
                    service,
                    operations,
                    calls,
                }
            })
            .collect();
        // The same lines give the same numbers to the same callers.
        callers.sort_unstable_by(|a, b| {
            let key = |c: &CallerCount| (c.time, c.actor, c.service, c.operations);
            (key(a), &a.address, &a.user_agent, &a.user).cmp(&(
                key(b),
                &b.address,
                &b.user_agent,
                &b.user,
            ))
        });
        (std::mem::take(&mut self.cube), callers)
    }
}

//! What is counted of the calls of one slice.

use dolmen_cubes::{Cube, Key};
use dolmen_model::{Call, Names, Outcome, Time};
use dolmen_store::{
    CalledBy, CallerCounts, CallerHeading, CallerWidth, Countable, Likeness, Own, Row, Rows,
    narrowest,
};

pub(crate) struct Counts {
    now: Time,
    cube: Cube,
    callers: CallerCounts,
    /// The minute that was counted in last.
    minute: Option<Minute>,
}

/// A minute, and the buckets that it is in.
#[derive(Clone, Copy)]
struct Minute {
    from: i64,
    /// Of the cube.
    bucket: Time,
    hour: Time,
    day: Time,
}

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

impl Counts {
    pub(crate) fn new(now: Time) -> Self {
        Self { now, cube: Cube::default(), callers: CallerCounts::default(), minute: None }
    }

    /// Who made the call that is `row` of `rows`.
    pub(crate) fn called_by(
        &mut self,
        rows: &Rows,
        row: Row,
        call: &Call<'_>,
        address: &[u8],
    ) -> CalledBy {
        self.callers.called_by(rows, row, [address, call.user_agent, call.user])
    }

    /// What is counted of the call that is `row` of `rows`, whose own line says these.
    pub(crate) fn likeness(rows: &Rows, row: Row, own: &Own, names: &Names) -> Likeness {
        let call = rows.countable(row);
        let [address, user_agent, _] = rows.caller_texts(row);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Likeness {
            service: names.services.name(own.service),
            claimed: names.operations.name(own.claimed),
            endpoint: names.endpoints.name(call.endpoint),
            actor: names.actors.name(call.actor),
            status: call.status,
            bytes: call.bytes.unwrap_or(0),
            duration: call.duration.unwrap_or(0),
            source: call.source.to_owned(),
            caller: [address, user_agent].map(text),
        }
    }

    /// Counts the call that is `row` of the rows; it is settled.
    pub(crate) fn add(&mut self, call: &Countable<'_>, row: Row, by: CalledBy) {
        if !call.settled.role.counts() {
            return;
        }
        let (service, operations) = (call.settled.service, call.settled.operations);
        // A call without a time is counted at the epoch.
        let minute = self.minute(call.time.unwrap_or(Time::from_micros(0)));
        let key = Key {
            bucket: minute.bucket,
            service,
            operations,
            actor: call.actor,
            endpoint: call.endpoint,
            outcome: Outcome { status: call.status, joined: call.settled.joined },
        };
        self.cube.add(key, call.bytes, call.duration);
        let (width, time) = match call.actor.is_known() {
            true => (CallerWidth::Day, minute.day),
            false => (CallerWidth::Hour, minute.hour),
        };
        let heading = CallerHeading { time, width, actor: call.actor, service, operations };
        self.callers.count_call(by, row, heading);
    }

    /// Calls come nearly in the order of time.
    fn minute(&mut self, time: Time) -> Minute {
        if let Some(minute) = self.minute
            && (0..MINUTE).contains(&time.micros().wrapping_sub(minute.from))
        {
            return minute;
        }
        let minute = Minute {
            from: time.floor(MINUTE).micros(),
            bucket: narrowest(time, self.now),
            hour: time.floor(HOUR),
            day: time.floor(DAY),
        };
        self.minute = Some(minute);
        minute
    }

    /// Gives back what was counted of the calls of `rows`, and begins anew, with other rows.
    pub(crate) fn take(&mut self, rows: &Rows) -> (Cube, CallerCounts) {
        self.callers.add_up(rows);
        (std::mem::take(&mut self.cube), std::mem::take(&mut self.callers))
    }
}

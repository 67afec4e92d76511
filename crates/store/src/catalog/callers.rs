//! Who called, by hour or by day.

use dolmen_model::{NameId, SetId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::commit::{CallerCount, CallerWidth};
use crate::range::{Width, minute_of};

/// How many callers are told apart; the rest is counted as `(other)`.
pub(crate) const BOUND: i64 = 500_000;

/// The row of all callers beyond [`BOUND`].
const OTHER: i64 = 1;

/// Who called: what is empty is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    pub(crate) address: Vec<u8>,
    pub(crate) user_agent: Vec<u8>,
    pub(crate) user: Vec<u8>,
}

/// Who called, when, and who the rules say it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) caller: Identity,
    pub(crate) minute: i64,
    pub(crate) actor: NameId,
}

pub(crate) fn add(
    db: &Connection,
    generation: i64,
    counts: &[CallerCount],
) -> rusqlite::Result<()> {
    for count in counts {
        let width = match count.width {
            CallerWidth::Hour => Width::Hour,
            CallerWidth::Day => Width::Day,
        };
        let caller = Identity {
            address: count.address.clone(),
            user_agent: count.user_agent.clone(),
            user: count.user.clone(),
        };
        let bucket = Bucket {
            generation,
            width: width as i64,
            bucket: width.floor(minute_of(count.time)),
            caller: caller_id(db, &caller)?,
            actor: count.actor,
        };
        bucket.add(db, (count.service, count.operations), count.calls as i64)?;
    }
    Ok(())
}

/// Counts calls of one caller under another service and other operations.
pub(crate) fn shift(
    db: &Connection,
    generation: i64,
    place: &Place,
    from: Option<(NameId, SetId)>,
    to: Option<(NameId, SetId)>,
    calls: u64,
) -> rusqlite::Result<()> {
    let caller = caller_id(db, &place.caller)?;
    let at = |width: Width| Bucket {
        generation,
        width: width as i64,
        bucket: width.floor(place.minute),
        caller,
        actor: place.actor,
    };
    let mut widths = [Width::Hour, Width::Day];
    if place.actor.is_known() {
        widths.reverse();
    }
    let mut bucket = at(widths[0]);
    if let Some(from) = from {
        // Which width its calls were counted in is written nowhere else.
        if !bucket.has(db, from)? {
            bucket = at(widths[1]);
        }
        bucket.add(db, from, -(calls as i64))?;
    }
    match to {
        Some(to) => bucket.add(db, to, calls as i64),
        None => Ok(()),
    }
}

/// Where calls of one caller are counted, but for what they entered.
struct Bucket {
    generation: i64,
    width: i64,
    bucket: i64,
    caller: i64,
    actor: NameId,
}

impl Bucket {
    fn has(
        &self,
        db: &Connection,
        (service, operations): (NameId, SetId),
    ) -> rusqlite::Result<bool> {
        let Self { generation, width, bucket, caller, actor } = self;
        db.prepare_cached(
            "SELECT 1 FROM caller_counts WHERE generation = ?1 AND width = ?2 AND bucket = ?3
             AND caller = ?4 AND actor = ?5 AND service = ?6 AND operations = ?7",
        )?
        .exists(params![
            generation,
            width,
            bucket,
            caller,
            actor.0,
            service.0,
            operations.0
        ])
    }

    fn add(
        &self,
        db: &Connection,
        (service, operations): (NameId, SetId),
        calls: i64,
    ) -> rusqlite::Result<()> {
        let Self { generation, width, bucket, caller, actor } = self;
        db.prepare_cached(
            "INSERT INTO caller_counts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT DO UPDATE SET calls = calls + excluded.calls",
        )?
        .execute(params![
            generation,
            width,
            bucket,
            caller,
            actor.0,
            service.0,
            operations.0,
            calls
        ])?;
        if calls < 0 {
            // As with cubes, the order in which lines came leaves no trace.
            db.prepare_cached(
                "DELETE FROM caller_counts WHERE generation = ?1 AND width = ?2 AND bucket = ?3
                 AND caller = ?4 AND actor = ?5 AND service = ?6 AND operations = ?7
                 AND calls <= 0",
            )?
            .execute(params![
                generation,
                width,
                bucket,
                caller,
                actor.0,
                service.0,
                operations.0
            ])?;
        }
        Ok(())
    }
}

fn caller_id(db: &Connection, caller: &Identity) -> rusqlite::Result<i64> {
    let identity = params![caller.address, caller.user_agent, caller.user];
    let known = db
        .prepare_cached(
            "SELECT id FROM callers WHERE address = ?1 AND user_agent = ?2 AND user = ?3",
        )?
        .query_row(identity, |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        return Ok(id);
    }
    let last: i64 =
        db.prepare_cached("SELECT max(id) FROM callers")?.query_row([], |row| row.get(0))?;
    if last > BOUND {
        return Ok(OTHER);
    }
    db.prepare_cached("INSERT INTO callers (address, user_agent, user) VALUES (?1, ?2, ?3)")?
        .insert(identity)
}

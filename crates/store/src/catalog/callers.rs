//! Who called, by hour or by day.
//!
//! A log may have more callers an hour than everything else the catalog counts together, so a row
//! holds many: those of one bucket whose numbers are near, whatever they called.

use dolmen_model::{NameId, SetId};
use rusqlite::{Connection, OptionalExtension, params};
use rustc_hash::FxHashMap;

use super::damaged;
use super::sorted::merged;
use crate::callers::{Caller, CallerCounts, CallerHeading, CallerKey, CallerWidth};
use crate::radix;
use crate::range::{Width, minute_of};
use crate::varint;

/// How many callers are told apart; the rest is counted as `(other)`.
pub(crate) const BOUND: i64 = 500_000;

/// The row of all callers beyond [`BOUND`].
const OTHER: u32 = 1;

/// No caller has this number.
const UNKNOWN: u32 = 0;

/// Numbers that share a row: few enough that a commit of one call writes little.
const PART: u32 = 4_096;

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

/// What a caller's calls are counted under.
pub(crate) type Under = (NameId, SetId);

/// Numbers of callers that the catalog gave before, so that it is not asked for each of every
/// commit. Of a transaction that failed it may know too much: then it must be forgotten.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    known: FxHashMap<CallerKey, u32>,
    /// The highest number that was given.
    last: Option<i64>,
}

impl Numbers {
    /// Forgets all.
    pub(crate) fn forget(&mut self) {
        self.known.clear();
        self.last = None;
    }

    /// The numbers of all callers of a commit.
    fn of_all(&mut self, db: &Connection, counts: &CallerCounts) -> rusqlite::Result<Vec<u32>> {
        // Nearly all are known. They are looked for one after the other, with nothing in between:
        // then the processor waits for several at a time.
        let find = |key: &CallerKey| self.known.get(key).copied().unwrap_or(UNKNOWN);
        let mut numbers: Vec<u32> = counts.keys().iter().map(find).collect();
        for (at, number) in numbers.iter_mut().enumerate() {
            if *number == UNKNOWN {
                let (key, caller) = counts.caller_at(at);
                *number = self.of(db, key, caller)?;
            }
        }
        Ok(numbers)
    }

    /// The number of a caller, a new one where there is none.
    fn of(&mut self, db: &Connection, key: CallerKey, caller: Caller<'_>) -> rusqlite::Result<u32> {
        if let Some(known) = self.known.get(&key) {
            return Ok(*known);
        }
        let texts = params![caller.address, caller.user_agent, caller.user];
        let known = db
            .prepare_cached(
                "SELECT id FROM callers WHERE address = ?1 AND user_agent = ?2 AND user = ?3",
            )?
            .query_row(texts, |row| row.get(0))
            .optional()?;
        let number = match known {
            Some(number) => number,
            None => {
                let last = match self.last {
                    Some(last) => last,
                    None => db
                        .prepare_cached("SELECT max(id) FROM callers")?
                        .query_row([], |r| r.get(0))?,
                };
                self.last = Some(last);
                if last > BOUND {
                    return Ok(OTHER);
                }
                let number = db
                    .prepare_cached(
                        "INSERT INTO callers (address, user_agent, user) VALUES (?1, ?2, ?3)",
                    )?
                    .insert(texts)?;
                self.last = Some(number);
                number as u32
            }
        };
        self.known.insert(key, number);
        Ok(number)
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Bucket {
    width: i64,
    bucket: i64,
    part: u32,
}

/// Who called, and what the calls are counted under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Who {
    pub(crate) actor: NameId,
    pub(crate) service: NameId,
    pub(crate) operations: SetId,
    pub(crate) caller: u32,
}

impl Who {
    fn under(&self) -> (NameId, Under) {
        (self.actor, (self.service, self.operations))
    }
}

/// The counts of a row, in the order of who called.
type Counted = Vec<(Who, u64)>;

impl Bucket {
    fn read(self, db: &Connection, generation: i64) -> rusqlite::Result<Counted> {
        let Self { width, bucket, part } = self;
        let mut read = Counted::new();
        db.prepare_cached(
            "SELECT counts FROM caller_counts
             WHERE generation = ?1 AND width = ?2 AND bucket = ?3 AND part = ?4",
        )?
        .query_row(params![generation, width, bucket, part], |row| {
            let all = |actor, (service, operations)| Some((actor, service, operations));
            counts(
                row.get_ref(0)?.as_blob()?,
                all,
                |(actor, service, operations), caller, calls| {
                    read.push((Who { actor, service, operations, caller }, calls));
                },
            )
            .ok_or_else(|| damaged("a row of caller_counts is cut short"))
        })
        .optional()?;
        Ok(read)
    }

    fn write(
        self,
        db: &Connection,
        generation: i64,
        counts: &[(Who, u64)],
    ) -> rusqlite::Result<()> {
        let Self { width, bucket, part } = self;
        if counts.is_empty() {
            // As with cubes, the order in which lines came leaves no trace.
            return db
                .prepare_cached(
                    "DELETE FROM caller_counts
                     WHERE generation = ?1 AND width = ?2 AND bucket = ?3 AND part = ?4",
                )?
                .execute(params![generation, width, bucket, part])
                .map(drop);
        }
        db.prepare_cached("INSERT OR REPLACE INTO caller_counts VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![generation, width, bucket, part, packed(counts)])
            .map(drop)
    }
}

/// For each actor, service and set of operations these three and how many bytes follow; then of
/// each caller the distance to the one before, and its calls. All in LEB128.
fn packed(counts: &[(Who, u64)]) -> Vec<u8> {
    let mut blob = Vec::with_capacity(counts.len() * 4);
    let mut callers = Vec::new();
    for group in counts.chunk_by(|(a, _), (b, _)| a.under() == b.under()) {
        let Some((first, _)) = group.first() else { continue };
        let (actor, (service, operations)) = first.under();
        callers.clear();
        let mut before = 0;
        for (who, calls) in group {
            varint::write(u64::from(who.caller - before), &mut callers);
            varint::write(*calls, &mut callers);
            before = who.caller;
        }
        for number in [actor.0, service.0, operations.0, callers.len() as u32] {
            varint::write(u64::from(number), &mut blob);
        }
        blob.extend_from_slice(&callers);
    }
    blob
}

/// Shows what [`packed`] wrote, of the actors, services and operations that `wanted` gives
/// something for, with that; `None` where it is cut short.
pub(crate) fn counts<W: Copy>(
    mut blob: &[u8],
    mut wanted: impl FnMut(NameId, Under) -> Option<W>,
    mut each: impl FnMut(W, u32, u64),
) -> Option<()> {
    while !blob.is_empty() {
        let mut next = || varint::read(&mut blob);
        let (actor, service, operations, len) = (next()?, next()?, next()?, next()?);
        let (mut callers, rest) = blob.split_at_checked(len as usize)?;
        blob = rest;
        let under = (NameId(service as u32), SetId(operations as u32));
        let Some(wanted) = wanted(NameId(actor as u32), under) else { continue };
        let mut caller = 0_u32;
        while !callers.is_empty() {
            caller = caller.saturating_add(varint::read(&mut callers)? as u32);
            each(wanted, caller, varint::read(&mut callers)?);
        }
    }
    Some(())
}

/// What calls of one commit are counted under, in the order of the table's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Heading {
    width: i64,
    bucket: i64,
    actor: NameId,
    service: NameId,
    operations: SetId,
}

impl Heading {
    fn of(heading: &CallerHeading) -> Self {
        let CallerHeading { time, width, actor, service, operations } = *heading;
        let width = match width {
            CallerWidth::Hour => Width::Hour,
            CallerWidth::Day => Width::Day,
        };
        let bucket = width.floor(minute_of(time));
        Self { width: width as i64, bucket, actor, service, operations }
    }

    fn bucket(&self) -> (i64, i64) {
        (self.width, self.bucket)
    }
}

/// Where a heading is among those of its commit, and where its bucket is.
#[derive(Clone, Copy, Debug, Default)]
struct Rank {
    bucket: u32,
    heading: u32,
}

/// Adds what a commit counted to each of these generations.
pub(crate) fn add(
    db: &Connection,
    numbers: &mut Numbers,
    generations: &[i64],
    counts: &CallerCounts,
) -> rusqlite::Result<()> {
    let ids = numbers.of_all(db, counts)?;
    let headings: Vec<Heading> = counts.headings().iter().map(Heading::of).collect();
    let mut sorted: Vec<u32> = (0..headings.len() as u32).collect();
    sorted.sort_unstable_by_key(|&number| headings[number as usize]);
    let mut ranks = vec![Rank::default(); headings.len()];
    let mut rank = Rank::default();
    for (place, &number) in (0..).zip(&sorted) {
        let this = &headings[number as usize];
        let before = (place as usize).checked_sub(1).map(|before| sorted[before] as usize);
        if let Some(before) = before.map(|before| &headings[before]) {
            rank.bucket += u32::from(before.bucket() != this.bucket());
            // Instants of one bucket are one heading.
            rank.heading = if before == this { rank.heading } else { place };
        }
        ranks[number as usize] = rank;
    }
    // In the order of buckets, parts, headings and callers, in as few bits as these need: there are
    // many.
    let bits = |highest: u32| u32::BITS - highest.leading_zeros();
    let highest = ids.iter().copied().max().unwrap_or(0);
    let (callers, headings_bits) = (bits(PART - 1), bits(headings.len() as u32));
    let parts = bits(highest / PART);
    let mut added: Vec<(u128, u64)> = counts
        .counts()
        .iter()
        .filter_map(|&(caller, heading, calls)| {
            let caller = *ids.get(caller.at() as usize)?;
            let rank = ranks.get(heading as usize)?;
            let row = u128::from(rank.bucket) << parts | u128::from(caller / PART);
            let who = u128::from(rank.heading) << callers | u128::from(caller % PART);
            Some((row << (headings_bits + callers) | who, calls))
        })
        .collect();
    radix::sort(&mut added, |(key, _)| *key);
    let row_of = |key: u128| key >> (headings_bits + callers);
    let part_of = |key: u128| (row_of(key) & ((1 << parts) - 1)) as u32;
    let heading_of = |key: u128| {
        let rank = (key >> callers) as usize & ((1 << headings_bits) - 1);
        headings[sorted[rank] as usize]
    };
    for generation in generations {
        for row in added.chunk_by(|(a, _), (b, _)| row_of(*a) == row_of(*b)) {
            let Some(&(first, _)) = row.first() else { continue };
            let (width, bucket) = heading_of(first).bucket();
            let part = part_of(first);
            let bucket = Bucket { width, bucket, part };
            let known = bucket.read(db, *generation)?;
            let added = row.iter().map(|&(key, calls)| {
                let Heading { actor, service, operations, .. } = heading_of(key);
                let caller = part * PART + key as u32 % PART;
                (Who { actor, service, operations, caller }, calls)
            });
            bucket.write(db, *generation, &merged(known, added, |all, calls| *all += calls))?;
        }
    }
    Ok(())
}

/// Calls of callers that are counted under something else now: each row is read once and written
/// once, however many of its callers change.
pub(crate) struct Shifts<'d> {
    db: &'d Connection,
    numbers: &'d mut Numbers,
    generation: i64,
    rows: FxHashMap<Bucket, Counted>,
}

impl<'d> Shifts<'d> {
    pub(crate) fn new(db: &'d Connection, numbers: &'d mut Numbers, generation: i64) -> Self {
        Self { db, numbers, generation, rows: FxHashMap::default() }
    }

    /// Counts calls of one caller under another service and other operations, or no longer.
    pub(crate) fn shift(
        &mut self,
        place: &Place,
        from: Option<Under>,
        to: Option<Under>,
        calls: u64,
    ) -> rusqlite::Result<()> {
        let Identity { address, user_agent, user } = &place.caller;
        let caller = Caller { address, user_agent, user };
        let caller = self.numbers.of(self.db, caller.key(), caller)?;
        let at = |width: Width| Bucket {
            width: width as i64,
            bucket: width.floor(place.minute),
            part: caller / PART,
        };
        let actor = place.actor;
        let who = |(service, operations): Under| Who { caller, actor, service, operations };
        let mut widths = [Width::Hour, Width::Day];
        if place.actor.is_known() {
            widths.reverse();
        }
        let mut width = widths[0];
        if let Some(from) = from {
            // Which width its calls were counted in is written nowhere else.
            if find(self.row(at(width))?, who(from)).is_err() {
                width = widths[1];
            }
            let row = self.row(at(width))?;
            if let Ok(found) = find(row, who(from)) {
                row[found].1 = row[found].1.saturating_sub(calls);
                if row[found].1 == 0 {
                    row.remove(found);
                }
            }
        }
        if let Some(to) = to {
            let row = self.row(at(width))?;
            match find(row, who(to)) {
                Ok(found) => row[found].1 += calls,
                Err(place) => row.insert(place, (who(to), calls)),
            }
        }
        Ok(())
    }

    /// Writes what changed.
    pub(crate) fn write(self) -> rusqlite::Result<()> {
        let mut rows: Vec<_> = self.rows.into_iter().collect();
        rows.sort_unstable_by_key(|(bucket, _)| *bucket);
        rows.iter().try_for_each(|(bucket, counts)| bucket.write(self.db, self.generation, counts))
    }

    fn row(&mut self, bucket: Bucket) -> rusqlite::Result<&mut Counted> {
        use std::collections::hash_map::Entry;
        Ok(match self.rows.entry(bucket) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(bucket.read(self.db, self.generation)?),
        })
    }
}

fn find(row: &[(Who, u64)], who: Who) -> Result<usize, usize> {
    row.binary_search_by_key(&who, |(known, _)| *known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_come_back() {
        let who = |caller, actor| {
            let (actor, service) = (NameId(actor), NameId(9));
            Who { caller, actor, service, operations: SetId(300) }
        };
        let known = [
            (who(1, 0), 5),
            (who(2, 0), 1),
            (who(4_095, 0), 300),
            (who(2, 7), 2),
            (who(500_001, u32::MAX), u64::MAX),
        ];
        let blob = packed(&known);
        let read = |blob: &[u8], wanted: &dyn Fn(NameId) -> bool| {
            let mut back = Vec::new();
            let under = |actor, (service, operations)| {
                wanted(actor).then_some((actor, service, operations))
            };
            counts(blob, under, |(actor, service, operations), caller, calls| {
                back.push((Who { actor, service, operations, caller }, calls));
            })
            .map(|()| back)
        };
        assert_eq!(read(&blob, &|_| true).as_deref(), Some(&known[..]));
        assert_eq!(read(&blob, &|actor| actor.0 == 7).as_deref(), Some(&known[3..4]));
        // It may be cut between two groups of callers, and nowhere else.
        let whole = (1..blob.len()).filter(|&end| read(&blob[..end], &|_| true).is_some());
        assert_eq!(whole.count(), 2);
    }
}

//! Marks and callers.

use dolmen_model::{NameId, SetId, Time};
use rusqlite::{Connection, params};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{LocalStore, kept};
use crate::catalog::{callers, damaged};
use crate::error::StoreError;
use crate::question::CallerQuestion;
use crate::range::{Width, cover, minute_of, time_of};
use crate::stored::{CallerRow, MarkCount};

impl LocalStore {
    pub(super) fn count_marks(&self, from: Time, to: Time) -> Result<Vec<MarkCount>, StoreError> {
        let inner = self.fresh()?;
        let refused = inner.catalog.refused("count marks");
        let db = &inner.catalog.db;
        let mut counts: FxHashMap<(u32, u32), Marks> = FxHashMap::default();
        let kept = kept(db).map_err(&refused)?;
        let mut statement = db
            .prepare_cached(
                "SELECT service, operation, sum(marks) FROM mark_cube
                 WHERE width = ?1 AND bucket >= ?2 AND bucket < ?3 GROUP BY service, operation",
            )
            .map_err(&refused)?;
        let mut ranges: Vec<(Width, i64, i64)> = cover(from, to, Width::Month, kept)
            .into_iter()
            .map(|piece| (piece.width, piece.from, piece.to))
            .collect();
        if from == Time::MIN {
            // Marks without a time.
            ranges.push((Width::Month, i64::MIN, i64::MIN + 1));
        }
        let read = |row: &rusqlite::Row<'_>| {
            Ok(((row.get(0)?, row.get(1)?), row.get::<_, i64>(2)? as u64))
        };
        for (width, from, to) in ranges {
            let rows = statement.query_map(params![width as i64, from, to], read);
            for row in rows.map_err(&refused)? {
                let (key, marks): ((u32, u32), u64) = row.map_err(&refused)?;
                counts.entry(key).or_default().all += marks;
            }
        }
        let mut statement = db
            .prepare_cached(
                "SELECT service, operation, count(*), min(time), max(time) FROM waiting
                 WHERE ifnull(time, ?3) >= ?1 AND ifnull(time, ?3) < ?2
                 GROUP BY service, operation
                 UNION ALL
                 SELECT service, operation, marks, NULL, NULL FROM mark_only WHERE ?1 = ?3",
            )
            .map_err(&refused)?;
        let range = params![from.micros(), to.micros(), i64::MIN];
        let read_only = |row: &rusqlite::Row<'_>| {
            let (key, marks): ((u32, u32), u64) = read(row)?;
            let time = |at| row.get::<_, Option<i64>>(at).map(|time| time.map(Time::from_micros));
            Ok((key, marks, time(3)?, time(4)?))
        };
        for row in statement.query_map(range, read_only).map_err(&refused)? {
            let (key, marks, first, last) = row.map_err(&refused)?;
            let counted = counts.entry(key).or_default();
            counted.only += marks;
            counted.first = counted.first.or(first);
            counted.last = counted.last.or(last);
        }
        let mut counts: Vec<MarkCount> = counts
            .into_iter()
            .map(|((service, operation), counted)| MarkCount {
                service: NameId(service),
                operation: NameId(operation),
                marks: counted.all,
                mark_only: counted.only,
                first_only: counted.first,
                last_only: counted.last,
            })
            .collect();
        counts.sort_unstable_by_key(|c| (std::cmp::Reverse(c.marks), c.operation, c.service));
        Ok(counts)
    }

    pub(super) fn list_callers(
        &self,
        question: &CallerQuestion,
    ) -> Result<Vec<CallerRow>, StoreError> {
        let inner = self.fresh()?;
        let refused = inner.catalog.refused("list callers");
        let db = &inner.catalog.db;
        let with = question.operation.map(|operation| sets_with(db, operation)).transpose();
        let with = with.map_err(&refused)?;
        // There are few of what callers are counted under, so a caller there is two small numbers.
        let mut numbers: FxHashMap<(NameId, callers::Under), Option<u32>> = FxHashMap::default();
        let mut headings: Vec<(NameId, callers::Under)> = Vec::new();
        let mut sums: FxHashMap<(u32, u32), Sum> = FxHashMap::default();
        for width in [Width::Hour, Width::Day] {
            let (from, to) = (width.floor(minute(question.from)), minutes_before(question.to));
            let mut statement = db
                .prepare_cached(
                    "SELECT bucket, counts FROM caller_counts
                     WHERE generation = (SELECT value FROM meta WHERE key = 'generation')
                        AND width = ?1 AND bucket >= ?2 AND bucket < ?3",
                )
                .map_err(&refused)?;
            let mut rows = statement.query(params![width as i64, from, to]).map_err(&refused)?;
            let mut add = |row: &rusqlite::Row<'_>| -> rusqlite::Result<()> {
                let bucket = row.get(0)?;
                let wanted = |actor, under: callers::Under| {
                    *numbers.entry((actor, under)).or_insert_with(|| {
                        let is_wanted = question.actor.is_none_or(|asked| asked == actor)
                            && with.as_ref().is_none_or(|sets| sets.contains(&under.1));
                        is_wanted.then(|| {
                            headings.push((actor, under));
                            headings.len() as u32 - 1
                        })
                    })
                };
                callers::counts(row.get_ref(1)?.as_blob()?, wanted, |heading, caller, calls| {
                    sums.entry((heading, caller))
                        .and_modify(|sum| sum.add(bucket, calls))
                        .or_insert(Sum { first: bucket, last: bucket, calls });
                })
                .ok_or_else(|| damaged("a row of caller_counts is cut short"))
            };
            while let Some(row) = rows.next().map_err(&refused)? {
                add(row).map_err(&refused)?;
            }
        }
        let mut all: Vec<((u32, NameId, NameId, SetId), Sum)> = sums
            .into_iter()
            .filter_map(|((heading, caller), sum)| {
                let (actor, (service, operations)) = *headings.get(heading as usize)?;
                Some(((caller, actor, service, operations), sum))
            })
            .collect();
        all.sort_unstable_by_key(|((caller, actor, service, operations), sum)| {
            (std::cmp::Reverse(sum.calls), *caller, *service, *operations, *actor)
        });
        all.truncate(question.most);
        all.into_iter()
            .map(|of| caller_row(db, of))
            .collect::<rusqlite::Result<_>>()
            .map_err(refused)
    }
}

/// Marks of one operation on one service; `only` are those without a call.
#[derive(Clone, Copy, Debug, Default)]
struct Marks {
    all: u64,
    only: u64,
    first: Option<Time>,
    last: Option<Time>,
}

/// Beyond the years that four digits can write there is no bucket.
fn within(minute: i64) -> i64 {
    minute.clamp(-1_036_800_000, 4_224_000_000)
}

/// The minute that holds an instant.
pub(super) fn minute(time: Time) -> i64 {
    within(minute_of(time))
}

/// The first minute that begins at an instant or after it: buckets that begin there hold nothing
/// from before.
fn minutes_before(time: Time) -> i64 {
    within(minute_of(Time::from_micros(time.micros().saturating_sub(1))) + 1)
}

/// The sets that hold an operation.
fn sets_with(db: &Connection, operation: NameId) -> rusqlite::Result<FxHashSet<SetId>> {
    db.prepare_cached("SELECT id FROM sets WHERE operation = ?1")?
        .query_map([operation.0], |row| row.get(0).map(SetId))?
        .collect()
}

/// Calls of one caller under one heading.
pub(super) struct Sum {
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) calls: u64,
}

impl Sum {
    pub(super) fn add(&mut self, bucket: i64, calls: u64) {
        self.first = self.first.min(bucket);
        self.last = self.last.max(bucket);
        self.calls += calls;
    }
}

fn caller_row(
    db: &Connection,
    ((caller, actor, service, operations), sum): ((u32, NameId, NameId, SetId), Sum),
) -> rusqlite::Result<CallerRow> {
    let text =
        |bytes: Vec<u8>| (!bytes.is_empty()).then(|| String::from_utf8_lossy(&bytes).into_owned());
    db.prepare_cached("SELECT address, user_agent, user FROM callers WHERE id = ?1")?.query_row(
        [caller],
        |row| {
            Ok(CallerRow {
                address: text(row.get(0)?),
                user_agent: text(row.get(1)?),
                user: text(row.get(2)?),
                actor,
                service,
                operations,
                first: time_of(sum.first),
                last: time_of(sum.last),
                calls: sum.calls,
            })
        },
    )
}

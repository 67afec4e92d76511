//! Marks and callers.

use dolmen_model::{NameId, SetId, Time};
use rusqlite::params;
use rustc_hash::FxHashMap;

use super::{LocalStore, kept};
use crate::error::StoreError;
use crate::question::CallerQuestion;
use crate::range::{Width, cover, minute_of, time_of};
use crate::stored::{CallerRow, MarkCount};

impl LocalStore {
    pub(super) fn count_marks(&self, from: Time, to: Time) -> Result<Vec<MarkCount>, StoreError> {
        let inner = self.fresh()?;
        let refused = inner.catalog.refused("count marks");
        let db = &inner.catalog.db;
        let mut counts: FxHashMap<(u32, u32), (u64, u64)> = FxHashMap::default();
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
                counts.entry(key).or_default().0 += marks;
            }
        }
        let mut statement = db
            .prepare_cached(
                "SELECT service, operation, count(*) FROM waiting
                 WHERE ifnull(time, ?3) >= ?1 AND ifnull(time, ?3) < ?2
                 GROUP BY service, operation
                 UNION ALL
                 SELECT service, operation, marks FROM mark_only WHERE ?1 = ?3",
            )
            .map_err(&refused)?;
        let range = params![from.micros(), to.micros(), i64::MIN];
        for row in statement.query_map(range, read).map_err(&refused)? {
            let (key, marks): ((u32, u32), u64) = row.map_err(&refused)?;
            counts.entry(key).or_default().1 += marks;
        }
        let mut counts: Vec<MarkCount> = counts
            .into_iter()
            .map(|((service, operation), (marks, mark_only))| MarkCount {
                service: NameId(service),
                operation: NameId(operation),
                marks,
                mark_only,
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
        let mut statement = db
            .prepare_cached(
                "SELECT address, user_agent, user, actor, service, operations,
                    min(bucket), max(bucket), sum(calls) AS all_calls
                 FROM caller_counts JOIN callers ON callers.id = caller
                 WHERE generation = (SELECT value FROM meta WHERE key = 'generation')
                    AND ((width = 1 AND bucket >= ?1) OR (width = 2 AND bucket >= ?2))
                    AND bucket < ?3 AND (?4 IS NULL OR actor = ?4)
                    AND (?5 IS NULL OR operations IN
                        (SELECT id FROM sets WHERE operation = ?5))
                 GROUP BY caller, actor, service, operations
                 ORDER BY all_calls DESC, callers.id, service, operations LIMIT ?6",
            )
            .map_err(&refused)?;
        // Beyond the years that four digits can write there is no bucket.
        let minute = |time: Time| minute_of(time).clamp(-1_036_800_000, 4_224_000_000);
        let from = minute(question.from);
        let number = |id: Option<NameId>| id.map(|NameId(number)| number);
        let text = |bytes: Vec<u8>| {
            (!bytes.is_empty()).then(|| String::from_utf8_lossy(&bytes).into_owned())
        };
        let rows = statement
            .query_map(
                params![
                    Width::Hour.floor(from),
                    Width::Day.floor(from),
                    minute(question.to).saturating_add(1),
                    number(question.actor),
                    number(question.operation),
                    i64::try_from(question.most).unwrap_or(i64::MAX)
                ],
                |row| {
                    Ok(CallerRow {
                        address: text(row.get(0)?),
                        user_agent: text(row.get(1)?),
                        user: text(row.get(2)?),
                        actor: NameId(row.get(3)?),
                        service: NameId(row.get(4)?),
                        operations: SetId(row.get(5)?),
                        first: time_of(row.get(6)?),
                        last: time_of(row.get(7)?),
                        calls: row.get::<_, i64>(8)? as u64,
                    })
                },
            )
            .and_then(Iterator::collect);
        rows.map_err(refused)
    }
}

//! Lines that no format reads.

use std::collections::BTreeMap;

use dolmen_model::Time;
use rusqlite::{Transaction, params};
use rustc_hash::FxHashMap;

use super::LocalStore;
use crate::catalog::segments::{self, SegmentRow};
use crate::catalog::{self, dictionary, files};
use crate::error::StoreError;
use crate::segment::{Columns, Kind, unreadable};
use crate::stored::{FirstUnread, UnreadRow};

const HOUR: i64 = 3_600_000_000;

/// A segment of lines that no format reads.
#[derive(Clone, Debug)]
pub struct UnreadSegment {
    row: SegmentRow,
}

impl UnreadSegment {
    /// Somebody replaced it since it was read.
    pub(super) fn is_gone(&self) -> StoreError {
        unreadable(&self.row, "it was replaced meanwhile: run this again".to_owned())
    }
}

/// Lines that no format read when they came, some of which are read now.
#[derive(Clone, Debug)]
pub struct ReadAgain {
    /// The segment that holds them.
    pub segment: UnreadSegment,
    /// All of its lines, and whether each is read now.
    pub lines: Vec<(UnreadRow, bool)>,
}

impl LocalStore {
    pub(super) fn list_unread(
        &self,
        from: Time,
        to: Time,
        most: usize,
    ) -> Result<Vec<UnreadRow>, StoreError> {
        let mut unread: Vec<UnreadRow> = Vec::new();
        for row in self.plan_unread(from, to)? {
            // Those found so far are newer than everything in what follows.
            let oldest = unread.get(most.wrapping_sub(1)).map(|row| row.seen.micros());
            if most == 0 || oldest.is_some_and(|oldest| row.to.is_some_and(|to| to < oldest)) {
                break;
            }
            self.each_unread(&row, |row| {
                if from <= row.seen && row.seen < to {
                    unread.push(row);
                }
            })?;
            unread.sort_by(|a, b| (b.seen, &b.file, b.number).cmp(&(a.seen, &a.file, a.number)));
            unread.truncate(most);
        }
        Ok(unread)
    }

    pub(super) fn list_first_unread(&self, most: usize) -> Result<FirstUnread, StoreError> {
        let order: FxHashMap<String, u64> = {
            let inner = self.inner();
            let files =
                files::all(&inner.catalog.db).map_err(inner.catalog.refused("list the files"))?;
            files.into_iter().rev().map(|file| (file.path, file.id.0)).collect()
        };
        let mut first: BTreeMap<(u64, String, u64), UnreadRow> = BTreeMap::new();
        let mut unreadable = Vec::new();
        for row in self.plan_unread(Time::MIN, Time::MAX)? {
            let read = self.each_unread(&row, |row| {
                let file = order.get(&row.file).copied().unwrap_or(u64::MAX);
                first.insert((file, row.file.clone(), row.number), row);
                if first.len() > most {
                    first.pop_last();
                }
            });
            match read {
                Ok(()) => {}
                Err(error) => unreadable.push(error.unreadable()?),
            }
        }
        Ok(FirstUnread { lines: first.into_values().collect(), unreadable })
    }

    pub(super) fn list_unread_segments(&self) -> Result<Vec<UnreadSegment>, StoreError> {
        let mut rows = self.plan_unread(Time::MIN, Time::MAX)?;
        rows.sort_by_key(|row| row.id);
        Ok(rows.into_iter().map(|row| UnreadSegment { row }).collect())
    }

    pub(super) fn read_unread(
        &self,
        segment: &UnreadSegment,
    ) -> Result<Vec<UnreadRow>, StoreError> {
        let mut lines = Vec::with_capacity(segment.row.rows as usize);
        self.each_unread(&segment.row, |row| lines.push(row))?;
        Ok(lines)
    }

    fn plan_unread(&self, from: Time, to: Time) -> Result<Vec<SegmentRow>, StoreError> {
        let inner = self.inner();
        segments::between(&inner.catalog.db, Kind::Unread, from, to)
            .map_err(inner.catalog.refused("list unread lines"))
    }

    fn each_unread(
        &self,
        row: &SegmentRow,
        mut each: impl FnMut(UnreadRow),
    ) -> Result<(), StoreError> {
        let reader = self.segment(&mut self.inner(), row)?;
        for group in 0..reader.row_groups() {
            let columns = Columns::new(reader.read_all(group)?);
            let text = |name, at| columns.text(name, at).unwrap_or_default().to_owned();
            let number = |name, at| columns.number(name, at).unwrap_or(0) as u64;
            for at in 0..columns.rows() {
                let Some(seen) = columns.time("seen", at) else { continue };
                each(UnreadRow {
                    seen: Time::from_micros(seen),
                    source: text("source", at),
                    file: text("file", at),
                    number: number("number", at),
                    column: number("column", at),
                    expected: text("expected", at),
                    line: columns.bytes("line", at).unwrap_or_default().to_vec(),
                });
            }
        }
        Ok(())
    }
}

/// Takes lines out that a commit has as what they are now, those that still nobody reads among them;
/// `false` where they are no longer where they were.
pub(super) fn take_out(
    tx: &Transaction<'_>,
    again: &ReadAgain,
    at: Time,
) -> rusqlite::Result<bool> {
    let replaced = tx.execute(
        "UPDATE segments SET replaced_at = ?2 WHERE replaced_at IS NULL AND id = ?1",
        params![again.segment.row.id.0, at.micros()],
    )?;
    if replaced == 0 {
        return Ok(false);
    }
    let mut covered: BTreeMap<(&str, i64), i64> = BTreeMap::new();
    let mut read: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for (row, is_read) in &again.lines {
        *covered.entry((&row.source, row.seen.micros().div_euclid(HOUR))).or_default() += 1;
        *read.entry((&row.source, &row.file)).or_default() += i64::from(*is_read);
    }
    for ((source, hour), lines) in covered {
        let source = dictionary::source(tx, source)?;
        tx.execute(
            "UPDATE coverage SET lines = lines - ?4 WHERE source = ?1 AND kind = ?2 AND hour = ?3",
            params![source, Kind::Unread.name(), hour, lines],
        )?;
    }
    tx.execute("DELETE FROM coverage WHERE lines <= 0", [])?;
    for ((source, file), lines) in &read {
        files::reread(tx, source, file, *lines)?;
    }
    let lines: i64 = read.values().sum();
    let detail = format!("{lines} lines that no format read before");
    catalog::audit(tx, at.micros(), "read again", &detail).map(|_| true)
}

//! Lines that no format reads.

use std::collections::BTreeMap;

use dolmen_model::Time;
use rustc_hash::FxHashMap;

use super::LocalStore;
use crate::catalog::files;
use crate::catalog::segments::{self, SegmentRow};
use crate::error::StoreError;
use crate::segment::{Columns, Kind};
use crate::stored::{FirstUnread, UnreadRow};

impl LocalStore {
    pub(super) fn list_unread(
        &self,
        from: Time,
        to: Time,
        most: usize,
    ) -> Result<Vec<UnreadRow>, StoreError> {
        let mut unread: Vec<UnreadRow> = Vec::new();
        for row in self.unread_segments(from, to)? {
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
        for row in self.unread_segments(Time::MIN, Time::MAX)? {
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

    fn unread_segments(&self, from: Time, to: Time) -> Result<Vec<SegmentRow>, StoreError> {
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

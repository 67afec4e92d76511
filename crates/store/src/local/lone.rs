use std::cmp::Reverse;

use dolmen_model::Time;
use rustc_hash::FxHashSet;

use super::LocalStore;
use super::scan::no_line;
use crate::catalog::{segments::SegmentRow, waiting};
use crate::error::StoreError;
use crate::question::LoneMarks;
use crate::rows::IdKey;
use crate::segment::{Columns, Kind, Rebuild};
use crate::stored::{LoneFound, StoredMark, mark};

impl LocalStore {
    pub(super) fn find_lone_marks(&self, question: &LoneMarks) -> Result<LoneFound, StoreError> {
        let wanted: FxHashSet<(Vec<u8>, i64)> = {
            let inner = self.fresh()?;
            waiting::latest(&inner.catalog.db, question)
                .map_err(inner.catalog.refused("list marks without a call"))?
        };
        let times = || wanted.iter().map(|(_, time)| *time);
        let (Some(first), Some(last)) = (times().min(), times().max()) else {
            return Ok(LoneFound::default());
        };
        let (from, to) = (Time::from_micros(first), Time::from_micros(last.saturating_add(1)));
        let mut found = loop {
            let plan = self.plan(Kind::Marks, from, to)?;
            let mut found = LoneFound::default();
            for row in &plan {
                if let Err(error) = self.find_wanted(row, &wanted, &mut found.marks) {
                    found.unreadable.push(error.unreadable()?);
                }
            }
            // Compacted meanwhile: what replaces it is in the catalog.
            if found.unreadable.is_empty() || self.are_named(&plan)? {
                break found;
            }
        };
        // One request may have entered others at the same instant.
        let operation = self.names.operations.name(question.operation);
        found.marks.retain(|mark| mark.operation == operation);
        found.marks.sort_by_key(|mark| Reverse(mark.time));
        found.marks.truncate(question.most);
        Ok(found)
    }

    /// Takes the marks of one segment whose id and time are wanted.
    fn find_wanted(
        &self,
        row: &SegmentRow,
        wanted: &FxHashSet<(Vec<u8>, i64)>,
        marks: &mut Vec<StoredMark>,
    ) -> Result<(), StoreError> {
        let mut rebuild = Rebuild::default();
        let reader = self.open_segment(row)?;
        for group in 0..reader.row_groups() {
            let some = ["id_form", "id_text", "id_high", "id_low", "time"];
            let columns = Columns::new(reader.read(group, &some)?);
            let is_wanted = |at: &usize| {
                let key = columns.id(*at).map(|id| IdKey::of(&id));
                let time = columns.time("time", *at);
                time.is_some_and(|time| wanted.contains(&(waiting::blob(key), time)))
            };
            let rows: Vec<usize> = (0..columns.rows()).filter(is_wanted).collect();
            if rows.is_empty() {
                continue;
            }
            let columns = Columns::new(reader.read_all(group)?);
            let first = reader.first_row(group);
            for at in rows {
                let lost = || no_line(&reader, first + at as u32);
                marks.push(mark(&columns, at, &mut rebuild).ok_or_else(lost)?);
            }
        }
        Ok(())
    }
}

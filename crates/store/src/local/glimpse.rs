//! Calls, read by few columns.

use std::sync::Arc;

use dolmen_model::Time;
use dolmen_model::query::Field;

use super::LocalStore;
use crate::error::StoreError;
use crate::glimpse::Glimpse;
use crate::question::CallQuestion;
use crate::segment::{Columns, SegmentReader};
use crate::stored::{CallRow, columns_of, columns_of_field};
use crate::unreadable::Unreadable;

/// Open segments, and those that cannot be opened.
type Opened = (Vec<Arc<SegmentReader>>, Vec<Unreadable>);

impl LocalStore {
    pub(super) fn each_glimpse(
        &self,
        question: &CallQuestion,
        fields: &[Field],
        each: &mut dyn FnMut(Glimpse<'_>),
    ) -> Result<Vec<Unreadable>, StoreError> {
        let mut columns = columns_of(&question.query);
        columns.extend(fields.iter().flat_map(|&field| columns_of_field(field)));
        columns.sort_unstable();
        columns.dedup();
        let (readers, mut unreadable) = self.open_all(question)?;
        for reader in readers {
            if let Err(error) = self.glimpse_segment(&reader, question, &columns, each) {
                unreadable.push(error.unreadable()?);
            }
        }
        Ok(unreadable)
    }

    fn glimpse_segment(
        &self,
        reader: &SegmentReader,
        question: &CallQuestion,
        columns: &[&str],
        each: &mut dyn FnMut(Glimpse<'_>),
    ) -> Result<(), StoreError> {
        let CallQuestion { from, to, query } = question;
        let amended = self.amended(reader)?;
        for group in 0..reader.row_groups() {
            let outside = |(first, last): (i64, i64)| last < from.micros() || first >= to.micros();
            if *from != Time::MIN && reader.times(group).is_some_and(outside) {
                continue;
            }
            let first = reader.first_row(group);
            let read = Columns::new(reader.read(group, columns)?);
            for row in 0..read.rows() {
                let amended = amended.get(&(first + row as u32)).copied();
                let call = CallRow { columns: &read, row, amended, names: &self.names };
                let is_in = match call.time() {
                    Some(time) => *from <= time && time < *to,
                    None => *from == Time::MIN && *to == Time::MAX,
                };
                if is_in && !call.is_hop() && call.fulfils(query) {
                    each(Glimpse(call));
                }
            }
        }
        Ok(())
    }

    /// All segments that may hold calls of a question. Once open, they stay readable for a while even
    /// when they are replaced.
    fn open_all(&self, question: &CallQuestion) -> Result<Opened, StoreError> {
        loop {
            let plan = self.plan_calls(question)?;
            let (mut readers, mut unreadable) = (Vec::new(), Vec::new());
            for row in &plan {
                match self.open_segment(row) {
                    Ok(reader) => readers.push(reader),
                    Err(error) => unreadable.push(StoreError::from(error).unreadable()?),
                }
            }
            // Compacted meanwhile: what replaces it is in the catalog.
            if unreadable.is_empty() || self.are_named(&plan)? {
                return Ok((readers, unreadable));
            }
        }
    }
}

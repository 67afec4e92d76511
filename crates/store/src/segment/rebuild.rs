//! From columns back to lines.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, BinaryArray, Int32Array, Int64Array, ListArray, RecordBatch, StringArray,
};
use arrow_schema::Schema;
use rustc_hash::FxHashMap;

use super::Kind;
use super::template::{Template, TextField, Values};
use crate::ids::IdForm;

/// The columns of a row group by name. One that was not read has no values.
#[derive(Debug)]
pub(crate) struct Columns {
    batch: RecordBatch,
}

impl Columns {
    pub(crate) fn new(batch: RecordBatch) -> Self {
        Self { batch }
    }

    /// No column and no row.
    pub(crate) fn none() -> Self {
        Self { batch: RecordBatch::new_empty(Arc::new(Schema::empty())) }
    }

    pub(crate) fn rows(&self) -> usize {
        self.batch.num_rows()
    }

    pub(crate) fn text(&self, name: &str, row: usize) -> Option<&str> {
        let column: &StringArray = self.batch.column_by_name(name)?.as_string_opt()?;
        column.is_valid(row).then(|| column.value(row))
    }

    pub(crate) fn bytes(&self, name: &str, row: usize) -> Option<&[u8]> {
        let column: &BinaryArray = self.batch.column_by_name(name)?.as_binary_opt()?;
        column.is_valid(row).then(|| column.value(row))
    }

    pub(crate) fn number(&self, name: &str, row: usize) -> Option<i64> {
        let column: &Int64Array =
            self.batch.column_by_name(name)?.as_primitive_opt::<Int64Type>()?;
        column.is_valid(row).then(|| column.value(row))
    }

    pub(crate) fn time(&self, name: &str, row: usize) -> Option<i64> {
        let column = self.batch.column_by_name(name)?;
        let column = column.as_primitive_opt::<TimestampMicrosecondType>()?;
        column.is_valid(row).then(|| column.value(row))
    }

    pub(crate) fn status(&self, row: usize) -> Option<u16> {
        let column: &Int32Array =
            self.batch.column_by_name("status")?.as_primitive_opt::<Int32Type>()?;
        column.is_valid(row).then(|| column.value(row) as u16)
    }

    /// A number that every row has.
    pub(crate) fn count(&self, name: &str, row: usize) -> u32 {
        let of = || self.batch.column_by_name(name)?.as_primitive_opt::<Int32Type>();
        of().map_or(0, |column: &Int32Array| column.value(row) as u32)
    }

    /// A flag that every row has.
    pub(crate) fn flag(&self, name: &str, row: usize) -> bool {
        let of = || Some(self.batch.column_by_name(name)?.as_boolean_opt()?.value(row));
        of().unwrap_or(false)
    }

    /// The texts of a list.
    pub(crate) fn texts(&self, name: &str, row: usize) -> Vec<String> {
        let of = || {
            let column: &ListArray = self.batch.column_by_name(name)?.as_list_opt()?;
            let items = column.value(row);
            let items: &StringArray = items.as_string_opt()?;
            Some(items.iter().flatten().map(str::to_owned).collect())
        };
        of().unwrap_or_default()
    }

    fn numbers(&self, row: usize) -> Vec<i64> {
        let of = || {
            let column: &ListArray = self.batch.column_by_name("numbers")?.as_list_opt()?;
            let items = column.value(row);
            Some(items.as_primitive_opt::<Int64Type>()?.values().to_vec())
        };
        of().unwrap_or_default()
    }

    /// The request id as the line has it.
    pub(crate) fn id(&self, row: usize) -> Option<Vec<u8>> {
        let form = match self.text("id_form", row)? {
            "text" => return self.text("id_text", row).map(|text| text.as_bytes().to_vec()),
            "hex" => IdForm::Hex,
            "upper_hex" => IdForm::UpperHex,
            "uuid" => IdForm::Uuid,
            _ => return None,
        };
        let half = |name| self.number(name, row).map(|half| u128::from(half as u64));
        Some(form.write(half("id_high")? << 64 | half("id_low")?))
    }
}

/// Rebuilds lines; keeps the templates it has read.
#[derive(Debug, Default)]
pub(crate) struct Rebuild {
    templates: FxHashMap<String, Option<Template>>,
}

impl Rebuild {
    /// The line of a row, byte for byte. `None`: the row does not fit its template, so the segment
    /// was not written as its format says.
    pub(crate) fn line(&mut self, kind: Kind, columns: &Columns, row: usize) -> Option<Vec<u8>> {
        if let Some(line) = columns.bytes("line", row) {
            return Some(line.to_vec());
        }
        let text = columns.text("template", row)?;
        if !self.templates.contains_key(text) {
            self.templates.insert(text.to_owned(), Template::parse(text));
        }
        let template = self.templates.get(text)?.as_ref()?;
        let id = columns.id(row).unwrap_or_default();
        let mut values = Values {
            id: &id,
            time: columns.time("time", row),
            status: columns.status(row),
            bytes: columns.number("bytes", row).map(|bytes| bytes as u64),
            duration: columns.number("duration", row).map(|duration| duration as u64),
            texts: [b""; TextField::COUNT],
        };
        for &field in kind.texts() {
            values.set(field, columns.text(field.name(), row).unwrap_or_default().as_bytes());
        }
        let mut line = Vec::with_capacity(256);
        template.fill(&values, &columns.numbers(row), &mut line)?;
        Some(line)
    }
}

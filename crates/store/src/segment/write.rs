//! Columns into one Parquet file.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowWriterOptions, compute_leaves};

use super::Kind;
use super::chunk::Zstd;
use super::coded::Coded;
use super::digits::{CUT, cut_column};
use super::encodings::{ROW_GROUP, properties};
use super::flags;
use super::loose::Loose;
use super::numbers::{self, Numbers};
use super::ticks::Tick;
use crate::error::StoreError;

/// One column of a segment, all its rows.
#[derive(Debug)]
pub(super) enum Column {
    /// Few values.
    Coded(Coded),
    /// 64-bit numbers of which most differ.
    Numbers(Numbers),
    /// Texts of which most differ.
    Loose(Loose),
    /// Flags, one a row.
    Flags(Vec<bool>),
    /// Anything else.
    Array(ArrayRef),
}

/// The file that holds these columns, which are those of the kind's schema, in its order.
pub(super) fn write(
    kind: Kind,
    tick: Tick,
    columns: &[Column],
    rows: usize,
) -> Result<Vec<u8>, StoreError> {
    write_columns(kind, tick, columns, rows)
        .map_err(|error| StoreError::Encode { rows, reason: error.to_string() })
}

/// The same for columns that were read from segments.
pub(super) fn write_batch(kind: Kind, batch: &RecordBatch) -> Result<Vec<u8>, StoreError> {
    let times = batch.column_by_name(kind.time_column());
    let times = times.and_then(|times| times.as_primitive_opt::<TimestampMicrosecondType>());
    let tick = Tick::of(times.into_iter().flatten());
    let mut columns = Vec::with_capacity(batch.num_columns() + 1);
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        match (field.name().as_str(), times, column.as_string_opt::<i32>()) {
            (name, Some(times), _) if name == kind.time_column() => {
                columns.push(Column::Numbers(tick.numbers(times.iter().collect())));
            }
            (name, ..) if let Some(numbers) = column.as_primitive_opt::<Int64Type>() => {
                columns.push(match name {
                    "id_high" | "id_low" => numbers::half(numbers.iter().collect()),
                    _ => numbers::judged(numbers.iter().collect()),
                });
            }
            (CUT, _, Some(targets)) => {
                let (shapes, digits) = cut_column(targets);
                columns.extend([Column::Array(shapes), Column::Array(digits)]);
            }
            _ => columns.push(Column::Array(Arc::clone(column))),
        }
    }
    write(kind, tick, &columns, batch.num_rows())
}

fn write_columns(
    kind: Kind,
    tick: Tick,
    columns: &[Column],
    rows: usize,
) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let schema = kind.file_schema(tick);
    let arrays: Vec<Option<&dyn Array>> = columns
        .iter()
        .map(|column| match column {
            Column::Array(array) => Some(&**array),
            _ => None,
        })
        .collect();
    let options = ArrowWriterOptions::new()
        .with_properties(properties(kind, &schema, &arrays, rows)?)
        // Any reader finds the types in the Parquet schema; ours makes them from the kind.
        .with_skip_arrow_metadata(true);
    let writer = ArrowWriter::try_new_with_options(Vec::new(), schema.clone(), options)?;
    let (mut file, factory) = writer.into_serialized_writer()?;
    let leaves = file.schema_descr().columns().to_vec();
    if (leaves.len(), columns.len()) != (schema.fields().len(), schema.fields().len()) {
        return Err("its columns are not those of its kind".into());
    }
    let mut zstd = Zstd::new()?;
    for (number, from) in (0..rows).step_by(ROW_GROUP).enumerate() {
        let len = ROW_GROUP.min(rows - from);
        // Each has buffers of its own: they are made where one is needed.
        let mut writers = match arrays.iter().any(Option::is_some) {
            true => factory.create_column_writers(number)?,
            false => Vec::new(),
        };
        // The last one first.
        writers.reverse();
        let mut group = file.next_row_group()?;
        // Lists have one leaf too, so columns, fields, leaves and writers go together.
        for ((column, field), leaf) in columns.iter().zip(schema.fields()).zip(&leaves) {
            let writer = writers.pop();
            let chunk = match column {
                Column::Coded(coded) => coded.chunk(leaf, from, len),
                Column::Numbers(numbers) => numbers.chunk(leaf, from, len)?,
                Column::Loose(texts) => texts.chunk(leaf, from, len),
                Column::Flags(flags) => flags::chunk(flags, from, len),
                Column::Array(array) => {
                    let mut writer = writer.ok_or("a column has no writer")?;
                    for leaf in compute_leaves(field, &array.slice(from, len))? {
                        writer.write(&leaf)?;
                    }
                    writer.close()?.append_to_row_group(&mut group)?;
                    continue;
                }
            };
            chunk.append(&mut group, leaf, len, &mut zstd)?;
        }
        group.close()?;
    }
    let mut bytes = file.into_inner()?;
    // It waits to be committed, beside others.
    bytes.shrink_to_fit();
    Ok(bytes)
}

//! Calls as other programs read them.

use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::builder::{
    BinaryBuilder, Int32Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::error::StoreError;
use crate::question::CallQuestion;
use crate::segment::joined_word;
use crate::store::{Store, readable};
use crate::stored::StoredCall;
use crate::unreadable::Unreadable;

/// What calls are written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// One JSON object a line, keys as in [`StoredCall`].
    Ndjson,
    /// RFC 4180 with a header; operations are separated by `; `.
    Csv,
    /// Parquet, one row group for each 60,000 calls.
    Parquet,
}

/// Why an export failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The calls could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The destination could not be written.
    #[error("failed to write the export")]
    Write(#[from] io::Error),
    /// The rows could not be written in this format.
    #[error("failed to encode the export: {0}")]
    Encode(String),
}

/// What an export holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// How many calls were written.
    pub calls: u64,
    /// Segments that cannot be read: their calls are not in it.
    pub unreadable: Vec<Unreadable>,
}

/// Writes the calls that fulfil a question, newest first.
pub fn export(
    store: &dyn Store,
    question: &CallQuestion,
    format: ExportFormat,
    out: &mut (dyn Write + Send),
) -> Result<Exported, ExportError> {
    let mut unreadable = Vec::new();
    let calls = readable(store.calls(question)?, &mut unreadable);
    let calls = match format {
        ExportFormat::Ndjson => ndjson(calls, out),
        ExportFormat::Csv => csv(calls, out),
        ExportFormat::Parquet => parquet(calls, out),
    }?;
    Ok(Exported { calls, unreadable })
}

/// A call, or why there are no more.
type ReadCall = Result<StoredCall, StoreError>;

fn ndjson(calls: impl Iterator<Item = ReadCall>, out: &mut dyn Write) -> Result<u64, ExportError> {
    let mut count = 0;
    for call in calls {
        serde_json::to_writer(&mut *out, &call?).map_err(io::Error::from)?;
        out.write_all(b"\n")?;
        count += 1;
    }
    out.flush()?;
    Ok(count)
}

/// The columns of CSV and Parquet.
const COLUMNS: [&str; 20] = [
    "time",
    "source",
    "service",
    "actor",
    "endpoint",
    "operations",
    "joined",
    "role",
    "address",
    "user",
    "method",
    "target",
    "host",
    "status",
    "bytes",
    "duration",
    "referer",
    "user_agent",
    "request_id",
    "line",
];

fn csv(calls: impl Iterator<Item = ReadCall>, out: &mut dyn Write) -> Result<u64, ExportError> {
    let mut writer = csv::Writer::from_writer(out);
    let encode = |error: csv::Error| ExportError::Encode(error.to_string());
    writer.write_record(COLUMNS).map_err(encode)?;
    let mut count = 0;
    for call in calls {
        let call = call?;
        let text = |text: &Option<String>| text.clone().unwrap_or_default().into_bytes();
        let number = |number: Option<u64>| {
            number.map(|number| number.to_string()).unwrap_or_default().into_bytes()
        };
        let time = call.time.map(|time| time.to_string()).unwrap_or_default();
        writer
            .write_record([
                time.into_bytes(),
                call.source.clone().into_bytes(),
                text(&call.service),
                text(&call.actor),
                text(&call.endpoint),
                call.operations.join("; ").into_bytes(),
                joined_word(call.joined).as_bytes().to_vec(),
                call.role.word().as_bytes().to_vec(),
                text(&call.address),
                text(&call.user),
                text(&call.method),
                text(&call.target),
                text(&call.host),
                number(call.status.map(u64::from)),
                number(call.bytes),
                number(call.duration),
                text(&call.referer),
                text(&call.user_agent),
                text(&call.request_id),
                call.line.clone(),
            ])
            .map_err(encode)?;
        count += 1;
    }
    writer.flush()?;
    Ok(count)
}

/// Calls of a row group.
const GROUP: usize = 60_000;

fn parquet(
    calls: impl Iterator<Item = ReadCall>,
    out: &mut (dyn Write + Send),
) -> Result<u64, ExportError> {
    let encode = |error: &dyn std::fmt::Display| ExportError::Encode(error.to_string());
    let level = ZstdLevel::try_new(1).map_err(|error| encode(&error))?;
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
    let schema = schema();
    let mut writer = ArrowWriter::try_new(out, Arc::clone(&schema), Some(properties))
        .map_err(|error| encode(&error))?;
    let mut rows: Vec<StoredCall> = Vec::new();
    let mut count = 0;
    let mut flush = |rows: &mut Vec<StoredCall>| {
        let batch = batch(&schema, rows).map_err(|error| encode(&error))?;
        rows.clear();
        writer.write(&batch).map_err(|error| encode(&error))?;
        writer.flush().map_err(|error| encode(&error))
    };
    for call in calls {
        rows.push(call?);
        count += 1;
        if rows.len() == GROUP {
            flush(&mut rows)?;
        }
    }
    if !rows.is_empty() {
        flush(&mut rows)?;
    }
    writer.close().map_err(|error| encode(&error))?;
    Ok(count)
}

fn schema() -> Arc<Schema> {
    let field = |name: &&str| {
        let kind = match *name {
            "time" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            "status" => DataType::Int32,
            "bytes" | "duration" => DataType::Int64,
            "line" => DataType::Binary,
            _ => DataType::Utf8,
        };
        Field::new(*name, kind, true)
    };
    Arc::new(Schema::new(COLUMNS.iter().map(field).collect::<Vec<_>>()))
}

fn batch(
    schema: &Arc<Schema>,
    rows: &[StoredCall],
) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let text = |of: &dyn Fn(&StoredCall) -> Option<String>| -> ArrayRef {
        let mut column = StringBuilder::new();
        rows.iter().for_each(|row| column.append_option(of(row)));
        Arc::new(column.finish())
    };
    let number = |of: fn(&StoredCall) -> Option<u64>| -> ArrayRef {
        let mut column = Int64Builder::new();
        rows.iter().for_each(|row| column.append_option(of(row).map(|number| number as i64)));
        Arc::new(column.finish())
    };
    let mut times = TimestampMicrosecondBuilder::new();
    let mut statuses = Int32Builder::new();
    let mut lines = BinaryBuilder::new();
    for row in rows {
        times.append_option(row.time.map(|time| time.micros()));
        statuses.append_option(row.status.map(i32::from));
        lines.append_value(&row.line);
    }
    RecordBatch::try_new(
        Arc::clone(schema),
        vec![
            Arc::new(times.finish().with_timezone("UTC")),
            text(&|row| Some(row.source.clone())),
            text(&|row| row.service.clone()),
            text(&|row| row.actor.clone()),
            text(&|row| row.endpoint.clone()),
            text(&|row| Some(row.operations.join("; "))),
            text(&|row| Some(joined_word(row.joined).to_owned())),
            text(&|row| Some(row.role.word().to_owned())),
            text(&|row| row.address.clone()),
            text(&|row| row.user.clone()),
            text(&|row| row.method.clone()),
            text(&|row| row.target.clone()),
            text(&|row| row.host.clone()),
            Arc::new(statuses.finish()),
            number(|row| row.bytes),
            number(|row| row.duration),
            text(&|row| row.referer.clone()),
            text(&|row| row.user_agent.clone()),
            text(&|row| row.request_id.clone()),
            Arc::new(lines.finish()),
        ],
    )
}

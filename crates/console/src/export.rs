//! Tables as files.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::Problem;

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// One JSON document.
    #[default]
    Json,
    /// RFC 4180, with a header.
    Csv,
    /// One JSON object a line.
    Ndjson,
}

impl Format {
    const fn kind(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    const fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }

    /// The headers of a file to be saved.
    pub(crate) fn headers(self, name: &str) -> [(header::HeaderName, String); 2] {
        let file = format!("attachment; filename=\"dolmen-{name}.{}\"", self.extension());
        [(header::CONTENT_TYPE, self.kind().to_owned()), (header::CONTENT_DISPOSITION, file)]
    }

    /// Rows as a file.
    pub(crate) fn file<R: Row>(self, name: &str, rows: &[R]) -> Result<Response, Problem> {
        let mut bytes = self.head::<R>();
        for row in rows {
            self.write(row, &mut bytes)?;
        }
        Ok((self.headers(name), bytes).into_response())
    }

    /// What stands before the first row.
    pub(crate) fn head<R: Row>(self) -> Vec<u8> {
        let mut head = Vec::new();
        if self == Self::Csv {
            record(R::COLUMNS, &mut head);
        }
        head
    }

    /// One row.
    pub(crate) fn write<R: Row>(self, row: &R, out: &mut Vec<u8>) -> Result<(), Problem> {
        let failed = |error: serde_json::Error| Problem::internal(error.to_string());
        match self {
            Self::Csv => {
                let row = serde_json::to_value(row).map_err(failed)?;
                record(R::COLUMNS.iter().map(|&column| cell(&row[column])), out);
            }
            Self::Json | Self::Ndjson => {
                serde_json::to_writer(&mut *out, row).map_err(failed)?;
                out.push(b'\n');
            }
        }
        Ok(())
    }
}

/// A row of a table that can be exported.
pub(crate) trait Row: Serialize {
    /// Its keys, in the order of columns.
    const COLUMNS: &'static [&'static str];
}

fn record(cells: impl IntoIterator<Item: AsRef<[u8]>>, out: &mut Vec<u8>) {
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut *out);
    // Nothing can fail in memory.
    _ = writer.write_record(cells);
    _ = writer.flush();
}

fn cell(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join("; "),
        other => other.to_string(),
    }
}

//! One table of a report as CSV (RFC 4180): a header, lines that end in CR LF, quotes where they
//! are needed. A name that nobody could give is an empty field.

use std::io::{self, Write};

use csv::{Terminator, Writer, WriterBuilder};
use dolmen_cubes::Report;

/// The tables that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum CsvTable {
    /// operation, service, calls, p50, p95
    Operations,
    /// actor, calls
    Actors,
    /// service, calls
    Services,
    /// service, method, endpoint, calls, p95
    Endpoints,
    /// address, user_agent, calls, operations
    UnknownCallers,
    /// operation, service, marks
    MarkOnly,
    /// file, line, column, expected, text
    Unparsed,
    /// path, format, lines, unparsed, error
    Files,
}

/// Writes one table, all of its rows.
pub(crate) fn write(report: &Report, table: CsvTable, out: &mut dyn Write) -> io::Result<()> {
    let mut csv =
        WriterBuilder::new().terminator(Terminator::CRLF).has_headers(false).from_writer(out);
    match table {
        CsvTable::Operations => {
            csv.write_record(["operation", "service", "calls", "p50", "p95"])?;
            serialize(&mut csv, &report.operations)?;
        }
        CsvTable::Actors => {
            csv.write_record(["actor", "calls"])?;
            serialize(&mut csv, &report.actors)?;
        }
        CsvTable::Services => {
            csv.write_record(["service", "calls"])?;
            serialize(&mut csv, &report.services)?;
        }
        CsvTable::Endpoints => {
            csv.write_record(["service", "method", "endpoint", "calls", "p95"])?;
            serialize(&mut csv, &report.endpoints)?;
        }
        CsvTable::UnknownCallers => {
            csv.write_record(["address", "user_agent", "calls", "operations"])?;
            for row in &report.unknown_callers {
                csv.write_record([
                    row.address.as_deref().unwrap_or_default(),
                    row.user_agent.as_deref().unwrap_or_default(),
                    &row.calls.to_string(),
                    &row.operations.join("; "),
                ])?;
            }
        }
        CsvTable::MarkOnly => {
            csv.write_record(["operation", "service", "marks"])?;
            serialize(&mut csv, &report.mark_only_operations)?;
        }
        CsvTable::Unparsed => {
            csv.write_record(["file", "line", "column", "expected", "text"])?;
            serialize(&mut csv, &report.unparsed_lines)?;
        }
        CsvTable::Files => {
            csv.write_record(["path", "format", "lines", "unparsed", "error"])?;
            serialize(&mut csv, &report.files)?;
        }
    }
    csv.flush()
}

/// Rows whose fields are in the order of the header.
fn serialize<T: serde::Serialize>(csv: &mut Writer<&mut dyn Write>, rows: &[T]) -> csv::Result<()> {
    rows.iter().try_for_each(|row| csv.serialize(row))
}

//! Verdicts as a table for spreadsheets (RFC 4180).

use super::{OperationVerdict, Verdicts};

const COLUMNS: [&str; 13] = [
    "operation",
    "service",
    "state",
    "is_safe",
    "safe_on",
    "last_call",
    "calls",
    "callers",
    "p_any",
    "retired",
    "moved_to",
    "as_of",
    "reasons",
];

/// One row an operation, with a header.
pub fn csv(verdicts: &Verdicts) -> Vec<u8> {
    let mut out = Vec::new();
    {
        let mut writer =
            csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut out);
        // Nothing can fail in memory.
        _ = writer.write_record(COLUMNS);
        for operation in &verdicts.operations {
            _ = writer.write_record(row(operation, verdicts));
        }
        _ = writer.flush();
    }
    out
}

fn row(operation: &OperationVerdict, verdicts: &Verdicts) -> [String; 13] {
    let time = |time: Option<dolmen_model::Time>| time.map(|t| t.to_string()).unwrap_or_default();
    [
        operation.operation.clone(),
        operation.service.clone().unwrap_or_default(),
        operation.state.clone(),
        operation.is_safe.to_string(),
        time(operation.safe_on),
        time(operation.last_call),
        operation.calls.to_string(),
        operation.callers.len().to_string(),
        format!("{:.6}", operation.p_any),
        time(operation.retired),
        operation.moved_to.clone().unwrap_or_default(),
        verdicts.at.to_string(),
        operation.reasons.join("; "),
    ]
}

//! What the targets share.

use dolmen_logs::{Format, Line, Unread};

/// Reads every line, and checks what a reader promises of any input: fields that fit the line's
/// size, and a column inside the line (or right behind it) where it gives up.
pub fn read_all(format: &Format, lines: &[u8]) {
    let mut reader = format.reader();
    for line in lines.split(|&b| b == b'\n') {
        match reader.read(line) {
            Ok(Line::Call(call)) => {
                assert!(call.target.len() <= line.len(), "a target longer than its line");
                let _ = (call.path(), call.query());
            }
            Ok(Line::Mark(mark)) => assert!(!mark.operation.is_empty(), "a mark of nothing"),
            Ok(Line::Nothing) => {}
            Err(Unread { column, .. }) => {
                assert!((1..=line.len() + 1).contains(&column), "column {column} of {line:?}");
            }
        }
    }
}

/// The first line, and what follows it.
pub fn first_line(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|&b| b == b'\n') {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, b""),
    }
}

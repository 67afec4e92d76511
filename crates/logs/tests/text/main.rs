//! Apache's and nginx's formats and regular expressions, line by line, through the public API
//! alone.

#![cfg(test)]

mod apache;
mod configuration;
mod errors;
mod nginx;
mod pattern;
mod pitfalls;
mod request_ids;
mod round_trip;

use dolmen_logs::{Call, Fields, Format, Line, Unread};

fn format(text: &str) -> Format {
    Format::calls(text, &Fields::new()).unwrap_or_else(|error| panic!("{error}"))
}

/// Reads a line that must be a call.
#[track_caller]
fn with_call(format: &Format, line: impl AsRef<[u8]>, check: impl FnOnce(&Call<'_>)) {
    let line = line.as_ref();
    match format.reader().read(line) {
        Ok(Line::Call(call)) => check(&call),
        Ok(other) => panic!("{}\n{other:?}", line.escape_ascii()),
        Err(unread) => panic!("{}\n{:>2$} {unread}", line.escape_ascii(), "^", unread.column),
    }
}

/// Reads a line that must not be read.
#[track_caller]
fn unread(format: &Format, line: impl AsRef<[u8]>) -> Unread {
    let line = line.as_ref();
    match format.reader().read(line) {
        Err(unread) => unread,
        Ok(read) => panic!("{}\n{read:?}", line.escape_ascii()),
    }
}

/// A text of a call, for people to read.
fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

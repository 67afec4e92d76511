//! The formats of proxies and load balancers, line by line, through the public API alone.

#![cfg(test)]

mod alb;
mod envoy;
mod haproxy;
mod hostile;
mod syslog;
mod traefik;
mod w3c;

use dolmen_logs::{Call, Fields, Format, Line, Unread};

fn format(text: &str) -> Format {
    Format::calls(text, &Fields::new()).unwrap_or_else(|error| panic!("{error}"))
}

fn fields(pairs: &[(&str, &str)]) -> Fields {
    pairs.iter().map(|&(name, place)| (name.to_owned(), place.to_owned())).collect()
}

/// Reads a line that must be a call.
#[track_caller]
fn with_call(format: &Format, line: &str, check: impl FnOnce(&Call<'_>)) {
    match format.reader().read(line.as_bytes()) {
        Ok(Line::Call(call)) => check(&call),
        Ok(other) => panic!("{line}\n{other:?}"),
        Err(unread) => panic!("{line}\n{:>1$} {unread}", "^", unread.column),
    }
}

/// Reads a line that must not be read.
#[track_caller]
fn unread(format: &Format, line: &str) -> Unread {
    match format.reader().read(line.as_bytes()) {
        Err(unread) => unread,
        Ok(read) => panic!("{line}\n{read:?}"),
    }
}

/// A text of a call, for people to read.
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the test's own text")
}

//! `dolmen serve`, through its socket: what the API says is what `report` says, lines arrive while
//! they are written, and somebody is told.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "in a test a panic is the report"
)]

mod api;
mod arrive;
mod live;
mod server;

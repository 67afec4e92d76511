//! `dolmen serve`, through its socket: what the API says is what `report` says, lines arrive while
//! they are written, and somebody is told.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "in a test a panic is the report"
)]

#[path = "../common/own.rs"]
mod own;

mod advice;
mod api;
mod arrive;
mod clock;
mod ends;
mod handover;
mod killed;
mod limits;
mod live;
mod memory;
mod naming;
mod notify;
mod reload;
mod rotation;
mod senders;
mod server;
mod shippers;
mod tls;
mod told;
mod troubles;

//! The bus's promises in numbers, on a real RabbitMQ: workers and brokers that are killed,
//! connections that are cut, waits that are never early.
//!
//! Each test prints one row. By themselves they are short; `cargo xtask prove bus` has them long.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests: a panic is the report, and a row is the proof"
)]

mod apart;
mod crashed;
mod cut;
mod killed;
mod late;
mod rig;
mod steady;
mod stuck;

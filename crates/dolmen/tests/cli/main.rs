//! The command line, tested through the program: what a person types, and what comes back.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how a test reports, also in its helpers"
)]

mod advice;
mod config;
mod config_faults;
mod follow;
mod full_disk;
mod import;
mod install;
mod killed;
mod papers;
mod proxy;
mod report;
mod report_inputs;
mod store;
mod templates;
mod usage;
mod util;
mod world;

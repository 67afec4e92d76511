//! `dolmen bus`, through the program, on both transports: what a person or a script types, and
//! what comes back.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports, also in its helpers")]

#[path = "../cli/util.rs"]
#[allow(dead_code, reason = "each test binary uses its part of it")]
mod util;

mod decide;
mod handlers;
mod journal;
mod place;
mod publish;
mod refuse;
mod setup;
mod tutorial;
mod work;

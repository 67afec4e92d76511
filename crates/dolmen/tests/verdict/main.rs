//! `dolmen verdict`, through the program.

#![expect(clippy::unwrap_used, reason = "a panic is how a test reports, also in its helpers")]

mod bank;
mod corpus;
mod former;
mod kept;
mod lost;
mod marks;
mod monobanque;
mod place;
mod simulated;
#[path = "../../../verdict/tests/simulator/mod.rs"]
mod simulator;
mod words;
mod zones;

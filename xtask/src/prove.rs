//! `cargo xtask prove`: proofs that take too long for every day, by name. Each gets a module
//! beside this one and a line here.

mod bus;
mod fuzz;
mod judge;
mod serve;
mod store;

use crate::chores::Chore;

/// The list that `cargo xtask prove` prints.
pub(crate) const CHORES: &[Chore] = &[
    Chore {
        name: "bus",
        arguments: "[NAME]",
        about: "workers and brokers killed, connections cut: nothing is lost or early on RabbitMQ",
        run: bus::prove,
    },
    Chore {
        name: "fuzz",
        arguments: "[TARGET] [--seconds N]",
        about: "every parser on input that was made up to break it",
        run: fuzz::prove,
    },
    Chore {
        name: "judge",
        arguments: "[OPERATIONS] [SEED...]",
        about: "how well made-up callers and routes are known, and how seldom safe is said too early",
        run: judge::prove,
    },
    Chore {
        name: "serve",
        arguments: "[--kills N] [--program FILE]",
        about: "a server that is killed again and again loses nothing it acknowledged, and counts it once",
        run: serve::prove,
    },
    Chore {
        name: "store",
        arguments: "[--kills N] [--program FILE]",
        about: "an import that is killed again and again ends as an undisturbed one",
        run: store::prove,
    },
];

//! `cargo xtask prove`: proofs that take too long for every day, by name. Each gets a module
//! beside this one and a line here.

mod fuzz;
mod store;

use crate::chores::Chore;

/// The list that `cargo xtask prove` prints.
pub(crate) const CHORES: &[Chore] = &[
    Chore {
        name: "fuzz",
        arguments: "[TARGET] [--seconds N]",
        about: "every parser on input that was made up to break it",
        run: fuzz::prove,
    },
    Chore {
        name: "store",
        arguments: "[--kills N]",
        about: "an import that is killed again and again ends as an undisturbed one",
        run: store::prove,
    },
];

//! `cargo xtask prove`: proofs that take too long for every day, by name. Each gets a module
//! beside this one and a line here.

use crate::chores::Chore;

/// The list that `cargo xtask prove` prints.
pub(crate) const CHORES: &[Chore] = &[];

//! `cargo xtask bench`: what is measured, by name.

use crate::chores::Chore;

/// The list that `cargo xtask bench` prints.
pub(crate) const CHORES: [Chore; 0] = [];

//! The stories that `dolmen demo` plays: worlds small enough to understand, told through the logs
//! they leave behind.
//!
//! A story writes files and nothing else; it reads no clock and no randomness but its own
//! [`Dice`](dice::Dice), so the same story is the same bytes on every machine.

mod dice;
pub(crate) mod monobanque;

//! The stories that `dolmen demo` plays: worlds small enough to understand, told through the logs
//! they leave behind.
//!
//! A story writes files and nothing else. The bank reads no clock and no randomness but its own
//! [`Dice`](dice::Dice), so it is the same bytes on every machine; the association's buses go by a
//! clock that is moved by hand.

pub(crate) mod agoram;
mod dice;
pub(crate) mod monobanque;

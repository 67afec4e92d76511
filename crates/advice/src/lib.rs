//! What a store says to whoever must decide.
//!
//! - Who are the callers that no rule names, and which rule would name them? ([`candidates()`])
//! - Which operation should leave the monolith first, and why? ([`first()`])
//! - What did a move change, actor by actor: has any function been lost? ([`moved()`])
//! - What of a hand-made map is true, and what does it lack? ([`map`])
//!
//! The command line and the console ask the same questions, so the answers are here, as data: who
//! prints or serves them adds nothing. Nothing is decided here either; each answer comes with what
//! it was concluded from.

pub mod candidates;
pub mod first;
pub mod map;
pub mod moved;
mod rhythm;

pub use candidates::{Candidate, Candidates, candidates};
pub use first::{FirstRow, first};
pub use moved::{Moved, moved};

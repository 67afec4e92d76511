//! Calls and marks joined by request id, in bounded memory.
//!
//! The join is exact: its result is a function of the lines alone, not of their order, of how the
//! input is cut into blocks, or of the number of threads. Each entry (a call or a mark, reduced to
//! a few numbers) goes to the partition that its id's hash names; when everything was read,
//! each partition is small enough to be grouped by id in memory, and each group is [`resolve`]d on
//! its own. Entries beyond the memory allowed wait in a [`Spill`] that the caller hands in.
//!
//! Rejected: joining within blocks of event time and carrying leftovers. It writes less, but a
//! second mark, a second hop or a second call with the same id may stand in any other block, so
//! every joined call has to be remembered anyway; then one path that is exact by construction
//! beats two that must agree.
//!
//! Invariant: no file, no socket, no clock. Time is in the entries.

mod code;
mod entry;
mod group;
mod partitions;
mod resolve;

pub use code::{Fact, MOST_NUMBERS};
pub use entry::{CallEntry, JoinKey, MarkEntry, Place};
pub use group::{Answer, Joiner, MOST_LINES};
pub use partitions::{Buffers, Partitions, Spill};
pub use resolve::{Chains, Resolved, resolve};

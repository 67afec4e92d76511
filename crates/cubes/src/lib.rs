//! Counts by time, service, set of operations, actor, endpoint and outcome.
//!
//! Everything here only adds, so the counts of parts (blocks, workers, days) merge into the counts
//! of the whole, in any order.
//!
//! Invariant: no file, no socket, no clock.

mod callers;
mod cube;
mod histogram;
mod report;
mod sums;
mod tables;

pub use callers::{CachedCallers, CallerCount, CallerName, CallerTable, Callers};
pub use cube::{Cell, Cube, Key, Place};
pub use histogram::Histogram;
pub use report::{
    ActorRow, CallerRow, EndpointRow, FileRow, MarkOnlyRow, OperationRow, Report, ServiceRow,
    UnparsedLine, UnreadableRow,
};
pub use sums::{Sums, members};

//! Counts by time, service, set of operations, actor, endpoint and outcome: additive, mergeable.

mod report;

pub use report::{
    ActorRow, CallerRow, EndpointRow, FileRow, MarkOnlyRow, OperationRow, Report, ServiceRow,
    UnparsedLine,
};

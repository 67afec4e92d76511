//! A log line becomes a [`Call`] or a [`Mark`].
//!
//! A format is compiled once into a flat program ([`Format`]) and run over bytes by a [`Reader`],
//! one a worker: no regular expression on the hot path, no allocation a line. What no format reads
//! comes back as [`Unread`] with the column where reading stopped; the caller keeps the line.

mod alb;
mod apache;
mod detect;
mod envoy;
mod escape;
mod format;
mod format_error;
mod haproxy;
mod json;
mod nginx;
mod nickname;
mod paste;
mod pattern;
mod program;
mod reader;
mod request_id;
mod search;
mod syslog;
mod time;
mod traefik;
mod values;
mod w3c;

pub use detect::{Tried, Undetected};
pub use dolmen_model::{Call, Delivery, Mark, RequestId};
pub use format::{Fields, Format};
pub use format_error::FormatError;
pub use json::Envelope;
pub use program::{Edge, Redirect, Whose};
pub use reader::{Line, Reader, Unread};
pub use request_id::{RequestIdKind, TraceParent};
pub use time::{Date, Moment};
pub use values::{FieldName, Value};

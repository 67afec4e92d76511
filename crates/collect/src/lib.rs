//! Sources, and the pipeline that carries their lines to a report or a store.
//!
//! ```text
//! files, standard input -> read (blocks of whole lines) -> logs -> attribution -> an end
//! ```
//!
//! Workers take blocks of whole lines; each line becomes a call or a mark, is attributed, and is
//! handed to the worker's end. The end of a report joins by request id and counts in memory.

mod error;
mod import;
mod learn;
mod listen;
mod progress;
mod read;
mod rederive;
mod report;
mod reread;
mod source;
mod spill;
mod spool;
mod stored;

pub use error::CollectError;
pub use import::{FileStatus, ImportRequest, Imported, ImportedFile, LastLine, import};
pub use learn::{Learned, learn};
pub use listen::{
    Complain, Limits, Listener, LongLines, Open, Refused, Tls, TlsError, TlsFiles, Traffic,
    serve_http, serve_tcp,
};
pub use progress::Progress;
pub use rederive::{Rederived, RulesVersion, rederive};
pub use report::{ReportRequest, Window, report};
pub use reread::{Reread, reread};
pub use source::{FormatChoice, Holds, Input, Origin, Source};
pub use spool::{Batch, Spool, SpoolError};
pub use stored::report_stored;

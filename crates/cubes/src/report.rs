use std::sync::Arc;

use dolmen_model::Time;
use serde::{Serialize, Serializer};

/// What these logs, or this store, show: the answer of `dolmen report`.
///
/// Rows are sorted by count, largest first, then by name, so the same input gives the same bytes.
/// A name that nobody could give is `None` (`null` in JSON). `calls` = `joined` + `call_only`;
/// a call that entered two operations counts under both in `operations` and once everywhere else.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Calls: a request that two sources of one chain logged counts once.
    pub calls: u64,
    /// Marks read.
    pub marks: u64,
    /// Calls with at least one mark.
    pub joined: u64,
    /// Calls without a mark, those without an id included.
    pub call_only: u64,
    /// Marks without a call: somebody entered the operation without passing the proxy.
    pub mark_only: u64,
    /// Calls whose format has a place for a request id and which have none: they bypassed the
    /// proxy that makes ids. Counted in `call_only` too.
    pub no_id: u64,
    /// Lines that no format reads.
    pub unparsed: u64,
    /// Calls that a source behind another logged and the source in front of it did not.
    pub bypassed: u64,
    /// Request ids that more than one call carries, outside a chain.
    pub repeated_ids: u64,
    /// Request ids that so many lines carry (more than 10,000) that none of them was joined by it;
    /// of all lines read, whatever was asked about.
    pub overused_ids: u64,
    /// Calls whose rules claimed another operation than their marks say.
    pub disagreements: u64,
    /// The first call or mark.
    pub from: Option<Time>,
    /// The last call or mark.
    pub to: Option<Time>,
    /// Operation x service; `None` for calls that entered none.
    pub operations: Vec<OperationRow>,
    /// Actors.
    pub actors: Vec<ActorRow>,
    /// Services.
    pub services: Vec<ServiceRow>,
    /// Endpoints.
    pub endpoints: Vec<EndpointRow>,
    /// Callers of the actor nobody could name.
    pub unknown_callers: Vec<CallerRow>,
    /// Operations entered by marks without a call.
    pub mark_only_operations: Vec<MarkOnlyRow>,
    /// The first lines that no format reads, in the order of files and lines; `unparsed` counts
    /// them all.
    pub unparsed_lines: Vec<UnparsedLine>,
    /// What was read.
    pub files: Vec<FileRow>,
    /// What of a store cannot be read, and so is not in this report.
    pub unreadable: Vec<UnreadableRow>,
}

/// Calls of one operation on one service.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OperationRow {
    /// The operation.
    pub operation: Option<String>,
    /// The service that answered.
    pub service: Option<String>,
    /// How many calls entered it.
    pub calls: u64,
    /// Median duration in microseconds, within 4 %; `None` where the log has no durations.
    pub p50: Option<u64>,
    /// 95th percentile of durations in microseconds, within 4 %.
    pub p95: Option<u64>,
}

/// Calls of one actor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ActorRow {
    /// The actor; `None` until a rule names it.
    pub actor: Option<String>,
    /// How many calls it made.
    pub calls: u64,
}

/// Calls that one service answered.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServiceRow {
    /// The service.
    pub service: Option<String>,
    /// How many calls it answered.
    pub calls: u64,
}

/// Calls on one endpoint of one service.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EndpointRow {
    /// The service that answered.
    pub service: Option<String>,
    /// The method.
    pub method: Option<String>,
    /// The path template; `None` for what was not HTTP.
    pub endpoint: Option<String>,
    /// How many calls it got.
    pub calls: u64,
    /// 95th percentile of durations in microseconds, within 4 %.
    pub p95: Option<u64>,
}

/// Calls of one caller that no rule names.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CallerRow {
    /// The address, as the log has it or as the trusted proxies forwarded it.
    #[serde(serialize_with = "as_text")]
    pub address: Option<Arc<str>>,
    /// The user agent.
    #[serde(serialize_with = "as_text")]
    pub user_agent: Option<Arc<str>>,
    /// How many calls it made.
    pub calls: u64,
    /// The operations it entered, by name: few lists that many callers share.
    #[serde(serialize_with = "as_list")]
    pub operations: Arc<[String]>,
}

/// As a text of its own would be written.
fn as_text<S: Serializer>(text: &Option<Arc<str>>, serializer: S) -> Result<S::Ok, S::Error> {
    text.as_deref().serialize(serializer)
}

/// As a list of its own would be written.
fn as_list<S: Serializer>(names: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    names.serialize(serializer)
}

/// Marks without a call, of one operation on one service.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MarkOnlyRow {
    /// The operation.
    pub operation: Option<String>,
    /// The service that wrote the marks.
    pub service: Option<String>,
    /// How many marks.
    pub marks: u64,
}

/// A line that no format reads.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UnparsedLine {
    /// The file, `-` for standard input.
    pub file: String,
    /// The line's number, from 1.
    pub line: u64,
    /// The column in bytes, from 1.
    pub column: u64,
    /// What was expected there.
    pub expected: String,
    /// The line, shortened to 400 bytes; bytes that are not UTF-8 as U+FFFD.
    pub text: String,
}

/// What was read of one file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileRow {
    /// Its path, `-` for standard input.
    pub path: String,
    /// The format it was read with.
    pub format: String,
    /// Lines in it.
    pub lines: u64,
    /// Of these, lines that no format reads.
    pub unparsed: u64,
    /// Why reading stopped before the end of the file (a compressed file that breaks off, say);
    /// the lines before it are counted.
    pub error: Option<String>,
}

/// Rows of a store that cannot be read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UnreadableRow {
    /// The file that holds them, in the store's `segments`.
    pub segment: String,
    /// What is wrong with it.
    pub reason: String,
    /// How many there are; not all of them need be what was asked for.
    pub rows: u64,
    /// The time of the first one in RFC 3339; `None` where none has a time.
    pub from: Option<String>,
    /// The time of the last one.
    pub to: Option<String>,
}

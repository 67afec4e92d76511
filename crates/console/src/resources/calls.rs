//! Calls as they were logged, newest first.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use dolmen_model::{Joined, Time};
use dolmen_store::{CallQuestion, Store, StoreError, StoredCall, Unreadable, readable};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::{IntoParams, ToSchema};
use xxhash_rust::xxh3::xxh3_64;

use crate::app::Console;
use crate::asked::{Asked, AskedParams};
use crate::cursor::Cursor;
use crate::export::{Format, Row};
use crate::extract::Query;
use crate::masking::{Mask, MaskedParams};
use crate::problem::Problem;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CallsParams {
    /// Calls of a page, at most 1,000; 100 without it.
    limit: Option<usize>,
    /// Where the page before ended: its `next`.
    cursor: Option<String>,
    /// All calls as a file, not a page.
    #[param(inline)]
    format: Option<Format>,
}

/// A page of calls.
#[derive(Serialize, ToSchema)]
pub(crate) struct Calls {
    calls: Vec<CallRow>,
    /// The next page's `cursor`; `null` at the end.
    next: Option<String>,
    /// What cannot be read, and may hold calls that belong here: a sentence a segment.
    lacking: Vec<String>,
}

/// What is said of segments that cannot be read.
pub(crate) fn sentences(unreadable: &[Unreadable]) -> Vec<String> {
    unreadable.iter().map(Unreadable::to_string).collect()
}

/// A call, and the line that it was read from.
#[derive(Serialize, ToSchema)]
pub(crate) struct CallRow {
    /// What a link to this call is made of.
    key: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    time: Option<Time>,
    source: String,
    service: Option<String>,
    actor: Option<String>,
    operations: Vec<String>,
    joined: JoinedWord,
    /// `call`, or `hop`: another source of the chain counts this request.
    role: &'static str,
    status: Option<u16>,
    method: Option<String>,
    target: Option<String>,
    endpoint: Option<String>,
    address: Option<String>,
    user: Option<String>,
    user_agent: Option<String>,
    referer: Option<String>,
    host: Option<String>,
    bytes: Option<u64>,
    duration: Option<u64>,
    request_id: Option<String>,
    /// As it was logged, apart from masks; bytes that are not UTF-8 as U+FFFD.
    line: String,
}

/// What became of a call in the join.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum JoinedWord {
    /// At least one mark carries its request id.
    Joined,
    /// It has an id that no mark carries.
    CallOnly,
    /// It has none.
    NoId,
}

impl Row for CallRow {
    const COLUMNS: &'static [&'static str] = &[
        "time",
        "source",
        "service",
        "actor",
        "operations",
        "joined",
        "role",
        "status",
        "method",
        "target",
        "endpoint",
        "address",
        "user",
        "user_agent",
        "referer",
        "host",
        "bytes",
        "duration",
        "request_id",
        "line",
    ];
}

impl CallRow {
    pub(super) fn of(call: StoredCall, mask: &Mask) -> Self {
        let time = call.time.map_or_else(|| "none".to_owned(), |time| time.micros().to_string());
        Self {
            key: format!("{time}.{:016x}", xxh3_64(&call.line)),
            time: call.time,
            source: call.source,
            service: call.service,
            actor: call.actor,
            operations: call.operations,
            joined: match call.joined {
                Joined::Joined => JoinedWord::Joined,
                Joined::CallOnly => JoinedWord::CallOnly,
                Joined::NoId => JoinedWord::NoId,
            },
            role: call.role.word(),
            status: call.status,
            method: call.method,
            target: mask.maybe(call.target),
            endpoint: call.endpoint,
            address: mask.maybe(call.address),
            user: mask.maybe(call.user),
            user_agent: mask.maybe(call.user_agent),
            referer: mask.maybe(call.referer),
            host: mask.maybe(call.host),
            bytes: call.bytes,
            duration: call.duration,
            request_id: call.request_id,
            line: mask.line(&call.line),
        }
    }
}

const PAGE: usize = 100;
const LARGEST_PAGE: usize = 1_000;

/// Calls that fulfil a filter, newest first.
#[utoipa::path(get, path = "/calls", params(AskedParams, CallsParams, MaskedParams),
    responses((status = OK, body = Calls)))]
pub(crate) async fn calls(
    State(console): State<Console>,
    Query(asked): Query<AskedParams>,
    Query(params): Query<CallsParams>,
    mask: Mask,
) -> Result<Response, Problem> {
    let asked = asked.read()?;
    let cursor = params.cursor.as_deref().map(Cursor::read).transpose()?;
    match params.format.unwrap_or_default() {
        Format::Json => {
            let most = params.limit.unwrap_or(PAGE).clamp(1, LARGEST_PAGE);
            let page = console.ask(move |store, _| page(store, asked, cursor, most, &mask)).await?;
            Ok(Json(page).into_response())
        }
        format => Ok(file(&console, asked, format, mask)),
    }
}

fn page(
    store: &dyn Store,
    mut asked: Asked,
    cursor: Option<Cursor>,
    most: usize,
    mask: &Mask,
) -> Result<Calls, Problem> {
    if let Some(cursor) = cursor {
        asked.to = asked.to.min(cursor.to());
    }
    if asked.from >= asked.to {
        return Ok(Calls { calls: Vec::new(), next: None, lacking: Vec::new() });
    }
    let mut at = cursor.unwrap_or(Cursor { time: None, given: 0 });
    let mut to_skip = at.given;
    let mut calls: Vec<CallRow> = Vec::new();
    let Asked { from, to, query } = asked;
    let mut more = false;
    let mut lost = Vec::new();
    for call in readable(store.calls(&CallQuestion { from, to, query })?, &mut lost) {
        let call = call?;
        if to_skip > 0 && cursor.is_some_and(|cursor| cursor.time == call.time) {
            to_skip -= 1;
            continue;
        }
        to_skip = 0;
        if calls.len() == most {
            more = true;
            break;
        }
        let is_same = cursor.is_some() || !calls.is_empty();
        at = match is_same && at.time == call.time {
            true => Cursor { given: at.given + 1, ..at },
            false => Cursor { time: call.time, given: 1 },
        };
        calls.push(CallRow::of(call, mask));
    }
    Ok(Calls { calls, next: more.then(|| at.write()), lacking: sentences(&lost) })
}

/// Rows that wait while the reader is slower than the store.
const AHEAD: usize = 16;
/// Bytes that are sent at once.
const CHUNK: usize = 64 * 1024;

/// All of them, sent as they are read.
fn file(console: &Console, asked: Asked, format: Format, mask: Mask) -> Response {
    let (sender, receiver) = mpsc::channel::<Result<Bytes, std::io::Error>>(AHEAD);
    let store = console.store();
    tokio::task::spawn_blocking(move || {
        let send = |bytes: Vec<u8>| sender.blocking_send(Ok(bytes.into())).is_ok();
        let written = write_all(&*store, asked, format, &mask, send);
        if let Err(problem) = written {
            tracing::error!(?problem, "an export broke off");
            // A file that breaks off must not look whole: the connection does.
            _ = sender.blocking_send(Err(std::io::Error::other("the store does not answer")));
        }
    });
    (format.headers("calls"), Body::from_stream(ReceiverStream::new(receiver))).into_response()
}

fn write_all(
    store: &dyn Store,
    Asked { from, to, query }: Asked,
    format: Format,
    mask: &Mask,
    send: impl Fn(Vec<u8>) -> bool,
) -> Result<(), Problem> {
    let mut bytes = format.head::<CallRow>();
    let mut lost = Vec::new();
    for call in readable(store.calls(&CallQuestion { from, to, query })?, &mut lost) {
        format.write(&CallRow::of(call?, mask), &mut bytes)?;
        // Whoever asked may have gone.
        if bytes.len() >= CHUNK && !send(std::mem::take(&mut bytes)) {
            return Ok(());
        }
    }
    send(bytes);
    // All that can be read was sent.
    lost.pop().map_or(Ok(()), |lost| Err(StoreError::Segment(lost).into()))
}

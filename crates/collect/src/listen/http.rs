//! Lines over HTTP: posted as they are, or to what looks like Elasticsearch.

use std::collections::{HashSet, VecDeque};
use std::io::Read;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::{Listener, bulk};
use crate::spool::SpoolError;

/// Of a body, also unpacked.
const LARGEST_BODY: usize = 64 << 20;
/// Keys of requests that are remembered: a sender repeats within minutes.
const KEYS: usize = 100_000;

struct Shared {
    listener: Listener,
    keys: Mutex<Keys>,
}

/// Takes requests until `stop` changes:
///
/// - `POST /api/v1/ingest/{source}`: lines, or NDJSON, gzip accepted. With `Idempotency-Key` a
///   repeated request adds nothing.
/// - `POST /api/v1/elastic/_bulk` and what Elasticsearch's clients ask for at their start. A
///   document is one line of JSON; one with an `_id` that came before adds nothing.
pub async fn serve_http(
    socket: TcpListener,
    listener: Listener,
    mut stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let shared = Arc::new(Shared { listener, keys: Mutex::default() });
    let elastic = Router::new()
        .route("/", get(bulk::greeting).head(bulk::greeting))
        .route("/_license", get(bulk::license))
        .route("/_bulk", post(elastic_bulk).put(elastic_bulk))
        .route("/{index}/_bulk", post(elastic_bulk).put(elastic_bulk));
    let app = Router::new()
        .route("/api/v1/ingest/{source}", post(ingest))
        .nest("/api/v1/elastic", elastic)
        .route("/api/v1/elastic/", get(bulk::greeting))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(shared);
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(socket, app)
        .with_graceful_shutdown(async move {
            _ = stop.changed().await;
        })
        .await
}

/// The last keys.
#[derive(Default)]
struct Keys {
    known: HashSet<String>,
    order: VecDeque<String>,
}

impl Keys {
    fn has(&self, key: &str) -> bool {
        self.known.contains(key)
    }

    fn add(&mut self, key: String) {
        if self.known.insert(key.clone()) {
            self.order.push_back(key);
        }
        while self.order.len() > KEYS {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }
}

async fn ingest(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(source): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    shared.admit(peer, &headers)?;
    if source != shared.listener.source {
        let ours = &shared.listener.source;
        let detail = format!("there is no source `{source}` here, but `{ours}`");
        return Err(Refusal::new(StatusCode::NOT_FOUND, detail));
    }
    let mut lines = unpacked(&headers, body)?;
    let key = text(&headers, "idempotency-key").map(str::to_owned);
    if key.as_deref().is_some_and(|key| shared.keys().has(key)) {
        return Ok(Json(json!({ "lines": 0, "repeated": true })).into_response());
    }
    if lines.last().is_some_and(|&last| last != b'\n') {
        lines.push(b'\n');
    }
    let count = lines.split_inclusive(|&byte| byte == b'\n').count();
    shared.check_lines(&lines)?;
    shared.append(lines).await?;
    if let Some(key) = key {
        shared.keys().add(key);
    }
    Ok(Json(json!({ "lines": count, "repeated": false })).into_response())
}

async fn elastic_bulk(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    shared.admit(peer, &headers)?;
    let body = unpacked(&headers, body)?;
    let actions = bulk::read(&body).map_err(|what| Refusal::new(StatusCode::BAD_REQUEST, what))?;
    let mut lines = Vec::new();
    let mut new = Vec::new();
    {
        let keys = shared.keys();
        for action in &actions {
            match &action.id {
                Some(id) if keys.has(id) || new.contains(id) => {}
                id => {
                    new.extend(id.clone());
                    lines.extend_from_slice(action.document);
                    lines.push(b'\n');
                }
            }
        }
    }
    shared.check_lines(&lines)?;
    shared.append(lines).await?;
    let mut keys = shared.keys();
    new.into_iter().for_each(|id| keys.add(id));
    drop(keys);
    Ok(bulk::answer(&actions))
}

impl Shared {
    fn keys(&self) -> std::sync::MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admit(&self, peer: SocketAddr, headers: &HeaderMap) -> Result<(), Refusal> {
        if !self.listener.allows(peer) {
            let detail = format!("{} may not send here (`allow`)", peer.ip());
            return Err(Refusal::new(StatusCode::FORBIDDEN, detail));
        }
        let Some(token) = &self.listener.token else { return Ok(()) };
        let given = text(headers, header::AUTHORIZATION.as_str());
        let given = given.and_then(|given| {
            given.strip_prefix("Bearer ").or_else(|| given.strip_prefix("ApiKey "))
        });
        if given.is_some_and(|given| is_same(given.as_bytes(), token.as_bytes())) {
            return Ok(());
        }
        let detail = "send the source's token: `Authorization: Bearer TOKEN`";
        Err(Refusal::new(StatusCode::UNAUTHORIZED, detail))
    }

    fn check_lines(&self, lines: &[u8]) -> Result<(), Refusal> {
        let most = self.listener.longest_line;
        let mut lines = lines.split(|&byte| byte == b'\n').enumerate();
        match lines.find(|(_, line)| line.len() > most) {
            None => Ok(()),
            Some((number, _)) => {
                let detail = format!("line {} has more than {most} bytes", number + 1);
                Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, detail))
            }
        }
    }

    async fn append(&self, lines: Vec<u8>) -> Result<(), Refusal> {
        let spool = Arc::clone(&self.listener.spool);
        let appended = tokio::task::spawn_blocking(move || spool.append(&lines)).await;
        match appended {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error @ SpoolError::Full { .. })) => {
                Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, error.to_string()))
            }
            Ok(Err(error)) => {
                Err(Refusal::new(StatusCode::INSUFFICIENT_STORAGE, error.to_string()))
            }
            Err(error) => Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())),
        }
    }
}

/// Takes as long for a wrong token as for the right one.
fn is_same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn unpacked(headers: &HeaderMap, body: Bytes) -> Result<Vec<u8>, Refusal> {
    match text(headers, header::CONTENT_ENCODING.as_str()) {
        None | Some("identity") => Ok(body.into()),
        Some("gzip") => {
            let mut bytes = Vec::new();
            let most = LARGEST_BODY as u64 + 1;
            let read = flate2::read::MultiGzDecoder::new(&*body).take(most).read_to_end(&mut bytes);
            read.map_err(|error| {
                Refusal::new(StatusCode::BAD_REQUEST, format!("the body is no gzip: {error}"))
            })?;
            if bytes.len() > LARGEST_BODY {
                let detail = format!("the body has more than {LARGEST_BODY} bytes unpacked");
                return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
            }
            Ok(bytes)
        }
        Some(other) => Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("the body is packed by {other}: send it as it is, or by gzip"),
        )),
    }
}

/// Why lines were not taken (RFC 9457).
pub(super) struct Refusal {
    status: StatusCode,
    detail: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason();
        let body = json!({
            "type": "about:blank",
            "title": title,
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

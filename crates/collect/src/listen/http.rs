//! Lines over HTTP: posted as they are, or to what looks like Elasticsearch.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::IncomingStream;
use dolmen_join::JoinKey;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use super::body::{Bodies, Taken};
use super::complaints::{About, Complaints};
use super::door::{Arrived, Door, Room, Seated, greet};
use super::refusal::Refusal;
use super::{Complain, Listener, Open, Refused, bulk, cluster, token};
use crate::spool::{Batch, SpoolError};

/// Connections beyond the limit that are told so at once.
const STANDING: usize = 64;

struct Shared {
    listener: Arc<Listener>,
    bodies: Bodies,
}

/// Takes requests until `stop` changes:
///
/// - `POST /api/v1/ingest/{source}`: lines, or NDJSON, gzip accepted. With `Idempotency-Key` a
///   repeated request adds nothing.
/// - `POST /api/v1/elastic/_bulk` and what Elasticsearch's clients ask for at their start. A
///   document is one line of JSON; one with an `_id` that came before adds nothing.
pub async fn serve_http(
    socket: TcpListener,
    open: Open,
    listener: Listener,
    mut stop: watch::Receiver<bool>,
    complain: Complain,
) -> std::io::Result<()> {
    let listener = Arc::new(listener);
    let address = socket.local_addr()?;
    let complaints = Arc::new(Complaints::new(listener.source.clone(), complain));
    let door = Door::new(socket, open, Arc::clone(&listener), STANDING, Arc::clone(&complaints));
    let guests = Guests { address, ready: usher(door, Arc::clone(&listener), complaints) };
    let bodies = Bodies::new(listener.limits.body, Arc::clone(&listener.traffic));
    let shared = Arc::new(Shared { listener, bodies });
    let admitted = from_fn_with_state(Arc::clone(&shared), admitted);
    let elastic = cluster::routes()
        .route("/api/v1/elastic/_bulk", post(elastic_bulk).put(elastic_bulk))
        .route("/api/v1/elastic/{index}/_bulk", post(elastic_bulk).put(elastic_bulk))
        .method_not_allowed_fallback(not_so)
        .layer(admitted.clone())
        .layer(map_response(cluster::product));
    let app = Router::new()
        .route("/api/v1/ingest/{source}", post(ingest))
        .method_not_allowed_fallback(not_so)
        .fallback(nothing_here)
        .layer(admitted)
        .merge(elastic)
        .with_state(shared);
    let app = app.into_make_service_with_connect_info::<Peer>();
    axum::serve(guests, app)
        .with_graceful_shutdown(async move {
            _ = stop.changed().await;
        })
        .await
}

/// Who sends.
#[derive(Clone, Copy, Debug)]
struct Peer {
    address: SocketAddr,
    room: Room,
}

impl Connected<IncomingStream<'_, Guests>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Guests>) -> Self {
        *stream.remote_addr()
    }
}

/// Connections that have been greeted.
struct Guests {
    address: SocketAddr,
    ready: mpsc::Receiver<(Seated, Peer)>,
}

impl axum::serve::Listener for Guests {
    type Io = Seated;
    type Addr = Peer;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(guest) => guest,
            // Nobody comes any more: whoever serves is about to end.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        Ok(Peer { address: self.address, room: Room::Seated })
    }
}

/// Greets whoever comes, one beside the other: a slow one keeps nobody waiting.
fn usher(
    mut door: Door,
    listener: Arc<Listener>,
    complaints: Arc<Complaints>,
) -> mpsc::Receiver<(Seated, Peer)> {
    let (sender, ready) = mpsc::channel(1);
    tokio::spawn(async move {
        loop {
            let Arrived { stream, peer, seat } = tokio::select! {
                arrived = door.next() => arrived,
                () = sender.closed() => return,
            };
            let (listener, complaints) = (Arc::clone(&listener), Arc::clone(&complaints));
            let sender = sender.clone();
            tokio::spawn(async move {
                let greeted = tokio::select! {
                    greeted = greet(stream, &listener, &complaints) => greeted,
                    // A seat is for those who send.
                    () = sleep(seat.patience()) => return,
                    () = sender.closed() => return,
                };
                match greeted {
                    Ok(None) => {}
                    Ok(Some(wire)) => {
                        let guest = Peer { address: peer, room: seat.room };
                        // Nobody serves any more: the sender sees its connection end.
                        _ = sender.send((Seated::new(wire, seat), guest)).await;
                    }
                    Err(error) => {
                        complaints.say_of(About::Greeting, format_args!("{peer}: {error}"));
                    }
                }
            });
        }
    });
    ready
}

/// Answers those alone who may send.
async fn admitted(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    shared.admit(peer, request.headers())?;
    Ok(next.run(request).await)
}

async fn nothing_here(State(shared): State<Arc<Shared>>, uri: Uri) -> Refusal {
    let detail = format!(
        "there is nothing at {}: lines go to /api/v1/ingest/{}, and Elasticsearch's clients to \
         /api/v1/elastic",
        uri.path(),
        shared.listener.source
    );
    Refusal::new(StatusCode::NOT_FOUND, detail)
}

async fn not_so() -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "lines are sent by POST")
}

async fn ingest(
    State(shared): State<Arc<Shared>>,
    Path(source): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    if source != shared.listener.source {
        let ours = &shared.listener.source;
        let detail = format!("there is no source `{source}` here, but `{ours}`");
        return Err(Refusal::new(StatusCode::NOT_FOUND, detail));
    }
    let name = match headers.get("idempotency-key").map(|key| key.to_str()) {
        None => None,
        Some(Ok(key)) => Some(key),
        Some(Err(_)) => {
            let detail = "`Idempotency-Key` is not ASCII that can be printed";
            return Err(shared.bodies.bad(StatusCode::BAD_REQUEST, detail.to_owned()));
        }
    };
    let Taken { bytes: mut lines, memory: _memory } = shared.bodies.take(&headers, body).await?;
    if lines.last().is_some_and(|&last| last != b'\n') {
        lines.push(b'\n');
    }
    let count = lines.split_inclusive(|&byte| byte == b'\n').count();
    shared.check_lines(&lines)?;
    let parts = vec![(name.map(|name| key_of("request", name.as_bytes())), lines.len())];
    let seal = name.map(|name| {
        let body = key_of("body", &lines);
        key_of("sealed", format!("{body:032x} {name}").as_bytes())
    });
    let is_new = shared.append(Batch { lines, parts, seal }).await? > 0;
    let count = if is_new { count } else { 0 };
    shared.listener.traffic.took(count);
    Ok(Json(json!({ "lines": count, "repeated": !is_new })).into_response())
}

async fn elastic_bulk(
    State(shared): State<Arc<Shared>>,
    index: Option<Path<String>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let index = index.map(|Path(index)| index).unwrap_or_default();
    let Taken { bytes: body, mut memory } = shared.bodies.take(&headers, body).await?;
    shared.bodies.hold(&mut memory, bulk::memory(&body, &index)).await?;
    let actions = bulk::read(&body, &index)
        .map_err(|what| shared.bodies.bad(StatusCode::BAD_REQUEST, what))?;
    let mut batch = Batch::default();
    for action in &actions {
        batch.lines.extend_from_slice(action.document);
        batch.lines.push(b'\n');
        let key = action.identity(&index).map(|id| key_of("document", id.as_bytes()));
        batch.parts.push((key, action.document.len() + 1));
    }
    shared.check_lines(&batch.lines)?;
    let new = shared.append(batch).await?;
    shared.listener.traffic.took(new);
    Ok(bulk::answer(&actions, &index))
}

impl Shared {
    fn admit(&self, peer: Peer, headers: &HeaderMap) -> Result<(), Refusal> {
        let Listener { limits, token, .. } = &*self.listener;
        if peer.room == Room::Crowded {
            let most = limits.connections;
            let detail = format!("{most} senders are connected already (`max_connections`)");
            return Err(self.refuse(Refused::Connections, StatusCode::SERVICE_UNAVAILABLE, detail));
        }
        if !self.listener.allows(peer.address) {
            let detail = format!("{} may not send here (`allow`)", peer.address.ip());
            return Err(self.refuse(Refused::Network, StatusCode::FORBIDDEN, detail));
        }
        let Some(token) = token else { return Ok(()) };
        if token::knows(headers, token) {
            return Ok(());
        }
        let detail = "send the source's token: `Authorization: Bearer TOKEN`, or as the password \
                      of any user";
        Err(self.refuse(Refused::Token, StatusCode::UNAUTHORIZED, detail))
    }

    fn check_lines(&self, lines: &[u8]) -> Result<(), Refusal> {
        let most = self.listener.limits.line;
        let mut lines = lines.split(|&byte| byte == b'\n').enumerate();
        match lines.find(|(_, line)| line.len() > most) {
            None => Ok(()),
            Some((number, _)) => {
                let number = number + 1;
                let detail = format!("line {number} has more than {most} bytes (`max_line`)");
                Err(self.refuse(Refused::Line, StatusCode::PAYLOAD_TOO_LARGE, detail))
            }
        }
    }

    /// How many parts of a batch were new.
    async fn append(&self, batch: Batch) -> Result<usize, Refusal> {
        let spool = Arc::clone(&self.listener.spool);
        let appended = tokio::task::spawn_blocking(move || spool.append_once(&batch)).await;
        let error = match appended {
            Ok(Ok(new)) => return Ok(new),
            Ok(Err(error)) => error,
            Err(error) => {
                let detail = error.to_string();
                return Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, detail));
            }
        };
        let detail = error.to_string();
        Err(match error {
            SpoolError::Full { .. } => {
                self.refuse(Refused::Spool, StatusCode::TOO_MANY_REQUESTS, detail)
            }
            SpoolError::Other => {
                self.refuse(Refused::Body, StatusCode::UNPROCESSABLE_ENTITY, detail)
            }
            SpoolError::UnderWay => Refusal::new(StatusCode::TOO_MANY_REQUESTS, detail),
            SpoolError::Write { .. } => {
                self.refuse(Refused::Disk, StatusCode::INSUFFICIENT_STORAGE, detail)
            }
        })
    }

    fn refuse(&self, why: Refused, status: StatusCode, detail: impl Into<String>) -> Refusal {
        Refusal::counted(&self.listener.traffic, why, status, detail)
    }
}

/// What is the same thing has the same key.
fn key_of(kind: &str, name: &[u8]) -> u128 {
    JoinKey::of(&[kind.as_bytes(), b" ", name].concat()).0
}

#[cfg(test)]
mod tests;

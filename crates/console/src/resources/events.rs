use std::convert::Infallible;

use axum::extract::State;
use axum::response::sse::{Event as Sent, KeepAlive, Sse};
use futures_util::{Stream, StreamExt};
use tokio_stream::wrappers::BroadcastStream;

use crate::app::{Console, Event};
use crate::language::{LanguageParams, Speak};
use crate::masking::{Mask, MaskedParams};

/// What happens, as server-sent events: `commit` when lines came into the store, `alert` when
/// somebody must know something, `rules` when names changed.
#[utoipa::path(get, path = "/events", params(LanguageParams, MaskedParams),
    responses((status = OK, content_type = "text/event-stream", body = String)))]
pub(crate) async fn events(
    State(console): State<Console>,
    Speak(language): Speak,
    mask: Mask,
) -> Sse<impl Stream<Item = Result<Sent, Infallible>>> {
    let events = BroadcastStream::new(console.listen()).map(move |event| {
        // Who missed some is told that something changed: it asks anew anyway.
        let event = event.unwrap_or(Event::Commit { calls: 0, from: None, to: None });
        let name = event.name();
        let sent = Sent::default().event(name).json_data(event.said(language, &mask));
        Ok(sent.unwrap_or_else(|_| Sent::default().event(name)))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware;
use dolmen_model::Time;
use dolmen_store::Store;
use serde::Serialize;
use tokio::sync::broadcast;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Description;
use utoipa_axum::router::OpenApiRouter;

use crate::facts::Facts;
use crate::problem::Problem;
use crate::resources::alerts::AlertRow;
use crate::{guard, page, resources};

/// What every request has at hand. Cheap to clone.
#[derive(Clone)]
pub struct Console {
    store: Arc<dyn Store>,
    facts: Arc<RwLock<Arc<Facts>>>,
    events: broadcast::Sender<Event>,
}

/// Something that happened while somebody looks.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Somebody must know something.
    Alert(AlertRow),
    /// Lines came into the store.
    Commit {
        /// Calls among them.
        calls: u64,
        /// The first one's time.
        from: Option<Time>,
        /// The last one's time.
        to: Option<Time>,
    },
}

impl Event {
    /// Its name in the stream.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Alert(_) => "alert",
            Self::Commit { .. } => "commit",
        }
    }
}

/// Events kept for a reader that is slow; who missed some is told that things changed.
const EVENTS: usize = 64;

impl Console {
    /// A console over a store.
    pub fn new(store: Arc<dyn Store>, facts: Facts) -> Self {
        let (events, _) = broadcast::channel(EVENTS);
        Self { store, facts: Arc::new(RwLock::new(Arc::new(facts))), events }
    }

    /// Tells everybody who looks.
    pub fn tell(&self, event: Event) {
        // Nobody looks: nobody needs to be told.
        _ = self.events.send(event);
    }

    /// What is declared now.
    pub fn declare(&self, facts: Facts) {
        *self.facts.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(facts);
    }

    pub(crate) fn facts(&self) -> Arc<Facts> {
        Arc::clone(&self.facts.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn listen(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// Asks the store on a thread that may wait.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Store, &Facts) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let (store, facts) = (self.store(), self.facts());
        tokio::task::spawn_blocking(move || question(&*store, &facts))
            .await
            .unwrap_or_else(|error| Err(Problem::internal(error.to_string())))
    }
}

#[derive(OpenApi)]
#[openapi(info(
    title = "dolmen",
    description = "Who calls what, and may it be switched off? Instants are RFC 3339 in UTC, \
                   durations whole microseconds; what nobody could name is null. Errors are \
                   problem details (RFC 9457)."
))]
struct Api;

fn api() -> OpenApiRouter<Console> {
    OpenApiRouter::with_openapi(Api::openapi()).nest("/api/v1", resources::all())
}

/// The description of the API (OpenAPI 3.1).
pub fn api_description() -> Description {
    api().to_openapi()
}

/// The whole console.
pub fn app(console: Console) -> Router {
    let (router, description) = api().split_for_parts();
    router
        .merge(resources::machine(description))
        .fallback(page::page)
        .with_state(console)
        .layer(middleware::from_fn(guard::this_machine_only))
        .layer(header(header::CONTENT_SECURITY_POLICY, page::POLICY))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::REFERRER_POLICY, "no-referrer"))
        .layer(CompressionLayer::new())
}

fn header(name: header::HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware;
use dolmen_model::{Language, Time};
use dolmen_store::{Alert, Store};
use dolmen_watch::Heard;
use serde::Serialize;
use tokio::sync::broadcast;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::describe::{api, api_description};
use crate::facts::{Facts, RulesState};
use crate::masking::Mask;
use crate::name::Namer;
use crate::problem::Problem;
use crate::resources::alerts::AlertRow;
use crate::{guard, page, resources};

/// What every request has at hand. Cheap to clone.
#[derive(Clone)]
pub struct Console {
    store: Arc<dyn Store>,
    facts: Arc<RwLock<Arc<Facts>>>,
    rules: Arc<RwLock<RulesState>>,
    namer: Option<Arc<dyn Namer>>,
    events: broadcast::Sender<Event>,
    one_more: Option<OneMore>,
    traffic: Option<Arc<dyn Fn() -> Vec<SourceTraffic> + Send + Sync>>,
    heard: Option<Arc<dyn Fn() -> Heard + Send + Sync>>,
    readings: Option<Arc<dyn Fn() -> Vec<SourceReading> + Send + Sync>>,
    answered: Option<Arc<dyn Fn() + Send + Sync>>,
}

/// What came over the network to a source since the program started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceTraffic {
    /// Its name.
    pub source: String,
    /// Senders that are connected now.
    pub connections: u64,
    /// Lines that were taken.
    pub lines: u64,
    /// Reasons, and how often each refused somebody.
    pub refused: Vec<(&'static str, u64)>,
    /// Bytes of its spool.
    pub spool: u64,
    /// Bytes that it may have.
    pub max_spool: u64,
}

/// How it stands with reading a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceReading {
    /// Its name.
    pub source: String,
    /// Files that its paths lead to; `None` where it reads none.
    pub files: Option<u64>,
    /// What keeps lines of it from being read, and since when; of several the first.
    pub problem: Option<(String, Time)>,
}

/// Lets one call more happen, where the server is a demonstration.
pub type OneMore = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// Something that happened while somebody looks.
#[derive(Clone, Debug)]
pub enum Event {
    /// Somebody must know something.
    Alert(Alert),
    /// Lines came into the store.
    Commit {
        /// Calls among them.
        calls: u64,
        /// The first one's time.
        from: Option<Time>,
        /// The last one's time.
        to: Option<Time>,
    },
    /// The rules changed, or the history is by now derived by them.
    Rules(RulesState),
}

/// The same as a reader gets it.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Told {
    Alert(AlertRow),
    Commit { calls: u64, from: Option<Time>, to: Option<Time> },
    Rules(RulesState),
}

impl Event {
    pub(crate) fn said(self, language: Language, mask: &Mask) -> Told {
        match self {
            Self::Alert(alert) => Told::Alert(AlertRow::of(alert, language).masked(mask)),
            Self::Commit { calls, from, to } => Told::Commit { calls, from, to },
            Self::Rules(rules) => Told::Rules(rules),
        }
    }

    /// Its name in the stream.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Alert(_) => "alert",
            Self::Commit { .. } => "commit",
            Self::Rules(_) => "rules",
        }
    }
}

/// Events kept for a reader that is slow; who missed some is told that things changed.
const EVENTS: usize = 64;

impl Console {
    /// A console over a store.
    pub fn new(store: Arc<dyn Store>, facts: Facts) -> Self {
        let (events, _) = broadcast::channel(EVENTS);
        Self {
            store,
            facts: Arc::new(RwLock::new(Arc::new(facts))),
            rules: Arc::default(),
            namer: None,
            events,
            one_more: None,
            traffic: None,
            heard: None,
            readings: None,
            answered: None,
        }
    }

    /// The same console, which knows what comes over the network. Asked on a thread that may wait.
    #[must_use]
    pub fn with_traffic(
        self,
        traffic: impl Fn() -> Vec<SourceTraffic> + Send + Sync + 'static,
    ) -> Self {
        Self { traffic: Some(Arc::new(traffic)), ..self }
    }

    /// The same console, which knows when sources spoke while this server listened.
    #[must_use]
    pub fn with_heard(self, heard: impl Fn() -> Heard + Send + Sync + 'static) -> Self {
        Self { heard: Some(Arc::new(heard)), ..self }
    }

    /// The same console, which knows how it stands with reading.
    #[must_use]
    pub fn with_readings(
        self,
        readings: impl Fn() -> Vec<SourceReading> + Send + Sync + 'static,
    ) -> Self {
        Self { readings: Some(Arc::new(readings)), ..self }
    }

    /// The same console, which says when somebody has answered an alert: what is to be told may have
    /// changed.
    #[must_use]
    pub fn with_answered(self, answered: impl Fn() + Send + Sync + 'static) -> Self {
        Self { answered: Some(Arc::new(answered)), ..self }
    }

    /// The same console, which may name callers: `namer` keeps the rules.
    #[must_use]
    pub fn with_namer(self, namer: Arc<dyn Namer>) -> Self {
        Self { namer: Some(namer), ..self }
    }

    /// The same console as a demonstration: the page offers a tour, and `one_more` happens when it is
    /// asked for.
    #[must_use]
    pub fn demonstrating(self, one_more: OneMore) -> Self {
        Self { one_more: Some(one_more), ..self }
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

    /// Says how the rules stand, to everybody who looks.
    pub fn say_rules(&self, state: RulesState) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = state.clone();
        self.tell(Event::Rules(state));
    }

    /// How the rules stand.
    pub fn rules(&self) -> RulesState {
        self.rules.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) async fn traffic(&self) -> Vec<SourceTraffic> {
        let Some(traffic) = self.traffic.clone() else { return Vec::new() };
        // Where it cannot be asked there is nothing to show.
        tokio::task::spawn_blocking(move || traffic()).await.unwrap_or_default()
    }

    pub(crate) fn heard(&self) -> Option<Heard> {
        self.heard.as_ref().map(|heard| heard())
    }

    pub(crate) fn readings(&self) -> Vec<SourceReading> {
        self.readings.as_ref().map(|readings| readings()).unwrap_or_default()
    }

    pub(crate) fn say_answered(&self) {
        if let Some(answered) = &self.answered {
            answered();
        }
    }

    pub(crate) fn namer(&self) -> Option<Arc<dyn Namer>> {
        self.namer.clone()
    }

    pub(crate) fn facts(&self) -> Arc<Facts> {
        Arc::clone(&self.facts.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn one_more(&self) -> Option<OneMore> {
        self.one_more.clone()
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

/// The whole console.
pub fn app(console: Console) -> Router {
    let (router, _) = api().split_for_parts();
    router
        .merge(resources::machine(api_description()))
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

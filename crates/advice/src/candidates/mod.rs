//! Callers that no rule names, put together to candidates for a name.
//!
//! A caller is an address, a user agent and a user. Those who do the same thing in the same way are
//! one candidate: two hosts that run one script in turn, a crawler with a hundred addresses. What
//! somebody is follows from what it says of itself where that is worth something (crawlers and
//! probes sign), or else from what it does.

mod agent;
mod crawlers;
mod gather;
mod group;
mod kind;
mod name;
mod rule;
mod why;

use dolmen_model::{Language, Time};
use dolmen_store::{Store, StoreError};
use jiff::tz::TimeZone;
use serde::Serialize;
use utoipa::ToSchema;

pub use gather::Visitor;
pub use group::group;
pub use kind::Kind;
pub use rule::ProposedRule;

/// Candidates, those that enter operations first, then by calls.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Candidates {
    /// The candidates.
    pub candidates: Vec<Candidate>,
    /// Calls of nobody known, all together.
    pub calls: u64,
    /// Of these, calls of callers for whom there was no room.
    pub left_out: u64,
    /// What cannot be read: its calls are not counted here. A sentence a segment.
    pub lacking: Vec<String>,
}

/// Callers that seem to be one, and the rule that would name them.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Candidate {
    /// The same as long as kind, proposed name and rule are, in every language.
    pub id: String,
    /// What it seems to be.
    pub kind: Kind,
    /// A name for it, until somebody has a better one.
    pub proposed_name: String,
    /// The rule that would name it.
    pub rule: ProposedRule,
    /// The rule as `dolmen.toml` has it.
    pub toml: String,
    /// Why it seems to be that.
    pub why: String,
    /// Its addresses, at most 20.
    pub addresses: Vec<String>,
    /// How many addresses it has.
    pub address_count: usize,
    /// Its user agents, at most 20; `""` is a call without one.
    pub user_agents: Vec<String>,
    /// Operations that it enters, the most frequent first.
    pub operations: Vec<String>,
    /// Services that answer it.
    pub services: Vec<String>,
    /// Endpoints that it asks for, the most frequent first, at most 10.
    pub endpoints: Vec<String>,
    /// Its calls.
    pub calls: u64,
    /// Of these, answered with 404.
    pub not_found: u64,
    /// The first call.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub first: Option<Time>,
    /// The last call.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last: Option<Time>,
    /// When it calls, where that is regular: `every day at 02:00`.
    pub rhythm: Option<String>,
}

/// The candidates among callers between two instants, the first included. Their rhythm is told by the
/// clocks of `zone`; what is said in words is in `language`.
///
/// # Errors
/// What the store says when it cannot be read.
pub fn candidates(
    store: &dyn Store,
    (from, to): (Time, Time),
    zone: TimeZone,
    language: Language,
) -> Result<Candidates, StoreError> {
    let gathered = gather::gather(store, from, to)?;
    Ok(Candidates {
        calls: gathered.left_out
            + gathered.visitors.iter().map(|visitor| visitor.calls).sum::<u64>(),
        left_out: gathered.left_out,
        lacking: gathered.lacking.iter().map(ToString::to_string).collect(),
        candidates: group(gathered.visitors, zone, language),
    })
}

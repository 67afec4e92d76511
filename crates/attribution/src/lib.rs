//! Rules that name the actor, the operation, the service and the endpoint of a call.
//!
//! ```text
//! dolmen.toml -> RuleSet -> (read) Conditions -> (compile) Rules ── shared by all workers
//!                                                   │
//!                             Call ──> Attributor ──┴─> Attribution ── one a worker
//! ```
//!
//! - [`RuleSet`] is what was typed, [`Rules`] what is ready; all faults are found in between
//!   ([`RuleError`]), and what is only suspicious afterwards ([`Rules::check`]).
//! - The first rule that matches wins, in the order written. All rules are asked at once: each
//!   thing they ask about is an index from its value to the set of rules that allow it, and the
//!   answer is the first rule in what the sets share. The oracle of the tests asks one rule after
//!   the other and must always agree.
//! - Endpoints are path templates: declared ones first, the most specific wins; where there is
//!   none, segments whose shape gives them away become parameters ([`template()`]), and those that
//!   only many paths together tell, once a [`Learner`] has seen them.
//! - A worker remembers what decides and repeats: user agents and other texts, and paths by their
//!   shape rather than as they are, since identifiers hardly repeat. All of it is bounded.
//!
//! Pure: no file, no socket, no clock.

mod address;
mod attributor;
mod conditions;
mod forms;
mod learn;
mod learned;
mod lookup;
mod methods;
mod paths;
mod rules;
mod shapes;
mod template;

pub use address::client_address;
pub use attributor::{Attribution, Attributor, Claim};
pub use learn::{How, LearnedTemplate, LearnedTemplates, Learner, Parameter, Seen};
pub use methods::METHODS;
pub use paths::MAX_SEGMENTS;
pub use rules::{
    ActorRule, Any, DeclaredTemplate, EndpointRule, Fault, Finding, MAX_TEXT, OpenApiError,
    OperationRule, Problem, RuleError, RuleKind, RuleRef, RuleSet, Rules, ServiceRule,
    openapi_endpoints,
};
pub use template::template;

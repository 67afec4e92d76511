//! Naming callers: what is asked for, and who does it.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::Problem;

/// A rule that names a caller. At least one condition; all must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewActor {
    /// The actor's name.
    pub name: String,
    /// A glob over the user agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// Addresses or networks, any of which will do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ip: Vec<String>,
    /// A glob over the authenticated user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// What became of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Added {
    /// The rule as it stands in a configuration (TOML).
    pub rule: String,
    /// Whether it is in effect: new calls are named by it.
    pub applied: bool,
    /// Whether the history is still being derived by it.
    pub deriving: bool,
    /// What `POST /api/v1/undo/{token}` takes.
    pub undo: String,
}

/// Keeps rules. May wait: it is called on threads for that.
pub trait Namer: Send + Sync {
    /// Puts a rule into effect. `by` is who asks, as far as it is known.
    fn add(&self, actor: NewActor, by: &str) -> Result<Added, NameError>;

    /// Takes a rule back; whether the history is still being derived without it.
    fn undo(&self, token: &str, by: &str) -> Result<bool, NameError>;
}

/// Why no rule was added or taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameError {
    /// What was asked for is wrong.
    Wrong(String),
    /// There is no such rule any more.
    Gone(String),
    /// It could not be kept.
    Failed(String),
}

impl From<NameError> for Problem {
    fn from(error: NameError) -> Self {
        match error {
            NameError::Wrong(what) => Self::bad(what),
            NameError::Gone(what) => Self::new(StatusCode::CONFLICT, what),
            NameError::Failed(what) => Self::internal(what),
        }
    }
}

//! When callers of operations were seen.

use dolmen_model::{NameId, Time};

use crate::unreadable::Unreadable;

/// Whose sightings are asked for.
#[derive(Clone, Debug)]
pub struct SightingQuestion {
    /// Before this instant.
    pub to: Time,
    /// On these services, and marks without a call of which nobody knows the service; `None`: on
    /// all.
    pub services: Option<Vec<NameId>>,
}

/// When callers of operations were seen.
#[derive(Clone, Debug, Default)]
pub struct Sightings {
    /// By caller, operation and service.
    pub callers: Vec<CallerSightings>,
    /// Marks without a call: somebody entered an operation and no proxy logged it.
    pub hidden: Vec<HiddenSightings>,
    /// Services with calls whose request id is missing where the log has one.
    pub without_id: Vec<WithoutId>,
    /// Before this instant lines were removed, and buckets of hours or days stand in for them.
    pub lines_since: Option<Time>,
    /// Segments that cannot be read: buckets stand in for their lines, too. Calls without a time are
    /// in no bucket.
    pub unreadable: Vec<Unreadable>,
}

/// When one caller entered one operation of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerSightings {
    /// The service that answered.
    pub service: NameId,
    /// The operation.
    pub operation: NameId,
    /// Who the rules say it is.
    pub actor: NameId,
    /// The address; `(other)`, without a user agent, for callers beyond those told apart: those of
    /// named actors and those whom nobody could name take no room from each other.
    pub address: Option<String>,
    /// The user agent.
    pub user_agent: Option<String>,
    /// The first call of each minute with one, sorted.
    pub times: Vec<Time>,
    /// Before this instant times tell days (UTC) and no minutes: of a caller the last
    /// [`CallerSightings::MINUTES`] minutes are told apart, and of what has no lines any more the
    /// middles of hours or days stand in.
    pub fine_from: Option<Time>,
    /// How many calls with a time.
    pub calls: u64,
    /// The last one.
    pub last: Time,
    /// Whether no mark tells of them: a rule claims the operation from the call itself.
    pub is_claimed: bool,
}

impl CallerSightings {
    /// How many minutes with a call are told apart.
    pub const MINUTES: usize = 4_096;
}

/// Marks without a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HiddenSightings {
    /// The service that wrote them.
    pub service: NameId,
    /// The operation.
    pub operation: NameId,
    /// The first of each minute with one, sorted.
    pub times: Vec<Time>,
    /// Before this instant times tell days (UTC) and no minutes.
    pub fine_from: Option<Time>,
    /// How many.
    pub marks: u64,
    /// The last one.
    pub last: Time,
}

/// Calls without a request id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WithoutId {
    /// The service that answered.
    pub service: NameId,
    /// How many of them entered no operation that is known.
    pub calls: u64,
    /// The last one.
    pub last: Time,
}

use dolmen_cubes::Cube;
use dolmen_model::{NameId, SetId, Time};

use crate::files::Progress;
use crate::segment::Encoded;

/// Everything that moves together: after a crash all of it is there, or none.
///
/// Commits of one file must come in the order of its lines; blocks of different files may come in
/// any order.
#[derive(Debug)]
pub struct Commit {
    /// The clock on the wall: how old minutes and hours are, and the audit's time.
    pub at: Time,
    /// How far each file was read.
    pub progress: Vec<Progress>,
    /// The rows, encoded.
    pub rows: Vec<Encoded>,
    /// What was counted of the calls in `rows` (hops not), in buckets of at most a minute; calls
    /// without a time are counted at the epoch.
    pub cube: Cube,
    /// Who called.
    pub callers: Vec<CallerCount>,
}

impl Commit {
    /// A commit of nothing.
    pub fn new(at: Time) -> Self {
        Self {
            at,
            progress: Vec::new(),
            rows: Vec::new(),
            cube: Cube::default(),
            callers: Vec::new(),
        }
    }
}

/// Calls of one caller in one stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerCount {
    /// Any instant of the bucket.
    pub time: Time,
    /// The bucket's width: an hour for unknown actors and retired operations, a day otherwise.
    pub width: CallerWidth,
    /// The address, as the log has it or as trusted proxies forwarded it; empty when missing.
    pub address: Vec<u8>,
    /// The user agent; empty when missing.
    pub user_agent: Vec<u8>,
    /// The authenticated user; empty when missing.
    pub user: Vec<u8>,
    /// Who the rules say it is.
    pub actor: NameId,
    /// The service that answered.
    pub service: NameId,
    /// The operations entered.
    pub operations: SetId,
    /// How many calls.
    pub calls: u64,
}

/// How finely a caller's calls are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallerWidth {
    /// By hour.
    Hour,
    /// By day (UTC).
    Day,
}

/// A commit's number: they grow by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitId(pub u64);

/// What a commit did beyond what it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Its number.
    pub id: CommitId,
    /// Marks of this commit that found a stored call, and waiting marks whose call came with it.
    pub late_joins: u64,
    /// Marks of this commit that wait now.
    pub waiting: u64,
}

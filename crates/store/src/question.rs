use dolmen_cubes::Cube;
use dolmen_model::query::Query;
use dolmen_model::{NameId, Time};

use crate::catalog::cube::{Dimension, Durations};
use crate::range::Width;

/// What is asked of the cubes.
#[derive(Clone, Debug)]
pub struct CubeQuestion {
    /// From this instant on.
    pub from: Time,
    /// To before this one.
    pub to: Time,
    /// What the counts shall tell apart; the rest is summed up. Fewer is faster.
    pub by: Vec<Dimension>,
    /// The width of the answer's buckets; `None`: one for the whole range.
    pub every: Option<Width>,
    /// Whether it is asked how long calls took: not asking is faster.
    pub durations: Durations,
}

/// What the cubes say.
#[derive(Clone, Debug)]
pub struct Counts {
    /// The counts. Dimensions that were not asked for are 0 (`Joined` for the join); buckets start
    /// where their width says, or at `from`.
    pub cube: Cube,
    /// From when on was counted: earlier than asked where only wider buckets are kept.
    pub from: Time,
    /// To before when.
    pub to: Time,
    /// How many cells were read and summed up.
    pub cells_read: u64,
}

/// Which calls are asked for.
#[derive(Clone, Debug)]
pub struct CallQuestion {
    /// From this instant on. [`Time::MIN`] includes calls without a time.
    pub from: Time,
    /// To before this one.
    pub to: Time,
    /// What they must fulfil.
    pub query: Query,
}

/// Which marks without a call are asked for.
#[derive(Clone, Copy, Debug)]
pub struct LoneMarks {
    /// The service that wrote them.
    pub service: NameId,
    /// The operation they say was entered.
    pub operation: NameId,
    /// From this instant on.
    pub from: Time,
    /// To before this one.
    pub to: Time,
    /// At most so many, the latest.
    pub most: usize,
}

/// Which callers are asked for.
#[derive(Clone, Debug)]
pub struct CallerQuestion {
    /// From the bucket that holds this instant on.
    pub from: Time,
    /// To before this one.
    pub to: Time,
    /// Callers of this actor alone; [`NameId::UNKNOWN`] for those nobody could name.
    pub actor: Option<NameId>,
    /// Callers of this operation alone.
    pub operation: Option<NameId>,
    /// At most so many.
    pub most: usize,
}

use dolmen_model::Time;

/// What somebody is told of, and what became of it. Two alerts of one kind and cause are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its number; 0 until it is kept.
    pub id: i64,
    /// What it is about, as whoever watches names it: `residual_call` and the like.
    pub kind: String,
    /// What sets it apart from others of its kind.
    pub cause: String,
    /// The service that it speaks of.
    pub service: Option<String>,
    /// The operation.
    pub operation: Option<String>,
    /// When it was noticed, by the clock on the wall.
    pub opened: Time,
    /// The first of what it counts, by the time of the logs.
    pub first: Option<Time>,
    /// The last.
    pub last: Option<Time>,
    /// How many there are.
    pub count: u64,
    /// How many there were when somebody was last told.
    pub told: u64,
    /// When somebody said that it is known.
    pub acknowledged: Option<Time>,
    /// Nobody is told before this instant.
    pub muted_until: Option<Time>,
}

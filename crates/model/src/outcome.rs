use serde::Serialize;

/// What became of a call in the join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Joined {
    /// At least one mark carries its request id.
    Joined,
    /// It has a request id (or its format has no place for one) and no mark: refused, cached,
    /// static, or it never reached the code.
    CallOnly,
    /// Its format has a place for a request id and the line has none: it bypassed the proxy that
    /// makes ids.
    NoId,
}

/// How a call ended: its status and what became of it in the join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Outcome {
    /// The HTTP status; 0 where the log has none.
    pub status: u16,
    /// What became of it in the join.
    pub joined: Joined,
}

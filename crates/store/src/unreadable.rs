use std::fmt;

use serde::{Deserialize, Serialize};

/// A segment that is missing, cut short or altered: what an answer lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    /// Its file's name in `segments/`.
    pub segment: String,
    /// What is wrong with it.
    pub reason: String,
    /// How many rows it holds.
    pub rows: u64,
    /// Its first row's time in RFC 3339; `None` where no row has one.
    pub from: Option<String>,
    /// Its last row's time.
    pub to: Option<String>,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { segment, reason, rows, from, to } = self;
        let shown = |time: &'_ Option<String>| time.clone().unwrap_or_else(|| "?".to_owned());
        write!(
            f,
            "segment {segment} cannot be read ({reason}): {rows} rows from {} to {} are out of \
             reach, everything else is not; restore this file from a backup",
            shown(from),
            shown(to)
        )
    }
}

use dolmen_cubes::{CallerTable, Callers, Cube};
use dolmen_model::{NameId, Time};

use crate::unreadable::Unreadable;

/// Everything a report says of some calls: counts that add up.
#[derive(Debug)]
pub struct Survey {
    /// The calls, in one bucket.
    pub cube: Cube,
    /// Callers of the actor nobody could name, and what they entered.
    pub callers: Callers,
    /// The names of `callers`.
    pub caller_names: CallerTable,
    /// Marks of these calls, and those without a call.
    pub marks: u64,
    /// Marks without a call, by operation and service.
    pub mark_only: Vec<MarkOnly>,
    /// Calls that a source behind another logged and the source in front of it did not.
    pub bypassed: u64,
    /// Request ids that more than one of these calls carries, outside a chain.
    pub repeated_ids: u64,
    /// Request ids that more than [`MOST_LINES`](dolmen_join::MOST_LINES) lines carry, so that none is
    /// joined by it; of all lines, whatever was asked about.
    pub overused_ids: u64,
    /// Calls whose rules claim another operation than their marks say.
    pub disagreements: u64,
    /// The first call, or mark without one; exact while its line is kept.
    pub from: Option<Time>,
    /// The last one.
    pub to: Option<Time>,
    /// Segments whose rows are not counted, since they cannot be read.
    pub unreadable: Vec<Unreadable>,
}

/// Callers that a survey tells apart; the rest is shown as one.
const CALLERS: usize = 50_000;

/// Marks without a call, of one operation on one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkOnly {
    /// The operation.
    pub operation: NameId,
    /// The service that wrote them.
    pub service: NameId,
    /// How many.
    pub marks: u64,
}

impl Survey {
    pub(crate) fn new() -> Self {
        Self {
            cube: Cube::default(),
            callers: Callers::default(),
            caller_names: CallerTable::new(CALLERS),
            marks: 0,
            mark_only: Vec::new(),
            bypassed: 0,
            repeated_ids: 0,
            overused_ids: 0,
            disagreements: 0,
            from: None,
            to: None,
            unreadable: Vec::new(),
        }
    }

    pub(crate) fn saw(&mut self, time: Option<i64>) {
        let Some(time) = time.map(Time::from_micros) else { return };
        self.from = Some(self.from.map_or(time, |from| from.min(time)));
        self.to = self.to.max(Some(time));
    }
}

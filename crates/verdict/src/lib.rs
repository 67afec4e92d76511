//! May it be switched off? From when, and why.
//!
//! Silence proves nothing by itself: a quiet week is no proof against a monthly script, and a night
//! without logs is no silence. So each caller's habits are found first ([`Fit`]); then a silence
//! that logs cover is as unlikely as those habits make it; then all callers are put together with
//! what must have been watched before anything is called safe ([`Gate`]). [`judge`] does that for
//! one operation of one service.
//!
//! `docs/verdict.md` has the formulas and their sources.
//!
//! Invariants: no I/O and no clock. "Now" is handed in, so a verdict can be asked for as of any day
//! of the past; so is the calendar, because callers live by the clocks on their walls.

mod ahead;
mod alive;
mod cadence;
mod calendar;
mod callers;
mod coverage;
mod english;
mod evidence;
mod explain;
mod french;
mod gates;
mod judge;
mod reason;
mod residue;
mod sessions;
mod silence;
mod unseen;
mod who;
mod words;

pub use ahead::{Expected, expected};
pub use cadence::{Cadence, Certainty, DayRule, Fit, Hours, OfMonth, Population, Trace};
pub use calendar::{Calendar, Day};
pub use coverage::Coverage;
pub use evidence::{
    ALPHA, About, Caller, Evidence, Question, Sighting, SilentMarks, StillCalls, Unread, Untimed,
    Word,
};
pub use gates::{End, Gate, GateName};
pub use judge::{CallerVerdict, State, Verdict, judge};
pub use reason::Reason;
pub use silence::{alive, irregular, irregular_needs, outlived, outlived_declared, periodic};
pub use unseen::Unseen;
pub use who::Who;

//! What is known when a verdict is asked for.

use dolmen_model::Time;
use serde::Serialize;

use crate::calendar::Calendar;
use crate::coverage::Coverage;

/// Everything known of one operation on one service.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The operation's name.
    pub operation: String,
    /// The service; `None` where nobody knows which one answered.
    pub service: Option<String>,
    /// Who entered it, and when.
    pub sightings: Vec<Sighting>,
    /// Calls of callers beyond those told apart, named ones included.
    pub overflow: u64,
    /// When a call would have been seen.
    pub coverage: Coverage,
    /// When a mark without a call would have been seen, where that is not the same: those whom no
    /// proxy logged are seen by marks alone.
    pub marks_coverage: Option<Coverage>,
    /// From this instant on a call is residual.
    pub retired: Option<Time>,
    /// The service that took it over.
    pub moved_to: Option<String>,
    /// The last call to this service of which nobody knows what it entered, because it came without
    /// a request id; `None` where there is none, or where rules tell from the call itself.
    pub without_id: Option<Time>,
    /// The end of the last day on which a call took a route of this operation, was answered well,
    /// and left no mark: who entered what then is unknown. `None` where there is none since the
    /// last call that is known, or where a rule tells from the call itself and named every call that
    /// marks tell of.
    pub without_mark: Option<Time>,
    /// A former caller who is there still, and nobody knows what for: the last of them.
    pub still_calls: Option<StillCalls>,
    /// Sources of marks that are unusually silent, where marks tell of it.
    pub silent_marks: Vec<SilentMarks>,
    /// Sources with many lines that no format reads.
    pub unread: Vec<Unread>,
    /// Sources of which no line has a time: they cover nothing, and nobody knows when what they tell
    /// was.
    pub untimed: Vec<Untimed>,
    /// What owners said of it.
    pub words: Vec<Word>,
}

/// Somebody who used to enter an operation and still calls its service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StillCalls {
    /// Who.
    pub caller: Caller,
    /// The end of the last day on which he did.
    pub last: Time,
    /// The operation that he enters instead, which was new when this one ended; `None` where nobody
    /// knows what he enters, which he never, or hardly ever, did before.
    pub operation: Option<String>,
    /// Whether that is enough to hold the verdict up; otherwise it is told, no more.
    pub holds: bool,
}

/// A source of which no line has a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untimed {
    /// Its name.
    pub source: String,
    /// How many lines.
    pub lines: u64,
}

/// Lines of a source that no format reads: nobody knows what they tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The source's name.
    pub source: String,
    /// How many.
    pub lines: u64,
    /// Of so many.
    pub of: u64,
}

/// A source of marks that normally speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SilentMarks {
    /// Its name.
    pub source: String,
    /// When the last mark had come.
    pub since: Time,
}

/// What was seen of one caller.
#[derive(Clone, Debug, Default)]
pub struct Sighting {
    /// Who.
    pub caller: Caller,
    /// The first call of each minute with one, sorted.
    pub times: Vec<Time>,
    /// Before this instant only days are known: one time stands for each, or a few.
    pub fine_from: Option<Time>,
    /// How many calls.
    pub calls: u64,
    /// The last one.
    pub last: Option<Time>,
}

/// Who calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Caller {
    /// Who the rules say it is.
    pub actor: Option<String>,
    /// The address.
    pub address: Option<String>,
    /// The user agent.
    pub user_agent: Option<String>,
    /// No proxy logged it: a mark without a call tells of it, and nobody knows who it is.
    pub is_hidden: bool,
}

impl Caller {
    /// Whether these are all callers of nobody known beyond those told apart. Each of them may have
    /// been seen once.
    pub fn is_rest(&self) -> bool {
        self.actor.is_none()
            && self.user_agent.is_none()
            && self.address.as_deref() == Some("(other)")
    }
}

/// What an owner said: it changes reasons, and stands in for what silence cannot prove, but no
/// number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Word {
    /// Its number in the store.
    pub id: i64,
    /// What it is about.
    pub about: About,
    /// Who says so.
    pub who: String,
    /// Why it may be believed.
    pub why: String,
    /// When it was said.
    pub said: Time,
}

/// What a word is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum About {
    /// These callers are gone: every condition that is given must hold; none: all callers.
    Gone {
        /// Callers from this address.
        address: Option<String>,
        /// Callers with this user agent.
        user_agent: Option<String>,
        /// Callers of this name.
        actor: Option<String>,
    },
    /// Nothing calls it at the end of a year.
    YearEnd,
}

impl About {
    /// Whether it says that this caller is gone.
    pub fn is_of(&self, caller: &Caller) -> bool {
        let Self::Gone { address, user_agent, actor } = self else { return false };
        let holds = |asked: &Option<String>, is: &Option<String>| asked.is_none() || asked == is;
        holds(address, &caller.address)
            && holds(user_agent, &caller.user_agent)
            && holds(actor, &caller.actor)
    }
}

/// How it shall be judged.
#[derive(Clone, Debug)]
pub struct Question {
    /// As of when: what is known of later times was left out of the evidence.
    pub at: Time,
    /// The calendar that callers live by.
    pub calendar: Calendar,
    /// How likely it may be that somebody still calls when it is called safe.
    pub alpha: f64,
}

/// What is usual.
pub const ALPHA: f64 = 0.05;

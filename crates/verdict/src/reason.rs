//! Why a verdict is what it is: values. Sentences are made of them in one place a language.

use dolmen_model::{Language, Time};
use serde::Serialize;

use crate::cadence::Cadence;
use crate::calendar::Calendar;
use crate::english;
use crate::evidence::Word;
use crate::french;
use crate::gates::{End, GateName};
use crate::who::Who;

/// One reason.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Reason {
    /// No call was ever seen.
    NeverSeen {
        /// Days with logs.
        covered_days: f64,
    },
    /// When it was last called.
    LastCall {
        /// When.
        at: Time,
        /// By whom.
        who: Who,
        /// Days with logs since.
        silent_days: f64,
    },
    /// It is declared as retired.
    Retired {
        /// Since when.
        since: Time,
        /// The service that took it over.
        moved_to: Option<String>,
    },
    /// It was called after it was retired.
    Residual {
        /// Callers that did.
        callers: usize,
        /// The last of these calls.
        last: Time,
        /// By whom.
        who: Who,
    },
    /// Somebody is within the rhythm that he has.
    Due {
        /// Who.
        who: Who,
        /// His rhythm.
        cadence: Cadence,
        /// Due days that he kept.
        kept: u32,
        /// Due days that he did not.
        missed: u32,
        /// When he is due next.
        next: Option<Time>,
    },
    /// Somebody with a rhythm did not come.
    Missed {
        /// Who.
        who: Who,
        /// His rhythm.
        cadence: Cadence,
        /// Due days since the last call.
        row: u32,
        /// Due days that he kept before.
        kept: u32,
        /// Due days that he did not.
        missed: u32,
        /// How likely that is if he is still there.
        chance: f64,
    },
    /// Somebody without a rhythm is silent.
    Silent {
        /// Who.
        who: Who,
        /// Days on which he called.
        days: u32,
        /// Within so many covered days.
        within: f64,
        /// Silent for so many covered days.
        silent_days: f64,
        /// How likely that is if he is still there.
        chance: f64,
    },
    /// Somebody was seen once, or on one day alone, or in one run of days.
    Once {
        /// Who.
        who: Who,
        /// When, the last time.
        at: Time,
        /// How many calls.
        calls: u64,
        /// On so many days in a row, weekends aside.
        days: u32,
        /// Whether an owner said that he is gone.
        has_word: bool,
    },
    /// More callers than are told one by one.
    MoreCallers {
        /// How many.
        callers: usize,
    },
    /// How likely it is that anybody still calls.
    Likelihood {
        /// It is.
        any: f64,
        /// Without those seen once of whom an owner says that they are gone, where there are some:
        /// this one counts.
        unsaid: Option<f64>,
        /// It may be.
        alpha: f64,
    },
    /// The end of a month, a quarter or a year was not watched yet.
    NotWatched {
        /// Which.
        end: End,
        /// When it will have been.
        until: Option<Time>,
    },
    /// A week has not passed yet.
    NoWeek {
        /// When it has.
        until: Time,
    },
    /// Somebody was silent as long before, and came back.
    LongerBefore {
        /// Who.
        who: Who,
        /// His longest silence, in covered days.
        longest: f64,
        /// So long he must be silent now.
        needed: f64,
    },
    /// Somebody was not known a year ago: his silence may be a holiday.
    NewThisYear {
        /// Who.
        who: Who,
        /// So long he must be silent, in covered days.
        needed: f64,
    },
    /// Somebody was known for a short time only.
    ShortlyKnown {
        /// Who.
        who: Who,
        /// From the first call to the last, in covered days.
        within: f64,
        /// So long he must be silent, in covered days.
        needed: f64,
    },
    /// Logs are missing.
    Gap {
        /// From.
        from: Time,
        /// To.
        to: Time,
        /// Whether it is longer than half a period of somebody.
        counts: bool,
    },
    /// Logs are missing more often than is told one by one.
    MoreGaps {
        /// How many more stretches.
        gaps: usize,
        /// How long all of them are.
        days: f64,
    },
    /// Somebody called the service without a request id.
    WithoutId {
        /// The last of these calls.
        last: Time,
    },
    /// Calls took a route of the operation and left no mark.
    WithoutMark {
        /// The end of the last day with such a call.
        last: Time,
    },
    /// A former caller still calls the service, and nobody knows what for.
    StillCalls {
        /// Who.
        who: Who,
        /// The end of the last day with such a call.
        last: Time,
        /// The new operation that he enters; `None` where nobody knows what he enters.
        operation: Option<String>,
    },
    /// Marks do not come any more, which is unusual.
    SilentMarks {
        /// Their source.
        source: String,
        /// When the last one had come.
        since: Time,
    },
    /// Lines of a source that no format reads.
    Unread {
        /// The source.
        source: String,
        /// How many.
        lines: u64,
        /// Of so many.
        of: u64,
    },
    /// Lines of a source have no time: they were not looked at.
    Untimed {
        /// The source.
        source: String,
        /// How many lines.
        lines: u64,
    },
    /// Callers that nobody has seen may be there.
    Unseen {
        /// Callers seen once.
        once: u32,
        /// Callers seen.
        seen: u32,
        /// So many more at least (Chao1).
        more: f64,
        /// How likely the next is one of them (Good and Turing).
        next_is_new: f64,
    },
    /// More callers than are told apart.
    Overflow {
        /// Calls of these.
        calls: u64,
    },
    /// What an owner said.
    Word {
        /// The word.
        word: Word,
    },
    /// Somebody came after an owner's word: it does not count for him.
    CameSince {
        /// Whose word.
        said_by: String,
        /// When it was said.
        said: Time,
        /// Who came; of a word on the end of the year, who came first after it.
        who: Who,
        /// His last call; of a word on the end of the year, his first.
        at: Time,
    },
    /// When it will be safe, if nobody calls.
    SafeOn {
        /// The start of that day.
        at: Time,
    },
    /// No silence will ever prove it.
    Never {
        /// What is not met, however long it lasts.
        unmet: Vec<GateName>,
    },
}

impl Reason {
    /// A sentence a person can check; its instants are those of the calendar's time zone.
    pub fn sentence(&self, calendar: &Calendar, language: Language) -> String {
        match language {
            Language::English => english::sentence(self, calendar),
            Language::French => french::sentence(self, calendar),
        }
    }

    /// The rhythm that it tells of.
    pub const fn cadence(&self) -> Option<Cadence> {
        match self {
            Self::Due { cadence, .. } | Self::Missed { cadence, .. } => Some(*cadence),
            _ => None,
        }
    }

    /// A short name, the same in every version.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NeverSeen { .. } => "never_seen",
            Self::LastCall { .. } => "last_call",
            Self::Retired { .. } => "retired",
            Self::Residual { .. } => "residual",
            Self::Due { .. } => "due",
            Self::Missed { .. } => "missed",
            Self::Silent { .. } => "silent",
            Self::Once { .. } => "once",
            Self::MoreCallers { .. } => "more_callers",
            Self::Likelihood { .. } => "likelihood",
            Self::NotWatched { .. } => "not_watched",
            Self::NoWeek { .. } => "no_week",
            Self::LongerBefore { .. } => "longer_before",
            Self::NewThisYear { .. } => "new_this_year",
            Self::ShortlyKnown { .. } => "shortly_known",
            Self::Gap { .. } => "gap",
            Self::MoreGaps { .. } => "more_gaps",
            Self::WithoutId { .. } => "without_id",
            Self::WithoutMark { .. } => "without_mark",
            Self::StillCalls { .. } => "still_calls",
            Self::SilentMarks { .. } => "silent_marks",
            Self::Unread { .. } => "unread",
            Self::Untimed { .. } => "untimed",
            Self::Unseen { .. } => "unseen",
            Self::Overflow { .. } => "overflow",
            Self::Word { .. } => "word",
            Self::CameSince { .. } => "came_since",
            Self::SafeOn { .. } => "safe_on",
            Self::Never { .. } => "never",
        }
    }
}

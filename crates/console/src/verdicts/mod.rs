//! Verdicts on what a store knows: the JSON, the page for a change board, and the table.
//!
//! The command line prints the same: what is answered here is what it prints.

mod board;
mod former;
mod gather;
mod judged;
mod known;
mod recognised;
mod routes;
mod sources;
mod table;
mod words;

use dolmen_model::{Language, Time};
use dolmen_store::StoreError;
use dolmen_verdict::{
    Calendar, CallerVerdict, Expected, Gate, GateName, Reason, Unseen, Verdict, Word,
};
use jiff::tz::TimeZone;
use serde::Serialize;
use utoipa::ToSchema;

pub use board::{Wall, html};
pub use judged::{Judged, judged, verdicts, zone_of};
pub use table::csv;
pub use words::state_name;

/// Which verdicts are asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// As of this instant; without it, of the last call or mark.
    pub at: Option<Time>,
    /// The clock on the wall: without `at`, nothing is judged as of later, whatever a line with a
    /// wrong clock says.
    pub now: Option<Time>,
    /// On this operation alone.
    pub operation: Option<String>,
    /// On this service alone; without it on monoliths, and where there is none on all.
    pub service: Option<String>,
    /// A time zone by its IANA name, as POSIX writes it, or `local`; without it the
    /// configuration's.
    pub zone: Option<String>,
    /// How likely it may be that somebody still calls what is called safe; without it the
    /// configuration's.
    pub alpha: Option<f64>,
    /// The language of reasons and rhythms.
    pub language: Language,
}

/// Why there is no verdict.
#[derive(Debug)]
pub enum NoVerdict {
    /// The question is wrong: what, and what to do.
    Wrong(String),
    /// What was asked for is not there: what, and what is nearest.
    Unknown(String),
    /// The store does not answer.
    Store(StoreError),
}

impl std::fmt::Display for NoVerdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Wrong(what) | Self::Unknown(what) => f.write_str(what),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for NoVerdict {}

impl From<StoreError> for NoVerdict {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Which operations may be switched off on which service, and why.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Verdicts {
    /// As of this instant: what came later was not looked at.
    #[schema(value_type = String, format = DateTime)]
    pub at: Time,
    /// The time zone that callers live in: its IANA name, or how far it is ahead of UTC at `at` where
    /// it has none.
    pub zone: String,
    /// The same, for who shows instants.
    #[serde(skip)]
    pub wall: TimeZone,
    /// What its clocks show, for every instant in here.
    pub clocks: Vec<ClockChange>,
    /// How likely it may be that somebody still calls what is called safe.
    pub alpha: f64,
    /// Whether every operation may be switched off; no operation at all may not.
    pub is_safe: bool,
    /// Operations by service.
    pub operations: Vec<OperationVerdict>,
    /// Stretches without lines from a source that normally speaks.
    pub gaps: Vec<SourceGap>,
    /// What cannot be read: hours and days of who called stand in for its lines. A sentence a segment.
    pub lacking: Vec<String>,
    /// The days to watch: calls that are due within five weeks.
    pub expected: Vec<ExpectedCall>,
}

/// From an instant on clocks are so far ahead of UTC.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct ClockChange {
    /// From this instant on; the first holds for what is before it, too.
    #[schema(value_type = String, format = DateTime)]
    pub from: Time,
    /// Seconds ahead of UTC; west of Greenwich it is negative.
    pub ahead: i32,
}

/// Whether one operation may be switched off on one service, and why.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OperationVerdict {
    /// The operation.
    pub operation: String,
    /// The service; `null` where nobody knows which one answered.
    pub service: Option<String>,
    /// `never_seen`, `in_use`, `fading`, `silent`, `safe`, `retired` or `residual`.
    pub state: String,
    /// Whether it may be switched off.
    pub is_safe: bool,
    /// From when on it is safe if nobody calls; `null`: no silence will prove that.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub safe_on: Option<Time>,
    /// Why, the most important first.
    pub reasons: Vec<String>,
    /// The same as values, in the same order.
    pub reason_details: Vec<ReasonRow>,
    /// The last call; marks without a call count.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_call: Option<Time>,
    /// How many calls.
    pub calls: u64,
    /// How likely it is that somebody still calls.
    pub p_any: f64,
    /// Since when it is declared as retired.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub retired: Option<Time>,
    /// The service that took it over.
    pub moved_to: Option<String>,
    /// What must have been watched before it can be safe.
    pub gates: Vec<GateRow>,
    /// Who calls, the latest first.
    pub callers: Vec<CallerRow>,
    /// Callers that may be there unseen.
    pub unseen: UnseenRow,
    /// Stretches without logs since the last call.
    pub gaps: Vec<Stretch>,
    /// What owners said.
    pub words: Vec<WordRow>,
}

/// A reason as values.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReasonRow {
    /// A short name of what kind of reason it is, such as `last_call` or `missed`.
    pub code: String,
    /// Its sentence.
    pub text: String,
    /// Its values by name.
    #[schema(value_type = Object)]
    pub values: serde_json::Value,
}

/// A condition of "safe".
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GateRow {
    /// `month_end`, `quarter_end`, `year_end`, `two_periods`, `week`, `longest_silence`,
    /// `coverage`, `request_ids`, `marks` or `likelihood`.
    pub gate: String,
    /// Whether it is met.
    pub is_met: bool,
    /// Since when, or from when on if nobody calls; `null`: silence alone never meets it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub from: Option<Time>,
}

/// One caller, on one address or on many.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = CallerVerdict)]
pub struct CallerRow {
    /// Who the rules say it is.
    pub actor: Option<String>,
    /// The last address that was seen.
    pub address: Option<String>,
    /// The user agent.
    pub user_agent: Option<String>,
    /// From how many addresses it calls.
    pub addresses: usize,
    /// Whether no proxy logged it: marks without a call tell of it.
    pub is_hidden: bool,
    /// When it calls, readable: "every day at 02:00", "irregular".
    pub cadence: String,
    /// `none`, `suspected` (three or four calls agree) or `cadence`.
    pub certainty: String,
    /// How many calls.
    pub calls: u64,
    /// The first call.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub first_call: Option<Time>,
    /// The last call.
    #[schema(value_type = String, format = DateTime)]
    pub last_call: Time,
    /// When it is due next; `null` without a cadence.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_expected: Option<Time>,
    /// Due days on which it called.
    pub hits: u32,
    /// Due days on which it did not, before its last call.
    pub misses: u32,
    /// Due days since its last call.
    pub missed_in_a_row: u32,
    /// How likely this silence is if it is still there.
    pub p_silence: f64,
    /// How likely it is still there.
    pub p_alive: f64,
    /// Whether an owner says that it is gone.
    pub has_word: bool,
}

/// Callers that may be there unseen.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct UnseenRow {
    /// Callers that were seen.
    pub seen: u32,
    /// Of these, callers seen once.
    pub once: u32,
    /// How likely the next visit is by somebody new (Good and Turing).
    pub next_is_new: f64,
    /// How many more callers there are at least (Chao1).
    pub more: f64,
}

/// A stretch of time, [from, to).
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Stretch {
    /// Its first instant.
    #[schema(value_type = String, format = DateTime)]
    pub from: Time,
    /// The instant after it.
    #[schema(value_type = String, format = DateTime)]
    pub to: Time,
}

/// A stretch without lines from a source that normally speaks.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SourceGap {
    /// The source.
    pub source: String,
    /// Its first silent hour.
    #[schema(value_type = String, format = DateTime)]
    pub from: Time,
    /// The end of the last.
    #[schema(value_type = String, format = DateTime)]
    pub to: Time,
}

/// A call that is due.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExpectedCall {
    /// When; the start of the day where nobody knows the hour.
    #[schema(value_type = String, format = DateTime)]
    pub at: Time,
    /// Of which operation.
    pub operation: String,
    /// On which service.
    pub service: Option<String>,
    /// Who is due.
    pub who: String,
    /// What it is known to do.
    pub cadence: String,
    /// How likely it is still there.
    pub p_alive: f64,
}

/// What an owner said.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WordRow {
    /// Its number.
    pub id: i64,
    /// `gone`: whoever it names is gone; `year_end`: the end of a year need not be watched.
    pub about: String,
    /// Of this operation alone; `null`: of all.
    pub operation: Option<String>,
    /// On this service alone; `null`: on all.
    pub service: Option<String>,
    /// Callers of this name alone.
    pub actor: Option<String>,
    /// Callers from this address alone.
    pub address: Option<String>,
    /// Callers with this user agent alone.
    pub user_agent: Option<String>,
    /// Who says so.
    pub who: String,
    /// Why.
    pub why: String,
    /// When it was said.
    #[schema(value_type = String, format = DateTime)]
    pub said: Time,
}

impl OperationVerdict {
    fn of(verdict: &Verdict, calendar: &Calendar, language: Language) -> Self {
        let row = |reason| ReasonRow::of(reason, calendar, language);
        let details: Vec<ReasonRow> = verdict.reasons.iter().map(row).collect();
        Self {
            state: verdict.state.name().to_owned(),
            is_safe: verdict.state.is_safe(),
            safe_on: verdict.safe_on,
            reasons: details.iter().map(|reason| reason.text.clone()).collect(),
            reason_details: details,
            last_call: verdict.last_call,
            calls: verdict.calls,
            p_any: verdict.p_any,
            retired: verdict.retired,
            moved_to: verdict.moved_to.clone(),
            gates: verdict.gates.iter().map(GateRow::from).collect(),
            callers: verdict
                .callers
                .iter()
                .cloned()
                .map(|caller| CallerRow::of(caller, language))
                .collect(),
            unseen: verdict.unseen.into(),
            gaps: verdict.gaps.iter().map(|&(from, to)| Stretch { from, to }).collect(),
            words: verdict
                .words
                .iter()
                .cloned()
                .map(|word| WordRow::of(word, &verdict.operation, verdict.service.as_deref()))
                .collect(),
            operation: verdict.operation.clone(),
            service: verdict.service.clone(),
        }
    }
}

impl ReasonRow {
    fn of(reason: &Reason, calendar: &Calendar, language: Language) -> Self {
        let mut values = serde_json::to_value(reason).unwrap_or_default();
        if let Some(values) = values.as_object_mut() {
            values.remove("code");
            if let Some(cadence) = reason.cadence() {
                values.insert("cadence".to_owned(), cadence.said(language).into());
            }
        }
        Self { code: reason.code().to_owned(), text: reason.sentence(calendar, language), values }
    }
}

impl From<&Gate> for GateRow {
    fn from(gate: &Gate) -> Self {
        let name = match gate.gate {
            GateName::MonthEnd => "month_end",
            GateName::QuarterEnd => "quarter_end",
            GateName::YearEnd => "year_end",
            GateName::TwoPeriods => "two_periods",
            GateName::Week => "week",
            GateName::LongestSilence => "longest_silence",
            GateName::Coverage => "coverage",
            GateName::RequestIds => "request_ids",
            GateName::Marks => "marks",
            GateName::Likelihood => "likelihood",
        };
        Self { gate: name.to_owned(), is_met: gate.is_met, from: gate.from }
    }
}

impl CallerRow {
    fn of(caller: CallerVerdict, language: Language) -> Self {
        use dolmen_verdict::Certainty;
        let certainty = match caller.certainty {
            Certainty::None => "none",
            Certainty::Suspected => "suspected",
            Certainty::Cadence => "cadence",
        };
        Self {
            actor: caller.caller.actor,
            address: caller.caller.address,
            user_agent: caller.caller.user_agent,
            is_hidden: caller.caller.is_hidden,
            addresses: caller.addresses,
            cadence: caller.cadence.said(language),
            certainty: certainty.to_owned(),
            calls: caller.calls,
            first_call: caller.first_call,
            last_call: caller.last_call,
            next_expected: caller.next_expected,
            hits: caller.hits,
            misses: caller.misses,
            missed_in_a_row: caller.missed_in_a_row,
            p_silence: caller.p_silence,
            p_alive: caller.p_alive,
            has_word: caller.has_word,
        }
    }
}

impl From<Unseen> for UnseenRow {
    fn from(Unseen { seen, once, next_is_new, more }: Unseen) -> Self {
        Self { seen, once, next_is_new, more }
    }
}

impl From<Expected> for ExpectedCall {
    fn from(call: Expected) -> Self {
        let Expected { at, operation, service, who, cadence, p_alive } = call;
        Self { at, operation, service, who, cadence, p_alive }
    }
}

impl WordRow {
    /// A word as a verdict carries it.
    fn of(word: Word, operation: &str, service: Option<&str>) -> Self {
        use dolmen_verdict::About;
        let (about, [address, user_agent, actor]) = match word.about {
            About::Gone { address, user_agent, actor } => ("gone", [address, user_agent, actor]),
            About::YearEnd => ("year_end", [None, None, None]),
        };
        Self {
            id: word.id,
            about: about.to_owned(),
            operation: Some(operation.to_owned()),
            service: service.map(str::to_owned),
            actor,
            address,
            user_agent,
            who: word.who,
            why: word.why,
            said: word.said,
        }
    }
}

impl From<dolmen_store::Word> for WordRow {
    fn from(dolmen_store::Word { id, said, word }: dolmen_store::Word) -> Self {
        Self {
            id,
            about: word.kind.name().to_owned(),
            operation: word.operation,
            service: word.service,
            actor: word.actor,
            address: word.address,
            user_agent: word.user_agent,
            who: word.who,
            why: word.why,
            said,
        }
    }
}

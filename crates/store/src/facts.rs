//! What a worker hands in beside a line.

use dolmen_model::{Joined, NameId, Names, SetId, Time};
use serde::Serialize;

/// What attribution found out about a call.
#[derive(Clone, Copy, Debug)]
pub struct CallFacts<'a> {
    /// The source that the line came from.
    pub source: &'a str,
    /// The caller's address behind trusted proxies; empty, or equal to the call's own address,
    /// where there is none.
    pub forwarded_address: &'a [u8],
    /// The service, as rules and the source say; marks and hops may know better.
    pub service: NameId,
    /// Who called.
    pub actor: NameId,
    /// Method and path template.
    pub endpoint: NameId,
    /// The operation that the rules claim.
    pub claimed: NameId,
}

/// What the join found out about a call, from the lines of its request id that are known so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Whether it counts, or is the second hop of a call that does.
    pub role: Role,
    /// The service that answered.
    pub service: NameId,
    /// The operations it entered; what the rules claim while it has no mark.
    pub operations: SetId,
    /// What became of it.
    pub joined: Joined,
    /// How many marks it has.
    pub marks: u32,
    /// A source behind another logged it, and the one in front did not.
    pub bypassed: bool,
    /// Another call carries its request id, outside a chain.
    pub repeated: bool,
}

impl Settled {
    /// A call about which no other line says anything.
    pub fn alone(facts: &CallFacts<'_>, joined: Joined, names: &Names) -> Self {
        let claimed = facts.claimed.is_known().then_some(facts.claimed);
        Self {
            role: Role::Call,
            service: facts.service,
            operations: claimed.map_or(SetId::EMPTY, |one| names.sets.intern(&[one])),
            joined,
            marks: 0,
            bypassed: false,
            repeated: false,
        }
    }
}

/// Whether a line is a call of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It counts.
    #[default]
    Call,
    /// Another source of its chain logged the same request and counts it: kept, shown with the
    /// call, never counted.
    Hop,
    /// A record of a bus's journal: it counts, and names itself what marks say of a call. So it
    /// takes no part in the join; a request id finds it all the same.
    Delivery,
}

impl Role {
    /// All of them, in the order of their numbers in the catalog.
    pub(crate) const ALL: [Self; 3] = [Self::Call, Self::Hop, Self::Delivery];

    /// Its word in segments and in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Hop => "hop",
            Self::Delivery => "delivery",
        }
    }

    /// The word read back; what is no word of ours is a call.
    pub(crate) fn of(word: &str) -> Self {
        Self::ALL.into_iter().find(|role| role.word() == word).unwrap_or_default()
    }

    /// Whether it is counted.
    pub const fn counts(self) -> bool {
        !matches!(self, Self::Hop)
    }
}

/// What the join found out about a mark.
#[derive(Clone, Copy, Debug)]
pub struct MarkFacts<'a> {
    /// The source that the line came from.
    pub source: &'a str,
    /// The operation's number; its text is the mark's own.
    pub operation: NameId,
    /// The service that wrote it, from the line or from its source.
    pub service: NameId,
    /// Whether its call is known.
    pub state: MarkState,
}

/// Whether a mark has found its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MarkState {
    /// Its call is in this block or was handed in with it, and has its operation already.
    Joined,
    /// Its call is not here: the store looks for it among the stored calls, and lets the mark wait
    /// until it comes.
    Waiting,
}

/// A line that no format reads, and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct UnreadLine<'a> {
    /// The source that the line came from.
    pub source: &'a str,
    /// The file's path, `-` for standard input.
    pub file: &'a str,
    /// The line's number in it, from 1.
    pub number: u64,
    /// The first byte that did not fit, from 1.
    pub column: u32,
    /// What was expected there.
    pub expected: &'a str,
    /// When it was read.
    pub seen: Time,
    /// The line, without its line end.
    pub line: &'a [u8],
}

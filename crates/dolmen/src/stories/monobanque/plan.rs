//! How often each actor asks for what in fourteen days: numbers first, times later.
//!
//! Every count of the story is a count of this table, so a figure such as "21 %" is true by
//! construction and not by luck.

use jiff::civil::{Date, DateTime, date};

use super::ask::Ask;
use super::cast::Actor;
use super::rhythm::{Hours, Rhythm, Schedule};

/// The first day of the story; a Monday.
pub(crate) const FIRST_DAY: Date = date(2023, 3, 6);
/// How long one observes.
pub(crate) const WINDOW_DAYS: i32 = 14;

/// How a request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    /// As it should.
    Answered,
    /// It entered its operation, which failed: 500.
    Failed,
    /// Turned away before it entered anything: 400, 401 or 403.
    Refused,
    /// The proxy found nobody behind it: 503.
    Unavailable,
    /// The proxy says that the route is no more: 410.
    Gone,
}

impl End {
    /// Whether the application wrote that its operation was entered.
    pub(crate) const fn is_entered(self) -> bool {
        matches!(self, Self::Answered | Self::Failed)
    }

    /// Whether anybody behind the proxy saw the request.
    pub(crate) const fn is_past_the_proxy(self) -> bool {
        !matches!(self, Self::Unavailable | Self::Gone)
    }
}

/// One kind of request of one actor, and how many of them end in which way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) ask: Ask,
    pub(super) ends: [(End, u32); 3],
}

/// What one actor does in one rhythm.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) actor: Actor,
    pub(super) rhythm: Rhythm,
    pub(super) lines: &'static [Line],
}

const fn line(ask: Ask, answered: u32, failed: u32, refused: u32) -> Line {
    let ends = [(End::Answered, answered), (End::Failed, failed), (End::Refused, refused)];
    Line { ask, ends }
}

/// A fortnight: 50,000 requests, of which 10,500 by the two scripts.
pub(super) const FORTNIGHT: &[Part] = &[
    Part {
        actor: Actor::WebPortal,
        rhythm: Rhythm::People(Hours::Everyday),
        lines: &[
            line(Ask::Movements, 8_900, 12, 28),
            line(Ask::InternalByBody, 3_540, 9, 51),
            line(Ask::ExternalByQuery, 1_470, 6, 24),
            line(Ask::BlockByPath, 254, 1, 5),
            line(Ask::CeilingByBody, 628, 2, 10),
            line(Ask::Static, 5_400, 0, 0),
            line(Ask::Login, 1_500, 0, 0),
            line(Ask::Help, 400, 0, 0),
            line(Ask::Lost, 356, 0, 0),
        ],
    },
    Part {
        actor: Actor::WebPortal,
        rhythm: Rhythm::Clockwork(Schedule::Every { minutes: 15 }),
        lines: &[line(Ask::Health, 1_344, 0, 0)],
    },
    Part {
        actor: Actor::LargeAccounts,
        rhythm: Rhythm::People(Hours::Business),
        lines: &[
            line(Ask::MovementsByXml, 2_391, 3, 6),
            line(Ask::InternalByXml, 1_765, 4, 11),
            line(Ask::ExternalByXml, 1_188, 3, 9),
            line(Ask::BatchByXml, 236, 2, 2),
        ],
    },
    Part {
        actor: Actor::LargeAccounts,
        rhythm: Rhythm::Clockwork(Schedule::Every { minutes: 30 }),
        lines: &[line(Ask::Health, 672, 0, 0)],
    },
    Part {
        actor: Actor::LargeAccounts,
        rhythm: Rhythm::Clockwork(Schedule::Every { minutes: 12 * 60 }),
        lines: &[line(Ask::Wsdl, 8, 0, 0)],
    },
    Part {
        actor: Actor::BranchTool,
        rhythm: Rhythm::People(Hours::Branch),
        lines: &[
            line(Ask::Movements, 3_881, 5, 14),
            line(Ask::InternalByBody, 1_083, 3, 14),
            line(Ask::ExternalByQuery, 588, 2, 10),
            line(Ask::BlockByPath, 336, 1, 3),
            line(Ask::CeilingByBody, 413, 1, 6),
            line(Ask::Static, 2_600, 0, 0),
            line(Ask::Login, 100, 0, 0),
            line(Ask::Lost, 140, 0, 0),
        ],
    },
    Part {
        actor: Actor::BashOpposition,
        rhythm: Rhythm::Clockwork(Schedule::Weeknights { hour: 2 }),
        lines: &[line(Ask::BlockByPath, 4_020, 18, 162)],
    },
    Part {
        actor: Actor::BashVirement,
        rhythm: Rhythm::Clockwork(Schedule::OfficeQuarters),
        lines: &[
            line(Ask::InternalByBody, 4_330, 14, 56),
            line(Ask::ExternalByQuery, 1_868, 7, 25),
        ],
    },
];

/// Two minutes on a Tuesday when the monolith did not answer: the portal's customers saw a 503,
/// which the proxy logged and the monolith did not.
pub(super) const INCIDENT: Part = Part {
    actor: Actor::WebPortal,
    rhythm: Rhythm::Clockwork(Schedule::Once { at: INCIDENT_AT }),
    lines: &[Line { ask: Ask::Movements, ends: [(End::Unavailable, 60), NOTHING, NOTHING] }],
};

const INCIDENT_AT: DateTime = date(2023, 3, 14).at(11, 7, 0, 0);
const NOTHING: (End, u32) = (End::Answered, 0);

/// The part of a fortnight's requests that is played.
#[derive(Clone, Copy, Debug)]
pub(super) enum Share {
    /// All of them.
    Whole,
    /// One in ten, without drift: over ten fortnights the tenths are whole again. The fortnight's
    /// number says where in the ten it stands.
    Tenth {
        /// Counted from 0.
        fortnight: u32,
    },
}

impl Share {
    /// How many of `calls` are played.
    pub(super) const fn of(self, calls: u32) -> u32 {
        match self {
            Self::Whole => calls,
            Self::Tenth { fortnight } => calls * (fortnight + 1) / 10 - calls * fortnight / 10,
        }
    }
}

impl Part {
    /// Its requests one by one, in the order of the table.
    pub(super) fn deck(&self, share: Share) -> Vec<(Ask, End)> {
        let mut deck = Vec::new();
        for line in self.lines {
            for (end, calls) in line.ends {
                deck.extend(std::iter::repeat_n((line.ask, end), share.of(calls) as usize));
            }
        }
        deck
    }
}

#[cfg(test)]
mod tests {
    use super::super::cast::KNOWN;
    use super::*;

    fn calls(of: impl Fn(Actor) -> bool) -> usize {
        let parts = FORTNIGHT.iter().chain([&INCIDENT]);
        parts.filter(|part| of(part.actor)).map(|part| part.deck(Share::Whole).len()).sum()
    }

    #[test]
    fn a_fortnight_is_fifty_thousand_requests() {
        assert_eq!(calls(|_| true), 50_000);
    }

    #[test]
    fn twenty_one_of_a_hundred_come_from_nobody_known() {
        assert_eq!(calls(|actor| !KNOWN.contains(&actor)) * 100, calls(|_| true) * 21);
    }

    #[test]
    fn ten_tenths_are_a_whole() {
        for calls in [0, 1, 9, 10, 1_344, 8_900] {
            let tenths = (0..10).map(|fortnight| Share::Tenth { fortnight }.of(calls));
            assert_eq!(tenths.sum::<u32>(), calls);
        }
    }
}

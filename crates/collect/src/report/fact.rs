use dolmen_join::{Fact, MOST_NUMBERS};
use dolmen_model::NameId;

/// What a report needs back of a call when its id is resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CallFact {
    pub(super) service: NameId,
    pub(super) actor: NameId,
    pub(super) endpoint: NameId,
    /// The operation that the rules claim.
    pub(super) claimed: NameId,
    /// The caller, of an unknown actor only.
    pub(super) caller: NameId,
    /// 0 where the log has none.
    pub(super) status: u16,
    pub(super) bytes: Option<u64>,
    pub(super) duration: Option<u64>,
    /// Whether its time is in the window.
    pub(super) inside: bool,
    /// Answers to the query's atoms that its line gave.
    pub(super) answers: u32,
}

/// What a report needs back of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MarkFact {
    pub(super) operation: NameId,
    pub(super) service: NameId,
    pub(super) inside: bool,
}

/// Numbers that are nearly always small or nought come first to few bytes, and to none.
impl Fact for CallFact {
    const NUMBERS: usize = 6;

    fn numbers(&self) -> [u64; MOST_NUMBERS] {
        let status = u64::from(self.status) << 1 | u64::from(self.inside);
        [
            pair(self.service, self.claimed),
            pair(self.endpoint, self.actor),
            u64::from(self.caller.0),
            status | u64::from(self.answers) << 17,
            some(self.bytes),
            some(self.duration),
        ]
    }

    fn of(&[service, endpoint, caller, status, bytes, duration]: &[u64; MOST_NUMBERS]) -> Self {
        let ((service, claimed), (endpoint, actor)) = (unpair(service), unpair(endpoint));
        Self {
            service,
            actor,
            endpoint,
            claimed,
            caller: NameId(caller as u32),
            status: (status >> 1) as u16,
            inside: status & 1 == 1,
            bytes: bytes.checked_sub(1),
            duration: duration.checked_sub(1),
            answers: (status >> 17) as u32,
        }
    }
}

/// Two small numbers as one that is small: their low halves, then their high halves.
fn pair(NameId(a): NameId, NameId(b): NameId) -> u64 {
    let halves = |low: u32, high: u32| u64::from(low & 0xffff) | u64::from(high & 0xffff) << 16;
    halves(a, b) | halves(a >> 16, b >> 16) << 32
}

fn unpair(pair: u64) -> (NameId, NameId) {
    let join = |at: u32| (pair >> at & 0xffff) | (pair >> (at + 32) & 0xffff) << 16;
    (NameId(join(0) as u32), NameId(join(16) as u32))
}

/// Nought is nothing; what fills 64 bits counts as one less.
fn some(number: Option<u64>) -> u64 {
    number.map_or(0, |number| number.saturating_add(1))
}

impl Fact for MarkFact {
    const NUMBERS: usize = 2;

    fn numbers(&self) -> [u64; MOST_NUMBERS] {
        let operation = u64::from(self.operation.0) << 1 | u64::from(self.inside);
        [operation, u64::from(self.service.0), 0, 0, 0, 0]
    }

    fn of(&[operation, service, ..]: &[u64; MOST_NUMBERS]) -> Self {
        let inside = operation & 1 == 1;
        Self { operation: NameId((operation >> 1) as u32), service: NameId(service as u32), inside }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_fact_survives_its_numbers(
            ids in prop::array::uniform5(any::<u32>()),
            status: u16,
            bytes in prop::option::of(0..u64::MAX),
            duration in prop::option::of(0..u64::MAX),
            inside: bool,
            answers: u32,
        ) {
            let [service, actor, endpoint, claimed, caller] = ids.map(NameId);
            let fact = CallFact {
                service, actor, endpoint, claimed, caller, status, bytes, duration, inside, answers,
            };
            prop_assert_eq!(CallFact::of(&fact.numbers()), fact);
            let fact = MarkFact { operation: service, service: actor, inside };
            prop_assert_eq!(MarkFact::of(&fact.numbers()), fact);
        }
    }
}

use dolmen_join::{Fact, MOST_NUMBERS};
use dolmen_model::NameId;

use super::kind::KindId;

/// What a report needs back of a call when its id is resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CallFact {
    pub(super) kind: KindId,
    /// The caller, of an unknown actor only.
    pub(super) caller: NameId,
    pub(super) bytes: Option<u64>,
    pub(super) duration: Option<u64>,
}

/// What a report needs back of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MarkFact {
    pub(super) operation: NameId,
    pub(super) service: NameId,
    pub(super) inside: bool,
}

impl Fact for CallFact {
    const NUMBERS: usize = 4;

    #[inline]
    fn numbers(&self) -> [u64; MOST_NUMBERS] {
        let (kind, caller) = (u64::from(self.kind.0), u64::from(self.caller.0));
        [kind, caller, some(self.bytes), some(self.duration), 0, 0]
    }

    #[inline]
    fn of(&[kind, caller, bytes, duration, ..]: &[u64; MOST_NUMBERS]) -> Self {
        Self {
            kind: KindId(kind as u32),
            caller: NameId(caller as u32),
            bytes: bytes.checked_sub(1),
            duration: duration.checked_sub(1),
        }
    }
}

/// Nought is nothing; what fills 64 bits counts as one less.
fn some(number: Option<u64>) -> u64 {
    number.map_or(0, |number| number.saturating_add(1))
}

impl Fact for MarkFact {
    const NUMBERS: usize = 2;

    #[inline]
    fn numbers(&self) -> [u64; MOST_NUMBERS] {
        let operation = u64::from(self.operation.0) << 1 | u64::from(self.inside);
        [operation, u64::from(self.service.0), 0, 0, 0, 0]
    }

    #[inline]
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
            ids in prop::array::uniform3(any::<u32>()),
            bytes in prop::option::of(0..u64::MAX),
            duration in prop::option::of(0..u64::MAX),
            inside: bool,
        ) {
            let [kind, caller, operation] = ids;
            let fact = CallFact { kind: KindId(kind), caller: NameId(caller), bytes, duration };
            prop_assert_eq!(CallFact::of(&fact.numbers()), fact);
            let (operation, service) = (NameId(operation), NameId(caller));
            let fact = MarkFact { operation, service, inside };
            prop_assert_eq!(MarkFact::of(&fact.numbers()), fact);
        }
    }
}

use dolmen_join::Fixed;
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

/// Names of these tables are bounded below 2¹⁶.
fn short(id: NameId) -> [u8; 2] {
    u16::try_from(id.0).unwrap_or(NameId::OVERFLOW.0 as u16).to_le_bytes()
}

fn name(bytes: &[u8], at: usize) -> NameId {
    NameId(u32::from(u16::from_le_bytes([bytes[at], bytes[at + 1]])))
}

/// Six bytes hold eight years of microseconds and 281 TB; what is more counts as that. All ones
/// say that the log has no number.
const NO_NUMBER: u64 = (1 << 48) - 1;

fn number(value: Option<u64>) -> [u8; 6] {
    let bytes = value.map_or(NO_NUMBER, |value| value.min(NO_NUMBER - 1)).to_le_bytes();
    [bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5]]
}

fn option(bytes: &[u8], at: usize) -> Option<u64> {
    let mut value = [0; 8];
    value[..6].copy_from_slice(&bytes[at..at + 6]);
    let value = u64::from_le_bytes(value);
    (value != NO_NUMBER).then_some(value)
}

impl Fixed for CallFact {
    const SIZE: usize = 29;

    fn write(&self, out: &mut Vec<u8>) {
        let mut bytes = [0; Self::SIZE];
        bytes[0..2].copy_from_slice(&short(self.service));
        bytes[2..4].copy_from_slice(&short(self.actor));
        bytes[4..6].copy_from_slice(&short(self.endpoint));
        bytes[6..8].copy_from_slice(&short(self.claimed));
        bytes[8..10].copy_from_slice(&short(self.caller));
        bytes[10..12].copy_from_slice(&self.status.to_le_bytes());
        bytes[12..18].copy_from_slice(&number(self.bytes));
        bytes[18..24].copy_from_slice(&number(self.duration));
        bytes[24] = u8::from(self.inside);
        bytes[25..29].copy_from_slice(&self.answers.to_le_bytes());
        out.extend_from_slice(&bytes);
    }

    fn read(bytes: &[u8]) -> Self {
        Self {
            service: name(bytes, 0),
            actor: name(bytes, 2),
            endpoint: name(bytes, 4),
            claimed: name(bytes, 6),
            caller: name(bytes, 8),
            status: u16::from_le_bytes([bytes[10], bytes[11]]),
            bytes: option(bytes, 12),
            duration: option(bytes, 18),
            inside: bytes[24] != 0,
            answers: u32::from_le_bytes([bytes[25], bytes[26], bytes[27], bytes[28]]),
        }
    }
}

impl Fixed for MarkFact {
    const SIZE: usize = 5;

    fn write(&self, out: &mut Vec<u8>) {
        let ([a, b], [c, d]) = (short(self.operation), short(self.service));
        out.extend_from_slice(&[a, b, c, d, u8::from(self.inside)]);
    }

    fn read(bytes: &[u8]) -> Self {
        Self { operation: name(bytes, 0), service: name(bytes, 2), inside: bytes[4] != 0 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_fact_survives_its_bytes(
            ids in prop::array::uniform5(0_u32..65_536),
            status: u16,
            bytes in prop::option::of(0..NO_NUMBER),
            duration in prop::option::of(0..NO_NUMBER),
            inside: bool,
            answers: u32,
        ) {
            let [service, actor, endpoint, claimed, caller] = ids.map(NameId);
            let fact = CallFact {
                service, actor, endpoint, claimed, caller, status, bytes, duration, inside, answers,
            };
            let mut written = Vec::new();
            fact.write(&mut written);
            prop_assert_eq!(written.len(), CallFact::SIZE);
            prop_assert_eq!(CallFact::read(&written), fact);
            let fact = MarkFact { operation: service, service: actor, inside };
            let mut written = Vec::new();
            fact.write(&mut written);
            prop_assert_eq!(written.len(), MarkFact::SIZE);
            prop_assert_eq!(MarkFact::read(&written), fact);
        }
    }
}

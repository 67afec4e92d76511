//! Who made a call, in the numbers that texts have in their block: callers are told apart by these, and
//! their texts are looked at once a block.

use rustc_hash::FxHashMap;

/// Who made a call: what [`CallerCounts`](crate::CallerCounts) knows it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalledBy(pub(crate) u32);

impl CalledBy {
    /// Of a code: which rows say whose it is. Others are numbers of callers.
    pub(crate) const CODE: u32 = 1 << 31;

    pub(crate) fn is_code(self) -> bool {
        self.0 & Self::CODE != 0
    }
}

/// The caller of a call, in the numbers that texts have in their block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallerCode {
    /// Twice the number of its address, and one more where proxies forwarded that.
    client: u32,
    kind: CallerKind,
}

/// What a caller says beside its address: its user agent and its user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct CallerKind([u32; 2]);

/// Bits of a client.
const CLIENT: u32 = 21;
/// Bits of the number of a kind.
const KIND: u32 = 10;

impl CallerCode {
    /// An address without a number is missing; `None` for numbers that are too high for a code.
    pub(crate) fn new(
        address: Option<u32>,
        is_forwarded: bool,
        agent_and_user: [u32; 2],
    ) -> Option<Self> {
        const MISSING: u32 = (1 << (CLIENT - 1)) - 1;
        let number = match address {
            None => MISSING,
            Some(number) if number < MISSING => number,
            Some(_) => return None,
        };
        Some(Self {
            client: number << 1 | u32::from(is_forwarded),
            kind: CallerKind(agent_and_user),
        })
    }
}

/// The kinds of callers of a block: they are few, as a rule.
#[derive(Debug, Default)]
pub(crate) struct Kinds {
    numbers: FxHashMap<CallerKind, u32>,
    /// Those met lately, by a few bits of them, each with its number plus one.
    lately: [(CallerKind, u32); LATELY],
}

const LATELY: usize = 32;

impl Kinds {
    /// What calls of one caller share; `None` where there are too many kinds.
    #[inline]
    pub(crate) fn by(&mut self, code: CallerCode) -> Option<CalledBy> {
        let [agent, user] = code.kind.0;
        let lately = &mut self.lately[agent.wrapping_add(user.wrapping_mul(7)) as usize % LATELY];
        if lately.1 == 0 || lately.0 != code.kind {
            let next = self.numbers.len() as u32;
            let number = match self.numbers.get(&code.kind) {
                Some(number) => *number,
                None if next < 1 << KIND => *self.numbers.entry(code.kind).or_insert(next),
                None => return None,
            };
            *lately = (code.kind, number + 1);
        }
        Some(CalledBy(CalledBy::CODE | (lately.1 - 1) << CLIENT | code.client))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_have_a_code_each() {
        let mut kinds = Kinds::default();
        let mut codes = Vec::new();
        for agent in 0..40 {
            for (address, is_forwarded, user) in
                [(None, false, 0), (Some(0), false, 0), (Some(0), true, 0), (Some(0), true, 1)]
            {
                codes.push(CallerCode::new(address, is_forwarded, [agent, user]).unwrap());
            }
        }
        let mut by = || codes.iter().map(|code| kinds.by(*code).unwrap().0).collect::<Vec<_>>();
        let first = by();
        assert_eq!(first, by());
        let mut different = first;
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), codes.len());
        assert!(different.iter().all(|by| CalledBy(*by).is_code()));
    }

    #[test]
    fn what_is_too_many_has_none() {
        assert_eq!(CallerCode::new(Some(1 << 20), false, [0, 0]), None);
        let mut kinds = Kinds::default();
        let code = |agent| CallerCode::new(Some(7), false, [agent, 0]).unwrap();
        let known: Vec<_> = (0..1_100).filter_map(|agent| kinds.by(code(agent))).collect();
        assert_eq!(known.len(), 1_024);
        assert_eq!(kinds.by(code(3)), Some(known[3]));
    }
}

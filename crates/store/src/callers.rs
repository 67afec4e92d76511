//! Who called, as a commit carries it.

use dolmen_model::{NameId, SetId, Time};
use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::xxh3_128;

use crate::texts::Texts;

/// How often each caller called, in the buckets of one commit. A caller's texts are held once,
/// however many buckets it is in.
#[derive(Debug, Default)]
pub struct CallerCounts {
    by_key: FxHashMap<u128, u32>,
    /// What [`Texts`] has of a caller: its address, its user agent, its user.
    texts: Texts,
    keys: Vec<CallerKey>,
    counts: Vec<CallerCount>,
    scratch: Vec<u8>,
}

/// A caller's number in its [`CallerCounts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallerNumber(pub(crate) u32);

/// What callers are told apart by in memory: 128-bit XXH3 of the three texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CallerKey(pub(crate) u128);

/// Calls of one caller in one stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallerCount {
    /// Any instant of the bucket.
    pub time: Time,
    /// The bucket's width: an hour for unknown actors and retired operations, a day otherwise.
    pub width: CallerWidth,
    /// Who called.
    pub caller: CallerNumber,
    /// Who the rules say it is.
    pub actor: NameId,
    /// The service that answered.
    pub service: NameId,
    /// The operations entered.
    pub operations: SetId,
    /// How many calls.
    pub calls: u64,
}

/// How finely a caller's calls are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallerWidth {
    /// By hour.
    Hour,
    /// By day (UTC).
    Day,
}

/// Who called: what is empty is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caller<'a> {
    pub(crate) address: &'a [u8],
    pub(crate) user_agent: &'a [u8],
    pub(crate) user: &'a [u8],
}

impl Caller<'_> {
    pub(crate) fn key(&self) -> CallerKey {
        self.key_with(&mut Vec::new())
    }

    fn key_with(&self, scratch: &mut Vec<u8>) -> CallerKey {
        scratch.clear();
        for text in [self.address, self.user_agent] {
            // Its length in front, so that no two callers are the same bytes.
            scratch.extend_from_slice(&(text.len() as u64).to_le_bytes());
            scratch.extend_from_slice(text);
        }
        scratch.extend_from_slice(self.user);
        CallerKey(xxh3_128(scratch))
    }
}

impl CallerCounts {
    /// The number of a caller: its address as the log has it or as trusted proxies forwarded it,
    /// its user agent, its authenticated user; each is empty when it is missing.
    pub fn caller(&mut self, address: &[u8], user_agent: &[u8], user: &[u8]) -> CallerNumber {
        let key = Caller { address, user_agent, user }.key_with(&mut self.scratch);
        let next = self.keys.len() as u32;
        let number = *self.by_key.entry(key.0).or_insert(next);
        if number == next {
            self.keys.push(key);
            [address, user_agent, user].iter().for_each(|text| self.texts.push(text));
        }
        CallerNumber(number)
    }

    /// The address and the user agent of a caller.
    pub fn texts_of(&self, caller: CallerNumber) -> [&[u8]; 2] {
        [0, 1].map(|n| self.texts.get(3 * caller.0 as usize + n))
    }

    /// Counts calls; several counts of the same bucket are added up.
    pub fn count(&mut self, count: CallerCount) {
        self.counts.push(count);
    }

    pub(crate) fn callers(&self) -> impl Iterator<Item = (CallerKey, Caller<'_>)> {
        self.keys.iter().enumerate().map(|(at, key)| {
            let [address, user_agent, user] = [0, 1, 2].map(|n| self.texts.get(3 * at + n));
            (*key, Caller { address, user_agent, user })
        })
    }

    pub(crate) fn counts(&self) -> &[CallerCount] {
        &self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_told_apart_by_all_three() {
        let mut counts = CallerCounts::default();
        let texts =
            [("a", "b", ""), ("ab", "", ""), ("", "ab", ""), ("", "a", "b"), ("a", "", "b")];
        let numbers: Vec<_> = texts
            .iter()
            .map(|(a, b, c)| counts.caller(a.as_bytes(), b.as_bytes(), c.as_bytes()).0)
            .collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4]);
        assert_eq!(counts.caller(b"ab", b"", b""), CallerNumber(1));
        let (_, caller) = counts.callers().nth(3).unwrap();
        assert_eq!(
            (caller.address, caller.user_agent, caller.user),
            (&b""[..], &b"a"[..], &b"b"[..])
        );
    }
}

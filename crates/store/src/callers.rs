//! Who called, as a commit carries it.

use std::num::NonZero;

use dolmen_model::{NameId, SetId, Time};
use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::xxh3_128;

use crate::called::{CalledBy, Kinds};
use crate::radix;
use crate::rows::{Row, Rows};
use crate::texts::Texts;

/// How often each caller called, in the buckets of one commit. A caller's texts are held once,
/// however many buckets it is in.
#[derive(Debug, Default)]
pub struct CallerCounts {
    by_key: FxHashMap<u128, u32>,
    /// What [`Texts`] has of a caller: its address, its user agent, its user.
    texts: Texts,
    keys: Vec<CallerKey>,
    headings: Vec<CallerHeading>,
    by_heading: FxHashMap<CallerHeading, u32>,
    /// Headings counted under lately, by a few bits of their operations.
    lately: [u32; LATELY],
    /// By caller and heading.
    counts: Vec<(CallerNumber, u32, u64)>,
    /// Calls that were counted one by one.
    calls: Vec<CountedCall>,
    kinds: Kinds,
    scratch: Vec<u8>,
}

/// One call, as it is counted.
#[derive(Clone, Copy, Debug)]
struct CountedCall {
    /// Who made it in the upper half, the heading in the lower.
    key: u64,
    row: Row,
}

/// Headings that are remembered. Calls that follow each other are of one hour and enter few sets of
/// operations.
const LATELY: usize = 16;

/// A caller's number in its [`CallerCounts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallerNumber(NonZero<u32>);

impl CallerNumber {
    /// That of the `at`th caller.
    fn of(at: u32) -> Self {
        Self(NonZero::<u32>::MIN.saturating_add(at))
    }

    /// Which caller it is, from 0.
    pub(crate) fn at(self) -> u32 {
        self.0.get() - 1
    }
}

/// What callers are told apart by in memory: 128-bit XXH3 of the three texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CallerKey(pub(crate) u128);

/// What calls of a caller are counted under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallerHeading {
    /// Any instant of the bucket; of the same bucket always the same.
    pub time: Time,
    /// The bucket's width: an hour for unknown actors, a day otherwise.
    pub width: CallerWidth,
    /// Who the rules say it is.
    pub actor: NameId,
    /// The service that answered.
    pub service: NameId,
    /// The operations entered.
    pub operations: SetId,
}

/// Calls of one caller in one stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallerCount {
    /// Who called.
    pub caller: CallerNumber,
    /// What its calls are counted under.
    pub heading: CallerHeading,
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
            self.add(key, [address, user_agent, user]);
        }
        CallerNumber::of(number)
    }

    /// Who made the call that is `row` of `rows`; the texts are those of [`CallerCounts::caller`].
    pub fn called_by(
        &mut self,
        rows: &Rows,
        row: Row,
        [address, user_agent, user]: [&[u8]; 3],
    ) -> CalledBy {
        match rows.caller_code(row).and_then(|code| self.kinds.by(code)) {
            Some(by) => by,
            None => CalledBy(self.caller(address, user_agent, user).at()),
        }
    }

    fn add(&mut self, key: CallerKey, texts: [&[u8]; 3]) {
        self.keys.push(key);
        texts.iter().for_each(|text| self.texts.push(text));
    }

    /// Counts calls; several counts of the same bucket are added up.
    pub fn count(&mut self, count: CallerCount) {
        let heading = self.heading(count.heading);
        self.counts.push((count.caller, heading, count.calls));
    }

    /// Counts one call, which is `row` of the rows that it was asked of who made it.
    #[inline]
    pub fn count_call(&mut self, by: CalledBy, row: Row, heading: CallerHeading) {
        let lately = heading.operations.0 as usize % LATELY;
        let known = self.lately[lately];
        let heading = match self.headings.get(known as usize) {
            Some(last) if *last == heading => known,
            _ => {
                self.lately[lately] = self.heading(heading);
                self.lately[lately]
            }
        };
        let key = u64::from(by.0) << 32 | u64::from(heading);
        self.calls.push(CountedCall { key, row });
    }

    fn heading(&mut self, heading: CallerHeading) -> u32 {
        *self.by_heading.entry(heading).or_insert_with(|| {
            self.headings.push(heading);
            self.headings.len() as u32 - 1
        })
    }

    /// Adds up the calls that were counted one by one: before these rows are cleared.
    pub fn add_up(&mut self, rows: &Rows) {
        let mut calls = std::mem::take(&mut self.calls);
        radix::sort(&mut calls, |call| u128::from(call.key));
        for of_one in calls.chunk_by(|a, b| a.key >> 32 == b.key >> 32) {
            let by = CalledBy((of_one[0].key >> 32) as u32);
            let caller = match by.is_code() {
                // A caller that has a number too is counted as one all the same.
                true => self.new_caller(rows.caller_texts(of_one[0].row)),
                false => CallerNumber::of(by.0),
            };
            let alike = of_one.chunk_by(|a, b| a.key == b.key);
            let counts = alike.map(|calls| (caller, calls[0].key as u32, calls.len() as u64));
            self.counts.extend(counts);
        }
        self.kinds = Kinds::default();
    }

    fn new_caller(&mut self, [address, user_agent, user]: [&[u8]; 3]) -> CallerNumber {
        let key = Caller { address, user_agent, user }.key_with(&mut self.scratch);
        self.add(key, [address, user_agent, user]);
        CallerNumber::of(self.keys.len() as u32 - 1)
    }

    /// Of each caller, by number, what it is told apart by.
    pub(crate) fn keys(&self) -> &[CallerKey] {
        &self.keys
    }

    /// A caller, by number.
    pub(crate) fn caller_at(&self, at: usize) -> (CallerKey, Caller<'_>) {
        let [address, user_agent, user] = [0, 1, 2].map(|n| self.texts.get(3 * at + n));
        (self.keys[at], Caller { address, user_agent, user })
    }

    /// Headings by number.
    pub(crate) fn headings(&self) -> &[CallerHeading] {
        &self.headings
    }

    /// Of a caller, by number, and a heading, by number, how many calls; in no order, and some of
    /// them perhaps in parts.
    pub(crate) fn counts(&self) -> &[(CallerNumber, u32, u64)] {
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
            .map(|(a, b, c)| counts.caller(a.as_bytes(), b.as_bytes(), c.as_bytes()).at())
            .collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4]);
        assert_eq!(counts.caller(b"ab", b"", b""), CallerNumber::of(1));
        let (_, caller) = counts.caller_at(3);
        assert_eq!(
            (caller.address, caller.user_agent, caller.user),
            (&b""[..], &b"a"[..], &b"b"[..])
        );
    }
}

//! What became of one request id: a pure function of everything that carries it.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crate::entry::{CallEntry, MarkEntry};

/// Which source stands behind which: one request passes a chain of proxies and servers, and each
/// of them logs it.
#[derive(Clone, Debug, Default)]
pub struct Chains {
    behind: Vec<Option<u16>>,
}

impl Chains {
    /// `behind[s]` is the source directly in front of source `s`. Settings refuse a circle before
    /// it gets here; one that did would only be read once around.
    pub fn new(behind: Vec<Option<u16>>) -> Self {
        Self { behind }
    }

    /// Whether a source stands behind another.
    pub(crate) fn is_behind(&self, source: u16) -> bool {
        self.fronts(source).next().is_some()
    }

    /// The sources in front of this one, nearest first.
    fn fronts(&self, source: u16) -> impl Iterator<Item = u16> {
        let next = |at: &u16| self.behind.get(usize::from(*at)).copied().flatten();
        // A circle would lead on for ever; a chain is never longer than the list of sources.
        std::iter::successors(next(&source), next).take(self.behind.len())
    }
}

/// One answer about one request id.
#[derive(Debug)]
pub enum Resolved<'g, C, M> {
    /// One call.
    Call {
        /// The line of the foremost source that logged it.
        call: &'g CallEntry<C>,
        /// The lines of the sources behind it, foremost first.
        hops: &'g [&'g CallEntry<C>],
        /// The marks that carry its id, in time order.
        marks: &'g [&'g MarkEntry<M>],
        /// A source behind another logged it, and the one in front did not.
        bypassed: bool,
    },
    /// A mark whose id no call carries.
    MarkOnly(&'g MarkEntry<M>),
    /// More than one call carries this id, outside a chain; each of them is answered next.
    Repeated {
        /// How many calls.
        calls: usize,
    },
}

/// Answers for one request id: `calls` and `marks` are all that carry it, in any order.
///
/// - Lines of one chain are one call with hops. A hop goes to the nearest call in front of it that
///   has no hop of its source yet, within an hour; then, as a retry, to the nearest within a minute;
///   else it is a call of its own, that bypassed the proxy.
/// - Several calls with one id (client-made ids, internal redirects) stay apart; each mark goes to
///   the call nearest in time, the earlier one when two are as near.
/// - Calls of one instant are in the order of `tie`, which goes by what they say: then it does not matter
///   which file came first, or which line of it. Where they say the same, they are in that of their
///   places, and which of them is which makes no difference.
pub fn resolve<C, M>(
    chains: &Chains,
    calls: &mut [CallEntry<C>],
    marks: &mut [MarkEntry<M>],
    tie: impl Fn(&CallEntry<C>, &CallEntry<C>) -> Ordering,
    mut each: impl FnMut(Resolved<'_, C, M>),
) {
    calls.sort_unstable_by(|a, b| {
        a.time.cmp(&b.time).then_with(|| tie(a, b)).then_with(|| a.place.cmp(&b.place))
    });
    (0..).zip(calls.iter_mut()).for_each(|(rank, call)| call.place.position = rank);
    marks.sort_unstable_by_key(|m| (m.time, m.place));
    let calls = &*calls;
    let marks = &*marks;
    match calls {
        [] => marks.iter().for_each(|mark| each(Resolved::MarkOnly(mark))),
        [call] => {
            let bypassed = chains.is_behind(call.place.source);
            // Nearly every call has one mark or none: no allocation for these.
            match marks {
                [] => each(Resolved::Call { call, hops: &[], marks: &[], bypassed }),
                [mark] => each(Resolved::Call { call, hops: &[], marks: &[mark], bypassed }),
                _ => {
                    let marks: Vec<_> = marks.iter().collect();
                    each(Resolved::Call { call, hops: &[], marks: &marks, bypassed });
                }
            }
        }
        _ => resolve_several(chains, calls, marks, each),
    }
}

/// How far apart, in microseconds, a line may stand from the line in front of it: one logs when a
/// request begins, another when it ends. Farther, it is another request with the same id.
const ONE_REQUEST: u64 = 3600 * 1_000_000;

/// How far apart when the call has a line of that source already: a proxy tries a server again at
/// once, or not at all.
const ONE_RETRY: u64 = 60 * 1_000_000;

/// A call of the group under construction.
struct Head<'g, C, M> {
    call: &'g CallEntry<C>,
    bypassed: bool,
    hops: Vec<&'g CallEntry<C>>,
    marks: Vec<&'g MarkEntry<M>>,
}

/// The time of a call, its rank among all, and its number: what sorted searches go by.
type At = (i64, u64, usize);

/// Sorted searches throughout: an id that a broken client sends a million times must not cost a
/// million times a million.
fn resolve_several<'g, C, M>(
    chains: &Chains,
    calls: &'g [CallEntry<C>],
    marks: &'g [MarkEntry<M>],
    mut each: impl FnMut(Resolved<'_, C, M>),
) {
    let depth = |call: &CallEntry<C>| chains.fronts(call.place.source).count();
    let mut foremost_first: Vec<_> = calls.iter().map(|call| (depth(call), call)).collect();
    // Stable: within a depth the calls stay in time order.
    foremost_first.sort_by_key(|&(depth, _)| depth);
    let mut heads: Vec<Head<'g, C, M>> = Vec::new();
    let mut of_source: BTreeMap<u16, BTreeSet<At>> = BTreeMap::new();
    // For each source behind others: the calls in front that have no line of it yet.
    let mut free: BTreeMap<u16, BTreeSet<At>> = BTreeMap::new();
    for (depth, call) in foremost_first {
        let source = call.place.source;
        let fronts = || chains.fronts(source).filter_map(|front| of_source.get(&front));
        let free = free.entry(source).or_insert_with(|| fronts().flatten().copied().collect());
        let front = nearest(free, call.time, ONE_REQUEST).or_else(|| {
            let taken = fronts().filter_map(|front| nearest(front, call.time, ONE_RETRY));
            taken.min_by_key(|at| distance(at, call.time))
        });
        match front {
            Some(at) => {
                free.remove(&at);
                heads[at.2].hops.push(call);
            }
            None => {
                let at = (call.time, call.place.position, heads.len());
                of_source.entry(source).or_default().insert(at);
                let (hops, marks) = (Vec::new(), Vec::new());
                heads.push(Head { call, bypassed: depth > 0, hops, marks });
            }
        }
    }
    let at = |(n, head): (usize, &Head<'g, C, M>)| (head.call.time, head.call.place.position, n);
    let by_time = (0..).zip(&heads).map(at).collect();
    for mark in marks {
        if let Some((.., head)) = nearest(&by_time, mark.time, u64::MAX) {
            heads[head].marks.push(mark);
        }
    }
    if heads.len() > 1 {
        each(Resolved::Repeated { calls: heads.len() });
    }
    for &(.., head) in &by_time {
        let Head { call, bypassed, hops, marks } = &heads[head];
        each(Resolved::Call { call, hops, marks, bypassed: *bypassed });
    }
}

/// The smaller the nearer; of two as near, the earlier.
fn distance(at: &At, time: i64) -> (u64, At) {
    (at.0.abs_diff(time), *at)
}

/// The nearest to `time`, if it is at most `most` microseconds away.
fn nearest(sorted: &BTreeSet<At>, time: i64, most: u64) -> Option<At> {
    let first = |time| (time, 0, 0);
    let after = sorted.range(first(time)..).next();
    // Of the calls before, the last instant's first: their rank decides among equals.
    let before = sorted.range(..first(time)).next_back();
    let before = before.and_then(|last| sorted.range(first(last.0)..).next());
    let nearest = before.into_iter().chain(after).min_by_key(|at| distance(at, time))?;
    (nearest.0.abs_diff(time) <= most).then_some(*nearest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::{JoinKey, Place};

    fn call(source: u16, time: i64) -> CallEntry<u32> {
        let place = Place { source, position: time.unsigned_abs() };
        CallEntry { key: JoinKey(1), time, place, fact: 0 }
    }

    fn mark(time: i64, fact: u32) -> MarkEntry<u32> {
        MarkEntry { key: JoinKey(1), time, place: Place { source: 9, position: 0 }, fact }
    }

    /// The answers as text: `call@time+hops[marks]`, `!` when bypassed.
    fn answers(
        behind: &[Option<u16>],
        calls: &[CallEntry<u32>],
        marks: &[MarkEntry<u32>],
    ) -> String {
        let chains = Chains::new(behind.to_vec());
        let mut out = Vec::new();
        let tie = |_: &CallEntry<u32>, _: &CallEntry<u32>| Ordering::Equal;
        resolve(&chains, &mut calls.to_vec(), &mut marks.to_vec(), tie, |answer| {
            out.push(match answer {
                Resolved::Call { call, hops, marks, bypassed } => {
                    let marks: Vec<_> = marks.iter().map(|m| m.fact.to_string()).collect();
                    let flag = if bypassed { "!" } else { "" };
                    format!("{flag}{}+{}[{}]", call.time, hops.len(), marks.join(","))
                }
                Resolved::MarkOnly(mark) => format!("mark {}", mark.fact),
                Resolved::Repeated { calls } => format!("repeated {calls}"),
            });
        });
        out.join(" ")
    }

    #[test]
    fn several_marks_are_one_joined_call() {
        assert_eq!(answers(&[None], &[call(0, 10)], &[mark(12, 2), mark(11, 1)]), "10+0[1,2]");
    }

    #[test]
    fn a_call_without_a_mark_and_a_mark_without_a_call() {
        assert_eq!(answers(&[None], &[call(0, 10)], &[]), "10+0[]");
        assert_eq!(answers(&[None], &[], &[mark(1, 7)]), "mark 7");
    }

    #[test]
    fn two_sources_of_a_chain_are_one_call_with_two_hops() {
        let behind = [None, Some(0)];
        assert_eq!(answers(&behind, &[call(1, 11), call(0, 10)], &[mark(12, 1)]), "10+1[1]");
    }

    #[test]
    fn a_line_behind_with_none_in_front_is_a_bypass() {
        let behind = [None, Some(0)];
        assert_eq!(answers(&behind, &[call(1, 11)], &[mark(12, 1)]), "!11+0[1]");
    }

    #[test]
    fn a_chain_of_three_whose_front_is_missing_is_one_bypassed_call() {
        let behind = [None, Some(0), Some(1)];
        assert_eq!(answers(&behind, &[call(2, 12), call(1, 11)], &[]), "!11+1[]");
    }

    #[test]
    fn the_same_id_twice_is_kept_apart_by_time_and_reported() {
        let calls = [call(0, 10), call(0, 100)];
        let marks = [mark(99, 2), mark(11, 1)];
        assert_eq!(answers(&[None], &calls, &marks), "repeated 2 10+0[1] 100+0[2]");
    }

    #[test]
    fn unrelated_sources_with_one_id_are_two_calls() {
        assert_eq!(
            answers(&[None, None], &[call(0, 1), call(1, 2)], &[]),
            "repeated 2 1+0[] 2+0[]"
        );
    }

    #[test]
    fn a_retried_request_has_two_hops_behind_one_call() {
        let behind = [None, Some(0)];
        assert_eq!(answers(&behind, &[call(0, 1), call(1, 2), call(1, 3)], &[]), "1+2[]");
    }

    #[test]
    fn each_call_gets_a_hop_of_its_own_first() {
        let behind = [None, Some(0)];
        let calls = [call(0, 5), call(0, 6), call(1, 5), call(1, 5)];
        assert_eq!(answers(&behind, &calls, &[]), "repeated 2 5+1[] 6+1[]");
    }

    #[test]
    fn an_id_reused_past_the_proxy_days_later_is_not_hidden() {
        let behind = [None, Some(0)];
        let later = 4 * 86_400 * 1_000_000;
        let calls = [call(0, 5), call(1, 5), call(1, later)];
        assert_eq!(answers(&behind, &calls, &[]), format!("repeated 2 5+1[] !{later}+0[]"));
    }

    #[test]
    fn siblings_behind_one_proxy_are_not_behind_each_other() {
        let behind = [None, Some(0), Some(0)];
        assert_eq!(answers(&behind, &[call(1, 1), call(2, 2)], &[]), "repeated 2 !1+0[] !2+0[]");
        assert_eq!(answers(&behind, &[call(0, 0), call(1, 1), call(2, 2)], &[]), "0+2[]");
    }

    #[test]
    fn an_id_sent_two_hundred_thousand_times_is_not_quadratic() {
        let mut calls: Vec<_> = (0..200_000).map(|time| call(0, time)).collect();
        let mut marks: Vec<_> = (0..200_000).map(|time| mark(time, 0)).collect();
        let mut joined = 0;
        let tie = |_: &CallEntry<u32>, _: &CallEntry<u32>| Ordering::Equal;
        resolve(&Chains::default(), &mut calls, &mut marks, tie, |answer| {
            joined += usize::from(matches!(answer, Resolved::Call { marks: [_], .. }));
        });
        assert_eq!(joined, 200_000);
    }

    /// Of calls of one instant the one that says less gets the mark, wherever it stood.
    #[test]
    fn calls_of_one_instant_are_told_apart_by_what_they_say() {
        let said = |position: u64, fact: u32| {
            let place = Place { source: 0, position };
            CallEntry { key: JoinKey(1), time: 5, place, fact }
        };
        for mut calls in [[said(1, 7), said(2, 3)], [said(2, 7), said(1, 3)]] {
            let mut with_marks = Vec::new();
            let tie = |a: &CallEntry<u32>, b: &CallEntry<u32>| a.fact.cmp(&b.fact);
            resolve(&Chains::default(), &mut calls, &mut [mark(6, 1)], tie, |answer| {
                if let Resolved::Call { call, marks, .. } = answer {
                    with_marks.push((call.fact, marks.len()));
                }
            });
            assert_eq!(with_marks, [(3, 1), (7, 0)]);
        }
    }

    #[test]
    fn a_circle_of_sources_does_not_hang() {
        let behind = [Some(1), Some(0)];
        assert_eq!(answers(&behind, &[call(0, 1)], &[]), "!1+0[]");
    }
}

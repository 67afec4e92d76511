//! The calls and marks of one slice, by request id.

use dolmen_join::{CallEntry, Chains, JoinKey, MarkEntry};
use dolmen_model::Names;
use dolmen_store::{Own, Row, Said, Settled, settle};
use rustc_hash::FxHashMap;

/// What carries an id: the last of each kind, which knows the one before it.
#[derive(Clone, Copy)]
struct Last {
    call: u32,
    mark: u32,
}

const NONE: u32 = u32::MAX;

/// The lines of a slice that have a request id.
#[derive(Default)]
pub(super) struct Groups {
    by_key: FxHashMap<JoinKey, Last>,
    calls: Vec<(CallEntry<Own>, u32)>,
    marks: Vec<(MarkEntry<Said>, Row, u32)>,
}

/// What the join of a slice says.
pub(super) enum Settling {
    /// Of a call, or a hop.
    Call(Own, Settled),
    /// A mark has its call.
    Mark(Row),
}

impl Groups {
    pub(super) fn call(&mut self, call: CallEntry<Own>) {
        let at = self.calls.len() as u32;
        let last = self.by_key.entry(call.key).or_insert(Last { call: NONE, mark: NONE });
        self.calls.push((call, std::mem::replace(&mut last.call, at)));
    }

    pub(super) fn mark(&mut self, mark: MarkEntry<Said>, row: Row) {
        let at = self.marks.len() as u32;
        let last = self.by_key.entry(mark.key).or_insert(Last { call: NONE, mark: NONE });
        self.marks.push((mark, row, std::mem::replace(&mut last.mark, at)));
    }

    /// Settles every id that a call carries, and forgets them all.
    pub(super) fn settle(
        &mut self,
        chains: &Chains,
        names: &Names,
        mut each: impl FnMut(Settling),
    ) {
        let (mut calls, mut marks) = (Vec::new(), Vec::new());
        // The order of calls, not of the table: the same lines give the same sets in the same order.
        for (at, (call, _)) in self.calls.iter().enumerate() {
            let last = self.by_key[&call.key];
            if last.call != at as u32 {
                continue;
            }
            calls.clear();
            marks.clear();
            let mut next = last.call;
            while let Some((call, before)) = self.calls.get(next as usize) {
                calls.push(*call);
                next = *before;
            }
            let mut next = last.mark;
            while let Some((mark, row, before)) = self.marks.get(next as usize) {
                marks.push(*mark);
                each(Settling::Mark(*row));
                next = *before;
            }
            settle(chains, names, &mut calls, &mut marks, |own, settled| {
                each(Settling::Call(own, settled));
            });
        }
        self.by_key.clear();
        self.calls.clear();
        self.marks.clear();
    }
}

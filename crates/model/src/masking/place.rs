use std::ops::Range;

use super::{Find, Kind};

/// Finds, none of which touches a mask that stands there already.
pub(super) struct Places<'m> {
    masks: &'m [Range<usize>],
    finds: Vec<Find>,
}

impl<'m> Places<'m> {
    pub(super) fn outside(masks: &'m [Range<usize>]) -> Self {
        Self { masks, finds: Vec::new() }
    }

    /// Adds a find, or what of it is outside.
    pub(super) fn add(&mut self, at: Range<usize>, kind: Kind) {
        let mut start = at.start;
        for mask in self.masks.iter().filter(|mask| mask.start < at.end && mask.end > at.start) {
            self.push(start..mask.start, kind);
            start = mask.end;
        }
        self.push(start..at.end, kind);
    }

    fn push(&mut self, at: Range<usize>, kind: Kind) {
        if at.start < at.end {
            self.finds.push(Find { at, kind });
        }
    }

    /// What overlaps as one, of the longer's kind; so is what touches and is of one kind.
    pub(super) fn merged(self) -> Vec<Find> {
        let mut finds = self.finds;
        finds.sort_by_key(|find| find.at.start);
        let mut merged: Vec<Find> = Vec::with_capacity(finds.len());
        for next in finds {
            match merged.last_mut() {
                Some(last)
                    if next.at.start < last.at.end
                        || next.at.start == last.at.end && next.kind == last.kind =>
                {
                    if next.at.len() > last.at.len() {
                        last.kind = next.kind;
                    }
                    last.at.end = last.at.end.max(next.at.end);
                }
                _ => merged.push(next),
            }
        }
        merged
    }
}

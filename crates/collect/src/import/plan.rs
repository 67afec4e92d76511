//! Which lines go together: slices of about equal event time across all files.
//!
//! A call and its marks are written at nearly the same time, into different files. Where a slice
//! holds the lines of one stretch of time from all files, the worker that gets it joins them before
//! anything is stored, and the store has little left to join. Slices are a matter of speed alone:
//! wherever they are cut, the store ends up the same.

use std::io;

use dolmen_model::Time;

use super::tape::{Cut, Part, Tape};

/// Bytes of one file in a slice: about as many lines as a segment holds at first.
const CHUNK: u64 = 8 << 20;

/// Lines of all files for one worker.
pub(crate) struct Slice {
    /// Slices are committed in this order.
    pub(crate) number: u64,
    pub(crate) parts: Vec<Part>,
    /// Files that ended with an error here: their numbers and why.
    pub(crate) faults: Vec<(usize, io::Error)>,
}

/// Cuts slices off the fronts of all tapes.
pub(super) struct Plan<'p> {
    tapes: Vec<Tape<'p>>,
    number: u64,
}

impl<'p> Plan<'p> {
    pub(super) fn new(tapes: Vec<Tape<'p>>) -> Self {
        Self { tapes, number: 0 }
    }

    /// The next slice; `None` when every file is at its end.
    pub(super) fn next(&mut self) -> io::Result<Option<Slice>> {
        let mut faults = Vec::new();
        let mut waiting: Vec<usize> = Vec::new();
        for (n, tape) in self.tapes.iter_mut().enumerate() {
            if tape.is_done() {
                faults.extend(tape.fault().map(|fault| (tape.index, fault)));
                continue;
            }
            if tape.time.is_none() {
                tape.look();
            }
            waiting.push(n);
        }
        if waiting.is_empty() && faults.is_empty() {
            return Ok(None);
        }
        // Lines that say no time are as good as any: they go first.
        waiting.sort_by_key(|&n| (self.tapes[n].time, n));
        let mut until: Option<Time> = None;
        let mut limits: Vec<(usize, Cut)> = Vec::new();
        for n in waiting {
            let tape = &mut self.tapes[n];
            if let (Some(until), Some(first)) = (until, tape.time)
                && first >= until
            {
                break;
            }
            let cut = tape.ahead(CHUNK);
            if !cut.is_end {
                until = [until, cut.time].into_iter().flatten().min();
            }
            limits.push((n, cut));
        }
        let mut parts = Vec::new();
        for (n, limit) in limits {
            let tape = &mut self.tapes[n];
            // All at the same instant: only requests that are under way then have a call in one slice
            // and a mark in another, whether a log writes their beginnings or their ends.
            let to = until.map_or(limit.at, |until| tape.find(until, limit));
            if to > tape.at {
                parts.push(tape.take(n, to)?);
            }
        }
        if parts.is_empty() {
            // Times that jump back and forth: go on with whatever comes.
            parts.extend(self.whatever()?);
        }
        let number = self.number;
        self.number += 1;
        Ok(Some(Slice { number, parts, faults }))
    }

    fn whatever(&mut self) -> io::Result<Option<Part>> {
        for (n, tape) in self.tapes.iter_mut().enumerate() {
            if !tape.is_done() {
                let cut = tape.ahead(CHUNK);
                return tape.take(n, cut.at).map(Some);
            }
        }
        Ok(None)
    }
}

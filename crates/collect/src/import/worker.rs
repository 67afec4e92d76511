//! One slice: its lines parsed, attributed, joined, and encoded.

use std::borrow::Cow;
use std::cell::RefCell;

use dolmen_attribution::{Attributor, Rules, client_address};
use dolmen_cubes::Cube;
use dolmen_join::{CallEntry, Chains, MarkEntry, Place};
use dolmen_logs::{Call, Line, Mark, Reader, RequestId, Unread};
use dolmen_model::{CachedSets, CachedTable, Joined, Time};
use dolmen_store::{
    CallFacts, CalledBy, CallerCounts, Encoded, MarkFacts, MarkState, Own, Pushed, Role, Row, Rows,
    Said, Settled, Store,
};

use super::counts::Counts;
use super::group::{Groups, Settling};
use super::plan::Slice;
use super::tape::{Lines, Part};
use crate::error::CollectError;
use crate::progress::Progress;
use crate::read::{BLOCK, Buffer, Ending, KEPT, LineEnds, MAX_LINE, Prepared, read_block};
use crate::source::Source;
use crate::spool::without_preamble;

/// What all workers of an import share.
#[derive(Clone, Copy)]
pub(crate) struct Shared<'r> {
    pub(crate) store: &'r dyn Store,
    pub(crate) sources: &'r [Source],
    pub(crate) files: &'r [Prepared],
    pub(crate) rules: &'r Rules,
    pub(crate) chains: &'r Chains,
    pub(crate) progress: &'r Progress,
    /// The clock on the wall when the import began.
    pub(crate) now: Time,
}

/// What became of a slice.
pub(crate) struct Done {
    pub(crate) rows: Vec<Encoded>,
    pub(crate) cube: Cube,
    pub(crate) callers: CallerCounts,
    pub(crate) parts: Vec<PartDone>,
}

/// What became of one part.
pub(crate) struct PartDone {
    pub(crate) part: Part,
    pub(crate) lines: u64,
    pub(crate) calls: u64,
    pub(crate) marks: u64,
    pub(crate) unread: Vec<UnreadAt>,
}

/// A line that no format reads; its number is relative to its part until the parts before it were
/// counted.
pub(crate) struct UnreadAt {
    pub(crate) number: u64,
    /// Its file ends in the middle of it.
    pub(crate) is_cut: bool,
    pub(crate) why: Unread,
    pub(crate) line: Vec<u8>,
}

pub(crate) struct Worker<'r> {
    shared: Shared<'r>,
    attributor: Attributor<'r>,
    operations: CachedTable<'r>,
    services: CachedTable<'r>,
    sets: CachedSets<'r>,
    buffer: Buffer,
    groups: Groups,
    rows: Rows,
    /// Calls that take part in the join and who made them, by the number that [`Own::which`] has.
    joined: Vec<(Row, CalledBy)>,
    counts: Counts,
}

impl<'r> Worker<'r> {
    pub(crate) fn new(shared: Shared<'r>) -> Self {
        let names = &**shared.store.names();
        Self {
            shared,
            attributor: Attributor::new(shared.rules, names),
            operations: CachedTable::new(&names.operations),
            services: CachedTable::new(&names.services),
            sets: CachedSets::new(&names.sets),
            buffer: Buffer::default(),
            groups: Groups::default(),
            rows: Rows::new(),
            joined: Vec::new(),
            counts: Counts::new(shared.now),
        }
    }

    pub(crate) fn slice(&mut self, slice: Slice) -> Result<Done, CollectError> {
        let mut parts = Vec::with_capacity(slice.parts.len());
        for part in slice.parts {
            parts.push(self.part(part)?);
        }
        self.settle();
        self.joined.clear();
        let encoded = match self.rows.calls() + self.rows.marks() {
            0 => Vec::new(),
            _ => vec![self.shared.store.encode(&self.rows)?],
        };
        let (cube, callers) = self.counts.take(&self.rows);
        self.rows.clear();
        Ok(Done { rows: encoded, cube, callers, parts })
    }

    fn part(&mut self, part: Part) -> Result<PartDone, CollectError> {
        let prepared = &self.shared.files[part.index];
        let mut reader = prepared.format.reader();
        for line in part.directives.split_inclusive(|&byte| byte == b'\n') {
            // What they say is kept; they are no lines of this part.
            let _ = reader.read(line);
        }
        let mut done = PartDone { part, lines: 0, calls: 0, marks: 0, unread: Vec::new() };
        match std::mem::replace(&mut done.part.lines, Lines::Here(Vec::new())) {
            Lines::Here(bytes) => {
                let at = done.part.from;
                self.lines(&mut done, at, &bytes, Ending::Line, &mut reader);
            }
            Lines::There { file, end } => {
                let mut buffer = std::mem::take(&mut self.buffer);
                let mut from = done.part.from;
                while from < done.part.to {
                    let to = (from + BLOCK as u64).min(done.part.to);
                    let (begin, ending) =
                        read_block(&file, from, to, end, &mut buffer).map_err(|source| {
                            CollectError::Read { path: prepared.input.origin.path().into(), source }
                        })?;
                    self.lines(&mut done, begin, buffer.bytes(), ending, &mut reader);
                    self.shared.progress.read(to - from);
                    from = to;
                }
                self.buffer = buffer;
            }
        }
        Ok(done)
    }

    fn lines(
        &mut self,
        done: &mut PartDone,
        offset: u64,
        bytes: &[u8],
        ending: Ending,
        reader: &mut Reader<'_>,
    ) {
        let before = done.lines;
        let mut start = match bytes {
            // A byte order mark, as editors on Windows leave it.
            [0xEF, 0xBB, 0xBF, ..] if offset == 0 => 3,
            _ if offset == 0 => bytes.len() - without_preamble(bytes).len(),
            _ => 0,
        };
        let first = start;
        let mut ends = LineEnds::of(&bytes[first..]);
        while start < bytes.len() {
            let end = ends.next().map_or(bytes.len(), |at| first + at);
            let line = bytes[start..end].strip_suffix(b"\r").unwrap_or(&bytes[start..end]);
            let is_last = end == bytes.len();
            let ending = match ending {
                _ if line.len() > MAX_LINE => Ending::TooLong,
                // A block that was held has whole lines, but for the last of a file.
                Ending::Line if is_last => Ending::Unterminated,
                ending if is_last => ending,
                _ => Ending::Line,
            };
            self.line(done, offset + start as u64, line, ending, reader);
            done.lines += 1;
            start = end + 1;
        }
        self.shared.progress.parsed(done.lines - before);
    }

    fn line(
        &mut self,
        done: &mut PartDone,
        offset: u64,
        line: &[u8],
        ending: Ending,
        reader: &mut Reader<'_>,
    ) {
        let too_long = ending == Ending::TooLong;
        let why = if too_long {
            let expected = Cow::Borrowed("a line of at most 16 MiB; the rest of it was skipped");
            Unread { column: MAX_LINE, expected }
        } else {
            let mut read = Line::Nothing;
            match (reader.read_into(line, &mut read), &read) {
                (Ok(()), Line::Call(call)) => {
                    done.calls += 1;
                    return self.call(&done.part, offset, line, call);
                }
                (Ok(()), Line::Mark(mark)) => {
                    done.marks += 1;
                    return self.mark(&done.part, offset, line, mark);
                }
                (Ok(()), Line::Nothing) => return,
                (Err(why), _) => why,
            }
        };
        let kept = if too_long { &line[..line.len().min(KEPT)] } else { line };
        let is_cut = ending == Ending::Unterminated;
        done.unread.push(UnreadAt { number: done.lines, is_cut, why, line: kept.to_vec() });
    }

    fn call(&mut self, part: &Part, offset: u64, line: &[u8], call: &Call<'_>) {
        let Shared { sources, files, rules, store, .. } = self.shared;
        let number = files[part.index].input.source;
        let source = &sources[usize::from(number)];
        let found = self.attributor.attribute(call, source.service);
        let address = client_address(call, rules.trusted_proxies());
        let facts = CallFacts {
            source: &source.name,
            forwarded_address: address,
            service: found.service,
            actor: found.actor,
            endpoint: found.endpoint,
            claimed: found.claimed,
        };
        let joined = match call.request_id {
            // It says itself what a mark would say.
            _ if call.delivery.is_some() => Joined::Joined,
            RequestId::Missing => Joined::NoId,
            RequestId::Is(_) | RequestId::NotLogged => Joined::CallOnly,
        };
        let mut settled = Settled::alone(&facts, joined, store.names());
        settled.bypassed = joined == Joined::NoId && source.behind.is_some();
        if call.delivery.is_some() {
            settled.role = Role::Delivery;
        }
        let Pushed { row, key } = self.rows.push_call(line, call, &facts, settled);
        let by = self.counts.called_by(&self.rows, row, call, address);
        let Some(key) = key else {
            self.counts.add(&self.rows.countable(row), row, by);
            return;
        };
        let which = u32::try_from(self.joined.len()).unwrap_or(u32::MAX);
        self.joined.push((row, by));
        self.groups.call(CallEntry {
            key,
            time: call.time.map_or(0, Time::micros),
            place: place(number, part.index, offset),
            fact: Own { which, service: found.service, claimed: found.claimed },
        });
    }

    fn mark(&mut self, part: &Part, offset: u64, line: &[u8], mark: &Mark<'_>) {
        let Shared { sources, files, .. } = self.shared;
        let number = files[part.index].input.source;
        let source = &sources[usize::from(number)];
        let service = match mark.service {
            b"" => source.service,
            named => self.services.intern(named),
        };
        let operation = self.operations.intern(mark.operation);
        let state = MarkState::Waiting;
        let facts = MarkFacts { source: &source.name, operation, service, state };
        let Pushed { row, key } = self.rows.push_mark(line, mark, facts);
        if let Some(key) = key {
            let entry = MarkEntry {
                key,
                time: mark.time.map_or(0, Time::micros),
                place: place(number, part.index, offset),
                fact: Said { operation, service },
            };
            self.groups.mark(entry, row);
        }
    }

    /// Joins what the slice holds. Marks whose call is not in it wait: the store looks for it.
    fn settle(&mut self) {
        let Self { shared, groups, sets, rows, joined, counts, .. } = self;
        let names = &**shared.store.names();
        // One closure settles what the other compares.
        let rows = RefCell::new(rows);
        let likeness = |own: &Own| {
            let (row, _) = joined[own.which as usize];
            Counts::likeness(&rows.borrow(), row, own, names)
        };
        groups.settle(shared.chains, sets, likeness, |settled| match settled {
            Settling::Call(own, settled) => {
                let (row, by) = joined[own.which as usize];
                let mut rows = rows.borrow_mut();
                rows.settle(row, settled);
                counts.add(&rows.countable(row), row, by);
            }
            Settling::Mark(row) => rows.borrow_mut().joined(row),
        });
    }
}

/// Files in the order they were named, 256 GB each: an order for lines of one id and one instant that
/// say the same.
fn place(source: u16, file: usize, offset: u64) -> Place {
    Place { source, position: ((file as u64) << 38) | offset }
}

//! Lines that a rotation cut in two: the end of one file, the beginning of another.
//!
//! Either half is no line. The beginning of the later file was stored as one that no format reads, and
//! so was the end of the earlier one, or it was left because it might still be written. When both
//! are here, the format says whether they are one line; then it takes their place.

use std::io;
use std::os::unix::fs::FileExt;

use dolmen_store::{
    Commit, FileRef, KnownFile, Progress as FileProgress, ReadAgain, Rows, StoreError, UnreadLine,
    UnreadRow, UnreadSegment,
};

use super::plan::Slice;
use super::tape::{LastLine, Lines, Part, Resumed, Tape};
use super::worker::{Shared, Worker};
use super::{FileStatus, Run};
use crate::error::CollectError;
use crate::progress::Progress;
use crate::read::MAX_LINE;

/// What this run met of lines cut in two.
#[derive(Default)]
pub(super) struct Cuts {
    /// Files, by number, whose first line no format reads.
    pub(super) heads: Vec<usize>,
    /// Files whose last line has no end and no format reads it, and its number.
    pub(super) tails: Vec<(usize, u64)>,
}

/// The end of a file.
enum Tail {
    /// It was stored as a line that no format reads.
    Stored(UnreadRow),
    /// It was left for the next import.
    Left { part: Part, bytes: Vec<u8>, known: KnownFile },
}

/// A segment of lines that no format reads, and those lines.
type Unread = (UnreadSegment, Vec<UnreadRow>);

impl<'r> Run<'r> {
    /// Puts lines together that were cut in two.
    pub(super) fn mend(&mut self) -> Result<(), CollectError> {
        if self.cuts.heads.is_empty() && self.cuts.tails.is_empty() {
            return Ok(());
        }
        // A commit moves the lines that stay: they are looked for anew.
        while self.mend_one()? {}
        Ok(())
    }

    /// Whether a pair was found.
    fn mend_one(&mut self) -> Result<bool, CollectError> {
        let unread = self.unread()?;
        let rows = || unread.iter().flat_map(|(_, rows)| rows);
        for front in 0..self.shared.files.len() {
            let (source, path) = (&self.source(front).name, self.path(front));
            let is_head =
                |row: &&UnreadRow| row.number == 1 && row.source == *source && row.file != path;
            if !rows().any(|row| is_head(&row)) {
                continue;
            }
            let Some(tail) = self.tail(front, rows())? else { continue };
            for head in rows().filter(is_head) {
                if self.join(front, &tail, head, &unread)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn path(&self, file: usize) -> String {
        self.shared.files[file].input.origin.path().display().to_string()
    }

    /// Segments that hold a half of a line, and all their lines.
    fn unread(&self) -> Result<Vec<Unread>, CollectError> {
        let store = self.shared.store;
        let mut unread = Vec::new();
        for segment in store.unread_segments()? {
            match store.unread_of(&segment) {
                Ok(rows) => unread.push((segment, rows)),
                // What cannot be read is mended with nothing.
                Err(StoreError::Segment(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        unread.retain(|(_, rows)| {
            rows.iter().any(|row| row.number == 1 || self.is_tail(row).is_some())
        });
        Ok(unread)
    }

    /// The file whose last line this is.
    fn is_tail(&self, row: &UnreadRow) -> Option<usize> {
        let is_it = |(file, number): &&(usize, u64)| {
            row.number == *number
                && row.source == self.source(*file).name
                && row.file == self.path(*file)
        };
        self.cuts.tails.iter().find(is_it).map(|(file, _)| *file)
    }

    /// The end of a file that is no line.
    fn tail<'u>(
        &self,
        front: usize,
        mut rows: impl Iterator<Item = &'u UnreadRow>,
    ) -> Result<Option<Tail>, CollectError> {
        if let Some(row) = rows.find(|row| self.is_tail(row) == Some(front)) {
            return Ok(Some(Tail::Stored(row.clone())));
        }
        let prepared = &self.shared.files[front];
        let path = prepared.input.origin.path();
        let failed = |source| CollectError::Read { path: path.into(), source };
        if self.last_line == LastLine::Read || !path.is_file() {
            return Ok(None);
        }
        let progress = Progress::default();
        let mut tape = Tape::open(front, prepared, LastLine::Read, &progress).map_err(failed)?;
        let (source, named_by) = (&self.source(front).name, self.named_by(front));
        let Some(known) = self.shared.store.find_file(source, named_by, &tape.head)? else {
            return Ok(None);
        };
        let is_there = tape.resume(known.position, known.tail).map_err(failed)? == Resumed::There;
        if !is_there || tape.is_done() {
            return Ok(None);
        }
        let end = tape.ahead(MAX_LINE as u64).at;
        let mut part = tape.take(0, end).map_err(failed)?;
        let bytes = bytes_of(&mut part).map_err(failed)?;
        let is_half = !bytes.contains(&b'\n') && bytes.len() <= MAX_LINE;
        Ok(is_half.then_some(Tail::Left { part, bytes, known }))
    }

    /// Commits the two as one line, if the front's format reads it.
    fn join(
        &mut self,
        front: usize,
        tail: &Tail,
        head: &UnreadRow,
        unread: &[Unread],
    ) -> Result<bool, CollectError> {
        let Shared { store, files, now, .. } = self.shared;
        let half = match tail {
            Tail::Stored(row) => &row.line,
            Tail::Left { bytes, .. } => bytes,
        };
        let line = [half, &*head.line].concat();
        let part = Part {
            tape: 0,
            index: front,
            // Nothing stands before it that belongs to the file's beginning.
            from: 1,
            to: line.len() as u64 + 1,
            lines: Lines::Here(line),
            tail: dolmen_store::Fingerprint::of_tail(b""),
            directives: Vec::new(),
        };
        let slice = Slice { number: 0, parts: vec![part], faults: Vec::new() };
        let done = Worker::new(self.shared).slice(slice)?;
        let read: u64 = done.parts.iter().map(|part| part.calls + part.marks).sum();
        if read != 1 {
            return Ok(false);
        }
        let mut commit = Commit::new(now);
        commit.rows = done.rows;
        commit.cube = done.cube;
        commit.callers = done.callers;
        commit.sources = vec![self.info(front)];
        let is_half = |row: &UnreadRow| {
            let is_tail = matches!(tail, Tail::Stored(tail) if tail == row);
            is_tail || row == head
        };
        let mut rest = Rows::new();
        for (segment, rows) in unread.iter().filter(|(_, rows)| rows.iter().any(is_half)) {
            for row in rows.iter().filter(|row| !is_half(row)) {
                rest.push_unread(UnreadLine {
                    source: &row.source,
                    file: &row.file,
                    number: row.number,
                    column: row.column as u32,
                    expected: &row.expected,
                    seen: row.seen,
                    line: &row.line,
                });
            }
            let lines = rows.iter().map(|row| (row.clone(), is_half(row))).collect();
            commit.read_again.push(ReadAgain { segment: segment.clone(), lines });
        }
        if rest.unread() > 0 {
            commit.rows.push(store.encode(&rest)?);
        }
        let mut added = 0;
        if let Tail::Left { part, known, .. } = tail {
            added = 1;
            commit.progress.push(FileProgress {
                file: FileRef::Known(known.id),
                source: self.source(front).name.clone(),
                path: self.path(front),
                from: part.from,
                to: part.to,
                lines: added,
                unread: 0,
                format: files[front].format.name().to_owned(),
                tail: part.tail,
                head: Vec::new(),
            });
        }
        store.commit(commit)?;
        self.note_mended(front, &done.parts, added);
        Ok(true)
    }

    fn note_mended(&mut self, front: usize, parts: &[super::worker::PartDone], added: u64) {
        self.done.calls += parts.iter().map(|part| part.calls).sum::<u64>();
        self.done.marks += parts.iter().map(|part| part.marks).sum::<u64>();
        // Halves that were stored in an earlier run were counted then.
        self.done.unparsed = self.done.unparsed.saturating_sub(2 - added);
        let report = &mut self.reports[front];
        report.lines_added += added;
        if added > 0 && report.status == FileStatus::Known {
            report.status = FileStatus::Grown;
        }
    }
}

/// What a part holds, which is one line at most.
fn bytes_of(part: &mut Part) -> io::Result<Vec<u8>> {
    match &part.lines {
        Lines::Here(bytes) => Ok(bytes.clone()),
        Lines::There { file, .. } => {
            let most = (part.to - part.from).min(MAX_LINE as u64 + 1);
            let mut bytes = vec![0; most as usize];
            file.read_exact_at(&mut bytes, part.from)?;
            Ok(bytes)
        }
    }
}

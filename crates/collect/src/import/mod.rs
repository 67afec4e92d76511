//! Lines into a store: durable, resumable, each exactly once.
//!
//! ```text
//! tapes -> plan (slices of one stretch of time) -> workers (parse, join, encode) -> commits
//! ```
//!
//! A file is known by what it begins with, so importing it again goes on where the last commit
//! ended. Commits come in the order of slices: a file's position moves along its lines.

mod counts;
mod group;
mod mend;
mod plain;
mod plan;
mod tape;
mod worker;

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};

use dolmen_attribution::Rules;
use dolmen_join::Chains;
use dolmen_model::Time;
use dolmen_store::{
    Commit, FileRef, NamedBy, Progress as FileProgress, Rows, SourceInfo, Store, UnreadLine,
    Unreadable,
};
use serde::{Deserialize, Serialize};

use crate::error::CollectError;
use crate::progress::Progress;
use crate::read::{Prepared, prepare};
use crate::source::{Input, Source};
pub(crate) use counts::Counts;
use mend::Cuts;
use plan::Plan;
pub(crate) use plan::Slice;
pub use tape::LastLine;
pub(crate) use tape::{Lines, Part};
use tape::{Resumed, Tape};
use worker::{Done, PartDone};
pub(crate) use worker::{Shared, Worker};

/// What is to be imported.
#[derive(Debug)]
pub struct ImportRequest<'r> {
    /// Where lines come from; inputs name them by number.
    pub sources: &'r [Source],
    /// Of each source, who named it.
    pub named_by: &'r [NamedBy],
    /// What to read.
    pub inputs: Vec<Input>,
    /// Who is who, compiled with the store's names.
    pub rules: &'r Rules,
    /// Whether files are complete.
    pub last_line: LastLine,
    /// How many workers.
    pub workers: NonZero<usize>,
    /// The clock on the wall.
    pub now: Time,
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// Each file that was named.
    pub files: Vec<ImportedFile>,
    /// Calls added, hops among them.
    pub calls: u64,
    /// Marks added.
    pub marks: u64,
    /// Lines added that no format reads.
    pub unparsed: u64,
    /// Segments of the store that could not be read: marks of their calls wait until they are restored.
    #[serde(default)]
    pub unreadable: Vec<Unreadable>,
}

/// What an import did with one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedFile {
    /// Its path, `-` for standard input.
    pub path: String,
    /// What became of it.
    pub status: FileStatus,
    /// Lines added.
    pub lines_added: u64,
    /// Why it was read only in part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileStatus {
    /// It was not known.
    New,
    /// It was known and has grown.
    Grown,
    /// It was known, and nothing is new.
    Known,
    /// It holds no complete line.
    Empty,
    /// What was read of it before is no longer there: it was left alone.
    Changed,
    /// It could be read only in part.
    Broken,
}

/// Reads every input into the store. What is committed when it fails stays, and running it again
/// goes on from there.
pub fn import(
    store: &dyn Store,
    request: ImportRequest<'_>,
    progress: &Progress,
) -> Result<Imported, CollectError> {
    let ImportRequest { sources, named_by, inputs, rules, last_line, workers, now } = request;
    let files = prepare(sources, inputs, progress)?;
    let chains = Chains::new(sources.iter().map(|source| source.behind).collect());
    let shared = Shared { store, sources, files: &files, rules, chains: &chains, progress, now };
    let mut run = Run {
        shared,
        named_by,
        last_line,
        workers,
        reports: files
            .iter()
            .map(|file| ImportedFile {
                path: file.input.origin.path().display().to_string(),
                status: FileStatus::Known,
                lines_added: 0,
                error: None,
            })
            .collect(),
        done: Imported::default(),
        cuts: Cuts::default(),
    };
    let mut left = run.open()?;
    // A file and a copy of it are one file: the copy's turn comes when the file is known.
    while !left.is_empty() {
        left = run.round(left)?;
    }
    run.mend()?;
    Ok(Imported { files: run.reports, ..run.done })
}

struct Run<'r> {
    shared: Shared<'r>,
    named_by: &'r [NamedBy],
    last_line: LastLine,
    workers: NonZero<usize>,
    reports: Vec<ImportedFile>,
    done: Imported,
    cuts: Cuts,
}

/// A file that is being read: its tape, and lines committed before.
struct Reading<'p> {
    tape: Tape<'p>,
    lines_before: u64,
}

impl<'r> Run<'r> {
    fn open(&mut self) -> Result<Vec<Tape<'r>>, CollectError> {
        let Shared { files, progress, .. } = self.shared;
        let open = |(index, file): (usize, &'r Prepared)| {
            let failed =
                |source| CollectError::Read { path: file.input.origin.path().into(), source };
            Tape::open(index, file, self.last_line, progress).map_err(failed)
        };
        files.iter().enumerate().map(open).collect()
    }

    /// Imports all files that differ from each other; gives back those that begin like another.
    fn round(&mut self, tapes: Vec<Tape<'r>>) -> Result<Vec<Tape<'r>>, CollectError> {
        let mut readings: Vec<Reading<'r>> = Vec::new();
        let mut later = Vec::new();
        for mut tape in tapes {
            let is_alike = |other: &Reading<'_>| {
                self.family(other.tape.index) == self.family(tape.index)
                    && begin_alike(&other.tape.head, &tape.head)
            };
            if readings.iter().any(is_alike) {
                later.push(tape);
            } else if let Some(lines_before) = self.resume(&mut tape)? {
                readings.push(Reading { tape, lines_before });
            }
        }
        self.read(readings)?;
        Ok(later)
    }

    fn source(&self, file: usize) -> &'r Source {
        &self.shared.sources[usize::from(self.shared.files[file].input.source)]
    }

    /// What is known of the source of a file.
    fn info(&self, file: usize) -> SourceInfo {
        let source = self.source(file);
        let front = source.behind.and_then(|front| self.shared.sources.get(usize::from(front)));
        SourceInfo {
            name: source.name.clone(),
            named_by: self.named_by(file),
            behind: front.map(|front| front.name.clone()),
        }
    }

    fn named_by(&self, file: usize) -> NamedBy {
        self.named_by[usize::from(self.shared.files[file].input.source)]
    }

    /// What a file's beginning is compared within: its source, or all files that were typed.
    fn family(&self, file: usize) -> Option<&'r str> {
        match self.named_by(file) {
            NamedBy::Configuration => Some(&self.source(file).name),
            NamedBy::Path => None,
        }
    }

    /// Finds out where a file goes on, and how many lines were read before; `None` when there is
    /// nothing to read.
    fn resume(&mut self, tape: &mut Tape<'r>) -> Result<Option<u64>, CollectError> {
        let index = tape.index;
        let Shared { store, files, progress, .. } = self.shared;
        let path = files[index].input.origin.path();
        let failed = |source| CollectError::Read { path: path.into(), source };
        let known = store.find_file(&self.source(index).name, self.named_by(index), &tape.head)?;
        let mut before = 0;
        let status = match known {
            None => FileStatus::New,
            Some(known) => {
                tape.file = FileRef::Known(known.id);
                before = known.lines;
                match tape.resume(known.position, known.tail).map_err(failed)? {
                    Resumed::There | Resumed::Shorter => FileStatus::Known,
                    Resumed::Changed => FileStatus::Changed,
                }
            }
        };
        self.reports[index].status = status;
        if status == FileStatus::Changed {
            self.reports[index].error = Some(
                "what was imported of it before is no longer there: it was rewritten; nothing of \
                 it was added. If it is another log, give it a source of its own"
                    .to_owned(),
            );
        }
        if tape.is_plain() {
            progress.read(tape.at);
        }
        if status == FileStatus::Changed || tape.is_done() {
            if let Some(fault) = tape.fault() {
                self.reports[index].status = FileStatus::Broken;
                self.reports[index].error = Some(fault.to_string());
            } else if status == FileStatus::New {
                self.reports[index].status = FileStatus::Empty;
            }
            return Ok(None);
        }
        Ok(Some(before))
    }

    /// Reads files to their ends.
    fn read(&mut self, readings: Vec<Reading<'r>>) -> Result<(), CollectError> {
        let mut committer = Committer::new(self, &readings);
        let tapes = readings.into_iter().map(|reading| reading.tape).collect();
        let mut plan = Plan::new(tapes);
        let shared = committer.run.shared;
        let workers = committer.run.workers.get();
        let stop = AtomicBool::new(false);
        let (slices, next) = mpsc::sync_channel::<Slice>(1);
        let next = Mutex::new(next);
        // What is under way is bounded: a slice begins when there is room for what becomes of it.
        let (made_room, room) = mpsc::channel::<()>();
        for _ in 0..workers + AHEAD {
            // The other end is here.
            let _ = made_room.send(());
        }
        let (finished, results) = mpsc::sync_channel::<(u64, Outcome)>(workers);
        std::thread::scope(|scope| {
            let (next, stop) = (&next, &stop);
            for _ in 0..workers {
                let finished = finished.clone();
                scope.spawn(move || work(shared, next, &finished, stop));
            }
            scope.spawn(move || {
                let mut number = 0;
                while room.recv().is_ok() && !stop.load(Ordering::Relaxed) {
                    match plan.next() {
                        Ok(Some(slice)) => {
                            number = slice.number + 1;
                            if slices.send(slice).is_err() {
                                return;
                            }
                        }
                        Ok(None) => return,
                        Err(error) => {
                            let _ = finished.send((number, Err(error.into())));
                            return;
                        }
                    }
                }
            });
            let committed = committer.commit_all(&results, made_room);
            stop.store(true, Ordering::Relaxed);
            // Whoever waits to hand over a result finds nobody, and ends.
            drop(results);
            committed
        })
    }
}

/// Slices beside those that are worked on: one is committed, one is ready.
const AHEAD: usize = 2;

type Outcome = Result<(Done, Vec<(usize, std::io::Error)>), CollectError>;

fn work(
    shared: Shared<'_>,
    next: &Mutex<Receiver<Slice>>,
    finished: &SyncSender<(u64, Outcome)>,
    stop: &AtomicBool,
) {
    let mut worker = Worker::new(shared);
    while !stop.load(Ordering::Relaxed) {
        let slice = {
            let next = next.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            next.recv()
        };
        let Ok(mut slice) = slice else { return };
        let number = slice.number;
        let faults = std::mem::take(&mut slice.faults);
        let done = worker.slice(slice).map(|done| (done, faults));
        if finished.send((number, done)).is_err() {
            return;
        }
    }
}

/// Commits slices in their order.
struct Committer<'c, 'r> {
    run: &'c mut Run<'r>,
    /// By number of the tape: lines before its position, and how it begins.
    lines: Vec<u64>,
    files: Vec<(FileRef, Vec<u8>)>,
}

impl<'c, 'r> Committer<'c, 'r> {
    fn new(run: &'c mut Run<'r>, readings: &[Reading<'r>]) -> Self {
        let lines = readings.iter().map(|reading| reading.lines_before).collect();
        let file = |reading: &Reading<'_>| (reading.tape.file.clone(), reading.tape.head.clone());
        Self { run, lines, files: readings.iter().map(file).collect() }
    }

    /// Says in `made_room` when a slice is done with.
    fn commit_all(
        &mut self,
        results: &Receiver<(u64, Outcome)>,
        made_room: Sender<()>,
    ) -> Result<(), CollectError> {
        let mut early: BTreeMap<u64, Outcome> = BTreeMap::new();
        let mut next = 0;
        while let Ok((number, outcome)) = results.recv() {
            early.insert(number, outcome);
            while let Some(outcome) = early.remove(&next) {
                let (done, faults) = outcome?;
                for (file, fault) in faults {
                    self.run.reports[file].status = FileStatus::Broken;
                    self.run.reports[file].error = Some(fault.to_string());
                }
                self.commit(done)?;
                next += 1;
                // When all slices are planned, nobody waits for it.
                let _ = made_room.send(());
            }
        }
        Ok(())
    }

    fn commit(&mut self, done: Done) -> Result<(), CollectError> {
        if done.parts.is_empty() {
            return Ok(());
        }
        let Shared { store, now, .. } = self.run.shared;
        let mut commit = Commit::new(now);
        commit.rows = done.rows;
        commit.cube = done.cube;
        commit.callers = done.callers;
        let mut unread = Rows::new();
        for part in &done.parts {
            self.describe(part, &mut commit, &mut unread);
        }
        if unread.unread() > 0 {
            commit.rows.push(store.encode(&unread)?);
        }
        let committed = store.commit(commit)?;
        for lost in committed.unreadable {
            let known = &mut self.run.done.unreadable;
            if known.iter().all(|other| other.segment != lost.segment) {
                known.push(lost);
            }
        }
        for part in done.parts {
            self.note(&part);
        }
        Ok(())
    }

    fn describe(&mut self, done: &PartDone, commit: &mut Commit, unread: &mut Rows) {
        let Shared { sources, files, now, .. } = self.run.shared;
        let part = &done.part;
        let prepared = &files[part.index];
        let source = &sources[usize::from(prepared.input.source)];
        let path = prepared.input.origin.path().display().to_string();
        let info = self.run.info(part.index);
        if !commit.sources.contains(&info) {
            commit.sources.push(info);
        }
        for line in &done.unread {
            if part.from == 0 && line.number == 0 {
                self.run.cuts.heads.push(part.index);
            }
            if line.is_cut {
                let number = self.lines[part.tape] + line.number + 1;
                self.run.cuts.tails.push((part.index, number));
            }
            unread.push_unread(UnreadLine {
                source: &source.name,
                file: &path,
                number: self.lines[part.tape] + line.number + 1,
                column: u32::try_from(line.why.column).unwrap_or(u32::MAX),
                expected: &line.why.expected,
                seen: now,
                line: &line.line,
            });
        }
        self.lines[part.tape] += done.lines;
        let (file, head) = self.files[part.tape].clone();
        commit.progress.push(FileProgress {
            file,
            source: source.name.clone(),
            path,
            from: part.from,
            to: part.to,
            lines: done.lines,
            unread: done.unread.len() as u64,
            format: prepared.format.name().to_owned(),
            tail: part.tail,
            head,
        });
    }

    fn note(&mut self, done: &PartDone) {
        let report = &mut self.run.reports[done.part.index];
        report.lines_added += done.lines;
        if report.status == FileStatus::Known {
            report.status = FileStatus::Grown;
        }
        self.run.done.calls += done.calls;
        self.run.done.marks += done.marks;
        self.run.done.unparsed += done.unread.len() as u64;
    }
}

/// Whether one of the two is the beginning of the other; both are what a file begins with.
fn begin_alike(a: &[u8], b: &[u8]) -> bool {
    let shorter = a.len().min(b.len());
    shorter > 0 && a[..shorter] == b[..shorter]
}

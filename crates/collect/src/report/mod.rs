//! Lines to a [`Report`]: parse and attribute in parallel, join by request id, count.

mod fact;
mod kind;
mod rotation;
mod selection;
mod tally;
mod unparsed;
mod worker;

use std::io;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use dolmen_attribution::Rules;
use dolmen_cubes::{CallerTable, FileRow, Report};
use dolmen_join::{CallEntry, Chains, Joiner, Partitions};
use dolmen_logs::Reader;
use dolmen_model::Names;
use dolmen_model::query::Query;

use crate::error::CollectError;
use crate::progress::Progress;
use crate::read::{Buffer, Prepared, Queue, Work, prepare};
use crate::source::{Input, Source};
use crate::spill::TempSpill;
use fact::{CallFact, MarkFact};
use kind::{Kind, KindTable};
pub use selection::Window;
use tally::{Counts, Tally};
use worker::{FileFacts, Found, Shared, Worker};

/// Bytes of entries kept in memory before they spill: with buffers, tables and blocks of two
/// workers it stays under 100 MB.
const ENTRIES_IN_MEMORY: usize = 40 << 20;

/// Bytes of entries that one pass over a partition may hold.
const PASS: usize = 4 << 20;

/// Callers of unknown actors that are told apart; the rest is shown as one.
const CALLERS: usize = 50_000;

/// What a report is asked about.
#[derive(Debug)]
pub struct ReportRequest<'r> {
    /// Where lines come from; inputs name them by number.
    pub sources: &'r [Source],
    /// What to read.
    pub inputs: Vec<Input>,
    /// Who is who.
    pub rules: &'r Rules,
    /// The names that `rules` were compiled with.
    pub names: &'r Names,
    /// The instants it is about.
    pub window: Window,
    /// The calls it is about.
    pub query: &'r Query,
    /// How many workers.
    pub workers: NonZero<usize>,
    /// Where entries go that memory has no room for.
    pub temporary: PathBuf,
}

/// Reads every input and reports on it. Lines that no format reads are counted and shown, never
/// fatal; so is a file that breaks off. What cannot be opened at all is an error before anything
/// is read.
pub fn report(request: ReportRequest<'_>, progress: &Progress) -> Result<Report, CollectError> {
    let ReportRequest { sources, inputs, rules, names, window, query, workers, temporary } =
        request;
    let files = prepare(sources, inputs, progress)?;
    let callers = CallerTable::new(CALLERS);
    let kinds = KindTable::default();
    let shared = Shared {
        sources,
        files: &files,
        rules,
        names,
        callers: &callers,
        kinds: &kinds,
        query,
        window,
    };
    let failed = |error| CollectError::Spill { dir: temporary.clone(), source: error };
    let spill = TempSpill::new(&temporary).map_err(failed)?;
    let partitions = Partitions::new(ENTRIES_IN_MEMORY, Box::new(spill));
    let (mut counts, found) = read(shared, &partitions, progress, workers).map_err(failed)?;
    let chains = Chains::new(sources.iter().map(|source| source.behind).collect());
    let kinds = kinds.kinds();
    counts.merge(join(shared, &partitions, &chains, &kinds, workers).map_err(failed)?);
    let mut report = std::thread::scope(|scope| {
        // To give back what entries took, on the disk and in memory, takes as long as the tables do.
        scope.spawn(move || drop(partitions));
        counts.into_report(names, &callers, rules)
    });
    describe_files(&mut report, &files, found);
    Ok(report)
}

/// Runs `work` on as many threads as there are workers, and gives all results or the first error.
fn on_all<T: Send>(
    workers: NonZero<usize>,
    work: impl Fn() -> io::Result<T> + Sync,
) -> io::Result<Vec<T>> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers.get()).map(|_| scope.spawn(&work)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

fn read<'r>(
    shared: Shared<'r>,
    partitions: &'r Partitions<CallFact, MarkFact>,
    progress: &Progress,
    workers: NonZero<usize>,
) -> io::Result<(Counts, Found)> {
    let queue = Queue::new(shared.files, progress);
    let parts = on_all(workers, || {
        let mut worker = Worker::new(shared, partitions.buffers());
        read_blocks(&mut worker, shared.files, &queue, progress)?;
        let (tally, found) = worker.finish()?;
        Ok((tally.into_counts(), found))
    })?;
    let mut counts = Counts::default();
    let mut found = Found::default();
    for (part, found_part) in parts {
        counts.merge(part);
        found.merge(found_part);
    }
    let mut last = Worker::new(shared, partitions.buffers());
    rotation::mend(&mut last, &mut found, shared.files)?;
    counts.merge(last.finish()?.0.into_counts());
    Ok((counts, found))
}

fn read_blocks(
    worker: &mut Worker<'_>,
    files: &[Prepared],
    queue: &Queue<'_>,
    progress: &Progress,
) -> io::Result<()> {
    let mut buffer = Buffer::default();
    while let Some(work) = queue.next(&mut buffer) {
        match work {
            Work::Block(block) => {
                // A new reader a block: what one remembers of the lines before must not depend on
                // which worker got which block.
                let mut reader = files[block.file].format.reader();
                progress.parsed(worker.block(block, buffer.bytes(), &mut reader)?);
            }
            Work::Whole(mut whole) => {
                let mut own: Option<Reader<'_>> = None;
                while let Some(block) = whole.next(&mut buffer) {
                    let reader = own.get_or_insert_with(|| files[block.file].format.reader());
                    progress.parsed(worker.block(block, buffer.bytes(), reader)?);
                }
            }
            Work::Failed { file, error } => {
                worker.found().files.entry(file).or_default().error = Some(error);
            }
        }
    }
    Ok(())
}

fn join(
    shared: Shared<'_>,
    partitions: &Partitions<CallFact, MarkFact>,
    chains: &Chains,
    kinds: &[Kind],
    workers: NonZero<usize>,
) -> io::Result<Counts> {
    let next = AtomicUsize::new(0);
    let parts = on_all(workers, || {
        let mut tally = Tally::new(shared.names, shared.query, kinds);
        let mut joiner = Joiner::new(PASS);
        let kind = |call: &CallEntry<CallFact>| &kinds[call.fact.kind.0 as usize];
        let tie = |a: &CallEntry<CallFact>, b: &CallEntry<CallFact>| {
            // What else a query asks of a line is not in its likeness.
            let likeness = |call| shared.likeness(call, kind(call));
            likeness(a).cmp(&likeness(b)).then_with(|| kind(a).answers.cmp(&kind(b).answers))
        };
        loop {
            let partition = next.fetch_add(1, Ordering::Relaxed);
            if partition >= partitions.count() {
                return Ok(tally.into_counts());
            }
            joiner.join(partitions, partition, chains, tie, |answer| tally.answer(&answer))?;
        }
    })?;
    let mut counts = Counts::default();
    parts.into_iter().for_each(|part| counts.merge(part));
    Ok(counts)
}

impl Found {
    fn merge(&mut self, other: Self) {
        self.unparsed.merge(other.unparsed);
        for (file, facts) in other.files {
            let mine = self.files.entry(file).or_default();
            mine.lines.extend(facts.lines);
            mine.unparsed += facts.unparsed;
            mine.head = mine.head.take().or(facts.head);
            mine.tail = mine.tail.take().or(facts.tail);
            mine.error = mine.error.take().or(facts.error);
        }
    }
}

fn describe_files(report: &mut Report, files: &[Prepared], mut found: Found) {
    let path = |file: usize| files[file].input.origin.path().display().to_string();
    let mut lines = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let facts: FileFacts = found.files.remove(&index).unwrap_or_default();
        report.unparsed += facts.unparsed;
        let count = facts.lines.iter().map(|(_, lines)| lines).sum();
        let format = if file.is_guess && count == 0 { "empty" } else { file.format.name() };
        report.files.push(FileRow {
            path: path(index),
            format: format.to_owned(),
            lines: count,
            unparsed: facts.unparsed,
            error: facts.error.map(|error| error.to_string()),
        });
        lines.push(facts.lines);
    }
    report.unparsed_lines = found.unparsed.into_lines(&lines, path);
}

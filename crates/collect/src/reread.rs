//! Lines that no format read when they came are read once more: a format was mended since, or is known
//! now.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use dolmen_attribution::Rules;
use dolmen_join::Chains;
use dolmen_logs::Format;
use dolmen_model::{NameId, Time};
use dolmen_store::{
    Commit, Fingerprint, NamedBy, ReadAgain, Rows, SourceInfo, Store, StoreError, UnreadLine,
    UnreadRow, UnreadSegment, Unreadable,
};

use crate::error::CollectError;
use crate::import::{Lines, Part, Shared, Slice, Worker};
use crate::progress::Progress;
use crate::read::{Encoding, MAX_LINE, Prepared, found};
use crate::source::{FormatChoice, Holds, Input, Origin, Source};

/// What became of lines that no format had read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reread {
    /// Lines that are read now.
    pub lines: u64,
    /// Segments whose lines were left alone, since they cannot be read.
    pub unreadable: Vec<Unreadable>,
}

/// Reads all lines again that no format read, by the formats of these sources as they are now. Each
/// line leaves its place and enters the other in one commit, so whoever is interrupted runs it again.
///
/// # Errors
/// What the store says when it cannot be read or written.
pub fn reread(
    store: &dyn Store,
    sources: &[Source],
    rules: &Rules,
    now: Time,
) -> Result<Reread, CollectError> {
    let mut done = Reread::default();
    for segment in store.unread_segments()? {
        match store.unread_of(&segment) {
            Ok(lines) => {
                done.lines += Reading::new(sources, &lines).read(store, segment, rules, now)?;
            }
            Err(StoreError::Segment(lost)) => done.unreadable.push(lost),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(done)
}

/// The lines of one segment, by source.
struct Reading<'l> {
    /// Those of the configuration first.
    sources: Vec<Source>,
    configured: usize,
    lines: &'l [UnreadRow],
    /// What is read as one file, and which lines it has.
    files: Vec<Prepared>,
    parts: Vec<(Part, Vec<usize>)>,
}

impl<'l> Reading<'l> {
    fn new(sources: &[Source], lines: &'l [UnreadRow]) -> Self {
        let mut by_source: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (number, row) in lines.iter().enumerate() {
            // What was too long was cut, and would be read as what it is not.
            if row.column < MAX_LINE as u64 {
                by_source.entry(&row.source).or_default().push(number);
            }
        }
        let mut reading = Self {
            sources: sources.to_vec(),
            configured: sources.len(),
            lines,
            files: Vec::new(),
            parts: Vec::new(),
        };
        by_source.into_iter().for_each(|(name, numbers)| reading.add(name, numbers));
        reading
    }

    fn add(&mut self, name: &str, numbers: Vec<usize>) {
        let known = self.sources.iter().position(|source| source.name == name);
        let number = known.unwrap_or_else(|| {
            self.sources.push(typed(name));
            self.sources.len() - 1
        });
        let Ok(source) = u16::try_from(number) else { return };
        let mut text = Vec::new();
        for &number in &numbers {
            text.extend_from_slice(&self.lines[number].line);
            text.push(b'\n');
        }
        let Some(format) = format_of(&self.sources[number], &text) else { return };
        let tail = Fingerprint::of_tail(&text);
        // Not 0: what may stand before a file's first line does not stand here.
        let (from, to) = (1, text.len() as u64 + 1);
        let (index, lines) = (self.files.len(), Lines::Here(text));
        let part = Part { tape: index, index, from, to, lines, tail, directives: Vec::new() };
        self.files.push(Prepared {
            input: Input { origin: Origin::File(PathBuf::from(name)), source },
            format,
            is_guess: false,
            encoding: Encoding::Plain,
            len: 0,
            once: Mutex::new(None),
        });
        self.parts.push((part, numbers));
    }

    /// Commits what is read now; returns how many lines.
    fn read(
        self,
        store: &dyn Store,
        segment: UnreadSegment,
        rules: &Rules,
        now: Time,
    ) -> Result<u64, CollectError> {
        let Self { sources, configured, lines, files, parts } = self;
        let chains = Chains::new(sources.iter().map(|source| source.behind).collect());
        let progress = Progress::default();
        let shared = Shared {
            store,
            sources: &sources,
            files: &files,
            rules,
            chains: &chains,
            progress: &progress,
            now,
        };
        let (parts, numbers): (Vec<Part>, Vec<Vec<usize>>) = parts.into_iter().unzip();
        let slice = Slice { number: 0, parts, faults: Vec::new() };
        let done = Worker::new(shared).slice(slice)?;
        let mut is_read = vec![false; lines.len()];
        let mut why = BTreeMap::new();
        for (part, numbers) in done.parts.into_iter().zip(&numbers) {
            numbers.iter().for_each(|&number| is_read[number] = true);
            for unread in part.unread {
                let number = numbers[unread.number as usize];
                is_read[number] = false;
                why.insert(number, unread.why);
            }
        }
        let read = is_read.iter().filter(|is_read| **is_read).count() as u64;
        if read == 0 {
            return Ok(0);
        }
        let mut rest = Rows::new();
        for (number, row) in lines.iter().enumerate().filter(|(number, _)| !is_read[*number]) {
            let why = why.get(&number);
            rest.push_unread(UnreadLine {
                source: &row.source,
                file: &row.file,
                number: row.number,
                column: why.map_or(row.column, |why| why.column as u64) as u32,
                expected: why.map_or(&*row.expected, |why| &*why.expected),
                seen: row.seen,
                line: &row.line,
            });
        }
        let mut commit = Commit::new(now);
        commit.rows = done.rows;
        commit.cube = done.cube;
        commit.callers = done.callers;
        let mut spoke: Vec<u16> = files.iter().map(|file| file.input.source).collect();
        spoke.retain(|source| usize::from(*source) < configured);
        commit.sources = spoke.iter().map(|&source| described(&sources, source)).collect();
        if rest.unread() > 0 {
            commit.rows.push(store.encode(&rest)?);
        }
        let lines = lines.iter().cloned().zip(is_read).collect();
        commit.read_again.push(ReadAgain { segment, lines });
        store.commit(commit)?;
        Ok(read)
    }
}

/// A source that nobody configured: its file was typed.
fn typed(name: &str) -> Source {
    Source {
        name: name.to_owned(),
        holds: Holds::Calls,
        format: FormatChoice::Auto,
        service: NameId::UNKNOWN,
        behind: None,
    }
}

/// The format of these lines: as configured, or found from them.
fn format_of(source: &Source, lines: &[u8]) -> Option<Arc<Format>> {
    match &source.format {
        FormatChoice::Given(format) => Some(Arc::clone(format)),
        FormatChoice::Auto => found(None, source.holds, lines).ok().map(Arc::new),
        FormatChoice::AutoIn(key) => found(Some(key), source.holds, lines).ok().map(Arc::new),
    }
}

fn described(sources: &[Source], number: u16) -> SourceInfo {
    let Source { name, behind, .. } = &sources[usize::from(number)];
    let front = behind.and_then(|front| sources.get(usize::from(front)));
    SourceInfo {
        name: name.clone(),
        named_by: NamedBy::Configuration,
        behind: front.map(|front| front.name.clone()),
    }
}

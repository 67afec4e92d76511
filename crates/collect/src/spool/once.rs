//! What is sent under a key is taken once, also over a crash.
//!
//! Before lines are written, a record in the file `keys` says which keys they have and where they are
//! going to stand. After a crash the records and the length of the spool say how much of each is
//! there: who sends it again adds the rest and nothing else.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustc_hash::{FxHashMap, FxHashSet};

/// So long a key is remembered: a sender repeats within minutes.
const REMEMBERED: Duration = Duration::from_secs(600);
/// The last keys are remembered however old they are: a sender of a few a day repeats later.
const AT_LEAST: usize = 100_000;
/// More are not remembered however young they are: that many take about 100 MB.
const AT_MOST: usize = 4_000_000;
/// Keys of so many generations are forgotten one generation after the other.
const GENERATIONS: u32 = 10;
/// The file is written anew when it has grown by its own size, and by this.
const GROWN: u64 = 16 << 20;

/// Lines, and which of them came under which key.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Whole lines, each with its line end.
    pub lines: Vec<u8>,
    /// The parts of `lines` in their order: a key, and how many bytes it has.
    pub parts: Vec<(Option<u128>, usize)>,
    /// The hash of a key and of what came under it: who sends something else under a key that came
    /// before is told so.
    pub seal: Option<u128>,
}

/// Why nothing of a batch is taken now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotNow {
    /// A part of it is being taken at this moment.
    UnderWay,
    /// Its key came before, with something else.
    Other,
}

/// Keys that came one after the other. Those of a batch are in one generation, so that a batch is
/// remembered or forgotten as a whole.
#[derive(Debug)]
struct Generation {
    began: Instant,
    keys: FxHashSet<u128>,
}

/// What of a batch is new.
#[derive(Debug, Default)]
pub(super) struct Taking {
    pub(super) lines: Vec<u8>,
    /// Keys, and how many bytes of `lines` each has.
    pub(super) keys: Vec<(u128, u64)>,
    /// How many parts are new, those without a key among them.
    pub(super) parts: usize,
}

/// The keys of one spool.
#[derive(Debug)]
pub(super) struct Once {
    path: PathBuf,
    file: File,
    /// Bytes of the file that are known to be good.
    length: u64,
    /// Bytes it had when it was last written anew.
    rewritten: u64,
    /// What is known, the oldest first.
    known: VecDeque<Generation>,
    /// Bytes that are there of what a crash cut off.
    partial: FxHashMap<u128, u64>,
    under_way: FxHashSet<u128>,
    /// The records of what is under way, by their first keys.
    recorded: FxHashMap<u128, String>,
}

impl Once {
    /// Reads what is known; `number` and `length` are those of the spool's last file.
    pub(super) fn open(folder: &Path, number: u64, length: u64, now: Instant) -> io::Result<Self> {
        let path = folder.join("keys");
        let file = OpenOptions::new().create(true).read(true).append(true).open(&path)?;
        let mut before = BufReader::new(file.try_clone()?);
        let mut once = Self {
            path,
            file,
            length: 0,
            rewritten: 0,
            known: VecDeque::new(),
            partial: FxHashMap::default(),
            under_way: FxHashSet::default(),
            recorded: FxHashMap::default(),
        };
        let mut line = String::new();
        while before.read_line(&mut line)? > 0 {
            // The last line may be cut off: its lines were not written yet.
            if let Some(line) = line.strip_suffix('\n') {
                once.replay(line, number, length, now);
            }
            line.clear();
        }
        once.rewrite()?;
        Ok(once)
    }

    fn replay(&mut self, line: &str, number: u64, length: u64, now: Instant) {
        let mut words = line.split(' ');
        match words.next() {
            Some("k") => self.know(words.filter_map(hash), now),
            Some("p") => {
                if let (Some(key), Some(bytes)) =
                    (words.next().and_then(hash), words.next().and_then(|n| n.parse().ok()))
                {
                    self.partial.insert(key, bytes);
                }
            }
            Some("b") => {
                let mut numbers =
                    words.by_ref().take(2).filter_map(|word| word.parse::<u64>().ok());
                let (Some(file), Some(mut start)) = (numbers.next(), numbers.next()) else {
                    return;
                };
                let mut whole = Vec::new();
                for word in words {
                    let Some((key, bytes)) = word.split_once(':') else { continue };
                    let (Some(key), Ok(bytes)) = (hash(key), bytes.parse::<u64>()) else {
                        continue;
                    };
                    let end = start + bytes;
                    let before = self.partial.get(&key).copied().unwrap_or(0);
                    if file < number || (file == number && end <= length) {
                        self.partial.remove(&key);
                        whole.push(key);
                    } else if file == number && start < length {
                        self.partial.insert(key, before + length - start);
                    }
                    start = end;
                }
                self.know(whole, now);
            }
            _ => {}
        }
    }

    /// Remembers the keys of one batch.
    fn know(&mut self, keys: impl IntoIterator<Item = u128>, now: Instant) {
        let mut keys = keys.into_iter().peekable();
        if keys.peek().is_none() {
            return;
        }
        let is_full = |generation: &Generation| {
            now.duration_since(generation.began) >= REMEMBERED / GENERATIONS
                || generation.keys.len() >= AT_MOST / GENERATIONS as usize
        };
        if self.known.back().is_none_or(is_full) {
            self.known.push_back(Generation { began: now, keys: FxHashSet::default() });
        }
        if let Some(newest) = self.known.back_mut() {
            newest.keys.extend(keys);
        }
        let mut count: usize = self.known.iter().map(|generation| generation.keys.len()).sum();
        while let [oldest, next, ..] = self.known.make_contiguous() {
            let left = count - oldest.keys.len();
            // Its youngest key is a little older than the next generation.
            let is_old = now.duration_since(next.began) >= REMEMBERED;
            if count <= AT_MOST && !(is_old && left >= AT_LEAST) {
                return;
            }
            count = left;
            self.known.pop_front();
        }
    }

    fn knows(&self, key: u128) -> bool {
        self.known.iter().rev().any(|generation| generation.keys.contains(&key))
    }

    /// Writes anew what is known, as a whole or not at all.
    fn rewrite(&mut self) -> io::Result<()> {
        let new = self.path.with_extension("new");
        let mut file = BufWriter::new(File::create(&new)?);
        for key in self.known.iter().flat_map(|generation| &generation.keys) {
            writeln!(file, "k {key:032x}")?;
        }
        for (key, bytes) in &self.partial {
            writeln!(file, "p {key:032x} {bytes}")?;
        }
        for record in self.recorded.values() {
            file.write_all(record.as_bytes())?;
        }
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        fs::rename(&new, &self.path)?;
        self.file = OpenOptions::new().append(true).open(&self.path)?;
        self.length = self.file.metadata()?.len();
        self.rewritten = self.length;
        Ok(())
    }

    /// What of a batch is new.
    pub(super) fn begin(&mut self, batch: &Batch) -> Result<Taking, NotNow> {
        let keys = || batch.parts.iter().filter_map(|(key, _)| *key);
        if keys().any(|key| self.under_way.contains(&key)) {
            return Err(NotNow::UnderWay);
        }
        let came = |key: u128| self.partial.contains_key(&key) || self.knows(key);
        if batch.seal.is_some_and(|seal| keys().any(came) && !came(seal)) {
            return Err(NotNow::Other);
        }
        let mut taking = Taking::default();
        let mut rest = batch.lines.as_slice();
        for &(key, bytes) in &batch.parts {
            let (mut part, after) = rest.split_at(bytes.min(rest.len()));
            rest = after;
            if let Some(key) = key {
                if self.knows(key) || !self.under_way.insert(key) {
                    continue;
                }
                let there = self.partial.get(&key).map_or(0, |&bytes| bytes as usize);
                part = &part[there.min(part.len())..];
                taking.keys.push((key, part.len() as u64));
            }
            // Records speak of the parts with keys alone, which stand one after the other.
            taking.lines.extend_from_slice(part);
            taking.parts += 1;
        }
        if let (Some(seal), false) = (batch.seal, taking.keys.is_empty()) {
            // Before all bytes: of whatever a crash leaves, it says what they are of.
            taking.keys.insert(0, (seal, 0));
        }
        Ok(taking)
    }

    /// Says where the lines of a batch are going to stand.
    pub(super) fn record(
        &mut self,
        number: u64,
        start: u64,
        keys: &[(u128, u64)],
    ) -> io::Result<()> {
        let mut line = format!("b {number} {start}");
        for (key, bytes) in keys {
            line.push_str(&format!(" {key:032x}:{bytes}"));
        }
        line.push('\n');
        if let Err(error) = self.file.write_all(line.as_bytes()) {
            _ = self.file.set_len(self.length);
            return Err(error);
        }
        self.length += line.len() as u64;
        if let Some((first, _)) = keys.first() {
            self.recorded.insert(*first, line);
        }
        Ok(())
    }

    /// The lines of the last record were not written.
    pub(super) fn unrecord(&mut self, bytes_before: u64) {
        _ = self.file.set_len(bytes_before);
        self.length = bytes_before;
    }

    /// Bytes of the file.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn file(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// They are on the disk.
    pub(super) fn settle(&mut self, keys: &[(u128, u64)], now: Instant) -> io::Result<()> {
        self.end(keys);
        keys.iter().for_each(|(key, _)| _ = self.partial.remove(key));
        self.know(keys.iter().map(|(key, _)| *key), now);
        match self.length > 2 * self.rewritten + GROWN {
            true => self.rewrite(),
            false => Ok(()),
        }
    }

    fn end(&mut self, keys: &[(u128, u64)]) {
        keys.iter().for_each(|(key, _)| _ = self.under_way.remove(key));
        keys.first().and_then(|(first, _)| self.recorded.remove(first));
    }

    /// They were not taken: who sends them again starts anew.
    pub(super) fn give_up(&mut self, keys: &[(u128, u64)]) {
        self.end(keys);
    }

    /// They were written, and nobody knows whether they are on the disk: there they will be read.
    pub(super) fn doubt(&mut self, keys: &[(u128, u64)]) {
        self.end(keys);
        for (key, bytes) in keys {
            *self.partial.entry(*key).or_default() += bytes;
        }
    }
}

fn hash(text: &str) -> Option<u128> {
    u128::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(keys: std::ops::Range<u128>) -> Batch {
        let parts: Vec<_> = keys.map(|key| (Some(key), 2)).collect();
        Batch { lines: b"a\n".repeat(parts.len()), parts, seal: None }
    }

    fn new(once: &mut Once, batch: &Batch, now: Instant) -> usize {
        let taking = once.begin(batch).unwrap();
        once.record(1, 0, &taking.keys).unwrap();
        once.settle(&taking.keys, now).unwrap();
        taking.parts
    }

    #[test]
    fn many_keys_are_remembered_for_minutes_and_few_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut once = Once::open(folder.path(), 1, 0, start).unwrap();
        let few = batch(0..10);
        assert_eq!(new(&mut once, &few, at(0)), 10);
        assert_eq!(new(&mut once, &few, at(100_000)), 0, "nothing else came");
        // More than are kept for ever, and sent again ten minutes later.
        let many = batch(1_000..151_000);
        assert_eq!(new(&mut once, &many, at(100_000)), 150_000);
        assert_eq!(new(&mut once, &batch(200_000..350_000), at(100_300)), 150_000);
        assert_eq!(new(&mut once, &many, at(100_599)), 0);
        assert_eq!(new(&mut once, &few, at(100_599)), 0);
        // Later they are forgotten, as a whole.
        new(&mut once, &batch(400_000..400_001), at(100_900));
        assert_eq!(new(&mut once, &many, at(100_901)), 150_000);
    }

    #[test]
    fn the_file_is_written_anew_while_something_is_under_way() {
        let folder = tempfile::tempdir().unwrap();
        let now = Instant::now();
        let mut once = Once::open(folder.path(), 1, 0, now).unwrap();
        let slow = once.begin(&batch(0..2)).unwrap();
        once.record(1, 0, &slow.keys).unwrap();
        // The same keys again and again: their records are most of the file.
        for round in 0..10 {
            let keys: Vec<_> = (10..100_010).map(|key| (key, round)).collect();
            once.record(1, 4, &keys).unwrap();
            once.settle(&keys, now).unwrap();
        }
        assert!(once.length() < 2 * 4_000_000 + GROWN + 4_000_000, "{}", once.length());
        drop(once);
        // It was killed when one of the two lines was written.
        let mut once = Once::open(folder.path(), 1, 2, now).unwrap();
        assert_eq!(once.begin(&batch(0..2)).unwrap().keys, [(1, 2)]);
    }
}

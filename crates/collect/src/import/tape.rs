//! One file, read from where the store's last commit of it ended.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use dolmen_logs::{Line, Reader};
use dolmen_model::Time;
use dolmen_store::{FileRef, Fingerprint, HEAD};

use super::plain::{last_line_end, read_at_most};
use crate::progress::Progress;
use crate::read::{Encoding, MAX_LINE, Prepared};
use crate::source::FromStart;

/// A file under way. Everything up to `at` was handed out.
pub(super) struct Tape<'p> {
    /// Its number among the prepared files.
    pub(super) index: usize,
    pub(super) file: FileRef,
    /// Where lines go on that were not handed out, in bytes of unpacked content.
    pub(super) at: u64,
    /// What it begins with, as far as a commit has to say it.
    pub(super) head: Vec<u8>,
    /// When the line at `at` was written; `None`: not looked at, or it does not say.
    pub(super) time: Option<Time>,
    content: Content<'p>,
    last: LastLine,
    /// The last bytes before `at`, of a stream.
    before: Vec<u8>,
    /// Comment lines so far, where later lines depend on them.
    directives: Option<Vec<u8>>,
    reader: Reader<'p>,
}

enum Content<'p> {
    /// Any place can be read at any time.
    Plain { file: Arc<File>, end: u64 },
    /// What was read and not yet handed out begins at `at`.
    Stream { bytes: Box<dyn Read + Send + 'p>, buffer: Vec<u8>, state: Stream },
}

enum Stream {
    Open,
    Ended,
    Broken(Option<io::Error>),
}

/// Lines of one file for one slice.
pub(crate) struct Part {
    pub(crate) tape: usize,
    pub(crate) index: usize,
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) lines: Lines,
    /// What stands before `to`.
    pub(crate) tail: Fingerprint,
    /// What a reader must have seen before these lines.
    pub(crate) directives: Vec<u8>,
}

pub(crate) enum Lines {
    /// To be read by whoever works on them. `end` is where the file ends for this run.
    There {
        file: Arc<File>,
        end: u64,
    },
    Here(Vec<u8>),
}

/// A cut that a tape can be given.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    /// The beginning of a line, or the end.
    pub(super) at: u64,
    /// When the line there was written; `None` at the end, and where none of the lines says.
    pub(super) time: Option<Time>,
    /// Whether nothing follows.
    pub(super) is_end: bool,
}

/// Bytes read at a time to look at one line.
const LOOK: usize = 8 * 1024;
/// Bytes looked through for a line that says its time.
const LOOK_MOST: u64 = 128 * 1024;
const STEP: usize = 128 * 1024;

/// A line of a stream has to be held until its end is found: past this many bytes none comes.
const LONGEST: usize = 4 * MAX_LINE;

fn too_long() -> io::Error {
    let text = "a line is longer than 64 MiB: what follows it was not read";
    io::Error::new(io::ErrorKind::InvalidData, text)
}

/// Whether an unterminated last line is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastLine {
    /// It stays for the next import: it may still be written.
    Left,
    /// The file is complete.
    Read,
}

impl<'p> Tape<'p> {
    /// A file from its beginning.
    pub(super) fn open(
        index: usize,
        prepared: &'p Prepared,
        last: LastLine,
        progress: &'p Progress,
    ) -> io::Result<Self> {
        let once = prepared.once.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let is_sequential = prepared.format.is_sequential();
        let file = match &once {
            Some(_) => None,
            None => prepared.input.origin.open()?,
        };
        let content = match (once, file) {
            (None, Some(file)) if prepared.encoding == Encoding::Plain && !is_sequential => {
                // What is written while it is read belongs to the next import, and so does what was
                // written since its format was found.
                let len = file.metadata()?.len().min(prepared.len);
                let end = if last == LastLine::Read { len } else { last_line_end(&file, len)? };
                progress.read(len - end);
                Content::Plain { file, end }
            }
            (once, file) => {
                let bytes: Box<dyn Read + Send> = match (once, file) {
                    (Some(once), _) => once,
                    (None, Some(file)) => Box::new(FromStart::new(file)),
                    (None, None) => Box::new(io::stdin()),
                };
                let bytes = prepared.encoding.unpack(Counted { bytes, progress })?;
                Content::Stream { bytes, buffer: Vec::new(), state: Stream::Open }
            }
        };
        let mut tape = Self {
            index,
            file: FileRef::New { head: Vec::new() },
            at: 0,
            head: Vec::new(),
            time: None,
            content,
            last,
            before: Vec::new(),
            directives: is_sequential.then(Vec::new),
            reader: prepared.format.reader(),
        };
        tape.head = tape.beginning()?;
        tape.file = FileRef::New { head: tape.head.clone() };
        Ok(tape)
    }

    fn beginning(&mut self) -> io::Result<Vec<u8>> {
        self.fill(HEAD);
        match &self.content {
            Content::Plain { file, .. } => {
                let mut head = vec![0; HEAD];
                let read = read_at_most(file, &mut head, 0)?;
                head.truncate(read);
                Ok(head)
            }
            Content::Stream { buffer, .. } => Ok(buffer[..buffer.len().min(HEAD)].to_vec()),
        }
    }

    /// Goes to `position`, if what stands before it is what was read then.
    pub(super) fn resume(&mut self, position: u64, tail: Fingerprint) -> io::Result<Resumed> {
        let wanted = usize::try_from(tail.len).unwrap_or(HEAD).min(HEAD);
        match &mut self.content {
            Content::Plain { file, end } => {
                if position > file.metadata()?.len() {
                    // A part of what is there already: none of it is read again.
                    self.at = *end;
                    return Ok(Resumed::Shorter);
                }
                let mut before = vec![0; wanted];
                let from = position.saturating_sub(wanted as u64);
                let read = read_at_most(file, &mut before, from)?;
                before.truncate(read);
                if !tail.verifies(&before) {
                    return Ok(Resumed::Changed);
                }
                *end = (*end).max(position);
                self.at = position;
            }
            Content::Stream { .. } => {
                while self.at < position {
                    self.fill(STEP);
                    let len = self.held().len() as u64;
                    if len == 0 {
                        return Ok(Resumed::Shorter);
                    }
                    self.take_held(self.at + len.min(position - self.at));
                }
                if !tail.verifies(&self.before) {
                    return Ok(Resumed::Changed);
                }
            }
        }
        Ok(Resumed::There)
    }

    /// How far it can be read without waiting for more; the end when it is known.
    pub(super) fn end(&self) -> Option<u64> {
        match &self.content {
            Content::Plain { end, .. } => Some(*end),
            Content::Stream { buffer, state: Stream::Ended | Stream::Broken(_), .. } => {
                Some(self.at + self.whole(buffer) as u64)
            }
            Content::Stream { .. } => None,
        }
    }

    /// Why it ended early.
    pub(super) fn fault(&mut self) -> Option<io::Error> {
        match &mut self.content {
            Content::Stream { state: Stream::Broken(fault), .. } => fault.take(),
            _ => None,
        }
    }

    /// Whether it is read place by place: its progress is counted by who reads it.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self.content, Content::Plain { .. })
    }

    /// Whether everything was handed out.
    pub(super) fn is_done(&mut self) -> bool {
        self.fill(1);
        self.end().is_some_and(|end| self.at >= end)
    }

    /// Finds out when the line at `at` was written.
    pub(super) fn look(&mut self) {
        self.fill(LOOK_MOST as usize);
        self.time = self.line_from(self.at).time;
    }

    /// The first line that begins `chunk` bytes on, or later.
    pub(super) fn ahead(&mut self, chunk: u64) -> Cut {
        self.fill(chunk as usize + LOOK_MOST as usize);
        self.line_from(self.at + chunk)
    }

    /// The first line that was written at `time` or later, at most at `limit`. Lines are nearly in
    /// order, so halving finds it, or one close to it where they are not.
    pub(super) fn find(&mut self, time: Time, limit: Cut) -> u64 {
        if self.time.is_some_and(|first| first >= time) {
            return self.at;
        }
        // Where no line says its time there is nothing to look for.
        let says_none = self.time.is_none() && limit.time.is_none();
        if limit.time.is_some_and(|at| at < time) || says_none {
            return limit.at;
        }
        let (mut before, mut after) = (self.at, limit.at);
        while after - before > LOOK as u64 / 2 {
            let middle = self.line_from(before + (after - before) / 2);
            if middle.at >= after {
                break;
            }
            match middle.time {
                Some(at) if at < time => before = middle.at,
                _ => after = middle.at,
            }
        }
        // A few lines are left. To cut among them at the wrong one would have the store join what a
        // worker could.
        loop {
            let next = self.line_from(before + 1);
            match next.time {
                _ if next.at >= after => return after,
                Some(at) if at < time => before = next.at,
                _ => return next.at,
            }
        }
    }

    /// Hands out the lines up to `to`, which a cut named.
    pub(super) fn take(&mut self, tape: usize, to: u64) -> io::Result<Part> {
        let from = self.at;
        let directives = self.directives.clone().unwrap_or_default();
        let (lines, tail) = match &self.content {
            Content::Plain { file, end } => {
                let wanted = to.min(HEAD as u64);
                let mut before = vec![0; wanted as usize];
                file.read_exact_at(&mut before, to - wanted)?;
                self.at = to;
                let lines = Lines::There { file: Arc::clone(file), end: *end };
                (lines, Fingerprint::of_tail(&before))
            }
            Content::Stream { .. } => {
                let bytes = self.take_held(to);
                (Lines::Here(bytes), Fingerprint::of_tail(&self.before))
            }
        };
        self.time = None;
        Ok(Part { tape, index: self.index, from, to, lines, tail, directives })
    }

    /// The first line that begins at `from` or after, and its time, or that of the next one that
    /// says it.
    fn line_from(&mut self, from: u64) -> Cut {
        let end = self.end();
        let available = match &self.content {
            Content::Plain { end, .. } => *end,
            Content::Stream { buffer, .. } => self.at + self.whole(buffer) as u64,
        };
        let from = from.min(available);
        // A line that begins at `from` is found only if what stands before it is looked at too.
        let lead = u64::from(from > self.at);
        let mut at = from - lead;
        let mut first = (lead == 0).then_some(from);
        let mut window = Vec::new();
        while at < available && at < from + LOOK_MOST {
            window.clear();
            self.read_window(at, available, &mut window);
            let mut start = 0;
            while let Some(end) = memchr::memchr(b'\n', &window[start..]) {
                let line = start..start + end;
                start += end + 1;
                let begins = at + line.start as u64;
                if begins < from {
                    continue;
                }
                let first = *first.get_or_insert(begins);
                if let Some(time) = time_of(&mut self.reader, &window[line]) {
                    return Cut { at: first, time: Some(time), is_end: false };
                }
            }
            at += start as u64;
            if start == 0 {
                // One line is longer than the window: it says nothing, its end is looked for.
                at = self.next_line_end(at, available);
                first = first.or((at < available).then_some(at));
            }
        }
        match first {
            Some(first) if first < available => Cut { at: first, time: None, is_end: false },
            _ if at < available => {
                let next = self.next_line_end(at, available);
                Cut { at: next, time: None, is_end: end == Some(next) }
            }
            _ => Cut { at: available, time: None, is_end: end == Some(available) },
        }
    }

    fn next_line_end(&self, mut at: u64, available: u64) -> u64 {
        let mut window = Vec::new();
        while at < available {
            window.clear();
            self.read_window(at, available, &mut window);
            match memchr::memchr(b'\n', &window) {
                Some(end) => return at + end as u64 + 1,
                None => at += window.len().max(1) as u64,
            }
        }
        available
    }

    fn read_window(&self, at: u64, available: u64, out: &mut Vec<u8>) {
        let len = (available - at).min(LOOK as u64) as usize;
        match &self.content {
            Content::Plain { file, .. } => {
                out.resize(len, 0);
                // What cannot be read now is said when it is handed out.
                let read = read_at_most(file, out, at).unwrap_or(0);
                out.truncate(read);
            }
            Content::Stream { buffer, .. } => {
                let from = (at - self.at) as usize;
                out.extend_from_slice(&buffer[from..from + len]);
            }
        }
    }

    /// Reads until a stream holds so many bytes and a whole line, or ends.
    fn fill(&mut self, wanted: usize) {
        let Content::Stream { bytes, buffer, state } = &mut self.content else { return };
        let mut has_line = memchr::memchr(b'\n', buffer).is_some();
        while matches!(state, Stream::Open) && (buffer.len() < wanted || !has_line) {
            let before = buffer.len();
            if before > LONGEST && !has_line {
                *state = Stream::Broken(Some(too_long()));
                return;
            }
            buffer.resize(before + STEP, 0);
            match bytes.read(&mut buffer[before..]) {
                Ok(read) => {
                    buffer.truncate(before + read);
                    has_line |= memchr::memchr(b'\n', &buffer[before..]).is_some();
                    if read == 0 {
                        *state = Stream::Ended;
                    }
                }
                Err(error) => {
                    buffer.truncate(before);
                    if error.kind() != io::ErrorKind::Interrupted {
                        *state = Stream::Broken(Some(error));
                    }
                }
            }
        }
    }

    fn held(&self) -> &[u8] {
        match &self.content {
            Content::Stream { buffer, .. } => buffer,
            Content::Plain { .. } => &[],
        }
    }

    /// Takes what a stream holds before `to`.
    fn take_held(&mut self, to: u64) -> Vec<u8> {
        let Content::Stream { buffer, .. } = &mut self.content else { return Vec::new() };
        let len = ((to - self.at) as usize).min(buffer.len());
        let rest = buffer.split_off(len);
        let taken = std::mem::replace(buffer, rest);
        self.at += taken.len() as u64;
        let keep = (HEAD - taken.len().min(HEAD)).min(self.before.len());
        self.before.drain(..self.before.len() - keep);
        self.before.extend_from_slice(&taken[taken.len().saturating_sub(HEAD)..]);
        if let Some(directives) = &mut self.directives {
            let said = taken.split_inclusive(|&byte| byte == b'\n');
            said.filter(|line| line.starts_with(b"#")).for_each(|line| {
                directives.extend_from_slice(line);
            });
        }
        taken
    }

    /// How much of what a stream holds can be handed out: whole lines, and at its end the rest.
    fn whole(&self, buffer: &[u8]) -> usize {
        let is_over = matches!(&self.content, Content::Stream { state: Stream::Ended, .. });
        if is_over && self.last == LastLine::Read {
            return buffer.len();
        }
        memchr::memrchr(b'\n', buffer).map_or(0, |end| end + 1)
    }
}

/// What became of going to the position of an earlier import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resumed {
    There,
    /// It ends before it: this is a copy that was cut short, of which nothing is new.
    Shorter,
    /// Something else stands before it.
    Changed,
}

fn time_of(reader: &mut Reader<'_>, line: &[u8]) -> Option<Time> {
    match reader.read(line.strip_suffix(b"\r").unwrap_or(line)) {
        Ok(Line::Call(call)) => call.time,
        Ok(Line::Mark(mark)) => mark.time,
        Ok(Line::Nothing) | Err(_) => None,
    }
}

/// Counts packed bytes as they are read.
struct Counted<'p> {
    bytes: Box<dyn Read + Send>,
    progress: &'p Progress,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.bytes.read(buffer)?;
        self.progress.read(n as u64);
        Ok(n)
    }
}

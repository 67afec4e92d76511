//! A format that changes with the lines.

use std::sync::Arc;

use super::guess;
use crate::program::BareQuotes;
use crate::reader::Scratch;
use crate::{Fields, Format, Line, Unread, apache};

/// The formats that a line may have, the likely one first.
#[derive(Debug)]
pub(crate) struct Auto {
    candidates: Vec<Candidate>,
}

/// A format in two forms.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// Reads no line that another format should.
    strict: Arc<Format>,
    /// Reads what no other does: a user agent with a bare quote in it.
    lenient: Arc<Format>,
}

/// What a reader knows of its lines: a part of its scratch.
#[derive(Debug)]
pub(crate) struct AutoState {
    /// The format of the line before.
    present: Entry,
    /// Of those known from the start, none before a line that the present one does not read: a
    /// reader lives for a block, and what all readers count costs them much to count together.
    others: Vec<Entry>,
    has_others: bool,
    /// Which of the others read the last line, and is to be the present one.
    next: Option<usize>,
    /// The lenient form of the present format.
    lenient: Arc<Format>,
    spare: Scratch,
}

/// A format with a scratch of its own: what a scratch remembers, it remembers of one format.
#[derive(Debug)]
struct Entry {
    candidate: Candidate,
    scratch: Scratch,
}

/// Formats that a reader keeps, guessed ones included; beyond, a line of yet another is not read.
const KEPT: usize = 32;

impl Candidate {
    /// The format that `text` names or describes.
    pub(super) fn calls(text: &str) -> Option<Self> {
        let lenient = Format::calls(text, &Fields::new()).ok()?;
        let name = lenient.name().to_owned();
        // Nobody runs identd any more. A format that takes any word for its answer takes the
        // address behind a virtual host's name for one.
        let nickname = apache::NICKNAMES.iter().find(|(nickname, _)| *nickname == text);
        let strict = match nickname {
            Some((_, format)) => Format::calls(&format.replace("%l", "-"), &Fields::new()).ok()?,
            None => Format::calls(text, &Fields::new()).ok()?,
        };
        let strict = strict.bare_quotes(BareQuotes::Refused).named(name);
        Some(Self { strict: Arc::new(strict), lenient: Arc::new(lenient) })
    }

    /// A format that has but one form.
    pub(super) fn of(format: Format) -> Self {
        let strict = Arc::new(format);
        Self { lenient: Arc::clone(&strict), strict }
    }

    /// The strict form.
    pub(super) fn format(&self) -> &Format {
        &self.strict
    }
}

impl Auto {
    pub(super) fn new(candidates: Vec<Candidate>) -> Self {
        Self { candidates }
    }

    /// Whether the likely format reads lines in their order alone.
    pub(crate) fn is_sequential(&self) -> bool {
        self.candidates.first().is_some_and(|candidate| candidate.strict.is_sequential())
    }

    /// Reads one line.
    pub(crate) fn read_into<'a>(
        &'a self,
        line: &'a [u8],
        scratch: &'a mut Scratch,
        read: &mut Line<'a>,
    ) -> Result<(), Unread> {
        if scratch.auto.is_none() {
            scratch.auto = AutoState::new(&self.candidates).map(Box::new);
        }
        match &mut scratch.auto {
            Some(state) => state.read_into(&self.candidates, line, read),
            None => Err(Unread::new(0, "a format to read it")),
        }
    }
}

impl AutoState {
    fn new(candidates: &[Candidate]) -> Option<Self> {
        let present = Entry::new(candidates.first()?.clone());
        Some(Self {
            lenient: Arc::clone(&present.candidate.lenient),
            present,
            others: Vec::new(),
            has_others: false,
            next: None,
            spare: Scratch::default(),
        })
    }

    fn read_into<'a>(
        &'a mut self,
        candidates: &[Candidate],
        line: &'a [u8],
        read: &mut Line<'a>,
    ) -> Result<(), Unread> {
        if let Some(other) = self.next.take().and_then(|next| self.others.get_mut(next)) {
            std::mem::swap(&mut self.present, other);
            self.lenient = Arc::clone(&self.present.candidate.lenient);
            // What a scratch remembers, it remembers of one format.
            self.spare = Scratch::default();
        }
        let Entry { candidate, scratch } = &mut self.present;
        if candidate.strict.reads_quickly(line, scratch, read) {
            return Ok(());
        }
        scratch.bytes.clear();
        let present = candidate.strict.read_bare_into(line, scratch, read);
        let is_settled = match read {
            // A server's own message to one format may be another's call.
            Line::Nothing => present.is_ok() && !line.trim_ascii_start().starts_with(b"{"),
            _ => present.is_ok(),
        };
        if is_settled {
            return present;
        }
        let others = &mut self.others;
        if !std::mem::replace(&mut self.has_others, true) {
            others.extend(candidates.iter().skip(1).cloned().map(Entry::new));
        }
        let found = others.iter_mut().position(|other| other.reads(line));
        let found = found.or_else(|| {
            let known = others.len();
            others.extend(guessed(line, others).map(Entry::new));
            others.get_mut(known)?.reads(line).then_some(known)
        });
        if let Some((found, other)) = found.and_then(|found| Some((found, others.get_mut(found)?)))
        {
            self.next = Some(found);
            return other.read_into(line, read);
        }
        if present.is_ok() {
            return present;
        }
        self.spare.bytes.clear();
        self.lenient.read_bare_into(line, &mut self.spare, read)
    }
}

/// The format that a line seems to have, if it is not among those known.
fn guessed(line: &[u8], known: &[Entry]) -> Option<Candidate> {
    if known.len() >= KEPT {
        return None;
    }
    let text = guess::formats(&[line]).into_iter().next()?;
    let is_known = known.iter().any(|entry| entry.candidate.format().name().ends_with(&text));
    if is_known { None } else { Candidate::calls(&text) }
}

impl Entry {
    fn new(candidate: Candidate) -> Self {
        Self { candidate, scratch: Scratch::default() }
    }

    fn read_into<'a>(&'a mut self, line: &'a [u8], read: &mut Line<'a>) -> Result<(), Unread> {
        self.scratch.bytes.clear();
        self.candidate.strict.read_bare_into(line, &mut self.scratch, read)
    }

    /// Whether the line means something in this format.
    fn reads(&mut self, line: &[u8]) -> bool {
        if !self.candidate.strict.may_read(line, &mut self.scratch) {
            return false;
        }
        let is_directive = line.starts_with(b"#");
        let mut read = Line::Nothing;
        match (self.read_into(line, &mut read), read) {
            (Ok(()), Line::Nothing) => is_directive,
            (result, _) => result.is_ok(),
        }
    }
}

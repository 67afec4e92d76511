//! The way that nearly every line goes: each field ends where the text after it first stands, is
//! written into the call at once, and nothing is looked at twice.
//!
//! It reads what the scan and the fill read ([`scan`](super::scan), [`fill`](super::fill)), or
//! gives up and leaves the line to them.

mod find;
mod step;

use dolmen_model::Call;

use super::assign::{Rival, assign, assign_beside, assign_number, choose};
use super::fill::{self, Fill, whole_time};
use super::{Place, Program, Slot, Span};
use crate::Unread;
use crate::reader::Scratch;
use crate::time::CLF;

use step::{Found, Look, QuickStep};

/// The quick way through a format.
#[derive(Debug)]
pub(super) struct Quick {
    steps: Box<[QuickStep]>,
    /// What is written when all fields are found: times and targets made of several.
    late: Box<[Fill]>,
}

/// What the quick way leaves to be written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    /// The steps whose fields have an escape, a bit each.
    escaped: u64,
    has_late: bool,
}

impl Left {
    pub(super) const NOTHING: Self = Self { escaped: 0, has_late: false };
}

/// One bit each in a word says which fields have an escape.
const MAX_STEPS: usize = 64;

impl Quick {
    /// `None` where a format has what needs to go back, or where preference is no matter of two
    /// fields at a time.
    pub(super) fn new(program: &Program) -> Option<Self> {
        if program.steps.len() > MAX_STEPS || !program.captures.is_empty() {
            return None;
        }
        let steps = program.steps.iter().enumerate();
        let steps = steps.map(|(number, step)| QuickStep::new(number, step, program));
        let mut steps = steps.collect::<Option<Box<[QuickStep]>>>()?;
        let mut alone = Vec::new();
        let mut late = Vec::new();
        let mut written_late = 0;
        for (rank, fill) in program.fills.iter().enumerate() {
            if let Some((number, slot)) = fill.alone() {
                steps[number].slot = slot;
                alone.push((number, rank));
            } else {
                fill.fields().into_iter().for_each(|number| steps[number].keep());
                written_late |= fill.writes();
                late.push(fill.clone());
            }
        }
        alone.sort_unstable();
        for (at, &(number, rank)) in alone.iter().enumerate() {
            let writes = steps[number].slot.writes();
            let rivals = alone[..at].iter().filter(|(n, _)| steps[*n].slot.writes() & writes != 0);
            let rivals: Vec<_> = rivals.copied().collect();
            steps[number].rival = match *rivals {
                _ if writes & written_late != 0 => return None,
                [] => Rival::Stronger,
                [(other, _)] if steps[other].slot.writes() != writes => return None,
                [(_, other)] if other < rank => Rival::Stronger,
                [_] => Rival::Weaker,
                _ => return None,
            };
            for (other, _) in rivals {
                (steps[other].has_rival, steps[number].has_rival) = (true, true);
            }
        }
        Some(Self { steps, late: late.into() })
    }

    /// Reads one line into `call`; `None` when the line is none for the quick way, and then what is
    /// in `call` is of no use.
    #[inline]
    pub(super) fn read<'a>(
        &'a self,
        program: &Program,
        line: &'a [u8],
        scratch: &mut Scratch,
        call: &mut Call<'a>,
    ) -> Option<Left> {
        // Most formats begin with a field, and a compare with nothing is not free: it reads the
        // address of an empty text, where no memory is, and the processor takes its time to ignore it.
        let mut rest = match &*program.lead {
            [] => line,
            lead => line.strip_prefix(lead)?,
        };
        let mut escaped = 0;
        for step in &self.steps {
            let length;
            let mut text = b"".as_slice();
            if step.is_dash(rest) {
                length = 1;
            } else if let Look::Digits = step.look {
                let number;
                (length, number) = step.number(rest, program.absent)?;
                if let Some(number) = number {
                    assign_number(step.rival, &step.slot, number, length, call);
                }
                rest = rest.get(length + step.after.length..)?;
                continue;
            } else if let Look::Clf = step.look {
                let time = step.time(rest, &mut scratch.clock)?;
                choose(&mut call.time, step.rival, || Some(time));
                rest = rest.get(CLF + step.after.length..)?;
                continue;
            } else {
                let found;
                (length, found) = step.text(rest, program.absent)?;
                if found == Found::Escaped || step.is_kept {
                    escaped |= keep(step, line.len() - rest.len(), length, found, scratch)?;
                    rest = rest.get(length + step.after.length..)?;
                    continue;
                }
                if found == Found::Text {
                    text = &rest[..length];
                }
            }
            rest = rest.get(length + step.after.length..)?;
            match &step.slot {
                Slot::Time(_) if text.is_empty() => {}
                Slot::Time(form) => {
                    if step.rival == Rival::Weaker || call.time.is_none() {
                        call.time = Some(whole_time(text, *form, &mut scratch.clock)?);
                    }
                }
                slot => assign_beside(step.rival, slot, text, call),
            }
        }
        let left = Left { escaped, has_late: !self.late.is_empty() };
        rest.is_empty().then_some(left)
    }

    /// Writes what is left.
    #[inline(never)]
    pub(super) fn finish<'a>(
        &'a self,
        program: &Program,
        line: &'a [u8],
        scratch: &'a mut Scratch,
        left: Left,
        call: &mut Call<'a>,
    ) -> Result<(), Unread> {
        let is_escaped = |number: usize| left.escaped >> number & 1 == 1;
        for (number, span) in scratch.spans.iter_mut().enumerate().take(self.steps.len()) {
            if is_escaped(number) {
                program.undo_span(line, span, &mut scratch.bytes);
            }
        }
        self.late.iter().for_each(|fill| scratch.join_target(line, fill));
        let Scratch { bytes, spans, clock, .. } = scratch;
        let found = fill::Found { line, bytes, spans };
        for (number, step) in self.steps.iter().enumerate() {
            if is_escaped(number) {
                assign(&step.slot, found.text(number), call);
            }
        }
        program.write(&self.late, &found, clock, call)
    }
}

/// Keeps a field's place for what comes late; its bit if it has an escape. `None` where it would
/// then be written after its turn.
#[inline(never)]
fn keep(
    step: &QuickStep,
    start: usize,
    length: usize,
    found: Found,
    scratch: &mut Scratch,
) -> Option<u64> {
    let is_escaped = found == Found::Escaped;
    if is_escaped && (step.has_rival || matches!(step.slot, Slot::Time(_))) {
        return None;
    }
    let spans = &mut scratch.spans;
    if spans.len() <= step.number {
        spans.resize(step.number + 1, Span::NOWHERE);
    }
    let place = if is_escaped { Place::Escaped } else { Place::Line };
    spans[step.number] = Span { start, end: start + length, place };
    Some(u64::from(is_escaped) << step.number)
}

//! A line format as a flat program over bytes.
//!
//! A format compiles to steps, each a field and the text that ends it. Nearly every line is read
//! without a look back, in one pass ([`quick`]): a field ends where the text after it first stands.
//!
//! Where that is wrong (a user name with a bracket in it, a server that does not escape quotes) the
//! line is read with more care: a scan finds where each field lies ([`scan`]) and goes back to the
//! last one that could be longer, then the fields are written into a [`Call`](crate::Call)
//! ([`fill`]). What going back may cost is bounded by the line's length, so that no line, however
//! made, takes more than linear time. For who asks, the fields become typed values ([`values`]).

mod assign;
mod class;
mod compile;
mod fill;
mod piece;
mod quick;
mod request;
mod scan;
#[cfg(test)]
mod tests;
mod values;

use dolmen_model::Call;

use crate::escape::Escapes;
use crate::reader::Scratch;
use crate::{Line, Unread};

pub(crate) use assign::assign;
pub(crate) use class::{Absent, Class};
pub use piece::{Edge, Redirect, Whose};
pub(crate) use piece::{Field, Piece, Slot, TimeForm, ValueKind};
pub(crate) use request::{request_line, split_origin, status, without_port};

use fill::{Fill, Found};
use quick::{Left, Quick};
use scan::Step;

/// A compiled format of whole lines.
#[derive(Debug)]
pub(crate) struct Program {
    /// The text before the first field.
    lead: Box<[u8]>,
    steps: Box<[Step]>,
    /// One a step, then one a capture.
    fields: Box<[Field]>,
    captures: Box<[Capture]>,
    /// What to write into a call, in the order of preference.
    fills: Box<[Fill]>,
    /// Whether a target is put together from two fields.
    joins: bool,
    escapes: Escapes,
    bare_quotes: BareQuotes,
    absent: Absent,
    /// How many fields must be there: all, unless the format has a tail.
    required: usize,
    /// The way that nearly every line goes.
    quick: Option<Quick>,
}

/// What a quote is that should end a field and does not, where the server escapes quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BareQuotes {
    /// A server that does not escape them after all.
    Tolerated,
    /// A sign that the line has another format.
    Refused,
}

/// A field that is one of the texts between the braces of another.
#[derive(Clone, Copy, Debug)]
struct Capture {
    step: usize,
    /// Counted from 0.
    number: usize,
}

/// Where a field lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    start: usize,
    end: usize,
    place: Place,
}

impl Span {
    const NOWHERE: Self = Self { start: 0, end: 0, place: Place::Dash };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In the line, as it is.
    Line,
    /// In the line, with escapes that are still to be undone.
    Escaped,
    /// In the scratch's bytes, its escapes undone.
    Scratch,
    /// Nowhere: a `-` stands for a group of fields.
    Dash,
}

impl Program {
    /// Whether the first thing in a line is a time.
    pub(crate) fn begins_with_time(&self) -> bool {
        self.lead.is_empty()
            && self
                .fields
                .first()
                .is_some_and(|field| matches!(field.slot, Slot::Time(_) | Slot::Part(..)))
    }

    /// Reads one line, into a place of the caller's.
    pub(crate) fn read_into<'a>(
        &'a self,
        line: &'a [u8],
        scratch: &'a mut Scratch,
        read: &mut Line<'a>,
    ) -> Result<(), Unread> {
        match self.read_quickly(line, scratch, read) {
            Some(Left::NOTHING) => return Ok(()),
            Some(left) => {
                if let (Some(quick), Line::Call(call)) = (&self.quick, &mut *read) {
                    return quick.finish(self, line, scratch, left, call);
                }
            }
            None => {}
        }
        *read = self.read_carefully(line, scratch)?;
        Ok(())
    }

    /// Reads a line that the quick way reads to its end, as nearly all are. Whether it is one; where it
    /// is not, what is in `read` is of no use.
    #[inline]
    pub(crate) fn reads_quickly<'a>(
        &'a self,
        line: &'a [u8],
        scratch: &mut Scratch,
        read: &mut Line<'a>,
    ) -> bool {
        self.read_quickly(line, scratch, read) == Some(Left::NOTHING)
    }

    /// The quick way through a line, and what it leaves to be written; `None` where it leads nowhere.
    fn read_quickly<'a>(
        &'a self,
        line: &'a [u8],
        scratch: &mut Scratch,
        read: &mut Line<'a>,
    ) -> Option<Left> {
        let quick = self.quick.as_ref()?;
        *read = Line::Call(Call::default());
        let Line::Call(call) = read else { return None };
        quick.read(self, line, scratch, call)
    }

    /// Reads one line, with all that the quick way does without.
    fn read_carefully<'a>(
        &'a self,
        line: &'a [u8],
        scratch: &'a mut Scratch,
    ) -> Result<Line<'a>, Unread> {
        self.scan(line, &mut scratch.spans)?;
        self.finish(line, scratch)
    }

    /// The second half of reading: what the scan found becomes a call.
    fn finish<'a>(&'a self, line: &'a [u8], scratch: &'a mut Scratch) -> Result<Line<'a>, Unread> {
        self.undo(line, scratch);
        if self.joins {
            self.fills.iter().for_each(|fill| scratch.join_target(line, fill));
        }
        let Scratch { bytes, spans, clock, .. } = scratch;
        let mut call = Call::default();
        self.write(&self.fills, &Found { line, bytes, spans }, clock, &mut call)?;
        Ok(Line::Call(call))
    }
}

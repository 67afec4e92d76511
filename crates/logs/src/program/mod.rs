//! A line format as a flat program over bytes.
//!
//! A format compiles to steps: a field, then the text that ends it. One pass over the line finds
//! where each field lies (`scan`), a second writes the fields into a [`Call`](crate::Call)
//! (`fill`).

mod fill;
mod piece;
mod scan;

use crate::escape::Escapes;
use crate::reader::Scratch;
use crate::{Line, Unread};

pub(crate) use fill::{request_line, status, without_port};
pub(crate) use piece::{Class, Field, Piece, Slot, TimeForm};

/// A compiled format of whole lines.
#[derive(Debug)]
pub(crate) struct Program {
    /// The text before the first field.
    lead: Box<[u8]>,
    steps: Box<[Step]>,
    fields: Box<[Field]>,
    escapes: Escapes,
    /// How many fields must be there; all, unless the format has a tail.
    required: usize,
}

/// A field, and the text that ends it (empty: the line's end).
#[derive(Debug)]
struct Step {
    class: Class,
    after: Box<[u8]>,
}

/// Where a field lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    start: usize,
    end: usize,
    /// Whether a backslash is in it.
    escaped: bool,
    /// Whether it lies in the scratch's bytes rather than in the line.
    undone: bool,
}

impl Program {
    /// Compiles `pieces`, which a log wrote with `escapes`.
    pub(crate) fn new(escapes: Escapes, pieces: impl IntoIterator<Item = Piece>) -> Self {
        let mut lead = Vec::new();
        let mut steps: Vec<(Class, Vec<u8>)> = Vec::new();
        let mut fields = Vec::new();
        let mut required = None;
        for piece in pieces {
            match piece {
                Piece::Text(text) => match steps.last_mut() {
                    Some((_, after)) => after.extend_from_slice(&text),
                    None => lead.extend_from_slice(&text),
                },
                Piece::Field(field) => {
                    steps.push((field.class, Vec::new()));
                    fields.push(field);
                }
                Piece::Tail => required = required.or(Some(steps.len())),
            }
        }
        Self {
            lead: lead.into(),
            required: required.unwrap_or(steps.len()),
            steps: steps
                .into_iter()
                .map(|(class, after)| Step {
                    class,
                    after: after.into(),
                })
                .collect(),
            fields: fields.into(),
            escapes,
        }
    }

    /// Reads one line.
    pub(crate) fn read<'a>(
        &'a self,
        line: &'a [u8],
        scratch: &'a mut Scratch,
    ) -> Result<Line<'a>, Unread> {
        self.scan(line, &mut scratch.spans)?;
        self.undo(line, scratch);
        self.fill(line, scratch).map(Line::Call)
    }
}

use super::fill::{Fill, fills};
use super::quick::Quick;
use super::scan::{Step, Until};
use super::{Absent, BareQuotes, Capture, Class, Field, Piece, Program, Slot};
use crate::escape::Escapes;

impl Program {
    /// Compiles `pieces`, which a log wrote with `escapes`. What the log has not, it writes as
    /// `-`.
    pub(crate) fn new(escapes: Escapes, pieces: impl IntoIterator<Item = Piece>) -> Self {
        let mut builder = Builder::default();
        pieces.into_iter().for_each(|piece| builder.piece(piece));
        builder.finish(escapes)
    }

    /// The same program for a log that writes nothing at all for what it has not.
    pub(crate) fn absent(self, absent: Absent) -> Self {
        Self { absent, ..self }.with_quick()
    }

    /// The same program with another view of quotes.
    pub(crate) fn bare_quotes(self, bare_quotes: BareQuotes) -> Self {
        Self { bare_quotes, ..self }.with_quick()
    }

    fn with_quick(mut self) -> Self {
        self.quick = Quick::new(&self);
        self
    }
}

#[derive(Default)]
struct Builder {
    lead: Vec<u8>,
    steps: Vec<Draft>,
    fields: Vec<Field>,
    captures: Vec<(Capture, Field)>,
    /// How many steps there were when the tail began.
    required: Option<usize>,
}

/// A step in the making.
struct Draft {
    class: Class,
    after: Vec<u8>,
    dash: usize,
}

impl Builder {
    fn piece(&mut self, piece: Piece) {
        match piece {
            Piece::Text(text) => self.text(&text),
            Piece::Field(field) => self.field(field),
            Piece::OrDash(pieces) => self.group(pieces),
            Piece::Captures(captures) => {
                for (number, field) in captures {
                    self.captures.push((Capture { step: self.steps.len(), number }, field));
                }
                self.field(Field::new("", Class::Captured, Slot::Ignored));
            }
            Piece::Tail => self.required = self.required.or(Some(self.steps.len())),
        }
    }

    fn text(&mut self, text: &[u8]) {
        match self.steps.last_mut() {
            Some(step) => step.after.extend_from_slice(text),
            None => self.lead.extend_from_slice(text),
        }
    }

    fn field(&mut self, field: Field) {
        self.steps.push(Draft { class: field.class, after: Vec::new(), dash: 0 });
        self.fields.push(field);
    }

    /// A group stands between two steps that hold no field: the first has the `-`, the last the
    /// text after the group.
    fn group(&mut self, pieces: Vec<Piece>) {
        let gate = self.steps.len();
        self.nothing();
        pieces.into_iter().for_each(|piece| self.piece(piece));
        self.nothing();
        self.steps[gate].dash = self.steps.len() - gate;
    }

    fn nothing(&mut self) {
        self.field(Field::new("", Class::Nothing, Slot::Ignored));
    }

    fn finish(self, escapes: Escapes) -> Program {
        let last = self.steps.len().saturating_sub(1);
        let mut fields = self.fields;
        let untils: Vec<Option<Until>> = (0..self.steps.len())
            .map(|number| match fields.get(number + 1)?.slot {
                Slot::Target | Slot::Path | Slot::PathAndArgs => {
                    let close = self.steps.get(number + 1)?.after.first().copied();
                    Some(Until { first: b'/', close: close.unwrap_or(b'/') })
                }
                _ => None,
            })
            .collect();
        let steps = self.steps.into_iter().zip(untils).enumerate();
        let steps = steps.map(|(number, (draft, until))| Step {
            class: draft.class,
            is_last: number == last && draft.after.is_empty(),
            until,
            after: draft.after.into(),
            dash: draft.dash,
        });
        let steps: Box<[Step]> = steps.collect();
        let (captures, captured): (Vec<_>, Vec<_>) = self.captures.into_iter().unzip();
        fields.extend(captured);
        let fills: Box<[Fill]> = fills(&fields);
        Program {
            lead: self.lead.into(),
            required: self.required.unwrap_or(steps.len()),
            steps,
            fields: fields.into(),
            captures: captures.into(),
            joins: fills.iter().any(|fill| matches!(fill, Fill::Target(..))),
            fills,
            escapes,
            bare_quotes: BareQuotes::Tolerated,
            absent: Absent::Dash,
            quick: None,
        }
        .with_quick()
    }
}

//! Recursive descent, one function a rule of the grammar in `docs/query.md`.

use std::ops::Range;

use super::atom::{Alternative, Atom, Comparison, Test};
use super::value::{self, Written};
use super::{Field, Node, Query, QueryError};
use crate::nearest;

/// Parentheses and `not`s inside one another; people use two or three.
const MAX_DEPTH: usize = 64;

pub(super) fn parse(text: &str) -> Result<Query, QueryError> {
    let mut parser = Parser { text, at: 0, atoms: Vec::new(), depth: 0 };
    parser.skip_blanks();
    if parser.rest().is_empty() {
        return Ok(Query::default());
    }
    parser
        .either()
        .and_then(|root| parser.end().map(|()| root))
        .map(|root| Query { atoms: std::mem::take(&mut parser.atoms), root: Some(root) })
        .map_err(|fault| QueryError { text: text.to_owned(), at: fault.at, message: fault.message })
}

/// A fault before it knows the text it is in.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) at: Range<usize>,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }
}

struct Parser<'q> {
    text: &'q str,
    at: usize,
    atoms: Vec<Atom>,
    depth: usize,
}

impl<'q> Parser<'q> {
    /// `either = both , { "or" , both }`
    fn either(&mut self) -> Result<Node, Fault> {
        let mut parts = Vec::new();
        loop {
            match self.both()? {
                Node::Or(inner) => parts.extend(inner),
                other => parts.push(other),
            }
            if !self.take_word("or") {
                return Ok(one_or(parts, Node::Or));
            }
        }
    }

    /// `both = negation , { "and" , negation }`
    fn both(&mut self) -> Result<Node, Fault> {
        let mut parts = Vec::new();
        loop {
            match self.negation()? {
                Node::And(inner) => parts.extend(inner),
                other => parts.push(other),
            }
            if !self.take_word("and") {
                return Ok(one_or(parts, Node::And));
            }
        }
    }

    /// `negation = [ "not" ] , clause`
    fn negation(&mut self) -> Result<Node, Fault> {
        let mut negated = false;
        while self.take_word("not") {
            negated = !negated;
        }
        Ok(match (negated, self.clause()?) {
            (false, node) => node,
            (true, Node::Not(inner)) => *inner,
            (true, node) => Node::Not(Box::new(node)),
        })
    }

    /// `clause = "(" , either , ")" | condition`
    fn clause(&mut self) -> Result<Node, Fault> {
        self.skip_blanks();
        let open = self.at;
        if !self.take("(") {
            return self.condition();
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Fault::new(open..self.at, "too many parentheses inside one another"));
        }
        let node = self.either()?;
        self.skip_blanks();
        if !self.take(")") {
            return Err(self.unexpected_before_close(open));
        }
        self.depth -= 1;
        Ok(node)
    }

    /// `condition = field , ( ":" , ( value | list ) | comparison , number )`
    fn condition(&mut self) -> Result<Node, Fault> {
        let start = self.at;
        let field = self.field()?;
        self.skip_blanks();
        let sign_at = self.at;
        let test = if self.take(":") {
            self.skip_blanks();
            self.refuse_sign_after_colon(field)?;
            if self.take("(") { self.list(field)? } else { self.single(field)? }
        } else if let Some(comparison) = self.comparison() {
            if !field.kind().is_ordered() {
                let message = format!(
                    "`{}` has no order: write `{0}:value`, or `{0}:*part*` for a part of it",
                    field.name()
                );
                return Err(Fault::new(sign_at..self.at, message));
            }
            self.skip_blanks();
            let bound = value::number(field, &self.value(field)?)?;
            Test::Compare(comparison, bound)
        } else {
            return Err(self.no_sign(field));
        };
        if self.atoms.len() == Query::MAX_ATOMS {
            let message = format!(
                "a query has at most {} conditions; a list such as `status:(500 or 502)` is one",
                Query::MAX_ATOMS
            );
            return Err(Fault::new(start..self.at, message));
        }
        self.atoms.push(Atom { field, test });
        Ok(Node::Atom(self.atoms.len() - 1))
    }

    fn field(&mut self) -> Result<Field, Fault> {
        let start = self.at;
        let word = self.word();
        let at = start..start + word.len();
        if word.is_empty() {
            return Err(self.no_condition());
        }
        self.at = at.end;
        if let Some(field) = Field::from_name(word) {
            return Ok(field);
        }
        let names = || Field::ALL.into_iter().map(Field::name);
        let has_sign = self.rest().trim_start().starts_with([':', '<', '>', '=', '!']);
        let message = match (nearest(word, names()), has_sign) {
            (Some(near), true) => format!("there is no field `{word}`; did you mean `{near}`?"),
            (None, true) => {
                let all: Vec<&str> = names().collect();
                format!("there is no field `{word}`; there are {}", all.join(", "))
            }
            (_, false) => format!(
                "in which field? Write `field:{word}`, for example `service:{word}` or `path:*{word}*`"
            ),
        };
        Err(Fault::new(at, message))
    }

    fn single(&mut self, field: Field) -> Result<Test, Fault> {
        let written = self.value(field)?;
        Ok(Test::AnyOf(vec![value::alternative(field, written)?]))
    }

    /// `list = "(" , value , { "or" , value } , ")"`; the parenthesis is behind us.
    fn list(&mut self, field: Field) -> Result<Test, Fault> {
        let open = self.at - 1;
        let mut alternatives: Vec<Alternative> = Vec::new();
        loop {
            self.skip_blanks();
            let written = self.value(field)?;
            alternatives.push(value::alternative(field, written)?);
            self.skip_blanks();
            if self.take(")") {
                return Ok(Test::AnyOf(alternatives));
            }
            if self.rest().is_empty() {
                return Err(Fault::new(open..open + 1, "this `(` is never closed"));
            }
            if !self.take_word("or") {
                let message = format!(
                    "expected `or` or `)`: a list holds alternatives, as in `{}:(a or b)`",
                    field.name()
                );
                return Err(Fault::new(self.next_token(), message));
            }
        }
    }

    fn value(&mut self, field: Field) -> Result<Written<'q>, Fault> {
        let (written, end) = value::read(self.text, self.at, field)?;
        self.at = end;
        Ok(written)
    }

    fn comparison(&mut self) -> Option<Comparison> {
        [Comparison::LessOrEqual, Comparison::GreaterOrEqual, Comparison::Less, Comparison::Greater]
            .into_iter()
            .find(|comparison| self.take(comparison.sign()))
    }

    fn end(&mut self) -> Result<(), Fault> {
        self.skip_blanks();
        let Some(next) = self.rest().chars().next() else {
            return Ok(());
        };
        if next == ')' {
            return Err(Fault::new(self.at..self.at + 1, "this `)` closes nothing"));
        }
        Err(self.not_joined())
    }
}

/// What went wrong, in the words of who typed it.
impl Parser<'_> {
    fn no_condition(&self) -> Fault {
        let example = "a condition such as `service:monolith` or `status>=500`";
        match self.rest().chars().next() {
            None => Fault::new(self.at..self.at, format!("expected {example} here")),
            Some('"') => Fault::new(
                self.at..self.at + 1,
                format!("a text stands after its field: expected {example}"),
            ),
            Some(c) => {
                Fault::new(self.at..self.at + c.len_utf8(), format!("expected {example} here"))
            }
        }
    }

    fn no_sign(&self, field: Field) -> Fault {
        let name = field.name();
        let rest = self.rest();
        if rest.starts_with("!=") {
            let message = format!("there is no `!=`: write `not {name}:value`");
            return Fault::new(self.at..self.at + 2, message);
        }
        if rest.starts_with('=') {
            let length = if rest.starts_with("==") { 2 } else { 1 };
            let message = format!("equality is written with a colon: `{name}:value`");
            return Fault::new(self.at..self.at + length, message);
        }
        let more = if field.kind().is_ordered() { ", `>`, `>=`, `<` or `<=`" } else { "" };
        Fault::new(self.at..self.at, format!("expected `:`{more} after `{name}`"))
    }

    /// `status:>=500` is how others write `status>=500`.
    fn refuse_sign_after_colon(&mut self, field: Field) -> Result<(), Fault> {
        let start = self.at;
        let Some(comparison) = self.comparison() else {
            return Ok(());
        };
        let name = field.name();
        let message = if field.kind().is_ordered() {
            format!("leave out the colon: `{name}{}…`", comparison.sign())
        } else {
            format!("put quotes around a value that starts with `{}`", comparison.sign())
        };
        Err(Fault::new(start..self.at, message))
    }

    fn unexpected_before_close(&self, open: usize) -> Fault {
        if self.rest().is_empty() {
            return Fault::new(open..open + 1, "this `(` is never closed");
        }
        self.not_joined()
    }

    /// Two conditions without a word between them, or a value of two words without quotes.
    fn not_joined(&self) -> Fault {
        let word = self.word();
        let at = self.next_token();
        let after = self.text[at.end..].trim_start();
        let is_condition = !word.is_empty() && after.starts_with([':', '<', '>', '=', '!']);
        match self.atoms.last() {
            Some(Atom { field, test: Test::AnyOf(alternatives) })
                if !is_condition
                    && !word.is_empty()
                    && matches!(alternatives.as_slice(), [Alternative::Text(_)]) =>
            {
                let message = format!(
                    "expected `and` or `or`; a value of several words is put in quotes: \
                     `{}:\"… {word}\"`",
                    field.name()
                );
                Fault::new(at, message)
            }
            _ => Fault::new(at, "expected `and` or `or` between two conditions"),
        }
    }
}

/// Reading.
impl<'q> Parser<'q> {
    fn rest(&self) -> &'q str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn take(&mut self, token: &str) -> bool {
        let taken = self.rest().starts_with(token);
        if taken {
            self.at += token.len();
        }
        taken
    }

    /// Takes a word of the language, in any case.
    fn take_word(&mut self, wanted: &str) -> bool {
        self.skip_blanks();
        let word = self.word();
        let taken = word.eq_ignore_ascii_case(wanted);
        if taken {
            self.at += word.len();
        }
        taken
    }

    /// The word that starts here: up to a blank, a parenthesis, a quote or a sign.
    fn word(&self) -> &'q str {
        let rest = self.rest();
        let ends = |c: char| {
            c.is_whitespace() || matches!(c, '(' | ')' | '"' | ':' | '<' | '>' | '=' | '!')
        };
        &rest[..rest.find(ends).unwrap_or(rest.len())]
    }

    /// The place of the word that starts here, or of the one character where there is none.
    fn next_token(&self) -> Range<usize> {
        let length = match self.word().len() {
            0 => self.rest().chars().next().map_or(0, char::len_utf8),
            length => length,
        };
        self.at..self.at + length
    }
}

fn one_or(mut parts: Vec<Node>, many: fn(Vec<Node>) -> Node) -> Node {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            many(parts)
        }
        None => many(parts),
    }
}

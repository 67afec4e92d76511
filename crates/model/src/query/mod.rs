//! The language of `--where` and of the console's query bar.
//!
//! `docs/query.md` is its specification: grammar, fields, semantics. A [`Query`] is a tree over at
//! most [`Query::MAX_ATOMS`] atoms, each a condition on one field. Atoms are answered one by one,
//! as soon as their value is known (the path when the line is parsed, the operation after the
//! join), and a call's answers fit in a `u32`; [`Query::holds`] then decides without the values.

mod atom;
mod error;
mod field;
mod parse;
mod pattern;
mod units;
mod value;

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

pub use atom::{Atom, Value};
pub use error::QueryError;
pub use field::Field;

/// A parsed query. The default one has no condition and holds for everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    atoms: Vec<Atom>,
    root: Option<Node>,
}

/// `And` and `Or` have at least two parts, none of their own kind; `Not` never holds a `Not`. So
/// one query has one tree, and printing and parsing it gives it back.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Atom(usize),
    Not(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
}

impl Query {
    /// How many conditions a query may have; a list such as `status:(500 or 502)` is one.
    pub const MAX_ATOMS: usize = 32;

    /// Parses a query. An empty or blank text is the query that holds for everything.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        parse::parse(text)
    }

    /// The conditions, in the order they are written.
    pub fn atoms(&self) -> &[Atom] {
        &self.atoms
    }

    /// Whether there is no condition at all.
    pub const fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// Whether the query holds, given the answer to each of its [`atoms`](Self::atoms). Answers
    /// that cannot change the outcome are not asked for.
    pub fn holds(&self, mut answer: impl FnMut(usize) -> bool) -> bool {
        self.root.as_ref().is_none_or(|root| root.holds(&mut answer))
    }
}

/// A name as a value of a query: in quotes, with what they give a meaning escaped.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"").replace('*', "\\*"))
}

impl Node {
    fn holds(&self, answer: &mut impl FnMut(usize) -> bool) -> bool {
        match self {
            Self::Atom(atom) => answer(*atom),
            Self::Not(inner) => !inner.holds(answer),
            Self::And(parts) => parts.iter().all(|part| part.holds(answer)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(answer)),
        }
    }
}

/// What is known of a condition before its value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It holds for every value there is.
    Always,
    /// It holds for none of them.
    Never,
    /// It may hold.
    Perhaps,
}

impl Query {
    /// Whether the query may hold, given what is known of each of its [`atoms`](Self::atoms):
    /// `false` lets a search skip whatever the knowledge is about.
    pub fn may_hold(&self, mut known: impl FnMut(usize) -> Known) -> bool {
        self.root.as_ref().is_none_or(|root| root.known(&mut known) != Known::Never)
    }
}

impl Node {
    fn known(&self, known: &mut impl FnMut(usize) -> Known) -> Known {
        match self {
            Self::Atom(atom) => known(*atom),
            Self::Not(inner) => match inner.known(known) {
                Known::Always => Known::Never,
                Known::Never => Known::Always,
                Known::Perhaps => Known::Perhaps,
            },
            Self::And(parts) => Self::all(parts, Known::Always, known),
            Self::Or(parts) => Self::all(parts, Known::Never, known),
        }
    }

    /// `Never` decides an `and`, `Always` an `or`; `neutral` is what decides nothing.
    fn all(parts: &[Self], neutral: Known, known: &mut impl FnMut(usize) -> Known) -> Known {
        let mut all = neutral;
        for part in parts {
            match part.known(known) {
                one if one == neutral => {}
                Known::Perhaps => all = Known::Perhaps,
                decided => return decided,
            }
        }
        all
    }
}

impl FromStr for Query {
    type Err = QueryError;

    fn from_str(text: &str) -> Result<Self, QueryError> {
        Self::parse(text)
    }
}

impl fmt::Display for Query {
    /// The canonical form; it parses to the same query.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.root {
            Some(root) => self.write(root, f),
            None => Ok(()),
        }
    }
}

impl Query {
    fn write(&self, node: &Node, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match node {
            Node::Atom(atom) => self.atoms.get(*atom).map_or(Ok(()), |atom| write!(f, "{atom}")),
            Node::Not(inner) => {
                f.write_str("not ")?;
                self.write_part(inner, f)
            }
            Node::And(parts) => self.write_joined(parts, " and ", f),
            Node::Or(parts) => self.write_joined(parts, " or ", f),
        }
    }

    fn write_joined(&self, parts: &[Node], word: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, part) in parts.iter().enumerate() {
            if n > 0 {
                f.write_str(word)?;
            }
            self.write_part(part, f)?;
        }
        Ok(())
    }

    /// Parentheses around every `and` inside an `or` too: nobody has to know which binds tighter.
    fn write_part(&self, node: &Node, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match node {
            Node::Atom(_) | Node::Not(_) => self.write(node, f),
            Node::And(_) | Node::Or(_) => {
                f.write_str("(")?;
                self.write(node, f)?;
                f.write_str(")")
            }
        }
    }
}

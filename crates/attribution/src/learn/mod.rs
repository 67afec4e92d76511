//! Path templates learned from many paths.
//!
//! One path alone says that `/orders/4711` has an identifier ([`template`](crate::template())); that
//! `/users/alice` has one too, only many paths together can say. A [`Learner`] keeps them as a tree
//! of segments, and [`Learner::learn`] decides node by node, from the root down: the values of a
//! parameter are put together first, so that what lies below them is judged from all of them.
//!
//! - What the values of one node look like, how many there are, how evenly they are asked for and
//!   whether the same things lie below them: `values` and `alike`.
//! - Marks teach: values that always enter the same operation are one parameter, values that each
//!   enter their own are none.
//! - A path that is not there (404 and its kin) teaches nothing, so scanners make no template.
//!
//! The tree is the sum of what was seen: the order of calls and how they are cut into parts leave no
//! trace. It is bounded: a node with very many values keeps the most frequent ones apart and the
//! rest as one, and past the bound of the whole tree calls are counted as [`Learner::left_out`].

mod alike;
mod decide;
mod node;
mod values;

use dolmen_model::SetId;
use serde::{Deserialize, Serialize};

use crate::learned::Learned;
use crate::paths::PathReader;
use crate::template::write_template;
use node::{Ended, Node, Room};
pub(crate) use values::is_language;

/// A template that was learned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LearnedTemplate {
    /// The template: `/users/{value}/orders/{int}`.
    pub path: String,
    /// Calls that taught it.
    pub calls: u64,
    /// The methods of these calls.
    pub methods: Vec<String>,
    /// Its parameters, from the left.
    pub parameters: Vec<Parameter>,
    /// Whether it says more than the shape of a path does alone: only such templates are needed to
    /// name endpoints.
    pub special: bool,
}

/// Why a segment is a parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// Which segment, from 0.
    pub segment: usize,
    /// As the template shows it: `{value}`.
    pub placeholder: String,
    /// How it came to be.
    pub how: How,
    /// Different values seen, 3 % more or less beyond a thousand; of what was handed in as a
    /// template, 0.
    pub values: u64,
    /// Calls of the most frequent value in percent of all; `None` where values were not told apart.
    pub top_percent: Option<u8>,
    /// Some of the values.
    pub examples: Vec<String>,
}

/// How a parameter came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Each value's shape gives it away.
    Typed,
    /// There are many values, and the same lies below them.
    Values,
    /// All values enter the same operation, as marks say.
    Marks,
}

impl Parameter {
    /// Whether it takes any value, not only those of one shape.
    pub fn is_open(&self) -> bool {
        self.how != How::Typed && !self.is_language()
    }

    /// Whether it takes languages without a region, which alone are no locales.
    pub(crate) fn is_language(&self) -> bool {
        self.how != How::Typed && self.placeholder == "{locale}"
    }
}

/// Templates by which paths, or templates of them, are named.
#[derive(Debug, Default)]
pub struct LearnedTemplates {
    learned: Learned,
    reader: PathReader,
}

impl LearnedTemplates {
    /// Made ready for use.
    pub fn new(templates: &[LearnedTemplate]) -> Self {
        Self { learned: Learned::new(templates), reader: PathReader::default() }
    }

    /// Appends the template of a path, or of a path that is a template by its shapes, to `out`.
    pub fn write(&mut self, path: &[u8], out: &mut Vec<u8>) {
        write_template(&self.reader.normal(path), &self.learned, out);
    }
}

/// What a [`Learner`] is told of calls that share a path.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'s> {
    /// The method.
    pub method: &'s [u8],
    /// The path, or a template of it.
    pub path: &'s [u8],
    /// The HTTP status, where it is known.
    pub status: Option<u16>,
    /// The operations that their marks say they entered.
    pub entered: SetId,
    /// How many calls.
    pub calls: u64,
}

/// Learns templates from paths.
#[derive(Debug, Default)]
pub struct Learner {
    reader: PathReader,
    root: Node,
    room: Room,
    name: Vec<u8>,
}

/// Statuses which say that nothing lies at this path, or that it is another one. 410 is not among
/// them: what is gone was a route.
const NO_ROUTE: [u16; 8] = [301, 308, 400, 404, 405, 414, 431, 501];

impl Learner {
    /// Takes in calls.
    pub fn see(&mut self, seen: Seen<'_>) {
        let Seen { method, path, status, entered, calls } = seen;
        if calls == 0 || status.is_some_and(|status| NO_ROUTE.contains(&status)) {
            return;
        }
        let segments = self.reader.normal(path);
        if !segments.rooted || segments.more > 0 {
            return;
        }
        let mut node = &mut self.root;
        node.calls += calls;
        for segment in segments.first.iter().take(node::DEEPEST) {
            node = match node.child(segments.bytes(*segment), calls, &mut self.name, &mut self.room)
            {
                Some(child) => child,
                None => {
                    self.room.left_out += calls;
                    return;
                }
            };
        }
        let ended =
            if segments.first.len() > node::DEEPEST { &mut node.deeper } else { &mut node.ended };
        ended.get_or_insert_with(Ended::default).add(method, entered, calls);
    }

    /// Adds everything that another learner saw.
    pub fn merge(&mut self, other: Self) {
        self.room.left_out += other.room.left_out;
        self.room.nodes += other.room.nodes;
        let both = self.root.merge(other.root);
        self.room.nodes = self.room.nodes.saturating_sub(both);
    }

    /// Calls whose paths found no room: they taught nothing.
    pub fn left_out(&self) -> u64 {
        self.room.left_out
    }

    /// Decides: every template, the most frequent first.
    pub fn learn(self) -> Vec<LearnedTemplate> {
        let mut templates = decide::decide(self.root);
        templates.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.path.cmp(&b.path)));
        templates
    }
}

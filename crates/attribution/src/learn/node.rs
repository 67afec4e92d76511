//! What was seen, as a tree of segments.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, BuildHasherDefault};

use dolmen_model::SetId;
use rustc_hash::FxHasher;

use crate::paths::class::{DOT, classes};
use crate::template::{Kind, kind, write_name};

/// Segments that are looked at; what follows is one.
pub(super) const DEEPEST: usize = 16;
/// Values of one node that are kept apart.
const WIDEST: usize = 1_000;
/// Values of one shape that are kept apart: a code with so few could be told from an identifier.
const FEW: usize = 32;
/// Nodes of the whole tree.
const NODES: usize = 200_000;
/// Methods of one path that are told apart.
const METHODS: usize = 16;
/// Sets of operations of one path that are told apart.
const SETS: usize = 32;
/// Hashes that are kept to say how many values there are.
const HASHES: usize = 1_024;

/// How much room is taken.
#[derive(Debug, Default)]
pub(super) struct Room {
    pub(super) nodes: usize,
    pub(super) left_out: u64,
}

/// One place in the tree of paths.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// Calls that came by or ended here.
    pub(super) calls: u64,
    /// Calls whose path ends here.
    pub(super) ended: Option<Ended>,
    /// Calls whose path goes on beyond [`DEEPEST`].
    pub(super) deeper: Option<Ended>,
    /// By the literal that leads on.
    pub(super) literals: BTreeMap<Box<[u8]>, Node>,
    /// By the kind of what leads on.
    pub(super) kinds: BTreeMap<Kind, Typed>,
    /// Literals that are no longer told apart, since there were too many.
    pub(super) rest: Option<Box<Rest>>,
}

/// Calls that end at a node.
#[derive(Clone, Debug, Default)]
pub(super) struct Ended {
    pub(super) methods: BTreeMap<Box<[u8]>, u64>,
    /// By the operations that marks say; the empty set is a call without a mark.
    pub(super) entered: BTreeMap<SetId, u64>,
}

/// What leads on by values of one shape.
#[derive(Debug, Default)]
pub(super) struct Typed {
    /// While there are few values, each has a node of its own.
    pub(super) few: BTreeMap<Box<[u8]>, Node>,
    /// All values, once there are many.
    pub(super) many: Option<Box<Node>>,
    pub(super) distinct: Distinct,
}

/// Literals put together.
#[derive(Debug, Default)]
pub(super) struct Rest {
    pub(super) node: Node,
    pub(super) distinct: Distinct,
}

/// Different values: how many, and a few of them. Exact up to [`HASHES`], then from the smallest
/// hashes (Bar-Yossef et al., "Counting distinct elements in a data stream", 2002).
#[derive(Clone, Debug, Default)]
pub(super) struct Distinct {
    hashes: BTreeSet<u64>,
    examples: BTreeMap<u64, Box<[u8]>>,
}

impl Distinct {
    /// Values that are shown.
    const EXAMPLES: usize = 5;

    pub(super) fn add(&mut self, value: &[u8]) {
        let hash = BuildHasherDefault::<FxHasher>::default().hash_one(value);
        // A round of SplitMix64: what is kept must not depend on what values begin with.
        let mixed = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let mixed = mixed ^ (mixed >> 31);
        if !self.hashes.insert(mixed) {
            return;
        }
        let is_small = |(&largest, _): (&u64, _)| mixed < largest;
        if self.examples.len() < Self::EXAMPLES
            || self.examples.last_key_value().is_some_and(is_small)
        {
            self.examples.insert(mixed, value.into());
        }
        self.shrink();
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.hashes.extend(other.hashes);
        self.examples.extend(other.examples);
        self.shrink();
    }

    fn shrink(&mut self) {
        while self.hashes.len() > HASHES {
            self.hashes.pop_last();
        }
        while self.examples.len() > Self::EXAMPLES {
            self.examples.pop_last();
        }
    }

    pub(super) fn count(&self) -> u64 {
        match self.hashes.last() {
            Some(&largest) if self.hashes.len() == HASHES => {
                ((HASHES - 1) as f64 / (largest as f64 / u64::MAX as f64)) as u64
            }
            _ => self.hashes.len() as u64,
        }
    }

    /// Some of them, chosen by hash.
    pub(super) fn examples(&self) -> impl Iterator<Item = &[u8]> {
        self.examples.values().map(|value| &**value)
    }
}

impl Ended {
    pub(super) fn add(&mut self, method: &[u8], entered: SetId, calls: u64) {
        if self.methods.len() < METHODS || self.methods.contains_key(method) {
            *self.methods.entry(method.into()).or_default() += calls;
        }
        if self.entered.len() < SETS || self.entered.contains_key(&entered) {
            *self.entered.entry(entered).or_default() += calls;
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (method, calls) in other.methods {
            *self.methods.entry(method).or_default() += calls;
        }
        for (set, calls) in other.entered {
            *self.entered.entry(set).or_default() += calls;
        }
        while self.methods.len() > METHODS {
            self.methods.pop_last();
        }
        while self.entered.len() > SETS {
            self.entered.pop_last();
        }
    }
}

fn merge_ended(mine: &mut Option<Ended>, other: Option<Ended>) {
    match (mine.as_mut(), other) {
        (Some(mine), Some(other)) => mine.merge(other),
        (None, other) => *mine = other,
        (Some(_), None) => {}
    }
}

impl Node {
    /// The node that a segment leads to, made where there is none; `None` where the tree is full.
    pub(super) fn child(
        &mut self,
        segment: &[u8],
        calls: u64,
        name: &mut Vec<u8>,
        room: &mut Room,
    ) -> Option<&mut Self> {
        let classes = classes(segment);
        let child = if let Some(kind) = Kind::of_placeholder(segment) {
            room.take(!self.kinds.contains_key(&kind))?;
            self.kinds.entry(kind).or_default().all()
        } else if let Some(kind) = kind(segment, classes) {
            self.kinds.entry(kind).or_default().child(segment, room)?
        } else if is_open(segment) {
            &mut self.rest.get_or_insert_default().node
        } else if classes & DOT == 0 {
            self.literal(segment, room)?
        } else {
            name.clear();
            write_name(segment, name);
            self.literal(name, room)?
        };
        child.calls += calls;
        Some(child)
    }

    fn literal(&mut self, literal: &[u8], room: &mut Room) -> Option<&mut Self> {
        // Looked up twice: the borrow of a hit may not reach into the case of a miss.
        if !self.literals.contains_key(literal) {
            if self.literals.len() >= WIDEST {
                room.nodes = room.nodes.saturating_sub(self.narrow());
            }
            room.take(true)?;
        }
        Some(self.literals.entry(literal.into()).or_default())
    }

    /// Puts the less frequent half of the literals together; how many went.
    fn narrow(&mut self) -> usize {
        let mut counts: Vec<u64> = self.literals.values().map(|node| node.calls).collect();
        let half = counts.len() / 2;
        let (_, &mut median, _) = counts.select_nth_unstable(half);
        let rest = self.rest.get_or_insert_default();
        let seldom: Vec<Box<[u8]>> = self
            .literals
            .iter()
            .filter(|(_, node)| node.calls <= median)
            .map(|(name, _)| name.clone())
            .collect();
        for name in &seldom {
            if let Some(node) = self.literals.remove(name) {
                rest.add(name, node);
            }
        }
        seldom.len()
    }

    /// Adds everything of `other`; how many nodes were in both.
    pub(super) fn merge(&mut self, other: Self) -> usize {
        let mut both = 0;
        self.calls += other.calls;
        merge_ended(&mut self.ended, other.ended);
        merge_ended(&mut self.deeper, other.deeper);
        for (name, node) in other.literals {
            match self.literals.get_mut(&name) {
                Some(mine) => both += 1 + mine.merge(node),
                None => _ = self.literals.insert(name, node),
            }
        }
        for (kind, typed) in other.kinds {
            both += self.kinds.entry(kind).or_default().merge(typed);
        }
        if let Some(theirs) = other.rest {
            both += self.rest.get_or_insert_default().merge(*theirs);
        }
        if self.literals.len() > WIDEST {
            both += self.narrow();
        }
        both
    }

    /// Calls at or below this node by what they entered.
    pub(super) fn entered(&self, into: &mut BTreeMap<SetId, u64>) {
        for ended in self.ended.iter().chain(&self.deeper) {
            for (&set, calls) in &ended.entered {
                *into.entry(set).or_default() += calls;
            }
        }
        self.literals.values().for_each(|node| node.entered(into));
        for typed in self.kinds.values() {
            typed.few.values().for_each(|node| node.entered(into));
            typed.many.iter().for_each(|node| node.entered(into));
        }
        self.rest.iter().for_each(|rest| rest.node.entered(into));
    }
}

impl Rest {
    pub(super) fn add(&mut self, name: &[u8], node: Node) {
        self.distinct.add(name);
        self.node.merge(node);
    }

    fn merge(&mut self, other: Self) -> usize {
        self.distinct.merge(other.distinct);
        self.node.merge(other.node)
    }
}

impl Typed {
    /// The node of all values, which are no longer told apart.
    pub(super) fn all(&mut self) -> &mut Node {
        let few = std::mem::take(&mut self.few);
        let many = self.many.get_or_insert_default();
        for node in few.into_values() {
            many.merge(node);
        }
        many
    }

    fn child(&mut self, value: &[u8], room: &mut Room) -> Option<&mut Node> {
        self.distinct.add(value);
        if self.many.is_some() {
            return self.many.as_deref_mut();
        }
        if !self.few.contains_key(value) {
            room.take(true)?;
            if self.few.len() == FEW {
                room.nodes = room.nodes.saturating_sub(FEW);
                return Some(self.all());
            }
        }
        Some(self.few.entry(value.into()).or_default())
    }

    fn merge(&mut self, other: Self) -> usize {
        self.distinct.merge(other.distinct);
        let mut both = 0;
        if self.many.is_some() || other.many.is_some() {
            let mine = self.all();
            other.few.into_values().for_each(|node| both += 1 + mine.merge(node));
            if let Some(many) = other.many {
                both += 1 + mine.merge(*many);
            }
            return both;
        }
        for (value, node) in other.few {
            match self.few.get_mut(&value) {
                Some(mine) => both += 1 + mine.merge(node),
                None => _ = self.few.insert(value, node),
            }
        }
        if self.few.len() > FEW {
            self.all();
        }
        both
    }
}

impl Room {
    fn take(&mut self, new: bool) -> Option<()> {
        if new && self.nodes >= NODES {
            return None;
        }
        self.nodes += usize::from(new);
        Some(())
    }
}

/// A placeholder that was learned before: `{value}`.
fn is_open(segment: &[u8]) -> bool {
    matches!(segment, b"{value}" | b"{file}")
}

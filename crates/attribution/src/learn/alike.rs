//! Whether the same things lie below values.
//!
//! Below the values of a parameter lies the same: `/users/alice/orders`, `/users/bob/orders`. What
//! lies below a value is a set of traits: the methods of paths that end there, and what leads on.
//! Where that is a value itself (`/repos/alice/dolmen/issues`), the traits of what lies below it
//! stand for it.

use std::collections::{BTreeMap, BTreeSet};

use super::node::Node;

/// One thing that lies below a value.
type Trait = Vec<u8>;

/// Literals and methods below a node, as they are; literals that only few values have go another
/// level down.
fn traits(node: &Node) -> BTreeSet<Trait> {
    let mut traits: BTreeSet<Trait> = common(node, b"").collect();
    traits.extend(node.literals.keys().map(|name| [b"/", &**name].concat()));
    traits
}

/// The methods of paths that end at a node, and the kinds that lead on.
fn common<'n>(node: &'n Node, before: &'static [u8]) -> impl Iterator<Item = Trait> + 'n {
    let methods = node.ended.iter().flat_map(|ended| ended.methods.keys());
    let methods = methods.map(move |method| [before, b"=", &**method].concat());
    let kinds = node.kinds.keys().map(move |kind| [before, kind.placeholder()].concat());
    let rest = node.rest.iter().map(move |_| [before, b"/*"].concat());
    methods.chain(kinds).chain(rest)
}

/// What values have in common.
#[derive(Debug)]
pub(super) struct Likeness {
    /// Of each value, whether at least half of what lies below it lies below others too.
    pub(super) is_like: Vec<bool>,
    /// Things that lead on below nearly all values.
    pub(super) ways_in_common: usize,
    /// Whether exactly the same lies below all of them.
    pub(super) is_same: bool,
}

impl Likeness {
    pub(super) fn of(nodes: &[&Node]) -> Self {
        let enough = (nodes.len() / 20).clamp(2, 5);
        let first: Vec<BTreeSet<Trait>> = nodes.iter().map(|node| traits(node)).collect();
        let counts = count(&first);
        let is_shared = |found: &Trait| counts.get(found).is_some_and(|count| *count >= enough);
        let deeper = |(node, found): (&&Node, &BTreeSet<Trait>)| {
            let own = found.iter().filter(|&found| !found.starts_with(b"/") || is_shared(found));
            let mut all: BTreeSet<Trait> = own.cloned().collect();
            for (name, child) in &node.literals {
                if !is_shared(&[b"/", &**name].concat()) {
                    all.extend(common(child, b"*"));
                    all.extend(child.literals.keys().map(|name| [b"*/", &**name].concat()));
                }
            }
            all
        };
        let second: Vec<BTreeSet<Trait>> = nodes.iter().zip(&first).map(deeper).collect();
        let counts = count(&second);
        let is_like = |found: &BTreeSet<Trait>| {
            let shared = found.iter().filter(|found| counts[*found] >= enough).count();
            shared * 2 >= found.len()
        };
        let nearly_all = nodes.len() * 4 / 5;
        let is_way = |found: &Trait| !found.starts_with(b"=") && !found.starts_with(b"*=");
        Self {
            is_like: second.iter().map(is_like).collect(),
            ways_in_common: counts
                .iter()
                .filter(|(found, count)| is_way(found) && **count >= nearly_all)
                .count(),
            is_same: first.windows(2).all(|pair| pair[0] == pair[1]),
        }
    }

    /// Whether nearly all of them are like the others.
    pub(super) fn is_likely(&self) -> bool {
        let like = self.is_like.iter().filter(|is_like| **is_like).count();
        like * 5 >= self.is_like.len() * 4
    }
}

fn count(sets: &[BTreeSet<Trait>]) -> BTreeMap<Trait, usize> {
    let mut counts = BTreeMap::new();
    for found in sets.iter().flatten() {
        *counts.entry(found.clone()).or_default() += 1;
    }
    counts
}

/// Whether two populations are one: at least half of what lies below the one with less lies below
/// the other too.
pub(super) fn are_one(a: &Node, b: &Node) -> bool {
    let (a, b) = (traits(a), traits(b));
    let both = a.intersection(&b).count();
    both * 2 >= a.len().min(b.len()).max(1)
}

//! From the tree of what was seen to templates.

use std::collections::BTreeMap;

use super::alike::are_one;
use super::node::{Distinct, Ended, Node, Rest, Typed};
use super::values::{Literals, are_codes, judge, take_languages, take_names};
use super::{How, LearnedTemplate, Parameter};
use crate::template::{Kind, is_extension};

/// Fewer values than this are not compared by shares.
const MANY: u64 = 10;

/// Every template of a tree.
pub(super) fn decide(root: Node) -> Vec<LearnedTemplate> {
    let mut entered = BTreeMap::new();
    root.entered(&mut entered);
    let operations = entered.keys().filter(|set| set.0 != 0).count();
    let mut walk = Walk {
        path: String::new(),
        parameters: Vec::new(),
        special: 0,
        knows_operations: operations >= 2,
        found: Vec::new(),
    };
    walk.node(root, 0);
    walk.found
}

/// The way from the root to where the walk is.
struct Walk {
    path: String,
    parameters: Vec<Parameter>,
    /// How many steps of the way say more than shapes do.
    special: usize,
    /// Whether marks tell operations apart at all.
    knows_operations: bool,
    found: Vec<LearnedTemplate>,
}

/// What leads on from a node, once decided.
struct Branch {
    segment: String,
    node: Node,
    parameter: Option<Group>,
    /// A value that by its shape would be a parameter, or would be told from one by nothing.
    is_code: bool,
}

/// Values put together.
struct Group {
    placeholder: String,
    how: How,
    distinct: Distinct,
    /// Calls of the most frequent value, where it was told apart.
    top: Option<u64>,
}

impl Walk {
    fn node(&mut self, node: Node, depth: usize) {
        let Node { calls, ended, deeper, literals, kinds, rest } = node;
        self.template(ended, "");
        self.template(deeper, "/{rest...}");
        let branches = branches(calls, literals, kinds, rest, self.knows_operations);
        let is_learned =
            |branch: &Branch| branch.parameter.as_ref().is_some_and(|one| one.how != How::Typed);
        let stands_beside_learned = branches.iter().any(is_learned);
        for branch in branches {
            let Branch { segment, node, parameter, is_code } = branch;
            let length = self.path.len();
            let is_special = stands_beside_learned || is_code;
            self.special += usize::from(is_special);
            self.path.push('/');
            self.path.push_str(&segment);
            let is_parameter = parameter.is_some();
            self.parameters.extend(parameter.map(|group| group.describe(depth, node.calls)));
            self.node(node, depth + 1);
            if is_parameter {
                self.parameters.pop();
            }
            self.path.truncate(length);
            self.special -= usize::from(is_special);
        }
    }

    fn template(&mut self, ended: Option<Ended>, end: &str) {
        let Some(ended) = ended else { return };
        let path = match format!("{}{end}", self.path) {
            root if root.is_empty() => "/".to_owned(),
            path => path,
        };
        self.found.push(LearnedTemplate {
            path,
            calls: ended.methods.values().sum(),
            methods: ended.methods.keys().map(|method| text(method)).collect(),
            parameters: self.parameters.clone(),
            special: self.special > 0,
        });
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Group {
    fn describe(self, segment: usize, calls: u64) -> Parameter {
        let Self { placeholder, how, distinct, top } = self;
        let top_percent = top.map(|top| (top * 100 / calls.max(1)).min(100) as u8);
        let examples = distinct.examples().map(text).collect();
        Parameter { segment, placeholder, how, values: distinct.count(), top_percent, examples }
    }

    fn take(&mut self, other: Self) {
        self.distinct.merge(other.distinct);
        self.top = self.top.max(other.top);
    }
}

fn branches(
    calls: u64,
    mut literals: Literals,
    kinds: BTreeMap<Kind, Typed>,
    rest: Option<Box<Rest>>,
    knows_operations: bool,
) -> Vec<Branch> {
    let mut branches = Vec::new();
    let mut typed: Vec<(Kind, Group, Node)> = Vec::new();
    for (kind, values) in kinds {
        if values.many.is_none() && are_codes(&values.few) {
            let code = |(value, node): (Box<[u8]>, Node)| Branch::literal(&value, node, true);
            branches.extend(values.few.into_iter().map(code));
        } else {
            typed.push(typed_group(kind, values));
        }
    }
    // The kind with the most values first; ties as kinds are listed.
    typed.sort_by_key(|(kind, group, _)| (std::cmp::Reverse(group.distinct.count()), *kind));
    let mut open: Option<(Group, Node)> = None;
    let literal = |(name, node): (Box<[u8]>, Node)| Branch::literal(&name, node, false);
    if rest.is_none() && are_codes(&literals) {
        branches.extend(std::mem::take(&mut literals).into_iter().map(literal));
    } else {
        let languages = take_languages(&mut literals);
        if !languages.is_empty() {
            add_languages(&mut typed, languages);
        }
        let names = take_names(calls, &mut literals, knows_operations);
        let how = match &rest {
            Some(_) => Some(How::Values),
            None => judge(&literals, knows_operations),
        };
        branches.extend(names.into_iter().map(literal));
        if let Some(how) = how {
            open = Some(open_group(how, std::mem::take(&mut literals), rest));
        }
    }
    unite(&mut typed, &mut open, &mut literals);
    branches.extend(literals.into_iter().map(literal));
    let parameters = typed.into_iter().map(|(_, group, node)| (group, node)).chain(open);
    branches.extend(parameters.map(|(group, node)| Branch {
        segment: group.placeholder.clone(),
        node,
        parameter: Some(group),
        is_code: false,
    }));
    branches
}

impl Branch {
    fn literal(name: &[u8], node: Node, is_code: bool) -> Self {
        Self { segment: text(name), node, parameter: None, is_code }
    }
}

/// `/fr` is a locale only where others are too.
fn add_languages(typed: &mut Vec<(Kind, Group, Node)>, languages: Literals) {
    let (mut group, mut node) = open_group(How::Values, languages, None);
    group.placeholder = text(Kind::Locale.placeholder());
    if let Some(at) = typed.iter().position(|(kind, ..)| *kind == Kind::Locale) {
        let (_, other, below) = typed.remove(at);
        group.take(other);
        node.merge(below);
    }
    typed.push((Kind::Locale, group, node));
}

fn typed_group(kind: Kind, mut values: Typed) -> (Kind, Group, Node) {
    let top = values.few.values().map(|node| node.calls).max();
    let node = std::mem::take(values.all());
    let group = Group {
        placeholder: text(kind.placeholder()),
        how: How::Typed,
        distinct: values.distinct,
        top,
    };
    (kind, group, node)
}

fn open_group(how: How, literals: Literals, rest: Option<Box<Rest>>) -> (Group, Node) {
    let top = literals.values().map(|node| node.calls).max();
    let placeholder = label(&literals);
    let mut all = *rest.unwrap_or_default();
    for (name, node) in literals {
        all.add(&name, node);
    }
    (Group { placeholder, how, distinct: all.distinct, top }, all.node)
}

/// What values are called: by what nearly all of them look like.
fn label(literals: &Literals) -> String {
    let nearly_all = |is: &dyn Fn(&[u8]) -> bool| {
        literals.keys().filter(|name| is(name)).count() * 10 >= literals.len() * 9
    };
    let is_file = |name: &[u8]| {
        memchr::memrchr(b'.', name).is_some_and(|dot| dot > 0 && is_extension(&name[dot + 1..]))
    };
    match () {
        () if literals.is_empty() => "{value}",
        () if nearly_all(&is_file) => "{file}",
        () => "{value}",
    }
    .to_owned()
}

/// Puts populations together that are one: an identifier of random characters may look like a
/// number, or like nothing known, now and then; and where names and numbers lead to the same, both
/// are values.
fn unite(
    typed: &mut Vec<(Kind, Group, Node)>,
    open: &mut Option<(Group, Node)>,
    literals: &mut Literals,
) {
    let total: u64 = typed.iter().map(|(_, group, _)| group.distinct.count()).sum();
    if let Some((group, node)) = open {
        let values = group.distinct.count();
        let one = |(_, _, other): &mut (Kind, Group, Node)| are_one(node, other);
        let same: Vec<_> = typed.extract_if(.., one).collect();
        let most =
            same.first().map(|(_, most, _)| (most.distinct.count(), most.placeholder.clone()));
        for (_, other, below) in same {
            group.take(other);
            node.merge(below);
        }
        if let Some((most, placeholder)) = most
            && is_nearly_all(most, values + total)
        {
            group.placeholder = placeholder;
        }
        return;
    }
    if total < MANY || typed.is_empty() {
        return;
    }
    let (kind, mut first, mut node) = typed.remove(0);
    let most = first.distinct.count();
    let same: Vec<_> = typed.extract_if(.., |(_, _, other)| are_one(&node, other)).collect();
    let mut missed = Literals::new();
    if kind.is_opaque() {
        missed = literals
            .extract_if(.., |name, other| is_opaque(name) && are_one(&node, other))
            .collect();
        if missed.len() as u64 * 7 > most {
            literals.append(&mut missed);
        }
    }
    if same.is_empty() && missed.is_empty() {
        typed.insert(0, (kind, first, node));
        return;
    }
    for (_, other, below) in same {
        first.take(other);
        node.merge(below);
    }
    if !missed.is_empty() {
        let (other, below) = open_group(How::Values, missed, None);
        first.take(other);
        node.merge(below);
    }
    first.how = How::Values;
    if !is_nearly_all(most, first.distinct.count()) {
        first.placeholder = "{value}".to_owned();
    }
    *open = Some((first, node));
}

fn is_nearly_all(part: u64, all: u64) -> bool {
    part * 10 >= all * 9
}

/// A literal that could be an identifier of random characters.
fn is_opaque(name: &[u8]) -> bool {
    let digits = name.iter().filter(|byte| byte.is_ascii_digit()).count();
    name.len() >= 8 && (digits > 0 || name.len() >= 16) && !name.contains(&b'.')
}

//! Whether the literals of one node are names in a program or values of a parameter.

use std::collections::{BTreeMap, BTreeSet};

use dolmen_model::SetId;

use super::How;
use super::alike::Likeness;
use super::node::Node;

/// Literals by name.
pub(super) type Literals = BTreeMap<Box<[u8]>, Node>;

/// Words that name what is done, or which ones are meant, rather than a single one.
const DEEDS: &[&str] = &[
    "about",
    "active",
    "add",
    "admin",
    "all",
    "archive",
    "auth",
    "batch",
    "bulk",
    "callback",
    "check",
    "config",
    "count",
    "create",
    "current",
    "default",
    "delete",
    "download",
    "drafts",
    "edit",
    "explore",
    "export",
    "favorites",
    "feed",
    "filter",
    "first",
    "graphql",
    "health",
    "help",
    "history",
    "home",
    "import",
    "index",
    "info",
    "last",
    "latest",
    "list",
    "login",
    "logout",
    "lookup",
    "me",
    "metrics",
    "mine",
    "nearby",
    "new",
    "next",
    "ping",
    "popular",
    "preview",
    "previous",
    "query",
    "random",
    "recent",
    "refresh",
    "register",
    "reset",
    "save",
    "search",
    "self",
    "settings",
    "signup",
    "stats",
    "status",
    "submit",
    "suggest",
    "summary",
    "sync",
    "template",
    "templates",
    "today",
    "top",
    "trending",
    "types",
    "update",
    "upload",
    "validate",
    "verify",
    "whoami",
];

/// From so many calls on a deed's name is believed.
const DEED_CALLS: u64 = 3;
/// A literal beside values is asked for so often at least.
const FREQUENT: u64 = 20;
/// And at most so many times as often as the most frequent value must it be.
const GAP: f64 = 4.0;

/// Takes from `literals` those that are names whatever the others are.
pub(super) fn take_names(
    node_calls: u64,
    literals: &mut Literals,
    knows_operations: bool,
) -> Literals {
    let mut names = Literals::new();
    let mut take = |literals: &mut Literals, is_name: &dyn Fn(&[u8], &Node) -> bool| {
        names.extend(literals.extract_if(.., |name, node| is_name(name, node)));
    };
    take(literals, &|name, _| is_version(name));
    take(literals, &|name, node| {
        node.calls >= DEED_CALLS && DEEDS.iter().any(|deed| deed.as_bytes() == name)
    });
    // What marks say to be one is one, however often each is asked for.
    if knows_operations && are_marked(literals) {
        return names;
    }
    if let Some(least) = gap(node_calls, literals) {
        take(literals, &|_, node| node.calls >= least);
    }
    for leads_nowhere in [is_end, is_dead_end] {
        let going_on = GoingOn::of(literals.values());
        take(literals, &|_, node| leads_nowhere(node, &going_on));
    }
    if literals.len() >= MANY {
        let nodes: Vec<&Node> = literals.values().collect();
        let likeness = Likeness::of(&nodes);
        let strangers: BTreeSet<Box<[u8]>> = literals
            .iter()
            .zip(&likeness.is_like)
            .filter(|((_, node), is_like)| !**is_like && node.calls >= DEED_CALLS)
            .map(|((name, _), _)| name.clone())
            .collect();
        if strangers.len() * 5 <= literals.len() {
            take(literals, &|name, _| strangers.contains(name));
        }
    }
    names
}

/// `v2`, `1.0`: there are few of them, and they matter.
fn is_version(name: &[u8]) -> bool {
    let number = name.strip_prefix(b"v").or(name.strip_prefix(b"V")).unwrap_or(name);
    number.len() <= 6
        && number.first().is_some_and(u8::is_ascii_digit)
        && number.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
}

/// How often the least frequent literal is asked for that stands out from the values. Values are
/// asked for more or less often too: where the n-th is asked for 1/nˢ as often as the first (Zipf's
/// law), one is at most 2ˢ times as frequent as the next, and so is the next compared with the one
/// at twice its rank. A literal breaks that rule.
fn gap(node_calls: u64, literals: &Literals) -> Option<u64> {
    let mut counts: Vec<u64> = literals.values().map(|node| node.calls).collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let least = FREQUENT.max(node_calls / 100);
    let stands_out = |at: usize| {
        let (this, next) = (counts[at], *counts.get(at + 1)?);
        let steps = steps(&counts, at + 1)?;
        let needed = (1.6 * steps).clamp(2.0, GAP);
        let ratio = this as f64 / next as f64;
        (this >= least && ratio >= needed).then_some((ratio / needed, this))
    };
    let found = (0..counts.len()).filter_map(stands_out);
    found.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, least)| least)
}

/// How likely it may be that a value is taken for a name because none of its calls goes on.
const DEAD_END: f64 = 0.01;
/// Calls of one value that all go on, or all do not, are alike to this degree.
const ALIKE: f64 = 0.999;
/// More calls of one value than that tell no more.
const TELLING: u64 = 10_000;

/// How many calls of each literal go on to what lies below it, summed up.
#[derive(Clone, Copy, Debug, Default)]
struct GoingOn {
    literals: f64,
    calls: f64,
    on: f64,
    /// The squares of the calls of each.
    squares: f64,
    /// The squares of those that go on, each divided by its calls.
    within: f64,
}

impl GoingOn {
    fn of<'n>(nodes: impl Iterator<Item = &'n Node>) -> Self {
        nodes.fold(Self::default(), |sum, node| sum.with(node, 1.0))
    }

    fn with(self, node: &Node, times: f64) -> Self {
        let calls = node.calls.max(1) as f64;
        let on = node.calls.saturating_sub(ended(node)) as f64;
        Self {
            literals: self.literals + times,
            calls: self.calls + times * calls,
            on: self.on + times * on,
            squares: self.squares + times * calls * calls,
            within: self.within + times * on * on / calls,
        }
    }

    /// How likely none of so many calls of a value goes on, if it is one of these values. How many of
    /// its calls go on is each value's own: some users have no orders. So the share is taken as
    /// distributed by a beta (J. G. Skellam, J. R. Stat. Soc. B 10, 1948), as widely as it is among
    /// these (the moment estimator of J. C. Kleinman, J. Am. Stat. Assoc. 68, 1973).
    fn none_of(self, calls: u64) -> f64 {
        let share = self.on / self.calls;
        let variance = share * (1.0 - share);
        let room = self.calls - self.squares / self.calls - (self.literals - 1.0);
        if self.literals < 2.0 || share <= 0.0 || room <= 0.0 {
            return 1.0;
        }
        let spread = (self.within - self.on * share) / variance - (self.literals - 1.0);
        let alike = if variance > 0.0 { (spread / room).clamp(0.0, ALIKE) } else { 0.0 };
        let mut chance = 1.0;
        for before in 0..calls.min(TELLING) {
            let before = before as f64 * alike;
            chance *= ((1.0 - share) * (1.0 - alike) + before) / (1.0 - alike + before);
        }
        chance
    }
}

fn ended(node: &Node) -> u64 {
    node.ended.iter().flat_map(|ended| ended.methods.values()).sum()
}

/// How many times as frequent the value at a place is as the one at twice its rank, on the average of as
/// many such steps as there are values for, at most three: one alone is much a matter of chance.
fn steps(counts: &[u64], at: usize) -> Option<f64> {
    let first = *counts.get(at)? as f64;
    let there = |steps: i32| Some((*counts.get(((at + 1) << steps) - 1)?, steps));
    let (last, steps) = (1..=3).rev().find_map(there)?;
    Some((first / last as f64).powf(1.0 / f64::from(steps)))
}

/// Whether nothing lies below a literal that is often asked for, where most calls of the others go
/// on.
fn is_end(node: &Node, all: &GoingOn) -> bool {
    node.calls >= FREQUENT && ended(node) == node.calls && all.on * 2.0 > all.calls
}

/// Whether nothing lies below a literal that is asked for so often that of the calls of a value some
/// would have gone on.
fn is_dead_end(node: &Node, all: &GoingOn) -> bool {
    let others = all.with(node, -1.0);
    node.calls >= FREQUENT
        && ended(node) == node.calls
        && others.none_of(node.calls) * all.literals <= DEAD_END
}

/// So many values are many.
const MANY: usize = 10;
/// So many are, when they could all be words of a program.
const MANY_WORDS: usize = 25;
/// So many are more than programs have in one place, however often each is asked for.
const TOO_MANY: usize = 60;
/// So many are enough where the same rich tree lies below each.
const RICH: usize = 5;
const RICH_WAYS: usize = 3;
/// So many are enough where marks say that they are one.
const MARKED: usize = 3;

/// Whether marks say that these literals are one parameter, below each of which exactly the same lies.
fn are_marked(literals: &Literals) -> bool {
    let nodes = || literals.values().collect::<Vec<&Node>>();
    literals.len() >= MARKED && enter_one(literals) && Likeness::of(&nodes()).is_same
}

/// How these literals are a parameter; `None` where they are names.
pub(super) fn judge(literals: &Literals, knows_operations: bool) -> Option<How> {
    if literals.len() < MARKED {
        return None;
    }
    if knows_operations && are_marked(literals) {
        return Some(How::Marks);
    }
    let nodes: Vec<&Node> = literals.values().collect();
    let likeness = Likeness::of(&nodes);
    let everyone_alike = likeness.is_like.iter().all(|is_like| *is_like);
    if literals.len() >= RICH && everyone_alike && likeness.ways_in_common >= RICH_WAYS {
        return Some(How::Values);
    }
    let (calls, top, once) = literals.values().fold((0, 0, 0), |(calls, top, once), node| {
        (calls + node.calls, node.calls.max(top), once + u64::from(node.calls == 1))
    });
    let distinct = literals.len() as u64;
    let data = literals.keys().filter(|name| looks_like_data(name)).count();
    let many = if data * 10 >= literals.len() * 3 { MANY } else { MANY_WORDS };
    // Names in a program are all met soon, and then no new ones come. The share of values met once
    // says how likely the next is new (Good 1953, after Turing).
    let are_still_coming = distinct * 10 >= calls * 3 || once * 5 >= distinct;
    let is_parameter = literals.len() >= many
        && top * 2 < calls
        && likeness.is_likely()
        && (are_still_coming || literals.len() >= TOO_MANY);
    is_parameter.then_some(How::Values)
}

/// Whether a program would hardly have such a name: digits in it, or several words.
fn looks_like_data(name: &[u8]) -> bool {
    let dashes = name.iter().filter(|byte| matches!(byte, b'-' | b'_' | b'+' | b'.')).count();
    dashes >= 2 || name.iter().any(|byte| byte.is_ascii_digit() || matches!(byte, b'%' | b'@'))
}

/// ISO 639-1, the languages of most sites.
const LANGUAGES: &[&[u8; 2]] = &[
    b"ar", b"bg", b"br", b"ca", b"cs", b"da", b"de", b"el", b"en", b"es", b"et", b"eu", b"fi",
    b"fr", b"ga", b"he", b"hi", b"hr", b"hu", b"id", b"it", b"ja", b"ko", b"lb", b"lt", b"lv",
    b"nb", b"nl", b"no", b"pl", b"pt", b"ro", b"ru", b"sk", b"sl", b"sr", b"sv", b"th", b"tr",
    b"uk", b"vi", b"zh",
];

/// Takes languages from `literals`, where there are several and the same lies below each.
pub(super) fn take_languages(literals: &mut Literals) -> Literals {
    let mut languages: Literals = literals.extract_if(.., |name, _| is_language(name)).collect();
    let nodes: Vec<&Node> = languages.values().collect();
    let likeness = Likeness::of(&nodes);
    if languages.len() < MARKED || !likeness.is_likely() || likeness.ways_in_common == 0 {
        literals.append(&mut languages);
    }
    languages
}

/// Whether a segment is a language's code.
pub(crate) fn is_language(name: &[u8]) -> bool {
    LANGUAGES.iter().any(|language| *language == name)
}

/// What the marks of one value say: the one operation (or set of them) that its calls enter.
fn operation(node: &Node) -> Option<(SetId, u64)> {
    let mut entered = BTreeMap::new();
    node.entered(&mut entered);
    let unmarked = entered.remove(&SetId::EMPTY).unwrap_or(0);
    match entered.pop_first() {
        // A call that was refused enters nothing.
        Some((set, calls)) if entered.is_empty() && calls >= unmarked => Some((set, calls)),
        _ => None,
    }
}

/// Whether all values always enter the same operation.
fn enter_one(literals: &Literals) -> bool {
    let found: Option<Vec<(SetId, u64)>> = literals.values().map(operation).collect();
    let Some(found) = found else { return false };
    let marked: u64 = found.iter().map(|(_, calls)| calls).sum();
    marked >= 2 * found.len() as u64 && found.windows(2).all(|pair| pair[0].0 == pair[1].0)
}

/// Whether values are codes of operations: each always enters one, there are several, and not many
/// more values than operations.
pub(super) fn are_codes(values: &Literals) -> bool {
    let found: Vec<(SetId, u64)> = values.values().filter_map(operation).collect();
    let sets: BTreeSet<SetId> = found.iter().map(|(set, _)| *set).collect();
    let marked: u64 = found.iter().map(|(_, calls)| calls).sum();
    found.len() == values.len()
        && sets.len() >= 2
        && values.len() <= 4 * sets.len()
        && marked >= 5 * values.len() as u64
}

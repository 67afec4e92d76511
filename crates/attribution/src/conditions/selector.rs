//! All rules of one kind, asked at once.
//!
//! Each thing that rules ask about (the method, the user agent, a header, ...) is an index from its
//! value to the set of rules that allow that value. A call's rule is the first in what all these
//! sets share: the cost grows with what is asked about, not with the number of rules.

use dolmen_model::{Call, NameId, Names};
use ipnet::IpNet;

use super::bits::Bits;
use super::network::NetworkIndex;
use super::query::{QueryIndex, QueryMemo};
use super::text::{Empty, TextCondition, TextIndex, TextMemo};
use super::{Compare, Conditions, Field};
use crate::address::{client_address, parse_address};
use crate::paths::PathTemplate;
use crate::rules::Problem;

/// The compiled rules of one kind.
#[derive(Debug)]
pub(crate) struct Selector {
    /// The rules that can match: not those that only declare a name.
    matchable: Bits,
    services: ServiceIndex,
    paths: PathIndex,
    methods: Option<TextIndex>,
    /// Sorted by field, so that what is cheap and tells most comes first.
    texts: Vec<(Field, TextIndex)>,
    networks: Option<NetworkIndex>,
    query: QueryIndex,
}

#[derive(Debug)]
struct ServiceIndex {
    asking: Bits,
    /// Sorted by service.
    by_service: Vec<(NameId, Bits)>,
    other: Bits,
}

#[derive(Debug)]
struct PathIndex {
    asking: Bits,
    /// The rules that allow any path.
    other: Bits,
    /// The rules of each leaf of the tree of templates.
    by_leaf: Vec<Bits>,
}

/// What one worker keeps for its [`Selector`].
#[derive(Debug)]
pub(crate) struct SelectorMemo {
    rules: Bits,
    allowed: Bits,
    methods: TextMemo,
    texts: Vec<TextMemo>,
    query: QueryMemo,
}

/// A call as selectors see it.
pub(crate) struct Seen<'s, 'c> {
    pub(crate) call: &'s Call<'c>,
    pub(crate) service: NameId,
    pub(crate) query: &'s [u8],
    /// The declared templates that match the path.
    pub(crate) leaves: &'s [usize],
    pub(crate) trusted: &'s [IpNet],
}

/// What is wrong with all rules' conditions on one text together.
pub(crate) struct TextProblem {
    /// The first rule that has such a condition.
    pub(crate) rule: usize,
    pub(crate) key: String,
    pub(crate) problem: Problem,
}

impl Selector {
    /// Compiles the rules in the order written. `leaf` gives a template's place in the tree.
    pub(crate) fn compile(
        rules: &[&Conditions],
        names: &Names,
        mut leaf: impl FnMut(&PathTemplate) -> usize,
    ) -> Result<Self, TextProblem> {
        let count = rules.len();
        let mut declarations = Bits::none(count);
        let mut services: Vec<(NameId, usize)> = Vec::new();
        let mut leaves: Vec<(usize, usize)> = Vec::new();
        let mut networks: Vec<(usize, &[IpNet])> = Vec::new();
        let (mut fields, mut parameters) = (Vec::new(), Vec::new());
        for (rule, conditions) in rules.iter().enumerate() {
            if conditions.is_declaration() {
                declarations.insert(rule);
            }
            if let Some(service) = &conditions.service {
                services.push((names.services.intern(service.as_bytes()), rule));
            }
            for template in conditions.paths.iter().flatten() {
                leaves.push((leaf(template), rule));
            }
            networks.extend(conditions.networks.iter().map(|nets| (rule, nets.as_slice())));
            let texts = conditions.texts.iter();
            fields.extend(texts.map(|(field, globs)| (field, TextCondition { rule, globs })));
            let query = conditions.query.iter();
            parameters.extend(query.map(|(name, globs)| (name, TextCondition { rule, globs })));
        }
        let mut texts = grouped(fields, |field, conditions| {
            TextIndex::compile(conditions, count, Empty::Absent, field.compare())
                .map(|index| (field.clone(), index))
                .map_err(|problem| (field.key(), problem))
        })?;
        let query = grouped(parameters, |name, conditions| {
            TextIndex::compile(conditions, count, Empty::Value, Compare::Exactly)
                .map(|index| (name.as_bytes().into(), index))
                .map_err(|problem| (format!("query.{name}"), problem))
        })?;
        let method = texts.iter().position(|(field, _)| *field == Field::Method);
        Ok(Self {
            methods: method.map(|at| texts.remove(at).1),
            matchable: declarations.complement(count),
            services: ServiceIndex::new(&services, count),
            paths: PathIndex::new(&leaves, count),
            texts,
            networks: (!networks.is_empty()).then(|| NetworkIndex::compile(&networks, count)),
            query: QueryIndex::new(query, count),
        })
    }

    /// An empty memo for this selector.
    pub(crate) fn memo(&self) -> SelectorMemo {
        SelectorMemo {
            rules: self.matchable.clone(),
            allowed: self.matchable.clone(),
            methods: TextMemo::default(),
            texts: self.texts.iter().map(|_| TextMemo::default()).collect(),
            query: self.query.memo(),
        }
    }

    /// The first rule that matches.
    pub(crate) fn select(&self, seen: &Seen<'_, '_>, memo: &mut SelectorMemo) -> Option<usize> {
        self.matchable.first()?;
        self.narrow_by_route(seen, memo);
        self.narrow_by_rest(seen, memo)
    }

    /// The rules that service, path and method allow: all calls on one route share them.
    pub(crate) fn candidates(&self, seen: &Seen<'_, '_>, memo: &mut SelectorMemo) -> Bits {
        self.narrow_by_route(seen, memo);
        memo.rules.clone()
    }

    /// [`Self::select`], where the candidates are known.
    pub(crate) fn select_from(
        &self,
        candidates: &Bits,
        seen: &Seen<'_, '_>,
        memo: &mut SelectorMemo,
    ) -> Option<usize> {
        candidates.first()?;
        memo.rules.set(candidates);
        self.narrow_by_rest(seen, memo)
    }

    fn narrow_by_route(&self, seen: &Seen<'_, '_>, memo: &mut SelectorMemo) {
        let SelectorMemo { rules, allowed, methods, .. } = memo;
        rules.set(&self.matchable);
        self.services.narrow(seen.service, rules);
        self.paths.narrow(seen.leaves, allowed, rules);
        if let Some(index) = &self.methods
            && index.asks(rules)
        {
            index.with(seen.call.method, methods, |allowed| rules.keep(allowed));
        }
    }

    fn narrow_by_rest(&self, seen: &Seen<'_, '_>, memo: &mut SelectorMemo) -> Option<usize> {
        let SelectorMemo { rules, texts, query, .. } = memo;
        for ((field, index), memo) in self.texts.iter().zip(texts) {
            if index.asks(rules) {
                index.with(field.of(seen.call), memo, |allowed| rules.keep(allowed));
            }
        }
        if let Some(networks) = &self.networks
            && networks.asks(rules)
        {
            let address = parse_address(client_address(seen.call, seen.trusted));
            rules.keep(networks.allow(address));
        }
        self.query.narrow(seen.query, query, rules);
        rules.first()
    }
}

/// Compiles the conditions on each thing together, in the order of the things.
fn grouped<'c, K: Ord, T>(
    mut conditions: Vec<(&'c K, TextCondition<'c>)>,
    compile: impl Fn(&K, &[TextCondition<'c>]) -> Result<T, (String, Problem)>,
) -> Result<Vec<T>, TextProblem> {
    // Stable: conditions on one thing stay in the order of their rules.
    conditions.sort_by_key(|(key, _)| *key);
    let mut compiled = Vec::new();
    while let Some(&(key, TextCondition { rule, .. })) = conditions.first() {
        let others = conditions.iter().position(|(other, _)| *other != key);
        let others = conditions.split_off(others.unwrap_or(conditions.len()));
        let group: Vec<_> = conditions.into_iter().map(|(_, condition)| condition).collect();
        let index =
            compile(key, &group).map_err(|(key, problem)| TextProblem { rule, key, problem })?;
        compiled.push(index);
        conditions = others;
    }
    Ok(compiled)
}

impl ServiceIndex {
    fn new(services: &[(NameId, usize)], count: usize) -> Self {
        let mut asking = Bits::none(count);
        for &(_, rule) in services {
            asking.insert(rule);
        }
        let other = asking.complement(count);
        let mut by_service: Vec<(NameId, Bits)> = Vec::new();
        for &(service, rule) in services {
            let at = by_service.binary_search_by_key(&service, |(known, _)| *known);
            let at = at.unwrap_or_else(|at| {
                by_service.insert(at, (service, other.clone()));
                at
            });
            by_service[at].1.insert(rule);
        }
        Self { asking, by_service, other }
    }

    fn narrow(&self, service: NameId, rules: &mut Bits) {
        if self.asking.meets(rules) {
            let found = self.by_service.binary_search_by_key(&service, |(known, _)| *known);
            rules.keep(found.map_or(&self.other, |at| &self.by_service[at].1));
        }
    }
}

impl PathIndex {
    fn new(leaves: &[(usize, usize)], count: usize) -> Self {
        let mut asking = Bits::none(count);
        let known = leaves.iter().map(|(leaf, _)| leaf + 1).max().unwrap_or_default();
        let mut by_leaf = vec![Bits::none(count); known];
        for &(leaf, rule) in leaves {
            asking.insert(rule);
            by_leaf[leaf].insert(rule);
        }
        Self { other: asking.complement(count), asking, by_leaf }
    }

    fn narrow(&self, leaves: &[usize], allowed: &mut Bits, rules: &mut Bits) {
        if !self.asking.meets(rules) {
            return;
        }
        allowed.set(&self.other);
        for &leaf in leaves {
            // Templates of other kinds of rules have leaves too.
            if let Some(rules) = self.by_leaf.get(leaf) {
                allowed.add(rules);
            }
        }
        rules.keep(allowed);
    }
}

//! From callers to candidates.

use std::collections::{BTreeMap, BTreeSet};

use dolmen_model::{Language, Time};
use jiff::tz::TimeZone;
use xxhash_rust::xxh3::xxh3_64;

use super::Candidate;
use super::agent::product;
use super::crawlers::crawler;
use super::gather::Visitor;
use super::kind::{Kind, kind};
use super::name::Name;
use super::rule::{ProposedRule, network_of};
use super::why::Why;
use crate::rhythm::Rhythms;

/// Texts that a candidate shows of one sort.
const SHOWN: usize = 20;
const ENDPOINTS: usize = 10;

/// What callers of one candidate share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Likeness {
    kind: Kind,
    /// Who it is, or where it is from, by kind.
    who: String,
    /// What it enters, of programs.
    operations: Vec<String>,
    /// When it calls, of programs.
    rhythm: Option<String>,
}

/// Puts callers together that seem to be one. Their rhythm is told by the clocks of `zone`, and in
/// `language`, as is why they seem to be that.
pub fn group(visitors: Vec<Visitor>, zone: TimeZone, language: Language) -> Vec<Candidate> {
    let rhythms = Rhythms::new(&visitors, zone, language);
    let mut groups: BTreeMap<Likeness, (Why, Vec<Visitor>)> = BTreeMap::new();
    for visitor in visitors {
        let (likeness, why) = likeness(&visitor, &rhythms);
        groups.entry(likeness).or_insert_with(|| (why, Vec::new())).1.push(visitor);
    }
    let mut candidates: Vec<Candidate> = groups
        .into_iter()
        .map(|(likeness, (why, of))| candidate(likeness, &why, of, &rhythms, language))
        .collect();
    candidates.sort_by(|a, b| {
        let enters = |candidate: &Candidate| !candidate.operations.is_empty();
        let order = enters(b).cmp(&enters(a)).then(b.calls.cmp(&a.calls));
        order.then_with(|| a.toml.cmp(&b.toml))
    });
    tell_apart(&mut candidates, language);
    candidates
}

fn likeness(visitor: &Visitor, rhythms: &Rhythms) -> (Likeness, Why) {
    let (kind, why) = kind(visitor);
    let network = || network_of(&visitor.address).unwrap_or_else(|| visitor.address.clone());
    let agent = visitor.user_agent.as_str();
    let who = match kind {
        Kind::Crawler => crawler(agent).map_or_else(String::new, |(name, _)| name),
        Kind::Browser => network(),
        Kind::Scanner => match visitor.address.as_str() {
            "" => agent.to_owned(),
            _ => network(),
        },
        _ => product(agent).to_owned(),
    };
    let by_deeds = matches!(kind, Kind::Script | Kind::Library | Kind::Application);
    let by_time = matches!(kind, Kind::Script | Kind::Library);
    let operations = visitor.operations.keys().filter(|_| by_deeds).cloned().collect();
    let rhythm = Some(&visitor.minutes).filter(|_| by_time).and_then(|minutes| rhythms.of(minutes));
    let who = if visitor.user.is_empty() { who } else { format!("{who} {}", visitor.user) };
    // What an application enters says little of which one it is.
    let operations = if kind == Kind::Application { Vec::new() } else { operations };
    (Likeness { kind, who, operations, rhythm }, why)
}

fn candidate(
    likeness: Likeness,
    why: &Why,
    visitors: Vec<Visitor>,
    rhythms: &Rhythms,
    language: Language,
) -> Candidate {
    let Likeness { kind, who, .. } = likeness;
    let mut operations = BTreeMap::new();
    let mut endpoints = BTreeMap::new();
    let mut minutes: Vec<Time> = Vec::new();
    for visitor in &visitors {
        add(&mut operations, &visitor.operations);
        add(&mut endpoints, &visitor.endpoints);
        minutes.extend(&visitor.minutes);
    }
    endpoints.remove("");
    minutes.sort_unstable();
    minutes.dedup();
    let addresses: BTreeSet<&str> = texts(&visitors, |visitor| &visitor.address);
    let operations = most_first(operations);
    let rule = ProposedRule::of(kind, &visitors);
    let name = Name::of(kind, &who, &operations, &visitors);
    // It is the same candidate, whoever reads of it.
    let same = rule.toml(&name.said(Language::English));
    let proposed_name = name.said(language);
    let toml = rule.toml(&proposed_name);
    Candidate {
        id: format!("{:016x}", xxh3_64(format!("{kind:?} {same}").as_bytes())),
        kind,
        proposed_name,
        toml,
        why: why.said(language),
        address_count: addresses.len(),
        addresses: addresses.into_iter().take(SHOWN).map(str::to_owned).collect(),
        user_agents: visitors
            .iter()
            .map(|visitor| visitor.user_agent.clone())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .take(SHOWN)
            .collect(),
        operations,
        services: visitors
            .iter()
            .flat_map(|visitor| visitor.services.iter().cloned())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect(),
        endpoints: most_first(endpoints).into_iter().take(ENDPOINTS).collect(),
        calls: visitors.iter().map(|visitor| visitor.calls).sum(),
        not_found: visitors.iter().map(|visitor| visitor.not_found).sum(),
        first: visitors.iter().filter_map(|visitor| visitor.first).min(),
        last: visitors.iter().filter_map(|visitor| visitor.last).max(),
        rhythm: rhythms.of(&minutes),
        rule,
    }
}

fn add(sum: &mut BTreeMap<String, u64>, part: &BTreeMap<String, u64>) {
    for (text, calls) in part {
        *sum.entry(text.clone()).or_default() += calls;
    }
}

fn most_first(counts: BTreeMap<String, u64>) -> Vec<String> {
    let mut counts: Vec<(String, u64)> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts.into_iter().map(|(text, _)| text).collect()
}

fn texts(visitors: &[Visitor], of: impl Fn(&Visitor) -> &String) -> BTreeSet<&str> {
    let mut texts = BTreeSet::new();
    for visitor in visitors {
        let text = of(visitor);
        if !text.is_empty() {
            // A borrow of `visitors`, which `of` hands through.
            texts.insert(text.as_str());
        }
    }
    texts
}

/// Two candidates shall not propose one name.
fn tell_apart(candidates: &mut [Candidate], language: Language) {
    let elsewhere = match language {
        Language::English => "elsewhere",
        Language::French => "ailleurs",
    };
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for candidate in candidates {
        if seen.insert(candidate.proposed_name.clone()) {
            continue;
        }
        let place = candidate.addresses.first().map_or(elsewhere, String::as_str);
        let mut name = format!("{} ({place})", candidate.proposed_name);
        let mut number = 2;
        while !seen.insert(name.clone()) {
            name = format!("{} ({place}, {number})", candidate.proposed_name);
            number += 1;
        }
        candidate.toml = candidate.rule.toml(&name);
        candidate.proposed_name = name;
    }
}

//! What can be said about rules without any call.

use std::fmt;

use serde::Serialize;

use super::error::RuleRef;
use super::parse::{Parsed, ParsedSet};
use super::set::RuleSet;

/// Something about a rule that its author should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule to look at.
    pub rule: RuleRef,
    /// An earlier rule.
    pub earlier: RuleRef,
    /// What is between them.
    #[serde(flatten)]
    pub fault: Fault,
}

/// What is between two rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// The earlier rule asks for the same and gives the same name: this one adds nothing.
    Duplicate,
    /// The earlier rule takes every call that this one could match.
    Shadowed,
    /// Both say something else about one operation on one service.
    Contradiction {
        /// The key.
        key: &'static str,
        /// What this rule says.
        here: String,
        /// What the earlier one says.
        earlier_value: String,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, earlier, fault } = self;
        match fault {
            Fault::Duplicate => {
                write!(f, "{rule} says the same as {earlier}: remove one of them")
            }
            Fault::Shadowed => write!(
                f,
                "{rule} never matches, since {earlier} takes all its calls: put it first, or \
                 remove it"
            ),
            Fault::Contradiction { key, here, earlier_value } => write!(
                f,
                "{rule} has {key} = \"{here}\", but {earlier} has \"{earlier_value}\": both are \
                 about one operation on one service, so they must agree"
            ),
        }
    }
}

pub(super) fn check(set: &RuleSet, parsed: &ParsedSet) -> Vec<Finding> {
    let mut findings = Vec::new();
    let ParsedSet { actors, operations, services, endpoints } = parsed;
    for rules in [actors, services, operations] {
        first_match(rules, &mut findings);
    }
    contradictions(set, operations, &mut findings);
    same_shape(endpoints, &mut findings);
    findings
}

/// Where the first match wins, an earlier rule that asks for no more takes all.
fn first_match(rules: &[Parsed], findings: &mut Vec<Finding>) {
    let matching = |rule: &&Parsed| !rule.conditions.is_declaration();
    for (at, rule) in rules.iter().enumerate().filter(|(_, rule)| matching(rule)) {
        let mut before = rules[..at].iter().filter(matching);
        let Some(earlier) = before.find(|e| e.conditions.cover(&rule.conditions)) else {
            continue;
        };
        let same_name = earlier.rule.name == rule.rule.name;
        let same = same_name && rule.conditions.cover(&earlier.conditions);
        let fault = if same { Fault::Duplicate } else { Fault::Shadowed };
        findings.push(finding(rule, earlier, fault));
    }
}

/// `retired` and `moved_to` belong to an operation on a service, whichever rule says so.
fn contradictions(set: &RuleSet, operations: &[Parsed], findings: &mut Vec<Finding>) {
    for (at, rule) in set.operations.iter().enumerate() {
        let earlier = || {
            let same = |&i: &usize| {
                let earlier = &set.operations[i];
                earlier.name == rule.name && earlier.service == rule.service
            };
            (0..at).filter(same)
        };
        let mut differ = |key, here: Option<String>, there: &dyn Fn(usize) -> Option<String>| {
            let Some(here) = here else { return };
            let other = earlier().find_map(|i| Some((i, there(i)?)));
            if let Some((i, earlier_value)) = other.filter(|(_, there)| *there != here) {
                let fault = Fault::Contradiction { key, here, earlier_value };
                findings.push(finding(&operations[at], &operations[i], fault));
            }
        };
        differ("retired", rule.retired.map(|day| day.to_string()), &|i| {
            set.operations[i].retired.map(|day| day.to_string())
        });
        differ("moved_to", rule.moved_to.clone(), &|i| set.operations[i].moved_to.clone());
    }
}

/// Of templates the most specific wins; only those of one shape are rivals.
fn same_shape(endpoints: &[Parsed], findings: &mut Vec<Finding>) {
    let template = |rule: &Parsed| rule.conditions.paths.iter().flatten().next().cloned();
    for (at, rule) in endpoints.iter().enumerate() {
        let Some(mine) = template(rule) else { continue };
        let shadows = |earlier: &&Parsed| {
            earlier.conditions.cover(&rule.conditions)
                && template(earlier).is_some_and(|earlier| mine.covers(&earlier))
        };
        let Some(earlier) = endpoints[..at].iter().find(shadows) else {
            continue;
        };
        let same = template(earlier).is_some_and(|earlier| mine.text == earlier.text)
            && rule.conditions.cover(&earlier.conditions);
        let fault = if same { Fault::Duplicate } else { Fault::Shadowed };
        findings.push(finding(rule, earlier, fault));
    }
}

fn finding(rule: &Parsed, earlier: &Parsed, fault: Fault) -> Finding {
    Finding { rule: rule.rule.clone(), earlier: earlier.rule.clone(), fault }
}

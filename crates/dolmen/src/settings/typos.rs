//! Names that a configuration uses and declares nowhere: nearly always a slip of the hand, and a
//! rule that hangs on it would never match.

use std::collections::BTreeSet;

use dolmen_attribution::{Any, METHODS, RuleSet};
use dolmen_model::nearest;
use toml::Spanned;

use super::document::{Document, Step};
use super::problem::Problem;
use super::rules::element;
use super::source::SourceSettings;

/// All such names. Where no service is declared at all, none is missed.
pub(super) fn find(
    document: &Document<'_>,
    rules: &RuleSet,
    sources: &[SourceSettings],
) -> Vec<Problem> {
    let of_rules = rules.services.iter().map(|service| service.name.as_str());
    let of_sources = sources.iter().map(|source| source.service.as_str());
    let services = of_rules.chain(of_sources).filter(|name| !name.is_empty()).collect();
    let mut found = Found { document, services, problems: Vec::new() };
    for (n, operation) in rules.operations.iter().enumerate() {
        found.service("operation", n, "service", operation.service.as_deref());
        found.service("operation", n, "moved_to", operation.moved_to.as_deref());
        found.methods("operation", n, operation.method.as_ref());
    }
    for (n, endpoint) in rules.endpoints.iter().enumerate() {
        found.service("endpoint", n, "service", endpoint.service.as_deref());
        found.methods("endpoint", n, endpoint.method.as_ref());
    }
    for (n, service) in rules.services.iter().enumerate() {
        found.methods("service", n, service.method.as_ref());
    }
    found.problems
}

struct Found<'d, 't> {
    document: &'d Document<'t>,
    services: BTreeSet<&'d str>,
    problems: Vec<Problem>,
}

impl Found<'_, '_> {
    fn service(&mut self, section: &str, index: usize, key: &str, name: Option<&str>) {
        let Some(name) = name else { return };
        if self.services.is_empty() || self.services.contains(name) {
            return;
        }
        let advice = match nearest(name, self.services.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("add [[service]] with name = \"{name}\""),
        };
        self.say(section, index, key, name, format!("no service `{name}` is declared; {advice}"));
    }

    fn methods(&mut self, section: &str, index: usize, methods: Option<&Any<String>>) {
        for method in methods.iter().flat_map(|Any(methods)| methods) {
            // A glob is no name, and a method of one's own looks like no other.
            let known = METHODS.contains(&method.as_str()) || method.contains(['*', '?', '\\']);
            let Some(near) = nearest(method, METHODS.iter().copied()).filter(|_| !known) else {
                continue;
            };
            let message = format!("HTTP knows no method `{method}`; did you mean `{near}`?");
            self.say(section, index, "method", method, message);
        }
    }

    fn say(&mut self, section: &str, index: usize, key: &str, text: &str, message: String) {
        let steps = [Step::Key(section), Step::Index(index), Step::Key(key)];
        let at = self.document.value(&steps).map(|value| element(value, text));
        self.problems.push(self.document.problem(at.map_or(0..0, Spanned::span), message));
    }
}

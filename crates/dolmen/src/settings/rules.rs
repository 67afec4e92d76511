//! The rules of a configuration and of the console, and where a bad one stands.

use dolmen_attribution::{Finding, RuleError, RuleKind, RuleSet, Rules};
use dolmen_model::Names;
use toml::Spanned;
use toml::de::DeValue;

use super::document::{Document, Step};
use super::openapi::Declared;
use super::problem::Problem;
use super::{one, sections};

/// Where rules are written: in the configuration, and after it what the console named.
pub(super) struct Written<'d, 't> {
    pub(super) document: &'d Document<'t>,
    pub(super) named: &'d Document<'t>,
    /// What services declare elsewhere.
    pub(super) openapi: &'d [Declared],
}

impl<'d, 't> Written<'d, 't> {
    /// The file that holds a rule, and the rule's number in it.
    fn of(&self, kind: RuleKind, index: usize) -> (&'d Document<'t>, usize) {
        match index.checked_sub(count(self.document, kind.word())) {
            Some(index) if index < count(self.named, kind.word()) => (self.named, index),
            _ => (self.document, index),
        }
    }
}

/// How many sections of a name there are.
pub(super) fn count(document: &Document<'_>, section: &str) -> usize {
    match document.value(&[Step::Key(section)]).map(Spanned::get_ref) {
        Some(DeValue::Array(sections)) => sections.len(),
        _ => 0,
    }
}

/// All rules that can be read.
pub(super) fn read(
    document: &Document<'_>,
    named: &Document<'_>,
    problems: &mut Vec<Problem>,
) -> RuleSet {
    // `[attribution]` holds what of a rule set is no list.
    let attribution: Option<RuleSet> = document
        .value(&[Step::Key("attribution")])
        .and_then(|value| one(document, value, problems));
    let mut actors = sections(document, "actor", problems);
    actors.extend(sections(named, "actor", problems));
    RuleSet {
        actors,
        operations: sections(document, "operation", problems),
        services: sections(document, "service", problems),
        endpoints: sections(document, "endpoint", problems),
        trusted_proxies: attribution.unwrap_or_default().trusted_proxies,
    }
}

/// Compiles rules whose numbers are those of the files.
pub(super) fn compile(
    written: &Written<'_, '_>,
    rules: &RuleSet,
    names: &Names,
) -> Result<Rules, Vec<Problem>> {
    Rules::compile(rules, names)
        .map_err(|errors| errors.iter().map(|error| place(written, error)).collect())
}

fn place(written: &Written<'_, '_>, error: &RuleError) -> Problem {
    let message = error.problem.to_string();
    let (document, index) = written.of(error.rule.kind, error.rule.index);
    let rule = [Step::Key(error.rule.kind.word()), Step::Index(index)];
    let mut steps = rule.to_vec();
    match error.key.split_once('.') {
        Some((key, name)) => steps.extend([Step::Key(key), Step::Key(name)]),
        None => steps.push(Step::Key(&error.key)),
    }
    // A key that is missing has no place: the rule itself has.
    let Some(value) = document.value(&steps).or_else(|| document.value(&rule)) else {
        return document.problem(0..0, format!("{}: {message}", error.rule));
    };
    let value = element(value, &error.value);
    let at = match (value.get_ref(), error.column) {
        (DeValue::String(text), Some(column)) => {
            let mut chars = text.char_indices().skip(column.saturating_sub(1));
            let part = match chars.next() {
                Some((start, c)) => start..start + c.len_utf8(),
                None => text.len()..text.len(),
            };
            document.inside(value.span(), part)
        }
        _ => value.span(),
    };
    document.problem(at, message)
}

/// What is suspicious about rules that can be used.
pub(super) fn suspicions(written: &Written<'_, '_>, rules: &Rules) -> Vec<Problem> {
    let place = |finding: &Finding| {
        let is_endpoint = finding.rule.kind == RuleKind::Endpoint;
        let mut declared = written.openapi.iter().filter(|_| is_endpoint);
        if let Some(declared) = declared.find(|one| one.has(finding.rule.index)) {
            return declared.problem(written.document, &finding.to_string());
        }
        let (document, index) = written.of(finding.rule.kind, finding.rule.index);
        let rule = [Step::Key(finding.rule.kind.word()), Step::Index(index)];
        let named = ["name", "path"].into_iter().find_map(|key| {
            let [kind, index] = rule;
            document.value(&[kind, index, Step::Key(key)])
        });
        let at = named.or_else(|| document.value(&rule)).map_or(0..0, Spanned::span);
        document.problem(at, finding.to_string())
    };
    rules.check().iter().map(place).collect()
}

/// The text at fault inside a list of texts.
pub(super) fn element<'d, 't>(
    value: &'d Spanned<DeValue<'t>>,
    text: &str,
) -> &'d Spanned<DeValue<'t>> {
    match value.get_ref() {
        DeValue::Array(items) => {
            items.iter().find(|item| item.get_ref().as_str() == Some(text)).unwrap_or(value)
        }
        _ => value,
    }
}

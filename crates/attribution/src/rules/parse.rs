//! From rules as they are written to conditions that are understood, with every fault at once.

use std::collections::BTreeMap;

use super::error::{Problem, RuleError, RuleKind, RuleRef};
use super::set::{ActorRule, EndpointRule, OperationRule, RuleSet, ServiceRule};
use super::values::Any;
use crate::conditions::{Conditions, Field, Glob};
use crate::methods;
use crate::paths::PathTemplate;

/// A rule that was read and understood.
#[derive(Clone, Debug)]
pub(crate) struct Parsed {
    pub(crate) rule: RuleRef,
    pub(crate) conditions: Conditions,
}

/// All rules, each list in the order written.
#[derive(Clone, Debug)]
pub(crate) struct ParsedSet {
    pub(crate) actors: Vec<Parsed>,
    pub(crate) operations: Vec<Parsed>,
    pub(crate) services: Vec<Parsed>,
    pub(crate) endpoints: Vec<Parsed>,
}

/// Reads all rules.
pub(crate) fn parse(set: &RuleSet) -> Result<ParsedSet, Vec<RuleError>> {
    let mut errors = Vec::new();
    let parsed = ParsedSet {
        actors: each(RuleKind::Actor, &set.actors, &mut errors, actor),
        operations: each(RuleKind::Operation, &set.operations, &mut errors, operation),
        services: each(RuleKind::Service, &set.services, &mut errors, service),
        endpoints: each(RuleKind::Endpoint, &set.endpoints, &mut errors, endpoint),
    };
    if errors.is_empty() { Ok(parsed) } else { Err(errors) }
}

fn each<R: Named>(
    kind: RuleKind,
    rules: &[R],
    errors: &mut Vec<RuleError>,
    read: impl Fn(&R, &mut Reader<'_>) -> Conditions,
) -> Vec<Parsed> {
    let parse = |(index, rule): (usize, &R)| {
        let at = RuleRef { kind, index, name: rule.name().to_owned() };
        let mut reader = Reader { rule: &at, errors: &mut *errors };
        let conditions = read(rule, &mut reader);
        Parsed { rule: at, conditions }
    };
    rules.iter().enumerate().map(parse).collect()
}

trait Named {
    fn name(&self) -> &str;
}

impl Named for ActorRule {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for OperationRule {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for ServiceRule {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for EndpointRule {
    fn name(&self) -> &str {
        &self.path
    }
}

fn actor(rule: &ActorRule, reader: &mut Reader<'_>) -> Conditions {
    reader.name("name", &rule.name);
    let mut conditions = Conditions::default();
    let mut texts = Vec::new();
    reader.text(Field::UserAgent, &rule.user_agent, &mut texts);
    reader.text(Field::User, &rule.user, &mut texts);
    reader.headers(&rule.header, &mut texts);
    conditions.texts = texts;
    conditions.networks = reader.list("ip", &rule.ip).map(|nets| nets.to_vec());
    let says_nothing = rule.user_agent.is_none()
        && rule.user.is_none()
        && rule.ip.is_none()
        && rule.header.is_empty();
    if says_nothing {
        reader.fault("name", &rule.name, None, Problem::NoCondition);
    }
    conditions
}

fn operation(rule: &OperationRule, reader: &mut Reader<'_>) -> Conditions {
    reader.name("name", &rule.name);
    if let Some(service) = &rule.service {
        reader.name("service", service);
    }
    if let Some(moved_to) = &rule.moved_to {
        reader.name("moved_to", moved_to);
        if rule.service.as_ref() == Some(moved_to) {
            reader.fault("moved_to", moved_to, None, Problem::MovedNowhere);
        }
    }
    let mut texts = Vec::new();
    reader.methods(&rule.method, &mut texts);
    reader.text(Field::SoapAction, &rule.soap_action, &mut texts);
    reader.headers(&rule.header, &mut texts);
    let mut query = Vec::new();
    for (name, values) in &rule.query {
        let globs = reader.globs(&format!("query.{name}"), values);
        query.push((name.clone(), globs));
    }
    Conditions {
        service: rule.service.clone(),
        paths: reader.paths(&rule.path),
        texts,
        networks: None,
        query,
    }
}

fn service(rule: &ServiceRule, reader: &mut Reader<'_>) -> Conditions {
    reader.name("name", &rule.name);
    let mut texts = Vec::new();
    reader.methods(&rule.method, &mut texts);
    reader.text(Field::Host, &rule.host, &mut texts);
    reader.text(Field::Upstream, &rule.upstream, &mut texts);
    Conditions { paths: reader.paths(&rule.path), texts, ..Conditions::default() }
}

fn endpoint(rule: &EndpointRule, reader: &mut Reader<'_>) -> Conditions {
    if let Some(service) = &rule.service {
        reader.name("service", service);
    }
    let mut texts = Vec::new();
    reader.methods(&rule.method, &mut texts);
    let path = Some(Any(vec![rule.path.clone()]));
    Conditions {
        service: rule.service.clone(),
        paths: reader.paths(&path),
        texts,
        ..Conditions::default()
    }
}

/// Reads the values of one rule and notes what is wrong with them.
struct Reader<'r> {
    rule: &'r RuleRef,
    errors: &'r mut Vec<RuleError>,
}

impl Reader<'_> {
    /// `at` is a byte offset into `value`.
    fn fault(&mut self, key: &str, value: &str, at: Option<usize>, problem: Problem) {
        let column = at.map(|at| value.get(..at).map_or(0, |before| before.chars().count()) + 1);
        self.errors.push(RuleError {
            rule: self.rule.clone(),
            key: key.to_owned(),
            value: value.to_owned(),
            column,
            problem,
        });
    }

    fn name(&mut self, key: &str, name: &str) {
        if name.trim().is_empty() {
            self.fault(key, name, None, Problem::EmptyName);
        }
        if matches!(name, "unknown" | "(other)") {
            self.fault(key, name, None, Problem::ReservedName);
        }
    }

    fn list<'v, T>(&mut self, key: &str, values: &'v Option<Any<T>>) -> Option<&'v [T]> {
        let Any(values) = values.as_ref()?;
        if values.is_empty() {
            self.fault(key, "", None, Problem::EmptyList);
        }
        Some(values)
    }

    fn globs(&mut self, key: &str, Any(values): &Any<String>) -> Vec<Glob> {
        if values.is_empty() {
            self.fault(key, "", None, Problem::EmptyList);
        }
        let mut globs = Vec::new();
        for value in values {
            match Glob::parse(value) {
                Ok(glob) => globs.push(glob),
                Err((at, problem)) => self.fault(key, value, at, problem),
            }
        }
        globs
    }

    fn text(
        &mut self,
        field: Field,
        values: &Option<Any<String>>,
        texts: &mut Vec<(Field, Vec<Glob>)>,
    ) {
        if let Some(values) = values {
            let globs = self.globs(&field.key(), values);
            let globs = match field {
                Field::Host => globs.into_iter().map(Glob::in_lower_case).collect(),
                _ => globs,
            };
            texts.push((field, globs));
        }
    }

    fn headers(
        &mut self,
        headers: &BTreeMap<String, Any<String>>,
        texts: &mut Vec<(Field, Vec<Glob>)>,
    ) {
        for (name, values) in headers {
            let key = format!("header.{name}");
            if name.is_empty() || !name.bytes().all(methods::is_token_byte) {
                self.fault(&key, name, None, Problem::NotAHeader);
            }
            let field = Field::Header(name.to_ascii_lowercase());
            if texts.iter().any(|(other, _)| *other == field) {
                self.fault(&key, name, None, Problem::RepeatedHeader);
            }
            let globs = self.globs(&key, values);
            texts.push((field, globs));
        }
    }

    fn methods(&mut self, values: &Option<Any<String>>, texts: &mut Vec<(Field, Vec<Glob>)>) {
        let Some(Any(listed)) = values else { return };
        let faults = self.errors.len();
        for method in listed {
            let upper = method.to_ascii_uppercase();
            if !methods::is_plain(method.as_bytes()) {
                self.fault("method", method, None, Problem::NotAMethod);
            } else if *method != upper && methods::is_registered(upper.as_bytes()) {
                self.fault("method", method, None, Problem::MethodCase(upper));
            }
        }
        if self.errors.len() == faults {
            self.text(Field::Method, values, texts);
        }
    }

    fn paths(&mut self, values: &Option<Any<String>>) -> Option<Vec<PathTemplate>> {
        let values = self.list("path", values)?;
        let mut templates = Vec::new();
        for value in values {
            match PathTemplate::parse(value) {
                Ok(template) => templates.push(template),
                Err((at, problem)) => self.fault("path", value, at, problem),
            }
        }
        Some(templates)
    }
}

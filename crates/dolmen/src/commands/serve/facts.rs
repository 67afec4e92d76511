//! What the console shows of a configuration.

use std::path::Path;
use std::sync::Arc;

use dolmen_attribution::ServiceRule;
use dolmen_console::{DeclaredOperation, DeclaredSource, Facts, Setting, Warning};

use crate::settings::{Entry, Settings};

pub(in crate::commands) fn of(settings: &Settings, store: &Path) -> Facts {
    let rules = &settings.rule_set;
    let operations = rules.operations.iter().map(|rule| DeclaredOperation {
        operation: rule.name.clone(),
        service: rule.service.clone(),
        retired: rule.retired.map(|day| day.to_string()),
        moved_to: rule.moved_to.clone(),
    });
    let name = |service: &ServiceRule| service.name.clone();
    let has_conditions = |service: &&ServiceRule| {
        let ServiceRule { host, path, upstream, method, .. } = service;
        host.is_some() || path.is_some() || upstream.is_some() || method.is_some()
    };
    let monoliths = rules.services.iter().filter(|service| service.monolith);
    Facts {
        services: each_once(rules.services.iter().map(|service| service.name.clone())),
        monoliths: each_once(monoliths.map(|service| service.name.clone())),
        found_by_rule: each_once(rules.services.iter().filter(has_conditions).map(name)),
        actors: each_once(rules.actors.iter().map(|actor| actor.name.clone())),
        operations: one_each(operations),
        sources: settings
            .sources
            .iter()
            .map(|source| DeclaredSource {
                name: source.name.clone(),
                kind: source.intake.word().to_owned(),
                holds: source.holds.to_string(),
                service: Some(source.service.clone()).filter(|service| !service.is_empty()),
            })
            .collect(),
        config: settings.file.as_ref().map(|file| file.display().to_string()),
        settings: settings.entries.iter().map(setting).collect(),
        warnings: settings
            .warnings
            .iter()
            .map(|warning| Warning {
                line: warning.line,
                column: warning.column,
                message: warning.message.clone(),
            })
            .collect(),
        store: store.display().to_string(),
        judging: settings.judging.clone(),
        plan: super::plan(settings),
        masking: Arc::clone(&settings.masking),
    }
}

/// Several rules may share a name.
fn each_once(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut once: Vec<String> = Vec::new();
    for name in names {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    once
}

/// Several rules may speak of one operation on one service; what each says counts.
fn one_each(rules: impl Iterator<Item = DeclaredOperation>) -> Vec<DeclaredOperation> {
    let mut each: Vec<DeclaredOperation> = Vec::new();
    for rule in rules {
        let same = |one: &&mut DeclaredOperation| {
            one.operation == rule.operation && one.service == rule.service
        };
        match each.iter_mut().find(same) {
            Some(known) => {
                known.retired = known.retired.take().or(rule.retired);
                known.moved_to = known.moved_to.take().or(rule.moved_to);
            }
            None => each.push(rule),
        }
    }
    each
}

fn setting(entry: &Entry) -> Setting {
    let json = |value: Result<serde_json::Value, _>| value.unwrap_or_default();
    Setting {
        key: entry.path(),
        value: json(serde_json::to_value(&entry.value)),
        origin: json(serde_json::to_value(&entry.origin)),
    }
}

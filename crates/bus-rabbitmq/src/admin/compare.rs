//! What exists, compared with what should.

use std::collections::BTreeSet;

use dolmen_bus::{Change, ChangeAction, Topology};
use lapin::ExchangeKind;
use serde_json::{Map, Value};

use super::{Binding, Existing};
use crate::names::Names;
use crate::topology::{Argument, Arguments, Object};

/// What setup would do: create what is missing, and unbind what services no longer listen to.
/// What exists with other arguments is in conflict, told argument by argument.
pub(crate) fn compare(
    names: &Names,
    topology: &Topology,
    wanted: &[Object],
    existing: &Existing,
) -> Vec<Change> {
    let mut changes = Vec::new();
    for object in wanted {
        let note = match object {
            Object::Exchange { name, kind, arguments } => {
                let found = existing.exchanges.iter().find(|found| found.name == *name);
                found.map(|found| {
                    let mut differences = of_kind(&found.kind, kind);
                    differences.extend(of_durable(found.durable));
                    differences.extend(of_arguments(&found.arguments, arguments));
                    differences
                })
            }
            Object::Queue { name, arguments } => {
                let found = existing.queues.iter().find(|found| found.name == *name);
                found.map(|found| {
                    let mut differences: Vec<String> = of_durable(found.durable).collect();
                    differences.extend(of_arguments(&found.arguments, arguments));
                    differences
                })
            }
            Object::BindQueue { queue, exchange, key } => {
                let binding = binding(exchange, "queue", queue, key);
                existing.bindings.contains(&binding).then(Vec::new)
            }
            Object::BindExchange { to, from, key } => {
                let binding = binding(from, "exchange", to, key);
                existing.bindings.contains(&binding).then(Vec::new)
            }
        };
        let (action, note) = match note {
            None => (ChangeAction::Create, None),
            Some(differences) if differences.is_empty() => continue,
            Some(differences) => (ChangeAction::Conflict, Some(differences.join("; "))),
        };
        changes.push(Change { action, object: object.describe(), note });
    }
    for Binding { source, destination, routing_key, .. } in stale(names, topology, wanted, existing)
    {
        let (queue, exchange, key) = (destination.clone(), source.clone(), routing_key.clone());
        let object = Object::BindQueue { queue, exchange, key }.describe();
        changes.push(Change { action: ChangeAction::Remove, object, note: None });
    }
    changes
}

/// The bindings by which services of `topology` listen to what they no longer name.
pub(crate) fn stale<'e>(
    names: &Names,
    topology: &Topology,
    wanted: &[Object],
    existing: &'e Existing,
) -> impl Iterator<Item = &'e Binding> {
    let queues: BTreeSet<String> =
        topology.services.iter().map(|service| names.service(&service.name)).collect();
    let named: BTreeSet<(&str, &str, &str)> = wanted
        .iter()
        .filter_map(|object| match object {
            Object::BindQueue { queue, exchange, key } => Some((&**exchange, &**queue, &**key)),
            _ => None,
        })
        .collect();
    let is_named = |binding: &Binding| {
        let Binding { source, destination, routing_key, .. } = binding;
        named.contains(&(source.as_str(), destination.as_str(), routing_key.as_str()))
    };
    let route = names.route();
    let of_services =
        |binding: &&Binding| binding.source == route && queues.contains(&binding.destination);
    let bindings = existing.bindings.iter();
    let stale: Vec<&Binding> =
        bindings.filter(of_services).filter(|binding| !is_named(binding)).collect();
    stale.into_iter()
}

/// What is in conflict, as one text; `None` when nothing is.
pub(crate) fn conflicts(changes: &[Change]) -> Option<String> {
    let conflicts = changes.iter().filter(|change| change.action == ChangeAction::Conflict);
    let lines: Vec<String> = conflicts
        .map(|Change { object, note, .. }| {
            format!("{object}: {}", note.as_deref().unwrap_or_default())
        })
        .collect();
    (!lines.is_empty()).then(|| {
        format!(
            "what exists has other arguments, and the broker cannot change them; nothing was \
             changed. Remove it when it is empty, then run `dolmen bus setup` again\n  {}",
            lines.join("\n  ")
        )
    })
}

fn binding(source: &str, destination_type: &str, destination: &str, key: &str) -> Binding {
    Binding {
        source: source.to_owned(),
        destination_type: destination_type.to_owned(),
        destination: destination.to_owned(),
        routing_key: key.to_owned(),
    }
}

fn of_kind(is: &str, wanted: &ExchangeKind) -> Vec<String> {
    let wanted = match wanted {
        ExchangeKind::Custom(kind) => kind.clone(),
        ExchangeKind::Direct => "direct".to_owned(),
        ExchangeKind::Fanout => "fanout".to_owned(),
        ExchangeKind::Headers => "headers".to_owned(),
        ExchangeKind::Topic => "topic".to_owned(),
    };
    match is == wanted {
        true => Vec::new(),
        false => vec![format!("its type is {is}, and should be {wanted}")],
    }
}

fn of_durable(is: bool) -> impl Iterator<Item = String> {
    (!is).then(|| "it is not durable, and should be".to_owned()).into_iter()
}

fn of_arguments(is: &Map<String, Value>, wanted: &Arguments) -> Vec<String> {
    let mut differences = Vec::new();
    for (name, wanted) in wanted {
        let wanted = match wanted {
            Argument::Text(text) => Value::from(text.as_str()),
            Argument::Number(number) => Value::from(*number),
        };
        match is.get(*name) {
            Some(found) if *found == wanted => {}
            Some(found) => differences.push(format!("{name} is {found}, and should be {wanted}")),
            None => differences.push(format!("{name} is missing, and should be {wanted}")),
        }
    }
    for (name, found) in is {
        if !wanted.iter().any(|(wanted, _)| wanted == name) {
            differences.push(format!("{name} is {found}, and should not be there"));
        }
    }
    differences
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use dolmen_bus::{Pattern, Policy, ServiceSpec};
    use serde_json::json;

    use super::*;
    use crate::admin::{Exchange, Queue};
    use crate::topology::{DEFAULT_LIMIT, objects};

    fn topology(listen: &[&str]) -> Topology {
        let listen = listen.iter().map(|pattern| Pattern::new(pattern).unwrap()).collect();
        let service = ServiceSpec { name: "a".into(), listen, policy: Policy::default() };
        Topology { services: vec![service] }
    }

    /// A broker on which all of this was declared.
    fn declared(objects: &[Object]) -> Existing {
        let mut existing = Existing::default();
        for object in objects {
            let arguments = |arguments: &Arguments| -> Map<String, Value> {
                let json = |argument: &Argument| match argument {
                    Argument::Text(text) => json!(text),
                    Argument::Number(number) => json!(number),
                };
                arguments.iter().map(|(name, value)| ((*name).to_owned(), json(value))).collect()
            };
            match object {
                Object::Exchange { name, kind, arguments: wanted } => {
                    let kind = format!("{kind:?}").to_lowercase();
                    let (name, arguments) = (name.clone(), arguments(wanted));
                    existing.exchanges.push(Exchange { name, kind, durable: true, arguments });
                }
                Object::Queue { name, arguments: wanted } => {
                    let message_stats = crate::admin::Stats::default();
                    let (name, arguments) = (name.clone(), arguments(wanted));
                    existing.queues.push(Queue { name, durable: true, arguments, message_stats });
                }
                Object::BindQueue { queue, exchange, key } => {
                    existing.bindings.push(binding(exchange, "queue", queue, key));
                }
                Object::BindExchange { to, from, key } => {
                    existing.bindings.push(binding(from, "exchange", to, key));
                }
            }
        }
        existing
    }

    #[test]
    fn what_was_declared_is_as_it_should_be() {
        let (names, topology) = (Names::new("agoram"), topology(&["x.#"]));
        let objects = objects(&names, &topology, &BTreeSet::from([1, 60]), DEFAULT_LIMIT);
        assert_eq!(compare(&names, &topology, &objects, &declared(&objects)), []);
        let nothing = compare(&names, &topology, &objects, &Existing::default());
        assert_eq!(nothing.len(), objects.len());
        assert!(nothing.iter().all(|change| change.action == ChangeAction::Create));
    }

    #[test]
    fn a_pattern_that_is_no_longer_named_is_unbound_and_no_other() {
        let names = Names::new("agoram");
        let before = topology(&["x.#", "y"]);
        let mut existing = declared(&objects(&names, &before, &BTreeSet::from([1]), DEFAULT_LIMIT));
        // Of a service that is not spoken of.
        existing.bindings.push(binding("agoram.route", "queue", "agoram.service.b", "z"));
        let now = topology(&["x.#"]);
        let wanted = objects(&names, &now, &BTreeSet::from([1]), DEFAULT_LIMIT);
        let changes = compare(&names, &now, &wanted, &existing);
        assert_eq!(changes.len(), 1, "{changes:?}");
        assert_eq!(changes[0].action, ChangeAction::Remove);
        assert!(changes[0].object.contains("key \"y\""), "{changes:?}");
    }

    #[test]
    fn a_conflict_is_told_argument_by_argument() {
        let (names, topology) = (Names::new("agoram"), topology(&["x"]));
        let wanted = objects(&names, &topology, &BTreeSet::from([1]), 10);
        let mut existing = declared(&objects(&names, &topology, &BTreeSet::from([1]), 1000));
        let events = existing.exchanges.iter_mut().find(|found| found.name == "agoram.events");
        let events = events.unwrap();
        events.kind = "fanout".into();
        events.arguments.insert("alternate-exchange".into(), json!("other"));
        let changes = compare(&names, &topology, &wanted, &existing);
        let text = conflicts(&changes).unwrap();
        for part in [
            "queue agoram.service.a: x-delivery-limit is 1000, and should be 10",
            "exchange agoram.events: its type is fanout, and should be topic; \
             alternate-exchange is \"other\", and should not be there",
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert_eq!(conflicts(&[]), None);
    }
}

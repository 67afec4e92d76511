//! A hand-made map of who calls what, held against what was seen.
//!
//! ```toml
//! actor = ["web portal", "branch tool"]
//!
//! [[service]]
//! name = "monolith"
//! operations = ["external transfer", "card block"]
//!
//! [[call]]                      # who calls which operation; optional
//! actor = "branch tool"
//! operation = "card block"
//! service = "monolith"
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use dolmen_model::Time;
use dolmen_store::{CubeQuestion, Dimension, Durations, SightingQuestion, Store, StoreError};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;

/// The map as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Map {
    /// Actors.
    #[serde(default, rename = "actor", skip_serializing_if = "Vec::is_empty")]
    pub actors: Vec<String>,
    /// Services, and what each does.
    #[serde(default, rename = "service", skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<MappedService>,
    /// Who calls which operation where. Without any, nothing is said about that.
    #[serde(default, rename = "call", skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<MappedCall>,
}

/// A service and its operations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MappedService {
    /// Its name.
    pub name: String,
    /// The operations that it answers.
    #[serde(default)]
    pub operations: Vec<String>,
}

/// An actor that calls an operation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MappedCall {
    /// Who.
    pub actor: String,
    /// What.
    pub operation: String,
    /// Where; any service without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

/// Why a text is no map.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct MapError {
    /// What is wrong; with the line where that is known.
    pub message: String,
    /// The bytes of the text that are.
    pub at: Option<Range<usize>>,
}

impl Map {
    /// Reads a map.
    ///
    /// # Errors
    /// What is wrong with the text, and where.
    pub fn parse(text: &str) -> Result<Self, MapError> {
        toml::from_str(text)
            .map_err(|error| MapError { message: error.to_string(), at: error.span() })
    }

    /// A map of all that was seen, to begin one with. What only marks without a service tell of has
    /// no place on it.
    pub fn of(seen: &SeenThings) -> Self {
        let operations_of = |service: &str| {
            let here = seen.operations.keys().filter(|(_, of)| of == service);
            here.map(|(operation, _)| operation.clone()).collect()
        };
        let call = |(actor, operation, service): &(String, String, String)| MappedCall {
            actor: actor.clone(),
            operation: operation.clone(),
            service: Some(service.clone()),
        };
        Self {
            actors: seen.actors.keys().cloned().collect(),
            services: seen
                .services
                .keys()
                .map(|name| MappedService { name: name.clone(), operations: operations_of(name) })
                .collect(),
            calls: seen.calls.keys().map(call).collect(),
        }
    }

    /// The map as it is written.
    pub fn toml(&self) -> String {
        // Lists and texts: there is nothing in it that TOML could not hold.
        toml::to_string(self).unwrap_or_default()
    }
}

/// What was seen, with how often.
#[derive(Clone, Debug, Default)]
pub struct SeenThings {
    /// Actors; nobody known is none of them.
    pub actors: BTreeMap<String, u64>,
    /// Services.
    pub services: BTreeMap<String, u64>,
    /// Operations by service.
    pub operations: BTreeMap<(String, String), u64>,
    /// Operations by marks that name no service and have no call.
    pub anywhere: BTreeMap<String, u64>,
    /// Operations by actor and service.
    pub calls: BTreeMap<(String, String, String), u64>,
}

/// What of the map is true.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Compared {
    /// On the map, and seen.
    pub confirmed: Vec<Thing>,
    /// On the map, and not seen.
    pub unseen: Vec<Thing>,
    /// Seen, and not on the map.
    pub unmapped: Vec<Thing>,
}

/// Something on a map, or something seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct Thing {
    /// What it is.
    pub kind: ThingKind,
    /// The actor; `null` where it is none of its kind.
    pub actor: Option<String>,
    /// The operation; the same.
    pub operation: Option<String>,
    /// The service; the same, or the map says of a call that any will do.
    pub service: Option<String>,
    /// Calls seen.
    pub calls: u64,
}

/// What is on a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThingKind {
    /// Who calls.
    Actor,
    /// Who answers.
    Service,
    /// What is asked for, where.
    Operation,
    /// Who asks for what, where.
    Call,
}

impl Compared {
    /// Whether map and traffic say the same.
    pub fn agree(&self) -> bool {
        self.unseen.is_empty() && self.unmapped.is_empty()
    }
}

/// Holds a map against what was seen.
pub fn compare(map: &Map, seen: &SeenThings) -> Compared {
    let mut compared = Compared::default();
    let actors: BTreeSet<&String> = map.actors.iter().collect();
    let on_map = actors.into_iter().map(|actor| (actor.clone(), ())).collect();
    compared
        .sort(on_map, &seen.actors, |actor| (ThingKind::Actor, Some(actor.clone()), None, None));
    let on_map = map.services.iter().map(|service| (service.name.clone(), ())).collect();
    compared.sort(on_map, &seen.services, |service| {
        (ThingKind::Service, None, None, Some(service.clone()))
    });
    let operations = map.services.iter().flat_map(|service| {
        service.operations.iter().map(|operation| ((operation.clone(), service.name.clone()), ()))
    });
    let operations: BTreeMap<(String, String), ()> = operations.collect();
    // Wherever the map has what marks without a service tell of, it was seen.
    let mut seen_operations = seen.operations.clone();
    for place in operations.keys() {
        if let Some(marks) = seen.anywhere.get(&place.0) {
            seen_operations.entry(place.clone()).or_insert(*marks);
        }
    }
    compared.sort(operations, &seen_operations, |(operation, service)| {
        (ThingKind::Operation, None, Some(operation.clone()), Some(service.clone()))
    });
    if !map.calls.is_empty() {
        compare_calls(map, seen, &mut compared);
    }
    compared
}

type Named = (ThingKind, Option<String>, Option<String>, Option<String>);

fn thing((kind, actor, operation, service): Named, calls: u64) -> Thing {
    Thing { kind, actor, operation, service, calls }
}

impl Compared {
    fn sort<K: Ord + Clone>(
        &mut self,
        on_map: BTreeMap<K, ()>,
        seen: &BTreeMap<K, u64>,
        named: impl Fn(&K) -> Named,
    ) {
        for key in on_map.keys() {
            match seen.get(key) {
                Some(&calls) if calls > 0 => self.confirmed.push(thing(named(key), calls)),
                _ => self.unseen.push(thing(named(key), 0)),
            }
        }
        for (key, &calls) in
            seen.iter().filter(|(key, calls)| !on_map.contains_key(key) && **calls > 0)
        {
            self.unmapped.push(thing(named(key), calls));
        }
    }
}

/// A call on the map without a service is any service's.
fn compare_calls(map: &Map, seen: &SeenThings, compared: &mut Compared) {
    let is_of = |call: &MappedCall, (actor, operation, service): &(String, String, String)| {
        call.actor == *actor
            && call.operation == *operation
            && call.service.as_ref().is_none_or(|only| only == service)
    };
    let calls: BTreeSet<&MappedCall> = map.calls.iter().collect();
    for call in &calls {
        let found = seen.calls.iter().filter(|(key, _)| is_of(call, key));
        let count: u64 = found.map(|(_, calls)| calls).sum();
        let (actor, operation) = (Some(call.actor.clone()), Some(call.operation.clone()));
        let named = (ThingKind::Call, actor, operation, call.service.clone());
        let list = if count > 0 { &mut compared.confirmed } else { &mut compared.unseen };
        list.push(thing(named, count));
    }
    for (key, &count) in &seen.calls {
        if !calls.iter().any(|call| is_of(call, key)) {
            let (actor, operation, service) = key.clone();
            let named = (ThingKind::Call, Some(actor), Some(operation), Some(service));
            compared.unmapped.push(thing(named, count));
        }
    }
}

/// What a store has seen, from one instant to before another.
///
/// # Errors
/// What the store says when it cannot be read.
pub fn seen(store: &dyn Store, from: Time, to: Time) -> Result<SeenThings, StoreError> {
    let by = vec![Dimension::Service, Dimension::Operations, Dimension::Actor];
    let durations = Durations::Left;
    let counts = store.count(&CubeQuestion { from, to, by, every: None, durations })?;
    let names = store.names();
    let mut seen = SeenThings::default();
    for (key, cell) in counts.cube.cells() {
        let actor = names.actors.name(key.actor);
        let service = names.services.name(key.service);
        if let Some(actor) = &actor {
            *seen.actors.entry(actor.clone()).or_default() += cell.calls;
        }
        let Some(service) = service else { continue };
        *seen.services.entry(service.clone()).or_default() += cell.calls;
        for operation in names.sets.operations(key.operations) {
            let Some(operation) = names.operations.name(operation) else { continue };
            let place = (operation.clone(), service.clone());
            *seen.operations.entry(place).or_default() += cell.calls;
            if let Some(actor) = &actor {
                let call = (actor.clone(), operation, service.clone());
                *seen.calls.entry(call).or_default() += cell.calls;
            }
        }
    }
    // Marks without a call are seen as well.
    let waiting = store.sightings(&SightingQuestion { to, services: None })?.hidden;
    for marks in waiting {
        let count = marks.times.iter().filter(|time| **time >= from).count() as u64;
        let operation = names.operations.name(marks.operation);
        if let (Some(operation), true) = (operation, count > 0) {
            seen.add_marks(operation, names.services.name(marks.service), count);
        }
    }
    Ok(seen)
}

impl SeenThings {
    /// Minutes with marks that have no call. Where they name no service, they are those of any that
    /// has the operation.
    fn add_marks(&mut self, operation: String, service: Option<String>, minutes: u64) {
        match service {
            Some(service) => {
                *self.operations.entry((operation, service.clone())).or_default() += minutes;
                *self.services.entry(service).or_default() += minutes;
            }
            None => *self.anywhere.entry(operation).or_default() += minutes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen() -> SeenThings {
        let mut seen = SeenThings::default();
        let text = str::to_owned;
        seen.actors = [(text("portal"), 5), (text("script"), 1)].into();
        seen.services = [(text("monolith"), 6)].into();
        seen.operations = [((text("transfer"), text("monolith")), 6)].into();
        seen.calls = [((text("portal"), text("transfer"), text("monolith")), 5)].into();
        seen
    }

    fn compared(map: &str) -> Compared {
        compare(&toml::from_str(map).unwrap(), &seen())
    }

    fn words(things: &[Thing]) -> Vec<String> {
        let part = |text: &Option<String>| text.clone().unwrap_or_default();
        let said = |thing: &Thing| {
            format!("{} {} {}", part(&thing.actor), part(&thing.operation), part(&thing.service))
        };
        things.iter().map(|thing| said(thing).trim().to_owned()).collect()
    }

    #[test]
    fn what_agrees_and_what_does_not() {
        let compared = compared(
            r#"
            actor = ["portal", "agency"]
            service = [{ name = "monolith", operations = ["transfer", "block"] }]
            "#,
        );
        assert_eq!(words(&compared.confirmed), ["portal", "monolith", "transfer monolith"]);
        assert_eq!(words(&compared.unseen), ["agency", "block monolith"]);
        assert_eq!(words(&compared.unmapped), ["script"]);
        assert!(!compared.agree());
    }

    #[test]
    fn what_only_marks_tell_of_was_seen() {
        let mut seen = SeenThings::default();
        seen.add_marks("block".to_owned(), Some("monolith".to_owned()), 3);
        seen.add_marks("ceiling".to_owned(), None, 1);
        let map = r#"service = [{ name = "monolith", operations = ["block", "ceiling"] }]"#;
        let compared = compare(&toml::from_str(map).unwrap(), &seen);
        assert_eq!(words(&compared.confirmed), ["monolith", "block monolith", "ceiling monolith"]);
        assert!(compared.agree());
    }

    #[test]
    fn calls_are_compared_where_the_map_has_some() {
        let map = r#"
            actor = ["portal", "script"]
            service = [{ name = "monolith", operations = ["transfer"] }]
            call = [{ actor = "portal", operation = "transfer" }]
            "#;
        assert!(compared(map).agree());
        let other = map.replace("\"portal\", operation", "\"script\", operation");
        let compared = compared(&other);
        assert_eq!(words(&compared.unseen), ["script transfer"]);
        assert_eq!(words(&compared.unmapped), ["portal transfer monolith"]);
    }

    #[test]
    fn a_key_that_nobody_knows_is_refused() {
        let error = Map::parse("actor = []\nactors = []").unwrap_err();
        assert_eq!(error.at, Some(11..17));
        assert!(error.message.contains("line 2") && error.message.contains("`actor`"), "{error}");
    }

    #[test]
    fn a_map_of_what_was_seen_agrees_with_it() {
        let map = Map::of(&seen());
        assert!(compare(&map, &seen()).agree());
        assert_eq!(Map::parse(&map.toml()), Ok(map));
        assert_eq!(Map::of(&SeenThings::default()).toml(), "");
    }
}

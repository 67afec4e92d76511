//! Every operation that was seen or is declared, by service, and what is known of each.

use std::collections::BTreeMap;

use dolmen_model::{NameId, Names};
use dolmen_store::{CallerSightings, HiddenSightings, Sightings};
use dolmen_verdict::{Calendar, Caller, Day, Evidence, Sighting};
use jiff::civil::Date;

use super::sources::Sources;
use crate::facts::Facts;

/// An operation on a service: the service first, so that tables are in its order.
pub(super) type Place = (Option<String>, String);

/// Every operation that was seen or is declared.
pub(super) struct Known {
    pub(super) places: BTreeMap<Place, Evidence>,
    /// Those that marks tell of, each once.
    pub(super) by_marks: Vec<Place>,
}

/// Every operation that was seen or is declared, by service.
pub(super) fn places(
    names: &Names,
    (facts, calendar): (&Facts, &Calendar),
    seen: &Sightings,
    services: Option<&[NameId]>,
    sources: &Sources,
) -> Known {
    let mut places: BTreeMap<Place, Evidence> = BTreeMap::new();
    let mut by_marks: Vec<Place> = Vec::new();
    let of = |service: NameId, operation: NameId| {
        (names.services.name(service), names.operations.name(operation).unwrap_or_default())
    };
    let mut add =
        |place: Place, places: &mut BTreeMap<Place, Evidence>, caller: &CallerSightings| {
            if !caller.is_claimed {
                by_marks.push(place.clone());
            }
            let evidence = places.entry(place).or_default();
            if caller.address.as_deref() == Some("(other)") && caller.user_agent.is_none() {
                evidence.overflow += caller.calls;
            }
            evidence.sightings.push(seen_calls(caller, names));
        };
    let (own, anybodys): (Vec<_>, Vec<_>) =
        seen.callers.iter().partition(|caller| caller.service.is_known());
    for caller in own {
        add(of(caller.service, caller.operation), &mut places, caller);
    }
    let (known, hidden_anybodys): (Vec<_>, Vec<_>) =
        seen.hidden.iter().partition(|hidden| hidden.service.is_known());
    for hidden in &known {
        let place = of(hidden.service, hidden.operation);
        places.entry(place).or_default().sightings.push(sighting(hidden));
    }
    declare(names, (facts, calendar), services, &mut places);
    for caller in anybodys {
        let operation = of(caller.service, caller.operation).1;
        for place in may_have(&operation, &places, facts, services, names) {
            add(place, &mut places, caller);
        }
    }
    by_marks.extend(known.iter().map(|hidden| of(hidden.service, hidden.operation)));
    for hidden in hidden_anybodys {
        let operation = of(hidden.service, hidden.operation).1;
        for place in may_have(&operation, &places, facts, services, names) {
            by_marks.push(place.clone());
            places.entry(place).or_default().sightings.push(sighting(hidden));
        }
    }
    for ((service, operation), evidence) in &mut places {
        evidence.operation.clone_from(operation);
        evidence.service.clone_from(service);
        evidence.coverage = sources.coverage(service.as_deref());
        evidence.unread = sources.unread(service.as_deref());
        evidence.untimed = sources.untimed(service.as_deref());
        if evidence.sightings.iter().any(|sighting| sighting.caller.is_hidden) {
            evidence.marks_coverage = sources.coverage_of_marks(service.as_deref());
        }
    }
    by_marks.sort_unstable();
    by_marks.dedup();
    for place in &by_marks {
        let may_be =
            |service: NameId| !service.is_known() || names.services.name(service) == place.0;
        let without = seen.without_id.iter().filter(|without| may_be(without.service));
        if let Some(evidence) = places.get_mut(place) {
            evidence.without_id = without.map(|without| without.last).max();
            evidence.silent_marks = sources.silent_marks(place.0.as_deref());
        }
    }
    Known { places, by_marks }
}

/// Calls of one caller.
fn seen_calls(caller: &CallerSightings, names: &Names) -> Sighting {
    Sighting {
        caller: Caller {
            actor: names.actors.name(caller.actor),
            address: caller.address.clone(),
            user_agent: caller.user_agent.clone(),
            is_hidden: false,
        },
        times: caller.times.clone(),
        fine_from: caller.fine_from,
        calls: caller.calls,
        last: Some(caller.last),
    }
}

/// Marks without a call.
fn sighting(hidden: &HiddenSightings) -> Sighting {
    Sighting {
        caller: Caller { is_hidden: true, ..Caller::default() },
        times: hidden.times.clone(),
        fine_from: hidden.fine_from,
        calls: hidden.marks,
        last: Some(hidden.last),
    }
}

/// Where calls and marks of an operation may be from of which nobody knows the service: wherever the
/// operation is known; where it is not, any monolith that is asked for.
fn may_have(
    operation: &str,
    places: &BTreeMap<Place, Evidence>,
    facts: &Facts,
    services: Option<&[NameId]>,
    names: &Names,
) -> Vec<Place> {
    let has_it = |place: &&Place| place.1 == operation;
    let known: Vec<Place> = places.keys().filter(has_it).cloned().collect();
    if !known.is_empty() {
        return known;
    }
    let Some(services) = services else { return vec![(None, operation.to_owned())] };
    let asked = services.iter().map(|id| names.services.name(*id));
    asked
        .filter(|service| facts.is_monolith(service.as_deref()))
        .map(|service| (service, operation.to_owned()))
        .collect()
}

/// Adds what rules declare.
fn declare(
    names: &Names,
    (facts, calendar): (&Facts, &Calendar),
    services: Option<&[NameId]>,
    places: &mut BTreeMap<Place, Evidence>,
) {
    let asked: Option<Vec<String>> = services
        .map(|services| services.iter().filter_map(|id| names.services.name(*id)).collect());
    let is_asked =
        |service: &str| asked.as_ref().is_none_or(|asked| asked.iter().any(|name| name == service));
    for declared in &facts.operations {
        let of: Vec<Option<String>> = match (&declared.service, &asked) {
            (Some(service), _) if is_asked(service) => vec![Some(service.clone())],
            (Some(_), _) => Vec::new(),
            (None, Some(asked)) => asked.iter().cloned().map(Some).collect(),
            (None, None) => {
                let seen: Vec<Option<String>> = places
                    .keys()
                    .filter(|(_, operation)| *operation == declared.operation)
                    .map(|(service, _)| service.clone())
                    .collect();
                if seen.is_empty() { vec![None] } else { seen }
            }
        };
        for service in of {
            let evidence = places.entry((service, declared.operation.clone())).or_default();
            let retired = declared.retired.as_deref().and_then(|day| day.parse::<Date>().ok());
            let retired = retired.map(|day| calendar.start(Day::of(day)));
            evidence.retired = evidence.retired.or(retired);
            evidence.moved_to = evidence.moved_to.take().or_else(|| declared.moved_to.clone());
        }
    }
}

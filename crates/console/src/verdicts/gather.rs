//! What the store knows of each operation on each service, put together.

use std::collections::BTreeMap;

use dolmen_model::{NameId, Names, Time, nearest};
use dolmen_store::{CallerSightings, SightingQuestion, Store, Unreadable, WordKind};
use dolmen_verdict::{About, Calendar, Evidence, Population, Word};

use super::known::{Known, places};
use super::sources::Sources;
use super::{Asked, NoVerdict, SourceGap, former, routes};
use crate::facts::Facts;

pub(super) struct Gathered {
    pub(super) at: Time,
    pub(super) evidence: Vec<Evidence>,
    pub(super) population: Population,
    pub(super) gaps: Vec<SourceGap>,
    /// Segments that cannot be read.
    pub(super) lacking: Vec<Unreadable>,
}

pub(super) fn gather(
    store: &dyn Store,
    facts: &Facts,
    asked: &Asked,
    calendar: &Calendar,
) -> Result<Gathered, NoVerdict> {
    let status = store.status()?;
    let after = |time: Time| Time::from_micros(time.micros().saturating_add(1));
    // A mark without a call is somebody, too.
    let known = status.segments.iter().filter(|segments| segments.kind != "unread");
    let last = known.filter_map(|segments| segments.to).max().map(after);
    let last = last.map(|last| last.min(asked.now.unwrap_or(Time::MAX)));
    let has_lines = status.sources.iter().any(|source| source.kind != "unread" && source.lines > 0);
    let at = asked.at.or(last).ok_or_else(|| {
        let why = if has_lines {
            "no line of the store has a time: let the formats of its sources read the time"
        } else {
            "the store holds no calls: import some, or run `dolmen serve`"
        };
        NoVerdict::Unknown(why.to_owned())
    })?;
    let names = store.names();
    let sources = Sources::of(&status, facts, at);
    let mut services = services(names, facts, asked)?;
    let (seen, mut known) = loop {
        // Nobody knows whose calls without a service are: perhaps those of one that is asked for.
        let asked_for = services.clone().map(|mut asked| {
            asked.push(NameId::UNKNOWN);
            asked
        });
        let seen = store.sightings(&SightingQuestion { to: at, services: asked_for })?;
        let known = places(names, (facts, calendar), &seen, services.as_deref(), &sources);
        let Some(operation) = &asked.operation else { break (seen, known) };
        if known.places.keys().any(|(_, name)| name == operation) {
            break (seen, known);
        }
        // No monolith ever had it: another service may.
        if asked.service.is_none() && services.take().is_some() {
            continue;
        }
        let names = known.places.keys().map(|(_, operation)| operation.as_str());
        return Err(NoVerdict::Unknown(unknown("operation", operation, names)));
    };
    if let Some(operation) = &asked.operation {
        known.places.retain(|(_, name), _| name == operation);
    }
    for evidence in known.places.values_mut() {
        evidence.words = words(store, evidence, asked.at)?;
    }
    let Known { mut places, by_marks } = known;
    routes::without_mark(store, facts, &by_marks, at, &mut places)?;
    former::still_calling(store, at, &mut places)?;
    let population = population(&seen.callers);
    Ok(Gathered {
        at,
        evidence: places.into_values().collect(),
        population,
        gaps: sources.gaps(),
        lacking: seen.unreadable,
    })
}

/// Where the instants of all callers lie: one who calls several operations has one vote.
fn population(callers: &[CallerSightings]) -> Population {
    /// Actor, address, user agent.
    type Who<'c> = (NameId, Option<&'c str>, Option<&'c str>);
    let mut times: BTreeMap<Who<'_>, Vec<Time>> = BTreeMap::new();
    for caller in callers {
        let who = (caller.actor, caller.address.as_deref(), caller.user_agent.as_deref());
        times.entry(who).or_default().extend(&caller.times);
    }
    for times in times.values_mut() {
        times.sort_unstable();
        times.dedup_by_key(|time| time.seconds().div_euclid(60));
    }
    Population::of(times.values().map(Vec::as_slice))
}

fn unknown<'c>(what: &str, name: &str, known: impl Iterator<Item = &'c str>) -> String {
    let mut known: Vec<&str> = known.collect();
    known.sort_unstable();
    known.dedup();
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("there is no {what} `{name}`: did you mean `{near}`?"),
        None if known.is_empty() => format!("there is no {what} `{name}`: there is none at all"),
        None => format!("there is no {what} `{name}`: there are {}", known.join(", ")),
    }
}

/// The services that are judged: the one that is asked for; without it monoliths; all where there
/// are none.
fn services(names: &Names, facts: &Facts, asked: &Asked) -> Result<Option<Vec<NameId>>, NoVerdict> {
    if let Some(service) = &asked.service {
        let is_declared = facts.services.contains(service);
        return match names.services.find(service.as_bytes()) {
            Some(id) => Ok(Some(vec![id])),
            None if is_declared => Ok(Some(vec![names.services.intern(service.as_bytes())])),
            None => {
                let seen: Vec<String> = (2..)
                    .map_while(|id| names.services.name(NameId(id)))
                    .chain(facts.services.iter().cloned())
                    .collect();
                let known = seen.iter().map(String::as_str);
                Err(NoVerdict::Unknown(unknown("service", service, known)))
            }
        };
    }
    if facts.monoliths.is_empty() {
        return Ok(None);
    }
    let monoliths = facts.monoliths.iter();
    Ok(Some(monoliths.map(|name| names.services.intern(name.as_bytes())).collect()))
}

/// What owners said of this operation. Whoever asks as of an instant asks what was known then.
fn words(store: &dyn Store, evidence: &Evidence, at: Option<Time>) -> Result<Vec<Word>, NoVerdict> {
    let is_of = |said: &Option<String>, name: Option<&str>| {
        said.as_deref().is_none_or(|said| Some(said) == name)
    };
    let words = store.words()?.into_iter().filter(|word| {
        at.is_none_or(|at| word.said <= at)
            && is_of(&word.word.operation, Some(&evidence.operation))
            && is_of(&word.word.service, evidence.service.as_deref())
    });
    Ok(words
        .map(|dolmen_store::Word { id, said, word }| Word {
            id,
            about: match word.kind {
                WordKind::Gone => About::Gone {
                    address: word.address,
                    user_agent: word.user_agent,
                    actor: word.actor,
                },
                WordKind::YearEnd => About::YearEnd,
            },
            who: word.who,
            why: word.why,
            said,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(minute: i64) -> Time {
        Time::from_seconds(minute * 60).unwrap()
    }

    fn caller(operation: u32, address: &str, minutes: &[i64]) -> CallerSightings {
        let times: Vec<Time> = minutes.iter().copied().map(time).collect();
        CallerSightings {
            service: NameId::UNKNOWN,
            operation: NameId(operation),
            actor: NameId::UNKNOWN,
            address: Some(address.to_owned()),
            user_agent: None,
            fine_from: None,
            calls: times.len() as u64,
            last: times[times.len() - 1],
            times,
            is_claimed: false,
        }
    }

    #[test]
    fn one_who_calls_several_operations_has_one_vote() {
        let population = |callers: &[CallerSightings]| format!("{:?}", population(callers));
        let (hourly, other) = ([5, 65, 125, 185], [7, 9, 30, 50]);
        let once = [caller(2, "10.0.0.1", &hourly), caller(2, "10.0.0.2", &other)];
        let mut thrice = once.to_vec();
        thrice.extend([caller(3, "10.0.0.1", &hourly), caller(4, "10.0.0.1", &hourly[1..])]);
        assert_eq!(population(&once), population(&thrice));
        thrice.push(caller(3, "10.0.0.3", &hourly));
        assert_ne!(population(&once), population(&thrice));
    }
}

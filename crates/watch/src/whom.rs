//! Whose calls an alert is about: the query that shows them, and the latest of them.

use dolmen_model::query::{Query, quoted};
use dolmen_model::{Language, NameId, Names, Time};
use dolmen_store::{Alert, CallQuestion, LoneMarks, Store, StoreError, StoredCall, readable};

use crate::callers::{is_of_many, parts};
use crate::causes::Kind;

/// A query that shows the calls of an alert; `None` where there are none to show.
pub fn query(alert: &Alert) -> Option<String> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == alert.kind)?;
    let named = |field: &str, name: &Option<String>| {
        name.as_ref().map(|name| format!("{field}:{}", quoted(name)))
    };
    let places = [named("operation", &alert.operation), named("service", &alert.service)];
    let places = places.into_iter().flatten();
    let mut conditions = Vec::new();
    match kind {
        Kind::ResidualCall => conditions.extend(places),
        Kind::NoId => {
            conditions.push("joined:no_id".to_owned());
            conditions.extend(places);
        }
        Kind::UnknownCaller => {
            conditions.push("actor:unknown".to_owned());
            match parts(&alert.cause).filter(|_| !is_of_many(alert)) {
                Some((network, agent)) => {
                    let known = |text: &str| match text {
                        "-" => "unknown".to_owned(),
                        text => quoted(text),
                    };
                    conditions.push(format!("address:{}", known(network)));
                    conditions.push(format!("user_agent:{}", known(agent)));
                    // It may have entered others, too.
                    conditions.push("not operation:unknown".to_owned());
                }
                None => conditions.extend(places),
            }
        }
        Kind::MarkOnly | Kind::SilentSource => return None,
    }
    let text = conditions.join(" and ");
    // A name that no query can hold names no call that could be shown.
    Query::parse(&text).is_ok().then_some(text)
}

/// Which marks without a call an alert counts; `None` where it is about something else.
pub fn marks(alert: &Alert, names: &Names) -> Option<LoneMarks> {
    const MOST: usize = 100;
    if alert.kind != Kind::MarkOnly.name() {
        return None;
    }
    let unknown = || Some(NameId::UNKNOWN);
    let (service, operation) = (alert.service.as_ref(), alert.operation.as_ref());
    let service = service.map_or_else(unknown, |name| names.services.find(name.as_bytes()))?;
    let operation =
        operation.map_or_else(unknown, |name| names.operations.find(name.as_bytes()))?;
    let to = Time::from_micros(alert.last?.micros().saturating_add(1));
    Some(LoneMarks { service, operation, from: alert.first?, to, most: MOST })
}

/// The latest call that an alert is about; `None` where nobody knows when that was, as it is looked
/// for from then on alone.
///
/// # Errors
/// What the store says when it cannot be read.
pub fn latest(store: &dyn Store, alert: &Alert) -> Result<Option<StoredCall>, StoreError> {
    let Some(from) = alert.last else { return Ok(None) };
    let Some(query) = query(alert).and_then(|text| Query::parse(&text).ok()) else {
        return Ok(None);
    };
    // Of what cannot be read there is nothing to show.
    readable(store.calls(&CallQuestion { from, to: Time::MAX, query })?, &mut Vec::new())
        .next()
        .transpose()
}

/// Who made a call, after a sentence: `by batch, 10.0.0.1 (curl/8)`.
pub fn by(call: &StoredCall, language: Language) -> String {
    let by = match language {
        Language::English => "by",
        Language::French => "par",
    };
    let actor = call.actor.iter().map(|actor| format!("{actor}, "));
    let agent = call.user_agent.iter().map(|agent| format!(" ({agent})"));
    let address = call.address.as_deref().unwrap_or("-");
    let (actor, agent) = (actor.collect::<String>(), agent.collect::<String>());
    format!("{by} {actor}{address}{agent}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(kind: Kind, cause: &str) -> Alert {
        let at = Time::from_micros(0);
        Alert {
            id: 1,
            kind: kind.name().to_owned(),
            cause: cause.to_owned(),
            service: Some("monolith".to_owned()),
            operation: Some("transfer".to_owned()),
            opened: at,
            first: None,
            last: Some(at),
            count: 1,
            told: 0,
            acknowledged: None,
            muted_until: None,
        }
    }

    #[test]
    fn an_unknown_caller_is_found_by_what_sets_it_apart() {
        let shown = |cause: &str| query(&alert(Kind::UnknownCaller, cause)).unwrap();
        assert_eq!(
            shown("10.0.9.0/24 (sh \"a\" (b))"),
            r#"actor:unknown and address:"10.0.9.0/24" and user_agent:"sh \"a\" (b)" and not operation:unknown"#
        );
        assert_eq!(
            shown("- (-)"),
            "actor:unknown and address:unknown and user_agent:unknown and not operation:unknown"
        );
        assert_eq!(
            shown("transfer on monolith"),
            r#"actor:unknown and operation:"transfer" and service:"monolith""#
        );
        assert_eq!(query(&alert(Kind::SilentSource, "proxy since dawn")), None);
    }
}

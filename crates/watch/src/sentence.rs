//! What alerts say, in each language: they are kept as what was found, and worded when read.

use dolmen_model::{Language, Time};
use dolmen_store::Alert;

use crate::callers::is_of_many;
use crate::causes::Kind;

/// What an alert tells, as a sentence goes on; how often and when stands beside it.
pub fn what(alert: &Alert, language: Language) -> String {
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == alert.kind);
    let unknown = match language {
        Language::English => "unknown",
        Language::French => "un service inconnu",
    };
    let service = alert.service.as_deref().unwrap_or(unknown);
    let operation = alert.operation.as_deref();
    let Alert { cause, .. } = alert;
    // A newer version kept what this one has no words for.
    let Some(kind) = kind else { return format!("{}: {cause}", alert.kind) };
    match language {
        Language::English => {
            let operation = operation.unwrap_or("unknown");
            match kind {
                Kind::ResidualCall => {
                    format!("{operation} is retired on {service} and still called")
                }
                Kind::UnknownCaller if is_of_many(alert) => {
                    format!("many whom nobody knows call {operation} on {service}")
                }
                Kind::UnknownCaller => {
                    format!("nobody knows who calls {operation} on {service}: {cause}")
                }
                Kind::MarkOnly => format!("{operation} was entered on {service} past the proxy"),
                Kind::NoId => format!("calls without a request id on {service}"),
                Kind::SilentSource => format!("the source {} is silent", source(alert)),
            }
        }
        Language::French => {
            let operation = operation.unwrap_or("une opération inconnue");
            match kind {
                Kind::ResidualCall => {
                    format!("{operation} est retirée sur {service} et encore appelée")
                }
                Kind::UnknownCaller if is_of_many(alert) => {
                    format!("beaucoup d'inconnus appellent {operation} sur {service}")
                }
                Kind::UnknownCaller => {
                    format!("personne ne sait qui appelle {operation} sur {service} : {cause}")
                }
                Kind::MarkOnly => {
                    format!("{operation} sur {service} : entrée sans passer par le proxy")
                }
                Kind::NoId => format!("appels sans identifiant de requête sur {service}"),
                Kind::SilentSource => format!("la source {} se tait", source(alert)),
            }
        }
    }
}

/// An alert as one sentence, for people: what, how often, and when.
pub fn sentence(alert: &Alert, language: Language) -> String {
    let what = what(alert, language);
    let Alert { count, first, last, .. } = *alert;
    let is_silence = alert.kind == Kind::SilentSource.name();
    let time = |time: Option<Time>| time.map(|time| time.to_string()).unwrap_or_default();
    match (language, is_silence) {
        (Language::English, true) => match last {
            Some(last) => format!("{what}: from {} to {last}", time(first)),
            None => format!("{what} since {}", time(first)),
        },
        (Language::French, true) => match last {
            Some(last) => format!("{what} : du {} au {last}", time(first)),
            None => format!("{what} depuis le {}", time(first)),
        },
        (Language::English, false) => {
            let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
            let last = last.map(|last| format!(", the last at {last}"));
            format!("{what}: {times}{}", last.unwrap_or_default())
        }
        (Language::French, false) => {
            let times = if count == 1 { "une fois".to_owned() } else { format!("{count} fois") };
            let last = last.map(|last| format!(", la dernière le {last}"));
            format!("{what} : {times}{}", last.unwrap_or_default())
        }
    }
}

/// The source that is silent: its name stands before the time in what sets the alert apart.
fn source(alert: &Alert) -> &str {
    let is_of = |end: &Option<String>| end.as_deref().and_then(|end| alert.cause.strip_suffix(end));
    let since = alert.first.map(|first| format!(" since {first}"));
    let span = alert.first.zip(alert.last).map(|(first, last)| format!(" from {first} to {last}"));
    is_of(&since).or_else(|| is_of(&span)).unwrap_or(&alert.cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(kind: Kind, cause: &str) -> Alert {
        // 2023-06-01T04:15:00Z
        let at = Time::from_seconds(1_685_592_900);
        Alert {
            id: 1,
            kind: kind.name().to_owned(),
            cause: cause.to_owned(),
            service: Some("monolith".to_owned()),
            operation: Some("virement".to_owned()),
            opened: at.unwrap(),
            first: at,
            last: None,
            count: 3,
            told: 0,
            acknowledged: None,
            muted_until: None,
        }
    }

    #[test]
    fn every_kind_is_said_in_the_readers_language() {
        for kind in Kind::ALL {
            let named = alert(kind, "10.0.0.1 (curl/8)");
            let nameless = Alert { service: None, operation: None, ..named.clone() };
            for alert in [named, nameless] {
                let english = sentence(&alert, Language::English);
                let french = sentence(&alert, Language::French);
                let has = |text: &str, words: &[&str]| {
                    text.split(|letter: char| !letter.is_alphanumeric())
                        .any(|word| words.contains(&word))
                };
                let words = ["is", "on", "who", "was", "times", "the", "since", "unknown", "calls"];
                assert!(!has(&french, &words), "{french}");
                assert!(has(&english, &words), "{english}");
                assert!(!has(&english, &["est", "sur", "fois", "la", "inconnu"]), "{english}");
            }
        }
    }

    #[test]
    fn a_source_is_named_without_the_time_that_sets_its_silence_apart() {
        let silent = alert(Kind::SilentSource, "proxy since dawn since 2023-06-01T04:15:00Z");
        assert_eq!(what(&silent, Language::French), "la source proxy since dawn se tait");
        let last = Time::from_seconds(1_685_596_500);
        let cause = "proxy from 2023-06-01T04:15:00Z to 2023-06-01T05:15:00Z";
        let ended = Alert { last, ..alert(Kind::SilentSource, cause) };
        assert_eq!(
            sentence(&ended, Language::French),
            "la source proxy se tait : du 2023-06-01T04:15:00Z au 2023-06-01T05:15:00Z"
        );
        assert_eq!(
            sentence(&ended, Language::English),
            "the source proxy is silent: from 2023-06-01T04:15:00Z to 2023-06-01T05:15:00Z"
        );
    }

    #[test]
    fn once_is_no_number() {
        let once = Alert {
            count: 1,
            last: Time::from_seconds(1_685_592_900),
            ..alert(Kind::ResidualCall, "")
        };
        assert_eq!(
            sentence(&once, Language::English),
            "virement is retired on monolith and still called: once, the last at 2023-06-01T04:15:00Z"
        );
    }
}

//! From one state of an alert to the next. Pure.

use dolmen_model::Time;
use dolmen_store::Alert;

use crate::causes::Seen;

/// What becomes of an alert by what was seen now; `None` where nothing changes.
pub(crate) fn after(before: Option<&Alert>, seen: Seen, now: Time) -> Option<Alert> {
    let Some(before) = before else {
        return Some(Alert {
            id: 0,
            kind: seen.kind.name().to_owned(),
            cause: seen.cause,
            service: seen.service,
            operation: seen.operation,
            opened: now,
            first: seen.first,
            last: seen.last,
            count: seen.count,
            told: 0,
            acknowledged: None,
            muted_until: None,
        });
    };
    // Fewer than before: the rules changed, or lines were removed. Nobody needs to know.
    if seen.count <= before.count {
        return None;
    }
    let mut alert = Alert {
        first: before.first.or(seen.first),
        last: seen.last.max(before.last),
        count: seen.count,
        ..before.clone()
    };
    if alert.acknowledged.take().is_some() {
        alert.opened = now;
        alert.told = 0;
    }
    // Of what came while it was muted somebody is told afterwards.
    if alert.muted_until.is_some() {
        alert.told = 0;
    }
    Some(alert)
}

/// Whether somebody is still to be told.
pub fn is_pending(alert: &Alert, now: Time) -> bool {
    let is_muted = alert.muted_until.is_some_and(|until| now < until);
    alert.told == 0 && alert.acknowledged.is_none() && !is_muted
}

/// Somebody was told. To be kept only after that is certain: a crash in between tells again, it
/// never keeps silent.
pub fn tell(alert: &Alert) -> Alert {
    Alert { told: alert.count, ..alert.clone() }
}

/// Somebody says that it is known: told again when more comes.
pub fn acknowledge(alert: &Alert, now: Time) -> Alert {
    Alert { acknowledged: Some(now), told: alert.count, ..alert.clone() }
}

/// Nobody is told before `until`.
pub fn mute(alert: &Alert, until: Time) -> Alert {
    Alert { muted_until: Some(until), told: alert.count, ..alert.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::causes::Kind;

    fn at(minute: i64) -> Time {
        Time::from_micros(minute * 60_000_000)
    }

    fn seen(count: u64) -> Seen {
        Seen {
            kind: Kind::ResidualCall,
            cause: "transfer on monolith".to_owned(),
            service: Some("monolith".to_owned()),
            operation: Some("transfer".to_owned()),
            first: Some(at(0)),
            last: Some(at(count.cast_signed())),
            count,
        }
    }

    fn opened() -> Alert {
        after(None, seen(1), at(5)).unwrap()
    }

    #[test]
    fn one_cause_is_told_once_while_nobody_answers() {
        let alert = opened();
        assert!(is_pending(&alert, at(5)));
        let told = tell(&alert);
        assert!(!is_pending(&told, at(6)));
        let more = after(Some(&told), seen(2), at(7)).unwrap();
        assert_eq!((more.count, more.last, more.opened), (2, Some(at(2)), at(5)));
        assert!(!is_pending(&more, at(7)));
    }

    #[test]
    fn what_comes_after_the_answer_is_told_again() {
        let known = acknowledge(&tell(&opened()), at(6));
        assert_eq!(after(Some(&known), seen(1), at(7)), None);
        let again = after(Some(&known), seen(2), at(8)).unwrap();
        assert!(is_pending(&again, at(8)));
        assert_eq!((again.opened, again.acknowledged), (at(8), None));
    }

    #[test]
    fn what_is_muted_is_told_when_the_time_is_over_and_there_is_more() {
        let muted = mute(&opened(), at(100));
        assert!(!is_pending(&muted, at(200)), "nothing came meanwhile");
        let more = after(Some(&muted), seen(2), at(50)).unwrap();
        assert!(!is_pending(&more, at(99)));
        assert!(is_pending(&more, at(100)));
    }

    #[test]
    fn fewer_than_before_change_nothing() {
        assert_eq!(after(Some(&opened()), seen(1), at(9)), None);
    }
}

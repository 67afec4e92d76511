//! From one state of an alert to the next. Pure.

use dolmen_model::Time;
use dolmen_store::Alert;

use crate::causes::{Kind, Seen};

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
    let is_later = seen.last.zip(before.last).is_some_and(|(seen, before)| seen > before);
    let is_news = seen.count > before.count || (seen.count > 0 && is_later);
    if !is_news && seen.count == before.count {
        return None;
    }
    let is_over = before.count == 0;
    let mut alert = Alert {
        first: before.first.filter(|_| !is_over).or(seen.first),
        last: seen.last.or(before.last),
        count: seen.count,
        ..before.clone()
    };
    if !is_news {
        // Calls of late marks came, or the rules changed. Nobody needs to know, but what comes on top
        // of the few is news again.
        alert.told = before.told.min(seen.count);
        return Some(alert);
    }
    let was_answered = alert.acknowledged.take().is_some();
    // Of what came while it was muted somebody is told afterwards. What is told anew is another thing
    // to whoever is told.
    if was_answered || alert.muted_until.is_some() || is_over {
        if before.told > 0 || is_over {
            alert.opened = now;
        }
        alert.told = 0;
    }
    Some(alert)
}

/// What becomes of an alert of which nothing is there any more; `None` where nothing changes. Of a
/// silence it stays: that it ended makes it no error.
pub(crate) fn without(before: &Alert) -> Option<Alert> {
    let is_over = before.count > 0 && before.kind != Kind::SilentSource.name();
    is_over.then(|| Alert { count: 0, told: 0, ..before.clone() })
}

/// Whether somebody should look at it: something is there, and nobody answered yet.
pub fn is_open(alert: &Alert, now: Time) -> bool {
    let is_muted = alert.muted_until.is_some_and(|until| now < until);
    alert.count > 0 && alert.acknowledged.is_none() && !is_muted
}

/// Whether somebody is still to be told.
pub fn is_pending(alert: &Alert, now: Time) -> bool {
    alert.told == 0 && is_open(alert, now)
}

/// Somebody was told. To be kept only after that is certain: a crash in between tells again, it
/// never keeps silent. A mute that is over has had its effect.
pub fn tell(alert: &Alert, now: Time) -> Alert {
    let muted_until = alert.muted_until.filter(|until| now < *until);
    Alert { told: alert.count, muted_until, ..alert.clone() }
}

/// Somebody says that it is known: told again when more comes.
pub fn acknowledge(alert: &Alert, now: Time) -> Alert {
    Alert { acknowledged: Some(now), told: alert.count, ..alert.clone() }
}

/// Nobody is told before `until`.
pub fn mute(alert: &Alert, until: Time) -> Alert {
    Alert { muted_until: Some(until), told: alert.count, ..alert.clone() }
}

/// It is not known after all. Whoever was told of it is not told again.
pub fn reopen(alert: &Alert) -> Alert {
    Alert { acknowledged: None, ..alert.clone() }
}

/// Somebody may be told again: of what came meanwhile at once.
pub fn unmute(alert: &Alert) -> Alert {
    Alert { muted_until: None, ..alert.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let told = tell(&alert, at(5));
        assert!(!is_pending(&told, at(6)));
        let more = after(Some(&told), seen(2), at(7)).unwrap();
        assert_eq!((more.count, more.last, more.opened), (2, Some(at(2)), at(5)));
        assert!(!is_pending(&more, at(7)));
    }

    #[test]
    fn what_comes_after_the_answer_is_told_again() {
        let known = acknowledge(&tell(&opened(), at(5)), at(6));
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
    fn what_came_while_it_was_muted_is_told_once() {
        let muted = mute(&tell(&opened(), at(5)), at(100));
        let more = after(Some(&muted), seen(2), at(150)).unwrap();
        assert!(is_pending(&more, at(150)), "the mute is over");
        let told = tell(&more, at(150));
        assert_eq!(told.muted_until, None);
        let again = after(Some(&told), seen(3), at(160)).unwrap();
        assert!(!is_pending(&again, at(160)), "nobody answered");
        // Who mutes it while it is told is heard.
        assert_eq!(tell(&muted, at(50)).muted_until, Some(at(100)));
    }

    #[test]
    fn an_answer_is_taken_back() {
        let told = tell(&opened(), at(5));
        let again = reopen(&acknowledge(&told, at(6)));
        assert!(is_open(&again, at(7)) && !is_pending(&again, at(7)), "told once");
        let muted = mute(&told, at(100));
        assert!(!is_pending(&unmute(&muted), at(7)));
        let more = after(Some(&muted), seen(2), at(8)).unwrap();
        assert!(is_pending(&unmute(&more), at(9)), "of more nobody was told");
    }

    #[test]
    fn what_rises_after_it_fell_is_told_again() {
        let known = acknowledge(&tell(&after(None, seen(43), at(5)).unwrap(), at(5)), at(6));
        let fewer = after(Some(&known), seen(3), at(7)).unwrap();
        assert!(!is_pending(&fewer, at(7)), "nobody needs to know");
        assert_eq!((fewer.count, fewer.told, fewer.acknowledged), (3, 3, Some(at(6))));
        let more = after(Some(&fewer), seen(13), at(8)).unwrap();
        assert!(is_pending(&more, at(8)));
        // While nobody answers it is told once.
        let open = tell(&after(None, seen(43), at(5)).unwrap(), at(5));
        let fewer = after(Some(&open), seen(3), at(7)).unwrap();
        assert!(!is_pending(&after(Some(&fewer), seen(13), at(8)).unwrap(), at(8)));
    }

    #[test]
    fn what_ended_and_begins_again_is_told_again() {
        let told = tell(&after(None, seen(50), at(5)).unwrap(), at(5));
        for before in [told.clone(), acknowledge(&told, at(6)), opened()] {
            let over = without(&before).unwrap();
            assert!(!is_pending(&over, at(7)) && !is_open(&over, at(7)));
            assert_eq!(without(&over), None);
            let again = after(Some(&over), seen(5), at(8)).unwrap();
            assert!(is_pending(&again, at(8)));
            assert_eq!((again.count, again.opened), (5, at(8)));
        }
        let silence = Alert { kind: Kind::SilentSource.name().to_owned(), ..told };
        assert_eq!(without(&silence), None);
    }

    #[test]
    fn fewer_of_which_one_is_new_are_told() {
        let known = acknowledge(&tell(&after(None, seen(3), at(5)).unwrap(), at(5)), at(6));
        let one = Seen { last: Some(at(9)), ..seen(1) };
        assert!(is_pending(&after(Some(&known), one, at(9)).unwrap(), at(9)));
    }
}

//! Ways in which silence was once taken for proof, and was none.
#![allow(clippy::unwrap_used, reason = "a panic is the report, also in helpers")]

mod world;

use dolmen_verdict::{About, Caller, Coverage, Evidence, Reason, Sighting, State, Word};

use world::{DAY, HOUR, MINUTE, caller, evidence, judged, script, sighting, time};

#[test]
fn a_visit_across_midnight_is_one_sighting() {
    let one = evidence(vec![script("10.0.0.1", [100 * DAY - 5 * MINUTE, 100 * DAY + 5 * MINUTE])]);
    let verdict = judged(&one, 2_000 * DAY);
    assert_eq!((verdict.state, verdict.safe_on), (State::Silent, None));
    // Where only days are known, noon stands for each.
    let noons = [100 * DAY + DAY / 2, 101 * DAY + DAY / 2];
    let one = evidence(vec![script("10.0.0.1", noons)]);
    assert_eq!(judged(&one, 2_000 * DAY).safe_on, None);
    // Who comes back later is somebody who comes now and then.
    let two = evidence(vec![script("10.0.0.1", [100 * DAY, 103 * DAY])]);
    assert!(judged(&two, 2_000 * DAY).safe_on.is_some());
}

#[test]
fn an_end_of_the_year_before_anybody_was_seen_proves_nothing() {
    // Logs of calls since 2023; marks, and so the operation, since February 2024.
    let daily = (400..500).map(|day| day * DAY + 9 * HOUR);
    let one = evidence(vec![script("10.0.0.1", daily)]);
    let verdict = judged(&one, 600 * DAY);
    assert_eq!(verdict.state, State::Silent, "{:#?}", verdict.gates);
    assert_eq!(verdict.safe_on.unwrap().to_string(), "2025-01-02T00:00:00Z");
    // Who comes once a month was silent before his first call, and not unknown.
    let monthly = (0..12).map(|month| (380 + month * 30) * DAY);
    let one = evidence(vec![script("10.0.0.1", monthly)]);
    let year = judged(&one, 1_000 * DAY).gates[2].from.unwrap();
    assert_eq!(year.to_string(), "2024-01-02T00:00:00Z");
}

#[test]
fn without_marks_nobody_sees_whom_no_proxy_logs() {
    let hidden = Caller { is_hidden: true, ..Caller::default() };
    let monthly = (0..20).map(|n| (10 + 30 * n) * DAY);
    let mut one = evidence(vec![sighting(hidden, monthly)]);
    assert_eq!(judged(&one, 1_200 * DAY).state, State::Safe);
    // The application's log is not there any more; the proxy's is.
    one.marks_coverage = Some(Coverage::new([(time(0), time(590 * DAY))]));
    let verdict = judged(&one, 1_200 * DAY);
    assert_eq!(verdict.state, State::InUse, "{:#?}", verdict.reasons);
    assert!(verdict.reasons.iter().any(|reason| reason.code() == "gap"), "{:#?}", verdict.reasons);
    // It came back: what was missed in between is no silence.
    let back = Coverage::new([(time(0), time(590 * DAY)), (time(1_150 * DAY), time(3_000 * DAY))]);
    one.marks_coverage = Some(back);
    assert!(!judged(&one, 1_200 * DAY).state.is_safe());
    assert!(judged(&one, 1_500 * DAY).state.is_safe());
}

#[test]
fn calls_of_yesterday_that_nobody_can_tell_are_no_week_of_silence() {
    let mut one = evidence(vec![script("10.0.0.1", [100 * DAY])]);
    one.words = vec![Word {
        id: 1,
        about: About::Gone { address: None, user_agent: None, actor: None },
        who: "Anna".to_owned(),
        why: "scrapped".to_owned(),
        said: time(110 * DAY),
    }];
    assert_eq!(judged(&one, 800 * DAY).state, State::Safe);
    let unknown = Some(time(798 * DAY));
    for without in [(unknown, None), (None, unknown)] {
        (one.without_id, one.without_mark) = without;
        assert_eq!(judged(&one, 800 * DAY).state, State::Silent);
        assert_eq!(judged(&one, 806 * DAY).state, State::Safe);
    }
}

#[test]
fn a_rare_script_is_not_one_of_those_who_take_turns() {
    // Two hosts every other night, a third on each thirtieth day, all with the same user agent.
    let nights = |odd: i64| (300..500).filter(move |day| day % 2 == odd).map(|day| day * DAY);
    let rare = (0..6).map(|n| (330 + 30 * n) * DAY + 2 * HOUR);
    let hosts = [script("10.0.0.1", nights(0)), script("10.0.0.2", nights(1))];
    let two = judged(&evidence(hosts.to_vec()), 509 * DAY);
    assert_eq!((two.callers.len(), two.state), (1, State::Safe), "{:#?}", two.gates);
    let three = [&hosts[..], &[script("10.0.0.3", rare)]].concat();
    let verdict = judged(&evidence(three), 509 * DAY);
    assert_eq!(verdict.callers.len(), 2, "{:#?}", verdict.callers);
    assert!(!verdict.state.is_safe(), "it is due on day 510: {:#?}", verdict.gates);
}

/// Twelve hosts of a named application, each every night until day 1000; on another host, once a
/// year, the same application.
fn many_and_one(yearly: impl IntoIterator<Item = i64>) -> Evidence {
    let host = |number: i64| caller(Some("branch tool"), &format!("10.0.4.{number}"), "tool/1");
    let nights = |number: i64| (0..1_000).map(move |day| day * DAY + 2 * HOUR + number * MINUTE);
    let mut hosts: Vec<Sighting> =
        (0..12).map(|number| sighting(host(number), nights(number))).collect();
    hosts.push(sighting(host(99), yearly));
    evidence(hosts)
}

#[test]
fn a_host_that_comes_once_a_year_is_not_overlooked_among_many() {
    // On the fourth of January of 2023, 2024 and 2025; the others leave in September 2025.
    let year = [3, 368, 734].map(|day| day * DAY + 8 * HOUR);
    let verdict = judged(&many_and_one(year), 1_030 * DAY);
    let rare = verdict.callers.iter().find(|caller| caller.calls == 3).unwrap();
    assert_eq!(rare.caller.address.as_deref(), Some("10.0.4.99"));
    assert_eq!(rare.cadence.to_string(), "every year on 4 January at 08:00");
    assert_eq!(rare.next_expected, Some(time(1_099 * DAY + 8 * HOUR)));
    assert_eq!(
        (verdict.callers.len(), verdict.callers.iter().map(|it| it.addresses).max()),
        (2, Some(12))
    );
    assert_eq!(verdict.state, State::Fading, "it is due in January: {:#?}", verdict.reasons);
    // Three days that are far apart and no rhythm are a host of the others: they left together.
    let some = [3, 290, 734].map(|day| day * DAY + 8 * HOUR);
    let verdict = judged(&many_and_one(some), 1_030 * DAY);
    assert_eq!((verdict.callers.len(), verdict.state), (1, State::Safe), "{:#?}", verdict.callers);
}

#[test]
fn gaps_are_told_the_longest_first_and_the_others_together() {
    // Nightly until day 500; then an hour of each day is lost, and once two days.
    let mut one = evidence(vec![script("10.0.0.1", (300..500).map(|day| day * DAY + 2 * HOUR))]);
    let hour = |day: i64| (time(day * DAY + 9 * HOUR), time(day * DAY + 10 * HOUR));
    let long = (time(510 * DAY), time(512 * DAY));
    one.coverage = one.coverage.except((500..530).map(hour).chain([long]));
    let verdict = judged(&one, 540 * DAY);
    let gaps = verdict.reasons.iter().filter(|reason| matches!(reason, Reason::Gap { .. }));
    assert_eq!(gaps.count(), 3, "{:#?}", verdict.reasons);
    let is_long =
        |reason: &Reason| matches!(reason, Reason::Gap { from, to, .. } if (*from, *to) == long);
    assert!(verdict.reasons.iter().any(is_long), "{:#?}", verdict.reasons);
    // Two of the thirty hours are in the two days.
    let more = verdict.reasons.iter().find_map(|reason| match reason {
        Reason::MoreGaps { gaps, days } => Some((*gaps, *days)),
        _ => None,
    });
    let (gaps, days) = more.unwrap();
    assert_eq!((gaps, (days * 24.0).round() as i64), (26, 26));
}

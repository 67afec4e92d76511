//! Habits that were once judged wrongly.
#![allow(clippy::unwrap_used, reason = "a panic is the report, also in helpers")]

mod world;

use dolmen_model::Language;
use dolmen_verdict::{
    ALPHA, About, Calendar, Caller, Certainty, Reason, Sighting, State, Verdict, Word,
};
use jiff::tz::TimeZone;

use world::{DAY, HOUR, MINUTE, caller, evidence, judged, sighting, time};

fn script(times: impl IntoIterator<Item = i64>) -> Sighting {
    world::script("10.0.0.1", times)
}

fn gone(address: Option<&str>, actor: Option<&str>) -> Word {
    let text = |text: &str| text.to_owned();
    Word {
        id: 1,
        about: About::Gone { address: address.map(text), user_agent: None, actor: actor.map(text) },
        who: text("Anna"),
        why: text("scrapped"),
        said: time(950 * DAY),
    }
}

#[test]
fn one_hosts_word_is_not_that_of_the_others() {
    let hosts = (0..30).map(|host| {
        let who = caller(Some("branch"), &format!("10.0.4.{host}"), "branch/1");
        sighting(who, [121 * DAY + 9 * HOUR + host * MINUTE])
    });
    let mut evidence = evidence(hosts.collect());
    let before = judged(&evidence, 1_000 * DAY);
    assert_eq!((before.callers.len(), before.callers[0].addresses), (1, 30));
    // The word of the host that was seen last.
    evidence.words = vec![gone(Some("10.0.4.29"), None)];
    let one = judged(&evidence, 1_000 * DAY);
    assert_eq!((one.state, one.callers[0].has_word), (State::Silent, false));
    evidence.words = vec![gone(None, Some("branch"))];
    let all = judged(&evidence, 1_000 * DAY);
    assert_eq!((all.state, all.callers[0].has_word), (State::Safe, true));
    assert!(before.p_any > ALPHA);
    assert_eq!((one.p_any, all.p_any), (before.p_any, before.p_any), "a word changes no number");
}

#[test]
fn a_word_speaks_for_nobody_who_comes_after_it() {
    let mut one = evidence(vec![script([10 * DAY])]);
    one.words = vec![Word { said: time(400 * DAY), ..gone(None, None) }];
    assert_eq!(judged(&one, 800 * DAY).state, State::Safe);
    // Somebody new, two years after "all its clients were scrapped".
    one.sightings.push(sighting(caller(None, "10.0.0.2", "curl/8"), [810 * DAY]));
    let verdict = judged(&one, 2_000 * DAY);
    assert_eq!((verdict.state, verdict.safe_on), (State::Silent, None));
    let has_word: Vec<bool> = verdict.callers.iter().map(|caller| caller.has_word).collect();
    assert_eq!(has_word, [false, true], "the word still counts for who was there before");
    let since = |verdict: &Verdict| {
        let mut all = verdict.reasons.iter().filter(|reason| reason.code() == "came_since");
        let calendar = Calendar::new(TimeZone::UTC);
        all.next().map(|reason| reason.sentence(&calendar, Language::English))
    };
    let told = since(&verdict).unwrap();
    assert!(told.starts_with("curl/8 from 10.0.0.2 called on 21 March 2025"), "{told}");
    // A later word speaks for both.
    one.words.push(Word { said: time(1_900 * DAY), ..gone(None, None) });
    assert_eq!(judged(&one, 2_000 * DAY).state, State::Safe);
    // The same caller again is as new.
    let mut again = evidence(vec![script([10 * DAY + HOUR, 10 * DAY + 5 * HOUR])]);
    again.words = vec![Word { said: time(10 * DAY + 2 * HOUR), ..gone(Some("10.0.0.1"), None) }];
    let verdict = judged(&again, 800 * DAY);
    assert_eq!(verdict.state, State::Silent);
    assert!(since(&verdict).is_some(), "{:#?}", verdict.reasons);
}

#[test]
fn the_end_of_a_year_is_waived_for_those_who_were_known_then() {
    let waived = Word { about: About::YearEnd, said: time(60 * DAY), ..gone(None, None) };
    let daily = || script((0..90).map(|day| day * DAY + 9 * HOUR));
    let mut one = evidence(vec![daily()]);
    one.words = vec![waived];
    assert_eq!(judged(&one, 280 * DAY).state, State::Safe, "known, though it called after");
    let new = (70..100).map(|day| day * DAY + 10 * HOUR);
    one.sightings.push(sighting(caller(None, "10.0.0.2", "curl/8"), new));
    let verdict = judged(&one, 280 * DAY);
    assert_eq!(verdict.state, State::Silent);
    assert_eq!(verdict.safe_on, Some(time(366 * DAY)), "{:#?}", verdict.reasons);
    assert!(verdict.reasons.iter().any(|reason| reason.code() == "came_since"));
}

#[test]
fn whoever_comes_round_the_clock_comes_every_day() {
    let hourly = script((0..24 * 60).map(|hour| 60 * DAY + hour * HOUR + 7 * MINUTE));
    let verdict = judged(&evidence(vec![hourly]), 720 * DAY);
    let caller = &verdict.callers[0];
    assert_eq!((caller.cadence.to_string().as_str(), caller.hits), ("every hour", 60));
    assert_eq!(verdict.state, State::Safe, "{:?}", verdict.gates);
}

#[test]
fn a_day_of_minutes_is_one_day() {
    let probe = script((0..600).map(|minute| 59 * DAY + 8 * HOUR + minute * MINUTE));
    let mut evidence = evidence(vec![probe]);
    let verdict = judged(&evidence, 720 * DAY);
    assert_eq!((verdict.state, verdict.safe_on), (State::Silent, None));
    let calendar = Calendar::new(TimeZone::UTC);
    let said: Vec<String> = verdict
        .reasons
        .iter()
        .map(|reason| reason.sentence(&calendar, Language::English))
        .collect();
    assert!(said.iter().any(|one| one.contains("was seen on one day alone")), "{said:#?}");
    evidence.words = vec![gone(Some("10.0.0.1"), None)];
    assert_eq!(judged(&evidence, 720 * DAY).state, State::Safe);
}

#[test]
fn a_batch_of_hours_is_a_task_of_its_day() {
    // The last day of each month of 2023, every minute for five hours.
    let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let ends = lengths.iter().scan(0, |day, length| {
        *day += length;
        Some(*day - 1)
    });
    let minutes = ends.flat_map(|day| (0..300).map(move |n| day * DAY + HOUR + n * MINUTE));
    let evidence = evidence(vec![script(minutes)]);
    let verdict = judged(&evidence, 370 * DAY);
    let caller = &verdict.callers[0];
    assert_eq!(caller.cadence.to_string(), "last day of the month");
    assert_eq!((caller.hits, caller.misses), (12, 0));
    let safe_on = verdict.safe_on.unwrap();
    assert!(safe_on > time(400 * DAY) && safe_on < time(600 * DAY), "{safe_on}");
}

#[test]
fn a_new_version_is_nobody_new() {
    let versions = (0..40).map(|version| {
        let agent = format!("Mozilla/5.0 (X11) Chrome/{version}.0");
        let who = caller(Some("customers"), &format!("10.9.0.{}", version % 7), &agent);
        sighting(who, (0..3).map(|n| (version + n * 40) * DAY + 9 * HOUR))
    });
    let verdict = judged(&evidence(versions.collect()), 500 * DAY);
    assert_eq!((verdict.callers.len(), verdict.callers[0].addresses), (1, 7));
    assert_eq!(verdict.callers[0].calls, 120);
}

#[test]
fn a_version_long_after_the_others_is_somebody_else() {
    let who = |version| caller(Some("branch"), "10.0.0.1", version);
    let all = sighting(who("branch/2"), (0..90).map(|day| day * DAY));
    let forgotten = sighting(who("branch/1"), [300 * DAY]);
    let verdict = judged(&evidence(vec![forgotten, all]), 2_000 * DAY);
    assert_eq!((verdict.callers.len(), verdict.callers[0].calls), (2, 1));
    assert_eq!((verdict.state, verdict.safe_on), (State::Silent, None));
}

#[test]
fn days_of_long_ago_say_nothing_of_the_hour() {
    // Lines are kept for the last forty days; before, the middle of each day stands for its calls.
    let times = (0..400).map(|day| day * DAY + if day < 360 { DAY / 2 } else { 15 * HOUR + 1_800 });
    let mut nightly = script(times);
    nightly.fine_from = Some(time(360 * DAY));
    let verdict = judged(&evidence(vec![nightly]), 400 * DAY);
    let caller = &verdict.callers[0];
    assert_eq!(caller.cadence.to_string(), "every day at 15:30");
    assert_eq!((caller.hits, caller.misses), (400, 0));
}

#[test]
fn nobody_is_due_at_night_who_comes_by_day() {
    // Every five minutes from 08:00 to 18:00 on workdays, until a Friday evening.
    let days = (1..=89).filter(|day| (1..=5).contains(&(day % 7)));
    let times = days.flat_map(|day| (0..120).map(move |n| day * DAY + 8 * HOUR + n * 5 * MINUTE));
    let evidence = evidence(vec![script(times)]);
    let friday = judged(&evidence, 89 * DAY + 20 * HOUR);
    let caller = &friday.callers[0];
    assert_eq!(caller.certainty, Certainty::Cadence);
    assert_eq!(caller.cadence.to_string(), "every 5 minutes, on workdays, 08:00-18:00");
    assert_eq!(caller.next_expected, Some(time(92 * DAY + 8 * HOUR)));
}

#[test]
fn what_will_be_retired_is_not_retired() {
    let mut evidence = evidence(vec![script((0..90).map(|day| day * DAY))]);
    evidence.retired = Some(time(500 * DAY));
    let is_told = |verdict: Verdict| {
        verdict.reasons.iter().any(|reason| matches!(reason, Reason::Retired { .. }))
    };
    assert!(!is_told(judged(&evidence, 400 * DAY)));
    assert!(is_told(judged(&evidence, 501 * DAY)));
}

#[test]
fn callers_beyond_those_told_apart_are_told_and_counted_once() {
    let rest = Caller { address: Some("(other)".to_owned()), ..Caller::default() };
    let mut evidence = evidence(vec![sighting(rest, (0..7).map(|day| day * 3 * DAY))]);
    evidence.overflow = 7;
    let verdict = judged(&evidence, 30 * DAY);
    assert_eq!(verdict.calls, 7);
    assert!(verdict.reasons.contains(&Reason::Overflow { calls: 7 }), "{:#?}", verdict.reasons);
}

#[test]
fn five_who_are_not_told_apart_are_no_irregular_one() {
    let rest = Caller { address: Some("(other)".to_owned()), ..Caller::default() };
    let mut evidence = evidence(vec![sighting(rest, [0, 1, 3, 6, 10].map(|day| day * DAY))]);
    evidence.overflow = 5;
    let verdict = judged(&evidence, 2_000 * DAY);
    assert_eq!((verdict.state, verdict.safe_on), (State::Silent, None));
    assert!(verdict.reasons.contains(&Reason::Overflow { calls: 5 }), "{:#?}", verdict.reasons);
    // An owner who knows them all may say so.
    evidence.words = vec![gone(Some("(other)"), None)];
    assert_eq!(judged(&evidence, 2_000 * DAY).state, State::Safe);
}

#[test]
fn some_turns_of_the_day_are_no_period() {
    // At 02:10 and 04:10; at 03:00, 09:00 and 15:00: most gaps are of one period.
    let daily = |hours: &'static [i64], late: i64| {
        script((0..30).flat_map(move |day| hours.iter().map(move |h| day * DAY + h * HOUR + late)))
    };
    for (hours, late) in [(&[2, 4][..], 10 * MINUTE), (&[3, 9, 15], 0)] {
        let verdict = judged(&evidence(vec![daily(hours, late)]), 30 * DAY);
        let caller = &verdict.callers[0];
        assert_ne!(caller.certainty, Certainty::Cadence, "{}", caller.cadence);
    }
    let six = judged(&evidence(vec![daily(&[3, 9, 15, 21], 0)]), 30 * DAY);
    assert_eq!(six.callers[0].cadence.to_string(), "every 6 hours");
}

#[test]
fn two_tasks_of_one_machine_are_two_callers() {
    // Every night at 02:00, and on the first of each month at 06:15; the nightly one ends in 2024.
    let firsts = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365, 396, 425, 456, 486];
    let nightly = (0..490).map(|day| day * DAY + 2 * HOUR);
    let mut times: Vec<i64> = nightly.collect();
    times.extend(firsts.map(|day| day * DAY + 6 * HOUR + 15 * MINUTE));
    times.sort_unstable();
    let verdict = judged(&evidence(vec![script(times)]), 510 * DAY);
    let said: Vec<String> =
        verdict.callers.iter().map(|caller| caller.cadence.to_string()).collect();
    assert_eq!(said, ["every day at 02:00", "1st day of the month at 06:15"]);
    let calls: Vec<u64> = verdict.callers.iter().map(|caller| caller.calls).collect();
    assert_eq!(calls, [490, 17]);
    // Due on day 517, and on three more firsts.
    assert_eq!(verdict.state, State::Fading, "{:#?}", verdict.reasons);
    assert!(verdict.safe_on.unwrap() > time(547 * DAY), "{:?}", verdict.safe_on);
}

#[test]
fn who_came_back_otherwise_is_judged_by_what_he_does_now() {
    // Every night until day 500; then on each thirtieth day, at the same time.
    let nightly = (0..500).map(|day| day * DAY + 2 * HOUR);
    let times = nightly.chain((1..=3).map(|n| (499 + 30 * n) * DAY + 2 * HOUR));
    let verdict = judged(&evidence(vec![script(times)]), 620 * DAY);
    assert!(!verdict.state.is_safe(), "{:#?}", verdict.reasons);
    assert!(verdict.safe_on.unwrap() > time(700 * DAY), "{:?}", verdict.safe_on);
    // An outage and then as before is no other habit.
    let nights = (0..500).filter(|day| !(450..470).contains(day));
    let verdict = judged(&evidence(vec![script(nights.map(|day| day * DAY))]), 530 * DAY);
    assert_eq!(verdict.callers[0].cadence.to_string(), "every day at 00:00");
    assert_eq!(verdict.state, State::Safe, "{:#?}", verdict.gates);
}

#[test]
fn one_run_of_days_is_one_visit() {
    // From Wednesday the 4th of January 2023 on, weekends aside.
    let days = [3, 4, 5, 8, 9];
    let run = || script(days.map(|day| day * DAY + 10 * HOUR));
    let mut one = evidence(vec![run()]);
    let verdict = judged(&one, 900 * DAY);
    assert_eq!((verdict.state, verdict.safe_on), (State::Silent, None));
    let calendar = Calendar::new(TimeZone::UTC);
    let said = |reason: &Reason| reason.sentence(&calendar, Language::English);
    let once = verdict.reasons.iter().find(|reason| reason.code() == "once").map(said).unwrap();
    assert!(
        once.contains("was seen in one run of 5 days alone, last on 10 January 2023"),
        "{once}"
    );
    one.words = vec![gone(Some("10.0.0.1"), None)];
    assert_eq!(judged(&one, 900 * DAY).state, State::Safe);
    // A second one in April is a habit.
    let again = days.iter().flat_map(|day| [day * DAY, (day + 91) * DAY]);
    let mut times: Vec<i64> = again.collect();
    times.sort_unstable();
    assert!(judged(&evidence(vec![script(times)]), 900 * DAY).safe_on.is_some());
}

#[test]
fn a_host_that_goes_on_is_not_gone_with_the_others() {
    // Ten hosts of a named actor, each about every fourteen days; nothing since day 500.
    let host = |number: i64| {
        let who = caller(Some("branch"), &format!("10.0.4.{number}"), "branch/1");
        let times = (0..36).map(move |n| {
            let turn = number * 5 + n * n;
            (n * 14 + turn % 11) * DAY + (8 + turn * 7 % 9) * HOUR
        });
        sighting(who, times.filter(|at| *at < 500 * DAY))
    };
    let mut one = evidence((0..10).map(host).collect());
    one.retired = Some(time(500 * DAY));
    let verdict = judged(&one, 520 * DAY);
    assert_eq!((verdict.callers.len(), verdict.callers[0].addresses), (1, 10));
    assert_eq!(verdict.state, State::Silent, "{:#?}", verdict.reasons);
    let safe_on = verdict.safe_on.unwrap();
    assert!(safe_on > time(560 * DAY) && safe_on < time(660 * DAY), "{safe_on}");
    let calendar = Calendar::new(TimeZone::UTC);
    let told: Vec<String> = verdict
        .reasons
        .iter()
        .filter(|reason| reason.code() == "silent")
        .map(|reason| reason.sentence(&calendar, Language::English))
        .collect();
    assert!(told[0].starts_with("branch from 10.0.4."), "one host is meant: {told:#?}");
}

#[test]
fn the_first_long_holiday_is_no_end() {
    // Every workday of half a year, until the last one of July.
    let workdays = |from: i64, to: i64| {
        (from..to).filter(|day| (1..=5).contains(&(day % 7))).map(|day| day * DAY + 7 * HOUR)
    };
    let one = evidence(vec![script(workdays(0, 212))]);
    let mut waived = one.clone();
    waived.words = vec![Word { about: About::YearEnd, said: time(220 * DAY), ..gone(None, None) }];
    let verdict = judged(&waived, 240 * DAY);
    assert_eq!(verdict.state, State::Silent, "{:#?}", verdict.gates);
    let why = verdict.reasons.iter().any(|reason| reason.code() == "new_this_year");
    assert!(why, "{:#?}", verdict.reasons);
    assert_eq!(judged(&waived, 290 * DAY).state, State::Safe);
    // The second one is known, though it may be a few days longer.
    let two = workdays(0, 212).chain(workdays(243, 577));
    let two = evidence(vec![script(two)]);
    assert!(!judged(&two, 611 * DAY).state.is_safe());
    assert_eq!(judged(&two, 620 * DAY).state, State::Safe, "{:#?}", judged(&two, 620 * DAY).gates);
}

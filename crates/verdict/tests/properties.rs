//! What holds for whatever callers do.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

use dolmen_model::{Language, Time};
use dolmen_verdict::{
    ALPHA, About, Calendar, Caller, Coverage, Evidence, Population, Question, Reason, Sighting,
    State, Verdict, Word, judge,
};
use jiff::tz::TimeZone;
use proptest::prelude::*;

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;
/// 2023-01-01T00:00:00Z.
const START: i64 = 1_672_531_200_000_000;

fn time(hours: i64) -> Time {
    Time::from_micros(START + hours * HOUR)
}

fn question(at: Time) -> Question {
    let calendar = Calendar::new(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap());
    Question { at, calendar, alpha: ALPHA }
}

fn sighting(name: usize, mut hours: Vec<i64>) -> Sighting {
    hours.sort_unstable();
    hours.dedup();
    let times: Vec<Time> = hours.into_iter().map(time).collect();
    Sighting {
        caller: Caller {
            actor: name.is_multiple_of(2).then(|| format!("actor {}", name % 3)),
            address: Some(format!("10.0.0.{name}")),
            user_agent: (!name.is_multiple_of(5)).then(|| "curl".to_owned()),
            is_hidden: false,
        },
        calls: times.len() as u64,
        last: times.last().copied(),
        times,
        fine_from: None,
    }
}

fn asked(sightings: Vec<Sighting>, days: i64, at: i64) -> (Evidence, Question) {
    let evidence = Evidence {
        operation: "one".to_owned(),
        service: Some("monolith".to_owned()),
        sightings,
        coverage: Coverage::new([(time(0), time(days * 24))]),
        ..Evidence::default()
    };
    (evidence, question(time(at)))
}

/// All reasons, one a line.
fn said(verdict: &Verdict) -> String {
    let calendar = question(time(0)).calendar;
    let sentence = |reason: &Reason| reason.sentence(&calendar, Language::English);
    verdict.reasons.iter().map(sentence).collect::<Vec<_>>().join("\n")
}

fn verdict(evidence: &Evidence, at: Time) -> Verdict {
    judge(evidence, &Population::default(), &question(at))
}

/// Callers with calls at whole hours of the first 400 days.
fn callers() -> impl Strategy<Value = Vec<Sighting>> {
    let hours = prop_oneof![
        prop::collection::vec(0_i64..9_600, 1..40),
        (1_i64..800, 1_i64..30, 0_i64..500)
            .prop_map(|(step, n, from)| (0..n).map(|i| (from + i * step) % 9_600).collect()),
    ];
    prop::collection::vec(hours, 1..6).prop_map(|all| {
        all.into_iter().enumerate().map(|(name, hours)| sighting(name, hours)).collect()
    })
}

/// What else may be so.
#[derive(Clone, Debug)]
struct Circumstances {
    /// Hours without a log.
    gaps: Vec<(i64, i64)>,
    retired: Option<i64>,
    /// The last calls without a mark, and without a request id.
    unknown: (Option<i64>, Option<i64>),
    /// Of long ago only days are known.
    is_coarse: bool,
    words: Vec<Word>,
}

fn circumstances() -> impl Strategy<Value = Circumstances> {
    let gaps = prop::collection::vec((0_i64..9_400, 1_i64..200), 0..4);
    let hour = || prop::option::of(0_i64..9_600);
    (gaps, hour(), (hour(), hour()), any::<bool>(), words()).prop_map(
        |(gaps, retired, unknown, is_coarse, words)| Circumstances {
            gaps,
            retired,
            unknown,
            is_coarse,
            words,
        },
    )
}

/// What owners say: of an address, of a name, of everybody, or of the year's end.
fn words() -> impl Strategy<Value = Vec<Word>> {
    let about = prop_oneof![
        (0..6).prop_map(|name| (Some(format!("10.0.0.{name}")), None)),
        (0..3).prop_map(|name| (None, Some(format!("actor {name}")))),
        Just((None, None)),
    ];
    let gone = about.prop_map(|(address, actor)| About::Gone { address, user_agent: None, actor });
    let about = prop_oneof![3 => gone, 1 => Just(About::YearEnd)];
    prop::collection::vec((about, 0_i64..9_601), 0..4).prop_map(|all| {
        let word = |(id, (about, said))| Word {
            id,
            about,
            who: "Anna".to_owned(),
            why: "she knows".to_owned(),
            said: time(said),
        };
        (1..).zip(all).map(word).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn it_is_safe_from_the_day_it_said(
        callers in callers(), so in circumstances(),
    ) {
        let (mut evidence, question) = asked(callers, 100_000, 9_601);
        let gaps = so.gaps.into_iter().map(|(from, hours)| (time(from), time(from + hours)));
        evidence.coverage = evidence.coverage.except(gaps);
        evidence.retired = so.retired.map(time);
        (evidence.without_mark, evidence.without_id) =
            (so.unknown.0.map(time), so.unknown.1.map(time));
        evidence.words = so.words;
        for sighting in evidence.sightings.iter_mut().filter(|_| so.is_coarse) {
            sighting.fine_from = sighting.times.get(sighting.times.len() / 2).copied();
        }
        let population = Population::of(evidence.sightings.iter().map(|one| one.times.as_slice()));
        let now = judge(&evidence, &population, &question);
        let last = now.last_call.unwrap();
        prop_assert!((0.0..=1.0).contains(&now.p_any));
        let Some(safe_on) = now.safe_on else {
            // Only of who was seen once silence proves nothing.
            let is_once = |reason: &Reason| matches!(reason, Reason::Once { has_word: false, .. });
            prop_assert!(now.reasons.iter().any(is_once), "{:?}", now.reasons);
            prop_assert!(!now.state.is_safe());
            return Ok(());
        };
        // Since a call of which nobody knows what it entered, too.
        let unknown = evidence.without_mark.max(evidence.without_id);
        prop_assert!(safe_on.micros() >= unknown.max(Some(last)).unwrap().micros() + 6 * DAY);
        let verdict = |at: Time| judge(&evidence, &population, &self::question(at));
        let before = verdict(Time::from_micros(safe_on.micros() - 1).max(last));
        prop_assert!(!before.state.is_safe(), "{:?}", before.reasons);
        let then = verdict(safe_on);
        prop_assert!(then.state.is_safe(), "{:?}", then.gates);
        // An owner's word stands in for who was seen once, and changes no number.
        let is_said = |reason: &Reason| matches!(reason, Reason::Once { has_word: true, .. });
        prop_assert!(then.p_any <= ALPHA || then.reasons.iter().any(is_said));
        prop_assert_eq!(then.safe_on, Some(safe_on));
    }

    #[test]
    fn words_change_no_number_and_make_nothing_later(
        callers in callers(), words in words(), at in 9_601_i64..14_000,
    ) {
        let (mut evidence, _) = asked(callers, 100_000, at);
        let without = verdict(&evidence, time(at));
        evidence.words = words;
        let with = verdict(&evidence, time(at));
        prop_assert_eq!(with.p_any, without.p_any);
        let numbers = |verdict: &Verdict| -> Vec<(Caller, f64, f64)> {
            let callers = verdict.callers.iter();
            callers.map(|one| (one.caller.clone(), one.p_silence, one.p_alive)).collect()
        };
        prop_assert_eq!(numbers(&with), numbers(&without));
        let never = Time::MAX;
        prop_assert!(with.safe_on.unwrap_or(never) <= without.safe_on.unwrap_or(never));
        prop_assert!(with.state == without.state || with.state.is_safe());
    }

    #[test]
    fn nobody_speaks_for_calls_that_come_after(
        callers in callers(), words in words(), at in 9_601_i64..14_000,
    ) {
        let (mut evidence, _) = asked(callers, 100_000, at);
        let without = verdict(&evidence, time(at));
        evidence.words =
            words.into_iter().map(|word| Word { said: time(-1), ..word }).collect();
        let with = verdict(&evidence, time(at));
        prop_assert_eq!((with.state, with.safe_on), (without.state, without.safe_on));
        prop_assert_eq!(with.gates, without.gates);
    }

    #[test]
    fn a_call_without_an_id_makes_nothing_earlier(
        callers in callers(), without_id in 0_i64..9_601, without_mark in prop::option::of(0_i64..9_600),
    ) {
        let (mut evidence, question) = asked(callers, 100_000, 9_601);
        evidence.without_mark = without_mark.map(time);
        let known = judge(&evidence, &Population::default(), &question);
        evidence.without_id = Some(time(without_id));
        let now = judge(&evidence, &Population::default(), &question);
        prop_assert_eq!((now.p_any, now.last_call), (known.p_any, known.last_call));
        match (now.safe_on, known.safe_on) {
            (Some(now), Some(known)) => prop_assert!(now >= known),
            (now, known) => prop_assert_eq!(now, known),
        }
        if time(without_id) <= known.last_call.unwrap() {
            prop_assert_eq!(now.safe_on, known.safe_on);
        }
    }

    #[test]
    fn silence_never_makes_a_caller_likelier(callers in callers(), more in 1_i64..4_000) {
        let (evidence, question) = asked(callers, 100_000, 9_601);
        let now = judge(&evidence, &Population::default(), &question);
        let later = verdict(&evidence, time(9_601 + more));
        prop_assert!(later.p_any <= now.p_any + 1e-9);
        prop_assert_eq!(later.last_call, now.last_call);
    }

    #[test]
    fn the_order_of_callers_does_not_matter(callers in callers()) {
        let (mut evidence, question) = asked(callers, 100_000, 9_700);
        let one = judge(&evidence, &Population::default(), &question);
        evidence.sightings.reverse();
        let other = judge(&evidence, &Population::default(), &question);
        prop_assert_eq!(one.state, other.state);
        prop_assert_eq!(one.safe_on, other.safe_on);
        prop_assert!((one.p_any - other.p_any).abs() < 1e-9);
    }

    #[test]
    fn no_logs_are_no_silence(callers in callers()) {
        // The logs end with the last call, and somebody asks years later.
        let (mut evidence, _) = asked(callers, 400, 9_601);
        let last = evidence.sightings.iter().filter_map(|one| one.last).max().unwrap();
        let end = Time::from_micros(last.micros() + HOUR);
        evidence.coverage = Coverage::new([(time(0), end)]);
        let later = verdict(&evidence, time(60_000));
        prop_assert!(!later.state.is_safe(), "{:?}", later.reasons);
    }
}

#[test]
fn who_was_seen_once_is_never_gone_without_a_word() {
    let (mut evidence, question) = asked(vec![sighting(1, vec![100])], 100_000, 60_000);
    let never = judge(&evidence, &Population::default(), &question);
    assert_eq!((never.state, never.safe_on), (State::Silent, None));
    evidence.words.push(Word {
        id: 1,
        about: About::Gone { address: Some("10.0.0.1".to_owned()), user_agent: None, actor: None },
        who: "Anna".to_owned(),
        why: "the machine is scrapped".to_owned(),
        said: time(50_000),
    });
    let then = judge(&evidence, &Population::default(), &question);
    assert_eq!(then.state, State::Safe);
    assert_eq!(then.callers[0].p_alive, never.callers[0].p_alive, "a word changes no number");
    let said = said(&then);
    assert!(said.contains("Anna says that 10.0.0.1 is gone"), "{said}");
}

#[test]
fn a_year_must_end_unless_an_owner_waives_it() {
    // Every day of the spring, then nothing: in autumn no year has ended.
    let hours = (0..90).map(|day| day * 24 + 9).collect();
    let (mut evidence, question) = asked(vec![sighting(1, hours)], 100_000, 280 * 24);
    let silent = judge(&evidence, &Population::default(), &question);
    assert_eq!(silent.state, State::Silent);
    assert_eq!(silent.safe_on.unwrap().to_string(), "2024-01-01T23:00:00Z");
    evidence.words.push(Word {
        id: 1,
        about: About::YearEnd,
        who: "Anna".to_owned(),
        why: "no books are closed with it".to_owned(),
        said: time(200 * 24),
    });
    assert_eq!(judge(&evidence, &Population::default(), &question).state, State::Safe);
}

#[test]
fn a_retired_operation_that_is_called_is_residual() {
    let hours: Vec<i64> = (0..90).map(|day| day * 24 + 9).collect();
    let (mut evidence, _) = asked(vec![sighting(1, hours)], 100_000, 0);
    evidence.retired = Some(time(80 * 24));
    let verdict = |at: i64| judge(&evidence, &Population::default(), &question(time(at)));
    assert_eq!(verdict(90 * 24).state, State::Residual);
    assert_eq!(verdict(800 * 24).state, State::Retired);
    let mut before = evidence.clone();
    before.retired = Some(time(91 * 24));
    let before = judge(&before, &Population::default(), &question(time(95 * 24)));
    assert_ne!(before.state, State::Retired, "a quiet week is no proof");
}

#[test]
fn everybody_in_the_same_minute_is_nobodys_rhythm() {
    // A log whose timestamps are all in minute 05: some callers in some hours.
    let sightings: Vec<Sighting> = (0..12)
        .map(|name| {
            let times: Vec<Time> = (0..80)
                .filter(|hour| (hour * (name + 3) + hour / 7) % 5 < 4)
                .map(|hour| Time::from_micros(time(hour).micros() + 300_000_000))
                .collect();
            let caller = Caller {
                address: Some(format!("10.0.0.{name}")),
                user_agent: Some(format!("agent {name}")),
                ..Caller::default()
            };
            Sighting { caller, calls: 60, last: times.last().copied(), times, fine_from: None }
        })
        .collect();
    let population = Population::of(sightings.iter().map(|one| one.times.as_slice()));
    let (evidence, question) = asked(sightings, 10, 90);
    let verdict = judge(&evidence, &population, &question);
    assert_eq!(verdict.callers.len(), 12);
    for caller in &verdict.callers {
        assert!(caller.cadence.to_string().starts_with("irregular"), "{:?}", caller.cadence);
    }
}

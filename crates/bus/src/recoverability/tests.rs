use proptest::prelude::*;

use super::*;

const START: Time = Time::from_micros(1_790_000_000_000_000);
const MINUTE: Duration = Duration::from_secs(60);

fn history(attempt: u32) -> History<'static> {
    History { service: "googleapps", attempt, first_failed_at: None, forwarded_by: &[] }
}

fn policy(settings: PolicySettings) -> Policy {
    Policy::build(&settings, "googleapps").unwrap()
}

fn refused(settings: PolicySettings) -> PolicyError {
    Policy::build(&settings, "googleapps").unwrap_err()
}

fn texts(list: &[&str]) -> Option<Vec<String>> {
    Some(list.iter().map(|&text| text.to_owned()).collect())
}

/// Plays one message that softfails until something else becomes of it.
fn play(policy: &Policy, failure: &Failure) -> (Vec<Duration>, Action, Time) {
    let mut now = START;
    let mut waits = Vec::new();
    for attempt in 1.. {
        let first_failed_at = (attempt > 1).then_some(START);
        let history = History { first_failed_at, ..history(attempt) };
        match decide(failure, history, policy, now) {
            Action::Wait(delay) => {
                waits.push(delay);
                now = after(now, delay);
            }
            action => return (waits, action, now),
        }
    }
    unreachable!("attempts are counted")
}

#[test]
fn the_rule_of_ten_is_ten_deliveries_nine_waits_four_hours_and_a_half() {
    let (waits, action, end) = play(&Policy::default(), &Failure::availability("down"));
    assert_eq!(waits, [30 * MINUTE; 9]);
    assert_eq!(action, Action::Fail(Reason::Exhausted { deliveries: 10 }));
    assert_eq!(end, after(START, 270 * MINUTE));
}

#[test]
fn a_hardfail_is_never_tried_again() {
    for failure in [Failure::business("taken"), Failure::technical("a bug")] {
        let action = decide(&failure, history(1), &Policy::default(), START);
        assert_eq!(action, Action::Fail(Reason::Hardfail));
    }
}

#[test]
fn a_handler_may_say_otherwise() {
    let action = decide(&Failure::technical("x").softfail(), history(1), &Policy::default(), START);
    assert_eq!(action, Action::Wait(30 * MINUTE));
    let action =
        decide(&Failure::availability("x").hardfail(), history(1), &Policy::default(), START);
    assert_eq!(action, Action::Fail(Reason::Hardfail));
    let action = decide(&Failure::technical("x").pause(), history(10), &Policy::default(), START);
    assert_eq!(action, Action::Pause);
}

#[test]
fn a_list_of_delays_repeats_its_last() {
    let policy = policy(PolicySettings {
        delays: texts(&["10s", "1m", "1h 30m"]),
        attempts: Some(6),
        ..PolicySettings::default()
    });
    let (waits, _, _) = play(&policy, &Failure::availability("down"));
    assert_eq!(waits, [MINUTE / 6, MINUTE, 90 * MINUTE, 90 * MINUTE, 90 * MINUTE]);
}

#[test]
fn growing_delays_stay_below_their_ceiling_and_differ_between_messages() {
    let policy = policy(PolicySettings {
        first: Some("10s".into()),
        ceiling: Some("10m".into()),
        jitter: Some(0.5),
        attempts: Some(10),
        ..PolicySettings::default()
    });
    let full = [10, 20, 40, 80, 160, 320, 600, 600, 600].map(Duration::from_secs);
    let (waits, _, _) = play(&policy, &Failure::availability("down"));
    for (wait, full) in waits.iter().zip(full) {
        assert!(full / 2 <= *wait && *wait <= full, "{wait:?} of {full:?}");
    }
    let at = |now| decide(&Failure::availability("down"), history(1), &policy, now);
    assert_ne!(at(START), at(after(START, Duration::from_micros(1))));
    assert_eq!(at(START), at(START));
}

#[test]
fn retry_after_is_honoured_within_bounds() {
    let ask = |seconds| {
        let failure = Failure::availability("quota").retry_after(Duration::from_secs(seconds));
        decide(&failure, history(1), &Policy::default(), START)
    };
    assert_eq!(ask(120), Action::Wait(2 * MINUTE));
    assert_eq!(ask(0), Action::Wait(SHORTEST_DELAY));
    assert_eq!(ask(1_000_000), Action::Wait(LONGEST_DELAY));
}

#[test]
fn retry_after_does_not_lengthen_the_rule_of_ten() {
    let failure = Failure::availability("quota").retry_after(MINUTE);
    let action = decide(&failure, history(10), &Policy::default(), START);
    assert_eq!(action, Action::Fail(Reason::Exhausted { deliveries: 10 }));
}

#[test]
fn no_attempt_comes_later_than_the_policy_allows() {
    let within = 65 * MINUTE;
    let policy = policy(PolicySettings { within: Some("65m".into()), ..PolicySettings::default() });
    let (waits, action, _) = play(&policy, &Failure::availability("down"));
    assert_eq!(waits, [30 * MINUTE; 2]);
    assert_eq!(action, Action::Fail(Reason::TooLate { within }));
}

/// A transport whose waits all end too late, or whose service is gone, leaves what comes after that.
#[test]
fn where_there_is_no_way_something_else_is_done() {
    let settings = |fallback: Option<&str>| PolicySettings {
        within: Some("65m".into()),
        fallback: fallback.map(str::to_owned),
        ..PolicySettings::default()
    };
    let (alone, helped) = (policy(settings(None)), policy(settings(Some("mail-b"))));
    let wait = Action::Wait(MINUTE);
    let forward = Action::Forward("mail-b".into());
    let too_late = Action::Fail(Reason::TooLate { within: 65 * MINUTE });
    assert_eq!(instead(&wait, history(2), &alone), too_late);
    assert_eq!(instead(&wait, history(2), &helped), forward);
    let nobody = Action::Fail(Reason::Nobody { service: "mail-b".into() });
    assert_eq!(instead(&forward, history(2), &helped), nobody);
    assert_eq!(instead(&nobody, history(2), &helped), nobody);
    assert_eq!(instead(&wait, history(2), &Policy::default()), wait, "it was not to be early");
}

#[test]
fn a_fallback_gets_what_would_have_hardfailed_for_softfails_only() {
    let policy =
        policy(PolicySettings { fallback: Some("mail-b".into()), ..PolicySettings::default() });
    let (waits, action, _) = play(&policy, &Failure::availability("down"));
    assert_eq!((waits.len(), action), (9, Action::Forward("mail-b".into())));
    let action = decide(&Failure::business("taken"), history(1), &policy, START);
    assert_eq!(action, Action::Fail(Reason::Hardfail));
}

#[test]
fn loops_are_refused() {
    let passed = ["mail-a".to_owned()];
    let history = History { forwarded_by: &passed, ..history(10) };
    for target in ["googleapps", "mail-a"] {
        let failure = Failure::technical("not mine").forward_to(target);
        let action = decide(&failure, history, &Policy::default(), START);
        assert_eq!(action, Action::Fail(Reason::Loop { service: target.into() }));
    }
    let failure = Failure::technical("not mine").forward_to("mail-b");
    let action = decide(&failure, history, &Policy::default(), START);
    assert_eq!(action, Action::Forward("mail-b".into()));
    let long = "b".repeat(300);
    for target in ["", "Mail B", long.as_str()] {
        let failure = Failure::technical("not mine").forward_to(target);
        let action = decide(&failure, history, &Policy::default(), START);
        let why = check_name(target).unwrap_err();
        assert!(why.to_string().len() < 250, "{why}");
        assert_eq!(action, Action::Fail(Reason::Nowhere(why)));
    }
    // A fallback that had its turn does not get another.
    let policy =
        policy(PolicySettings { fallback: Some("mail-a".into()), ..PolicySettings::default() });
    let action = decide(&Failure::availability("down"), history, &policy, START);
    assert_eq!(action, Action::Fail(Reason::Exhausted { deliveries: 10 }));
}

#[test]
fn impossible_policies_are_refused() {
    let none = PolicySettings::default;
    assert_eq!(refused(PolicySettings { attempts: Some(0), ..none() }), PolicyError::Attempts(0));
    assert_eq!(
        refused(PolicySettings { attempts: Some(1001), ..none() }),
        PolicyError::Attempts(1001)
    );
    assert!(matches!(
        refused(PolicySettings { fallback: Some("Big".into()), ..none() }),
        PolicyError::Fallback(_)
    ));
    assert_eq!(refused(PolicySettings { delays: texts(&[]), ..none() }), PolicyError::NoDelay);
    assert_eq!(
        refused(PolicySettings { delays: texts(&["soon"]), ..none() }),
        PolicyError::Duration { setting: "delays", value: "soon".into() }
    );
    assert_eq!(
        refused(PolicySettings { delays: texts(&["-5s"]), ..none() }),
        PolicyError::Duration { setting: "delays", value: "-5s".into() }
    );
    for text in ["0s", "500ms", "25h"] {
        assert_eq!(
            refused(PolicySettings { delays: texts(&[text]), ..none() }),
            PolicyError::Bounds { setting: "delays", value: text.into() }
        );
    }
    assert_eq!(
        refused(PolicySettings { delays: texts(&["1s", "2s"]), attempts: Some(2), ..none() }),
        PolicyError::TooManyDelays { delays: 2, attempts: 2 }
    );
    assert_eq!(
        refused(PolicySettings { delays: texts(&["1s"]), jitter: Some(0.1), ..none() }),
        PolicyError::ListAndGrowth("jitter")
    );
    assert_eq!(
        refused(PolicySettings { factor: Some(2.0), ..none() }),
        PolicyError::NoFirst("factor")
    );
    let first = Some("10s".to_owned());
    assert_eq!(
        refused(PolicySettings { first: first.clone(), factor: Some(1.0), ..none() }),
        PolicyError::Factor(1.0)
    );
    assert_eq!(
        refused(PolicySettings { first: first.clone(), jitter: Some(1.5), ..none() }),
        PolicyError::Jitter(1.5)
    );
    assert!(matches!(
        refused(PolicySettings { first: first.clone(), jitter: Some(f64::NAN), ..none() }),
        PolicyError::Jitter(_)
    ));
    assert_eq!(
        refused(PolicySettings { first, ceiling: Some("5s".into()), ..none() }),
        PolicyError::Ceiling { ceiling: MINUTE / 12, first: MINUTE / 6 }
    );
    assert_eq!(
        refused(PolicySettings { within: Some("29m".into()), ..none() }),
        PolicyError::Within { within: 29 * MINUTE, first: 30 * MINUTE }
    );
    assert_eq!(
        refused(PolicySettings { fallback: Some("googleapps".into()), ..none() }),
        PolicyError::FallbackToItself("googleapps".into())
    );
}

#[test]
fn one_message_that_fails_forever_never_pauses_a_service() {
    let mut outage = Outage::new(&Policy::default());
    for _ in 0..100 {
        assert_eq!(outage.observe("same", Observed::Unavailable, START), None);
    }
}

#[test]
fn twenty_different_messages_in_a_row_pause_it() {
    let mut outage = Outage::new(&Policy::default());
    for n in 0..19 {
        assert_eq!(outage.observe(&n.to_string(), Observed::Unavailable, START), None);
    }
    let probe_at = after(START, Duration::from_secs(5));
    assert_eq!(outage.observe("19", Observed::Unavailable, START), Some(Change::Paused(probe_at)));
    // What was in flight is no probe.
    assert_eq!(outage.observe("20", Observed::Unavailable, START), None);
    assert_eq!(outage.probe_at(), Some(probe_at));
}

#[test]
fn one_that_gets_through_breaks_the_row() {
    let mut outage = Outage::new(&Policy::default());
    for n in 0..100 {
        let observed = if n % 20 == 19 { Observed::Reached } else { Observed::Unavailable };
        assert_eq!(outage.observe(&n.to_string(), observed, START), None);
    }
}

#[test]
fn probes_come_at_growing_intervals_until_one_gets_through() {
    let mut outage = Outage::new(&Policy::default());
    let mut now = START;
    let mut change = outage.observe("a", Observed::CannotRun, now);
    let mut intervals = Vec::new();
    for _ in 0..9 {
        let (Some(Change::Paused(at)) | Some(Change::StillPaused(at))) = change else {
            panic!("{change:?}");
        };
        intervals.push((at.micros() - now.micros()) / 1_000_000);
        now = at;
        change = outage.observe("a", Observed::Unavailable, now);
    }
    assert_eq!(intervals, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
    assert_eq!(outage.observe("b", Observed::Reached, now), Some(Change::Resumed));
    assert_eq!(outage.probe_at(), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever is asked, a wait stays within bounds and a message comes to an end.
    #[test]
    fn every_row_of_softfails_ends(
        attempts in 1u32..=1000,
        first in 1u64..100,
        factor in 1.01f64..100.0,
        jitter in 0.0f64..=1.0,
        retry_after in proptest::option::of(0u64..1_000_000),
    ) {
        let policy = policy(PolicySettings {
            attempts: Some(attempts),
            first: Some(format!("{first}s")),
            factor: Some(factor),
            jitter: Some(jitter),
            ..PolicySettings::default()
        });
        let mut failure = Failure::availability("down");
        failure.retry_after = retry_after.map(Duration::from_secs);
        let (waits, action, _) = play(&policy, &failure);
        prop_assert_eq!(waits.len() as u32, attempts - 1);
        prop_assert!(waits.iter().all(|wait| (SHORTEST_DELAY..=LONGEST_DELAY).contains(wait)));
        prop_assert_eq!(action, Action::Fail(Reason::Exhausted { deliveries: attempts }));
    }
}

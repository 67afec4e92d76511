//! Every reason is said in both languages.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::collections::BTreeSet;

use dolmen_model::{Language, Time};
use dolmen_verdict::{
    About, Cadence, Calendar, Caller, DayRule, End, GateName, OfMonth, Reason, Who, Word,
};
use jiff::tz::TimeZone;

/// One of each kind.
fn one_of_each() -> Vec<Reason> {
    // 2023-06-01T04:15:00Z
    let at = Time::from_seconds(1_685_592_900).unwrap();
    let who = || Who::from(Caller { is_hidden: true, ..Caller::default() });
    let rule = DayRule::Months { every: 1, month: 0, day: OfMonth::Day(1) };
    let cadence = Cadence::Days { rule, at: Some(22_500) };
    let word = |about| {
        let (who, why) = ("Anna".to_owned(), "4711".to_owned());
        Reason::Word { word: Word { id: 1, about, who, why, said: at } }
    };
    let named = || Some("curl".to_owned());
    vec![
        Reason::NeverSeen { covered_days: 12.0 },
        Reason::LastCall { at, who: who(), silent_days: 0.5 },
        Reason::Retired { since: at, moved_to: Some("cartes".to_owned()) },
        Reason::Retired { since: at, moved_to: None },
        Reason::Residual { callers: 2, last: at, who: who() },
        Reason::Due { who: who(), cadence, kept: 3, missed: 1, next: Some(at) },
        Reason::Missed { who: who(), cadence, row: 1, kept: 3, missed: 1, chance: 0.04 },
        Reason::Missed { who: who(), cadence, row: 7, kept: 3, missed: 1, chance: 0.0001 },
        Reason::Silent { who: who(), days: 1, within: 1.0, silent_days: 5.5, chance: 0.5 },
        Reason::Once { who: who(), at, calls: 1, days: 1, has_word: false },
        Reason::Once { who: who(), at, calls: 9, days: 1, has_word: true },
        Reason::Once { who: who(), at, calls: 9, days: 5, has_word: true },
        Reason::MoreCallers { callers: 1 },
        Reason::MoreCallers { callers: 2 },
        Reason::Likelihood { any: 0.5, unsaid: Some(0.02), alpha: 0.05 },
        Reason::NotWatched { end: End::Month, until: Some(at) },
        Reason::NotWatched { end: End::Quarter, until: None },
        Reason::NotWatched { end: End::Year, until: None },
        Reason::NoWeek { until: at },
        Reason::LongerBefore { who: who(), longest: 12.0, needed: 18.0 },
        Reason::NewThisYear { who: who(), needed: 70.0 },
        Reason::ShortlyKnown { who: who(), within: 30.0, needed: 30.0 },
        Reason::Gap { from: at, to: at, counts: true },
        Reason::MoreGaps { gaps: 1, days: 0.5 },
        Reason::MoreGaps { gaps: 2, days: 12.0 },
        Reason::StillCalls { who: who(), last: at, operation: None },
        Reason::StillCalls { who: who(), last: at, operation: Some("virement".to_owned()) },
        Reason::WithoutId { last: at },
        Reason::WithoutMark { last: at },
        Reason::SilentMarks { source: "app".to_owned(), since: at },
        Reason::Unread { source: "app".to_owned(), lines: 7, of: 70 },
        Reason::Untimed { source: "app".to_owned(), lines: 7 },
        Reason::Unseen { once: 1, seen: 3, more: 1.5, next_is_new: 0.1 },
        Reason::Overflow { calls: 7 },
        word(About::YearEnd),
        word(About::Gone { address: None, user_agent: None, actor: None }),
        word(About::Gone { address: None, user_agent: named(), actor: None }),
        Reason::CameSince { said_by: "Anna".to_owned(), said: at, who: who(), at },
        Reason::SafeOn { at },
        Reason::Never { unmet: every_gate() },
    ]
}

fn every_gate() -> Vec<GateName> {
    use GateName::{
        Coverage, Likelihood, LongestSilence, Marks, MonthEnd, QuarterEnd, RequestIds, TwoPeriods,
        Week, YearEnd,
    };
    let ends = [MonthEnd, QuarterEnd, YearEnd];
    let others = [TwoPeriods, Week, LongestSilence, Coverage, RequestIds, Marks, Likelihood];
    ends.into_iter().chain(others).collect()
}

/// How many kinds there are: a new one does not compile until it is counted here, and the test
/// fails until it is one of each.
fn kinds(reason: &Reason) -> usize {
    match reason {
        Reason::NeverSeen { .. }
        | Reason::LastCall { .. }
        | Reason::Retired { .. }
        | Reason::Residual { .. }
        | Reason::Due { .. }
        | Reason::Missed { .. }
        | Reason::Silent { .. }
        | Reason::Once { .. }
        | Reason::MoreCallers { .. }
        | Reason::Likelihood { .. }
        | Reason::NotWatched { .. }
        | Reason::NoWeek { .. }
        | Reason::LongerBefore { .. }
        | Reason::NewThisYear { .. }
        | Reason::ShortlyKnown { .. }
        | Reason::Gap { .. }
        | Reason::WithoutId { .. }
        | Reason::WithoutMark { .. }
        | Reason::SilentMarks { .. }
        | Reason::Unread { .. }
        | Reason::Untimed { .. }
        | Reason::Unseen { .. }
        | Reason::Overflow { .. }
        | Reason::Word { .. }
        | Reason::CameSince { .. }
        | Reason::SafeOn { .. }
        | Reason::MoreGaps { .. }
        | Reason::StillCalls { .. }
        | Reason::Never { .. } => 29,
    }
}

#[test]
fn every_reason_is_said_in_french_too() {
    let calendar = Calendar::new(TimeZone::UTC);
    let all = one_of_each();
    let codes: BTreeSet<&str> = all.iter().map(Reason::code).collect();
    assert_eq!(codes.len(), kinds(&Reason::Never { unmet: Vec::new() }), "{codes:?}");
    for reason in &all {
        let said = |language| reason.sentence(&calendar, language);
        let (english, french) = (said(Language::English), said(Language::French));
        assert_ne!(english, french);
        // Words of either that are none of the other's.
        let has = |text: &str, words: &[&str]| {
            let mut of = text.split(|letter: char| !letter.is_alphanumeric());
            of.any(|word| words.contains(&word))
        };
        let english_words = ["the", "and", "was", "is", "it", "calls", "once", "of", "says", "no"];
        assert!(!has(&french, &english_words), "{french}");
        assert!(!has(&english, &["le", "est", "une", "et", "qui", "dit", "pas"]), "{english}");
        assert!(!french.contains("Z"), "{french}");
    }
}

//! What verdicts say, in English.

use dolmen_model::{Language, Time};

use crate::cadence::{Cadence, MONTHS};
use crate::calendar::{Calendar, Day};
use crate::evidence::About;
use crate::gates::GateName;
use crate::reason::Reason;
use crate::who::Who;

/// A reason as a sentence, its instants as clocks on the wall show them.
pub(crate) fn sentence(reason: &Reason, calendar: &Calendar) -> String {
    let at = |time: Time| instant(time, calendar);
    let day = |time: Time| date(calendar.day(time));
    match reason {
        Reason::NeverSeen { covered_days } => format!(
            "never seen in {} of logs: nobody calls it, or neither a rule nor a mark recognises it",
            days(*covered_days)
        ),
        Reason::LastCall { at: last, who: by, silent_days } => format!(
            "the last call was on {}, by {}: {} of silence that logs cover",
            at(*last),
            who(by),
            days(*silent_days)
        ),
        Reason::Retired { since, moved_to } => {
            let moved = moved_to.as_ref().map(|to| format!(", moved to {to}"));
            format!("retired since {}{}", day(*since), moved.unwrap_or_default())
        }
        Reason::Residual { callers, last, who: by } => format!(
            "{callers} caller{} after it was retired, the last on {}: {}",
            s(*callers as u64),
            at(*last),
            who(by)
        ),
        Reason::Due { who: by, cadence, kept, missed, next } => {
            let next = next.map(|next| format!("; next on {}", at(next)));
            format!(
                "{} calls {}, {}{}",
                who(by),
                habit(cadence),
                appointments(*kept, *missed),
                next.unwrap_or_default()
            )
        }
        Reason::Missed { who: by, cadence, row, kept, missed, chance: p } => {
            let times = if *row == 1 { "once".to_owned() } else { format!("{row} times in a row") };
            format!(
                "{} called {}, {}, and now failed to come {times}: {} if still there",
                who(by),
                habit(cadence),
                appointments(*kept, *missed),
                chance(*p)
            )
        }
        Reason::Silent { who: by, days: called, within, silent_days, chance: p } => format!(
            "{} called on {called} day{} within {} and has been silent for {}: {} if still there",
            who(by),
            s(u64::from(*called)),
            days(*within),
            days(*silent_days),
            chance(*p)
        ),
        Reason::Once { who: by, at: seen, calls, days, has_word } => {
            let once = match (calls, days) {
                (..2, _) => "once,".to_owned(),
                (_, ..2) => "on one day alone, last".to_owned(),
                (_, days) => format!("in one run of {days} days alone, last"),
            };
            let end = match has_word {
                true => ", and an owner says that is over",
                false => ": no silence proves that nobody comes again, an owner's word does",
            };
            format!("{} was seen {once} on {}{end}", who(by), at(*seen))
        }
        Reason::MoreCallers { callers } => {
            format!("and {callers} more caller{}", s(*callers as u64))
        }
        Reason::Likelihood { any, unsaid, alpha } => {
            let unsaid = unsaid.map(|unsaid| {
                let unsaid = chance(unsaid);
                format!(", {unsaid} without those of whom an owner says that they are gone")
            });
            format!(
                "the chance that somebody still calls is {}{}; {} is allowed",
                chance(*any),
                unsaid.unwrap_or_default(),
                chance(*alpha)
            )
        }
        Reason::NotWatched { end, until } => {
            let until = until.map(|until| format!(" yet: {} is the first", day(until)));
            format!("no end of a {} was watched{}", end.name(), until.unwrap_or_default())
        }
        Reason::NoWeek { until } => {
            format!("no whole week without a call has passed: one has on {}", day(*until))
        }
        Reason::LongerBefore { who: by, longest, needed } => format!(
            "{} was silent for {} before and came back: a silence of {} is needed now",
            who(by),
            days(*longest),
            days(*needed)
        ),
        Reason::NewThisYear { who: by, needed } => format!(
            "{} was not known a year before, so nobody knows when it takes holidays: a silence of {} is \
             needed",
            who(by),
            days(*needed)
        ),
        Reason::ShortlyKnown { who: by, within, needed } => format!(
            "{} was known for {} only: a silence of {} is needed",
            who(by),
            days(*within),
            days(*needed)
        ),
        Reason::Gap { from, to, counts } => {
            let counts = match counts {
                true => ": longer than half a period, so another period must be watched",
                false => "",
            };
            format!("no logs from {} to {}{counts}", at(*from), at(*to))
        }
        Reason::MoreGaps { gaps, days: long } => format!(
            "no logs in {gaps} more stretch{}, {} in all",
            if *gaps == 1 { "" } else { "es" },
            days(*long)
        ),
        Reason::WithoutId { last } => format!(
            "calls without a request id reached the service, the last on {}: what they entered is \
             unknown",
            at(*last)
        ),
        Reason::WithoutMark { last } => format!(
            "calls took a route of it and left no mark, the last before {}: what they entered is \
             unknown",
            at(*last)
        ),
        Reason::StillCalls { who: by, last, operation } => {
            let what = match operation {
                Some(operation) => format!("it enters {operation} now, which was new then"),
                None => "what it enters is unknown".to_owned(),
            };
            format!(
                "{} used to call it and still calls the service, the last time before {}: {what}",
                who(by),
                at(*last)
            )
        }
        Reason::SilentMarks { source, since } => format!(
            "no mark has come from {source} since {}, which is unusual: what calls entered since is \
             unknown where only marks tell",
            at(*since)
        ),
        Reason::Unread { source, lines, of } => {
            format!("{lines} of {of} lines of {source} could not be read: calls may be among them")
        }
        Reason::Untimed { source, lines } => {
            format!(
                "no line of {source} has a time ({lines} line{}): none was looked at, and calls may be \
                 among them; let its format read the time",
                s(*lines)
            )
        }
        Reason::Unseen { once, seen, more, next_is_new } => format!(
            "{once} of {seen} callers {} seen once: about {more:.1} more were never seen, and {} of \
             visits come from somebody new",
            if *once == 1 { "was" } else { "were" },
            chance(*next_is_new)
        ),
        Reason::Overflow { calls } => format!(
            "{calls} calls are of more callers than are told apart; of those whom nobody could name \
             no silence proves that all are gone"
        ),
        Reason::Word { word } => {
            let by = &word.who;
            let about = match &word.about {
                About::YearEnd => format!("{by} waives the end of the year"),
                About::Gone { address, user_agent, actor } => {
                    let named = [actor, user_agent, address];
                    let named: Vec<&str> =
                        named.into_iter().flatten().map(String::as_str).collect();
                    match named.is_empty() {
                        true => format!("{by} says that nobody calls any more"),
                        false => format!("{by} says that {} is gone", named.join(" ")),
                    }
                }
            };
            format!("{about} ({}): {}", at(word.said), word.why)
        }
        Reason::CameSince { said_by, said, who: by, at: came } => format!(
            "{} called on {}, after {said_by}'s word of {}: it does not count for that",
            who(by),
            at(*came),
            at(*said)
        ),
        Reason::SafeOn { at } => format!("if nobody calls, it is safe on {}", day(*at)),
        Reason::Never { unmet } => {
            let unmet: Vec<&str> = unmet.iter().map(never).collect();
            format!("no silence will prove it: {}", unmet.join(", and "))
        }
    }
}

/// What must be, where no silence brings it about.
fn never(gate: &GateName) -> &'static str {
    match gate {
        GateName::Likelihood => {
            "an owner must speak for who was seen on one day, or in one run of days, alone"
        }
        GateName::TwoPeriods => "two periods of every rhythm must be seen",
        GateName::MonthEnd => "no end of a month will be watched",
        GateName::QuarterEnd => "no end of a quarter will be watched",
        GateName::YearEnd => "no end of a year will be watched, unless an owner waives it",
        GateName::Week => "no week without a call will be seen",
        GateName::LongestSilence => "no silence will be longer than those before",
        GateName::Coverage => "no period without a gap will be watched",
        GateName::RequestIds => "calls without a request id still come",
        GateName::Marks => "calls of which nobody knows what they enter still come",
    }
}

fn who(who: &Who) -> String {
    who.said(Language::English)
}

/// A rhythm as it goes on after "calls".
fn habit(of: &Cadence) -> String {
    let text = of.to_string();
    match of {
        Cadence::Days { .. } if !text.starts_with("every") => format!("on the {text}"),
        Cadence::Irregular { .. } => "now and then".to_owned(),
        _ => text,
    }
}

fn appointments(kept: u32, missed: u32) -> String {
    format!("{kept} of {} times", kept + missed)
}

/// "2 May 2023 at 13:42"
pub(crate) fn instant(time: Time, calendar: &Calendar) -> String {
    let (day, second) = calendar.place(time);
    format!("{} at {:02}:{:02}", date(day), second / 3_600, second % 3_600 / 60)
}

/// "2 May 2023"
fn date(day: Day) -> String {
    let (year, month, day) = day.civil();
    let month = MONTHS.get(usize::from(month) - 1).copied().unwrap_or_default();
    format!("{day} {month} {year}")
}

/// Days as a person reads them.
fn days(days: f64) -> String {
    match days {
        d if d < 0.95 => {
            let hours = (d * 24.0).round() as u64;
            format!("{hours} hour{}", s(hours))
        }
        d if d < 1.05 => "1 day".to_owned(),
        d if d < 9.95 => format!("{d:.1} days"),
        d => format!("{d:.0} days"),
    }
}

fn chance(p: f64) -> String {
    match p {
        p if p >= 0.1 => format!("{:.0} %", p * 100.0),
        p if p >= 0.001 => format!("{:.1} %", p * 100.0),
        _ => "less than 0.1 %".to_owned(),
    }
}

/// The plural's ending.
const fn s(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

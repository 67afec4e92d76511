//! Whether a source's silence is unusual, finer than by the hour.
//!
//! The store knows how many lines each hour had; whoever collects knows when lines come. A silence is
//! unusual within minutes when both say so: it is longer than three times what is usual, and by what
//! such an hour had in the weeks before, at least [`MISSED`] lines are missing. Either alone would
//! cry wolf: at the end of every working day, or between two batches.

use std::collections::{BTreeMap, VecDeque};

use dolmen_model::Time;

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;

/// Nothing shorter is noticed.
const LEAST: i64 = 2 * MINUTE;
/// So long a source must have been listened to before anybody knows how it speaks.
const LISTENED: i64 = HOUR;
/// Silences before these hours no longer say how it speaks: a night is over by noon.
const RECENT: i64 = 6 * HOUR;
/// So many lines would have come.
const MISSED: f64 = 30.0;
/// The days before that are looked at, and how many of them must be known: a week has a weekend.
const DAYS: i64 = 14;
const KNOWN_DAYS: usize = 7;

/// When sources spoke while somebody listened. It is not kept: whoever begins to listen again knows
/// after an hour.
#[derive(Clone, Debug)]
pub struct Heard {
    began: Time,
    /// Silence after this instant is that of the listener.
    listened: Time,
    sources: BTreeMap<String, Spoken>,
}

#[derive(Clone, Debug)]
struct Spoken {
    last: Time,
    /// The silences of the last hours before it: when they ended and how long they were, in
    /// microseconds. Those are left out that could not make a silence unusual.
    silences: VecDeque<(i64, i64)>,
}

impl Spoken {
    /// The longest silence but one: the longest may have been an outage, or a night. What comes
    /// twice is a habit.
    fn usual(&self) -> i64 {
        let mut two = [0; 2];
        for &(_, silence) in &self.silences {
            if silence > two[0] {
                two = [silence, two[0]];
            } else if silence > two[1] {
                two[1] = silence;
            }
        }
        two[1]
    }
}

impl Heard {
    /// Somebody begins to listen.
    pub fn from(now: Time) -> Self {
        Self { began: now, listened: now, sources: BTreeMap::new() }
    }

    /// A source spoke.
    pub fn hear(&mut self, source: &str, now: Time) {
        let began = self.began;
        let spoken = self
            .sources
            .entry(source.to_owned())
            .or_insert_with(|| Spoken { last: began, silences: VecDeque::new() });
        let silence = now.micros() - spoken.last.micros();
        if 3 * silence > LEAST {
            spoken.silences.push_back((now.micros(), silence));
        }
        while spoken.silences.front().is_some_and(|(end, _)| now.micros() - end > RECENT) {
            spoken.silences.pop_front();
        }
        spoken.last = now;
    }

    /// Whoever has not spoken until now was silent until now.
    pub fn listen(&mut self, now: Time) {
        self.listened = now;
    }

    /// When a source spoke last.
    pub fn last(&self, source: &str) -> Option<Time> {
        self.sources.get(source).map(|spoken| spoken.last)
    }

    /// Since when a source is silent, if that is unusual. `hours` are the starts of those with lines,
    /// sorted, and how many.
    pub(crate) fn silent(&self, source: &str, hours: &[(Time, u64)]) -> Option<Time> {
        let spoken = self.sources.get(source)?;
        let last = spoken.last;
        let silence = self.listened.micros() - last.micros();
        let is_known = last.micros() - self.began.micros() >= LISTENED;
        if !is_known || silence < LEAST || silence <= 3 * spoken.usual() {
            return None;
        }
        (missed(hours, last.micros(), self.listened.micros()) >= MISSED).then_some(last)
    }
}

/// How many lines would have come at least, by the quietest such hours of the days before.
fn missed(hours: &[(Time, u64)], from: i64, to: i64) -> f64 {
    let lines = |hour: i64| {
        let found = hours.binary_search_by_key(&(hour * HOUR), |(start, _)| start.micros());
        found.ok().and_then(|at| hours.get(at)).map_or(0, |(_, lines)| *lines)
    };
    let Some((first, _)) = hours.first() else { return 0.0 };
    let usual = |hour: i64| {
        let days = (1..=DAYS).map(|day| hour - 24 * day);
        let known: Vec<u64> =
            days.filter(|hour| hour * HOUR >= first.micros()).map(lines).collect();
        let least = known.iter().min().copied().unwrap_or(0);
        if known.len() < KNOWN_DAYS { 0 } else { least }
    };
    let hours = from.div_euclid(HOUR)..=to.div_euclid(HOUR);
    let parts = hours.map(|hour| {
        let part = to.min((hour + 1) * HOUR) - from.max(hour * HOUR);
        usual(hour) as f64 * part as f64 / HOUR as f64
    });
    parts.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Time {
        Time::from_micros(minutes * MINUTE)
    }

    /// Twenty-two days with so many lines in each hour, the days from 0 and the hours of a day.
    fn days(lines: impl Fn(i64, i64) -> u64) -> Vec<(Time, u64)> {
        let hours = (0..22 * 24).map(|hour| (at(hour * 60), lines(hour / 24, hour % 24)));
        hours.filter(|(_, lines)| *lines > 0).collect()
    }

    /// Twenty days and twelve hours after the beginning.
    const NOON: i64 = (20 * 24 + 12) * 60;

    /// Spoke every `every` minutes for the two hours before noon; then it is listened until `until`.
    fn spoke(every: i64, until: i64) -> Heard {
        let mut heard = Heard::from(at(NOON - 120));
        for minute in (NOON - 120..=NOON).step_by(every as usize) {
            heard.hear("proxy", at(minute));
        }
        heard.listen(at(until));
        heard
    }

    #[test]
    fn a_busy_source_is_missed_within_minutes() {
        let hours = days(|_, _| 1_200);
        assert_eq!(spoke(1, NOON + 3).silent("proxy", &hours), None, "three times what is usual");
        assert_eq!(spoke(1, NOON + 4).silent("proxy", &hours), Some(at(NOON)));
        assert_eq!(spoke(1, NOON + 4).silent("other", &hours), None, "nobody heard of it");
    }

    #[test]
    fn a_quiet_source_is_missed_when_enough_is_missing() {
        // A line a minute at least: thirty of them are missing after half an hour.
        let hours = days(|day, _| if day % 7 == 5 { 60 } else { 600 });
        assert_eq!(spoke(2, NOON + 29).silent("proxy", &hours), None);
        assert_eq!(spoke(2, NOON + 30).silent("proxy", &hours), Some(at(NOON)));
    }

    #[test]
    fn what_is_usual_at_this_hour_is_no_alarm() {
        // Nobody works after noon.
        let ends = days(|_, hour| if hour < 12 { 1_200 } else { 0 });
        assert_eq!(spoke(1, NOON + 50).silent("proxy", &ends), None);
        // Nobody worked one of these days: it was a holiday, and may be again.
        let holiday = days(|day, _| if day == 12 { 0 } else { 1_200 });
        assert_eq!(spoke(1, NOON + 50).silent("proxy", &holiday), None);
        // A week is not known yet.
        let young: Vec<_> = days(|day, _| if day < 14 { 0 } else { 1_200 });
        assert_eq!(spoke(1, NOON + 50).silent("proxy", &young), None);
    }

    #[test]
    fn batches_are_no_alarm() {
        let hours = days(|_, _| 1_200);
        // All lines of an hour at once.
        assert_eq!(spoke(60, NOON + 59).silent("proxy", &hours), None);
        assert_eq!(spoke(60, NOON + 181).silent("proxy", &hours), Some(at(NOON)));
    }

    #[test]
    fn an_outage_or_a_night_makes_nobody_deaf() {
        let hours = days(|_, _| 1_200);
        // Five hours of outage, and ten minutes later the next one.
        let mut heard = spoke(1, NOON);
        let back = NOON + 300;
        (back..=back + 10).for_each(|minute| heard.hear("proxy", at(minute)));
        heard.listen(at(back + 14));
        assert_eq!(heard.silent("proxy", &hours), Some(at(back + 10)));
        // Two of them are a habit, which is forgotten after hours without one.
        let mut heard = spoke(1, NOON);
        heard.hear("proxy", at(NOON + 300));
        let again = NOON + 600;
        (again..=again + 10).for_each(|minute| heard.hear("proxy", at(minute)));
        heard.listen(at(again + 100));
        assert_eq!(heard.silent("proxy", &hours), None);
        let later = again + 6 * 60 + 1;
        (again + 11..=later).for_each(|minute| heard.hear("proxy", at(minute)));
        heard.listen(at(later + 4));
        assert_eq!(heard.silent("proxy", &hours), Some(at(later)));
    }

    #[test]
    fn who_has_not_listened_long_knows_nothing() {
        let hours = days(|_, _| 1_200);
        let mut heard = Heard::from(at(NOON - 30));
        (NOON - 30..=NOON).for_each(|minute| heard.hear("proxy", at(minute)));
        heard.listen(at(NOON + 20));
        assert_eq!(heard.silent("proxy", &hours), None);
        // Nor does who was busy with something else since it last listened.
        assert_eq!(spoke(1, NOON + 1).silent("proxy", &hours), None);
    }
}

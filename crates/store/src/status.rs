use dolmen_model::Time;
use rustc_hash::FxHashSet;
use serde::Serialize;

/// What is in the store, and what is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The version of the format.
    pub format: u32,
    /// How many commits there were.
    pub commits: u64,
    /// Which generation of derived fields is current.
    pub generation: u64,
    /// Bytes of the catalog on disk, its log not included.
    pub catalog_bytes: u64,
    /// Segments by kind: calls, marks, unread.
    pub segments: Vec<SegmentsStatus>,
    /// Marks whose call has not come.
    pub waiting_marks: u64,
    /// Notices of alerts that are still to be sent.
    pub pending_notices: u64,
    /// Late joins not yet folded into their segments.
    pub amendments: u64,
    /// Sources, by name and kind.
    pub sources: Vec<SourceStatus>,
}

/// The segments of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SegmentsStatus {
    /// `calls`, `marks` or `unread`.
    pub kind: &'static str,
    /// How many files.
    pub segments: u64,
    /// How many rows.
    pub rows: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Bytes of the lines, line ends included.
    pub raw_bytes: u64,
    /// The first row's time.
    pub from: Option<Time>,
    /// The last row's time.
    pub to: Option<Time>,
}

/// When a source spoke.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceStatus {
    /// Its name.
    pub source: String,
    /// What its lines were: `calls`, `marks` or `unread`.
    pub kind: String,
    /// How many lines.
    pub lines: u64,
    /// The hour of the first one.
    pub from: Option<Time>,
    /// The end of the hour of the last one.
    pub to: Option<Time>,
    /// Stretches of unusual silence in between.
    pub gaps: Vec<Gap>,
    /// From when on its silence would be unusual; `None` for one that hardly ever spoke.
    pub due: Option<Time>,
    /// The starts of the hours with lines, sorted, and how many.
    #[serde(skip)]
    pub hours: Vec<(Time, u64)>,
}

/// A stretch without a line from a source that normally speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The first silent hour.
    pub from: Time,
    /// The end of the last.
    pub to: Time,
}

/// Hours of a week: each is told apart from the others.
const WEEK: i64 = 168;
/// So many hours at least nobody works at night.
const NIGHT: i64 = 8;
/// A year of weeks: what was a habit longer ago is none any more.
const YEAR: i64 = 52 * WEEK;

/// Unusual silences: those longer than three times what is usual for the source (the 95th percentile
/// of its silences, at least an hour), unless the same hours are silent in most weeks; and hours in
/// which it always spoke, while it goes on as ever in the others ([`Habits`]). `hours` are those with
/// lines, sorted, each once.
pub(crate) fn gaps(hours: &[i64]) -> Vec<(i64, i64)> {
    let longest = longest(hours);
    let mut habits = Habits::default();
    let mut gaps = Vec::new();
    let mut missed = Vec::new();
    for (at, pair) in hours.windows(2).enumerate() {
        habits.see(&hours[at.saturating_sub(2)..=at]);
        let (from, to) = (pair[0] + 1, pair[1]);
        if from == to {
            continue;
        }
        if to - from > longest && !is_usual(hours, from, to) {
            gaps.push((from, to));
        } else {
            missed.extend(habits.missed(&hours[..=at], from, to));
        }
    }
    gaps.extend(again_and_again(&missed));
    gaps.sort_unstable();
    gaps
}

/// Of hours that should have had lines those that are lost again and again: on three of the three days
/// before and after, or in three of the two weeks. One alone may be a quiet hour.
fn again_and_again(missed: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let hours: FxHashSet<i64> = missed.iter().flat_map(|(from, to)| *from..*to).collect();
    let often = |hour: i64, steps: &[i64]| {
        steps.iter().filter(|step| hours.contains(&(hour + **step))).count() >= 3
    };
    let is_often = |hour: i64| {
        let (days, weeks) = ([-72, -48, -24, 24, 48, 72], [-2, -1, 1, 2].map(|week| week * WEEK));
        often(hour, &days) || often(hour, &weeks)
    };
    missed.iter().copied().filter(|(from, to)| (*from..*to).any(is_often)).collect()
}

/// From which hour on the silence after the last line is a gap too; `None` for a source that spoke
/// in fewer than a day's worth of hours: nobody knows its habits.
pub(crate) fn due(hours: &[i64]) -> Option<i64> {
    const HABIT: usize = 24;
    let last = hours.last().filter(|_| hours.len() >= HABIT)?;
    let (from, longest) = (last + 1, longest(hours));
    let usual = (from + longest..from + WEEK).find(|to| !is_usual(hours, from, *to));
    Some(usual.unwrap_or(from + longest.max(WEEK)))
}

/// Whether the same hours are silent in most of the weeks of the year before and after: nobody works
/// at night and on Sundays. Clocks that change move both ends of that by an hour.
fn is_usual(hours: &[i64], from: i64, to: i64) -> bool {
    let (Some(first), Some(last)) = (hours.first(), hours.last()) else { return false };
    if to - from >= WEEK {
        return false;
    }
    let (from, to) = if to - from > NIGHT { (from + 1, to - 1) } else { (from, to) };
    let weeks = (-YEAR / WEEK..=YEAR / WEEK).filter(|week| *week != 0).map(|week| week * WEEK);
    let known = weeks.filter(|by| *first <= from + by && to + by <= last + 1);
    let (mut weeks, mut silent) = (0, 0);
    for by in known {
        let next = hours.partition_point(|hour| *hour < from + by);
        weeks += 1;
        silent += usize::from(hours.get(next).is_none_or(|next| *next >= to + by));
    }
    silent * 2 > weeks
}

/// The hours of the week in which a source always speaks, and in the hours next to it as well: in so
/// many weeks running, within the last year. At the edge of a day's work clocks that change move it.
struct Habits {
    /// By hour of the week: the last one of a row of weeks, and how many.
    rows: Vec<(i64, i64)>,
    /// By hour of the week: the last one of a row that was long enough.
    known: Vec<Option<i64>>,
}

impl Default for Habits {
    fn default() -> Self {
        let none = (i64::MIN, 0);
        Self { rows: vec![none; WEEK as usize], known: vec![None; WEEK as usize] }
    }
}

impl Habits {
    /// Weeks running, a quarter of a year: what comes by chance in 90 of 100 hours hardly does so in
    /// three hours of each.
    const ROW: i64 = 13;

    /// Learns from the last three hours with lines.
    fn see(&mut self, last: &[i64]) {
        let &[before, hour, after] = last else { return };
        if before + 1 != hour || hour + 1 != after {
            return;
        }
        let slot = hour.rem_euclid(WEEK) as usize;
        let (last, weeks) = self.rows[slot];
        let weeks = if last.checked_add(WEEK) == Some(hour) { weeks + 1 } else { 1 };
        self.rows[slot] = (hour, weeks);
        if weeks >= Self::ROW {
            self.known[slot] = Some(hour);
        }
    }

    fn always_speaks(&self, hour: i64) -> bool {
        self.known[hour.rem_euclid(WEEK) as usize].is_some_and(|known| hour - known <= YEAR)
    }

    /// From the first hour of a silence that should have had lines to the last; `None` where the
    /// source speaks less than it did in all: who has fewer callers is no log that is lost. `before`
    /// are the hours with lines before the silence.
    fn missed(&self, before: &[i64], from: i64, to: i64) -> Option<(i64, i64)> {
        let mut missed = (from..to.min(from + WEEK)).filter(|hour| self.always_speaks(*hour));
        let first = missed.next()?;
        let last = missed.next_back().unwrap_or(first);
        let expected = (from - WEEK..from).filter(|hour| self.always_speaks(*hour)).count();
        let week = &before[before.partition_point(|hour| *hour < from - WEEK)..];
        let kept = week.iter().filter(|hour| self.always_speaks(**hour)).count();
        // Four of five: one hour lost of nine that an office works is no other habit.
        (kept * 5 >= expected * 4).then_some((first, last + 1))
    }
}

fn silences(hours: &[i64]) -> impl Iterator<Item = (i64, i64)> {
    hours.windows(2).map(|pair| (pair[0] + 1, pair[1]))
}

/// The longest silence that is still usual, in hours.
fn longest(hours: &[i64]) -> i64 {
    let mut lengths: Vec<i64> = silences(hours).map(|(from, to)| to - from).collect();
    lengths.sort_unstable();
    let usual = lengths.get(lengths.len() * 95 / 100).copied().unwrap_or(0);
    // Of few silences the longest would be its own measure.
    let usual = if lengths.len() < 20 {
        lengths.get(lengths.len() / 2).copied().unwrap_or(0)
    } else {
        usual
    };
    (3 * usual).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_is_a_gap_when_it_is_unusual() {
        // Speaks every hour, once not for five.
        let hours: Vec<i64> = (0..100).chain(105..200).collect();
        assert_eq!(gaps(&hours), [(100, 105)]);
        // Speaks once a day: its nights are no gaps, three missing days are.
        let days: Vec<i64> =
            (0..60).filter(|day| !(30..33).contains(day)).map(|day| day * 24).collect();
        assert_eq!(gaps(&days), [(29 * 24 + 1, 33 * 24)]);
        assert_eq!(due(&hours), Some(201));
        assert_eq!(due(&days), Some(59 * 24 + 1 + 3 * 23));
        assert_eq!(due(&hours[..23]), None);
        assert_eq!(gaps(&[5]), []);
        assert_eq!(gaps(&[]), []);
    }

    #[test]
    fn an_hour_that_is_lost_every_night_is_a_gap() {
        // Two years of hours; from the second year on the last of each day is lost.
        let day = |hour: i64| hour.div_euclid(24);
        let is_lost = |hour: &i64| hour.rem_euclid(24) == 23 && (400..600).contains(&day(*hour));
        let hours: Vec<i64> = (0..730 * 24).filter(|hour| !is_lost(hour)).collect();
        let lost: Vec<(i64, i64)> = (400..600).map(|day| (day * 24 + 23, day * 24 + 24)).collect();
        assert_eq!(gaps(&hours), lost);
        // Who speaks less and less is not lost: only every fourth hour, from day 400 on.
        let fewer: Vec<i64> =
            (0..730 * 24).filter(|hour| *hour < 400 * 24 || hour % 4 == 0).collect();
        let found: i64 = gaps(&fewer).iter().map(|(from, to)| to - from).sum();
        assert!(found < 5 * 24, "{found} hours");
    }

    #[test]
    fn a_weekend_without_lines_is_usual_where_nobody_works() {
        // Monday to Friday, 8 to 18; in one week nothing on Thursday and Friday.
        let works = |hour: i64| hour.rem_euclid(168) < 120 && (8..18).contains(&(hour % 24));
        let lost = 30 * 168 + 72..31 * 168;
        let hours: Vec<i64> =
            (0..60 * 168).filter(|hour| works(*hour) && !lost.contains(hour)).collect();
        assert_eq!(gaps(&hours), [(30 * 168 + 48 + 18, 31 * 168 + 8)]);
        // After a Friday's evening the silence is unusual once Monday's work should have begun.
        let friday: Vec<i64> = hours.iter().copied().filter(|hour| *hour < 50 * 168).collect();
        assert_eq!(due(&friday), Some(50 * 168 + 10));
        // At eleven o'clock somebody always works; clocks that change move the edges of a day. One
        // quiet hour is nothing, the same one of four days is.
        let week = 40 * 168 + 11;
        let lost = [week - 168, week, week + 24, week + 48, week + 72];
        let is_lost = |hour: &i64| lost.contains(hour);
        let moved = hours.iter().map(|hour| if *hour > 45 * 168 { hour - 1 } else { *hour });
        let hours: Vec<i64> = moved.filter(|hour| !is_lost(hour)).collect();
        let found = gaps(&hours);
        let four: Vec<(i64, i64)> = lost[1..].iter().map(|hour| (*hour, hour + 1)).collect();
        assert_eq!(found[1..], four, "{found:?}");
    }
}

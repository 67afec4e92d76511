use dolmen_model::Time;
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

/// Silences longer than three times what is usual for the source (the 95th percentile of its
/// silences, at least an hour). `hours` are those with lines, sorted, each once.
pub(crate) fn gaps(hours: &[i64]) -> Vec<(i64, i64)> {
    let longest = longest(hours);
    silences(hours).filter(|(from, to)| to - from > longest).collect()
}

/// From which hour on the silence after the last line is a gap too; `None` for a source that spoke
/// in fewer than a day's worth of hours: nobody knows its habits.
pub(crate) fn due(hours: &[i64]) -> Option<i64> {
    const HABIT: usize = 24;
    let last = hours.last().filter(|_| hours.len() >= HABIT)?;
    Some(last + 1 + longest(hours))
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
}

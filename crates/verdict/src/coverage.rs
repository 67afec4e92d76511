//! When somebody would have seen a call: silence counts only while logs were there.

use dolmen_model::Time;

/// Stretches of time in which logs were present.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// [from, to), sorted, without overlap.
    spans: Vec<(i64, i64)>,
}

impl Coverage {
    /// Covers these stretches, [from, to) each, in whatever order.
    pub fn new(spans: impl IntoIterator<Item = (Time, Time)>) -> Self {
        let mut spans: Vec<(i64, i64)> = spans
            .into_iter()
            .map(|(from, to)| (from.micros(), to.micros()))
            .filter(|(from, to)| from < to)
            .collect();
        spans.sort_unstable();
        let mut merged: Vec<(i64, i64)> = Vec::with_capacity(spans.len());
        for (from, to) in spans {
            match merged.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => merged.push((from, to)),
            }
        }
        Self { spans: merged }
    }

    /// The same without these stretches.
    #[must_use]
    pub fn except(&self, gaps: impl IntoIterator<Item = (Time, Time)>) -> Self {
        let gaps = Self::new(gaps).spans;
        let mut spans = Vec::with_capacity(self.spans.len() + gaps.len());
        let mut first = 0;
        for &(mut start, end) in &self.spans {
            // One gap may reach into the next span.
            while gaps.get(first).is_some_and(|gap| gap.1 <= start) {
                first += 1;
            }
            for &(from, to) in gaps[first..].iter().take_while(|gap| gap.0 < end) {
                if start < from {
                    spans.push((start, from));
                }
                start = to;
            }
            if start < end {
                spans.push((start, end));
            }
        }
        Self { spans }
    }

    /// What was covered before `at`, and everything from then on: as it is if logs go on.
    #[must_use]
    pub fn as_of(&self, at: Time) -> Self {
        let at = at.micros();
        let past = self.spans.iter().map(|&(from, to)| (from, to.min(at)));
        let spans = past.chain([(at, i64::MAX)]).filter(|(from, to)| from < to);
        Self::new(spans.map(|(from, to)| (Time::from_micros(from), Time::from_micros(to))))
    }

    /// What is covered, [from, to) each, in order.
    pub fn spans(&self) -> impl Iterator<Item = (Time, Time)> {
        let time = |&(from, to): &(i64, i64)| (Time::from_micros(from), Time::from_micros(to));
        self.spans.iter().map(time)
    }

    /// The first instant that is covered.
    pub fn start(&self) -> Option<Time> {
        self.spans.first().map(|span| Time::from_micros(span.0))
    }

    /// The end of what is covered.
    pub fn end(&self) -> Option<Time> {
        self.spans.last().map(|span| Time::from_micros(span.1))
    }

    /// The first instant that is covered from `at` on.
    pub fn after(&self, at: Time) -> Option<Time> {
        let at = at.micros();
        let next = self.spans.get(self.spans.partition_point(|span| span.1 <= at))?;
        Some(Time::from_micros(next.0.max(at)))
    }

    /// How much of [from, to) is covered, in microseconds.
    pub fn measure(&self, from: Time, to: Time) -> i64 {
        let (from, to) = (from.micros(), to.micros());
        let first = self.spans.partition_point(|span| span.1 <= from);
        self.spans[first..]
            .iter()
            .take_while(|span| span.0 < to)
            .map(|span| span.1.min(to).saturating_sub(span.0.max(from)))
            .sum()
    }

    /// Whether at least this share of [from, to) is covered.
    pub fn covers(&self, from: Time, to: Time, share: f64) -> bool {
        let whole = to.micros().saturating_sub(from.micros());
        self.measure(from, to) as f64 >= whole as f64 * share
    }

    /// What of [from, to) is not covered, in order.
    pub fn gaps(&self, from: Time, to: Time) -> Vec<(Time, Time)> {
        let mut gaps = Vec::new();
        let mut at = from.micros();
        for &(start, end) in &self.spans {
            if end <= at {
                continue;
            }
            if start >= to.micros() {
                break;
            }
            if start > at {
                gaps.push((Time::from_micros(at), Time::from_micros(start)));
            }
            at = end;
        }
        if at < to.micros() {
            gaps.push((Time::from_micros(at), to));
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn span((from, to): (i64, i64)) -> (Time, Time) {
        (Time::from_micros(from), Time::from_micros(to))
    }

    #[test]
    fn a_gap_is_what_no_log_covers() {
        let coverage = Coverage::new([(0, 10), (10, 20), (15, 40)].map(span));
        let coverage = coverage.except([(12, 14), (38, 60)].map(span));
        let gaps = coverage.gaps(Time::from_micros(-5), Time::from_micros(50));
        assert_eq!(gaps, [(-5, 0), (12, 14), (38, 50)].map(span));
        assert_eq!(coverage.measure(Time::from_micros(5), Time::from_micros(39)), 31);
        assert_eq!(coverage.as_of(Time::from_micros(20)).end(), Some(Time::MAX));
    }

    proptest! {
        #[test]
        fn what_is_covered_and_what_is_not_are_all(
            spans in prop::collection::vec((0_i64..100, 1_i64..30), 0..8),
            gaps in prop::collection::vec((0_i64..100, 1_i64..30), 0..8),
            from in 0_i64..50, len in 1_i64..80,
        ) {
            let ends = |(from, len): (i64, i64)| span((from, from + len));
            let coverage = Coverage::new(spans.iter().copied().map(ends));
            let coverage = coverage.except(gaps.iter().copied().map(ends));
            let (from, to) = span((from, from + len));
            let open: i64 =
                coverage.gaps(from, to).iter().map(|(a, b)| b.micros() - a.micros()).sum();
            prop_assert_eq!(open + coverage.measure(from, to), len);
            let is_in = |at: i64, list: &[(i64, i64)]| list.iter().any(|&(a, n)| a <= at && at < a + n);
            for at in from.micros()..to.micros() {
                let (one, next) = span((at, at + 1));
                let expected = is_in(at, &spans) && !is_in(at, &gaps);
                prop_assert_eq!(coverage.measure(one, next) == 1, expected);
            }
        }
    }
}

//! The minutes of one caller, in bounded memory.

use dolmen_model::Time;

use crate::sightings::CallerSightings;

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 1_440 * MINUTE;

/// Minutes kept in between: what is too much goes when there are twice as many.
const ROOM: usize = 2 * CallerSightings::MINUTES;

/// The first call of each minute; of long ago, of each day. What is kept depends on the calls
/// alone, not on their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Trace {
    times: Vec<i64>,
    /// Where only days are told apart before; the latest of all times that this was so.
    fine_from: Option<i64>,
    pub(super) calls: u64,
    pub(super) last: i64,
}

impl Trace {
    pub(super) fn see(&mut self, time: i64) {
        if self.calls == 0 || time > self.last {
            self.last = time;
        }
        self.calls += 1;
        // Rows come in the order of time, mostly.
        if let Some(last) = self.times.last()
            && *last <= time
            && last.div_euclid(MINUTE) == time.div_euclid(MINUTE)
        {
            return;
        }
        self.times.push(time);
        if self.times.len() >= ROOM + CallerSightings::MINUTES {
            self.thin();
        }
    }

    /// A bucket with so many calls, of which nobody knows when in it they were: its middle is on the
    /// right day in most time zones. From `fine_from` on lines tell.
    pub(super) fn see_bucket(&mut self, middle: i64, calls: u64, fine_from: i64) {
        if calls > 0 {
            self.see(middle);
            self.fine_from = self.fine_from.max(Some(fine_from));
            self.calls += calls - 1;
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        if other.calls == 0 {
            return;
        }
        self.last = if self.calls == 0 { other.last } else { self.last.max(other.last) };
        self.calls += other.calls;
        self.fine_from = self.fine_from.max(other.fine_from);
        self.times.extend(other.times);
        if self.times.len() >= ROOM {
            self.thin();
        }
    }

    fn thin(&mut self) {
        self.times.sort_unstable();
        self.times.dedup_by_key(|time| time.div_euclid(MINUTE));
        let Some(first_fine) = self.times.len().checked_sub(CallerSightings::MINUTES) else {
            return;
        };
        let fine_from = self.fine_from.max(self.times.get(first_fine).copied());
        let Some(fine_from) = fine_from.filter(|_| first_fine > 0) else { return };
        self.fine_from = Some(fine_from);
        let mut last_day = None;
        self.times.retain(|&time| {
            if time >= fine_from {
                return true;
            }
            let day = Some(time.div_euclid(DAY));
            let is_first = day != last_day;
            last_day = day;
            is_first
        });
    }

    /// The times, sorted, and from when on minutes are told apart.
    pub(super) fn finish(mut self) -> (Vec<Time>, Option<Time>) {
        self.thin();
        (
            self.times.into_iter().map(Time::from_micros).collect(),
            self.fine_from.map(Time::from_micros),
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seen(times: impl IntoIterator<Item = i64>) -> Trace {
        let mut trace = Trace::default();
        times.into_iter().for_each(|time| trace.see(time));
        trace
    }

    #[test]
    fn a_bucket_tells_no_minute() {
        let mut trace = seen([3 * DAY + 7]);
        trace.see_bucket(DAY + DAY / 2, 5, 3 * DAY);
        assert_eq!((trace.calls, trace.last), (6, 3 * DAY + 7));
        let (times, fine_from) = trace.finish();
        assert_eq!(times, [DAY + DAY / 2, 3 * DAY + 7].map(Time::from_micros));
        assert_eq!(fine_from, Some(Time::from_micros(3 * DAY)));
    }

    #[test]
    fn long_ago_only_days_are_told_apart() {
        let trace = seen((0..60_000).map(|n| n * 5 * MINUTE + 7));
        assert_eq!(trace.calls, 60_000);
        let (times, fine_from) = trace.finish();
        let fine_from = fine_from.unwrap().micros();
        assert_eq!(fine_from, (60_000 - CallerSightings::MINUTES as i64) * 5 * MINUTE + 7);
        let days = fine_from.div_euclid(DAY) + 1;
        assert_eq!(times.len(), days as usize + CallerSightings::MINUTES);
        assert!(times.is_sorted());
    }

    proptest! {
        #[test]
        fn the_order_of_calls_leaves_no_trace(
            steps in prop::collection::vec(1_i64..400, 100..400), cut in 0_usize..100, times in 1_i64..60,
        ) {
            let mut at = 0;
            let mut calls: Vec<i64> = Vec::new();
            for _ in 0..times {
                for step in &steps {
                    at += step * 1_000_000;
                    calls.push(at);
                }
            }
            let (whole, fine) = seen(calls.iter().copied()).finish();
            let half = calls.len() * cut / 100;
            let mut backwards = seen(calls[half..].iter().copied());
            backwards.merge(seen(calls[..half].iter().copied()));
            let backwards = backwards.finish();
            prop_assert_eq!((whole, fine), backwards);
        }
    }
}

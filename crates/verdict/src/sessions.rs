//! Visits: a burst of calls is one.

use dolmen_model::Time;

/// The first instant of each visit: a visit ends with a silence of more than `gap` seconds.
pub(crate) fn collapse(times: &[Time], gap: i64) -> Vec<Time> {
    visits(times, gap).into_iter().map(|visit| visit.first).collect()
}

/// A burst of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Visit {
    pub(crate) first: Time,
    pub(crate) last: Time,
}

/// Visits, in order; `times` are sorted.
pub(crate) fn visits(times: &[Time], gap: i64) -> Vec<Visit> {
    let mut visits: Vec<Visit> = Vec::new();
    for &time in times {
        match visits.last_mut() {
            Some(visit) if time.seconds() - visit.last.seconds() <= gap => visit.last = time,
            _ => visits.push(Visit { first: time, last: time }),
        }
    }
    visits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_one_visit() {
        let times = [0, 50, 100, 300, 301].map(|s| Time::from_seconds(s).unwrap());
        assert_eq!(collapse(&times, 60), [times[0], times[3]]);
        assert_eq!(visits(&times, 60)[0].last, times[2]);
        assert_eq!(collapse(&[], 60), []);
    }
}

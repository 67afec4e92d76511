//! The waits that are believed to exist on the broker.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use dolmen_bus::Return;

use crate::names::RUNGS;

/// How long a wait that was missing is done without: somebody may set it up meanwhile.
const DO_WITHOUT: Duration = Duration::from_secs(5 * 60);

/// Waits by where they lead back to, in seconds.
#[derive(Debug)]
pub(crate) struct Rungs {
    service: BTreeSet<u64>,
    exchange: BTreeSet<u64>,
    /// Which turned out not to exist, and when.
    missing: Vec<(u64, Return, Instant)>,
}

impl Rungs {
    /// The same waits back to one service and back to everybody.
    pub(crate) fn new(rungs: &BTreeSet<u64>) -> Self {
        Self { service: rungs.clone(), exchange: rungs.clone(), missing: Vec::new() }
    }

    /// Takes note that these were set up, and with them all that were known.
    pub(crate) fn set_up(&mut self, rungs: impl Iterator<Item = u64> + Clone) {
        self.service.extend(rungs.clone());
        self.exchange.extend(rungs);
        self.missing.clear();
    }

    /// The shortest wait of at least so many seconds; the longest there is for more. Where that is
    /// longer than `most`, the longest that is not; `None` when there is none.
    pub(crate) fn choose(
        &mut self,
        least: u64,
        most: Option<u64>,
        back: Return,
        now: Instant,
    ) -> Option<u64> {
        self.missing.retain(|(_, _, since)| now.duration_since(*since) < DO_WITHOUT);
        let there: Vec<u64> =
            self.of(back).iter().copied().filter(|&rung| !self.is_missing(rung, back)).collect();
        let long_enough = there.iter().copied().find(|&rung| rung >= least);
        let usual = long_enough.or(there.last().copied()).unwrap_or(least);
        match most {
            Some(most) if usual > most => there.into_iter().rfind(|&rung| rung <= most),
            _ => Some(usual),
        }
    }

    /// Does without a wait for some minutes; whether there is another one to take instead: a longer
    /// one, or the longest of all for one that only a policy names and nobody set up.
    pub(crate) fn do_without(&mut self, rung: u64, back: Return, now: Instant) -> bool {
        let is_named = !RUNGS.contains(&rung);
        let is_other = |&other: &u64| {
            other != rung && (other > rung || is_named) && !self.is_missing(other, back)
        };
        let has_other = self.of(back).iter().any(is_other);
        if has_other && !self.is_missing(rung, back) {
            self.missing.push((rung, back, now));
        }
        has_other
    }

    fn is_missing(&self, rung: u64, back: Return) -> bool {
        self.missing.iter().any(|&(missing, of, _)| (missing, of) == (rung, back))
    }

    fn of(&self, back: Return) -> &BTreeSet<u64> {
        match back {
            Return::Service => &self.service,
            Return::Exchange => &self.exchange,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_that_is_missing_is_done_without_for_some_minutes() {
        let mut rungs = Rungs::new(&[1, 30, 60].into());
        let (back, now) = (Return::Service, Instant::now());
        let choose = |rungs: &mut Rungs, least| rungs.choose(least, None, back, now).unwrap();
        assert_eq!([0, 20, 100].map(|least| choose(&mut rungs, least)), [1, 30, 60]);
        assert!(rungs.do_without(30, back, now));
        assert_eq!(choose(&mut rungs, 20), 60);
        assert_eq!(rungs.choose(20, None, Return::Exchange, now), Some(30));
        assert!(!rungs.do_without(60, back, now), "there is no longer one");
        let mut named = Rungs::new(&[60, 100_000].into());
        assert!(named.do_without(100_000, back, now), "nobody set it up");
        assert_eq!(choose(&mut named, 90_000), 60);
        assert_eq!(rungs.choose(20, None, back, now + DO_WITHOUT), Some(30));
        assert!(rungs.do_without(30, back, now));
        rungs.set_up([1800].into_iter());
        assert_eq!([20, 100].map(|least| choose(&mut rungs, least)), [30, 1800]);
    }

    #[test]
    fn rounding_up_goes_no_further_than_it_may() {
        let mut rungs = Rungs::new(&[5, 30, 60].into());
        let now = Instant::now();
        let mut choose = |least, most| rungs.choose(least, Some(most), Return::Service, now);
        assert_eq!(choose(37, 60), Some(60));
        assert_eq!(choose(37, 59), Some(30), "60 s would be too late");
        assert_eq!(choose(30, 30), Some(30));
        assert_eq!(choose(100, 40), Some(30));
        assert_eq!(choose(3, 4), None);
    }
}

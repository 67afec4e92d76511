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

    /// The shortest wait of at least so many seconds; the longest there is for more.
    pub(crate) fn choose(&mut self, least: u64, back: Return, now: Instant) -> u64 {
        self.missing.retain(|(_, _, since)| now.duration_since(*since) < DO_WITHOUT);
        let mut longest = None;
        for &rung in self.of(back).iter().filter(|&&rung| !self.is_missing(rung, back)) {
            if rung >= least {
                return rung;
            }
            longest = Some(rung);
        }
        longest.unwrap_or(least)
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
        assert_eq!([0, 20, 100].map(|least| rungs.choose(least, back, now)), [1, 30, 60]);
        assert!(rungs.do_without(30, back, now));
        assert_eq!(rungs.choose(20, back, now), 60);
        assert_eq!(rungs.choose(20, Return::Exchange, now), 30);
        assert!(!rungs.do_without(60, back, now), "there is no longer one");
        let mut named = Rungs::new(&[60, 100_000].into());
        assert!(named.do_without(100_000, back, now), "nobody set it up");
        assert_eq!(named.choose(90_000, back, now), 60);
        assert_eq!(rungs.choose(20, back, now + DO_WITHOUT), 30);
        assert!(rungs.do_without(30, back, now));
        rungs.set_up([1800].into_iter());
        assert_eq!([20, 100].map(|least| rungs.choose(least, back, now)), [30, 1800]);
    }
}

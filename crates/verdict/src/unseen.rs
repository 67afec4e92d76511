//! Callers that nobody has seen yet.
//!
//! Sources: I. J. Good, "The population frequencies of species and the estimation of population
//! parameters", Biometrika 40 (1953); A. Chao, "Nonparametric estimation of the number of classes
//! in a population", Scandinavian Journal of Statistics 11 (1984), in its bias-corrected form.

use serde::Serialize;

/// What the callers that were seen say of those that were not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Unseen {
    /// Callers that were seen.
    pub seen: u32,
    /// Of these, callers seen once.
    pub once: u32,
    /// How likely the next visit is by somebody new (Good and Turing).
    pub next_is_new: f64,
    /// How many more callers there are at least (Chao1).
    pub more: f64,
}

impl Unseen {
    /// From how often each caller was seen.
    pub fn of(visits: impl IntoIterator<Item = u32>) -> Self {
        let (mut seen, mut all, mut once, mut twice) = (0_u32, 0_u64, 0_u32, 0_u32);
        for visits in visits.into_iter().filter(|&visits| visits > 0) {
            seen += 1;
            all += u64::from(visits);
            once += u32::from(visits == 1);
            twice += u32::from(visits == 2);
        }
        let (f1, f2) = (f64::from(once), f64::from(twice));
        Self {
            seen,
            once,
            next_is_new: if all == 0 { 0.0 } else { f1 / all as f64 },
            more: f1 * (f1 - 1.0).max(0.0) / (2.0 * (f2 + 1.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_was_seen_once_speaks_for_those_who_were_not() {
        let unseen = Unseen::of([1, 1, 1, 2, 10, 25]);
        assert_eq!((unseen.seen, unseen.once), (6, 3));
        assert!((unseen.next_is_new - 3.0 / 40.0).abs() < 1e-12);
        assert!((unseen.more - 1.5).abs() < 1e-12);
        assert_eq!(Unseen::of([]), Unseen::default());
    }
}

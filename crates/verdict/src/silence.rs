//! How likely a silence is while the caller is still there.
//!
//! Sources: A. R. Solow, "Inferring extinction from sighting data", Ecology 74 (1993);
//! R. Krichevsky and V. Trofimov, "The performance of universal encoding", IEEE Trans. IT 27
//! (1981), for a chance that is estimated with half a success and half a failure more;
//! K. K. G. Lan and D. L. DeMets, "Discrete sequential boundaries for clinical trials", Biometrika
//! 70 (1983), for a chance of error that is spent in parts, look by look.

/// How likely is it that a caller of irregular habits, `calls` times seen in `time`, is not seen for
/// `silence` more: (t/(t+s))^n. Both in the same unit. 1 for nobody, and for no silence.
pub fn irregular(calls: u32, time: f64, silence: f64) -> f64 {
    if calls == 0 || silence <= 0.0 {
        return 1.0;
    }
    if time <= 0.0 {
        return 1.0;
    }
    (time / (time + silence)).powi(calls.min(i32::MAX.unsigned_abs()) as i32)
}

/// The silence after which [`irregular`] is `alpha`: t (α^(−1/n) − 1).
pub fn irregular_needs(calls: u32, time: f64, alpha: f64) -> f64 {
    if calls == 0 {
        return f64::INFINITY;
    }
    time * (alpha.powf(-1.0 / f64::from(calls)) - 1.0)
}

/// Less likely than this is not told apart.
const LEAST: f64 = 1e-12;

/// How likely is it that a caller who kept `hits` of its appointments and missed `misses` misses
/// the next `row` ones, all of them: Π (m + ½ + i) / (h + m + 1 + i); 10⁻¹² for anything less.
pub fn periodic(hits: u32, misses: u32, row: u32) -> f64 {
    let (hits, misses) = (f64::from(hits), f64::from(misses));
    let mut chance = 1.0;
    for i in 0..row {
        let i = f64::from(i);
        chance *= (misses + 0.5 + i) / (hits + misses + 1.0 + i);
        // A row may be of hundreds of thousands; and what is told apart below depends on rounding.
        if chance < LEAST {
            return LEAST;
        }
    }
    chance
}

/// What of α is kept for silences that somebody names beforehand, by declaring from which day on nobody
/// calls; the rest is spent on those that nobody named, so that both together are wrong with a chance of α
/// at most.
const NAMED: f64 = 1.0 / 3.0;

/// How likely a caller was there before anybody looked at this silence, if it outlived `silences`
/// others: at odds of 3 (n + 1)(n + 2) / 4 to 1.
///
/// Each silence of a caller who goes on is one more occasion to be wrong about him. At these odds
/// silence n must be as unlikely as 2/3 of 2 α / ((n + 1)(n + 2)), nearly (α stands for α / (1 − α)).
/// That sums to 2/3 of α over all silences from the second sighting on (n = 1, 2, …), however long
/// somebody looks: α is spent, a part on each. At odds of n + 1, Laplace's, it would grow as α ln n.
pub fn outlived(silences: u32) -> f64 {
    let n = f64::from(silences);
    let odds = (n + 1.0) * (n + 2.0) / 2.0 / (1.0 - NAMED);
    odds / (odds + 1.0)
}

/// The same of a silence that was named beforehand, after `silences` others of that kind: since the
/// day on which somebody declared that nobody calls any more, or since a call after that day. At
/// odds of 3ⁿ⁺² / 2 to 1: over n = 0, 1, … the third of α is spent on these that is left, two thirds of
/// it on the first, since whoever is gone on that day is not seen after it.
///
/// That is for the silence from the declared day on, not from the call before it: a day that is
/// picked falls into a long silence rather than a short one.
pub fn outlived_declared(silences: u32) -> f64 {
    // No chance is less likely than 10⁻¹²: more is not needed.
    let odds = 3.0_f64.powi(silences.min(30) as i32 + 1) / 2.0 / NAMED;
    odds / (odds + 1.0)
}

/// How likely a caller is still there after a silence that has the chance `silence` if it is:
/// p π / (p π + 1 − π).
pub fn alive(silence: f64, before: f64) -> f64 {
    let odds = silence * before;
    odds / (odds + 1.0 - before)
}

/// The logarithm of how likely exactly these hits and misses were for somebody who knew nothing of
/// their chance: B(h + ½, m + ½) / π.
pub(crate) fn ln_evidence(hits: u32, misses: u32) -> f64 {
    let (hits, misses) = (f64::from(hits), f64::from(misses));
    ln_gamma(hits + 0.5) + ln_gamma(misses + 0.5)
        - ln_gamma(hits + misses + 1.0)
        - std::f64::consts::PI.ln()
}

/// ln Γ(x) for x > 0: Stirling's series, from 8 on exact to eleven digits (Abramowitz and Stegun
/// 6.1.41).
fn ln_gamma(x: f64) -> f64 {
    let mut x = x;
    let mut below = 0.0;
    while x < 8.0 {
        below += x.ln();
        x += 1.0;
    }
    let inverse = 1.0 / x;
    let square = inverse * inverse;
    let series = inverse
        * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1_260.0 - square / 1_680.0)));
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - below
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rare_callers_need_long_silences() {
        let days = |calls, time| irregular_needs(calls, time, 0.05);
        assert!((days(3, 90.0) - 154.3).abs() < 0.1);
        assert!((days(12, 365.0) - 103.5).abs() < 0.1);
        assert!((days(30, 30.0) - 3.15).abs() < 0.01);
        assert!(days(0, 30.0).is_infinite());
    }

    #[test]
    fn a_monthly_caller_that_misses_two_is_gone() {
        assert!((periodic(11, 0, 1) - 0.0417).abs() < 1e-4);
        assert!((periodic(11, 0, 2) - 0.0048).abs() < 1e-4);
        assert!((alive(0.05, 0.5) - 0.0476).abs() < 1e-4);
        assert_eq!(periodic(4, 1, 0), 1.0);
    }

    #[test]
    fn evidence_is_a_distribution_over_all_outcomes() {
        // Of 6 days with 0..=6 hits: C(6, h) orders each.
        let orders = [1.0, 6.0, 15.0, 20.0, 15.0, 6.0, 1.0];
        let sum: f64 = (0..=6_u32).map(|h| orders[h as usize] * ln_evidence(h, 6 - h).exp()).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{sum}");
    }

    #[test]
    fn what_hardly_can_be_is_told_apart_no_more() {
        assert!(periodic(681, 178, 19) <= periodic(680, 178, 19));
        assert_eq!(periodic(2_000, 0, 300_000), LEAST);
    }

    #[test]
    fn alpha_is_spent_in_parts_and_no_more_of_it() {
        // The chance of error of a silence that is just unlikely enough.
        let spent = |before: f64| 0.05 / 0.95 * (1.0 - before) / before;
        let all: f64 = (1..100_000).map(|n| spent(outlived(n))).sum();
        let named: f64 = (0..100_000).map(|n| spent(outlived_declared(n))).sum();
        assert!((0.0525..0.0527).contains(&(all + named)), "{all} {named}");
        assert!((named - all / 2.0).abs() < 1e-4, "{all} {named}");
    }

    proptest! {
        #[test]
        fn more_silence_is_never_more_likely(
            calls in 1_u32..5_000, time in 0.1_f64..2_000.0, silence in 0.0_f64..2_000.0,
            more in 0.0_f64..500.0, alpha in 0.0001_f64..0.5,
        ) {
            let now = irregular(calls, time, silence);
            prop_assert!((0.0..=1.0).contains(&now));
            prop_assert!(irregular(calls, time, silence + more) <= now);
            let needs = irregular_needs(calls, time, alpha);
            prop_assert!((irregular(calls, time, needs) - alpha).abs() < 1e-6);
        }

        #[test]
        fn each_missed_appointment_says_more(hits in 1_u32..2_000, misses in 0_u32..500, row in 0_u32..20) {
            prop_assert!(periodic(hits, misses, row + 1) < periodic(hits, misses, row) + 1e-15);
            prop_assert!(periodic(hits + 1, misses, row) <= periodic(hits, misses, row) + 1e-15);
            let p = periodic(hits, misses, row);
            prop_assert!(alive(p, outlived(hits)) >= alive(p, 0.5));
        }
    }
}

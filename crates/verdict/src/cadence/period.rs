//! Whoever calls several times a day: every so many minutes or hours?
//!
//! A period must pass three tests. *Phase*: the instants lie on one point of the circle that the
//! period is wound up to (Rayleigh: R = |Σ e^(2πit/P)|/n, chance about e^(−nR²); K. V. Mardia and
//! P. E. Jupp, "Directional Statistics", 2000). *Gaps*: from one visit to the next it is a whole
//! number of periods, mostly one; so a fire that was missed does no harm. *Others*: the rest of the
//! callers are not all on the same point, as they are in a log whose timestamps are cut off.

use dolmen_model::Time;

use crate::calendar::{Calendar, DAY};
use crate::sessions::collapse;

/// Periods that machines have, in seconds, the longest first.
pub(crate) const PERIODS: [i64; 14] = [
    12 * 3_600,
    8 * 3_600,
    6 * 3_600,
    4 * 3_600,
    3 * 3_600,
    2 * 3_600,
    3_600,
    1_800,
    1_200,
    900,
    600,
    300,
    120,
    60,
];

/// How close to one point the instants must be.
const CLOSE: f64 = 0.75;
/// The chance that is left to luck, all periods together.
const LUCK: f64 = 0.01;
/// Visits that show a period.
const FEWEST: usize = 5;
/// A gap is a number of periods if it is at most this far from it.
const NEAR: f64 = 0.1;
/// From periods of two hours on, programs follow the clocks on the wall.
const ON_THE_WALL: i64 = 2 * 3_600;

/// Where the instants of somebody lie on the circle of each period.
#[derive(Clone, Debug, Default)]
pub(crate) struct Phases {
    /// Mean vectors, in the order of [`PERIODS`].
    means: [(f64, f64); PERIODS.len()],
}

impl Phases {
    fn of(times: &[Time]) -> Self {
        Self { means: PERIODS.map(|period| mean(times.iter().map(|time| time.seconds()), period)) }
    }
}

/// Where the instants of all callers lie: each caller has one vote.
#[derive(Clone, Debug, Default)]
pub struct Population {
    sum: Phases,
    callers: u32,
}

/// So many others make a population.
const OTHERS: u32 = 5;
/// So many callers stand for all of them, each with so many instants.
const SAMPLE: usize = 256;
const VOTES: usize = 128;
/// Instants of one caller that are looked at.
const MOST: usize = 1_024;

impl Population {
    /// Callers that were seen three times or more.
    pub fn of<'a>(callers: impl IntoIterator<Item = &'a [Time]>) -> Self {
        let mut population = Self::default();
        for times in callers.into_iter().filter(|times| times.len() >= 3).take(SAMPLE) {
            let phases = Phases::of(&times[times.len().saturating_sub(VOTES)..]);
            for (sum, mean) in population.sum.means.iter_mut().zip(phases.means) {
                *sum = (sum.0 + mean.0, sum.1 + mean.1);
            }
            population.callers += 1;
        }
        population
    }

    /// Whether the others are all where this caller is, at a period.
    fn is_as(&self, at: usize, own: (f64, f64)) -> bool {
        let others = self.callers.saturating_sub(1);
        if others < OTHERS {
            return false;
        }
        let sum = self.sum.means[at];
        let rest = ((sum.0 - own.0) / f64::from(others), (sum.1 - own.1) / f64::from(others));
        rest.0.hypot(rest.1) >= 0.5 && rest.0 * own.0 + rest.1 * own.1 > 0.0
    }
}

fn mean(seconds: impl ExactSizeIterator<Item = i64>, period: i64) -> (f64, f64) {
    let n = seconds.len().max(1) as f64;
    let turn = std::f64::consts::TAU / period as f64;
    let (cos, sin) = seconds.fold((0.0, 0.0), |(cos, sin), at| {
        let (s, c) = (at.rem_euclid(period) as f64 * turn).sin_cos();
        (cos + c, sin + s)
    });
    (cos / n, sin / n)
}

/// The longest period that passes.
pub(crate) fn find(times: &[Time], calendar: &Calendar, population: &Population) -> Option<i64> {
    let times = &times[times.len().saturating_sub(MOST)..];
    PERIODS.into_iter().enumerate().find_map(|(at, period)| {
        let visits = collapse(times, (period / 20).max(60).min(period / 2));
        let passes = visits.len() >= FEWEST
            && has_gaps(&visits, period)
            && has_phase(&visits, period, calendar)
            && fills_the_day(&visits, period, calendar)
            && !population.is_as(at, mean(visits.iter().map(|time| time.seconds()), period));
        passes.then_some(period)
    })
}

fn has_phase(visits: &[Time], period: i64, calendar: &Calendar) -> bool {
    let close = |(cos, sin): (f64, f64)| f64::hypot(cos, sin) >= CLOSE;
    close(mean(visits.iter().map(|time| time.seconds()), period))
        || (period >= ON_THE_WALL
            && close(mean(visits.iter().map(|time| calendar.place(*time).1), period)))
}

/// Whether no turn of the day is always left out: who comes at 02:10 and at 04:10 does not come every
/// two hours, although most of his gaps are of one period or a whole number of them. Below two hours
/// a working day leaves turns out, which [`hours`](super::hours) tells.
fn fills_the_day(visits: &[Time], period: i64, calendar: &Calendar) -> bool {
    let (Some(first), Some(last)) = (visits.first(), visits.last()) else { return false };
    // Each turn was due twice, so one that is missed by accident does no harm.
    if period < ON_THE_WALL || last.seconds() - first.seconds() < 2 * DAY {
        return true;
    }
    let turn = std::f64::consts::TAU / period as f64;
    let (cos, sin) = mean(visits.iter().map(|time| calendar.place(*time).1), period);
    let phase = (sin.atan2(cos) / turn) as i64;
    let turns = (DAY / period) as usize;
    let mut came = vec![false; turns];
    for time in visits {
        let second = calendar.place(*time).1;
        let at = (second - phase + period / 2).rem_euclid(DAY) / period;
        if let Some(came) = came.get_mut(at as usize) {
            *came = true;
        }
    }
    came.iter().all(|came| *came)
}

/// Whether most gaps are one period, hardly one is between two numbers of them, and luck would not
/// do that.
fn has_gaps(visits: &[Time], period: i64) -> bool {
    let (mut one, mut near, mut all) = (0_u32, 0_u32, 0_u32);
    for pair in visits.windows(2) {
        let gap = (pair[1].seconds() - pair[0].seconds()) as f64 / period as f64;
        // What is longer than a day says nothing of minutes.
        if gap * period as f64 > 1.5 * DAY as f64 {
            continue;
        }
        all += 1;
        if gap >= 0.5 && (gap - gap.round()).abs() <= NEAR {
            near += 1;
            one += u32::from(gap.round() == 1.0);
        }
    }
    let luck = luck(near, all, 2.0 * NEAR) * PERIODS.len() as f64;
    all + 1 >= FEWEST as u32 && 2 * one > all && 4 * near >= 3 * all && luck < 20.0 * LUCK
}

/// The chance of at least `hits` of `all` at a chance of `share` each, from above (Chernoff).
fn luck(hits: u32, all: u32, share: f64) -> f64 {
    let q = f64::from(hits) / f64::from(all.max(1));
    if q <= share {
        return 1.0;
    }
    let rest = if q < 1.0 { (1.0 - q) * ((1.0 - q) / (1.0 - share)).ln() } else { 0.0 };
    (-f64::from(all) * (q * (q / share).ln() + rest)).exp()
}

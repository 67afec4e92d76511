use std::time::Duration;

/// The shortest wait: shorter ones would be a busy loop through the broker.
pub const SHORTEST_DELAY: Duration = Duration::from_secs(1);

/// The longest wait.
pub const LONGEST_DELAY: Duration = Duration::from_secs(24 * 3600);

/// How long a message waits before each attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum Delays {
    /// One delay after another; the last repeats.
    List(Vec<Duration>),
    /// Delays that grow.
    Growing(Growth),
}

/// Exponential delays.
#[derive(Clone, Debug, PartialEq)]
pub struct Growth {
    /// Before the second attempt.
    pub first: Duration,
    /// By what each is longer than the one before it, more than 1.
    pub factor: f64,
    /// No delay is longer.
    pub ceiling: Duration,
    /// Which share of a delay is left to chance, 0 to 1: 0.2 makes 10 s last 8 to 10 s.
    pub jitter: f64,
}

impl Delays {
    /// The delay before attempt number `attempt` (2 is the first retry), to the millisecond.
    /// `seed` decides the jitter: the same message always gets the same delay.
    pub(super) fn before(&self, attempt: u32, seed: i64) -> Duration {
        let waits = attempt.saturating_sub(2);
        match self {
            Self::List(list) => {
                let at = usize::try_from(waits).unwrap_or(usize::MAX);
                list.get(at).or(list.last()).copied().unwrap_or(LONGEST_DELAY)
            }
            Self::Growing(growth) => growth.delay(waits, seed),
        }
    }
}

impl Growth {
    fn delay(&self, waits: u32, seed: i64) -> Duration {
        let ceiling = self.ceiling.as_secs_f64();
        // `powi` may overflow to infinity, which the ceiling cuts.
        let exponent = i32::try_from(waits).unwrap_or(i32::MAX);
        let full = (self.first.as_secs_f64() * self.factor.powi(exponent)).min(ceiling);
        let jittered = full * (1.0 - self.jitter * fraction(seed, waits));
        let millis = (jittered * 1000.0).round().max(0.0);
        Duration::try_from_secs_f64(millis / 1000.0)
            .unwrap_or(self.ceiling)
            .clamp(SHORTEST_DELAY, LONGEST_DELAY)
    }
}

/// A number in [0, 1) that looks random and is not (splitmix64's finalizer).
fn fraction(seed: i64, waits: u32) -> f64 {
    let mut x =
        seed.cast_unsigned().wrapping_add(u64::from(waits)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^= x >> 31;
    // 53 bits: as many as a double holds exactly.
    (x >> 11) as f64 / (1u64 << 53) as f64
}

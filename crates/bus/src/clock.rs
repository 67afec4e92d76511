//! What time it is, handed in: the rule of ten lasts 4 h 30, its test does not.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use dolmen_model::Time;
use tokio::sync::watch;

/// A clock that can be read and waited on.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Time;

    /// Returns once it is `time` or later.
    async fn sleep_until(&self, time: Time);
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Time {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Time::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    async fn sleep_until(&self, time: Time) {
        // A wall clock may be set back while we sleep, so look again.
        while let Some(left) = until(self.now(), time) {
            tokio::time::sleep(left.min(Duration::from_secs(60))).await;
        }
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct HandClock {
    now: watch::Sender<Time>,
}

impl HandClock {
    /// A clock that shows `start`.
    pub fn new(start: Time) -> Self {
        Self { now: watch::Sender::new(start) }
    }

    /// Moves the clock forward and wakes who waits for it.
    pub fn advance(&self, by: Duration) {
        self.now.send_modify(|now| *now = after(*now, by));
    }
}

#[async_trait]
impl Clock for HandClock {
    fn now(&self) -> Time {
        *self.now.borrow()
    }

    async fn sleep_until(&self, time: Time) {
        let mut changes = self.now.subscribe();
        // The sender lives as long as `self`, so this cannot fail.
        let _ = changes.wait_for(|now| *now >= time).await;
    }
}

/// `time` and `by` later; the end of time when that is beyond it.
pub fn after(time: Time, by: Duration) -> Time {
    let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    Time::from_micros(time.micros().saturating_add(by))
}

/// How long from `now` to `then`; `None` when that is past.
pub fn until(now: Time, then: Time) -> Option<Duration> {
    let micros = then.micros().saturating_sub(now.micros());
    u64::try_from(micros).ok().filter(|&micros| micros > 0).map(Duration::from_micros)
}

/// An instant from RFC 3339; `None` when the text is none.
pub(crate) fn parse_time(text: &str) -> Option<Time> {
    let timestamp: jiff::Timestamp = text.parse().ok()?;
    Some(Time::from_micros(timestamp.as_microsecond()))
}

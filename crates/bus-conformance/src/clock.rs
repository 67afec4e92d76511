use std::time::{Duration, Instant};

use async_trait::async_trait;
use dolmen_bus::{Clock, after, until};
use dolmen_model::Time;

/// A clock that runs so many times faster than the machine's.
#[derive(Debug)]
pub struct FastClock {
    start: Time,
    started: Instant,
    times: u32,
}

impl FastClock {
    /// A clock that starts now.
    pub fn new(times: u32) -> Self {
        let start = dolmen_bus::SystemClock.now();
        Self { start, started: Instant::now(), times }
    }
}

#[async_trait]
impl Clock for FastClock {
    fn now(&self) -> Time {
        after(self.start, self.started.elapsed() * self.times)
    }

    async fn sleep_until(&self, time: Time) {
        while let Some(left) = until(self.now(), time) {
            tokio::time::sleep(left / self.times + Duration::from_micros(1)).await;
        }
    }
}

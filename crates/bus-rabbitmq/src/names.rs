//! What everything is called on the broker. All of it starts with the bus's name.

use std::time::Duration;

use dolmen_bus::Return;

/// The names of one bus.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    bus: String,
}

impl Names {
    pub(crate) fn new(bus: &str) -> Self {
        Self { bus: bus.to_owned() }
    }

    /// The bus's own name.
    pub(crate) fn bus(&self) -> &str {
        &self.bus
    }

    /// The topic exchange that producers publish to.
    pub(crate) fn events(&self) -> String {
        format!("{}.events", self.bus)
    }

    /// The topic exchange that services are bound to.
    pub(crate) fn route(&self) -> String {
        format!("{}.route", self.bus)
    }

    /// The direct exchange that leads to one service.
    pub(crate) fn deliver(&self) -> String {
        format!("{}.deliver", self.bus)
    }

    /// The exchange and the queue of what nobody listens to.
    pub(crate) fn unrouted(&self) -> String {
        format!("{}.unrouted", self.bus)
    }

    /// The exchange and the stream of what happened.
    pub(crate) fn journal(&self) -> String {
        format!("{}.journal", self.bus)
    }

    /// The stream of outcomes alone, without any body.
    pub(crate) fn outcomes(&self) -> String {
        format!("{}.outcomes", self.bus)
    }

    /// The queue of failed messages.
    pub(crate) fn failed(&self) -> String {
        format!("{}.failed", self.bus)
    }

    /// What is held by whoever looks at a queue that lies aside.
    pub(crate) fn turn(&self, queue: &str) -> String {
        format!("{queue}.turn")
    }

    /// A service's queue.
    pub(crate) fn service(&self, name: &str) -> String {
        format!("{}.service.{name}", self.bus)
    }

    /// The service that a queue belongs to.
    pub(crate) fn service_of<'q>(&self, queue: &'q str) -> Option<&'q str> {
        queue.strip_prefix(&self.bus)?.strip_prefix(".service.")
    }

    /// The exchange and the queue where messages wait so many seconds.
    pub(crate) fn wait(&self, rung: u64, back: Return) -> String {
        match back {
            Return::Service => format!("{}.wait.{rung}", self.bus),
            Return::Exchange => format!("{}.again.{rung}", self.bus),
        }
    }

    /// The routing key of a record in the journal.
    pub(crate) fn record(&self, what: dolmen_bus::What) -> String {
        match what {
            dolmen_bus::What::Hardfail => format!("{}.log", self.bus),
            other => format!("{}.outcome.{}", self.bus, other.as_str()),
        }
    }

    /// The routing key of records that are written together.
    pub(crate) fn records(&self) -> String {
        format!("{}.outcomes", self.bus)
    }
}

/// The waits that every bus has, in seconds.
pub(crate) const RUNGS: [u64; 18] =
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400];

/// The seconds of a delay, rounded up, as [`crate::Options::rungs`] has them.
pub fn seconds(delay: Duration) -> u64 {
    delay.as_secs() + u64::from(delay.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_names_its_service() {
        let names = Names::new("agoram");
        assert_eq!(names.service_of(&names.service("a.b-c")), Some("a.b-c"));
        assert_eq!(names.service_of("agoram.failed"), None);
        assert_eq!(names.service_of("other.service.a"), None);
    }

    #[test]
    fn a_delay_is_rounded_up() {
        assert_eq!(seconds(Duration::from_millis(1001)), 2);
        assert_eq!(seconds(Duration::from_secs(2)), 2);
    }
}

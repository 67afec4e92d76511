//! The suite of promises on a RabbitMQ of its own.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests: a panic is the report")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use dolmen_bus::{Clock, SystemClock};
use dolmen_bus_conformance::{Process, Rig, broker, suite};
use dolmen_bus_rabbitmq::{Options, RabbitBus};

/// One bus on the shared broker; its name keeps it apart from the others.
struct OnBroker {
    options: Options,
}

impl OnBroker {
    fn new(broker: &broker::Broker) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let bus = format!("bus{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut options = Options::new(bus, broker.url());
        // A bus has few queues then, and a test starts soon.
        options.rungs = [1, 2, 5, 10, 60, 3600, 7200, 86_400].into();
        options.redelivery_limit = 10;
        options.admin_url = Some(broker.admin_url());
        Self { options }
    }
}

#[async_trait]
impl Rig for OnBroker {
    async fn open(&self) -> Process {
        let bus = RabbitBus::open(self.options.clone()).await.unwrap();
        let transport = Arc::new(bus.clone());
        Process { transport, kill: Box::new(move || Box::pin(async move { bus.close().await })) }
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(SystemClock)
    }

    fn lasting(&self, real: Duration) -> Duration {
        real
    }

    fn redelivery_limit(&self) -> u32 {
        self.options.redelivery_limit
    }
}

suite!(match broker::shared() {
    Some(broker) => OnBroker::new(broker),
    None => return,
});

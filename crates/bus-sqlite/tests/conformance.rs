//! The suite of promises on a bus file.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests: a panic is the report")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use dolmen_bus::Clock;
use dolmen_bus_conformance::{FastClock, Process, Rig, suite};
use dolmen_bus_sqlite::{Options, SqliteBus};
use tempfile::TempDir;

/// A hundred seconds of the bus in one of the machine's.
const TIMES: u32 = 100;

/// Long enough for a busy machine, short enough to wait for.
const LEASE: Duration = Duration::from_secs(2);

struct File {
    folder: TempDir,
    clock: Arc<FastClock>,
}

impl File {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, clock: Arc::new(FastClock::new(TIMES)) }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("bus.db")
    }
}

#[async_trait]
impl Rig for File {
    async fn open(&self) -> Process {
        let options = Options {
            lease: LEASE,
            clock: self.clock(),
            redelivery_limit: self.redelivery_limit(),
            ..Options::default()
        };
        let bus = SqliteBus::open(&self.path(), options).unwrap();
        let transport = Arc::new(bus.clone());
        Process { transport, kill: Box::new(move || Box::pin(async move { bus.die() })) }
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<dyn Clock>
    }

    fn lasting(&self, real: Duration) -> Duration {
        real * TIMES
    }

    fn redelivery_limit(&self) -> u32 {
        10
    }
}

suite!(File::new());

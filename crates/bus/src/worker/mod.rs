//! A worker: takes the messages of one service, has them handled, and ends each delivery.
//!
//! It is configured, run, and drained: when it is told to stop it takes nothing new, hands back
//! what it had fetched, lets handlers finish within the grace time, then stops those that remain
//! and hands their messages back too.

mod delivery;
mod run;
mod suspects;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::handler::Handler;
use crate::key::{KeyError, Pattern};
use crate::recoverability::Policy;
use crate::topology::{NameError, check_name};
use crate::{Clock, Contracts, SystemClock, Transport, TransportError};

use run::{End, Run};

/// Handles the messages of one service.
pub struct Worker<H = ()> {
    transport: Arc<dyn Transport>,
    service: String,
    listen: Vec<String>,
    policy: Policy,
    concurrency: usize,
    prefetch: Option<u16>,
    time_limit: Duration,
    grace: Duration,
    idle_after: Duration,
    contracts: Arc<Contracts>,
    clock: Arc<dyn Clock>,
    handler: H,
}

/// What a worker did until it stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Messages that were handled.
    pub done: u64,
    /// Deliveries that failed and wait.
    pub softfailed: u64,
    /// Messages that are now failed messages.
    pub hardfailed: u64,
    /// Messages that another service has now.
    pub forwarded: u64,
    /// Messages handed back untouched.
    pub handed_back: u64,
    /// Deliveries that were taken back before they could be ended; their messages come again.
    pub lost: u64,
}

/// Why a worker cannot work.
#[derive(Debug, Error)]
pub enum WorkerError {
    /// The service's name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A pattern it listens to.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The transport.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// Nothing could ever be handled.
    #[error("concurrency and prefetch must be at least 1")]
    NoRoom,
    /// The last of the messages fetched ahead could be answered too late.
    #[error(
        "a time limit of {time_limit:?} with {ahead} messages in a row for each of {concurrency} \
         handlers is up to {total:?}, and the transport takes a delivery back after {longest:?}: \
         lower the time limit or the prefetch"
    )]
    TooLong {
        /// The time limit of one delivery.
        time_limit: Duration,
        /// How many messages one handler may have to handle in a row.
        ahead: u32,
        /// How many are handled at a time.
        concurrency: usize,
        /// How long the last of them may take to be answered.
        total: Duration,
        /// What the transport allows.
        longest: Duration,
    },
}

impl Worker {
    /// A worker for `service` that handles one message at a time, by the rule of ten.
    pub fn new(transport: Arc<dyn Transport>, service: impl Into<String>) -> Self {
        Self {
            transport,
            service: service.into(),
            listen: Vec::new(),
            policy: Policy::default(),
            concurrency: 1,
            prefetch: None,
            time_limit: Duration::from_secs(10 * 60),
            grace: Duration::from_secs(30),
            idle_after: Duration::from_millis(300),
            contracts: Arc::default(),
            clock: Arc::new(SystemClock),
            handler: (),
        }
    }
}

impl<H> Worker<H> {
    /// Listens to a routing key or pattern; may be said several times. The service is then set up
    /// with exactly these when the worker starts. Without it the worker changes nothing, and
    /// refuses to work for a service that was not set up.
    #[must_use]
    pub fn listen(mut self, pattern: impl Into<String>) -> Self {
        self.listen.push(pattern.into());
        self
    }

    /// When and how often to try again.
    #[must_use]
    pub fn policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// How many messages are handled at a time; 1 unless said otherwise.
    #[must_use]
    pub fn concurrency(self, concurrency: usize) -> Self {
        Self { concurrency, ..self }
    }

    /// How many messages are fetched without an answer, those being handled included; twice the
    /// concurrency unless said otherwise.
    #[must_use]
    pub fn prefetch(self, prefetch: u16) -> Self {
        Self { prefetch: Some(prefetch), ..self }
    }

    /// How long one delivery may take; then it is stopped, a softfail. 10 minutes unless said
    /// otherwise.
    #[must_use]
    pub fn time_limit(self, time_limit: Duration) -> Self {
        Self { time_limit, ..self }
    }

    /// How long handlers may finish after the worker was told to stop; 30 s unless said otherwise.
    #[must_use]
    pub fn grace(self, grace: Duration) -> Self {
        Self { grace, ..self }
    }

    /// How long nothing must come before [`Worker::run_until_idle`] looks whether all is done.
    #[must_use]
    pub fn idle_after(self, idle_after: Duration) -> Self {
        Self { idle_after, ..self }
    }

    /// What messages must look like before a handler sees them.
    #[must_use]
    pub fn contracts(self, contracts: Arc<Contracts>) -> Self {
        Self { contracts, ..self }
    }

    /// The clock that failures and probes go by.
    #[must_use]
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// The handler: a closure, or an [`crate::Exec`], a [`crate::Pipe`], an [`crate::Http`].
    pub fn handle<N: Handler>(self, handler: N) -> Worker<N> {
        Worker {
            handler,
            transport: self.transport,
            service: self.service,
            listen: self.listen,
            policy: self.policy,
            concurrency: self.concurrency,
            prefetch: self.prefetch,
            time_limit: self.time_limit,
            grace: self.grace,
            idle_after: self.idle_after,
            contracts: self.contracts,
            clock: self.clock,
        }
    }
}

impl<H: Handler> Worker<H> {
    /// Works until `stop` completes, then drains.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<Summary, WorkerError> {
        let run = self.start()?;
        run.until(stop, End::Told).await
    }

    /// Works until no message is ready, for tests and cron. Messages that wait are not waited
    /// for; a service that pauses ends it too.
    pub async fn run_until_idle(self) -> Result<Summary, WorkerError> {
        self.run_until_idle_or(std::future::pending()).await
    }

    /// The same, or until `stop` completes; either way it drains.
    pub async fn run_until_idle_or(
        self,
        stop: impl Future<Output = ()>,
    ) -> Result<Summary, WorkerError> {
        let run = self.start()?;
        run.until(stop, End::Idle).await
    }

    fn start(self) -> Result<Run<H>, WorkerError> {
        check_name(&self.service)?;
        let prefetch = self.checked_prefetch()?;
        let listen =
            self.listen.iter().map(|text| Pattern::new(text)).collect::<Result<Vec<_>, _>>()?;
        Ok(Run::new(self, listen, prefetch))
    }

    fn checked_prefetch(&self) -> Result<u16, WorkerError> {
        let concurrency = u32::try_from(self.concurrency).unwrap_or(u32::MAX);
        let twice = u16::try_from(concurrency.saturating_mul(2)).unwrap_or(u16::MAX);
        let prefetch = self.prefetch.unwrap_or(twice);
        if self.concurrency == 0 || prefetch == 0 {
            return Err(WorkerError::NoRoom);
        }
        let ahead = u32::from(prefetch).div_ceil(concurrency);
        let total = self.time_limit.saturating_mul(ahead);
        match self.transport.capabilities().longest_handling {
            Some(longest) if total >= longest => Err(WorkerError::TooLong {
                time_limit: self.time_limit,
                ahead,
                concurrency: self.concurrency,
                total,
                longest,
            }),
            _ => Ok(prefetch),
        }
    }
}

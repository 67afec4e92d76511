//! The one thread of a process that writes.
//!
//! Jobs that arrive while a transaction is being synced share the next one, so a thousand
//! messages at a time cost one sync. A job sees the others' changes and is answered once all are
//! on disk; a job that fails takes only its own changes back.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};
use thiserror::Error;
use tokio::sync::oneshot;

/// The most jobs of one transaction, so that nobody waits long for the first.
const MOST_JOBS: usize = 1024;

/// Why nothing was written.
#[derive(Debug, Error)]
pub(crate) enum WriteError {
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("the transaction of this change failed: {0}")]
    Commit(String),
    #[error("the bus is closed, or its file cannot be written")]
    Closed,
}

type Answer = Box<dyn FnOnce(Result<(), String>) + Send>;
type Job = Box<dyn FnOnce(&Connection) -> Outcome + Send>;

/// A job that was done, and whom to tell once it is on disk.
struct Outcome {
    keep: bool,
    answer: Answer,
}

enum Order {
    Do(Job),
    Stop,
}

/// What is done now and then, between jobs.
pub(crate) type Chore = Box<dyn FnMut(&Connection) -> rusqlite::Result<()> + Send>;

/// The way to the thread.
#[derive(Debug)]
pub(crate) struct Writer {
    orders: Sender<Order>,
    thread: std::sync::Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread; `chore` is done every `every`, however busy it is.
    pub(crate) fn start(
        connection: Connection,
        every: Duration,
        chore: Chore,
    ) -> std::io::Result<Self> {
        let (orders, inbox) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("bus-writer".to_owned())
            .spawn(move || work(connection, &inbox, every, chore))?;
        Ok(Self { orders, thread: std::sync::Mutex::new(Some(thread)) })
    }

    /// Has `job` done and on disk. It is done even if nobody waits for the answer.
    pub(crate) fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> oneshot::Receiver<Result<T, WriteError>> {
        let (answer, receiver) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let value = job(connection).map_err(WriteError::Sqlite);
            let keep = value.is_ok();
            let answer: Answer = Box::new(move |committed| {
                let value = value.and_then(|value| match committed {
                    Ok(()) => Ok(value),
                    Err(why) => Err(WriteError::Commit(why)),
                });
                // Nobody may be waiting any more.
                let _ = answer.send(value);
            });
            Outcome { keep, answer }
        });
        // When the thread is gone the job is dropped, and the receiver says so.
        let _ = self.orders.send(Order::Do(job));
        receiver
    }

    /// Ends the thread after what was ordered so far.
    pub(crate) fn stop(&self) {
        let _ = self.orders.send(Order::Stop);
        let thread = self.thread.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the writing thread of the bus panicked");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Waits for an answer of [`Writer::write`].
pub(crate) async fn answer<T>(
    receiver: oneshot::Receiver<Result<T, WriteError>>,
) -> Result<T, WriteError> {
    receiver.await.unwrap_or(Err(WriteError::Closed))
}

fn work(mut connection: Connection, inbox: &Receiver<Order>, every: Duration, mut chore: Chore) {
    let mut next_chore = Instant::now() + every;
    loop {
        let mut jobs = Vec::new();
        let mut stopped = false;
        match inbox.recv_timeout(next_chore.saturating_duration_since(Instant::now())) {
            Ok(Order::Do(job)) => jobs.push(job),
            Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {}
        }
        while jobs.len() < MOST_JOBS {
            match inbox.try_recv() {
                Ok(Order::Do(job)) => jobs.push(job),
                Ok(Order::Stop) => {
                    stopped = true;
                    break;
                }
                Err(_) => break,
            }
        }
        if !jobs.is_empty() {
            transact(&mut connection, jobs);
        }
        if Instant::now() >= next_chore {
            if let Err(error) = chore(&connection) {
                tracing::warn!(%error, "the bus file cannot be looked after");
            }
            next_chore = Instant::now() + every;
        }
        if stopped {
            return;
        }
    }
}

fn transact(connection: &mut Connection, jobs: Vec<Job>) {
    let mut answers = Vec::with_capacity(jobs.len());
    let committed = (|| {
        let mut transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for job in jobs {
            // A savepoint that is dropped takes its changes back.
            let savepoint = transaction.savepoint()?;
            let Outcome { keep, answer } = job(&savepoint);
            answers.push(answer);
            if keep {
                savepoint.commit()?;
            }
        }
        transaction.commit()
    })();
    let committed = committed.map_err(|error: rusqlite::Error| error.to_string());
    for answer in answers {
        answer(committed.clone());
    }
}

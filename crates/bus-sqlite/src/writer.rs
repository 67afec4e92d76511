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
/// Given the transaction, or why there is none.
type Job = Box<dyn FnOnce(Result<&Connection, &str>) -> Outcome + Send>;

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
            let value = match connection {
                Ok(connection) => job(connection).map_err(WriteError::Sqlite),
                Err(why) => Err(WriteError::Commit(why.to_owned())),
            };
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
            if let Err(error) = look_after(&mut connection, &mut chore) {
                tracing::warn!(%error, "the bus file cannot be looked after");
            }
            next_chore = Instant::now() + every;
        }
        if stopped {
            return;
        }
    }
}

/// In one transaction, for other processes do the same.
fn look_after(connection: &mut Connection, chore: &mut Chore) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    chore(&transaction)?;
    transaction.commit()
}

fn transact(connection: &mut Connection, jobs: Vec<Job>) {
    let mut answers = Vec::with_capacity(jobs.len());
    let mut jobs = jobs.into_iter();
    let committed = (|| {
        let mut transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for job in jobs.by_ref() {
            // A savepoint that is dropped takes its changes back.
            let savepoint = transaction.savepoint()?;
            let Outcome { keep, answer } = job(Ok(&savepoint));
            answers.push(answer);
            if keep {
                savepoint.commit()?;
            }
        }
        transaction.commit()
    })();
    let committed = committed.map_err(|error: rusqlite::Error| error.to_string());
    if let Err(why) = &committed {
        // Whose turn never came learns the cause too.
        answers.extend(jobs.map(|job| job(Err(why)).answer));
    }
    for answer in answers {
        answer(committed.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Another process may hold the file, or the disk be full: that is what is said.
    #[tokio::test]
    async fn what_cannot_be_written_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bus.db");
        let other = Connection::open(&path).unwrap();
        other.execute_batch("CREATE TABLE t (a); BEGIN IMMEDIATE").unwrap();
        let connection = Connection::open(&path).unwrap();
        connection.busy_timeout(Duration::ZERO).unwrap();
        let writer =
            Writer::start(connection, Duration::from_secs(3600), Box::new(|_| Ok(()))).unwrap();
        let write =
            || writer.write(|connection| connection.execute("INSERT INTO t VALUES (1)", []));
        let error = answer(write()).await.unwrap_err().to_string();
        assert!(error.contains("database is locked"), "{error}");
        other.execute_batch("COMMIT").unwrap();
        assert_eq!(answer(write()).await.unwrap(), 1);
    }

    /// What one chore changes is there as a whole, also for other processes, or not at all; and a
    /// chore that fails stands in nobody's way.
    #[tokio::test]
    async fn a_chore_is_done_as_a_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bus.db");
        let other = Connection::open(&path).unwrap();
        other.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (a)").unwrap();
        let rows = || -> Vec<i64> {
            let mut statement = other.prepare("SELECT a FROM t ORDER BY a").unwrap();
            let rows = statement.query_map([], |row| row.get(0)).unwrap();
            rows.map(Result::unwrap).collect()
        };
        let (at_half, half) = mpsc::channel();
        let (go_on, going_on) = mpsc::channel::<()>();
        let mut times = 0;
        let chore: Chore = Box::new(move |connection| {
            times += 1;
            connection.execute("INSERT INTO t VALUES (?1)", [times])?;
            let _ = at_half.send(());
            // The test is over.
            if going_on.recv().is_err() {
                return Ok(());
            }
            if times == 1 {
                return Err(rusqlite::Error::QueryReturnedNoRows);
            }
            connection.execute("INSERT INTO t VALUES (?1)", [10 * times]).map(drop)
        });
        let connection = Connection::open(&path).unwrap();
        let writer = Writer::start(connection, Duration::from_millis(1), chore).unwrap();
        let write =
            |a: i64| answer(writer.write(move |db| db.execute("INSERT INTO t VALUES (?1)", [a])));
        half.recv().unwrap();
        assert_eq!(rows(), [] as [i64; 0], "half a chore is seen");
        go_on.send(()).unwrap();
        // The first failed: nothing of it is there, and what others write is.
        half.recv().unwrap();
        assert_eq!(rows(), [] as [i64; 0], "a chore that failed left something");
        go_on.send(()).unwrap();
        half.recv().unwrap();
        assert_eq!(rows(), [2, 20]);
        let writing = write(1000);
        drop(go_on);
        assert_eq!(writing.await.unwrap(), 1);
        assert!(rows().contains(&1000));
    }
}

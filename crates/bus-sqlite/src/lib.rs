//! The bus in one SQLite file, for the processes of one machine.
//!
//! The same promises as on RabbitMQ, shown by the same suite, without a server: a message that
//! was confirmed is on disk, a delivery ends in the transaction that says where its message goes
//! next, and what waits is a row with a time. README.md of this crate is the file's format.
//!
//! A process holds deliveries under a lease that it renews; when it dies, others take over what
//! it held once the lease is over. All writing of a process is done by one thread, whose
//! transactions carry whatever arrived meanwhile.

mod claim;
mod consumer;
mod failed;
mod file;
mod manage;
mod read;
mod route;
mod rows;
mod settle;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use dolmen_bus::{
    Aside, Capabilities, Change, Clock, Consumer, Depth, DrainError, Event, FailedMessage,
    KeepFailed, Message, MessageError, Mode, Parcel, Position, PublishError, REDELIVERY_LIMIT, See,
    Subscription, SystemClock, Topology, Transport, TransportError, Waiting, Wanted, after,
    check_batch, check_name, check_target,
};
use dolmen_model::Time;
use rusqlite::Connection;
use tokio::sync::watch;

use crate::consumer::SqliteConsumer;
use crate::manage::Removed;
use crate::route::{Bindings, publish};
use crate::rows::write_envelope;
use crate::writer::{WriteError, Writer, answer};

pub use failed::{CLAIM, FailedFile, FailedFileError, Fate, Kept, KeptId};
pub use file::OpenError;

/// How many messages are handed over at a time.
const HANDFUL: usize = 500;

/// Before all messages that lie aside.
const BEGIN: read::Place = (i64::MIN, i64::MIN);

/// What may be chosen about a bus file.
#[derive(Clone)]
pub struct Options {
    /// How long a process may say nothing before it is taken for dead; at least a few seconds
    /// where processes may be stopped and continued. 30 s.
    pub lease: Duration,
    /// How long the journal is kept; 30 days.
    pub keep: Duration,
    /// How many redeliveries without an answer make a failed message.
    pub redelivery_limit: u32,
    /// The clock that messages are due by. Leases always go by the machine's.
    pub clock: Arc<dyn Clock>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(30),
            keep: Duration::from_secs(30 * 24 * 3600),
            redelivery_limit: REDELIVERY_LIMIT,
            clock: Arc::new(SystemClock),
        }
    }
}

/// A bus in a file.
#[derive(Clone)]
pub struct SqliteBus {
    shared: Arc<Shared>,
}

/// What all parts of one process's view of the bus share.
struct Shared {
    writer: Writer,
    reader: Mutex<Connection>,
    /// Changes when this process wrote something that a consumer may want.
    written: watch::Sender<()>,
    holder: i64,
    redelivery_limit: u32,
    clock: Arc<dyn Clock>,
    path: PathBuf,
}

impl SqliteBus {
    /// Opens the bus at `path`, a new one when there is no such file.
    pub fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        let sqlite = |cause| OpenError::Sqlite { path: path.display().to_string(), cause };
        let connection = file::open(path, file::BUS)?;
        let reader = file::open_again(path)?;
        let lease = options.lease;
        let holder =
            claim::register(&connection, after(SystemClock.now(), lease)).map_err(sqlite)?;
        let clock = Arc::clone(&options.clock);
        let chore = move |connection: &Connection| {
            let (system_now, now) = (SystemClock.now(), clock.now());
            claim::look_after(connection, holder, after(system_now, lease), system_now)?;
            claim::fail_hopeless(connection, options.redelivery_limit, now)?;
            let keep = i64::try_from(options.keep.as_micros()).unwrap_or(i64::MAX);
            manage::prune(connection, Time::from_micros(now.micros().saturating_sub(keep)))
        };
        let writer = Writer::start(connection, lease / 3, Box::new(chore))
            .map_err(|error| sqlite(rusqlite::Error::ToSqlConversionFailure(Box::new(error))))?;
        let shared = Shared {
            writer,
            reader: Mutex::new(reader),
            written: watch::Sender::new(()),
            holder,
            redelivery_limit: options.redelivery_limit,
            clock: options.clock,
            path: path.to_owned(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Where the bus is.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Gives back what this process still holds and ends its lease: what is not called when a
    /// process dies, and then comes to pass when the lease is over.
    pub async fn close(&self) -> Result<(), TransportError> {
        let holder = self.shared.holder;
        self.write(move |connection| claim::bury(connection, holder)).await?;
        self.shared.writer.stop();
        Ok(())
    }

    /// Stops writing at once, as a process that is killed: nothing is given back. For tests.
    pub fn die(&self) {
        self.shared.writer.stop();
    }

    async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, TransportError> {
        let result = answer(self.shared.writer.write(job)).await.map_err(unreachable);
        self.shared.written.send_replace(());
        result
    }

    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, TransportError> {
        self.shared.read(query).await
    }

    fn now(&self) -> Time {
        self.shared.clock.now()
    }

    async fn aside(
        &self,
        aside: Aside,
        now: Time,
        place: read::Place,
    ) -> Result<Vec<(read::Place, FailedMessage)>, TransportError> {
        self.read(move |connection| read::aside(connection, aside, now, place, HANDFUL)).await
    }
}

impl Shared {
    /// Reads aside: SQLite has no asynchronous side, and a cold read may take a while.
    async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, TransportError> {
        let shared = Arc::clone(self);
        let result = tokio::task::spawn_blocking(move || {
            let reader = shared.reader.lock().unwrap_or_else(PoisonError::into_inner);
            query(&reader)
        });
        match result.await {
            Ok(result) => result.map_err(|error| unreachable(WriteError::Sqlite(error))),
            Err(error) => Err(TransportError::Unreachable(error.to_string())),
        }
    }

    async fn anything_due(self: &Arc<Self>, service: &str) -> Result<bool, TransportError> {
        let (service, now) = (service.to_owned(), self.clock.now());
        self.read(move |connection| claim::anything_due(connection, &service, now)).await
    }
}

fn unreachable(error: WriteError) -> TransportError {
    TransportError::Unreachable(error.to_string())
}

/// One batch is one transaction: either all of it is on disk or nothing.
fn unconfirmed(count: usize) -> impl FnOnce(TransportError) -> PublishError {
    move |cause| PublishError::Unconfirmed { unconfirmed: (0..count).collect(), cause }
}

#[async_trait]
impl Transport for SqliteBus {
    fn capabilities(&self) -> Capabilities {
        Capabilities { reach_waiting: true, show_changes: true, longest_handling: None }
    }

    async fn setup(&self, topology: &Topology, mode: Mode) -> Result<Vec<Change>, TransportError> {
        for service in &topology.services {
            check_name(&service.name)?;
        }
        let topology = topology.clone();
        match mode {
            Mode::Apply => {
                self.write(move |connection| manage::setup(connection, &topology, mode)).await
            }
            Mode::Show => {
                self.read(move |connection| manage::setup(connection, &topology, mode)).await
            }
        }
    }

    async fn remove(&self, service: &str) -> Result<(), TransportError> {
        let (name, now) = (service.to_owned(), self.now());
        match self.write(move |connection| manage::remove(connection, &name, now)).await? {
            Removed::Yes => Ok(()),
            Removed::NotThere => Err(TransportError::NotSetUp(format!("service {service}"))),
            Removed::Refused(ready) => Err(TransportError::Refused(format!(
                "{ready} messages are ready for {service}: they would be lost; let it work them \
                 off first"
            ))),
        }
    }

    async fn publish(&self, messages: Vec<Message>) -> Result<(), PublishError> {
        check_batch(&messages)?;
        let (count, now) = (messages.len(), self.now());
        let job = move |connection: &Connection| {
            let bindings = Bindings::read(connection)?;
            messages.iter().try_for_each(|message| publish(connection, &bindings, message, now))
        };
        self.write(job).await.map_err(unconfirmed(count))
    }

    async fn send(&self, service: &str, parcels: Vec<Parcel>) -> Result<(), PublishError> {
        check_target(service, parcels.len())?;
        for (index, Parcel { message, .. }) in parcels.iter().enumerate() {
            let cause = match message.check() {
                // What came in by another way may carry headers that nobody may publish with.
                Ok(())
                | Err(
                    MessageError::Reserved(_)
                    | MessageError::Headers(_)
                    | MessageError::Trace { .. },
                ) => continue,
                Err(cause) => cause,
            };
            return Err(PublishError::Message { index, cause });
        }
        let (service, count, now) = (service.to_owned(), parcels.len(), self.now());
        let job = move |connection: &Connection| {
            parcels.iter().try_for_each(|Parcel { message, envelope }| {
                let envelope = write_envelope(envelope, &message.routing_key);
                manage::send(connection, &service, message, envelope.as_deref(), now)
            })
        };
        self.write(job).await.map_err(unconfirmed(count))
    }

    async fn subscribe(&self, want: &Subscription) -> Result<Box<dyn Consumer>, TransportError> {
        if !self.has_service(&want.service).await? {
            return Err(TransportError::NotSetUp(format!("service {}", want.service)));
        }
        Ok(Box::new(SqliteConsumer::new(Arc::clone(&self.shared), want)))
    }

    async fn depths(&self) -> Result<Vec<Depth>, TransportError> {
        let now = self.now();
        self.read(move |connection| read::depths(connection, now)).await
    }

    async fn has_service(&self, service: &str) -> Result<bool, TransportError> {
        let name = service.to_owned();
        self.read(move |connection| read::has_service(connection, &name)).await
    }

    async fn look(&self, aside: Aside, see: &mut See<'_>) -> Result<(), TransportError> {
        let (now, mut place) = (self.now(), BEGIN);
        loop {
            let page = self.aside(aside, now, place).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            place = *last;
            if page.into_iter().any(|(_, message)| see(message).is_break()) {
                return Ok(());
            }
        }
    }

    async fn take(
        &self,
        aside: Aside,
        wanted: &mut Wanted<'_>,
        keeper: &dyn KeepFailed,
    ) -> Result<usize, DrainError> {
        let (now, mut place, mut taken) = (self.now(), BEGIN, 0);
        loop {
            let page = self.aside(aside, now, place).await?;
            let Some((last, _)) = page.last() else { return Ok(taken) };
            place = *last;
            let (ids, messages): (Vec<i64>, Vec<FailedMessage>) = page
                .into_iter()
                .filter(|(_, message)| wanted(message))
                .map(|((_, id), message)| (id, message))
                .unzip();
            if !messages.is_empty() {
                taken += messages.len();
                keeper.keep(messages).await?;
                self.write(move |connection| manage::forget(connection, &ids)).await?;
            }
        }
    }

    async fn count_unrouted(&self) -> Result<u64, TransportError> {
        let now = self.now();
        self.read(move |connection| read::count_unrouted(connection, now)).await
    }

    async fn waiting(&self) -> Result<Vec<Waiting>, TransportError> {
        let now = self.now();
        self.read(move |connection| read::waiting(connection, now)).await
    }

    async fn release(&self, message_id: &str, service: &str) -> Result<bool, TransportError> {
        let (id, service, now) = (message_id.to_owned(), service.to_owned(), self.now());
        self.write(move |connection| manage::release(connection, &id, &service, now)).await
    }

    async fn cancel(&self, message_id: &str, service: &str) -> Result<bool, TransportError> {
        let (id, service, now) = (message_id.to_owned(), service.to_owned(), self.now());
        self.write(move |connection| manage::cancel(connection, &id, &service, now)).await
    }

    async fn journal(
        &self,
        position: Option<Position>,
        most: usize,
    ) -> Result<Vec<Event>, TransportError> {
        self.read(move |connection| read::journal(connection, position, most)).await
    }

    async fn trace(&self, message_id: &str) -> Result<Vec<Event>, TransportError> {
        let id = message_id.to_owned();
        self.read(move |connection| read::trace(connection, &id)).await
    }

    async fn record(&self, event: Event) -> Result<(), TransportError> {
        self.write(move |connection| manage::note(connection, &event)).await
    }
}

//! The bus: messages that are never lost, and retries that touch only the service that failed.
//!
//! Producers publish a [`Message`] under a routing key; every service that listens to it gets its
//! own copy. A service that could not handle it says so with a [`Failure`]; [`decide`] says what
//! becomes of it. A softfailed message waits outside the service and returns to that service
//! alone; a hardfailed one is kept until somebody looks at it. Every outcome is in the journal.
//!
//! ```
//! use std::sync::Arc;
//! use dolmen_bus::{Failure, Incoming, Transport, Worker, WorkerError};
//!
//! async fn serve(transport: Arc<dyn Transport>) -> Result<(), WorkerError> {
//!     Worker::new(transport, "googleapps")
//!         .listen("notify.gram.user.created")
//!         .handle(|message: Incoming| async move {
//!             create_account(&message.body).await.map_err(|error| {
//!                 Failure::availability("Google API is down").code(error.to_string())
//!             })
//!         })
//!         .run_until(stop_signal())
//!         .await?;
//!     Ok(())
//! }
//! # async fn create_account(_body: &[u8]) -> Result<(), std::io::Error> { Ok(()) }
//! # async fn stop_signal() {}
//! ```
//!
//! Invariant: this crate names no transport; whoever wires a [`Worker`] picks one. `recoverability`
//! is pure.

mod clock;
mod contracts;
mod envelope;
mod failed;
mod failure;
mod handler;
mod journal;
mod key;
mod line;
mod message;
mod recoverability;
mod topology;
mod transport;
mod worker;

pub use bytes::Bytes;
pub use clock::{Clock, HandClock, SystemClock, after, until};
pub use contracts::{ContractError, Contracts, Required, Violation};
pub use envelope::{Envelope, MOST_ERROR_BYTES, Origin, header};
pub use failed::{Aside, FOREIGN, FailedMessage, KeepError, KeepFailed, See, Wanted};
pub use failure::{FailedAttempt, Failure, MOST_TEXT_BYTES, Nature, Remedy};
pub use handler::{Exec, ExitCodes, ExitCodesError, Handler, Http, HttpError, Incoming, Pipe};
pub use journal::{Event, Position, What};
pub use key::{KeyError, Pattern, check as check_key};
pub use message::{Headers, MOST_HEADER_BYTES, Message, MessageError, is_reserved};
pub use recoverability::{
    Action, Change as OutageChange, Delays, Growth, History, LONGEST_DELAY, Observed, Outage,
    Policy, PolicyError, PolicySettings, Reason, Return, SHORTEST_DELAY, decide, instead,
};
pub use topology::{Change, ChangeAction, Mode, NameError, ServiceSpec, Topology, check_name};
pub use transport::{
    ALONE_FROM, Capabilities, Consumer, Delivery, Depth, DrainError, Parcel, PublishError,
    REDELIVERY_LIMIT, Rates, Receipt, SettleError, Settled, Settlement, Subscription, Transport,
    TransportError, Waiting, check_batch, check_target,
};
pub use worker::{Summary, Worker, WorkerError};

//! Failed messages in a file of their own, in the store's folder: kept, listed, and given a fate.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use dolmen_bus::{FailedMessage, KeepError, KeepFailed, Message};
use dolmen_model::Time;
use rusqlite::types::Type;
use rusqlite::{Connection, Row, TransactionBehavior, named_params, params};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::file::{self, OpenError};
use crate::rows::{read_envelope, write_envelope};

/// Failed messages, kept until somebody decides, and after that as long as the file.
#[derive(Clone, Debug)]
pub struct FailedFile {
    connection: Arc<Mutex<Connection>>,
}

/// How long a claim lasts when who claimed a message says nothing more of it.
pub const CLAIM: Duration = Duration::from_secs(5 * 60);

/// The number of a kept message in its file.
pub type KeptId = i64;

/// What somebody decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It was sent to its service again.
    Retried,
    /// It was sent to another service.
    Forwarded,
    /// It was sent again as a new message with another body.
    Edited,
    /// It was given up; it can be brought back.
    Discarded,
}

impl Fate {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Retried => "retried",
            Self::Forwarded => "forwarded",
            Self::Edited => "edited",
            Self::Discarded => "discarded",
        }
    }
}

/// One kept message.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Its number.
    pub id: KeptId,
    /// The message.
    pub failed: FailedMessage,
}

/// Why the file cannot be read or written.
#[derive(Debug, Error)]
pub enum FailedFileError {
    /// SQLite.
    #[error("failed messages: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The work was broken off.
    #[error("failed messages: {0}")]
    BrokenOff(String),
}

/// A message without its body, as JSON: the body is a column of its own.
#[derive(Serialize, Deserialize)]
struct Properties {
    id: String,
    routing_key: String,
    #[serde(default)]
    headers: dolmen_bus::Headers,
    producer: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    correlation_id: Option<String>,
    content_type: Option<String>,
    reply_to: Option<String>,
    time: Option<i64>,
    traceparent: Option<String>,
    tracestate: Option<String>,
}

impl FailedFile {
    /// Opens the file, a new one when there is none.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let connection = file::open(path, file::FAILED)?;
        // Files of before have no such table.
        connection
            .execute_batch(include_str!("claimed.sql"))
            .map_err(|cause| OpenError::Sqlite { path: path.display().to_string(), cause })?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)) })
    }

    /// The messages that nobody decided about, newest first.
    pub async fn open_messages(&self) -> Result<Vec<Kept>, FailedFileError> {
        self.list("fate IS NULL").await
    }

    /// How many messages nobody decided about, by service.
    pub async fn count_open(&self) -> Result<BTreeMap<String, u64>, FailedFileError> {
        self.with(|connection| {
            let sql = "SELECT service, count(*) FROM failed WHERE fate IS NULL GROUP BY service";
            let row = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()));
            connection.prepare_cached(sql)?.query_map([], row)?.collect()
        })
        .await
    }

    /// The messages that were given up and can be brought back, newest first.
    pub async fn discarded_messages(&self) -> Result<Vec<Kept>, FailedFileError> {
        self.list("fate = 'discarded'").await
    }

    async fn list(&self, which: &'static str) -> Result<Vec<Kept>, FailedFileError> {
        self.with(move |connection| {
            let sql = format!(
                "SELECT id, service, failed_at, message, body, envelope FROM failed
                 WHERE {which} ORDER BY failed_at DESC, id DESC"
            );
            connection.prepare_cached(&sql)?.query_map([], kept)?.collect()
        })
        .await
    }

    /// Claims a message before something is done with it: of several who want to, one may. Whether
    /// it is claimed: it has no fate, and nobody else claimed it within [`CLAIM`]. A claim ends with
    /// [`Self::decide`] or [`Self::let_go`]; who died with one is followed by somebody who may do
    /// the same again, so nothing is lost.
    pub async fn claim(&self, id: KeptId, by: String, at: Time) -> Result<bool, FailedFileError> {
        self.with(move |connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let lease = i64::try_from(CLAIM.as_micros()).unwrap_or(i64::MAX);
            let oldest = at.micros().saturating_sub(lease);
            // What was claimed in the future was claimed before a clock was set back.
            transaction
                .prepare_cached("DELETE FROM claimed WHERE failed = ?1 AND (at < ?2 OR at > ?3)")?
                .execute(params![id, oldest, at.micros().saturating_add(lease)])?;
            let claimed = transaction
                .prepare_cached(
                    "INSERT INTO claimed (failed, at, by)
                     SELECT id, ?2, ?3 FROM failed WHERE id = ?1 AND fate IS NULL
                     ON CONFLICT DO NOTHING",
                )?
                .execute(params![id, at.micros(), by])?;
            transaction.commit()?;
            Ok(claimed == 1)
        })
        .await
    }

    /// Lets go of a message that was claimed and that nothing was done with.
    pub async fn let_go(&self, id: KeptId) -> Result<(), FailedFileError> {
        self.with(move |connection| {
            connection.execute("DELETE FROM claimed WHERE failed = ?1", [id]).map(drop)
        })
        .await
    }

    /// Gives these their fate, if they have none; those that got it. Their claims end.
    pub async fn decide(
        &self,
        ids: Vec<KeptId>,
        fate: Fate,
        by: String,
        at: Time,
    ) -> Result<Vec<KeptId>, FailedFileError> {
        self.with(move |connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut decided = Vec::with_capacity(ids.len());
            for id in ids {
                let changed = transaction
                    .prepare_cached(
                        "UPDATE failed SET fate = ?2, fate_at = ?3, fate_by = ?4
                         WHERE id = ?1 AND fate IS NULL",
                    )?
                    .execute(params![id, fate.as_str(), at.micros(), by])?;
                if changed == 1 {
                    decided.push(id);
                }
                transaction
                    .prepare_cached("DELETE FROM claimed WHERE failed = ?1")?
                    .execute([id])?;
            }
            transaction.commit()?;
            Ok(decided)
        })
        .await
    }

    /// Brings back what was discarded; how many.
    pub async fn restore(&self, ids: Vec<KeptId>) -> Result<usize, FailedFileError> {
        self.with(move |connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut restored = 0;
            for id in ids {
                restored += transaction
                    .prepare_cached(
                        "UPDATE failed SET fate = NULL, fate_at = NULL, fate_by = NULL
                         WHERE id = ?1 AND fate = 'discarded'",
                    )?
                    .execute([id])?;
            }
            transaction.commit()?;
            Ok(restored)
        })
        .await
    }

    async fn with<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, FailedFileError> {
        let connection = Arc::clone(&self.connection);
        let result = tokio::task::spawn_blocking(move || {
            job(&mut connection.lock().unwrap_or_else(PoisonError::into_inner))
        });
        match result.await {
            Ok(result) => Ok(result?),
            Err(error) => Err(FailedFileError::BrokenOff(error.to_string())),
        }
    }
}

#[async_trait]
impl KeepFailed for FailedFile {
    async fn keep(&self, batch: Vec<FailedMessage>) -> Result<(), KeepError> {
        let kept = self.with(move |connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for failed in &batch {
                insert(&transaction, failed)?;
            }
            transaction.commit()
        });
        kept.await.map_err(|error| KeepError(Box::new(error)))
    }
}

fn insert(connection: &Connection, failed: &FailedMessage) -> rusqlite::Result<()> {
    let FailedMessage { message, envelope, service, failed_at } = failed;
    let properties = Properties {
        id: message.id.clone(),
        routing_key: message.routing_key.clone(),
        headers: message.headers.clone(),
        producer: message.producer.clone(),
        kind: message.kind.clone(),
        correlation_id: message.correlation_id.clone(),
        content_type: message.content_type.clone(),
        reply_to: message.reply_to.clone(),
        time: message.time.map(Time::micros),
        traceparent: message.traceparent.clone(),
        tracestate: message.tracestate.clone(),
    };
    let json = serde_json::to_string(&properties)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    let last = envelope.errors.last().map(|error| &error.failure);
    let error = last.map(|failure| failure.text.clone()).or(envelope.reason.clone());
    connection
        .prepare_cached(
            "INSERT INTO failed (message_id, service, routing_key, failed_at, nature, error, code,
                 message, body, envelope)
             VALUES (:message_id, :service, :routing_key, :failed_at, :nature, :error, :code,
                 :message, :body, :envelope)
             ON CONFLICT DO NOTHING",
        )?
        .execute(named_params! {
            ":message_id": message.id,
            ":service": service,
            ":routing_key": message.routing_key,
            ":failed_at": failed_at.micros(),
            ":nature": last.map(|failure| failure.nature.as_str()),
            ":error": error.unwrap_or_default(),
            ":code": last.and_then(|failure| failure.code.clone()),
            ":message": json,
            ":body": &message.body[..],
            ":envelope": write_envelope(envelope, &message.routing_key).unwrap_or_default(),
        })?;
    Ok(())
}

fn kept(row: &Row<'_>) -> rusqlite::Result<Kept> {
    let text: String = row.get(3)?;
    let properties: Properties = serde_json::from_str(&text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(3, Type::Text, Box::new(error))
    })?;
    let body: Vec<u8> = row.get(4)?;
    let message = Message {
        id: properties.id,
        routing_key: properties.routing_key,
        body: body.into(),
        headers: properties.headers,
        producer: properties.producer,
        kind: properties.kind,
        correlation_id: properties.correlation_id,
        content_type: properties.content_type,
        reply_to: properties.reply_to,
        time: properties.time.map(Time::from_micros),
        traceparent: properties.traceparent,
        tracestate: properties.tracestate,
    };
    let failed = FailedMessage {
        message,
        envelope: read_envelope(row.get(5)?),
        service: row.get(1)?,
        failed_at: Time::from_micros(row.get(2)?),
    };
    Ok(Kept { id: row.get(0)?, failed })
}

//! The file: opened, recognised, created.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use thiserror::Error;

/// `dbus` in ASCII: what `file` and SQLite's header say of a bus file.
const APPLICATION_ID: i32 = 0x6462_7573;
const FORMAT: i32 = 1;

/// How long one process waits for another's transaction.
const BUSY: Duration = Duration::from_secs(30);

/// Why a bus file cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// SQLite.
    #[error("{path}: {cause}")]
    Sqlite {
        /// The file.
        path: String,
        /// What SQLite says.
        cause: rusqlite::Error,
    },
    /// Another program's database.
    #[error("{0} is a SQLite file, but not one of dolmen's")]
    Foreign(String),
    /// Written by a newer dolmen.
    #[error("{path} has format {found}; this dolmen reads format {known}")]
    Newer {
        /// The file.
        path: String,
        /// Its format.
        found: i32,
        /// Ours.
        known: i32,
    },
}

impl OpenError {
    /// Whether the file or its folder cannot be written.
    pub fn is_read_only(&self) -> bool {
        let Self::Sqlite { cause, .. } = self else { return false };
        matches!(
            cause.sqlite_error_code(),
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied)
        )
    }
}

/// What a file is for: which tables it has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    application_id: i32,
    tables: &'static str,
}

/// A bus.
pub(crate) const BUS: Kind =
    Kind { application_id: APPLICATION_ID, tables: include_str!("schema.sql") };

/// Failed messages; `dbuf` in ASCII.
pub(crate) const FAILED: Kind =
    Kind { application_id: 0x6462_7566, tables: include_str!("failed.sql") };

/// Opens `path`, and creates its tables when it is new.
pub(crate) fn open(path: &Path, kind: Kind) -> Result<Connection, OpenError> {
    let name = path.display().to_string();
    let sqlite = |cause| OpenError::Sqlite { path: name.clone(), cause };
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_CREATE).map_err(sqlite)?;
    // Immediate: of two processes that find a new file, one creates the tables.
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
    let pragma = |name| transaction.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let (id, format) = (pragma("application_id"), pragma("user_version"));
    let (id, format) = (id.map_err(sqlite)?, format.map_err(sqlite)?);
    let count = "SELECT count(*) FROM sqlite_schema";
    let tables: i64 = transaction.query_row(count, [], |row| row.get(0)).map_err(sqlite)?;
    if tables == 0 {
        transaction.execute_batch(kind.tables).map_err(sqlite)?;
        transaction.pragma_update(None, "application_id", kind.application_id).map_err(sqlite)?;
        transaction.pragma_update(None, "user_version", FORMAT).map_err(sqlite)?;
        transaction.commit().map_err(sqlite)?;
    } else if id != kind.application_id {
        return Err(OpenError::Foreign(name));
    } else if format > FORMAT {
        return Err(OpenError::Newer { path: name, found: format, known: FORMAT });
    } else {
        transaction.rollback().map_err(sqlite)?;
    }
    Ok(connection)
}

/// Opens another connection to a file that exists.
pub(crate) fn open_again(path: &Path) -> Result<Connection, OpenError> {
    connect(path, OpenFlags::empty())
        .map_err(|cause| OpenError::Sqlite { path: path.display().to_string(), cause })
}

fn connect(path: &Path, create: OpenFlags) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | create;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    // Confirmed means on disk: FULL syncs the log at every commit.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

//! The catalog: one SQLite file that names everything else.
//!
//! Each table has its room; all statements of the store are here.

pub(crate) mod alerts;
pub(crate) mod callers;
pub(crate) mod cube;
pub(crate) mod dictionary;
pub(crate) mod files;
pub(crate) mod findings;
pub(crate) mod gone_marks;
pub(crate) mod outbox;
pub(crate) mod removed_range;
pub(crate) mod segments;
pub(crate) mod sorted;
pub(crate) mod templates;
mod upgrade;
pub(crate) mod waiting;
pub(crate) mod words;

use std::path::{Path, PathBuf};
use std::time::Duration;

use dolmen_model::Time;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Row, Transaction, params};

use crate::audit::AuditRow;
use crate::error::StoreError;

/// The format that this program writes; it reads some older ones too.
pub(crate) const FORMAT: u32 = 3;

/// Bytes of a page. Rows of counts have some kilobytes: in smaller pages most of them would be
/// chains of pages.
const PAGE: u32 = 8_192;

/// The catalog's file in the store's folder.
pub(crate) const FILE: &str = "catalog.sqlite";

/// How long a reader waits while the catalog is being recovered or checkpointed.
const BUSY: Duration = Duration::from_secs(10);

/// The hour of lines without a time.
pub(crate) const NO_HOUR: i64 = i64::MIN;

/// Who opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    /// What is there.
    Write,
    /// What is there, or a new one.
    Make,
}

/// An open catalog.
#[derive(Debug)]
pub(crate) struct Catalog {
    pub(crate) db: Connection,
    pub(crate) path: PathBuf,
    /// Whether the last transaction failed when all of it was written: a crash may make it durable
    /// still, and nothing that it names may go before the catalog is opened anew.
    pub(crate) is_undecided: bool,
}

impl Catalog {
    /// Opens the catalog of a store, or makes it when `access` says so.
    pub(crate) fn open(root: &Path, access: Access) -> Result<Self, StoreError> {
        let path = root.join(FILE);
        let missing = || match access {
            Access::Write => StoreError::NoCatalog { path: path.clone() },
            Access::Read | Access::Make => StoreError::Missing { path: root.to_owned() },
        };
        if access != Access::Make && !path.exists() {
            return Err(missing());
        }
        let flags = match access {
            Access::Read | Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
            Access::Make => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        } | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let refused = refused(&path, "open");
        let db = Connection::open_with_flags(&path, flags).map_err(&refused)?;
        let mut catalog = Self { db, path: path.clone(), is_undecided: false };
        let settle = |db: &Connection| {
            db.busy_timeout(BUSY)?;
            // Else SQLite plans a statement anew whenever a bound number differs from the last one.
            db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
            db.pragma_update(None, "foreign_keys", "ON")?;
            db.pragma_update(None, "cache_size", -16_384)?;
            if access == Access::Read {
                return db.pragma_update(None, "query_only", "ON");
            }
            // Of a catalog that is there already it changes nothing.
            db.pragma_update(None, "page_size", PAGE)?;
            db.pragma_update(None, "journal_mode", "WAL")?;
            // A commit that was answered survives a power cut.
            db.pragma_update(None, "synchronous", "FULL")
        };
        settle(&catalog.db).map_err(&refused)?;
        match catalog.version().map_err(&refused)? {
            Some(FORMAT) => {}
            // Readers need nothing that came since.
            Some(upgrade::OLDEST..FORMAT) if access == Access::Read => {}
            Some(found @ upgrade::OLDEST..FORMAT) => catalog.upgrade(found).map_err(&refused)?,
            Some(found) => {
                return Err(StoreError::Version { path: root.to_owned(), found, ours: FORMAT });
            }
            None if access != Access::Make => return Err(missing()),
            None => catalog.create().map_err(&refused)?,
        }
        catalog.db.set_prepared_statement_cache_capacity(64);
        Ok(catalog)
    }

    fn upgrade(&mut self, from: u32) -> rusqlite::Result<()> {
        let tx = self.db.transaction()?;
        upgrade::upgrade(&tx, from)?;
        tx.commit()
    }

    /// The format written in the catalog; `None` while there is no table at all.
    fn version(&self) -> rusqlite::Result<Option<u32>> {
        let tables: u32 =
            self.db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if tables == 0 {
            return Ok(None);
        }
        self.db
            .query_row("SELECT value FROM meta WHERE key = 'format'", [], |row| row.get(0))
            .optional()
            .map(|found| Some(found.unwrap_or(0)))
    }

    fn create(&mut self) -> rusqlite::Result<()> {
        let tx = self.db.transaction()?;
        tx.execute_batch(include_str!("schema.sql"))?;
        set(&tx, "format", i64::from(FORMAT))?;
        set(&tx, "commit", 0)?;
        set(&tx, "generation", 1)?;
        set(&tx, "segments", 0)?;
        set(&tx, "lines_since", i64::MIN)?;
        set(&tx, "minutes_since", i64::MIN)?;
        set(&tx, "hours_since", i64::MIN)?;
        tx.execute(
            "INSERT INTO generations (id, rules, state, started) VALUES (1, '', 'current', 0)",
            [],
        )?;
        tx.execute("INSERT INTO callers VALUES (1, x'', x'', CAST('(other)' AS BLOB))", [])?;
        tx.commit()
    }

    /// Runs `work` in one transaction: all of it becomes durable, or none.
    pub(crate) fn transaction<T>(
        &mut self,
        action: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let refused = refused(&self.path, action);
        let behavior = rusqlite::TransactionBehavior::Immediate;
        let tx = self.db.transaction_with_behavior(behavior).map_err(&refused)?;
        self.is_undecided = false;
        let done = work(&tx)?;
        let committed = tx.commit().map_err(&refused);
        self.is_undecided = matches!(committed, Err(ref error) if !is_full(error));
        committed.map(|()| done)
    }

    /// Turns SQLite's refusals into ours.
    pub(crate) fn refused(
        &self,
        action: &'static str,
    ) -> impl Fn(rusqlite::Error) -> StoreError + use<> {
        refused(&self.path, action)
    }
}

/// Whether a transaction failed because there was no room to write all of it.
fn is_full(error: &StoreError) -> bool {
    matches!(error, StoreError::Full { .. })
}

/// What SQLite would say of its own pages, of what is written in them.
pub(crate) fn damaged(what: &str) -> rusqlite::Error {
    let corrupt = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    rusqlite::Error::SqliteFailure(corrupt, Some(what.to_owned()))
}

/// Tells damage and a full disk from other refusals.
pub(crate) fn refused(
    path: &Path,
    action: &'static str,
) -> impl Fn(rusqlite::Error) -> StoreError + use<> {
    let path = path.to_owned();
    move |error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Catalog { path: path.clone(), reason: error.to_string() }
        }
        Some(ErrorCode::DiskFull) => StoreError::Full { path: path.clone() },
        _ => StoreError::Sql { action, source: error },
    }
}

/// A number in `meta`.
pub(crate) fn get(db: &Connection, key: &str) -> rusqlite::Result<i64> {
    db.prepare_cached("SELECT value FROM meta WHERE key = ?1")?.query_row([key], |row| row.get(0))
}

pub(crate) fn set(db: &Connection, key: &str, value: i64) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    )?
    .execute(params![key, value])
    .map(drop)
}

/// Writes what happened, for the people who ask later.
pub(crate) fn audit(db: &Connection, at: i64, what: &str, detail: &str) -> rusqlite::Result<i64> {
    db.prepare_cached("INSERT INTO audit (at, what, detail) VALUES (?1, ?2, ?3)")?
        .execute(params![at, what, detail])?;
    Ok(db.last_insert_rowid())
}

/// What happened, the latest first.
pub(crate) fn audited(db: &Connection, most: usize) -> rusqlite::Result<Vec<AuditRow>> {
    db.prepare_cached("SELECT id, at, what, detail FROM audit ORDER BY id DESC LIMIT ?1")?
        .query_map([i64::try_from(most).unwrap_or(i64::MAX)], audit_row)?
        .collect()
}

/// One of the things that happened.
pub(crate) fn audit_entry(db: &Connection, id: i64) -> rusqlite::Result<Option<AuditRow>> {
    db.prepare_cached("SELECT id, at, what, detail FROM audit WHERE id = ?1")?
        .query_row([id], audit_row)
        .optional()
}

fn audit_row(row: &Row<'_>) -> rusqlite::Result<AuditRow> {
    let at = Time::from_micros(row.get(1)?);
    Ok(AuditRow { id: row.get(0)?, at, what: row.get(2)?, detail: row.get(3)? })
}

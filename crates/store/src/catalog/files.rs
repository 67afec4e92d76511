//! Files and how far they were read.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::dictionary;
use crate::commit::NamedBy;
use crate::error::StoreError;
use crate::files::{FileId, FileRef, Fingerprint, HEAD, KnownFile, Progress};

const COLUMNS: &str = "id, path, position, lines, tail_len, tail_hash, unread, format";

/// Sources whose files are told apart together with those of source ?1: itself alone, or where ?3
/// says that it is a typed path, all of these.
const OF_SOURCE: &str = "source IN (SELECT id FROM sources WHERE name = ?1 OR (?3 AND typed))";

fn known(row: &Row<'_>) -> rusqlite::Result<KnownFile> {
    Ok(KnownFile {
        id: FileId(row.get::<_, i64>(0)? as u64),
        path: row.get(1)?,
        position: row.get::<_, i64>(2)? as u64,
        lines: row.get::<_, i64>(3)? as u64,
        unread: row.get::<_, i64>(6)? as u64,
        format: row.get(7)?,
        tail: Fingerprint { len: row.get(4)?, hash: u128::from_be_bytes(row.get(5)?) },
    })
}

/// The file of `source` that starts with `head` (at most [`HEAD`] bytes; less only when the file
/// is shorter): the same head, or one of the two is the beginning of the other.
pub(crate) fn find(
    db: &Connection,
    source: &str,
    named_by: NamedBy,
    head: &[u8],
) -> rusqlite::Result<Option<KnownFile>> {
    let head = &head[..head.len().min(HEAD)];
    let hash = Fingerprint::of(head).hash.to_be_bytes();
    let typed = named_by == NamedBy::Path;
    let same = db
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM files WHERE head_hash = ?2 AND {OF_SOURCE}"
        ))?
        .query_row(params![source, hash, typed], known)
        .optional()?;
    if same.is_some() || head.is_empty() {
        return Ok(same);
    }
    // The file has grown, or this is a copy cut short: the longest that agrees is it.
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM files WHERE length(head) > 0 AND {OF_SOURCE}
         AND substr(head, 1, length(?2)) = substr(?2, 1, length(head))
         ORDER BY length(head) DESC, id LIMIT 1"
    ))?
    .query_row(params![source, head, typed], known)
    .optional()
}

/// Moves a file's position; the commit must start where the last one ended.
pub(crate) fn advance(
    db: &Connection,
    progress: &Progress,
    named_by: NamedBy,
) -> Result<FileId, StoreError> {
    let refused = |source| StoreError::Sql { action: "move a file's position", source };
    let source = dictionary::source(db, &progress.source).map_err(refused)?;
    let moved = |id: FileId, known: u64| {
        if known == progress.from {
            return Ok(());
        }
        let source_name = progress.source.clone();
        Err(StoreError::Position { file: id, source_name, known, claimed: progress.from })
    };
    let tail_hash = progress.tail.hash.to_be_bytes();
    match &progress.file {
        FileRef::Known(id) => {
            let at = db
                .prepare_cached("SELECT position FROM files WHERE id = ?1")
                .and_then(|mut find| {
                    find.query_row([id.0 as i64], |row| row.get::<_, i64>(0)).optional()
                })
                .map_err(refused)?;
            moved(*id, at.unwrap_or(-1) as u64)?;
            db.prepare_cached(
                "UPDATE files SET path = ?2, position = ?3, lines = lines + ?4,
                 tail_len = ?5, tail_hash = ?6, unread = unread + ?7, format = ?8 WHERE id = ?1",
            )
            .and_then(|mut update| {
                update.execute(params![
                    id.0 as i64,
                    progress.path,
                    progress.to as i64,
                    progress.lines as i64,
                    progress.tail.len,
                    tail_hash,
                    progress.unread as i64,
                    progress.format
                ])
            })
            .map_err(refused)?;
            if !progress.head.is_empty() {
                let (head, hash) = head_columns(&progress.head);
                db.prepare_cached(
                    "UPDATE files SET head = ?2, head_hash = ?3
                     WHERE id = ?1 AND ifnull(length(head), 0) < length(?2)",
                )
                .and_then(|mut update| update.execute(params![id.0 as i64, head, hash]))
                .map_err(refused)?;
            }
            Ok(*id)
        }
        FileRef::New { head } => {
            let id = find(db, &progress.source, named_by, head).map_err(refused)?;
            if let Some(known) = id {
                moved(known.id, known.position)?;
                // Two workers met the same new file; the second goes on where the first ended.
                let progress = Progress { file: FileRef::Known(known.id), ..progress.clone() };
                return advance(db, &progress, named_by);
            }
            moved(FileId(0), 0)?;
            let (head, hash) = head_columns(head);
            db.prepare_cached(
                "INSERT INTO files (source, path, head, head_hash, position, lines, tail_len,
                 tail_hash, unread, format) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )
            .and_then(|mut insert| {
                insert.insert(params![
                    source,
                    progress.path,
                    head,
                    hash,
                    progress.to as i64,
                    progress.lines as i64,
                    progress.tail.len,
                    tail_hash,
                    progress.unread as i64,
                    progress.format
                ])
            })
            .map(|id| FileId(id as u64))
            .map_err(refused)
        }
    }
}

/// The head itself, and its hash.
fn head_columns(head: &[u8]) -> (&[u8], [u8; 16]) {
    let head = &head[..head.len().min(HEAD)];
    (head, Fingerprint::of(head).hash.to_be_bytes())
}

/// Every file, in the order they were first read.
pub(crate) fn all(db: &Connection) -> rusqlite::Result<Vec<KnownFile>> {
    let mut statement = db.prepare(&format!("SELECT {COLUMNS} FROM files ORDER BY id"))?;
    statement.query_map([], known)?.collect()
}

/// Lines of a file are read that no format read before. Where no file of the source has this path any
/// more, it is one of its others.
pub(crate) fn reread(
    db: &Connection,
    source: &str,
    path: &str,
    lines: i64,
) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE files SET unread = unread - ?3 WHERE id =
            (SELECT files.id FROM files JOIN sources ON sources.id = source
             WHERE sources.name = ?1 AND unread >= ?3 ORDER BY path = ?2 DESC, files.id LIMIT 1)",
        params![source, path, lines],
    )
    .map(drop)
}

//! Does the store hold what the catalog says?

use xxhash_rust::xxh3::xxh3_128;

use dolmen_model::Time;
use serde::Serialize;

use super::LocalStore;
use crate::catalog::segments::{self, SegmentRow};
use crate::catalog::{self, waiting};
use crate::error::StoreError;
use crate::question::CubeQuestion;
use crate::segment::{Columns, Kind, Rebuild, SegmentReader, unreadable};
use crate::store::Store;
use crate::stored::CallRow;

/// What a verification found.
#[derive(Debug, Default, Serialize)]
pub struct Verified {
    /// Segments looked at.
    pub segments: u64,
    /// Lines rebuilt.
    pub lines: u64,
    /// What is wrong, one sentence each; empty: nothing.
    pub problems: Vec<String>,
}

impl LocalStore {
    /// Reads every segment: its bytes against the catalog's hash, each line rebuilt; then the
    /// catalog itself, and the cubes against the lines while all lines are kept. `progress` is
    /// told segments done and in all.
    ///
    /// A damaged segment is a problem in the answer, not an error: the others are still looked at.
    pub fn verify(&self, mut progress: impl FnMut(u64, u64)) -> Result<Verified, StoreError> {
        let mut verified = Verified::default();
        let (rows, lines_since) = {
            let inner = self.inner();
            let refused = inner.catalog.refused("verify the catalog");
            let db = &inner.catalog.db;
            let mut check = db.prepare("PRAGMA integrity_check").map_err(&refused)?;
            let said: Vec<String> = check
                .query_map([], |row| row.get(0))
                .and_then(Iterator::collect)
                .map_err(&refused)?;
            if said != ["ok"] {
                verified.problems.extend(said.iter().map(|line| format!("catalog: {line}")));
            }
            let rows = segments::all(db).map_err(&refused)?;
            (rows, catalog::get(db, "lines_since").map_err(&refused)?)
        };
        let mut calls = 0;
        let all = rows.len() as u64;
        for row in rows {
            let is_calls = row.kind == Kind::Calls;
            match self.verify_segment(row) {
                Ok((lines, counted)) => {
                    verified.lines += lines;
                    calls += if is_calls { counted } else { 0 };
                }
                Err(error) => verified.problems.push(error.to_string()),
            }
            verified.segments += 1;
            progress(verified.segments, all);
        }
        if verified.problems.is_empty() && lines_since == i64::MIN {
            let question =
                CubeQuestion { from: Time::MIN, to: Time::MAX, by: Vec::new(), every: None };
            let counted: u64 =
                self.count(&question)?.cube.cells().map(|(_, cell)| cell.calls).sum();
            if counted != calls {
                verified
                    .problems
                    .push(format!("the cubes count {counted} calls, the segments hold {calls}"));
            }
        }
        Ok(verified)
    }

    /// Lines in a segment, and how many of them count.
    fn verify_segment(&self, row: SegmentRow) -> Result<(u64, u64), StoreError> {
        let kind = row.kind;
        let path = self.folder().join(row.file());
        let reader = SegmentReader::open(&self.vfs, &self.folder(), row)?;
        let row = &reader.row;
        let bytes = self
            .vfs
            .read_at(&path, 0, row.bytes as usize)
            .map_err(|error| unreadable(row, error.to_string()))?;
        if xxh3_128(&bytes) != row.hash {
            return Err(unreadable(row, "its bytes are not those that were written".to_owned()));
        }
        let amended = {
            let inner = self.inner();
            waiting::amendments(&inner.catalog.db, row.id)
                .map_err(inner.catalog.refused("verify amendments"))?
        };
        if amended.keys().any(|number| u64::from(*number) >= row.rows) {
            return Err(unreadable(row, "a row was amended that it does not have".to_owned()));
        }
        let mut rebuild = Rebuild::default();
        let (mut lines, mut counted) = (0, 0);
        for group in 0..reader.row_groups() {
            let columns = Columns::new(reader.read_all(group)?);
            for at in 0..columns.rows() {
                rebuild.line(kind, &columns, at).ok_or_else(|| {
                    unreadable(row, format!("row {lines} does not fit its template"))
                })?;
                let amended = amended.get(&(lines as u32)).copied();
                let call = CallRow { columns: &columns, row: at, amended, names: &self.names };
                counted += u64::from(kind == Kind::Calls && !call.is_hop());
                lines += 1;
            }
        }
        if lines != row.rows {
            return Err(unreadable(row, format!("it has {lines} rows of {}", row.rows)));
        }
        Ok((lines, counted))
    }
}

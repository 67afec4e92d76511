//! Does the store hold what the catalog says?

use std::io;

use dolmen_model::Time;
use rustc_hash::FxHashMap;
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_128;

use super::LocalStore;
use super::count::count;
use crate::catalog::cube::Durations;
use crate::catalog::segments::{self, SegmentId, SegmentRow};
use crate::catalog::{self, Catalog, waiting};
use crate::error::StoreError;
use crate::facts::Settled;
use crate::question::CubeQuestion;
use crate::segment::{Columns, Kind, Rebuild, SegmentReader, unreadable};
use crate::stored::CallRow;

type Amended = FxHashMap<SegmentId, FxHashMap<u32, Settled>>;

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
        // What the catalog says is of one instant: commits may go on while segments are read.
        let (rows, mut amended, counted) = {
            let snapshot = self.fresh()?;
            let refused = snapshot.catalog.refused("verify the catalog");
            let db = &snapshot.catalog.db;
            let mut check = db.prepare("PRAGMA integrity_check").map_err(&refused)?;
            let said: Vec<String> = check
                .query_map([], |row| row.get(0))
                .and_then(Iterator::collect)
                .map_err(&refused)?;
            if said != ["ok"] {
                verified.problems.extend(said.iter().map(|line| format!("catalog: {line}")));
            }
            let amended = waiting::amended_segments(db)
                .and_then(|all| {
                    all.into_iter().map(|id| Ok((id, waiting::amendments(db, id)?))).collect()
                })
                .map_err(&refused)?;
            let counted = match catalog::get(db, "lines_since").map_err(&refused)? {
                i64::MIN => Some(counted(&snapshot.catalog)),
                _ => None,
            };
            (segments::all(db).map_err(&refused)?, amended, counted)
        };
        let amended: &mut Amended = &mut amended;
        let mut calls = 0;
        let all = rows.len() as u64;
        for row in rows {
            let is_calls = row.kind == Kind::Calls;
            let amended = amended.remove(&row.id).unwrap_or_default();
            match self.verify_segment(row, &amended) {
                Ok((lines, counted)) => {
                    verified.lines += lines;
                    calls += if is_calls { counted } else { 0 };
                }
                Err(error) => verified.problems.push(error.to_string()),
            }
            verified.segments += 1;
            progress(verified.segments, all);
        }
        match counted.transpose() {
            Err(error) => verified.problems.push(error.to_string()),
            Ok(Some(counted)) if verified.problems.is_empty() && counted != calls => verified
                .problems
                .push(format!("the cubes count {counted} calls, the segments hold {calls}")),
            Ok(_) => {}
        }
        Ok(verified)
    }

    /// Lines in a segment, and how many of them count.
    fn verify_segment(
        &self,
        row: SegmentRow,
        amended: &FxHashMap<u32, Settled>,
    ) -> Result<(u64, u64), StoreError> {
        let kind = row.kind;
        drop(self.read_checked(&row)?);
        let reader = SegmentReader::open(&self.vfs, &self.folder(), row)?;
        let row = &reader.row;
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

impl LocalStore {
    /// The bytes of a segment, if they are those that were written.
    pub(super) fn read_checked(&self, row: &SegmentRow) -> Result<Vec<u8>, StoreError> {
        let path = self.folder().join(row.file());
        let len = self.vfs.len(&path).map_err(|error| unreadable(row, reason(&error)))?;
        if len != row.bytes {
            return Err(unreadable(row, format!("it has {len} bytes of {}", row.bytes)));
        }
        let bytes = self
            .vfs
            .read_at(&path, 0, row.bytes as usize)
            .map_err(|error| unreadable(row, reason(&error)))?;
        match xxh3_128(&bytes) == row.hash {
            true => Ok(bytes),
            false => Err(unreadable(row, "its bytes are not those that were written".to_owned())),
        }
    }
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "its file is missing".to_owned(),
        _ => error.to_string(),
    }
}

/// How many calls the cubes count. All of each cell is read, so that damage is found.
fn counted(catalog: &Catalog) -> Result<u64, StoreError> {
    let question = CubeQuestion {
        from: Time::MIN,
        to: Time::MAX,
        by: Vec::new(),
        every: None,
        durations: Durations::Asked,
    };
    Ok(count(catalog, &question)?.cube.cells().map(|(_, cell)| cell.calls).sum())
}

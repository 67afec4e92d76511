use dolmen_model::Time;
use rusqlite::Connection;

use super::LocalStore;
use crate::catalog;
use crate::error::StoreError;
use crate::segment::Kind;
use crate::status::{Gap, SegmentsStatus, SourceStatus, Status, due, gaps};

const HOUR: i64 = 3_600_000_000;

impl LocalStore {
    pub(super) fn read_status(&self) -> Result<Status, StoreError> {
        let inner = self.inner();
        let db = &inner.catalog.db;
        let path = &inner.catalog.path;
        let catalog_bytes = std::fs::metadata(path).map_err(StoreError::io("read", path))?.len();
        read(db, catalog_bytes).map_err(inner.catalog.refused("read the status"))
    }
}

fn read(db: &Connection, catalog_bytes: u64) -> rusqlite::Result<Status> {
    let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).map(|n| n as u64);
    let segments =
        Kind::ALL.into_iter().map(|kind| segments(db, kind)).collect::<Result<_, _>>()?;
    Ok(Status {
        format: catalog::get(db, "format")? as u32,
        commits: catalog::get(db, "commit")? as u64,
        generation: catalog::get(db, "generation")? as u64,
        catalog_bytes,
        segments,
        waiting_marks: count("SELECT count(*) FROM waiting")?,
        pending_notices: count("SELECT count(*) FROM outbox")?,
        amendments: count("SELECT count(*) FROM amendments")?,
        sources: sources(db)?,
    })
}

fn segments(db: &Connection, kind: Kind) -> rusqlite::Result<SegmentsStatus> {
    db.query_row(
        "SELECT count(*), ifnull(sum(rows), 0), ifnull(sum(bytes), 0), ifnull(sum(raw_bytes), 0),
            min(from_time), max(to_time)
         FROM visible WHERE kind = ?1",
        [kind.name()],
        |row| {
            let number = |at| row.get::<_, i64>(at).map(|number| number as u64);
            let time = |at| row.get::<_, Option<i64>>(at).map(|time| time.map(Time::from_micros));
            Ok(SegmentsStatus {
                kind: kind.name(),
                segments: number(0)?,
                rows: number(1)?,
                bytes: number(2)?,
                raw_bytes: number(3)?,
                from: time(4)?,
                to: time(5)?,
            })
        },
    )
}

fn sources(db: &Connection) -> rusqlite::Result<Vec<SourceStatus>> {
    let mut statement = db.prepare(
        "SELECT sources.name, kind, hour, lines FROM coverage
         JOIN sources ON sources.id = coverage.source ORDER BY sources.name, kind, hour",
    )?;
    let mut rows = statement.query([])?;
    let at = |hour: i64| Time::from_micros(hour.saturating_mul(HOUR));
    let mut sources: Vec<(SourceStatus, Vec<i64>)> = Vec::new();
    while let Some(row) = rows.next()? {
        let (source, kind): (String, String) = (row.get(0)?, row.get(1)?);
        let (hour, lines): (i64, i64) = (row.get(2)?, row.get(3)?);
        let is_next = sources.last().is_none_or(|(s, _)| s.source != source || s.kind != kind);
        if is_next {
            let (from, to, due, gaps, hours) = (None, None, None, Vec::new(), Vec::new());
            let status = SourceStatus { source, kind, lines: 0, from, to, gaps, due, hours };
            sources.push((status, Vec::new()));
        }
        if let Some((status, hours)) = sources.last_mut() {
            status.lines += lines as u64;
            if hour != catalog::NO_HOUR {
                hours.push(hour);
                status.hours.push((at(hour), lines as u64));
            }
        }
    }
    Ok(sources
        .into_iter()
        .map(|(mut status, hours)| {
            status.from = hours.first().map(|&hour| at(hour));
            status.to = hours.last().map(|&hour| at(hour + 1));
            status.due = due(&hours).map(|hour| Time::from_micros(hour.saturating_mul(HOUR)));
            status.gaps = gaps(&hours)
                .into_iter()
                .map(|(from, to)| Gap { from: at(from), to: at(to) })
                .collect();
            status
        })
        .collect())
}

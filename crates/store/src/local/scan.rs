//! Calls, newest first, segment by segment.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

use dolmen_model::Time;
use dolmen_model::query::{Field, Known, Query, Value};
use rustc_hash::{FxHashMap, FxHashSet};

use super::LocalStore;
use crate::catalog::segments::{self, SegmentId, SegmentRow};
use crate::catalog::waiting;
use crate::error::StoreError;
use crate::facts::Settled;
use crate::question::CallQuestion;
use crate::segment::{Columns, Kind, ReadError, Rebuild, SegmentReader, unreadable};
use crate::store::Calls;
use crate::stored::{CallRow, Request, StoredCall, columns_of, mark};

impl LocalStore {
    pub(super) fn scan(&self, question: &CallQuestion) -> Result<Calls<'_>, StoreError> {
        let mut scan = Scan {
            store: self,
            question: question.clone(),
            columns: columns_of(&question.query),
            pending: Vec::new(),
            amended: FxHashSet::default(),
            open: BinaryHeap::new(),
            rebuild: Rebuild::default(),
            state: State::Fresh,
            failed: None,
        };
        scan.plan()?;
        Ok(Box::new(scan))
    }

    pub(super) fn find_request(&self, id: &[u8]) -> Result<Request, StoreError> {
        let mut request = loop {
            let mut plan = self.plan(Kind::Calls, Time::MIN, Time::MAX)?;
            plan.extend(self.plan(Kind::Marks, Time::MIN, Time::MAX)?);
            let mut request = Request::default();
            for row in &plan {
                match self.find_in(row, id, &mut request) {
                    Ok(()) => {}
                    Err(error) => request.unreadable.push(error.unreadable()?),
                }
            }
            // Compacted meanwhile: what replaces it is in the catalog.
            if request.unreadable.is_empty() || self.are_named(&plan)? {
                break request;
            }
        };
        request.calls.sort_by_key(|call| call.time);
        request.marks.sort_by_key(|mark| mark.time);
        Ok(request)
    }

    /// Takes what one segment holds of an id.
    fn find_in(
        &self,
        row: &SegmentRow,
        id: &[u8],
        request: &mut Request,
    ) -> Result<(), StoreError> {
        let mut rebuild = Rebuild::default();
        let reader = self.open_segment(row)?;
        let amended = self.amended(&reader)?;
        for group in 0..reader.row_groups() {
            if !self.filters(&reader, group)?.may_hold(id) {
                continue;
            }
            let ids = ["id_form", "id_text", "id_high", "id_low"];
            let columns = Columns::new(reader.read(group, &ids)?);
            let is_it = |at: &usize| columns.id(*at).as_deref() == Some(id);
            let rows: Vec<usize> = (0..columns.rows()).filter(is_it).collect();
            if rows.is_empty() {
                continue;
            }
            let columns = Columns::new(reader.read_all(group)?);
            let first = reader.first_row(group);
            for at in rows {
                let lost = || no_line(&reader, first + at as u32);
                if row.kind == Kind::Marks {
                    request.marks.push(mark(&columns, at, &mut rebuild).ok_or_else(lost)?);
                    continue;
                }
                let amended = amended.get(&(first + at as u32)).copied();
                let names = &self.names;
                let call = CallRow { columns: &columns, row: at, amended, names };
                request.calls.push(call.call(&mut rebuild).ok_or_else(lost)?);
            }
        }
        Ok(())
    }

    pub(super) fn plan(
        &self,
        kind: Kind,
        from: Time,
        to: Time,
    ) -> Result<Vec<SegmentRow>, StoreError> {
        let inner = self.fresh()?;
        segments::between(&inner.catalog.db, kind, from, to)
            .map_err(inner.catalog.refused("list the segments"))
    }

    pub(super) fn open_segment(&self, row: &SegmentRow) -> Result<Arc<SegmentReader>, ReadError> {
        self.segment(&mut self.inner(), row)
    }

    pub(super) fn amended(
        &self,
        reader: &SegmentReader,
    ) -> Result<FxHashMap<u32, Settled>, StoreError> {
        if reader.row.kind != Kind::Calls {
            return Ok(FxHashMap::default());
        }
        // Names first: an amendment that is read here has its set in the table.
        let rows = {
            let inner = self.inner();
            waiting::amendments(&inner.catalog.db, reader.row.id)
                .map_err(inner.catalog.refused("read amendments"))?
        };
        drop(self.fresh()?);
        Ok(rows)
    }
}

/// A scan under way. Segments overlap in time, so those that may hold the newest row left are open
/// at once, and the newest of their newest rows comes next.
struct Scan<'s> {
    store: &'s LocalStore,
    question: CallQuestion,
    columns: Vec<&'static str>,
    /// Of the time that is asked for and not yet looked at, the latest last.
    pending: Vec<SegmentRow>,
    /// Segments of which late marks changed a row.
    amended: FxHashSet<SegmentId>,
    open: BinaryHeap<Cursor>,
    rebuild: Rebuild,
    state: State,
    /// What went wrong behind the call that was given out last.
    failed: Option<StoreError>,
}

#[derive(PartialEq, Eq)]
enum State {
    /// Nothing was given out yet: the plan may still be made anew.
    Fresh,
    Running,
    Ended,
}

/// Where a scan is in one segment; it always stands on a row that fulfils the question.
struct Cursor {
    reader: Arc<SegmentReader>,
    amended: FxHashMap<u32, Settled>,
    /// Row groups not yet read; the present one has this number.
    groups_left: usize,
    /// The number of the row group's first row.
    first: u32,
    /// Rows of the present group that fulfil the question and were not given out; by time.
    rows: Vec<(Option<i64>, usize)>,
    /// All columns of the last of these rows, from `read_from` on.
    columns: Columns,
    read_from: usize,
    /// How many rows are read next.
    next: usize,
}

/// Whoever asks for the newest calls looks at a page of them: so few are read whole at first, and
/// each time [`MORE`] times as many, until all of a row group's are.
const PAGE: usize = 128;
const MORE: usize = 8;

impl Cursor {
    fn new(reader: Arc<SegmentReader>, amended: FxHashMap<u32, Settled>) -> Self {
        Self {
            groups_left: reader.row_groups(),
            reader,
            amended,
            first: 0,
            rows: Vec::new(),
            columns: Columns::none(),
            read_from: 0,
            next: PAGE,
        }
    }

    /// Reads the last rows whole, if they were not yet.
    fn read(&mut self) -> Result<(), StoreError> {
        if self.rows.len() > self.read_from {
            return Ok(());
        }
        // What is nearly all costs as much as all.
        let from = match self.rows.len().saturating_sub(self.next) {
            few if few < self.next => 0,
            many => many,
        };
        let rows: Vec<u32> =
            self.rows[from..].iter().map(|(_, at)| self.first + *at as u32).collect();
        self.columns = Columns::new(self.reader.read_whole_rows(self.groups_left, &rows)?);
        self.read_from = from;
        self.next *= MORE;
        Ok(())
    }

    fn place(&self) -> (Option<i64>, i64, usize) {
        let (time, row) = self.rows.last().copied().unwrap_or_default();
        (time, self.reader.row.id.0, row)
    }
}

impl PartialEq for Cursor {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl Eq for Cursor {}

impl PartialOrd for Cursor {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Cursor {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place().cmp(&other.place())
    }
}

impl Scan<'_> {
    fn plan(&mut self) -> Result<(), StoreError> {
        let CallQuestion { from, to, .. } = self.question;
        self.pending = self.store.plan(Kind::Calls, from, to)?;
        self.pending.reverse();
        self.amended = self.store.amended_segments()?;
        Ok(())
    }

    fn step(&mut self) -> Result<Option<StoredCall>, StoreError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        // Open whatever may hold a row newer than the newest that is known.
        while let Some(next) = self.pending.last() {
            if self.open.peek().is_some_and(|cursor| cursor.place().0 > next.to) {
                break;
            }
            let Some(row) = self.pending.pop() else { break };
            if !may_fulfil(&row, &self.question.query, self.amended.contains(&row.id)) {
                continue;
            }
            match self.store.open_segment(&row) {
                Ok(reader) => {
                    let cursor = self.cursor(reader)?;
                    self.open.extend(cursor);
                }
                // It was replaced after the plan was made.
                Err(ReadError::Missing(error)) => {
                    let is_named = self.store.is_named(&row)?;
                    if self.state == State::Fresh && !is_named {
                        self.open.clear();
                        self.plan()?;
                        continue;
                    }
                    return Err(error);
                }
                Err(ReadError::Broken(error)) => return Err(error),
            }
        }
        let Some(mut cursor) = self.open.pop() else { return Ok(None) };
        self.state = State::Running;
        cursor.read()?;
        let Some((_, at)) = cursor.rows.pop() else { return Ok(None) };
        let number = cursor.first + at as u32;
        let call = CallRow {
            columns: &cursor.columns,
            row: cursor.rows.len() - cursor.read_from,
            amended: cursor.amended.get(&number).copied(),
            names: &self.store.names,
        }
        .call(&mut self.rebuild)
        .ok_or_else(|| no_line(&cursor.reader, number))?;
        let more = if cursor.rows.is_empty() { self.advance(&mut cursor) } else { Ok(true) };
        match more {
            Ok(true) => self.open.push(cursor),
            Ok(false) => {}
            // This call is whole; what comes before it in its segment is not.
            Err(error) => self.failed = Some(error),
        }
        Ok(Some(call))
    }

    fn cursor(&self, reader: Arc<SegmentReader>) -> Result<Option<Cursor>, StoreError> {
        let amended = self.store.amended(&reader)?;
        let mut cursor = Cursor::new(reader, amended);
        Ok(self.advance(&mut cursor)?.then_some(cursor))
    }

    /// Moves to the last row group before the present one with a row that fulfils the question.
    fn advance(&self, cursor: &mut Cursor) -> Result<bool, StoreError> {
        let CallQuestion { from, to, query } = &self.question;
        while let Some(group) = cursor.groups_left.checked_sub(1) {
            cursor.groups_left = group;
            let outside = |(first, last): (i64, i64)| last < from.micros() || first >= to.micros();
            if cursor.reader.times(group).is_some_and(outside) && *from != Time::MIN {
                continue;
            }
            let columns = Columns::new(cursor.reader.read(group, &self.columns)?);
            let first = cursor.reader.first_row(group);
            cursor.rows = (0..columns.rows())
                .filter_map(|at| {
                    let amended = cursor.amended.get(&(first + at as u32)).copied();
                    let names = &*self.store.names;
                    let call = CallRow { columns: &columns, row: at, amended, names };
                    let time = call.time();
                    let is_in = time.map_or(*from == Time::MIN, |at| *from <= at && at < *to);
                    let counts = is_in && !call.is_hop() && call.fulfils(query);
                    counts.then(|| (time.map(Time::micros), at))
                })
                .collect();
            if !cursor.rows.is_empty() {
                cursor.first = first;
                cursor.read_from = cursor.rows.len();
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Iterator for Scan<'_> {
    type Item = Result<StoredCall, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.state == State::Ended {
            return None;
        }
        let step = self.step().transpose();
        if step.is_none() {
            self.state = State::Ended;
        }
        step
    }
}

impl LocalStore {
    /// Segments of which late marks changed a row.
    pub(super) fn amended_segments(&self) -> Result<FxHashSet<SegmentId>, StoreError> {
        let inner = self.inner();
        waiting::amended_segments(&inner.catalog.db)
            .map_err(inner.catalog.refused("read amendments"))
    }

    /// Segments that may hold calls that fulfil a question, the latest first.
    pub(super) fn plan_calls(
        &self,
        question: &CallQuestion,
    ) -> Result<Vec<SegmentRow>, StoreError> {
        let CallQuestion { from, to, query } = question;
        let mut plan = self.plan(Kind::Calls, *from, *to)?;
        let amended = self.amended_segments()?;
        plan.retain(|row| may_fulfil(row, query, amended.contains(&row.id)));
        Ok(plan)
    }

    /// Whether the catalog still names all of these.
    pub(super) fn are_named(&self, plan: &[SegmentRow]) -> Result<bool, StoreError> {
        let inner = self.inner();
        let now =
            segments::all(&inner.catalog.db).map_err(inner.catalog.refused("list the segments"))?;
        Ok(plan.iter().all(|row| now.iter().any(|segment| segment.id == row.id)))
    }

    /// Whether the catalog still names a segment.
    fn is_named(&self, row: &SegmentRow) -> Result<bool, StoreError> {
        self.are_named(std::slice::from_ref(row))
    }
}

/// Whether a segment may hold a row that fulfils the query, by the values that the catalog lists.
/// Operations of amended rows are not listed, so operations never rule a segment out while it has
/// amendments.
fn may_fulfil(row: &SegmentRow, query: &Query, is_amended: bool) -> bool {
    query.may_hold(|at| {
        let atom = &query.atoms()[at];
        let listed = match atom.field() {
            Field::Operation | Field::Service if is_amended => None,
            Field::Service | Field::Actor | Field::Endpoint | Field::Operation => {
                row.listed.get(atom.field().name())
            }
            _ => None,
        };
        let Some(values) = listed else { return Known::Perhaps };
        let matches = |value: &Option<String>| {
            atom.matches(Value::Text(value.as_deref().unwrap_or_default().as_bytes()))
        };
        match values.iter().filter(|value| matches(value)).count() {
            0 => Known::Never,
            // A call of several operations matches when one does: all of its values must.
            all if all == values.len() => Known::Always,
            _ => Known::Perhaps,
        }
    })
}

pub(super) fn no_line(reader: &SegmentReader, row: u32) -> StoreError {
    unreadable(&reader.row, format!("row {row} does not fit its template"))
}

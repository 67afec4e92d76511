use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, Int64Builder, ListBuilder, StringBuilder};
use arrow_array::{
    ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field};
use dolmen_model::{Joined, NameId, Names, SetId, Table};
use parquet::arrow::ArrowWriter;
use rustc_hash::FxHashMap;

use super::encodings::{Halves, Spread, properties};
use super::{Columns, Kind};
use crate::catalog::findings::Finding;
use crate::catalog::segments::SegmentRow;
use crate::error::StoreError;
use crate::facts::{MarkState, Role};
use crate::rows::{IdForm, IdKey, Lines, Rows, StoredId, Texts, UnreadLines};

/// The rows of one block in the store's own form, ready to be committed.
///
/// Opaque: what is inside is this store's business, and another store's is its own.
#[derive(Debug, Default)]
pub struct Encoded {
    pub(crate) segments: Vec<EncodedSegment>,
    /// Marks by operation and service.
    pub(crate) mark_counts: BTreeMap<(i64, NameId, NameId), u64>,
    /// Calls by hour and by what a report counts beside the cube.
    pub(crate) findings: BTreeMap<(i64, Finding), u64>,
    /// Ids that several of its calls carry, outside a chain.
    pub(crate) repeats: BTreeSet<IdKey>,
    /// Lines by source, kind and hour of the log's own time.
    pub(crate) coverage: BTreeMap<(String, Kind, i64), u64>,
}

impl Encoded {
    /// Bytes on disk.
    pub fn bytes(&self) -> usize {
        self.segments.iter().map(|segment| segment.bytes.len()).sum()
    }

    /// Bytes of the lines it holds, line ends included.
    pub fn raw_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.raw_bytes).sum()
    }
}

/// One segment, not yet written.
#[derive(Debug)]
pub(crate) struct EncodedSegment {
    pub(crate) kind: Kind,
    pub(crate) bytes: Vec<u8>,
    pub(crate) rows: u64,
    /// Microseconds; `None` when no row has a time.
    pub(crate) from: Option<i64>,
    pub(crate) to: Option<i64>,
    pub(crate) raw_bytes: u64,
    /// Of columns with few values, all of them.
    pub(crate) values: BTreeMap<&'static str, Vec<Option<String>>>,
    /// Of calls and hops, their keys by row: lines of other commits may be theirs.
    pub(crate) keys: Vec<Option<IdKey>>,
    /// Of marks, those whose call is not known.
    pub(crate) waiting: Vec<LooseMark>,
}

/// A mark whose call is not in its block.
#[derive(Clone, Debug)]
pub(crate) struct LooseMark {
    /// `None`: it has none, and no call can have it.
    pub(crate) id: Option<Vec<u8>>,
    pub(crate) time: Option<i64>,
    pub(crate) source: Box<str>,
    pub(crate) service: NameId,
    pub(crate) operation: NameId,
}

const HOUR: i64 = 3_600_000_000;

/// Encodes a block. Pure: any thread, no lock but that of a name never met before.
pub(crate) fn encode(rows: &Rows, names: &Names) -> Result<Encoded, StoreError> {
    let mut encoded = Encoded::default();
    for (kind, lines) in [(Kind::Calls, &rows.calls), (Kind::Marks, &rows.marks)] {
        if lines.len() > 0 {
            encoded.segments.push(encode_lines(kind, lines, names)?);
            encoded.count(kind, lines, names);
        }
    }
    if rows.unread.len() > 0 {
        encoded.segments.push(encode_unread(&rows.unread)?);
        let unread = &rows.unread;
        for row in 0..unread.len() {
            let source = String::from_utf8_lossy(unread.source.get(row)).into_owned();
            let hour = unread.seen[row].div_euclid(HOUR);
            *encoded.coverage.entry((source, Kind::Unread, hour)).or_default() += 1;
        }
    }
    Ok(encoded)
}

impl Encoded {
    fn count(&mut self, kind: Kind, lines: &Lines, names: &Names) {
        let mut hours: FxHashMap<(u16, i64), u64> = FxHashMap::default();
        for (facts, time) in lines.facts.iter().zip(&lines.time) {
            let hour = time.map_or(i64::MIN, |time| time.div_euclid(HOUR));
            *hours.entry((facts.source, hour)).or_default() += 1;
            if kind == Kind::Calls {
                for finding in Finding::of(&facts.settled, facts.operation, names) {
                    *self.findings.entry((hour, finding)).or_default() += 1;
                }
            }
            if kind == Kind::Marks {
                let minute = time.map_or(i64::MIN, |time| time.div_euclid(60_000_000));
                *self.mark_counts.entry((minute, facts.service, facts.operation)).or_default() += 1;
            }
        }
        let calls = lines.facts.iter().zip(&lines.keys);
        let repeated = calls.filter(|(facts, _)| facts.settled.repeated);
        self.repeats.extend(repeated.filter_map(|(_, key)| *key));
        for ((source, hour), count) in hours {
            let source = lines.sources[usize::from(source)].to_string();
            *self.coverage.entry((source, kind, hour)).or_default() += count;
        }
    }
}

/// The texts of names, looked up once a block.
struct Spelled<'n> {
    table: &'n Table,
    known: FxHashMap<NameId, Option<String>>,
}

impl<'n> Spelled<'n> {
    fn new(table: &'n Table) -> Self {
        Self { table, known: FxHashMap::default() }
    }

    fn get(&mut self, id: NameId) -> Option<&str> {
        self.known.entry(id).or_insert_with(|| self.table.name(id)).as_deref()
    }

    /// All of them, sorted: what a search can skip the segment by.
    fn into_values(self) -> Vec<Option<String>> {
        let mut values: Vec<_> = self.known.into_values().collect();
        values.sort_unstable();
        values
    }
}

/// Past this many values of a column a list of them says little about a segment.
const LISTED: usize = 256;

fn encode_lines(kind: Kind, lines: &Lines, names: &Names) -> Result<EncodedSegment, StoreError> {
    let order = order(&lines.time);
    let mut columns: Vec<ArrayRef> = Vec::new();
    let mut values = BTreeMap::new();
    let mut list = |name: &'static str, spelled: Spelled<'_>| {
        if spelled.known.len() <= LISTED {
            values.insert(name, spelled.into_values());
        }
    };
    columns.push(times(order.iter().map(|&row| lines.time[row])));
    columns.push(texts(
        order.iter().map(|&row| Some(&*lines.sources[usize::from(lines.facts[row].source)])),
    ));
    let facts = || order.iter().map(|&row| lines.facts[row]);

    let mut services = Spelled::new(&names.services);
    let mut column = StringBuilder::new();
    match kind {
        Kind::Calls => {
            facts().for_each(|facts| column.append_option(services.get(facts.settled.service)));
        }
        _ => facts().for_each(|facts| column.append_option(services.get(facts.service))),
    }
    columns.push(Arc::new(column.finish()));
    list("service", services);

    if kind == Kind::Calls {
        let mut services = Spelled::new(&names.services);
        let mut column = StringBuilder::new();
        facts().for_each(|facts| column.append_option(services.get(facts.service)));
        columns.push(Arc::new(column.finish()));

        let mut actors = Spelled::new(&names.actors);
        let mut column = StringBuilder::new();
        facts().for_each(|facts| column.append_option(actors.get(facts.actor)));
        columns.push(Arc::new(column.finish()));
        list("actor", actors);

        let mut endpoints = Spelled::new(&names.endpoints);
        let mut column = StringBuilder::new();
        facts().for_each(|facts| column.append_option(endpoints.get(facts.endpoint)));
        columns.push(Arc::new(column.finish()));
        list("endpoint", endpoints);

        let mut claims = Spelled::new(&names.operations);
        let mut column = StringBuilder::new();
        facts().for_each(|facts| column.append_option(claims.get(facts.operation)));
        columns.push(Arc::new(column.finish()));

        let mut sets: FxHashMap<SetId, Vec<Option<String>>> = FxHashMap::default();
        let mut operations = Spelled::new(&names.operations);
        let mut column = ListBuilder::new(StringBuilder::new()).with_field(Field::new(
            "element",
            DataType::Utf8,
            false,
        ));
        for facts in facts() {
            let set = sets.entry(facts.settled.operations).or_insert_with(|| {
                let members = names.sets.operations(facts.settled.operations);
                if members.is_empty() {
                    operations.get(NameId::UNKNOWN);
                }
                members.into_iter().map(|id| operations.get(id).map(str::to_owned)).collect()
            });
            for name in set.iter() {
                column.values().append_value(name.as_deref().unwrap_or_default());
            }
            column.append(true);
        }
        columns.push(Arc::new(column.finish()));
        list("operation", operations);

        let settled = || facts().map(|facts| facts.settled);
        columns.push(texts(settled().map(|settled| Some(joined_word(settled.joined)))));
        columns.push(texts(settled().map(|settled| Some(role_word(settled.role)))));
        columns.push(Arc::new(Int32Array::from_iter_values(settled().map(|s| s.marks as i32))));
        columns.push(Arc::new(BooleanArray::from_iter(settled().map(|s| Some(s.bypassed)))));
        columns.push(Arc::new(BooleanArray::from_iter(settled().map(|s| Some(s.repeated)))));
        columns.push(lossy(&order, &lines.forwarded));
        columns.push(Arc::new(Int32Array::from_iter(
            order.iter().map(|&row| lines.status[row].map(i32::from)),
        )));
        let numbers = |numbers: &[Option<u64>]| -> ArrayRef {
            Arc::new(Int64Array::from_iter(order.iter().map(|&row| numbers[row].map(signed))))
        };
        columns.push(numbers(&lines.bytes));
        columns.push(numbers(&lines.duration));
    }
    for &field in kind.texts() {
        columns.push(lossy(&order, &lines.texts[field as usize]));
    }
    let halves = id_columns(&order, lines, &mut columns);
    let spelled = lines.templates.texts();
    columns.push(texts(
        order
            .iter()
            .map(|&row| lines.template[row].map(|number| spelled[number as usize].as_str())),
    ));
    let mut column = ListBuilder::new(Int64Builder::new()).with_field(Field::new(
        "element",
        DataType::Int64,
        false,
    ));
    for &row in &order {
        column.values().append_slice(lines.numbers(row));
        column.append(true);
    }
    columns.push(Arc::new(column.finish()));
    let mut column = BinaryBuilder::new();
    for &row in &order {
        column.append_option(lines.template[row].is_none().then(|| lines.line.get(row)));
    }
    columns.push(Arc::new(column.finish()));

    let (from, to) = range(&lines.time);
    Ok(EncodedSegment {
        kind,
        bytes: write(kind, columns, order.len(), halves)?,
        rows: order.len() as u64,
        from,
        to,
        raw_bytes: lines.raw_bytes,
        values,
        keys: match kind {
            Kind::Calls => order.iter().map(|&row| lines.keys[row]).collect(),
            Kind::Marks | Kind::Unread => Vec::new(),
        },
        waiting: if kind == Kind::Marks { loose_marks(lines) } else { Vec::new() },
    })
}

fn encode_unread(unread: &UnreadLines) -> Result<EncodedSegment, StoreError> {
    let seen: Vec<Option<i64>> = unread.seen.iter().copied().map(Some).collect();
    let order = order(&seen);
    let mut line = BinaryBuilder::new();
    order.iter().for_each(|&row| line.append_value(unread.line.get(row)));
    let columns: Vec<ArrayRef> = vec![
        times(order.iter().map(|&row| seen[row])),
        lossy(&order, &unread.source),
        lossy(&order, &unread.file),
        Arc::new(Int64Array::from_iter_values(order.iter().map(|&row| signed(unread.number[row])))),
        Arc::new(Int64Array::from_iter_values(
            order.iter().map(|&row| i64::from(unread.column[row])),
        )),
        lossy(&order, &unread.expected),
        Arc::new(line.finish()),
    ];
    let halves = Halves { high: Spread::Absent, low: Spread::Absent };
    let (from, to) = range(&seen);
    Ok(EncodedSegment {
        kind: Kind::Unread,
        bytes: write(Kind::Unread, columns, order.len(), halves)?,
        rows: order.len() as u64,
        from,
        to,
        raw_bytes: (0..unread.len()).map(|row| unread.line.get(row).len() as u64 + 1).sum(),
        values: BTreeMap::new(),
        keys: Vec::new(),
        waiting: Vec::new(),
    })
}

fn write(
    kind: Kind,
    columns: Vec<ArrayRef>,
    rows: usize,
    ids: Halves,
) -> Result<Vec<u8>, StoreError> {
    let batch = RecordBatch::try_new(kind.schema(), columns)
        .map_err(|error| StoreError::Encode { rows, reason: error.to_string() })?;
    write_batch(kind, &batch, ids)
}

fn write_batch(kind: Kind, batch: &RecordBatch, ids: Halves) -> Result<Vec<u8>, StoreError> {
    let rows = batch.num_rows();
    let attempt = || -> Result<Vec<u8>, Box<dyn std::error::Error>> {
        let options = parquet::arrow::arrow_writer::ArrowWriterOptions::new()
            .with_properties(properties(kind, batch, ids)?)
            // Any reader finds the types in the Parquet schema; ours makes them from the kind.
            .with_skip_arrow_metadata(true);
        let mut writer = ArrowWriter::try_new_with_options(Vec::new(), kind.schema(), options)?;
        writer.write(batch)?;
        Ok(writer.into_inner()?)
    };
    attempt().map_err(|error| StoreError::Encode { rows, reason: error.to_string() })
}

/// Encodes rows that were read from `group`: sorted by time, joined as far as they are.
pub(crate) fn encode_batch(
    kind: Kind,
    batch: &RecordBatch,
    group: &[SegmentRow],
) -> Result<EncodedSegment, StoreError> {
    let columns = Columns::new(batch.clone());
    let rows = columns.rows();
    let half = |name: &'static str| {
        let columns = &columns;
        Spread::of((0..rows).filter_map(move |row| columns.number(name, row)))
    };
    let mut values: BTreeMap<&'static str, Vec<Option<String>>> = BTreeMap::new();
    for name in ["service", "actor", "endpoint", "operation"] {
        // Listed in all of them, or in none.
        let lists = group.iter().map(|segment| segment.listed.get(name));
        if let Some(lists) = lists.collect::<Option<Vec<_>>>() {
            let mut all: Vec<Option<String>> = lists.into_iter().flatten().cloned().collect();
            // Late marks may have brought others.
            let mut folded: Vec<String> = match (name, kind) {
                ("operation", Kind::Calls) => {
                    (0..rows).flat_map(|row| columns.texts("operations", row)).collect()
                }
                ("service", Kind::Calls) => (0..rows)
                    .filter_map(|row| columns.text("service", row).map(str::to_owned))
                    .collect(),
                _ => Vec::new(),
            };
            folded.sort_unstable();
            folded.dedup();
            all.extend(folded.into_iter().map(Some));
            all.sort_unstable();
            all.dedup();
            if all.len() <= LISTED {
                values.insert(name, all);
            }
        }
    }
    let halves = Halves { high: half("id_high"), low: half("id_low") };
    Ok(EncodedSegment {
        kind,
        bytes: write_batch(kind, batch, halves)?,
        rows: rows as u64,
        from: group.iter().filter_map(|segment| segment.from).min(),
        to: group.iter().filter_map(|segment| segment.to).max(),
        raw_bytes: group.iter().map(|segment| segment.raw_bytes).sum(),
        values,
        keys: Vec::new(),
        waiting: Vec::new(),
    })
}

/// Rows by time, those without one first, equal ones as they came.
fn order(times: &[Option<i64>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..times.len()).collect();
    if !times.is_sorted() {
        order.sort_by_key(|&row| times[row]);
    }
    order
}

fn range(times: &[Option<i64>]) -> (Option<i64>, Option<i64>) {
    let known = || times.iter().copied().flatten();
    (known().min(), known().max())
}

fn times(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

fn texts<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    let mut column = StringBuilder::new();
    values.for_each(|value| column.append_option(value));
    Arc::new(column.finish())
}

/// What is not UTF-8 is shown as U+FFFD; its row keeps the whole line.
fn lossy(order: &[usize], values: &Texts) -> ArrayRef {
    let mut column = StringBuilder::new();
    if values.is_all_missing() {
        column.append_nulls(order.len());
        return Arc::new(column.finish());
    }
    for &row in order {
        match values.get(row) {
            b"" => column.append_null(),
            text => column.append_value(String::from_utf8_lossy(text)),
        }
    }
    Arc::new(column.finish())
}

fn id_columns(order: &[usize], lines: &Lines, columns: &mut Vec<ArrayRef>) -> Halves {
    columns.push(texts(order.iter().map(|&row| Some(form_word(lines.ids[row])))));
    columns.push(lossy(order, &lines.id_text));
    let number = |row: usize| match lines.ids[row] {
        StoredId::Number(_, number) => Some(number),
        _ => None,
    };
    let high = |row| number(row).map(|number| (number >> 64) as i64);
    let low = |row| number(row).map(|number| number as i64);
    columns.push(Arc::new(Int64Array::from_iter(order.iter().map(|&row| high(row)))));
    columns.push(Arc::new(Int64Array::from_iter(order.iter().map(|&row| low(row)))));
    Halves {
        high: Spread::of(order.iter().filter_map(|&row| high(row))),
        low: Spread::of(order.iter().filter_map(|&row| low(row))),
    }
}

fn loose_marks(lines: &Lines) -> Vec<LooseMark> {
    (0..lines.len())
        .filter(|&row| lines.facts[row].state == MarkState::Waiting)
        .map(|row| LooseMark {
            id: lines.id(row),
            time: lines.time[row],
            source: lines.sources[usize::from(lines.facts[row].source)].clone(),
            service: lines.facts[row].service,
            operation: lines.facts[row].operation,
        })
        .collect()
}

/// Numbers beyond 2⁶³ are shown as 2⁶³ − 1; no log holds one.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) const fn joined_word(joined: Joined) -> &'static str {
    match joined {
        Joined::Joined => "joined",
        Joined::CallOnly => "call_only",
        Joined::NoId => "no_id",
    }
}

pub(crate) const fn role_word(role: Role) -> &'static str {
    match role {
        Role::Call => "call",
        Role::Hop => "hop",
    }
}

const fn form_word(id: StoredId) -> &'static str {
    match id {
        StoredId::NotLogged => "not_logged",
        StoredId::Missing => "missing",
        StoredId::Text => "text",
        StoredId::Number(IdForm::Hex, _) => "hex",
        StoredId::Number(IdForm::UpperHex, _) => "upper_hex",
        StoredId::Number(IdForm::Uuid, _) => "uuid",
    }
}

//! The columns of a block's rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{BinaryBuilder, Int64Builder, ListBuilder, StringBuilder};
use arrow_schema::{DataType, Field};
use dolmen_model::{Joined, NameId, Names, SetId, Table};

use super::Kind;
use super::coded::Coded;
use super::loose::Loose;
use super::numbers::{self, Gathered};
use super::pages::NONE;
use super::template::TextField;
use super::ticks::Tick;
use super::write::Column;
use crate::facts::Role;
use crate::ids::{IdForm, StoredForm};
use crate::rows::{Facts, Lines, UnreadLines};
use crate::sparse::Sparse;
use crate::texts::{Held, TextColumn, Texts};

/// All values of a column, where they are few: what a search can skip a segment by.
pub(super) type Values = BTreeMap<&'static str, Vec<Option<String>>>;

/// Past this many values of a column a list of them says little about a segment.
pub(super) const LISTED: usize = 256;

/// The columns of calls or marks, in the order of their kind's schema.
pub(super) struct Built {
    pub(super) columns: Vec<Column>,
    pub(super) values: Values,
    pub(super) tick: Tick,
}

/// Builds them; `order` says which row comes when.
pub(super) fn of_lines(kind: Kind, lines: &Lines, names: &Names, order: &[u32]) -> Built {
    let mut builder = Builder { lines, order, columns: Vec::new(), values: BTreeMap::new() };
    let tick = Tick::of(lines.time.iter());
    let times = Gathered::of(&lines.time, order, |micros| micros);
    builder.push(Column::Numbers(tick.numbers(times)));
    builder.sources();
    match kind {
        Kind::Calls => builder.facts_of_calls(names),
        Kind::Marks | Kind::Unread => {
            let mut service = Named::new(&names.services, order.len());
            builder.facts().for_each(|facts| service.push(facts.service));
            builder.names(service, Some("service"));
        }
    }
    for &field in kind.texts() {
        builder.push(texts(&lines.texts[field as usize], order));
        if field == TextField::Target {
            builder.push(texts(&lines.target_digits, order));
        }
    }
    builder.ids();
    builder.line();
    Built { columns: builder.columns, values: builder.values, tick }
}

/// The columns of lines that no format reads.
pub(super) fn of_unread(unread: &UnreadLines, tick: Tick, order: &[u32]) -> Vec<Column> {
    let each = || order.iter().map(|&row| row as usize);
    let mut line = BinaryBuilder::new();
    each().for_each(|row| line.append_value(unread.line.get(row)));
    let numbers = each().map(|row| Some(signed(unread.number[row])));
    let columns = each().map(|row| Some(i64::from(unread.column[row])));
    vec![
        Column::Numbers(tick.numbers(each().map(|row| Some(unread.seen[row])).collect())),
        texts(&unread.source, order),
        texts(&unread.file, order),
        numbers::judged(numbers.collect()),
        numbers::judged(columns.collect()),
        texts(&unread.expected, order),
        Column::Array(Arc::new(line.finish())),
    ]
}

/// Rows by time, those without one first, equal ones as they came.
pub(super) fn order(times: &Sparse, rows: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..rows as u32).collect();
    if !times.iter().is_sorted() {
        order.sort_by_key(|&row| times.get(row as usize));
    }
    order
}

struct Builder<'l> {
    lines: &'l Lines,
    order: &'l [u32],
    columns: Vec<Column>,
    values: Values,
}

impl<'l> Builder<'l> {
    fn push(&mut self, column: Column) {
        self.columns.push(column);
    }

    fn each<T, F: Fn(usize) -> T>(&self, of: F) -> impl Iterator<Item = T> + use<'l, T, F> {
        self.order.iter().map(move |&row| of(row as usize))
    }

    fn facts(&self) -> impl Iterator<Item = &'l Facts> + use<'l> {
        let lines = self.lines;
        self.order.iter().map(move |&row| &lines.facts[row as usize])
    }

    fn sources(&mut self) {
        let sources = &self.lines.sources;
        let rows = match sources.len() {
            1 => return self.push(Column::Coded(Coded::same(Some(sources[0].as_bytes())))),
            _ => self.facts().map(|facts| u32::from(facts.source)).collect(),
        };
        let names = sources.iter().map(|name| name.as_bytes());
        self.push(Column::Coded(Coded::texts(names, rows)));
    }

    /// A column of names, and the list of its values.
    fn names(&mut self, named: Named<'_>, listed: Option<&'static str>) {
        let Named { spelled, rows, .. } = named;
        let column = Coded::texts(spelled.entries.iter().map(|name| name.as_bytes()), rows);
        self.push(Column::Coded(column));
        if let Some(name) = listed {
            self.list(name, spelled);
        }
    }

    fn list(&mut self, name: &'static str, spelled: Spelled<'_>) {
        if spelled.entries.len() + usize::from(spelled.has_missing) > LISTED {
            return;
        }
        let missing = spelled.has_missing.then_some(None);
        let mut values: Vec<_> = spelled.entries.into_iter().map(Some).chain(missing).collect();
        values.sort_unstable();
        self.values.insert(name, values);
    }

    /// What attribution and the join said of calls, and what their lines say in numbers. The facts of
    /// all rows are more than a near cache holds: all columns are made of them in one go.
    fn facts_of_calls(&mut self, names: &Names) {
        let (lines, rows) = (self.lines, self.order.len());
        let named = |table| Named::new(table, rows);
        let (mut service, mut own) = (named(&names.services), named(&names.services));
        let (mut actor, mut endpoint) = (named(&names.actors), named(&names.endpoints));
        let (mut claimed, mut operations) = (named(&names.operations), Sets::new(names, rows));
        let room = || Vec::with_capacity(rows);
        let (mut joined, mut role, mut marks) = (room(), room(), room());
        let flags = || Vec::with_capacity(rows);
        let (mut bypassed, mut repeated) = (flags(), flags());
        for facts in self.facts() {
            let settled = &facts.settled;
            service.push(settled.service);
            own.push(facts.service);
            actor.push(facts.actor);
            endpoint.push(facts.endpoint);
            claimed.push(facts.operation);
            operations.push(settled.operations);
            joined.push(settled.joined as u32);
            role.push(settled.role as u32);
            marks.push(settled.marks.min(i32::MAX as u32));
            bypassed.push(settled.bypassed);
            repeated.push(settled.repeated);
        }
        self.names(service, Some("service"));
        self.names(own, None);
        self.names(actor, Some("actor"));
        self.names(endpoint, Some("endpoint"));
        self.names(claimed, None);
        self.operations(operations);
        let words = [Joined::Joined, Joined::CallOnly, Joined::NoId];
        let words = words.iter().map(|&joined| joined_word(joined).as_bytes());
        self.push(Column::Coded(Coded::texts(words, joined)));
        let words = Role::ALL.map(|role| role.word().as_bytes());
        self.push(Column::Coded(Coded::texts(words.into_iter(), role)));
        self.push(Column::Coded(Coded::numbers(marks.into_iter().map(Some))));
        self.push(Column::Flags(bypassed));
        self.push(Column::Flags(repeated));
        self.push(texts(&lines.forwarded, self.order));
        let status = self.each(|row| lines.status[row].map(u32::from));
        self.push(Column::Coded(Coded::numbers(status)));
        for column in [&lines.bytes, &lines.duration] {
            let shown = |number: i64| signed(number.cast_unsigned());
            self.push(numbers::judged(Gathered::of(column, self.order, shown)));
        }
    }

    fn operations(&mut self, sets: Sets<'_>) {
        let Sets { mut spelled, mut lists, rows, .. } = sets;
        spelled.has_missing |= lists.iter().any(Vec::is_empty);
        // An operation without a name is in no set.
        lists.iter_mut().for_each(|list| list.retain(|&code| code != NONE));
        let entries = spelled.entries.iter().map(|name| name.as_bytes().into()).collect();
        self.push(Column::Coded(Coded::lists(entries, lists, rows)));
        self.list("operation", spelled);
    }

    fn ids(&mut self) {
        let lines = self.lines;
        let forms = self.each(|row| form_code(lines.ids.forms[row])).collect();
        self.push(Column::Coded(Coded::texts(FORMS.iter().map(|form| form.as_bytes()), forms)));
        match lines.ids.text.is_all_missing() {
            true => self.push(Column::Coded(Coded::same(None))),
            false => self.push(Column::Array(as_they_come(&lines.ids.text, self.order))),
        }
        for half in [&lines.ids.high, &lines.ids.low] {
            self.push(numbers::half(Gathered::of(half, self.order, |number| number)));
        }
    }

    /// What gives the lines back.
    fn line(&mut self) {
        let lines = self.lines;
        let templates = lines.templates.texts();
        let rows = self.each(|row| lines.template[row]).collect();
        let spelled = templates.iter().map(|template| template.as_bytes());
        self.push(Column::Coded(Coded::texts(spelled, rows)));
        if lines.numbers.is_empty() {
            self.push(Column::Coded(Coded::no_number()));
        } else {
            let element = Field::new("element", DataType::Int64, false);
            let mut column = ListBuilder::new(Int64Builder::new()).with_field(element);
            for &row in self.order {
                column.values().append_slice(lines.numbers(row as usize));
                column.append(true);
            }
            self.push(Column::Array(Arc::new(column.finish())));
        }
        if !lines.template.contains(&NONE) {
            return self.push(Column::Coded(Coded::same(None)));
        }
        let mut column = BinaryBuilder::new();
        for row in self.each(|row| row) {
            let is_whole = lines.template[row] == NONE;
            column.append_option(is_whole.then(|| lines.line.get(row)));
        }
        self.push(Column::Array(Arc::new(column.finish())));
    }
}

/// The texts of names, looked up once a block.
struct Spelled<'n> {
    table: &'n Table,
    /// By name: its entry, [`NONE`] when it has no text; `None` before it is looked up.
    codes: Vec<Option<u32>>,
    entries: Vec<String>,
    has_missing: bool,
}

impl<'n> Spelled<'n> {
    fn new(table: &'n Table) -> Self {
        Self { table, codes: Vec::new(), entries: Vec::new(), has_missing: false }
    }

    fn code(&mut self, id: NameId) -> u32 {
        let at = id.0 as usize;
        if let Some(Some(code)) = self.codes.get(at) {
            return *code;
        }
        let code = match self.table.name(id) {
            Some(name) => {
                self.entries.push(name);
                self.entries.len() as u32 - 1
            }
            None => {
                self.has_missing = true;
                NONE
            }
        };
        if at >= self.codes.len() {
            self.codes.resize(at + 1, None);
        }
        self.codes[at] = Some(code);
        code
    }
}

/// A column of names, as it grows.
struct Named<'n> {
    spelled: Spelled<'n>,
    rows: Vec<u32>,
    /// The last name, and its code: many rows say the same.
    last: Option<(NameId, u32)>,
}

impl<'n> Named<'n> {
    fn new(table: &'n Table, rows: usize) -> Self {
        Self { spelled: Spelled::new(table), rows: Vec::with_capacity(rows), last: None }
    }

    #[inline]
    fn push(&mut self, id: NameId) {
        let code = match self.last {
            Some((last, code)) if last == id => code,
            _ => self.spelled.code(id),
        };
        self.last = Some((id, code));
        self.rows.push(code);
    }
}

/// A column of sets of operations, as it grows.
struct Sets<'n> {
    names: &'n Names,
    spelled: Spelled<'n>,
    lists: Vec<Vec<u32>>,
    /// By set: its list; [`NONE`] before it is met.
    numbers: Vec<u32>,
    rows: Vec<u32>,
}

impl<'n> Sets<'n> {
    fn new(names: &'n Names, rows: usize) -> Self {
        let spelled = Spelled::new(&names.operations);
        Self {
            names,
            spelled,
            lists: Vec::new(),
            numbers: Vec::new(),
            rows: Vec::with_capacity(rows),
        }
    }

    #[inline]
    fn push(&mut self, set: SetId) {
        let number = match self.numbers.get(set.0 as usize) {
            Some(&number) if number != NONE => number,
            _ => self.add(set),
        };
        self.rows.push(number);
    }

    fn add(&mut self, set: SetId) -> u32 {
        let number = self.lists.len() as u32;
        let members = self.names.sets.operations(set);
        let spelled = &mut self.spelled;
        self.lists.push(members.iter().map(|&id| spelled.code(id)).collect());
        let at = set.0 as usize;
        if at >= self.numbers.len() {
            self.numbers.resize(at + 1, NONE);
        }
        self.numbers[at] = number;
        number
    }
}

/// What is not UTF-8 is shown as U+FFFD; its row keeps the whole line.
fn texts(column: &TextColumn, order: &[u32]) -> Column {
    match column.held() {
        Held::Once(texts, _) if texts.is_all_missing() => Column::Coded(Coded::same(None)),
        Held::Once(texts, rows) => {
            let rows = order.iter().map(|&row| rows[row as usize]).collect();
            let shown: Vec<_> =
                (0..texts.len()).map(|at| String::from_utf8_lossy(texts.get(at))).collect();
            Column::Coded(Coded::texts(shown.iter().map(|text| text.as_bytes()), rows))
        }
        Held::AsTheyCome(texts) => Column::Loose(Loose::new(texts, order)),
    }
}

fn as_they_come(texts: &Texts, order: &[u32]) -> ArrayRef {
    let mut column = StringBuilder::new();
    for &row in order {
        match texts.get(row as usize) {
            b"" => column.append_null(),
            text => match std::str::from_utf8(text) {
                Ok(text) => column.append_value(text),
                Err(_) => column.append_value(String::from_utf8_lossy(text)),
            },
        }
    }
    Arc::new(column.finish())
}

/// Numbers beyond 2⁶³ are shown as 2⁶³ − 1; no log holds one.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) const fn joined_word(joined: Joined) -> &'static str {
    match joined {
        Joined::Joined => "joined",
        Joined::CallOnly => "call_only",
        Joined::NoId => "no_id",
    }
}

/// The words for how an id is kept, by [`form_code`].
const FORMS: [&str; 6] = ["not_logged", "missing", "text", "hex", "upper_hex", "uuid"];

const fn form_code(form: StoredForm) -> u32 {
    match form {
        StoredForm::NotLogged => 0,
        StoredForm::Missing => 1,
        StoredForm::Text => 2,
        StoredForm::Number(IdForm::Hex) => 3,
        StoredForm::Number(IdForm::UpperHex) => 4,
        StoredForm::Number(IdForm::Uuid) => 5,
    }
}

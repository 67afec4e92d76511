//! The columns of a block's rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{BinaryBuilder, Int64Builder, ListBuilder, StringBuilder};
use arrow_schema::{DataType, Field};
use dolmen_model::{Joined, NameId, Names, SetId, Table};
use rustc_hash::FxHashMap;

use super::Kind;
use super::coded::Coded;
use super::loose::Loose;
use super::numbers;
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
    builder.push(Column::Numbers(tick.numbers(builder.each(|row| lines.time.get(row)))));
    builder.sources();
    let listed = Some("service");
    match kind {
        Kind::Calls => builder.names(listed, &names.services, |facts| facts.settled.service),
        Kind::Marks | Kind::Unread => builder.names(listed, &names.services, |facts| facts.service),
    }
    if kind == Kind::Calls {
        builder.names(None, &names.services, |facts| facts.service);
        builder.names(Some("actor"), &names.actors, |facts| facts.actor);
        builder.names(Some("endpoint"), &names.endpoints, |facts| facts.endpoint);
        builder.names(None, &names.operations, |facts| facts.operation);
        builder.operations(names);
        builder.settled();
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
        Column::Numbers(tick.numbers(each().map(|row| Some(unread.seen[row])))),
        texts(&unread.source, order),
        texts(&unread.file, order),
        numbers::judged(numbers),
        numbers::judged(columns),
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
    fn names(
        &mut self,
        listed: Option<&'static str>,
        table: &Table,
        of: impl Fn(&Facts) -> NameId,
    ) {
        let mut spelled = Spelled::new(table);
        let rows = self.facts().map(|facts| spelled.code(of(facts))).collect();
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

    fn operations(&mut self, names: &Names) {
        let mut spelled = Spelled::new(&names.operations);
        let mut lists: Vec<Vec<u32>> = Vec::new();
        let mut numbers: FxHashMap<SetId, u32> = FxHashMap::default();
        let rows = self
            .facts()
            .map(|facts| {
                let set = facts.settled.operations;
                *numbers.entry(set).or_insert_with(|| {
                    let members = names.sets.operations(set);
                    spelled.has_missing |= members.is_empty();
                    lists.push(members.iter().map(|&id| spelled.code(id)).collect());
                    lists.len() as u32 - 1
                })
            })
            .collect();
        // An operation without a name is in no set.
        lists.iter_mut().for_each(|list| list.retain(|&code| code != NONE));
        let entries = spelled.entries.iter().map(|name| name.as_bytes().into()).collect();
        self.push(Column::Coded(Coded::lists(entries, lists, rows)));
        self.list("operation", spelled);
    }

    /// What the join said, and what the line says in numbers.
    fn settled(&mut self) {
        let lines = self.lines;
        let joined = [Joined::Joined, Joined::CallOnly, Joined::NoId];
        let rows = self.facts().map(|facts| facts.settled.joined as u32).collect();
        let words = joined.iter().map(|&joined| joined_word(joined).as_bytes());
        self.push(Column::Coded(Coded::texts(words, rows)));
        let rows = self.facts().map(|facts| facts.settled.role as u32).collect();
        let words = Role::ALL.map(|role| role.word().as_bytes());
        self.push(Column::Coded(Coded::texts(words.into_iter(), rows)));
        let marks = self.facts().map(|facts| Some(facts.settled.marks.min(i32::MAX as u32)));
        self.push(Column::Coded(Coded::numbers(marks)));
        let bypassed = self.facts().map(|facts| facts.settled.bypassed).collect();
        self.push(Column::Flags(bypassed));
        let repeated = self.facts().map(|facts| facts.settled.repeated).collect();
        self.push(Column::Flags(repeated));
        self.push(texts(&lines.forwarded, self.order));
        let status = self.each(|row| lines.status[row].map(u32::from));
        self.push(Column::Coded(Coded::numbers(status)));
        for column in [&lines.bytes, &lines.duration] {
            let numbers =
                self.each(|row| column.get(row).map(|number| signed(number.cast_unsigned())));
            self.push(numbers::judged(numbers));
        }
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
            self.push(numbers::half(self.each(|row| half.get(row))));
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

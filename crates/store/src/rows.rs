//! What a worker gathers of its block before it is encoded.

use dolmen_join::JoinKey;
use dolmen_model::{Call, Joined, Mark, NameId, RequestId, SetId, Time};
use xxhash_rust::xxh3::xxh3_128;

use crate::called::CallerCode;
use crate::catalog::waiting::short;
use crate::facts::{CallFacts, MarkFacts, MarkState, Role, Settled, UnreadLine};
use crate::ids::{Ids, StoredForm};
use crate::segment::template::{Learned, TextField, Values};
use crate::segment::{Cut, Kind, NONE};
use crate::sparse::Sparse;
use crate::texts::{TextColumn, Texts, same};

/// The rows of one block, of all three kinds. Filled by one worker, encoded by
/// [`Store::encode`](crate::Store::encode) on the same thread, committed by whoever holds the
/// store.
#[derive(Debug, Default)]
pub struct Rows {
    pub(crate) calls: Lines,
    pub(crate) marks: Lines,
    pub(crate) unread: UnreadLines,
}

/// A row's number in its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row(pub(crate) u32);

/// What became of a line that was taken in.
#[derive(Clone, Copy, Debug)]
pub struct Pushed {
    /// Its row.
    pub row: Row,
    /// What it is joined by; `None` where it has no id, or takes no part in the join.
    pub key: Option<JoinKey>,
}

/// What is counted of a call.
#[derive(Clone, Copy, Debug)]
pub struct Countable<'r> {
    /// When; `None` where the log does not say.
    pub time: Option<Time>,
    /// The source, by name.
    pub source: &'r str,
    /// Who called.
    pub actor: NameId,
    /// Method and path template.
    pub endpoint: NameId,
    /// The status; 0 where the log has none.
    pub status: u16,
    /// Bytes of the response, where the log has them.
    pub bytes: Option<u64>,
    /// Microseconds, where the log has them.
    pub duration: Option<u64>,
    /// What the join found out about it.
    pub settled: Settled,
}

/// The hash by which calls and marks are joined: 128-bit XXH3 of the request id's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct IdKey(pub(crate) u128);

impl IdKey {
    pub(crate) fn of(id: &[u8]) -> Self {
        Self(xxh3_128(id))
    }
}

/// Rows of calls or of marks: columns, in the order they were pushed.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    pub(crate) time: Sparse,
    /// Those of its kind; the others are empty.
    pub(crate) texts: [TextColumn; TextField::COUNT],
    /// What was cut out of targets, whose text is what is left.
    pub(crate) target_digits: TextColumn,
    pub(crate) forwarded: TextColumn,
    pub(crate) ids: Ids,
    /// Of calls, what they are joined by, shortened; 0 without an id.
    pub(crate) keys: Vec<u64>,
    /// Of calls, as the next two.
    pub(crate) status: Vec<Option<u16>>,
    /// The bits of numbers without a sign.
    pub(crate) bytes: Sparse,
    pub(crate) duration: Sparse,
    pub(crate) facts: Vec<Facts>,
    pub(crate) sources: Vec<Box<str>>,
    pub(crate) templates: Learned,
    /// [`NONE`]: the whole line is kept.
    pub(crate) template: Vec<u32>,
    pub(crate) numbers: Vec<i64>,
    pub(crate) number_ends: Vec<u32>,
    /// Those that are kept whole.
    pub(crate) line: Texts,
    pub(crate) raw_bytes: u64,
    cut: Cut,
}

/// The small facts of a row. For marks `operation` is the operation; `endpoint`, `actor` and
/// `settled` are unused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub(crate) source: u16,
    /// Of a call, what its own line says.
    pub(crate) service: NameId,
    pub(crate) actor: NameId,
    pub(crate) endpoint: NameId,
    /// Of a call, the one that rules claim.
    pub(crate) operation: NameId,
    pub(crate) settled: Settled,
    pub(crate) state: MarkState,
}

/// Marks have no use for it.
const OF_A_MARK: Settled = Settled {
    role: Role::Call,
    service: NameId::UNKNOWN,
    operations: SetId::EMPTY,
    joined: Joined::Joined,
    marks: 0,
    bypassed: false,
    repeated: false,
};

#[derive(Debug, Default)]
pub(crate) struct UnreadLines {
    pub(crate) source: TextColumn,
    pub(crate) file: TextColumn,
    pub(crate) number: Vec<u64>,
    pub(crate) column: Vec<u32>,
    pub(crate) expected: TextColumn,
    pub(crate) seen: Vec<i64>,
    pub(crate) line: Texts,
}

/// Past this many bytes a block should be encoded, however few its rows: offsets are 32 bits wide.
const FULL_BYTES: u64 = 256 << 20;

impl Rows {
    /// Rows a segment holds at first: enough to compress well, few enough to stay in the cache.
    pub const SEGMENT: usize = 60_000;

    /// No rows.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in one access log line, without its line end. `call` is what was read from `line`;
    /// its fields should borrow from it, so that they are not kept twice.
    pub fn push_call(
        &mut self,
        line: &[u8],
        call: &Call<'_>,
        facts: &CallFacts<'_>,
        settled: Settled,
    ) -> Pushed {
        let mut values = Values {
            time: call.time.map(Time::micros),
            status: call.status,
            bytes: call.bytes,
            duration: call.duration,
            ..Values::default()
        };
        values.set(TextField::Address, call.address);
        values.set(TextField::ForwardedFor, call.forwarded_for);
        values.set(TextField::User, call.user);
        values.set(TextField::Method, call.method);
        values.set(TextField::Target, call.target);
        values.set(TextField::Protocol, call.protocol);
        values.set(TextField::Host, call.host);
        values.set(TextField::Referer, call.referer);
        values.set(TextField::UserAgent, call.user_agent);
        values.set(TextField::Upstream, call.upstream);
        let is_same = std::ptr::eq(facts.forwarded_address, call.address)
            || facts.forwarded_address == call.address;
        let forwarded: &[u8] = if is_same { b"" } else { facts.forwarded_address };
        self.calls.forwarded.push(forwarded);
        let source = self.calls.source(facts.source);
        let facts = Facts {
            source,
            service: facts.service,
            actor: facts.actor,
            endpoint: facts.endpoint,
            operation: facts.claimed,
            settled,
            state: MarkState::Joined,
        };
        self.calls.push(Kind::Calls, line, values, call.request_id, facts)
    }

    /// What calls of the same caller share, as long as these rows are not cleared; `None` where it
    /// would cost more than the texts.
    pub(crate) fn caller_code(&self, row: Row) -> Option<CallerCode> {
        let row = row.0 as usize;
        let number = |field: TextField| self.calls.texts[field as usize].number(row);
        let known = |number: u32| (number != NONE).then_some(number);
        let forwarded = known(self.calls.forwarded.number(row)?);
        let address = match forwarded {
            Some(_) => forwarded,
            None => known(number(TextField::Address)?),
        };
        let kind = [number(TextField::UserAgent)?, number(TextField::User)?];
        CallerCode::new(address, forwarded.is_some(), kind)
    }

    /// The address of the caller of a call that was pushed before, its user agent, its user.
    pub fn caller_texts(&self, row: Row) -> [&[u8]; 3] {
        let row = row.0 as usize;
        let text = |field: TextField| self.calls.texts[field as usize].get(row);
        let address = match self.calls.forwarded.get(row) {
            b"" => text(TextField::Address),
            forwarded => forwarded,
        };
        [address, text(TextField::UserAgent), text(TextField::User)]
    }

    /// What is counted of a call that was pushed before.
    pub fn countable(&self, row: Row) -> Countable<'_> {
        let at = row.0 as usize;
        let number = |column: &Sparse| column.get(at).map(i64::cast_unsigned);
        let Facts { source, actor, endpoint, settled, .. } = self.calls.facts[at];
        Countable {
            time: self.calls.time.get(at).map(Time::from_micros),
            source: &self.calls.sources[usize::from(source)],
            actor,
            endpoint,
            status: self.calls.status[at].unwrap_or(0),
            bytes: number(&self.calls.bytes),
            duration: number(&self.calls.duration),
            settled,
        }
    }

    /// Says what the join found out about a call that was pushed before.
    pub fn settle(&mut self, row: Row, settled: Settled) {
        if let Some(facts) = self.calls.facts.get_mut(row.0 as usize) {
            facts.settled = settled;
        }
    }

    /// Takes in one application log line, without its line end.
    pub fn push_mark(&mut self, line: &[u8], mark: &Mark<'_>, facts: MarkFacts<'_>) -> Pushed {
        let mut values = Values { time: mark.time.map(Time::micros), ..Values::default() };
        values.set(TextField::Operation, mark.operation);
        values.set(TextField::ServiceWord, mark.service);
        let source = self.marks.source(facts.source);
        let facts = Facts {
            source,
            service: facts.service,
            actor: NameId::UNKNOWN,
            endpoint: NameId::UNKNOWN,
            operation: facts.operation,
            settled: OF_A_MARK,
            state: facts.state,
        };
        self.marks.push(Kind::Marks, line, values, mark.request_id, facts)
    }

    /// Says that the call of a mark that was pushed as waiting has come.
    pub fn joined(&mut self, mark: Row) {
        if let Some(facts) = self.marks.facts.get_mut(mark.0 as usize) {
            facts.state = MarkState::Joined;
        }
    }

    /// Takes in a line that no format reads.
    pub fn push_unread(&mut self, unread: UnreadLine<'_>) {
        let table = &mut self.unread;
        table.source.push(unread.source.as_bytes());
        table.file.push(unread.file.as_bytes());
        table.number.push(unread.number);
        table.column.push(unread.column);
        table.expected.push(unread.expected.as_bytes());
        table.seen.push(unread.seen.micros());
        table.line.push(unread.line);
    }

    /// Forgets all rows and keeps the room: a worker goes from block to block.
    pub fn clear(&mut self) {
        self.calls.clear();
        self.marks.clear();
        self.unread = UnreadLines::default();
    }

    /// Whether it is time to encode: about [`Rows::SEGMENT`] rows of one kind, or very long lines.
    pub fn is_full(&self) -> bool {
        let rows = self.calls.len().max(self.marks.len()).max(self.unread.len());
        rows >= Self::SEGMENT || self.calls.raw_bytes.max(self.marks.raw_bytes) >= FULL_BYTES
    }

    /// Calls taken in, hops included.
    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    /// Marks taken in.
    pub fn marks(&self) -> usize {
        self.marks.len()
    }

    /// Lines that no format reads.
    pub fn unread(&self) -> usize {
        self.unread.len()
    }
}

impl UnreadLines {
    pub(crate) fn len(&self) -> usize {
        self.number.len()
    }
}

impl Lines {
    fn clear(&mut self) {
        self.time.clear();
        self.texts.iter_mut().for_each(TextColumn::clear);
        self.target_digits.clear();
        self.forwarded.clear();
        self.ids.clear();
        self.keys.clear();
        self.status.clear();
        self.bytes.clear();
        self.duration.clear();
        self.facts.clear();
        self.sources.clear();
        // The same lines make the same segment, whatever came before them.
        self.templates = Learned::default();
        self.template.clear();
        self.numbers.clear();
        self.number_ends.clear();
        self.line.clear();
        self.raw_bytes = 0;
    }

    pub(crate) fn len(&self) -> usize {
        self.facts.len()
    }

    fn push<'a>(
        &mut self,
        kind: Kind,
        line: &[u8],
        mut values: Values<'a>,
        id: RequestId<'a>,
        facts: Facts,
    ) -> Pushed {
        let row = self.len();
        if let RequestId::Is(id) = id {
            values.id = id;
        }
        self.ids.push(row, id);
        let key = match id {
            RequestId::Is(id) if facts.settled.role != Role::Delivery => Some(IdKey::of(id)),
            RequestId::Is(_) | RequestId::NotLogged | RequestId::Missing => None,
        };
        // A template needs every value it names to come back as it was: not so for what is not
        // UTF-8, because the columns are text, and for what does not fit their numbers.
        let fits = |number: Option<u64>| number.is_none_or(|number| i64::try_from(number).is_ok());
        let is_text = is_ascii(line) || std::str::from_utf8(line).is_ok();
        let template = (is_text && fits(values.bytes) && fits(values.duration))
            .then(|| self.templates.fit(line, &values, &mut self.numbers))
            .flatten();
        if template.is_none() {
            self.line.push_at(row, line);
        }
        self.template.push(template.unwrap_or(NONE));
        if !self.numbers.is_empty() {
            let before = self.number_ends.last().copied().unwrap_or(0);
            self.number_ends.resize(row, before);
            self.number_ends.push(self.numbers.len() as u32);
        }
        for &field in kind.texts() {
            let at = field as usize;
            if field == TextField::Target {
                self.cut.cut(values.text(field));
                self.texts[at].push(self.cut.shape());
                self.target_digits.push(self.cut.digits());
            } else {
                self.texts[at].push(values.text(field));
            }
        }
        self.time.push(values.time);
        if kind == Kind::Calls {
            self.keys.push(key.map_or(0, short));
            self.status.push(values.status);
            self.bytes.push(values.bytes.map(u64::cast_signed));
            self.duration.push(values.duration.map(u64::cast_signed));
        }
        self.facts.push(facts);
        self.raw_bytes += line.len() as u64 + 1;
        Pushed { row: Row(row as u32), key: key.map(|key| JoinKey(key.0)) }
    }

    pub(crate) fn numbers(&self, row: usize) -> &[i64] {
        let end = |rows: usize| match rows.checked_sub(1) {
            // None since the last row that has some.
            Some(last) => {
                self.number_ends.get(last).map_or(self.numbers.len(), |end| *end as usize)
            }
            None => 0,
        };
        &self.numbers[end(row)..end(row + 1)]
    }

    /// Whether a call is joined by [`Lines::keys`].
    pub(crate) fn has_key(&self, row: usize) -> bool {
        let has_id = !matches!(self.ids.forms[row], StoredForm::NotLogged | StoredForm::Missing);
        has_id && self.facts[row].settled.role != Role::Delivery
    }

    /// The request id's text.
    pub(crate) fn id(&self, row: usize) -> Option<Vec<u8>> {
        match self.ids.forms[row] {
            StoredForm::NotLogged | StoredForm::Missing => None,
            StoredForm::Text => Some(self.ids.text.get(row).to_vec()),
            StoredForm::Number(form) => {
                let half = |half: &Sparse| half.get(row).unwrap_or(0).cast_unsigned();
                let (high, low) = (half(&self.ids.high), half(&self.ids.low));
                Some(form.write(u128::from(high) << 64 | u128::from(low)))
            }
        }
    }

    fn source(&mut self, name: &str) -> u16 {
        // A block holds lines of few sources, mostly of one.
        let at = self
            .sources
            .iter()
            .position(|known| same(known.as_bytes(), name.as_bytes()))
            .unwrap_or_else(|| {
                self.sources.push(name.into());
                self.sources.len() - 1
            });
        at as u16
    }
}

/// What the standard library says, which looks at the last bytes of a line one by one.
fn is_ascii(text: &[u8]) -> bool {
    let Some(last) = text.last_chunk::<8>() else { return text.is_ascii() };
    let words = text.as_chunks::<8>().0.iter().chain([last]);
    words.fold(0, |all, word| all | u64::from_le_bytes(*word)) & 0x8080_8080_8080_8080 == 0
}

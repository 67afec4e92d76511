//! What a worker gathers of its block before it is encoded.

use dolmen_join::JoinKey;
use dolmen_model::{Call, Joined, Mark, NameId, RequestId, SetId, Time};
use xxhash_rust::xxh3::xxh3_128;

use crate::facts::{CallFacts, MarkFacts, MarkState, Role, Settled, UnreadLine};
use crate::segment::template::{Learned, TextField, Values};
use crate::segment::{Kind, cut};
use crate::texts::{TextColumn, Texts};

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

/// The caller of a call, in the numbers of its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallerCode([u32; 4]);

/// The hash by which calls and marks are joined: 128-bit XXH3 of the request id's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct IdKey(pub(crate) u128);

impl IdKey {
    pub(crate) fn of(id: &[u8]) -> Self {
        Self(xxh3_128(id))
    }
}

/// How a request id is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoredId {
    NotLogged,
    Missing,
    Text,
    Number(IdForm, u128),
}

/// The text that a 128-bit id was written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdForm {
    /// 32 lower-case hexadecimal digits: trace ids, nginx's `$request_id`.
    Hex,
    /// The same in upper case.
    UpperHex,
    /// RFC 9562, lower case: Envoy and Traefik.
    Uuid,
}

/// Rows of calls or of marks: columns, in the order they were pushed.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    pub(crate) time: Vec<Option<i64>>,
    /// Those of its kind; the others are empty.
    pub(crate) texts: [TextColumn; TextField::COUNT],
    /// What was cut out of targets, whose text is what is left.
    pub(crate) target_digits: TextColumn,
    pub(crate) forwarded: TextColumn,
    pub(crate) ids: Vec<StoredId>,
    pub(crate) id_text: Texts,
    /// What calls and marks are joined by; `None` without an id.
    pub(crate) keys: Vec<Option<IdKey>>,
    pub(crate) status: Vec<Option<u16>>,
    pub(crate) bytes: Vec<Option<u64>>,
    pub(crate) duration: Vec<Option<u64>>,
    pub(crate) facts: Vec<Facts>,
    pub(crate) sources: Vec<Box<str>>,
    pub(crate) templates: Learned,
    /// `None`: the whole line is kept.
    pub(crate) template: Vec<Option<u32>>,
    pub(crate) numbers: Vec<i64>,
    pub(crate) number_ends: Vec<u32>,
    pub(crate) line: Texts,
    pub(crate) raw_bytes: u64,
    /// A target cut: its shape, its digits.
    cut: (Vec<u8>, Vec<u8>),
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
    ) -> Row {
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
        let forwarded: &[u8] =
            if facts.forwarded_address == call.address { b"" } else { facts.forwarded_address };
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

    /// Numbers that calls of the same caller share, as long as these rows are not cleared; `None`
    /// where they would cost more than the texts.
    pub fn caller_of(&self, row: Row) -> Option<CallerCode> {
        let row = row.0 as usize;
        let number = |field: TextField| self.calls.texts[field as usize].number(row);
        Some(CallerCode([
            self.calls.forwarded.number(row)?,
            number(TextField::Address)?,
            number(TextField::UserAgent)?,
            number(TextField::User)?,
        ]))
    }

    /// What a call is joined by; `None` where it has no id, or takes no part in the join.
    pub fn key_of_call(&self, row: Row) -> Option<JoinKey> {
        self.calls.keys.get(row.0 as usize).copied().flatten().map(|key| JoinKey(key.0))
    }

    /// What a mark is joined by; `None` where it has no id.
    pub fn key_of_mark(&self, row: Row) -> Option<JoinKey> {
        self.marks.keys.get(row.0 as usize).copied().flatten().map(|key| JoinKey(key.0))
    }

    /// Says what the join found out about a call that was pushed before.
    pub fn settle(&mut self, row: Row, settled: Settled) {
        if let Some(facts) = self.calls.facts.get_mut(row.0 as usize) {
            facts.settled = settled;
        }
    }

    /// Takes in one application log line, without its line end.
    pub fn push_mark(&mut self, line: &[u8], mark: &Mark<'_>, facts: MarkFacts<'_>) -> Row {
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
        self.id_text.clear();
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
    ) -> Row {
        let row = Row(self.len() as u32);
        let (stored, text) = match id {
            RequestId::NotLogged => (StoredId::NotLogged, &b""[..]),
            RequestId::Missing => (StoredId::Missing, &b""[..]),
            RequestId::Is(id) => match IdForm::read(id) {
                Some((form, number)) => (StoredId::Number(form, number), &b""[..]),
                None => (StoredId::Text, id),
            },
        };
        if let RequestId::Is(id) = id {
            values.id = id;
        }
        self.keys.push(match id {
            RequestId::Is(id) if facts.settled.role != Role::Delivery => Some(IdKey::of(id)),
            RequestId::Is(_) | RequestId::NotLogged | RequestId::Missing => None,
        });
        self.ids.push(stored);
        self.id_text.push(text);
        // A template needs every value it names to come back as it was: not so for what is not
        // UTF-8, because the columns are text, and for what does not fit their numbers.
        let fits = |number: Option<u64>| number.is_none_or(|number| i64::try_from(number).is_ok());
        let template = std::str::from_utf8(line)
            .ok()
            .filter(|_| fits(values.bytes) && fits(values.duration))
            .and_then(|_| self.templates.fit(line, &values, &mut self.numbers));
        self.line.push(if template.is_some() { b"" } else { line });
        self.template.push(template);
        self.number_ends.push(self.numbers.len() as u32);
        for &field in kind.texts() {
            let text = values.text(field);
            if field == TextField::Target {
                let (shape, digits) = &mut self.cut;
                cut(text, shape, digits);
                self.texts[field as usize].push(shape);
                self.target_digits.push(digits);
            } else {
                self.texts[field as usize].push(text);
            }
        }
        self.time.push(values.time);
        self.status.push(values.status);
        self.bytes.push(values.bytes);
        self.duration.push(values.duration);
        self.facts.push(facts);
        self.raw_bytes += line.len() as u64 + 1;
        row
    }

    pub(crate) fn numbers(&self, row: usize) -> &[i64] {
        let from = if row == 0 { 0 } else { self.number_ends[row - 1] as usize };
        &self.numbers[from..self.number_ends[row] as usize]
    }

    /// The request id's text.
    pub(crate) fn id(&self, row: usize) -> Option<Vec<u8>> {
        match self.ids[row] {
            StoredId::NotLogged | StoredId::Missing => None,
            StoredId::Text => Some(self.id_text.get(row).to_vec()),
            StoredId::Number(form, number) => Some(form.write(number)),
        }
    }

    fn source(&mut self, name: &str) -> u16 {
        // A block holds lines of few sources, mostly of one.
        let at = self.sources.iter().position(|known| &**known == name).unwrap_or_else(|| {
            self.sources.push(name.into());
            self.sources.len() - 1
        });
        at as u16
    }
}

impl IdForm {
    /// The number behind an id, where its text follows from it.
    pub(crate) fn read(id: &[u8]) -> Option<(Self, u128)> {
        match id.len() {
            32 => {
                if let Some(number) = digits(id, &LOWER) {
                    return Some((Self::Hex, number));
                }
                digits(id, &UPPER).map(|number| (Self::UpperHex, number))
            }
            36 if [8, 13, 18, 23].iter().all(|&at| id[at] == b'-') => {
                let mut hex = [0; 32];
                let mut at = 0;
                for part in [&id[..8], &id[9..13], &id[14..18], &id[19..23], &id[24..]] {
                    hex[at..at + part.len()].copy_from_slice(part);
                    at += part.len();
                }
                digits(&hex, &LOWER).map(|number| (Self::Uuid, number))
            }
            _ => None,
        }
    }

    /// What [`IdForm::read`] read.
    pub(crate) fn write(self, number: u128) -> Vec<u8> {
        let mut text = Vec::with_capacity(36);
        let alphabet: &[u8; 16] =
            if self == Self::UpperHex { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
        for digit in 0..32_u32 {
            if self == Self::Uuid && matches!(digit, 8 | 12 | 16 | 20) {
                text.push(b'-');
            }
            text.push(alphabet[((number >> (124 - 4 * digit)) & 15) as usize]);
        }
        text
    }
}

/// What each byte is as a hexadecimal digit; 255: none.
const LOWER: [u8; 256] = digit_table(b'a');
const UPPER: [u8; 256] = digit_table(b'A');

const fn digit_table(ten: u8) -> [u8; 256] {
    let mut table = [u8::MAX; 256];
    let mut digit = 0;
    while digit < 16 {
        let byte = if digit < 10 { b'0' + digit } else { ten + digit - 10 };
        table[byte as usize] = digit;
        digit += 1;
    }
    table
}

fn digits(text: &[u8], table: &[u8; 256]) -> Option<u128> {
    let (high, low) = text.split_at_checked(16)?;
    let mut wrong = 0;
    let mut half = |text: &[u8]| {
        text.iter().fold(0_u64, |number, &byte| {
            let digit = table[usize::from(byte)];
            wrong |= digit;
            number << 4 | u64::from(digit & 15)
        })
    };
    let number = u128::from(half(high)) << 64 | u128::from(half(low));
    (wrong < 16).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_comes_back_as_it_was_written() {
        for id in [
            "0af7651916cd43dd8448eb211c80319c",
            "0AF7651916CD43DD8448EB211C80319C",
            "0af76519-16cd-43dd-8448-eb211c80319c",
            "00000000000000000000000000000000",
        ] {
            let (form, number) = IdForm::read(id.as_bytes()).unwrap();
            assert_eq!(String::from_utf8(form.write(number)).unwrap(), id);
        }
        for id in ["0aF7651916cd43dd8448eb211c80319c", "0af7651916cd43dd8448eb211c80319", "YWJj"] {
            assert!(IdForm::read(id.as_bytes()).is_none(), "{id}");
        }
    }
}

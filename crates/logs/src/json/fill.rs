//! From the noted values to a call or a mark.

use dolmen_model::{Call, Header, Mark, RequestId, Time};

use super::duration::duration;
use super::field::{Field, OF_A_CALL};
use super::scan::{Form, Pick};
use super::text::{Texts, join_attempt, join_query};
use super::{Json, Reads, Route, WithoutId};
use crate::program::{request_line, split_origin, status, without_port};
use crate::reader::Scratch;
use crate::request_id::RequestIdKind;
use crate::time::{Clock, Unit, micros};
use crate::{Line, Unread};

const TIME: usize = Field::Time as usize;
const REQUEST_ID: usize = Field::RequestId as usize;
const OPERATION: usize = Field::Operation as usize;
const TARGET: usize = Field::Target as usize;
const QUERY: usize = Field::Query as usize;
const NO_CALL: &str = "an access log line: no key of it is a method, a target or a status";

impl Json {
    /// Reads one line, into a place of the caller's.
    pub(crate) fn read_into<'a>(
        &'a self,
        line: &'a [u8],
        scratch: &'a mut Scratch,
        read: &mut Line<'a>,
    ) -> Result<(), Unread> {
        let Scratch { bytes, picks, route, clock, .. } = scratch;
        if self.reads == Reads::Marks
            && let Some(mark) = self.repeated_mark(line, route, clock)
        {
            *read = Line::Mark(mark);
            return Ok(());
        }
        if picks.len() != self.slots {
            picks.clear();
            picks.resize(self.slots, Pick::default());
        }
        let scanned = self.keys.scan(line, picks, route)?;
        // Each way writes its own: a mark is a quarter of what a line may be.
        match self.reads {
            Reads::Marks => match self.mark(&Texts::new(line, picks, bytes, scanned), clock)? {
                Some(mark) => *read = Line::Mark(mark),
                None => *read = Line::Nothing,
            },
            Reads::Deliveries => {
                join_attempt(line, picks, (TARGET, QUERY), bytes);
                *read = self.delivery(&Texts::new(line, picks, bytes, scanned), clock)?;
            }
            Reads::Calls | Reads::CallsAndMessages => {
                join_query(line, picks, (TARGET, QUERY), bytes);
                *read = self.call(&Texts::new(line, picks, bytes, scanned), clock)?;
            }
        }
        Ok(())
    }

    /// The mark of a line that goes on like the one before to its end, as nearly all do. `None` for
    /// the others, and for what has no operation or no good time.
    #[inline]
    fn repeated_mark<'a>(
        &'a self,
        line: &'a [u8],
        route: &Route,
        clock: &mut Clock,
    ) -> Option<Mark<'a>> {
        let (mut time, mut id) = (b"".as_slice(), None);
        let (mut operation, mut service) = (time, time);
        let is_same = route.walk(line, |leaf, _, text, _| {
            // As `-` and nothing are written, nothing is there.
            let text = if text == b"-" { b"" } else { text };
            match usize::from(leaf.slot) {
                TIME => time = text,
                REQUEST_ID => id = Some((text, usize::from(leaf.rank))),
                OPERATION => operation = text,
                _ => service = text,
            }
        });
        if !is_same || operation.is_empty() {
            return None;
        }
        let time = match time {
            b"" => None,
            text => Some(clock.any(text)?.time),
        };
        let request_id = match id {
            Some((text, rank)) => self.id_kind(rank).extract(text),
            None => self.without_request_id(),
        };
        Some(Mark { time, request_id, operation, service })
    }

    /// `None` for a line that entered no operation.
    fn mark<'a>(
        &'a self,
        texts: &Texts<'a>,
        clock: &mut Clock,
    ) -> Result<Option<Mark<'a>>, Unread> {
        let text = |field: Field| texts.get(field as usize);
        if text(Field::Operation).is_empty() {
            return Ok(None);
        }
        Ok(Some(Mark {
            time: time(texts, clock)?,
            request_id: self.request_id(texts),
            operation: text(Field::Operation),
            service: text(Field::Service),
        }))
    }

    fn call<'a>(&'a self, texts: &Texts<'a>, clock: &mut Clock) -> Result<Line<'a>, Unread> {
        let text = |field: Field| texts.get(field as usize);
        let mut call = Call {
            time: time(texts, clock)?,
            address: without_port(text(Field::Address)),
            forwarded_for: text(Field::ForwardedFor),
            user: text(Field::User),
            method: text(Field::Method),
            protocol: protocol(text(Field::Protocol)),
            host: text(Field::Host),
            status: status(text(Field::Status)),
            bytes: micros(text(Field::Bytes), Unit::Micros),
            duration: self.duration(texts),
            referer: text(Field::Referer),
            user_agent: text(Field::UserAgent),
            request_id: self.request_id(texts),
            upstream: text(Field::Upstream),
            headers: (OF_A_CALL..)
                .zip(&self.headers)
                .map(|(slot, name)| Header { name, value: texts.get(slot) })
                .collect(),
            ..Call::default()
        };
        match text(Field::Target) {
            b"" if call.method.is_empty() => request_line(text(Field::Request), &mut call),
            target => {
                let (host, target) = split_origin(target);
                call.target = target;
                if call.host.is_empty() {
                    call.host = host;
                }
            }
        }
        let is_request = !call.method.is_empty() || !call.target.is_empty();
        match self.reads {
            Reads::Calls if is_request || call.status.is_some() => Ok(Line::Call(call)),
            Reads::CallsAndMessages if is_request => Ok(Line::Call(call)),
            Reads::CallsAndMessages if texts.form(Field::Message as usize) != Form::Absent => {
                Ok(Line::Nothing)
            }
            _ => Err(Unread::new(0, NO_CALL)),
        }
    }

    pub(super) fn request_id<'a>(&self, texts: &Texts<'a>) -> RequestId<'a> {
        match texts.form(REQUEST_ID) {
            Form::Absent => self.without_request_id(),
            // A header that was sent twice names nothing.
            Form::Null | Form::Joined => RequestId::Missing,
            _ => self.id_kind(texts.spelling(REQUEST_ID)).extract(texts.get(REQUEST_ID)),
        }
    }

    /// How the request id is carried under its spelling of this rank.
    fn id_kind(&self, rank: usize) -> RequestIdKind {
        self.ids.get(rank).copied().unwrap_or_default()
    }

    fn without_request_id<'a>(&self) -> RequestId<'a> {
        match self.without_id {
            WithoutId::NotLogged => RequestId::NotLogged,
            WithoutId::Missing => RequestId::Missing,
        }
    }

    pub(super) fn duration(&self, texts: &Texts<'_>) -> Option<u64> {
        const SLOT: usize = Field::Duration as usize;
        duration(texts.get(SLOT), self.units.get(texts.spelling(SLOT)).copied().flatten())
    }
}

pub(super) fn time(texts: &Texts<'_>, clock: &mut Clock) -> Result<Option<Time>, Unread> {
    match texts.get(TIME) {
        b"" => Ok(None),
        text => match clock.any(text) {
            Some(moment) => Ok(Some(moment.time)),
            None => Err(Unread::new(texts.offset(TIME), "a time")),
        },
    }
}

/// `HTTP/1.1` where the log says `1.1`.
fn protocol(text: &[u8]) -> &[u8] {
    match text {
        b"1.0" => b"HTTP/1.0",
        b"1.1" => b"HTTP/1.1",
        b"2" | b"2.0" => b"HTTP/2.0",
        b"3" | b"3.0" => b"HTTP/3.0",
        text => text,
    }
}

//! From the noted values to a call or a mark.

use dolmen_model::{Call, Header, Mark, RequestId, Time};

use super::duration::duration;
use super::field::{Field, OF_A_CALL};
use super::scan::{Form, Pick};
use super::text::{Texts, join_query};
use super::{Json, Reads, WithoutId};
use crate::program::{request_line, split_origin, status, without_port};
use crate::reader::Scratch;
use crate::time::{Clock, Unit, micros};
use crate::{Line, Unread};

const TARGET: usize = Field::Target as usize;
const QUERY: usize = Field::Query as usize;
const NO_CALL: &str = "an access log line: no key of it is a method, a target or a status";

impl Json {
    /// Reads one line.
    pub(crate) fn read<'a>(
        &'a self,
        line: &'a [u8],
        scratch: &'a mut Scratch,
    ) -> Result<Line<'a>, Unread> {
        let Scratch { bytes, picks, route, clock, .. } = scratch;
        picks.clear();
        picks.resize(self.slots, Pick::default());
        self.keys.scan(line, picks, route)?;
        if self.reads == Reads::Marks {
            self.mark(&Texts::new(line, picks, bytes), clock)
        } else {
            join_query(line, picks, (TARGET, QUERY), bytes);
            self.call(&Texts::new(line, picks, bytes), clock)
        }
    }

    fn mark<'a>(&'a self, texts: &Texts<'a>, clock: &mut Clock) -> Result<Line<'a>, Unread> {
        let text = |field: Field| texts.get(field as usize);
        if text(Field::Operation).is_empty() {
            return Ok(Line::Nothing);
        }
        Ok(Line::Mark(Mark {
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

    fn request_id<'a>(&self, texts: &Texts<'a>) -> RequestId<'a> {
        const SLOT: usize = Field::RequestId as usize;
        match (texts.form(SLOT), self.without_id) {
            (Form::Absent, WithoutId::NotLogged) => RequestId::NotLogged,
            // A header that was sent twice names nothing.
            (Form::Absent | Form::Null | Form::Joined, _) => RequestId::Missing,
            _ => {
                let kind = self.ids.get(texts.spelling(SLOT)).copied().unwrap_or_default();
                kind.extract(texts.get(SLOT))
            }
        }
    }

    fn duration(&self, texts: &Texts<'_>) -> Option<u64> {
        const SLOT: usize = Field::Duration as usize;
        duration(texts.get(SLOT), self.units.get(texts.spelling(SLOT)).copied().flatten())
    }
}

fn time(texts: &Texts<'_>, clock: &mut Clock) -> Result<Option<Time>, Unread> {
    const SLOT: usize = Field::Time as usize;
    match texts.get(SLOT) {
        b"" => Ok(None),
        text => match clock.any(text) {
            Some(moment) => Ok(Some(moment.time)),
            None => Err(Unread::new(texts.offset(SLOT), "a time")),
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
